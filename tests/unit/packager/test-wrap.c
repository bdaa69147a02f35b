/* test-wrap.c - segments over the end of the 33-bit clock of MPEG-TS, and of 32 bits of
 * milliseconds
 *
 * A transport stream counts 90 kHz ticks in 33 bits, so that its time stamps begin anew after 26.5
 * hours; an RTMP time stamp after 49.7 days. The muxer writes absolute times, so every stream that
 * runs for longer gets there. What must come out: no frame less, nothing that is taken for a
 * discontinuity, and the same bytes from twins, wherever each began.
 */
#include "packager/muxer.h"

#include <string.h>

#include "helpers/material.h"
#include "hls/mpegts-packet.h"
#include "hls/probe.h"

#define SEGMENT_MS 1000
#define N_SEGMENTS 6
#define WRAP_TICKS (G_GINT64_CONSTANT (1) << 33)

typedef struct {
  GMainLoop *loop;
  GPtrArray *results;
  guint expected;
} Sink;

static void
on_muxed (const UsRawSegment *raw, GBytes *bytes, const GError *error, gpointer user_data) {
  Sink *sink = user_data;
  g_assert_no_error (error);
  g_ptr_array_add (sink->results, g_bytes_ref (bytes));
  if (sink->results->len == sink->expected)
    g_main_loop_quit (sink->loop);
}

static gboolean
on_watchdog (gpointer user_data) {
  g_error ("the muxer did not answer within 60 s");
  return G_SOURCE_REMOVE;
}

static UsRawSegment *
cut (const UsMaterial *material, guint k, gint64 shift_ms) {
  UsRawSegment *raw = us_raw_segment_new ();
  raw->open.epoch = 0x1234;
  raw->open.number = 100 + k;
  raw->open.media_ms = shift_ms + k * SEGMENT_MS;
  raw->end_ms = raw->open.media_ms + SEGMENT_MS;
  raw->video_codec = material->video_codec;
  raw->audio_codec = material->audio_codec;
  raw->video_config = g_bytes_ref (material->video_config);
  raw->audio_config = g_bytes_ref (material->audio_config);
  for (guint i = 0; i < material->units->len; i++) {
    const UsMaterialUnit *from = &g_array_index (material->units, UsMaterialUnit, i);
    if (from->dts_ms < k * SEGMENT_MS || from->dts_ms >= (k + 1) * SEGMENT_MS)
      continue;
    UsAccessUnit unit = { from->is_video, from->is_keyframe, from->dts_ms + shift_ms,
                          from->pts_ms + shift_ms, g_bytes_ref (from->data) };
    g_array_append_val (raw->units, unit);
    raw->tracks |= unit.is_video ? US_TRACK_VIDEO : US_TRACK_AUDIO;
  }
  return raw;
}

/* Segments @from to @to of @material, which begins at @shift_ms. */
static GPtrArray *
mux (const UsMaterial *material, gint64 shift_ms, guint from, guint to) {
  Sink sink = { g_main_loop_new (NULL, FALSE),
                g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref), to - from };
  UsMuxerSettings settings;
  us_muxer_settings_default (&settings);
  settings.deadline_ms = 50000;
  g_autoptr (UsMuxer) muxer = us_muxer_new (&settings, on_muxed, &sink);
  for (guint k = from; k < to; k++)
    us_muxer_push (muxer, cut (material, k, shift_ms));
  guint watchdog = g_timeout_add_seconds (60, on_watchdog, NULL);
  g_main_loop_run (sink.loop);
  g_source_remove (watchdog);
  g_main_loop_unref (sink.loop);
  return sink.results;
}

/* The first time stamp that a segment says, as it stands there. */
static gint64
first_pts (GBytes *segment) {
  UsMpegtsInfo info;
  g_autoptr (GError) error = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (segment, &size);
  g_assert_true (us_mpegts_inspect (data, size, &info, &error));
  g_assert_no_error (error);
  return info.first_video_pts;
}

static UsProbe *
probe (GBytes *segment) {
  g_autoptr (GError) error = NULL;
  UsProbe *found = us_probe_segment (segment, NULL, &error);
  g_assert_no_error (error);
  return found;
}

