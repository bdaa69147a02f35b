/* test-mpegts.c - inspection of real and of broken segments */
#include "synth.h"

static gboolean
inspect (const GByteArray *ts, UsMpegtsInfo *info, GError **error) {
  /* An exact copy, so that the sanitizer sees a read beyond the end. */
  g_autofree guint8 *exact = g_memdup2 (ts->data, ts->len);
  return us_mpegts_inspect (exact, ts->len, info, error);
}

static void
assert_fault (GByteArray *ts, UsMpegtsError code, const char *message) {
  UsMpegtsInfo info;
  g_autoptr (GError) error = NULL;
  g_assert_false (inspect (ts, &info, &error));
  g_assert_error (error, US_MPEGTS_ERROR, (int)code);
  if (strstr (error->message, message) == NULL)
    g_error ("got: %s, wanted: %s", error->message, message);
}

static void
test_real (void) {
  static const struct {
    const char *name;
    guint n_video, n_audio;
    gboolean starts_with_tables;
  } CASES[] = {
    { "gst-1.ts", 30, 47, TRUE },    { "gst-2.ts", 30, 47, TRUE },
    { "gst-3.ts", 30, 47, TRUE },    { "ff-av.ts", 25, 3, FALSE },
    { "ff-audio.ts", 0, 3, FALSE },  { "gst-audio.ts", 0, 61, TRUE },
    { "gst-video.ts", 30, 0, TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GBytes) bytes = synth_fixture (CASES[i].name);
    g_autoptr (GError) error = NULL;
    UsMpegtsInfo info;
    gsize size;
    const guint8 *data = g_bytes_get_data (bytes, &size);
    g_test_message ("%s", CASES[i].name);
    g_assert_true (us_mpegts_inspect (data, size, &info, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (info.n_video, ==, CASES[i].n_video);
    g_assert_cmpuint (info.n_audio, ==, CASES[i].n_audio);
    g_assert_cmpint (info.starts_with_tables, ==, CASES[i].starts_with_tables);
    g_assert_cmpint (info.starts_with_idr, ==, CASES[i].n_video > 0);
    g_assert_cmpuint (info.n_packets, ==, size / 188);
    g_assert_cmpint (info.first_video_pts >= 0, ==, CASES[i].n_video > 0);
    g_assert_cmpint (info.first_audio_pts >= 0, ==, CASES[i].n_audio > 0);
    g_assert_cmpint (info.last_video_dts, >=, info.first_video_dts);
    g_assert_cmpint (info.last_audio_pts, >=, info.first_audio_pts);
  }
}

static void
test_times (void) {
  g_autoptr (GByteArray) ts = synth_new ();
  synth_pat (ts, 0);
  synth_pmt (ts, 0, US_MPEGTS_TYPE_H264);
  gint64 top = (G_GINT64_CONSTANT (1) << 33) - 1;
  g_autofree guint8 *first = synth_pes (100, top, top - 3000, 0x65);
  g_autofree guint8 *second = synth_pes (100, 6000, 0, 0x41);
  synth_unit (ts, SYNTH_VIDEO, 14, first, 100);
  synth_unit (ts, SYNTH_VIDEO, 15, second, 100);
  UsMpegtsInfo info;
  g_autoptr (GError) error = NULL;
  g_assert_true (inspect (ts, &info, &error));
  g_assert_cmpint (info.first_video_pts, ==, top);
  g_assert_cmpint (info.first_video_dts, ==, top - 3000);
  g_assert_cmpint (info.last_video_dts, ==, 0);
  g_assert_cmpint (info.first_audio_pts, ==, -1);
  g_assert_cmpuint (info.video_pid, ==, SYNTH_VIDEO);
  g_assert_cmpuint (info.audio_pid, ==, SYNTH_AUDIO);
  g_assert_cmpuint (info.pcr_pid, ==, SYNTH_VIDEO);
  g_assert_cmpuint (info.pmt_pid, ==, SYNTH_PMT);
  g_assert_cmpuint (info.video_type, ==, US_MPEGTS_TYPE_H264);
  g_assert_cmpuint (info.audio_type, ==, US_MPEGTS_TYPE_AAC);
}

static void
test_grid (void) {
  g_autoptr (GByteArray) ts = synth_segment (500, 100);
  gsize whole = ts->len;
  ts->len = 0;
  assert_fault (ts, US_MPEGTS_ERROR_EMPTY, "no bytes");
  ts->len = whole - 1;
  assert_fault (ts, US_MPEGTS_ERROR_GRID, "no whole number");
  ts->len = whole;
  static const struct {
    guint at;
    guint8 value;
    const char *message;
  } CASES[] = {
    { 0, 0x48, "no sync byte" },
    { 1, 0xc0, "marked as damaged" },
    { 3, 0x90, "scrambled" },
    { 3, 0x03, "neither payload" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    guint8 *byte = &ts->data[2 * 188 + CASES[i].at], old = *byte;
    *byte = CASES[i].value;
    assert_fault (ts, US_MPEGTS_ERROR_GRID, CASES[i].message);
    *byte = old;
  }
  /* the last packet has an adaptation field: too long with payload, too short without */
  guint8 *last = &ts->data[whole - 188];
  guint8 length = last[4];
  last[4] = 183;
  assert_fault (ts, US_MPEGTS_ERROR_GRID, "adaptation field length");
  last[4] = length;
  last[3] = (guint8)((last[3] & 0x0f) | 0x20);
  assert_fault (ts, US_MPEGTS_ERROR_GRID, "adaptation field length");
}

static void
test_tables (void) {
  g_autoptr (GByteArray) ts = synth_segment (500, 100);
  guint8 *pat = ts->data, *pmt = ts->data + 188;
  pat[4 + 1 + 8] ^= 1;
  assert_fault (ts, US_MPEGTS_ERROR_TABLES, "PAT: checksum");
  pat[4 + 1 + 8] ^= 1;
  pmt[20] ^= 1;
  assert_fault (ts, US_MPEGTS_ERROR_TABLES, "PMT: checksum");
  pmt[20] ^= 1;
  pmt[4] = 183;
  assert_fault (ts, US_MPEGTS_ERROR_TABLES, "no section starts");
  pmt[4] = 0;
  pmt[4 + 1] = 0x42;
  assert_fault (ts, US_MPEGTS_ERROR_TABLES, "another table");
  pmt[4 + 1] = 2;
  pmt[4 + 2] = 0xb3;
  assert_fault (ts, US_MPEGTS_ERROR_TABLES, "more than one packet");
  pmt[4 + 2] = 0xb0;
  pmt[4 + 3] = 3;
  assert_fault (ts, US_MPEGTS_ERROR_TABLES, "too short");

  g_autoptr (GByteArray) none = synth_segment (500, 0);
  g_byte_array_remove_range (none, 0, 188);
  assert_fault (none, US_MPEGTS_ERROR_TABLES, "no PAT");
  g_autoptr (GByteArray) no_pmt = synth_segment (500, 0);
  g_byte_array_remove_range (no_pmt, 188, 188);
  assert_fault (no_pmt, US_MPEGTS_ERROR_TABLES, "no PMT");

  g_autoptr (GByteArray) late = synth_new ();
  g_autofree guint8 *picture = synth_pes (100, 1, 1, 0x65);
  synth_unit (late, SYNTH_VIDEO, 0, picture, 100);
  synth_pat (late, 0);
  synth_pmt (late, 0, US_MPEGTS_TYPE_H264);
  assert_fault (late, US_MPEGTS_ERROR_TABLES, "video before the PMT");

  g_autoptr (GByteArray) broken = synth_new ();
  guint8 list[] = { 2, 0, 0, 0, 1, 0xc1, 0, 0, 0xe0, 0x41, 0xf0, 0, 0x1b, 0xe0, 0x41, 0xf0, 9 };
  synth_pat (broken, 0);
  synth_section (broken, SYNTH_PMT, 0, list, sizeof list);
  assert_fault (broken, US_MPEGTS_ERROR_TABLES, "list of streams");
  list[11] = 5;
  broken->len = 188;
  synth_section (broken, SYNTH_PMT, 0, list, sizeof list);
  assert_fault (broken, US_MPEGTS_ERROR_TABLES, "names no stream");
}

static void
test_continuity (void) {
  g_autoptr (GByteArray) ts = synth_segment (800, 100);
  UsMpegtsInfo info;
  guint8 *third = &ts->data[4 * 188];
  third[3] ^= 1;
  assert_fault (ts, US_MPEGTS_ERROR_CONTINUITY, "packet 4, PID 65: continuity counter 4 where 5");
  third[3] ^= 1;
  g_assert_true (inspect (ts, &info, NULL));
  g_byte_array_remove_range (ts, 4 * 188, 188); /* a lost packet */
  assert_fault (ts, US_MPEGTS_ERROR_CONTINUITY, "packet 4");

  /* null packets have no counter; a packet without payload repeats; a flag permits a jump */
  g_autoptr (GByteArray) fine = synth_segment (100, 0);
  g_autofree guint8 *picture = synth_pes (100, 9, 9, 0x41);
  guint8 pcr[7] = { 0x10 }, jump[1] = { 0x80 };
  synth_packet (fine, US_MPEGTS_NULL_PID, 7, FALSE, NULL, 0, picture, 100);
  synth_packet (fine, US_MPEGTS_NULL_PID, 7, FALSE, NULL, 0, picture, 100);
  synth_packet (fine, SYNTH_VIDEO, 3, FALSE, pcr, 7, NULL, 0);
  synth_packet (fine, SYNTH_VIDEO, 4, TRUE, NULL, 0, picture, 100);
  synth_packet (fine, SYNTH_VIDEO, 12, TRUE, jump, 1, picture, 100);
  g_assert_true (inspect (fine, &info, NULL));
  g_assert_cmpuint (info.n_video, ==, 3);
  synth_packet (fine, SYNTH_VIDEO, 13, FALSE, pcr, 7, NULL, 0);
  assert_fault (fine, US_MPEGTS_ERROR_CONTINUITY, "13 where 12");
}

static void
test_start (void) {
  g_autoptr (GByteArray) ts = synth_segment (100, 0);
  UsMpegtsInfo info;
  guint8 *nal = &ts->data[3 * 188 - 100 + 19 + 4];
  g_assert_cmpuint (*nal, ==, 0x65);
  *nal = 0x41;
  assert_fault (ts, US_MPEGTS_ERROR_START, "needs pictures before it");
  *nal = 0x09; /* an access unit delimiter and nothing else */
  assert_fault (ts, US_MPEGTS_ERROR_START, "needs pictures before it");
  /* recovery point message, then a slice */
  guint8 recovery[] = { 0x06, 6, 1, 0xc4, 0x80, 0, 0, 1, 0x41 };
  memcpy (nal, recovery, sizeof recovery);
  g_assert_true (inspect (ts, &info, NULL));
  g_assert_false (info.starts_with_idr);
  nal[1] = 5; /* user data */
  assert_fault (ts, US_MPEGTS_ERROR_START, "needs pictures before it");

  g_autoptr (GByteArray) inside = synth_segment (100, 0);
  inside->data[2 * 188 + 1] &= 0xbf;
  assert_fault (inside, US_MPEGTS_ERROR_START, "inside an access unit");

  g_autoptr (GByteArray) nothing = synth_segment (100, 0);
  nothing->len = 2 * 188;
  assert_fault (nothing, US_MPEGTS_ERROR_EMPTY, "neither a picture nor sound");

  g_autoptr (GByteArray) pes = synth_segment (100, 0);
  pes->data[3 * 188 - 100 + 2] = 7;
  assert_fault (pes, US_MPEGTS_ERROR_PES, "broken PES header");
}

/* The start code may be cut by the packet boundary at any place. */
static void
test_start_code_across_packets (void) {
  for (guint cut = 19; cut < 26; cut++) {
    g_autoptr (GByteArray) ts = synth_new ();
    g_autofree guint8 *pes = synth_pes (60, 1, 1, 0x65);
    UsMpegtsInfo info;
    synth_pat (ts, 0);
    synth_pmt (ts, 0, US_MPEGTS_TYPE_H264);
    synth_packet (ts, SYNTH_VIDEO, 0, TRUE, NULL, 0, pes, cut);
    synth_packet (ts, SYNTH_VIDEO, 1, FALSE, NULL, 0, pes + cut, 60 - cut);
    g_assert_true (inspect (ts, &info, NULL));
    g_assert_true (info.starts_with_idr);
  }
}

static void
test_hevc (void) {
  static const struct {
    guint8 type;
    gboolean is_fine;
  } CASES[]
      = { { 19, TRUE }, { 20, TRUE }, { 21, TRUE }, { 1, FALSE }, { 0, FALSE }, { 32, FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GByteArray) ts = synth_new ();
    g_autofree guint8 *pes = synth_pes (60, 1, 1, (guint8)(CASES[i].type << 1));
    UsMpegtsInfo info;
    synth_pat (ts, 0);
    synth_pmt (ts, 0, US_MPEGTS_TYPE_HEVC);
    synth_unit (ts, SYNTH_VIDEO, 0, pes, 60);
    g_assert_cmpint (inspect (ts, &info, NULL), ==, CASES[i].is_fine);
  }
}

/* In HEVC the SEI message stands behind a head of two bytes. */
static void
test_hevc_recovery_point (void) {
  g_autoptr (GByteArray) ts = synth_new ();
  g_autofree guint8 *pes = synth_pes (60, 1, 1, 39 << 1);
  guint8 recovery[] = { 39 << 1, 1, 6, 1, 0x80, 0, 0, 1, 1 << 1, 1 };
  UsMpegtsInfo info;
  memcpy (pes + 23, recovery, sizeof recovery);
  synth_pat (ts, 0);
  synth_pmt (ts, 0, US_MPEGTS_TYPE_HEVC);
  synth_unit (ts, SYNTH_VIDEO, 0, pes, 60);
  g_assert_true (inspect (ts, &info, NULL));
  g_assert_false (info.starts_with_idr);
  ts->data[ts->len - 60 + 23 + 2] = 5; /* user data instead */
  g_assert_false (inspect (ts, &info, NULL));
}

/* Whatever single byte is wrong, inspection ends with a verdict. */
static void
test_damage (void) {
  g_autoptr (GByteArray) ts = synth_segment (400, 60);
  for (guint i = 0; i < ts->len; i++) {
    guint8 old = ts->data[i];
    for (guint bit = 0; bit < 8; bit += 7) {
      UsMpegtsInfo info;
      g_autoptr (GError) error = NULL;
      ts->data[i] = (guint8)(old ^ (1 << bit));
      g_assert_cmpint (inspect (ts, &info, &error), ==, error == NULL);
    }
    ts->data[i] = old;
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/mpegts/real", test_real);
  g_test_add_func ("/hls/mpegts/times", test_times);
  g_test_add_func ("/hls/mpegts/grid", test_grid);
  g_test_add_func ("/hls/mpegts/tables", test_tables);
  g_test_add_func ("/hls/mpegts/continuity", test_continuity);
  g_test_add_func ("/hls/mpegts/start", test_start);
  g_test_add_func ("/hls/mpegts/start-code-across-packets", test_start_code_across_packets);
  g_test_add_func ("/hls/mpegts/hevc", test_hevc);
  g_test_add_func ("/hls/mpegts/hevc-recovery-point", test_hevc_recovery_point);
  g_test_add_func ("/hls/mpegts/damage", test_damage);
  return g_test_run ();
}
