/* calendar.c - when an origin's segments belong, by its own dates and by when they came
 *
 * Pure; belongs to a UsFollower. PROGRAM-DATE-TIME is another machine's clock, which may be wrong
 * and may step. A step shows twice: the date of a segment does not follow from the one before, and
 * the distance of the live edge from our own time changes by as much. (When only the first
 * happens, something is missing in the stream, and when only the second does, it comes late; then
 * the dates are right.) From then on the origin's dates are corrected by the step, so that a join
 * goes by the right ones. An origin that is hours away from its twin from the beginning is brought
 * to it. Our own time must not step: the caller counts it on the monotonic clock.
 *
 * What an origin lists after it began anew has no date before it, so only the distance from our
 * time is left to go by. Our own packagers begin with what the ingest still has, and catch up: that
 * they are behind is no step, and there is none where the dates are not their own (is_told).
 */
#include "switcher/calendar.h"

#define STEP_MS 1000 /* less is the origin's own jitter */
#define SMOOTH 8

void
us_calendar_init (UsCalendar *calendar) {
  *calendar = (UsCalendar){ .days = g_array_new (FALSE, FALSE, sizeof (UsCalendarDay)) };
}

void
us_calendar_clear (UsCalendar *calendar) {
  g_clear_pointer (&calendar->days, g_array_unref);
}

/* The origin counts its segments anew: no number means what it did. */
void
us_calendar_restart (UsCalendar *calendar) {
  g_array_set_size (calendar->days, 0);
}

/* Media sequence numbers rise by one, and so do the days: a list of many thousand segments is asked
 * for each of them every time it changes.
 *
 * Returns: (nullable): of segment @number, while it is listed */
const UsCalendarDay *
us_calendar_find (const UsCalendar *calendar, guint64 number) {
  if (calendar->days->len == 0)
    return NULL;
  guint64 index = number - g_array_index (calendar->days, UsCalendarDay, 0).number;
  return index < calendar->days->len ? &g_array_index (calendar->days, UsCalendarDay, (guint)index)
                                     : NULL;
}

/* How far the first new date is from where the known ones end. */
static gint64
find_jump (const UsCalendar *calendar, const UsPlaylist *playlist) {
  const UsCalendarDay *before = NULL;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    const UsCalendarDay *known = us_calendar_find (calendar, segment->number);
    if (known == NULL && before != NULL && before->date_ms >= 0 && segment->wall_ms >= 0)
      return segment->wall_ms - calendar->correction_ms - before->date_ms - before->lasts_ms;
    before = known;
  }
  return 0;
}

static void
begin (UsCalendar *calendar, gint64 offset_ms, const UsCalendar *twin) {
  calendar->has_offset = TRUE;
  calendar->usual_ms = offset_ms;
  if (twin == NULL || calendar->is_told || !twin->has_offset
      || ABS (offset_ms - twin->usual_ms) <= US_CALENDAR_APART_MS)
    return;
  calendar->usual_ms = twin->usual_ms;
  calendar->correction_ms = offset_ms - twin->usual_ms;
}

/* Returns: whether the origin's clock has stepped */
static gboolean
judge (UsCalendar *calendar, const UsPlaylist *playlist, gint64 offset_ms, gboolean is_restart) {
  gint64 off_ms = offset_ms - calendar->correction_ms - calendar->usual_ms;
  if (is_restart && calendar->is_told)
    return FALSE; /* it says nothing of what is usual, either */
  gint64 jump_ms = is_restart ? off_ms : find_jump (calendar, playlist);
  gint64 least_ms = is_restart ? US_CALENDAR_APART_MS : STEP_MS;
  if (ABS (jump_ms) >= least_ms && ABS (off_ms - jump_ms) < ABS (off_ms)) {
    calendar->correction_ms += jump_ms;
    calendar->n_steps++;
    return TRUE;
  }
  calendar->usual_ms += off_ms / SMOOTH;
  return FALSE;
}

static void
write_days (UsCalendar *calendar, const UsPlaylist *playlist, gint64 now_ms) {
  g_autoptr (GArray) days
      = g_array_sized_new (FALSE, TRUE, sizeof (UsCalendarDay), playlist->segments->len);
  g_array_set_size (days, playlist->segments->len);
  gint64 end_ms = now_ms; /* what came together came one after the other before */
  for (guint i = playlist->segments->len; i > 0; i--) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i - 1);
    const UsCalendarDay *known = us_calendar_find (calendar, segment->number);
    UsCalendarDay *day = &g_array_index (days, UsCalendarDay, i - 1);
    if (known != NULL) {
      *day = *known;
    } else {
      day->number = segment->number;
      day->lasts_ms = segment->duration_us / 1000;
      day->date_ms = segment->wall_ms < 0 ? -1 : segment->wall_ms - calendar->correction_ms;
      day->came_ms = end_ms - day->lasts_ms;
    }
    end_ms = day->came_ms;
  }
  g_array_unref (calendar->days);
  calendar->days = g_steal_pointer (&days);
}

/**
 * us_calendar_note:
 * @playlist: as just read, with a segment that the calendar does not know
 * @now_ms: our time, which does not step
 * @twin: (nullable): the other origin's
 *
 * Returns: whether the origin's clock has stepped
 */
gboolean
us_calendar_note (UsCalendar *calendar, const UsPlaylist *playlist, gint64 now_ms,
                  const UsCalendar *twin) {
  const UsPlaylistSegment *newest
      = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
  gboolean has_stepped = FALSE;
  if (newest->wall_ms >= 0) {
    calendar->offset_ms = newest->wall_ms + newest->duration_us / 1000 - now_ms;
    if (!calendar->has_offset)
      begin (calendar, calendar->offset_ms, twin);
    else
      has_stepped = judge (calendar, playlist, calendar->offset_ms, calendar->days->len == 0);
  }
  write_days (calendar, playlist, now_ms);
  return has_stepped;
}
