/* test-muxer.c - real segments through the real pipeline: twins are equal, faults cost one segment
 */
#include "packager/muxer.h"

#include <glib/gstdio.h>
#include <string.h>

#include "hls/inspect.h"
#include "hls/mpegts-packet.h"
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
  raw->video_codec = material->video_codec;
  raw->audio_codec = audio;
  if (us_codec_has_config (raw->video_codec))
    raw->video_config = g_bytes_ref (material->video_config);
  if (us_codec_has_config (raw->audio_codec))
    raw->audio_config = g_bytes_ref (material->audio_config);
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
make_muxer_of (Sink *sink, const char *name) {
  UsMuxerSettings settings;
  us_muxer_settings_default (&settings);
  settings.name = name;
  settings.video_kbps = 200;
  settings.deadline_ms = 20000; /* machines that run tests are slow at times */
  return us_muxer_new (&settings, on_muxed, sink);
}

static UsMuxer *
make_muxer (Sink *sink) {
  return make_muxer_of (sink, "packager-copy");
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
check_layouts (const char *name) {
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
  g_autoptr (UsMuxer) muxer = make_muxer_of (&sink, name);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsMaterial) material = us_material_new (2, 60, rows[i].width, rows[i].audio);
    us_muxer_push (muxer, cut (material, i, 0, 2000, rows[i].codec));
  }
  sink_run (&sink, G_N_ELEMENTS (rows));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_segment (g_ptr_array_index (sink.results, i), rows[i].width > 0, rows[i].audio != NULL);
  sink_clear (&sink);
}

/* What the switcher and the monitor see in it. */
static void
check_inspection (GBytes *bytes, UsCodec video, UsCodec audio) {
  static const char *const names[US_N_CODECS] = {
    [US_CODEC_H264] = "avc1.", [US_CODEC_HEVC] = "hvc1.1.", [US_CODEC_AAC] = "mp4a.40.2",
    [US_CODEC_OPUS] = "Opus",  [US_CODEC_AC3] = "ac-3",     [US_CODEC_EAC3] = "ec-3",
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (UsInspection) seen = us_inspect_segment (bytes, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (seen->n_continuity, ==, 0);
  g_assert_cmpint (seen->video_codec != NULL, ==, video != US_CODEC_NONE);
  g_assert_cmpint (seen->audio_codec != NULL, ==, audio != US_CODEC_NONE);
  if (video != US_CODEC_NONE) {
    g_assert_true (g_str_has_prefix (seen->video_codec, names[video]));
    g_assert_cmpuint (seen->width, ==, 160);
    g_assert_cmpuint (seen->height, ==, 90);
    g_assert_cmpuint (seen->probe->n_video, ==, 60);
    g_assert_cmpuint (seen->probe->pictures->len, >=, 1); /* fingerprints */
    g_assert_cmpuint (seen->frame_rate_mhz / 100, ==, 300);
  }
  if (audio != US_CODEC_NONE) {
    g_assert_cmpstr (seen->audio_codec, ==, names[audio]);
    g_assert_cmpuint (seen->audio_rate_hz, ==, 48000);
    g_assert_cmpuint (seen->audio_channels, ==, 2);
    gint64 length_us = seen->probe->end_audio_us - seen->probe->first_audio_us;
    g_assert_cmpint (length_us, >, 1900000);
    g_assert_cmpint (length_us, <, 2100000);
  }
}

/* Every codec, with both texts: the right stream types, all access units, and the same again. */
static void
check_codecs (const char *name) {
  static const struct {
    UsCodec video, audio;
    guint video_type, audio_type, n_audio;
  } rows[] = {
    { US_CODEC_HEVC, US_CODEC_AAC, US_MPEGTS_TYPE_HEVC, US_MPEGTS_TYPE_AAC, 90 },
    { US_CODEC_H264, US_CODEC_OPUS, US_MPEGTS_TYPE_H264, US_MPEGTS_TYPE_OPUS, 100 },
    { US_CODEC_HEVC, US_CODEC_AC3, US_MPEGTS_TYPE_HEVC, US_MPEGTS_TYPE_AC3, 60 },
    { US_CODEC_H264, US_CODEC_EAC3, US_MPEGTS_TYPE_H264, US_MPEGTS_TYPE_EAC3, 60 },
    { US_CODEC_NONE, US_CODEC_OPUS, 0, US_MPEGTS_TYPE_OPUS, 100 },
    { US_CODEC_NONE, US_CODEC_EAC3, 0, US_MPEGTS_TYPE_EAC3, 60 },
    { US_CODEC_HEVC, US_CODEC_NONE, US_MPEGTS_TYPE_HEVC, 0, 0 },
  };
  Sink sink = { 0 };
  sink_init (&sink);
  g_autoptr (UsMuxer) muxer = make_muxer_of (&sink, name);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsMaterial) material = us_material_new_of (2, 30, 160, rows[i].video, rows[i].audio);
    for (guint k = 0; k < 2; k++)
      us_muxer_push (muxer, cut (material, 7, 0, 2000, rows[i].audio));
  }
  sink_run (&sink, 2 * G_N_ELEMENTS (rows));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s: %s %s", name, us_codec_to_string (rows[i].video),
                    us_codec_to_string (rows[i].audio));
    GBytes *bytes = g_ptr_array_index (sink.results, 2 * i);
    gboolean is_encoded = g_str_equal (name, "packager-x264");
    UsMpegtsInfo info;
    assert_segment (bytes, rows[i].video_type != 0, rows[i].audio_type != 0);
    g_assert_true (
        us_mpegts_inspect (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &info, NULL));
    g_assert_cmpuint (info.video_type, ==,
                      is_encoded && rows[i].video_type != 0 ? US_MPEGTS_TYPE_H264
                                                            : rows[i].video_type);
    g_assert_cmpuint (info.audio_type, ==, rows[i].audio_type);
    g_assert_cmpuint (info.n_video, ==, rows[i].video_type != 0 ? 60 : 0);
    g_assert_cmpuint (info.n_audio, >=, rows[i].n_audio);
    g_assert_true (g_bytes_equal (bytes, g_ptr_array_index (sink.results, 2 * i + 1)));
    check_inspection (bytes,
                      is_encoded && rows[i].video != US_CODEC_NONE ? US_CODEC_H264 : rows[i].video,
                      rows[i].audio);
  }
  sink_clear (&sink);
}

