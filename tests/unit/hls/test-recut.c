/* test-recut.c - the rest of a segment: whole pictures and sounds, counters that run on */
#include "fixture.h"
#include "synth.h"

#include "hls/recut.h"

static const char *NAMES[] = { "h264-ff.ts", "h264-gst.ts", "hevc-ff.ts" };

static guint
find_last_counter (GBytes *ts, guint16 pid) {
  gsize size;
  const guint8 *data = g_bytes_get_data (ts, &size);
  guint found = US_MPEGTS_NO_COUNTER;
  for (gsize i = 0; i < size / 188; i++) {
    UsMpegtsPacket packet;
    if (us_mpegts_packet_read (&packet, data, i, NULL) && packet.pid == pid
        && packet.payload_size > 0)
      found = packet.continuity;
  }
  return found;
}

/* Every counter runs on, and to where the next segment takes it up, the tables stand first, and
 * each PES packet is one of @whole's. */
static void
check_result (GBytes *cut, GBytes *whole) {
  g_autoptr (GError) error = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (cut, &size);
  guint8 last[US_MPEGTS_N_PIDS];
  memset (last, US_MPEGTS_NO_COUNTER, sizeof last);
  for (gsize i = 0; i < size / 188; i++) {
    UsMpegtsPacket packet;
    g_assert_true (us_mpegts_packet_read (&packet, data, i, &error));
    g_assert_cmpuint (packet.pid, !=, US_MPEGTS_NULL_PID);
    g_assert_true (us_mpegts_check_continuity (last, &packet, i, &error));
    g_assert_nonnull (
        memmem (g_bytes_get_data (whole, NULL), g_bytes_get_size (whole), packet.data + 4, 184));
    g_assert_cmpuint (find_last_counter (cut, packet.pid), ==,
                      find_last_counter (whole, packet.pid));
  }
  g_assert_no_error (error);
}

static void
test_real (void) {
  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++) {
    g_autoptr (GBytes) whole = fixture (NAMES[i]);
    g_autoptr (UsProbe) before = probe_ok (whole, NULL);
    for (guint k = 0; k < before->pictures->len; k++) {
      const UsPicture *picture = picture_at (before, k);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) cut = us_recut_from (whole, picture, &error);
      g_assert_no_error (error);
      check_result (cut, whole);
      g_autoptr (UsProbe) after = probe_ok (cut, NULL);
      g_test_message ("%s from picture %u", NAMES[i], k);
      g_assert_cmpuint (after->pictures->len, ==, before->pictures->len - k);
      g_assert_cmpuint (picture_at (after, 0)->hash, ==, picture->hash);
      g_assert_cmpuint (after->config, ==, before->config);
      g_assert_true (after->starts_with_idr);
      g_assert_cmpuint (after->n_video, ==, before->n_video - 5 * k); /* no leading pictures */
      g_assert_cmpint (after->first_video_us, ==, picture->pts_us);
      g_assert_cmpint (after->end_video_us, ==, before->end_video_us);
      g_assert_cmpint (after->end_audio_us, ==, before->end_audio_us);
      g_assert_cmpint (after->first_audio_us, >=, picture->pts_us);
      UsMpegtsInfo info;
      gsize size;
      const guint8 *data = g_bytes_get_data (cut, &size);
      g_assert_true (us_mpegts_inspect (data, size, &info, &error));
      g_assert_true (info.starts_with_tables);
      /* Once more from the same picture changes nothing. */
      g_autoptr (GBytes) again = us_recut_from (cut, picture_at (after, 0), &error);
      g_assert_true (g_bytes_equal (again, cut));
    }
  }
}

/* Sound that is muxed before the picture but heard after it stays, and the other way round; the
 * times wrap in between. */
