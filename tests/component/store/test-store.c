/* test-store.c - what is written can be read, in order and by page; removal, retention, restarts */
#include "stage.h"

#include <math.h>
#include <string.h>

static GArray *
events (Stage *stage, const UsEventQuery *query) {
  g_autoptr (GError) error = NULL;
  GArray *rows = us_store_list_events (stage_settled (stage->store), query, &error);
  g_assert_no_error (error);
  g_assert_nonnull (rows);
  return rows;
}

static guint
count_events (Stage *stage, const UsEventQuery *query) {
  g_autoptr (GArray) rows = events (stage, query);
  return rows->len;
}

static GArray *
incidents (Stage *stage, const UsIncidentQuery *query) {
  g_autoptr (GError) error = NULL;
  GArray *rows = us_store_list_incidents (stage_settled (stage->store), query, &error);
  g_assert_no_error (error);
  return rows;
}

/* "1 2 3", the ids of the page */
static char *
ids_of (GArray *rows) {
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < rows->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
                            g_array_index (rows, UsIncidentRow, i).id);
  return g_string_free (text, FALSE);
}

static void
assert_incidents (Stage *stage, UsIncidentQuery query, const char *expected) {
  g_autoptr (GArray) rows = incidents (stage, &query);
  g_autofree char *ids = ids_of (rows);
  g_assert_cmpstr (ids, ==, expected);
}

static void
test_incidents (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  g_auto (UsIncidentRow) row = { 0 };
  g_autoptr (GError) error = NULL;

  stage_init (&stage);
  stage_open (&stage);
  stage_put_incident (&stage, "A", "studio", "resolved", T0, T0 + SECOND, &done);
  stage_put_incident (&stage, "B", "studio", "open", T0 + DAY, 0, &done);
  stage_put_incident (&stage, "C", "arena", "acknowledged", T0 + DAY, 0, &done);
  stage_put_incident (&stage, "D", "arena", "resolved", T0 + 2 * DAY, T0 + 3 * DAY, &done);
  stage_wait_done (&done, 4);
  g_assert_no_error (done.error);

  assert_incidents (&stage, (UsIncidentQuery){ 0 }, "D C B A");
  assert_incidents (&stage, (UsIncidentQuery){ .state = "active" }, "C B");
  assert_incidents (&stage, (UsIncidentQuery){ .state = "resolved" }, "D A");
  assert_incidents (&stage, (UsIncidentQuery){ .state = "open", .stream = "arena" }, "");
  assert_incidents (&stage, (UsIncidentQuery){ .state = "active", .stream = "arena" }, "C");
  assert_incidents (&stage, (UsIncidentQuery){ .since_us = T0 + 1, .until_us = T0 + 2 * DAY },
                    "C B");
  assert_incidents (&stage, (UsIncidentQuery){ .limit = 2 }, "D C");
  assert_incidents (&stage, (UsIncidentQuery){ .before_us = T0 + DAY, .before_id = "C" }, "B A");
  assert_incidents (&stage, (UsIncidentQuery){ .before_us = T0 + DAY, .before_id = "B" }, "A");

  /* Replaced, not doubled. */
  stage_put_incident (&stage, "B", "studio", "resolved", T0 + DAY, T0 + 4 * DAY, NULL);
  stage_barrier (&stage);
  assert_incidents (&stage, (UsIncidentQuery){ .state = "active" }, "C");
  g_assert_true (us_store_get_incident (stage_settled (stage.store), "B", &row, &error));
  g_assert_cmpstr (row.state, ==, "resolved");
  g_assert_cmpint (row.resolved_us, ==, T0 + 4 * DAY);
  g_assert_cmpstr (row.reason, ==, "the playlist stands still");
  g_assert_null (row.acknowledged_by);
  us_incident_row_clear (&row);
  g_assert_false (us_store_get_incident (stage_settled (stage.store), "E", &row, &error));
  g_assert_no_error (error);
  stage_clear (&stage);
}

