/* cutter.c - the cut rule; pure
 *
 * Owned by one epoch of a stream. At a key frame at t a segment opens when t - t_open >= D - tol,
 * with tol = min(D/4, half the last key-frame interval). The rule floor(t/D) was rejected: with a
 * key-frame interval of D and a millisecond of jitter (1.999, 4.001) it makes segments of 2 D.
 *
 * Without video any audio frame may open a segment. With video, key frames decide alone, for some
 * encoders send audio seconds ahead of video, and others drop pictures for a while. Only when video
 * is dead, by its time stamps and by the clock, segments are cut at audio frames; the key frame
 * with which it returns opens a segment whatever the time. The segment in which it died may be
 * longer than the target duration: what was sent already cannot be cut any more.
 */
#include "ingest/cutter.h"

#define TARGET_SLACK_MS 400 /* EXTINF is rounded to the nearest second before it is compared */

/**
 * us_cutter_is_video_lost:
 * @gap_ms: how far audio has gone on behind the last video, in media time
 * @silent_us: how long ago that video arrived
 *
 * Returns: whether video is dead, and not only late or badly interleaved
 */
gboolean
us_cutter_is_video_lost (gint64 gap_ms, gint64 silent_us) {
  if (gap_ms > US_CUTTER_VIDEO_GONE_MS)
    return TRUE;
  return gap_ms > US_CUTTER_VIDEO_LOST_MS && silent_us > US_CUTTER_VIDEO_LOST_MS * 1000;
}

/**
 * us_cutter_start:
 * @cutter: cleared and set up
 * @duration_ms: wanted segment duration D
 * @first: the frame that opens the first segment: a key frame, or audio when there is no video
 */
void
us_cutter_start (UsCutter *cutter, gint64 duration_ms, const UsCutterFrame *first) {
  *cutter = (UsCutter){
    .duration_ms = duration_ms,
    .open_ms = first->time_ms,
    .has_video = first->is_video,
    .last_video_ms = first->time_ms,
    .last_video_us = first->arrival_us,
    .last_key_ms = first->time_ms,
  };
}

static UsCut
open_at (UsCutter *cutter, gint64 time_ms) {
  cutter->open_ms = time_ms;
  return US_CUT_OPEN;
}

static UsCut
step_keyframe (UsCutter *cutter, gint64 t) {
  gboolean was_lost = cutter->is_video_lost || !cutter->has_video;
  cutter->has_video = TRUE;
  cutter->is_video_lost = FALSE;
  if (!was_lost) {
    cutter->gop_ms = t - cutter->last_key_ms;
    cutter->longest_gop_ms = MAX (cutter->longest_gop_ms, cutter->gop_ms);
  }
  cutter->last_key_ms = t;
  gint64 tolerance = MIN (cutter->duration_ms / 4, cutter->gop_ms / 2);
  if (was_lost || t - cutter->open_ms >= cutter->duration_ms - tolerance)
    return open_at (cutter, t);
  return US_CUT_CONTINUE;
}

static UsCut
step_audio (UsCutter *cutter, const UsCutterFrame *frame) {
  gint64 t = frame->time_ms;
  gint64 length = t - cutter->open_ms;
  if (!cutter->has_video || cutter->is_video_lost)
    return length >= cutter->duration_ms ? open_at (cutter, t) : US_CUT_CONTINUE;
  gint64 patience = cutter->target_ms > 0 ? cutter->target_ms + TARGET_SLACK_MS
                                          : cutter->duration_ms + US_CUTTER_UNKNOWN_TARGET_MS;
  if (length >= patience
      && us_cutter_is_video_lost (t - cutter->last_video_ms,
                                  frame->arrival_us - cutter->last_video_us)) {
    cutter->is_video_lost = TRUE;
    return open_at (cutter, t);
  }
  return US_CUT_CONTINUE;
}

/**
 * us_cutter_step:
 * @cutter: the cutter
 * @frame: the next frame, in order of arrival
 *
 * Returns: where the frame goes. After %US_CUT_OPEN the frame's time is the new segment's start;
 *   after %US_CUT_OVERLONG the caller ends the stream
 */
UsCut
us_cutter_step (UsCutter *cutter, const UsCutterFrame *frame) {
  gint64 t = frame->time_ms;
  UsCut cut = US_CUT_CONTINUE;
  if (frame->is_video) {
    cutter->last_video_ms = t;
    cutter->last_video_us = frame->arrival_us;
    if (frame->is_keyframe)
      cut = step_keyframe (cutter, t);
    else if (cutter->is_video_lost || !cutter->has_video)
      cut = US_CUT_DROP;
  } else {
    cut = step_audio (cutter, frame);
  }
  if (cut == US_CUT_CONTINUE && t - cutter->open_ms >= US_CUTTER_MAX_SEGMENT_MS)
    cut = US_CUT_OVERLONG;
  return cut;
}
