/* test-facts.c - an origin is as good as its worst playlist */
#include "switcher/facts.h"

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

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/facts/worst", test_worst);
  return g_test_run ();
}
