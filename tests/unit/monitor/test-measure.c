/* test-measure.c - synthetic pictures and loudness, measured */
#include "monitor/measure.h"

#include <math.h>
#include <string.h>

#define WIDTH 640
#define HEIGHT 360
#define RATE 25.0

typedef void (*Paint) (guint8 *luma, guint frame);

static void
fill (guint8 *luma, guint8 value) {
  memset (luma, value, WIDTH * HEIGHT);
}

static void
add_noise (guint8 *luma, guint frame, guint strength) {
  guint32 state = frame * 2654435761u + 1;
  for (guint i = 0; i < WIDTH * HEIGHT; i++) {
    state = state * 1664525 + 1013904223;
    luma[i] = (guint8)CLAMP (
        (int)luma[i] + (int)(state >> 24) % (int)(2 * strength + 1) - (int)strength, 0, 255);
  }
}

static void
box (guint8 *luma, guint x, guint y, guint width, guint height, guint8 value) {
  for (guint row = y; row < y + height && row < HEIGHT; row++)
    memset (luma + row * WIDTH + x, value, MIN (width, WIDTH - x));
}

static void
pattern (guint8 *luma) {
  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++)
      luma[y * WIDTH + x] = (guint8)(40 + (x + 2 * y) % 160);
}

/* ---- the pictures ---- */

static void
paint_black (guint8 *luma, guint frame) {
  fill (luma, 16);
}
static void
paint_full_range_black (guint8 *luma, guint frame) {
  fill (luma, 0);
}
static void
paint_lens_cap (guint8 *luma, guint frame) {
  fill (luma, 18);
  add_noise (luma, frame, 4);
}
static void
paint_black_with_logo (guint8 *luma, guint frame) {
  fill (luma, 16);
  box (luma, 560, 20, 56, 28, 220);
}
static void
paint_black_with_clock (guint8 *luma, guint frame) {
  fill (luma, 16);
  box (luma, 560, 20, 8 + frame % 25, 28, 220);
}
static void
paint_night (guint8 *luma, guint frame) {
  fill (luma, 18);
  for (guint i = 0; i < 12; i++)
    box (luma, 50 * i + frame % 40, 30 * i, 30, 40, (guint8)(30 + 3 * i));
}
static void
paint_still (guint8 *luma, guint frame) {
  pattern (luma);
}
static void
paint_recoded (guint8 *luma, guint frame) { /* a key frame every second that looks anew */
  pattern (luma);
  add_noise (luma, frame / 25 + 1, 12);
}
static void
paint_clock (guint8 *luma, guint frame) { /* a digit that changes once a second */
  pattern (luma);
  box (luma, 600, 330, 14, 20, frame / 25 % 2 == 0 ? 20 : 235);
}
static void
paint_ball (guint8 *luma, guint frame) {
  fill (luma, 40);
  box (luma, 20 + 3 * frame, 100, 20, 20, 235);
}
static void
paint_crawl (guint8 *luma, guint frame) { /* brighter by a fraction of a step with each frame */
  fill (luma, 60);
  for (guint i = 0; i < WIDTH * HEIGHT; i++)
    luma[i] = (guint8)(60 + (frame + i % 10) / 10);
}
static void
paint_noisy (guint8 *luma, guint frame) {
  pattern (luma);
  add_noise (luma, frame, 30);
}
static void
paint_stops (guint8 *luma, guint frame) { /* moves for a second, then stands */
  pattern (luma);
  box (luma, 4 * MIN (frame, 25), 100, 40, 40, 235);
}
static void
paint_goes_black (guint8 *luma, guint frame) {
  if (frame < 20)
    pattern (luma);
  else
    fill (luma, 16);
}
static void
paint_comes_back (guint8 *luma, guint frame) {
  if (frame < 49)
    fill (luma, 16);
  else
    pattern (luma);
}

