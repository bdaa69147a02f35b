/* feed-master.c - a stream whose playlist is a multivariant one
 *
 * Which kind of playlist a stream has is decided once, by what the active origin serves at the
 * start: viewers cannot be given another kind later. From then on an origin that serves the other
 * kind is not usable.
 */
#include "switcher/feed-private.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.feed"
#include "base/log.h"

#define START_WAIT_US (400 * G_TIME_SPAN_MILLISECOND) /* for the active origin's first word */
#define READY_WAIT_US (5 * G_TIME_SPAN_SECOND)        /* for the last rendition, after the first */

static gboolean
has_media (const UsFollower *root) {
  return us_follower_get_kind (root) != US_FOLLOWER_NOTHING;
}

/* Returns: the origin whose playlist decides; US_N_ORIGINS: none yet */
static UsOriginId
find_lead (const UsFeed *self) {
  UsOriginId active = self->policy.active, other = us_origin_other (active);
  gint64 waited_us = us_clock_monotonic_us (self->access->clock) - self->policy.started_us;
  if (has_media (self->roots[active]) || us_follower_get_master (self->roots[active]) != NULL)
    return active;
  gboolean is_over = us_follower_get_facts (self->roots[active])->error != US_REASON_OK
                     || waited_us >= START_WAIT_US;
  if (is_over
      && (has_media (self->roots[other]) || us_follower_get_master (self->roots[other]) != NULL))
    return other;
  return US_N_ORIGINS;
}

static void
add_renditions (UsFeed *self) {
  self->followers = g_ptr_array_new_with_free_func ((GDestroyNotify)us_follower_free);
  for (guint i = 0; i < us_master_get_n_entries (self->master); i++) {
    const UsMasterEntry *entry = us_master_get_entry (self->master, i);
    g_autofree char *name = g_strdup_printf ("%s/%s", self->name, entry->name);
    UsFollower *pair[US_N_ORIGINS];
    for (guint o = 0; o < US_N_ORIGINS; o++) {
      pair[o] = us_follower_new (self->access, (UsOriginId)o, name, NULL, us_feed_follower_changed,
                                 self);
      us_follower_set_diet (pair[o], US_FOLLOWER_MEDIA);
      g_ptr_array_add (self->followers, pair[o]);
    }
    for (guint o = 0; o < US_N_ORIGINS; o++)
      us_follower_set_twin (pair[o], pair[1 - o]);
    us_feed_add_rendition (self, entry->name, pair);
  }
}

static void
begin_master (UsFeed *self, UsOriginId lead) {
  self->master = us_master_new (us_follower_get_master (self->roots[lead]));
  guint n = us_master_get_n_entries (self->master);
  us_info ("%s: a multivariant playlist of %u renditions, as %s lists them", self->name, n,
           us_origin_word (lead));
  if (us_master_get_n_left_out (self->master) > 0)
    us_warning ("%s: %u renditions more than %u are left out", self->name,
                us_master_get_n_left_out (self->master), US_MASTER_MAX_RENDITIONS);
  g_ptr_array_set_size (self->renditions, 0);
  add_renditions (self);
}

static void
decide (UsFeed *self) {
  UsOriginId lead = find_lead (self);
  if (us_ledger_get_last (us_feed_get_ledger (self)) == NULL && lead == US_N_ORIGINS)
    return;
  self->is_mode_set = TRUE;
  gboolean is_master = lead != US_N_ORIGINS && us_follower_get_master (self->roots[lead]) != NULL
                       && !has_media (self->roots[lead])
                       && us_ledger_get_last (us_feed_get_ledger (self)) == NULL;
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_set_diet (self->roots[i], is_master ? US_FOLLOWER_MASTER : US_FOLLOWER_MEDIA);
  if (is_master)
    begin_master (self, lead);
}

/* What an origin's playlist names may have moved. */
static void
match (UsFeed *self) {
  for (guint o = 0; o < US_N_ORIGINS; o++) {
    guint64 n = us_follower_get_n_masters (self->roots[o]);
    if (n == self->n_masters[o])
      continue;
    self->n_masters[o] = n;
    us_master_match (self->master, (UsOriginId)o, us_follower_get_master (self->roots[o]),
                     us_follower_get_base (self->roots[o]));
    for (guint i = 0; i < us_master_get_n_entries (self->master); i++) {
      const char *url = us_master_get_entry (self->master, i)->url[o];
      if (url != NULL)
        us_follower_move (us_rendition_get_follower (self->renditions->pdata[i], (UsOriginId)o),
                          url);
    }
  }
}

/* The master is first shown when all that it names can be played. */
static void
find_ready (UsFeed *self) {
  gint64 now = us_clock_monotonic_us (self->access->clock);
  guint n_ready = 0;
  if (self->master_text != NULL)
    return;
  for (guint i = 0; i < self->renditions->len; i++)
    n_ready += us_rendition_is_ready (self->renditions->pdata[i]) ? 1 : 0;
  if (n_ready == 0)
    return;
  if (self->master_since_us == 0)
    self->master_since_us = now;
  if (n_ready < self->renditions->len && now - self->master_since_us < READY_WAIT_US)
    return;
  char *text = us_master_render (self->master);
  self->master_text = g_bytes_new_take (text, strlen (text));
  us_info ("%s: serving %u of %u renditions", self->name, n_ready, self->renditions->len);
  self->published (self, self->user_data);
}

/**
 * us_feed_find_master:
 *
 * To be called from the followers' callbacks and the tick only: it may end the first rendition.
 */
void
us_feed_find_master (UsFeed *self) {
  if (!self->is_mode_set)
    decide (self);
  if (self->master == NULL)
    return;
  match (self);
  find_ready (self);
}

/* The renditions that used its followers have ended already. */
void
us_feed_drop_master (UsFeed *self) {
  g_clear_pointer (&self->followers, g_ptr_array_unref);
  g_clear_pointer (&self->master, us_master_free);
  g_clear_pointer (&self->master_text, g_bytes_unref);
}
