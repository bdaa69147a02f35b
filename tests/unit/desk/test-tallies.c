/* test-tallies.c - each thing is counted once, in the right place */
#include "desk/tallies.h"

#include <math.h>

static void
segment (UsTallies *tallies, UsOutcome outcome, double ttfb_s) {
  const UsSample sample = { .outcome = outcome, .ttfb_s = ttfb_s, .n_bytes = 10 };
  us_tallies_add_segment (tallies, "a", &sample);
}

static void
test_segments (void) {
  g_autoptr (UsTallies) tallies = us_tallies_new ();
  segment (tallies, US_OUTCOME_OK, 0.01);
  segment (tallies, US_OUTCOME_OK, us_tally_bounds[0]); /* "le": still the first bucket */
  segment (tallies, US_OUTCOME_OK, 1000);               /* above all bounds */
  segment (tallies, US_OUTCOME_MISSING, NAN);
  const UsTally *tally = us_tallies_get (tallies, "a");
  g_assert_cmpuint (tally->segments[US_OUTCOME_OK], ==, 3);
  g_assert_cmpuint (tally->segments[US_OUTCOME_MISSING], ==, 1);
  g_assert_cmpuint (tally->n_bytes, ==, 40);
  g_assert_cmpuint (tally->first_bytes[0], ==, 2);
  g_assert_cmpuint (tally->first_bytes[US_TALLY_N_BOUNDS], ==, 1);
  g_assert_cmpfloat_with_epsilon (tally->first_bytes_s, 1000.01 + us_tally_bounds[0], 1e-9);
  for (guint i = 1; i < US_TALLY_N_BOUNDS; i++)
    g_assert_cmpfloat (us_tally_bounds[i], >, us_tally_bounds[i - 1]);
}

static void
test_rest (void) {
  g_autoptr (UsTallies) tallies = us_tallies_new ();
  const UsMinute minute = { .n_playlists = 30,
                            .n_playlist_errors = 2,
                            .seconds = { [US_HEALTH_HEALTHY] = 40, [US_HEALTH_UNHEALTHY] = 20 } };
  us_tallies_add_minute (tallies, "a", &minute);
  us_tallies_add_minute (tallies, "a", &minute);
  us_tallies_add_finding (tallies, "a", US_CHECK_STALE);
  us_tallies_add_finding (tallies, "a", US_N_CHECKS);
  const UsTally *tally = us_tallies_get (tallies, "a");
  g_assert_cmpuint (tally->n_playlists, ==, 60);
  g_assert_cmpuint (tally->n_playlist_errors, ==, 4);
  g_assert_cmpfloat (tally->seconds[US_HEALTH_UNHEALTHY], ==, 40);
  g_assert_cmpuint (tally->findings[US_CHECK_STALE], ==, 1);
  g_assert_cmpuint (us_tallies_get (tallies, "b")->n_playlists, ==, 0);
  us_tallies_remove (tallies, "a");
  us_tallies_remove (tallies, "never there");
  g_assert_cmpuint (us_tallies_get (tallies, "a")->n_playlists, ==, 0);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/tallies/segments", test_segments);
  g_test_add_func ("/desk/tallies/rest", test_rest);
  return g_test_run ();
}
