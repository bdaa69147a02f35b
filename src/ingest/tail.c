/* tail.c - when the end of a broken-off timeline is left out; pure
 *
 * An encoder that dies within the first pictures of a segment leaves one without sound, since the
 * sound for those pictures was still to come. Its tracks differ from the segment's before, so it
 * would stand behind a DISCONTINUITY of its own, and the next publisher's segment behind another:
 * two resets of every player for a blink of pictures. So it is not published at all.
 */
#include "ingest/tail.h"

/**
 * us_tail_is_loose:
 * @before: tracks of the segment before; %US_TRACK_NONE when nothing is known of it
 * @tail: tracks of the segment in which the timeline broke off
 * @received_ms: media time from its opening to its last frame
 *
 * Returns: %TRUE when it lacks a track only because that had no time to come
 */
gboolean
us_tail_is_loose (UsTracks before, UsTracks tail, gint64 received_ms) {
  return (before & ~tail) != US_TRACK_NONE && received_ms < US_TAIL_LOOSE_MS;
}
