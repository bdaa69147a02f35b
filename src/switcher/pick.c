/* pick.c - which segment a stream publishes next, from two playlists and what it has published
 *
 * Looks only; asks nobody, changes nothing. Identical origins are one list: the lowest number
 * above what was published, from whoever lists it. Of foreign origins only the active one counts.
 */
#include "switcher/pick.h"

#include "hls/segment.h"
#include "switcher/join.h"

/**
 * us_pick_may_start:
 *
 * Returns: whether both origins have said something, be it an error; the first window is then
 *   chosen with both in sight
 */
gboolean
us_pick_may_start (const UsFollower *const followers[US_N_ORIGINS]) {
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    const UsOriginFacts *facts = us_follower_get_facts (followers[i]);
    if (!facts->has_window && facts->error == US_REASON_OK)
      return FALSE;
  }
  return TRUE;
}

static const UsPlaylistSegment *
segment_at (const UsFollower *follower, guint index) {
  const UsPlaylist *playlist = us_follower_get_playlist (follower);
  return playlist != NULL && index < playlist->segments->len
             ? g_ptr_array_index (playlist->segments, index)
             : NULL;
}

static int
compare_numbers (gconstpointer a, gconstpointer b) {
  guint64 one = *(const guint64 *)a, other = *(const guint64 *)b;
  return one < other ? -1 : one > other;
}

/* Where one list of ours is entered that has gone far ahead of @floor: at its newest @window.
 *
 * Returns: how many above @floor that leaves out */
static guint
skip_far (const UsFollower *follower, guint window, guint64 *floor) {
  const UsPlaylist *playlist = us_follower_get_playlist (follower);
  guint most = MAX (window, 1) * US_PICK_MOST_WINDOWS;
  if (us_follower_get_kind (follower) != US_FOLLOWER_OURS || playlist->segments->len <= most)
    return 0;
  g_autoptr (GArray) above = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = segment_at (follower, i);
    guint64 number;
    if (!segment->is_gap && us_segment_parse_name (segment->uri, NULL, &number) && number > *floor)
      g_array_append_val (above, number);
  }
  if (above->len <= most)
    return 0;
  g_array_sort (above, compare_numbers);
  *floor = g_array_index (above, guint64, above->len - window) - 1;
  return above->len - window;
}

/* The lowest segment of ours above @floor in one list. */
static const UsPlaylistSegment *
lowest_above (const UsFollower *follower, guint64 floor, guint64 *epoch, guint64 *number) {
  const UsPlaylistSegment *lowest = NULL;
  const UsPlaylistSegment *segment;
  if (us_follower_get_kind (follower) != US_FOLLOWER_OURS)
    return NULL;
  for (guint i = 0; (segment = segment_at (follower, i)) != NULL; i++) {
    guint64 its_epoch, its_number;
    if (segment->is_gap || !us_segment_parse_name (segment->uri, &its_epoch, &its_number))
      continue;
    if (its_number <= floor || (lowest != NULL && its_number >= *number))
      continue;
    lowest = segment;
    *epoch = its_epoch;
    *number = its_number;
  }
  return lowest;
}

/* The number below the first one to publish, for a ledger that has none of ours at its end. */
static gboolean
find_floor (const UsFollower *const followers[US_N_ORIGINS], const UsPolicy *policy,
            const UsLedger *ledger, guint window, guint64 *floor) {
  const UsFollower *furthest = NULL;
  guint64 newest = 0;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    UsOriginId origin = i == 0 ? policy->active : us_origin_other (policy->active);
    guint64 epoch, number;
    if (us_follower_get_kind (followers[origin]) == US_FOLLOWER_OURS
        && us_follower_get_newest (followers[origin], &epoch, &number)
        && (furthest == NULL || number > newest)) {
      furthest = followers[origin];
      newest = number;
    }
  }
  if (furthest == NULL)
    return FALSE;
  const UsPlaylist *playlist = us_follower_get_playlist (furthest);
  guint index = us_ledger_get_last (ledger) == NULL
                    ? us_join_start (playlist, window)
                    : us_join_after (playlist, us_ledger_get_end_wall_ms (ledger));
  const UsPlaylistSegment *first = segment_at (furthest, index);
  guint64 number;
  if (first == NULL || !us_segment_parse_name (first->uri, NULL, &number) || number == 0)
    return FALSE;
  *floor = number - 1;
  return TRUE;
}

