/* packager.c - the role: connections, streams, and the road between them
 *
 * relay connection -> assembler -> muxer -> window -> origin, each per stream, all on the main
 * loop. A connection belongs to one stream; a stream outlives its connections, for when ingest
 * reconnects the viewer's playlist must go on. What a stream already holds is told to ingest in
 * the answer to `publish`, and ingest resumes behind it from its ring.
 */
#include "packager/packager.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define US_LOG_TOPIC "packager"
#include "base/clock.h"
#include "base/cores.h"
#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "http/exposition.h"
#include "http/problem.h"
#include "packager/pace.h"
#include "packager/verdict.h"
#include "packager/window.h"

#define TICK_MS 250 /* how often freshness is judged */
/* Segments that may wait for the pipeline beside those of a playlist: ingest repeats the playlist's
 * length and 10 s to a packager that was restarted. What is older than that is of no use. */
#define BACKLOG 24
/* An ingest may have been allowed the longest message that RTMP can say, 0xffffff bytes, and one of
 * sound beside it. What it took in has to come through: it would be sent again for ever. */
#define MAX_MESSAGE_BYTES 0xffffff
#define MAX_PARTIAL_BYTES (2 * (MAX_MESSAGE_BYTES + 1))
/* Relay connections besides one for each stream: leftovers of an ingest that has gone. */
#define SPARE_CONNECTIONS 64

typedef struct {
  UsPackager *packager;
  char *name;
  UsRtmpConnection *connection; /* (nullable) the relay connection that feeds it */
  UsAssembler *assembler;       /* (nullable) of that connection */
  UsMuxer *muxer;
  UsWindow *window;
  guint64 last_taken; /* number of the last raw segment given to the muxer */
  gint64 advanced_us; /* monotonic: the playlist last grew */
  gint64 fed_us;      /* monotonic: the last input */
  gboolean is_ended;  /* the last mark was an end mark */
  UsVerdict verdict;
  guint64 n_segments, n_failed;
  double mux_seconds_sum;
  UsPace pace;
} Stream;

struct UsPackager {
  char *name;
  UsRtmpListener *listener;
  UsOrigin *origin;
  UsMuxerSettings muxer;
  UsTurnstile *turnstile; /* of all muxers */
  guint playlist_length, max_streams, forget_ms;
  gboolean has_self_verdict;
  GHashTable *streams; /* name to Stream */
  GSource *tick;
};

/* --- streams --------------------------------------------------------------------------------- */

static void
show_stream (Stream *stream) {
  UsPackager *packager = stream->packager;
  g_autoptr (GBytes) playlist = us_window_render (stream->window);
  UsOriginStream shown = {
    .name = stream->name,
    .playlist_name = "index.m3u8",
    .playlist = playlist,
    .segments = us_window_get_segments (stream->window),
    .last_number = us_window_get_last_number (stream->window),
    .target_duration_s = us_window_get_target_duration_s (stream->window),
    .unavailable = packager->has_self_verdict ? us_verdict_sentence (stream->verdict) : NULL,
  };
  us_origin_set_stream (packager->origin, &shown);
}

static void
judge (Stream *stream) {
  UsVerdictFacts facts = {
    .has_segments = us_window_get_n_listed (stream->window) > 0,
    .is_connected = stream->connection != NULL,
    .is_ended = stream->is_ended,
    .since_advance_us = g_get_monotonic_time () - stream->advanced_us,
    .target_duration_s = us_window_get_target_duration_s (stream->window),
  };
  UsVerdict verdict = us_verdict (&facts);
  if (verdict == stream->verdict)
    return;
  UsVerdict before = stream->verdict;
  stream->verdict = verdict;
  if (us_verdict_sentence (verdict) != NULL)
    us_event (US_LOG_WARNING, US_EVENT_PACKAGER_SILENT, "stream '%s' is %s: %s", stream->name,
              us_verdict_word (verdict), us_verdict_sentence (verdict));
  else if (us_verdict_sentence (before) != NULL)
    us_event (US_LOG_NOTICE, US_EVENT_ORIGIN_STATE, "stream '%s' is %s again", stream->name,
              us_verdict_word (verdict));
  show_stream (stream);
}

