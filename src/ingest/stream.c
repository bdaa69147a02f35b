/* stream.c - session, segmenter and relays of one stream
 *
 * Owned by the ingest role, main loop only; lives from the first publish until
 * US_STREAM_LINGER_MS after the last one ended. Publishers come and go (@session), numbering and
 * ring stay. A second publisher waits in @held for the moment it takes to know whether the first
 * one lives (takeover.c).
 *
 * Relays are pumped at once at a segment boundary and otherwise by one timer for all of them, so
 * that a stream costs each relay ten writes a second instead of one per frame.
 */
#define US_LOG_TOPIC "ingest.stream"
#include "ingest/stream.h"

#include "base/log.h"
#include "base/names.h"
#include "ingest/takeover.h"
#include "base/timer.h"

#define HELD_CHECK_MS 50

struct UsStream {
  char *name;
  const UsClock *clock;
  guint takeover_silence_ms;
  UsSegmenter *segmenter;
  GPtrArray *relays;  /* element-type UsRelay */
  UsSession *session; /* nullable, not owned: publishing */
  UsSession *held;    /* nullable, not owned: waiting for a verdict */
  GSource *gather;    /* something is in the ring that relays have not seen */
  GSource *held_check;
  gint64 ended_us;
  UsStreamCounts counts;
};

static gint64
now_us (UsStream *stream) {
  return us_clock_monotonic_us (stream->clock);
}

static void
pump (UsStream *stream) {
  us_timer_stop (&stream->gather);
  for (guint i = 0; i < stream->relays->len; i++)
    us_relay_pump (stream->relays->pdata[i]);
}

static gboolean
on_gather (gpointer user_data) {
  pump (user_data);
  return G_SOURCE_REMOVE;
}

/* -------------------------------------------------------------------------------- publishers */

static void
refuse (UsStream *stream, UsSession *session, const char *code, const char *text) {
  stream->counts.refused_total++;
  us_event (US_LOG_WARNING, US_EVENT_PUBLISH_REFUSED, "%s: publisher %s refused: %s", stream->name,
            session->peer, text);
  session->stream = NULL;
  us_rtmp_connection_refuse (session->connection, code, text);
}

static void
accept_session (UsStream *stream, UsSession *session) {
  stream->session = session;
  stream->counts.publishes_total++;
  session->since_us = session->last_media_us = now_us (stream);
  us_event (US_LOG_NOTICE, US_EVENT_PUBLISH_START, "%s: publisher %s (%s) began", stream->name,
            session->peer, session->encoder);
  us_segmenter_begin (stream->segmenter);
  for (guint i = 0; i < stream->relays->len; i++)
    us_relay_begin (stream->relays->pdata[i]);
  us_rtmp_connection_accept (session->connection, NULL);
}

/* Takes the publisher off the stream, without touching its connection. */
static UsSession *
end_session (UsStream *stream, const char *reason) {
  UsSession *session = g_steal_pointer (&stream->session);
  session->stream = NULL;
  stream->ended_us = now_us (stream);
  us_segmenter_end (stream->segmenter);
  us_timer_stop (&stream->gather);
  us_event (US_LOG_NOTICE, US_EVENT_PUBLISH_END, "%s: publisher %s ended after %.1f s: %s",
            stream->name, session->peer,
            (double)(stream->ended_us - session->since_us) / G_USEC_PER_SEC, reason);
  for (guint i = 0; i < stream->relays->len; i++)
    us_relay_end (stream->relays->pdata[i]);
  return session;
}

static UsTakeover
judge (UsStream *stream, UsSession *newcomer) {
  const UsSession *old = stream->session;
  gint64 now = now_us (stream);
  UsTakeoverFacts facts = {
    .is_busy = old != NULL,
    .is_other_held = stream->held != NULL && stream->held != newcomer,
    .has_old_spoken = old != NULL && old->last_media_us > newcomer->arrived_us,
    .old_silent_ms = old != NULL ? (now - old->last_media_us) / 1000 : 0,
    .held_ms = (now - newcomer->arrived_us) / 1000,
    .silence_limit_ms = stream->takeover_silence_ms,
  };
  return us_takeover_decide (&facts);
}

