/* test-backoff.c - the delays of a few policies, written out */
#include "base/backoff.h"

static void
test_delays (void) {
  static const UsBackoff relay = { 50, 200, 2000 };
  static const UsBackoff role = { 0, 100, 10000 };
  static const guint relay_ms[] = { 0, 50, 200, 400, 800, 1600, 2000, 2000 };
  static const guint role_ms[] = { 0, 0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000 };
  for (guint i = 0; i < G_N_ELEMENTS (relay_ms); i++)
    g_assert_cmpuint (us_backoff_delay_ms (&relay, i, 0), ==, relay_ms[i]);
  for (guint i = 0; i < G_N_ELEMENTS (role_ms); i++)
    g_assert_cmpuint (us_backoff_delay_ms (&role, i, 0), ==, role_ms[i]);
  g_assert_cmpuint (us_backoff_delay_ms (&role, G_MAXUINT, 0), ==, 10000);
}

static void
test_jitter (void) {
  static const UsBackoff policy = { 1000, 1000, 1000 };
  g_assert_cmpuint (us_backoff_delay_ms (&policy, 1, 1.0), ==, 1200);
  g_assert_cmpuint (us_backoff_delay_ms (&policy, 1, -1.0), ==, 800);
  g_assert_cmpuint (us_backoff_delay_ms (&policy, 1, 9.0), ==, 1200);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/backoff/delays", test_delays);
  g_test_add_func ("/base/backoff/jitter", test_jitter);
  return g_test_run ();
}
