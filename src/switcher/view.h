/* view.h - what an operator may see of a stream, read from its feed in one go */
#pragma once

#include "switcher/control.h"
#include "switcher/feed.h"

G_BEGIN_DECLS

typedef struct {
  UsOriginState state;
  UsReason reason;
  gboolean is_active, is_drained;
  char *url; /* of its playlist, without a password; owned */
  gboolean has_newest;
  guint64 newest;     /* media sequence number of the newest segment it lists */
  gint64 advanced_us; /* monotonic time of its playlist's last advance; 0: never */
} UsOriginView;

/* UsStreamView: strings are the feed's unless noted. */
typedef struct {
  const char *name;
  gboolean is_default, is_served;
  UsOriginId active;
  gboolean has_home;
  UsOriginId home;
  UsPairKind pair;
  const char *pair_reason;
  UsPolicyMode mode;
  gboolean is_strict;
  gint64 until_us; /* monotonic; 0: the order has no end of its own */
  UsFailback failback;
  guint64 n_failovers, n_switchbacks;
  UsOriginView origins[US_N_ORIGINS];
  const UsFeedSwitch *switches; /* oldest first */
  guint n_switches;
} UsStreamView;

void us_stream_view_read (UsStreamView *view, const UsFeed *feed, const UsOriginAccess *access);
void us_stream_view_clear (UsStreamView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsStreamView, us_stream_view_clear)

/* Whose change of sides it was. Not every one that follows from a command does so at once. */
void us_view_find_author (const UsFeedSwitch *change, const char *stream, const UsControl *control,
                          const char **who, const char **why);

G_END_DECLS
