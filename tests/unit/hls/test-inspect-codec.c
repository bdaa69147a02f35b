/* test-inspect-codec.c - codec strings of sample entries and frame headers, without any media */
#include "hls/mpegts-packet.h"
#include "hls/probe-private.h"

#include <string.h>

typedef struct {
  UsInspection out;
  UsInspector inspector;
} Fixture;

static void
setup (Fixture *self, gconstpointer data) {
  memset (self, 0, sizeof *self);
  self->inspector.out = &self->out;
  self->inspector.deltas = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->inspector.frames = g_array_new (FALSE, FALSE, sizeof (guint32));
}

static void
teardown (Fixture *self, gconstpointer data) {
  g_array_unref (self->inspector.deltas);
  g_array_unref (self->inspector.frames);
  g_free (self->out.video_codec);
  g_free (self->out.audio_codec);
}

static void
reset (Fixture *self) {
  g_clear_pointer (&self->out.video_codec, g_free);
  g_clear_pointer (&self->out.audio_codec, g_free);
  memset (&self->out, 0, sizeof self->out);
}

static void
set_track (Fixture *self, UsMp4Media media, const char entry[5], const char config[5],
           const void *bytes, gsize size) {
  guint8 body[78] = { 0 };
  body[17] = 2;    /* channels, or nothing of a picture */
  body[24] = 0x05; /* 1280 x 720; as a rate of sound 1280 */
  body[26] = 0x02;
  body[27] = 0xd0;
  UsMp4Track track = {
    .media = media,
    .entry = US_MP4_TYPE ((guint8)entry[0], (guint8)entry[1], (guint8)entry[2], (guint8)entry[3]),
    .entry_body = body,
    .entry_size = sizeof body,
    .codec = memcmp (config, "hvcC", 4) == 0 ? US_NAL_HEVC : US_NAL_H264,
  };
  if (size > 0) {
    track.config_box.type = US_MP4_TYPE (config[0], config[1], config[2], config[3]);
    track.config_box.body.data = bytes;
    track.config_box.body.size = size;
  }
  reset (self);
  us_inspector_set_track (&self->inspector, &track);
}

static void
test_entries (Fixture *self, gconstpointer data) {
  set_track (self, US_MP4_VIDEO, "avc3", "avcC", "\1\x64\0\x28\xff\xe0\0", 7);
  g_assert_cmpstr (self->out.video_codec, ==, "avc3.640028");
  g_assert_cmpuint (self->out.width, ==, 1280);
  g_assert_cmpuint (self->out.height, ==, 720);
  set_track (self, US_MP4_VIDEO, "encv", "avcC", "\1\x42\xc0\x1e\xff\xe1\xff\xff", 8); /* a lie */
  g_assert_cmpstr (self->out.video_codec, ==, "avc1.42c01e");
  set_track (self, US_MP4_VIDEO, "hvc1", "hvcC",
             "\1\1\x60\0\0\0\x90\0\0\0\0\0\x5d\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f\1\xa1\0\1\0\x10", 28);
  g_assert_cmpstr (self->out.video_codec, ==, "hvc1.1.6.L93.90");
  set_track (self, US_MP4_VIDEO, "av01", "av1C", "\x81\x08\x0c\0", 4);
  g_assert_cmpstr (self->out.video_codec, ==, "av01.0.08M.08");
  set_track (self, US_MP4_VIDEO, "av01", "av1C", "\x81", 1);
  g_assert_cmpstr (self->out.video_codec, ==, "av01");
  set_track (self, US_MP4_VIDEO, "vp09", "vpcC", "\1\0\0\0\2\x28\xa2\0", 8);
  g_assert_cmpstr (self->out.video_codec, ==, "vp09.02.40.10");
  set_track (self, US_MP4_VIDEO, "\1b\xff\"", "none", NULL, 0);
  g_assert_cmpstr (self->out.video_codec, ==, "?b?\"");
}

#define ESDS(object, length, info)                                                                 \
  "\0\0\0\0\3\x80\x80\x80\x20\0\1\0\4\x12" object "\x15\0\0\0\0\0\0\0\0\0\0\0\5" length info

