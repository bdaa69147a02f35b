/* test-baseline.c - what is normal: the median of an hour of minutes */
#include "monitor/baseline.h"

#include <math.h>

#define MINUTE (60 * (gint64)G_USEC_PER_SEC)

static void
add_minutes (UsBaseline *baseline, gint64 *now_us, guint n, double value) {
  for (guint m = 0; m < n; m++)
    for (guint i = 0; i < 30; i++, *now_us += MINUTE / 30)
      us_baseline_add (baseline, *now_us, value);
}

static void
test_begin (void) {
  UsBaseline baseline = { 0 };
  g_assert_true (isnan (us_baseline_get (&baseline)));
  us_baseline_add (&baseline, 1, NAN);
  us_baseline_add (&baseline, 1, INFINITY);
  g_assert_true (isnan (us_baseline_get (&baseline)));
  us_baseline_add (&baseline, 1, 2);
  us_baseline_add (&baseline, 2, 90);
  us_baseline_add (&baseline, 3, 3);
  g_assert_cmpfloat (us_baseline_get (&baseline), ==, 3);
}

/* Ten bad minutes are no normal state; a change that stays is one at last. */
static void
test_slow (void) {
  UsBaseline baseline = { 0 };
  gint64 now_us = 1;
  add_minutes (&baseline, &now_us, 20, 1);
  g_assert_cmpfloat (us_baseline_get (&baseline), ==, 1);
  add_minutes (&baseline, &now_us, 10, 50);
  g_assert_cmpfloat (us_baseline_get (&baseline), ==, 1);
  add_minutes (&baseline, &now_us, 60, 5);
  g_assert_cmpfloat (us_baseline_get (&baseline), ==, 5);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/baseline/begin", test_begin);
  g_test_add_func ("/monitor/baseline/slow", test_slow);
  return g_test_run ();
}
