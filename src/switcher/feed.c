/* feed.c - one stream as the switcher serves it: two followers, one ledger, what is fetched next
 *
 * Owned by the UsSwitcher, on the main loop. Whatever happens (a follower's answer, the end of a
 * fetch, the tick) runs the same three steps: compare the followers, step the policy, pump. The
 * pump fetches at most one segment at a time, in order, and a segment is published the moment it
 * is whole. What comes next is decided in pick.c, who is to be trusted in policy.c, what may be
 * written in ledger.c; here they are only put together. Ends with us_feed_free(), which cancels
 * everything in flight.
 */
#include "switcher/feed.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.feed"
#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "switcher/fetch.h"
#include "switcher/pick.h"

#define TICK_MS 100
#define PAUSE_US (1 * G_TIME_SPAN_SECOND)             /* without a tick: this process stood still */
#define START_WAIT_US (500 * G_TIME_SPAN_MILLISECOND) /* for the second origin's first word */
#define READY_WAIT_US (3 * G_TIME_SPAN_SECOND)        /* for the rest of the first window */
#define HOLE_WAIT_US (1 * G_TIME_SPAN_SECOND)         /* for missing numbers */
#define NEW_LIFE_US (2 * G_TIME_SPAN_SECOND)
#define GIVE_UP_TRIES 4 /* of one segment, when later ones are listed */
#define GIVE_UP_US (1 * G_TIME_SPAN_SECOND)
#define RETRY_FIRST_MS 50
#define RETRY_CAP_MS 500
#define HEDGE_MIN_MS 50
#define HEDGE_MAX_MS 250
#define PREFER_SEGMENTS 10
#define COMPARE_EVERY 10 /* segments of which one is compared with the twin's */
#define DEADLINE_MIN_MS 4000
/* Numbers for foreign segments start at the time of day, so that a new switcher's are above those
 * of the old one, as long as segments last a quarter of a second on average; and stay below 2^31
 * until 2037, which some players need. */
#define YEAR_2020_US (G_GINT64_CONSTANT (1577836800) * G_USEC_PER_SEC)
#define NUMBERS_PER_S 4

const guint us_feed_bucket_ms[US_FEED_N_BUCKETS] = { 10, 25, 50, 100, 250, 500, 1000, 2500 };

/* A comparison in flight; knows whether the feed still is. */
typedef struct {
  UsFeed *feed; /* NULL once freed */
  UsOriginId origin;
  UsSegment *segment;
} Compare;

struct UsFeed {
  const UsOriginAccess *access;
  char *name;
  gboolean is_default;
  UsFeedPublished published;
  UsFeedSwitched switched; /* (nullable) */
  gpointer user_data;

  UsFollower *followers[US_N_ORIGINS];
  UsLedger *ledger;
  UsPolicy policy;
  UsPickCursor cursor;
  gint64 started_us;
  gint64 updated_us; /* the last time anything ran here */
  GSource *tick;

  UsFetch *fetch; /* (nullable): in flight, for @pick */
  UsPick pick;    /* its segment pointer is not kept */
  UsLedgerOffer offer;
  char *offer_uri;
  gint64 pick_since_us; /* when that segment was first seen listed */
  guint n_tries;
  gint64 retry_us; /* monotonic time before which it is not asked again */
  gint64 hole_since_us, new_life_since_us, stranger_since_us;
  double fetch_ms;      /* smoothed */
  UsOriginId preferred; /* it delivered when the other was silent */
  guint n_preferred;    /* segments for which that is remembered */

  GBytes *playlist;  /* (nullable): rendered, as advertised */
  gboolean is_ready; /* the first window is complete: advertised */
  guint64 ready_rank;
  gint64 first_commit_us;
  gboolean has_diverged;
  guint n_since_compare;
  Compare *compare; /* (nullable): in flight */
  GCancellable *compare_cancellable;
  gboolean was_interchangeable, has_warned_target;
  UsFeedSwitch switches[US_FEED_N_SWITCHES]; /* oldest first */
  guint n_switches;
  UsJoinMethod join_method; /* of the last join */
  gboolean is_switch_open;  /* the last one waits for the first segment of its new side */
  const char *who, *why;    /* (nullable): whose command is being carried out */
  UsFeedStats stats;
};

