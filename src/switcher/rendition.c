/* rendition.c - one media playlist as the switcher serves it: two followers and one ledger
 *
 * Owned by a UsFeed, on the main loop, which gives it the followers, the policy that all renditions
 * of a stream share, and its turn: compare, then (after the policy) pump. What comes next is
 * decided in pick.c and join.c, what the two are to each other in pair.c, who is to be trusted in
 * policy.c, what may be written in ledger.c; the parts of this module only put them together:
 *   rendition-fetch.c    asks for the next segment, one at a time, and again
 *   rendition-publish.c  writes what is whole into the ledger and the site
 *   rendition-recall.c   has what was listed before the start answer again
 *   rendition-compare.c  compares it with what the other side has
 *   rendition-standby.c  keeps the other side of a foreign pair ready
 * Ends with us_rendition_free(), which cancels everything in flight.
 */
#include "switcher/rendition-private.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.rendition"
#include "base/log.h"
#include "base/url.h"

#define NEWS_WAIT_US (5 * G_TIME_SPAN_SECOND) /* of an origin that can be reached again */

const guint us_rendition_bucket_ms[US_RENDITION_N_BUCKETS]
    = { 10, 25, 50, 100, 250, 500, 1000, 2500 };

/**
 * us_rendition_new:
 * @setup: see #UsRenditionSetup
 *
 * Returns: (transfer full): a rendition that has published nothing
 */
UsRendition *
us_rendition_new (const UsRenditionSetup *setup) {
  UsRendition *self = g_new0 (UsRendition, 1);
  self->setup = *setup;
  self->setup.stream = self->stream = g_strdup (setup->stream);
  self->setup.name = self->name = g_strdup (setup->name);
  self->setup.playlist_name = self->playlist_name = g_strdup (setup->playlist_name);
  self->setup.prefix = self->prefix = g_strdup (setup->prefix);
  self->map_prefix = g_strdup_printf ("%s%" G_GINT64_MODIFIER "x", setup->prefix, setup->id);
  self->ledger = us_ledger_new (setup->access->playlist_length, setup->prefix, setup->id,
                                setup->first_number, setup->first_discontinuity);
  self->chronicle = us_chronicle_new ();
  self->how.took_us = -1;
  self->stats.min_cushion_us = G_MAXINT64;
  self->last_end_ms = -1;
  self->started_us = us_rendition_now_us (self);
  us_alignment_init (&self->alignment);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    self->followers[i] = setup->followers[i];
    self->stocks[i] = us_stock_new ();
  }
  return self;
}

void
us_rendition_free (UsRendition *self) {
  us_rendition_stop_fetching (self);
  g_clear_pointer (&self->comparison, us_comparison_cancel);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_stock_free (self->stocks[i]);
  us_chronicle_free (self->chronicle);
  us_ledger_free (self->ledger);
  g_clear_pointer (&self->playlist, g_bytes_unref);
  g_free (self->offer_uri);
  g_free (self->offer_name);
  g_free (self->offer_key);
  g_free (self->offer_map_key);
  g_free (self->stream);
  g_free (self->name);
  g_free (self->playlist_name);
  g_free (self->prefix);
  g_free (self->map_prefix);
  g_free (self);
}

/* Between interchangeable origins numbers compare. */
static void
compare_numbers (UsRendition *self) {
  guint64 epoch, number[US_N_ORIGINS];
  gboolean is_known = TRUE;
  for (guint i = 0; i < US_N_ORIGINS; i++)
    is_known = us_follower_get_newest (self->followers[i], &epoch, &number[i]) && is_known;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const UsOriginFacts *facts = us_follower_get_facts (self->followers[i]);
    gboolean is_behind = is_known && number[i] < number[1 - i];
    if (!is_behind)
      us_follower_set_behind (self->followers[i], 0);
    else if (facts->behind_since_us == 0)
      us_follower_set_behind (self->followers[i], us_rendition_now_us (self));
  }
}

static void
log_pair (const UsRendition *self, UsPairKind before) {
  if (self->pair.kind != before && self->pair.kind != US_PAIR_UNKNOWN)
    us_info ("%s: the origins are %s: %s", self->name, us_pair_kind_word (self->pair.kind),
             self->pair.why);
}

/**
 * us_rendition_compare:
 *
 * What the two are to each other, and who is behind whom: the facts that the policy needs.
 */
void
us_rendition_compare (UsRendition *self) {
  UsPairKind before = self->pair.kind;
  us_pair_judge (&self->pair, us_rendition_followers (self),
                 us_ledger_get_last (self->ledger) != NULL, us_rendition_now_us (self));
  log_pair (self, before);
  us_rendition_note_life (self);
  if (self->pair.is_interchangeable)
    compare_numbers (self);
  else
    us_rendition_note_edges (self);
}

/* Returns: (transfer full): a URI from the list of @origin as people may read it */
char *
us_rendition_show_uri (const UsRendition *self, UsOriginId origin, const char *uri) {
  g_autofree char *url = us_follower_resolve (self->followers[origin], uri);
  return us_url_for_people (url != NULL ? url : "");
}

/**
 * us_rendition_forgive:
 * @pause_us: how long this process has just stood still
 */
