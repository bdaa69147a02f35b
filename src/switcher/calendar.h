/* calendar.h - when an origin's segments belong, by its own dates and by when they came */
#pragma once

#include "hls/playlist.h"

G_BEGIN_DECLS

/* UsCalendarDay: where one segment begins. */
typedef struct {
  guint64 number;  /* media sequence number at the origin */
  gint64 date_ms;  /* by PROGRAM-DATE-TIME, less the steps of the origin's clock; -1: it has none */
  gint64 came_ms;  /* by when it was first seen listed */
  gint64 lasts_ms; /* its duration */
} UsCalendarDay;

/* UsCalendar: made by us_calendar_init(), ended by us_calendar_clear(). */
typedef struct {
  /* Its dates are the ingest's, whose packager has no say in them: one that was restarted begins
   * with older segments, and its dates are right. Set by the caller. */
  gboolean is_told;
  GArray *days; /* element-type UsCalendarDay: what the playlist noted last lists, in order */
  gboolean has_offset;  /* a dated playlist was noted */
  gint64 offset_ms;     /* its newest date less our time when that came: clock and way together */
  gint64 usual_ms;      /* the same while nothing was wrong, smoothed */
  gint64 correction_ms; /* what its clock has stepped since */
  guint n_steps;
} UsCalendar;

#define US_CALENDAR_APART_MS 5000 /* two live origins whose dates differ by more disagree */

void us_calendar_init (UsCalendar *calendar);
void us_calendar_clear (UsCalendar *calendar);
void us_calendar_restart (UsCalendar *calendar);
gboolean us_calendar_note (UsCalendar *calendar, const UsPlaylist *playlist, gint64 now_ms,
                           const UsCalendar *twin);
const UsCalendarDay *us_calendar_find (const UsCalendar *calendar, guint64 number);

G_END_DECLS
