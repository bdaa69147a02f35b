/* test-detect-chain.c - our two packagers, as the switcher has compared them */
#include "detect-case.h"

static void
test_twins (void) {
  static const char *const expected[] = {
    [US_TWINS_UNKNOWN] = "",
    [US_TWINS_ALIKE] = "",
    [US_TWINS_APART] = "twins_differ:degraded",
    [US_TWINS_FOREIGN] = "twins_differ:degraded",
  };
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    UsSymptoms inside;
    us_symptoms_init (&inside);
    g_assert_cmpint (inside.twins, ==, US_TWINS_UNKNOWN);
    inside.twins = (UsTwins)i;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_chain (&inside, hits);
    assert_hits (hits, expected[i]);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-chain/twins", test_twins);
  return g_test_run ();
}
