/* test-mpegts-section.c - tables over several packets and beside others */
#include "synth.h"

#include "hls/mpegts-section.h"

/* A PMT with an audio stream whose descriptors take @n_descriptor bytes. */
static GByteArray *
long_pmt (gsize n_descriptor) {
  GByteArray *section = g_byte_array_new ();
  guint8 head[]
      = { 2, 0, 0, 0, 1, 0xc1, 0, 0, 0xe0, SYNTH_VIDEO, 0xf0, 0, 0x1b, 0xe0, SYNTH_VIDEO, 0xf0, 0 };
  gsize length = sizeof head - 3 + 5 + n_descriptor + 4;
  head[1] = (guint8)(0xb0 | length >> 8);
  head[2] = (guint8)length;
  guint8 audio[]
      = { 0x0f, 0xe0, SYNTH_AUDIO, (guint8)(0xf0 | n_descriptor >> 8), (guint8)n_descriptor };
  g_byte_array_append (section, head, sizeof head);
  g_byte_array_append (section, audio, sizeof audio);
  for (gsize i = 0; i < n_descriptor; i++)
    g_byte_array_append (section, (const guint8 *)"d", 1);
  guint32 crc = GUINT32_TO_BE (us_mpegts_crc32 (section->data, section->len));
  g_byte_array_append (section, (const guint8 *)&crc, 4);
  return section;
}

/* Feeds bytes in packets of @chunk; returns the last result that is not NONE. */
static UsMpegtsSectionResult
feed (const GByteArray *bytes, gsize chunk, UsMpegtsTables *tables, GError **error) {
  UsMpegtsSection section = { 0 };
  UsMpegtsSectionResult result = US_MPEGTS_SECTION_NONE;
  for (gsize at = 0; at < bytes->len && result != US_MPEGTS_SECTION_BROKEN; at += chunk) {
    UsMpegtsPacket packet = { .pid = SYNTH_PMT, .is_unit_start = at == 0 };
    packet.payload = bytes->data + at;
    packet.payload_size = MIN (chunk, bytes->len - at);
    UsMpegtsSectionResult one = us_mpegts_section_feed (&section, &packet, tables, error);
    if (one != US_MPEGTS_SECTION_NONE)
      result = one;
  }
  return result;
}

static void
test_sizes (void) {
  static const gsize SIZES[] = { 0, 100, 160, 400, 900 };
  for (guint i = 0; i < G_N_ELEMENTS (SIZES); i++) {
    for (gsize chunk = 150; chunk <= 184; chunk += 17) {
      g_autoptr (GByteArray) pmt = long_pmt (SIZES[i]);
      g_autoptr (GError) error = NULL;
      UsMpegtsTables tables = { .pmt_pid = SYNTH_PMT };
      g_byte_array_prepend (pmt, (const guint8 *)"\0", 1); /* pointer field */
      g_assert_cmpint (feed (pmt, chunk, &tables, &error), ==, US_MPEGTS_SECTION_WHOLE);
      g_assert_cmpuint (tables.n_streams, ==, 2);
      g_assert_cmpuint (tables.streams[1].pid, ==, SYNTH_AUDIO);
    }
  }
}

static void
test_beside_others (void) {
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GByteArray) pmt = long_pmt (300);
  g_autoptr (GError) error = NULL;
  UsMpegtsTables tables = { .pmt_pid = SYNTH_PMT };
  /* the end of a section before, a private section, the PMT, stuffing */
  g_byte_array_append (bytes, (const guint8 *)"\3end\xfc\x30\x02!!", 9);
  g_byte_array_append (bytes, pmt->data, pmt->len);
  g_byte_array_append (bytes, (const guint8 *)"\xff\xff\xff\xff", 4);
  g_assert_cmpint (feed (bytes, 184, &tables, &error), ==, US_MPEGTS_SECTION_WHOLE);
  g_assert_cmpuint (tables.n_streams, ==, 2);
}

/* The rest of a section stands before the pointer's end of the next packet that starts one. */
static void
test_pointer (void) {
  g_autoptr (GByteArray) pmt = long_pmt (190);
  UsMpegtsSection section = { 0 };
  UsMpegtsTables tables = { .pmt_pid = SYNTH_PMT };
  guint8 first[184] = { 0 }, second[184];
  gsize rest = pmt->len - 183;
  memcpy (first + 1, pmt->data, 183);
  memset (second, 0xff, sizeof second);
  second[0] = (guint8)rest;
  memcpy (second + 1, pmt->data + 183, rest);
  UsMpegtsPacket packet
      = { .pid = SYNTH_PMT, .is_unit_start = TRUE, .payload = first, .payload_size = 184 };
  g_assert_cmpint (us_mpegts_section_feed (&section, &packet, &tables, NULL), ==,
                   US_MPEGTS_SECTION_NONE);
  packet.payload = second;
  g_assert_cmpint (us_mpegts_section_feed (&section, &packet, &tables, NULL), ==,
                   US_MPEGTS_SECTION_WHOLE);
  g_assert_cmpuint (tables.n_streams, ==, 2);
}

static void
test_broken (void) {
  static const struct {
    const char *bytes;
    gsize size;
    UsMpegtsSectionResult result;
    const char *message;
  } CASES[] = {
    { "\x09"
      "abc",
      4, US_MPEGTS_SECTION_BROKEN, "no section starts" },
    { "\0\2\x3f\xff", 4, US_MPEGTS_SECTION_BROKEN, "longer than 1024" },
    { "\0\2\xb0\x01!", 5, US_MPEGTS_SECTION_BROKEN, "too short" },
    { "\0\2\xb0\x10"
      "0123456789abcdef",
      20, US_MPEGTS_SECTION_BROKEN, "checksum" },
    { "\0\xfc\x3f\xff", 4, US_MPEGTS_SECTION_NONE, NULL }, /* not ours to judge */
    { "\0", 1, US_MPEGTS_SECTION_NONE, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autoptr (GError) error = NULL;
    UsMpegtsTables tables = { .pmt_pid = SYNTH_PMT };
    g_byte_array_append (bytes, (const guint8 *)CASES[i].bytes, CASES[i].size);
    g_test_message ("case %u", i);
    g_assert_cmpint (feed (bytes, 184, &tables, &error), ==, CASES[i].result);
    g_assert_cmpint (error != NULL, ==, CASES[i].message != NULL);
    if (error != NULL)
      g_assert_nonnull (strstr (error->message, CASES[i].message));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/mpegts-section/sizes", test_sizes);
  g_test_add_func ("/hls/mpegts-section/beside-others", test_beside_others);
  g_test_add_func ("/hls/mpegts-section/pointer", test_pointer);
  g_test_add_func ("/hls/mpegts-section/broken", test_broken);
  return g_test_run ();
}
