/* ingest.c - listener, streams by name, status, and the order of going away
 *
 * One main loop, no threads of its own; owned by `understudy ingest`. Connections become sessions
 * (UsSession), a publish gives a session its stream, once the gate has said which. A session
 * lives as long as its connection, a stream a minute longer than its last publisher, numbering for
 * ever (state.c).
 *
 * us_ingest_drain() ends in order: publishers are closed, so that their last segments close and go
 * out with an end mark; new publishers are refused meanwhile.
 */
#define US_LOG_TOPIC "ingest"
#include "ingest/ingest.h"

#include "base/log.h"
#include "base/names.h"
#include "http/exposition.h"
#include "ingest/status.h"
#include "rtmp/tls-files.h"
#include "base/timer.h"

#define TICK_MS 1000
#define DRAIN_CHECK_MS 20

struct UsIngest {
  const UsClock *clock;
  UsStreamSettings stream_settings;
  char *default_stream;
  GStrv relay_urls, push_urls;
  GTlsDatabase *push_authorities; /* nullable */
  guint max_streams;
  UsState *state;
  UsGate *gate;
  UsRtmpTlsFiles *certificate; /* nullable */
  UsMemory memory;
  gboolean is_memory_told; /* that it is full */
  GPtrArray *streams;      /* element-type UsStream */
  GHashTable *sessions;    /* set of Guest, owned */
  UsRtmpListener *listener;
  UsHttpServer *status;
  GSource *tick;
  guint64 refused_total;

  gboolean is_draining;
  GSource *drain_check;
  gint64 drain_deadline_us;
  void (*drain_done) (gpointer user_data);
  gpointer drain_data;
};

/* --------------------------------------------------------------------------------- sessions */

/* A session, and what it was let in by. */
typedef struct {
  UsSession session; /* first: the stream knows only this */
  UsPass *pass;      /* nullable: has asked to publish */
} Guest;

static void
guest_free (gpointer data) {
  Guest *guest = data;
  us_pass_free (guest->pass);
  g_free (guest->session.peer);
  g_free (guest->session.encoder);
  g_free (guest->session.enhanced);
  g_free (guest->session.key_id);
  g_free (guest);
}

static void
refuse (UsIngest *ingest, UsSession *session, const char *text) {
  ingest->refused_total++;
  us_event (US_LOG_WARNING, US_EVENT_PUBLISH_REFUSED, "publisher %s refused: %s", session->peer,
            text);
  us_rtmp_connection_refuse (session->connection, "NetStream.Publish.Denied", text);
}

static UsStream *
find_stream (UsIngest *ingest, const char *name) {
  for (guint i = 0; i < ingest->streams->len; i++) {
    if (g_str_equal (us_stream_get_name (ingest->streams->pdata[i]), name))
      return ingest->streams->pdata[i];
  }
  return NULL;
}

/* A stream that only lingers; one that still owes its targets something goes last. */
static UsStream *
find_lingering (UsIngest *ingest) {
  UsStream *found = NULL;
  for (guint i = 0; i < ingest->streams->len; i++) {
    UsStream *stream = ingest->streams->pdata[i];
    if (us_stream_get_session (stream) != NULL)
      continue;
    if (us_stream_is_drained (stream))
      return stream;
    found = found != NULL ? found : stream;
  }
  return found;
}

static gboolean
make_room (UsIngest *ingest) {
  if (ingest->streams->len < ingest->max_streams)
    return TRUE;
  UsStream *stream = find_lingering (ingest);
  return stream != NULL && g_ptr_array_remove (ingest->streams, stream);
}

/* Lingering streams go before anything else is lost. */
static UsMemoryVerdict
judge_memory (UsIngest *ingest) {
  for (;;) {
    us_memory_measure (&ingest->memory, ingest->streams,
                       us_rtmp_listener_get_partial_bytes (ingest->listener));
    UsMemoryVerdict verdict = us_memory_judge (&ingest->memory);
    UsStream *lingering = verdict != US_MEMORY_FINE ? find_lingering (ingest) : NULL;
    if (lingering == NULL)
      return verdict;
    g_ptr_array_remove (ingest->streams, lingering);
  }
}

