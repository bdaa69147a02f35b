/* test-flv.c - headers of audio and video messages, by table */
#include <string.h>

#include "fixture.h"
#include "rtmp/error.h"
#include "rtmp/flv.h"

typedef struct {
  const char *hex;
  int kind; /* -1: an error */
  UsCodec codec;
  gboolean is_keyframe;
  gint32 composition_time_ms;
  gsize data_offset;
} Case;

static const Case video[] = {
  { "17 00 000000 0164", US_FLV_CONFIG, US_CODEC_H264, TRUE, 0, 5 },
  { "17 01 000043 00000001 65", US_FLV_FRAME, US_CODEC_H264, TRUE, 67, 5 },
  { "27 01 ffffff 00", US_FLV_FRAME, US_CODEC_H264, FALSE, -1, 5 },
  { "27 01 800000 00", US_FLV_FRAME, US_CODEC_H264, FALSE, -8388608, 5 },
  { "27 01 7fffff 00", US_FLV_FRAME, US_CODEC_H264, FALSE, 8388607, 5 },
  { "47 01 000000 00", US_FLV_FRAME, US_CODEC_H264, TRUE, 0, 5 },
  { "17 02 000000", US_FLV_END, US_CODEC_H264, TRUE, 0, 5 },
  { "17 02", US_FLV_END, US_CODEC_H264, TRUE, 0, 2 },
  { "", US_FLV_EMPTY, US_CODEC_NONE, FALSE, 0, 0 },
  { "27 01 000000", US_FLV_EMPTY, US_CODEC_H264, FALSE, 0, 5 },
  { "17 00 000000", US_FLV_EMPTY, US_CODEC_H264, TRUE, 0, 5 },
  { "57 00", US_FLV_EMPTY, US_CODEC_NONE, FALSE, 0, 2 }, /* a seek mark */
  { "17", -1 },
  { "17 01 0000", -1 },
  { "17 07 000000 00", -1 },
  { "12 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 1 },
  { "1c 00 000000 01", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 1 }, /* HEVC as id 12 */
  /* Enhanced RTMP */
  { "90 61766331 01", US_FLV_CONFIG, US_CODEC_H264, TRUE, 0, 5 },
  { "91 61766331 fffffe 00", US_FLV_FRAME, US_CODEC_H264, TRUE, -2, 8 },
  { "a3 61766331 00", US_FLV_FRAME, US_CODEC_H264, FALSE, 0, 5 },
  { "91 61766331", US_FLV_EMPTY, US_CODEC_H264, TRUE, 0, 5 },
  { "91 61766331 0000", -1 },
  { "92 61766331", US_FLV_END, US_CODEC_H264, TRUE, 0, 5 },
  { "94 61766331 00", US_FLV_EMPTY, US_CODEC_H264, TRUE, 0, 6 },
  { "95 61766331 00", -1 },
  { "90 68766331 01", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "90 7a7a7a7a 01", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "90 6176", -1 },
  { "96 01 61766331", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 6 },
  { "d1 00", US_FLV_EMPTY, US_CODEC_NONE, FALSE, 0, 2 },
  /* ModEx: three bytes of nanoseconds, then a coded frame; then twice; then the long form */
  { "97 02 000001 01 61766331 000005 00", US_FLV_FRAME, US_CODEC_H264, TRUE, 5, 13 },
  { "97 02 000001 07 00 00 03 61766331 00", US_FLV_FRAME, US_CODEC_H264, TRUE, 0, 13 },
  { "97 ff 0001 0000 00 61766331 01", US_FLV_CONFIG, US_CODEC_H264, TRUE, 0, 11 },
  { "97", -1 },
  { "97 02 0000", -1 },
  { "97 ff 00", -1 },
  { "97 ff ffff 00", -1 },
};

static const Case audio[] = {
  { "af 00 1210", US_FLV_CONFIG, US_CODEC_AAC, TRUE, 0, 2 },
  { "af 01 21", US_FLV_FRAME, US_CODEC_AAC, TRUE, 0, 2 },
  { "af 01", US_FLV_EMPTY, US_CODEC_AAC, TRUE, 0, 2 },
  { "af", -1 },
  { "af 02 00", -1 },
  { "", US_FLV_EMPTY, US_CODEC_NONE, TRUE, 0, 0 },
  { "2f fffb", US_FLV_FRAME, US_CODEC_MP3, TRUE, 0, 1 },
  { "ee fffb", US_FLV_FRAME, US_CODEC_MP3, TRUE, 0, 1 },
  { "2f", US_FLV_EMPTY, US_CODEC_MP3, TRUE, 0, 1 },
  { "b6 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 1 },
  { "90 6d703461 1210", US_FLV_CONFIG, US_CODEC_AAC, TRUE, 0, 5 },
  { "91 6d703461 21", US_FLV_FRAME, US_CODEC_AAC, TRUE, 0, 5 },
  { "91 2e6d7033 ff", US_FLV_FRAME, US_CODEC_MP3, TRUE, 0, 5 },
  { "91 6d703461", US_FLV_EMPTY, US_CODEC_AAC, TRUE, 0, 5 },
  { "92 6d703461", US_FLV_END, US_CODEC_AAC, TRUE, 0, 5 },
  { "94 6d703461 00", US_FLV_EMPTY, US_CODEC_AAC, TRUE, 0, 6 },
  { "93 6d703461 00", -1 },
  { "90 4f707573 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "95 00 6d703461 01", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 7 },
  { "91 6d70", -1 },
};

typedef gboolean (*Parse) (const guint8 *data, gsize size, UsFlvTag *tag, GError **error);

static void
run (const Case *cases, guint n, Parse parse) {
  for (guint i = 0; i < n; i++) {
    g_test_message ("%s", cases[i].hex);
    g_autoptr (GByteArray) bytes = fixture_hex (cases[i].hex);
    g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
    UsFlvTag tag;
    g_autoptr (GError) error = NULL;
    gboolean ok = parse (exact, bytes->len, &tag, &error);
    if (cases[i].kind < 0) {
      g_assert_false (ok);
      g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA);
      continue;
    }
    g_assert_no_error (error);
    g_assert_cmpint (tag.kind, ==, cases[i].kind);
    g_assert_cmpint (tag.codec, ==, cases[i].codec);
    g_assert_cmpint (tag.is_keyframe, ==, cases[i].is_keyframe);
    g_assert_cmpint (tag.composition_time_ms, ==, cases[i].composition_time_ms);
    g_assert_cmpuint (tag.data_offset, ==, cases[i].data_offset);
    g_assert_nonnull (tag.codec_name);
  }
}

static void
test_video (void) {
  run (video, G_N_ELEMENTS (video), us_flv_parse_video);
}

static void
test_audio (void) {
  run (audio, G_N_ELEMENTS (audio), us_flv_parse_audio);
}

static void
test_all_short_inputs (void) {
  for (guint i = 0; i < 65536; i++) {
    guint8 bytes[] = { (guint8)(i >> 8), (guint8)i };
    UsFlvTag tag;
    for (gsize size = 1; size <= 2; size++) {
      g_autoptr (GError) error = NULL;
      if (us_flv_parse_video (bytes, size, &tag, NULL))
        g_assert_cmpuint (tag.data_offset, <=, size);
      if (us_flv_parse_audio (bytes, size, &tag, &error))
        g_assert_cmpuint (tag.data_offset, <=, size);
    }
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/flv/video", test_video);
  g_test_add_func ("/rtmp/flv/audio", test_audio);
  g_test_add_func ("/rtmp/flv/all-short-inputs", test_all_short_inputs);
  return g_test_run ();
}
