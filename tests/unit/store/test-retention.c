/* test-retention.c - when the wall clock is believed enough to delete by it */
#include "store/retention.h"

#define MIN_US ((gint64)60 * G_USEC_PER_SEC)
#define HOUR_US (60 * MIN_US)
#define T0 ((gint64)1700000000 * G_USEC_PER_SEC)

typedef struct {
  gint64 minute;   /* monotonic, since the start */
  gint64 wall_off; /* minutes that the wall clock is ahead of it */
  gboolean is_believed;
} Look;

static void
run (const Look *looks, guint n_looks) {
  UsRetentionClock clock;
  us_retention_clock_init (&clock, T0, 0);
  for (guint i = 0; i < n_looks; i++) {
    gint64 monotonic_us = looks[i].minute * MIN_US;
    gint64 wall_us = T0 + monotonic_us + looks[i].wall_off * MIN_US;
    g_test_message ("minute %d", (int)looks[i].minute);
    g_assert_cmpint (us_retention_clock_look (&clock, wall_us, monotonic_us), ==,
                     looks[i].is_believed);
  }
}

static void
test_start (void) {
  static const Look looks[]
      = { { 1, 0, FALSE }, { 9, 0, FALSE }, { 10, 0, TRUE }, { 11, 0, TRUE } };
  run (looks, G_N_ELEMENTS (looks));
}

static void
test_steps (void) {
  static const Look looks[] = {
    { 20, 0, TRUE },       { 21, 4, TRUE },  /* a small step */
    { 22, 525600, FALSE },                   /* a year ahead */
    { 81, 525600, FALSE },                   /* believed again after an hour ... */
    { 82, 525600, TRUE },  { 83, 0, FALSE }, /* ... and the step back is a step, too */
    { 90, -120, FALSE },                     /* another one begins the hour anew */
    { 149, -120, FALSE },  { 150, -120, TRUE }, { 600, -120, TRUE },
  };
  run (looks, G_N_ELEMENTS (looks));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/retention/clock-start", test_start);
  g_test_add_func ("/store/retention/clock-steps", test_steps);
  return g_test_run ();
}
