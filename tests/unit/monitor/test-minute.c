/* test-minute.c - what one minute comes to */
#include "monitor/fetched.h"
#include "monitor/minute.h"

#include <math.h>

#define S ((gint64)G_USEC_PER_SEC)
#define WALL (G_GINT64_CONSTANT (1767225600) * S) /* the begin of a minute */

static void
add_segment (UsMinuteBook *book, double ttfb_s, double total_s, UsOutcome outcome) {
  UsSegmentSeen seen = { .duration_us = 2 * S };
  us_fetched_init (&seen.fetched);
  seen.fetched.first_byte_s = ttfb_s;
  seen.fetched.total_s = total_s;
  seen.fetched.outcome = outcome;
  seen.fetched.n_bytes = 100;
  us_minute_book_segment (book, &seen);
}

static void
test_figures (void) {
  UsMinuteBook book = { 0 };
  UsMinute minute;
  UsFetched good, bad;
  us_fetched_init (&good);
  us_fetched_init (&bad);
  good.n_bytes = 10;
  bad.outcome = US_OUTCOME_5XX;
  g_assert_false (us_minute_book_tick (&book, 5 * S, WALL + 1, US_HEALTH_HEALTHY, &minute));
  for (guint i = 1; i <= 100; i++)
    add_segment (&book, i / 100.0, i == 100 ? 4 : 1, US_OUTCOME_OK);
  add_segment (&book, NAN, NAN, US_OUTCOME_TIMEOUT);
  us_minute_book_playlist (&book, &good);
  us_minute_book_playlist (&book, &bad);
  us_minute_book_latency (&book, 4);
  us_minute_book_latency (&book, 6);
  us_minute_book_latency (&book, NAN);
  g_assert_false (us_minute_book_tick (&book, 25 * S, WALL + 20 * S, US_HEALTH_HEALTHY, &minute));
  /* Stood still for a long time: not all of it is known to have been so. */
  g_assert_false (us_minute_book_tick (&book, 55 * S, WALL + 50 * S, US_HEALTH_UNHEALTHY, &minute));
  g_assert_true (us_minute_book_tick (&book, 65 * S, WALL + 60 * S, US_HEALTH_DEGRADED, &minute));
  g_assert_cmpint (minute.minute_us, ==, WALL);
  g_assert_cmpuint (minute.n_segments, ==, 101);
  g_assert_cmpuint (minute.n_segment_errors, ==, 1);
  g_assert_cmpuint (minute.n_playlists, ==, 2);
  g_assert_cmpuint (minute.n_playlist_errors, ==, 1);
  g_assert_cmpuint (minute.bytes, ==, 101 * 100 + 10);
  g_assert_cmpfloat_with_epsilon (minute.ttfb_avg, 0.505, 1e-6);
  g_assert_cmpfloat_with_epsilon (minute.ttfb_p95, 0.95, 1e-6);
  g_assert_cmpfloat_with_epsilon (minute.ttfb_max, 1, 1e-6);
  g_assert_cmpfloat_with_epsilon (minute.ratio_min, 0.5, 1e-6);
  g_assert_cmpfloat_with_epsilon (minute.ratio_avg, (99 * 2 + 0.5) / 100, 1e-6);
  g_assert_cmpfloat (minute.latency_avg, ==, 5);
  g_assert_cmpint (minute.worst, ==, US_HEALTH_UNHEALTHY);
  g_assert_cmpfloat (minute.seconds[US_HEALTH_HEALTHY], ==, 10);
  g_assert_cmpfloat (minute.seconds[US_HEALTH_UNHEALTHY], ==, 10);
  g_assert_cmpfloat (minute.seconds[US_HEALTH_DEGRADED], ==, 10);
  /* The next begins empty. */
  g_assert_true (us_minute_book_tick (&book, 70 * S, WALL + 120 * S, US_HEALTH_HEALTHY, &minute));
  g_assert_cmpint (minute.minute_us, ==, WALL + 60 * S);
  g_assert_cmpuint (minute.n_segments, ==, 0);
  g_assert_true (isnan (minute.ttfb_p95) && isnan (minute.ttfb_max) && isnan (minute.ratio_avg));
  us_minute_book_clear (&book);
}

/* The wall clock steps: minutes end, nothing is counted twice, no time is made up. */
static void
test_step (void) {
  UsMinuteBook book = { 0 };
  UsMinute minute;
  double sum = 0;
  us_minute_book_tick (&book, S, WALL, US_HEALTH_HEALTHY, &minute);
  for (gint64 i = 1; i <= 200; i++) {
    gint64 jump_us = i > 100 ? -3600 * S : i > 50 ? 3600 * S : 0;
    if (us_minute_book_tick (&book, (1 + i) * S, WALL + i * S + jump_us, US_HEALTH_HEALTHY,
                             &minute))
      sum += minute.seconds[US_HEALTH_HEALTHY];
  }
  g_assert_cmpfloat (sum, >, 130);
  g_assert_cmpfloat (sum, <=, 200);
  us_minute_book_clear (&book);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/minute/figures", test_figures);
  g_test_add_func ("/monitor/minute/step", test_step);
  return g_test_run ();
}
