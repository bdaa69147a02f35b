/* stream.c - publishers, segmenter and relays of one stream
 *
 * Owned by the ingest role, main loop only; lives from the first publish until
 * US_STREAM_LINGER_MS after the last one ended. Publishers come and go, numbering and ring stay.
 * All of them are received (intake.c), the active one feeds the segmenter, and contender.c says
 * which that is. A second publisher with the same key as one that is here is no contender: it waits
 * in @held for the moment it takes to know whether the first one lives (takeover.c).
 *
 * A change of the active publisher goes back to the key frame of the new one that is nearest to the
 * old one's last picture, or waits for it when it is still to come. The relays notice nothing but a
 * new epoch.
 *
 * Relays are pumped at once at a segment boundary and otherwise by one timer for all of them, so
 * that a stream costs each relay ten writes a second instead of one per frame.
 */
#define US_LOG_TOPIC "ingest.stream"
#include "ingest/stream.h"

#include <string.h>

#include "base/log.h"
#include "base/names.h"
#include "base/route.h"
#include "ingest/intake.h"
#include "ingest/takeover.h"
#include "base/timer.h"

#define CHECK_MS 50           /* while somebody is held or stands by */
#define KEY_GRACE_US (500000) /* a key frame that is waited for may be so much later than usual */

typedef struct {
  UsSession *session; /* not owned */
  UsSession *held;    /* (nullable) not owned: wants to take its place */
  UsIntake *intake;
} Contender;

struct UsStream {
  char *name;
  const UsClock *clock;
  UsStreamSettings settings; /* without the URLs */
  UsSegmenter *segmenter;
  UsTruthWatch *watch;
  GPtrArray *relays;     /* element-type UsRelay */
  GPtrArray *contenders; /* element-type Contender, in order of arrival */
  Contender *active;     /* (nullable): feeds the segmenter */
  UsContest contest;
  gint64 break_us;    /* where the publisher before @active left off */
  gint64 key_wait_us; /* @active starts at its next key frame or at this time; 0: it feeds */
  gboolean is_silence_told;
  GSource *gather; /* something is in the ring that relays have not seen */
  GSource *check;
  gint64 ended_us;
  UsStreamCounts counts;
};

static void run_contest (UsStream *stream, const Contender *at_key, gboolean has_left,
                         const Contender *newcomer);
static void watch_contenders (UsStream *stream);

static void
contender_free (gpointer data) {
  Contender *contender = data;
  us_intake_free (contender->intake);
  g_free (contender);
}

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

/* ----------------------------------------------------------------------- coming and leaving */

static void
refuse (UsStream *stream, UsSession *session, const char *code, const char *text) {
  stream->counts.refused_total++;
  us_event (US_LOG_WARNING, US_EVENT_PUBLISH_REFUSED, "%s: publisher %s refused: %s", stream->name,
            session->peer, text);
  session->stream = NULL;
  us_rtmp_connection_refuse (session->connection, code, text);
}

static Contender *
find_contender (UsStream *stream, const UsSession *session) {
  for (guint i = 0; i < stream->contenders->len; i++) {
    Contender *contender = stream->contenders->pdata[i];
    if (contender->session == session)
      return contender;
  }
  return NULL;
}

/* Who publishes with the key of @session already. Without keys there is one place for all. */
static Contender *
find_rival (UsStream *stream, const UsSession *session) {
  for (guint i = 0; i < stream->contenders->len; i++) {
    Contender *contender = stream->contenders->pdata[i];
    if (g_strcmp0 (contender->session->key_id, session->key_id) == 0)
      return contender;
  }
  return NULL;
}

static Contender *
add_contender (UsStream *stream, UsSession *session) {
  Contender *contender = g_new0 (Contender, 1);
  contender->session = session;
  contender->intake = us_intake_new ();
  us_intake_keep (contender->intake, TRUE);
  g_ptr_array_add (stream->contenders, contender);
  stream->counts.publishes_total++;
  session->since_us = session->last_media_us = now_us (stream);
  us_event (US_LOG_NOTICE, US_EVENT_PUBLISH_START, "%s: publisher %s (%s) began%s", stream->name,
            session->peer, session->encoder, stream->active != NULL ? " and stands by" : "");
  us_rtmp_connection_accept (session->connection, NULL);
  watch_contenders (stream);
  return contender;
}

/* Takes a publisher off the stream, without touching its connection. Returns TRUE when it was the
 * active one: then run_contest() must follow. @held: (out): who waited for its place, or NULL. */