static void update (UsFeed *self);

static gint64
now_us (const UsFeed *self) {
  return us_clock_monotonic_us (self->access->clock);
}

static const UsFollower *const *
followers_of (const UsFeed *self) {
  return (const UsFollower *const *)self->followers;
}

/* ---- are the two one? ---- */

/* Two packagers of one ingest share an epoch. At the change of epochs one is a moment ahead, so a
 * stranger is only believed when both have gone on without ever having met. */
static gboolean
share_epoch (UsFeed *self) {
  guint64 epoch[US_N_ORIGINS], number;
  gint64 now = now_us (self);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    if (!us_follower_get_newest (self->followers[i], &epoch[i], &number))
      return TRUE;
  if (us_follower_has_epoch (self->followers[0], epoch[1])
      || us_follower_has_epoch (self->followers[1], epoch[0])) {
    self->stranger_since_us = 0;
    return TRUE;
  }
  if (us_ledger_get_last (self->ledger) == NULL)
    return FALSE;
  if (self->stranger_since_us == 0)
    self->stranger_since_us = now;
  const UsOriginFacts *a = us_follower_get_facts (self->followers[0]);
  const UsOriginFacts *b = us_follower_get_facts (self->followers[1]);
  gint64 patience_us = 2 * MAX (a->target_us, b->target_us) + G_USEC_PER_SEC;
  return now - self->stranger_since_us < patience_us
         || MIN (a->last_advance_us, b->last_advance_us) < self->stranger_since_us;
}

gboolean
us_feed_is_interchangeable (const UsFeed *self) {
  return self->was_interchangeable;
}

static gboolean
find_interchangeable (UsFeed *self) {
  UsFollowerKind a = us_follower_get_kind (self->followers[0]);
  UsFollowerKind b = us_follower_get_kind (self->followers[1]);
  if (a == US_FOLLOWER_FOREIGN || b == US_FOLLOWER_FOREIGN || self->has_diverged)
    return FALSE;
  if (a == US_FOLLOWER_NOTHING || b == US_FOLLOWER_NOTHING)
    return TRUE;
  return share_epoch (self);
}

/* Who is behind whom: only between interchangeable origins do numbers compare. */
static void
compare_followers (UsFeed *self) {
  self->was_interchangeable = find_interchangeable (self);
  guint64 epoch, number[US_N_ORIGINS];
  gboolean is_known = self->was_interchangeable;
  for (guint i = 0; i < US_N_ORIGINS; i++)
    is_known = us_follower_get_newest (self->followers[i], &epoch, &number[i]) && is_known;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const UsOriginFacts *facts = us_follower_get_facts (self->followers[i]);
    gboolean is_behind = is_known && number[i] < number[1 - i];
    if (!is_behind)
      us_follower_set_behind (self->followers[i], 0);
    else if (facts->behind_since_us == 0)
      us_follower_set_behind (self->followers[i], now_us (self));
  }
}

/* ---- policy ---- */

static void
log_state (const UsFeed *self, UsOriginId origin) {
  const UsOriginVerdict *verdict = &self->policy.verdict[origin];
  gboolean is_plain = verdict->reason == US_REASON_OK || verdict->reason == US_REASON_RECOVERING;
  UsLogLevel level = US_LOG_NOTICE;
  /* Before the first segment an origin that does not answer is one that has not started yet. */
  if (verdict->state == US_ORIGIN_FAILED)
    level = us_ledger_get_last (self->ledger) != NULL ? US_LOG_WARNING : US_LOG_INFO;
  us_event (level, US_EVENT_ORIGIN_STATE, "%s: %s is %s%s%s", self->name, us_origin_word (origin),
            us_origin_state_word (verdict->state), is_plain ? "" : ": ",
            is_plain ? "" : us_reason_word (verdict->reason));
}

static void
log_news (const UsFeed *self, const UsPolicyNews *news) {
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    if (news->state_changed[i])
      log_state (self, (UsOriginId)i);
  }
  if (news->has_expired)
    us_event (US_LOG_NOTICE, US_EVENT_CONTROL_EXPIRED, "%s: the order's time is over", self->name);
  if (news->has_switched)
    us_event (US_LOG_NOTICE, US_EVENT_SWITCH, "%s: from %s to %s: %s", self->name,
              us_origin_word (us_origin_other (self->policy.active)),
              us_origin_word (self->policy.active),
              news->switch_reason == US_REASON_OK ? "primary is good again"
                                                  : us_reason_word (news->switch_reason));
}

