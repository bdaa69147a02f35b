/* check-end.c - when a check has seen enough
 *
 * Pure. A recording is over when all that was wanted of it has been fetched and judged. A live
 * stream is watched for three target durations, so that a playlist that stands still is noticed
 * (RFC 8216 6.2.1 allows 1.5), and for a rendition that has not brought its first segment by then
 * as long again. What cannot be reached is known after some polls.
 */
#include "commands/check-end.h"

#define LIVE_TARGETS 3
#define LIVE_LEAST_US (10 * (gint64)G_USEC_PER_SEC)
#define EVALUATIONS 2 /* what does not last for two is not believed */
/* Nothing came at all, and nothing was proven either. */
#define NOTHING_US (60 * (gint64)G_USEC_PER_SEC)

/**
 * us_check_end_planned_us:
 *
 * Returns: how long a live stream is watched from its first playlist on, or by the user's wish from
 *   the begin on
 */
gint64
us_check_end_planned_us (const UsCheckEnd *facts) {
  if (facts->for_us > 0)
    return facts->for_us;
  return MAX (LIVE_TARGETS * (gint64)facts->target_duration_s * G_USEC_PER_SEC, LIVE_LEAST_US);
}

static gboolean
is_live_due (const UsCheckEnd *facts) {
  gint64 planned_us = us_check_end_planned_us (facts);
  gint64 watched_us = facts->now_us - facts->first_good_us;
  if (watched_us < planned_us || facts->n_evaluations < EVALUATIONS)
    return FALSE;
  return !facts->lacks_segment || watched_us >= 2 * planned_us;
}

/**
 * us_check_end_is_due:
 */
gboolean
us_check_end_is_due (const UsCheckEnd *facts) {
  gint64 passed_us = facts->now_us - facts->begun_us;
  if (facts->is_unreachable)
    return TRUE;
  if (facts->for_us > 0)
    return passed_us >= facts->for_us
           || (facts->is_recording && facts->is_idle && facts->n_idle_evaluations >= EVALUATIONS);
  if (facts->first_good_us == 0)
    return passed_us >= NOTHING_US;
  if (facts->is_recording)
    return facts->is_idle && facts->n_idle_evaluations >= EVALUATIONS;
  return is_live_due (facts);
}