static void
test_events (void) {
  static const char *const two_kinds[] = { "switch", "note", NULL };
  Stage stage;
  gint64 ids[100];

  stage_init (&stage);
  stage_open (&stage);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    ids[i] = stage_add_event (&stage, i % 2 ? "arena" : "studio",
                              i % 10 == 0   ? "switch"
                              : i % 10 == 5 ? "note"
                                            : "segment-ok",
                              T0 + i * SECOND, i >= 90 ? "A" : NULL, NULL);
    g_assert_cmpint (ids[i], ==, ids[0] + i);
  }
  /* A read lets the writes go first, without the usual gathering; here for as long as it takes. */
  UsStoreStats stats;
  us_writer_flush (stage.store->writer, 30000);
  us_store_get_stats (stage.store, &stats);
  g_assert_cmpuint (stats.n_pending, ==, 0);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ 0 }), ==, 100);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .stream = "studio" }), ==, 50);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .incident = "A" }), ==, 10);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .kinds = two_kinds }), ==, 20);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .kinds = two_kinds, .stream = "arena" }),
                    ==, 10);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .kinds = two_kinds, .incident = "A" }),
                    ==, 2);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .since_us = T0 + 50 * SECOND }), ==, 50);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .stream = "studio",
                                                           .since_us = T0 + 10 * SECOND,
                                                           .until_us = T0 + 20 * SECOND }),
                    ==, 5);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .kinds = two_kinds,
                                                           .since_us = T0 + 10 * SECOND,
                                                           .until_us = T0 + 20 * SECOND }),
                    ==, 2);

  /* Pages, backwards and forwards. */
  UsEventQuery query = { .kinds = two_kinds, .limit = 3 };
  guint n = 0;
  for (gint64 expected = ids[95];;) {
    g_autoptr (GArray) page = events (&stage, &query);
    for (guint i = 0; i < page->len; i++, expected -= 5, n++)
      g_assert_cmpint (g_array_index (page, UsEventRow, i).id, ==, expected);
    if (page->len == 0)
      break;
    query.before_id = g_array_index (page, UsEventRow, page->len - 1).id;
  }
  g_assert_cmpuint (n, ==, 20);
  query = (UsEventQuery){ .stream = "studio", .after_id = ids[0], .limit = 10 };
  g_autoptr (GArray) page = events (&stage, &query);
  g_assert_cmpuint (page->len, ==, 10);
  for (guint i = 0; i < page->len; i++)
    g_assert_cmpint (g_array_index (page, UsEventRow, i).id, ==, ids[2 + 2 * i]);
  stage_clear (&stage);
}

/* The order is that of writing, whatever the clock does. */
static void
test_clock_back (void) {
  Stage stage;
  stage_init (&stage);
  stage_open (&stage);
  gint64 first = stage_add_event (&stage, "studio", "note", T0 + DAY, NULL, NULL);
  gint64 second = stage_add_event (&stage, "studio", "note", T0, NULL, NULL);
  stage_close (&stage);
  stage.clock.now_wall_us = T0 - 1000 * DAY;
  stage_open (&stage);
  gint64 third = stage_add_event (&stage, "studio", "note", T0 - 1000 * DAY, NULL, NULL);

  stage_barrier (&stage);
  g_assert_cmpint (second, ==, first + 1);
  g_assert_cmpint (third, >, second);
  g_autoptr (GArray) all = events (&stage, &(UsEventQuery){ .stream = "studio" });
  g_assert_cmpuint (all->len, ==, 3);
  g_assert_cmpint (g_array_index (all, UsEventRow, 0).id, ==, third);
  g_assert_cmpint (g_array_index (all, UsEventRow, 2).id, ==, first);
  g_autoptr (GArray) day
      = events (&stage, &(UsEventQuery){ .stream = "studio", .since_us = T0, .until_us = T0 + 1 });
  g_assert_cmpuint (day->len, ==, 1);
  stage_clear (&stage);
}

static void
test_notes (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  g_autoptr (GError) error = NULL;
  UsNoteRow note = { .incident = (char *)"A",
                     .author = (char *)"anna",
                     .text = (char *)"cable 'loose'; \xe2\x9c\x93",
                     .wall_us = T0 };

  stage_init (&stage);
  stage_open (&stage);
  us_store_add_note (stage.store, &note, on_done, &done);
  stage_wait_done (&done, 1);
  g_assert_error (done.error, US_STORE_ERROR, US_STORE_ERROR_WRITE); /* no such incident */

  /* That one was refused holds nobody up, not even in the same transaction. */
  g_autoptr (GArray) none = us_store_list_notes (stage_settled (stage.store), "A", &error);
  g_assert_cmpuint (none->len, ==, 0);
  us_store_add_note (stage.store, &note, on_done, &done);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, &done);
  us_store_add_note (stage.store, &note, on_done, &done);
  stage_wait_done (&done, 4);
  g_assert_cmpuint (done.n_failed, ==, 2);
  g_autoptr (GArray) notes = us_store_list_notes (stage_settled (stage.store), "A", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (notes->len, ==, 1);
  g_assert_cmpstr (g_array_index (notes, UsNoteRow, 0).text, ==, note.text);
  g_assert_cmpuint (stage.n_troubles, ==, 0);
  stage_clear (&stage);
}

