/* facts.c - what is known of an origin, from what is known of each of its playlists
 *
 * Pure. All renditions of a stream switch together, so an origin is as good as its worst one.
 */
#include "switcher/facts.h"

#include "switcher/ledger.h"

/**
 * us_facts_with_target:
 * @target_s: target duration of what we publish; 0: not fixed yet
 *
 * An origin that says that its segments may last an hour would never be stale. A twin's may be some
 * times longer than ours.
 *
 * Returns: @facts with a target duration that can be believed
 */
UsOriginFacts
us_facts_with_target (const UsOriginFacts *facts, guint target_s) {
  UsOriginFacts told = *facts;
  if (target_s > 0)
    told.target_us
        = MIN (facts->target_us, (gint64)target_s * US_LEDGER_TARGET_RATIO * G_USEC_PER_SEC);
  return told;
}

static gint64
earlier (gint64 a, gint64 b) {
  return a == 0 || (b != 0 && b < a) ? b : a;
}

static gboolean
is_worse (UsReason reason, UsReason than) {
  if (than == US_REASON_OK)
    return reason != US_REASON_OK;
  return us_reason_is_hard (reason) && !us_reason_is_hard (than);
}

/**
 * us_facts_worst:
 * @parts: of each playlist of one origin
 *
 * Returns: the facts of the origin as a whole; nothing known when there are no parts
 */
UsOriginFacts
us_facts_worst (const UsOriginFacts *const parts[], guint n_parts) {
  UsOriginFacts worst = { 0 };
  for (guint i = 0; i < n_parts; i++) {
    const UsOriginFacts *part = parts[i];
    if (i == 0) {
      worst = *part;
      continue;
    }
    worst.has_window = worst.has_window && part->has_window;
    if (is_worse (part->error, worst.error))
      worst.error = part->error;
    worst.n_recent_bad = MAX (worst.n_recent_bad, part->n_recent_bad);
    worst.error_since_us = earlier (worst.error_since_us, part->error_since_us);
    if (is_worse (part->segment_error, worst.segment_error))
      worst.segment_error = part->segment_error;
    worst.n_segment_errors = MAX (worst.n_segment_errors, part->n_segment_errors);
    worst.last_advance_us = MIN (worst.last_advance_us, part->last_advance_us);
    worst.n_in_step = MIN (worst.n_in_step, part->n_in_step);
    worst.behind_since_us = earlier (worst.behind_since_us, part->behind_since_us);
    worst.target_us = MAX (worst.target_us, part->target_us);
  }
  return worst;
}
