/* test-rates.c - what is said of a publisher on standby: in time, from the start, and in silence */
#include "ingest/rates.h"

static gint64
us (gint64 ms) {
  return (1000 + ms) * G_GINT64_CONSTANT (1000);
}

/* 25 pictures of 5,000 bytes a second, each with 2 x 100 bytes of sound. */
static void
play (UsRates *rates, gint64 from_ms, gint64 until_ms) {
  const UsFlvTag picture = { .kind = US_FLV_FRAME, .codec_name = "H.264" };
  const UsFlvTag sound = { .kind = US_FLV_FRAME, .codec_name = "AAC" };
  for (gint64 t = from_ms; t < until_ms; t += 40) {
    us_rates_push (rates, TRUE, &picture, 5000, us (t));
    us_rates_push (rates, FALSE, &sound, 100, us (t + 5));
    us_rates_push (rates, FALSE, &sound, 100, us (t + 25));
  }
}

static void
test_steady (void) {
  UsRates rates = { 0 };
  g_assert_false (us_rates_is_known (&rates, us (0)));
  play (&rates, 0, US_RATES_WINDOW_MS);
  g_assert_false (us_rates_is_known (&rates, us (1990)));
  g_assert_cmpstr (rates.codecs[TRUE], ==, "H.264");
  g_assert_cmpstr (rates.codecs[FALSE], ==, "AAC");
  play (&rates, 2000, 60000);
  g_assert_true (us_rates_is_known (&rates, us (60000)));
  g_assert_cmpuint (rates.bitrate_bps, ==, 25 * 5200 * 8);
  g_assert_cmpfloat_with_epsilon (rates.fps, 25, 0.001);
}

static void
test_silence (void) {
  UsRates rates = { 0 };
  play (&rates, 0, 6000);
  g_assert_true (us_rates_is_known (&rates, us (7000)));
  g_assert_false (us_rates_is_known (&rates, us (8000)));
  /* what comes after it is not spread over the silence for longer than a window */
  play (&rates, 30000, 30100);
  g_assert_cmpfloat (rates.fps, <, 3);
  play (&rates, 30100, 33000);
  g_assert_true (us_rates_is_known (&rates, us (33000)));
  g_assert_cmpfloat_with_epsilon (rates.fps, 25, 0.5);
}

/* Codecs that cannot be packaged have a rate and a name too; configurations are no pictures. */
static void
test_odd (void) {
  UsRates rates = { 0 };
  const UsFlvTag config = { .kind = US_FLV_CONFIG, .codec_name = "H.264" };
  const UsFlvTag other = { .kind = US_FLV_UNSUPPORTED, .codec_name = "AV1" };
  const UsFlvTag end = { .kind = US_FLV_END };
  for (gint64 t = 0; t <= 2000; t += 100)
    us_rates_push (&rates, TRUE, &config, 10, us (t));
  g_assert_cmpfloat (rates.fps, ==, 0);
  for (gint64 t = 2100; t <= 4000; t += 100)
    us_rates_push (&rates, TRUE, &other, 10, us (t));
  us_rates_push (&rates, TRUE, &end, 5, us (4000));
  g_assert_cmpfloat_with_epsilon (rates.fps, 9.5, 0.1);
  g_assert_cmpstr (rates.codecs[TRUE], ==, "AV1");
  g_assert_null (rates.codecs[FALSE]);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rates/steady", test_steady);
  g_test_add_func ("/rates/silence", test_silence);
  g_test_add_func ("/rates/odd", test_odd);
  return g_test_run ();
}