static void
tell_pace (Stream *stream, UsPaceNews news) {
  if (news == US_PACE_TOO_SLOW)
    us_event (
        US_LOG_WARNING, US_EVENT_PACKAGER_SLOW,
        "stream '%s': the pipeline falls behind: %u segments are waiting, of at most %u, then "
        "whole ones are left out; work per second of media: %.2f s",
        stream->name, us_muxer_get_n_waiting (stream->muxer), stream->packager->muxer.max_waiting,
        stream->pace.ratio);
  else if (news == US_PACE_GOOD)
    us_event (US_LOG_NOTICE, US_EVENT_PACKAGER_SLOW,
              "stream '%s': the pipeline keeps up again; work per second of media: %.2f s",
              stream->name, stream->pace.ratio);
}

static void
learn_pace (Stream *stream, const UsRawSegment *raw) {
  gint64 run_us = us_muxer_get_run_us (stream->muxer);
  gint64 duration_us = (raw->end_ms - raw->open.media_ms) * 1000;
  guint n_waiting = us_muxer_get_n_waiting (stream->muxer);
  tell_pace (stream, run_us < 0 ? us_pace_lose (&stream->pace)
                                : us_pace_take (&stream->pace, run_us, duration_us, n_waiting));
}

static void
on_muxed (const UsRawSegment *raw, GBytes *bytes, const GError *error, gpointer user_data) {
  Stream *stream = user_data;
  learn_pace (stream, raw);
  if (bytes == NULL) {
    stream->n_failed++;
    us_warning ("stream '%s': segment %" G_GUINT64_FORMAT " could not be made: %s", stream->name,
                raw->open.number, error->message);
    return;
  }
  g_autoptr (UsSegment) segment = us_segment_new (raw->open.epoch, raw->open.number, NULL, bytes);
  segment->duration_us = (raw->end_ms - raw->open.media_ms) * 1000;
  segment->wall_ms = raw->open.wall_ms;
  segment->discontinuity = raw->discontinuity;
  segment->is_discontinuous = raw->is_discontinuous;
  if (!us_window_append (stream->window, segment, raw->target_duration_s)) {
    us_warning ("stream '%s': segment %" G_GUINT64_FORMAT " comes after %" G_GUINT64_FORMAT
                " and is dropped",
                stream->name, segment->number, us_window_get_last_number (stream->window));
    return;
  }
  stream->n_segments++;
  stream->advanced_us = g_get_monotonic_time ();
  stream->mux_seconds_sum += (double)(stream->advanced_us - raw->completed_us) / 1e6;
  judge (stream);
  show_stream (stream);
}

static void
stream_free (gpointer data) {
  Stream *stream = data;
  g_clear_pointer (&stream->muxer, us_muxer_free);
  g_clear_pointer (&stream->assembler, us_assembler_free);
  g_clear_pointer (&stream->window, us_window_free);
  g_free (stream->name);
  g_free (stream);
}

static Stream *
ensure_stream (UsPackager *packager, const char *name) {
  Stream *stream = g_hash_table_lookup (packager->streams, name);
  if (stream != NULL || g_hash_table_size (packager->streams) >= packager->max_streams)
    return stream;
  stream = g_new0 (Stream, 1);
  stream->packager = packager;
  stream->name = g_strdup (name);
  stream->window = us_window_new (packager->playlist_length);
  stream->muxer = us_muxer_new (&packager->muxer, on_muxed, stream);
  stream->advanced_us = stream->fed_us = g_get_monotonic_time ();
  stream->verdict = US_VERDICT_STARTING;
  g_hash_table_insert (packager->streams, stream->name, stream);
  show_stream (stream);
  return stream;
}

/* --- relay connections ----------------------------------------------------------------------- */

static void
take (Stream *stream, UsRawSegment *raw) {
  if (raw->open.number <= stream->last_taken) {
    us_raw_segment_free (raw);
    return;
  }
  stream->last_taken = raw->open.number;
  raw->completed_us = stream->fed_us;
  us_muxer_push (stream->muxer, raw);
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data) {
  Stream *stream = user_data;
  g_autoptr (GError) error = NULL;
  UsRawSegment *raw = us_assembler_push (stream->assembler, message, &error);
  stream->fed_us = g_get_monotonic_time ();
  stream->is_ended = us_assembler_is_ended (stream->assembler);
  if (error != NULL) {
    us_rtmp_connection_refuse (connection, "NetStream.Publish.Denied", error->message);
    return;
  }
  if (raw != NULL)
    take (stream, raw);
  if (stream->is_ended)
    us_muxer_rest (stream->muxer);
}