static gboolean
remove_contender (UsStream *stream, Contender *contender, const char *reason, UsSession **held) {
  UsSession *session = contender->session;
  gboolean was_active = contender == stream->active;
  session->stream = NULL;
  if (was_active) {
    stream->break_us = session->last_media_us;
    stream->active = NULL;
  }
  us_event (US_LOG_NOTICE, US_EVENT_PUBLISH_END, "%s: publisher %s ended after %.1f s: %s",
            stream->name, session->peer,
            (double)(now_us (stream) - session->since_us) / G_USEC_PER_SEC, reason);
  *held = contender->held;
  g_ptr_array_remove (stream->contenders, contender);
  return was_active;
}

/* The last one has gone: what it sent goes out. */
static void
end_feeding (UsStream *stream) {
  stream->ended_us = now_us (stream);
  stream->key_wait_us = 0;
  us_segmenter_end (stream->segmenter);
  us_truth_watch_end (stream->watch);
  us_timer_stop (&stream->gather);
  for (guint i = 0; i < stream->relays->len; i++)
    us_relay_end (stream->relays->pdata[i]);
}

static void
leave (UsStream *stream, Contender *contender, const char *reason) {
  UsSession *held = NULL;
  gboolean was_active = remove_contender (stream, contender, reason, &held);
  Contender *newcomer = held != NULL ? add_contender (stream, held) : NULL;
  if (was_active)
    run_contest (stream, NULL, TRUE, newcomer);
}

/* Of the publisher that feeds the stream. */
static void
fault (UsStream *stream, const GError *error) {
  UsSession *session = stream->active->session;
  stream->counts.faults_total++;
  leave (stream, stream->active, error->message);
  refuse (stream, session, "NetStream.Publish.Denied", error->message);
}

/* ---------------------------------------------------------------------------------- feeding */

static void
feed (UsStream *stream, UsRtmpMessageType type, guint32 timestamp_ms, GBytes *payload,
      GError **error) {
  switch (us_segmenter_push (stream->segmenter, type, timestamp_ms, payload, error)) {
  case US_SEGMENTER_STORED:
    us_timer_start (&stream->gather, US_STREAM_GATHER_MS, "us-stream-gather", on_gather, stream);
    break;
  case US_SEGMENTER_BOUNDARY:
    pump (stream);
    break;
  case US_SEGMENTER_FAULT: /* @error is set */
  case US_SEGMENTER_NOTHING:
  default:
    break;
  }
}

typedef struct {
  UsStream *stream;
  gint64 now_us;
  GError *error;
} Replay;

static void
on_replay (UsRtmpMessageType type, guint32 timestamp_ms, GBytes *payload, gint64 arrived_us,
           gpointer user_data) {
  Replay *replay = user_data;
  if (replay->error != NULL)
    return;
  gint64 age_ms = arrived_us != 0 ? (replay->now_us - arrived_us) / 1000 : 0;
  us_segmenter_set_age (replay->stream->segmenter, age_ms);
  feed (replay->stream, type, timestamp_ms, payload, &replay->error);
}

/* The active publisher begins with the kept key frame that came at @key_us, 0: with what comes. */
static void
start_feeding (UsStream *stream, gint64 key_us) {
  Replay replay = { .stream = stream, .now_us = now_us (stream) };
  stream->key_wait_us = 0;
  us_intake_replay (stream->active->intake, key_us, on_replay, &replay);
  us_segmenter_set_age (stream->segmenter, 0);
  us_intake_keep (stream->active->intake, FALSE);
  if (replay.error != NULL)
    fault (stream, replay.error);
  g_clear_error (&replay.error);
}

/* Starts at the key frame nearest to the break, when that is here already. */
static void
start_or_wait (UsStream *stream, gboolean is_alive) {
  const UsIntake *intake = stream->active->intake;
  gint64 key_us = is_alive ? us_intake_nearest_key_us (intake, stream->break_us) : 0;
  gint64 next_us = us_intake_next_key_us (intake);
  gboolean is_next_nearer = key_us != 0 && next_us > now_us (stream)
                            && next_us - stream->break_us < stream->break_us - key_us;
  if (is_next_nearer)
    stream->key_wait_us = next_us + KEY_GRACE_US;
  else
    start_feeding (stream, key_us);
}

