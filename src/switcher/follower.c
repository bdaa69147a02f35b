/* follower.c - keeps reading one stream's playlist at one origin, and the facts about it
 *
 * Owned by a UsFeed, on the main loop. Exactly one request or one timer is pending at any time.
 * An origin that offers blocking reload is asked for the next segment with one long poll, so that
 * its answer, or the reset of its connection, is the event itself. Others get short conditional
 * polls. A failed request is repeated with a small back-off; nothing here decides what a fault
 * means, that is policy.c. Ends with us_follower_free(): the pending request is cancelled and its
 * late callback finds no follower.
 */
#include "switcher/follower.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.follower"
#include "base/backoff.h"
#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "base/url.h"
#include "hls/segment.h"

#define POLL_MIN_MS 100
#define POLL_MAX_OURS_MS 250 /* below US_POLICY_LATE_US: polling alone makes no twin late */
#define CONNECT_TIMEOUT_MS 500
#define FIRST_BYTE_TIMEOUT_MS 1000
#define BLOCK_HALF_TARGETS                                                                         \
  5 /* a long poll is asked anew before the origin itself gives up, at 3 targets */
#define BLOCK_MAX_MS 60000 /* whatever target duration is claimed */
#define GREEDY_MS 10       /* a long poll that brings something sooner was none */
#define MAX_GREEDY 50      /* of these in a row; then they keep a pace */
#define FORGET_ADVANCES 2
#define EPOCH_MIN (G_GUINT64_CONSTANT (1) << 40) /* ms of the wall clock: 2004 */
#define EPOCH_MAX (G_GUINT64_CONSTANT (1) << 42) /* 2109 */
#define MASTER_POLL_MS 5000
#define RETRY_CAP_MS 1000
#define RETRY_CAP_URGENT_MS 250 /* the twin is no help: its first sign of life is waited for */

/* What a request in flight holds, so that its callback can tell whether the follower still is. */
typedef struct {
  UsFollower *follower; /* NULL once freed */
  gboolean is_blocking, is_conditional;
  gint64 sent_us;
} Request;

struct UsFollower {
  const UsOriginAccess *access;
  UsOriginId origin;
  char *stream;
  char *url;  /* (nullable): not known yet: at rest */
  char *base; /* (nullable): where redirects led from there */
  UsFollowerDiet diet;
  const UsFollower *twin; /* (nullable) */
  UsFollowerChanged changed;
  gpointer user_data;

  Request *request; /* (nullable): in flight */
  GCancellable *cancellable;
  GSource *timer; /* (nullable): until the next request */
  char *etag;     /* (nullable): of the playlist held */

  UsPlaylist *master;   /* (nullable): the last good multivariant playlist */
  guint64 n_masters;    /* how often one was read */
  UsPlaylist *playlist; /* (nullable): the last good one with segments */
  UsCalendar calendar;
  gint64 epoch_wall_us; /* wall time less monotonic time at the start */
  UsFollowerKind kind;
  guint64 generation; /* rises when the origin starts counting anew */
  UsOriginFacts facts;
  guint8 recent; /* outcomes of the last requests, newest in bit 0, 1: bad */
  guint n_failures;
  guint n_greedy; /* long polls in a row that were answered at once, with news */
  guint64 n_advances;
  guint64 n_judged_advances; /* of which it is known whether they were in step */
  guint n_quiet_advances;    /* of its playlist since the last segment error */
  gboolean is_urgent;
  guint64 n_5xx;
  guint64 n_errors[US_N_REASONS];
};

static void send_request (UsFollower *self);

/**
 * us_reason_from_http:
 * @error: US_HTTP_ERROR
 *
 * Returns: the word of our closed list for it
 */