static void
test_interleave (void) {
  gint64 wrap = G_GINT64_CONSTANT (1) << 33, at = wrap - 3000;
  g_autoptr (GByteArray) ts = synth_new ();
  g_autofree guint8 *first = synth_pes (100, at - 90000, at - 90000, 0x65);
  g_autofree guint8 *second = synth_pes (300, at, at, 0x65);
  synth_pat (ts, 5);
  synth_pmt (ts, 7, US_MPEGTS_TYPE_H264);
  guint video = synth_unit (ts, SYNTH_VIDEO, 2, first, 100);
  const gint64 before[] = { at - 6000, at + 1000, (at + 5000) % wrap };
  const gint64 after[] = { at - 1, at, 9000 };
  guint audio = 4;
  for (guint i = 0; i < 3; i++) {
    g_autofree guint8 *sound = synth_pes (90, before[i], before[i], (guint8)i);
    audio = synth_unit (ts, SYNTH_AUDIO, audio, sound, 90);
  }
  synth_packet (ts, 0x50, 3, FALSE, NULL, 0, "tail", 4); /* of data that began before */
  gsize offset = ts->len;
  video = synth_unit (ts, SYNTH_VIDEO, video, second, 300);
  synth_packet (ts, 0x50, 4, FALSE, NULL, 0, "tail", 4);
  synth_packet (ts, US_MPEGTS_NULL_PID, 0, FALSE, NULL, 0, "null", 4);
  synth_packet (ts, 0x50, 5, TRUE, NULL, 0, "data", 4);
  synth_pat (ts, 9);
  for (guint i = 0; i < 3; i++) {
    g_autofree guint8 *sound = synth_pes (90, after[i], after[i], (guint8)i);
    audio = synth_unit (ts, SYNTH_AUDIO, audio, sound, 90);
  }
  g_autoptr (GBytes) whole = exact (ts->data, ts->len);
  g_autoptr (UsProbe) probe = probe_ok (whole, NULL);
  g_assert_cmpuint (picture_at (probe, 1)->offset, ==, offset);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) cut = us_recut_from (whole, picture_at (probe, 1), &error);
  g_assert_no_error (error);
  check_result (cut, whole);
  g_autoptr (UsProbe) rest = probe_ok (cut, NULL);
  g_assert_cmpuint (rest->n_video, ==, 1);
  g_assert_cmpint (
      us_probe_time_diff_us (US_CONTAINER_TS, rest->first_audio_us, rest->first_video_us), ==, 0);
  /* tables, two sounds, the picture in two packets, data, the PAT again, two sounds */
  g_assert_cmpuint (g_bytes_get_size (cut) / 188, ==, 2 + 2 + 2 + 1 + 1 + 2);
}

static void
test_refused (void) {
  g_autoptr (GBytes) whole = fixture ("h264-ff.ts");
  g_autoptr (UsProbe) probe = probe_ok (whole, NULL);
  const UsPicture good = *picture_at (probe, 1);
  const struct {
    gsize offset;
    gint64 pts_us;
  } CASES[] = {
    { good.offset + 1, good.pts_us },
    { good.offset + 188, good.pts_us },
    { 0, good.pts_us },
    { good.offset, good.pts_us + 1000 },
    { g_bytes_get_size (whole), good.pts_us },
    { G_MAXSIZE, good.pts_us },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    const UsPicture picture = { good.hash, CASES[i].pts_us, CASES[i].offset };
    g_autoptr (GError) error = NULL;
    g_assert_null (us_recut_from (whole, &picture, &error));
    g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
  }
  const char *others[] = { "", "no transport stream" };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autoptr (GBytes) other = exact (others[i], strlen (others[i]));
    g_autoptr (GError) error = NULL;
    g_assert_null (us_recut_from (other, &good, &error));
    g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
  }
  /* damage behind the picture */
  gsize size;
  g_autofree guint8 *damaged
      = g_memdup2 (g_bytes_get_data (whole, &size), g_bytes_get_size (whole));
  damaged[size - 188] = 0;
  g_autoptr (GBytes) bytes = exact (damaged, size);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_recut_from (bytes, &good, &error));
  g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/recut/real", test_real);
  g_test_add_func ("/hls/recut/interleave", test_interleave);
  g_test_add_func ("/hls/recut/refused", test_refused);
  return g_test_run ();
}
