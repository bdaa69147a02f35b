/* rendition-publish.c - writes what is whole into the ledger and the site */
#include "switcher/rendition-private.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.rendition"
#include "base/log.h"
#include "base/names.h"
#include "hls/recut.h"
#include "switcher/seam.h"

#define READY_WAIT_US (3 * G_TIME_SPAN_SECOND)  /* for the next of the first window */
#define READY_MOST_US (15 * G_TIME_SPAN_SECOND) /* for all of it: who listed it may be gone */
#define SMOOTH_MS 500 /* dates that say otherwise than time stamps, and by more, are believed */

static void
count_commit (UsRendition *self, UsOriginId winner) {
  gint64 now = us_rendition_now_us (self);
  gint64 took_us = now - self->pick_since_us;
  self->stats.n_commits++;
  self->stats.n_wins[winner]++;
  self->stats.commit_sum_s += (double)took_us / G_USEC_PER_SEC;
  for (guint i = 0; i < US_RENDITION_N_BUCKETS; i++)
    if (took_us <= (gint64)us_rendition_bucket_ms[i] * 1000)
      self->stats.n_commits_within[i]++;
  if (self->stats.last_commit_us > 0 && self->is_ready) {
    gint64 deadline_us = (gint64)us_ledger_get_target (self->ledger) * G_USEC_PER_SEC * 3 / 2;
    gint64 cushion_us = deadline_us - (now - self->stats.last_commit_us);
    self->stats.min_cushion_us = MIN (self->stats.min_cushion_us, cushion_us);
  }
  self->stats.last_commit_us = now;
  if (self->first_commit_us == 0)
    self->first_commit_us = now;
}

static gboolean
has_all_of_ours (const UsRendition *self) {
  const UsLedgerRow *last = us_ledger_get_last (self->ledger);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    guint64 epoch, number;
    if (us_follower_get_kind (self->followers[i]) == US_FOLLOWER_OURS
        && us_follower_get_newest (self->followers[i], &epoch, &number)
        && number > last->origin_number)
      return FALSE;
  }
  return TRUE;
}

static void
advertise (UsRendition *self) {
  g_clear_pointer (&self->playlist, g_bytes_unref);
  char *text = us_ledger_render (self->ledger);
  self->playlist = g_bytes_new_take (text, strlen (text));
  self->is_cut_off = self->is_cut_off && !has_all_of_ours (self); /* it catches up, row by row */
  self->shown_number = us_ledger_get_last (self->ledger)->segment->number;
  self->setup.events.published (self, self->setup.events.user_data);
}

/* What the origins listed at the start, or behind a step, is there, or does not come. */
static gboolean
is_window_complete (const UsRendition *self) {
  gint64 now = us_rendition_now_us (self);
  return self->cursor.number >= self->ready_rank
         || now - self->stats.last_commit_us >= READY_WAIT_US
         || now - self->first_commit_us >= READY_MOST_US;
}

/* After a restart of the switcher the end of the first playlist must not stand before where viewers
 * have seen it, so it is shown when it is complete, with what came before it. Behind a step of the
 * ledger likewise; and since that one takes the place of another, it must be long enough. */
static gboolean
may_show_window (const UsRendition *self) {
  if (self->first_commit_us == 0 || !is_window_complete (self))
    return FALSE;
  if (!self->is_ready)
    return !us_rendition_is_recalling (self);
  return us_ledger_is_long_enough (self->ledger);
}

void
us_rendition_find_ready (UsRendition *self) {
  if ((self->is_ready && !self->is_stepping) || !may_show_window (self))
    return;
  self->is_ready = TRUE;
  self->is_stepping = FALSE;
  us_ledger_settle (self->ledger, us_rendition_now_us (self));
  us_info ("%s: serving %u segments up to %s", self->name, us_ledger_get_n_listed (self->ledger),
           us_ledger_get_last (self->ledger)->segment->name);
  advertise (self);
}

