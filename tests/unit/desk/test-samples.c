/* test-samples.c - an hour of segments, and no more than there is room for */
#include "desk/samples.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

static void
fill (UsSamples *samples, guint n, gint64 step_us) {
  for (guint i = 0; i < n; i++) {
    const UsSample sample = { .wall_us = i * step_us, .number = i };
    us_samples_add (samples, &sample);
  }
}

static void
test_hour (void) {
  g_autoptr (GArray) samples = us_samples_new ();
  fill (samples, 7200, 2 * SECOND); /* four hours of segments of 2 s */
  const UsSample *first = &g_array_index (samples, UsSample, 0);
  const UsSample *last = &g_array_index (samples, UsSample, samples->len - 1);
  g_assert_cmpuint (last->number, ==, 7199);
  g_assert_cmpint (last->wall_us - first->wall_us, >=, US_SAMPLES_US);
  g_assert_cmpuint (samples->len, <=, 1801 + 256); /* they go in batches */
  for (guint i = 1; i < samples->len; i++)
    g_assert_cmpuint (g_array_index (samples, UsSample, i).number, ==,
                      g_array_index (samples, UsSample, i - 1).number + 1);
}

static void
test_most (void) {
  g_autoptr (GArray) samples = us_samples_new ();
  fill (samples, 3 * US_SAMPLES_MAX, SECOND / 100); /* all of them within the hour */
  g_assert_cmpuint (samples->len, <=, US_SAMPLES_MAX);
  g_assert_cmpuint (samples->len, >, US_SAMPLES_MAX - 512);
  g_assert_cmpuint (g_array_index (samples, UsSample, samples->len - 1).number, ==,
                    3 * US_SAMPLES_MAX - 1);
}

/* A clock that was set back throws nothing away. */
static void
test_clock_back (void) {
  g_autoptr (GArray) samples = us_samples_new ();
  fill (samples, 300, SECOND);
  const UsSample sample = { .wall_us = -9000 * SECOND, .number = 7 };
  us_samples_add (samples, &sample);
  g_assert_cmpuint (samples->len, ==, 301);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/samples/hour", test_hour);
  g_test_add_func ("/desk/samples/most", test_most);
  g_test_add_func ("/desk/samples/clock-back", test_clock_back);
  return g_test_run ();
}
