/* test-probe.c - the same pictures in every container, and no damaged segment taken for whole */
#include "fixture.h"

#include "hls/mpegts-packet.h"

static const struct {
  const char *segment, *init; /* the first of a source comes before its others */
  gboolean is_first;
} FILES[] = {
  { "h264-ff.ts", NULL, TRUE },           { "h264-gst.ts", NULL, FALSE },
  { "h264.m4s", "h264-init.mp4", FALSE }, { "hevc-ff.ts", NULL, TRUE },
  { "hevc.m4s", "hevc-init.mp4", FALSE },
};

static void
test_same_pictures (void) {
  g_autoptr (UsProbe) first = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (FILES); i++) {
    g_autoptr (GBytes) segment = fixture (FILES[i].segment);
    g_autoptr (GBytes) init = FILES[i].init != NULL ? fixture (FILES[i].init) : NULL;
    g_autoptr (UsProbe) probe = probe_ok (segment, init);
    g_test_message ("%s", FILES[i].segment);
    g_assert_cmpint (probe->container, ==, init != NULL ? US_CONTAINER_FMP4 : US_CONTAINER_TS);
    g_assert_true (probe->has_video && probe->has_audio && probe->starts_with_idr
                   && probe->starts_with_random_access);
    g_assert_cmpuint (probe->n_video, ==, 10);
    g_assert_cmpint (ABS (probe->frame_us - 200000), <=, 1);
    g_assert_cmpuint (probe->pictures->len, ==, 2);
    g_assert_cmpint (picture_at (probe, 0)->pts_us, ==, probe->first_video_us);
    g_assert_cmpint (ABS (probe->end_video_us - probe->first_video_us - 2000000), <=, 1);
    g_assert_cmpint (probe->end_audio_us - probe->first_audio_us, >, 1900000);
    g_assert_cmpint (probe->end_audio_us - probe->first_audio_us, <, 2200000);
    if (FILES[i].is_first) {
      g_clear_pointer (&first, us_probe_free);
      first = g_steal_pointer (&probe);
      g_assert_cmpuint (picture_at (first, 0)->hash, !=, picture_at (first, 1)->hash);
      continue;
    }
    g_assert_cmpuint (probe->config, !=, first->config);
    for (guint k = 0; k < 2; k++) {
      const UsPicture *a = picture_at (first, k), *b = picture_at (probe, k);
      gint64 shift_us = (a->pts_us - first->first_video_us) - (b->pts_us - probe->first_video_us);
      g_assert_cmpuint (a->hash, ==, b->hash);
      g_assert_cmpint (ABS (shift_us), <=, 1);
    }
  }
}

static void
test_config (void) {
  static const char *NAMES[] = { "gst-1.ts", "gst-2.ts", "gst-3.ts" };
  guint64 config = 0;
  gint64 end_us = 0;
  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++) {
    g_autofree char *path = g_build_filename (g_getenv ("HLS_DATA"), NAMES[i], NULL);
    char *data;
    gsize size;
    g_assert_true (g_file_get_contents (path, &data, &size, NULL));
    g_autoptr (GBytes) segment = g_bytes_new_take (data, size);
    g_autoptr (UsProbe) probe = probe_ok (segment, NULL);
    if (i > 0) { /* one after the other, by one packager */
      g_assert_cmpuint (probe->config, ==, config);
      g_assert_cmpint (ABS (probe->first_video_us - end_us), <, 20);
    }
    config = probe->config;
    end_us = probe->end_video_us;
  }
}

static void
test_containers (void) {
  static const struct {
    const char *bytes;
    gsize size;
    UsProbeError code;
    const char *message;
  } CASES[] = {
    { "", 0, US_PROBE_ERROR_BROKEN, "no bytes" },
    { "<html>404", 9, US_PROBE_ERROR_CONTAINER, "neither" },
    { "ID3\4\0\0\0\0\0\0", 10, US_PROBE_ERROR_CONTAINER, "neither" },
    { "WEBVTT\n\n", 8, US_PROBE_ERROR_CONTAINER, "neither" },
    { "G", 1, US_PROBE_ERROR_BROKEN, "no whole number of packets" },
    { "\0\0\0\x08moof", 8, US_PROBE_ERROR_NO_MAP, "EXT-X-MAP" },
    { "\0\0\0\x09moof", 8, US_PROBE_ERROR_BROKEN, "box \"moof\": cut off" },
    { "\0\0\0\x07moof", 8, US_PROBE_ERROR_BROKEN, "box \"moof\": shorter than its header" },
    { "\0\0\0\1moof\0\0", 10, US_PROBE_ERROR_BROKEN, "too few for a box" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GBytes) segment = exact (CASES[i].bytes, CASES[i].size);
    g_test_message ("case %u", i);
    probe_fails (segment, NULL, CASES[i].code, CASES[i].message);
  }
  g_autoptr (GBytes) m4s = fixture ("h264.m4s");
  probe_fails (m4s, NULL, US_PROBE_ERROR_NO_MAP, "EXT-X-MAP");
}

