/* test-facts.c - what was seen is let go of whole, once */
#include "detect-case.h"

static void
fill (UsFetched *fetched) {
  fetched->problem = g_strdup ("connection refused");
  fetched->address = g_strdup ("192.0.2.1");
  fetched->content_type = g_strdup ("text/html");
  fetched->content_encoding = g_strdup ("gzip");
  fetched->cache_control = g_strdup ("no-store");
  fetched->allow_origin = g_strdup ("*");
  fetched->n_bytes = 7;
}

static void
test_fetched (void) {
  UsFetched fetched = { 0 };
  fill (&fetched);
  us_fetched_clear (&fetched);
  g_assert_null (fetched.problem);
  g_assert_null (fetched.allow_origin);
  g_assert_cmpuint (fetched.n_bytes, ==, 0);
  us_fetched_clear (&fetched);
}

static void
test_playlist_seen (void) {
  UsPlaylistSeen seen = { .is_html = TRUE };
  fill (&seen.fetched);
  seen.playlist = make_playlist (0, 3, 2000, 2, -1);
  seen.parse_error = g_strdup ("line 1: HTML");
  us_playlist_seen_clear (&seen);
  g_assert_null (seen.playlist);
  g_assert_null (seen.parse_error);
  g_assert_null (seen.fetched.address);
  g_assert_false (seen.is_html);
  us_playlist_seen_clear (&seen);
}

static void
test_segment_seen (void) {
  UsSegmentSeen *segment = g_new0 (UsSegmentSeen, 1);
  fill (&segment->fetched);
  segment->media_error = g_strdup ("no media");
  us_segment_seen_free (segment);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/facts/fetched", test_fetched);
  g_test_add_func ("/monitor/facts/playlist-seen", test_playlist_seen);
  g_test_add_func ("/monitor/facts/segment-seen", test_segment_seen);
  return g_test_run ();
}
