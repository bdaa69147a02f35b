/* test-size.c - a large timeline: pages come in order and whole, beside a writer that never rests
 *
 * What is proved here are the steps that SQLite takes, not seconds: a page of a million events may
 * cost no more of them than a page of a thousand.
 */
#include "stage.h"

#define N_EVENTS 1000000
#define PAGE 1000

static void
fill (Stage *stage) {
  g_autoptr (GError) error = NULL;
  g_autoptr (UsDatabase) database
      = us_database_open (stage->path, US_DATABASE_WRITER, NULL, &error);
  g_autofree char *sql = g_strdup_printf (
      "BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
      " INSERT INTO events (id, stream, kind, severity, source, text, rendition, wall_us)"
      " SELECT i, 'stream-' || (i %% 20), CASE WHEN i %% 1000 = 0 THEN 'switch' ELSE 'segment-ok' "
      "END,"
      " 'info', 'probe', 'segment', -1, %" G_GINT64_FORMAT " + i * 1000 FROM n; COMMIT;",
      N_EVENTS, T0);
  g_assert_no_error (error);
  g_assert_true (us_database_set_synced (database, FALSE, &error));
  gboolean is_done = us_database_script (database, sql, &error);
  g_assert_no_error (error);
  g_assert_true (is_done);
}

static int
on_progress (void *data) {
  guint *n_steps = data;
  (*n_steps)++;
  return 0;
}

/* Hundreds of steps that a query takes. */
static guint
steps_of (Stage *stage, const UsEventQuery *query, guint n_rows) {
  g_autoptr (GError) error = NULL;
  guint n_steps = 0;
  sqlite3_progress_handler (us_database_get_handle (stage->store->reader), 100, on_progress,
                            &n_steps);
  g_autoptr (GArray) rows = us_store_list_events (stage_settled (stage->store), query, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, n_rows);
  sqlite3_progress_handler (us_database_get_handle (stage->store->reader), 0, NULL, NULL);
  return n_steps;
}

static void
test_size (void) {
  static const char *const kinds[] = { "switch", "note", NULL };
  Stage stage;
  g_autoptr (GError) error = NULL;

  stage_init (&stage);
  stage.settings.max_events_per_stream = 0;
  stage_open (&stage);
  stage_close (&stage);
  fill (&stage);
  stage_open (&stage);
  g_assert_cmpint (us_store_next_id (stage.store), >, N_EVENTS);

  /* All pages of all events, while others are written. */
  UsEventQuery query = { .before_id = N_EVENTS + 1, .limit = PAGE };
  gint64 expected = N_EVENTS;
  gint64 worst_us = 0;
  while (TRUE) {
    for (guint i = 0; i < 50; i++)
      stage_add_event (&stage, "busy", "segment-ok", T0, NULL, NULL);
    gint64 begin_us = g_get_monotonic_time ();
    g_autoptr (GArray) rows = us_store_list_events (stage_settled (stage.store), &query, &error);
    worst_us = MAX (worst_us, g_get_monotonic_time () - begin_us);
    g_assert_no_error (error);
    for (guint i = 0; i < rows->len; i++, expected--)
      g_assert_cmpint (g_array_index (rows, UsEventRow, i).id, ==, expected);
    if (rows->len == 0)
      break;
    query.before_id = expected + 1;
  }
  g_assert_cmpint (expected, ==, 0);
  g_test_message ("slowest page of %d: %" G_GINT64_FORMAT " us", PAGE, worst_us);

  /* In the middle of a million: a few dozen steps per row, not one per row of the table. */
  const guint most = PAGE * 60 / 100;
  g_assert_cmpuint (
      steps_of (&stage, &(UsEventQuery){ .before_id = N_EVENTS / 2, .limit = PAGE }, PAGE), <,
      most);
  g_assert_cmpuint (
      steps_of (&stage,
                &(UsEventQuery){ .before_id = N_EVENTS / 2, .stream = "stream-7", .limit = PAGE },
                PAGE),
      <, most);
  g_assert_cmpuint (steps_of (&stage, &(UsEventQuery){ .kinds = kinds, .limit = PAGE }, PAGE), <,
                    most);
  g_assert_cmpuint (steps_of (&stage,
                              &(UsEventQuery){ .stream = "stream-7",
                                               .since_us = T0 + N_EVENTS / 2 * 1000,
                                               .until_us = T0 + (N_EVENTS / 2 + 2000) * 1000,
                                               .limit = PAGE },
                              100),
                    <, most);
  UsStoreStats stats;
  us_store_get_stats (stage.store, &stats);
  g_test_message ("%.0f bytes an event", (double)stats.file_bytes / N_EVENTS);
  stage_clear (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/size", test_size);
  return g_test_run ();
}
