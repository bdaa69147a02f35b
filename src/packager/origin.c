/* origin.c - from windows to a published site
 *
 * Owned by the role; main loop only. Each change of a stream is kept here and the site is built
 * and published once per loop iteration, so that a burst of segments (a packager that catches up)
 * costs one publication. A site holds every segment of every stream; with hundreds of streams
 * building one takes milliseconds, and there is one to build for each segment. So the next one
 * waits for some times as long as the last one took: nothing with a few streams, some 10 ms with
 * 200. The HTTP threads never see anything but the finished, immutable site.
 */
#include "packager/origin.h"

#include <json-glib/json-glib.h>
#include <time.h>

#include "base/names.h"
#include "base/timer.h"
#include "hls/segment.h"
#include "http/site.h"

/* A publication may take a fifth of the main loop's time, and another waits no longer than that. */
#define PAUSE_PER_COST 4
#define MAX_PAUSE_US 50000

typedef struct {
  char *name;
  char *playlist_name;
  GBytes *playlist;
  GPtrArray *segments;
  guint64 last_number;
  guint target_duration_s;
  const char *unavailable;
} Stream;

struct UsOrigin {
  UsHttpServer *server;
  char *default_stream;
  guint unknown_stream_ms;
  GHashTable *streams; /* "name/playlist" to Stream */
  GSource *publish;    /* (nullable) pending publication */
  gint64 earliest_us;  /* monotonic: of the next one */
};

static void
stream_free (gpointer data) {
  Stream *stream = data;
  g_free (stream->name);
  g_free (stream->playlist_name);
  g_clear_pointer (&stream->playlist, g_bytes_unref);
  g_clear_pointer (&stream->segments, g_ptr_array_unref);
  g_free (stream);
}

