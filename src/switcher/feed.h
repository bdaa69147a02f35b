/* feed.h - one stream as the switcher serves it: one policy, and a rendition for each playlist */
#pragma once

#include "http/site.h"
#include "switcher/rendition.h"
#include "switcher/settings.h"

G_BEGIN_DECLS

/* UsFeedSwitch: one change of sides, as it reached the viewers. */
typedef struct {
  UsOriginId from, to;
  UsReason reason; /* US_REASON_RETURNED: the preferred origin is trusted again */
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
char *us_feed_make_path (const UsFeed *feed);
gboolean us_feed_is_default (const UsFeed *feed);
gboolean us_feed_is_ready (const UsFeed *feed);
gboolean us_feed_is_interchangeable (const UsFeed *feed);
gboolean us_feed_is_master (const UsFeed *feed);
const UsPolicy *us_feed_peek_policy (const UsFeed *feed);
const UsBudget *us_feed_get_budget (const UsFeed *feed);
UsPairKind us_feed_get_pair (const UsFeed *feed, const char **why);
const UsFeedSwitch *us_feed_get_switches (const UsFeed *feed, guint *n_switches);
guint us_feed_get_n_renditions (const UsFeed *feed);
const UsRendition *us_feed_get_rendition (const UsFeed *feed, guint index);
void us_feed_get_stats (const UsFeed *feed, UsRenditionStats *stats);
guint us_feed_get_target (const UsFeed *feed);
/* Of the rendition that stands for the stream: the first. */
const UsLedger *us_feed_get_ledger (const UsFeed *feed);
const UsFollower *us_feed_get_follower (const UsFeed *feed, UsOriginId origin);
guint64 us_feed_count_5xx (const UsFeed *feed, UsOriginId origin);
guint64 us_feed_count_errors (const UsFeed *feed, UsOriginId origin, UsReason reason);

G_END_DECLS
