/* test-codec-config.c - AAC and H.264 configurations as encoders wrote them, and broken ones */
#include "fixture.h"
#include "rtmp/error.h"
#include "rtmp/codec-config.h"

static const struct {
  const char *hex;
  guint object_type, sample_rate_hz, channels, frame_samples; /* all 0: refused */
} aac[] = {
  { "1210", 2, 44100, 2, 1024 },
  { "1190", 2, 48000, 2, 1024 },
  { "1388", 2, 22050, 1, 1024 },
  { "1208 56e500", 2, 44100, 1, 1024 }, /* ffmpeg, with a sync extension behind */
  { "1214", 2, 44100, 2, 960 },
  { "2b92 0800", 2, 22050, 2, 1024 },      /* HE-AAC: SBR doubles a core of 22.05 kHz */
  { "eb8a 0800", 2, 22050, 1, 1024 },      /* HE-AAC v2 */
  { "1238", 2, 44100, 8, 1024 },           /* layout 7 */
  { "17 80 5d c0 10", 2, 48000, 2, 1024 }, /* explicit rate */
  /* layout 0: a program configuration element with one front pair, and front + back + LFE */
  { "1200 0504 0000 2000 00", 2, 44100, 2, 1024 },
  { "", 0 },
  { "12", 0 },
  { "1200", 0 },  /* layout 0 without its element */
  { "16 90", 0 }, /* reserved rate 13 */
  { "1240", 0 },  /* reserved layout 8 */
  { "0210", 0 },  /* type 0 */
};

static void
test_aac (void) {
  for (guint i = 0; i < G_N_ELEMENTS (aac); i++) {
    g_test_message ("%s", aac[i].hex);
    g_autoptr (GByteArray) bytes = fixture_hex (aac[i].hex);
    UsAacConfig config = { 0 };
    g_autoptr (GError) error = NULL;
    gboolean ok = us_flv_parse_aac_config (bytes->data, bytes->len, &config, &error);
    g_assert_cmpint (ok, ==, aac[i].object_type != 0);
    if (!ok)
      g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA);
    g_assert_cmpuint (config.object_type, ==, aac[i].object_type);
    g_assert_cmpuint (config.sample_rate_hz, ==, aac[i].sample_rate_hz);
    g_assert_cmpuint (config.channels, ==, aac[i].channels);
    g_assert_cmpuint (config.frame_samples, ==, aac[i].frame_samples);
  }
}

static const struct {
  const char *hex;
  guint width, height, profile, level;
} avc[] = {
  { "014d401effe10018674d401eeca05017fcb80880000003008000001e078b16cb01000468ce3c80", 640, 360, 77,
    30 },
  { "0164001fffe1001a6764001facd9405005bb011000000300100000030320f183196001000668ebe3cb22c0fdf8f80"
    "0",
    1280, 720, 100, 31 },
  { "01640028ffe1001b67640028acd940780227e5c044000003000400000300c83c60c65801000668ebe3cb22c0fdf8f8"
    "00",
    1920, 1080, 100, 40 }, /* cropped from 1088 */
  { "0164001effe1001a6764001eacd940d83de6f011000003000100000300320f162d9601000668ebe3cb22c0fdf8f80"
    "0",
    854, 480, 100, 30 },
  { "017a0015ffe1001a677a0015bcd941410fc4e022000003000200000300643e28532c01000768fba3cb3002c0fef8f8"
    "00",
    320, 240, 122, 21 },                                                /* interlaced 4:2:2 */
  { "0164001effe2 0001 67 0001 67 02 0001 68 0001 68", 0, 0, 100, 30 }, /* several; unreadable */
};

static void
test_avc (void) {
  for (guint i = 0; i < G_N_ELEMENTS (avc); i++) {
    g_autoptr (GByteArray) bytes = fixture_hex (avc[i].hex);
    UsVideoConfig config = { 0 };
    g_autoptr (GError) error = NULL;
    g_assert_true (us_flv_parse_avc_config (bytes->data, bytes->len, &config, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (config.width, ==, avc[i].width);
    g_assert_cmpuint (config.height, ==, avc[i].height);
    g_assert_cmpuint (config.profile, ==, avc[i].profile);
    g_assert_cmpuint (config.level, ==, avc[i].level);
    g_assert_cmpuint (config.nal_length_size, ==, 4);
  }
}

static void
test_broken_avc (void) {
  static const char *const broken[] = {
    "",
    "01640028ff",
    "01640028ffe0 01 0001 68",         /* no SPS */
    "01640028ffe1 0001 67 00",         /* no PPS */
    "01640028ffe1 0001 67",            /* nothing behind the SPS */
    "01640028ffe1 0000 01 0001 68",    /* empty SPS */
    "01640028ffe1 ffff 67 01 0001 68", /* length behind the end */
    "01640028ffe1 0001 67 01 0002 68", /* PPS length behind the end */
    "01640028fee1 0001 67 01 0001 68", /* lengths of 3 bytes */
    "02640028ffe1 0001 67 01 0001 68", /* version */
    "01640028ffe1 0001 42 01 0001 44", /* HEVC NAL units */
    "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff016000000300900000", /* hvcC
                                                                                               */
  };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_test_message ("%s", broken[i]);
    g_autoptr (GByteArray) bytes = fixture_hex (broken[i]);
    UsVideoConfig config;
    g_autoptr (GError) error = NULL;
    g_assert_false (us_flv_parse_avc_config (bytes->data, bytes->len, &config, &error));
    g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA);
  }
}

static void
test_cuts_are_safe (void) {
  for (guint i = 0; i < G_N_ELEMENTS (avc); i++) {
    g_autoptr (GByteArray) bytes = fixture_hex (avc[i].hex);
    for (guint size = 0; size < bytes->len; size++) {
      g_autofree guint8 *exact = g_memdup2 (bytes->data, size);
      UsVideoConfig config;
      g_autoptr (GError) error = NULL;
      if (!us_flv_parse_avc_config (exact, size, &config, &error))
        g_assert_nonnull (error);
    }
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/codec-config/aac", test_aac);
  g_test_add_func ("/rtmp/codec-config/avc", test_avc);
  g_test_add_func ("/rtmp/codec-config/broken-avc", test_broken_avc);
  g_test_add_func ("/rtmp/codec-config/cuts-are-safe", test_cuts_are_safe);
  return g_test_run ();
}