static void
report_switch (UsFeed *self) {
  self->is_switch_open = FALSE;
  if (self->switched != NULL)
    self->switched (self, &self->switches[self->n_switches - 1], self->user_data);
}

static void
clear_switch (UsFeedSwitch *change) {
  g_free (change->who);
  g_free (change->why);
}

/* Between interchangeable origins the decision is the switch; else the join completes it. */
static void
note_switch (UsFeed *self, UsReason reason) {
  if (self->is_switch_open)
    report_switch (self);
  if (self->n_switches == US_FEED_N_SWITCHES) {
    clear_switch (&self->switches[0]);
    memmove (&self->switches[0], &self->switches[1],
             sizeof self->switches[0] * (US_FEED_N_SWITCHES - 1));
    self->n_switches--;
  }
  const UsLedgerRow *last = us_ledger_get_last (self->ledger);
  self->switches[self->n_switches++] = (UsFeedSwitch){
    .from = us_origin_other (self->policy.active),
    .to = self->policy.active,
    .reason = reason,
    .who = g_strdup (self->who),
    .why = g_strdup (self->why),
    .method = US_JOIN_SHARED,
    .wall_ms = us_clock_wall_us (self->access->clock) / 1000,
    .number = self->was_interchangeable && last != NULL ? last->segment->number + 1 : 0,
  };
  self->is_switch_open = !self->was_interchangeable && last != NULL;
  if (!self->is_switch_open)
    report_switch (self);
}

static void
step_policy (UsFeed *self) {
  UsOriginFacts facts[US_N_ORIGINS];
  for (guint i = 0; i < US_N_ORIGINS; i++)
    facts[i] = *us_follower_get_facts (self->followers[i]);
  UsPolicyNews news
      = us_policy_step (&self->policy, facts, self->was_interchangeable, now_us (self));
  log_news (self, &news);
  if (news.has_switched)
    note_switch (self, news.switch_reason);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_set_urgent (self->followers[i],
                            self->policy.verdict[1 - i].state <= US_ORIGIN_FAILED);
}

/* ---- publishing ---- */

static void
count_commit (UsFeed *self, UsOriginId winner) {
  gint64 now = now_us (self);
  gint64 took_us = now - self->pick_since_us;
  self->stats.n_commits++;
  self->stats.n_wins[winner]++;
  self->stats.commit_sum_s += (double)took_us / G_USEC_PER_SEC;
  for (guint i = 0; i < US_FEED_N_BUCKETS; i++)
    if (took_us <= (gint64)us_feed_bucket_ms[i] * 1000)
      self->stats.n_commits_within[i]++;
  if (self->stats.last_commit_us > 0 && self->is_ready) {
    gint64 deadline_us = (gint64)us_ledger_get_target (self->ledger) * G_USEC_PER_SEC * 3 / 2;
    gint64 cushion_us = deadline_us - (now - self->stats.last_commit_us);
    self->stats.min_cushion_us = MIN (self->stats.min_cushion_us, cushion_us);
  }
  self->stats.last_commit_us = now;
  if (self->first_commit_us == 0)
    self->first_commit_us = now;
}

static void
advertise (UsFeed *self) {
  g_clear_pointer (&self->playlist, g_bytes_unref);
  char *text = us_ledger_render (self->ledger);
  self->playlist = g_bytes_new_take (text, strlen (text));
  self->published (self, self->user_data);
}

/* The playlist is first shown when the window the origins listed at the start is complete: after
 * a restart of the switcher its end must not stand before where viewers have seen it. */
static void
find_ready (UsFeed *self) {
  if (self->is_ready || self->first_commit_us == 0)
    return;
  self->is_ready = self->cursor.number >= self->ready_rank
                   || now_us (self) - self->first_commit_us >= READY_WAIT_US;
  if (self->is_ready) {
    us_info ("%s: serving %u segments up to %s", self->name, us_ledger_get_n_listed (self->ledger),
             us_ledger_get_last (self->ledger)->segment->name);
    advertise (self);
  }
}

