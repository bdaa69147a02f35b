/* rendition-fetch.c - asks for the next segment, one at a time, and again
 *
 * The pump. Of interchangeable origins the next segment is asked of both as fetch.c does it, and
 * published from there. Of foreign origins an errand brings it into the stock of its origin, and it
 * is published from the stock, where it may have been before.
 */
#include "switcher/rendition-private.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.rendition"
#include "base/log.h"
#include "hls/segment.h"
#include "switcher/key.h"

#define START_WAIT_US (500 * G_TIME_SPAN_MILLISECOND) /* for the second origin's first word */
#define HOLE_WAIT_US (1 * G_TIME_SPAN_SECOND)         /* for missing numbers */
#define NEW_LIFE_US (2 * G_TIME_SPAN_SECOND)
#define GIVE_UP_TRIES 4 /* of one segment, when later ones are listed */
#define GIVE_UP_US (1 * G_TIME_SPAN_SECOND)
#define RETRY_FIRST_MS 50
#define RETRY_CAP_MS 500
#define HEDGE_MIN_MS 50
#define HEDGE_MAX_MS 250
#define PREFER_SEGMENTS 10
#define DEADLINE_MIN_MS 4000
#define DEADLINE_MAX_MS 120000 /* whatever target duration is claimed */

guint
us_rendition_deadline_ms (const UsRendition *self) {
  return (guint)CLAMP (2000 * (gint64)us_ledger_get_target (self->ledger), DEADLINE_MIN_MS,
                       DEADLINE_MAX_MS);
}

void
us_rendition_stop_fetching (UsRendition *self) {
  g_clear_pointer (&self->fetch, us_fetch_cancel);
  g_clear_pointer (&self->recall, us_fetch_cancel);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    g_clear_pointer (&self->errands[i], us_errand_cancel);
}

/* ---- what failed ---- */

static gboolean
has_later (const UsRendition *self) {
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const UsPlaylist *playlist = us_follower_get_playlist (self->followers[i]);
    if (!self->pick.is_listed[i] || playlist == NULL || playlist->segments->len == 0)
      continue;
    const UsPlaylistSegment *last
        = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
    if (!us_segment_is_same_uri (last->uri, self->offer_uri))
      return TRUE;
  }
  return FALSE;
}

/**
 * us_rendition_advance:
 * @is_given_up: else published
 *
 * The segment picked has been dealt with, and what was left out before it.
 */
void
us_rendition_advance (UsRendition *self, gboolean is_given_up) {
  us_pick_advance (&self->cursor, &self->pick,
                   us_follower_get_generation (self->followers[self->pick.origin]), is_given_up);
  if (self->pick.n_skipped == 0)
    return;
  gint64 now = us_rendition_now_us (self);
  if (self->far_warned_us == 0 || now - self->far_warned_us >= G_TIME_SPAN_MINUTE) {
    us_warning ("%s: %s lists so many segments at once that %u are left out", self->name,
                us_origin_word (self->pick.origin), self->pick.n_skipped);
    self->far_warned_us = now;
  }
  self->stats.n_holes += self->pick.n_skipped;
  self->pick.n_skipped = 0;
}

static void
on_not_fetched (UsRendition *self) {
  gint64 now = us_rendition_now_us (self);
  self->n_tries++;
  self->retry_us
      = now + 1000 * (gint64)MIN (RETRY_FIRST_MS << MIN (self->n_tries - 1, 5), RETRY_CAP_MS);
  if (self->n_tries < GIVE_UP_TRIES || now - self->pick_since_us < GIVE_UP_US || !has_later (self))
    return;
  g_autofree char *shown = us_rendition_show_uri (self, self->pick.origin, self->offer_uri);
  us_warning ("%s: gave up %s: no origin delivers a good copy", self->name, shown);
  self->stats.n_holes++;
  us_rendition_advance (self, TRUE);
}

static void
note_took (UsRendition *self, gint64 took_us) {
  double took_ms = (double)took_us / 1000.0;
  self->fetch_ms = self->fetch_ms == 0 ? took_ms : 0.8 * self->fetch_ms + 0.2 * took_ms;
}

/* ---- of both ---- */

