/* test-fetch-window.c - percentiles over what went well, bounded in time and number */
#include "detect-case.h"

static void
window_free (UsFetchWindow *window) {
  us_fetch_window_clear (window);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsFetchWindow, window_free)

static void
add (UsFetchWindow *window, gint64 at_us, UsOutcome outcome, double first_byte_s, double total_s) {
  UsFetchSample sample = { .at_us = at_us,
                           .outcome = outcome,
                           .connect_s = NAN,
                           .first_byte_s = first_byte_s,
                           .body_s = total_s - first_byte_s,
                           .total_s = total_s,
                           .media_s = 2 };
  us_fetch_window_add (window, &sample);
}

static double
percentile (const UsFetchWindow *window, double share) {
  return us_fetch_window_percentile (window, share, us_sample_first_byte);
}

static void
test_percentile (void) {
  g_auto (UsFetchWindow) window = { NULL };
  us_fetch_window_init (&window);
  g_assert_true (isnan (percentile (&window, 0.5)));
  for (guint i = 10; i > 0; i--)
    add (&window, i, US_OUTCOME_OK, i, i);
  add (&window, 11, US_OUTCOME_TIMEOUT, 1000, 1000);
  add (&window, 12, US_OUTCOME_OK, NAN, NAN);
  static const struct {
    double share, expected;
  } rows[] = { { 0, 1 },     { 0.1, 1 }, { 0.11, 2 }, { 0.5, 5 }, { 0.51, 6 },
               { 0.95, 10 }, { 1, 10 },  { -3, 1 },   { 7, 10 } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpfloat (percentile (&window, rows[i].share), ==, rows[i].expected);
  g_assert_true (isnan (us_fetch_window_percentile (&window, 0.5, us_sample_connect)));
  g_assert_cmpuint (us_fetch_window_count (&window, US_OUTCOME_TIMEOUT), ==, 1);
  g_assert_cmpuint (us_fetch_window_failed (&window), ==, 1);
}

static void
test_trim (void) {
  g_auto (UsFetchWindow) window = { NULL };
  us_fetch_window_init (&window);
  for (guint i = 0; i < 200; i++)
    add (&window, i * S, US_OUTCOME_OK, i, i);
  us_fetch_window_trim (&window, 199 * S);
  g_assert_cmpuint (window.samples->len, ==, 120);
  g_assert_cmpfloat (percentile (&window, 0), ==, 80);
  us_fetch_window_trim (&window, 10000 * S);
  g_assert_cmpuint (window.samples->len, ==, 0);
  g_assert_true (isnan (percentile (&window, 1)));
}

static void
test_bounded (void) {
  g_auto (UsFetchWindow) window = { NULL };
  us_fetch_window_init (&window);
  for (guint i = 0; i < 100000; i++) {
    add (&window, i, US_OUTCOME_OK, i, i);
    g_assert_cmpuint (window.samples->len, <=, US_WINDOW_MAX_FETCHES);
  }
  g_assert_cmpuint (window.samples->len, >, US_WINDOW_MAX_FETCHES / 2);
  g_assert_cmpfloat (percentile (&window, 1), ==, 99999);
}

/* What is told otherwise counts neither as a failure nor as a fetch. */
static void
test_tally (void) {
  g_auto (UsFetchWindow) window = { NULL };
  us_fetch_window_init (&window);
  guint n_failed = 9, n_all = 9;
  us_fetch_window_tally (&window, &n_failed, &n_all);
  g_assert_cmpuint (n_failed + n_all, ==, 0);
  for (guint i = 0; i < 10; i++)
    add (&window, i, US_OUTCOME_OK, 1, 1);
  add (&window, 11, US_OUTCOME_TIMEOUT, NAN, NAN);
  add (&window, 12, US_OUTCOME_5XX, NAN, NAN);
  UsFetchSample excused = { .at_us = 13, .outcome = US_OUTCOME_MISSING, .is_excused = TRUE };
  us_fetch_window_add (&window, &excused);
  us_fetch_window_tally (&window, &n_failed, &n_all);
  g_assert_cmpuint (n_failed, ==, 2);
  g_assert_cmpuint (n_all, ==, 12);
}

static void
test_ratio (void) {
  UsFetchSample sample = { .media_s = 2, .total_s = 4, .body_s = 0.5 };
  g_assert_cmpfloat (us_sample_ratio (&sample), ==, 0.5);
  g_assert_cmpfloat (us_sample_body_ratio (&sample), ==, 4);
  sample.total_s = 0; /* below what a clock can tell */
  g_assert_true (isfinite (us_sample_ratio (&sample)));
  sample.media_s = NAN; /* a playlist */
  g_assert_true (isnan (us_sample_ratio (&sample)));
  sample.media_s = 0;
  g_assert_true (isnan (us_sample_ratio (&sample)));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/fetch-window/percentile", test_percentile);
  g_test_add_func ("/monitor/fetch-window/trim", test_trim);
  g_test_add_func ("/monitor/fetch-window/bounded", test_bounded);
  g_test_add_func ("/monitor/fetch-window/tally", test_tally);
  g_test_add_func ("/monitor/fetch-window/ratio", test_ratio);
  return g_test_run ();
}
