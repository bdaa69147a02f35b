/* view.c - what an operator may see of a stream, read from its feed in one go
 *
 * The one place where the doors (status, D-Bus) touch a feed, so that they agree. On the main
 * loop; a view points into its feed and does not outlive the call it was made for.
 */
#include "switcher/view.h"

#include "base/url.h"

static char *
url_of (const UsOriginAccess *access, UsOriginId origin, const char *stream, gboolean is_default) {
  g_autofree char *url
      = g_strdup_printf ("%s/%s%s%s", access->base_url[origin], is_default ? "" : stream,
                         is_default ? "" : "/", access->playlist_path);
  return us_url_for_people (url);
}

/**
 * us_stream_view_read:
 * @view: (out): filled in; us_stream_view_clear() it
 * @feed: outlives the view
 * @access: where its origins are
 */
void
us_stream_view_read (UsStreamView *view, const UsFeed *feed, const UsOriginAccess *access) {
  const UsPolicy *policy = us_feed_peek_policy (feed);
  *view = (UsStreamView){
    .name = us_feed_get_name (feed),
    .is_default = us_feed_is_default (feed),
    .is_served = us_feed_is_ready (feed),
    .active = policy->active,
    .mode = policy->mode,
    .is_strict = policy->mode != US_POLICY_AUTO && policy->is_strict,
    .until_us = policy->mode != US_POLICY_AUTO ? policy->until_us : 0,
    .failback = policy->failback,
    .n_failovers = policy->n_failovers,
    .n_switchbacks = policy->n_switchbacks,
  };
  view->has_home = us_policy_get_home (policy, &view->home);
  view->pair = us_feed_get_pair (feed, &view->pair_reason);
  view->switches = us_feed_get_switches (feed, &view->n_switches);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const UsFollower *follower = us_feed_get_follower (feed, (UsOriginId)i);
    const UsOriginFacts *facts = us_follower_get_facts (follower);
    UsOriginView *origin = &view->origins[i];
    guint64 epoch;
    origin->state = policy->verdict[i].state;
    origin->reason = policy->verdict[i].reason;
    origin->is_active = policy->active == i;
    origin->is_drained = us_policy_is_drained (policy, (UsOriginId)i);
    origin->url = url_of (access, (UsOriginId)i, view->name, view->is_default);
    origin->has_newest = us_follower_get_newest (follower, &epoch, &origin->newest);
    origin->advanced_us = facts->has_window ? facts->last_advance_us : 0;
  }
}

void
us_stream_view_clear (UsStreamView *view) {
  for (guint i = 0; i < US_N_ORIGINS; i++)
    g_clear_pointer (&view->origins[i].url, g_free);
}

/**
 * us_view_find_author:
 * @change: a change of sides of @stream
 * @who: (out): "" when nobody ordered it
 * @why: (out): in his words
 */
void
us_view_find_author (const UsFeedSwitch *change, const char *stream, const UsControl *control,
                     const char **who, const char **why) {
  *who = *why = "";
  if (us_reason_class (change->reason) != US_REASON_CLASS_MANUAL)
    return;
  if (change->who != NULL) {
    *who = change->who;
    *why = change->why != NULL ? change->why : "";
    return;
  }
  const UsControlEntry *entry = us_control_find (control, stream, change->wall_ms);
  if (entry == NULL)
    return;
  *who = entry->who;
  *why = entry->why;
}