static void
measure (Paint paint, guint n, gboolean keys_only, UsDecoded *decoded) {
  g_autofree guint8 *luma = g_malloc (WIDTH * HEIGHT);
  g_autofree UsMeasure *self = g_new (UsMeasure, 1);
  us_measure_init (self, keys_only);
  for (guint i = 0; i < n; i += keys_only ? 25 : 1) {
    paint (luma, i);
    us_measure_add_frame (self, 100 + i / RATE, i % 25 == 0, luma, WIDTH, HEIGHT, WIDTH);
  }
  us_measure_end (self, n / RATE, decoded);
}

static void
test_pictures (void) {
  static const struct {
    const char *name;
    Paint paint;
    double black_s, frozen_s; /* of two seconds */
    double keys_black_s;
  } rows[] = {
    { "black", paint_black, 2, 2, 2 },
    { "black of the full range", paint_full_range_black, 2, 2, 2 },
    { "lens cap", paint_lens_cap, 2, -1, 2 },
    { "black with a logo", paint_black_with_logo, 2, 2, 0 },
    { "black with a clock", paint_black_with_clock, 0, 0.04, 0 },
    { "night", paint_night, 0, 0.04, 0 },
    { "still", paint_still, 0, 2, 0 },
    { "still, coded anew", paint_recoded, 0, 2, 0 },
    { "still with a clock", paint_clock, 0, 1, 0 },
    { "ball", paint_ball, 0, 0.04, 0 },
    { "crawl", paint_crawl, 0, -1, 0 },
    { "noise", paint_noisy, 0, 0.04, 0 },
    { "stops", paint_stops, 0, 1, 0 },
    { "goes black", paint_goes_black, 1.2, 1.2, 1 },
    { "comes back", paint_comes_back, 0, 0.04, 2 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsDecoded decoded;
    measure (rows[i].paint, 50, FALSE, &decoded);
    g_test_message ("%s: luma %.4f variance %.6f black %.2f frozen %.2f", rows[i].name,
                    decoded.luma, decoded.luma_variance, decoded.black_run_s, decoded.frozen_run_s);
    g_assert_cmpuint (decoded.n_frames, ==, 50);
    g_assert_cmpfloat_with_epsilon (decoded.video_s, 2, 0.001);
    g_assert_cmpfloat_with_epsilon (decoded.black_run_s, rows[i].black_s, 0.001);
    if (rows[i].frozen_s >= 0)
      g_assert_cmpfloat_with_epsilon (decoded.frozen_run_s, rows[i].frozen_s, 0.001);
    measure (rows[i].paint, 50, TRUE, &decoded);
    g_assert_cmpuint (decoded.n_frames, ==, 2);
    g_assert_true (isnan (decoded.frozen_run_s));
    g_assert_cmpfloat_with_epsilon (decoded.black_run_s, rows[i].keys_black_s, 0.001);
  }
}

/* What is too slow to tell from frame to frame is told from the first to the last. */
static void
test_crawl (void) {
  UsDecoded decoded;
  measure (paint_crawl, 250, FALSE, &decoded);
  g_assert_cmpfloat (decoded.frozen_run_s, <, 6);
}

static void
test_odd_sizes (void) {
  static const struct {
    guint width, height;
  } sizes[] = { { 1, 1 }, { 2, 200 }, { 161, 91 }, { 159, 89 }, { 4096, 16 }, { 721, 577 } };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    gsize stride = sizes[i].width + 13, size = stride * (sizes[i].height - 1) + sizes[i].width;
    g_autofree guint8 *luma = g_malloc (size); /* nothing behind the last row */
    g_autofree UsMeasure *self = g_new (UsMeasure, 1);
    UsDecoded decoded;
    us_measure_init (self, FALSE);
    for (guint n = 0; n < 3; n++) {
      memset (luma, n < 2 ? 51 : 204, size);
      us_measure_add_frame (self, n / RATE, n == 0, luma, sizes[i].width, sizes[i].height, stride);
    }
    us_measure_end (self, 0, &decoded);
    g_assert_cmpfloat_with_epsilon (decoded.luma, 0.8, 0.001);
    g_assert_cmpfloat_with_epsilon (decoded.frozen_run_s, 0.04, 0.001);
    g_assert_cmpfloat_with_epsilon (us_signature_distance (decoded.first, decoded.last), 0.6,
                                    0.001);
  }
}

