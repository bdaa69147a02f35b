/* fetch-window.c - the fetches of the last two minutes, as numbers
 *
 * A bounded array in order of time, owned by the watch of a stream. Percentiles are by nearest
 * rank: a figure that was measured, not one between two.
 */
#include "monitor/facts.h"

#include <math.h>
#include <stdlib.h>

/* A full window forgets so many at once, so that not every sample moves all others. */
#define FORGET_AT_ONCE (US_WINDOW_MAX_FETCHES / 16)
/* Shorter ones are measured as noise. */
#define LEAST_SECONDS 1e-4

void
us_fetch_window_init (UsFetchWindow *window) {
  window->samples = g_array_new (FALSE, FALSE, sizeof (UsFetchSample));
}

void
us_fetch_window_clear (UsFetchWindow *window) {
  g_clear_pointer (&window->samples, g_array_unref);
}

/**
 * us_fetch_window_add:
 * @sample: copied; not older than those in the window
 *
 * Of more than %US_WINDOW_MAX_FETCHES the oldest are forgotten.
 */
void
us_fetch_window_add (UsFetchWindow *window, const UsFetchSample *sample) {
  if (window->samples->len >= US_WINDOW_MAX_FETCHES)
    g_array_remove_range (window->samples, 0, FORGET_AT_ONCE);
  g_array_append_vals (window->samples, sample, 1);
}

/**
 * us_fetch_window_trim:
 * @now_us: monotonic time
 *
 * Forgets what is older than %US_WINDOW_US.
 */
void
us_fetch_window_trim (UsFetchWindow *window, gint64 now_us) {
  guint n = 0;
  while (n < window->samples->len
         && g_array_index (window->samples, UsFetchSample, n).at_us <= now_us - US_WINDOW_US)
    n++;
  if (n > 0)
    g_array_remove_range (window->samples, 0, n);
}

static int
compare_doubles (const void *a, const void *b) {
  double one = *(const double *)a, other = *(const double *)b;
  return one < other ? -1 : one > other;
}

/**
 * us_fetch_window_percentile:
 * @share: from 0 (the least) to 1 (the greatest); 0.5 is the median
 * @value: what is asked of each sample; those for which it is %NAN do not count
 *
 * Returns: the value, of fetches that went well; %NAN when there is none
 */
double
us_fetch_window_percentile (const UsFetchWindow *window, double share, UsSampleValue value) {
  double values[US_WINDOW_MAX_FETCHES];
  guint n = 0;
  for (guint i = 0; i < window->samples->len; i++) {
    const UsFetchSample *sample = &g_array_index (window->samples, UsFetchSample, i);
    double v = sample->outcome == US_OUTCOME_OK ? value (sample) : NAN;
    if (!isnan (v))
      values[n++] = v;
  }
  if (n == 0)
    return NAN;
  qsort (values, n, sizeof values[0], compare_doubles);
  double rank = ceil (CLAMP (share, 0.0, 1.0) * n);
  return values[rank < 1 ? 0 : (guint)rank - 1];
}

guint
us_fetch_window_count (const UsFetchWindow *window, UsOutcome outcome) {
  guint n = 0;
  for (guint i = 0; i < window->samples->len; i++)
    n += g_array_index (window->samples, UsFetchSample, i).outcome == outcome;
  return n;
}

guint
us_fetch_window_failed (const UsFetchWindow *window) {
  return window->samples->len - us_fetch_window_count (window, US_OUTCOME_OK);
}

/**
 * us_fetch_window_tally:
 * @n_failed: (out)
 * @n_all: (out): with those that went well
 */
void
us_fetch_window_tally (const UsFetchWindow *window, guint *n_failed, guint *n_all) {
  *n_failed = *n_all = 0;
  for (guint i = 0; i < window->samples->len; i++) {
    const UsFetchSample *sample = &g_array_index (window->samples, UsFetchSample, i);
    *n_all += !sample->is_excused;
    *n_failed += !sample->is_excused && sample->outcome != US_OUTCOME_OK;
  }
}

double
us_sample_first_byte (const UsFetchSample *sample) {
  return sample->first_byte_s;
}

/* Of a connection that was there already: %NAN. */
double
us_sample_connect (const UsFetchSample *sample) {
  return sample->connect_s;
}

static double
ratio (double media_s, double took_s) {
  if (isnan (media_s) || isnan (took_s) || media_s <= 0)
    return NAN;
  return media_s / MAX (took_s, LEAST_SECONDS);
}

double
us_sample_ratio (const UsFetchSample *sample) {
  return ratio (sample->media_s, sample->total_s);
}

double
us_sample_body_ratio (const UsFetchSample *sample) {
  return ratio (sample->media_s, sample->body_s);
}
