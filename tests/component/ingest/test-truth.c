/* test-truth.c - encoders with a fault each, over real connections, and what is said of them
 *
 * The stream's clock is made up: it moves on with the media that was sent and received, so half a
 * minute of it takes a moment.
 */
#include "fakes.h"
#include "ingest/status-publishers.h"
#include "ingest/status-truth.h"
#include "small-role.h"
#include "unit/ingest/media.h"

#define FRAME_MS 40

typedef struct {
  UsFakeClock clock;
  UsState *state;
  SmallRole role;
  Encoder *encoder;
  gint64 next_tick_us;
  guint64 n_sent; /* frames of both tracks */
} Stage;

/* Fault: zero is the usual. */
typedef struct {
  const char *warning; /* the only one that is told; NULL: none is */
  guint gop;           /* pictures, 25 */
  guint uneven_every, drop_every;
  double speed; /* seconds of media in a second */
  gint64 jump_at_ms, jump_ms;
  gint64 audio_until_ms, video_until_ms; /* -1: none of it at all */
  gint64 audio_shift_ms;
  gboolean has_bad_sound, has_other_track, is_gop_open;
  const char *audio_config; /* instead of a good one, 4 bytes; "": none; NULL: a good one */
  gint64 length_ms;         /* 30000 */
} Fault;

static void
set_up (Stage *stage, gconstpointer data) {
  UsStreamSettings settings;
  us_fake_clock_init (&stage->clock, 1000 * G_USEC_PER_SEC, 1700000000 * (gint64)G_USEC_PER_SEC);
  small_role_settings (&settings);
  small_role_start (&stage->role);
  stage->state = us_state_new (NULL, &stage->clock.clock);
  stage->role.stream = us_stream_new ("cam1", &settings, stage->state, &stage->clock.clock);
}

static void
tear_down (Stage *stage, gconstpointer data) {
  small_role_stop (&stage->role);
  us_state_free (stage->state);
}

/* -------------------------------------------------------------------------------- an encoder */

static guint64
count_received (Stage *stage) {
  UsSegmenter *segmenter = us_stream_get_segmenter (stage->role.stream);
  const UsInput *inputs[]
      = { us_segmenter_get_video (segmenter), us_segmenter_get_audio (segmenter) };
  guint64 n = 0;
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    n += inputs[i]->frames + inputs[i]->dropped[US_DROP_UNSUPPORTED]
         + inputs[i]->dropped[US_DROP_NO_CONFIG] + inputs[i]->dropped[US_DROP_OTHER_TRACK];
  return n;
}

static gboolean
is_received (gpointer data) {
  Stage *stage = data;
  return count_received (stage) >= stage->n_sent;
}

static gboolean
is_publishing (gpointer data) {
  return us_stream_get_session (((Stage *)data)->role.stream) != NULL;
}

static gboolean
is_gone (gpointer data) {
  return !is_publishing (data);
}

/* Until all of it has arrived, at the moment that the clock shows. */
static void
deliver (Stage *stage) {
  encoder_flush (stage->encoder);
  wait_until (is_received, stage, NULL, "frames");
}

static void
pass (Stage *stage, gint64 us) {
  us_fake_clock_advance_us (&stage->clock, us);
  while (stage->clock.now_monotonic_us >= stage->next_tick_us) {
    us_stream_tick (stage->role.stream);
    stage->next_tick_us += G_USEC_PER_SEC;
  }
}

static void
send_frame (Stage *stage, UsRtmpMessageType type, gint64 time_ms, GBytes *payload) {
  encoder_send (stage->encoder, type, time_ms, payload);
  stage->n_sent++;
}

/* A picture with a composition time, as pictures around B-frames have. */
static GBytes *
make_picture (const Fault *fault, guint in_gop, guint32 stamp) {
  GBytes *plain = media_video (in_gop == 0, stamp, 2000);
  if (!fault->is_gop_open)
    return plain;
  gsize size;
  guint8 *data = g_bytes_unref_to_data (plain, &size);
  guint composition_ms = in_gop == 0 ? 3 * FRAME_MS : 0;
  data[3] = (guint8)(composition_ms >> 8);
  data[4] = (guint8)composition_ms;
  return g_bytes_new_take (data, size);
}

