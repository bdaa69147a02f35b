/* test-decode-protocol.c - what a child that has gone astray may say */
#include "monitor/decode-protocol.h"
#include "monitor/measure.h"

#include <math.h>
#include <string.h>

static void
test_requests (void) {
  static const struct {
    UsDecodeRequest request;
    gboolean is_valid;
  } rows[] = {
    { { US_DECODE_MAGIC, US_DECODE_ALL, 0, 188 }, TRUE },
    { { US_DECODE_MAGIC, US_DECODE_PICTURE, 700, US_DECODE_MAX_BYTES - 700 }, TRUE },
    { { US_DECODE_MAGIC, US_DECODE_PICTURE, 700, US_DECODE_MAX_BYTES - 699 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_ALL, G_MAXUINT32, G_MAXUINT32 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_ALL + 1, 0, 188 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_ALL, 188, 0 }, FALSE },
    { { US_DECODE_MAGIC + 1, US_DECODE_ALL, 0, 188 }, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (us_decode_request_is_valid (&rows[i].request), ==, rows[i].is_valid);
}

static void
test_answers (void) {
  static const struct {
    UsDecodeAnswer answer;
    gboolean is_valid;
  } rows[] = {
    { { US_DECODE_MAGIC, US_DECODE_STATUS_READY, 0, 0, 0 }, TRUE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_READY, 1, 0, 0 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_DECODED, sizeof (UsDecoded), 0, 0 }, TRUE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_DECODED, sizeof (UsDecoded) - 1, 0, 0 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_PICTURE, 5000, 320, 180 }, TRUE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_PICTURE, 5000, 0, 180 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_PICTURE, 5000, 320, 1000000 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_PICTURE, 0, 320, 180 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_PICTURE, US_DECODE_MAX_JPEG + 1, 320, 180 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_FAILED, 0, 0, 0 }, TRUE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_FAILED, US_DECODE_MAX_TEXT + 1, 0, 0 }, FALSE },
    { { US_DECODE_MAGIC, US_DECODE_STATUS_FAILED + 1, 0, 0, 0 }, FALSE },
    { { 0x20302e31, US_DECODE_STATUS_READY, 0, 0, 0 }, FALSE }, /* another program */
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (us_decode_answer_is_valid (&rows[i].answer), ==, rows[i].is_valid);
}

static void
test_decoded (void) {
  UsDecoded sound;
  us_decoded_init (&sound);
  g_assert_true (us_decoded_is_valid (&sound));
  sound.video_s = sound.black_run_s = sound.frozen_run_s = 2;
  sound.audio_s = sound.silent_run_s = 2;
  sound.luma = 0.06;
  sound.audio_rms_db = -700;
  g_assert_true (us_decoded_is_valid (&sound));
  static const gsize members[]
      = { G_STRUCT_OFFSET (UsDecoded, video_s),      G_STRUCT_OFFSET (UsDecoded, luma),
          G_STRUCT_OFFSET (UsDecoded, black_run_s),  G_STRUCT_OFFSET (UsDecoded, frozen_run_s),
          G_STRUCT_OFFSET (UsDecoded, audio_s),      G_STRUCT_OFFSET (UsDecoded, audio_rms_db),
          G_STRUCT_OFFSET (UsDecoded, silent_run_s), G_STRUCT_OFFSET (UsDecoded, quiet_rms_db),
          G_STRUCT_OFFSET (UsDecoded, luma_variance) };
  static const double values[] = { -1e9, 1e9, INFINITY, -INFINITY };
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    for (guint n = 0; n < G_N_ELEMENTS (values); n++) {
      UsDecoded strange = sound;
      *(double *)(gpointer)((char *)&strange + members[i]) = values[n];
      g_assert_false (us_decoded_is_valid (&strange));
    }
  UsDecoded unknown = sound;
  unknown.video_s = NAN;
  g_assert_false (us_decoded_is_valid (&unknown));
  unknown = sound;
  unknown.silent_run_s = NAN;
  g_assert_false (us_decoded_is_valid (&unknown));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decode-protocol/requests", test_requests);
  g_test_add_func ("/decode-protocol/answers", test_answers);
  g_test_add_func ("/decode-protocol/decoded", test_decoded);
  return g_test_run ();
}
