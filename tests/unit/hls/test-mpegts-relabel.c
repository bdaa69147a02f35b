/* test-mpegts-relabel.c - the table of a segment with E-AC-3, and what private data may say it is
 */
#include "hls/mpegts-packet.h"

#include <string.h>

#include "synth.h"

/* A PMT with one stream of sound behind one of pictures. @descriptors: of the sound */
static void
add_pmt (GByteArray *ts, guint8 type, const guint8 *descriptors, guint8 size) {
  guint8 pmt[160]
      = { 2,    0,    0,           0,    1, 0xc1, 0, 0,    0xe0, SYNTH_VIDEO, 0xf0, 0,
          0x1b, 0xe0, SYNTH_VIDEO, 0xf0, 2, 5,    0, type, 0xe0, SYNTH_AUDIO, 0xf0, size };
  memcpy (pmt + 24, descriptors, size);
  synth_section (ts, SYNTH_PMT, 0, pmt, 24 + (gsize)size);
}

static GBytes *
segment_with (guint8 type, const guint8 *descriptors, guint8 size) {
  g_autoptr (GByteArray) ts = synth_new ();
  g_autofree guint8 *pes = synth_pes (60, 1, 1, 0x65);
  synth_pat (ts, 0);
  add_pmt (ts, type, descriptors, size);
  synth_unit (ts, SYNTH_VIDEO, 0, pes, 60);
  return g_byte_array_free_to_bytes (g_steal_pointer (&ts));
}

static void
read_tables (GBytes *segment, UsMpegtsTables *tables) {
  gsize size, pat, pmt;
  const guint8 *data = g_bytes_get_data (segment, &size);
  g_autoptr (GError) error = NULL;
  gboolean ok = us_mpegts_find_tables (data, size, tables, &pat, &pmt, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpuint (tables->n_streams, ==, 2);
}

static void
test_private_data (void) {
  static const struct {
    guint8 type;
    const char *descriptors;
    guint8 size;
    guint16 is;
    guint n_channels;
  } rows[] = {
    { 0x06, "\x05\x04Opus\x7f\x02\x80\x02", 10, US_MPEGTS_TYPE_OPUS, 2 },
    { 0x06, "\x7f\x02\x80\x06\x05\x04Opus", 10, US_MPEGTS_TYPE_OPUS, 6 },
    { 0x06, "\x05\x04Opus\x7f\x02\x80\x00", 10, US_MPEGTS_TYPE_OPUS, 2 },
    { 0x06, "\x05\x04Opus\x7f\x02\x80\xff", 10, US_MPEGTS_TYPE_OPUS, 0 },
    { 0x06, "\x05\x04Opus", 6, US_MPEGTS_TYPE_OPUS, 0 },
    { 0x06, "\x6a\x00", 2, US_MPEGTS_TYPE_AC3, 0 },
    { 0x06, "\x7a\x01\x00", 3, US_MPEGTS_TYPE_EAC3, 0 },
    { 0x06,
      "\x05\x04"
      "EAC3",
      6, US_MPEGTS_TYPE_EAC3, 0 },
    { 0x06, "\x05\x04KLVA", 6, 0x06, 0 },
    { 0x06, "", 0, 0x06, 0 },
    { 0x06, "\x05\x04Opu", 5, 0x06, 0 },  /* longer than the list */
    { 0x06, "\x05", 1, 0x06, 0 },         /* half a head */
    { 0x0f, "\x05\x04Opus", 6, 0x0f, 0 }, /* not private */
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autoptr (GBytes) segment
        = segment_with (rows[i].type, (const guint8 *)rows[i].descriptors, rows[i].size);
    UsMpegtsTables tables;
    read_tables (segment, &tables);
    g_assert_cmpuint (tables.streams[1].type, ==, rows[i].is);
    g_assert_cmpuint (tables.streams[1].n_channels, ==, rows[i].n_channels);
    g_assert_cmpint (us_mpegts_type_is_audio (tables.streams[1].type), ==, rows[i].is != 0x06);
  }
}

/* What mpegtsmux writes for AC-3. */
static const guint8 ac3[]
    = { 0x05, 4, 'A', 'C', '-', '3', 0x81, 4, 8, 0xc8, 4, 0, 0x81, 6, 0x81, 4, 8, 0xc8, 4, 0 };

static void
test_relabel (void) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) before = segment_with (US_MPEGTS_TYPE_AC3, ac3, sizeof ac3);
  g_autoptr (GBytes) after = us_mpegts_relabel_eac3 (before, &error);
  g_assert_no_error (error);
  UsMpegtsTables tables;
  read_tables (after, &tables); /* its checksum with it */
  g_assert_cmpuint (tables.streams[0].type, ==, US_MPEGTS_TYPE_H264);
  g_assert_cmpuint (tables.streams[0].pid, ==, SYNTH_VIDEO);
  g_assert_cmpuint (tables.streams[1].type, ==, US_MPEGTS_TYPE_EAC3);
  g_assert_cmpuint (tables.streams[1].pid, ==, SYNTH_AUDIO);
  g_assert_cmpuint (tables.pcr_pid, ==, SYNTH_VIDEO);

  gsize size;
  const guint8 *old = g_bytes_get_data (before, NULL), *new = g_bytes_get_data (after, &size);
  g_assert_cmpuint (size, ==, g_bytes_get_size (before));
  g_assert_cmpmem (new, US_MPEGTS_PACKET + 5, old, US_MPEGTS_PACKET + 5);
  g_assert_cmpmem (new + 2 * US_MPEGTS_PACKET, size - 2 * US_MPEGTS_PACKET,
                   old + 2 * US_MPEGTS_PACKET, size - 2 * US_MPEGTS_PACKET);
  g_assert_nonnull (memmem (new, size, "EAC3", 4));
  g_assert_null (memmem (new, size, "AC-3", 4));

  /* Nothing is left to change. */
  g_autoptr (GBytes) again = us_mpegts_relabel_eac3 (after, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (after, again));
}

static void
test_no_room (void) {
  static const guint8 few[] = { 0x6a, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) segment = segment_with (US_MPEGTS_TYPE_AC3, few, sizeof few);
  g_assert_null (us_mpegts_relabel_eac3 (segment, &error));
  g_assert_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES);
  g_clear_error (&error);
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_assert_null (us_mpegts_relabel_eac3 (nothing, &error));
  g_assert_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_EMPTY);
}

/* Any one wrong bit of the table is an error, or another table; asan watches. */
static void
test_damage (void) {
  g_autoptr (GBytes) whole = segment_with (US_MPEGTS_TYPE_AC3, ac3, sizeof ac3);
  gsize size;
  const guint8 *data = g_bytes_get_data (whole, &size);
  for (guint bit = US_MPEGTS_PACKET * 8; bit < 2 * US_MPEGTS_PACKET * 8; bit++) {
    guint8 *copy = g_memdup2 (data, size);
    copy[bit / 8] ^= (guint8)(1 << bit % 8);
    g_autoptr (GBytes) damaged = g_bytes_new_take (copy, size);
    g_autoptr (GBytes) result = us_mpegts_relabel_eac3 (damaged, NULL);
    if (result != NULL)
      g_assert_cmpuint (g_bytes_get_size (result), ==, size);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/mpegts-relabel/private-data", test_private_data);
  g_test_add_func ("/hls/mpegts-relabel/relabel", test_relabel);
  g_test_add_func ("/hls/mpegts-relabel/no-room", test_no_room);
  g_test_add_func ("/hls/mpegts-relabel/damage", test_damage);
  return g_test_run ();
}
