/* test-assembler.c - marks and messages to raw segments: joins, skips, wraps, nonsense */
#include "packager/assembler.h"

#include <string.h>

static void
push_bytes (UsAssembler *assembler, UsRtmpMessageType type, guint32 ts, const char *data,
            gsize size) {
  g_auto (UsRtmpMessage) message = { type, 4, 1, ts, g_bytes_new (data, size) };
  g_autoptr (GError) error = NULL;
  g_assert_null (us_assembler_push (assembler, &message, &error));
  g_assert_no_error (error);
}

#define AVC_CONFIG                                                                                 \
  "\x17\x00\x00\x00\x00"                                                                           \
  "config"
#define AVC_KEY                                                                                    \
  "\x17\x01\x00\x00\x28"                                                                           \
  "key"
#define AVC_DELTA                                                                                  \
  "\x27\x01\xff\xff\xf6"                                                                           \
  "delta"
#define AAC_CONFIG                                                                                 \
  "\xaf\x00"                                                                                       \
  "asc"
#define AAC_FRAME                                                                                  \
  "\xaf\x01"                                                                                       \
  "aac"
#define PUSH(type, ts, data) push_bytes (assembler, type, ts, data, sizeof (data) - 1)

static UsRawSegment *
push_mark (UsAssembler *assembler, guint64 number, gint64 media_ms, guint64 closes, gint64 end_ms) {
  UsMark mark = {
    .epoch = 7,
    .number = number,
    .media_ms = media_ms,
    .wall_ms = 1700000000000 + media_ms,
    .closes = closes,
    .closes_end_ms = end_ms,
    .discontinuity = 3,
    .is_discontinuous = closes == 10,
    .tracks = US_TRACK_VIDEO,
    .target_duration_s = 2,
  };
  g_auto (UsRtmpMessage) message
      = { US_RTMP_DATA_AMF0, 6, 1, (guint32)media_ms, us_mark_encode (&mark) };
  g_autoptr (GError) error = NULL;
  UsRawSegment *raw = us_assembler_push (assembler, &message, &error);
  g_assert_no_error (error);
  return raw;
}

static void
test_whole_segment (void) {
  g_autoptr (UsAssembler) assembler = us_assembler_new ();
  PUSH (US_RTMP_VIDEO, 0, AVC_CONFIG);
  PUSH (US_RTMP_AUDIO, 0, AAC_CONFIG);
  g_assert_null (push_mark (assembler, 10, 5000, 0, 0));
  PUSH (US_RTMP_VIDEO, 5000, AVC_KEY);
  PUSH (US_RTMP_AUDIO, 4990, AAC_FRAME);
  PUSH (US_RTMP_VIDEO, 5033, AVC_DELTA);
  g_autoptr (UsRawSegment) raw = push_mark (assembler, 11, 7000, 10, 7000);
  g_assert_nonnull (raw);
  g_assert_cmpuint (raw->open.number, ==, 10);
  g_assert_cmpuint (raw->open.epoch, ==, 7);
  g_assert_cmpint (raw->end_ms, ==, 7000);
  g_assert_true (raw->is_discontinuous);
  g_assert_cmpuint (raw->discontinuity, ==, 3);
  g_assert_cmpuint (raw->target_duration_s, ==, 2);
  g_assert_cmpint (raw->tracks, ==, US_TRACK_VIDEO | US_TRACK_AUDIO);
  g_assert_cmpint (raw->audio_codec, ==, US_CODEC_AAC);
  g_assert_cmpuint (raw->units->len, ==, 3);

  const UsAccessUnit *units = (const UsAccessUnit *)(void *)raw->units->data;
  g_assert_true (units[0].is_keyframe);
  g_assert_cmpint (units[0].pts_ms, ==, 5040);
  g_assert_cmpint (units[1].dts_ms, ==, 4990);
  g_assert_false (units[1].is_video);
  g_assert_cmpint (units[2].pts_ms, ==, 5023); /* composition time is signed */
  g_assert_false (units[2].is_keyframe);
  g_assert_cmpuint (g_bytes_get_size (units[0].data), ==, 3);
  g_assert_cmpuint (g_bytes_get_size (raw->video_config), ==, 6);
  g_assert_cmpuint (g_bytes_get_size (raw->audio_config), ==, 3);
}

static void
test_joins_in_the_middle (void) {
  g_autoptr (UsAssembler) assembler = us_assembler_new ();
  PUSH (US_RTMP_VIDEO, 0, AVC_CONFIG);
  PUSH (US_RTMP_VIDEO, 100, AVC_KEY); /* no mark yet: dropped */
  g_assert_null (push_mark (assembler, 10, 2000, 9, 2000));
  PUSH (US_RTMP_VIDEO, 2000, AVC_KEY);
  g_autoptr (UsRawSegment) raw = push_mark (assembler, 11, 4000, 10, 4000);
  g_assert_nonnull (raw);
  g_assert_cmpuint (raw->units->len, ==, 1);
}