static void
note_step (UsRendition *self) {
  self->is_stepping = TRUE;
  self->first_commit_us = us_rendition_now_us (self);
  us_rendition_note_first_window (self);
  us_event (US_LOG_WARNING, US_EVENT_PLAYLIST_STEP,
            "%s: what came before %s was out of reach for too long; the playlist begins anew there",
            self->name, us_ledger_get_last (self->ledger)->segment->name);
}

static void
show (UsRendition *self) {
  if (self->is_ready && !self->is_stepping)
    advertise (self);
}

/* ---- the row ---- */

static void
keep_probe (UsRendition *self, const UsProbe *probe) {
  self->has_last_probe = probe != NULL;
  if (probe == NULL)
    return;
  self->last_probe = *probe;
  self->last_probe.pictures = NULL;
}

/* Copies of one number from two sides that were not seen to be the same may be two encoders'. */
static gboolean
changes_codecs (const UsRendition *self, UsOriginId winner) {
  const UsLedgerRow *last = us_ledger_get_last (self->ledger);
  if (last == NULL || last->origin == winner || last->is_gap || !self->offer.is_ours
      || !last->is_ours || (self->pair.is_compared && self->pair.is_equal))
    return FALSE;
  g_autoptr (UsProbe) before = us_probe_segment (last->segment->bytes, NULL, NULL);
  g_autoptr (UsProbe) after = us_probe_segment (self->offer.bytes, NULL, NULL);
  return before == NULL || after == NULL || before->config != after->config;
}

static gboolean
append (UsRendition *self, UsOriginId winner) {
  g_autoptr (GError) error = NULL;
  self->offer.origin = winner;
  guint64 gaps = us_ledger_get_n_gaps (self->ledger);
  guint64 steps = us_ledger_get_n_steps (self->ledger);
  guint n_rows = us_ledger_get_n_rows (self->ledger);
  gboolean is_appended
      = us_ledger_append (self->ledger, &self->offer, us_rendition_now_us (self), &error);
  us_rendition_advance (self, !is_appended);
  if (!is_appended) {
    us_info ("%s: not published: %s", self->name, error->message);
    return FALSE;
  }
  if (us_ledger_get_n_gaps (self->ledger) > gaps)
    us_warning ("%s: %" G_GUINT64_FORMAT
                " segments before %s are nowhere to be had, listed as gaps",
                self->name, us_ledger_get_n_gaps (self->ledger) - gaps,
                us_ledger_get_last (self->ledger)->segment->name);
  if (us_ledger_get_n_steps (self->ledger) > steps)
    note_step (self);
  count_commit (self, winner);
  for (guint i = n_rows; i < us_ledger_get_n_rows (self->ledger); i++)
    us_rendition_note_publication (self, us_ledger_get_row (self->ledger, i));
  us_ledger_expire (self->ledger, us_rendition_now_us (self));
  return TRUE;
}

/**
 * us_rendition_publish:
 * @winner: whose copy it is
 *
 * Publishes the offer, of interchangeable origins.
 */
void
us_rendition_publish (UsRendition *self, UsOriginId winner) {
  gboolean was_foreign = self->offer.is_join;
  gboolean is_first = us_ledger_get_last (self->ledger) == NULL;
  self->offer.is_discontinuous = self->offer.is_discontinuous || changes_codecs (self, winner);
  if (!append (self, winner))
    return;
  keep_probe (self, NULL);
  self->last_end_ms = -1;
  if (is_first)
    us_rendition_recall (self);
  if (was_foreign)
    us_notice ("%s: joined what both origins have in common, at %s", self->name,
               us_ledger_get_last (self->ledger)->segment->name);
  show (self);
}

/* ---- foreign rows ---- */