/* One has stood since T0, one from T0 to T0 + 1; a third came when the clock had been put back. */
static void
test_findings_of (Stage *stage) {
  static const struct {
    gint64 from_us, until_us;
    guint n;
  } rows[] = {
    { T0 - 10, 0, 3 },     { T0 - 10, T0 - 7, 0 }, { T0 - 10, T0 - 5, 1 }, { T0 - 10, T0, 3 },
    { T0 + 1, T0 + 1, 2 }, { T0 + 2, 0, 1 },       { T0 - 3, T0 - 1, 0 },
  };
  UsFindingRow finding = { .stream = (char *)"studio",
                           .check = (char *)"stale",
                           .severity = (char *)"major",
                           .text = (char *)"old",
                           .first_us = T0 - 5,
                           .last_us = T0 - 5,
                           .closed_us = T0 - 4,
                           .count = 1 };
  finding.id = us_store_next_id (stage->store);
  us_store_put_finding (stage->store, &finding);
  stage_barrier (stage);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GArray) found = us_store_list_findings_of (
        stage_settled (stage->store), "studio", rows[i].from_us, rows[i].until_us, 0, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (found->len, ==, rows[i].n);
  }
}

static void
test_history (void) {
  Stage stage;
  g_autoptr (GError) error = NULL;
  g_auto (UsThumbnailRow) thumbnail = { 0 };
  UsFindingRow finding = { .stream = (char *)"studio",
                           .check = (char *)"ttfb",
                           .severity = (char *)"minor",
                           .text = (char *)"slow",
                           .value = 1.5,
                           .limit = NAN,
                           .first_us = T0,
                           .last_us = T0,
                           .count = 1 };
  UsDeliveryRow delivery = { .message = (char *)"msg_1",
                             .channel = (char *)"webhook",
                             .attempt = 1,
                             .outcome = (char *)"failed: refused",
                             .wall_us = T0 };

  stage_init (&stage);
  stage_open (&stage);
  finding.id = us_store_next_id (stage.store);
  us_store_put_finding (stage.store, &finding);
  finding.count = 2;
  us_store_put_finding (stage.store, &finding);
  finding.id = us_store_next_id (stage.store);
  finding.closed_us = T0 + 1;
  us_store_put_finding (stage.store, &finding);
  stage_barrier (&stage);
  g_autoptr (GArray) open
      = us_store_list_findings (stage_settled (stage.store), "studio", TRUE, 0, 0, &error);
  g_assert_cmpuint (open->len, ==, 1);
  g_assert_cmpuint (g_array_index (open, UsFindingRow, 0).count, ==, 2);
  g_assert_true (isnan (g_array_index (open, UsFindingRow, 0).limit));
  g_autoptr (GArray) all
      = us_store_list_findings (stage_settled (stage.store), NULL, FALSE, 0, 0, &error);
  g_assert_cmpuint (all->len, ==, 2);
  g_autoptr (GArray) older
      = us_store_list_findings (stage_settled (stage.store), NULL, FALSE, finding.id, 0, &error);
  g_assert_cmpuint (older->len, ==, 1);
  test_findings_of (&stage);

  for (guint i = 0; i < 10; i++)
    stage_put_rollup (&stage, "studio", T0 + i * 60 * SECOND);
  stage_put_rollup (&stage, "studio", T0);
  stage_put_rollup (&stage, "arena", T0);
  stage_barrier (&stage);
  g_autoptr (GArray) rollups = us_store_list_rollups (
      stage_settled (stage.store), "studio", T0 + 60 * SECOND, T0 + 300 * SECOND, 0, &error);
  g_assert_cmpuint (rollups->len, ==, 4);
  g_assert_cmpint (g_array_index (rollups, UsRollupRow, 0).minute_us, ==, T0 + 60 * SECOND);
  g_assert_true (isnan (g_array_index (rollups, UsRollupRow, 0).ttfb_p95));

  stage_add_thumbnail (&stage, "first", "studio", T0);
  stage_add_thumbnail (&stage, "second", "studio", T0 + 1);
  stage_add_thumbnail (&stage, "second", "arena", T0 + 2); /* there already */
  g_autoptr (GArray) thumbnails
      = us_store_list_thumbnails (stage_settled (stage.store), "studio", 0, 0, 0, &error);
  g_assert_cmpuint (thumbnails->len, ==, 2);
  g_assert_cmpstr (g_array_index (thumbnails, UsThumbnailRow, 0).id, ==, "second");
  g_assert_null (g_array_index (thumbnails, UsThumbnailRow, 0).jpeg);
  g_assert_true (us_store_get_thumbnail (stage_settled (stage.store), "first", &thumbnail, &error));
  g_assert_cmpmem (g_bytes_get_data (thumbnail.jpeg, NULL), g_bytes_get_size (thumbnail.jpeg),
                   "first", 5);
  g_assert_cmpuint (thumbnail.width, ==, 320);
  us_thumbnail_row_clear (&thumbnail);
  g_assert_false (
      us_store_get_thumbnail (stage_settled (stage.store), "third", &thumbnail, &error));

  us_store_add_delivery (stage.store, &delivery);
  delivery.attempt = 2;
  us_store_add_delivery (stage.store, &delivery);
  stage_barrier (&stage);
  g_autoptr (GArray) deliveries
      = us_store_list_deliveries (stage_settled (stage.store), 0, 0, &error);
  g_assert_cmpuint (deliveries->len, ==, 2);
  g_assert_cmpuint (g_array_index (deliveries, UsDeliveryRow, 0).attempt, ==, 2);
  g_assert_no_error (error);
  stage_clear (&stage);
}