static void
keep_memory (UsIngest *ingest) {
  UsMemoryVerdict verdict = judge_memory (ingest);
  if (verdict == US_MEMORY_OVER) {
    if (!ingest->is_memory_told)
      us_event (US_LOG_WARNING, US_EVENT_MEMORY_FULL,
                "streams hold %.0f MB, of %.0f allowed (memory-megabytes): the oldest segments go, "
                "and packagers that come back may miss some",
                (double)us_memory_total (&ingest->memory) / 1e6,
                (double)ingest->memory.limit / 1e6);
    us_memory_trim (&ingest->memory, ingest->streams);
  }
  ingest->is_memory_told = verdict != US_MEMORY_FINE;
}

static void
give_stream (UsIngest *ingest, UsSession *session, const char *name) {
  UsStream *stream = find_stream (ingest, name);
  if (stream == NULL && !make_room (ingest)) {
    g_autofree char *text = g_strdup_printf ("there are %u streams already, which is max-streams",
                                             ingest->max_streams);
    refuse (ingest, session, text);
    return;
  }
  if (stream == NULL && judge_memory (ingest) != US_MEMORY_FINE) {
    refuse (ingest, session, "the server's memory for streams is full (memory-megabytes)");
    return;
  }
  if (stream == NULL) {
    stream = us_stream_new (name, &ingest->stream_settings, ingest->state, ingest->clock);
    g_ptr_array_add (ingest->streams, stream);
  }
  us_stream_publish (stream, session);
}

static void
on_judged (const UsGateResult *result, gpointer user_data) {
  UsSession *session = user_data;
  UsIngest *ingest = session->owner;
  if (!result->is_admitted) {
    ingest->refused_total++;
    us_rtmp_connection_refuse (session->connection, "NetStream.Publish.Denied", result->text);
    return;
  }
  if (ingest->is_draining) {
    refuse (ingest, session, "this server is shutting down");
    return;
  }
  session->priority = result->priority;
  session->key_id = g_strdup (result->key_id);
  give_stream (ingest, session, result->stream);
}

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data) {
  Guest *guest = user_data;
  UsSession *session = &guest->session;
  UsIngest *ingest = session->owner;
  g_free (session->encoder);
  session->encoder = g_strdup (publish->encoder);
  g_free (session->enhanced);
  session->enhanced = g_strdup (publish->enhanced);
  if (ingest->is_draining)
    refuse (ingest, session, "this server is shutting down");
  else if (guest->pass == NULL)
    guest->pass = us_gate_ask (ingest->gate, publish, us_rtmp_connection_get_host (connection),
                               session->peer, on_judged, session);
}

/* By its key's name a publisher is known to those who come with the same key, too. */
static void
take_key_id (UsSession *session, const UsPass *pass) {
  const char *key_id = us_pass_get_key_id (pass);
  if (g_strcmp0 (session->key_id, key_id) == 0)
    return;
  g_free (session->key_id);
  session->key_id = g_strdup (key_id);
}

/* Publishers whose keys are no longer good have to go; the others may have another priority, or
 * their keys another name. */
static void
review_guests (UsIngest *ingest, gboolean is_changed) {
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, ingest->sessions);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    Guest *guest = key;
    UsSession *session = &guest->session;
    if (session->stream == NULL || guest->pass == NULL)
      continue;
    const char *why = us_pass_review (guest->pass, is_changed, &session->priority);
    if (why == NULL) {
      take_key_id (session, guest->pass);
      continue;
    }
    us_event (US_LOG_NOTICE, US_EVENT_KEY_WITHDRAWN, "%s: publisher %s has to go: %s (key %s)",
              us_stream_get_name (session->stream), session->peer, why, session->key_id);
    us_rtmp_connection_refuse (session->connection, "NetStream.Publish.Denied",
                               "the stream key is not valid any more");
  }
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data) {
  UsSession *session = user_data;
  if (session->stream != NULL)
    us_stream_media (session->stream, session, message);
}