static const char *
content_type_of (const char *name) {
  static const struct {
    const char *suffix, *type;
  } types[] = {
    { ".ts", "video/mp2t" },
    { ".m4s", "video/iso.segment" },
    { ".mp4", "video/mp4" },
    { ".m4a", "audio/mp4" },
    { ".aac", "audio/aac" },
    { ".vtt", "text/vtt" },
    { ".m3u8", "application/vnd.apple.mpegurl" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    if (g_str_has_suffix (name, types[i].suffix))
      return types[i].type;
  }
  return "application/octet-stream";
}

static void
publish_now (UsOrigin *origin) {
  UsSite *site = us_site_new ();
  GHashTableIter iter;
  gpointer value;
  guint hold_ms = 0;

  g_hash_table_iter_init (&iter, origin->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Stream *stream = value;
    UsSiteStream entry = {
      .name = stream->name,
      .is_default = g_str_equal (stream->name, origin->default_stream),
      .playlist_name = stream->playlist_name,
      .playlist = stream->playlist,
      .last_number = stream->last_number,
      .target_duration_s = stream->target_duration_s,
      .unavailable = stream->unavailable,
    };
    us_site_add_stream (site, &entry);
    for (guint i = 0; stream->segments != NULL && i < stream->segments->len; i++) {
      const UsSegment *segment = g_ptr_array_index (stream->segments, i);
      us_site_add_segment (site, stream->name, segment->name, segment->bytes, segment->etag,
                           content_type_of (segment->name));
    }
    hold_ms = MAX (hold_ms, stream->target_duration_s * 2000);
  }
  us_site_set_patience (site, origin->unknown_stream_ms, hold_ms);
  us_http_server_publish (origin->server, site, (GDestroyNotify)us_site_free);
}

/* Time on a core: on a busy machine the clock would count what others take. */
static gint64
worked_us (void) {
  struct timespec now = { 0 };
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gboolean
on_publish (gpointer user_data) {
  UsOrigin *origin = user_data;
  gint64 before_us = worked_us ();
  us_timer_stop (&origin->publish);
  publish_now (origin);
  gint64 pause_us = PAUSE_PER_COST * (worked_us () - before_us);
  origin->earliest_us = g_get_monotonic_time () + MIN (pause_us, MAX_PAUSE_US);
  return G_SOURCE_REMOVE;
}

static void
schedule_publish (UsOrigin *origin) {
  gint64 pause_us = MAX (origin->earliest_us - g_get_monotonic_time (), 0);
  us_timer_start (&origin->publish, (guint)(pause_us / 1000), "origin publish", on_publish, origin);
}

/* GET /streams: what is here to be followed; the switcher asks for it. */
static void
on_get_streams (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsOrigin *origin = user_data;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer value;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "streams");
  json_builder_begin_array (builder);
  g_hash_table_iter_init (&iter, origin->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Stream *stream = value;
    if (g_hash_table_add (names, stream->name))
      json_builder_add_string_value (builder, stream->name);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  char *text = json_to_string (root, FALSE);
  response->status = 200;
  response->content_type = "application/json";
  response->cache_control = "no-store";
  response->body = g_bytes_new_take (text, strlen (text));
}

/**
 * us_origin_settings_default:
 * @settings: filled
 */
void
us_origin_settings_default (UsOriginSettings *settings) {
  us_http_server_settings_default (&settings->http);
  settings->default_stream = US_DEFAULT_STREAM;
  settings->unknown_stream_ms = 0;
}

/**
 * us_origin_new:
 * @settings: copied
 * @error: set when the server cannot be made
 *
 * Returns: (transfer full): an origin that does not listen yet
 */
UsOrigin *
us_origin_new (const UsOriginSettings *settings, GError **error) {
  g_autoptr (UsHttpServer) server = us_http_server_new (&settings->http, error);
  if (server == NULL)
    return NULL;
  UsOrigin *origin = g_new0 (UsOrigin, 1);
  origin->server = g_steal_pointer (&server);
  origin->default_stream = g_strdup (settings->default_stream);
  origin->unknown_stream_ms = settings->unknown_stream_ms;
  origin->streams = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stream_free);
  us_http_server_add_responder (origin->server, "/hls/", us_site_respond);
  us_http_server_add_handler (origin->server, "/streams", "GET", on_get_streams, origin);
  publish_now (origin);
  return origin;
}

/**
 * us_origin_get_server:
 * @origin: the origin
 *
 * Returns: (transfer none): its server, for further routes and for its port
 */
UsHttpServer *
us_origin_get_server (UsOrigin *origin) {
  return origin->server;
}

/**
 * us_origin_start:
 * @origin: the origin
 * @error: set when the port cannot be had
 *
 * Returns: %TRUE when it listens
 */
gboolean
us_origin_start (UsOrigin *origin, GError **error) {
  return us_http_server_start (origin->server, error);
}

/**
 * us_origin_set_stream:
 * @origin: the origin
 * @stream: what to serve from the next loop iteration on, in place of what was there
 */
void
us_origin_set_stream (UsOrigin *origin, const UsOriginStream *stream) {
  Stream *copy = g_new0 (Stream, 1);
  copy->name = g_strdup (stream->name);
  copy->playlist_name = g_strdup (stream->playlist_name);
  copy->playlist = stream->playlist != NULL ? g_bytes_ref (stream->playlist) : NULL;
  copy->last_number = stream->last_number;
  copy->target_duration_s = stream->target_duration_s;
  copy->unavailable = stream->unavailable;
  copy->segments = g_ptr_array_new_with_free_func ((GDestroyNotify)us_segment_unref);
  for (guint i = 0; stream->segments != NULL && i < stream->segments->len; i++)
    g_ptr_array_add (copy->segments, us_segment_ref (g_ptr_array_index (stream->segments, i)));
  g_hash_table_replace (origin->streams,
                        g_strconcat (stream->name, "/", stream->playlist_name, NULL), copy);
  schedule_publish (origin);
}

/**
 * us_origin_remove_stream:
 * @origin: the origin
 * @name: the stream
 * @playlist_name: its playlist
 */
void
us_origin_remove_stream (UsOrigin *origin, const char *name, const char *playlist_name) {
  g_autofree char *key = g_strconcat (name, "/", playlist_name, NULL);
  if (g_hash_table_remove (origin->streams, key))
    schedule_publish (origin);
}

/**
 * us_origin_free:
 * @origin: (nullable) (transfer full): the origin; connections are closed
 */
void
us_origin_free (UsOrigin *origin) {
  if (origin == NULL)
    return;
  us_timer_stop (&origin->publish);
  g_clear_pointer (&origin->server, us_http_server_free);
  g_hash_table_unref (origin->streams);
  g_free (origin->default_stream);
  g_free (origin);
}
