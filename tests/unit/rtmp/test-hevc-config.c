/* test-hevc-config.c - HEVC configurations by table; their bytes are those of x265 (320x180) */
#include <string.h>

#include "fixture.h"
#include "rtmp/codec-config.h"
#include "rtmp/error.h"

#define HEAD_BUT_LENGTH "01 01 60000000 900000000000 3c f000 fc fd f8 f8 0000 "
#define HEAD HEAD_BUT_LENGTH "0f"
#define VPS "40010c01ffff01600000030090000003000003003c959409"
#define SPS "42010101600000030090000003000003003ca00a080c1f3e595952930bc05a020000030002000003003c10"
#define PPS "4401c073c189"
#define VPS_ARRAY " a0 0001 0018 " VPS
#define SPS_ARRAY " a1 0001 002b " SPS
#define PPS_ARRAY " a2 0001 0006 " PPS

static void
test_good (void) {
  static const struct {
    const char *hex;
    guint length_size;
  } rows[] = {
    { HEAD " 03" VPS_ARRAY SPS_ARRAY PPS_ARRAY, 4 },
    /* the arrays in another order, one of SEI among them, a byte behind */
    { HEAD " 04" PPS_ARRAY " a7 0001 0003 4e0105" SPS_ARRAY VPS_ARRAY " 00", 4 },
    /* lengths of one byte; two SPS, of which the first counts */
    { HEAD_BUT_LENGTH "0c 03" VPS_ARRAY " a1 0002 002b " SPS " 0003 420101" PPS_ARRAY, 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) bytes = fixture_hex (rows[i].hex);
    g_autoptr (GError) error = NULL;
    UsVideoConfig config = { 0 };
    gboolean ok = us_flv_parse_hevc_config (bytes->data, bytes->len, &config, &error);
    g_assert_no_error (error);
    g_assert_true (ok);
    g_assert_cmpuint (config.width, ==, 320);
    g_assert_cmpuint (config.height, ==, 180);
    g_assert_cmpuint (config.profile, ==, 1);
    g_assert_cmpuint (config.level, ==, 60);
    g_assert_cmpuint (config.nal_length_size, ==, rows[i].length_size);
  }
}

static void
test_bad (void) {
  static const struct {
    const char *hex, *message;
  } rows[] = {
    { "", "cut off" },
    { HEAD, "cut off" },
    { HEAD " 00", "without VPS, SPS or PPS" },
    { HEAD " 02" VPS_ARRAY PPS_ARRAY, "without VPS, SPS or PPS" },
    { HEAD " 03" VPS_ARRAY SPS_ARRAY " a2 0000", "without VPS, SPS or PPS" },
    { HEAD " ff" VPS_ARRAY SPS_ARRAY PPS_ARRAY, "cut off" },
    { HEAD " 03" VPS_ARRAY SPS_ARRAY " a2 ffff 0006" PPS, "wrong length" },
    { HEAD " 03" VPS_ARRAY SPS_ARRAY " a2 0001 ffff" PPS, "wrong length" },
    { HEAD " 03" VPS_ARRAY SPS_ARRAY " a2 0001 0000", "wrong length" },
    { HEAD " 03" VPS_ARRAY SPS_ARRAY " a2 0001 0001 44", "wrong length" },
    { HEAD " 03" VPS_ARRAY SPS_ARRAY " a2 0001 0006" VPS, "something else" },
    { "00 01 60000000 900000000000 3c f000 fc fd f8 f8 0000 0f 03" VPS_ARRAY SPS_ARRAY PPS_ARRAY,
      "version" },
    { HEAD_BUT_LENGTH "0e 03" VPS_ARRAY SPS_ARRAY PPS_ARRAY, "3 bytes" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) bytes = fixture_hex (rows[i].hex);
    g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
    g_autoptr (GError) error = NULL;
    UsVideoConfig config;
    g_assert_false (us_flv_parse_hevc_config (exact, bytes->len, &config, &error));
    g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA);
    g_test_message ("%u: %s", i, error->message);
    g_assert_nonnull (strstr (error->message, rows[i].message));
  }
}