UsReason
us_reason_from_http (const GError *error) {
  if (error->domain != US_HTTP_ERROR)
    return US_REASON_RESET;
  switch ((UsHttpError)error->code) {
  case US_HTTP_ERROR_RESOLVE:
    return US_REASON_RESOLVE;
  case US_HTTP_ERROR_REFUSED:
    return US_REASON_REFUSED;
  case US_HTTP_ERROR_CONNECT_TIMEOUT:
  case US_HTTP_ERROR_FIRST_BYTE_TIMEOUT:
  case US_HTTP_ERROR_DEADLINE:
    return US_REASON_TIMEOUT;
  case US_HTTP_ERROR_TRUNCATED:
    return US_REASON_TRUNCATED;
  case US_HTTP_ERROR_TOO_LARGE:
    return US_REASON_TOO_LARGE;
  case US_HTTP_ERROR_TLS:
  case US_HTTP_ERROR_PROTOCOL:
  case US_HTTP_ERROR_FORBIDDEN:
    return US_REASON_PROTOCOL;
  case US_HTTP_ERROR_RESET:
  case US_HTTP_ERROR_CANCELLED:
  default:
    return US_REASON_RESET;
  }
}

UsReason
us_reason_from_status (guint status) {
  if (status == 200)
    return US_REASON_OK;
  return status >= 500 ? US_REASON_HTTP_5XX : US_REASON_HTTP_4XX;
}

static gint64
now_us (const UsFollower *self) {
  return us_clock_monotonic_us (self->access->clock);
}

static gboolean
on_timer (gpointer user_data) {
  UsFollower *self = user_data;
  us_timer_stop (&self->timer);
  send_request (self);
  return G_SOURCE_REMOVE;
}

static void
schedule (UsFollower *self, guint delay_ms) {
  us_timer_stop (&self->timer);
  us_timer_start (&self->timer, delay_ms, "switcher-follower", on_timer, self);
}

static guint
poll_delay_ms (const UsFollower *self) {
  if (self->master != NULL)
    return MASTER_POLL_MS;
  gint64 delay_ms = MAX (POLL_MIN_MS, self->facts.target_us / 1000 / 8);
  if (self->kind == US_FOLLOWER_OURS)
    delay_ms = MIN (delay_ms, POLL_MAX_OURS_MS);
  return (guint)MIN (delay_ms, MAX (POLL_MIN_MS, self->access->policy.check_interval_us / 1000));
}

static guint
retry_delay_ms (const UsFollower *self) {
  const UsBackoff backoff = { .first_ms = 50,
                              .step_ms = 100,
                              .cap_ms = self->is_urgent ? RETRY_CAP_URGENT_MS : RETRY_CAP_MS };
  return us_backoff_delay_ms (&backoff, self->n_failures, g_random_double_range (-1.0, 1.0));
}

/* ---- what a playlist says ---- */

static const UsPlaylistSegment *
newest_of (const UsPlaylist *playlist) {
  if (playlist == NULL || playlist->segments->len == 0)
    return NULL;
  return g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
}

/* Others write "<stream>-<number>.ts" too, and a stream called 720, 1 or cafe reads like an epoch.
 * Ours are times: 11 digits that begin with 1, 2 or 3. */
static UsFollowerKind
kind_of (const UsPlaylist *playlist) {
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    guint64 epoch;
    if (segment->is_gap && i + 1 < playlist->segments->len) /* another switcher's */
      continue;
    if (!us_segment_parse_name (segment->uri, &epoch, NULL) || epoch < EPOCH_MIN
        || epoch > EPOCH_MAX)
      return US_FOLLOWER_FOREIGN;
  }
  return US_FOLLOWER_OURS;
}

static gboolean
is_supported (const UsFollower *self, const UsPlaylist *playlist, const char **why) {
  gboolean is_master = playlist->variants->len > 0;
  *why = NULL;
  if (is_master && self->diet == US_FOLLOWER_MEDIA)
    *why = "it is a multivariant playlist; what is served to viewers here is a media playlist";
  else if (!is_master && self->diet == US_FOLLOWER_MASTER)
    *why = "it is a media playlist; what is served to viewers here is a multivariant playlist";
  else if (playlist->target_duration_s == 0 && playlist->segments->len > 0)
    *why = "it has no EXT-X-TARGETDURATION";
  return *why == NULL;
}

/* A rank that rises with every segment: ours by the number in the name, which outlives a restart
 * of the packager; foreign ones by the media sequence number. */
static guint64
rank_of (const UsPlaylistSegment *segment, UsFollowerKind kind) {
  guint64 number = segment->number;
  if (kind == US_FOLLOWER_OURS)
    us_segment_parse_name (segment->uri, NULL, &number);
  return number;
}

