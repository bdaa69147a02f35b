/* seam.c - whether two segments can be played one after the other without a DISCONTINUITY
 *
 * Pure. RFC 8216 4.3.2.3 wants the tag where the tracks, their codecs or the sequence of time
 * stamps change, and players throw buffers away at each, so it stands there and nowhere else.
 */
#include "switcher/seam.h"

#define FRAME_US (40 * G_TIME_SPAN_MILLISECOND) /* where the rate cannot be told */
/* Packagers cut their sound at whole PES packets of several frames: more than that is a hole. */
#define SOUND_US (100 * G_TIME_SPAN_MILLISECOND)
#define ROUNDING_US (2 * G_TIME_SPAN_MILLISECOND)

static gboolean
follows (UsContainer container, gint64 end_us, gint64 start_us, gint64 frame_us) {
  if (end_us == G_MININT64 || start_us == G_MININT64)
    return TRUE;
  gint64 step_us = us_probe_time_diff_us (container, start_us, end_us);
  return ABS (step_us) <= frame_us + ROUNDING_US;
}

/**
 * us_seam_is_smooth:
 * @before: (nullable): what is known of the segment published last
 * @after: (nullable): and of the one to follow
 *
 * Returns: whether codecs and time stamps are known to go on, within one frame
 */
gboolean
us_seam_is_smooth (const UsProbe *before, const UsProbe *after) {
  if (before == NULL || after == NULL || before->container != after->container
      || before->config != after->config || before->has_video != after->has_video
      || before->has_audio != after->has_audio)
    return FALSE;
  gint64 frame_us = before->frame_us > 0 ? before->frame_us : FRAME_US;
  return (!after->has_video
          || follows (after->container, before->end_video_us, after->first_video_us, frame_us))
         && (!after->has_audio
             || follows (after->container, before->end_audio_us, after->first_audio_us, SOUND_US));
}