static void
put_minute (Stage *stage, guint minute, UsRollupRow row) {
  row.stream = (char *)"studio";
  row.minute_us = T0 / DAY * DAY + minute * 60 * SECOND;
  row.healthy_s = 40;
  row.degraded_s = 20;
  us_store_put_rollup (stage->store, &row);
}

/* Means are weighted, peaks are kept, what is not known counts for nothing. */
static void
test_rollups_by (void) {
  gint64 day_us = T0 / DAY * DAY, minute_us = 60 * SECOND;
  Stage stage;
  g_autoptr (GError) error = NULL;
  stage_init (&stage);
  stage_open (&stage);
  UsRollupRow row = { .n_segments = 11,
                      .n_segment_errors = 1,
                      .n_playlists = 30,
                      .n_playlist_errors = 2,
                      .bytes = 1000,
                      .ttfb_avg = 0.1,
                      .ttfb_max = 2.5,
                      .ttfb_p95 = NAN,
                      .ratio_avg = 4,
                      .ratio_min = 0.5,
                      .latency_avg = NAN };
  put_minute (&stage, 0, row);
  row.n_segments = 5;
  row.n_segment_errors = 5; /* counts as one that came */
  row.ttfb_avg = 1.2;
  row.ttfb_max = 1.3;
  row.ratio_avg = row.ratio_min = NAN;
  row.latency_avg = 7;
  put_minute (&stage, 2, row);
  row.ttfb_avg = row.ttfb_max = row.latency_avg = NAN;
  put_minute (&stage, 3, row); /* of the next stretch */
  put_minute (&stage, 60, row);
  stage_put_rollup (&stage, "arena", day_us);
  stage_barrier (&stage);

  g_autoptr (GArray) sums
      = us_store_list_rollups_by (stage_settled (stage.store), "studio", day_us,
                                  day_us + 60 * minute_us, 3 * minute_us, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sums->len, ==, 2);
  const UsRollupSum *first = &g_array_index (sums, UsRollupSum, 0), *second = first + 1;
  g_assert_cmpint (first->at_us, ==, day_us);
  g_assert_cmpint (first->last_us, ==, day_us + 2 * minute_us);
  g_assert_cmpuint (first->n_segments, ==, 16);
  g_assert_cmpuint (first->n_segment_errors, ==, 6);
  g_assert_cmpuint (first->n_playlists, ==, 60);
  g_assert_cmpuint (first->n_playlist_errors, ==, 4);
  g_assert_cmpuint (first->bytes, ==, 2000);
  g_assert_cmpfloat_with_epsilon (first->ttfb_avg, 0.2, 1e-9); /* ten of 0.1 s, one of 1.2 s */
  g_assert_cmpuint (first->n_ttfb, ==, 11);
  g_assert_cmpfloat_with_epsilon (first->ttfb_min, 0.1, 1e-9);
  g_assert_cmpfloat_with_epsilon (first->ttfb_max, 2.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (first->ratio_avg, 4, 1e-9);
  g_assert_cmpuint (first->n_ratio, ==, 10);
  g_assert_cmpfloat_with_epsilon (first->ratio_min, 0.5, 1e-9);
  g_assert_cmpfloat_with_epsilon (first->latency_avg, 7, 1e-9);
  g_assert_cmpuint (first->n_latency, ==, 1);
  g_assert_cmpfloat_with_epsilon (first->healthy_s, 80, 1e-9);
  g_assert_cmpfloat_with_epsilon (first->degraded_s, 40, 1e-9);
  g_assert_cmpint (second->at_us, ==, day_us + 3 * minute_us);
  g_assert_true (isnan (second->ttfb_avg) && isnan (second->ttfb_max));
  g_assert_true (isnan (second->ratio_min) && isnan (second->latency_avg));
  g_assert_cmpuint (second->n_ttfb, ==, 0);

  g_autoptr (GArray) all
      = us_store_list_rollups_by (stage_settled (stage.store), "studio", 0, 0, DAY, &error);
  g_assert_cmpuint (all->len, ==, 1);
  g_assert_cmpuint (g_array_index (all, UsRollupSum, 0).n_playlists, ==, 120);
  stage_clear (&stage);
}

static void
test_remove_stream (void) {
  Stage stage;
  g_autoptr (GError) error = NULL;

  stage_init (&stage);
  stage_open (&stage);
  for (guint i = 0; i < 3000; i++)
    stage_add_event (&stage, i % 3 ? "studio" : "arena", "segment-ok", T0, NULL, NULL);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, NULL);
  stage_put_incident (&stage, "B", "arena", "open", T0, 0, NULL);
  stage_put_rollup (&stage, "studio", T0);
  stage_add_thumbnail (&stage, "t", "studio", T0);
  us_store_remove_stream (stage.store, "studio");
  stage_add_event (&stage, "studio", "stream-added", T0, NULL, NULL);
  stage_barrier (&stage);

  /* At once for the reader, whether or not the rows are gone. */
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .stream = "studio" }), ==, 1);
  g_assert_cmpuint (count_events (&stage, &(UsEventQuery){ .limit = 5000 }), ==, 1001);
  assert_incidents (&stage, (UsIncidentQuery){ 0 }, "B");
  g_autoptr (GArray) rollups
      = us_store_list_rollups (stage_settled (stage.store), "studio", 0, 0, 0, &error);
  g_assert_cmpuint (rollups->len, ==, 0);

  stage_tidy (&stage);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM events"), ==, 1001);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM removals"), ==, 0);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM pictures"), ==, 0);
  stage_clear (&stage);
}

