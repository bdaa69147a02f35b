/* test-nal.c - kinds of NAL units, and what an access unit is by them */
#include "hls/nal.h"

#include <string.h>

static void
test_kind (void) {
  static const struct {
    UsNalCodec codec;
    guint8 head;
    gsize size;
    UsNalKind kind;
  } CASES[] = {
    { US_NAL_H264, 0x65, 1, US_NAL_KEY_SLICE },     { US_NAL_H264, 0x25, 9, US_NAL_KEY_SLICE },
    { US_NAL_H264, 0x41, 9, US_NAL_SLICE },         { US_NAL_H264, 0x02, 9, US_NAL_SLICE },
    { US_NAL_H264, 0x67, 9, US_NAL_PARAMETERS },    { US_NAL_H264, 0x68, 9, US_NAL_PARAMETERS },
    { US_NAL_H264, 0x06, 9, US_NAL_SEI },           { US_NAL_H264, 0x09, 2, US_NAL_OTHER },
    { US_NAL_H264, 0xe5, 9, US_NAL_DAMAGED },       { US_NAL_H264, 0x65, 0, US_NAL_DAMAGED },
    { US_NAL_HEVC, 16 << 1, 2, US_NAL_KEY_SLICE },  { US_NAL_HEVC, 19 << 1, 2, US_NAL_KEY_SLICE },
    { US_NAL_HEVC, 21 << 1, 9, US_NAL_KEY_SLICE },  { US_NAL_HEVC, 22 << 1, 9, US_NAL_SLICE },
    { US_NAL_HEVC, 1 << 1, 9, US_NAL_SLICE },       { US_NAL_HEVC, 32 << 1, 9, US_NAL_PARAMETERS },
    { US_NAL_HEVC, 34 << 1, 9, US_NAL_PARAMETERS }, { US_NAL_HEVC, 35 << 1, 3, US_NAL_OTHER },
    { US_NAL_HEVC, 39 << 1, 9, US_NAL_SEI },        { US_NAL_HEVC, 40 << 1, 9, US_NAL_OTHER },
    { US_NAL_HEVC, 19 << 1, 1, US_NAL_DAMAGED },    { US_NAL_HEVC, 0xa6, 9, US_NAL_DAMAGED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    guint8 nal[9] = { CASES[i].head, 1 };
    g_test_message ("case %u", i);
    g_assert_cmpint (us_nal_kind (CASES[i].codec, nal, CASES[i].size), ==, CASES[i].kind);
  }
}

static void
test_find_start (void) {
  static const struct {
    const char *bytes;
    gsize size;
    int at; /* -1: none */
  } CASES[] = {
    { "", 0, -1 },
    { "\0\0", 2, -1 },
    { "\0\0\1", 3, 3 },
    { "\0\0\0\1e", 5, 4 },
    { "\0\1\0\0\1e", 6, 5 },
    { "\1\0\0\2\0\0", 6, -1 },
    { "\0\0\3\0\0\1", 6, 6 },
    { "\1\1\1\0\0\1", 6, 6 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree guint8 *data = g_memdup2 (CASES[i].bytes, CASES[i].size);
    const guint8 *found = us_nal_find_start (data, data + CASES[i].size);
    g_assert_cmpint (found != NULL ? (int)(found - data) : -1, ==, CASES[i].at);
  }
}

#define IDR_1 "\0\0\1\x65\x88\x11\x22"
#define IDR_2 "\0\0\1\x65\x99\x33"
#define SPS "\0\0\0\1\x67\x42\x1e"
#define PPS "\0\0\0\1\x68\xce\x3c"
#define AUD "\0\0\0\1\x09\xf0"
#define RECOVERY "\0\0\1\x06\x06\x01\xc4\x80"
#define OTHER_SEI "\0\0\1\x06\x05\x01\xc4\x80"
#define PICTURE "\0\0\1\x41\x9a"

static UsAccessUnit
read_bytes (const char *bytes, gsize size) {
  UsAccessUnit unit = { .codec = US_NAL_H264, .wants_parameters = TRUE };
  g_autofree guint8 *data = g_memdup2 (bytes, size);
  g_assert_true (us_access_unit_add_annex_b (&unit, data, size));
  return unit;
}
#define READ(bytes) read_bytes (bytes, sizeof (bytes) - 1)

static void
test_same (void) {
  UsAccessUnit plain = READ (IDR_1 IDR_2);
  const UsAccessUnit same[] = {
    READ (AUD SPS PPS IDR_1 IDR_2), READ (IDR_1 "\0" IDR_2 "\0\0\0"), /* zero bytes behind a unit */
    READ (SPS SPS PPS OTHER_SEI IDR_1 PPS IDR_2),
    READ ("\xff\xff" IDR_1 IDR_2), /* the end of what came before */
  };
  g_assert_true (plain.is_key && plain.has_slice);
  g_assert_cmpuint (plain.n_parameters, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (same); i++)
    g_assert_cmpuint (same[i].hash, ==, plain.hash);
  g_assert_cmpuint (same[0].parameters, ==, same[2].parameters);
  g_assert_cmpuint (same[2].n_parameters, ==, 2);

  static const guint8 SAMPLE[]
      = { 0, 4, 0x65, 0x88, 0x11, 0x22, 0, 2, 0x09, 0xf0, 0, 3, 0x65, 0x99, 0x33, 0, 0 };
  UsAccessUnit sample = { .codec = US_NAL_H264 };
  g_assert_true (us_access_unit_add_sample (&sample, SAMPLE, sizeof SAMPLE, 2));
  g_assert_cmpuint (sample.hash, ==, plain.hash);

  const UsAccessUnit others[]
      = { READ (IDR_1), READ (IDR_2 IDR_1), READ (IDR_1 IDR_2 IDR_2), READ (IDR_1 "\x01" IDR_2) };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_cmpuint (others[i].hash, !=, plain.hash);
  g_assert_cmpuint (READ (SPS IDR_1).parameters, !=, READ (SPS PPS IDR_1).parameters);
}

static void
test_random_access (void) {
  g_assert_false (READ (PICTURE).is_key);
  g_assert_true (READ (PICTURE).has_slice);
  g_assert_false (READ (PICTURE).has_recovery_point);
  g_assert_true (READ (RECOVERY PICTURE).has_recovery_point);
  g_assert_false (READ (OTHER_SEI PICTURE).has_recovery_point);
  g_assert_false (READ (PICTURE IDR_1).is_key); /* two pictures: the first one counts */
  g_assert_false (READ (AUD SPS PPS).has_slice);
}

static void
test_damaged (void) {
  static const struct {
    const char *bytes;
    gsize size;
    guint length_size; /* 0: Annex B */
  } CASES[] = {
    { "\0\0\1\xe5\x11", 5, 0 },
    { AUD "\0\0\1\x86" IDR_1, 17, 0 },
    { "\0\0\0\5\x65\1\2\3", 8, 4 },
    { "\0\0\0\1\x65\0", 6, 4 },
    { "\0\0\0", 3, 4 },
    { "\xff\xff\xff\xff\x65", 5, 4 },
    { "\2\x65\1\1", 4, 1 },
    { "\1\xff", 2, 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    UsAccessUnit unit = { .codec = US_NAL_H264 };
    g_autofree guint8 *data = g_memdup2 (CASES[i].bytes, CASES[i].size);
    g_test_message ("case %u", i);
    g_assert_false (
        CASES[i].length_size > 0
            ? us_access_unit_add_sample (&unit, data, CASES[i].size, CASES[i].length_size)
            : us_access_unit_add_annex_b (&unit, data, CASES[i].size));
  }
  UsAccessUnit unit = { .codec = US_NAL_H264 };
  g_assert_true (us_access_unit_add_sample (&unit, NULL, 0, 4));
  g_assert_false (unit.has_slice);
}

static void
test_many_parameters (void) {
  UsAccessUnit unit = { .codec = US_NAL_H264, .wants_parameters = TRUE };
  for (guint i = 0; i < 3 * US_NAL_MAX_PARAMETERS; i++) {
    const guint8 sps[] = { 0x67, (guint8)i, 1 };
    g_assert_true (us_access_unit_add (&unit, sps, sizeof sps));
  }
  g_assert_cmpuint (unit.n_parameters, ==, US_NAL_MAX_PARAMETERS);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/nal/kind", test_kind);
  g_test_add_func ("/hls/nal/find-start", test_find_start);
  g_test_add_func ("/hls/nal/same", test_same);
  g_test_add_func ("/hls/nal/random-access", test_random_access);
  g_test_add_func ("/hls/nal/damaged", test_damaged);
  g_test_add_func ("/hls/nal/many-parameters", test_many_parameters);
  return g_test_run ();
}