static void
replace_session (UsStream *stream, UsSession *newcomer) {
  gint64 silent_ms = (now_us (stream) - stream->session->last_media_us) / 1000;
  stream->counts.takeovers_total++;
  us_event (US_LOG_NOTICE, US_EVENT_PUBLISH_TAKEOVER,
            "%s: %s takes over from %s, which was silent for %" G_GINT64_FORMAT " ms", stream->name,
            newcomer->peer, stream->session->peer, silent_ms);
  UsSession *old = end_session (stream, "another publisher took over");
  us_rtmp_connection_close (old->connection, "another publisher took over");
  accept_session (stream, newcomer);
}

static void settle (UsStream *stream, UsSession *newcomer);

static gboolean
on_held_check (gpointer user_data) {
  UsStream *stream = user_data;
  us_timer_stop (&stream->held_check);
  if (stream->held != NULL)
    settle (stream, stream->held);
  return G_SOURCE_REMOVE;
}

static void
settle (UsStream *stream, UsSession *newcomer) {
  UsTakeover verdict = judge (stream, newcomer);
  if (verdict == US_TAKEOVER_HOLD) {
    stream->held = newcomer;
    us_timer_start (&stream->held_check, HELD_CHECK_MS, "us-stream-held", on_held_check, stream);
    return;
  }
  if (stream->held == newcomer)
    stream->held = NULL;
  switch (verdict) {
  case US_TAKEOVER_ACCEPT:
    accept_session (stream, newcomer);
    break;
  case US_TAKEOVER_REPLACE:
    replace_session (stream, newcomer);
    break;
  case US_TAKEOVER_HOLD:
  case US_TAKEOVER_REFUSE:
  default:
    refuse (stream, newcomer, "NetStream.Publish.BadName",
            "another publisher is sending under this key");
  }
}

/* ------------------------------------------------------------------------------------ public */

/**
 * us_stream_new:
 * @name: a valid stream name
 * @settings: copied, URLs included
 * @state: numbering, outlives the stream
 * @clock: outlives the stream
 *
 * Returns: (transfer full): a stream without publisher
 */
UsStream *
us_stream_new (const char *name, const UsStreamSettings *settings, UsState *state,
               const UsClock *clock) {
  UsStream *stream = g_new0 (UsStream, 1);
  stream->name = g_strdup (name);
  stream->clock = clock;
  stream->takeover_silence_ms = settings->takeover_silence_ms;
  stream->segmenter = us_segmenter_new (name, &settings->segmenter, state, clock);
  stream->relays = g_ptr_array_new_with_free_func ((GDestroyNotify)us_relay_free);
  stream->ended_us = now_us (stream);
  for (guint i = 0; settings->relay_urls != NULL && settings->relay_urls[i] != NULL; i++)
    g_ptr_array_add (stream->relays,
                     us_relay_new (settings->relay_urls[i], TRUE, name, stream->segmenter));
  for (guint i = 0; settings->push_urls != NULL && settings->push_urls[i] != NULL; i++)
    g_ptr_array_add (stream->relays,
                     us_relay_new (settings->push_urls[i], FALSE, name, stream->segmenter));
  return stream;
}

/**
 * us_stream_publish:
 * @stream: the stream
 * @session: a connection that asks to publish it; answered now or, when the key is busy, soon
 */
void
us_stream_publish (UsStream *stream, UsSession *session) {
  session->stream = stream;
  session->arrived_us = now_us (stream);
  settle (stream, session);
}

/**
 * us_stream_media:
 * @stream: the stream
 * @session: where the message came from
 * @message: an audio, video or data message
 */
void
us_stream_media (UsStream *stream, UsSession *session, UsRtmpMessage *message) {
  if (session != stream->session)
    return;
  if (message->type == US_RTMP_AUDIO || message->type == US_RTMP_VIDEO)
    session->last_media_us = now_us (stream);
  g_autoptr (GError) error = NULL;
  switch (us_segmenter_push (stream->segmenter, message->type, message->timestamp_ms,
                             message->payload, &error)) {
  case US_SEGMENTER_STORED:
    us_timer_start (&stream->gather, US_STREAM_GATHER_MS, "us-stream-gather", on_gather, stream);
    break;
  case US_SEGMENTER_BOUNDARY:
    pump (stream);
    break;
  case US_SEGMENTER_FAULT:
    stream->counts.faults_total++;
    refuse (stream, end_session (stream, error->message), "NetStream.Publish.Denied",
            error->message);
    break;
  case US_SEGMENTER_NOTHING:
  default:
    break;
  }
}