static void
test_sound (Fixture *self, gconstpointer data) {
  static const struct {
    const char *bytes;
    gsize size;
    const char *codec;
    guint rate, channels;
  } rows[] = {
#define ROW(bytes, codec, rate, channels) { bytes, sizeof (bytes) - 1, codec, rate, channels }
    ROW (ESDS ("\x40", "\2", "\x11\x90"), "mp4a.40.2", 48000, 2),
    ROW (ESDS ("\x40", "\2", "\x12\x08"), "mp4a.40.2", 44100, 1),
    ROW (ESDS ("\x40", "\5", "\x2b\x11\x88\0\0"), "mp4a.40.5", 48000, 2),         /* explicit SBR */
    ROW (ESDS ("\x40", "\7", "\x17\x80\x5d\xc0\x10\0\0"), "mp4a.40.2", 48000, 2), /* own rate */
    ROW (ESDS ("\x40", "\2", "\xff\xff"), "mp4a.40.95", 0, 2),
    ROW (ESDS ("\x40", "\x7f", "\x2f\xff\xff\xff\xff\xff\xff\xff"), "mp4a.40.5", 0, 2),
    ROW (ESDS ("\x6b", "\0", ""), "mp4a.40.34", 1280, 2),
    ROW (ESDS ("\x67", "\0", ""), "mp4a.40.2", 1280, 2),
    ROW (ESDS ("\xdd", "\0", ""), "mp4a", 1280, 2),
    ROW ("\0\0\0\0\3", "mp4a", 1280, 2),
#undef ROW
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree guint8 *exact = g_memdup2 (rows[i].bytes, rows[i].size);
    set_track (self, US_MP4_AUDIO, "mp4a", "esds", exact, rows[i].size);
    g_assert_cmpstr (self->out.audio_codec, ==, rows[i].codec);
    if (rows[i].rate > 0)
      g_assert_cmpuint (self->out.audio_rate_hz, ==, rows[i].rate);
    g_assert_cmpuint (self->out.audio_channels, ==, rows[i].channels);
  }
  set_track (self, US_MP4_AUDIO, "ec-3", "none", NULL, 0);
  g_assert_cmpstr (self->out.audio_codec, ==, "ec-3");
}

static void
test_frames (Fixture *self, gconstpointer data) {
  static const struct {
    guint8 type;
    guint8 bytes[10];
    const char *codec;
    guint rate, channels;
  } rows[] = {
    { US_MPEGTS_TYPE_AAC, { 0xff, 0xf1, 0x4c, 0x80, 0x2f, 0xff, 0xfc }, "mp4a.40.2", 48000, 2 },
    { US_MPEGTS_TYPE_AAC, { 0xff, 0xf1, 0x4d, 0xc0, 0x2f, 0xff, 0xfc }, "mp4a.40.2", 48000, 8 },
    { US_MPEGTS_TYPE_MP3, { 0xff, 0xfb, 0x90, 0xc4 }, "mp4a.40.34", 44100, 1 },
    { US_MPEGTS_TYPE_MP3, { 0xff, 0xfb, 0x94, 0x44 }, "mp4a.40.34", 48000, 2 },
    { US_MPEGTS_TYPE_AC3, { 0x0b, 0x77, 0, 0, 0x14, 0x40, 0x43 }, "ac-3", 48000, 2 },
    { US_MPEGTS_TYPE_EAC3, { 0x0b, 0x77, 0, 0xff, 0x3f, 0x80 }, "ec-3", 48000, 6 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsAudioFrame frame;
    reset (self);
    g_assert_true (us_audio_frame_read (rows[i].type, rows[i].bytes, sizeof rows[i].bytes, &frame));
    us_inspector_set_sound (&self->inspector, rows[i].type, 0, &frame);
    g_assert_cmpstr (self->out.audio_codec, ==, rows[i].codec);
    g_assert_cmpuint (self->out.audio_rate_hz, ==, rows[i].rate);
    g_assert_cmpuint (self->out.audio_channels, ==, rows[i].channels);
  }
}

/* Without an inspector, as the switcher probes, nothing happens. */
static void
test_none (void) {
  UsAccessUnit unit = { 0 };
  UsAudioFrame frame = { 0 };
  UsMp4Track track = { 0 };
  us_inspector_add_picture (NULL, &unit, 1);
  us_inspector_add_frame (NULL, 1);
  us_inspector_set_sound (NULL, US_MPEGTS_TYPE_AAC, 0, &frame);
  us_inspector_set_track (NULL, &track);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/inspect-codec/entries", Fixture, NULL, setup, test_entries, teardown);
  g_test_add ("/inspect-codec/sound", Fixture, NULL, setup, test_sound, teardown);
  g_test_add ("/inspect-codec/frames", Fixture, NULL, setup, test_frames, teardown);
  g_test_add_func ("/inspect-codec/none", test_none);
  return g_test_run ();
}