static void
test_relay_skipped (void) {
  g_autoptr (UsAssembler) assembler = us_assembler_new ();
  PUSH (US_RTMP_VIDEO, 0, AVC_CONFIG);
  push_mark (assembler, 10, 2000, 0, 0);
  PUSH (US_RTMP_VIDEO, 2000, AVC_KEY);
  g_assert_null (push_mark (assembler, 14, 10000, 0, 0));
  g_assert_cmpuint (us_assembler_get_discarded (assembler), ==, 1);
  PUSH (US_RTMP_VIDEO, 10000, AVC_KEY);
  g_autoptr (UsRawSegment) raw = push_mark (assembler, 15, 12000, 14, 12000);
  g_assert_cmpuint (raw->open.number, ==, 14);
}

static void
test_end_mark (void) {
  g_autoptr (UsAssembler) assembler = us_assembler_new ();
  PUSH (US_RTMP_AUDIO, 0, AAC_CONFIG);
  push_mark (assembler, 10, 0, 0, 0);
  g_assert_false (us_assembler_is_ended (assembler));
  PUSH (US_RTMP_AUDIO, 0, AAC_FRAME);
  g_autoptr (UsRawSegment) raw = push_mark (assembler, 0, 0, 10, 21);
  g_assert_nonnull (raw);
  g_assert_cmpint (raw->tracks, ==, US_TRACK_AUDIO);
  g_assert_true (us_assembler_is_ended (assembler));
  PUSH (US_RTMP_AUDIO, 21, AAC_FRAME); /* between epochs: dropped */
  g_assert_null (push_mark (assembler, 11, 0, 0, 0));
  g_assert_false (us_assembler_is_ended (assembler));
}

/* An end mark or an opening that closes nothing: what was begun is gone, its number comes again. */
static void
test_withdrawn (void) {
  for (guint has_end_mark = 0; has_end_mark < 2; has_end_mark++) {
    g_autoptr (UsAssembler) assembler = us_assembler_new ();
    PUSH (US_RTMP_VIDEO, 0, AVC_CONFIG);
    push_mark (assembler, 11, 2000, 0, 0);
    PUSH (US_RTMP_VIDEO, 2000, AVC_KEY);
    if (has_end_mark) {
      g_assert_null (push_mark (assembler, 0, 0, 0, 0));
      g_assert_true (us_assembler_is_ended (assembler));
    }
    g_assert_null (push_mark (assembler, 11, 0, 0, 0));
    g_assert_cmpuint (us_assembler_get_discarded (assembler), ==, 1);
    PUSH (US_RTMP_VIDEO, 0, AVC_KEY);
    PUSH (US_RTMP_VIDEO, 40, AVC_DELTA);
    g_autoptr (UsRawSegment) raw = push_mark (assembler, 12, 2000, 11, 2000);
    g_assert_cmpuint (raw->open.number, ==, 11);
    g_assert_cmpint (raw->open.media_ms, ==, 0);
    g_assert_cmpuint (raw->units->len, ==, 2);
  }
}

/* The wire has 32 bits: 49.7 days. */
static void
test_time_wraps (void) {
  g_autoptr (UsAssembler) assembler = us_assembler_new ();
  const gint64 open = (G_GINT64_CONSTANT (1) << 32) * 3 - 10;
  PUSH (US_RTMP_AUDIO, 0, AAC_CONFIG);
  push_mark (assembler, 10, open, 0, 0);
  PUSH (US_RTMP_AUDIO, (guint32)(open - 5), AAC_FRAME);
  PUSH (US_RTMP_AUDIO, (guint32)(open + 16), AAC_FRAME);
  g_autoptr (UsRawSegment) raw = push_mark (assembler, 11, open + 2000, 10, open + 2000);
  const UsAccessUnit *units = (const UsAccessUnit *)(void *)raw->units->data;
  g_assert_cmpint (units[0].dts_ms, ==, open - 5);
  g_assert_cmpint (units[1].dts_ms, ==, open + 16);
}

static void
test_nonsense_is_an_error (void) {
  static const struct {
    UsRtmpMessageType type;
    const char *data;
    gsize size;
  } rows[] = {
    { US_RTMP_VIDEO, "\x17\x01", 2 },
    { US_RTMP_DATA_AMF0, "\xff\xff", 2 },
    { US_RTMP_DATA_AMF0, "", 0 },
    { US_RTMP_DATA_AMF0,
      "\x02\x00\x03"
      "foo",
      6 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsAssembler) assembler = us_assembler_new ();
    g_auto (UsRtmpMessage) message
        = { rows[i].type, 4, 1, 0, g_bytes_new (rows[i].data, rows[i].size) };
    g_autoptr (GError) error = NULL;
    g_assert_null (us_assembler_push (assembler, &message, &error));
    g_assert_nonnull (error);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packager/assembler/whole", test_whole_segment);
  g_test_add_func ("/packager/assembler/join", test_joins_in_the_middle);
  g_test_add_func ("/packager/assembler/skip", test_relay_skipped);
  g_test_add_func ("/packager/assembler/end", test_end_mark);
  g_test_add_func ("/packager/assembler/withdrawn", test_withdrawn);
  g_test_add_func ("/packager/assembler/wrap", test_time_wraps);
  g_test_add_func ("/packager/assembler/nonsense", test_nonsense_is_an_error);
  return g_test_run ();
}