/* Whether @playlist tells another story than the one held: it ends earlier, or a number that both
 * list names another segment. */
static gboolean
has_gone_back (const UsFollower *self, const UsPlaylist *playlist, UsFollowerKind kind) {
  const UsPlaylistSegment *held = newest_of (self->playlist);
  const UsPlaylistSegment *newest = newest_of (playlist);
  if (held == NULL || newest == NULL || kind != self->kind)
    return held != NULL && newest != NULL;
  if (rank_of (newest, kind) < rank_of (held, kind))
    return TRUE;
  for (guint i = 0; i < playlist->segments->len && kind == US_FOLLOWER_FOREIGN; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    if (segment->number == held->number && !us_segment_is_same_uri (segment->uri, held->uri))
      return TRUE;
  }
  return FALSE;
}

static void
note_dates (UsFollower *self) {
  gint64 our_ms = (now_us (self) + self->epoch_wall_us) / 1000;
  const UsCalendar *twin = self->twin != NULL ? &self->twin->calendar : NULL;
  self->calendar.is_told = self->kind == US_FOLLOWER_OURS;
  if (us_calendar_note (&self->calendar, self->playlist, our_ms, twin))
    us_event (US_LOG_WARNING, US_EVENT_ORIGIN_CLOCK,
              "%s: the dates of %s have stepped; they are %+.1f s from ours, which is allowed for",
              self->stream, us_origin_word (self->origin),
              (double)self->calendar.offset_ms / 1000.0);
}

static UsReason
take_playlist (UsFollower *self, UsPlaylist *playlist) {
  if (playlist->segments->len == 0)
    return US_REASON_OK; /* starting: nothing listed yet, what was listed before still stands */

  UsFollowerKind kind = kind_of (playlist);
  gboolean has_regressed = has_gone_back (self, playlist, kind);
  gboolean was_down = self->n_failures > 0;
  const UsPlaylistSegment *held = newest_of (self->playlist);
  gboolean has_advanced = held == NULL || has_regressed || kind != self->kind
                          || rank_of (newest_of (playlist), kind) > rank_of (held, kind);

  /* Going back while the origin was reachable is a fault; after an outage it is a restart. */
  UsReason reason = has_regressed && !was_down ? US_REASON_REGRESS : US_REASON_OK;
  if (has_regressed)
    self->generation++;
  g_clear_pointer (&self->playlist, us_playlist_free);
  self->playlist = playlist;
  self->kind = kind;
  self->facts.has_window = TRUE;
  self->facts.target_us = (gint64)playlist->target_duration_s * G_USEC_PER_SEC;
  if (has_regressed)
    us_calendar_restart (&self->calendar);
  if (has_advanced) {
    note_dates (self);
    self->facts.last_advance_us = now_us (self);
    self->n_advances++;
    /* Not asked for a segment since: what was held against it is out of date. */
    if (self->facts.segment_error != US_REASON_OK && ++self->n_quiet_advances >= FORGET_ADVANCES)
      us_follower_note_segment (self, US_REASON_OK);
  }
  return reason;
}

static UsReason
read_body (UsFollower *self, GBytes *body) {
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  g_autoptr (UsPlaylist) playlist = us_playlist_parse (text != NULL ? text : "", size, &error);
  const char *why = NULL;
  UsReason reason = US_REASON_OK;
  if (playlist == NULL) {
    reason = US_REASON_UNPARSABLE;
    why = error->message;
  } else if (!is_supported (self, playlist, &why)) {
    reason = US_REASON_UNSUPPORTED;
  }
  if (reason != US_REASON_OK) {
    g_autofree char *shown = us_url_for_people (self->url);
    if (self->facts.error != reason)
      us_warning ("%s: playlist of %s (%s): %s", self->stream, us_origin_word (self->origin), shown,
                  why);
    return reason;
  }
  if (playlist->variants->len > 0) {
    g_clear_pointer (&self->master, us_playlist_free);
    self->master = g_steal_pointer (&playlist);
    self->n_masters++;
    return US_REASON_OK;
  }
  if (playlist->segments->len == 0)
    return US_REASON_OK;
  return take_playlist (self, g_steal_pointer (&playlist));
}

/* ---- the loop ---- */

