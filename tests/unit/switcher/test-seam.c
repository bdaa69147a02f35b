/* test-seam.c - where a DISCONTINUITY has to stand */
#include "switcher/seam.h"

#include "fake-probe.h"

#define S G_TIME_SPAN_SECOND

static void
test_smooth (void) {
  static const struct {
    gint64 start_us;
    guint64 config;
    gboolean has_audio, is_smooth;
  } table[] = {
    { 12 * S, 1, FALSE, TRUE },
    { 12 * S + 40000, 1, FALSE, TRUE }, /* one frame */
    { 12 * S - 40000, 1, FALSE, TRUE },
    { 12 * S + 80000, 1, FALSE, FALSE },
    { 12 * S - 80000, 1, FALSE, FALSE },
    { 12 * S, 2, FALSE, FALSE }, /* other codecs */
    { 12 * S, 1, TRUE, FALSE },  /* other tracks */
    { 0, 1, FALSE, FALSE },
  };
  g_autoptr (UsProbe) before = fake_probe (10 * S, 1, 2 * S, 1);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (UsProbe) after = fake_probe (table[i].start_us, 1, 2 * S, 5);
    after->config = table[i].config;
    after->has_audio = table[i].has_audio;
    g_assert_cmpint (us_seam_is_smooth (before, after), ==, table[i].is_smooth);
  }
  /* the 33 bits of the clock end between the two */
  const gint64 wrap_us = (G_GINT64_CONSTANT (1) << 33) * 100 / 9;
  g_autoptr (UsProbe) last = fake_probe (wrap_us - 2 * S, 1, 2 * S, 1);
  g_autoptr (UsProbe) first = fake_probe (0, 1, 2 * S, 5);
  g_autoptr (UsProbe) late = fake_probe (S, 1, 2 * S, 5);
  first->config = late->config = last->config;
  g_assert_true (us_seam_is_smooth (last, first));
  g_assert_false (us_seam_is_smooth (last, late));
  g_autoptr (UsProbe) heard = fake_probe (10 * S, 1, 2 * S, 1);
  g_autoptr (UsProbe) next = fake_probe (12 * S, 1, 2 * S, 5);
  heard->has_audio = next->has_audio = TRUE;
  next->config = heard->config;
  heard->end_audio_us = 12 * S;
  next->first_audio_us = 12 * S + 50000;
  g_assert_true (us_seam_is_smooth (heard, next));
  next->first_audio_us = 12 * S + 176000; /* a hole in the sound */
  g_assert_false (us_seam_is_smooth (heard, next));
  g_assert_false (us_seam_is_smooth (NULL, before));
  g_assert_false (us_seam_is_smooth (before, NULL));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/seam/smooth", test_smooth);
  return g_test_run ();
}
