/* test-pace.c - when the writer writes, tidies, waits and stops */
#include "store/pace.h"

#define MS ((gint64)1000)
#define NEVER G_MAXINT64

typedef struct {
  const char *what;
  UsPaceFacts facts;
  UsPace pace;
  gint64 until_us; /* with US_PACE_WAIT */
} Case;

static const Case cases[] = {
  { "nothing to do", { .now_us = 1000 * MS, .tidy_us = 5000 * MS }, US_PACE_WAIT, 5000 * MS },
  { "a first write gathers others",
    { .now_us = 1000 * MS, .n_waiting = 1, .first_us = 1000 * MS, .tidy_us = NEVER },
    US_PACE_WAIT,
    1200 * MS },
  { "gathered long enough",
    { .now_us = 1200 * MS, .n_waiting = 1, .first_us = 1000 * MS, .tidy_us = NEVER },
    US_PACE_WRITE },
  { "somebody waits for it",
    { .now_us = 1000 * MS,
      .n_waiting = 1,
      .first_us = 1000 * MS,
      .is_urgent = TRUE,
      .tidy_us = NEVER },
    US_PACE_WRITE },
  { "a whole batch",
    { .now_us = 1000 * MS, .n_waiting = US_PACE_BATCH, .first_us = 1000 * MS, .tidy_us = NEVER },
    US_PACE_WRITE },
  { "writes go before tidying",
    { .now_us = 1200 * MS, .n_waiting = 1, .first_us = 1000 * MS, .tidy_us = 0 },
    US_PACE_WRITE },
  { "tidying goes on while writes gather",
    { .now_us = 1100 * MS, .n_waiting = 1, .first_us = 1000 * MS, .tidy_us = 1100 * MS },
    US_PACE_TIDY },
  { "tidying is due before the gathering ends",
    { .now_us = 1000 * MS, .n_waiting = 1, .first_us = 1000 * MS, .tidy_us = 1100 * MS },
    US_PACE_WAIT,
    1100 * MS },
  { "a full disk is not asked again before its time, whoever waits",
    { .now_us = 1000 * MS,
      .n_waiting = 2 * US_PACE_BATCH,
      .is_urgent = TRUE,
      .is_failing = TRUE,
      .retry_us = 1500 * MS,
      .tidy_us = 0 },
    US_PACE_WAIT,
    1500 * MS },
  { "a full disk is asked again",
    { .now_us = 1500 * MS, .n_waiting = 1, .is_failing = TRUE, .retry_us = 1500 * MS },
    US_PACE_WRITE },
  { "nothing is tidied on a full disk",
    { .now_us = 1500 * MS, .is_failing = TRUE, .retry_us = 0, .tidy_us = 0 },
    US_PACE_WAIT,
    NEVER },
  { "the end: nothing left", { .now_us = 0, .is_stopping = TRUE, .stop_us = MS }, US_PACE_STOP },
  { "the end: what waits is written without gathering",
    { .now_us = 0, .n_waiting = 1, .first_us = 0, .is_stopping = TRUE, .stop_us = MS },
    US_PACE_WRITE },
  { "the end: the time is over",
    { .now_us = MS, .n_waiting = 1, .is_stopping = TRUE, .stop_us = MS },
    US_PACE_STOP },
  { "the end: a full disk is asked again until the time is over",
    { .now_us = 0,
      .n_waiting = 1,
      .is_failing = TRUE,
      .retry_us = 500 * MS,
      .is_stopping = TRUE,
      .stop_us = 200 * MS },
    US_PACE_WAIT,
    200 * MS },
  { "the end: tidying is left to the next start",
    { .now_us = 0, .tidy_us = 0, .is_stopping = TRUE, .stop_us = MS },
    US_PACE_STOP },
};

static void
test_decide (void) {
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gint64 until_us = -1;
    g_test_message ("%s", cases[i].what);
    g_assert_cmpint (us_pace_decide (&cases[i].facts, &until_us), ==, cases[i].pace);
    if (cases[i].pace == US_PACE_WAIT)
      g_assert_cmpint (until_us, ==, cases[i].until_us);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/pace/decide", test_decide);
  return g_test_run ();
}
