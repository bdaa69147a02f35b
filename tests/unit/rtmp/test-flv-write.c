/* test-flv-write.c - what is written is read back by flv.c, and the bytes are the specified ones */
#include "rtmp/flv-write.h"

#include "rtmp/flv.h"

static const guint8 data[] = { 1, 2, 3 };

static void
assert_bytes (GBytes *bytes, const guint8 *expected, gsize size) {
  gsize n = 0;
  const guint8 *got = g_bytes_get_data (bytes, &n);
  g_assert_cmpmem (got, n, expected, size);
}

static void
test_bytes (void) {
  static const guint8 config[] = { 0x17, 0, 0, 0, 0, 1, 2, 3 };
  static const guint8 asc[] = { 0xaf, 0, 1, 2, 3 };
  static const guint8 raw[] = { 0xaf, 1, 1, 2, 3 };
  static const guint8 mp3[] = { 0x2f, 1, 2, 3 };
  g_autoptr (GBytes) a = us_flv_write_avc_config (data, sizeof data);
  g_autoptr (GBytes) b = us_flv_write_aac_config (data, sizeof data);
  g_autoptr (GBytes) c = us_flv_write_aac_frame (data, sizeof data);
  g_autoptr (GBytes) d = us_flv_write_mp3_frame (data, sizeof data);
  assert_bytes (a, config, sizeof config);
  assert_bytes (b, asc, sizeof asc);
  assert_bytes (c, raw, sizeof raw);
  assert_bytes (d, mp3, sizeof mp3);
}

static void
test_frames (void) {
  static const struct {
    gint32 cts, expected;
    gboolean is_key;
  } rows[] = { { 0, 0, TRUE },
               { 80, 80, FALSE },
               { -40, -40, FALSE },
               { 0x7fffff, 0x7fffff, TRUE },
               { 0x800000, 0x7fffff, FALSE },
               { G_MININT32, -0x800000, FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsFlvTag tag;
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) bytes
        = us_flv_write_avc_frame (data, sizeof data, rows[i].is_key, rows[i].cts);
    gsize size = 0;
    const guint8 *got = g_bytes_get_data (bytes, &size);
    g_assert_true (us_flv_parse_video (got, size, &tag, &error));
    g_assert_no_error (error);
    g_assert_cmpint (tag.kind, ==, US_FLV_FRAME);
    g_assert_cmpint (tag.codec, ==, US_CODEC_H264);
    g_assert_cmpint (tag.is_keyframe, ==, rows[i].is_key);
    g_assert_cmpint (tag.composition_time_ms, ==, rows[i].expected);
    g_assert_cmpmem (got + tag.data_offset, size - tag.data_offset, data, sizeof data);
  }
}

static void
test_audio_reads_back (void) {
  UsFlvTag tag;
  g_autoptr (GBytes) bytes = us_flv_write_mp3_frame (data, sizeof data);
  gsize size = 0;
  const guint8 *got = g_bytes_get_data (bytes, &size);
  g_assert_true (us_flv_parse_audio (got, size, &tag, NULL));
  g_assert_cmpint (tag.codec, ==, US_CODEC_MP3);
  g_assert_cmpint (tag.kind, ==, US_FLV_FRAME);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/flv-write/bytes", test_bytes);
  g_test_add_func ("/rtmp/flv-write/frames", test_frames);
  g_test_add_func ("/rtmp/flv-write/audio-reads-back", test_audio_reads_back);
  return g_test_run ();
}
