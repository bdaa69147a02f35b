/* feed-report.c - what a feed says of itself: to the site, and to whoever asks */
#include "switcher/feed-private.h"

/* A stream of many renditions is played through the playlist that names them. */
static void
add_master (const UsFeed *self, UsSite *site) {
  const UsSiteStream stream = {
    .name = self->name,
    .is_default = self->is_default,
    .playlist_name = us_origin_playlist_name (self->access),
    .playlist = self->master_text,
    .last_number = G_MAXUINT64, /* it never has news to wait for */
    .target_duration_s = us_feed_get_target (self),
  };
  us_site_add_stream (site, &stream);
}

/**
 * us_feed_fill_site:
 *
 * Adds the playlists and every segment that must still answer.
 */
void
us_feed_fill_site (const UsFeed *self, UsSite *site) {
  if (us_feed_is_master (self) || self->renditions->len == 0)
    add_master (self, site);
  for (guint i = 0; i < self->renditions->len; i++)
    us_rendition_fill_site (us_feed_get_rendition (self, i), site);
}

const char *
us_feed_get_name (const UsFeed *self) {
  return self->name;
}

/* Returns: (transfer full): where viewers get its playlist: "/hls/index.m3u8" */
char *
us_feed_make_path (const UsFeed *self) {
  return g_strconcat ("/hls/", self->is_default ? "" : self->name, self->is_default ? "" : "/",
                      us_origin_playlist_name (self->access), NULL);
}

gboolean
us_feed_is_default (const UsFeed *self) {
  return self->is_default;
}

/* Returns: whether it is a stream of several renditions */
gboolean
us_feed_is_master (const UsFeed *self) {
  return self->master != NULL;
}

/* Returns: whether viewers get a playlist */
gboolean
us_feed_is_ready (const UsFeed *self) {
  if (us_feed_is_master (self))
    return self->master_text != NULL;
  return us_rendition_is_ready (us_feed_get_rendition (self, 0));
}

/* Returns: whether either copy of a segment will do, in every rendition */
gboolean
us_feed_is_interchangeable (const UsFeed *self) {
  for (guint i = 0; i < self->renditions->len; i++)
    if (!us_rendition_get_pair (us_feed_get_rendition (self, i))->is_interchangeable)
      return FALSE;
  return TRUE;
}

const UsPolicy *
us_feed_peek_policy (const UsFeed *self) {
  return &self->policy;
}

const UsBudget *
us_feed_get_budget (const UsFeed *self) {
  return &self->budget;
}

/**
 * us_feed_get_pair:
 * @why: (out): a sentence without its full stop
 *
 * Returns: what the two origins are to each other, in the rendition where that is least
 */
UsPairKind
us_feed_get_pair (const UsFeed *self, const char **why) {
  UsPairKind kind = US_PAIR_UNKNOWN;
  *why = "nothing is known of either origin yet";
  for (guint i = 0; i < self->renditions->len; i++) {
    const UsPair *pair = us_rendition_get_pair (us_feed_get_rendition (self, i));
    if (pair->why == NULL || (i > 0 && pair->kind <= kind))
      continue;
    kind = pair->kind;
    *why = pair->why;
  }
  return kind;
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

guint
us_feed_get_n_renditions (const UsFeed *self) {
  return self->renditions->len;
}

const UsRendition *
us_feed_get_rendition (const UsFeed *self, guint index) {
  g_return_val_if_fail (index < self->renditions->len, NULL);
  return g_ptr_array_index (self->renditions, index);
}

static void
add_stats (UsRenditionStats *sum, const UsRenditionStats *part) {
  for (guint i = 0; i < US_N_ORIGINS; i++)
    sum->n_wins[i] += part->n_wins[i];
  for (guint i = 0; i < US_RENDITION_N_BUCKETS; i++)
    sum->n_commits_within[i] += part->n_commits_within[i];
  for (guint i = 0; i < US_N_JOIN_METHODS; i++)
    sum->n_joins[i] += part->n_joins[i];
  sum->n_hedges += part->n_hedges;
  sum->n_resumes += part->n_resumes;
  sum->n_commits += part->n_commits;
  sum->commit_sum_s += part->commit_sum_s;
  sum->n_holes += part->n_holes;
  sum->n_divergences += part->n_divergences;
  sum->n_equal += part->n_equal;
  sum->n_different += part->n_different;
  sum->n_unanswered += part->n_unanswered;
  sum->n_standby += part->n_standby;
  sum->last_commit_us = MIN (sum->last_commit_us, part->last_commit_us);
  sum->min_cushion_us = MIN (sum->min_cushion_us, part->min_cushion_us);
  sum->last_gap_ms = MAX (sum->last_gap_ms, part->last_gap_ms);
  sum->last_overlap_ms = MAX (sum->last_overlap_ms, part->last_overlap_ms);
  sum->gap_sum_ms += part->gap_sum_ms;
  sum->overlap_sum_ms += part->overlap_sum_ms;
}

/**
 * us_feed_get_stats:
 * @stats: (out): of all renditions together; ages and cushions of the worst
 */
void
us_feed_get_stats (const UsFeed *self, UsRenditionStats *stats) {
  *stats = (UsRenditionStats){ .min_cushion_us = G_MAXINT64 };
  for (guint i = 0; i < self->renditions->len; i++) {
    const UsRenditionStats *part = us_rendition_get_stats (us_feed_get_rendition (self, i));
    if (i == 0)
      *stats = *part;
    else
      add_stats (stats, part);
  }
}

/* Returns: the longest target duration in s; 0: not known yet */
guint
us_feed_get_target (const UsFeed *self) {
  guint target_s = 0;
  for (guint i = 0; i < self->renditions->len; i++)
    target_s = MAX (
        target_s, us_ledger_get_target (us_rendition_get_ledger (us_feed_get_rendition (self, i))));
  return target_s;
}

/* Returns: (nullable): of the first rendition */
const UsLedger *
us_feed_get_ledger (const UsFeed *self) {
  return self->renditions->len > 0 ? us_rendition_get_ledger (us_feed_get_rendition (self, 0))
                                   : NULL;
}

const UsFollower *
us_feed_get_follower (const UsFeed *self, UsOriginId origin) {
  return self->renditions->len > 0
             ? us_rendition_get_follower (us_feed_get_rendition (self, 0), origin)
             : self->roots[origin];
}

/* Requests that failed for @reason at @origin, of all playlists. */
guint64
us_feed_count_errors (const UsFeed *self, UsOriginId origin, UsReason reason) {
  guint64 n = us_follower_get_n_errors (self->roots[origin], reason);
  for (guint i = 0; us_feed_is_master (self) && i < self->renditions->len; i++)
    n += us_follower_get_n_errors (
        us_rendition_get_follower (us_feed_get_rendition (self, i), origin), reason);
  return n;
}

guint64
us_feed_count_5xx (const UsFeed *self, UsOriginId origin) {
  guint64 n = us_follower_get_n_5xx (self->roots[origin]);
  for (guint i = 0; us_feed_is_master (self) && i < self->renditions->len; i++)
    n += us_follower_get_n_5xx (
        us_rendition_get_follower (us_feed_get_rendition (self, i), origin));
  return n;
}