/**
 * us_pick_identical:
 * @window: how many segments we list
 *
 * Returns: the next segment of two interchangeable origins
 */
UsPick
us_pick_identical (const UsFollower *const followers[US_N_ORIGINS], const UsPolicy *policy,
                   const UsLedger *ledger, const UsPickCursor *cursor, guint window) {
  UsPick pick = { .is_ours = TRUE, .is_shared = TRUE, .is_passed = TRUE };
  const UsLedgerRow *last = us_ledger_get_last (ledger);
  guint64 floor = cursor->number;
  gboolean goes_on = cursor->is_set && cursor->is_shared;
  if (!goes_on && last != NULL && last->is_ours
      && us_follower_has_epoch (followers[last->origin], last->segment->epoch)) {
    floor = last->origin_number;
    goes_on = TRUE;
  } else if (!goes_on) {
    if (!find_floor (followers, policy, ledger, window, &floor))
      return pick;
    pick.is_join = last != NULL;
  }

  for (guint i = 0; i < US_N_ORIGINS; i++) {
    UsOriginId origin = i == 0 ? policy->active : us_origin_other (policy->active);
    guint64 epoch = 0, number = 0;
    guint64 entry = floor;
    guint n_skipped = skip_far (followers[origin], window, &entry);
    const UsPlaylistSegment *segment = lowest_above (followers[origin], entry, &epoch, &number);
    if (segment == NULL)
      continue;
    if (pick.segment != NULL && number == pick.number && epoch == pick.epoch) {
      pick.is_listed[origin] = TRUE;
      if (us_policy_is_drained (policy, pick.origin)
          || (policy->verdict[origin].state > policy->verdict[pick.origin].state
              && policy->verdict[pick.origin].state <= US_ORIGIN_SUSPECT
              && !us_policy_is_drained (policy, origin))) {
        pick.origin = origin;
        pick.segment = segment; /* under its URI there */
      }
    } else if (pick.segment == NULL || number < pick.number) {
      pick.segment = segment;
      pick.origin = origin;
      pick.epoch = epoch;
      pick.number = number;
      pick.n_skipped = n_skipped;
      pick.is_listed[origin] = TRUE;
      pick.is_listed[us_origin_other (origin)] = FALSE;
    }
  }
  pick.rank = pick.number;
  pick.is_hole = goes_on && pick.segment != NULL && pick.number > floor + 1;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    guint64 epoch, number;
    if (policy->verdict[i].state > US_ORIGIN_FAILED
        && us_follower_get_newest (followers[i], &epoch, &number) && number < pick.number)
      pick.is_passed = FALSE;
  }
  return pick;
}