/* A segment that brings its own moov needs no map. */
static void
test_self_contained (void) {
  g_autoptr (GBytes) init = fixture ("h264-init.mp4");
  g_autoptr (GBytes) segment = fixture ("h264.m4s");
  g_autoptr (GByteArray) both = g_byte_array_new ();
  g_byte_array_append (both, g_bytes_get_data (init, NULL), g_bytes_get_size (init));
  g_byte_array_append (both, g_bytes_get_data (segment, NULL), g_bytes_get_size (segment));
  g_autoptr (GBytes) whole = exact (both->data, both->len);
  g_autoptr (UsProbe) a = probe_ok (segment, init);
  g_autoptr (UsProbe) b = probe_ok (whole, NULL);
  g_assert_cmpuint (a->config, ==, b->config);
  g_assert_cmpuint (picture_at (a, 1)->hash, ==, picture_at (b, 1)->hash);
  g_assert_cmpuint (picture_at (a, 1)->offset + g_bytes_get_size (init), ==,
                    picture_at (b, 1)->offset);
}

static void
test_check_init (void) {
  static const struct {
    const char *name;
    UsProbeError code;
  } CASES[] = { { "h264-ff.ts", US_PROBE_ERROR_CONTAINER }, { "h264.m4s", US_PROBE_ERROR_NO_MAP } };
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GBytes) other = fixture (CASES[i].name);
    g_assert_false (us_probe_check_init (other, &error));
    g_assert_error (error, US_PROBE_ERROR, (int)CASES[i].code);
    g_clear_error (&error);
  }
  g_autoptr (GBytes) init = fixture ("hevc-init.mp4");
  g_assert_true (us_probe_check_init (init, &error));
  g_assert_no_error (error);
  const guint8 *data = g_bytes_get_data (init, NULL);
  for (gsize size = 0; size < g_bytes_get_size (init); size += 7) {
    g_autoptr (GBytes) cut = exact (data, size);
    g_assert_false (us_probe_check_init (cut, NULL));
  }
  gsize file_type = data[3]; /* without its ftyp box, whose size is one byte */
  g_autoptr (GBytes) bare = exact (data + file_type, g_bytes_get_size (init) - file_type);
  g_assert_false (us_probe_check_init (bare, &error));
  g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
}

/* Cut anywhere: fragmented MP4 always shows it, a transport stream off its grid. */
static void
test_truncation (void) {
  for (guint i = 0; i < G_N_ELEMENTS (FILES); i++) {
    g_autoptr (GBytes) segment = fixture (FILES[i].segment);
    g_autoptr (GBytes) init = FILES[i].init != NULL ? fixture (FILES[i].init) : NULL;
    const guint8 *data = g_bytes_get_data (segment, NULL);
    g_test_message ("%s", FILES[i].segment);
    for (gsize size = 1; size < g_bytes_get_size (segment); size += 31) {
      g_autoptr (GBytes) cut = exact (data, size);
      g_autoptr (GError) error = NULL;
      g_autoptr (UsProbe) probe = us_probe_segment (cut, init, &error);
      if (init == NULL && size % 188 == 0)
        continue;
      g_assert_null (probe);
      if (size >= 8)
        g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
    }
  }
}

/* One packet of video or sound lost, other than the first or last of its PID: the counters or the
 * lengths tell. */
