/* feeder.c - a relay as ingest would run it, but under the test's command
 *
 * It sends in the order of src/ingest/relay.c: codec configurations when they are new on this
 * connection, the mark, the access units. Main loop of the test. */
#include "feeder.h"

#include "component/switcher/viewer.h"
#include "rtmp/flv-write.h"

static void
on_ready (UsRtmpClient *client, const UsAmf0 *info, gpointer user_data) {
  UsFeeder *feeder = user_data;
  feeder->is_ready = TRUE;
  feeder->resume = (guint64)us_amf0_get_number (us_amf0_get (info, US_MARK_RESUME), -1);
}

static void
on_closed (UsRtmpClient *client, const GError *error, gpointer user_data) {
  UsFeeder *feeder = user_data;
  feeder->is_closed = TRUE;
  feeder->close_reason = g_strdup (error->message);
  g_clear_pointer (&feeder->client, us_rtmp_client_free);
}

UsFeeder *
us_feeder_connect (guint16 port, const char *stream, const UsMaterial *material) {
  static const UsRtmpClientHandler handler = { on_ready, NULL, on_closed };
  g_autofree char *url = g_strdup_printf ("rtmp://127.0.0.1:%u/live/%s", port, stream);
  g_autoptr (GError) error = NULL;
  UsFeeder *feeder = g_new0 (UsFeeder, 1);
  feeder->material = material;
  feeder->first = 1000;
  feeder->target_duration_s = 1;
  feeder->epoch = 0x18bcfe56800;
  feeder->client = us_rtmp_client_new (url, 20000, &handler, feeder, &error);
  g_assert_no_error (error);
  return feeder;
}

void
us_feeder_await_ready (UsFeeder *feeder) {
  us_viewer_wait (&feeder->is_ready);
}

UsFeeder *
us_feeder_new (guint16 port, const char *stream, const UsMaterial *material) {
  UsFeeder *feeder = us_feeder_connect (port, stream, material);
  us_feeder_await_ready (feeder);
  return feeder;
}

static void
send_payload (UsFeeder *feeder, UsRtmpMessageType type, gint64 time_ms, GBytes *payload) {
  gint64 begun_us = g_get_monotonic_time ();
  while (feeder->client != NULL
         && !us_rtmp_client_send (feeder->client, type, (guint32)time_ms, payload)) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
    g_main_context_iteration (NULL, TRUE);
  }
  g_bytes_unref (payload);
}

static void
send_configs (UsFeeder *feeder, gint64 time_ms) {
  gsize size;
  const guint8 *data;
  if (feeder->has_config)
    return;
  feeder->has_config = TRUE;
  const UsMaterial *material = feeder->material;
  if (us_codec_has_config (material->video_codec)) {
    data = g_bytes_get_data (material->video_config, &size);
    send_payload (feeder, US_RTMP_VIDEO, time_ms,
                  us_flv_write_config (material->video_codec, data, size));
  }
  if (us_codec_has_config (material->audio_codec)) {
    data = g_bytes_get_data (material->audio_config, &size);
    send_payload (feeder, US_RTMP_AUDIO, time_ms,
                  us_flv_write_config (material->audio_codec, data, size));
  }
}

static void
send_unit (UsFeeder *feeder, const UsMaterialUnit *unit) {
  gsize size;
  const guint8 *data = g_bytes_get_data (unit->data, &size);
  const UsMaterial *material = feeder->material;
  GBytes *payload
      = us_flv_write_frame (unit->is_video ? material->video_codec : material->audio_codec, data,
                            size, unit->is_keyframe, (gint32)(unit->pts_ms - unit->dts_ms));
  send_payload (feeder, unit->is_video ? US_RTMP_VIDEO : US_RTMP_AUDIO, unit->dts_ms, payload);
}

void
us_feeder_send (UsFeeder *feeder, guint k) {
  gint64 from_ms = (gint64)k * FEEDER_SEGMENT_MS, to_ms = from_ms + FEEDER_SEGMENT_MS;
  UsMark mark = feeder->closing;
  mark.epoch = feeder->epoch;
  mark.number = feeder->first + k;
  mark.media_ms = from_ms;
  mark.wall_ms = FEEDER_WALL_MS + from_ms;
  send_configs (feeder, from_ms);
  send_payload (feeder, US_RTMP_DATA_AMF0, from_ms, us_mark_encode (&mark));

  UsTracks tracks = US_TRACK_NONE;
  for (guint i = 0; i < feeder->material->units->len; i++) {
    const UsMaterialUnit *unit = &g_array_index (feeder->material->units, UsMaterialUnit, i);
    if (unit->dts_ms < from_ms || unit->dts_ms >= to_ms)
      continue;
    tracks |= unit->is_video ? US_TRACK_VIDEO : US_TRACK_AUDIO;
    send_unit (feeder, unit);
  }
  if (feeder->is_discontinuous)
    feeder->discontinuity++;
  feeder->closing = (UsMark){
    .epoch = feeder->epoch,
    .closes = mark.number,
    .closes_end_ms = to_ms,
    .discontinuity = feeder->discontinuity,
    .is_discontinuous = feeder->is_discontinuous,
    .tracks = tracks,
    .target_duration_s = feeder->target_duration_s,
  };
  feeder->is_discontinuous = FALSE;
  if (feeder->client != NULL)
    us_rtmp_client_flush (feeder->client);
}

void
us_feeder_end (UsFeeder *feeder) {
  UsMark mark = feeder->closing;
  mark.media_ms = mark.closes_end_ms;
  mark.wall_ms = FEEDER_WALL_MS + mark.closes_end_ms;
  send_payload (feeder, US_RTMP_DATA_AMF0, mark.media_ms, us_mark_encode (&mark));
  feeder->closing = (UsMark){ 0 };
  if (feeder->client != NULL)
    us_rtmp_client_flush (feeder->client);
}

void
us_feeder_send_raw (UsFeeder *feeder, UsRtmpMessageType type, const void *data, gsize size) {
  send_payload (feeder, type, 0, g_bytes_new (data, size));
  us_rtmp_client_flush (feeder->client);
}

void
us_feeder_free (UsFeeder *feeder) {
  if (feeder == NULL)
    return;
  g_clear_pointer (&feeder->client, us_rtmp_client_free);
  g_free (feeder->close_reason);
  g_free (feeder);
}
