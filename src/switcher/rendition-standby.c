/* rendition-standby.c - keeps the other side of a foreign pair ready
 *
 * While both are well the standby's segments are fetched too, the last few kept, and looked into.
 * So it is known beforehand how far apart the timelines are, who is late, and where to go on: a
 * failover publishes what is in memory already.
 */
#include "switcher/rendition-private.h"

#define US_LOG_TOPIC "switcher.rendition"
#include "base/log.h"
#include "switcher/key.h"

#define FRAME_US (40 * G_TIME_SPAN_MILLISECOND) /* where the rate is not known */
#define FIRST_STANDBY 2                         /* newest segments of a side that is new */
#define EDGE_KEPT 3 /* with nothing at all to go by: no nearer to the live edge */

/* ---- timelines ---- */

/* An origin that counts anew has nothing in common with what it listed before, nor with what is
 * still asked for of that: its number would pass for one of the new life, and a high one for the
 * newest of it. */
void
us_rendition_note_life (UsRendition *self) {
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    guint64 generation = us_follower_get_generation (self->followers[i]);
    if (generation == self->generation[i])
      continue;
    self->generation[i] = generation;
    g_clear_pointer (&self->errands[i], us_errand_cancel);
    us_stock_clear (self->stocks[i]);
    us_alignment_forget (&self->alignment, (UsOriginId)i);
    us_lateness_reset (&self->lateness);
    self->skipped[i] = 0;
  }
}

/* When @item was, by dates and arrival. Dates that had to be corrected were so by arrival, and are
 * no second witness. */
static UsAlignmentClue
find_clue (const UsRendition *self, UsOriginId origin, const UsStockItem *item) {
  const UsCalendar *calendar = us_follower_get_calendar (self->followers[origin]);
  const UsCalendarDay *day = us_calendar_find (calendar, item->number);
  UsAlignmentClue clue = { G_MININT64, G_MININT64 };
  if (day != NULL)
    clue.came_us = day->came_ms * 1000;
  if (day != NULL && day->date_ms >= 0 && calendar->correction_ms == 0)
    clue.date_us = day->date_ms * 1000;
  return clue;
}

/* A segment of @origin has come into its stock. */
void
us_rendition_note_stock (UsRendition *self, UsOriginId origin) {
  const UsStockItem *item = us_stock_newest (self->stocks[origin]);
  if (item == NULL || item->probe == NULL)
    return;
  const UsAlignmentClue clue = find_clue (self, origin, item);
  us_alignment_add (&self->alignment, origin, item->probe, &clue);
  if (self->alignment.is_known && !self->was_aligned)
    us_info ("%s: both origins carry the same pictures, the backup's time stamps %+" G_GINT64_FORMAT
             " ms from the primary's",
             self->name, self->alignment.offset_us / 1000);
  self->was_aligned = self->alignment.is_known;
}

static const UsProbe *
newest_probe (const UsRendition *self, UsOriginId origin) {
  const UsStockItem *item = us_stock_newest (self->stocks[origin]);
  return item != NULL && item->probe != NULL && item->probe->has_video ? item->probe : NULL;
}

static gboolean
find_edges_by_pictures (UsRendition *self, gint64 edge_us[US_N_ORIGINS]) {
  const UsProbe *primary = newest_probe (self, US_ORIGIN_PRIMARY);
  const UsProbe *backup = newest_probe (self, US_ORIGIN_BACKUP);
  gint64 backup_end_us;
  if (primary == NULL || backup == NULL
      || !us_alignment_map (&self->alignment, US_ORIGIN_BACKUP, backup->end_video_us,
                            &backup_end_us))
    return FALSE;
  if (self->timeline != US_TIMELINE_PICTURES)
    self->primary_edge_us = self->primary_pts_us = primary->end_video_us;
  self->primary_edge_us
      += us_probe_time_diff_us (primary->container, primary->end_video_us, self->primary_pts_us);
  self->primary_pts_us = primary->end_video_us;
  edge_us[US_ORIGIN_PRIMARY] = self->primary_edge_us;
  edge_us[US_ORIGIN_BACKUP]
      = self->primary_edge_us
        + us_probe_time_diff_us (primary->container, backup_end_us, primary->end_video_us);
  return TRUE;
}

static gboolean
find_edges_by_dates (UsRendition *self, gint64 edge_us[US_N_ORIGINS]) {
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const GArray *days = us_follower_get_calendar (self->followers[i])->days;
    if (days->len == 0)
      return FALSE;
    const UsCalendarDay *last = &g_array_index (days, UsCalendarDay, days->len - 1);
    if (last->date_ms < 0)
      return FALSE;
    edge_us[i] = (last->date_ms + last->lasts_ms) * 1000;
  }
  return TRUE;
}

static gint64
longest_us (const UsFollower *follower) {
  const UsPlaylist *playlist = us_follower_get_playlist (follower);
  gint64 longest = 0;
  for (guint i = 0; playlist != NULL && i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    longest = MAX (longest, segment->duration_us);
  }
  return longest;
}

