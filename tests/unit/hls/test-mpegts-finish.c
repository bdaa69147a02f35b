/* test-mpegts-finish.c - what finishing keeps, adds and refuses */
#include "synth.h"

static GBytes *
finish (const GByteArray *ts, guint64 number) {
  g_autoptr (GBytes) in = g_bytes_new (ts->data, ts->len);
  g_autoptr (GError) error = NULL;
  GBytes *out = us_mpegts_finish (in, number, &error);
  g_assert_no_error (error);
  return out;
}

static void
assert_fault (const GByteArray *ts, UsMpegtsError code, const char *message) {
  g_autoptr (GBytes) in = g_bytes_new (ts->data, ts->len);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_mpegts_finish (in, 1, &error));
  g_assert_error (error, US_MPEGTS_ERROR, (int)code);
  if (strstr (error->message, message) == NULL)
    g_error ("got: %s, wanted: %s", error->message, message);
}

/* The payload of a PID in a row, with a marker before each that starts a unit. */
static GBytes *
elementary (GBytes *ts, guint pid) {
  gsize size;
  const guint8 *data = g_bytes_get_data (ts, &size);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  for (gsize i = 0; i < size / 188; i++) {
    UsMpegtsPacket packet;
    g_assert_true (us_mpegts_packet_read (&packet, data, i, NULL));
    if (packet.pid != pid)
      continue;
    if (packet.is_unit_start)
      g_byte_array_append (all, (const guint8 *)"UNIT", 4);
    g_byte_array_append (all, packet.payload, packet.payload_size);
  }
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

static guint
count_payload (GBytes *ts, guint pid) {
  gsize size;
  const guint8 *data = g_bytes_get_data (ts, &size);
  guint n = 0;
  for (gsize i = 0; i < size / 188; i++) {
    UsMpegtsPacket packet;
    g_assert_true (us_mpegts_packet_read (&packet, data, i, NULL));
    n += packet.pid == pid && packet.payload_size > 0;
  }
  return n;
}

/* Everything that must hold for any finished segment. */
static void
assert_finished (GBytes *in, GBytes *out, guint64 number) {
  gsize size;
  const guint8 *data = g_bytes_get_data (out, &size);
  UsMpegtsInfo info;
  g_autoptr (GError) error = NULL;
  g_assert_true (us_mpegts_inspect (data, size, &info, &error));
  g_assert_no_error (error);
  g_assert_true (info.starts_with_tables);
  g_assert_cmpuint (data[3] & 15, ==, number & 15);
  g_assert_cmpuint (data[188 + 3] & 15, ==, number & 15);
  guint pids[2] = { info.video_pid, info.audio_pid };
  for (guint i = 0; i < 2; i++) {
    if (pids[i] == 0)
      continue;
    g_autoptr (GBytes) before = elementary (in, pids[i]);
    g_autoptr (GBytes) after = elementary (out, pids[i]);
    g_assert_true (g_bytes_equal (before, after));
    g_assert_cmpuint (count_payload (out, pids[i]) % 16, ==, 0);
  }
  guint next[2] = { 0, 0 };
  for (gsize i = 2; i < size / 188; i++) {
    UsMpegtsPacket packet;
    g_assert_true (us_mpegts_packet_read (&packet, data, i, NULL));
    g_assert_true (packet.pid == pids[0] || packet.pid == pids[1]);
    guint *counter = &next[packet.pid == pids[1]];
    if (packet.payload_size > 0)
      g_assert_cmpuint (packet.continuity, ==, (*counter)++ % 16);
    else
      g_assert_cmpuint (packet.continuity, ==, (*counter + 15) % 16);
  }
  /* Stable: finishing twice is finishing once. */
  g_autoptr (GBytes) again = us_mpegts_finish (out, number, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (again, out));
}

static void
test_real (void) {
  static const char *NAMES[] = { "gst-1.ts",    "gst-2.ts",     "gst-3.ts",    "ff-av.ts",
                                 "ff-audio.ts", "gst-audio.ts", "gst-video.ts" };
  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++) {
    g_autoptr (GBytes) in = synth_fixture (NAMES[i]);
    g_autoptr (GError) error = NULL;
    g_test_message ("%s", NAMES[i]);
    g_autoptr (GBytes) out = us_mpegts_finish (in, 1795292776 + i, &error);
    g_assert_no_error (error);
    assert_finished (in, out, 1795292776 + i);
    g_autoptr (GBytes) twin = us_mpegts_finish (in, 1795292776 + i, &error);
    g_assert_true (g_bytes_equal (twin, out));
  }
}

