/* test-verdict.c - the origin's judgement of itself, as a table */
#include "packager/verdict.h"

static void
test_table (void) {
  static const struct {
    UsVerdictFacts facts;
    UsVerdict expected;
  } rows[] = {
    { { FALSE, TRUE, FALSE, 0, 0 }, US_VERDICT_STARTING },
    { { FALSE, FALSE, TRUE, 99 * G_USEC_PER_SEC, 2 }, US_VERDICT_STARTING },
    { { TRUE, TRUE, FALSE, 0, 2 }, US_VERDICT_FRESH },
    { { TRUE, TRUE, FALSE, 3 * G_USEC_PER_SEC, 2 }, US_VERDICT_FRESH },
    { { TRUE, TRUE, FALSE, 3 * G_USEC_PER_SEC + 1, 2 }, US_VERDICT_STALE },
    { { TRUE, FALSE, FALSE, 3 * G_USEC_PER_SEC, 2 }, US_VERDICT_FRESH },
    { { TRUE, FALSE, FALSE, 3 * G_USEC_PER_SEC + 1, 2 }, US_VERDICT_NO_INPUT },
    { { TRUE, TRUE, TRUE, 3 * G_USEC_PER_SEC + 1, 2 }, US_VERDICT_NO_PUBLISHER },
    { { TRUE, FALSE, TRUE, 3 * G_USEC_PER_SEC + 1, 2 }, US_VERDICT_NO_PUBLISHER },
    { { TRUE, TRUE, FALSE, 7 * G_USEC_PER_SEC, 5 }, US_VERDICT_FRESH },
    { { TRUE, TRUE, FALSE, 8 * G_USEC_PER_SEC, 5 }, US_VERDICT_STALE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_cmpint (us_verdict (&rows[i].facts), ==, rows[i].expected);
    gboolean is_refusal = rows[i].expected >= US_VERDICT_STALE;
    g_assert_true ((us_verdict_sentence (rows[i].expected) != NULL) == is_refusal);
    g_assert_nonnull (us_verdict_word (rows[i].expected));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packager/verdict/table", test_table);
  return g_test_run ();
}
