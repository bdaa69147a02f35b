/* test-sound-config.c - OpusHead and frame headers, by table */
#include <string.h>

#include "fixture.h"
#include "rtmp/codec-config.h"
#include "rtmp/error.h"

#define MAGIC "4f70757348656164 "

static void
test_opus (void) {
  static const struct {
    const char *hex;
    guint channels, family, streams, coupled; /* 0 channels: refused */
  } rows[] = {
    { MAGIC "01 02 3801 80bb0000 0000 00", 2, 0, 1, 1 }, /* of libopus */
    { MAGIC "01 01 3801 80bb0000 0000 00", 1, 0, 1, 0 },
    { MAGIC "0f 02 0000 00000000 0000 00", 2, 0, 1, 1 },
    { MAGIC "01 06 3801 80bb0000 0000 01 04 02 000401020305", 6, 1, 4, 2 },
    { MAGIC "01 02 3801 80bb0000 0000 01 01 01 00ff", 2, 1, 1, 1 }, /* one channel silent */
    { MAGIC "10 02 3801 80bb0000 0000 00" },                        /* another version */
    { MAGIC "01 00 3801 80bb0000 0000 00" },
    { MAGIC "01 03 3801 80bb0000 0000 00" },
    { MAGIC "01 09 3801 80bb0000 0000 01 05 04 000102030405060708" },
    { MAGIC "01 02 3801 80bb0000 0000 ff 01 01 0001" },
    { MAGIC "01 06 3801 80bb0000 0000 01 04 02 0004010203" }, /* cut */
    { MAGIC "01 06 3801 80bb0000 0000 01 04 02 000401020306" },
    { MAGIC "01 06 3801 80bb0000 0000 01 00 00 000000000000" },
    { MAGIC "01 06 3801 80bb0000 0000 01 02 03 000401020303" },
    { "4f70757354616773 01 02 3801 80bb0000 0000 00" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].hex);
    g_autoptr (GByteArray) bytes = fixture_hex (rows[i].hex);
    UsOpusConfig config = { 0 };
    for (guint size = 0; size < 19; size++) {
      g_autofree guint8 *cut = g_memdup2 (bytes->data, size);
      g_assert_false (us_flv_parse_opus_config (cut, size, &config, NULL));
    }
    g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
    g_autoptr (GError) error = NULL;
    gboolean ok = us_flv_parse_opus_config (exact, bytes->len, &config, &error);
    g_assert_cmpint (ok, ==, rows[i].channels > 0);
    if (!ok) {
      g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA);
      continue;
    }
    g_assert_cmpuint (config.channels, ==, rows[i].channels);
    g_assert_cmpuint (config.mapping_family, ==, rows[i].family);
    g_assert_cmpuint (config.n_streams, ==, rows[i].streams);
    g_assert_cmpuint (config.n_coupled, ==, rows[i].coupled);
  }
}

static void
test_frames (void) {
  static const struct {
    UsCodec codec;
    const char *hex;
    guint rate, channels; /* 0: no frame */
  } rows[] = {
    { US_CODEC_AC3, "0b77 fe95 14 40 43e1", 48000, 2 }, /* of ffmpeg, 192 kbit/s */
    { US_CODEC_AC3, "0b77 0000 1c 40 e100", 48000, 6 }, /* 3/2 with low frequencies */
    { US_CODEC_AC3, "0b77 0000 54 40 2000", 44100, 1 },
    { US_CODEC_AC3, "0b77 0000 d4 40 4300" }, /* a reserved rate */
    { US_CODEC_AC3, "0b77 0000 14 80 4300" }, /* E-AC-3 */
    { US_CODEC_AC3, "770b fe95 14 40 4300" },
    { US_CODEC_AC3, "0b77 fe95 14 40" },
    { US_CODEC_EAC3, "0b77 017f 34 87 c000", 48000, 2 }, /* of ffmpeg */
    { US_CODEC_EAC3, "0b77 017f 3f 87 c000", 48000, 6 },
    { US_CODEC_EAC3, "0b77 017f c4 87 c000", 24000, 2 }, /* half the rate */
    { US_CODEC_EAC3, "0b77 017f f4 87 c000" },
    { US_CODEC_EAC3, "0b77 fe95 14 40 43e1" }, /* AC-3 */
    { US_CODEC_EAC3, "0b77 017f 34" },
    { US_CODEC_MP3, "fffb 90 64", 44100, 2 },
    { US_CODEC_MP3, "fffb 94 c4", 48000, 1 },
    { US_CODEC_MP3, "fff3 84 c4", 24000, 1 },
    { US_CODEC_MP3, "ffe3 18 c4", 8000, 1 },
    { US_CODEC_MP3, "fffb 9c 64" },
    { US_CODEC_MP3, "ffeb 90 64" },
    { US_CODEC_MP3, "fffb" },
    { US_CODEC_AAC, "fff1 50 80" }, /* says it elsewhere */
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].hex);
    g_autoptr (GByteArray) bytes = fixture_hex (rows[i].hex);
    g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
    UsSoundConfig config = { 0 };
    gboolean ok = us_flv_read_sound_frame (rows[i].codec, exact, bytes->len, &config);
    g_assert_cmpint (ok, ==, rows[i].rate > 0);
    g_assert_cmpuint (config.sample_rate_hz, ==, rows[i].rate);
    g_assert_cmpuint (config.channels, ==, rows[i].channels);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/sound-config/opus", test_opus);
  g_test_add_func ("/rtmp/sound-config/frames", test_frames);
  return g_test_run ();
}