/* Each segment goes on where the one before it ended, in pictures and in sound, and is what it
 * would be anywhere else on the clock. */
static void
check_run (GPtrArray *segments, GPtrArray *plain) {
  for (guint k = 0; k < segments->len; k++) {
    g_autoptr (UsProbe) here = probe (segments->pdata[k]);
    g_autoptr (UsProbe) there = probe (plain->pdata[k]);
    g_assert_cmpuint (here->n_video, ==, there->n_video);
    g_assert_cmpuint (here->pictures->len, ==, there->pictures->len);
    g_assert_cmpuint (here->config, ==, there->config);
    g_assert_true (here->starts_with_idr);
    g_assert_cmpuint (g_bytes_get_size (segments->pdata[k]), ==,
                      g_bytes_get_size (plain->pdata[k]));
    gint64 here_us = here->end_video_us - here->first_video_us;
    gint64 there_us = there->end_video_us - there->first_video_us;
    g_assert_cmpint (ABS (here_us - there_us), <=, 50);
    g_assert_cmpint (ABS (here->end_audio_us - here->first_audio_us - there->end_audio_us
                          + there->first_audio_us),
                     <=, 50);
    if (k == 0)
      continue;
    g_autoptr (UsProbe) before = probe (segments->pdata[k - 1]);
    gint64 gap_us
        = us_probe_time_diff_us (US_CONTAINER_TS, here->first_video_us, before->end_video_us);
    g_assert_cmpint (ABS (gap_us), <=, 1100); /* times are whole milliseconds on the way */
    gap_us = us_probe_time_diff_us (US_CONTAINER_TS, here->first_audio_us, before->end_audio_us);
    g_assert_cmpint (ABS (gap_us), <=, 2100);
  }
}

static void
check_wrap (const UsMaterial *material, gint64 shift_ms, gboolean wraps) {
  g_autoptr (GPtrArray) plain = mux (material, 0, 0, N_SEGMENTS);
  g_autoptr (GPtrArray) whole = mux (material, shift_ms, 0, N_SEGMENTS);
  gboolean has_wrapped = first_pts (whole->pdata[N_SEGMENTS - 1]) < first_pts (whole->pdata[0]);
  g_assert_cmpint (has_wrapped, ==, wraps);
  check_run (whole, plain);
  for (guint join = 1; join < N_SEGMENTS; join += 2) {
    g_autoptr (GPtrArray) twin = mux (material, shift_ms, join, N_SEGMENTS);
    for (guint k = join; k < N_SEGMENTS; k++)
      g_assert_true (g_bytes_equal (twin->pdata[k - join], whole->pdata[k]));
  }
}

/* The wrap falls into the middle of a segment, onto a boundary, and between PTS and DTS. */
static void
test_33_bit (void) {
  g_autoptr (UsMaterial) material = us_material_new (N_SEGMENTS + 1, 30, 160, "aac");
  g_autoptr (GPtrArray) plain = mux (material, 0, 0, 1);
  gint64 to_wrap_ms = (WRAP_TICKS - first_pts (plain->pdata[0])) / 90;
  const gint64 into_ms[] = { 2500, 2000, 2030 };
  for (guint i = 0; i < G_N_ELEMENTS (into_ms); i++)
    check_wrap (material, to_wrap_ms - into_ms[i], TRUE);
  /* the second time, 53 hours in */
  check_wrap (material, to_wrap_ms + WRAP_TICKS / 90 - 2500, TRUE);
}

/* Beyond the 32 bits of milliseconds of RTMP: 49.7 days. */
static void
test_32_bit_milliseconds (void) {
  g_autoptr (UsMaterial) material = us_material_new (N_SEGMENTS + 1, 30, 160, "aac");
  check_wrap (material, (G_GINT64_CONSTANT (1) << 32) - 2500, FALSE);
}

int
main (int argc, char **argv) {
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packager/wrap/33-bit-ticks", test_33_bit);
  g_test_add_func ("/packager/wrap/32-bit-milliseconds", test_32_bit_milliseconds);
  return g_test_run ();
}