void
us_rendition_forgive (UsRendition *self, gint64 pause_us) {
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_forgive (self->followers[i], pause_us);
  us_lateness_forgive (&self->lateness, pause_us, us_rendition_now_us (self));
}

/**
 * us_rendition_expire:
 *
 * Also when nothing new comes: a stream that has ended must not keep what left its playlist.
 *
 * Returns: whether the site is to be filled anew
 */
gboolean
us_rendition_expire (UsRendition *self) {
  return us_ledger_expire (self->ledger, us_rendition_now_us (self)) > 0 && self->is_ready;
}

/* Whether its playlist cannot even be asked for; an origin that says that it has nothing new is
 * there, and so may the source be silent. */
static gboolean
is_out_of_reach (const UsFollower *follower) {
  switch ((int)us_follower_get_facts (follower)->error) {
  case US_REASON_REFUSED:
  case US_REASON_RESET:
  case US_REASON_RESOLVE:
  case US_REASON_TIMEOUT:
    return TRUE;
  default:
    return FALSE;
  }
}

/**
 * us_rendition_judge_reach:
 *
 * One of several switchers that has lost both origins is to say so, that whoever stands before them
 * asks another. RFC 8216 6.2.1 gives the measure: a playlist that has not grown for 1.5 target
 * durations is late. When an origin is back, what it has that is new comes first: the playlist from
 * before is older than the one that viewers had from elsewhere.
 *
 * Returns: whether the site is to be filled anew
 */
gboolean
us_rendition_judge_reach (UsRendition *self) {
  if (!self->setup.access->has_self_verdict || !self->is_ready)
    return FALSE;
  gint64 now = us_rendition_now_us (self);
  gint64 patience_us = (gint64)us_ledger_get_target (self->ledger) * G_USEC_PER_SEC * 3 / 2;
  gboolean is_out = is_out_of_reach (self->followers[0]) && is_out_of_reach (self->followers[1]);
  if (!self->is_cut_off) {
    self->reached_us = 0;
    self->is_cut_off = is_out && now - self->stats.last_commit_us > patience_us;
    if (self->is_cut_off)
      us_warning ("%s: no origin can be reached; the playlist answers 503 until one can",
                  self->name);
    return self->is_cut_off;
  }
  if (is_out)
    self->reached_us = 0;
  else if (self->reached_us == 0)
    self->reached_us = now;
  self->is_cut_off = is_out || now - self->reached_us < NEWS_WAIT_US;
  return !self->is_cut_off;
}

/**
 * us_rendition_fill_site:
 *
 * Adds the playlist and every segment that must still answer.
 */
void
us_rendition_fill_site (const UsRendition *self, UsSite *site) {
  UsSiteStream stream = {
    .name = self->stream,
    .is_default = self->setup.is_default,
    .playlist_name = self->playlist_name,
    .playlist = self->playlist,
    .last_number = self->shown_number,
    .target_duration_s = us_ledger_get_target (self->ledger),
    .unavailable = self->is_cut_off
                       ? "This switcher can reach no origin, and its playlist is older "
                         "than 1.5 target durations."
                       : NULL,
  };
  us_site_add_stream (site, &stream);
  const UsSegment *map = NULL;
  for (guint i = 0; self->is_ready && i < us_ledger_get_n_rows (self->ledger); i++) {
    const UsLedgerRow *row = us_ledger_get_row (self->ledger, i);
    us_site_add_segment (site, self->stream, row->segment->name, row->segment->bytes,
                         row->segment->etag, us_shape_content_type (row->shape));
    if (row->map != NULL && row->map != map)
      us_site_add_segment (site, self->stream, row->map->name, row->map->bytes, row->map->etag,
                           "video/mp4");
    map = row->map;
  }
}

/* ---- what others may know ---- */

const char *
us_rendition_get_name (const UsRendition *self) {
  return self->name;
}

/* Returns: (nullable): "v0": one of many; %NULL: the only one */
const char *
us_rendition_get_short_name (const UsRendition *self) {
  const char *slash = strrchr (self->name, '/');
  return self->setup.is_one_of_many && slash != NULL ? slash + 1 : NULL;
}

const char *
us_rendition_get_playlist_name (const UsRendition *self) {
  return self->playlist_name;
}

/* Returns: whether viewers get a playlist */
gboolean
us_rendition_is_ready (const UsRendition *self) {
  return self->is_ready;
}

const UsPair *
us_rendition_get_pair (const UsRendition *self) {
  return &self->pair;
}

const UsAlignment *
us_rendition_get_alignment (const UsRendition *self) {
  return &self->alignment;
}

const UsRenditionStats *
us_rendition_get_stats (const UsRendition *self) {
  return &self->stats;
}

const UsLedger *
us_rendition_get_ledger (const UsRendition *self) {
  return self->ledger;
}

/* Returns: how what was published last was had */
const UsChronicle *
us_rendition_get_chronicle (const UsRendition *self) {
  return self->chronicle;
}

UsFollower *
us_rendition_get_follower (const UsRendition *self, UsOriginId origin) {
  return self->followers[origin];
}

/* Returns: memory held to be ready for a change of sides */
gsize
us_rendition_get_standby_bytes (const UsRendition *self) {
  return us_stock_bytes (self->stocks[0]) + us_stock_bytes (self->stocks[1]);
}
