/* test-history.c - series for charts: resolution, means, extremes, and where two sources meet */
#include "api/history.h"

#include <math.h>

#define SECOND ((gint64)G_USEC_PER_SEC)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NOW (20000 * DAY)

static void
test_resolution (void) {
  static const struct {
    gint64 range_us, ago_us;
    guint wanted_s, expected_s;
  } cases[] = {
    { 30 * MINUTE, 0, 0, 2 }, /* 1800 s */
    { 10 * MINUTE, 0, 0, 1 }, /* never finer than a second */
    { HOUR, 0, 0, 4 },        /* 3600 s */
    { 30 * MINUTE, 0, 10, 10 },
    { 30 * MINUTE, 0, 90, 120 }, /* whole minutes */
    { 2 * HOUR, 0, 0, 60 },      /* older than the samples */
    { 30 * MINUTE, 5 * HOUR, 0, 60 },
    { 30 * MINUTE, 5 * HOUR, 1, 60 },
    { DAY, 0, 0, 120 },       /* 86.4 s */
    { 30 * DAY, 0, 0, 2640 }, /* 2592 s */
    { 30 * DAY, 0, 3600, 3600 },
    { 1, 0, 0, 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gint64 until_us = NOW - cases[i].ago_us, since_us = until_us - cases[i].range_us;
    guint step_s = us_history_resolution_s (since_us, until_us, NOW, cases[i].wanted_s);
    g_test_message ("case %u", i);
    g_assert_cmpuint (step_s, ==, cases[i].expected_s);
    g_assert_cmpint (cases[i].range_us / SECOND / step_s, <=, US_HISTORY_MAX_POINTS);
  }
}

static void
add_minute (GArray *rollups, gint64 minute_us, double ttfb, double ttfb_max, double ratio_min) {
  UsRollupSum row = { .at_us = minute_us,
                      .last_us = minute_us,
                      .n_segments = 10,
                      .n_segment_errors = 1,
                      .n_playlists = 30,
                      .n_playlist_errors = 2,
                      .ttfb_avg = ttfb,
                      .ttfb_min = ttfb,
                      .ttfb_max = ttfb_max,
                      .n_ttfb = isnan (ttfb) ? 0 : 9,
                      .ratio_avg = 4,
                      .ratio_min = ratio_min,
                      .ratio_max = 4,
                      .n_ratio = 9,
                      .latency_avg = 6,
                      .n_latency = 9,
                      .bytes = 1000 };
  g_array_append_val (rollups, row);
}

static void
add_sample (GArray *samples, gint64 wall_us, double ttfb, UsOutcome outcome) {
  UsSample sample = { .wall_us = wall_us,
                      .ttfb_s = ttfb,
                      .total_s = NAN,
                      .ratio = 2,
                      .n_bytes = 100,
                      .outcome = outcome };
  g_array_append_val (samples, sample);
}

static UsHistoryPoint *
point (GArray *points, guint i) {
  g_assert_cmpuint (i, <, points->len);
  return &g_array_index (points, UsHistoryPoint, i);
}

static void
test_coarse (void) {
  g_autoptr (GArray) rollups = g_array_new (FALSE, TRUE, sizeof (UsRollupSum));
  g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (UsSample));
  add_minute (rollups, NOW, 0.1, 0.5, 3);
  add_minute (rollups, NOW + MINUTE, NAN, NAN, NAN); /* nothing came */
  add_minute (rollups, NOW + 2 * MINUTE, 0.3, 2.5, 0.5);
  add_sample (samples, NOW + MINUTE, 9, US_OUTCOME_OK); /* is in its minute */
  add_sample (samples, NOW + 3 * MINUTE + SECOND, 0.7, US_OUTCOME_OK);
  g_autoptr (GArray) points = us_history_gather (rollups, samples, NOW, NOW + 10 * MINUTE, 3 * 60);
  g_assert_cmpuint (points->len, ==, 2);
  g_assert_cmpfloat_with_epsilon (point (points, 0)->ttfb_avg, 0.2, 1e-9);
  g_assert_cmpfloat_with_epsilon (point (points, 0)->ttfb_max, 2.5, 1e-9); /* no peak vanishes */
  g_assert_cmpfloat_with_epsilon (point (points, 0)->ratio_min, 0.5, 1e-9);
  g_assert_cmpuint (point (points, 0)->n_segments, ==, 30);
  g_assert_cmpuint (point (points, 0)->n_playlist_errors, ==, 6);
  g_assert_cmpuint (point (points, 1)->n_segments, ==, 1);
  g_assert_cmpfloat_with_epsilon (point (points, 1)->ttfb_avg, 0.7, 1e-9);
  g_assert_true (isnan (point (points, 1)->latency_avg));
}

static void
test_fine (void) {
  g_autoptr (GArray) rollups = g_array_new (FALSE, TRUE, sizeof (UsRollupSum));
  g_autoptr (GArray) samples = g_array_new (FALSE, TRUE, sizeof (UsSample));
  add_minute (rollups, NOW, 0.1, 0.5, 3);          /* before the desk began */
  add_minute (rollups, NOW + MINUTE, 0.2, 0.5, 3); /* it began in this one */
  add_sample (samples, NOW + MINUTE + 30 * SECOND, 0.4, US_OUTCOME_OK);
  add_sample (samples, NOW + MINUTE + 32 * SECOND, 9, US_OUTCOME_TIMEOUT);
  add_sample (samples, NOW + MINUTE + 36 * SECOND, 0.6, US_OUTCOME_OK);
  add_sample (samples, NOW + MINUTE + 35 * SECOND, 0.8, US_OUTCOME_OK); /* the clock went back */
  g_autoptr (GArray) points = us_history_gather (rollups, samples, NOW, NOW + 10 * MINUTE, 4);
  g_assert_cmpuint (points->len, ==, 4);
  g_assert_cmpint (point (points, 0)->at_us, ==, NOW);
  g_assert_cmpuint (point (points, 1)->n_errors, ==, 0);
  g_assert_cmpuint (point (points, 2)->n_errors, ==, 1); /* no time of what failed */
  g_assert_true (isnan (point (points, 2)->ttfb_avg));
  g_assert_cmpfloat_with_epsilon (point (points, 3)->ttfb_avg, 0.7, 1e-9);
  g_assert_cmpfloat_with_epsilon (point (points, 3)->ttfb_min, 0.6, 1e-9);
}

static void
test_bounds (void) {
  g_autoptr (GArray) rollups = g_array_new (FALSE, TRUE, sizeof (UsRollupSum));
  g_autoptr (GArray) none = us_history_gather (NULL, NULL, NOW, NOW + HOUR, 60);
  for (guint i = 0; i < 10; i++)
    add_minute (rollups, NOW + i * MINUTE, 0.1, 0.1, 1);
  g_autoptr (GArray) points
      = us_history_gather (rollups, NULL, NOW + 3 * MINUTE, NOW + 5 * MINUTE, 60);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpuint (points->len, ==, 3);
  g_assert_cmpint (point (points, 0)->at_us, ==, NOW + 3 * MINUTE);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/history/resolution", test_resolution);
  g_test_add_func ("/api/history/coarse", test_coarse);
  g_test_add_func ("/api/history/fine", test_fine);
  g_test_add_func ("/api/history/bounds", test_bounds);
  return g_test_run ();
}