static void
check_target (UsFeed *self, const UsFollower *follower) {
  guint target_s = us_follower_get_playlist (follower)->target_duration_s;
  if (us_ledger_set_target (self->ledger, target_s) || self->has_warned_target)
    return;
  self->has_warned_target = TRUE;
  us_warning ("%s: an origin says EXT-X-TARGETDURATION:%u; ours stays at %u, as it must never "
              "change",
              self->name, target_s, us_ledger_get_target (self->ledger));
}

static void
log_join (UsFeed *self, const UsLedgerOffer *offer) {
  gint64 end_ms = us_ledger_get_end_wall_ms (self->ledger);
  self->stats.last_join_gap_ms = end_ms >= 0 && offer->wall_ms >= 0 ? offer->wall_ms - end_ms : 0;
  self->join_method = end_ms >= 0 && offer->wall_ms >= 0 ? US_JOIN_DATE : US_JOIN_EDGE;
  if (self->join_method == US_JOIN_DATE)
    us_notice ("%s: joined %s %" G_GINT64_FORMAT " ms after the end of what was published",
               self->name, us_origin_word (offer->origin), self->stats.last_join_gap_ms);
  else
    us_notice ("%s: joined %s at its live edge: there are no dates to go by", self->name,
               us_origin_word (offer->origin));
}

static void start_compare (UsFeed *self, UsOriginId origin, UsSegment *segment);

static void
compare_sometimes (UsFeed *self, const UsLedgerOffer *offer) {
  UsOriginId other = us_origin_other (offer->origin);
  if (!offer->is_ours || ++self->n_since_compare < COMPARE_EVERY || self->compare != NULL
      || us_follower_get_kind (self->followers[other]) != US_FOLLOWER_OURS
      || self->policy.verdict[other].state < US_ORIGIN_RECOVERING
      || !us_follower_has_epoch (self->followers[other], offer->epoch))
    return;
  self->n_since_compare = 0;
  start_compare (self, other, us_ledger_get_last (self->ledger)->segment);
}

static void
publish (UsFeed *self, const UsFetchResult *result) {
  g_autoptr (GError) error = NULL;
  UsLedgerOffer *offer = &self->offer;
  offer->origin = result->winner;
  offer->bytes = result->bytes;
  offer->segment = result->segment;
  if (offer->is_join && us_ledger_get_last (self->ledger) != NULL)
    log_join (self, offer);
  guint64 gaps = us_ledger_get_n_gaps (self->ledger);
  gboolean is_appended = us_ledger_append (self->ledger, offer, now_us (self), &error);
  us_pick_advance (&self->cursor, &self->pick,
                   us_follower_get_generation (self->followers[self->pick.origin]), FALSE);
  if (!is_appended) {
    us_info ("%s: not published: %s", self->name, error->message);
    return;
  }
  if (us_ledger_get_n_gaps (self->ledger) > gaps)
    us_warning ("%s: %" G_GUINT64_FORMAT
                " segments before %s are nowhere to be had, listed as gaps",
                self->name, us_ledger_get_n_gaps (self->ledger) - gaps,
                us_ledger_get_last (self->ledger)->segment->name);
  if (self->is_switch_open && offer->origin == self->switches[self->n_switches - 1].to) {
    UsFeedSwitch *change = &self->switches[self->n_switches - 1];
    change->number = us_ledger_get_last (self->ledger)->segment->number;
    change->gap_ms = MAX (self->stats.last_join_gap_ms, 0);
    change->overlap_ms = MAX (-self->stats.last_join_gap_ms, 0);
    change->method = self->join_method;
    report_switch (self);
  }
  count_commit (self, result->winner);
  us_ledger_expire (self->ledger, now_us (self));
  compare_sometimes (self, offer);
  if (self->is_ready)
    advertise (self);
}

/* ---- comparing twins ---- */

static void
compare_free (Compare *compare) {
  us_segment_unref (compare->segment);
  g_free (compare);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Compare, compare_free)

