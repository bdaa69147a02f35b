/* desk-telling.c - people are told of an incident when it is on disk
 *
 * Whoever has been told of an incident will look for it, and wait for its end: a kill must not
 * leave them with one that nobody knows any more, while the next desk opens another for the same
 * fault. So the notifier hears of a step when a barrier behind its row has come back. What webhooks
 * will be told is in front of that barrier, too: killed behind it, the next desk tells it. A disk
 * that fails is no reason to be silent: then people are told at once, and of one that merely hangs,
 * after MOST_US. In the desk's loop, always in order.
 *
 * A telling lives until the store has answered its barrier, even if the desk is gone by then.
 */
#include "desk/desk-private.h"

#define MOST_US (2 * (gint64)G_USEC_PER_SEC)

typedef struct {
  UsDesk *desk;     /* NULL: gone */
  UsNotice *notice; /* NULL: told */
  gint64 since_us;  /* monotonic */
  GList link;
} Telling;

static void
telling_free (Telling *telling) {
  us_notice_free (telling->notice);
  g_free (telling);
}

/* @last: (nullable): up to and with it; %NULL: all */
static void
tell_up_to (UsDesk *self, const Telling *last) {
  GList *link;
  while ((link = g_queue_pop_head_link (&self->tellings)) != NULL) {
    Telling *telling = link->data;
    us_notifier_tell_notice (self->notifier, g_steal_pointer (&telling->notice));
    if (telling == last)
      return;
  }
}

/* A UsStoreDone. @error: the barrier was given up, which is no reason to be silent. */
static void
on_disk (const GError *error, gpointer data) {
  Telling *telling = data;
  if (telling->desk != NULL && telling->notice != NULL)
    tell_up_to (telling->desk, telling);
  telling_free (telling);
}

void
us_desk_tell_incident (UsDesk *self, const UsIncidentRow *row, UsIncidentStep step) {
  gboolean is_news = step != US_INCIDENT_KEEP && step != US_INCIDENT_RELAPSES;
  if (self->store_problem != NULL || (!is_news && self->tellings.length == 0)) {
    us_notifier_tell (self->notifier, row, step);
    return;
  }
  Telling *telling = g_new0 (Telling, 1);
  telling->desk = self;
  telling->notice = us_notifier_prepare (self->notifier, row, step);
  telling->since_us = us_clock_monotonic_us (self->clock);
  telling->link.data = telling;
  g_queue_push_tail_link (&self->tellings, &telling->link);
  us_store_barrier (self->store, on_disk, telling);
}

/* The disk has begun to fail. */
void
us_desk_tell_all (UsDesk *self) {
  tell_up_to (self, NULL);
}

/* To be called about once a second. */
void
us_desk_tell_late (UsDesk *self) {
  gint64 now_us = us_clock_monotonic_us (self->clock);
  const Telling *last = NULL;
  for (GList *link = self->tellings.head; link != NULL; link = link->next) {
    const Telling *telling = link->data;
    if (now_us - telling->since_us >= MOST_US)
      last = telling;
  }
  if (last != NULL)
    tell_up_to (self, last);
}

/* Nobody is told any more by this desk. What is on disk by then, the next one goes on with. */
void
us_desk_forget_tellings (UsDesk *self) {
  GList *link;
  while ((link = g_queue_pop_head_link (&self->tellings)) != NULL)
    ((Telling *)link->data)->desk = NULL;
}
