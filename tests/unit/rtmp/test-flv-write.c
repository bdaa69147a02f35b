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

/* Every codec comes back as it went in, and what is wrapped comes out plain. */
static void
test_all_codecs (void) {
  for (UsCodec codec = US_CODEC_NONE + 1; codec < US_N_CODECS; codec++) {
    gboolean is_video = us_codec_is_video (codec);
    for (guint i = 0; i < 3; i++) {
      gboolean is_config = i == 2;
      if (is_config && !us_codec_has_config (codec))
        continue;
      g_autoptr (GBytes) payload
          = is_config ? us_flv_write_config (codec, data, sizeof data)
                      : us_flv_write_frame (codec, data, sizeof data, i == 0, is_video ? -40 : 0);
      gsize size;
      const guint8 *bytes = g_bytes_get_data (payload, &size);
      UsFlvTag tag;
      g_autoptr (GError) error = NULL;
      gboolean ok = is_video ? us_flv_parse_video (bytes, size, &tag, &error)
                             : us_flv_parse_audio (bytes, size, &tag, &error);
      g_assert_no_error (error);
      g_assert_true (ok);
      g_assert_cmpint (tag.kind, ==, is_config ? US_FLV_CONFIG : US_FLV_FRAME);
      g_assert_cmpint (tag.codec, ==, codec);
      g_assert_cmpint (tag.is_keyframe, ==, !is_video || i != 1);
      g_assert_cmpint (tag.composition_time_ms, ==, is_video && !is_config ? -40 : 0);
      g_assert_cmpmem (bytes + tag.data_offset, tag.data_size, data, sizeof data);
      g_autoptr (GBytes) plain = us_flv_write_plain (payload, &tag);
      g_assert_true (plain == payload);
    }
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/flv-write/all-codecs", test_all_codecs);
  g_test_add_func ("/rtmp/flv-write/bytes", test_bytes);
  g_test_add_func ("/rtmp/flv-write/frames", test_frames);
  g_test_add_func ("/rtmp/flv-write/audio-reads-back", test_audio_reads_back);
  return g_test_run ();
}