/**
 * us_rendition_note_edges:
 *
 * Who of two foreign origins is late, where they have a timeline in common.
 */
void
us_rendition_note_edges (UsRendition *self) {
  gint64 edge_us[US_N_ORIGINS] = { 0 }, now = us_rendition_now_us (self);
  UsTimeline timeline = US_TIMELINE_NONE;
  if (find_edges_by_pictures (self, edge_us))
    timeline = US_TIMELINE_PICTURES;
  else if (find_edges_by_dates (self, edge_us))
    timeline = US_TIMELINE_DATES;
  if (timeline != self->timeline)
    us_lateness_reset (&self->lateness);
  self->timeline = timeline;
  for (guint i = 0; i < US_N_ORIGINS && timeline != US_TIMELINE_NONE; i++)
    us_lateness_note (&self->lateness, (UsOriginId)i, edge_us[i], longest_us (self->followers[i]),
                      now);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_follower_set_behind (self->followers[i],
                            us_lateness_behind_since (&self->lateness, (UsOriginId)i, now));
}

/* ---- standing by ---- */

static const UsPlaylistSegment *
find_wanted (const UsRendition *self, UsOriginId origin) {
  const UsPlaylist *playlist = us_follower_get_playlist (self->followers[origin]);
  const UsStockItem *newest = us_stock_newest (self->stocks[origin]);
  if (playlist == NULL || playlist->segments->len == 0)
    return NULL;
  guint n = playlist->segments->len;
  guint first = n > FIRST_STANDBY ? n - FIRST_STANDBY : 0;
  guint64 floor = self->skipped[origin];
  if (newest != NULL)
    floor = MAX (floor, newest->number);
  /* Behind by more than is kept: no use in catching up segment by segment. */
  guint oldest = n > US_STOCK_ITEMS ? n - US_STOCK_ITEMS : 0;
  for (guint i = newest != NULL ? oldest : first; i < n; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    if (segment->number > floor && !segment->is_gap)
      return segment;
  }
  return NULL;
}

/**
 * us_rendition_fetch_standby:
 * @origin: the side that is not published, or waits to be
 *
 * Keeps it in memory, one fetch at a time; one that has failed too, so that it is seen to be well
 * again.
 */
void
us_rendition_fetch_standby (UsRendition *self, UsOriginId origin) {
  if (self->setup.access->is_standby_off || self->errands[origin] != NULL
      || us_ledger_get_last (self->ledger) == NULL
      || us_follower_get_facts (self->followers[origin])->error != US_REASON_OK
      || us_policy_is_drained (self->setup.policy, origin)
      || us_rendition_now_us (self) < self->standby_retry_us[origin])
    return;
  const UsPlaylistSegment *segment = find_wanted (self, origin);
  if (segment == NULL)
    return;
  const UsErrandPlan plan = {
    .access = self->setup.access,
    .follower = self->followers[origin],
    .segment = segment,
    .origin = origin,
    .stock = self->stocks[origin],
    .map_prefix = self->map_prefix,
    .deadline_ms = us_rendition_deadline_ms (self),
  };
  self->stats.n_standby++;
  self->errands[origin] = us_errand_start (&plan, us_rendition_errand_done, self);
  if (self->errands[origin] == NULL)
    self->skipped[origin] = segment->number;
}

/* ---- joining ---- */

static const UsProbe *
probe_of (const UsRendition *self, UsOriginId origin, const UsPlaylistSegment *segment) {
  const UsStockItem *item = us_stock_find (self->stocks[origin], segment->number, segment->uri);
  return item != NULL && item->probe != NULL && item->probe->has_video ? item->probe : NULL;
}

/* What is known by its pictures says where its neighbours are, too. */
static gboolean
place_by_pictures (const UsRendition *self, UsOriginId origin, UsJoinSegment *segments, guint n) {
  const UsLedgerRow *last = us_ledger_get_last (self->ledger);
  gint64 end_us;
  if (!self->has_last_probe || !self->last_probe.has_video || last->origin == origin
      || !us_alignment_map (&self->alignment, last->origin, self->last_probe.end_video_us, &end_us))
    return FALSE;
  int known = -1;
  for (guint i = 0; i < n; i++) {
    const UsProbe *probe = segments[i].probe;
    if (probe != NULL) {
      segments[i].start_us
          = us_probe_time_diff_us (probe->container, probe->first_video_us, end_us);
      known = (int)i;
    } else if (known >= 0) {
      segments[i].start_us = segments[i - 1].start_us + segments[i - 1].duration_us;
    }
  }
  if (known < 0)
    return FALSE;
  for (guint i = n - 1; i > 0; i--) {
    if (segments[i - 1].probe == NULL && (int)i <= known)
      segments[i - 1].start_us = segments[i].start_us - segments[i - 1].duration_us;
  }
  return TRUE;
}