static void
note_outcome (UsFollower *self, UsReason reason) {
  gboolean is_bad = reason != US_REASON_OK;
  self->recent = (guint8)((self->recent << 1 | is_bad) & 7);
  self->facts.n_recent_bad = (self->recent & 1) + (self->recent >> 1 & 1) + (self->recent >> 2 & 1);
  if (is_bad && self->facts.error == US_REASON_OK)
    self->facts.error_since_us = now_us (self);
  self->facts.error = reason;
  self->n_failures = is_bad ? self->n_failures + 1 : 0;
  self->n_errors[reason]++;
  if (reason == US_REASON_HTTP_5XX)
    self->n_5xx++;
}

static UsReason
take_reply (UsFollower *self, const UsHttpReply *reply, gboolean is_conditional) {
  if (reply->status == 304) /* an answer to what was asked, or none */
    return is_conditional ? US_REASON_OK : US_REASON_PROTOCOL;
  UsReason reason = us_reason_from_status (reply->status);
  if (reason != US_REASON_OK)
    return reason;
  reason = read_body (self, reply->body);
  g_clear_pointer (&self->etag, g_free);
  if (reason != US_REASON_OK)
    return reason;
  self->etag = g_strdup (reply->etag);
  g_free (self->base);
  self->base = g_strdup (reply->url);
  return reason;
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data) {
  Request *request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  UsFollower *self = request->follower;
  g_autofree Request *owned = request;
  gboolean is_blocking = request->is_blocking;
  if (self == NULL)
    return;
  self->request = NULL;
  g_clear_object (&self->cancellable);

  guint64 advances = self->n_advances;
  UsReason reason;
  if (reply != NULL)
    reason = take_reply (self, reply, request->is_conditional);
  else if (is_blocking && error->domain == US_HTTP_ERROR
           && (error->code == US_HTTP_ERROR_FIRST_BYTE_TIMEOUT
               || error->code == US_HTTP_ERROR_DEADLINE))
    reason = US_REASON_OK; /* held for as long as we asked: the silence is judged by its age */
  else
    reason = us_reason_from_http (error);

  note_outcome (self, reason);
  if (reason != US_REASON_OK)
    schedule (self, retry_delay_ms (self));
  else if (self->playlist != NULL && self->playlist->can_block_reload
           && (self->n_advances > advances || reply == NULL)) {
    gboolean is_greedy = now_us (self) - request->sent_us < GREEDY_MS * G_TIME_SPAN_MILLISECOND;
    self->n_greedy = is_greedy ? self->n_greedy + 1 : 0;
    if (self->n_greedy > MAX_GREEDY)
      schedule (self, GREEDY_MS);
    else
      send_request (self);
  } else
    schedule (self, poll_delay_ms (self));
  self->changed (self, self->user_data);
}

static void
send_request (UsFollower *self) {
  const UsPlaylistSegment *newest = newest_of (self->playlist);
  /* After a fault the plain list is asked for: a restarted origin may count from elsewhere. */
  gboolean is_blocking
      = newest != NULL && self->playlist->can_block_reload && self->n_failures == 0;
  guint block_ms = MIN ((guint)(self->facts.target_us / 2000) * BLOCK_HALF_TARGETS, BLOCK_MAX_MS);
  UsHttpFetch fetch = {
    .if_none_match = is_blocking ? NULL : self->etag,
    .connect_timeout_ms = CONNECT_TIMEOUT_MS,
    .first_byte_timeout_ms
    = is_blocking ? MAX (block_ms, FIRST_BYTE_TIMEOUT_MS) : FIRST_BYTE_TIMEOUT_MS,
    .deadline_ms = (is_blocking ? block_ms : 0) + 2 * FIRST_BYTE_TIMEOUT_MS,
    .max_bytes = US_PLAYLIST_MAX_BYTES,
    .led_by = self->access->base_url[self->origin],
  };
  g_autofree char *url
      = is_blocking
            ? g_strdup_printf ("%s%c_HLS_msn=%" G_GUINT64_FORMAT, self->url,
                               strchr (self->url, '?') != NULL ? '&' : '?', newest->number + 1)
            : g_strdup (self->url);
  self->request = g_new0 (Request, 1);
  self->request->follower = self;
  self->request->is_blocking = is_blocking;
  self->request->is_conditional = fetch.if_none_match != NULL;
  self->request->sent_us = now_us (self);
  self->cancellable = g_cancellable_new ();
  us_http_client_fetch_async (self->access->client, url, &fetch, self->cancellable, on_reply,
                              self->request);
}

