/* status.c - rendering of facts; no decisions, no state
 *
 * Called in the role's main loop for each request; the number of streams is bounded by the
 * role's settings, and so is the size of the answers.
 */
#include "ingest/status.h"

#include "http/exposition.h"
#include "ingest/status-publishers.h"
#include "ingest/status-truth.h"

#include <json-glib/json-glib.h>

static void
add_int (JsonBuilder *builder, const char *name, gint64 value) {
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value) {
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_tracks (JsonBuilder *builder, UsSegmenter *segmenter) {
  UsSegmenterStats stats;
  us_segmenter_get_stats (segmenter, &stats);
  const UsInput *video = us_segmenter_get_video (segmenter);
  const UsInput *audio = us_segmenter_get_audio (segmenter);
  json_builder_set_member_name (builder, "video");
  json_builder_begin_object (builder);
  add_string (builder, "codec", us_codec_to_string (video->current.codec));
  if (video->current.codec != US_CODEC_NONE) {
    add_int (builder, "width", video->picture.width);
    add_int (builder, "height", video->picture.height);
    add_int (builder, "profile_idc", video->picture.profile);
    add_int (builder, "level_idc", video->picture.level);
    json_builder_set_member_name (builder, "fps");
    json_builder_add_double_value (builder, stats.fps);
  }
  if (video->unsupported != NULL)
    add_string (builder, "unsupported", video->unsupported);
  json_builder_end_object (builder);
  json_builder_set_member_name (builder, "audio");
  json_builder_begin_object (builder);
  add_string (builder, "codec", us_codec_to_string (audio->current.codec));
  if (audio->sound.channels > 0) {
    add_int (builder, "sample_rate_hz", audio->sound.sample_rate_hz);
    add_int (builder, "channels", audio->sound.channels);
  }
  if (audio->unsupported != NULL)
    add_string (builder, "unsupported", audio->unsupported);
  json_builder_end_object (builder);
}

static void
add_publisher (JsonBuilder *builder, UsStream *stream, gint64 now_us) {
  const UsSession *session = us_stream_get_session (stream);
  json_builder_set_member_name (builder, "publisher");
  if (session == NULL) {
    json_builder_add_null_value (builder);
    return;
  }
  UsSegmenterStats stats;
  us_segmenter_get_stats (us_stream_get_segmenter (stream), &stats);
  json_builder_begin_object (builder);
  add_string (builder, "peer", session->peer);
  add_string (builder, "encoder", session->encoder);
  add_string (builder, "enhanced_rtmp", session->enhanced != NULL ? session->enhanced : "");
  add_int (builder, "since_s", (now_us - session->since_us) / G_USEC_PER_SEC);
  add_int (builder, "silent_ms", (now_us - session->last_media_us) / 1000);
  add_int (builder, "bitrate_bps", (gint64)stats.bitrate_bps);
  add_tracks (builder, us_stream_get_segmenter (stream));
  json_builder_end_object (builder);
}

static void
add_targets (JsonBuilder *builder, UsStream *stream) {
  GPtrArray *relays = us_stream_get_relays (stream);
  json_builder_set_member_name (builder, "targets");
  json_builder_begin_array (builder);
  for (guint i = 0; i < relays->len; i++) {
    UsRelayStats stats;
    us_relay_get_stats (relays->pdata[i], &stats);
    json_builder_begin_object (builder);
    add_string (builder, "url", us_relay_get_name (relays->pdata[i]));
    add_string (builder, "state", us_relay_state_to_string (stats.state));
    add_int (builder, "queue_segments", stats.queue_segments);
    add_int (builder, "lost_segments", (gint64)stats.lost_segments);
    add_int (builder, "reconnects", (gint64)stats.reconnects);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_stream (JsonBuilder *builder, UsStream *stream, gint64 now_us) {
  UsSegmenterStats stats;
  UsStreamCounts counts;
  us_segmenter_get_stats (us_stream_get_segmenter (stream), &stats);
  us_stream_get_counts (stream, &counts);
  json_builder_begin_object (builder);
  add_string (builder, "name", us_stream_get_name (stream));
  add_publisher (builder, stream, now_us);
  us_ingest_status_add_publishers (builder, stream, now_us);
  us_ingest_status_add_truth (builder, stream, now_us);
  add_int (builder, "epoch", (gint64)stats.epoch);
  add_int (builder, "number", (gint64)stats.number);
  add_int (builder, "media_ms", stats.media_ms);
  add_int (builder, "keyframe_interval_ms", stats.keyframe_interval_ms);
  add_int (builder, "target_duration_s", stats.target_duration_s);
  add_int (builder, "publishes", (gint64)counts.publishes_total);
  add_int (builder, "takeovers", (gint64)counts.takeovers_total);
  add_targets (builder, stream);
  json_builder_end_object (builder);
}

/**
 * us_ingest_status_json:
 * @facts: the role
 * @streams: (element-type UsStream): its streams
 *
 * Returns: (transfer full): the body of /healthz
 */
GBytes *
us_ingest_status_json (const UsIngestFacts *facts, GPtrArray *streams) {
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  add_string (builder, "status", facts->is_draining ? "draining" : "ok");
  add_int (builder, "started_ms", us_clock_started_ms ());
  add_int (builder, "connections", facts->connections);
  json_builder_set_member_name (builder, "streams");
  json_builder_begin_array (builder);
  for (guint i = 0; i < streams->len; i++)
    add_stream (builder, streams->pdata[i], facts->now_us);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  char *text = json_to_string (root, FALSE);
  return g_bytes_new_take (text, strlen (text));
}

/* --------------------------------------------------------------------------------- metrics */

typedef double (*StreamValue) (UsStream *stream, gint64 now_us);

static UsSegmenterStats
stats_of (UsStream *stream) {
  UsSegmenterStats stats;
  us_segmenter_get_stats (us_stream_get_segmenter (stream), &stats);
  return stats;
}

static UsStreamCounts
counts_of (UsStream *stream) {
  UsStreamCounts counts;
  us_stream_get_counts (stream, &counts);
  return counts;
}

static double
value_publishing (UsStream *stream, gint64 now_us) {
  return us_stream_get_session (stream) != NULL;
}

static double
value_silent (UsStream *stream, gint64 now_us) {
  const UsSession *session = us_stream_get_session (stream);
  return session != NULL ? (double)(now_us - session->last_media_us) / G_USEC_PER_SEC : 0;
}

static double
value_publishes (UsStream *stream, gint64 now_us) {
  return (double)counts_of (stream).publishes_total;
}

static double
value_takeovers (UsStream *stream, gint64 now_us) {
  return (double)counts_of (stream).takeovers_total;
}

static double
value_epochs (UsStream *stream, gint64 now_us) {
  return (double)stats_of (stream).epochs_total;
}

static double
value_segments (UsStream *stream, gint64 now_us) {
  return (double)stats_of (stream).segments_total;
}

static double
value_number (UsStream *stream, gint64 now_us) {
  return (double)stats_of (stream).number;
}

static double
value_keyframe_interval (UsStream *stream, gint64 now_us) {
  return (double)stats_of (stream).keyframe_interval_ms / 1000.0;
}

static double
value_bitrate (UsStream *stream, gint64 now_us) {
  return (double)stats_of (stream).bitrate_bps;
}

static double
value_ring (UsStream *stream, gint64 now_us) {
  return (double)us_ring_get_bytes (us_segmenter_get_ring (us_stream_get_segmenter (stream)));
}

static const struct {
  const char *name, *type, *help;
  StreamValue value;
} stream_families[] = {
  { "understudy_ingest_publishing", "gauge", "1 while the stream has a publisher",
    value_publishing },
  { "understudy_ingest_publisher_silent_seconds", "gauge", "Since the publisher's last media",
    value_silent },
  { "understudy_ingest_publishes_total", "counter", "Publishers accepted", value_publishes },
  { "understudy_ingest_takeovers_total", "counter", "Silent publishers replaced by another",
    value_takeovers },
  { "understudy_ingest_epochs_total", "counter", "Time lines started", value_epochs },
  { "understudy_ingest_segments_total", "counter", "Segments closed", value_segments },
  { "understudy_ingest_segment_number", "gauge", "Number of the newest segment", value_number },
  { "understudy_ingest_keyframe_interval_seconds", "gauge", "Last distance of key frames",
    value_keyframe_interval },
  { "understudy_ingest_bitrate_bps", "gauge", "Of the last closed segment", value_bitrate },
  { "understudy_ingest_ring_bytes", "gauge", "Memory held by the stream's ring", value_ring },
};

static void
render_tracks (UsExposition *out, GPtrArray *streams) {
  static const char *const names[]
      = { "understudy_ingest_frames_total", "understudy_ingest_bytes_total" };
  for (guint family = 0; family < G_N_ELEMENTS (names); family++) {
    us_exposition_family (out, names[family], "counter",
                          family == 0 ? "Frames received" : "Payload received");
    for (guint i = 0; i < streams->len; i++) {
      UsSegmenter *segmenter = us_stream_get_segmenter (streams->pdata[i]);
      const UsInput *inputs[]
          = { us_segmenter_get_video (segmenter), us_segmenter_get_audio (segmenter) };
      for (guint k = 0; k < G_N_ELEMENTS (inputs); k++)
        us_exposition_sample (out, (double)(family == 0 ? inputs[k]->frames : inputs[k]->bytes),
                              "stream", us_stream_get_name (streams->pdata[i]), "track",
                              inputs[k]->label, NULL);
    }
  }
}

static void
render_drops (UsExposition *out, GPtrArray *streams) {
  us_exposition_family (out, "understudy_ingest_dropped_total", "counter",
                        "Messages not used, by reason");
  for (guint i = 0; i < streams->len; i++) {
    UsSegmenter *segmenter = us_stream_get_segmenter (streams->pdata[i]);
    const UsInput *inputs[]
        = { us_segmenter_get_video (segmenter), us_segmenter_get_audio (segmenter) };
    for (guint k = 0; k < G_N_ELEMENTS (inputs); k++) {
      for (guint reason = 0; reason < US_DROP_N; reason++)
        us_exposition_sample (out, (double)inputs[k]->dropped[reason], "stream",
                              us_stream_get_name (streams->pdata[i]), "track", inputs[k]->label,
                              "reason", us_drop_to_string (reason), NULL);
    }
  }
}

static double
relay_value (const UsRelayStats *stats, guint family) {
  switch (family) {
  case 0:
    return stats->state == US_RELAY_STREAMING;
  case 1:
    return stats->queue_segments;
  case 2:
    return (double)stats->lost_segments;
  case 3:
    return (double)stats->reconnects;
  default:
    return (double)stats->sent_segments;
  }
}

static void
render_relays (UsExposition *out, GPtrArray *streams) {
  static const struct {
    const char *name, *type, *help;
  } families[] = {
    { "understudy_ingest_relay_up", "gauge", "1 while the target takes the stream" },
    { "understudy_ingest_relay_queue_segments", "gauge", "In the ring and not sent yet" },
    { "understudy_ingest_relay_lost_segments_total", "counter", "Segments the target missed" },
    { "understudy_ingest_relay_reconnects_total", "counter", "Connections tried again" },
    { "understudy_ingest_relay_sent_segments_total", "counter", "Segments sent whole" },
  };
  for (guint family = 0; family < G_N_ELEMENTS (families); family++) {
    us_exposition_family (out, families[family].name, families[family].type, families[family].help);
    for (guint i = 0; i < streams->len; i++) {
      GPtrArray *relays = us_stream_get_relays (streams->pdata[i]);
      for (guint k = 0; k < relays->len; k++) {
        UsRelayStats stats;
        us_relay_get_stats (relays->pdata[k], &stats);
        us_exposition_sample (out, relay_value (&stats, family), "stream",
                              us_stream_get_name (streams->pdata[i]), "target",
                              us_relay_get_name (relays->pdata[k]), NULL);
      }
    }
  }
}

static void
render_role (UsExposition *out, const UsIngestFacts *facts, GPtrArray *streams) {
  us_exposition_family (out, "understudy_ingest_connections", "gauge", "RTMP connections open");
  us_exposition_sample (out, facts->connections, NULL);
  us_exposition_family (out, "understudy_ingest_publishes_refused_total", "counter",
                        "Publishers refused or closed for a fault of theirs");
  us_exposition_sample (out, (double)facts->refused_total, "stream", "", NULL);
  for (guint i = 0; i < streams->len; i++)
    us_exposition_sample (out, (double)counts_of (streams->pdata[i]).refused_total, "stream",
                          us_stream_get_name (streams->pdata[i]), NULL);
}

static void
render_limits (UsExposition *out, const UsIngestFacts *facts) {
  us_exposition_family (out, "understudy_ingest_memory_bytes", "gauge",
                        "Held by all streams and half-read messages");
  us_exposition_sample (out, (double)us_memory_total (&facts->memory), NULL);
  us_exposition_family (out, "understudy_ingest_memory_limit_bytes", "gauge",
                        "At which streams are trimmed; 0: no limit");
  us_exposition_sample (out, (double)facts->memory.limit, NULL);
  if (facts->certificate_expiry_s == 0)
    return;
  us_exposition_family (out, "understudy_ingest_certificate_expiry_timestamp_seconds", "gauge",
                        "When the certificate of RTMPS ends");
  us_exposition_sample (out, (double)facts->certificate_expiry_s, NULL);
}

/**
 * us_ingest_status_metrics:
 * @facts: the role
 * @streams: (element-type UsStream): its streams
 *
 * Returns: (transfer full): the body of /metrics
 */
GBytes *
us_ingest_status_metrics (const UsIngestFacts *facts, GPtrArray *streams) {
  UsExposition *out = us_exposition_new ();
  render_role (out, facts, streams);
  us_gate_render (facts->gate, out);
  render_limits (out, facts);
  for (guint family = 0; family < G_N_ELEMENTS (stream_families); family++) {
    us_exposition_family (out, stream_families[family].name, stream_families[family].type,
                          stream_families[family].help);
    for (guint i = 0; i < streams->len; i++)
      us_exposition_sample (out, stream_families[family].value (streams->pdata[i], facts->now_us),
                            "stream", us_stream_get_name (streams->pdata[i]), NULL);
  }
  render_tracks (out, streams);
  render_drops (out, streams);
  render_relays (out, streams);
  us_ingest_status_render_publishers (out, streams);
  us_ingest_status_render_truth (out, streams);
  us_exposition_start_time (out, "ingest");
  return us_exposition_end (out);
}