static void
on_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason,
           gpointer user_data) {
  Stream *stream = user_data;
  if (stream->connection != connection)
    return;
  stream->connection = NULL;
  g_clear_pointer (&stream->assembler, us_assembler_free);
  us_muxer_rest (stream->muxer);
  us_event (stream->is_ended ? US_LOG_INFO : US_LOG_WARNING, US_EVENT_RELAY_DOWN,
            "stream '%s': the relay from %s ended%s (%s)", stream->name,
            us_rtmp_connection_get_peer (connection),
            stream->is_ended ? "" : " in the middle of the stream", reason);
}

static const UsRtmpHandler stream_handler = { NULL, on_media, on_closed };
/* A connection that lost its stream to a newer one, or never had one. */
static const UsRtmpHandler idle_handler = { NULL, NULL, NULL };

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data) {
  UsPackager *packager = user_data;
  const char *name = *publish->key != '\0' ? publish->key : publish->app;
  Stream *stream = *name != '\0' ? ensure_stream (packager, name) : NULL;
  if (stream == NULL) {
    us_rtmp_connection_refuse (connection, "NetStream.Publish.Denied",
                               *name != '\0' ? "This packager has as many streams as it may have."
                                             : "The stream has no name.");
    return;
  }
  if (stream->connection != NULL) {
    /* Only ingest publishes here, and it opens one connection per stream: an older one is a
     * leftover that has not noticed its end yet. */
    UsRtmpConnection *old = g_steal_pointer (&stream->connection);
    us_rtmp_connection_set_handler (old, &idle_handler, NULL);
    us_rtmp_connection_refuse (old, "NetStream.Publish.Denied",
                               "replaced by a newer relay connection");
  }
  g_clear_pointer (&stream->assembler, us_assembler_free);
  stream->assembler = us_assembler_new ();
  stream->connection = connection;
  us_rtmp_connection_set_handler (connection, &stream_handler, stream);

  g_autoptr (UsAmf0) info = us_amf0_new_object ();
  us_amf0_set (info, US_MARK_RESUME, us_amf0_new_number ((double)stream->last_taken));
  us_event (US_LOG_INFO, US_EVENT_RELAY_UP,
            "stream '%s': relay from %s, holding %" G_GUINT64_FORMAT, stream->name,
            us_rtmp_connection_get_peer (connection), stream->last_taken);
  us_rtmp_connection_accept (connection, info);
}

static void
on_connection (UsRtmpConnection *connection, gpointer user_data) {
  static const UsRtmpHandler handler = { on_publish, NULL, NULL };
  us_rtmp_connection_set_handler (connection, &handler, user_data);
}

/* --- the clock ------------------------------------------------------------------------------- */

static gboolean
on_tick (gpointer user_data) {
  UsPackager *packager = user_data;
  gint64 now_us = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, packager->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Stream *stream = value;
    judge (stream);
    if (stream->connection == NULL && us_muxer_get_n_waiting (stream->muxer) == 0
        && now_us - stream->fed_us > (gint64)packager->forget_ms * 1000) {
      us_info ("stream '%s' is forgotten after %u s without input", stream->name,
               packager->forget_ms / 1000);
      us_origin_remove_stream (packager->origin, stream->name, "index.m3u8");
      g_hash_table_iter_remove (&iter);
    }
  }
  return G_SOURCE_CONTINUE;
}

/* --- what an operator asks ------------------------------------------------------------------- */

static void
add_stream_json (JsonBuilder *builder, const Stream *stream) {
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, stream->name);
  json_builder_set_member_name (builder, "state");
  json_builder_add_string_value (builder, us_verdict_word (stream->verdict));
  json_builder_set_member_name (builder, "connected");
  json_builder_add_boolean_value (builder, stream->connection != NULL);
  json_builder_set_member_name (builder, "last_number");
  json_builder_add_int_value (builder, (gint64)us_window_get_last_number (stream->window));
  json_builder_set_member_name (builder, "listed");
  json_builder_add_int_value (builder, us_window_get_n_listed (stream->window));
  json_builder_set_member_name (builder, "target_duration_s");
  json_builder_add_int_value (builder, us_window_get_target_duration_s (stream->window));
  json_builder_set_member_name (builder, "since_advance_s");
  json_builder_add_double_value (builder, (double)(g_get_monotonic_time () - stream->advanced_us)
                                              / G_USEC_PER_SEC);
  json_builder_set_member_name (builder, "segments");
  json_builder_add_int_value (builder, (gint64)stream->n_segments);
  json_builder_set_member_name (builder, "failed_segments");
  json_builder_add_int_value (builder, (gint64)stream->n_failed);
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (builder, (gint64)us_window_get_bytes (stream->window));
  json_builder_end_object (builder);
}

