/* feed.h - one stream as the switcher serves it: two followers, one ledger, and what is fetched
 * next */
#pragma once

#include "http/site.h"
#include "switcher/follower.h"
#include "switcher/join.h"
#include "switcher/ledger.h"
#include "switcher/pair.h"
#include "switcher/settings.h"

G_BEGIN_DECLS

#define US_FEED_N_BUCKETS 8
extern const guint us_feed_bucket_ms[US_FEED_N_BUCKETS];

/* UsFeedStats: counted since the stream is followed. */
typedef struct {
  guint64 n_wins[US_N_ORIGINS];                /* segments published from each origin */
  guint64 n_hedges;                            /* segments asked of both */
  guint64 n_commits;                           /* segments published */
  guint64 n_commits_within[US_FEED_N_BUCKETS]; /* of these, by ms since first seen listed */
  double commit_sum_s;
  guint64 n_holes; /* segments no origin delivered */
  guint64 n_divergences;
  gint64 last_commit_us;   /* monotonic; 0: none */
  gint64 min_cushion_us;   /* least time left to 1.5 target durations; G_MAXINT64 */
  gint64 last_join_gap_ms; /* of the last foreign join; negative: overlap */
} UsFeedStats;

/* UsFeedSwitch: one change of sides, as it reached the viewers. */
typedef struct {
  UsOriginId from, to;
  UsReason reason; /* US_REASON_OK: the primary is good again */
  char *who, *why; /* (nullable): of an operator's command */
  UsJoinMethod method;
  gint64 gap_ms, overlap_ms; /* left out, or shown twice, at the seam */
  gint64 wall_ms;            /* when it was decided */
  guint64 number; /* media sequence number of the first segment published from @to; 0: of a foreign
                     pair, left again before there was one */
} UsFeedSwitch;

#define US_FEED_N_SWITCHES 32 /* the last ones are remembered */

typedef struct UsFeed UsFeed;
/* Called when the stream's part of the site has changed. */
typedef void (*UsFeedPublished) (UsFeed *feed, gpointer user_data);
/* Called once for each change of sides: at the decision between interchangeable origins, else when
 * the first segment of the new side is published. May not free the feed. */
typedef void (*UsFeedSwitched) (UsFeed *feed, const UsFeedSwitch *change, gpointer user_data);

UsFeed *us_feed_new (const UsOriginAccess *access, const char *name, gboolean is_default,
                     UsFeedPublished published, UsFeedSwitched switched, gpointer user_data);
void us_feed_start (UsFeed *feed);
void us_feed_free (UsFeed *feed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsFeed, us_feed_free)

/* For who steers it: change the policy, then wake the feed. */
UsPolicy *us_feed_get_policy (UsFeed *feed);
void us_feed_wake (UsFeed *feed);
void us_feed_wake_for (UsFeed *feed, const char *who, const char *why);

void us_feed_fill_site (const UsFeed *feed, UsSite *site);
const char *us_feed_get_name (const UsFeed *feed);
gboolean us_feed_is_default (const UsFeed *feed);
gboolean us_feed_is_ready (const UsFeed *feed);
gboolean us_feed_is_interchangeable (const UsFeed *feed);
const UsFeedStats *us_feed_get_stats (const UsFeed *feed);
const UsPolicy *us_feed_peek_policy (const UsFeed *feed);
UsPairKind us_feed_get_pair (const UsFeed *feed, const char **why);
const UsFeedSwitch *us_feed_get_switches (const UsFeed *feed, guint *n_switches);
const UsLedger *us_feed_get_ledger (const UsFeed *feed);
const UsFollower *us_feed_get_follower (const UsFeed *feed, UsOriginId origin);

G_END_DECLS