static void
note_legs (UsRendition *self, const UsFetchResult *result) {
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

static void
on_fetched (UsFetchResult *result, gpointer user_data) {
  UsRendition *self = user_data;
  self->fetch = NULL;
  note_legs (self, result);
  self->stats.n_hedges += result->was_hedged ? 1 : 0;
  self->stats.n_resumes += result->was_resumed ? 1 : 0;
  if (result->was_hedged && result->bytes != NULL && self->pair.kind != US_PAIR_ALIGNED) {
    self->preferred = result->winner;
    self->n_preferred = PREFER_SEGMENTS;
  }
  if (result->bytes != NULL) {
    note_took (self, result->took_us);
    self->offer.bytes = result->bytes;
    self->offer.segment = result->segment;
    self->how = (UsChronicleHow){ .was_hedged = result->was_hedged,
                                  .was_resumed = result->was_resumed,
                                  .took_us = result->took_us };
    us_rendition_publish (self, result->winner);
    self->offer.bytes = NULL;
    self->offer.segment = NULL;
  } else {
    on_not_fetched (self);
  }
  self->setup.events.changed (self, self->setup.events.user_data);
}

/* Whoever lists it; of two the active one, unless it has just been the slower. With other bytes on
 * both sides it is always the active one, so that they do not mix. */
static UsOriginId
find_first (UsRendition *self) {
  if (self->n_preferred == 0 || !self->pick.is_listed[0] || !self->pick.is_listed[1]
      || self->pair.kind == US_PAIR_ALIGNED
      || us_policy_is_drained (self->setup.policy, self->preferred))
    return self->pick.origin;
  self->n_preferred--;
  return self->preferred;
}

/* Each origin's own name of it: where one keeps its files somewhere else, or signs them, a URI of
 * the other would miss. One that does not list it yet may have it under the same name all the same,
 * but not with the other's signature. */
static char *
find_url (const UsRendition *self, UsOriginId origin) {
  const UsFollower *follower = self->followers[origin];
  const UsPlaylistSegment *listed
      = us_follower_find_ours (follower, self->pick.epoch, self->pick.number);
  if (listed != NULL)
    return us_follower_resolve (follower, listed->uri);
  if (origin == self->pick.origin)
    return us_follower_resolve (follower, self->offer_uri);
  g_autofree char *scheme = g_uri_parse_scheme (self->offer_uri);
  if (scheme != NULL || g_str_has_prefix (self->offer_uri, "//"))
    return NULL;
  g_autofree char *unsigned_uri = g_strndup (self->offer_uri, strcspn (self->offer_uri, "?"));
  return us_follower_resolve (follower, unsigned_uri);
}

static void
start_shared (UsRendition *self) {
  const UsPolicy *policy = self->setup.policy;
  UsOriginId first = find_first (self), other = us_origin_other (first);
  UsFetchPlan plan = {
    .kind = US_FETCH_OURS,
    .first = first,
    .epoch = self->pick.epoch,
    .number = self->pick.number,
    .name = self->offer_name,
    .hedge_ms = (guint)CLAMP (self->fetch_ms * 4, HEDGE_MIN_MS, HEDGE_MAX_MS),
    .deadline_ms = us_rendition_deadline_ms (self),
    .budget = self->setup.budget,
    .is_free
    = policy->verdict[0].state == US_ORIGIN_FAILED || policy->verdict[1].state == US_ORIGIN_FAILED,
  };
  if (self->n_tries > 0 && !us_budget_spend (plan.budget, plan.is_free)) {
    self->retry_us = us_rendition_now_us (self) + RETRY_CAP_MS * 1000;
    return;
  }
  if (self->n_tries == 0)
    us_budget_earn (plan.budget);
  g_autofree char *first_url = find_url (self, first);
  g_autofree char *other_url = NULL;
  /* In maintenance it is only asked for what nobody else lists. */
  if (!us_policy_is_drained (policy, other) || !self->pick.is_listed[first])
    other_url = find_url (self, other);
  plan.url[first] = first_url;
  plan.url[other] = other_url;
  if (first_url == NULL) { /* the playlist lists no URI there: never to be had */
    us_follower_note_segment (self->followers[first], US_REASON_UNPARSABLE);
    us_rendition_advance (self, TRUE);
    return;
  }
  self->fetch = us_fetch_start (self->setup.access, &plan, on_fetched, self);
}

/* ---- of one ---- */

/* A UsErrandDone: what was asked for to be published, or to be ready. */
void
us_rendition_errand_done (UsOriginId origin, guint64 number, UsReason reason, gint64 took_us,
                          gpointer user_data) {
  UsRendition *self = user_data;
  gboolean is_picked = self->offer_uri != NULL && !self->pick.is_shared
                       && self->pick.origin == origin && self->pick.rank == number;
  self->errands[origin] = NULL;
  us_follower_note_segment (self->followers[origin], reason);
  if (reason == US_REASON_OK) {
    note_took (self, took_us);
    self->fetched[origin] = number;
    self->fetched_took_us[origin] = took_us;
    us_rendition_note_stock (self, origin);
  } else if (is_picked) {
    on_not_fetched (self);
  } else {
    self->skipped[origin] = number;
    self->standby_retry_us[origin] = us_rendition_now_us (self) + RETRY_CAP_MS * 1000;
  }
  self->setup.events.changed (self, self->setup.events.user_data);
}

static void
start_errand (UsRendition *self, const UsPlaylistSegment *segment) {
  UsOriginId origin = self->pick.origin;
  UsErrandPlan plan = {
    .access = self->setup.access,
    .follower = self->followers[origin],
    .segment = segment,
    .origin = origin,
    .stock = self->stocks[origin],
    .map_prefix = self->map_prefix,
    .deadline_ms = us_rendition_deadline_ms (self),
    .is_last_try = self->n_tries >= GIVE_UP_TRIES,
  };
  gboolean is_free = self->setup.policy->verdict[origin].state == US_ORIGIN_FAILED;
  if (self->n_tries > 0 && !us_budget_spend (self->setup.budget, is_free)) {
    self->retry_us = us_rendition_now_us (self) + RETRY_CAP_MS * 1000;
    return;
  }
  if (self->n_tries == 0)
    us_budget_earn (self->setup.budget);
  self->errands[origin] = us_errand_start (&plan, us_rendition_errand_done, self);
  if (self->errands[origin] == NULL) {
    us_follower_note_segment (self->followers[origin], US_REASON_UNPARSABLE);
    us_rendition_advance (self, TRUE);
  }
}

/* ---- what is next ---- */

/* Waits for a number that is missing until nobody can bring it any more. */
static gboolean
must_wait_for_hole (UsRendition *self, const UsPick *pick) {
  if (!pick->is_hole || !pick->is_shared) {
    self->hole_since_us = 0;
    return FALSE;
  }
  if (self->hole_since_us == 0)
    self->hole_since_us = us_rendition_now_us (self);
  return !pick->is_passed && us_rendition_now_us (self) - self->hole_since_us < HOLE_WAIT_US;
}

static gboolean
is_first_window_open (const UsRendition *self) {
  return us_ledger_get_last (self->ledger) == NULL
         && !us_pick_may_start (us_rendition_followers (self))
         && us_rendition_now_us (self) - self->started_us < START_WAIT_US;
}

static UsPick
find_shared (UsRendition *self) {
  UsOriginId active = self->setup.policy->active;
  UsPick pick = us_pick_identical (us_rendition_followers (self), self->setup.policy, self->ledger,
                                   &self->cursor, self->setup.access->playlist_length);
  if (pick.segment != NULL) {
    self->new_life_since_us = 0;
    return pick;
  }
  UsPick reborn = us_pick_new_life (self->followers[active], active, self->ledger, &self->cursor);
  if (reborn.segment == NULL)
    return pick;
  gint64 now = us_rendition_now_us (self);
  if (self->new_life_since_us == 0)
    self->new_life_since_us = now;
  const UsOriginFacts *facts = us_follower_get_facts (self->followers[active]);
  gboolean is_believed = now - self->new_life_since_us >= NEW_LIFE_US
                         && facts->last_advance_us > self->new_life_since_us;
  return is_believed ? reborn : pick;
}

static void
replace (char **text, char *taken) {
  g_free (*text);
  *text = taken;
}

/* By the list that @pick is from. */
static gint64
end_before_ms (const UsRendition *self, const UsPick *pick) {
  const UsPlaylistSegment *before
      = pick->is_ours && pick->number > 0
            ? us_follower_find_ours (self->followers[pick->origin], pick->epoch, pick->number - 1)
            : NULL;
  return before != NULL && before->wall_ms >= 0 ? before->wall_ms + before->duration_us / 1000 : -1;
}

/* Remembers what @pick offers, since the playlist it points into may go while it is fetched. */
static void
keep_pick (UsRendition *self, const UsPick *pick) {
  const UsPlaylistSegment *segment = pick->segment;
  if (self->offer_uri == NULL || !us_segment_is_same_uri (self->offer_uri, segment->uri)
      || self->pick.rank != pick->rank || self->pick.is_shared != pick->is_shared) {
    self->pick_since_us = us_rendition_now_us (self);
    self->n_tries = 0;
    self->retry_us = 0;
  }
  replace (&self->offer_uri, g_strdup (segment->uri)); /* with the newest signature */
  const UsFollower *follower = self->followers[pick->origin];
  const UsCalendarDay *day
      = us_calendar_find (us_follower_get_calendar (follower), segment->number);
  replace (&self->offer_name,
           pick->is_ours ? us_ledger_name (self->ledger, pick->epoch, pick->number) : NULL);
  const char *url = us_follower_get_base (follower);
  replace (&self->offer_key, us_key_for_us (segment->key, segment->number, url));
  replace (&self->offer_map_key, us_key_for_us (segment->map_key, segment->number, url));
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
    .wall_ms = pick->is_ours || day == NULL ? segment->wall_ms : day->date_ms,
    .before_end_ms = end_before_ms (self, pick),
    .key = self->offer_key,
    .map_key = self->offer_map_key,
  };
}