/* ---- retention ---- */

static void
test_retention_by_age (void) {
  Stage stage;
  stage_init (&stage);
  stage.settings.retention_days = 10;
  stage.settings.history_days = 5;
  stage_open (&stage);
  gint64 old_us = T0 - 11 * DAY;

  stage_put_incident (&stage, "OLD", "studio", "resolved", old_us, old_us + SECOND, NULL);
  stage_put_incident (&stage, "LONG", "arena", "open", old_us, 0, NULL);
  stage_add_event (&stage, "hall", "segment-error", old_us - SECOND, NULL, NULL);
  stage_put_incident (&stage, "LATE", "hall", "resolved", old_us, T0 - 9 * DAY, NULL);
  for (guint i = 0; i < 1200; i++) {
    stage_add_event (&stage, "studio", "segment-error", old_us, "OLD", NULL);
    stage_add_event (&stage, "arena", "segment-error", old_us, "LONG", NULL);
    stage_add_event (&stage, "hall", "segment-ok", old_us + i, NULL, NULL);
  }
  stage_add_event (&stage, "hall", "segment-ok", T0, NULL, NULL);
  stage_add_thumbnail (&stage, "with-old", "studio", old_us);
  stage_add_event (&stage, "studio", "thumbnail", old_us, "OLD", "with-old");
  stage_add_event (&stage, "arena", "thumbnail", old_us, "LONG", "with-long");
  stage_add_thumbnail (&stage, "with-long", "arena", old_us);
  stage_add_thumbnail (&stage, "loose-old", "gone", old_us); /* of a stream that is no more */
  stage_add_thumbnail (&stage, "loose-new", "gone", T0);
  stage_put_rollup (&stage, "studio", T0 - 6 * DAY);
  stage_put_rollup (&stage, "studio", T0 - 4 * DAY);
  us_store_add_note (stage.store, &(UsNoteRow){ .incident = (char *)"OLD", .wall_us = old_us },
                     NULL, NULL);
  us_store_add_note (stage.store, &(UsNoteRow){ .incident = (char *)"LONG", .wall_us = old_us },
                     NULL, NULL);
  UsFindingRow finding = { .id = us_store_next_id (stage.store),
                           .stream = (char *)"studio",
                           .check = (char *)"stale",
                           .first_us = old_us };
  us_store_put_finding (stage.store, &finding);
  finding.id = us_store_next_id (stage.store);
  finding.closed_us = old_us;
  us_store_put_finding (stage.store, &finding);
  stage_tidy (&stage);

  static const struct {
    const char *sql;
    gint64 n;
  } cases[] = {
    { "SELECT count(*) FROM incidents WHERE id = 'OLD'", 0 },
    { "SELECT count(*) FROM incidents", 2 },
    { "SELECT count(*) FROM notes", 1 },
    { "SELECT count(*) FROM events WHERE stream = 'studio'", 0 },
    { "SELECT count(*) FROM events WHERE stream = 'arena'", 1201 },
    { "SELECT count(*) FROM events WHERE stream = 'hall'", 2 }, /* one led to LATE */
    { "SELECT count(*) FROM thumbnails WHERE id = 'with-long'", 1 },
    { "SELECT count(*) FROM thumbnails WHERE id = 'loose-new'", 1 },
    { "SELECT count(*) FROM thumbnails", 2 },
    { "SELECT count(*) FROM pictures", 2 },
    { "SELECT count(*) FROM rollups", 1 },
    { "SELECT count(*) FROM findings", 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].sql);
    g_assert_cmpint (stage_count (&stage, cases[i].sql), ==, cases[i].n);
  }
  stage_clear (&stage);
}

