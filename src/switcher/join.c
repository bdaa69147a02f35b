/* join.c - where a playlist of an origin is entered: at the start, or after a change of sides
 *
 * Pure functions. Every side can be entered at the start of a segment and, where it is a transport
 * stream in memory, at each of its random access points. Of these places two matter: the first one
 * not before the end of what is published (entering there leaves pictures out: a gap) and the last
 * one before it (entering there shows some twice: an overlap). The rule is that of a careful
 * editor: exact if possible, else the smaller evil, a small gap before an overlap of a size. The
 * better place may not be there yet; it is waited for until viewers would notice.
 */
#include "switcher/join.h"

#define NEWEST_KEPT 3    /* without dates: no nearer to the live edge than three segments */
#define MARGIN_SHARE 8   /* of a target duration, kept of the deadline */
#define BEST_GAP_SHARE 4 /* a gap below a quarter of a segment is better than any overlap */
/* Further apart than this many target durations, two clocks do not tell the same time. */
#define MAX_CLOCK_TARGETS 3

static const char *const method_words[US_N_JOIN_METHODS]
    = { "shared", "fingerprint", "date", "edge" };

/* Returns: the word for it in reports, metrics and the log */
const char *
us_join_method_word (UsJoinMethod method) {
  g_return_val_if_fail (method < US_N_JOIN_METHODS, "edge");
  return method_words[method];
}

/**
 * us_join_start:
 * @window: how many segments we list
 *
 * Returns: index of the first segment to publish when nothing is published yet
 */
guint
us_join_start (const UsPlaylist *playlist, guint window) {
  guint n = playlist->segments->len;
  return n > window ? n - window : 0;
}

/**
 * us_join_after:
 * @end_wall_ms: where the last published segment ends; -1: unknown
 *
 * Returns: index of the first segment to publish next; the number of segments when it is not
 *   there yet and the next one is to be waited for
 */
guint
us_join_after (const UsPlaylist *playlist, gint64 end_wall_ms) {
  guint n = playlist->segments->len;
  guint newest = n > NEWEST_KEPT ? n - NEWEST_KEPT : 0;
  if (n == 0)
    return 0;
  const UsPlaylistSegment *last = g_ptr_array_index (playlist->segments, n - 1);
  if (end_wall_ms < 0 || last->wall_ms < 0)
    return newest;

  for (guint i = 0; i < n; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    if (segment->wall_ms >= 0 && segment->wall_ms >= end_wall_ms - US_JOIN_TOLERANCE_MS)
      return i;
  }
  gint64 behind_ms = end_wall_ms - (last->wall_ms + last->duration_us / 1000);
  gint64 believable_ms = (gint64)playlist->target_duration_s * 1000 * MAX_CLOCK_TARGETS;
  return behind_ms <= believable_ms ? n : newest;
}

/* A place to enter at: gap when its start is positive, overlap when negative. */
typedef struct {
  gboolean is_set;
  guint index;
  int picture;
  gint64 start_us;
} Place;

static void
look_at (Place *after, Place *before, guint index, int picture, gint64 start_us, gint64 frame_us) {
  const Place place = { TRUE, index, picture, start_us };
  if (start_us >= -frame_us) {
    if (!after->is_set || start_us < after->start_us)
      *after = place;
  } else if (!before->is_set || start_us > before->start_us) {
    *before = place;
  }
}

static void
find_places (const UsJoinSegment *segments, guint n, gint64 frame_us, Place *after, Place *before) {
  for (guint i = 0; i < n; i++) {
    const UsJoinSegment *segment = &segments[i];
    look_at (after, before, i, -1, segment->start_us, frame_us);
    if (!segment->may_be_cut || segment->probe == NULL || !segment->probe->has_video)
      continue;
    const UsProbe *probe = segment->probe;
    for (guint p = 0; p < probe->pictures->len; p++) {
      const UsPicture *picture = &g_array_index (probe->pictures, UsPicture, p);
      gint64 into_us
          = us_probe_time_diff_us (probe->container, picture->pts_us, probe->first_video_us);
      if (into_us > 0)
        look_at (after, before, i, (int)p, segment->start_us + into_us, frame_us);
    }
  }
}

static UsJoinPlan
enter (const UsJoinSegment *segments, const Place *place) {
  UsJoinPlan plan = {
    .step = segments[place->index].is_here ? US_JOIN_ENTER : US_JOIN_FETCH,
    .index = place->index,
    .picture = place->picture,
    .gap_us = MAX (place->start_us, 0),
    .overlap_us = MAX (-place->start_us, 0),
  };
  return plan;
}

/* RFC 8216 6.2.1 gives 1.5 target durations from one segment to the next; what will not be there by
 * then is not waited for. */
static gboolean
can_wait (const UsJoinPatience *patience) {
  gint64 deadline_us = patience->target_us * 3 / 2 - patience->target_us / MARGIN_SHARE;
  return patience->waited_us + MAX (patience->next_in_us, 0) < deadline_us;
}

/**
 * us_join_plan:
 * @segments: what the new side lists, in order
 * @patience: also says what is exact
 *
 * Returns: what to do now
 */
UsJoinPlan
us_join_plan (const UsJoinSegment *segments, guint n_segments, const UsJoinPatience *patience) {
  const UsJoinPlan wait = { .step = US_JOIN_WAIT, .picture = -1 };
  if (n_segments == 0)
    return wait;
  Place after = { 0 }, before = { 0 };
  find_places (segments, n_segments, patience->frame_us, &after, &before);
  if (after.is_set && after.start_us <= patience->frame_us)
    return enter (segments, &after);

  /* The segment that holds the end of the published ones may have a better place inside. */
  const UsJoinSegment *last = &segments[n_segments - 1];
  gint64 end_us = last->start_us + last->duration_us;
  if (before.is_set) {
    const UsJoinSegment *holder = &segments[before.index];
    if (holder->may_be_cut && !holder->is_here
        && holder->start_us + holder->duration_us > patience->frame_us)
      return (UsJoinPlan){ .step = US_JOIN_FETCH, .index = before.index, .picture = -1 };
  }
  if (!after.is_set) {
    gboolean has_news = before.is_set && end_us > patience->frame_us;
    gboolean is_next_better
        = end_us <= -before.start_us || end_us < last->duration_us / BEST_GAP_SHARE;
    if (has_news)
      return is_next_better && can_wait (patience) ? wait : enter (segments, &before);
    /* Nothing that was not shown already: only a viewer about to run dry is better off with it. */
    return patience->waited_us < MAX_CLOCK_TARGETS * patience->target_us
               ? wait
               : enter (segments, &before);
  }
  gboolean is_after_better
      = !before.is_set || segments[before.index].start_us + segments[before.index].duration_us <= 0
        || after.start_us <= -before.start_us
        || after.start_us < segments[after.index].duration_us / BEST_GAP_SHARE;
  return enter (segments, is_after_better ? &after : &before);
}

/**
 * us_join_is_believable:
 *
 * Returns: whether the times of @segments can be those of a live origin beside the published ones
 */
gboolean
us_join_is_believable (const UsJoinSegment *segments, guint n_segments, gint64 target_us) {
  if (n_segments == 0)
    return TRUE;
  const UsJoinSegment *last = &segments[n_segments - 1];
  gint64 slack_us = target_us * MAX_CLOCK_TARGETS;
  return segments[0].start_us <= slack_us && last->start_us + last->duration_us >= -slack_us;
}
