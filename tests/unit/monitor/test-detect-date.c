/* test-detect-date.c - dates that jump, go back or are rewritten, and rounding that is no fault */
#include "detect-case.h"

/* The last of five segments is dated @off_ms wrong. */
static void
test_edges (void) {
  static const struct {
    gint64 off_ms;
    const char *expected;
  } rows[] = {
    { 0, "" },
    { 40, "" },
    { -40, "" },
    { 900, "" },
    { -900, "" },
    { 1151, "date_jump:degraded" },
    { -1151, "date_back:degraded" },
    { 3600000, "date_jump:degraded" },
    { -DAWN_MS + 1, "date_back:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autoptr (UsPlaylist) before = make_playlist (100, 4, 1920, 2, DAWN_MS);
    g_autoptr (UsPlaylist) now = make_playlist (100, 5, 1920, 2, DAWN_MS);
    UsPlaylistSegment *last = segment_at (now, 4);
    last->wall_ms = MAX (last->wall_ms + rows[i].off_ms, 0);
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_dates (before, now, hits);
    assert_hits (hits, rows[i].expected);

    g_array_set_size (hits, 0); /* judged once, when it was new */
    us_detect_dates (now, now, hits);
    assert_hits (hits, "");

    us_detect_dates (NULL, now, hits); /* the first look judges all */
    assert_hits (hits, rows[i].expected);

    g_array_set_size (hits, 0); /* a discontinuity may have any date */
    last->is_discontinuous = TRUE;
    us_detect_dates (before, now, hits);
    assert_hits (hits, "");
  }
}

/* Five seconds behind eight dates that fit: of whole seconds they may have added up, of 2.000 not.
 */
static void
test_whole_seconds (void) {
  static const struct {
    const char *duration, *expected;
  } rows[] = { { "2", "" }, { "2.000", "date_jump:degraded" } };
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
    g_autoptr (GString) text
        = g_string_new ("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n");
    for (guint i = 0; i < 10; i++)
      g_string_append_printf (text,
                              "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T08:00:%02d.000Z\n"
                              "#EXTINF:%s,\ns%u.ts\n",
                              i * 2 + (i == 9 ? 5 : 0), rows[r].duration, i);
    g_autoptr (UsPlaylist) now = parse_playlist (text->str);
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_dates (NULL, now, hits);
    assert_hits (hits, rows[r].expected);
  }
}

/* Each date comes from a clock that is read with jitter, as when each segment is dated on arrival.
 */
static void
test_jitter (void) {
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  g_autoptr (UsPlaylist) all = make_playlist (0, 500, 2000, 2, DAWN_MS);
  for (guint i = 0; i < 500; i++)
    segment_at (all, i)->wall_ms += g_rand_int_range (rand, -450, 451);
  g_autoptr (UsPlaylist) before = NULL;
  for (guint first = 0; first < 490; first++) {
    UsPlaylist *now = make_playlist (first, 6, 2000, 2, DAWN_MS);
    for (guint i = 0; i < 6; i++)
      segment_at (now, i)->wall_ms = segment_at (all, first + i)->wall_ms;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_dates (before, now, hits);
    assert_hits (hits, "");
    g_clear_pointer (&before, us_playlist_free);
    before = now;
  }
}

/* Whole seconds for 9.6 s, and one date at the top: what is carried on is 0.4 s more off with each,
 * and falls back as the window moves. */
static void
test_rounded_durations (void) {
  g_autoptr (UsPlaylist) before = NULL;
  for (guint first = 0; first < 50; first += 1 + first % 5) {
    UsPlaylist *now = make_playlist (first, 10, 10000, 10, -1);
    for (guint i = 0; i < 10; i++)
      segment_at (now, i)->wall_ms = DAWN_MS + first * 9600 + i * 10000;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_dates (before, now, hits);
    assert_hits (hits, "");
    g_clear_pointer (&before, us_playlist_free);
    before = now;
  }
}

static void
test_rewritten (void) {
  static const struct {
    gint64 by_ms;
    const char *expected;
  } rows[] = {
    { 0, "" },
    { 1000, "" },
    { -1000, "" },
    { 1060, "date_rewritten:degraded" },
    { -1060, "date_rewritten:degraded" },
    { 86400000, "date_rewritten:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsPlaylist) before = make_playlist (100, 5, 1920, 2, DAWN_MS);
    g_autoptr (UsPlaylist) now = make_playlist (101, 5, 1920, 2, DAWN_MS);
    for (guint n = 0; n < 5; n++)
      segment_at (now, n)->wall_ms += rows[i].by_ms;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_dates (before, now, hits);
    g_autofree char *words = words_of (hits);
    g_assert_cmpstr (words, ==, rows[i].expected);
  }
}

/* The new segment follows on one that is not listed any more. */
static void
test_over_the_edge (void) {
  g_autoptr (UsPlaylist) before = make_playlist (100, 3, 1920, 2, DAWN_MS);
  g_autoptr (UsPlaylist) now = make_playlist (103, 3, 1920, 2, DAWN_MS + 60000);
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_dates (before, now, hits);
  assert_hits (hits, "date_jump:degraded");
  g_array_set_size (hits, 0);
  g_autoptr (UsPlaylist) later = make_playlist (110, 3, 1920, 2, DAWN_MS + 60000);
  us_detect_dates (before, later, hits); /* with some unseen between, nobody knows */
  assert_hits (hits, "");
}

static void
test_without_dates (void) {
  g_autoptr (UsPlaylist) before = make_playlist (100, 3, 1920, 2, -1);
  g_autoptr (UsPlaylist) now = make_playlist (101, 3, 1920, 2, -1);
  g_autoptr (UsPlaylist) dated = make_playlist (101, 3, 1920, 2, DAWN_MS);
  g_autoptr (UsPlaylist) empty = make_playlist (101, 0, 1920, 2, -1);
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_dates (before, now, hits);
  us_detect_dates (before, dated, hits);
  us_detect_dates (dated, now, hits);
  us_detect_dates (before, empty, hits);
  us_detect_dates (empty, now, hits);
  assert_hits (hits, "");
}

static void
test_long (void) {
  g_autoptr (UsPlaylist) before = make_playlist (0, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, DAWN_MS);
  g_autoptr (UsPlaylist) now = make_playlist (1, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, DAWN_MS);
  g_autoptr (UsHits) hits = us_hits_new ();
  assert_quick (20, us_detect_dates (before, now, hits));
  assert_hits (hits, "");
  for (guint i = 0; i < now->segments->len; i++)
    segment_at (now, i)->wall_ms = i % 2 ? 0 : G_MAXINT64 / 4;
  us_detect_dates (NULL, now, hits);
  g_assert_cmpuint (hits->len, ==, 1);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-date/edges", test_edges);
  g_test_add_func ("/monitor/detect-date/whole-seconds", test_whole_seconds);
  g_test_add_func ("/monitor/detect-date/jitter", test_jitter);
  g_test_add_func ("/monitor/detect-date/rounded-durations", test_rounded_durations);
  g_test_add_func ("/monitor/detect-date/rewritten", test_rewritten);
  g_test_add_func ("/monitor/detect-date/over-the-edge", test_over_the_edge);
  g_test_add_func ("/monitor/detect-date/without-dates", test_without_dates);
  g_test_add_func ("/monitor/detect-date/long", test_long);
  return g_test_run ();
}
