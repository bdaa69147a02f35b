/* test-queue.c - order, limits, and what goes first when there is no room */
#include "store/queue.h"

static UsWrite *
event (gint64 id) {
  UsEventRow row = { .id = id, .stream = (char *)"studio", .kind = (char *)"segment-ok" };
  return us_write_new_row (US_WRITE_EVENT, &row);
}

static UsWrite *
incident (const char *id) {
  UsIncidentRow row = { .id = (char *)id, .stream = (char *)"studio", .state = (char *)"open" };
  return us_write_new_row (US_WRITE_INCIDENT, &row);
}

static void
drop_all (GQueue *writes) {
  while (writes->head != NULL) {
    UsWrite *write = writes->head->data;
    g_queue_unlink (writes, &write->link);
    us_write_free (write);
  }
}

static void
empty (UsWriteQueue *queue) {
  UsWrite *write;
  us_write_queue_put_back (queue);
  while ((write = us_write_queue_pop (queue)) != NULL)
    us_write_free (write);
  g_assert_cmpuint (queue->n_bytes, ==, 0);
  g_assert_cmpuint (queue->minor.length, ==, 0);
}

static void
test_order (void) {
  UsWriteQueue queue;
  GQueue evicted = G_QUEUE_INIT;
  us_write_queue_init (&queue, 100, G_MAXSIZE);
  g_assert_cmpuint (us_write_queue_oldest (&queue), ==, G_MAXUINT64);
  for (gint64 i = 1; i <= 10; i++)
    us_write_queue_push (&queue, event (i), &evicted);
  g_assert_cmpuint (us_write_queue_take (&queue, 4, G_MAXSIZE), ==, 4);
  g_assert_cmpuint (us_write_queue_length (&queue), ==, 10);
  g_assert_cmpuint (us_write_queue_oldest (&queue), ==, 1);

  /* A failure: back they go, before the others. */
  us_write_queue_put_back (&queue);
  g_assert_cmpuint (us_write_queue_take (&queue, 3, G_MAXSIZE), ==, 3);
  for (gint64 i = 1; i <= 3; i++) {
    g_autoptr (UsWrite) write = us_write_queue_settle (&queue);
    g_assert_cmpint (write->row.event.id, ==, i);
  }
  g_assert_null (us_write_queue_settle (&queue));
  g_assert_cmpuint (us_write_queue_oldest (&queue), ==, 4);
  for (gint64 i = 4; i <= 10; i++) {
    g_autoptr (UsWrite) write = us_write_queue_pop (&queue);
    g_assert_cmpint (write->row.event.id, ==, i);
  }
  g_assert_cmpuint (evicted.length, ==, 0);
  empty (&queue);
}

static void
test_minor_goes_first (void) {
  UsWriteQueue queue;
  GQueue evicted = G_QUEUE_INIT;
  us_write_queue_init (&queue, 3, G_MAXSIZE);
  us_write_queue_push (&queue, incident ("A"), &evicted);
  us_write_queue_push (&queue, event (1), &evicted);
  us_write_queue_push (&queue, event (2), &evicted);
  us_write_queue_push (&queue, incident ("B"), &evicted);
  g_assert_cmpuint (evicted.length, ==, 1);
  g_assert_cmpint (((UsWrite *)evicted.head->data)->row.event.id, ==, 1);
  us_write_queue_push (&queue, incident ("C"), &evicted);
  g_assert_cmpuint (evicted.length, ==, 2);

  /* Nothing minor is left: the oldest of all, and a new minor one is its own victim. */
  us_write_queue_push (&queue, incident ("D"), &evicted);
  g_assert_cmpuint (evicted.length, ==, 3);
  g_assert_cmpstr (((UsWrite *)evicted.tail->data)->row.incident.id, ==, "A");
  us_write_queue_push (&queue, event (3), &evicted);
  g_assert_cmpint (((UsWrite *)evicted.tail->data)->row.event.id, ==, 3);
  g_assert_cmpuint (us_write_queue_length (&queue), ==, 3);
  drop_all (&evicted);
  empty (&queue);
}

static void
test_taken_cannot_go (void) {
  UsWriteQueue queue;
  GQueue evicted = G_QUEUE_INIT;
  us_write_queue_init (&queue, 3, G_MAXSIZE);
  for (gint64 i = 1; i <= 3; i++)
    us_write_queue_push (&queue, event (i), &evicted);
  us_write_queue_take (&queue, 3, G_MAXSIZE);
  us_write_queue_push (&queue, event (4), &evicted);
  g_assert_cmpuint (evicted.length, ==, 1);
  g_assert_cmpint (((UsWrite *)evicted.head->data)->row.event.id, ==, 4);
  us_write_queue_put_back (&queue);
  g_assert_cmpuint (us_write_queue_length (&queue), ==, 3);
  us_write_queue_push (&queue, event (5), &evicted);
  g_assert_cmpint (((UsWrite *)evicted.tail->data)->row.event.id, ==, 1);
  drop_all (&evicted);
  empty (&queue);
}

static void
test_bytes (void) {
  UsWriteQueue queue;
  GQueue evicted = G_QUEUE_INIT;
  g_autofree guint8 *zeroes = g_malloc0 (100000);
  g_autoptr (GBytes) jpeg = g_bytes_new_static (zeroes, 100000);
  UsThumbnailRow row = { .id = (char *)"t", .stream = (char *)"studio", .jpeg = jpeg };

  us_write_queue_init (&queue, 1000, 250000);
  us_write_queue_push (&queue, us_write_new_row (US_WRITE_THUMBNAIL, &row), &evicted);
  us_write_queue_push (&queue, us_write_new_row (US_WRITE_THUMBNAIL, &row), &evicted);
  g_assert_cmpuint (evicted.length, ==, 0);
  us_write_queue_push (&queue, us_write_new_row (US_WRITE_THUMBNAIL, &row), &evicted);
  g_assert_cmpuint (evicted.length, ==, 1);
  g_assert_cmpuint (queue.n_bytes, <=, 250000);

  /* A batch is bounded in bytes, too, but never empty. */
  g_assert_cmpuint (us_write_queue_take (&queue, 100, 1000), ==, 1);
  drop_all (&evicted);
  empty (&queue);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/queue/order", test_order);
  g_test_add_func ("/store/queue/minor-goes-first", test_minor_goes_first);
  g_test_add_func ("/store/queue/taken-cannot-go", test_taken_cannot_go);
  g_test_add_func ("/store/queue/bytes", test_bytes);
  return g_test_run ();
}
