/* test-wallclock.c - dates follow media time and are drawn slowly to the system clock */
#include "ingest/wallclock.h"

#define T0 1800000000000ll

static void
test_follows_media (void) {
  UsWallclock clock = { 0 };
  g_assert_cmpint (us_wallclock_stamp (&clock, 0, T0), ==, T0);
  /* arrival jitter inside the dead zone never shows */
  g_assert_cmpint (us_wallclock_stamp (&clock, 2000, T0 + 2049), ==, T0 + 2000);
  g_assert_cmpint (us_wallclock_stamp (&clock, 4000, T0 + 3951), ==, T0 + 4000);
}

static void
test_drift_is_bounded (void) {
  UsWallclock clock = { 0 };
  (void)us_wallclock_stamp (&clock, 0, T0);
  gint64 last = T0;
  /* an encoder that is 0.1 % slow: 86 s a day */
  for (gint64 i = 1; i < 43200; i++) {
    gint64 wall = us_wallclock_stamp (&clock, i * 2000, T0 + i * 2002);
    g_assert_cmpint (ABS (wall - (T0 + i * 2002)), <=, 60);
    g_assert_cmpint (ABS (wall - last - 2000), <=, 10);
    last = wall;
  }
}

static void
test_slew_limits (void) {
  UsWallclock clock = { 0 };
  (void)us_wallclock_stamp (&clock, 0, T0);
  g_assert_cmpint (us_wallclock_stamp (&clock, 1000, T0 + 6000), ==, T0 + 1005);
  g_assert_cmpint (us_wallclock_stamp (&clock, 11000, T0 + 16000), ==, T0 + 11020);
  g_assert_cmpint (us_wallclock_stamp (&clock, 12000, T0 + 9000), ==, T0 + 12015);
}

static void
test_steps_after_three (void) {
  UsWallclock clock = { 0 };
  (void)us_wallclock_stamp (&clock, 0, T0);
  g_assert_cmpint (us_wallclock_stamp (&clock, 2000, T0 + 3600000), ==, T0 + 2010);
  g_assert_cmpint (us_wallclock_stamp (&clock, 4000, T0 + 3602000), ==, T0 + 4020);
  g_assert_cmpint (us_wallclock_stamp (&clock, 6000, T0 + 3604000), ==, T0 + 3604000);
  /* one odd reading in between starts the count again */
  (void)us_wallclock_stamp (&clock, 8000, T0);
  (void)us_wallclock_stamp (&clock, 10000, T0 + 3608000);
  (void)us_wallclock_stamp (&clock, 12000, T0);
  g_assert_cmpint (us_wallclock_stamp (&clock, 14000, T0), >, T0 + 3600000);
}

static void
test_epochs (void) {
  UsWallclock clock = { 0 };
  (void)us_wallclock_stamp (&clock, 0, T0);
  us_wallclock_end_epoch (&clock, 5000);
  us_wallclock_start_epoch (&clock);
  /* burst: the last epoch ended in the future; dates do not go back */
  g_assert_cmpint (us_wallclock_stamp (&clock, 0, T0 + 1000), ==, T0 + 5000);
  us_wallclock_end_epoch (&clock, 2000);
  us_wallclock_start_epoch (&clock);
  g_assert_cmpint (us_wallclock_stamp (&clock, 0, T0 + 60000), ==, T0 + 60000);
  us_wallclock_end_epoch (&clock, 100000);
  us_wallclock_start_epoch (&clock);
  /* too far ahead to be a burst: the system clock counts */
  g_assert_cmpint (us_wallclock_stamp (&clock, 0, T0 + 61000), ==, T0 + 61000);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wallclock/follows-media", test_follows_media);
  g_test_add_func ("/wallclock/drift-is-bounded", test_drift_is_bounded);
  g_test_add_func ("/wallclock/slew-limits", test_slew_limits);
  g_test_add_func ("/wallclock/steps-after-three", test_steps_after_three);
  g_test_add_func ("/wallclock/epochs", test_epochs);
  return g_test_run ();
}
