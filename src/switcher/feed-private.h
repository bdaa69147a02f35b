/* feed-private.h - what the parts of a feed share: its life, its master, what it says of itself */
#pragma once

#include "switcher/feed.h"
#include "switcher/master.h"

G_BEGIN_DECLS

#define US_FEED_MAX_RENDITIONS US_MASTER_MAX_RENDITIONS

struct UsFeed {
  const UsOriginAccess *access;
  char *name;
  gboolean is_default;
  UsFeedPublished published;
  UsFeedSwitched switched; /* (nullable) */
  gpointer user_data;

  UsPolicy policy;
  UsBudget budget;
  UsFollower *roots[US_N_ORIGINS];               /* of the stream's own playlist */
  GPtrArray *renditions;                         /* element-type UsRendition */
  guint64 id, first_number, first_discontinuity; /* of all its ledgers */
  guint64 n_in_step[US_N_ORIGINS];               /* of the worst rendition, never falling */
  gint64 updated_us;                             /* the last time anything ran here */
  GSource *tick;

  /* a stream with a multivariant playlist (feed-master.c) */
  gboolean is_mode_set; /* it is known which kind it is */
  UsMaster *master;     /* (nullable) */
  GPtrArray *followers; /* (nullable) element-type UsFollower: two for each rendition */
  GBytes *master_text;  /* (nullable): once every rendition can be played */
  gint64 master_since_us;
  guint64 n_masters[US_N_ORIGINS]; /* how often each origin's was read */

  UsFeedSwitch switches[US_FEED_N_SWITCHES]; /* oldest first */
  guint n_switches;
  gboolean is_switch_open; /* the last one waits for the first segment of its new side */
  const char *who, *why;   /* (nullable): whose command is being carried out */
};

/* feed.c */
void us_feed_add_rendition (UsFeed *self, const char *name,
                            UsFollower *const followers[US_N_ORIGINS]);
void us_feed_follower_changed (UsFollower *follower, gpointer feed);

/* feed-master.c */
void us_feed_find_master (UsFeed *self);
void us_feed_drop_master (UsFeed *self);

G_END_DECLS