static void
test_lost_packet (void) {
  static const char *NAMES[] = { "h264-ff.ts", "h264-gst.ts", "hevc-ff.ts" };
  for (guint i = 0; i < G_N_ELEMENTS (NAMES); i++) {
    g_autoptr (GBytes) segment = fixture (NAMES[i]);
    gsize size;
    const guint8 *data = g_bytes_get_data (segment, &size);
    UsMpegtsInfo info;
    gsize n_seen[2] = { 0 }, n_all[2] = { 0 };
    guint n_lost = 0;
    g_assert_true (us_mpegts_inspect (data, size, &info, NULL));
    for (gsize p = 0; p < size; p += 188) {
      guint pid = (data[p + 1] & 0x1f) << 8 | data[p + 2];
      n_all[pid == info.video_pid] += pid == info.video_pid || pid == info.audio_pid;
    }
    for (gsize p = 0; p < size; p += 188) {
      guint pid = (data[p + 1] & 0x1f) << 8 | data[p + 2];
      gboolean is_video = pid == info.video_pid;
      if (!is_video && pid != info.audio_pid)
        continue;
      gsize n = ++n_seen[is_video];
      if (n == 1 || n == n_all[is_video])
        continue;
      g_autofree guint8 *lost = g_malloc (size - 188);
      memcpy (lost, data, p);
      memcpy (lost + p, data + p + 188, size - p - 188);
      g_autoptr (GBytes) bytes = exact (lost, size - 188);
      probe_fails (bytes, NULL, US_PROBE_ERROR_BROKEN, "PID");
      n_lost++;
    }
    g_assert_cmpuint (n_lost, >, 20);
  }
}

/* Random bytes: on a transport stream they take the grid along; nowhere may they do harm. */
static void
test_noise (void) {
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  for (guint i = 0; i < G_N_ELEMENTS (FILES); i++) {
    g_autoptr (GBytes) segment = fixture (FILES[i].segment);
    g_autoptr (GBytes) init = FILES[i].init != NULL ? fixture (FILES[i].init) : NULL;
    gsize size;
    const guint8 *data = g_bytes_get_data (segment, &size);
    for (guint round = 0; round < 200; round++) {
      g_autofree guint8 *noisy = g_memdup2 (data, size);
      gsize length = round % 2 == 0 ? 400 : 4;
      gsize at = g_rand_int_range (random, 0, (gint32)(size - length));
      for (gsize k = 0; k < length; k++)
        noisy[at + k] = (guint8)g_rand_int (random);
      g_autoptr (GBytes) bytes = exact (noisy, size);
      g_autoptr (UsProbe) probe = us_probe_segment (bytes, init, NULL);
      if (init == NULL && length == 400)
        g_assert_null (probe);
    }
  }
}

static void
test_time_diff (void) {
  static const gint64 WRAP_US = (G_GINT64_CONSTANT (1) << 33) * 100 / 9;
  const struct {
    UsContainer container;
    gint64 later, earlier, diff;
  } CASES[] = {
    { US_CONTAINER_TS, 5, 3, 2 },
    { US_CONTAINER_TS, 3, 5, -2 },
    { US_CONTAINER_TS, 1000, WRAP_US - 1000, 2000 },
    { US_CONTAINER_TS, WRAP_US - 1000, 1000, -2000 },
    { US_CONTAINER_TS, WRAP_US + 1000, 1000, 0 },
    { US_CONTAINER_TS, -1000, WRAP_US - 3000, 2000 },
    { US_CONTAINER_FMP4, 1000, WRAP_US - 1000, 2000 - WRAP_US },
    { US_CONTAINER_FMP4, 3 * WRAP_US, 0, 3 * WRAP_US },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++)
    g_assert_cmpint (us_probe_time_diff_us (CASES[i].container, CASES[i].later, CASES[i].earlier),
                     ==, CASES[i].diff);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/probe/same-pictures", test_same_pictures);
  g_test_add_func ("/hls/probe/config", test_config);
  g_test_add_func ("/hls/probe/containers", test_containers);
  g_test_add_func ("/hls/probe/self-contained", test_self_contained);
  g_test_add_func ("/hls/probe/check-init", test_check_init);
  g_test_add_func ("/hls/probe/truncation", test_truncation);
  g_test_add_func ("/hls/probe/lost-packet", test_lost_packet);
  g_test_add_func ("/hls/probe/noise", test_noise);
  g_test_add_func ("/hls/probe/time-diff", test_time_diff);
  return g_test_run ();
}
