/* test-strips.c - the worst of each minute, over gaps and clocks that jump */
#include "desk/strips.h"

#include <string.h>

#define M US_STRIP_MINUTE_US
#define NOW (30000000 * M)

static void
assert_strip (UsStrips *strips, const char *stream, gint64 since_us, const char *expected) {
  char letters[US_STRIP_MINUTES + 1];
  us_strips_read (strips, stream, since_us, (guint)strlen (expected), letters);
  g_assert_cmpstr (letters, ==, expected);
}

static void
test_worst (void) {
  g_autoptr (UsStrips) strips = us_strips_new ();
  assert_strip (strips, "a", NOW, "---");
  us_strips_note (strips, "a", NOW, US_HEALTH_NO_DATA);
  assert_strip (strips, "a", NOW - M, "-N-");
  us_strips_note (strips, "a", NOW + M - 1, US_HEALTH_HEALTHY); /* the same minute */
  assert_strip (strips, "a", NOW - M, "-H-");
  us_strips_note (strips, "a", NOW + M, US_HEALTH_UNHEALTHY);
  us_strips_note (strips, "a", NOW + M + 1, US_HEALTH_HEALTHY);
  us_strips_note (strips, "a", NOW, US_HEALTH_DEGRADED); /* a minute that was had already */
  assert_strip (strips, "a", NOW - M, "-DU-");
  us_strips_note (strips, "a", NOW + 4 * M, US_HEALTH_HEALTHY);
  assert_strip (strips, "a", NOW, "DU--H-");
  assert_strip (strips, "b", NOW, "----");
  us_strips_remove (strips, "a");
  us_strips_remove (strips, "never there");
  assert_strip (strips, "a", NOW, "-----");
}

static void
test_window (void) {
  g_autoptr (UsStrips) strips = us_strips_new ();
  for (int i = 0; i < 3 * US_STRIP_MINUTES; i++)
    us_strips_note (strips, "a", NOW + i * M, i % 2 == 0 ? US_HEALTH_HEALTHY : US_HEALTH_DEGRADED);
  gint64 first_us = NOW + 2 * US_STRIP_MINUTES * M;
  assert_strip (strips, "a", first_us - 2 * M, "--HD");
  assert_strip (strips, "a", first_us + (US_STRIP_MINUTES - 2) * M, "HD--");
  us_strips_note (strips, "a", first_us, US_HEALTH_UNHEALTHY); /* the oldest one there is */
  assert_strip (strips, "a", first_us, "UD");
}

/* What it left when it was wrong does not stand in the way of what is right. */
static void
test_clock (void) {
  g_autoptr (UsStrips) strips = us_strips_new ();
  us_strips_note (strips, "a", NOW, US_HEALTH_HEALTHY);
  us_strips_note (strips, "a", 2 * NOW, US_HEALTH_UNHEALTHY);
  assert_strip (strips, "a", NOW, "-");
  us_strips_note (strips, "a", NOW + M, US_HEALTH_HEALTHY);
  assert_strip (strips, "a", NOW, "-H-");
  assert_strip (strips, "a", 2 * NOW, "-");
  us_strips_note (strips, "a", -NOW, US_HEALTH_UNHEALTHY); /* before 1970 */
  assert_strip (strips, "a", NOW, "-H-");
  assert_strip (strips, "a", -NOW, "--");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/strips/worst", test_worst);
  g_test_add_func ("/desk/strips/window", test_window);
  g_test_add_func ("/desk/strips/clock", test_clock);
  return g_test_run ();
}
