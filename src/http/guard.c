/* guard.c - the deadlines of a viewer's connection
 *
 * libsoup's server knows no time at all: half a header, an idle connection and a reader that
 * stopped reading stay for ever. The shard therefore asks this function about each of its
 * connections several times a second and does what it says. Nothing here touches a socket.
 */
#include "http/guard.h"

/**
 * us_guard_decide:
 * @facts: what one connection is doing
 * @limits: the deadlines
 * @now_us: monotonic time
 *
 * A header has one deadline from its first byte (or from accept, when no byte came), so that
 * trickling does not help. A body and a response must move a byte within theirs, and be through
 * within %US_GUARD_TRICKLE times that; a stream of events has no such end, but what there is of it
 * must move. A request that waits for us has none: whoever answers
 * decides.
 *
 * Returns: what to do now
 */
UsGuardVerdict
us_guard_decide (const UsGuardFacts *facts, const UsGuardLimits *limits, gint64 now_us) {
  gint64 age_us = now_us - facts->since_us;
  gint64 still_us = now_us - facts->progress_us;

  switch (facts->phase) {
  case US_GUARD_IDLE:
    if (age_us >= (facts->is_fresh ? limits->header_us : limits->idle_us))
      return US_GUARD_CLOSE;
    return facts->is_parkable && age_us >= limits->park_us ? US_GUARD_PARK : US_GUARD_KEEP;
  case US_GUARD_HEADER:
    return age_us >= limits->header_us ? US_GUARD_CLOSE_HEADER : US_GUARD_KEEP;
  case US_GUARD_BODY:
    if (still_us >= limits->header_us || age_us >= US_GUARD_TRICKLE * limits->header_us)
      return US_GUARD_CLOSE_HEADER;
    return US_GUARD_KEEP;
  case US_GUARD_SENDING:
    if (still_us >= limits->send_us || age_us >= US_GUARD_TRICKLE * limits->send_us)
      return US_GUARD_CLOSE_SLOW;
    return US_GUARD_KEEP;
  case US_GUARD_STREAMING:
    return facts->has_pending && still_us >= limits->send_us ? US_GUARD_CLOSE_SLOW : US_GUARD_KEEP;
  case US_GUARD_LINGER:
    return age_us >= US_GUARD_LINGER_US ? US_GUARD_CLOSE : US_GUARD_KEEP;
  case US_GUARD_HANDLING:
  default:
    return US_GUARD_KEEP;
  }
}