static void
test_retention_by_number (void) {
  Stage stage;
  stage_init (&stage);
  stage.settings.max_events_per_stream = 1000;
  stage.settings.thumbnails_per_stream = 20;
  stage_open (&stage);
  /* What led to the incident, and what belongs to it, is not counted with the rest. */
  for (guint i = 0; i < 50; i++)
    stage_add_event (&stage, "studio", "before", T0 - 60 * SECOND, NULL, NULL);
  stage_add_thumbnail (&stage, "kept", "studio", T0 - 60 * SECOND);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, NULL);
  for (guint i = 0; i < 2500; i++)
    stage_add_event (&stage, "studio", "during", T0 + i, "A", NULL);
  for (guint i = 0; i < 2600; i++)
    stage_add_event (&stage, "studio", "after", T0 + i, NULL, NULL);
  for (guint i = 0; i < 100; i++) {
    g_autofree char *id = g_strdup_printf ("free-%u", i);
    stage_add_thumbnail (&stage, id, "studio", T0 + (1 + i) * SECOND);
  }
  stage_tidy (&stage);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM events WHERE kind = 'after'"), ==,
                   1000);
  g_assert_cmpint (stage_count (&stage, "SELECT min(wall_us) FROM events WHERE kind = 'after'"), ==,
                   T0 + 1600);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM events WHERE keeper = 'A'"), ==,
                   1000);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM thumbnails WHERE keeper = 'A'"), ==,
                   1);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM thumbnails"), ==, 21);
  stage_clear (&stage);
}

static gint64
page_count (Stage *stage) {
  return stage_count (stage, "PRAGMA page_count");
}

