/* backoff.c - doubling delays with a cap and jitter; pure */
#include "base/backoff.h"

/**
 * us_backoff_delay_ms:
 * @backoff: the policy
 * @failures: how often it failed in a row, 0 meaning not at all
 * @jitter: -1.0 to 1.0, from the caller's random source; the delay moves by up to a fifth, so that
 *   many peers that lost the same server do not return in step
 *
 * Returns: milliseconds to wait before the next try
 */
guint
us_backoff_delay_ms (const UsBackoff *backoff, guint failures, double jitter) {
  if (failures == 0)
    return 0;
  guint64 delay = backoff->first_ms;
  if (failures > 1)
    delay = (guint64)backoff->step_ms << MIN (failures - 2, 20);
  delay = MIN (delay, backoff->cap_ms);
  return (guint)((double)delay * (1.0 + 0.2 * CLAMP (jitter, -1.0, 1.0)));
}