static void
test_codecs (void) {
  check_codecs ("packager-copy");
  check_codecs ("packager-x264");
}

static void
test_layouts (void) {
  check_layouts ("packager-copy");
  check_layouts ("packager-x264");
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
  g_clear_pointer (&broken->video_config, g_bytes_unref);
  broken->video_config = g_bytes_new ("\x01", 1);
  UsRawSegment *headless = cut (material, 2, 0, 2000, US_CODEC_AAC);
  g_clear_pointer (&headless->audio_config, g_bytes_unref);
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

static guint
count_pictures (GBytes *bytes) {
  UsMpegtsInfo info;
  g_autoptr (GError) error = NULL;
  gboolean is_good
      = us_mpegts_inspect (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &info, &error);
  g_assert_no_error (error);
  g_assert_true (is_good);
  return info.n_video;
}

/* What cannot be decoded is left out, and counted. */
static void
test_missing_pictures (void) {
  g_autoptr (UsMaterial) material = us_material_new (6, 60, 160, "aac");
  Sink sink = { 0 };
  sink_init (&sink);
  g_autoptr (UsMuxer) muxer = make_muxer_of (&sink, "packager-x264");
  UsRawSegment *damaged = cut (material, 2, 2000, 4000, US_CODEC_AAC);
  for (guint i = 0; i < 5; i++) {
    UsAccessUnit unit
        = { TRUE, FALSE, 3990 + i, 4060 + i, g_bytes_new ("\0\0\0\6\x41\xa5\xa5\xa5\xa5\xa5", 10) };
    g_array_append_val (damaged->units, unit);
  }
  us_muxer_push (muxer, cut (material, 1, 0, 2000, US_CODEC_AAC));
  us_muxer_push (muxer, damaged);
  us_muxer_push (muxer, cut (material, 3, 4000, 6000, US_CODEC_AAC));
  sink_run (&sink, 1);
  g_assert_cmpuint (us_muxer_get_n_missing (muxer), ==, 0);
  sink_run (&sink, 3);
  guint n = count_pictures (g_ptr_array_index (sink.results, 1));
  assert_segment (g_ptr_array_index (sink.results, 1), TRUE, TRUE);
  g_assert_cmpuint (n, >=, 60);
  g_assert_cmpuint (n, <, 65);
  g_assert_cmpuint (us_muxer_get_n_missing (muxer), ==, 65 - n);
  g_assert_cmpuint (count_pictures (g_ptr_array_index (sink.results, 0)), ==, 60);
  g_assert_cmpuint (count_pictures (g_ptr_array_index (sink.results, 2)), ==, 60);
  sink_clear (&sink);
}

/* Nothing of it can be decoded: the segment is lost, and the next is fine. */
static void
test_no_picture_at_all (void) {
  g_autoptr (UsMaterial) material = us_material_new (4, 60, 160, "aac");
  Sink sink = { 0 };
  sink_init (&sink);
  g_autoptr (UsMuxer) muxer = make_muxer_of (&sink, "packager-x264");
  UsRawSegment *damaged = cut (material, 1, 0, 2000, US_CODEC_AAC);
  for (guint i = 0; i < damaged->units->len; i++) {
    UsAccessUnit *unit = &g_array_index (damaged->units, UsAccessUnit, i);
    if (!unit->is_video)
      continue;
    g_bytes_unref (unit->data);
    unit->data = g_bytes_new ("\0\0\0\6\x65\xa5\xa5\xa5\xa5\xa5", 10);
  }
  us_muxer_push (muxer, damaged);
  us_muxer_push (muxer, cut (material, 2, 2000, 4000, US_CODEC_AAC));
  sink_run (&sink, 2);
  g_assert_null (g_ptr_array_index (sink.results, 0));
  assert_segment (g_ptr_array_index (sink.results, 1), TRUE, TRUE);
  sink_clear (&sink);
}

/* An encoder has time by the duration of its segment, whatever else runs; a copy has not. */
static void
test_deadline_of_an_encoder (void) {
  static const char text[]
      = "hlssink2 name=hls max-files=0 playlist-length=0 target-duration=3600 "
        "send-keyframe-requests=false appsrc name=video format=time max-bytes=0 ! h264parse "
        "! avdec_h264 max-threads=1 ! identity sleep-time=20000 ! x264enc threads=1 bframes=0 "
        "speed-preset=ultrafast option-string=keyint=infinite:scenecut=0 ! h264parse ! hls.video";
  static const char copy[]
      = "hlssink2 name=hls max-files=0 playlist-length=0 target-duration=3600 "
        "send-keyframe-requests=false appsrc name=video format=time max-bytes=0 "
        "! identity sleep-time=20000 ! h264parse ! hls.video";
  g_autoptr (UsMaterial) material = us_material_new (2, 60, 160, NULL);
  g_autofree char *folder = g_dir_make_tmp ("us-muxer-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "slow.launch", NULL);
  for (guint i = 0; i < 2; i++) {
    g_assert_true (g_file_set_contents (path, i == 0 ? text : copy, -1, NULL));
    Sink sink = { 0 };
    sink_init (&sink);
    UsMuxerSettings settings = { folder, "slow", 200, 8, 200, NULL, 1000 };
    g_autoptr (UsMuxer) muxer = us_muxer_new (&settings, on_muxed, &sink);
    us_muxer_push (muxer, cut (material, 1, 0, 2000, US_CODEC_NONE)); /* 60 * 20 ms */
    sink_run (&sink, 1);
    if (i == 0) {
      assert_segment (g_ptr_array_index (sink.results, 0), TRUE, FALSE);
      g_assert_cmpint (us_muxer_get_run_us (muxer), >=, 1200000);
    } else {
      g_assert_null (g_ptr_array_index (sink.results, 0));
      g_assert_nonnull (strstr (g_ptr_array_index (sink.errors, 0), "within 200 ms"));
    }
    sink_clear (&sink);
  }
  g_remove (path);
  g_rmdir (folder);
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
  g_test_add_func ("/packager/muxer/codecs", test_codecs);
  g_test_add_func ("/packager/muxer/audio-alone", test_audio_alone);
  g_test_add_func ("/packager/muxer/fault", test_a_fault_costs_one_segment);
  g_test_add_func ("/packager/muxer/missing-pictures", test_missing_pictures);
  g_test_add_func ("/packager/muxer/no-picture", test_no_picture_at_all);
  g_test_add_func ("/packager/muxer/deadline", test_deadline_of_an_encoder);
  g_test_add_func ("/packager/muxer/bounded", test_the_queue_is_bounded);
  g_test_add_func ("/packager/muxer/free-while-running", test_free_while_running);
  return g_test_run ();
}
