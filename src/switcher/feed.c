/* feed.c - one stream as the switcher serves it: one policy, and a rendition for each playlist
 *
 * Owned by the UsSwitcher, on the main loop. Whatever happens (a follower's answer, the end of a
 * fetch, the tick) runs the same three steps: let each rendition compare the two origins, step the
 * policy, let each rendition go on. So all renditions change sides together. Usually there is one,
 * which follows the stream's playlist itself. When that playlist turns out to be a multivariant
 * one, the followers of it (the roots) only keep reading it, and feed-master.c makes a rendition
 * for each playlist that it names. Ends with us_feed_free(), which cancels everything in flight.
 */
#include "switcher/feed-private.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.feed"
#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "switcher/facts.h"

#define TICK_MS 100
#define PAUSE_US (1 * G_TIME_SPAN_SECOND) /* without a tick: this process stood still */
/* Numbers for foreign segments start at the time of day, so that a new switcher's are above those
 * of the old one, as long as segments last a quarter of a second on average; and stay below 2^31
 * until 2037, which some players need. */
#define YEAR_2020_US (G_GINT64_CONSTANT (1577836800) * G_USEC_PER_SEC)
#define NUMBERS_PER_S 4
/* Discontinuity numbers likewise: the policy changes sides less than once a minute on average. They
 * must be small: hls.js takes time in proportion to them before its first picture, 2 s for thirty
 * millions. */
#define YEAR_2026_US (G_GINT64_CONSTANT (1767225600) * G_USEC_PER_SEC)

static gint64
now_us (const UsFeed *self) {
  return us_clock_monotonic_us (self->access->clock);
}

/* ---- changes of sides ---- */

static void
clear_switch (UsFeedSwitch *change) {
  g_free (change->who);
  g_free (change->why);
}

static void
report_switch (UsFeed *self) {
  self->is_switch_open = FALSE;
  if (self->switched != NULL)
    self->switched (self, &self->switches[self->n_switches - 1], self->user_data);
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
  const UsLedger *ledger = us_feed_get_ledger (self);
  const UsLedgerRow *last = ledger != NULL ? us_ledger_get_last (ledger) : NULL;
  gboolean is_interchangeable = us_feed_is_interchangeable (self);
  self->switches[self->n_switches++] = (UsFeedSwitch){
    .from = us_origin_other (self->policy.active),
    .to = self->policy.active,
    .reason = reason,
    .who = g_strdup (self->who),
    .why = g_strdup (self->why),
    .method = US_JOIN_SHARED,
    .wall_ms = us_clock_wall_us (self->access->clock) / 1000,
    .number = is_interchangeable && last != NULL ? last->segment->number + 1 : 0,
  };
  self->is_switch_open = !is_interchangeable && last != NULL;
  if (!self->is_switch_open)
    report_switch (self);
}

/* The rendition that stands for the stream has gone over; the others do so at the same moment. */
static void
on_joined (UsRendition *rendition, const UsRenditionJoin *join, gpointer user_data) {
  UsFeed *self = user_data;
  if (!self->is_switch_open || rendition != us_feed_get_rendition (self, 0))
    return;
  UsFeedSwitch *change = &self->switches[self->n_switches - 1];
  if (join->origin != change->to)
    return;
  change->number = join->number;
  change->method = join->method;
  change->gap_ms = join->gap_ms;
  change->overlap_ms = join->overlap_ms;
  report_switch (self);
}

/* ---- policy ---- */

static void
log_state (const UsFeed *self, UsOriginId origin) {
  const UsOriginVerdict *verdict = &self->policy.verdict[origin];
  gboolean is_plain = verdict->reason == US_REASON_OK || verdict->reason == US_REASON_RECOVERING;
  UsLogLevel level = US_LOG_NOTICE;
  /* Before the first segment an origin that does not answer is one that has not started yet. */
  if (verdict->state == US_ORIGIN_FAILED) {
    const UsLedger *ledger = us_feed_get_ledger (self);
    level = ledger != NULL && us_ledger_get_last (ledger) != NULL ? US_LOG_WARNING : US_LOG_INFO;
  }
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
  gboolean is_explained = self->why != NULL && *self->why != '\0';
  if (news->has_switched)
    us_event (US_LOG_NOTICE, US_EVENT_SWITCH, "%s: from %s to %s: %s%s%s%s%s", self->name,
              us_origin_word (us_origin_other (self->policy.active)),
              us_origin_word (self->policy.active), us_reason_word (news->switch_reason),
              self->who != NULL ? ", by " : "", self->who != NULL ? self->who : "",
              is_explained ? ": " : "", is_explained ? self->why : "");
}

/* As good as the worst of its playlists; of a multivariant one that was never read, the little
 * that is known of itself. */
static UsOriginFacts
find_facts (UsFeed *self, UsOriginId origin) {
  UsOriginFacts told[US_FEED_MAX_RENDITIONS];
  const UsOriginFacts *parts[US_FEED_MAX_RENDITIONS];
  guint n = 0;
  for (guint i = 0; i < self->renditions->len; i++) {
    const UsRendition *rendition = self->renditions->pdata[i];
    const UsFollower *follower = us_rendition_get_follower (rendition, origin);
    if (us_follower_get_url (follower) == NULL)
      continue;
    told[n] = us_facts_with_target (us_follower_get_facts (follower),
                                    us_ledger_get_target (us_rendition_get_ledger (rendition)));
    parts[n] = &told[n];
    n++;
  }
  if (n == 0)
    return *us_follower_get_facts (self->roots[origin]);
  UsOriginFacts facts = us_facts_worst (parts, n);
  self->n_in_step[origin] = MAX (self->n_in_step[origin], facts.n_in_step);
  facts.n_in_step = self->n_in_step[origin];
  return facts;
}

