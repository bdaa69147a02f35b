/* lateness.c - which of two live edges on one timeline is later than it should be
 *
 * Pure. Foreign origins cut at different places, so that each is ahead of the other for a part of
 * every segment, and one may always be slower. Behind is therefore only an origin whose twin lists
 * everything that the next segment of its own should bring, for longer than it has lately taken to
 * follow. A source that stops makes nobody late: the twin cannot list what was never made.
 */
#include "switcher/lateness.h"

#define FRAME_US (40 * G_TIME_SPAN_MILLISECOND) /* what rounding may hide */

/* To be called when the common timeline is another one, or is no more. */
void
us_lateness_reset (UsLateness *lateness) {
  *lateness = (UsLateness){ 0 };
}

static void
find_cover (UsLateness *lateness, UsOriginId origin, gint64 now_us) {
  UsLatenessSide *mine = &lateness->sides[origin];
  const UsLatenessSide *twin = &lateness->sides[us_origin_other (origin)];
  if (mine->is_set && twin->is_set && mine->covered_us == 0
      && twin->edge_us >= mine->edge_us + mine->next_us - FRAME_US)
    mine->covered_us = now_us;
}

/**
 * us_lateness_note:
 * @edge_us: where the newest segment of @origin ends, on the timeline that both share
 * @next_us: the longest that its segments last
 * @now_us: monotonic time
 */
void
us_lateness_note (UsLateness *lateness, UsOriginId origin, gint64 edge_us, gint64 next_us,
                  gint64 now_us) {
  UsLatenessSide *mine = &lateness->sides[origin];
  if (mine->is_set && edge_us < mine->edge_us)
    *mine = (UsLatenessSide){ 0 }; /* it began anew */
  if (!mine->is_set || edge_us > mine->edge_us) {
    if (mine->is_set) {
      gint64 lag_us = mine->covered_us > 0 ? now_us - mine->covered_us : 0;
      mine->lags_us[mine->n_lags++ % US_LATENESS_LAGS] = MIN (lag_us, US_LATENESS_LAG_CAP_US);
    }
    mine->is_set = TRUE;
    mine->edge_us = edge_us;
    mine->covered_us = 0;
  }
  mine->next_us = next_us;
  find_cover (lateness, US_ORIGIN_PRIMARY, now_us);
  find_cover (lateness, US_ORIGIN_BACKUP, now_us);
}

/**
 * us_lateness_forgive:
 * @pause_us: how long this process has just stood still
 * @now_us: monotonic time
 *
 * In that time nobody was seen, and so nobody was late.
 */
void
us_lateness_forgive (UsLateness *lateness, gint64 pause_us, gint64 now_us) {
  for (guint i = 0; i < US_N_ORIGINS; i++)
    if (lateness->sides[i].covered_us > 0)
      lateness->sides[i].covered_us = MIN (lateness->sides[i].covered_us + pause_us, now_us);
}

/**
 * us_lateness_behind_since:
 *
 * Returns: monotonic time since when @origin is later than it has ever been lately; 0: it is not,
 *   or not enough of it was seen
 */
gint64
us_lateness_behind_since (const UsLateness *lateness, UsOriginId origin, gint64 now_us) {
  const UsLatenessSide *mine = &lateness->sides[origin];
  gint64 usual_us = 0;
  if (mine->covered_us == 0 || mine->n_lags < US_LATENESS_LEAST)
    return 0;
  for (guint i = 0; i < MIN (mine->n_lags, US_LATENESS_LAGS); i++)
    usual_us = MAX (usual_us, mine->lags_us[i]);
  gint64 since_us = mine->covered_us + usual_us;
  return now_us >= since_us ? since_us : 0;
}
