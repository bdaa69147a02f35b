/* test-ring.c - what stays, what goes, and that nothing grows without bound */
#include "ingest/ring.h"

static void
fill (UsRing *ring, guint64 number, gint64 length_ms, gsize item_bytes) {
  gint64 media_ms = (gint64)number * length_ms;
  UsRingSegment *segment = us_ring_open (ring, 1, number, media_ms, 0, NULL, NULL);
  g_autofree guint8 *data = g_malloc0 (item_bytes);
  g_autoptr (GBytes) payload = g_bytes_new (data, item_bytes);
  us_ring_append (ring, US_RTMP_VIDEO, TRUE, media_ms, payload);
  segment->end_ms = media_ms + length_ms;
  segment->is_closed = TRUE;
}

static void
test_window (void) {
  g_autoptr (UsRing) ring = us_ring_new (10, 10000, 1 << 20);
  g_assert_cmpuint (us_ring_get_oldest (ring), ==, 1);
  g_assert_cmpuint (us_ring_get_newest (ring), ==, 0);
  for (guint64 n = 1; n <= 100; n++)
    fill (ring, n, 2000, 10);
  (void)us_ring_open (ring, 1, 101, 202000, 0, NULL, NULL);
  /* one open, ten of the window, five more for 10 s */
  g_assert_cmpuint (us_ring_get_newest (ring), ==, 101);
  g_assert_cmpuint (us_ring_get_oldest (ring), ==, 101 - 15);
  g_assert_null (us_ring_get (ring, 85));
  g_assert_cmpuint (us_ring_get (ring, 90)->number, ==, 90);
  g_assert_null (us_ring_get (ring, 102));
  g_assert_cmpuint (us_ring_find_number (ring, 99)->serial, ==, 99);
  g_assert_null (us_ring_find_number (ring, 12));
}

static void
test_bytes (void) {
  g_autoptr (UsRing) ring = us_ring_new (10, 10000, 100000);
  for (guint64 n = 1; n <= 50; n++) {
    fill (ring, n, 2000, 30000);
    g_assert_cmpuint (us_ring_get_bytes (ring), <=, 100000);
  }
  g_assert_cmpuint (us_ring_get_newest (ring) - us_ring_get_oldest (ring), ==, 2);
}

/* A publisher that starts anew all the time makes segments of a millisecond, ten seconds of which
 * would never come together, and may have a configuration as large as it likes. */
static void
test_short_segments (void) {
  g_autoptr (UsRing) ring = us_ring_new (10, 10000, 64 << 20);
  for (guint64 n = 1; n <= 5000; n++)
    fill (ring, n, 1, 10);
  g_assert_cmpuint (us_ring_get_newest (ring) - us_ring_get_oldest (ring), <=,
                    10 + US_RING_MAX_EXTRA);
  g_autoptr (UsRing) small = us_ring_new (10, 10000, 100000);
  g_autoptr (GBytes) config = g_bytes_new_take (g_malloc0 (30000), 30000);
  for (guint64 n = 1; n <= 50; n++) {
    UsRingSegment *segment = us_ring_open (small, n, n, 0, 0, config, config);
    g_assert_cmpuint (us_ring_get_bytes (small), <=, 100000);
    segment->end_ms = 1;
    segment->is_closed = TRUE;
  }
}

/* Tiny messages cost memory too. */
static void
test_tiny_items (void) {
  g_autoptr (UsRing) ring = us_ring_new (10, 10000, 100000);
  g_autoptr (GBytes) payload = g_bytes_new_static ("x", 1);
  fill (ring, 1, 2000, 10);
  (void)us_ring_open (ring, 1, 2, 4000, 0, NULL, NULL);
  for (guint i = 0; i < 10000; i++)
    us_ring_append (ring, US_RTMP_AUDIO, FALSE, 4000 + i, payload);
  g_assert_cmpuint (us_ring_get_oldest (ring), ==, 2);
  g_assert_cmpuint (us_ring_get_bytes (ring), >, 10000 * sizeof (UsRingItem));
}

static void
test_contents (void) {
  g_autoptr (UsRing) ring = us_ring_new (3, 0, 1 << 20);
  g_autoptr (GBytes) config = g_bytes_new_static ("cfg", 3);
  g_autoptr (GBytes) payload = g_bytes_new_static ("abc", 3);
  UsRingSegment *segment = us_ring_open (ring, 7, 70, 5, 6, config, NULL);
  us_ring_append (ring, US_RTMP_AUDIO, FALSE, 5, payload);
  g_assert_cmpint (segment->tracks, ==, US_TRACK_AUDIO);
  us_ring_append (ring, US_RTMP_VIDEO, TRUE, 6, payload);
  g_assert_cmpint (segment->tracks, ==, US_TRACK_AUDIO | US_TRACK_VIDEO);
  g_assert_true (segment->video_config == config);
  g_assert_null (segment->audio_config);
  g_assert_true (us_ring_get_open (ring) == segment);
  segment->is_closed = TRUE;
  g_assert_null (us_ring_get_open (ring));
}

/* The open segment goes as if it had never been, and its serial is given out again. */
static void
test_withdraw (void) {
  g_autoptr (UsRing) ring = us_ring_new (3, 0, 1 << 20);
  g_autoptr (GBytes) payload = g_bytes_new_static ("abc", 3);
  fill (ring, 1, 2000, 10);
  gsize bytes = us_ring_get_bytes (ring);
  (void)us_ring_open (ring, 1, 2, 4000, 0, payload, payload);
  us_ring_append (ring, US_RTMP_VIDEO, TRUE, 4000, payload);
  us_ring_withdraw (ring);
  g_assert_cmpuint (us_ring_get_bytes (ring), ==, bytes);
  g_assert_cmpuint (us_ring_get_newest (ring), ==, 1);
  g_assert_null (us_ring_get_open (ring));
  g_assert_null (us_ring_get (ring, 2));
  g_assert_null (us_ring_find_number (ring, 2));
  g_assert_cmpuint (us_ring_open (ring, 7, 2, 0, 0, NULL, NULL)->serial, ==, 2);
  g_assert_cmpuint (us_ring_get (ring, 2)->epoch, ==, 7);
}

/* It was so large that nothing else was kept. */
static void
test_withdraw_the_only_one (void) {
  g_autoptr (UsRing) ring = us_ring_new (3, 0, 1000);
  g_autofree guint8 *data = g_malloc0 (2000);
  g_autoptr (GBytes) payload = g_bytes_new (data, 2000);
  fill (ring, 1, 2000, 10);
  (void)us_ring_open (ring, 1, 2, 4000, 0, NULL, NULL);
  us_ring_append (ring, US_RTMP_VIDEO, TRUE, 4000, payload);
  g_assert_cmpuint (us_ring_get_oldest (ring), ==, 2);
  us_ring_withdraw (ring);
  g_assert_cmpuint (us_ring_get_bytes (ring), ==, 0);
  g_assert_cmpuint (us_ring_get_oldest (ring), ==, 2);
  g_assert_cmpuint (us_ring_get_newest (ring), ==, 1);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ring/window", test_window);
  g_test_add_func ("/ring/bytes", test_bytes);
  g_test_add_func ("/ring/short-segments", test_short_segments);
  g_test_add_func ("/ring/tiny-items", test_tiny_items);
  g_test_add_func ("/ring/contents", test_contents);
  g_test_add_func ("/ring/withdraw", test_withdraw);
  g_test_add_func ("/ring/withdraw-the-only-one", test_withdraw_the_only_one);
  return g_test_run ();
}
