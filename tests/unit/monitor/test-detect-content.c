/* test-detect-content.c - nothing to see, nothing to hear */
#include "detect-case.h"

static void
test_content (void) {
  static const struct {
    double black_s, frozen_s, silent_s;
    gboolean is_dead_channel;
    const char *expected;
  } rows[] = {
    { NAN, NAN, NAN, FALSE, "" },
    { 0, 0, 0, FALSE, "" },
    { 4.9, 4.9, 4.9, FALSE, "" },
    { 5, 0, 0, FALSE, "black:degraded" },
    { 19.9, 0, 0, FALSE, "black:degraded" },
    { 20, 0, 0, FALSE, "black:unhealthy" },
    { 0, 5, 0, FALSE, "frozen:degraded" },
    { NAN, 20, NAN, FALSE, "frozen:unhealthy" },
    { 20, 20, 0, FALSE, "black:unhealthy" }, /* of course it does not move */
    { 16, 30, 0, FALSE, "black:degraded" },
    { 6, 30, 0, FALSE, "black:degraded frozen:unhealthy" },
    { 0, 0, 5, FALSE, "silent:degraded" },
    { 0, 0, 20, FALSE, "silent:unhealthy" },
    { 20, 0, 20, FALSE, "black:unhealthy silent:unhealthy" },
    { 0, 0, 0, TRUE, "silent:info" },
    { 0, 0, 20, TRUE, "silent:unhealthy" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    UsRenditionFacts facts = { .content = { .black_s = rows[i].black_s,
                                            .frozen_s = rows[i].frozen_s,
                                            .silent_s = rows[i].silent_s,
                                            .is_dead_channel = rows[i].is_dead_channel } };
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_content (&facts, hits);
    assert_hits (hits, rows[i].expected);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/detect-content/table", test_content);
  return g_test_run ();
}