static void
set_diverged (UsFeed *self, const Compare *compare, gboolean has_diverged) {
  if (self->has_diverged == has_diverged)
    return;
  self->has_diverged = has_diverged;
  if (has_diverged) {
    self->stats.n_divergences++;
    us_event (US_LOG_WARNING, US_EVENT_DIVERGENCE,
              "%s: %s has other bytes in %s than its twin; treated as foreign", self->name,
              us_origin_word (compare->origin), compare->segment->name);
  } else {
    us_event (US_LOG_NOTICE, US_EVENT_DIVERGENCE, "%s: both origins have the same bytes again, %s",
              self->name, compare->segment->name);
  }
}

static void
on_compared (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autoptr (Compare) compare = user_data;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, NULL);
  UsFeed *self = compare->feed;
  if (self == NULL)
    return;
  self->compare = NULL;
  g_clear_object (&self->compare_cancellable);
  if (reply == NULL || (reply->status != 200 && reply->status != 304))
    return; /* it has none: no evidence either way */
  gboolean is_equal = reply->status == 304 || g_bytes_equal (reply->body, compare->segment->bytes);
  set_diverged (self, compare, !is_equal);
  update (self);
}

static void
start_compare (UsFeed *self, UsOriginId origin, UsSegment *segment) {
  g_autofree char *url = us_follower_resolve (self->followers[origin], segment->name);
  if (url == NULL)
    return;
  UsHttpFetch fetch = { .if_none_match = segment->etag };
  self->compare = g_new0 (Compare, 1);
  self->compare->feed = self;
  self->compare->origin = origin;
  self->compare->segment = us_segment_ref (segment);
  self->compare_cancellable = g_cancellable_new ();
  us_http_client_fetch_async (self->access->client, url, &fetch, self->compare_cancellable,
                              on_compared, self->compare);
}

/* ---- fetching ---- */

static void
note_legs (UsFeed *self, const UsFetchResult *result) {
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    UsReason reason = result->reason[i];
    gboolean has_won = result->bytes != NULL && result->winner == i;
    if (!result->was_asked[i] || (reason == US_REASON_OK && !has_won))
      continue;
    /* One that never listed it owes it to nobody. */
    if (reason == US_REASON_HTTP_4XX && !self->pick.is_listed[i])
      continue;
    us_follower_note_segment (self->followers[i], reason);
  }
}

static gboolean
has_later (const UsFeed *self) {
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const UsPlaylist *playlist = us_follower_get_playlist (self->followers[i]);
    if (!self->pick.is_listed[i] || playlist == NULL || playlist->segments->len == 0)
      continue;
    const UsPlaylistSegment *last
        = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
    if (strcmp (last->uri, self->offer_uri) != 0)
      return TRUE;
  }
  return FALSE;
}

static void
on_not_fetched (UsFeed *self) {
  gint64 now = now_us (self);
  self->n_tries++;
  self->retry_us
      = now + 1000 * (gint64)MIN (RETRY_FIRST_MS << MIN (self->n_tries - 1, 5), RETRY_CAP_MS);
  if (self->n_tries < GIVE_UP_TRIES || now - self->pick_since_us < GIVE_UP_US || !has_later (self))
    return;
  us_warning ("%s: gave up %s: no origin delivers a good copy", self->name, self->offer_uri);
  self->stats.n_holes++;
  us_pick_advance (&self->cursor, &self->pick,
                   us_follower_get_generation (self->followers[self->pick.origin]), TRUE);
}

static void
on_fetched (const UsFetchResult *result, gpointer user_data) {
  UsFeed *self = user_data;
  self->fetch = NULL;
  note_legs (self, result);
  if (result->was_hedged)
    self->stats.n_hedges++;
  if (result->was_hedged && result->bytes != NULL) {
    self->preferred = result->winner;
    self->n_preferred = PREFER_SEGMENTS;
  }
  if (result->bytes != NULL) {
    double took_ms = (double)result->took_us / 1000.0;
    self->fetch_ms = self->fetch_ms == 0 ? took_ms : 0.8 * self->fetch_ms + 0.2 * took_ms;
    publish (self, result);
  } else {
    on_not_fetched (self);
  }
  update (self);
}

