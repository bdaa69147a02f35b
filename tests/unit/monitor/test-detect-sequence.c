/* test-detect-sequence.c - numbers that go back, begin anew or jump; names that change */
#include "detect-case.h"

typedef struct {
  guint64 first;
  guint n;
  int dawn_s; /* -1: no dates */
} Side;

static UsPlaylist *
side_playlist (const Side *side) {
  return make_playlist (side->first, side->n, 2000, 2,
                        side->dawn_s < 0 ? -1 : DAWN_MS + side->dawn_s * 1000);
}

static void
test_table (void) {
  static const UsFetched plain = { .cache_age_s = -1 };
  static const UsFetched aged = { .cache_age_s = 9 };
  static const UsFetched hit = { .cache_age_s = -1, .cache = US_CACHE_HIT };
  static const UsFetched soon = { .cache_age_s = -1, .since_good_us = 2 * S };
  static const UsFetched late = { .cache_age_s = -1, .since_good_us = 600 * S };
  static const struct {
    Side before, now;
    const UsFetched *fetched;
    const char *expected;
  } rows[] = {
    { { 5, 5, 0 }, { 6, 5, 0 }, &plain, "" },
    { { 5, 5, 0 }, { 5, 5, 0 }, &plain, "" },
    { { 5, 5, -1 }, { 9, 5, -1 }, NULL, "" },
    { { 5, 10, 0 }, { 12, 4, 0 }, &plain, "" },
    /* back */
    { { 105, 5, 0 }, { 104, 5, 0 }, &plain, "cache_stale:degraded" },
    { { 105, 5, -1 }, { 103, 5, -1 }, &aged, "cache_stale:degraded" },
    { { 105, 5, -1 }, { 50, 5, -1 }, &plain, "sequence_back:unhealthy" },
    { { 105, 5, -1 }, { 50, 5, -1 }, NULL, "sequence_back:unhealthy" },
    { { 105, 5, -1 }, { 50, 5, -1 }, &hit, "cache_stale:degraded" },
    { { 105, 5, 0 }, { 50, 5, 0 }, &aged, "cache_stale:degraded" },
    { { 105, 5, 0 }, { 50, 5, 900 }, &aged, "sequence_reset:unhealthy" },
    { { 105, 5, -1 }, { 0, 2, -1 }, &plain, "sequence_reset:unhealthy" },
    /* ahead: a slow look, an outage, a jump */
    { { 5, 5, 0 }, { 12, 5, 0 }, &plain, "" },
    { { 5, 5, 0 }, { 300, 5, 0 }, &plain, "" }, /* the dates say that so much time has passed */
    { { 5, 5, -1 }, { 300, 5, -1 }, &late, "" },
    { { 5, 5, -1 }, { 300, 5, -1 }, &soon, "sequence_jump:degraded" },
    { { 5, 5, 0 }, { 300, 5, -1 }, &plain, "sequence_jump:info" }, /* nothing tells */
    { { 5, 5, -1 }, { 12, 1, -1 }, &soon, "" },
    /* the ends of the range */
    { { 5, 5, -1 }, { G_MAXUINT64 - 20000, 5, -1 }, &soon, "sequence_jump:degraded" },
    { { G_MAXUINT64 - 20000, 5, -1 }, { 5, 5, -1 }, &soon, "sequence_reset:unhealthy" },
    /* empty */
    { { 5, 5, -1 }, { 5, 0, -1 }, &plain, "" },
    { { 5, 0, -1 }, { 900, 5, -1 }, &plain, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autoptr (UsPlaylist) before = side_playlist (&rows[i].before);
    g_autoptr (UsPlaylist) now = side_playlist (&rows[i].now);
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_sequence (before, now, rows[i].fetched, hits);
    assert_hits (hits, rows[i].expected);
    g_autoptr (UsHits) first = us_hits_new ();
    us_detect_sequence (NULL, now, rows[i].fetched, first);
    assert_hits (first, "");
  }
}

/* The edge of a jump: so many numbers as twice real time, and three more, may be new. */
static void
test_jump_edge (void) {
  for (guint missed = 1; missed < 30; missed++) {
    g_autoptr (UsPlaylist) before = make_playlist (100, 5, 2000, 2, -1);
    g_autoptr (UsPlaylist) now = make_playlist (105 + missed, 5, 2000, 2, -1);
    UsFetched fetched = { .since_good_us = 10 * S }; /* 5 segments' time */
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_sequence (before, now, &fetched, hits);
    assert_hits (hits, missed + 5 > 13 ? "sequence_jump:degraded" : "");
  }
}

static void
test_renamed (void) {
  g_autoptr (UsPlaylist) before = make_playlist (100, 5, 2000, 2, -1);
  g_autoptr (UsPlaylist) now = make_playlist (101, 5, 2000, 2, -1);
  for (guint i = 0; i < 5; i++) {
    UsPlaylistSegment *segment = segment_at (now, i);
    g_autofree char *uri = segment->uri;
    segment->uri = g_strdup_printf ("/t0ken/%s?sig=%u", uri, i);
  }
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_sequence (before, now, NULL, hits);
  assert_hits (hits, "");

  g_free (segment_at (now, 1)->uri);
  segment_at (now, 1)->uri = g_strdup ("other.ts");
  us_detect_sequence (before, now, NULL, hits);
  assert_hits (hits, "uri_changed:degraded");
}

/* One removed, one added, the number left as it was: every name moves. */
static void
test_number_not_raised (void) {
  g_autoptr (UsPlaylist) before = make_playlist (100, 5, 2000, 2, -1);
  g_autoptr (UsPlaylist) now = make_playlist (101, 5, 2000, 2, -1);
  for (guint i = 0; i < 5; i++)
    segment_at (now, i)->number--;
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_sequence (before, now, NULL, hits);
  assert_hits (hits, "uri_changed:degraded");
  g_assert_cmpfloat (g_array_index (hits, UsHit, 0).value, ==, 5);
}

static void
test_long (void) {
  g_autoptr (UsPlaylist) before = make_playlist (0, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, DAWN_MS);
  g_autoptr (UsPlaylist) now = make_playlist (1, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, DAWN_MS);
  g_autoptr (UsHits) hits = us_hits_new ();
  assert_quick (20, us_detect_sequence (before, now, NULL, hits));
  assert_quick (20, us_detect_sequence (now, before, NULL, hits));
  g_assert_cmpuint (hits->len, ==, 5); /* the old copies only */
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-sequence/table", test_table);
  g_test_add_func ("/monitor/detect-sequence/jump-edge", test_jump_edge);
  g_test_add_func ("/monitor/detect-sequence/renamed", test_renamed);
  g_test_add_func ("/monitor/detect-sequence/number-not-raised", test_number_not_raised);
  g_test_add_func ("/monitor/detect-sequence/long", test_long);
  return g_test_run ();
}