static void
send_audio (Stage *stage, const Fault *fault, gint64 media_ms, gint64 time_ms) {
  if (fault->audio_until_ms == -1
      || (fault->audio_until_ms > 0 && media_ms >= fault->audio_until_ms))
    return;
  const guint8 speex[] = { 0xb2, 1, 2, 3 };
  for (guint i = 0; i < 2; i++) {
    gint64 at_ms = time_ms + fault->audio_shift_ms + 5 + 20 * i;
    send_frame (stage, US_RTMP_AUDIO, at_ms,
                fault->has_bad_sound ? g_bytes_new (speex, sizeof speex)
                                     : media_audio ((guint32)at_ms));
  }
}

static void
send_video (Stage *stage, const Fault *fault, guint i, gint64 media_ms, gint64 time_ms) {
  guint gop = fault->gop > 0 ? fault->gop : 25;
  if (fault->video_until_ms == -1
      || (fault->video_until_ms > 0 && media_ms >= fault->video_until_ms))
    return;
  if (fault->drop_every > 0 && i % fault->drop_every == fault->drop_every - 1)
    return;
  send_frame (stage, US_RTMP_VIDEO, time_ms, make_picture (fault, i % gop, (guint32)time_ms));
  if (fault->has_other_track && i == 100) {
    /* Enhanced RTMP: multitrack, one track, coded frames, "avc1", track 1 */
    const guint8 other[] = { 0xa6, 0x01, 'a', 'v', 'c', '1', 1, 0, 0, 0, 1, 2, 3 };
    send_frame (stage, US_RTMP_VIDEO, time_ms, g_bytes_new (other, sizeof other));
  }
}

static void
begin (Stage *stage, const Fault *fault) {
  stage->encoder = encoder_new (stage->role.port, "live/cam1");
  wait_until (is_publishing, stage, NULL, "a publisher");
  stage->next_tick_us = stage->clock.now_monotonic_us + G_USEC_PER_SEC;
  if (fault->video_until_ms != -1)
    encoder_send (stage->encoder, US_RTMP_VIDEO, 0, media_video_config (1));
  if (fault->audio_config != NULL && fault->audio_config[0] != '\0')
    encoder_send (stage->encoder, US_RTMP_AUDIO, 0, g_bytes_new (fault->audio_config, 4));
  else if (fault->audio_until_ms != -1 && !fault->has_bad_sound && fault->audio_config == NULL)
    encoder_send (stage->encoder, US_RTMP_AUDIO, 0, media_audio_config (FALSE));
}

static void
play (Stage *stage, const Fault *fault) {
  gint64 length_ms = fault->length_ms > 0 ? fault->length_ms : 30000, media_ms = 10000;
  double speed = fault->speed > 0 ? fault->speed : 1;
  for (guint i = 0; media_ms - 10000 < length_ms; i++) {
    gint64 played_ms = media_ms - 10000;
    gboolean has_jumped = fault->jump_at_ms > 0 && played_ms >= fault->jump_at_ms;
    gint64 time_ms = media_ms + (has_jumped ? fault->jump_ms : 0);
    gint64 step_ms
        = fault->uneven_every > 0 && i % fault->uneven_every == 0 ? FRAME_MS * 2 - 15 : FRAME_MS;
    send_video (stage, fault, i, played_ms, time_ms);
    send_audio (stage, fault, played_ms, time_ms);
    deliver (stage);
    pass (stage, (gint64)((double)step_ms * 1000 / speed));
    media_ms += step_ms;
  }
}

static void
stop (Stage *stage) {
  encoder_finish (stage->encoder);
  wait_until (is_gone, stage, NULL, "the publisher's end");
  encoder_free (stage->encoder);
}

/* ------------------------------------------------------------------------------ what is said */

/* Returns: (transfer full): of the status page */
static JsonObject *
read_status (Stage *stage) {
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  us_ingest_status_add_publishers (builder, stage->role.stream, stage->clock.now_monotonic_us);
  us_ingest_status_add_truth (builder, stage->role.stream, stage->clock.now_monotonic_us);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  return json_node_dup_object (root);
}

