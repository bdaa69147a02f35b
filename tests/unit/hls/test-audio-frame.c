/* test-audio-frame.c - headers of sound as encoders write them, and what is none */
#include "hls/audio-frame.h"

#include "hls/mpegts-packet.h"

static void
test_frames (void) {
  static const struct {
    guint16 type;
    guint8 head[8];
    gsize frame_size; /* 0: no frame */
    guint n_samples, rate;
  } CASES[] = {
    { US_MPEGTS_TYPE_AAC, { 0xff, 0xf1, 0x4c, 0x80, 0x2f, 0xff, 0xfc }, 383, 1024, 48000 },
    { US_MPEGTS_TYPE_AAC, { 0xff, 0xf9, 0x50, 0x80, 0x00, 0xff, 0xfd }, 7, 2048, 44100 },
    { US_MPEGTS_TYPE_AAC, { 0xff, 0xf1, 0x4c, 0x80, 0x00, 0xdf, 0xfc }, 0, 0, 0 }, /* 6 bytes */
    { US_MPEGTS_TYPE_AAC, { 0xff, 0xf1, 0x74, 0x80, 0x2f, 0xff, 0xfc }, 0, 0, 0 }, /* rate 13 */
    { US_MPEGTS_TYPE_AAC, { 0xff, 0xe1, 0x4c, 0x80, 0x2f, 0xff, 0xfc }, 0, 0, 0 },
    { US_MPEGTS_TYPE_MP3, { 0xff, 0xfb, 0x90, 0x64 }, 417, 1152, 44100 },
    { US_MPEGTS_TYPE_MP3, { 0xff, 0xfb, 0x92, 0x64 }, 418, 1152, 44100 }, /* padding */
    { US_MPEGTS_TYPE_MP3_LSF, { 0xff, 0xf3, 0x44, 0xc4 }, 96, 576, 24000 },
    { US_MPEGTS_TYPE_MP3_LSF, { 0xff, 0xe3, 0x48, 0xc4 }, 288, 576, 8000 },
    { US_MPEGTS_TYPE_MP3, { 0xff, 0xfb, 0x00, 0x64 }, 0, 0, 0 }, /* free format */
    { US_MPEGTS_TYPE_MP3, { 0xff, 0xfb, 0xf0, 0x64 }, 0, 0, 0 },
    { US_MPEGTS_TYPE_MP3, { 0xff, 0xfd, 0x90, 0x64 }, 0, 0, 0 }, /* layer II */
    { US_MPEGTS_TYPE_AC3, { 0x0b, 0x77, 0, 0, 0x14, 0x40, 0x43 }, 768, 1536, 48000 },
    { US_MPEGTS_TYPE_AC3, { 0x0b, 0x77, 0, 0, 0x55, 0x40, 0x43 }, 836, 1536, 44100 },
    { US_MPEGTS_TYPE_AC3, { 0x0b, 0x77, 0, 0, 0xc0, 0x40, 0x43 }, 0, 0, 0 },
    { US_MPEGTS_TYPE_AC3, { 0x0b, 0x77, 0, 0, 0x3f, 0x40, 0x43 }, 0, 0, 0 },
    { US_MPEGTS_TYPE_EAC3, { 0x0b, 0x77, 0x01, 0x7f, 0x34, 0x80 }, 768, 1536, 48000 },
    { US_MPEGTS_TYPE_EAC3, { 0x0b, 0x77, 0x41, 0x7f, 0x34, 0x80 }, 768, 0, 48000 },
    { US_MPEGTS_TYPE_EAC3, { 0x0b, 0x77, 0x01, 0x7f, 0xd4, 0x80 }, 768, 1536, 22050 },
    { US_MPEGTS_TYPE_EAC3, { 0x0b, 0x77, 0x01, 0x7f, 0xf4, 0x80 }, 0, 0, 0 },
    /* Opus behind its control header: CELT 20 ms; SILK 60 ms; two and three frames; trims and an
     * extension before it; a length of two bytes */
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0x03, 0xfc, 1, 2 }, 6, 960, 48000 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0x03, 0x18, 1, 2 }, 6, 2880, 48000 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0x03, 0x61, 1, 2 }, 6, 960, 48000 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0x03, 0x83, 3, 2 }, 6, 360, 48000 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xf0, 0x01, 0x01, 0x38, 0xfc }, 6, 960, 48000 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe4, 0x01, 0x01, 0xaa, 0xfc }, 6, 960, 48000 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0xff, 0x02, 0xfc }, 261, 960, 48000 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0x00, 0xfc }, 0, 0, 0 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0x03, 0xff, 0x00 }, 0, 0, 0 }, /* no frame in it */
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0x03, 0xff, 0x3f }, 0, 0, 0 }, /* 1.26 s */
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xc0, 0x03, 0xfc }, 0, 0, 0 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe4, 0x01, 0xff }, 0, 0, 0 },
    { US_MPEGTS_TYPE_OPUS, { 0x7f, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0, 0, 0 },
    { US_MPEGTS_TYPE_AAC_LATM, { 0x56, 0xe0, 0, 0, 0, 0, 0 }, 0, 0, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    UsAudioFrame frame;
    gboolean is_frame = us_audio_frame_read (CASES[i].type, CASES[i].head, 8, &frame);
    g_test_message ("case %u", i);
    g_assert_cmpint (is_frame, ==, CASES[i].frame_size > 0);
    if (is_frame) {
      g_assert_cmpuint (frame.size, ==, CASES[i].frame_size);
      g_assert_cmpuint (frame.n_samples, ==, CASES[i].n_samples);
      g_assert_cmpuint (frame.rate, ==, CASES[i].rate);
    }
    gsize least = CASES[i].type == US_MPEGTS_TYPE_OPUS ? 3 : 4;
    for (gsize size = 0; size < least; size++) { /* never enough, and nothing behind is read */
      g_autofree guint8 *cut = g_memdup2 (CASES[i].head, size);
      g_assert_false (us_audio_frame_read (CASES[i].type, cut, size, &frame));
    }
  }
}

/* Lengths and padding change from frame to frame; profile, rate and channels make another sound. */
static void
test_config (void) {
  guint8 head[7] = { 0xff, 0xf1, 0x4c, 0x80, 0x2f, 0xff, 0xfc };
  UsAudioFrame frame;
  g_assert_true (us_audio_frame_read (US_MPEGTS_TYPE_AAC, head, 7, &frame));
  guint32 config = frame.config;
  head[4] = 0x11;
  head[1] = 0xf0;
  g_assert_true (us_audio_frame_read (US_MPEGTS_TYPE_AAC, head, 7, &frame));
  g_assert_cmpuint (frame.config, ==, config);
  for (guint i = 0; i < 3; i++) {
    static const guint8 CHANGED[3][2] = { { 0x8c, 0x80 }, { 0x50, 0x80 }, { 0x4c, 0x40 } };
    head[2] = CHANGED[i][0];
    head[3] = CHANGED[i][1];
    g_assert_true (us_audio_frame_read (US_MPEGTS_TYPE_AAC, head, 7, &frame));
    g_assert_cmpuint (frame.config, !=, config);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/audio-frame/frames", test_frames);
  g_test_add_func ("/hls/audio-frame/config", test_config);
  return g_test_run ();
}
