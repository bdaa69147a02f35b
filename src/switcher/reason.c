/* reason.c - the closed list of what can be said of an origin, and of a change of sides
 *
 * A static table: each word goes into logs, metrics, /healthz, D-Bus and the control API, and
 * stays what it is once published.
 */
#include "switcher/reason.h"

static const struct {
  const char *word;
  UsReasonClass reason_class;
} reasons[US_N_REASONS] = {
  [US_REASON_OK] = { "ok", US_REASON_CLASS_NEUTRAL },
  [US_REASON_STARTING] = { "starting", US_REASON_CLASS_NEUTRAL },
  [US_REASON_RECOVERING] = { "recovering", US_REASON_CLASS_NEUTRAL },
  [US_REASON_SOURCE] = { "source-quiet", US_REASON_CLASS_NEUTRAL },
  [US_REASON_REFUSED] = { "refused", US_REASON_CLASS_HARD },
  [US_REASON_RESET] = { "reset", US_REASON_CLASS_HARD },
  [US_REASON_RESOLVE] = { "resolve", US_REASON_CLASS_HARD },
  [US_REASON_TIMEOUT] = { "timeout", US_REASON_CLASS_SOFT },
  [US_REASON_TRUNCATED] = { "truncated", US_REASON_CLASS_HARD },
  [US_REASON_PROTOCOL] = { "protocol", US_REASON_CLASS_HARD },
  [US_REASON_HTTP_4XX] = { "http-4xx", US_REASON_CLASS_SOFT },
  [US_REASON_HTTP_5XX] = { "http-5xx", US_REASON_CLASS_HARD },
  [US_REASON_UNPARSABLE] = { "unparsable", US_REASON_CLASS_HARD },
  [US_REASON_UNSUPPORTED] = { "unsupported", US_REASON_CLASS_HARD },
  [US_REASON_REGRESS] = { "sequence-regress", US_REASON_CLASS_HARD },
  [US_REASON_STALE] = { "stale", US_REASON_CLASS_SOFT },
  [US_REASON_LATE] = { "late", US_REASON_CLASS_SOFT },
  [US_REASON_BAD_SEGMENT] = { "bad-segment", US_REASON_CLASS_HARD },
  [US_REASON_TOO_LARGE] = { "too-large", US_REASON_CLASS_HARD },
  [US_REASON_RETURNED] = { "returned", US_REASON_CLASS_NEUTRAL },
  [US_REASON_OPERATOR_FORCE] = { "operator-force", US_REASON_CLASS_MANUAL },
  [US_REASON_OPERATOR_SWITCHBACK] = { "operator-switchback", US_REASON_CLASS_MANUAL },
  [US_REASON_DRAINED] = { "drained", US_REASON_CLASS_MANUAL },
  [US_REASON_RELEASED] = { "released", US_REASON_CLASS_MANUAL },
  [US_REASON_EXPIRED] = { "expired", US_REASON_CLASS_MANUAL },
};

static const char *const class_words[] = { "neutral", "soft", "hard", "manual" };

const char *
us_reason_word (UsReason reason) {
  g_return_val_if_fail (reason < US_N_REASONS, "ok");
  return reasons[reason].word;
}

/**
 * us_reason_class:
 *
 * Returns: how much it takes until it is acted upon
 */
UsReasonClass
us_reason_class (UsReason reason) {
  g_return_val_if_fail (reason < US_N_REASONS, US_REASON_CLASS_NEUTRAL);
  return reasons[reason].reason_class;
}

const char *
us_reason_class_word (UsReasonClass reason_class) {
  g_return_val_if_fail (reason_class < G_N_ELEMENTS (class_words), "neutral");
  return class_words[reason_class];
}

gboolean
us_reason_is_hard (UsReason reason) {
  return us_reason_class (reason) == US_REASON_CLASS_HARD;
}