static void
activate (UsStream *stream, Contender *contender, UsContestReason reason, gboolean is_alive) {
  if (stream->active != NULL) {
    us_intake_keep (stream->active->intake, TRUE);
    stream->break_us = stream->active->session->last_media_us;
  }
  stream->active = contender;
  stream->is_silence_told = FALSE;
  us_segmenter_begin (stream->segmenter);
  if (reason == US_CONTEST_FIRST) {
    for (guint i = 0; i < stream->relays->len; i++)
      us_relay_begin (stream->relays->pdata[i]);
    stream->break_us = now_us (stream);
  }
  pump (stream);
  start_or_wait (stream, is_alive);
}

/* ---------------------------------------------------------------------------------- contest */

static void
collect_facts (UsStream *stream, const Contender *at_key, UsContenderFacts *facts) {
  gint64 now = now_us (stream);
  guint patience_ms = stream->settings.patience_ms;
  for (guint i = 0; i < stream->contenders->len; i++) {
    const Contender *contender = stream->contenders->pdata[i];
    const UsPunctual *punctual = us_intake_get_punctual (contender->intake);
    gint64 silent_ms = (now - contender->session->last_media_us) / 1000;
    facts[i] = (UsContenderFacts){
      .priority = contender->session->priority,
      .is_ready = us_intake_is_ready (contender->intake),
      .is_at_key = contender == at_key,
      .silent_ms = silent_ms,
      .behind_ms = punctual->is_started ? us_punctual_get_behind_ms (punctual, now) : silent_ms,
      .limit_ms = us_punctual_get_limit_ms (punctual, patience_ms),
      .steady_ms = us_punctual_get_steady_ms (punctual, now, patience_ms),
    };
  }
}

static guint
index_of (UsStream *stream, const Contender *contender) {
  guint index = 0;
  return contender != NULL && g_ptr_array_find (stream->contenders, contender, &index)
             ? index
             : US_CONTEST_NOBODY;
}

static void
tell_switch (UsStream *stream, const Contender *contender, const UsContenderFacts *before,
             UsContestReason reason) {
  const UsSession *session = contender->session;
  g_autofree char *cause = NULL;
  if (reason == US_CONTEST_PREFERRED)
    cause = g_strdup ("it is the better one, and back");
  else if (before == NULL)
    cause = g_strdup ("the one before has left");
  else
    cause = g_strdup_printf ("the one before is %" G_GINT64_FORMAT " ms behind%s",
                             before->behind_ms, reason == US_CONTEST_SILENT ? ", silent" : "");
  stream->counts.switches_total[reason]++;
  us_event (US_LOG_WARNING, US_EVENT_PUBLISHER_SWITCH,
            "%s: publisher %s (%s, priority %u%s%s) feeds the stream from now on: %s (%s)",
            stream->name, session->peer, session->encoder, session->priority,
            session->key_id != NULL ? ", key " : "", session->key_id != NULL ? session->key_id : "",
            cause, us_contest_reason_to_string (reason));
}

/* @at_key: (nullable): whose key frame came just now; @newcomer: (nullable): took the place of the
 * one that left */
static void
run_contest (UsStream *stream, const Contender *at_key, gboolean has_left,
             const Contender *newcomer) {
  UsContenderFacts facts[US_STREAM_MAX_PUBLISHERS];
  guint active = index_of (stream, stream->active);
  collect_facts (stream, at_key, facts);
  UsContestVerdict verdict
      = us_contest_step (&stream->contest, &stream->settings.contest, facts,
                         stream->contenders->len, active, has_left, now_us (stream));
  if (verdict.reason == US_CONTEST_STAY) {
    if (has_left && stream->active == NULL)
      end_feeding (stream);
    return;
  }
  Contender *chosen = stream->contenders->pdata[verdict.index];
  if (verdict.reason != US_CONTEST_FIRST && chosen != newcomer)
    tell_switch (stream, chosen, active != US_CONTEST_NOBODY ? &facts[active] : NULL,
                 verdict.reason);
  const UsContenderFacts *own = &facts[verdict.index];
  activate (stream, chosen, verdict.reason, own->behind_ms <= own->limit_ms);
}

/* ------------------------------------------------------------------- a second one on one key */

/* "127.0.0.1" of "127.0.0.1:40000". */
static gboolean
is_same_host (const char *a, const char *b) {
  const char *end_a = strrchr (a, ':'), *end_b = strrchr (b, ':');
  return end_a != NULL && end_b != NULL && end_a - a == end_b - b
         && strncmp (a, b, (gsize)(end_a - a)) == 0;
}

