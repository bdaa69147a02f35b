/* test-muxer.c - real segments through the real pipeline: twins are equal, faults cost one segment
 */
#include "packager/muxer.h"

#include <string.h>

#include "hls/mpegts.h"
#include "helpers/material.h"
#include "media/pipeline.h"

typedef struct {
  GMainLoop *loop;
  GPtrArray *results; /* GBytes, or NULL for a failed segment */
  GPtrArray *errors;  /* char* */
  guint expected;
} Sink;

static void
unref_bytes (gpointer bytes) {
  if (bytes != NULL)
    g_bytes_unref (bytes);
}

static void
on_muxed (const UsRawSegment *raw, GBytes *bytes, const GError *error, gpointer user_data) {
  Sink *sink = user_data;
  if (error != NULL)
    g_test_message ("segment %" G_GUINT64_FORMAT ": %s", raw->open.number, error->message);
  g_ptr_array_add (sink->results, bytes != NULL ? g_bytes_ref (bytes) : NULL);
  g_ptr_array_add (sink->errors, error != NULL ? g_strdup (error->message) : NULL);
  if (sink->results->len == sink->expected)
    g_main_loop_quit (sink->loop);
}

static gboolean
on_watchdog (gpointer user_data) {
  g_error ("the muxer did not answer within 30 s");
  return G_SOURCE_REMOVE;
}

static void
sink_run (Sink *sink, guint expected) {
  sink->expected = expected;
  guint watchdog = g_timeout_add_seconds (30, on_watchdog, NULL);
  if (sink->results->len < expected)
    g_main_loop_run (sink->loop);
  g_source_remove (watchdog);
}

static void
sink_init (Sink *sink) {
  sink->loop = g_main_loop_new (NULL, FALSE);
  sink->results = g_ptr_array_new_with_free_func (unref_bytes);
  sink->errors = g_ptr_array_new_with_free_func (g_free);
}

static void
sink_clear (Sink *sink) {
  g_main_loop_unref (sink->loop);
  g_ptr_array_unref (sink->results);
  g_ptr_array_unref (sink->errors);
}

/* Cuts material at every @gop_ms of media time, as ingest would. */
static UsRawSegment *
cut (const UsMaterial *material, guint64 number, gint64 from_ms, gint64 to_ms, UsCodec audio) {
  UsRawSegment *raw = us_raw_segment_new ();
  raw->open.epoch = 0x1234;
  raw->open.number = number;
  raw->open.media_ms = from_ms;
  raw->end_ms = to_ms;
  raw->audio_codec = audio;
  raw->avc_config = material->avc_config != NULL ? g_bytes_ref (material->avc_config) : NULL;
  raw->aac_config = material->aac_config != NULL ? g_bytes_ref (material->aac_config) : NULL;
  for (guint i = 0; i < material->units->len; i++) {
    const UsMaterialUnit *from = &g_array_index (material->units, UsMaterialUnit, i);
    if (from->dts_ms < from_ms || from->dts_ms >= to_ms)
      continue;
    UsAccessUnit unit = { from->is_video, from->is_keyframe, from->dts_ms, from->pts_ms,
                          g_bytes_ref (from->data) };
    g_array_append_val (raw->units, unit);
    raw->tracks |= unit.is_video ? US_TRACK_VIDEO : US_TRACK_AUDIO;
  }
  return raw;
}

static UsMuxer *
make_muxer (Sink *sink) {
  UsMuxerSettings settings;
  us_muxer_settings_default (&settings);
  settings.deadline_ms = 20000; /* machines that run tests are slow at times */
  return us_muxer_new (&settings, on_muxed, sink);
}

static void
assert_segment (GBytes *bytes, gboolean has_video, gboolean has_audio) {
  g_assert_nonnull (bytes);
  UsMpegtsInfo info;
  g_autoptr (GError) error = NULL;
  gboolean is_good
      = us_mpegts_inspect (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &info, &error);
  g_assert_no_error (error);
  g_assert_true (is_good);
  g_assert_true (info.starts_with_tables);
  g_assert_cmpint (info.video_pid != 0, ==, has_video);
  g_assert_cmpint (info.audio_pid != 0, ==, has_audio);
  if (has_video)
    g_assert_true (info.starts_with_idr);
}

/* Muxers with different pasts: each joins at another segment, one rebuilt its pipeline twice. */
static void
test_twins (void) {
  g_autoptr (UsMaterial) material = us_material_new (12, 30, 160, "aac");
  const guint n = 6;
  GPtrArray *reference = NULL;
  for (guint join = 0; join < 4; join++) {
    Sink sink = { 0 };
    sink_init (&sink);
    g_autoptr (UsMuxer) muxer = make_muxer (&sink);
    for (guint i = join; i < n; i++)
      us_muxer_push (muxer, cut (material, 100 + i, i * 2000, (i + 1) * 2000, US_CODEC_AAC));
    sink_run (&sink, n - join);
    for (guint i = join; i < n; i++) {
      GBytes *bytes = g_ptr_array_index (sink.results, i - join);
      assert_segment (bytes, TRUE, TRUE);
      if (reference != NULL)
        g_assert_true (g_bytes_equal (bytes, g_ptr_array_index (reference, i)));
    }
    if (reference == NULL)
      reference = g_ptr_array_ref (sink.results);
    sink_clear (&sink);
  }
  g_ptr_array_unref (reference);
}

