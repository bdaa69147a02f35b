/* verdict.c - when an origin should answer 503 by itself; pure
 *
 * A packager without input must not look healthy: a playlist that answers 200 and stands still is
 * the worst fault there is, since no proxy or CDN in front can see it. RFC 8216 6.2.1 gives the
 * measure: a live playlist grows within 1.5 target durations.
 */
#include "packager/verdict.h"

/**
 * us_verdict:
 * @facts: what the origin knows of one stream
 *
 * Returns: the verdict; %US_VERDICT_FRESH and %US_VERDICT_STARTING are no reason for a 503
 */
UsVerdict
us_verdict (const UsVerdictFacts *facts) {
  if (!facts->has_segments)
    return US_VERDICT_STARTING;
  if (facts->since_advance_us <= (gint64)facts->target_duration_s * G_USEC_PER_SEC * 3 / 2)
    return US_VERDICT_FRESH;
  if (facts->is_ended)
    return US_VERDICT_NO_PUBLISHER;
  return facts->is_connected ? US_VERDICT_STALE : US_VERDICT_NO_INPUT;
}

/**
 * us_verdict_word:
 * @verdict: a verdict
 *
 * Returns: (transfer none): its name in JSON and metrics
 */
const char *
us_verdict_word (UsVerdict verdict) {
  static const char *const words[] = { "fresh", "starting", "stale", "no-input", "no-publisher" };
  return words[verdict];
}

/**
 * us_verdict_sentence:
 * @verdict: a verdict
 *
 * Returns: (transfer none) (nullable): why playlist requests are refused; %NULL when they are not
 */
const char *
us_verdict_sentence (UsVerdict verdict) {
  static const char *const sentences[] = {
    NULL,
    NULL,
    "The playlist is stale: no segment was finished for more than 1.5 target durations.",
    "The packager has lost its input, and the playlist is older than 1.5 target durations.",
    "The publisher is gone, and the playlist is older than 1.5 target durations.",
  };
  return sentences[verdict];
}
