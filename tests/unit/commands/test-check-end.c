/* test-check-end.c - a check ends when it knows, and not before */
#include "commands/check-end.h"

#define S G_USEC_PER_SEC

static void
test_table (void) {
  static const struct {
    const char *what;
    UsCheckEnd facts;
    gboolean is_due;
  } cases[] = {
    { "nothing yet", { .now_us = 5 * S, .begun_us = 1 }, FALSE },
    { "nothing for a minute", { .now_us = 61 * S, .begun_us = 1 }, TRUE },
    { "proven", { .now_us = 4 * S, .begun_us = 1, .is_unreachable = TRUE }, TRUE },
    { "proven, but longer was wanted: it stays proven",
      { .now_us = 4 * S, .begun_us = 1, .for_us = 60 * S, .is_unreachable = TRUE },
      TRUE },
    /* live */
    { "ten seconds at least",
      { .now_us = 10 * S, .first_good_us = 1 * S, .target_duration_s = 2, .n_evaluations = 9 },
      FALSE },
    { "ten seconds",
      { .now_us = 11 * S, .first_good_us = 1 * S, .target_duration_s = 2, .n_evaluations = 9 },
      TRUE },
    { "three target durations",
      { .now_us = 30 * S, .first_good_us = 1 * S, .target_duration_s = 10, .n_evaluations = 9 },
      FALSE },
    { "three target durations, over",
      { .now_us = 31 * S, .first_good_us = 1 * S, .target_duration_s = 10, .n_evaluations = 9 },
      TRUE },
    { "not judged twice",
      { .now_us = 31 * S, .first_good_us = 1 * S, .target_duration_s = 2, .n_evaluations = 1 },
      FALSE },
    { "a segment is still to come",
      { .now_us = 12 * S,
        .first_good_us = 1 * S,
        .target_duration_s = 2,
        .n_evaluations = 9,
        .lacks_segment = TRUE },
      FALSE },
    { "a segment never comes",
      { .now_us = 21 * S,
        .first_good_us = 1 * S,
        .target_duration_s = 2,
        .n_evaluations = 9,
        .lacks_segment = TRUE },
      TRUE },
    { "as long as wanted, not less",
      { .now_us = 30 * S,
        .begun_us = 1,
        .first_good_us = 1,
        .for_us = 60 * S,
        .target_duration_s = 2,
        .n_evaluations = 9 },
      FALSE },
    { "as long as wanted, not more",
      { .now_us = 61 * S, .begun_us = 1, .for_us = 60 * S, .lacks_segment = TRUE },
      TRUE },
    /* recordings */
    { "segments wait",
      { .now_us = 500 * S, .first_good_us = 1, .is_recording = TRUE, .n_evaluations = 99 },
      FALSE },
    { "fetched, judged once",
      { .now_us = 2 * S,
        .first_good_us = 1,
        .is_recording = TRUE,
        .is_idle = TRUE,
        .n_evaluations = 99,
        .n_idle_evaluations = 1 },
      FALSE },
    { "fetched and judged",
      { .now_us = 2 * S,
        .first_good_us = 1,
        .is_recording = TRUE,
        .is_idle = TRUE,
        .n_idle_evaluations = 2 },
      TRUE },
    { "fetched and judged before the time wanted",
      { .now_us = 2 * S,
        .first_good_us = 1,
        .for_us = 60 * S,
        .is_recording = TRUE,
        .is_idle = TRUE,
        .n_idle_evaluations = 2 },
      TRUE },
    { "the time wanted is over",
      { .now_us = 61 * S, .first_good_us = 1, .for_us = 60 * S, .is_recording = TRUE },
      TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].what);
    g_assert_cmpint (us_check_end_is_due (&cases[i].facts), ==, cases[i].is_due);
  }
}

static void
test_planned (void) {
  UsCheckEnd facts = { .target_duration_s = 0 };
  g_assert_cmpint (us_check_end_planned_us (&facts), ==, 10 * S);
  facts.target_duration_s = 6;
  g_assert_cmpint (us_check_end_planned_us (&facts), ==, 18 * S);
  facts.for_us = 5 * S;
  g_assert_cmpint (us_check_end_planned_us (&facts), ==, 5 * S);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/check-end/table", test_table);
  g_test_add_func ("/commands/check-end/planned", test_planned);
  return g_test_run ();
}