static void
on_get_health (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsPackager *packager = user_data;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  GHashTableIter iter;
  gpointer value;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder, "ok");
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, packager->name);
  json_builder_set_member_name (builder, "started_ms");
  json_builder_add_int_value (builder, us_clock_started_ms ());
  json_builder_set_member_name (builder, "streams");
  json_builder_begin_array (builder);
  g_hash_table_iter_init (&iter, packager->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    add_stream_json (builder, value);
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  char *text = json_to_string (root, FALSE);
  response->status = 200;
  response->content_type = "application/json";
  response->cache_control = "no-store";
  response->body = g_bytes_new_take (text, strlen (text));
}

enum {
  METRIC_SEGMENTS,
  METRIC_FAILED,
  METRIC_RETRIED,
  METRIC_MUX_SECONDS,
  METRIC_PACE,
  METRIC_WAITING,
  METRIC_MISSING,
  METRIC_SINCE_ADVANCE,
  METRIC_LAST_NUMBER,
  METRIC_BYTES,
  METRIC_FRESH,
  N_METRICS,
};

static void
measure (const Stream *stream, double values[N_METRICS]) {
  gint64 since_us = g_get_monotonic_time () - stream->advanced_us;
  values[METRIC_SEGMENTS] = (double)stream->n_segments;
  values[METRIC_FAILED] = (double)stream->n_failed;
  values[METRIC_RETRIED] = (double)us_muxer_get_n_retried (stream->muxer);
  values[METRIC_MUX_SECONDS] = stream->mux_seconds_sum;
  values[METRIC_PACE] = stream->pace.ratio;
  values[METRIC_WAITING] = (double)us_muxer_get_n_waiting (stream->muxer);
  values[METRIC_MISSING] = (double)us_muxer_get_n_missing (stream->muxer);
  values[METRIC_SINCE_ADVANCE] = (double)since_us / G_USEC_PER_SEC;
  values[METRIC_LAST_NUMBER] = (double)us_window_get_last_number (stream->window);
  values[METRIC_BYTES] = (double)us_window_get_bytes (stream->window);
  values[METRIC_FRESH] = stream->verdict == US_VERDICT_FRESH ? 1 : 0;
}

static void
on_get_metrics (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  static const struct {
    const char *name, *type, *help;
  } families[N_METRICS] = {
    [METRIC_SEGMENTS] = { "understudy_packager_segments_total", "counter", "Segments finished." },
    [METRIC_FAILED] = { "understudy_packager_failed_segments_total", "counter",
                        "Segments that could not be made." },
    [METRIC_RETRIED] = { "understudy_packager_retried_runs_total", "counter",
                         "Pipeline runs that failed and were done once more." },
    [METRIC_MUX_SECONDS] = { "understudy_packager_mux_seconds_total", "counter",
                             "Time from a complete raw segment to its listing, summed." },
    [METRIC_PACE] = { "understudy_packager_encode_ratio", "gauge",
                      "Work and wait of the pipeline per media time; above 1 it falls behind." },
    [METRIC_WAITING] = { "understudy_packager_waiting_segments", "gauge",
                         "Segments that wait for the pipeline, with the one in it." },
    [METRIC_MISSING] = { "understudy_packager_missing_pictures_total", "counter",
                         "Pictures that could not be encoded again." },
    [METRIC_SINCE_ADVANCE]
    = { "understudy_packager_since_advance_seconds", "gauge", "Since the playlist last grew." },
    [METRIC_LAST_NUMBER]
    = { "understudy_packager_last_number", "gauge", "Media sequence number of the last segment." },
    [METRIC_BYTES]
    = { "understudy_packager_window_bytes", "gauge", "Bytes of all segments that are kept." },
    [METRIC_FRESH]
    = { "understudy_packager_fresh", "gauge", "1 while the playlist is served as fresh." },
  };
  UsPackager *packager = user_data;
  UsExposition *exposition = us_exposition_new ();
  for (guint i = 0; i < G_N_ELEMENTS (families); i++) {
    GHashTableIter iter;
    gpointer value;
    us_exposition_family (exposition, families[i].name, families[i].type, families[i].help);
    g_hash_table_iter_init (&iter, packager->streams);
    while (g_hash_table_iter_next (&iter, NULL, &value)) {
      const Stream *stream = value;
      double values[N_METRICS];
      measure (stream, values);
      us_exposition_sample (exposition, values[i], "packager", packager->name, "stream",
                            stream->name, NULL);
    }
  }
  us_exposition_start_time (exposition, "packager");
  response->status = 200;
  response->content_type = US_EXPOSITION_CONTENT_TYPE;
  response->cache_control = "no-store";
  response->body = us_exposition_end (exposition);
}