/* Three segments of one stream, each from a fresh muxer, one behind the other. */
static void
test_row (void) {
  static const char *NAMES[] = { "gst-1.ts", "gst-2.ts", "gst-3.ts" };
  g_autoptr (GByteArray) row = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++) {
    g_autoptr (GBytes) in = synth_fixture (NAMES[i]);
    g_autoptr (GBytes) out = us_mpegts_finish (in, 15 + i, NULL);
    gsize size;
    const guint8 *data = g_bytes_get_data (out, &size);
    g_byte_array_append (row, data, size);
  }
  UsMpegtsInfo info;
  g_autoptr (GError) error = NULL;
  g_assert_true (us_mpegts_inspect (row->data, row->len, &info, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (info.n_video, ==, 90);
}

/* Every size of the last units: the spreading must find room in one packet, or in several. */
static void
test_sizes (void) {
  for (gsize video = 40; video < 184 * 17; video += 13)
    for (gsize audio = 24 + 15; audio < 260; audio += 17) {
      g_autoptr (GByteArray) ts = synth_segment (video, audio);
      g_autoptr (GBytes) in = g_bytes_new (ts->data, ts->len);
      g_autoptr (GBytes) out = finish (ts, video);
      assert_finished (in, out, video);
    }
}

/* Units so short that each can give one packet only: several units must share. */
static void
test_short_units (void) {
  g_autoptr (GByteArray) ts = synth_new ();
  synth_pat (ts, 0);
  synth_pmt (ts, 0, US_MPEGTS_TYPE_H264);
  for (guint i = 0; i < 9; i++) {
    g_autofree guint8 *pes = synth_pes (24, i * 3000, i * 3000, i == 0 ? 0x65 : 0x41);
    synth_packet (ts, SYNTH_VIDEO, i, TRUE, NULL, 0, pes, i == 0 ? 24 : 20);
  }
  g_autoptr (GBytes) in = g_bytes_new (ts->data, ts->len);
  g_autoptr (GBytes) out = finish (ts, 3);
  assert_finished (in, out, 3);
  g_assert_cmpuint (count_payload (out, SYNTH_VIDEO), ==, 16);

  g_autoptr (GByteArray) poor = synth_new ();
  g_autofree guint8 *pes = synth_pes (24, 0, 0, 0x65);
  synth_pat (poor, 0);
  synth_pmt (poor, 0, US_MPEGTS_TYPE_H264);
  synth_unit (poor, SYNTH_VIDEO, 0, pes, 24);
  assert_fault (poor, US_MPEGTS_ERROR_PES, "PID 65: too few payload bytes");
}

/* A last packet that carries PCR and random access flag, split: both stay in its first piece. */
static void
test_fields (void) {
  g_autoptr (GByteArray) ts = synth_new ();
  g_autofree guint8 *pes = synth_pes (120, 0, 0, 0x65);
  guint8 field[7] = { 0x50, 1, 2, 3, 4, 0x7e, 6 };
  synth_pat (ts, 0);
  synth_pmt (ts, 0, US_MPEGTS_TYPE_H264);
  synth_packet (ts, SYNTH_VIDEO, 0, TRUE, field, 7, pes, 120);
  synth_packet (ts, SYNTH_VIDEO, 0, FALSE, field, 7, NULL, 0);
  g_autoptr (GBytes) in = g_bytes_new (ts->data, ts->len);
  g_autoptr (GBytes) out = finish (ts, 1);
  assert_finished (in, out, 1);
  const guint8 *data = g_bytes_get_data (out, NULL);
  g_assert_cmpuint (g_bytes_get_size (out), ==, (2 + 16 + 1) * 188);
  g_assert_cmpmem (data + 2 * 188 + 5, 7, field, 7);
  for (guint i = 3; i < 18; i++) {
    g_assert_cmpuint (data[i * 188 + 1] & 0x40, ==, 0);
    g_assert_cmpuint (data[i * 188 + 5], ==, 0); /* no flags in stuffing */
  }
  g_assert_cmpuint (data[18 * 188 + 3], ==, 0x2f); /* PCR only: counter of the packet before */
  g_assert_cmpmem (data + 18 * 188 + 5, 7, field, 7);
}

/* An adaptation field of one zero byte has no flags to keep; a piece of 183 bytes needs one. */
static void
test_field_edges (void) {
  for (gsize size = 176; size <= 184; size++) {
    g_autoptr (GByteArray) ts = synth_new ();
    g_autofree guint8 *pes = synth_pes (184 * 13 + size, 0, 0, 0x65);
    synth_pat (ts, 0);
    synth_pmt (ts, 0, US_MPEGTS_TYPE_H264);
    synth_unit (ts, SYNTH_VIDEO, 0, pes, 184 * 13 + size);
    g_autoptr (GBytes) in = g_bytes_new (ts->data, ts->len);
    g_autoptr (GBytes) out = finish (ts, 1);
    assert_finished (in, out, 1);
  }
}

/* Audio first, tables late and repeated, service information and null packets in between. */
static void
test_order (void) {
  g_autoptr (GByteArray) ts = synth_new ();
  g_autofree guint8 *sound = synth_pes (100, 0, 0, 0x80);
  g_autofree guint8 *picture = synth_pes (100, 0, 0, 0x65);
  guint8 sdt[] = { 0x42, 0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xff };
  synth_section (ts, 0x11, 0, sdt, sizeof sdt);
  synth_unit (ts, SYNTH_AUDIO, 5, sound, 100);
  synth_pat (ts, 1);
  synth_pmt (ts, 1, US_MPEGTS_TYPE_H264);
  synth_unit (ts, SYNTH_VIDEO, 0, picture, 100);
  synth_packet (ts, US_MPEGTS_NULL_PID, 0, FALSE, NULL, 0, sound, 100);
  synth_pat (ts, 2);
  synth_pmt (ts, 2, US_MPEGTS_TYPE_H264);
  synth_unit (ts, SYNTH_AUDIO, 6, sound, 100);
  g_autoptr (GBytes) in = g_bytes_new (ts->data, ts->len);
  g_autoptr (GBytes) out = finish (ts, 31);
  assert_finished (in, out, 31);
  const guint8 *data = g_bytes_get_data (out, NULL);
  g_assert_cmpuint (data[2 * 188 + 2], ==, SYNTH_AUDIO);
  g_assert_cmpuint (data[3 * 188 + 2], ==, SYNTH_VIDEO);
  g_assert_cmpuint (g_bytes_get_size (out), ==, (2 + 32) * 188);
}

static void
test_faults (void) {
  g_autoptr (GByteArray) changed = synth_segment (400, 60);
  synth_pmt (changed, 2, US_MPEGTS_TYPE_HEVC);
  assert_fault (changed, US_MPEGTS_ERROR_TABLES, "the program changes");

  g_autoptr (GByteArray) lost = synth_segment (900, 60);
  g_byte_array_remove_range (lost, 3 * 188, 188);
  assert_fault (lost, US_MPEGTS_ERROR_CONTINUITY, "packet 3");

  g_autoptr (GByteArray) two = synth_new ();
  guint8 pat[] = { 0, 0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0, 0x20, 0, 2, 0xe0, 0x21 };
  synth_section (two, 0, 0, pat, sizeof pat);
  synth_pmt (two, 0, US_MPEGTS_TYPE_H264);
  assert_fault (two, US_MPEGTS_ERROR_TABLES, "2 programs");

  g_autoptr (GByteArray) empty = synth_segment (100, 0);
  empty->len = 2 * 188;
  assert_fault (empty, US_MPEGTS_ERROR_EMPTY, "no packets but the tables");
  empty->len = 0;
  assert_fault (empty, US_MPEGTS_ERROR_EMPTY, "no bytes");
  empty->len = 100;
  assert_fault (empty, US_MPEGTS_ERROR_GRID, "no whole number");

  g_autoptr (GByteArray) late_fault = synth_segment (400, 60);
  late_fault->data[late_fault->len - 188] = 0;
  assert_fault (late_fault, US_MPEGTS_ERROR_GRID, "no sync byte");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/mpegts-finish/real", test_real);
  g_test_add_func ("/hls/mpegts-finish/row", test_row);
  g_test_add_func ("/hls/mpegts-finish/sizes", test_sizes);
  g_test_add_func ("/hls/mpegts-finish/short-units", test_short_units);
  g_test_add_func ("/hls/mpegts-finish/fields", test_fields);
  g_test_add_func ("/hls/mpegts-finish/field-edges", test_field_edges);
  g_test_add_func ("/hls/mpegts-finish/order", test_order);
  g_test_add_func ("/hls/mpegts-finish/faults", test_faults);
  return g_test_run ();
}
