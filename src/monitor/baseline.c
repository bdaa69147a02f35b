/* baseline.c - what is normal for a figure of one stream: its median over the last hour
 *
 * Pure. A median of minutes, not a running mean: a fault of ten minutes does not become normal, a
 * change that stays does so after half an hour. Until the first minute is over it is the median of
 * what there is.
 */
#include "monitor/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int
compare (const void *a, const void *b) {
  float one = *(const float *)a, other = *(const float *)b;
  return one < other ? -1 : one > other;
}

static float
median (const float *values, guint n) {
  float sorted[MAX (US_BASELINE_MINUTES, US_BASELINE_MINUTE_SAMPLES)];
  memcpy (sorted, values, n * sizeof *values);
  qsort (sorted, n, sizeof *sorted, compare);
  return sorted[n / 2];
}

static float
median_of_samples (const UsBaseline *baseline) {
  return median (baseline->samples, MIN (baseline->n_samples, US_BASELINE_MINUTE_SAMPLES));
}

/**
 * us_baseline_add:
 * @value: %NAN is passed over
 */
void
us_baseline_add (UsBaseline *baseline, gint64 now_us, double value) {
  if (!isfinite (value))
    return;
  if (baseline->minute_us == 0)
    baseline->minute_us = now_us;
  if (now_us - baseline->minute_us >= 60 * (gint64)G_USEC_PER_SEC && baseline->n_samples > 0) {
    baseline->minutes[baseline->n_minutes++ % US_BASELINE_MINUTES] = median_of_samples (baseline);
    baseline->n_samples = 0;
    baseline->minute_us = now_us;
  }
  baseline->samples[baseline->n_samples++ % US_BASELINE_MINUTE_SAMPLES] = (float)value;
}

/**
 * us_baseline_get:
 *
 * Returns: %NAN: nothing is known
 */
double
us_baseline_get (const UsBaseline *baseline) {
  if (baseline->n_minutes > 0)
    return (double)median (baseline->minutes, MIN (baseline->n_minutes, US_BASELINE_MINUTES));
  return baseline->n_samples > 0 ? (double)median_of_samples (baseline) : NAN;
}
