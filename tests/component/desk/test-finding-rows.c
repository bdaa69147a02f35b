/* test-finding-rows.c - findings on disk: how often they were seen, over ends, and of what is gone
 */
#include "table.h"

#include "../monitor/puppet.h"

#include "desk/desk-private.h"

#include <string.h>

/* The desk's own clock: the system's, and what a test puts on top. The monitor has another one. */
typedef struct {
  UsClock clock;
  gint64 ahead_us;
} AheadClock;

static gint64
ahead_monotonic_us (const UsClock *clock) {
  return g_get_monotonic_time () + ((const AheadClock *)clock)->ahead_us;
}

static gint64
ahead_wall_us (const UsClock *clock) {
  return g_get_real_time () + ((const AheadClock *)clock)->ahead_us;
}

static AheadClock ahead = { { ahead_monotonic_us, ahead_wall_us }, 0 };

typedef struct {
  guint n, n_open, count;
  gint64 first_us, last_us;
} Rows;

/* Of one stream and check, as the file has them. */
static Rows
rows_of (Table *table, const char *stream, const char *check) {
  g_autoptr (GError) error = NULL;
  Rows result = { 0 };
  us_store_flush (us_desk_get_store (table->desk), 30000);
  g_autoptr (GArray) rows
      = us_store_list_findings (us_desk_get_store (table->desk), stream, FALSE, 0, 100, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++) {
    const UsFindingRow *row = &g_array_index (rows, UsFindingRow, i);
    if (!g_str_equal (row->check, check))
      continue;
    result.n++;
    result.n_open += row->closed_us == 0;
    result.count = row->count;
    result.first_us = row->first_us;
    result.last_us = row->last_us;
  }
  return result;
}

/* Whatever it is thought to be a finding of. */
static const UsFinding *
finding_of (Table *table, const char *stream) {
  UsWatchView view;
  if (!us_desk_view (table->desk, stream, &view) || view.findings == NULL)
    return NULL;
  g_autoptr (GPtrArray) open = us_findings_list (view.findings);
  for (guint i = 0; i < open->len; i++)
    if (((const UsFinding *)open->pdata[i])->check == US_CHECK_HTTP_5XX)
      return open->pdata[i];
  return NULL;
}

static guint
count_of (Table *table, const char *stream) {
  const UsFinding *finding = finding_of (table, stream);
  return finding != NULL ? finding->count : 0;
}

static void
say_broken (Puppet *puppet) {
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  puppet_say (puppet, "/live.m3u8", 500, "text/plain", nothing);
}

/* Seen again with every poll: on disk now and then, and at the end. */
static void
test_pace (void) {
  Table table;
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *url = puppet_url (puppet, "/live.m3u8");
  say_broken (puppet);
  table_init (&table);
  table_open (&table);
  table.desk->clock = &ahead.clock;
  table_add (&table, "a", url);
  table_await (count_of (&table, "a") >= 5); /* it got worse with the third, which was written */
  g_assert_cmpuint (rows_of (&table, "a", "http_5xx").count, <, count_of (&table, "a"));

  ahead.ahead_us = 31 * (gint64)G_USEC_PER_SEC;
  us_desk_renew_findings (table.desk);
  guint count = rows_of (&table, "a", "http_5xx").count;
  g_assert_cmpuint (count, >=, 5);
  /* ... and not again at once */
  table_await (count_of (&table, "a") > count);
  ahead.ahead_us += 6 * (gint64)G_USEC_PER_SEC;
  us_desk_renew_findings (table.desk);
  g_assert_cmpuint (rows_of (&table, "a", "http_5xx").count, ==, count);

  count = count_of (&table, "a");
  table_close (&table);
  table_open (&table); /* which closes what was open */
  Rows rows = rows_of (&table, "a", "http_5xx");
  g_assert_cmpuint (rows.n, ==, 1);
  g_assert_cmpuint (rows.n_open, ==, 0);
  g_assert_cmpuint (rows.count, >=, count);
  g_assert_cmpint (rows.last_us, >, rows.first_us);
  table_clear (&table);
}

static void
say_streams (Puppet *puppet, const char *streams) {
  g_autofree char *text = g_strdup_printf ("{\"streams\":[%s]}", streams);
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  puppet_say (puppet, "/control/status", 200, "application/json", body);
}

static void
on_done (const GError *error, gpointer user_data) {
  g_assert_no_error (error);
  *(gboolean *)user_data = TRUE;
}

/* A stream of ours that the chain no longer has: what was wrong with it is over in the history. */
static void
test_gone (void) {
  Table table;
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *base = puppet_url (puppet, "");
  gboolean is_resolved = FALSE;
  say_broken (puppet);
  say_streams (puppet, "{\"name\":\"Studio\",\"path\":\"/live.m3u8\",\"is_served\":true,"
                       "\"active\":\"primary\",\"switches\":[]}");
  table_init (&table);
  table.settings.inside.switcher_url = base;
  table.settings.inside.forget_ms = 200;
  table_open (&table);
  table_await (table_incident (&table, "own-studio") != NULL);
  g_assert_nonnull (finding_of (&table, "own-studio"));
  us_incidents_resolve (us_desk_get_incidents (table.desk),
                        table_incident (&table, "own-studio")->id, "test", NULL, on_done,
                        &is_resolved);
  table_await (is_resolved);
  g_assert_nonnull (us_desk_get_stream (table.desk, "own-studio"));

  say_streams (puppet, "");
  table_await (us_desk_get_stream (table.desk, "own-studio") == NULL);
  Rows rows = rows_of (&table, "own-studio", "http_5xx");
  g_assert_cmpuint (rows.n, >=, 1);
  g_assert_cmpuint (rows.n_open, ==, 0);
  table_clear (&table);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/finding-rows/pace", test_pace);
  g_test_add_func ("/desk/finding-rows/gone", test_gone);
  return g_test_run ();
}
