/* samples.c - the last hour of a stream's segments, for charts that are finer than a minute */
#include "desk/samples.h"

/* Old ones go in batches: moving the rest for each would cost more than it frees. */
#define BATCH 256

UsSamples *
us_samples_new (void) {
  return g_array_new (FALSE, FALSE, sizeof (UsSample));
}

static guint
count_old (const UsSamples *samples, gint64 now_us) {
  guint n = 0;
  while (n < samples->len && g_array_index (samples, UsSample, n).wall_us < now_us - US_SAMPLES_US)
    n++;
  return n;
}

/**
 * us_samples_add:
 * @sample: the newest
 *
 * Keeps at most an hour and %US_SAMPLES_MAX.
 */
void
us_samples_add (UsSamples *samples, const UsSample *sample) {
  guint n_old = count_old (samples, sample->wall_us);
  g_array_append_val (samples, *sample);
  if (samples->len > US_SAMPLES_MAX)
    n_old = MAX (n_old, BATCH);
  if (n_old >= BATCH)
    g_array_remove_range (samples, 0, n_old);
}