/* Waits for a number that is missing until nobody can bring it any more. */
static gboolean
must_wait_for_hole (UsFeed *self, const UsPick *pick) {
  if (!pick->is_hole || !pick->is_shared) {
    self->hole_since_us = 0;
    return FALSE;
  }
  if (self->hole_since_us == 0)
    self->hole_since_us = now_us (self);
  return !pick->is_passed && now_us (self) - self->hole_since_us < HOLE_WAIT_US;
}

static gboolean
is_first_window_open (const UsFeed *self) {
  return us_ledger_get_last (self->ledger) == NULL && !us_pick_may_start (followers_of (self))
         && now_us (self) - self->started_us < START_WAIT_US;
}

static UsPick
find_pick (UsFeed *self) {
  UsOriginId active = self->policy.active;
  guint window = self->access->playlist_length;
  if (!self->was_interchangeable)
    return us_pick_foreign (self->followers[active], active, self->ledger, &self->cursor, window);

  UsPick pick
      = us_pick_identical (followers_of (self), &self->policy, self->ledger, &self->cursor, window);
  if (pick.segment != NULL) {
    self->new_life_since_us = 0;
    return pick;
  }
  UsPick reborn = us_pick_new_life (self->followers[active], active, self->ledger, &self->cursor);
  if (reborn.segment == NULL)
    return pick;
  if (self->new_life_since_us == 0)
    self->new_life_since_us = now_us (self);
  const UsOriginFacts *facts = us_follower_get_facts (self->followers[active]);
  gboolean is_believed = now_us (self) - self->new_life_since_us >= NEW_LIFE_US
                         && facts->last_advance_us > self->new_life_since_us;
  return is_believed ? reborn : pick;
}

/* Remembers what @pick offers, since the playlist it points into may go while it is fetched. */
static void
keep_pick (UsFeed *self, const UsPick *pick) {
  const UsPlaylistSegment *segment = pick->segment;
  if (self->offer_uri == NULL || strcmp (self->offer_uri, segment->uri) != 0
      || self->pick.rank != pick->rank) {
    self->pick_since_us = now_us (self);
    self->n_tries = 0;
    self->retry_us = 0;
    g_free (self->offer_uri);
    self->offer_uri = g_strdup (segment->uri);
  }
  self->pick = *pick;
  self->pick.segment = NULL;
  self->offer = (UsLedgerOffer){
    .origin = pick->origin,
    .is_ours = pick->is_ours,
    .is_join = pick->is_join,
    .epoch = pick->epoch,
    .number = pick->number,
    .discontinuity = segment->discontinuity,
    .is_discontinuous = segment->is_discontinuous || (pick->is_hole && !pick->is_shared),
    .duration_us = segment->duration_us,
    .wall_ms = segment->wall_ms,
  };
}

static void
note_first_window (UsFeed *self) {
  const UsPlaylist *playlist = us_follower_get_playlist (self->followers[self->pick.origin]);
  const UsPlaylistSegment *last
      = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
  self->ready_rank = last->number;
  if (self->pick.is_shared)
    us_segment_parse_name (last->uri, NULL, &self->ready_rank);
}

/* Whoever lists it; of two the active one, unless it has just been the slower. */
static UsOriginId
find_first (UsFeed *self) {
  if (self->n_preferred == 0 || !self->pick.is_listed[0] || !self->pick.is_listed[1])
    return self->pick.origin;
  self->n_preferred--;
  return self->preferred;
}

static void
start_fetch (UsFeed *self) {
  gint64 target_ms = (gint64)us_ledger_get_target (self->ledger) * 1000;
  UsFetchPlan plan = {
    .first = find_first (self),
    .is_ours = self->pick.is_ours,
    .epoch = self->pick.epoch,
    .number = self->pick.number,
    .hedge_ms = (guint)CLAMP (self->fetch_ms * 4, HEDGE_MIN_MS, HEDGE_MAX_MS),
    .deadline_ms = (guint)MAX (DEADLINE_MIN_MS, 2 * target_ms),
  };
  g_autofree char *first = us_follower_resolve (self->followers[plan.first], self->offer_uri);
  g_autofree char *second = NULL;
  if (self->pick.is_shared)
    second = us_follower_resolve (self->followers[us_origin_other (plan.first)], self->offer_uri);
  plan.url[plan.first] = first;
  plan.url[us_origin_other (plan.first)] = second;
  if (first == NULL) { /* the playlist lists no URI there: never to be had */
    us_follower_note_segment (self->followers[plan.first], US_REASON_UNPARSABLE);
    us_pick_advance (&self->cursor, &self->pick,
                     us_follower_get_generation (self->followers[plan.first]), TRUE);
    return;
  }
  self->fetch = us_fetch_start (self->access, &plan, on_fetched, self);
}

