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
  gsize behind;   /* bytes of other tracks behind the data */
  guint n_others; /* other tracks */
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
  /* HEVC as id 12, laid out as AVC */
  { "1c 00 000000 01", US_FLV_CONFIG, US_CODEC_HEVC, TRUE, 0, 5 },
  { "1c 01 000028 00000001 26", US_FLV_FRAME, US_CODEC_HEVC, TRUE, 40, 5 },
  { "2c 01 ffffff 00", US_FLV_FRAME, US_CODEC_HEVC, FALSE, -1, 5 },
  { "1c 02 000000", US_FLV_END, US_CODEC_HEVC, TRUE, 0, 5 },
  { "1c", -1 },
  { "1c 03 000000 00", -1 },
  { "1d 00 000000 01", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 1 },
  /* Enhanced RTMP */
  { "90 61766331 01", US_FLV_CONFIG, US_CODEC_H264, TRUE, 0, 5 },
  { "91 61766331 fffffe 00", US_FLV_FRAME, US_CODEC_H264, TRUE, -2, 8 },
  { "a3 61766331 00", US_FLV_FRAME, US_CODEC_H264, FALSE, 0, 5 },
  { "91 61766331", US_FLV_EMPTY, US_CODEC_H264, TRUE, 0, 5 },
  { "91 61766331 0000", -1 },
  { "92 61766331", US_FLV_END, US_CODEC_H264, TRUE, 0, 5 },
  { "94 61766331 00", US_FLV_METADATA, US_CODEC_H264, TRUE, 0, 6 },
  { "d4 68766331 00", US_FLV_METADATA, US_CODEC_HEVC, FALSE, 0, 6 }, /* of a command frame */
  { "95 61766331 00", -1 }, /* a sequence start of MPEG-TS: AV1 only */
  { "98 61766331 00", -1 },
  { "90 68766331 01", US_FLV_CONFIG, US_CODEC_HEVC, TRUE, 0, 5 },
  { "91 68766331 000042 00", US_FLV_FRAME, US_CODEC_HEVC, TRUE, 66, 8 },
  { "a1 68766331 ffffbe 00", US_FLV_FRAME, US_CODEC_HEVC, FALSE, -66, 8 },
  { "a3 68766331 00", US_FLV_FRAME, US_CODEC_HEVC, FALSE, 0, 5 },
  { "93 68766331", US_FLV_EMPTY, US_CODEC_HEVC, TRUE, 0, 5 },
  { "92 68766331 00", US_FLV_END, US_CODEC_HEVC, TRUE, 0, 6 },
  { "90 61763031 81", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "95 61763031 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "91 76703039 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "91 76703038 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "91 76766331 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "91 6d703461 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 }, /* sound as video */
  { "90 7a7a7a7a 01", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "90 6176", -1 },
  { "90", -1 },
  /* multitrack, OneTrack: no length, the rest is the track's */
  { "96 00 61766331 00 0164", US_FLV_CONFIG, US_CODEC_H264, TRUE, 0, 7 },
  { "96 01 61766331 00 000007 65", US_FLV_FRAME, US_CODEC_H264, TRUE, 7, 10 },
  { "a6 03 68766331 00 65", US_FLV_FRAME, US_CODEC_HEVC, FALSE, 0, 7 },
  { "96 01 61766331 02 000007 65", US_FLV_OTHER_TRACK, US_CODEC_NONE, TRUE, 0, 11, 0, 1 },
  { "96 01 61766331 00", US_FLV_EMPTY, US_CODEC_H264, TRUE, 0, 7 },
  { "96 02 61766331 00", US_FLV_END, US_CODEC_H264, TRUE, 0, 7 },
  { "96 01 61766331", -1 },
  { "96", -1 },
  { "96 01", -1 },
  { "96 01 6176", -1 },
  /* ManyTracks: UI24 lengths, track 0 in any place */
  { "96 13 61766331 00 000002 6500 01 000003 aabbcc", US_FLV_FRAME, US_CODEC_H264, TRUE, 0, 10, 7,
    1 },
  { "96 13 61766331 01 000003 aabbcc 00 000002 6500", US_FLV_FRAME, US_CODEC_H264, TRUE, 0, 17, 0,
    1 },
  { "96 11 61766331 01 000000 00 000004 ffffff 65 ff 000001 00", US_FLV_FRAME, US_CODEC_H264, TRUE,
    -1, 17, 5, 2 },
  { "96 11 61766331 00 000000", US_FLV_EMPTY, US_CODEC_H264, TRUE, 0, 10 },
  { "96 13 61766331 01 000001 00 02 000000", US_FLV_OTHER_TRACK, US_CODEC_NONE, TRUE, 0, 15, 0, 2 },
  { "96 11 61766331 00 000002 6500", -1 },            /* no room for the offset */
  { "96 13 61766331 00 000003 6500", -1 },            /* longer than the message */
  { "96 13 61766331 00 ffffff 6500", -1 },            /* the same at its worst */
  { "96 13 61766331 00 000001 65 00", -1 },           /* not consumed: a cut track */
  { "96 13 61766331 00 000001 65 01 0000", -1 },      /* cut inside a length */
  { "96 13 61766331 00 000001 65 00 000001 65", -1 }, /* track 0 twice */
  { "96 13 61766331", -1 },
  /* ManyTracksManyCodecs: a FourCC each */
  { "96 23 61766331 00 000001 65 61763031 01 000002 aabb", US_FLV_FRAME, US_CODEC_H264, TRUE, 0, 10,
    10, 1 },
  { "96 20 61763031 01 000001 81 68766331 00 000001 01", US_FLV_CONFIG, US_CODEC_HEVC, TRUE, 0, 19,
    0, 1 },
  { "96 20 61763031 00 000001 81 68766331 01 000001 01", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0,
    10, 9, 1 },
  { "96 23 61766331 00 000001 65 6176", -1 },
  { "96 31 61766331 00 65", -1 }, /* an unknown kind of list */
  { "96 06 61766331 00 65", -1 }, /* a list in a list */
  { "96 07 61766331 00 65", -1 }, /* ModEx in a list */
  /* multitrack in ModEx */
  { "97 02 000001 06 01 61766331 00 000005 65", US_FLV_FRAME, US_CODEC_H264, TRUE, 5, 15 },
  { "d1 00", US_FLV_EMPTY, US_CODEC_NONE, FALSE, 0, 2 },
  /* ModEx: three bytes of nanoseconds, then a coded frame; then twice; then the long form */
  { "97 02 000001 01 61766331 000005 00", US_FLV_FRAME, US_CODEC_H264, TRUE, 5, 13 },
  { "97 02 000001 07 00 00 13 61766331 00", US_FLV_FRAME, US_CODEC_H264, TRUE, 0, 13 },
  { "97 ff 0001 0000 10 61766331 01", US_FLV_CONFIG, US_CODEC_H264, TRUE, 0, 11 },
  { "97", -1 },
  { "97 02 0000", -1 },
  { "97 ff 00", -1 },
  { "97 ff ffff 00", -1 },
  { "97 00 00 01 61766331 000000 00", -1 },   /* an offset of 1 byte */
  { "97 01 0000 01 61766331 000000 00", -1 }, /* and of 2 */
  { "97 00 00 11 61766331 000000 00", US_FLV_FRAME, US_CODEC_H264, TRUE, 0, 11 }, /* another kind */
  { "97 02 000001 0f 61766331 00", -1 }, /* an unknown packet */
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
  { "94 6d703461 00", US_FLV_METADATA, US_CODEC_AAC, TRUE, 0, 6 }, /* channel layout */
  { "93 6d703461 00", -1 },
  { "90 4f707573 00", US_FLV_CONFIG, US_CODEC_OPUS, TRUE, 0, 5 },
  { "91 4f707573 fc", US_FLV_FRAME, US_CODEC_OPUS, TRUE, 0, 5 },
  { "91 61632d33 0b77", US_FLV_FRAME, US_CODEC_AC3, TRUE, 0, 5 },
  { "91 65632d33 0b77", US_FLV_FRAME, US_CODEC_EAC3, TRUE, 0, 5 },
  { "90 61632d33 00", US_FLV_EMPTY, US_CODEC_AC3, TRUE, 0, 6 }, /* has no configuration */
  { "91 664c6143 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 },
  { "91 68766331 00", US_FLV_UNSUPPORTED, US_CODEC_NONE, TRUE, 0, 5 }, /* pictures as sound */
  { "95 00 6d703461 00 1210", US_FLV_CONFIG, US_CODEC_AAC, TRUE, 0, 7 },
  { "95 01 6d703461 01 21", US_FLV_OTHER_TRACK, US_CODEC_NONE, TRUE, 0, 8, 0, 1 },
  { "95 11 6d703461 00 000001 21 01 000002 2122", US_FLV_FRAME, US_CODEC_AAC, TRUE, 0, 10, 6, 1 },
  { "95 21 6d703461 01 000001 21 4f707573 00 000001 fc", US_FLV_FRAME, US_CODEC_OPUS, TRUE, 0, 19,
    0, 1 },
  { "95 11 6d703461 00 000002 21", -1 },
  { "95 15 6d703461 00 21", -1 },
  { "97 02 0f423f 01 6d703461 21", US_FLV_FRAME, US_CODEC_AAC, TRUE, 0, 10 },
  { "96 6d703461 00", -1 },
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
    g_assert_cmpuint (tag.data_offset + tag.data_size + cases[i].behind, ==, bytes->len);
    g_assert_cmpuint (tag.n_other_tracks, ==, cases[i].n_others);
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

/* TimestampOffsetNano is read; what is more than a millisecond is none. */
static void
test_nanoseconds (void) {
  static const struct {
    const char *hex;
    guint offset_ns;
  } rows[] = {
    { "97 02 000001 01 61766331 000000 00", 1 },
    { "97 02 0f423f 01 61766331 000000 00", 999999 },
    { "97 02 0f4240 01 61766331 000000 00", 0 },
    { "97 03 00000255 01 61766331 000000 00", 2 },
    { "91 61766331 000000 00", 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) bytes = fixture_hex (rows[i].hex);
    UsFlvTag tag;
    g_assert_true (us_flv_parse_video (bytes->data, bytes->len, &tag, NULL));
    g_assert_cmpuint (tag.offset_ns, ==, rows[i].offset_ns);
    g_assert_cmpint (tag.is_wrapped, ==, bytes->data[0] == 0x97);
  }
}

/* No message that is cut anywhere makes a reader read on; asan watches. */
static void
test_every_cut (void) {
  for (guint i = 0; i < G_N_ELEMENTS (video) + G_N_ELEMENTS (audio); i++) {
    gboolean is_video = i < G_N_ELEMENTS (video);
    const Case *row = is_video ? &video[i] : &audio[i - G_N_ELEMENTS (video)];
    g_autoptr (GByteArray) bytes = fixture_hex (row->hex);
    for (guint size = 0; size < bytes->len; size++) {
      g_autofree guint8 *exact = g_memdup2 (bytes->data, size);
      UsFlvTag tag;
      if (is_video ? us_flv_parse_video (exact, size, &tag, NULL)
                   : us_flv_parse_audio (exact, size, &tag, NULL)) {
        g_assert_cmpuint (tag.data_offset, <=, size);
        g_assert_cmpuint (tag.data_size, <=, size - tag.data_offset);
      }
    }
  }
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

/* A configuration is kept with each segment; one of megabytes is no configuration. */
static void
test_huge_config (void) {
  static const struct {
    guint8 head[5];
    gboolean is_video;
    gsize header;
  } rows[] = {
    { { 0x17, 0, 0, 0, 0 }, TRUE, 5 },
    { { 0x90, 'h', 'v', 'c', '1' }, TRUE, 5 },
    { { 0xaf, 0, 0, 0, 0 }, FALSE, 2 },
    { { 0x90, 'O', 'p', 'u', 's' }, FALSE, 5 },
  };
  g_autofree guint8 *data = g_malloc0 (US_FLV_MAX_CONFIG + 6);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    for (gsize more = 0; more < 2; more++) {
      UsFlvTag tag = { 0 };
      g_autoptr (GError) error = NULL;
      gsize size = rows[i].header + US_FLV_MAX_CONFIG + more;
      memcpy (data, rows[i].head, sizeof rows[i].head);
      gboolean ok = rows[i].is_video ? us_flv_parse_video (data, size, &tag, &error)
                                     : us_flv_parse_audio (data, size, &tag, &error);
      g_assert_cmpint (ok, ==, more == 0);
      if (!ok)
        g_assert_nonnull (strstr (error->message, "configuration of 65537 bytes"));
      else
        g_assert_cmpint (tag.kind, ==, US_FLV_CONFIG);
    }
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/flv/nanoseconds", test_nanoseconds);
  g_test_add_func ("/rtmp/flv/every-cut", test_every_cut);
  g_test_add_func ("/rtmp/flv/huge-config", test_huge_config);
  g_test_add_func ("/rtmp/flv/video", test_video);
  g_test_add_func ("/rtmp/flv/audio", test_audio);
  g_test_add_func ("/rtmp/flv/all-short-inputs", test_all_short_inputs);
  return g_test_run ();
}
