/* takeover.c - the policy for two publishers on one key; pure
 *
 * Plain refusal strands an encoder whose network dropped, because its old TCP session lives on for
 * minutes; plain takeover lets anybody who knows the key throw a live encoder out. So silence of
 * the old session decides, and a newcomer is held for the moment it takes to be certain: a living
 * encoder speaks within milliseconds. A newcomer from the same address with the same encoder is
 * most likely the old one itself, which has but one connection: there the moment is some frames.
 */
#include "ingest/takeover.h"

static gint64
silence_limit_ms (const UsTakeoverFacts *facts) {
  gint64 same_ms = MAX (US_TAKEOVER_SAME_MS, US_TAKEOVER_SAME_INTERVALS * facts->old_interval_ms);
  return facts->is_same_source ? MIN (same_ms, facts->silence_limit_ms) : facts->silence_limit_ms;
}

/**
 * us_takeover_decide:
 * @facts: what is known about the two sessions now
 *
 * Returns: what to do with the newcomer
 */
UsTakeover
us_takeover_decide (const UsTakeoverFacts *facts) {
  if (!facts->is_busy)
    return facts->is_other_held ? US_TAKEOVER_REFUSE : US_TAKEOVER_ACCEPT;
  if (facts->is_other_held || facts->old_spoke_ms > US_TAKEOVER_LEFTOVER_MS)
    return US_TAKEOVER_REFUSE;
  if (facts->old_silent_ms >= silence_limit_ms (facts))
    return US_TAKEOVER_REPLACE;
  if (facts->held_ms >= facts->silence_limit_ms + US_TAKEOVER_GRACE_MS)
    return US_TAKEOVER_REFUSE;
  return US_TAKEOVER_HOLD;
}