/**
 * us_follower_new:
 * @access: outlives the follower
 * @origin: which of the two
 * @stream: name, for the log
 * @url: (nullable): of the playlist; %NULL: see us_follower_move()
 * @changed: called after every request, from the main loop
 *
 * Returns: (transfer full): a follower at rest; see us_follower_start()
 */
UsFollower *
us_follower_new (const UsOriginAccess *access, UsOriginId origin, const char *stream,
                 const char *url, UsFollowerChanged changed, gpointer user_data) {
  UsFollower *self = g_new0 (UsFollower, 1);
  self->access = access;
  self->origin = origin;
  self->stream = g_strdup (stream);
  self->url = g_strdup (url);
  self->changed = changed;
  self->user_data = user_data;
  self->epoch_wall_us = us_clock_wall_us (access->clock) - us_clock_monotonic_us (access->clock);
  us_calendar_init (&self->calendar);
  return self;
}

void
us_follower_start (UsFollower *self) {
  g_return_if_fail (self->request == NULL && self->timer == NULL);
  if (self->url != NULL)
    send_request (self);
}

static void
stop (UsFollower *self) {
  if (self->request != NULL)
    self->request->follower = NULL;
  self->request = NULL;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  us_timer_stop (&self->timer);
}

/**
 * us_follower_move:
 * @url: where the playlist is (now)
 *
 * What was learnt stays; a playlist that counts from elsewhere is a restart.
 */
void
us_follower_move (UsFollower *self, const char *url) {
  if (g_strcmp0 (self->url, url) == 0)
    return;
  stop (self);
  g_free (self->url);
  self->url = g_strdup (url);
  g_clear_pointer (&self->base, g_free);
  g_clear_pointer (&self->etag, g_free);
  send_request (self);
}

/* From now on the other kind of playlist is unsupported. */
void
us_follower_set_diet (UsFollower *self, UsFollowerDiet diet) {
  self->diet = diet;
}

/* @twin: (nullable): the other origin's, whose dates ours are held against */
void
us_follower_set_twin (UsFollower *self, const UsFollower *twin) {
  self->twin = twin;
}

void
us_follower_free (UsFollower *self) {
  stop (self);
  us_calendar_clear (&self->calendar);
  g_clear_pointer (&self->master, us_playlist_free);
  g_clear_pointer (&self->playlist, us_playlist_free);
  g_free (self->etag);
  g_free (self->stream);
  g_free (self->url);
  g_free (self->base);
  g_free (self);
}

/* ---- what others may know ---- */

const UsOriginFacts *
us_follower_get_facts (const UsFollower *self) {
  return &self->facts;
}

/* Returns: (transfer none) (nullable): the last good playlist; valid until the next change */
const UsPlaylist *
us_follower_get_playlist (const UsFollower *self) {
  return self->playlist;
}

/* Returns: (transfer none) (nullable): the last good multivariant playlist */
const UsPlaylist *
us_follower_get_master (const UsFollower *self) {
  return self->master;
}

guint64
us_follower_get_n_masters (const UsFollower *self) {
  return self->n_masters;
}

const UsCalendar *
us_follower_get_calendar (const UsFollower *self) {
  return &self->calendar;
}

/* Returns: (nullable): where the playlist is */
const char *
us_follower_get_url (const UsFollower *self) {
  return self->url;
}

/* Returns: (nullable): what relative URIs in the playlist mean, RFC 3986 5.1.3 */
const char *
us_follower_get_base (const UsFollower *self) {
  return self->base != NULL ? self->base : self->url;
}

/* Returns: (transfer none) (nullable): the listed segment of ours with this name */
const UsPlaylistSegment *
us_follower_find_ours (const UsFollower *self, guint64 epoch, guint64 number) {
  for (guint i = 0; self->kind == US_FOLLOWER_OURS && i < self->playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (self->playlist->segments, i);
    guint64 its_epoch, its_number;
    if (us_segment_parse_name (segment->uri, &its_epoch, &its_number) && its_epoch == epoch
        && its_number == number)
      return segment;
  }
  return NULL;
}

