/* relay.c - a cursor in a ring and an RTMP client that follows it
 *
 * Owned by a stream, main loop only. One relay per (target, stream). It connects when a publisher
 * begins, sends what lies between its cursor and the ring's end, and says goodbye when the stream
 * has ended and everything was sent. There is no queue: a target too slow for the ring finds its
 * cursor behind the oldest segment, loses whole segments, is told so by the log, and disturbs
 * nobody else. A lost connection is replaced for as long as something is owed.
 *
 * A packager (marks) says at publish which segment it holds last and gets everything after it that
 * the ring still has. What was begun here and then withdrawn from the ring, the next mark does not
 * close, and the packager throws it away. When the publisher is gone, the last mark of a connection
 * is an end mark, even if there was nothing else to say. Any other server (no marks) gets the live
 * end, with time stamps that go on rising over epochs.
 */
#define US_LOG_TOPIC "ingest.relay"
#include "ingest/relay.h"

#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/names.h"
#include "base/route.h"
#include "base/timer.h"
#include "rtmp/client.h"

#define EPOCH_GAP_MS 40 /* between the last message of an epoch and the next, without marks */
#define STEADY_US (2 * G_USEC_PER_SEC) /* a connection that lasted so long was no failure */

static const UsBackoff backoff = { .first_ms = 50, .step_ms = 200, .cap_ms = 2000 };

struct UsRelay {
  char *name;                /* for people */
  char *full_url;            /* secrets included */
  GTlsDatabase *authorities; /* nullable */
  char *stream;
  gboolean has_marks;
  UsSegmenter *segmenter; /* not owned, outlives the relay */
  UsRing *ring;           /* of @segmenter */

  UsRelayState state;
  gboolean is_publishing;
  UsRtmpClient *client; /* while CONNECTING, STREAMING, FINISHING */
  GSource *retry;       /* while WAITING */
  guint failures;
  gboolean is_full; /* until @writable; what is lost meanwhile is counted then, once */
  gboolean is_down_logged;
  gint64 ready_us;

  /* Position. */
  gboolean has_cursor;
  guint64 serial;       /* segment to send from ... */
  guint item;           /* ... at this item */
  gboolean is_opened;   /* the opening of @serial was sent on this connection */
  gboolean is_mark_due; /* a segment begun here or the publisher ended, no mark says so yet */
  UsMark closing;       /* closing half of that mark; closes 0: nothing to close */

  /* What the server has been told on this connection. */
  GBytes *video_config, *audio_config;
  guint64 epoch;
  gint64 offset_ms; /* without marks: from media time to time stamps */
  gint64 last_ms;

  guint64 lost_segments, reconnects, sent_segments;
};

static void connect_now (UsRelay *relay);

/* --------------------------------------------------------------------------------- sending */

static gboolean
send_message (UsRelay *relay, UsRtmpMessageType type, gint64 media_ms, GBytes *payload) {
  gint64 time_ms = media_ms;
  if (!relay->has_marks) {
    time_ms = MAX (media_ms + relay->offset_ms, 0);
    relay->last_ms = MAX (relay->last_ms, time_ms);
  }
  relay->is_full = !us_rtmp_client_send (relay->client, type, (guint32)time_ms, payload);
  return !relay->is_full;
}

/* Returns FALSE only when the client's queue is full. */
static gboolean
send_config (UsRelay *relay, UsRtmpMessageType type, gint64 media_ms, GBytes *config,
             GBytes **sent) {
  if (config == NULL || (*sent != NULL && g_bytes_equal (config, *sent)))
    return TRUE;
  if (!send_message (relay, type, media_ms, config))
    return FALSE;
  g_clear_pointer (sent, g_bytes_unref);
  *sent = g_bytes_ref (config);
  return TRUE;
}

static gboolean
send_mark (UsRelay *relay, const UsRingSegment *opening) {
  if (!relay->has_marks) {
    relay->is_mark_due = FALSE;
    return TRUE;
  }
  UsMark mark = relay->closing;
  mark.number = 0;
  if (opening != NULL) {
    mark.epoch = opening->epoch;
    mark.number = opening->number;
    mark.media_ms = opening->media_ms;
    mark.wall_ms = opening->wall_ms;
  } else {
    mark.media_ms = mark.closes_end_ms;
  }
  g_autoptr (GBytes) payload = us_mark_encode (&mark);
  if (!send_message (relay, US_RTMP_DATA_AMF0, mark.media_ms, payload))
    return FALSE;
  relay->is_mark_due = FALSE;
  relay->closing = (UsMark){ 0 };
  return TRUE;
}

