/* test-sps.c - parameter sets as encoders write them, and cut at every byte */
#include "hls/sps.h"

#include <string.h>

static gsize
from_hex (const char *hex, guint8 *out) {
  gsize n = strlen (hex) / 2;
  for (gsize i = 0; i < n; i++)
    out[i]
        = (guint8)(g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
  return n;
}

static const struct {
  const char *name;
  UsNalCodec codec;
  const char *hex, *text;
  guint width, height;
} rows[] = {
  { "baseline 180", US_NAL_H264, "6742c00cda05067e7c0440000003004000000c83c50aa8", "42c00c", 320,
    180 },
  { "high 1080, cropped", US_NAL_H264, "67640028acd940780227e5c044000003000400000300c83c60c658",
    "640028", 1920, 1080 },
  { "high 4:4:4, odd", US_NAL_H264, "67f4000b919b2859bc21360220000003002000000641e28532c0",
    "f4000b", 161, 91 },
  { "high 4:2:2 of 10 bits", US_NAL_H264, "677a000db6cd941519e222f011000003000100000300320f142996",
    "7a000d", 322, 182 },
  { "grey", US_NAL_H264, "6764000df365054678422b016c800000030080000019078a14cb", "64000d", 321,
    183 },
  { "interlaced 1080", US_NAL_H264, "67640028acd94078044fde0220000003002000000643e2c5b2c0",
    "640028", 1920, 1080 },
  { "scaling lists", US_NAL_H264, "6764001eacd940a02ff97011000003000100000300320f162d96", "64001e",
    640, 360 },
  { "HEVC main", US_NAL_HEVC,
    "42010101600000030090000003000003005da00280802d16595952930bc05a020000030002000003003210",
    "1.6.L93.90", 1280, 720 },
  { "HEVC cropped", US_NAL_HEVC,
    "42010101600000030090000003000003005aa006c201f1cd11965654a4c2f0168080000003008000000c84",
    "1.6.L90.90", 854, 482 },
};

static void
test_read (void) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint8 nal[256];
    UsSps sps;
    g_test_message ("%s", rows[i].name);
    gsize size = from_hex (rows[i].hex, nal);
    g_assert_true (us_sps_read (&sps, rows[i].codec, nal, size));
    g_assert_cmpstr (sps.codec, ==, rows[i].text);
    g_assert_cmpuint (sps.width, ==, rows[i].width);
    g_assert_cmpuint (sps.height, ==, rows[i].height);
  }
}

/* A set that is cut before its size is refused; nothing is read beyond its end. */
static void
test_cut (void) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint8 nal[256];
    UsSps whole;
    gsize size = from_hex (rows[i].hex, nal);
    g_assert_true (us_sps_read (&whole, rows[i].codec, nal, size));
    guint n_refused = 0;
    for (gsize n = 0; n < size; n++) {
      g_autofree guint8 *part = g_memdup2 (nal, n);
      UsSps sps;
      if (!us_sps_read (&sps, rows[i].codec, part, n)) {
        n_refused++;
        g_assert_cmpuint (sps.width + sps.height, ==, 0);
      }
    }
    g_assert_cmpuint (n_refused, >=, 6);
  }
}

/* Sizes that cannot be, and numbers that do not end. */
static void
test_hostile (void) {
  static const char *const sets[] = {
    "6742001e00000000000000000000000000000000",
    "6742001effffffffffffffffffffffffffffffff",
    "67640028ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "67420028000003000003000003000003000003",
    "4201010000000000000000000000000000000000000000",
    "67",
    "6742",
  };
  for (guint i = 0; i < G_N_ELEMENTS (sets); i++) {
    guint8 nal[256];
    UsSps sps;
    gsize size = from_hex (sets[i], nal);
    if (us_sps_read (&sps, US_NAL_H264, nal, size))
      g_assert_true (sps.width > 0 && sps.width <= US_SPS_MAX_SIZE && sps.height > 0);
    if (us_sps_read (&sps, US_NAL_HEVC, nal, size))
      g_assert_true (sps.width > 0 && sps.width <= US_SPS_MAX_SIZE && sps.height > 0);
  }
}

static void
test_hevc_codec (void) {
  static const struct {
    guint8 profile[12];
    const char *text;
  } codecs[] = {
    { { 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93 }, "1.6.L93.B0" }, /* ISO 14496-15 E.3 */
    { { 0x22, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 153 }, "2.4.H153.90" },
    { { 0x41, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 120 }, "A1.6.L120" },
    { { 0x84, 0x10, 0, 0, 0, 0xb0, 0x23, 0, 0, 0, 0, 186 }, "B4.8.L186.B0.23" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    char text[64];
    us_sps_write_hevc_codec (text, sizeof text, codecs[i].profile);
    g_assert_cmpstr (text, ==, codecs[i].text);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sps/read", test_read);
  g_test_add_func ("/sps/cut", test_cut);
  g_test_add_func ("/sps/hostile", test_hostile);
  g_test_add_func ("/sps/hevc-codec", test_hevc_codec);
  return g_test_run ();
}
