/* facts.c - what a probe has seen of a stream: how it is let go of
 *
 * Plain values, owned by who gathered them (the watch of a stream), in its loop.
 */
#include "monitor/facts.h"

/**
 * us_fetched_clear:
 *
 * Frees the text; everything is zero afterwards, so that it may be called twice.
 */
void
us_fetched_clear (UsFetched *fetched) {
  g_free (fetched->problem);
  g_free (fetched->address);
  g_free (fetched->content_type);
  g_free (fetched->content_encoding);
  g_free (fetched->cache_control);
  g_free (fetched->allow_origin);
  *fetched = (UsFetched){ 0 };
}

/**
 * us_playlist_seen_clear:
 */
void
us_playlist_seen_clear (UsPlaylistSeen *seen) {
  us_fetched_clear (&seen->fetched);
  g_clear_pointer (&seen->playlist, us_playlist_free);
  g_clear_pointer (&seen->parse_error, g_free);
  seen->is_html = FALSE;
}

/**
 * us_segment_seen_free:
 * @segment: (transfer full)
 */
void
us_segment_seen_free (UsSegmentSeen *segment) {
  us_fetched_clear (&segment->fetched);
  g_clear_pointer (&segment->media, us_inspection_free);
  g_free (segment->media_error);
  g_free (segment);
}