UsFollowerKind
us_follower_get_kind (const UsFollower *self) {
  return self->kind;
}

/**
 * us_follower_get_newest:
 * @epoch: (out): 0 for a foreign origin
 * @number: (out): of its newest segment, as ranked
 *
 * Returns: %FALSE while nothing is listed
 */
gboolean
us_follower_get_newest (const UsFollower *self, guint64 *epoch, guint64 *number) {
  const UsPlaylistSegment *newest = newest_of (self->playlist);
  if (newest == NULL)
    return FALSE;
  *epoch = 0;
  *number = newest->number;
  if (self->kind == US_FOLLOWER_OURS)
    us_segment_parse_name (newest->uri, epoch, number);
  return TRUE;
}

gboolean
us_follower_has_epoch (const UsFollower *self, guint64 epoch) {
  if (self->kind != US_FOLLOWER_OURS)
    return FALSE;
  for (guint i = 0; i < self->playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (self->playlist->segments, i);
    guint64 its_epoch = 0;
    if (us_segment_parse_name (segment->uri, &its_epoch, NULL) && its_epoch == epoch)
      return TRUE;
  }
  return FALSE;
}

guint64
us_follower_get_generation (const UsFollower *self) {
  return self->generation;
}

/* Returns: PROGRAM-DATE-TIME of the newest segment in ms; -1: none */
gint64
us_follower_get_newest_wall_ms (const UsFollower *self) {
  const UsPlaylistSegment *newest = newest_of (self->playlist);
  return newest != NULL ? newest->wall_ms : -1;
}

guint64
us_follower_get_n_5xx (const UsFollower *self) {
  return self->n_5xx;
}

guint64
us_follower_get_n_errors (const UsFollower *self, UsReason reason) {
  return self->n_errors[reason];
}

/**
 * us_follower_resolve:
 * @uri: as written in this origin's playlist, or in its twin's
 *
 * Returns: (transfer full) (nullable): the absolute URL; %NULL when it is no URI
 */
char *
us_follower_resolve (const UsFollower *self, const char *uri) {
  if (self->url == NULL)
    return NULL;
  return us_url_resolve (us_follower_get_base (self), uri);
}

/**
 * us_follower_set_behind:
 * @since_us: monotonic time since when its twin lists what it does not; 0: it is level with it, or
 *   they do not compare
 *
 * To be called after every change: an advance that leaves it behind is a refill and earns no trust.
 */
void
us_follower_set_behind (UsFollower *self, gint64 since_us) {
  self->facts.behind_since_us = since_us;
  if (since_us == 0 && self->n_advances > self->n_judged_advances)
    self->facts.n_in_step++;
  self->n_judged_advances = self->n_advances;
}

/**
 * us_follower_forgive:
 * @pause_us: how long this process has just stood still
 *
 * Nothing could be seen in that time, so it counts for none of the origin's ages.
 */
void
us_follower_forgive (UsFollower *self, gint64 pause_us) {
  gint64 now = now_us (self);
  gint64 *since_us[]
      = { &self->facts.last_advance_us, &self->facts.error_since_us, &self->facts.behind_since_us };
  for (guint i = 0; i < G_N_ELEMENTS (since_us); i++)
    if (*since_us[i] > 0)
      *since_us[i] = MIN (*since_us[i] + pause_us, now);
}

/* With @is_urgent the twin is no help, so that a failing origin is asked more often. */
void
us_follower_set_urgent (UsFollower *self, gboolean is_urgent) {
  self->is_urgent = is_urgent;
}

/**
 * us_follower_note_segment:
 * @reason: how fetching a segment from this origin ended; US_REASON_OK: whole and valid
 *
 * The stream steps the policy afterwards.
 */
void
us_follower_note_segment (UsFollower *self, UsReason reason) {
  self->n_quiet_advances = 0;
  self->facts.segment_error = reason;
  self->facts.n_segment_errors = reason == US_REASON_OK ? 0 : self->facts.n_segment_errors + 1;
  if (reason != US_REASON_OK)
    self->n_errors[reason]++;
  if (reason == US_REASON_HTTP_5XX)
    self->n_5xx++;
}
