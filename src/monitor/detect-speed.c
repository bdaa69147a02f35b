/* detect-speed.c - do segments arrive faster than they play, and soon enough?
 *
 * Pure; over the two minutes of a rendition's fetch window, fetches that went well only: those that
 * did not are findings of their own. Few samples are no judgement.
 */
#include "monitor/detect.h"

#include <math.h>

/* Media seconds by seconds of download, the median. Below 1 no player can keep up. */
#define RATIO_DEGRADED 1.5
#define RATIO_UNHEALTHY 1.0
#define RATIO_SAMPLES 3
/* First byte: the greater of a fixed time (the seed's) and a share of the segment. */
#define FIRST_BYTE_DEGRADED_S 0.5
#define FIRST_BYTE_DEGRADED_SHARE 0.25
#define FIRST_BYTE_UNHEALTHY_S 1.0
#define FIRST_BYTE_UNHEALTHY_SHARE 0.5
#define FIRST_BYTE_SAMPLES 5
#define FIRST_BYTE_TIMES 2 /* one slow answer is an accident */

const UsCheck us_detect_speed_checks[] = { US_CHECK_THROUGHPUT, US_CHECK_TTFB, US_N_CHECKS };

static double
sample_media (const UsFetchSample *sample) {
  return sample->media_s;
}

/* How many fetches had a @value of at most @limit, or above it. */
static void
split (const UsFetchWindow *window, UsSampleValue value, double limit, guint *n_all,
       guint *n_above) {
  *n_all = *n_above = 0;
  for (guint i = 0; i < window->samples->len; i++) {
    const UsFetchSample *sample = &g_array_index (window->samples, UsFetchSample, i);
    double v = sample->outcome == US_OUTCOME_OK ? value (sample) : NAN;
    *n_all += !isnan (v);
    *n_above += !isnan (v) && v > limit;
  }
}

static void
judge_ratio (const UsRenditionFacts *facts, UsHits *hits) {
  guint n, n_above;
  split (facts->segments, us_sample_ratio, RATIO_DEGRADED, &n, &n_above);
  double ratio = us_fetch_window_percentile (facts->segments, 0.5, us_sample_ratio);
  if (n < RATIO_SAMPLES || isnan (ratio) || ratio >= RATIO_DEGRADED)
    return;
  us_hits_add (hits, US_CHECK_THROUGHPUT,
               ratio < RATIO_UNHEALTHY ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED, ratio,
               RATIO_DEGRADED,
               "segments download at %.2f times the speed they play, expected %.1f or more", ratio,
               RATIO_DEGRADED);
}

static void
judge_first_byte (const UsRenditionFacts *facts, UsHits *hits) {
  double media_s = us_fetch_window_percentile (facts->segments, 0.5, sample_media);
  if (isnan (media_s))
    media_s = facts->target_duration_s;
  double degraded_s = MAX (FIRST_BYTE_DEGRADED_S, FIRST_BYTE_DEGRADED_SHARE * media_s);
  double unhealthy_s = MAX (FIRST_BYTE_UNHEALTHY_S, FIRST_BYTE_UNHEALTHY_SHARE * media_s);
  double p95_s = us_fetch_window_percentile (facts->segments, 0.95, us_sample_first_byte);
  guint n, n_slow, n_very_slow;
  split (facts->segments, us_sample_first_byte, degraded_s, &n, &n_slow);
  split (facts->segments, us_sample_first_byte, unhealthy_s, &n, &n_very_slow);
  if (n < FIRST_BYTE_SAMPLES || isnan (p95_s) || p95_s <= degraded_s || n_slow < FIRST_BYTE_TIMES)
    return;
  gboolean is_unhealthy = p95_s > unhealthy_s && n_very_slow >= FIRST_BYTE_TIMES;
  us_hits_add (hits, US_CHECK_TTFB, is_unhealthy ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED,
               p95_s, degraded_s,
               "the first byte of one segment in twenty takes %.2f s or more, expected %.2f s",
               p95_s, degraded_s);
}

/**
 * us_detect_speed:
 */
void
us_detect_speed (const UsRenditionFacts *facts, UsHits *hits) {
  if (facts->segments == NULL)
    return;
  judge_ratio (facts, hits);
  judge_first_byte (facts, hits);
}
