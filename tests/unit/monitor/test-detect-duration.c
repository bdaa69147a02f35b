/* test-detect-duration.c - segments longer or shorter than announced, target durations that change
 */
#include "detect-case.h"

static void
run (const UsPlaylist *before, const UsPlaylist *now, const char *expected) {
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_durations (before, now, hits);
  assert_hits (hits, expected);
}

static void
test_exceeded (void) {
  static const struct {
    guint target_s;
    gint64 last_ms;
    const char *expected;
  } rows[] = {
    { 2, 2000, "" },
    { 2, 2499, "" },
    { 2, 2500, "" }, /* the fine rounding of three decimals */
    { 2, 2502, "target_duration_exceeded:degraded" },
    { 2, 3000, "target_duration_exceeded:degraded" },
    { 2, 3002, "target_duration_exceeded:unhealthy" },
    { 10, 10480, "" },
    { 10, 14900, "target_duration_exceeded:degraded" },
    { 10, 15100, "target_duration_exceeded:unhealthy" },
    { 1, 86400000, "target_duration_exceeded:unhealthy" },
    { 86400, 86400000, "" },
    { 0, 5000, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    guint target_s = rows[i].target_s;
    g_autoptr (UsPlaylist) before = make_playlist (100, 4, target_s * 1000, target_s, -1);
    g_autoptr (UsPlaylist) now = make_playlist (100, 5, target_s * 1000, target_s, -1);
    segment_at (now, 4)->duration_us = rows[i].last_ms * MS;
    run (before, now, rows[i].expected);
    run (now, now, ""); /* told once */
    run (NULL, now, rows[i].expected);
  }
}

static void
test_changed (void) {
  static const struct {
    guint was, is;
    const char *expected;
  } rows[] = {
    { 2, 2, "" },
    { 2, 3, "target_duration_changed:info" }, /* ffmpeg, as the window moves */
    { 10, 9, "target_duration_changed:info" },
    { 2, 4, "target_duration_changed:degraded" },
    { 6, 2, "target_duration_changed:degraded" },
    { 2, 86400, "target_duration_changed:degraded" },
    { 0, 6, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsPlaylist) before = make_playlist (100, 5, 2000, rows[i].was, -1);
    g_autoptr (UsPlaylist) now = make_playlist (101, 5, 2000, rows[i].is, -1);
    run (before, now, rows[i].expected);
  }
}

/* @n_short short ones at the end of eight. */
static void
test_short (void) {
  static const struct {
    guint n_short;
    gint64 short_ms;
    const char *expected;
  } rows[] = {
    { 1, 499, "short_segment:info" },
    { 1, 500, "" },
    { 2, 0, "short_segment:info" },
    { 3, 100, "short_segment:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsPlaylist) before = make_playlist (100, 8, 2000, 2, -1);
    g_autoptr (UsPlaylist) now = make_playlist (101, 8, 2000, 2, -1);
    for (guint n = 0; n < rows[i].n_short; n++) {
      segment_at (now, 7 - n)->duration_us = rows[i].short_ms * MS;
      if (n > 0)
        segment_at (before, 8 - n)->duration_us = rows[i].short_ms * MS;
    }
    run (before, now, rows[i].expected);
    run (now, now, "");
    g_autoptr (UsPlaylist) later = make_playlist (102, 8, 2000, 2, -1);
    for (guint n = 0; n < 7; n++) /* and a new one that is as it should be */
      segment_at (later, n)->duration_us = segment_at (now, n + 1)->duration_us;
    run (now, later, "");
  }
}

/* Short by nature: where a programme is cut, at its end, in a playlist of short ones. */
static void
test_short_by_nature (void) {
  g_autoptr (UsPlaylist) before = make_playlist (100, 8, 2000, 2, -1);
  g_autoptr (UsPlaylist) now = make_playlist (102, 8, 2000, 2, -1);
  segment_at (now, 6)->duration_us = 40 * MS;
  segment_at (now, 7)->is_discontinuous = TRUE;
  run (before, now, "");
  segment_at (now, 6)->duration_us = 2 * S;
  segment_at (now, 7)->duration_us = 40 * MS;
  now->is_ended = TRUE;
  run (before, now, "");
  g_autoptr (UsPlaylist) fast = make_playlist (0, 8, 400, 1, -1);
  run (NULL, fast, "");
  g_autoptr (UsPlaylist) still = make_playlist (0, 8, 0, 1, -1);
  run (NULL, still, "");
}

static void
test_gaps (void) {
  g_autoptr (UsPlaylist) before = make_playlist (100, 5, 2000, 2, -1);
  g_autoptr (UsPlaylist) now = make_playlist (102, 5, 2000, 2, -1);
  segment_at (now, 0)->is_gap = TRUE; /* known already */
  run (before, now, "");
  segment_at (now, 3)->is_gap = segment_at (now, 4)->is_gap = TRUE;
  run (before, now, "gap:degraded");
}

static void
test_hostile (void) {
  g_autoptr (UsPlaylist) empty = make_playlist (0, 0, 0, 2, -1);
  g_autoptr (UsPlaylist) none = make_playlist (0, 5, 2000, 2, -1);
  run (NULL, empty, "");
  run (none, empty, "");
  run (empty, none, "");
  g_autoptr (UsPlaylist) before = make_playlist (0, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, -1);
  g_autoptr (UsPlaylist) now = make_playlist (1, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, -1);
  for (guint i = 0; i < now->segments->len; i++)
    segment_at (now, i)->duration_us = (i * 2654435761u) % (2 * S);
  g_autoptr (UsHits) hits = us_hits_new ();
  assert_quick (20, us_detect_durations (before, now, hits));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-duration/exceeded", test_exceeded);
  g_test_add_func ("/monitor/detect-duration/changed", test_changed);
  g_test_add_func ("/monitor/detect-duration/short", test_short);
  g_test_add_func ("/monitor/detect-duration/short-by-nature", test_short_by_nature);
  g_test_add_func ("/monitor/detect-duration/gaps", test_gaps);
  g_test_add_func ("/monitor/detect-duration/hostile", test_hostile);
  return g_test_run ();
}
