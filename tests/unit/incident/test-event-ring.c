/* test-event-ring.c - bounded by age and number, each kind on its own */
#include "incident/event-ring.h"

#define MINUTE ((gint64)60 * G_USEC_PER_SEC)

static void
add (UsEventRing *ring, UsEventKind kind, gint64 at_us, guint64 id) {
  UsEvent *event = us_event_new ("s", at_us, kind, US_SEVERITY_INFO, "probe", "x");
  event->id = id;
  us_event_ring_add (ring, event, FALSE, at_us, 5 * MINUTE);
}

static void
test_bounds (void) {
  UsEventRing ring;
  us_event_ring_init (&ring);
  add (&ring, US_EVENT_SEGMENT_ERROR, MINUTE, 1);
  for (guint i = 0; i < 10 * US_EVENT_RING_MAX_GOOD; i++)
    add (&ring, US_EVENT_SEGMENT_OK, MINUTE + i, 2 + i);
  g_assert_cmpuint (ring.good.length, ==, US_EVENT_RING_MAX_GOOD);
  g_assert_cmpuint (ring.other.length, ==, 1);
  for (guint i = 0; i < 10 * US_EVENT_RING_MAX_OTHER; i++)
    add (&ring, US_EVENT_NOTE, MINUTE + i, 5000 + i);
  g_assert_cmpuint (ring.good.length, ==, US_EVENT_RING_MAX_GOOD);
  g_assert_cmpuint (ring.other.length, ==, US_EVENT_RING_MAX_OTHER);
  us_event_ring_clear (&ring);
  g_assert_cmpuint (ring.good.length, ==, 0);
}

static void
test_age (void) {
  UsEventRing ring;
  us_event_ring_init (&ring);
  add (&ring, US_EVENT_SEGMENT_OK, MINUTE, 1);
  add (&ring, US_EVENT_NOTE, 2 * MINUTE, 2);
  us_event_ring_trim (&ring, 6 * MINUTE, 5 * MINUTE);
  g_assert_cmpuint (ring.good.length, ==, 1);
  us_event_ring_trim (&ring, 6 * MINUTE + 1, 5 * MINUTE);
  g_assert_cmpuint (ring.good.length, ==, 0);
  g_assert_cmpuint (ring.other.length, ==, 1);
  us_event_ring_clear (&ring);
}

static void
test_order (void) {
  static const guint64 expected[] = { 3, 1, 2, 4 };
  UsEventRing ring;
  us_event_ring_init (&ring);
  add (&ring, US_EVENT_SEGMENT_OK, 2 * MINUTE, 1);
  add (&ring, US_EVENT_NOTE, 2 * MINUTE, 2);
  add (&ring, US_EVENT_NOTE, MINUTE, 3); /* told late */
  add (&ring, US_EVENT_SEGMENT_OK, 3 * MINUTE, 4);
  g_autoptr (GPtrArray) list = us_event_ring_list (&ring);
  g_assert_cmpuint (list->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < list->len; i++)
    g_assert_cmpuint (((UsRingEntry *)list->pdata[i])->event->id, ==, expected[i]);
  us_event_ring_clear (&ring);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/event-ring/bounds", test_bounds);
  g_test_add_func ("/incident/event-ring/age", test_age);
  g_test_add_func ("/incident/event-ring/order", test_order);
  return g_test_run ();
}