static void
test_layouts (void) {
  static const struct {
    guint width;
    const char *audio;
    UsCodec codec;
  } rows[] = {
    { 160, "aac", US_CODEC_AAC }, { 160, NULL, US_CODEC_NONE }, { 0, "aac", US_CODEC_AAC },
    { 160, "mp3", US_CODEC_MP3 }, { 0, "mp3", US_CODEC_MP3 },   { 160, "aac", US_CODEC_AAC },
  };
  Sink sink = { 0 };
  sink_init (&sink);
  g_autoptr (UsMuxer) muxer = make_muxer (&sink);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsMaterial) material = us_material_new (2, 60, rows[i].width, rows[i].audio);
    us_muxer_push (muxer, cut (material, i, 0, 2000, rows[i].codec));
  }
  sink_run (&sink, G_N_ELEMENTS (rows));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_segment (g_ptr_array_index (sink.results, i), rows[i].width > 0, rows[i].audio != NULL);
  sink_clear (&sink);
}

/* Every audio frame is a key frame: many groups in one run, and many runs of one pipeline. */
static void
test_audio_alone (void) {
  g_autoptr (UsMaterial) material = us_material_new (8, 30, 0, "aac");
  const guint n = 80;
  Sink sink = { 0 };
  sink_init (&sink);
  UsMuxerSettings settings;
  us_muxer_settings_default (&settings);
  settings.deadline_ms = 20000;
  settings.max_waiting = n;
  g_autoptr (UsMuxer) muxer = us_muxer_new (&settings, on_muxed, &sink);
  for (guint i = 0; i < n; i++) {
    gint64 from_ms = (i % 8) * 1000;
    us_muxer_push (muxer, cut (material, i, from_ms, from_ms + 1000, US_CODEC_AAC));
  }
  sink_run (&sink, n);
  for (guint i = 0; i < n; i++)
    assert_segment (g_ptr_array_index (sink.results, i), FALSE, TRUE);
  sink_clear (&sink);
}

/* A segment that cannot be made is answered with an error, and the next one is fine. */
static void
test_a_fault_costs_one_segment (void) {
  g_autoptr (UsMaterial) material = us_material_new (4, 60, 160, "aac");
  Sink sink = { 0 };
  sink_init (&sink);
  g_autoptr (UsMuxer) muxer = make_muxer (&sink);
  UsRawSegment *broken = cut (material, 1, 0, 2000, US_CODEC_AAC);
  g_clear_pointer (&broken->avc_config, g_bytes_unref);
  broken->avc_config = g_bytes_new ("\x01", 1);
  UsRawSegment *headless = cut (material, 2, 0, 2000, US_CODEC_AAC);
  g_clear_pointer (&headless->aac_config, g_bytes_unref);
  us_muxer_push (muxer, broken);
  us_muxer_push (muxer, headless);
  us_muxer_push (muxer, cut (material, 3, 2000, 4000, US_CODEC_AAC));
  sink_run (&sink, 3);
  g_assert_null (g_ptr_array_index (sink.results, 1));
  g_assert_nonnull (strstr (g_ptr_array_index (sink.errors, 1), "configuration"));
  g_assert_cmpuint (us_muxer_get_n_retried (muxer), >=, 1);
  assert_segment (g_ptr_array_index (sink.results, 2), TRUE, TRUE);
  sink_clear (&sink);
}

static void
test_the_queue_is_bounded (void) {
  g_autoptr (UsMaterial) material = us_material_new (2, 60, 160, NULL);
  UsMuxerSettings settings;
  us_muxer_settings_default (&settings);
  settings.max_waiting = 3;
  Sink sink = { 0 };
  sink_init (&sink);
  g_autoptr (UsMuxer) muxer = us_muxer_new (&settings, on_muxed, &sink);
  for (guint i = 0; i < 5; i++)
    us_muxer_push (muxer, cut (material, i, 0, 2000, US_CODEC_NONE));
  g_assert_cmpuint (sink.results->len, ==, 2); /* the two oldest, at once */
  g_assert_nonnull (g_ptr_array_index (sink.errors, 0));
  g_assert_cmpuint (us_muxer_get_n_waiting (muxer), ==, 3);
  sink_run (&sink, 5);
  for (guint i = 2; i < 5; i++)
    assert_segment (g_ptr_array_index (sink.results, i), TRUE, FALSE);
  sink_clear (&sink);
}

/* Freed in the middle of a run: nothing may call back. */
static void
test_free_while_running (void) {
  g_autoptr (UsMaterial) material = us_material_new (2, 60, 160, "aac");
  for (guint i = 0; i < 20; i++) {
    Sink sink = { 0 };
    sink_init (&sink);
    UsMuxer *muxer = make_muxer (&sink);
    us_muxer_push (muxer, cut (material, 1, 0, 2000, US_CODEC_AAC));
    for (guint turns = 0; turns < i % 5; turns++)
      g_main_context_iteration (NULL, FALSE);
    us_muxer_free (muxer);
    while (g_main_context_iteration (NULL, FALSE))
      ;
    sink_clear (&sink);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  if (!us_media_init (&error))
    g_error ("%s", error->message);
  g_test_add_func ("/packager/muxer/twins", test_twins);
  g_test_add_func ("/packager/muxer/layouts", test_layouts);
  g_test_add_func ("/packager/muxer/audio-alone", test_audio_alone);
  g_test_add_func ("/packager/muxer/fault", test_a_fault_costs_one_segment);
  g_test_add_func ("/packager/muxer/bounded", test_the_queue_is_bounded);
  g_test_add_func ("/packager/muxer/free-while-running", test_free_while_running);
  return g_test_run ();
}