/**
 * us_rendition_note_first_window:
 *
 * What the origin of the segment picked lists now is to be had before anything is shown; of
 * interchangeable origins, what either lists.
 */
void
us_rendition_note_first_window (UsRendition *self) {
  if (self->pick.is_shared) {
    self->ready_rank = 0;
    for (guint i = 0; i < US_N_ORIGINS; i++) {
      guint64 epoch, newest;
      if (us_follower_get_kind (self->followers[i]) == US_FOLLOWER_OURS
          && us_follower_get_newest (self->followers[i], &epoch, &newest))
        self->ready_rank = MAX (self->ready_rank, newest);
    }
    return;
  }
  const UsPlaylist *playlist = us_follower_get_playlist (self->followers[self->pick.origin]);
  if (playlist == NULL || playlist->segments->len == 0)
    return;
  const UsPlaylistSegment *last
      = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
  self->ready_rank = last->number;
}

/* The target duration is fixed with the first segment: the longer of both, so that the twin's
 * segments fit when its turn comes, unless that one claims something out of all proportion. */
static void
fix_target (UsRendition *self, guint target_s) {
  guint most_s = MIN (target_s, G_MAXUINT / US_LEDGER_TARGET_RATIO) * US_LEDGER_TARGET_RATIO;
  guint longest_s = target_s;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const UsPlaylist *playlist = us_follower_get_playlist (self->followers[i]);
    if (playlist != NULL && playlist->target_duration_s <= most_s)
      longest_s = MAX (longest_s, playlist->target_duration_s);
  }
  us_ledger_set_target (self->ledger, longest_s);
}