static void
step_policy (UsFeed *self) {
  UsOriginFacts facts[US_N_ORIGINS];
  for (guint i = 0; i < US_N_ORIGINS; i++)
    facts[i] = find_facts (self, (UsOriginId)i);
  UsPolicyNews news
      = us_policy_step (&self->policy, facts, us_feed_is_interchangeable (self), now_us (self));
  log_news (self, &news);
  if (news.has_switched)
    note_switch (self, news.switch_reason);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    gboolean is_urgent = self->policy.verdict[1 - i].state <= US_ORIGIN_FAILED;
    us_follower_set_urgent (self->roots[i], is_urgent);
    for (guint r = 0; r < self->renditions->len; r++)
      us_follower_set_urgent (us_rendition_get_follower (self->renditions->pdata[r], (UsOriginId)i),
                              is_urgent);
  }
}

/* ---- the three steps ---- */

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
  for (guint r = 0; r < self->renditions->len; r++)
    us_rendition_forgive (self->renditions->pdata[r], pause_us);
}

static void
update (UsFeed *self) {
  forgive_own_pause (self);
  for (guint i = 0; i < self->renditions->len; i++)
    us_rendition_compare (self->renditions->pdata[i]);
  step_policy (self);
  for (guint i = 0; i < self->renditions->len; i++)
    us_rendition_pump (self->renditions->pdata[i]);
}

void
us_feed_follower_changed (UsFollower *follower, gpointer user_data) {
  us_feed_find_master (user_data);
  update (user_data);
}

static void
on_changed (UsRendition *rendition, gpointer user_data) {
  update (user_data);
}

static void
on_published (UsRendition *rendition, gpointer user_data) {
  UsFeed *self = user_data;
  self->published (self, self->user_data);
}

static gboolean
on_tick (gpointer user_data) {
  UsFeed *self = user_data;
  gboolean has_changed = FALSE;
  us_feed_find_master (self);
  update (self);
  for (guint i = 0; i < self->renditions->len; i++)
    has_changed = us_rendition_expire (self->renditions->pdata[i]) || has_changed;
  for (guint i = 0; i < self->renditions->len; i++)
    has_changed = us_rendition_judge_reach (self->renditions->pdata[i]) || has_changed;
  if (has_changed)
    self->published (self, self->user_data);
  return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

/**
 * us_feed_add_rendition:
 * @name: (nullable): short name of one of many; %NULL: the only one
 * @followers: stay the caller's
 *
 * Its playlist is served under @name, or as the stream's own.
 */
void
us_feed_add_rendition (UsFeed *self, const char *name, UsFollower *const followers[US_N_ORIGINS]) {
  g_autofree char *full = name != NULL ? g_strdup_printf ("%s/%s", self->name, name) : NULL;
  g_autofree char *playlist_name = name != NULL ? g_strconcat (name, ".m3u8", NULL) : NULL;
  g_autofree char *prefix = name != NULL ? g_strconcat (name, "-", NULL) : NULL;
  const UsRenditionSetup setup = {
    .access = self->access,
    .stream = self->name,
    .is_default = self->is_default,
    .name = full != NULL ? full : self->name,
    .playlist_name = playlist_name != NULL ? playlist_name : us_origin_playlist_name (self->access),
    .prefix = prefix != NULL ? prefix : "",
    .is_one_of_many = name != NULL,
    .id = self->id,
    .first_number = self->first_number,
    .first_discontinuity = self->first_discontinuity,
    .policy = &self->policy,
    .budget = &self->budget,
    .followers = { followers[0], followers[1] },
    .events = { on_changed, on_published, on_joined, self },
  };
  g_ptr_array_add (self->renditions, us_rendition_new (&setup));
}

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
  self->access = access;
  self->name = g_strdup (name);
  self->is_default = is_default;
  self->published = published;
  self->switched = switched;
  self->user_data = user_data;
  self->id = (guint64)wall_us / 1000;
  self->first_number = (guint64)MAX (0, wall_us - YEAR_2020_US) * NUMBERS_PER_S / G_USEC_PER_SEC;
  self->first_discontinuity = (guint64)MAX (0, wall_us - YEAR_2026_US) / G_TIME_SPAN_MINUTE;
  us_policy_init (&self->policy, &access->policy, us_clock_monotonic_us (access->clock));
  us_budget_init (&self->budget);
  self->renditions = g_ptr_array_new_with_free_func ((GDestroyNotify)us_rendition_free);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    g_autofree char *url
        = is_default
              ? g_strdup_printf ("%s/%s", access->base_url[i], access->playlist_path)
              : g_strdup_printf ("%s/%s/%s", access->base_url[i], name, access->playlist_path);
    self->roots[i]
        = us_follower_new (access, (UsOriginId)i, name, url, us_feed_follower_changed, self);
  }
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_set_twin (self->roots[i], self->roots[1 - i]);
  us_feed_add_rendition (self, NULL, self->roots);
  return self;
}

void
us_feed_start (UsFeed *self) {
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_start (self->roots[i]);
  us_timer_start (&self->tick, TICK_MS, "switcher-tick", on_tick, self);
}

void
us_feed_free (UsFeed *self) {
  us_timer_stop (&self->tick);
  g_ptr_array_unref (self->renditions);
  us_feed_drop_master (self);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_free (self->roots[i]);
  for (guint i = 0; i < self->n_switches; i++)
    clear_switch (&self->switches[i]);
  g_free (self->name);
  g_free (self);
}

/* ---- steering ---- */

/* Returns: the policy, to be changed by an operator's command; us_feed_wake() afterwards */
UsPolicy *
us_feed_get_policy (UsFeed *self) {
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
