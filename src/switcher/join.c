/* join.c - where a playlist of an origin is entered: at the start, or after a change of sides
 *
 * Pure functions of a playlist. Between foreign origins the join goes by PROGRAM-DATE-TIME: the
 * first segment that starts where the published ones end. That repeats no picture; it may leave
 * out up to a segment when the boundaries of both differ.
 */
#include "switcher/join.h"

#define NEWEST_KEPT 3 /* without dates: no nearer to the live edge than three segments */
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
