/* history.c - minutes and samples as series for charts
 *
 * The database has a row for each minute; the memory has every fetched segment of the last hour. A
 * chart of some minutes is made of samples, an older or longer one of minutes; where the two meet,
 * each moment counts once. Several minutes become one point: means are weighted by what is behind
 * them, minima and maxima are kept, so that no peak vanishes with distance. Pure.
 */
#include "api/history.h"

#include <math.h>

#define MINUTE_S 60
#define MINUTE_US ((gint64)MINUTE_S * G_USEC_PER_SEC)

/**
 * us_history_resolution_s:
 * @wanted_s: 0: what is best
 *
 * Returns: seconds of a point: enough that there are at most US_HISTORY_MAX_POINTS, and whole
 *   minutes where only those are known
 */
guint
us_history_resolution_s (gint64 since_us, gint64 until_us, gint64 now_us, guint wanted_s) {
  gint64 range_s = MAX ((until_us - since_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC, 1);
  gint64 least_s = (range_s + US_HISTORY_MAX_POINTS - 1) / US_HISTORY_MAX_POINTS;
  gint64 step_s = MAX ((gint64)wanted_s, least_s);
  gboolean is_fine = since_us >= now_us - US_HISTORY_FINE_US - MINUTE_US;
  if (is_fine && step_s < MINUTE_S)
    return (guint)step_s;
  return (guint)((step_s + MINUTE_S - 1) / MINUTE_S * MINUTE_S);
}

/* ---- one point ---- */

static void
point_init (UsHistoryPoint *point, gint64 at_us) {
  *point = (UsHistoryPoint){ .at_us = at_us,
                             .ttfb_avg = NAN,
                             .ttfb_min = NAN,
                             .ttfb_max = NAN,
                             .ratio_avg = NAN,
                             .ratio_min = NAN,
                             .ratio_max = NAN,
                             .latency_avg = NAN };
}

/* fmin() and fmax() give the other one when one is NAN. */
static void
mix (double *mean, guint *n, double value, guint weight) {
  if (isnan (value) || weight == 0)
    return;
  *mean = *n == 0 ? value : (*mean * *n + value * weight) / (*n + weight);
  *n += weight;
}

static void
add_sample (UsHistoryPoint *point, const UsSample *sample) {
  point->n_segments++;
  point->n_errors += sample->outcome != US_OUTCOME_OK;
  point->bytes += sample->n_bytes;
  if (sample->outcome != US_OUTCOME_OK)
    return;
  mix (&point->ttfb_avg, &point->n_ttfb, sample->ttfb_s, 1);
  point->ttfb_min = fmin (point->ttfb_min, sample->ttfb_s);
  point->ttfb_max = fmax (point->ttfb_max, sample->ttfb_s);
  mix (&point->ratio_avg, &point->n_ratio, sample->ratio, 1);
  point->ratio_min = fmin (point->ratio_min, sample->ratio);
  point->ratio_max = fmax (point->ratio_max, sample->ratio);
}

static void
add_sum (UsHistoryPoint *point, const UsRollupSum *sum) {
  point->n_segments += sum->n_segments;
  point->n_errors += sum->n_segment_errors;
  point->n_playlists += sum->n_playlists;
  point->n_playlist_errors += sum->n_playlist_errors;
  point->bytes += sum->bytes;
  mix (&point->ttfb_avg, &point->n_ttfb, sum->ttfb_avg, sum->n_ttfb);
  point->ttfb_min = fmin (point->ttfb_min, sum->ttfb_min);
  point->ttfb_max = fmax (point->ttfb_max, sum->ttfb_max);
  mix (&point->ratio_avg, &point->n_ratio, sum->ratio_avg, sum->n_ratio);
  point->ratio_min = fmin (point->ratio_min, sum->ratio_min);
  point->ratio_max = fmax (point->ratio_max, sum->ratio_max);
  mix (&point->latency_avg, &point->n_latency, sum->latency_avg, sum->n_latency);
}

/* ---- all of them ---- */

/* The last point, when it begins there; else a new one. Times come in rising order, and what
 * stepped back belongs to the last one. */
static UsHistoryPoint *
point_at (GArray *points, gint64 wall_us, gint64 step_us) {
  gint64 at_us = wall_us / step_us * step_us;
  UsHistoryPoint point;
  if (points->len == 0 || g_array_index (points, UsHistoryPoint, points->len - 1).at_us < at_us) {
    point_init (&point, at_us);
    g_array_append_val (points, point);
  }
  return &g_array_index (points, UsHistoryPoint, points->len - 1);
}

static gint64
first_sample_us (const GArray *samples) {
  return samples != NULL && samples->len > 0 ? g_array_index (samples, UsSample, 0).wall_us
                                             : G_MAXINT64;
}

static gint64
end_of_sums_us (const GArray *sums) {
  return sums != NULL && sums->len > 0
             ? g_array_index (sums, UsRollupSum, sums->len - 1).last_us + MINUTE_US
             : 0;
}

/**
 * us_history_gather:
 * @sums, @samples: (nullable): oldest first
 *
 * Below a minute samples are preferred, and minutes stand for the time before the first of them;
 * else minutes, and samples stand for the time after the last of them.
 */
GArray *
us_history_gather (const GArray *sums, const GArray *samples, gint64 since_us, gint64 until_us,
                   guint step_s) {
  GArray *points = g_array_new (FALSE, FALSE, sizeof (UsHistoryPoint));
  gint64 step_us = (gint64)MAX (step_s, 1) * G_USEC_PER_SEC;
  gboolean is_fine = step_s < MINUTE_S;
  gint64 sums_until_us = is_fine ? first_sample_us (samples) : G_MAXINT64;
  gint64 samples_since_us = is_fine ? since_us : MAX (since_us, end_of_sums_us (sums));

  for (guint i = 0; sums != NULL && i < sums->len; i++) {
    const UsRollupSum *sum = &g_array_index (sums, UsRollupSum, i);
    if (sum->last_us + MINUTE_US > since_us && sum->at_us <= until_us
        && (!is_fine || sum->last_us + MINUTE_US <= sums_until_us))
      add_sum (point_at (points, sum->at_us, step_us), sum);
  }
  for (guint i = 0; samples != NULL && i < samples->len; i++) {
    const UsSample *sample = &g_array_index (samples, UsSample, i);
    if (sample->wall_us >= samples_since_us && sample->wall_us <= until_us)
      add_sample (point_at (points, sample->wall_us, step_us), sample);
  }
  return points;
}
