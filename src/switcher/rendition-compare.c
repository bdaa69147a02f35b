/* rendition-compare.c - what the other origin's copy of each published segment is
 *
 * Between twins every published segment is compared by its entity tag, which costs a request
 * without a body; one at a time, never while a segment to be published is fetched, and only once
 * the twin lists it. What comes too late is left out (chronicle.c). One in ten is compared
 * thoroughly: by its bytes, where the tag does not show them to be the same. So is the first one,
 * and what the tag says is different: only bytes change what the two are held to be to each other.
 * Two transcoders have other bytes by nature; of these, one in ten is looked at.
 */
#include "switcher/rendition-private.h"

#define US_LOG_TOPIC "switcher.rendition"
#include "base/log.h"
#include "base/names.h"

#define COMPARE_EVERY 10 /* segments of which one is compared thoroughly */

/* ---- what was found ---- */

static void
log_pair_news (UsRendition *self, UsPairNews news, const UsSegment *segment) {
  switch (news) {
  case US_PAIR_NEWS_DIVERGED:
    self->stats.n_divergences++;
    us_event (US_LOG_WARNING, US_EVENT_DIVERGENCE,
              "%s: the origins have other bytes in %s; they had the same, or should", self->name,
              segment->name);
    break;
  case US_PAIR_NEWS_ALIGNED:
    us_event (US_LOG_NOTICE, US_EVENT_DIVERGENCE,
              "%s: the origins cut alike and have other bytes, as transcoders do: seen in %s",
              self->name, segment->name);
    break;
  case US_PAIR_NEWS_EQUAL:
    us_event (US_LOG_NOTICE, US_EVENT_DIVERGENCE, "%s: both origins have the same bytes again, %s",
              self->name, segment->name);
    break;
  case US_PAIR_NEWS_NONE:
  default:
    break;
  }
}

/* Whether the same bytes are expected of both, or were once. */
static gboolean
are_twins (const UsRendition *self) {
  return !self->pair.is_compared || self->pair.is_equal || self->stats.n_divergences > 0;
}

static gboolean
have_diverged (const UsRendition *self) {
  return self->pair.is_compared && !self->pair.is_equal && self->stats.n_divergences > 0;
}

static void
settle (UsRendition *self, const UsSegment *segment, UsComparisonResult result) {
  UsCopy copy = US_COPY_NOT_COMPARED;
  if (result == US_COMPARISON_UNKNOWN)
    self->stats.n_unanswered++;
  else if (result == US_COMPARISON_EQUAL) {
    self->stats.n_equal++;
    copy = US_COPY_EQUAL;
  } else {
    self->stats.n_different++;
    copy = are_twins (self) ? US_COPY_DIFFERENT : US_COPY_NOT_COMPARABLE;
  }
  us_chronicle_settle (self->chronicle, segment->number, copy);
}

static void
on_compared (UsSegment *segment, UsComparisonResult result, gpointer user_data) {
  UsRendition *self = user_data;
  if (result == US_COMPARISON_OTHER_TAG && !have_diverged (self)) {
    self->n_since_comparison = COMPARE_EVERY; /* the same one again, by its bytes */
  } else {
    /* Those that have diverged are believed to be the same again as rarely as they are looked at.
     */
    gboolean is_evidence = result != US_COMPARISON_UNKNOWN && result != US_COMPARISON_OTHER_TAG
                           && (self->is_comparison_thorough || !have_diverged (self));
    if (is_evidence) {
      UsPairNews news
          = us_pair_note_bytes (&self->pair, us_rendition_followers (self),
                                result == US_COMPARISON_EQUAL, result != US_COMPARISON_UNUSABLE);
      log_pair_news (self, news, segment);
    }
    settle (self, segment, result);
  }
  self->setup.events.changed (self, self->setup.events.user_data);
}

/* ---- what is asked ---- */