/**
 * us_stream_session_closed:
 * @stream: the stream
 * @session: its connection has gone; may be freed after the call
 * @reason: a sentence
 */
void
us_stream_session_closed (UsStream *stream, UsSession *session, const char *reason) {
  if (session == stream->session)
    (void)end_session (stream, reason);
  if (session == stream->held)
    stream->held = NULL;
  session->stream = NULL;
  if (stream->held != NULL && stream->session == NULL)
    settle (stream, stream->held);
}

/**
 * us_stream_close_publisher:
 * @stream: the stream
 * @reason: a sentence
 *
 * Ends the publish and whoever waits for it; the last segment goes out.
 */
void
us_stream_close_publisher (UsStream *stream, const char *reason) {
  UsSession *held = g_steal_pointer (&stream->held);
  if (held != NULL)
    refuse (stream, held, "NetStream.Publish.Denied", reason);
  if (stream->session != NULL) {
    UsSession *session = end_session (stream, reason);
    us_rtmp_connection_close (session->connection, reason);
  }
}

/**
 * us_stream_tick:
 * @stream: the stream; to be called about once a second
 */
void
us_stream_tick (UsStream *stream) {
  g_autoptr (GError) error = NULL;
  if (stream->session != NULL && !us_segmenter_check (stream->segmenter, &error)) {
    stream->counts.faults_total++;
    refuse (stream, end_session (stream, error->message), "NetStream.Publish.Denied",
            error->message);
  }
}

/**
 * us_stream_is_expired:
 * @stream: the stream
 *
 * Returns: %TRUE when it has ended so long ago that it can be freed
 */
gboolean
us_stream_is_expired (UsStream *stream) {
  return stream->session == NULL && stream->held == NULL
         && now_us (stream) - stream->ended_us >= US_STREAM_LINGER_MS * 1000ll;
}

/**
 * us_stream_is_drained:
 * @stream: the stream
 *
 * Returns: %TRUE when it has ended and every target has everything
 */
gboolean
us_stream_is_drained (UsStream *stream) {
  for (guint i = 0; i < stream->relays->len; i++) {
    UsRelayStats stats;
    us_relay_get_stats (stream->relays->pdata[i], &stats);
    if (stats.state != US_RELAY_IDLE)
      return FALSE;
  }
  return stream->session == NULL;
}

/**
 * us_stream_get_name:
 * @stream: the stream
 *
 * Returns: (transfer none): its name
 */
const char *
us_stream_get_name (UsStream *stream) {
  return stream->name;
}

/**
 * us_stream_get_segmenter:
 * @stream: the stream
 *
 * Returns: (transfer none): its segmenter
 */
UsSegmenter *
us_stream_get_segmenter (UsStream *stream) {
  return stream->segmenter;
}

/**
 * us_stream_get_session:
 * @stream: the stream
 *
 * Returns: (transfer none) (nullable): who publishes it
 */
const UsSession *
us_stream_get_session (UsStream *stream) {
  return stream->session;
}

/**
 * us_stream_get_relays:
 * @stream: the stream
 *
 * Returns: (transfer none) (element-type UsRelay): its targets
 */
GPtrArray *
us_stream_get_relays (UsStream *stream) {
  return stream->relays;
}

/**
 * us_stream_get_counts:
 * @stream: the stream
 * @counts: (out): counters since it was made
 */
void
us_stream_get_counts (UsStream *stream, UsStreamCounts *counts) {
  *counts = stream->counts;
}

/**
 * us_stream_free:
 * @stream: (transfer full): the stream; sessions must be gone or detached
 */
void
us_stream_free (UsStream *stream) {
  us_timer_stop (&stream->gather);
  us_timer_stop (&stream->held_check);
  if (stream->session != NULL)
    stream->session->stream = NULL;
  if (stream->held != NULL)
    stream->held->stream = NULL;
  g_ptr_array_unref (stream->relays);
  us_segmenter_free (stream->segmenter);
  g_free (stream->name);
  g_free (stream);
}
