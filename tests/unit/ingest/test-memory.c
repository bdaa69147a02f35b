/* test-memory.c - when streams are too large together */
#include "ingest/memory.h"

#define MB (1000 * 1000)

static void
test_judge (void) {
  static const struct {
    UsMemory memory;
    guint n;
    UsMemoryVerdict verdict;
    gsize share;
  } rows[] = {
    { { 900 * MB, 0, 0, 0 }, 1, US_MEMORY_FINE, 0 },
    { { 0, 0, 0, 100 * MB }, 1, US_MEMORY_FINE, 90 * MB },
    { { 89 * MB, 0, 0, 100 * MB }, 3, US_MEMORY_FINE, 30 * MB },
    { { 80 * MB, 5 * MB, 5 * MB, 100 * MB }, 4, US_MEMORY_FULL, 20 * MB },
    { { 100 * MB, 0, 0, 100 * MB }, 1, US_MEMORY_FULL, 90 * MB },
    { { 101 * MB, 0, 0, 100 * MB }, 1, US_MEMORY_OVER, 90 * MB },
    { { 1 * MB, 0, 100 * MB, 100 * MB }, 1, US_MEMORY_OVER, 0 },
    { { 101 * MB, 0, 0, 100 * MB }, 0, US_MEMORY_OVER, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_assert_cmpint (us_memory_judge (&rows[i].memory), ==, rows[i].verdict);
    g_assert_cmpuint (us_memory_share (&rows[i].memory, rows[i].n), ==, rows[i].share);
  }
}

static void
test_shrink (void) {
  g_autoptr (UsRing) ring = us_ring_new (100, 10000, 100 * MB);
  for (guint i = 0; i < 10; i++) {
    g_autoptr (GBytes) payload = g_bytes_new_take (g_malloc0 (MB), MB);
    UsRingSegment *segment = us_ring_open (ring, 1, i, i * 2000, i * 2000, NULL, NULL);
    us_ring_append (ring, US_RTMP_VIDEO, TRUE, i * 2000, payload);
    segment->is_closed = i < 9;
  }
  us_ring_shrink (ring, 5 * MB);
  g_assert_cmpuint (us_ring_get_bytes (ring), <=, 5 * MB);
  g_assert_cmpuint (us_ring_get_bytes (ring), >, 3 * MB);
  us_ring_shrink (ring, 0); /* the one that is being written stays */
  g_assert_cmpuint (us_ring_get_oldest (ring), ==, us_ring_get_newest (ring));
  g_assert_nonnull (us_ring_get_open (ring));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ingest/memory/judge", test_judge);
  g_test_add_func ("/ingest/memory/shrink", test_shrink);
  return g_test_run ();
}