static void
pump (UsFeed *self) {
  /* What the former side still owes is not waited for. */
  if (self->fetch != NULL && !self->pick.is_shared && !self->was_interchangeable
      && self->pick.origin != self->policy.active)
    g_clear_pointer (&self->fetch, us_fetch_cancel);
  if (self->fetch != NULL || is_first_window_open (self))
    return;

  UsPick pick = find_pick (self);
  if (pick.segment == NULL || must_wait_for_hole (self, &pick))
    return;
  keep_pick (self, &pick);
  if (now_us (self) < self->retry_us)
    return;
  check_target (self, self->followers[pick.origin]);
  if (!self->cursor.is_set)
    note_first_window (self);
  start_fetch (self);
}

/* A frozen process, or a machine that was: what is old now may be so only because nobody looked. */
static void
forgive_own_pause (UsFeed *self) {
  gint64 now = now_us (self);
  gint64 pause_us = self->updated_us > 0 ? now - self->updated_us : 0;
  self->updated_us = now;
  if (pause_us < PAUSE_US)
    return;
  us_warning ("%s: this process stood still for %" G_GINT64_FORMAT
              " ms; no origin is blamed for that time",
              self->name, pause_us / 1000);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_forgive (self->followers[i], pause_us);
}

static void
update (UsFeed *self) {
  forgive_own_pause (self);
  compare_followers (self);
  step_policy (self);
  pump (self);
  find_ready (self);
}

static void
on_follower_changed (UsFollower *follower, gpointer user_data) {
  update (user_data);
}

static gboolean
on_tick (gpointer user_data) {
  UsFeed *self = user_data;
  update (self);
  /* Also when nothing new comes: a stream that has ended must not keep what left its playlist. */
  if (us_ledger_expire (self->ledger, now_us (self)) > 0 && self->is_ready)
    self->published (self, self->user_data);
  return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

/**
 * us_feed_new:
 * @access: outlives the feed
 * @name: stream name
 * @is_default: whether it is the one directly under the base URLs
 * @published: called whenever us_feed_fill_site() would say something new
 * @switched: (nullable): called for each change of sides
 *
 * Returns: (transfer full): a feed at rest
 */
UsFeed *
us_feed_new (const UsOriginAccess *access, const char *name, gboolean is_default,
             UsFeedPublished published, UsFeedSwitched switched, gpointer user_data) {
  UsFeed *self = g_new0 (UsFeed, 1);
  gint64 wall_us = us_clock_wall_us (access->clock);
  guint64 since_2020_us = (guint64)MAX (0, wall_us - YEAR_2020_US);
  self->access = access;
  self->name = g_strdup (name);
  self->is_default = is_default;
  self->published = published;
  self->switched = switched;
  self->user_data = user_data;
  self->stats.min_cushion_us = G_MAXINT64;
  self->started_us = us_clock_monotonic_us (access->clock);
  self->ledger = us_ledger_new (access->playlist_length, (guint64)wall_us / 1000,
                                since_2020_us * NUMBERS_PER_S / G_USEC_PER_SEC);
  us_policy_init (&self->policy, &access->policy, self->started_us);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    g_autofree char *url
        = is_default
              ? g_strdup_printf ("%s/%s", access->base_url[i], access->playlist_name)
              : g_strdup_printf ("%s/%s/%s", access->base_url[i], name, access->playlist_name);
    self->followers[i]
        = us_follower_new (access, (UsOriginId)i, name, url, on_follower_changed, self);
  }
  return self;
}

void
us_feed_start (UsFeed *self) {
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_start (self->followers[i]);
  us_timer_start (&self->tick, TICK_MS, "switcher-tick", on_tick, self);
}