static void
report_join (UsRendition *self) {
  UsRenditionJoin *join = &self->join;
  join->number = us_ledger_get_last (self->ledger)->segment->number;
  self->stats.n_joins[join->method]++;
  self->stats.last_gap_ms = join->gap_ms;
  self->stats.last_overlap_ms = join->overlap_ms;
  self->stats.gap_sum_ms += join->gap_ms;
  self->stats.overlap_sum_ms += join->overlap_ms;
  us_event (US_LOG_NOTICE, US_EVENT_JOIN,
            "%s: joined %s by %s with segment %" G_GUINT64_FORMAT ": gap %" G_GINT64_FORMAT
            " ms, overlap %" G_GINT64_FORMAT " ms%s",
            self->name, us_origin_word (join->origin), us_join_method_word (join->method),
            join->number, join->gap_ms, join->overlap_ms,
            join->is_smooth ? ", time stamps go on" : "");
  self->setup.events.joined (self, join, self->setup.events.user_data);
}

/* Cuts the offer down to what begins with @picture. */
static GBytes *
cut (UsRendition *self, const UsStockItem *item, int picture) {
  g_autoptr (GError) error = NULL;
  const UsPicture *from = &g_array_index (item->probe->pictures, UsPicture, (guint)picture);
  GBytes *rest = us_recut_from (item->bytes, from, &error);
  if (rest == NULL) {
    g_autofree char *shown = us_rendition_show_uri (self, self->pick.origin, item->uri);
    us_warning ("%s: cannot cut %s: %s", self->name, shown, error->message);
    return NULL;
  }
  gint64 dropped_us
      = us_probe_time_diff_us (item->probe->container, from->pts_us, item->probe->first_video_us);
  self->offer.duration_us = MAX (self->offer.duration_us - dropped_us, 1000);
  if (self->offer.wall_ms >= 0)
    self->offer.wall_ms += dropped_us / 1000;
  return rest;
}

static gint64
end_by_our_time (const UsRendition *self, const UsStockItem *item) {
  const UsCalendarDay *day = us_calendar_find (
      us_follower_get_calendar (self->followers[self->pick.origin]), item->number);
  return day != NULL ? day->came_ms + day->lasts_ms : -1;
}

/**
 * us_rendition_publish_item:
 * @item: of the stock of the origin picked
 * @picture: where to enter it; -1: at its start
 *
 * Publishes the offer, of a foreign origin, from memory.
 */
void
us_rendition_publish_item (UsRendition *self, const UsStockItem *item, int picture) {
  g_autoptr (GBytes) rest = picture >= 0 ? cut (self, item, picture) : NULL;
  g_autoptr (UsProbe) rest_probe = rest != NULL ? us_probe_segment (rest, NULL, NULL) : NULL;
  const UsProbe *probe = rest != NULL ? rest_probe : item->probe;
  self->offer.bytes = rest != NULL ? rest : item->bytes;
  self->offer.shape = item->shape;
  self->offer.map = item->map;
  self->offer.is_smooth = self->offer.is_join && !self->setup.is_one_of_many && self->has_last_probe
                          && MAX (self->join.gap_ms, self->join.overlap_ms) <= SMOOTH_MS
                          && us_seam_is_smooth (&self->last_probe, probe);
  self->join.is_smooth = self->offer.is_smooth;
  const UsLedgerRow *last = us_ledger_get_last (self->ledger);
  gboolean is_seam = self->offer.is_join || (last != NULL && last->origin != self->pick.origin);
  if (is_seam && !self->offer.is_join) /* what was to be joined could not be had */
    self->join = (UsRenditionJoin){ .origin = self->pick.origin, .method = US_JOIN_EDGE };
  gint64 end_ms = end_by_our_time (self, item);
  gboolean is_just_fetched = self->fetched[self->pick.origin] == item->number;
  self->how = (UsChronicleHow){
    .took_us = is_just_fetched ? self->fetched_took_us[self->pick.origin] : -1,
  };
  gboolean is_appended = append (self, self->pick.origin);
  self->offer.bytes = NULL;
  self->offer.map = NULL;
  if (!is_appended)
    return;
  keep_probe (self, probe);
  self->last_end_ms = end_ms;
  if (is_seam)
    report_join (self);
  if (is_seam && !self->is_ready) /* what is to be complete is now another's */
    us_rendition_note_first_window (self);
  show (self);
}