/* The media sequence number at @origin of what was published last, when that is still known. */
static gboolean
find_foreign_floor (const UsFollower *follower, UsOriginId origin, const UsLedgerRow *last,
                    const UsPickCursor *cursor, guint64 *floor) {
  if (!cursor->is_set)
    return FALSE;
  if (!cursor->is_shared) {
    *floor = cursor->number;
    return cursor->origin == origin && cursor->generation == us_follower_get_generation (follower);
  }
  /* Until now both were one list; the same origin goes on where its own last copy stands. */
  const UsPlaylistSegment *segment;
  if (last == NULL || last->origin != origin)
    return FALSE;
  for (guint i = 0; (segment = segment_at (follower, i)) != NULL; i++) {
    guint64 epoch, number;
    if (us_segment_parse_name (segment->uri, &epoch, &number) && epoch == last->segment->epoch
        && number == last->origin_number) {
      *floor = segment->number;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * us_pick_listed:
 * @index: in the playlist of @follower
 *
 * Returns: that segment, as of one origin alone
 */
UsPick
us_pick_listed (const UsFollower *follower, UsOriginId origin, guint index) {
  UsPick pick = { .origin = origin, .is_passed = TRUE };
  pick.segment = segment_at (follower, index);
  if (pick.segment == NULL)
    return pick;
  pick.rank = pick.segment->number;
  pick.is_listed[origin] = TRUE;
  pick.is_ours = us_follower_get_kind (follower) == US_FOLLOWER_OURS
                 && us_segment_parse_name (pick.segment->uri, &pick.epoch, &pick.number);
  if (!pick.is_ours)
    pick.number = pick.segment->number;
  return pick;
}

/* Index of the first from @index on that is there, and above @floor if that is given; the number of
 * segments: none. */
static guint
next_listed (const UsFollower *follower, guint index, const guint64 *floor) {
  const UsPlaylistSegment *segment;
  while ((segment = segment_at (follower, index)) != NULL
         && (segment->is_gap || (floor != NULL && segment->number <= *floor)))
    index++;
  return index;
}

/**
 * us_pick_foreign:
 * @follower: of the active origin
 *
 * Returns: its next segment; none, with is_join set, when the place to join it is still to be found
 */
UsPick
us_pick_foreign (const UsFollower *follower, UsOriginId origin, const UsLedger *ledger,
                 const UsPickCursor *cursor, guint window) {
  const UsPick nothing = { .origin = origin, .is_passed = TRUE };
  const UsPlaylist *playlist = us_follower_get_playlist (follower);
  if (playlist == NULL)
    return nothing;

  const UsLedgerRow *last = us_ledger_get_last (ledger);
  guint64 floor = 0;
  gboolean goes_on = find_foreign_floor (follower, origin, last, cursor, &floor);
  if (!goes_on && last != NULL) {
    UsPick join = nothing;
    join.is_join = TRUE;
    return join;
  }
  guint index = goes_on ? 0 : us_join_start (playlist, window);
  index = next_listed (follower, index, goes_on ? &floor : NULL);
  guint n_new = playlist->segments->len - index, n_skipped = 0;
  if (n_new > MAX (window, 1) * US_PICK_MOST_WINDOWS) {
    n_skipped = n_new - window;
    index = next_listed (follower, index + n_skipped, NULL);
  }
  UsPick pick = us_pick_listed (follower, origin, index);
  pick.n_skipped = n_skipped;
  if (pick.segment != NULL)
    pick.is_hole = goes_on && (cursor->is_broken || pick.segment->number > floor + 1);
  return pick;
}

/**
 * us_pick_new_life:
 * @follower: of an origin that goes on below what was published, in an epoch never published
 *
 * An ingest that lost both its state and its clock counts from below. Numbers must rise, the
 * stream must go on: it is joined afresh.
 *
 * Returns: its first segment of that epoch
 */
UsPick
us_pick_new_life (const UsFollower *follower, UsOriginId origin, const UsLedger *ledger,
                  const UsPickCursor *cursor) {
  UsPick pick = {
    .origin = origin, .is_ours = TRUE, .is_shared = TRUE, .is_join = TRUE, .is_passed = TRUE
  };
  guint64 epoch, newest;
  if (us_follower_get_kind (follower) != US_FOLLOWER_OURS || !cursor->is_set
      || !us_follower_get_newest (follower, &epoch, &newest) || newest > cursor->number)
    return pick;
  for (guint i = 0; i < us_ledger_get_n_rows (ledger); i++)
    if (us_ledger_get_row (ledger, i)->segment->epoch == epoch)
      return pick;
  const UsPlaylistSegment *segment;
  for (guint i = 0; (segment = segment_at (follower, i)) != NULL; i++) {
    guint64 its_epoch;
    if (segment->is_gap || !us_segment_parse_name (segment->uri, &its_epoch, &pick.number)
        || its_epoch != epoch)
      continue;
    pick.segment = segment;
    pick.epoch = epoch;
    pick.rank = pick.number;
    pick.is_listed[origin] = TRUE;
    break;
  }
  return pick;
}

/**
 * us_pick_advance:
 * @pick: was published, or given up
 * @generation: of its follower
 * @is_given_up: which of the two
 */
void
us_pick_advance (UsPickCursor *cursor, const UsPick *pick, guint64 generation,
                 gboolean is_given_up) {
  cursor->is_set = TRUE;
  cursor->is_shared = pick->is_shared;
  cursor->origin = pick->origin;
  cursor->generation = generation;
  cursor->number = pick->rank;
  cursor->is_broken = is_given_up;
}