static void
on_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason,
           gpointer user_data) {
  UsSession *session = user_data;
  UsIngest *ingest = session->owner;
  if (session->stream != NULL)
    us_stream_session_closed (session->stream, session, reason);
  g_hash_table_remove (ingest->sessions, session);
}

static void
on_connection (UsRtmpConnection *connection, gpointer user_data) {
  static const UsRtmpHandler handler = { on_publish, on_media, on_closed };
  UsIngest *ingest = user_data;
  Guest *guest = g_new0 (Guest, 1);
  UsSession *session = &guest->session;
  session->owner = ingest;
  session->connection = connection;
  session->peer = g_strdup (us_rtmp_connection_get_peer (connection));
  g_hash_table_add (ingest->sessions, session);
  us_rtmp_connection_set_handler (connection, &handler, session);
}

/* ---------------------------------------------------------------------------- time and status */

static gboolean
on_tick (gpointer user_data) {
  UsIngest *ingest = user_data;
  review_guests (ingest, us_gate_poll (ingest->gate));
  if (ingest->certificate != NULL && us_rtmp_tls_files_poll (ingest->certificate))
    us_rtmp_listener_set_identity (ingest->listener, us_rtmp_tls_files_get (ingest->certificate));
  keep_memory (ingest);
  for (guint i = ingest->streams->len; i-- > 0;) {
    UsStream *stream = ingest->streams->pdata[i];
    us_stream_tick (stream);
    if (us_stream_is_expired (stream))
      g_ptr_array_remove_index (ingest->streams, i);
  }
  if (us_state_is_dirty (ingest->state))
    us_state_flush (ingest->state);
  return G_SOURCE_CONTINUE;
}

static UsIngestFacts
collect_facts (UsIngest *ingest) {
  return (UsIngestFacts){
    .now_us = us_clock_monotonic_us (ingest->clock),
    .is_draining = ingest->is_draining,
    .connections = us_rtmp_listener_get_n_connections (ingest->listener),
    .refused_total = ingest->refused_total,
    .gate = ingest->gate,
    .memory = ingest->memory,
    .certificate_expiry_s = ingest->certificate != NULL ? us_rtmp_tls_identity_get_expiry_s (
                                us_rtmp_tls_files_get (ingest->certificate))
                                                        : 0,
  };
}

static void
on_healthz (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsIngest *ingest = user_data;
  UsIngestFacts facts = collect_facts (ingest);
  response->status = 200;
  response->content_type = "application/json";
  response->cache_control = "no-store";
  response->body = us_ingest_status_json (&facts, ingest->streams);
}

static void
on_metrics (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsIngest *ingest = user_data;
  UsIngestFacts facts = collect_facts (ingest);
  response->status = 200;
  response->content_type = US_EXPOSITION_CONTENT_TYPE;
  response->cache_control = "no-store";
  response->body = us_ingest_status_metrics (&facts, ingest->streams);
}

static gboolean
start_status (UsIngest *ingest, const UsHttpServerSettings *settings, GError **error) {
  ingest->status = us_http_server_new (settings, error);
  if (ingest->status == NULL)
    return FALSE;
  us_http_server_add_handler (ingest->status, "/healthz", "GET", on_healthz, ingest);
  us_http_server_add_handler (ingest->status, "/metrics", "GET", on_metrics, ingest);
  return us_http_server_start (ingest->status, error);
}

/* ------------------------------------------------------------------------------------ public */

/**
 * us_ingest_settings_default:
 * @settings: (out): port 1936 on all addresses, 2 s segments, status on loopback, any port
 */
