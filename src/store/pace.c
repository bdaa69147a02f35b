/* pace.c - when to write, to tidy, to wait and to stop; pure */
#include "store/pace.h"

static gint64
write_due_us (const UsPaceFacts *facts) {
  if (facts->n_waiting == 0)
    return G_MAXINT64;
  if (facts->is_failing)
    return facts->retry_us;
  if (facts->is_urgent || facts->is_stopping || facts->n_waiting >= US_PACE_BATCH)
    return facts->now_us;
  return facts->first_us + US_PACE_GATHER_US;
}

/**
 * us_pace_decide:
 * @facts: what is known
 * @until_us: (out): with %US_PACE_WAIT, when to ask again at the latest
 *
 * Writes go before tidying, and nothing is tidied while writing fails or the end is near. A disk
 * that is full is asked again only when its time has come, however many wait.
 */
UsPace
us_pace_decide (const UsPaceFacts *facts, gint64 *until_us) {
  gint64 write_us = write_due_us (facts);

  *until_us = write_us;
  if (facts->is_stopping) {
    if (facts->n_waiting == 0 || facts->now_us >= facts->stop_us)
      return US_PACE_STOP;
    *until_us = MIN (write_us, facts->stop_us);
  } else if (!facts->is_failing) {
    *until_us = MIN (write_us, facts->tidy_us);
  }
  if (write_us <= facts->now_us)
    return US_PACE_WRITE;
  if (*until_us <= facts->now_us)
    return US_PACE_TIDY;
  return US_PACE_WAIT;
}
