/* test-symptom.c - what is not known must not look like zero */
#include "finding/symptom.h"

#include <math.h>
#include <string.h>

static void
test_init (void) {
  UsSymptoms symptoms;
  memset (&symptoms, 0xa5, sizeof symptoms);
  us_symptoms_init (&symptoms);
  const double times[]
      = { symptoms.target_duration,    symptoms.connect_p50,     symptoms.ttfb_p50,
          symptoms.ttfb_p95,           symptoms.ratio_p50,       symptoms.base_connect,
          symptoms.base_ttfb,          symptoms.base_ratio,      symptoms.hit_ttfb_p50,
          symptoms.miss_ttfb_p50,      symptoms.fast_body_ratio, symptoms.small_rung_ratio,
          symptoms.top_rung_ratio,     symptoms.age_max,         symptoms.watched,
          symptoms.publisher_gone_age, symptoms.switch_age };
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    g_assert_true (isnan (times[i]));
  for (UsCheck check = 0; check < US_N_CHECKS; check++) {
    g_assert_true (isnan (symptoms.first_age[check]));
    g_assert_false (symptoms.is_open[check]);
    g_assert_cmpuint (symptoms.n_hits[check], ==, 0);
  }
  g_assert_cmpuint (us_symptoms_failed (symptoms.playlists), ==, 0);
}

static void
test_failed (void) {
  guint by_outcome[US_N_OUTCOMES];
  for (guint i = 0; i < US_N_OUTCOMES; i++)
    by_outcome[i] = 1;
  by_outcome[US_OUTCOME_OK] = 1000;
  g_assert_cmpuint (us_symptoms_failed (by_outcome), ==, US_N_OUTCOMES - 1);
}

static void
test_outcome_words (void) {
  g_autoptr (GHashTable) words = g_hash_table_new (g_str_hash, g_str_equal);
  for (UsOutcome outcome = 0; outcome < US_N_OUTCOMES; outcome++) {
    g_assert_nonnull (us_outcome_word (outcome));
    g_assert_true (g_hash_table_add (words, (gpointer)us_outcome_word (outcome)));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/finding/symptom/init", test_init);
  g_test_add_func ("/finding/symptom/failed", test_failed);
  g_test_add_func ("/finding/symptom/outcome-words", test_outcome_words);
  return g_test_run ();
}