static void
check_target (UsRendition *self, const UsFollower *follower) {
  guint target_s = us_follower_get_playlist (follower)->target_duration_s;
  if (us_ledger_get_target (self->ledger) == 0)
    fix_target (self, target_s);
  if (target_s <= us_ledger_get_target (self->ledger) || self->has_warned_target)
    return;
  self->has_warned_target = TRUE;
  us_warning ("%s: an origin says EXT-X-TARGETDURATION:%u; ours stays at %u, as it must never "
              "change",
              self->name, target_s, us_ledger_get_target (self->ledger));
}

static void
pump_shared (UsRendition *self) {
  UsPick pick = find_shared (self);
  if (pick.segment == NULL || must_wait_for_hole (self, &pick))
    return;
  keep_pick (self, &pick);
  if (us_rendition_now_us (self) < self->retry_us)
    return;
  check_target (self, self->followers[pick.origin]);
  if (!self->cursor.is_set)
    us_rendition_note_first_window (self);
  start_shared (self);
}

/* Returns: whether one was published, so that the next may be looked for */
static gboolean
pump_foreign (UsRendition *self) {
  UsOriginId active = self->setup.policy->active;
  int picture = -1;
  UsPick pick = us_pick_foreign (self->followers[active], active, self->ledger, &self->cursor,
                                 self->setup.access->playlist_length);
  if (pick.is_join)
    pick = us_rendition_plan_join (self, active, &picture);
  const UsPlaylistSegment *segment = pick.segment;
  if (segment == NULL) {
    if (pick.is_join) /* what it lists may be there before its place is */
      us_rendition_fetch_standby (self, active);
    return FALSE;
  }
  keep_pick (self, &pick);
  check_target (self, self->followers[active]);
  if (!self->cursor.is_set)
    us_rendition_note_first_window (self);
  const UsStockItem *item = us_stock_find (self->stocks[active], pick.rank, segment->uri);
  if (item != NULL) {
    us_rendition_publish_item (self, item, picture);
    return TRUE;
  }
  if (self->errands[active] == NULL && us_rendition_now_us (self) >= self->retry_us)
    start_errand (self, segment);
  return FALSE;
}

/**
 * us_rendition_pump:
 *
 * Goes on as far as it can without waiting.
 */
void
us_rendition_pump (UsRendition *self) {
  if (self->fetch == NULL && !is_first_window_open (self)) {
    if (self->pair.is_interchangeable)
      pump_shared (self);
    else
      while (pump_foreign (self))
        ;
  }
  if (self->pair.kind == US_PAIR_FOREIGN)
    us_rendition_fetch_standby (self, us_origin_other (self->setup.policy->active));
  us_rendition_find_ready (self);
  us_rendition_compare_copies (self);
}
