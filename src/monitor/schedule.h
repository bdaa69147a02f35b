/* schedule.h - many things to do at their times, with one source of the main loop */
#pragma once

#include "base/clock.h"

G_BEGIN_DECLS

/* UsSchedule: use in one thread; it runs in the main context that was the default when it was made.
 */
typedef struct UsSchedule UsSchedule;

/* @due_us: when it was to be done; by now may be later */
typedef void (*UsDue) (gint64 due_us, gpointer user_data);

/* UsScheduled: one thing to do, part of its owner, who fills @due and @user_data once and calls
 * us_schedule_drop() before it goes. The rest belongs to the schedule. */
typedef struct {
  UsDue due;
  gpointer user_data;
  gint64 due_us; /* monotonic */
  guint place;   /* in the heap, from 1; 0: nothing is planned */
} UsScheduled;

UsSchedule *us_schedule_new (const UsClock *clock);
void us_schedule_free (UsSchedule *schedule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsSchedule, us_schedule_free)

/* Plans it, or plans it anew. */
void us_schedule_at (UsSchedule *schedule, UsScheduled *entry, gint64 due_us);
void us_schedule_drop (UsSchedule *schedule, UsScheduled *entry);
guint us_schedule_count (const UsSchedule *schedule);
/* Does what is due; the main loop does it by itself. */
void us_schedule_run (UsSchedule *schedule);

G_END_DECLS
