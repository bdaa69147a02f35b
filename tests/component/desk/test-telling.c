/* test-telling.c - people are told of an incident when it is on disk, and also when no disk is */
#include "table.h"

#include "../store/fault-vfs.h"

#include "http/server.h"

#include <sqlite3.h>

/* A receiver of webhooks that takes what it gets. */
typedef struct {
  UsHttpServer *server;
  guint n_taken;
} Receiver;

static void
on_message (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  ((Receiver *)user_data)->n_taken++;
  response->status = 204;
}

static void
receiver_init (Receiver *receiver) {
  g_autoptr (GError) error = NULL;
  UsHttpServerSettings settings;
  us_http_server_settings_default (&settings);
  settings.address = "127.0.0.1";
  settings.n_shards = 1;
  receiver->n_taken = 0;
  receiver->server = us_http_server_new (&settings, &error);
  g_assert_no_error (error);
  us_http_server_add_handler (receiver->server, "/hook", "POST", on_message, receiver);
  g_assert_true (us_http_server_start (receiver->server, &error));
}

static void
receiver_clear (Receiver *receiver) {
  us_http_server_stop (receiver->server, 0);
  us_http_server_free (receiver->server);
}

static void
open_with_webhook (Table *table, Receiver *receiver) {
  g_autofree char *hook
      = g_strdup_printf ("http://127.0.0.1:%u/hook", us_http_server_get_port (receiver->server));
  const char *const hooks[] = { hook, NULL };
  table_init (table);
  table->settings.notifier.webhooks = hooks;
  table->settings.notifier.allow_loopback = TRUE;
  table_open (table);
  table->settings.notifier.webhooks = NULL;
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

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/telling/after-commit", test_after_commit);
  g_test_add_func ("/desk/telling/without-disk", test_without_disk);
  return g_test_run ();
}