static gboolean
open_segment (UsRelay *relay, const UsRingSegment *segment) {
  if (relay->is_opened)
    return TRUE;
  if (relay->epoch != segment->epoch) {
    gint64 start_ms = relay->epoch == 0 ? 0 : relay->last_ms + EPOCH_GAP_MS;
    relay->epoch = segment->epoch;
    relay->offset_ms = start_ms - segment->media_ms;
  }
  if (!send_config (relay, US_RTMP_VIDEO, segment->media_ms, segment->video_config,
                    &relay->video_config)
      || !send_config (relay, US_RTMP_AUDIO, segment->media_ms, segment->audio_config,
                       &relay->audio_config)
      || !send_mark (relay, segment))
    return FALSE;
  relay->is_opened = TRUE;
  return TRUE;
}

static void
finish_segment (UsRelay *relay, const UsRingSegment *segment) {
  relay->closing = (UsMark){
    .epoch = segment->epoch,
    .wall_ms = segment->wall_ms + (segment->end_ms - segment->media_ms),
    .closes = segment->number,
    .closes_end_ms = segment->end_ms,
    .discontinuity = segment->discontinuity,
    .is_discontinuous = segment->is_discontinuous,
    .tracks = segment->tracks,
    .target_duration_s = segment->target_duration_s,
  };
  relay->is_mark_due = TRUE;
  relay->sent_segments++;
  relay->serial++;
  relay->item = 0;
  relay->is_opened = FALSE;
}

static void
move_to (UsRelay *relay, guint64 serial) {
  relay->is_mark_due |= relay->is_opened; /* what was begun is left without its end */
  relay->serial = serial;
  relay->item = 0;
  relay->is_opened = FALSE;
  relay->has_cursor = TRUE;
}

/* What was begun at the cursor is not the ring's any more: its end will never come. */
static gboolean
is_withdrawn (const UsRelay *relay, const UsRingSegment *segment) {
  return relay->is_opened && (segment == NULL || segment->epoch != relay->epoch);
}

static void
lose_until (UsRelay *relay, guint64 serial) {
  guint64 lost = serial - relay->serial;
  relay->lost_segments += lost;
  us_event (US_LOG_WARNING, US_EVENT_RELAY_LOST,
            "%s: %s was too slow or away for too long and lost %" G_GUINT64_FORMAT " segments",
            relay->stream, relay->name, lost);
  move_to (relay, serial);
}

static gboolean
is_behind_ring (UsRelay *relay) {
  return relay->has_cursor && relay->serial < us_ring_get_oldest (relay->ring);
}

static void
fall_off (UsRelay *relay) {
  guint64 oldest = us_ring_get_oldest (relay->ring);
  lose_until (relay, relay->has_marks ? oldest : MAX (us_ring_get_newest (relay->ring), oldest));
}

static gboolean
is_caught_up (UsRelay *relay) {
  return relay->serial > us_ring_get_newest (relay->ring) && !relay->is_mark_due;
}

/* Sends until there is nothing more or the client's queue is full. */
static void
send_all (UsRelay *relay) {
  while (!relay->is_full) {
    if (is_behind_ring (relay))
      fall_off (relay);
    const UsRingSegment *segment = us_ring_get (relay->ring, relay->serial);
    if (is_withdrawn (relay, segment))
      move_to (relay, relay->serial);
    if (segment == NULL) {
      if (relay->is_mark_due)
        (void)send_mark (relay, NULL);
      return;
    }
    if (!open_segment (relay, segment))
      return;
    for (; relay->item < segment->items->len; relay->item++) {
      const UsRingItem *item = &g_array_index (segment->items, UsRingItem, relay->item);
      if (!send_message (relay, item->type, item->media_ms, item->payload))
        return;
    }
    if (!segment->is_closed)
      return;
    finish_segment (relay, segment);
  }
}

/* ------------------------------------------------------------------------------ connection */

static void
forget_connection (UsRelay *relay) {
  g_clear_pointer (&relay->client, us_rtmp_client_free);
  g_clear_pointer (&relay->video_config, g_bytes_unref);
  g_clear_pointer (&relay->audio_config, g_bytes_unref);
  relay->is_mark_due = FALSE;
  relay->closing = (UsMark){ 0 };
  relay->is_full = FALSE;
  relay->is_opened = FALSE;
  relay->item = 0;
  relay->epoch = 0;
  relay->last_ms = 0;
}

