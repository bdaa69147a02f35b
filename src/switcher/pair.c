/* pair.c - what two origins are to each other
 *
 * Pure: looks at two followers and at what comparing their segments has shown. Names of our
 * packagers with one epoch mean that both cut at the same marks. Whether their bytes are equal too
 * decides between identical and aligned (two transcoders, say). Everything else is foreign.
 */
#include "switcher/pair.h"

#include "hls/segment.h"

#define ALIGNED_US (50 * G_TIME_SPAN_MILLISECOND)

static const char *const kind_words[] = { "unknown", "identical", "aligned", "foreign" };

/* Returns: the word for it in reports and metrics */
const char *
us_pair_kind_word (UsPairKind kind) {
  g_return_val_if_fail (kind < G_N_ELEMENTS (kind_words), "unknown");
  return kind_words[kind];
}

/* Two packagers of one ingest share an epoch. At the change of epochs one is a moment ahead, so a
 * stranger is only believed when both have gone on without ever having met. */
static gboolean
share_epoch (UsPair *pair, const UsFollower *const followers[US_N_ORIGINS], gboolean has_published,
             gint64 now_us) {
  guint64 epoch[US_N_ORIGINS], number;
  for (guint i = 0; i < US_N_ORIGINS; i++)
    if (!us_follower_get_newest (followers[i], &epoch[i], &number))
      return TRUE;
  if (us_follower_has_epoch (followers[0], epoch[1])
      || us_follower_has_epoch (followers[1], epoch[0])) {
    pair->stranger_since_us = 0;
    return TRUE;
  }
  if (!has_published)
    return FALSE;
  if (pair->stranger_since_us == 0)
    pair->stranger_since_us = now_us;
  const UsOriginFacts *a = us_follower_get_facts (followers[0]);
  const UsOriginFacts *b = us_follower_get_facts (followers[1]);
  gint64 patience_us = 2 * MAX (a->target_us, b->target_us) + G_USEC_PER_SEC;
  return now_us - pair->stranger_since_us < patience_us
         || MIN (a->last_advance_us, b->last_advance_us) < pair->stranger_since_us;
}

/* One segment of ours in a list; numbers rise in it. */
typedef struct {
  const UsPlaylistSegment *segment; /* (nullable): the list is at its end */
  guint64 epoch, number;
} Place;

static Place
next_place (const UsPlaylist *playlist, guint *index) {
  Place place = { NULL, 0, 0 };
  while (*index < playlist->segments->len) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, (*index)++);
    if (segment->is_gap || !us_segment_parse_name (segment->uri, &place.epoch, &place.number))
      continue;
    place.segment = segment;
    break;
  }
  return place;
}

/**
 * us_pair_is_misaligned:
 * @one: (nullable): of one of our packagers
 * @other: (nullable): of the other
 *
 * Dates are not looked at: the same number under one epoch is the same moment, and a clock that
 * steps on one side must not make strangers of them. Both lists are gone through once, side by
 * side.
 *
 * Returns: whether a segment that both list does not last equally long
 */
gboolean
us_pair_is_misaligned (const UsPlaylist *one, const UsPlaylist *other) {
  guint i = 0, j = 0;
  if (one == NULL || other == NULL)
    return FALSE;
  Place mine = next_place (one, &i), its = next_place (other, &j);
  while (mine.segment != NULL && its.segment != NULL) {
    if (mine.number < its.number) {
      mine = next_place (one, &i);
    } else if (mine.number > its.number) {
      its = next_place (other, &j);
    } else {
      if (mine.epoch == its.epoch
          && ABS (its.segment->duration_us - mine.segment->duration_us) > ALIGNED_US)
        return TRUE;
      mine = next_place (one, &i);
      its = next_place (other, &j);
    }
  }
  return FALSE;
}

static gboolean
find_misaligned (const UsFollower *const followers[US_N_ORIGINS]) {
  return us_pair_is_misaligned (us_follower_get_playlist (followers[0]),
                                us_follower_get_playlist (followers[1]));
}

static void
conclude (UsPair *pair, UsPairKind kind, gboolean is_interchangeable, const char *why) {
  pair->kind = kind;
  pair->is_interchangeable = is_interchangeable;
  pair->why = why;
}

/**
 * us_pair_judge:
 * @has_published: whether anything was; at the very start strangers are told at once
 * @now_us: monotonic time
 */
void
us_pair_judge (UsPair *pair, const UsFollower *const followers[US_N_ORIGINS],
               gboolean has_published, gint64 now_us) {
  UsFollowerKind a = us_follower_get_kind (followers[0]);
  UsFollowerKind b = us_follower_get_kind (followers[1]);
  gboolean is_foreign = a == US_FOLLOWER_FOREIGN || b == US_FOLLOWER_FOREIGN;
  if (a == US_FOLLOWER_NOTHING || b == US_FOLLOWER_NOTHING)
    conclude (pair, US_PAIR_UNKNOWN, !is_foreign, "one of the two has listed nothing yet");
  else if (is_foreign)
    conclude (pair, US_PAIR_FOREIGN, FALSE,
              a == b ? "both number their segments by themselves"
                     : "one of the two numbers its segments by itself");
  else if (!share_epoch (pair, followers, has_published, now_us))
    conclude (pair, US_PAIR_FOREIGN, FALSE, "our packagers, but of different ingests");
  else if (!pair->is_compared || pair->is_equal)
    conclude (pair, US_PAIR_IDENTICAL, TRUE,
              pair->is_compared ? "the same numbers, and the same bytes where they were compared"
                                : "the same numbers; bytes not compared yet");
  else if (pair->is_unusable)
    conclude (pair, US_PAIR_FOREIGN, FALSE, "one of the two has no media under the same number");
  else if (pair->is_misaligned)
    conclude (pair, US_PAIR_FOREIGN, FALSE, "the same numbers do not last equally long");
  else
    conclude (pair, US_PAIR_ALIGNED, TRUE, "the same numbers and cuts, other bytes");
}

/**
 * us_pair_note_bytes:
 * @is_equal: one segment of both was compared: the same bytes
 * @is_usable: the other's copy is a segment at all
 *
 * Returns: what that changed; us_pair_judge() afterwards
 */
UsPairNews
us_pair_note_bytes (UsPair *pair, const UsFollower *const followers[US_N_ORIGINS],
                    gboolean is_equal, gboolean is_usable) {
  gboolean was_compared = pair->is_compared, was_equal = pair->is_equal;
  pair->is_compared = TRUE;
  pair->is_equal = is_equal;
  pair->is_unusable = !is_equal && !is_usable;
  pair->is_misaligned = !is_equal && (pair->is_misaligned || find_misaligned (followers));
  if (!was_compared)
    return is_equal                            ? US_PAIR_NEWS_NONE
           : is_usable && !pair->is_misaligned ? US_PAIR_NEWS_ALIGNED
                                               : US_PAIR_NEWS_DIVERGED;
  if (was_equal == is_equal)
    return US_PAIR_NEWS_NONE;
  return is_equal ? US_PAIR_NEWS_EQUAL : US_PAIR_NEWS_DIVERGED;
}