void
us_feed_free (UsFeed *self) {
  us_timer_stop (&self->tick);
  g_clear_pointer (&self->fetch, us_fetch_cancel);
  if (self->compare != NULL)
    self->compare->feed = NULL;
  if (self->compare_cancellable != NULL)
    g_cancellable_cancel (self->compare_cancellable);
  g_clear_object (&self->compare_cancellable);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_free (self->followers[i]);
  for (guint i = 0; i < self->n_switches; i++)
    clear_switch (&self->switches[i]);
  us_ledger_free (self->ledger);
  g_clear_pointer (&self->playlist, g_bytes_unref);
  g_free (self->offer_uri);
  g_free (self->name);
  g_free (self);
}

/**
 * us_feed_fill_site:
 *
 * Adds the playlist and every segment that must still answer.
 */
void
us_feed_fill_site (const UsFeed *self, UsSite *site) {
  const UsLedgerRow *last = us_ledger_get_last (self->ledger);
  UsSiteStream stream = {
    .name = self->name,
    .is_default = self->is_default,
    .playlist_name = self->access->playlist_name,
    .playlist = self->playlist,
    .last_number = self->playlist != NULL ? last->segment->number : 0,
    .target_duration_s = us_ledger_get_target (self->ledger),
  };
  us_site_add_stream (site, &stream);
  for (guint i = 0; self->is_ready && i < us_ledger_get_n_rows (self->ledger); i++) {
    const UsSegment *segment = us_ledger_get_row (self->ledger, i)->segment;
    us_site_add_segment (site, self->name, segment->name, segment->bytes, segment->etag,
                         "video/mp2t");
  }
}

const char *
us_feed_get_name (const UsFeed *self) {
  return self->name;
}

gboolean
us_feed_is_default (const UsFeed *self) {
  return self->is_default;
}

/* Returns: whether viewers get a playlist */
gboolean
us_feed_is_ready (const UsFeed *self) {
  return self->is_ready;
}

const UsFeedStats *
us_feed_get_stats (const UsFeed *self) {
  return &self->stats;
}

/* Returns: the policy, to be changed by an operator's command; us_feed_wake() afterwards */
UsPolicy *
us_feed_get_policy (UsFeed *self) {
  return &self->policy;
}

const UsPolicy *
us_feed_peek_policy (const UsFeed *self) {
  return &self->policy;
}

/**
 * us_feed_wake:
 *
 * Decides and goes on at once, not with the next tick.
 */
void
us_feed_wake (UsFeed *self) {
  update (self);
}

/**
 * us_feed_wake_for:
 * @who: (nullable): whose command it is
 * @why: (nullable): in his words
 *
 * The same; a change of sides that this decides is recorded with who and why.
 */
void
us_feed_wake_for (UsFeed *self, const char *who, const char *why) {
  self->who = who;
  self->why = why;
  update (self);
  self->who = self->why = NULL;
}

/**
 * us_feed_get_pair:
 * @why: (out): a sentence without its full stop
 */
UsPairKind
us_feed_get_pair (const UsFeed *self, const char **why) {
  UsFollowerKind a = us_follower_get_kind (self->followers[0]);
  UsFollowerKind b = us_follower_get_kind (self->followers[1]);
  *why = "both serve the same numbers and bytes";
  if (a == US_FOLLOWER_NOTHING || b == US_FOLLOWER_NOTHING) {
    *why = "one of the two has listed nothing yet";
    return US_PAIR_UNKNOWN;
  }
  if (self->was_interchangeable)
    return US_PAIR_IDENTICAL;
  if (a == US_FOLLOWER_FOREIGN || b == US_FOLLOWER_FOREIGN)
    *why = "the segments of at least one are numbered by itself";
  else
    *why = self->has_diverged ? "equal names stand for other bytes"
                              : "they number from different starts";
  return US_PAIR_FOREIGN;
}

/**
 * us_feed_get_switches:
 * @n_switches: (out): at most US_FEED_N_SWITCHES
 *
 * Returns: (transfer none): the last changes of sides, oldest first
 */
const UsFeedSwitch *
us_feed_get_switches (const UsFeed *self, guint *n_switches) {
  *n_switches = self->n_switches;
  return self->switches;
}

const UsLedger *
us_feed_get_ledger (const UsFeed *self) {
  return self->ledger;
}

const UsFollower *
us_feed_get_follower (const UsFeed *self, UsOriginId origin) {
  return self->followers[origin];
}
