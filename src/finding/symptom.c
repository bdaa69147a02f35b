/* symptom.c - what is known about a stream at one moment, as the cause rules read it */
#include "finding/symptom.h"

#include <math.h>

static const char *const outcome_words[US_N_OUTCOMES] = {
  "ok",       "dns",       "connect", "tls",     "timeout", "reset", "truncated", "too_large",
  "redirect", "forbidden", "auth",    "missing", "4xx",     "busy",  "5xx",       "content",
};

const char *
us_outcome_word (UsOutcome outcome) {
  return outcome_words[outcome];
}

/**
 * us_symptoms_init:
 *
 * Nothing is known: every count 0, every time %NAN.
 */
void
us_symptoms_init (UsSymptoms *symptoms) {
  double *const times[] = {
    &symptoms->target_duration, &symptoms->connect_p50,     &symptoms->ttfb_p50,
    &symptoms->ttfb_p95,        &symptoms->ratio_p50,       &symptoms->base_connect,
    &symptoms->base_ttfb,       &symptoms->base_ratio,      &symptoms->hit_ttfb_p50,
    &symptoms->miss_ttfb_p50,   &symptoms->fast_body_ratio, &symptoms->small_rung_ratio,
    &symptoms->top_rung_ratio,  &symptoms->age_max,         &symptoms->certificate_left,
    &symptoms->watched,         &symptoms->switch_age,      &symptoms->publisher_gone_age,
    &symptoms->cut_age,
  };
  *symptoms = (UsSymptoms){ 0 };
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    *times[i] = NAN;
  for (UsCheck check = 0; check < US_N_CHECKS; check++)
    symptoms->first_age[check] = NAN;
}

/**
 * us_symptoms_failed:
 * @by_outcome: fetches
 *
 * Returns: how many of them were not %US_OUTCOME_OK
 */
guint
us_symptoms_failed (const guint by_outcome[US_N_OUTCOMES]) {
  guint n = 0;
  for (UsOutcome outcome = US_OUTCOME_OK + 1; outcome < US_N_OUTCOMES; outcome++)
    n += by_outcome[outcome];
  return n;
}
