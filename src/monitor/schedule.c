/* schedule.c - many things to do at their times, with one source of the main loop
 *
 * Thousands of playlists, each with a timeout source of its own, would cost the main loop a look at
 * each of them in every round. Here they wait in a binary heap, and one source knows the time of
 * the first. Owned by the monitor; an entry is part of whatever it wakes, and leaves the heap
 * before it is called, so that it may plan itself again or free its owner.
 */
#include "monitor/schedule.h"

#define MAX_AT_ONCE 64 /* then the sockets have their turn */

struct UsSchedule {
  const UsClock *clock;
  GSource *source;
  GPtrArray *heap; /* element-type UsScheduled, not owned; the root stands at 0 */
};

static gint64
now_us (const UsSchedule *schedule) {
  return us_clock_monotonic_us (schedule->clock);
}

/* ---- the heap ---- */

static UsScheduled *
at (const UsSchedule *schedule, guint index) {
  return g_ptr_array_index (schedule->heap, index);
}

static void
place (UsSchedule *schedule, UsScheduled *entry, guint index) {
  schedule->heap->pdata[index] = entry;
  entry->place = index + 1;
}

static void
sift_up (UsSchedule *schedule, guint index) {
  UsScheduled *entry = at (schedule, index);
  while (index > 0 && at (schedule, (index - 1) / 2)->due_us > entry->due_us) {
    place (schedule, at (schedule, (index - 1) / 2), index);
    index = (index - 1) / 2;
  }
  place (schedule, entry, index);
}

static void
sift_down (UsSchedule *schedule, guint index) {
  UsScheduled *entry = at (schedule, index);
  for (guint child = 2 * index + 1; child < schedule->heap->len; child = 2 * index + 1) {
    if (child + 1 < schedule->heap->len
        && at (schedule, child + 1)->due_us < at (schedule, child)->due_us)
      child++;
    if (at (schedule, child)->due_us >= entry->due_us)
      break;
    place (schedule, at (schedule, child), index);
    index = child;
  }
  place (schedule, entry, index);
}

static void
take_out (UsSchedule *schedule, UsScheduled *entry) {
  guint index = entry->place - 1;
  UsScheduled *last = at (schedule, schedule->heap->len - 1);
  g_ptr_array_set_size (schedule->heap, (gint)schedule->heap->len - 1);
  entry->place = 0;
  if (last == entry)
    return;
  place (schedule, last, index);
  sift_up (schedule, index);
  sift_down (schedule, last->place - 1);
}

/* ---- the source ---- */

/* The source counts by the system's clock; the schedule by the one it was given. */
static void
arm (UsSchedule *schedule) {
  gint64 ready_us = -1;
  if (schedule->heap->len > 0) {
    gint64 wait_us = at (schedule, 0)->due_us - now_us (schedule);
    ready_us = g_get_monotonic_time () + MAX (wait_us, 0);
  }
  if (g_source_get_ready_time (schedule->source) != ready_us)
    g_source_set_ready_time (schedule->source, ready_us);
}

/**
 * us_schedule_run:
 *
 * Calls back whatever is due, in the order of its time, but not without end.
 */
void
us_schedule_run (UsSchedule *schedule) {
  gint64 until_us = now_us (schedule);
  for (guint i = 0; i < MAX_AT_ONCE && schedule->heap->len > 0; i++) {
    UsScheduled *entry = at (schedule, 0);
    if (entry->due_us > until_us)
      break;
    take_out (schedule, entry);
    entry->due (entry->due_us, entry->user_data);
  }
  arm (schedule);
}

static gboolean
on_ready (gpointer user_data) {
  us_schedule_run (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data) {
  return callback (user_data);
}

/**
 * us_schedule_new:
 * @clock: outlives the schedule
 *
 * Returns: (transfer full)
 */
UsSchedule *
us_schedule_new (const UsClock *clock) {
  static GSourceFuncs funcs = { .dispatch = dispatch };
  UsSchedule *schedule = g_new0 (UsSchedule, 1);
  schedule->clock = clock;
  schedule->heap = g_ptr_array_new ();
  schedule->source = g_source_new (&funcs, sizeof (GSource));
  g_source_set_static_name (schedule->source, "us-monitor-schedule");
  g_source_set_callback (schedule->source, on_ready, schedule, NULL);
  g_source_attach (schedule->source, g_main_context_get_thread_default ());
  return schedule;
}

void
us_schedule_free (UsSchedule *schedule) {
  if (schedule == NULL)
    return;
  for (guint i = 0; i < schedule->heap->len; i++)
    at (schedule, i)->place = 0;
  g_source_destroy (schedule->source);
  g_source_unref (schedule->source);
  g_ptr_array_unref (schedule->heap);
  g_free (schedule);
}

/**
 * us_schedule_at:
 * @entry: (inout): stays the caller's
 * @due_us: monotonic; in the past: at once, but never from within this function
 */
void
us_schedule_at (UsSchedule *schedule, UsScheduled *entry, gint64 due_us) {
  if (entry->place != 0)
    take_out (schedule, entry);
  entry->due_us = due_us;
  g_ptr_array_add (schedule->heap, entry);
  sift_up (schedule, schedule->heap->len - 1);
  if (entry->place == 1)
    arm (schedule);
}

/**
 * us_schedule_drop:
 * @entry: (inout): planned or not
 */
void
us_schedule_drop (UsSchedule *schedule, UsScheduled *entry) {
  if (entry->place != 0)
    take_out (schedule, entry);
}

guint
us_schedule_count (const UsSchedule *schedule) {
  return schedule->heap->len;
}