static void
test_change_of_size (void) {
  g_autofree guint8 *luma = g_malloc0 (WIDTH * HEIGHT);
  g_autofree UsMeasure *self = g_new (UsMeasure, 1);
  UsDecoded decoded;
  us_measure_init (self, FALSE);
  us_measure_add_frame (self, 0, TRUE, luma, WIDTH, HEIGHT, WIDTH);
  us_measure_add_frame (self, 0.5, TRUE, luma, 80, 45, WIDTH);
  us_measure_add_frame (self, 1, FALSE, luma, 80, 45, WIDTH);
  us_measure_add_frame (self, 1.5, FALSE, luma, 0, 0, WIDTH); /* is left out */
  us_measure_end (self, 2, &decoded);
  g_assert_cmpfloat_with_epsilon (decoded.frozen_run_s, 1.5, 0.001);
}

static void
test_nothing (void) {
  g_autofree UsMeasure *self = g_new (UsMeasure, 1);
  UsDecoded decoded;
  us_measure_init (self, FALSE);
  us_measure_end (self, 2, &decoded);
  g_assert_cmpuint (decoded.n_frames, ==, 0);
  g_assert_cmpfloat (decoded.video_s, ==, 0);
  g_assert_cmpfloat (decoded.audio_s, ==, 0);
  g_assert_true (isnan (decoded.frozen_run_s) && isnan (decoded.luma)
                 && isnan (decoded.audio_rms_db));
}

static void
test_sound (void) {
  static const struct {
    double db[8]; /* of the left channel; 0: the end */
    double right_db;
    guint n_channels;
    double silent_s, rms_db, quiet_db;
  } rows[] = {
    { { -20, -21, -19, -22 }, -25, 2, 0, -19, -25 },
    { { -700, -700, -700, -700 }, -700, 2, 0.4, -700, -700 },
    { { -61, -62, -76, -83 }, -70, 2, 0.4, -61, -70 },
    { { -59, -59, -59, -59 }, -70, 2, 0, -59, -70 },
    { { -700, -700, -30, -700 }, -700, 2, 0.1, -30, -700 }, /* a click */
    { { -30, -700, -700, -700 }, -700, 2, 0.3, -30, -700 },
    { { -20, -20, -20, -20 }, -700, 2, 0, -20, -700 }, /* one channel dead */
    { { -20, -20, -20, -20 }, 0, 1, 0, -20, 0 },
    { { -20, -20, -20, -20 }, -700, 6, 0, -20, 0 }, /* surround: some may be */
    { { -INFINITY, -INFINITY, -INFINITY, NAN }, -INFINITY, 2, 0.4, -700, -700 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree UsMeasure *self = g_new (UsMeasure, 1);
    UsDecoded decoded;
    g_test_message ("row %u", i);
    us_measure_init (self, TRUE);
    for (guint n = 0; rows[i].db[n] != 0; n++) {
      double db[6];
      for (guint c = 0; c < G_N_ELEMENTS (db); c++)
        db[c] = c == 0 ? rows[i].db[n] : rows[i].right_db;
      us_measure_add_sound (self, 0.1, db, rows[i].n_channels);
    }
    us_measure_end (self, 0, &decoded);
    g_assert_cmpfloat_with_epsilon (decoded.audio_s, 0.4, 1e-6);
    g_assert_cmpfloat_with_epsilon (decoded.silent_run_s, rows[i].silent_s, 1e-6);
    g_assert_cmpfloat_with_epsilon (decoded.audio_rms_db, rows[i].rms_db, 1e-6);
    if (rows[i].n_channels == 2)
      g_assert_cmpfloat_with_epsilon (decoded.quiet_rms_db, rows[i].quiet_db, 1e-6);
    else
      g_assert_true (isnan (decoded.quiet_rms_db));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/measure/pictures", test_pictures);
  g_test_add_func ("/measure/crawl", test_crawl);
  g_test_add_func ("/measure/odd-sizes", test_odd_sizes);
  g_test_add_func ("/measure/change-of-size", test_change_of_size);
  g_test_add_func ("/measure/nothing", test_nothing);
  g_test_add_func ("/measure/sound", test_sound);
  return g_test_run ();
}