void
us_ingest_settings_default (UsIngestSettings *settings) {
  *settings = (UsIngestSettings){
    .rtmp = { .address = "0.0.0.0",
              .port = 1936,
              .inherited_fd = -1,
              .max_connections = 512,
              .max_per_address = 64,
              .is_loopback_free = TRUE,
              .tls_inherited_fd = -1 },
    .segment_duration_ms = 2000,
    .playlist_length = 10,
    .takeover_silence_ms = 2000,
    .max_publishers = 4,
    .patience_ms = 1000,
    .contest = { US_FAILBACK_AUTO, 10000 },
    .max_streams = 64,
    .default_stream = US_DEFAULT_STREAM,
    .gate = { .open = US_OPEN_LOOPBACK, .hook = { .timeout_ms = 3000 } },
    .ring_max_bytes = 256 * 1024 * 1024,
  };
  us_rtmp_limits_default (&settings->rtmp.limits);
  settings->rtmp.limits.media_timeout_ms = 10 * 1000;
  us_http_server_settings_default (&settings->status);
  settings->status.address = "127.0.0.1";
  settings->status.port = 0;
  settings->status.n_shards = 1;
}

/**
 * us_ingest_new:
 * @settings: copied
 * @clock: outlives the role
 * @error: why a port could not be opened
 *
 * Returns: (transfer full): the role, listening, in the thread-default main context
 */
UsIngest *
us_ingest_new (const UsIngestSettings *settings, const UsClock *clock, GError **error) {
  g_autoptr (UsIngest) ingest = g_new0 (UsIngest, 1);
  ingest->clock = clock;
  ingest->default_stream = g_strdup (settings->default_stream);
  ingest->relay_urls = g_strdupv ((char **)settings->relay_urls);
  ingest->push_urls = g_strdupv ((char **)settings->push_urls);
  if (settings->push_authorities != NULL)
    ingest->push_authorities = g_object_ref (settings->push_authorities);
  ingest->max_streams = settings->max_streams;
  ingest->stream_settings = (UsStreamSettings){
    .segmenter = { settings->segment_duration_ms, settings->target_duration_s,
                   settings->playlist_length, settings->ring_max_bytes },
    .relay_urls = (const char *const *)ingest->relay_urls,
    .push_urls = (const char *const *)ingest->push_urls,
    .push_authorities = ingest->push_authorities,
    .takeover_silence_ms = settings->takeover_silence_ms,
    .max_publishers = settings->max_publishers,
    .patience_ms = settings->patience_ms,
    .contest = settings->contest,
  };
  ingest->state = us_state_new (settings->state_dir, clock);
  ingest->streams = g_ptr_array_new_with_free_func ((GDestroyNotify)us_stream_free);
  ingest->sessions = g_hash_table_new_full (NULL, NULL, guest_free, NULL);
  UsGateSettings gate = settings->gate;
  gate.default_stream = settings->default_stream;
  ingest->gate = us_gate_new (&gate, clock, error);
  if (ingest->gate == NULL)
    return NULL;
  ingest->memory.limit = settings->max_memory_bytes;
  UsRtmpListenerSettings rtmp = settings->rtmp;
  if (settings->certificate != NULL) {
    ingest->certificate
        = us_rtmp_tls_files_new (settings->certificate, settings->certificate_key, error);
    if (ingest->certificate == NULL)
      return NULL;
    rtmp.identity = us_rtmp_tls_files_get (ingest->certificate);
  }
  ingest->listener = us_rtmp_listener_new (&rtmp, on_connection, ingest, error);
  if (ingest->listener == NULL || !start_status (ingest, &settings->status, error))
    return NULL;
  us_timer_start (&ingest->tick, TICK_MS, "us-ingest-tick", on_tick, ingest);
  us_info ("publishers: rtmp port %u; status: http port %u", us_ingest_get_rtmp_port (ingest),
           us_ingest_get_status_port (ingest));
  if (ingest->certificate != NULL)
    us_info ("publishers: rtmps port %u", us_ingest_get_rtmps_port (ingest));
  return g_steal_pointer (&ingest);
}