/* --- life ------------------------------------------------------------------------------------ */

/**
 * us_packager_settings_default:
 * @settings: filled
 */
void
us_packager_settings_default (UsPackagerSettings *settings) {
  *settings = (UsPackagerSettings){
    .name = "primary",
    .rtmp = { .address = "127.0.0.1", .inherited_fd = -1 },
    .playlist_length = 10,
    .max_streams = 64,
    .forget_ms = 600 * 1000,
    .has_self_verdict = TRUE,
  };
  us_rtmp_limits_default (&settings->rtmp.limits);
  settings->rtmp.limits.max_message_bytes = MAX_MESSAGE_BYTES;
  settings->rtmp.limits.max_partial_bytes = MAX_PARTIAL_BYTES;
  us_origin_settings_default (&settings->origin);
  us_muxer_settings_default (&settings->muxer);
}

/**
 * us_packager_new:
 * @settings: copied; connections are as many as its streams need
 * @error: set when a port cannot be had or the pipeline text cannot be used
 *
 * Returns: (transfer full): a packager that listens on both ports
 */
UsPackager *
us_packager_new (const UsPackagerSettings *settings, GError **error) {
  gboolean is_encoding = FALSE;
  if (!us_muxer_check (&settings->muxer, &is_encoding, error))
    return NULL;
  UsPackager *packager = g_new0 (UsPackager, 1);
  packager->name = g_strdup (settings->name);
  packager->muxer = settings->muxer;
  packager->muxer.folder = g_strdup (settings->muxer.folder);
  packager->muxer.name = g_strdup (settings->muxer.name);
  packager->muxer.max_waiting
      = MIN (settings->muxer.max_waiting, settings->playlist_length + BACKLOG);
  packager->turnstile = us_turnstile_new (us_turnstile_size (us_cores_of_machine (), is_encoding));
  packager->muxer.turnstile = packager->turnstile;
  packager->playlist_length = settings->playlist_length;
  packager->max_streams = settings->max_streams;
  packager->forget_ms = settings->forget_ms;
  packager->has_self_verdict = settings->has_self_verdict;
  packager->streams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, stream_free);

  packager->origin = us_origin_new (&settings->origin, error);
  if (packager->origin != NULL) {
    UsHttpServer *server = us_origin_get_server (packager->origin);
    us_http_server_add_handler (server, "/healthz", "GET", on_get_health, packager);
    us_http_server_add_handler (server, "/metrics", "GET", on_get_metrics, packager);
    UsRtmpListenerSettings rtmp = settings->rtmp;
    rtmp.max_connections = settings->max_streams + SPARE_CONNECTIONS;
    if (us_origin_start (packager->origin, error))
      packager->listener = us_rtmp_listener_new (&rtmp, on_connection, packager, error);
  }
  if (packager->listener == NULL) {
    us_packager_free (packager);
    return NULL;
  }
  us_timer_start (&packager->tick, TICK_MS, "packager tick", on_tick, packager);
  return packager;
}

guint16
us_packager_get_rtmp_port (UsPackager *packager) {
  return us_rtmp_listener_get_port (packager->listener);
}

guint16
us_packager_get_http_port (UsPackager *packager) {
  return us_http_server_get_port (us_origin_get_server (packager->origin));
}

/**
 * us_packager_drain:
 * @packager: the packager
 *
 * Closes the relay connections and takes no new ones; what is finished stays served.
 */
void
us_packager_drain (UsPackager *packager) {
  g_clear_pointer (&packager->listener, us_rtmp_listener_free);
}

/**
 * us_packager_free:
 * @packager: (nullable) (transfer full): the packager
 */
void
us_packager_free (UsPackager *packager) {
  if (packager == NULL)
    return;
  us_timer_stop (&packager->tick);
  g_clear_pointer (&packager->listener, us_rtmp_listener_free);
  g_clear_pointer (&packager->origin, us_origin_free);
  g_hash_table_unref (packager->streams);
  us_turnstile_free (packager->turnstile);
  g_free ((char *)packager->muxer.folder);
  g_free ((char *)packager->muxer.name);
  g_free (packager->name);
  g_free (packager);
}