static UsTakeover
judge (UsStream *stream, const Contender *rival, const UsSession *newcomer) {
  const UsSession *old = rival->session;
  gint64 now = now_us (stream);
  UsTakeoverFacts facts = {
    .is_busy = TRUE,
    .is_other_held = rival->held != NULL && rival->held != newcomer,
    .is_same_source
    = is_same_host (old->peer, newcomer->peer) && g_strcmp0 (old->encoder, newcomer->encoder) == 0,
    .old_spoke_ms = (old->last_media_us - newcomer->arrived_us) / 1000,
    .old_silent_ms = (now - old->last_media_us) / 1000,
    .old_interval_ms = us_punctual_get_interval_ms (us_intake_get_punctual (rival->intake)),
    .held_ms = (now - newcomer->arrived_us) / 1000,
    .silence_limit_ms = stream->settings.takeover_silence_ms,
  };
  return us_takeover_decide (&facts);
}

static void
replace (UsStream *stream, Contender *rival, UsSession *newcomer) {
  UsSession *old = rival->session;
  stream->counts.takeovers_total++;
  us_event (US_LOG_NOTICE, US_EVENT_PUBLISH_TAKEOVER,
            "%s: %s takes over from %s, which was silent for %" G_GINT64_FORMAT " ms", stream->name,
            newcomer->peer, old->peer, (now_us (stream) - old->last_media_us) / 1000);
  rival->held = newcomer;
  leave (stream, rival, "another publisher took over");
  us_rtmp_connection_close (old->connection, "another publisher took over");
}

static void
settle (UsStream *stream, Contender *rival, UsSession *newcomer) {
  UsTakeover verdict = judge (stream, rival, newcomer);
  if (verdict == US_TAKEOVER_HOLD) {
    rival->held = newcomer;
    watch_contenders (stream);
    return;
  }
  if (rival->held == newcomer)
    rival->held = NULL;
  if (verdict == US_TAKEOVER_REPLACE)
    replace (stream, rival, newcomer);
  else
    refuse (stream, newcomer, "NetStream.Publish.BadName",
            "another publisher is sending under this key");
}

static gboolean
on_check (gpointer user_data) {
  UsStream *stream = user_data;
  us_timer_stop (&stream->check);
  /* Backwards: whoever is replaced leaves, and the newcomer is put at the end. */
  for (guint i = stream->contenders->len; i-- > 0;) {
    Contender *contender
        = i < stream->contenders->len ? stream->contenders->pdata[i] : NULL; /* faults take away */
    if (contender != NULL && contender->held != NULL)
      settle (stream, contender, contender->held);
  }
  if (stream->key_wait_us != 0 && now_us (stream) >= stream->key_wait_us)
    start_feeding (stream, us_intake_nearest_key_us (stream->active->intake, stream->break_us));
  if (stream->active != NULL)
    run_contest (stream, NULL, FALSE, NULL);
  watch_contenders (stream);
  return G_SOURCE_REMOVE;
}

static void
watch_contenders (UsStream *stream) {
  gboolean is_needed = stream->contenders->len > 1 || stream->key_wait_us != 0;
  for (guint i = 0; i < stream->contenders->len; i++)
    is_needed = is_needed || ((Contender *)stream->contenders->pdata[i])->held != NULL;
  if (is_needed)
    us_timer_start (&stream->check, CHECK_MS, "us-stream-check", on_check, stream);
}