/**
 * us_ingest_get_rtmp_port:
 * @ingest: the role
 *
 * Returns: the port publishers connect to
 */
guint16
us_ingest_get_rtmp_port (UsIngest *ingest) {
  return us_rtmp_listener_get_port (ingest->listener);
}

/**
 * us_ingest_get_rtmps_port:
 * @ingest: the role
 *
 * Returns: the port of RTMPS, 0 without a certificate
 */
guint16
us_ingest_get_rtmps_port (UsIngest *ingest) {
  return us_rtmp_listener_get_tls_port (ingest->listener);
}

/**
 * us_ingest_get_status_port:
 * @ingest: the role
 *
 * Returns: the port of /healthz and /metrics
 */
guint16
us_ingest_get_status_port (UsIngest *ingest) {
  return us_http_server_get_port (ingest->status);
}

static gboolean
on_drain_check (gpointer user_data) {
  UsIngest *ingest = user_data;
  gboolean is_drained = TRUE;
  for (guint i = 0; i < ingest->streams->len; i++)
    is_drained = is_drained && us_stream_is_drained (ingest->streams->pdata[i]);
  is_drained = is_drained && us_gate_is_idle (ingest->gate);
  if (!is_drained && g_get_monotonic_time () < ingest->drain_deadline_us)
    return G_SOURCE_CONTINUE;
  if (!is_drained)
    us_warning ("going without having delivered everything: a target did not answer in time");
  us_timer_stop (&ingest->drain_check);
  ingest->drain_done (ingest->drain_data);
  return G_SOURCE_REMOVE;
}

/**
 * us_ingest_reload:
 * @ingest: the role
 *
 * Reads again, now, what is read again when it changes.
 */
void
us_ingest_reload (UsIngest *ingest) {
  if (ingest->certificate != NULL && us_rtmp_tls_files_reload (ingest->certificate))
    us_rtmp_listener_set_identity (ingest->listener, us_rtmp_tls_files_get (ingest->certificate));
  review_guests (ingest, us_gate_reload (ingest->gate));
}

/**
 * us_ingest_drain:
 * @ingest: the role
 * @done: called once from the main loop, at the latest after %US_INGEST_DRAIN_MS; may free @ingest
 * @user_data: for @done
 *
 * Refuses new publishers, closes the present ones, and waits until the targets have everything.
 */
void
us_ingest_drain (UsIngest *ingest, void (*done) (gpointer user_data), gpointer user_data) {
  g_return_if_fail (!ingest->is_draining);
  ingest->is_draining = TRUE;
  ingest->drain_done = done;
  ingest->drain_data = user_data;
  ingest->drain_deadline_us = g_get_monotonic_time () + US_INGEST_DRAIN_MS * 1000;
  for (guint i = 0; i < ingest->streams->len; i++)
    us_stream_close_publisher (ingest->streams->pdata[i], "this server is shutting down");
  us_timer_start (&ingest->drain_check, DRAIN_CHECK_MS, "us-ingest-drain", on_drain_check, ingest);
}

/**
 * us_ingest_free:
 * @ingest: (transfer full): the role; closes everything at once
 */
void
us_ingest_free (UsIngest *ingest) {
  us_timer_stop (&ingest->tick);
  us_timer_stop (&ingest->drain_check);
  g_clear_pointer (&ingest->listener, us_rtmp_listener_free);
  g_clear_pointer (&ingest->status, us_http_server_free);
  g_clear_pointer (&ingest->streams, g_ptr_array_unref);
  g_clear_pointer (&ingest->sessions, g_hash_table_unref);
  g_clear_pointer (&ingest->gate, us_gate_free);
  g_clear_pointer (&ingest->certificate, us_rtmp_tls_files_free);
  g_clear_pointer (&ingest->state, us_state_free);
  g_free (ingest->default_stream);
  g_strfreev (ingest->relay_urls);
  g_strfreev (ingest->push_urls);
  g_clear_object (&ingest->push_authorities);
  g_free (ingest);
}
