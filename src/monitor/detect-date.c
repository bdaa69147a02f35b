/* detect-date.c - program dates that jump, go back, or are rewritten
 *
 * Pure. EXT-X-PROGRAM-DATE-TIME ties media to the clock; players seek and line renditions up by it.
 * Where a playlist gives few dates they are carried on over EXTINF, which many packagers round, so
 * that the error grows with each segment: the tolerance grows with it.
 */
#include "monitor/detect.h"
#include "monitor/playlist-step.h"

#define JUMP_MS 1000 /* oscnord/hls-monitor, monitoring practice */

/* Rounding: what one EXTINF may hide, and how far that is believed to add up. */
typedef struct {
  gint64 each_ms, all_ms;
} Rounding;
static const Rounding WHOLE = { 500, 5000 }; /* seconds, as in protocol versions below 3 */
static const Rounding FRACTION = { 50, 500 };

static Rounding
rounding_of (const UsPlaylist *playlist) {
  if (playlist->has_fractions)
    return FRACTION;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    if (segment->duration_us % G_USEC_PER_SEC != 0)
      return FRACTION;
  }
  return WHOLE;
}

static gint64
tolerance_ms (Rounding rounding, guint64 n_segments) {
  gint64 n = MIN (n_segments, US_PLAYLIST_MAX_SEGMENTS);
  return JUMP_MS + MIN (n * rounding.each_ms, rounding.all_ms);
}

static void
add_jump (const UsPlaylistSegment *segment, gint64 off_ms, gint64 limit_ms, UsHits *hits) {
  us_hits_add (hits, off_ms > 0 ? US_CHECK_DATE_JUMP : US_CHECK_DATE_BACK, US_SEVERITY_DEGRADED,
               off_ms / 1000.0, limit_ms / 1000.0,
               "the date of segment %" G_GUINT64_FORMAT
               " is %.1f s %s than that of the segment before and its duration say",
               segment->number, ABS (off_ms) / 1000.0, off_ms > 0 ? "later" : "earlier");
}

/* How far the date of @segment is from what @previous says; FALSE: the two say nothing of it. */
static gboolean
find_offset (const UsPlaylistSegment *previous, const UsPlaylistSegment *segment, gint64 *off_ms) {
  if (previous == NULL || previous->number + 1 != segment->number || segment->is_discontinuous
      || previous->wall_ms < 0 || segment->wall_ms < 0)
    return FALSE;
  *off_ms = segment->wall_ms - previous->wall_ms - previous->duration_us / 1000;
  return TRUE;
}

static void
judge_new (const UsPlaylist *before, const UsPlaylist *now, Rounding rounding, UsHits *hits) {
  guint first = us_playlist_first_new (before, now);
  const UsPlaylistSegment *previous = NULL;
  if (us_playlist_step (before, now) == US_STEP_ADVANCED)
    previous = us_playlist_last (before);
  guint n_carried = 0; /* dates in a row that the packager need not have written */
  for (guint i = 0; i < now->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (now->segments, i);
    const UsPlaylistSegment *left = i > 0 ? g_ptr_array_index (now->segments, i - 1) : previous;
    gint64 off_ms, limit_ms = tolerance_ms (rounding, n_carried);
    gboolean is_known = find_offset (left, segment, &off_ms);
    if (is_known && i >= first && ABS (off_ms) > limit_ms) {
      add_jump (segment, off_ms, limit_ms, hits);
      return; /* those behind it go on from there */
    }
    n_carried = is_known && ABS (off_ms) <= 1 ? n_carried + 1 : 0;
  }
}

static void
judge_rewritten (const UsPlaylist *before, const UsPlaylist *now, Rounding rounding, UsHits *hits) {
  UsPlaylistStep step = us_playlist_step (before, now);
  if (step != US_STEP_SAME && step != US_STEP_ADVANCED)
    return;
  guint64 was_first = ((const UsPlaylistSegment *)g_ptr_array_index (before->segments, 0))->number;
  guint64 is_first = ((const UsPlaylistSegment *)g_ptr_array_index (now->segments, 0))->number;
  guint64 removed = is_first > was_first ? is_first - was_first : 0;
  gint64 limit_ms = tolerance_ms (rounding, removed);
  for (guint i = 0; i < now->segments->len; i++) {
    const UsPlaylistSegment *is = g_ptr_array_index (now->segments, i);
    const UsPlaylistSegment *was = us_playlist_find (before, is->number);
    if (was == NULL || was->wall_ms < 0 || is->wall_ms < 0
        || ABS (is->wall_ms - was->wall_ms) <= limit_ms)
      continue;
    us_hits_add (hits, US_CHECK_DATE_REWRITTEN, US_SEVERITY_DEGRADED,
                 (is->wall_ms - was->wall_ms) / 1000.0, limit_ms / 1000.0,
                 "the date of segment %" G_GUINT64_FORMAT
                 " was moved by %+.1f s while it is listed",
                 is->number, (is->wall_ms - was->wall_ms) / 1000.0);
    return;
  }
}

/**
 * us_detect_dates:
 * @before: (nullable)
 *
 * Judges each date once, when its segment is new. Playlists without dates are not judged.
 */
void
us_detect_dates (const UsPlaylist *before, const UsPlaylist *now, UsHits *hits) {
  Rounding rounding = rounding_of (now);
  judge_new (before, now, rounding, hits);
  judge_rewritten (before, now, rounding, hits);
}