/* Cut anywhere, and with any one bit of it wrong: a size, none, or an error. asan watches. */
static void
test_damage (void) {
  g_autoptr (GByteArray) bytes = fixture_hex (HEAD " 03" VPS_ARRAY SPS_ARRAY PPS_ARRAY);
  for (guint size = 0; size < bytes->len; size++) {
    g_autofree guint8 *exact = g_memdup2 (bytes->data, size);
    UsVideoConfig config;
    g_assert_false (us_flv_parse_hevc_config (exact, size, &config, NULL));
  }
  for (guint bit = 0; bit < bytes->len * 8; bit++) {
    g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
    exact[bit / 8] ^= (guint8)(1 << bit % 8);
    UsVideoConfig config;
    if (us_flv_parse_hevc_config (exact, bytes->len, &config, NULL)) {
      g_assert_cmpuint (config.width, <=, 16384);
      g_assert_cmpuint (config.height, <=, 16384);
    }
  }
}

/* A key frame of an encoder that sends no configuration: what is made of it is one. */
static void
test_gather (void) {
  static const struct {
    const char *hex;
    gboolean is_good;
  } rows[] = {
    { "00000018" VPS "0000002b" SPS "00000006" PPS "00000003 260100", TRUE },
    /* an access unit delimiter before, SEI between */
    { "00000003 460150 00000018" VPS "0000002b" SPS "00000003 4e0105 00000006" PPS
      "00000003 260100",
      TRUE },
    { "00000018" VPS "0000002b" SPS "00000003 260100", FALSE },
    { "00000003 260100 00000018" VPS "0000002b" SPS "00000006" PPS, FALSE },
    { "00000018" VPS "0000002b" SPS "00000007" PPS, FALSE },
    { "00000018" VPS "ffffffff" SPS "00000006" PPS, FALSE },
    { "00000004 6742c01e 00000002 68ce 00000002 6588", FALSE }, /* H.264 */
    { "00000002 09f0 00000004 6742c01e 00000002 68ce 00000002 6588", FALSE },
    { "", FALSE },
    { "000000", FALSE },
  };
  g_autoptr (GByteArray) head = fixture_hex (HEAD);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) bytes = fixture_hex (rows[i].hex);
    g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
    g_autoptr (GBytes) record = us_flv_gather_hevc_config (exact, bytes->len);
    g_assert_cmpint (record != NULL, ==, rows[i].is_good);
    if (record == NULL)
      continue;
    gsize size;
    const guint8 *data = g_bytes_get_data (record, &size);
    UsVideoConfig config = { 0 };
    g_assert_true (us_flv_parse_hevc_config (data, size, &config, NULL));
    g_assert_cmpuint (config.width, ==, 320);
    g_assert_cmpuint (config.height, ==, 180);
    /* What ffmpeg writes, but for fields that nobody knows here. */
    g_assert_cmpmem (data, 13, head->data, 13);
    g_assert_cmpmem (data + 16, 3, head->data + 16, 3);
    g_assert_cmpuint (data[21], ==, 0x0f);
  }
}

static void
test_gather_damage (void) {
  g_autoptr (GByteArray) bytes
      = fixture_hex ("00000018" VPS "0000002b" SPS "00000006" PPS "00000003 260100");
  for (guint bit = 0; bit < bytes->len * 8; bit++) {
    g_autofree guint8 *exact = g_memdup2 (bytes->data, bytes->len);
    exact[bit / 8] ^= (guint8)(1 << bit % 8);
    g_autoptr (GBytes) record = us_flv_gather_hevc_config (exact, bytes->len);
    UsVideoConfig config;
    if (record != NULL)
      g_assert_true (us_flv_parse_hevc_config (g_bytes_get_data (record, NULL),
                                               g_bytes_get_size (record), &config, NULL));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/hevc-config/good", test_good);
  g_test_add_func ("/rtmp/hevc-config/bad (mediamtx 4014)", test_bad);
  g_test_add_func ("/rtmp/hevc-config/damage", test_damage);
  g_test_add_func ("/rtmp/hevc-config/gather", test_gather);
  g_test_add_func ("/rtmp/hevc-config/gather-damage", test_gather_damage);
  return g_test_run ();
}