static gboolean
is_due (const UsRendition *self) {
  return self->n_since_comparison >= COMPARE_EVERY || self->comparison == NULL;
}

/**
 * us_rendition_note_publication:
 * @row: the newest of the ledger
 *
 * Enters it into the chronicle, with what is known of the other origin's copy, or may be soon.
 */
void
us_rendition_note_publication (UsRendition *self, const UsLedgerRow *row) {
  static const UsChronicleHow nobody = { .took_us = -1 };
  UsFollowerKind kind = us_follower_get_kind (self->followers[us_origin_other (row->origin)]);
  us_chronicle_add (self->chronicle, row, row->is_gap ? &nobody : &self->how,
                    us_clock_wall_us (self->setup.access->clock));
  if (row->is_gap || !row->is_ours || kind == US_FOLLOWER_FOREIGN
      || (self->pair.kind == US_PAIR_FOREIGN && !self->pair.is_compared)) {
    us_chronicle_expect (self->chronicle, US_COPY_NOT_COMPARABLE, FALSE);
    return;
  }
  self->n_since_comparison++;
  if (are_twins (self))
    us_chronicle_expect (self->chronicle, US_COPY_NOT_COMPARED, TRUE);
  else
    us_chronicle_expect (self->chronicle, US_COPY_NOT_COMPARABLE, is_due (self));
}

/* Returns: (transfer full) (nullable): where the other origin has it; %NULL: it is not asked now */
static char *
find_copy (const UsRendition *self, const UsChronicleRow *row) {
  UsOriginId other = us_origin_other (row->origin);
  if (us_follower_get_kind (self->followers[other]) != US_FOLLOWER_OURS
      || self->setup.policy->verdict[other].state < US_ORIGIN_RECOVERING
      || us_policy_is_drained (self->setup.policy, other))
    return NULL;
  const UsPlaylistSegment *listed
      = us_follower_find_ours (self->followers[other], row->epoch, row->origin_number);
  return listed != NULL ? us_follower_resolve (self->followers[other], listed->uri) : NULL;
}

static UsSegment *
find_segment (const UsRendition *self, guint64 number) {
  for (guint i = us_ledger_get_n_rows (self->ledger); i > 0; i--) {
    const UsLedgerRow *row = us_ledger_get_row (self->ledger, i - 1);
    if (row->segment->number <= number)
      return row->segment->number == number ? row->segment : NULL;
  }
  return NULL;
}

static gboolean
compare (UsRendition *self, const UsChronicleRow *row) {
  UsSegment *segment = find_segment (self, row->number);
  g_autofree char *url = segment != NULL ? find_copy (self, row) : NULL;
  if (url == NULL)
    return FALSE;
  self->is_comparison_thorough = is_due (self);
  if (self->is_comparison_thorough)
    self->n_since_comparison = 0;
  g_clear_pointer (&self->comparison, us_comparison_cancel);
  self->comparison = us_comparison_start (self->setup.access, us_origin_other (row->origin), url,
                                          segment, self->is_comparison_thorough, on_compared, self);
  return TRUE;
}

/**
 * us_rendition_compare_copies:
 *
 * Goes on with the oldest segment that waits to be compared and can be.
 */
void
us_rendition_compare_copies (UsRendition *self) {
  gboolean is_busy = self->fetch != NULL && self->comparison != NULL; /* the first is waited for */
  if (is_busy || (self->comparison != NULL && us_comparison_is_running (self->comparison)))
    return;
  if (!are_twins (self))
    us_chronicle_resign (self->chronicle);
  if (!are_twins (self) && !is_due (self))
    return;
  guint n = us_chronicle_get_n_rows (self->chronicle);
  for (guint i = n - MIN (n, US_CHRONICLE_WAITING); i < n; i++) {
    const UsChronicleRow *row = us_chronicle_get_row (self->chronicle, i);
    if (row->is_waiting && compare (self, row))
      return;
  }
}