static char *
read_metrics (Stage *stage) {
  g_autoptr (GPtrArray) streams = g_ptr_array_new ();
  UsExposition *out = us_exposition_new ();
  g_ptr_array_add (streams, stage->role.stream);
  us_ingest_status_render_truth (out, streams);
  g_autoptr (GBytes) bytes = us_exposition_end (out);
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  return g_strndup (text, size);
}

static char *
list_warnings (JsonObject *status) {
  JsonArray *warnings = json_object_get_array_member (status, "warnings");
  GString *ids = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (warnings); i++) {
    JsonObject *warning = json_array_get_object_element (warnings, i);
    g_string_append_printf (ids, "%s%s", i > 0 ? " " : "",
                            json_object_get_string_member (warning, "id"));
    g_assert_cmpstr (json_object_get_string_member (warning, "text"), !=, "");
    g_assert_cmpstr (json_object_get_string_member (warning, "remedy"), !=, "");
    g_assert_cmpint (json_object_get_int_member (warning, "since_ms"), >=, 1700000000000);
  }
  return g_string_free (ids, FALSE);
}

static void
assert_metric (Stage *stage, const char *warning, guint value) {
  g_autofree char *metrics = read_metrics (stage);
  g_autofree char *line = g_strdup_printf (
      "\nunderstudy_ingest_warning{stream=\"cam1\",warning=\"%s\"} %u\n", warning, value);
  g_assert_nonnull (strstr (metrics, line));
}

/* --------------------------------------------------------------------------------------- tests */

static const struct {
  const char *name;
  Fault fault;
} faults[] = {
  { "none", { .warning = NULL, .length_ms = 75000 } },
  { "long-gop", { .warning = "keyframe-interval-long", .gop = 100 } },
  { "variable-rate", { .warning = "frame-rate-variable", .uneven_every = 3, .gop = 20 } },
  { "left-out", { .warning = "frames-missing", .drop_every = 20 } },
  { "no-audio", { .warning = "audio-missing", .audio_until_ms = -1 } },
  { "no-video", { .warning = "video-missing", .video_until_ms = -1 } },
  { "audio-stops", { .warning = "audio-stopped", .audio_until_ms = 20000 } },
  { "video-stops", { .warning = "video-stopped", .video_until_ms = 20000, .length_ms = 24000 } },
  { "jump", { .warning = "timestamps-jump", .jump_at_ms = 15000, .jump_ms = 3600000 } },
  { "jump-back", { .warning = "timestamps-jump", .jump_at_ms = 15000, .jump_ms = -2000 } },
  { "slow-clock", { .warning = "encoder-slow", .speed = 0.85, .length_ms = 24000 } },
  { "file", { .warning = "faster-than-real-time", .speed = 2, .length_ms = 120000 } },
  { "drift", { .warning = "clock-drift", .speed = 0.997, .length_ms = 180000 } },
  { "apart", { .warning = "audio-video-apart", .audio_shift_ms = -1500 } },
  { "open-gop", { .warning = "open-gop", .is_gop_open = TRUE } },
  { "two-tracks", { .warning = "multitrack-ignored", .has_other_track = TRUE } },
  { "speex", { .warning = "codec-unsupported", .has_bad_sound = TRUE } },
  { "aac-without-config", { .warning = "config-missing", .audio_config = "" } },
  /* a sampling frequency that there is none of */
  { "aac-broken-config", { .warning = "config-missing", .audio_config = "\xaf\0\x16\x90" } },
};

/* One fault, one warning, and it ends with its publisher. */
static void
test_fault (Stage *stage, gconstpointer data) {
  const Fault *fault = data;
  begin (stage, fault);
  play (stage, fault);
  g_autoptr (JsonObject) status = read_status (stage);
  g_autofree char *told = list_warnings (status);
  g_assert_cmpstr (told, ==, fault->warning != NULL ? fault->warning : "");
  if (fault->warning != NULL)
    assert_metric (stage, fault->warning, 1);
  stop (stage);
  g_autoptr (JsonObject) after = read_status (stage);
  g_autofree char *left = list_warnings (after);
  g_assert_cmpstr (left, ==, "");
  g_assert_true (json_object_get_null_member (after, "measured"));
  if (fault->warning != NULL)
    assert_metric (stage, fault->warning, 0);
}