static gboolean
place_by_dates (const UsRendition *self, UsOriginId origin, UsJoinSegment *segments, guint n) {
  const UsCalendar *calendar = us_follower_get_calendar (self->followers[origin]);
  gint64 end_ms = us_ledger_get_end_wall_ms (self->ledger);
  for (guint i = 0; i < n; i++) {
    const UsCalendarDay *day = us_calendar_find (calendar, segments[i].number);
    if (end_ms < 0 || day == NULL || day->date_ms < 0)
      return FALSE;
    segments[i].start_us = (day->date_ms - end_ms) * 1000;
  }
  return TRUE;
}

static gboolean
place_by_coming (const UsRendition *self, UsOriginId origin, UsJoinSegment *segments, guint n) {
  const UsCalendar *calendar = us_follower_get_calendar (self->followers[origin]);
  for (guint i = 0; i < n; i++) {
    const UsCalendarDay *day = us_calendar_find (calendar, segments[i].number);
    if (self->last_end_ms < 0 || day == NULL)
      return FALSE;
    segments[i].start_us = (day->came_ms - self->last_end_ms) * 1000;
  }
  return TRUE;
}

static guint
list_segments (const UsRendition *self, UsOriginId origin, UsJoinSegment *segments,
               guint *indices) {
  const UsPlaylist *playlist = us_follower_get_playlist (self->followers[origin]);
  guint n = 0;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *listed = g_ptr_array_index (playlist->segments, i);
    if (listed->is_gap)
      continue;
    const UsStockItem *item = us_stock_find (self->stocks[origin], listed->number, listed->uri);
    indices[n] = i;
    segments[n++] = (UsJoinSegment){
      .number = listed->number,
      .duration_us = MAX (listed->duration_us, 1),
      .is_here = item != NULL,
      .may_be_cut = listed->map_uri == NULL && !us_key_is_encrypted (listed->key)
                    && (item == NULL || item->shape == US_SHAPE_TS),
      .probe = probe_of (self, origin, listed),
    };
  }
  return n;
}

static UsJoinMethod
place (const UsRendition *self, UsOriginId origin, UsJoinSegment *segments, guint n) {
  gint64 target_us = (gint64)us_ledger_get_target (self->ledger) * G_USEC_PER_SEC;
  if (place_by_pictures (self, origin, segments, n))
    return US_JOIN_FINGERPRINT;
  if (place_by_dates (self, origin, segments, n) && us_join_is_believable (segments, n, target_us))
    return US_JOIN_DATE;
  if (place_by_coming (self, origin, segments, n))
    return US_JOIN_EDGE;
  guint first = n > EDGE_KEPT ? n - EDGE_KEPT : 0;
  for (guint i = 0; i < n; i++)
    segments[i].start_us = i < first ? -G_TIME_SPAN_HOUR : i == first ? 0 : G_TIME_SPAN_HOUR;
  return US_JOIN_EDGE;
}

/* When the origin should list its next segment, as it has come to list the last one. */
static gint64
next_in_us (const UsRendition *self, UsOriginId origin) {
  const UsFollower *follower = self->followers[origin];
  const UsOriginFacts *facts = us_follower_get_facts (follower);
  return MAX (facts->last_advance_us + longest_us (follower) - us_rendition_now_us (self), 0);
}

/**
 * us_rendition_plan_join:
 * @origin: whose playlist is to go on for what is published
 * @picture: (out): where in the segment; -1: at its start
 *
 * Returns: the segment to enter, or to have in memory first; none: wait
 */
UsPick
us_rendition_plan_join (UsRendition *self, UsOriginId origin, int *picture) {
  const UsPlaylist *playlist = us_follower_get_playlist (self->followers[origin]);
  const UsPick nothing = { .origin = origin, .is_join = TRUE };
  g_autofree UsJoinSegment *segments = g_new0 (UsJoinSegment, playlist->segments->len + 1);
  g_autofree guint *indices = g_new0 (guint, playlist->segments->len + 1);
  guint n = list_segments (self, origin, segments, indices);
  if (n == 0)
    return nothing;
  UsJoinMethod method = place (self, origin, segments, n);
  const UsJoinPatience patience = {
    .frame_us
    = self->has_last_probe && self->last_probe.frame_us > 0 ? self->last_probe.frame_us : FRAME_US,
    .waited_us = us_rendition_now_us (self) - self->stats.last_commit_us,
    .target_us = (gint64)us_ledger_get_target (self->ledger) * G_USEC_PER_SEC,
    .next_in_us = next_in_us (self, origin),
  };
  UsJoinPlan plan = us_join_plan (segments, n, &patience);
  if (plan.step == US_JOIN_WAIT)
    return nothing;
  *picture = plan.picture;
  self->join = (UsRenditionJoin){
    .origin = origin,
    .method = method,
    .gap_ms = plan.gap_us / 1000,
    .overlap_ms = plan.overlap_us / 1000,
  };
  UsPick pick = us_pick_listed (self->followers[origin], origin, indices[plan.index]);
  pick.is_join = TRUE;
  return pick;
}
