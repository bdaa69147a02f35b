/* test-health.c - names of the four states, and back */
#include "finding/health.h"

static void
test_words (void) {
  for (UsHealth health = 0; health < US_N_HEALTHS; health++) {
    UsHealth back = US_N_HEALTHS;
    g_assert_true (us_health_from_word (us_health_word (health), &back));
    g_assert_cmpint (back, ==, health);
    g_assert_true (us_health_from_word (us_health_colour (health), &back));
    g_assert_cmpint (back, ==, health);
  }
  g_assert_cmpstr (us_health_colour (US_HEALTH_DEGRADED), ==, "yellow");
  g_assert_cmpstr (us_health_word (US_HEALTH_NO_DATA), ==, "NO DATA");
}

static void
test_foreign_words (void) {
  static const char *const bad[] = { NULL, "", "HEALTH", "HEALTHYX", "blue", " green", "0" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    UsHealth health = US_HEALTH_DEGRADED;
    g_assert_false (us_health_from_word (bad[i], &health));
    g_assert_cmpint (health, ==, US_HEALTH_DEGRADED);
  }
  UsHealth health;
  g_assert_true (us_health_from_word ("unHealthy", &health));
  g_assert_cmpint (health, ==, US_HEALTH_UNHEALTHY);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/finding/health/words", test_words);
  g_test_add_func ("/finding/health/foreign-words", test_foreign_words);
  return g_test_run ();
}
