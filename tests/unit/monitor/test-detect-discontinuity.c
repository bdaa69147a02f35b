/* test-detect-discontinuity.c - discontinuities that leave the window, counted and not */
#include "detect-case.h"

#define HEAD "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
#define SEG(n) "#EXTINF:2.0,\ns" #n ".ts\n"
#define CUT "#EXT-X-DISCONTINUITY\n"

static void
test_table (void) {
  static const struct {
    const char *before, *now, *expected;
  } rows[] = {
    /* in the window, moving up, about to leave, gone and counted */
    { "#EXT-X-MEDIA-SEQUENCE:5\n" SEG (5) CUT SEG (6) SEG (7),
      "#EXT-X-MEDIA-SEQUENCE:6\n" CUT SEG (6) SEG (7) SEG (8), "" },
    { "#EXT-X-MEDIA-SEQUENCE:6\n" CUT SEG (6) SEG (7) SEG (8),
      "#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" SEG (7) SEG (8) SEG (9), "" },
    /* the tag dropped from the first segment, and counted */
    { "#EXT-X-MEDIA-SEQUENCE:5\n" SEG (5) CUT SEG (6) SEG (7),
      "#EXT-X-MEDIA-SEQUENCE:6\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" SEG (6) SEG (7) SEG (8), "" },
    /* gone and not counted */
    { "#EXT-X-MEDIA-SEQUENCE:6\n" CUT SEG (6) SEG (7) SEG (8),
      "#EXT-X-MEDIA-SEQUENCE:7\n" SEG (7) SEG (8) SEG (9), "discontinuity_sequence:degraded" },
    /* counted too early */
    { "#EXT-X-MEDIA-SEQUENCE:5\n" SEG (5) CUT SEG (6) SEG (7),
      "#EXT-X-MEDIA-SEQUENCE:6\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" CUT SEG (6) SEG (7) SEG (8),
      "discontinuity_sequence:degraded" },
    /* put in afterwards */
    { "#EXT-X-MEDIA-SEQUENCE:5\n" SEG (5) SEG (6) SEG (7),
      "#EXT-X-MEDIA-SEQUENCE:5\n" SEG (5) CUT SEG (6) SEG (7), "discontinuity_sequence:degraded" },
    /* several leave at once, between two looks */
    { "#EXT-X-MEDIA-SEQUENCE:5\n" SEG (5) CUT SEG (6) CUT SEG (7) SEG (8),
      "#EXT-X-MEDIA-SEQUENCE:8\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n" SEG (8) SEG (9), "" },
    /* nothing in common, or begun anew: cannot be told */
    { "#EXT-X-MEDIA-SEQUENCE:5\n" CUT SEG (5) SEG (6),
      "#EXT-X-MEDIA-SEQUENCE:50\n" SEG (50) SEG (51), "" },
    { "#EXT-X-MEDIA-SEQUENCE:500\n#EXT-X-DISCONTINUITY-SEQUENCE:7\n" SEG (500) SEG (501),
      "#EXT-X-MEDIA-SEQUENCE:0\n" SEG (0) SEG (1), "" },
    { "#EXT-X-MEDIA-SEQUENCE:5\n", "#EXT-X-MEDIA-SEQUENCE:5\n" CUT SEG (5), "" },
    /* as large as they come */
    { "#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:18446744073709531615\n" SEG (5)
          SEG (6),
      "#EXT-X-MEDIA-SEQUENCE:5\n" SEG (5) SEG (6), "discontinuity_sequence:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autofree char *before_text = g_strconcat (HEAD, rows[i].before, NULL);
    g_autofree char *now_text = g_strconcat (HEAD, rows[i].now, NULL);
    g_autoptr (UsPlaylist) before = parse_playlist (before_text);
    g_autoptr (UsPlaylist) now = parse_playlist (now_text);
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_discontinuity (before, now, hits);
    assert_hits (hits, rows[i].expected);
    g_autoptr (UsHits) first = us_hits_new ();
    us_detect_discontinuity (NULL, now, first);
    assert_hits (first, "");
  }
}

/* One hit in a poll, or the number of hits would make it worse than it is. */
static void
test_long (void) {
  g_autoptr (UsPlaylist) before = make_playlist (0, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, -1);
  g_autoptr (UsPlaylist) now = make_playlist (1, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, -1);
  g_autoptr (UsHits) hits = us_hits_new ();
  assert_quick (20, us_detect_discontinuity (before, now, hits));
  g_assert_cmpuint (hits->len, ==, 0);
  for (guint i = 0; i < now->segments->len; i++)
    segment_at (now, i)->discontinuity = i;
  us_detect_discontinuity (before, now, hits);
  g_assert_cmpuint (hits->len, ==, 1);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-discontinuity/table", test_table);
  g_test_add_func ("/monitor/detect-discontinuity/long", test_long);
  return g_test_run ();
}
