/* test-facts.c - an origin is as good as its worst playlist */
#include "switcher/facts.h"

#define S G_TIME_SPAN_SECOND

static void
test_worst (void) {
  const UsOriginFacts good
      = { .has_window = TRUE, .last_advance_us = 900, .n_in_step = 7, .target_us = 2000 };
  const UsOriginFacts soft = { .has_window = TRUE,
                               .error = US_REASON_TIMEOUT,
                               .error_since_us = 500,
                               .n_recent_bad = 1,
                               .last_advance_us = 400,
                               .behind_since_us = 450,
                               .n_in_step = 3,
                               .target_us = 4000 };
  const UsOriginFacts hard = { .error = US_REASON_REFUSED,
                               .error_since_us = 600,
                               .n_recent_bad = 3,
                               .segment_error = US_REASON_BAD_SEGMENT,
                               .n_segment_errors = 2,
                               .last_advance_us = 800,
                               .behind_since_us = 700,
                               .n_in_step = 9 };
  const UsOriginFacts *parts[] = { &good, &soft, &hard };
  for (guint turn = 0; turn < 3; turn++) { /* in whatever order */
    const UsOriginFacts *turned[] = { parts[turn], parts[(turn + 1) % 3], parts[(turn + 2) % 3] };
    UsOriginFacts worst = us_facts_worst (turned, 3);
    g_assert_false (worst.has_window);
    g_assert_cmpint (worst.error, ==, US_REASON_REFUSED);
    g_assert_cmpint (worst.error_since_us, ==, 500);
    g_assert_cmpuint (worst.n_recent_bad, ==, 3);
    g_assert_cmpint (worst.segment_error, ==, US_REASON_BAD_SEGMENT);
    g_assert_cmpuint (worst.n_segment_errors, ==, 2);
    g_assert_cmpint (worst.last_advance_us, ==, 400);
    g_assert_cmpint (worst.behind_since_us, ==, 450);
    g_assert_cmpuint (worst.n_in_step, ==, 3);
    g_assert_cmpint (worst.target_us, ==, 4000);
  }
  UsOriginFacts alone = us_facts_worst (parts, 1);
  g_assert_true (alone.has_window);
  g_assert_cmpint (alone.error, ==, US_REASON_OK);
  g_assert_cmpuint (alone.n_in_step, ==, good.n_in_step);
  UsOriginFacts nothing = us_facts_worst (NULL, 0);
  g_assert_false (nothing.has_window);
}

/* A few times what viewers were told is the longest that counts. */
static void
test_target (void) {
  static const struct {
    gint64 its_us;
    guint ours_s;
    gint64 told_us;
  } table[] = {
    { 6 * S, 0, 6 * S }, { 2 * S, 6, 2 * S },    { 6 * S, 2, 6 * S },         { 8 * S, 2, 8 * S },
    { 9 * S, 2, 8 * S }, { 3600 * S, 2, 8 * S }, { G_MAXUINT * S, 2, 8 * S },
  };
  const UsPolicySettings settings = { .age_threshold_us = 20 * S };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    const UsOriginFacts facts = { .target_us = table[i].its_us, .n_in_step = 5 };
    UsOriginFacts told = us_facts_with_target (&facts, table[i].ours_s);
    g_assert_cmpint (told.target_us, ==, table[i].told_us);
    g_assert_cmpuint (told.n_in_step, ==, 5);
    g_assert_cmpint (us_policy_stale_us (&settings, told.target_us), <, 13 * S);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/facts/worst", test_worst);
  g_test_add_func ("/switcher/facts/target", test_target);
  return g_test_run ();
}