static void
test_numbers (Stage *stage, gconstpointer data) {
  const Fault fault = { .length_ms = 15000 };
  begin (stage, &fault);
  play (stage, &fault);
  g_autoptr (JsonObject) status = read_status (stage);
  JsonObject *measured = json_object_get_object_member (status, "measured");
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (measured, "fps"), 25, 0.01);
  g_assert_cmpint (json_object_get_int_member (measured, "gop_ms"), ==, 1000);
  g_assert_cmpint (json_object_get_int_member (measured, "gop_pictures"), ==, 25);
  g_assert_cmpint (json_object_get_int_member (measured, "bitrate_10s_bps"), ==,
                   8 * 25 * (2000 + 2 * 8));
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (measured, "media_rate"), 1, 0.001);
  g_assert_cmpint (json_object_get_int_member (measured, "jumps"), ==, 0);
  g_assert_true (json_object_get_null_member (measured, "last_jump_ms"));
  g_assert_true (json_object_get_null_member (measured, "clock_drift_ppm"));
  /* The kernel of the machine that tests run on tells of its lines. */
  g_assert_cmpfloat (json_object_get_double_member (measured, "rtt_ms"), >, 0);
  g_assert_cmpint (json_object_get_int_member (measured, "packets"), >, 0);
  JsonObject *publisher
      = json_array_get_object_element (json_object_get_array_member (status, "publishers"), 0);
  g_assert_cmpfloat (json_object_get_double_member (publisher, "rtt_ms"), >, 0);
  g_assert_cmpint (json_object_get_int_member (publisher, "bitrate_bps"), ==,
                   8 * 25 * (2000 + 2 * 8));
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (publisher, "fps"), 25, 0.01);
  g_assert_cmpstr (json_object_get_string_member (publisher, "video_codec"), ==, "H.264");
  g_assert_cmpstr (json_object_get_string_member (publisher, "audio_codec"), ==, "AAC");
  g_autofree char *metrics = read_metrics (stage);
  g_assert_nonnull (
      strstr (metrics, "\nunderstudy_ingest_frames_per_second{stream=\"cam1\"} 25\n"));
  g_assert_null (strstr (metrics, "\nunderstudy_ingest_clock_drift_ratio{"));
  stop (stage);
  /* Gauges go with the publisher, totals stay. */
  g_autofree char *after = read_metrics (stage);
  g_assert_null (strstr (after, "\nunderstudy_ingest_frames_per_second{"));
  g_assert_nonnull (
      strstr (after, "\nunderstudy_ingest_timestamp_jumps_total{stream=\"cam1\"} 0\n"));
}

/* A fault that is mended: the warning ends while the publisher goes on. The next one starts anew.
 */
static void
test_mended (Stage *stage, gconstpointer data) {
  const Fault bad = { .audio_until_ms = 15000, .length_ms = 20000 }, good = { .length_ms = 5000 };
  begin (stage, &bad);
  play (stage, &bad);
  g_autoptr (JsonObject) before = read_status (stage);
  g_autofree char *told = list_warnings (before);
  g_assert_cmpstr (told, ==, "audio-stopped");
  for (gint64 ms = 30000; ms < 34000; ms += FRAME_MS) {
    send_video (stage, &good, (guint)(ms / FRAME_MS), ms, ms);
    send_audio (stage, &good, ms, ms);
    deliver (stage);
    pass (stage, FRAME_MS * 1000);
  }
  g_autoptr (JsonObject) after = read_status (stage);
  g_autofree char *left = list_warnings (after);
  g_assert_cmpstr (left, ==, "");
  assert_metric (stage, "audio-stopped", 0);
  stop (stage);
  begin (stage, &good);
  play (stage, &good);
  g_autoptr (JsonObject) next = read_status (stage);
  g_autofree char *none = list_warnings (next);
  g_assert_cmpstr (none, ==, "");
  stop (stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autofree char *path = g_strconcat ("/ingest/truth/", faults[i].name, NULL);
    g_test_add (path, Stage, &faults[i].fault, set_up, test_fault, tear_down);
  }
  g_test_add ("/ingest/truth/numbers", Stage, NULL, set_up, test_numbers, tear_down);
  g_test_add ("/ingest/truth/mended", Stage, NULL, set_up, test_mended, tear_down);
  return g_test_run ();
}
