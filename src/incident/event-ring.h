/* event-ring.h - the last five minutes of one stream's events, in memory */
#pragma once

#include "finding/event.h"

G_BEGIN_DECLS

/* Good segments are most of what happens: they have room of their own, so that they never push out
 * what went wrong. */
#define US_EVENT_RING_MAX_GOOD 300
#define US_EVENT_RING_MAX_OTHER 500

/* UsRingEntry:
 * @at_us: when it came, monotonic
 * @is_kept: it is in the store as well */
typedef struct {
  UsEvent *event;
  gint64 at_us;
  gboolean is_kept;
} UsRingEntry;

/* UsEventRing: zero-initialised, or by us_event_ring_init(). Element-type UsRingEntry, oldest
 * first. */
typedef struct {
  GQueue good, other;
} UsEventRing;

void us_event_ring_init (UsEventRing *ring);
void us_event_ring_clear (UsEventRing *ring);
void us_event_ring_add (UsEventRing *ring, UsEvent *event, gboolean is_kept, gint64 now_us,
                        gint64 max_age_us);
void us_event_ring_trim (UsEventRing *ring, gint64 now_us, gint64 max_age_us);
GPtrArray *us_event_ring_list (const UsEventRing *ring);

G_END_DECLS
