/* pace.c - compares the time a pipeline works with the time its segments last
 *
 * Copying takes some thousandths of a segment's duration, encoding a good part of it; a machine
 * that is too small for it falls behind without any error, until segments are given up. The
 * operator shall hear of it before that, once, and once when it is over. A packager that has just
 * started works off what ingest kept for it: many segments wait then, but the ratio is good. A busy
 * moment makes one ratio bad, but nothing waits. Only both together are news.
 *
 * Pure; a part of the packager's stream.
 */
#include "packager/pace.h"

#define WEIGHT 0.25        /* of the newest segment in the smoothed ratio */
#define BEHIND 2           /* segments that wait when one is done */
#define GOOD_RATIO 0.9     /* below it there is room to catch up */
#define TOO_SLOW_RATIO 1.0 /* from here on it can only fall behind */

/**
 * us_pace_take:
 * @pace: the pace of a stream
 * @run_us: how long the pipeline worked on a segment
 * @duration_us: how long that segment lasts; nothing is learnt from one without duration
 * @n_waiting: segments that wait for the pipeline now
 *
 * Returns: what an operator should hear
 */
UsPaceNews
us_pace_take (UsPace *pace, gint64 run_us, gint64 duration_us, guint n_waiting) {
  if (duration_us <= 0 || run_us < 0)
    return US_PACE_NO_NEWS;
  double ratio = (double)run_us / (double)duration_us;
  pace->ratio = pace->ratio > 0 ? pace->ratio + WEIGHT * (ratio - pace->ratio) : ratio;
  if (!pace->is_too_slow && pace->ratio >= TOO_SLOW_RATIO && n_waiting >= BEHIND) {
    pace->is_too_slow = TRUE;
    return US_PACE_TOO_SLOW;
  }
  if (pace->is_too_slow && pace->ratio < GOOD_RATIO && n_waiting == 0) {
    pace->is_too_slow = FALSE;
    return US_PACE_GOOD;
  }
  return US_PACE_NO_NEWS;
}

/**
 * us_pace_lose:
 * @pace: the pace of a stream
 *
 * A segment was given up before its turn came, since too many were waiting.
 *
 * Returns: what an operator should hear
 */
UsPaceNews
us_pace_lose (UsPace *pace) {
  if (pace->is_too_slow)
    return US_PACE_NO_NEWS;
  pace->is_too_slow = TRUE;
  return US_PACE_TOO_SLOW;
}