static void
test_space_is_given_back (void) {
  Stage stage;
  stage_init (&stage);
  stage.settings.thumbnails_per_stream = 1;
  stage_open (&stage);
  g_autofree char *picture = g_strnfill (60000, 'x');
  for (guint i = 0; i < 800; i++) {
    g_autofree char *id = g_strdup_printf ("%u", i);
    g_autoptr (GBytes) jpeg = g_bytes_new_static (picture, 60000);
    us_store_add_thumbnail (
        stage.store,
        &(UsThumbnailRow){ .id = id, .stream = (char *)"studio", .wall_us = T0 + i, .jpeg = jpeg });
  }
  stage_barrier (&stage);
  gint64 n_before = page_count (&stage);
  g_assert_cmpint (n_before, >, 10000);
  stage_tidy (&stage);
  g_assert_cmpint (page_count (&stage), <, n_before / 2);
  stage_clear (&stage);
}

static gboolean
is_emptied (gpointer user_data) {
  return stage_count (user_data, "SELECT count(*) FROM events") == 0;
}

/* The writer's own pass, started by the removal. */
static void
test_writer_tidies (void) {
  Stage stage;
  stage_init (&stage);
  stage_open (&stage);
  for (guint i = 0; i < 2000; i++)
    stage_add_event (&stage, "studio", "segment-ok", T0, NULL, NULL);
  us_store_remove_stream (stage.store, "studio");
  stage_barrier (&stage);
  stage_wait (is_emptied, &stage);
  stage_clear (&stage);
}

/* ---- limits and ends ---- */

static void
test_ids (void) {
  Stage stage;
  gint64 last = 0;
  stage_init (&stage);
  for (guint i = 0; i < 5; i++) {
    stage_open (&stage);
    for (guint n = 0; n < 100; n++) {
      gint64 id = us_store_next_id (stage.store);
      g_assert_cmpint (id, >, last);
      last = id;
    }
    stage_close (&stage);
  }
  /* Many without a write: the limit is raised beforehand. */
  stage_open (&stage);
  for (guint n = 0; n < 3000000; n++)
    last = us_store_next_id (stage.store);
  stage_barrier (&stage);
  g_assert_cmpint (stage_count (&stage, "SELECT value FROM numbers WHERE name = 'id-limit'"), >,
                   last);
  stage_close (&stage);
  stage_open (&stage);
  g_assert_cmpint (us_store_next_id (stage.store), >, last);
  stage_clear (&stage);
}

static void
test_hostile_rows (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  g_autofree char *huge = g_strnfill (20 * 1024 * 1024, 'x');

  stage_init (&stage);
  stage_open (&stage);
  stage_put_incident (&stage, NULL, "studio", "open", T0, 0, &done);
  stage_put_incident (&stage, "A", NULL, "open", T0, 0, &done);
  stage_put_incident (&stage, huge, "studio", "open", T0, 0, &done);
  stage_put_incident (&stage, "'; DROP TABLE incidents; --", "\xff\xfe", "open", T0, 0, &done);
  stage_wait_done (&done, 4);
  g_assert_cmpuint (done.n_failed, ==, 3);
  assert_incidents (&stage, (UsIncidentQuery){ 0 }, "'; DROP TABLE incidents; --");
  UsStoreStats stats;
  us_store_get_stats (stage.store, &stats);
  g_assert_cmpuint (stats.n_dropped, ==, 3);
  g_assert_cmpuint (stats.n_written, >=, 1);
  g_assert_cmpuint (stats.n_pending, ==, 0);
  g_assert_cmpint (stats.file_bytes, >, 0);
  g_assert_false (stats.is_failing);
  stage_clear (&stage);
}

/* An id that was given twice: what is there is not replaced by another one, and may still change.
 */
static void
test_clashes (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  UsFindingRow finding
      = { .id = 7, .stream = (char *)"studio", .check = (char *)"stale", .first_us = T0 };
  stage_init (&stage);
  stage_open (&stage);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, &done);
  stage_put_incident (&stage, "A", "arena", "open", T0, 0, &done);
  stage_put_incident (&stage, "A", "studio", "open", T0 + SECOND, 0, &done);
  stage_wait_done (&done, 3);
  g_assert_cmpuint (done.n_failed, ==, 2);
  stage_put_incident (&stage, "A", "studio", "resolved", T0, T0 + DAY, &done);
  stage_wait_done (&done, 4);
  g_assert_cmpuint (done.n_failed, ==, 2);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM incidents WHERE stream = 'studio'"
                                        " AND state = 'resolved'"),
                   ==, 1);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM incidents"), ==, 1);

  us_store_put_finding (stage.store, &finding);
  finding.count = 3;
  us_store_put_finding (stage.store, &finding);
  finding.check = (char *)"gap";
  us_store_put_finding (stage.store, &finding);
  finding.check = (char *)"stale";
  finding.first_us = T0 + 1;
  us_store_put_finding (stage.store, &finding);
  stage_barrier (&stage);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM findings WHERE check_word = 'stale'"
                                        " AND count = 3"),
                   ==, 1);
  stage_clear (&stage);
}