static gboolean
has_target (UsStream *stream, const char *name) {
  for (guint i = 0; i < stream->relays->len; i++) {
    if (strcmp (us_relay_get_name (stream->relays->pdata[i]), name) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Where the stream goes besides the packagers, unless @route is another one's. Two places at one
 * server may differ by their secrets only: then a number tells them apart. */
static void
add_push (UsStream *stream, const char *route, GTlsDatabase *authorities) {
  const char *url = NULL;
  g_autofree char *only = us_route_split (route, &url);
  if (only != NULL && strcmp (only, stream->name) != 0)
    return;
  g_autofree char *shown = us_route_for_people (url);
  g_autofree char *name = g_strdup (shown);
  for (guint count = 2; has_target (stream, name); count++) {
    g_free (name);
    name = g_strdup_printf ("%s #%u", shown, count);
  }
  UsRelayTarget target
      = { .url = url, .name = name, .is_complete = only != NULL, .authorities = authorities };
  g_ptr_array_add (stream->relays, us_relay_new (&target, stream->name, stream->segmenter));
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
  stream->settings = *settings;
  stream->settings.relay_urls = stream->settings.push_urls = NULL;
  stream->settings.push_authorities = NULL;
  stream->settings.max_publishers = CLAMP (settings->max_publishers, 1, US_STREAM_MAX_PUBLISHERS);
  stream->contenders = g_ptr_array_new_with_free_func (contender_free);
  stream->segmenter = us_segmenter_new (name, &settings->segmenter, state, clock);
  stream->watch = us_truth_watch_new (name, clock);
  stream->relays = g_ptr_array_new_with_free_func ((GDestroyNotify)us_relay_free);
  stream->ended_us = now_us (stream);
  for (guint i = 0; settings->relay_urls != NULL && settings->relay_urls[i] != NULL; i++) {
    UsRelayTarget target
        = { .url = settings->relay_urls[i], .name = settings->relay_urls[i], .has_marks = TRUE };
    g_ptr_array_add (stream->relays, us_relay_new (&target, name, stream->segmenter));
  }
  for (guint i = 0; settings->push_urls != NULL && settings->push_urls[i] != NULL; i++)
    add_push (stream, settings->push_urls[i], settings->push_authorities);
  return stream;
}

/**
 * us_stream_publish:
 * @stream: the stream
 * @session: a connection that asks to publish it; answered now or, when the key is busy, soon
 */
void
us_stream_publish (UsStream *stream, UsSession *session) {
  Contender *rival = find_rival (stream, session);
  session->stream = stream;
  session->arrived_us = now_us (stream);
  if (rival != NULL) {
    settle (stream, rival, session);
    return;
  }
  if (stream->contenders->len >= stream->settings.max_publishers) {
    g_autofree char *text = g_strdup_printf (
        "%u publishers send this stream already, which is max-publishers", stream->contenders->len);
    refuse (stream, session, "NetStream.Publish.Denied", text);
    return;
  }
  Contender *contender = add_contender (stream, session);
  if (stream->active == NULL)
    run_contest (stream, NULL, FALSE, contender);
}

static void
feed_message (UsStream *stream, const UsRtmpMessage *message) {
  g_autoptr (GError) error = NULL;
  feed (stream, message->type, message->timestamp_ms, message->payload, &error);
  if (error != NULL)
    fault (stream, error);
}

/**
 * us_stream_media:
 * @stream: the stream
 * @session: where the message came from
 * @message: an audio, video or data message
 */
void
us_stream_media (UsStream *stream, UsSession *session, UsRtmpMessage *message) {
  Contender *contender = find_contender (stream, session);
  if (contender == NULL)
    return;
  gint64 now = now_us (stream);
  gboolean is_key = us_intake_push (contender->intake, message, now, stream->settings.patience_ms);
  if (message->type == US_RTMP_AUDIO || message->type == US_RTMP_VIDEO) {
    session->last_media_us = now;
    stream->is_silence_told = stream->is_silence_told && contender != stream->active;
  }
  if (contender != stream->active) {
    if (is_key)
      run_contest (stream, contender, FALSE, NULL);
  } else if (stream->key_wait_us == 0) {
    feed_message (stream, message);
  } else if (is_key) {
    start_feeding (stream, us_intake_nearest_key_us (contender->intake, stream->break_us));
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
  Contender *contender = find_contender (stream, session);
  session->stream = NULL;
  if (contender != NULL) {
    leave (stream, contender, reason);
    return;
  }
  for (guint i = 0; i < stream->contenders->len; i++) {
    contender = stream->contenders->pdata[i];
    if (contender->held == session)
      contender->held = NULL;
  }
}

/**
 * us_stream_close_publisher:
 * @stream: the stream
 * @reason: a sentence
 *
 * Ends every publish and whoever waits for one; the last segment goes out.
 */
void
us_stream_close_publisher (UsStream *stream, const char *reason) {
  gboolean was_fed = stream->active != NULL;
  while (stream->contenders->len > 0) {
    Contender *contender = stream->contenders->pdata[0];
    UsSession *session = contender->session, *held = NULL;
    (void)remove_contender (stream, contender, reason, &held);
    us_rtmp_connection_close (session->connection, reason);
    if (held != NULL)
      refuse (stream, held, "NetStream.Publish.Denied", reason);
  }
  if (was_fed)
    end_feeding (stream);
}

/* One line for each silence that nobody can make up for. */
static void
tell_silence (UsStream *stream) {
  const UsSession *session = stream->active->session;
  gint64 silent_ms = (now_us (stream) - session->last_media_us) / 1000;
  gint64 limit_ms = us_punctual_get_limit_ms (us_intake_get_punctual (stream->active->intake),
                                              stream->settings.patience_ms);
  if (stream->is_silence_told || silent_ms < limit_ms)
    return;
  stream->is_silence_told = TRUE;
  us_event (US_LOG_WARNING, US_EVENT_PUBLISHER_SILENT,
            "%s: publisher %s has sent nothing for %" G_GINT64_FORMAT
            " ms, and there is no other one in time",
            stream->name, session->peer, silent_ms);
}

static void
look_at_publisher (UsStream *stream) {
  const UsSession *session = stream->active->session;
  UsRtmpLine line;
  gboolean is_known = us_rtmp_connection_get_line (session->connection, &line);
  us_truth_watch_look (stream->watch, stream->segmenter, session->since_us,
                       is_known ? &line : NULL);
}

/**
 * us_stream_tick:
 * @stream: the stream; to be called about once a second
 */
void
us_stream_tick (UsStream *stream) {
  g_autoptr (GError) error = NULL;
  if (stream->active == NULL)
    return;
  tell_silence (stream);
  look_at_publisher (stream);
  if (stream->key_wait_us == 0 && !us_segmenter_check (stream->segmenter, &error))
    fault (stream, error);
}

/**
 * us_stream_is_expired:
 * @stream: the stream
 *
 * Returns: %TRUE when it has ended so long ago that it can be freed
 */
gboolean
us_stream_is_expired (UsStream *stream) {
  return stream->contenders->len == 0
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
  return stream->contenders->len == 0;
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
 * Returns: (transfer none) (nullable): the publisher that feeds it
 */
const UsSession *
us_stream_get_session (UsStream *stream) {
  return stream->active != NULL ? stream->active->session : NULL;
}

/**
 * us_stream_get_n_publishers:
 * @stream: the stream
 *
 * Returns: how many publishers send it, one of which feeds it
 */
guint
us_stream_get_n_publishers (UsStream *stream) {
  return stream->contenders->len;
}

/**
 * us_stream_get_publisher:
 * @stream: the stream
 * @index: below us_stream_get_n_publishers(); in order of arrival
 * @publisher: (out): facts for status and metrics
 */
void
us_stream_get_publisher (UsStream *stream, guint index, UsStreamPublisher *publisher) {
  UsContenderFacts facts[US_STREAM_MAX_PUBLISHERS];
  const Contender *contender = stream->contenders->pdata[index];
  collect_facts (stream, NULL, facts);
  *publisher = (UsStreamPublisher){
    .session = contender->session,
    .is_active = contender == stream->active,
    .silent_ms = facts[index].silent_ms,
    .behind_ms = facts[index].behind_ms,
    .kept_bytes = us_intake_get_bytes (contender->intake),
    .rates = us_intake_get_rates (contender->intake),
  };
}

/**
 * us_stream_explain_publisher:
 * @stream: the stream
 * @index: below us_stream_get_n_publishers(); in order of arrival
 *
 * Returns: (transfer full): why it feeds the stream, or why not: a sentence without its full stop
 */
char *
us_stream_explain_publisher (UsStream *stream, guint index) {
  UsContenderFacts facts[US_STREAM_MAX_PUBLISHERS];
  collect_facts (stream, NULL, facts);
  return us_contest_explain (&stream->contest, &stream->settings.contest, facts,
                             stream->contenders->len, index_of (stream, stream->active), index);
}

/**
 * us_stream_get_kept_bytes:
 * @stream: the stream
 *
 * Returns: what its publishers sent and is kept for a change of sides
 */
gsize
us_stream_get_kept_bytes (UsStream *stream) {
  gsize bytes = 0;
  for (guint i = 0; i < stream->contenders->len; i++)
    bytes += us_intake_get_bytes (((Contender *)stream->contenders->pdata[i])->intake);
  return bytes;
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
 * us_stream_get_truth:
 * @stream: the stream
 * @report: (out): what is known of what its publisher sends; valid until the next tick
 */
void
us_stream_get_truth (UsStream *stream, UsTruthReport *report) {
  us_truth_watch_report (stream->watch, report);
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
  us_timer_stop (&stream->check);
  for (guint i = 0; i < stream->contenders->len; i++) {
    Contender *contender = stream->contenders->pdata[i];
    contender->session->stream = NULL;
    if (contender->held != NULL)
      contender->held->stream = NULL;
  }
  g_ptr_array_unref (stream->contenders);
  g_ptr_array_unref (stream->relays);
  us_truth_watch_free (stream->watch);
  us_segmenter_free (stream->segmenter);
  g_free (stream->name);
  g_free (stream);
}
