/* test-telling.c - people are told of an incident when it is on disk, and also when no disk is */
#include "table.h"

#include "../store/fault-vfs.h"

#include "http/server.h"

#include <sqlite3.h>
#include <string.h>

/* A receiver of webhooks that takes what it gets. */
typedef struct {
  UsHttpServer *server;
  guint n_taken, n_refused;
  gboolean is_refusing;
  char *last; /* the body of the one taken last */
} Receiver;

static void
on_message (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  Receiver *receiver = user_data;
  response->status = receiver->is_refusing ? 503 : 204;
  receiver->n_refused += receiver->is_refusing;
  receiver->n_taken += !receiver->is_refusing;
  if (receiver->is_refusing)
    return;
  g_free (receiver->last);
  receiver->last
      = g_strndup (g_bytes_get_data (request->body, NULL), g_bytes_get_size (request->body));
}

static void
receiver_init (Receiver *receiver) {
  g_autoptr (GError) error = NULL;
  UsHttpServerSettings settings;
  us_http_server_settings_default (&settings);
  settings.address = "127.0.0.1";
  settings.n_shards = 1;
  *receiver = (Receiver){ 0 };
  receiver->server = us_http_server_new (&settings, &error);
  g_assert_no_error (error);
  us_http_server_add_handler (receiver->server, "/hook", "POST", on_message, receiver);
  g_assert_true (us_http_server_start (receiver->server, &error));
}

static void
receiver_clear (Receiver *receiver) {
  us_http_server_stop (receiver->server, 0);
  us_http_server_free (receiver->server);
  g_free (receiver->last);
}

static void
reopen (Table *table, Receiver *receiver) {
  g_autofree char *hook
      = g_strdup_printf ("http://127.0.0.1:%u/hook", us_http_server_get_port (receiver->server));
  const char *const hooks[] = { hook, NULL };
  table->settings.notifier.webhooks = hooks;
  table->settings.notifier.allow_loopback = TRUE;
  table_open (table);
  table->settings.notifier.webhooks = NULL;
}

static void
open_with_webhook (Table *table, Receiver *receiver) {
  table_init (table);
  reopen (table, receiver);
}

static void
judge (Table *table, const char *stream, UsHealth health) {
  const UsIncidentInput input = { .stream = stream,
                                  .stream_name = stream,
                                  .health = health,
                                  .reasons = { "no playlist for 9.0 s" },
                                  .leading = US_CHECK_HTTP_5XX };
  us_incidents_judge (us_desk_get_incidents (table->desk), &input);
}

static guint64
count_told (Table *table) {
  UsNotifierStats stats;
  us_notifier_get_stats (us_desk_get_notifier (table->desk), &stats);
  return stats.n_pending + stats.n_delivered + stats.n_failed;
}

/* As another process sees it: only what is committed. */
static int
count_on_disk (Table *table) {
  g_autofree char *path = g_build_filename (table->folder, "desk.sqlite", NULL);
  sqlite3 *database = NULL;
  sqlite3_stmt *statement = NULL;
  g_assert_cmpint (sqlite3_open_v2 (path, &database, SQLITE_OPEN_READONLY, NULL), ==, SQLITE_OK);
  g_assert_cmpint (
      sqlite3_prepare_v2 (database, "SELECT count(*) FROM incidents", -1, &statement, NULL), ==,
      SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  int n = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (database);
  return n;
}

/* A kill at any moment must not leave people with an incident that nobody knows any more. */
static void
test_after_commit (void) {
  Receiver receiver;
  Table table;
  receiver_init (&receiver);
  open_with_webhook (&table, &receiver);
  judge (&table, "a", US_HEALTH_UNHEALTHY);
  g_assert_cmpuint (table.steps->len, ==, 1);
  while (count_told (&table) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (count_on_disk (&table), ==, 1);
  table_await (receiver.n_taken == 1);

  judge (&table, "a", US_HEALTH_HEALTHY); /* recovering: in order, each once */
  judge (&table, "b", US_HEALTH_UNHEALTHY);
  table_await (receiver.n_taken == 3);
  g_assert_cmpint (count_on_disk (&table), ==, 2);
  judge (&table, "c", US_HEALTH_UNHEALTHY);
  table_clear (&table); /* with one that is still to be told */
  receiver_clear (&receiver);
}

static void
test_without_disk (void) {
  Receiver receiver;
  const char *vfs = fault_vfs_register ();
  sqlite3_vfs *before = sqlite3_vfs_find (NULL);
  Table table;
  g_assert_cmpint (sqlite3_vfs_register (sqlite3_vfs_find (vfs), 1), ==, SQLITE_OK);
  receiver_init (&receiver);
  open_with_webhook (&table, &receiver);
  fault_vfs_set_full (TRUE);
  judge (&table, "a", US_HEALTH_UNHEALTHY);
  table_await (receiver.n_taken == 1);
  table_await (us_desk_get_store_problem (table.desk) != NULL);
  judge (&table, "b", US_HEALTH_UNHEALTHY); /* it is known to fail: at once */
  g_assert_cmpuint (count_told (&table), >=, 2);
  fault_vfs_set_full (FALSE);
  table_await (us_desk_get_store_problem (table.desk) == NULL);
  table_await (count_on_disk (&table) == 2);
  g_assert_cmpuint (receiver.n_taken, ==, 2); /* none is told twice */
  table_clear (&table);
  sqlite3_vfs_register (before, 1);
  receiver_clear (&receiver);
}

/* A receiver that is not there when an incident opens, and a desk that ends meanwhile: it is told
 * when both are back, once, and a fault that still stands is not told again. */
static void
test_restart (void) {
  Receiver receiver;
  Table table;
  receiver_init (&receiver);
  receiver.is_refusing = TRUE;
  open_with_webhook (&table, &receiver);
  g_autoptr (UsStreamConfig) config
      = us_stream_config_new ("new", "a", "http://127.0.0.1:1/a.m3u8");
  const char *pointer;
  config->is_paused = TRUE; /* it is judged by hand */
  g_assert_nonnull (us_desk_add_stream (table.desk, config, &pointer, NULL));
  judge (&table, "a", US_HEALTH_UNHEALTHY);
  table_await (receiver.n_refused > 0);
  table_close (&table);

  receiver.is_refusing = FALSE;
  reopen (&table, &receiver);
  table_await (receiver.n_taken == 1);
  g_assert_nonnull (strstr (receiver.last, "incident.opened"));
  table_close (&table);
  reopen (&table, &receiver);
  judge (&table, "b", US_HEALTH_UNHEALTHY); /* what comes next is all that comes */
  table_await (receiver.n_taken == 2);
  g_assert_nonnull (strstr (receiver.last, "\"stream\":\"b\""));
  table_clear (&table);
  receiver_clear (&receiver);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/telling/after-commit", test_after_commit);
  g_test_add_func ("/desk/telling/without-disk", test_without_disk);
  g_test_add_func ("/desk/telling/restart", test_restart);
  return g_test_run ();
}
