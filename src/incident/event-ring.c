/* event-ring.c - the last five minutes of one stream's events, in memory
 *
 * Always on, so that an incident can show what came before it. Owned by the stream's entry in
 * incidents.c; bounded by age and by number; no I/O.
 */
#include "incident/event-ring.h"

static void
entry_free (gpointer data) {
  UsRingEntry *entry = data;
  us_event_free (entry->event);
  g_free (entry);
}

void
us_event_ring_init (UsEventRing *ring) {
  g_queue_init (&ring->good);
  g_queue_init (&ring->other);
}

void
us_event_ring_clear (UsEventRing *ring) {
  g_queue_clear_full (&ring->good, entry_free);
  g_queue_clear_full (&ring->other, entry_free);
}

static void
trim (GQueue *queue, guint max, gint64 oldest_us) {
  const UsRingEntry *first;
  while ((first = g_queue_peek_head (queue)) != NULL
         && (queue->length > max || first->at_us < oldest_us))
    entry_free (g_queue_pop_head (queue));
}

/**
 * us_event_ring_trim:
 * @now_us: monotonic
 *
 * Forgets what is older than @max_age_us.
 */
void
us_event_ring_trim (UsEventRing *ring, gint64 now_us, gint64 max_age_us) {
  trim (&ring->good, US_EVENT_RING_MAX_GOOD, now_us - max_age_us);
  trim (&ring->other, US_EVENT_RING_MAX_OTHER, now_us - max_age_us);
}

/**
 * us_event_ring_add:
 * @event: (transfer full)
 * @now_us: monotonic
 */
void
us_event_ring_add (UsEventRing *ring, UsEvent *event, gboolean is_kept, gint64 now_us,
                   gint64 max_age_us) {
  UsRingEntry *entry = g_new (UsRingEntry, 1);
  *entry = (UsRingEntry){ .event = event, .at_us = now_us, .is_kept = is_kept };
  g_queue_push_tail (event->kind == US_EVENT_SEGMENT_OK ? &ring->good : &ring->other, entry);
  us_event_ring_trim (ring, now_us, max_age_us);
}

static int
compare (gconstpointer a, gconstpointer b) {
  const UsEvent *x = (*(UsRingEntry *const *)a)->event, *y = (*(UsRingEntry *const *)b)->event;
  if (x->wall_us != y->wall_us)
    return x->wall_us < y->wall_us ? -1 : 1;
  return x->id < y->id ? -1 : x->id > y->id;
}

/**
 * us_event_ring_list:
 *
 * Returns: (transfer container) (element-type UsRingEntry): all of them by time
 */
GPtrArray *
us_event_ring_list (const UsEventRing *ring) {
  GPtrArray *list = g_ptr_array_sized_new (ring->good.length + ring->other.length);
  for (GList *l = ring->good.head; l != NULL; l = l->next)
    g_ptr_array_add (list, l->data);
  for (GList *l = ring->other.head; l != NULL; l = l->next)
    g_ptr_array_add (list, l->data);
  g_ptr_array_sort (list, compare);
  return list;
}