/* Where to begin on a new connection. @held: last segment number the packager holds, 0: none. */
static void
choose_start (UsRelay *relay, guint64 held) {
  guint64 oldest = us_ring_get_oldest (relay->ring), newest = us_ring_get_newest (relay->ring);
  if (!relay->has_marks) {
    guint64 live = MAX (newest, oldest);
    if (relay->has_cursor && relay->serial < live)
      lose_until (relay, live);
    else
      move_to (relay, live);
    return;
  }
  if (is_behind_ring (relay) && held > 0)
    lose_until (relay, oldest);
  guint64 serial = oldest;
  while (serial <= newest && us_ring_get (relay->ring, serial)->number <= held)
    serial++;
  move_to (relay, serial);
}

static void
on_ready (UsRtmpClient *client, const UsAmf0 *info, gpointer user_data) {
  UsRelay *relay = user_data;
  double told = us_amf0_get_number (us_amf0_get (info, US_MARK_RESUME), 0);
  guint64 held = told >= 1 && told < (double)US_STATE_MAX_NUMBER ? (guint64)told : 0;
  relay->state = US_RELAY_STREAMING;
  relay->ready_us = g_get_monotonic_time ();
  relay->is_down_logged = FALSE;
  if (relay->has_marks)
    us_segmenter_note_packager (relay->segmenter, held);
  choose_start (relay, held);
  relay->is_mark_due = !relay->is_publishing;
  const UsRingSegment *first = us_ring_get (relay->ring, relay->serial);
  g_autofree char *next = first != NULL ? g_strdup_printf ("%" G_GUINT64_FORMAT, first->number)
                                        : g_strdup ("the next to open");
  g_autofree char *holds
      = held > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT, held) : g_strdup ("nothing known");
  us_event (US_LOG_NOTICE, US_EVENT_RELAY_UP,
            "%s: relay to %s is up; last segment there: %s, going on with: %s", relay->stream,
            relay->name, holds, next);
  us_relay_pump (relay);
}

static void
on_writable (UsRtmpClient *client, gpointer user_data) {
  UsRelay *relay = user_data;
  relay->is_full = FALSE;
  us_relay_pump (relay);
}

static gboolean
on_retry (gpointer user_data) {
  UsRelay *relay = user_data;
  us_timer_stop (&relay->retry);
  relay->reconnects++;
  connect_now (relay);
  return G_SOURCE_REMOVE;
}

static void
retry_later (UsRelay *relay, const char *fault) {
  gboolean was_steady
      = relay->ready_us != 0 && g_get_monotonic_time () - relay->ready_us >= STEADY_US;
  relay->ready_us = 0;
  relay->failures = was_steady ? 1 : relay->failures + 1;
  g_autofree char *shown = us_route_scrub (fault, relay->has_marks ? "" : relay->full_url);
  if (!relay->is_down_logged)
    us_event (US_LOG_WARNING, US_EVENT_RELAY_DOWN, "%s: relay to %s is down: %s; trying again",
              relay->stream, relay->name, shown);
  relay->is_down_logged = TRUE;
  relay->state = US_RELAY_WAITING;
  guint delay_ms = us_backoff_delay_ms (&backoff, relay->failures, g_random_double_range (-1, 1));
  us_timer_start (&relay->retry, delay_ms, "us-relay-retry", on_retry, relay);
}

static void
on_closed (UsRtmpClient *client, const GError *error, gpointer user_data) {
  UsRelay *relay = user_data;
  /* An orderly end also has an error (US_RTMP_ERROR_CLOSED); what counts is that all went out. */
  gboolean is_finished
      = relay->state == US_RELAY_FINISHING && us_rtmp_client_get_queued_bytes (client) == 0;
  forget_connection (relay);
  if (is_finished) {
    relay->failures = 0;
    relay->state = US_RELAY_IDLE;
    us_event (US_LOG_INFO, US_EVENT_RELAY_DOWN, "%s: relay to %s ended", relay->stream,
              relay->name);
    if (relay->is_publishing || !is_caught_up (relay))
      connect_now (relay);
    return;
  }
  retry_later (relay, error != NULL ? error->message : "closed by the server");
}

static void
connect_now (UsRelay *relay) {
  static const UsRtmpClientHandler handler = { on_ready, on_writable, on_closed };
  g_autoptr (GError) error = NULL;
  relay->state = US_RELAY_CONNECTING;
  relay->client = us_rtmp_client_new_with_tls (relay->full_url, relay->authorities,
                                               US_RELAY_TIMEOUT_MS, &handler, relay, &error);
  if (relay->client == NULL)
    retry_later (relay, error->message);
}