static void
test_outgoing (void) {
  Stage stage;
  g_autoptr (GError) error = NULL;
  UsOutgoingRow row = { .message = (char *)"msg_b",
                        .target = (char *)"t",
                        .event = (char *)"e",
                        .body = (char *)"{}",
                        .wall_us = T0 + 1 };
  stage_init (&stage);
  stage_open (&stage);
  us_store_put_outgoing (stage.store, &row);
  row.attempt = 2;
  us_store_put_outgoing (stage.store, &row);
  row.message = (char *)"msg_c";
  row.wall_us = T0;
  us_store_put_outgoing (stage.store, &row);
  row.message = (char *)"msg_a";
  us_store_put_outgoing (stage.store, &row);
  us_store_remove_outgoing (stage.store, "msg_a");
  us_store_remove_outgoing (stage.store, "msg_of_nobody");
  stage_close (&stage);

  stage_open (&stage);
  g_autoptr (GArray) rows = us_store_list_outgoing (stage.store, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 2);
  g_assert_cmpstr (g_array_index (rows, UsOutgoingRow, 0).message, ==, "msg_c");
  g_assert_cmpstr (g_array_index (rows, UsOutgoingRow, 1).message, ==, "msg_b");
  g_assert_cmpuint (g_array_index (rows, UsOutgoingRow, 1).attempt, ==, 2);
  stage_clear (&stage);
}

typedef struct {
  Stage *stage;
  guint n_done;
} Closer;

static void
on_done_close (const GError *error, gpointer user_data) {
  Closer *closer = user_data;
  if (closer->n_done++ == 0)
    stage_close (closer->stage);
}

static gboolean
is_closed (gpointer user_data) {
  return ((Closer *)user_data)->stage->store == NULL;
}

/* Each is called once, also when one of them closes the store. */
static void
test_close_within (void) {
  Stage stage;
  stage_init (&stage);
  stage_open (&stage);
  Closer closer = { &stage, 0 };
  for (guint i = 0; i < 100; i++)
    us_store_barrier (stage.store, on_done_close, &closer);
  stage_wait (is_closed, &closer);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (closer.n_done, ==, 100);
  stage_clear (&stage);
}

static void
test_close_writes (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  stage_init (&stage);
  stage_open (&stage);
  for (guint i = 0; i < 20000; i++)
    stage_add_event (&stage, "studio", "segment-ok", T0, NULL, NULL);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, &done);
  stage_close (&stage);
  g_assert_cmpuint (done.n_done, ==, 1);
  g_assert_cmpuint (done.n_failed, ==, 0);
  stage_open (&stage);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM events"), ==, 20000);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM incidents"), ==, 1);
  stage_clear (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/incidents", test_incidents);
  g_test_add_func ("/store/events", test_events);
  g_test_add_func ("/store/clock-back", test_clock_back);
  g_test_add_func ("/store/notes", test_notes);
  g_test_add_func ("/store/history", test_history);
  g_test_add_func ("/store/rollups-by", test_rollups_by);
  g_test_add_func ("/store/remove-stream", test_remove_stream);
  g_test_add_func ("/store/retention/by-age", test_retention_by_age);
  g_test_add_func ("/store/retention/by-number", test_retention_by_number);
  g_test_add_func ("/store/retention/space-is-given-back", test_space_is_given_back);
  g_test_add_func ("/store/retention/by-the-writer", test_writer_tidies);
  g_test_add_func ("/store/ids", test_ids);
  g_test_add_func ("/store/hostile-rows", test_hostile_rows);
  g_test_add_func ("/store/clashes", test_clashes);
  g_test_add_func ("/store/outgoing", test_outgoing);
  g_test_add_func ("/store/close/within", test_close_within);
  g_test_add_func ("/store/close/writes", test_close_writes);
  return g_test_run ();
}
