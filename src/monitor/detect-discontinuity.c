/* detect-discontinuity.c - a discontinuity that leaves the window has to be counted
 *
 * Pure. A segment keeps its discontinuity sequence number as long as it is listed (RFC 8216 6.2.2);
 * when the tag leaves and EXT-X-DISCONTINUITY-SEQUENCE does not rise, players put segments on the
 * wrong timeline and stop.
 */
#include "monitor/detect.h"
#include "monitor/playlist-step.h"

/**
 * us_detect_discontinuity:
 * @before: (nullable)
 */
void
us_detect_discontinuity (const UsPlaylist *before, const UsPlaylist *now, UsHits *hits) {
  UsPlaylistStep step = us_playlist_step (before, now);
  if (step != US_STEP_SAME && step != US_STEP_ADVANCED)
    return; /* nothing to compare, or another fault with a name of its own */
  for (guint i = 0; i < now->segments->len; i++) {
    const UsPlaylistSegment *is = g_ptr_array_index (now->segments, i);
    const UsPlaylistSegment *was = us_playlist_find (before, is->number);
    if (was == NULL || was->discontinuity == is->discontinuity
        || !us_playlist_same_resource (was, is))
      continue;
    us_hits_add (hits, US_CHECK_DISCONTINUITY_SEQUENCE, US_SEVERITY_DEGRADED,
                 (double)is->discontinuity, (double)was->discontinuity,
                 "segment %" G_GUINT64_FORMAT " was behind discontinuity %" G_GUINT64_FORMAT
                 " and is now behind %" G_GUINT64_FORMAT,
                 is->number, was->discontinuity, is->discontinuity);
    return; /* all behind it are wrong by the same */
  }
}