/* ------------------------------------------------------------------------------------ public */

static char *
make_url (const UsRelayTarget *target, const char *stream) {
  if (strstr (target->url, US_ROUTE_STREAM) != NULL)
    return us_route_fill (target->url, stream);
  if (target->is_complete)
    return g_strdup (target->url);
  return g_strconcat (target->url, g_str_has_suffix (target->url, "/") ? "" : "/", stream, NULL);
}

/**
 * us_relay_new:
 * @target: copied
 * @stream: the stream's name
 * @segmenter: where segments come from; outlives the relay
 *
 * Returns: (transfer full): an idle relay
 */
UsRelay *
us_relay_new (const UsRelayTarget *target, const char *stream, UsSegmenter *segmenter) {
  UsRelay *relay = g_new0 (UsRelay, 1);
  relay->name = g_strdup (target->name);
  relay->full_url = make_url (target, stream);
  relay->authorities = target->authorities != NULL ? g_object_ref (target->authorities) : NULL;
  relay->stream = g_strdup (stream);
  relay->has_marks = target->has_marks;
  relay->segmenter = segmenter;
  relay->ring = us_segmenter_get_ring (segmenter);
  return relay;
}

/**
 * us_relay_begin:
 * @relay: the relay
 *
 * A publisher began: connect, unless connected.
 */
void
us_relay_begin (UsRelay *relay) {
  relay->is_publishing = TRUE;
  if (relay->state == US_RELAY_IDLE)
    connect_now (relay);
}

/**
 * us_relay_pump:
 * @relay: the relay
 *
 * Hands what is new in the ring to the connection, and writes it out.
 */
void
us_relay_pump (UsRelay *relay) {
  if (relay->state != US_RELAY_STREAMING)
    return;
  send_all (relay);
  if (!relay->is_publishing && is_caught_up (relay)) {
    relay->state = US_RELAY_FINISHING;
    us_rtmp_client_finish (relay->client);
  } else {
    us_rtmp_client_flush (relay->client);
  }
}

/**
 * us_relay_end:
 * @relay: the relay
 *
 * The publisher has gone and the ring is complete: send the rest, then end the connection. While
 * the target is away, the relay goes on trying until us_relay_stop().
 */
void
us_relay_end (UsRelay *relay) {
  relay->is_publishing = FALSE;
  relay->is_mark_due = TRUE;
  us_relay_pump (relay);
}

/**
 * us_relay_stop:
 * @relay: the relay; closes at once, whatever is owed
 */
void
us_relay_stop (UsRelay *relay) {
  us_timer_stop (&relay->retry);
  forget_connection (relay);
  relay->is_publishing = FALSE;
  relay->state = US_RELAY_IDLE;
}

/**
 * us_relay_get_name:
 * @relay: the relay
 *
 * Returns: (transfer none): the target's address as people may see it
 */
const char *
us_relay_get_name (const UsRelay *relay) {
  return relay->name;
}

/**
 * us_relay_get_stats:
 * @relay: the relay
 * @stats: (out): facts for status and metrics
 */
void
us_relay_get_stats (const UsRelay *relay, UsRelayStats *stats) {
  guint64 newest = us_ring_get_newest (relay->ring);
  guint64 from = MAX (relay->serial, us_ring_get_oldest (relay->ring));
  *stats = (UsRelayStats){
    .state = relay->state,
    .queue_segments = relay->state == US_RELAY_IDLE || newest < from ? 0 : (guint)(newest - from),
    .lost_segments = relay->lost_segments,
    .reconnects = relay->reconnects,
    .sent_segments = relay->sent_segments,
  };
}

/**
 * us_relay_state_to_string:
 * @state: a state
 *
 * Returns: (transfer none): its name in status
 */
const char *
us_relay_state_to_string (UsRelayState state) {
  static const char *const names[] = { "idle", "connecting", "streaming", "finishing", "waiting" };
  return names[state];
}

/**
 * us_relay_free:
 * @relay: (transfer full): the relay
 */
void
us_relay_free (UsRelay *relay) {
  us_relay_stop (relay);
  g_free (relay->name);
  g_clear_object (&relay->authorities);
  g_free (relay->full_url);
  g_free (relay->stream);
  g_free (relay);
}
