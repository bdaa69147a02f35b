/* segment-run.c - what a segment has in common with those right before it
 *
 * Some faults count only when they repeat: two fetches that fail in a row, three segments above
 * BANDWIDTH, a minute without key frames. Every segment carries the length of the run before it, so
 * that detectors stay functions of two neighbours. Pure.
 */
#include "monitor/facts.h"

/* Peak bit rate: RFC 8216 4.3.4.2, and the 10 % that Apple's rules allow. */
#define BANDWIDTH_SLACK 1.1
/* Shorter ones are no fair sample of a bit rate: the RFC measures from half a target duration on.
 */
#define BANDWIDTH_LEAST_US G_USEC_PER_SEC

/**
 * us_segment_seen_is_over_bandwidth:
 * @bps: (out): bits per second of its EXTINF; not set when there is nothing to compare
 *
 * Returns: whether that is more than BANDWIDTH by over a tenth
 */
gboolean
us_segment_seen_is_over_bandwidth (const UsSegmentSeen *segment, const UsRenditionInfo *info,
                                   double *bps) {
  if (info->bandwidth_bps == 0 || segment->fetched.outcome != US_OUTCOME_OK
      || segment->duration_us < BANDWIDTH_LEAST_US)
    return FALSE;
  *bps = (double)segment->fetched.n_bytes * 8 * G_USEC_PER_SEC / (double)segment->duration_us;
  return *bps > (double)info->bandwidth_bps * BANDWIDTH_SLACK;
}

/**
 * us_segment_seen_lacks_keyframe:
 *
 * Returns: whether players cannot begin with it; FALSE too when nobody can tell: damaged, or of a
 *   codec whose pictures are not read
 */
gboolean
us_segment_seen_lacks_keyframe (const UsSegmentSeen *segment) {
  const UsInspection *media = segment->media;
  return media != NULL && media->probe->has_video && media->video_codec != NULL
         && media->n_continuity + media->n_sync_lost + media->n_scrambled == 0
         && !media->probe->starts_with_random_access;
}

/**
 * us_segment_seen_is_gone_early:
 *
 * RFC 8216 6.2.2: what is listed, and what was until a moment ago, is there.
 */
gboolean
us_segment_seen_is_gone_early (const UsSegmentSeen *segment) {
  return segment->fetched.outcome == US_OUTCOME_MISSING && segment->from_oldest < US_OLDEST_PLACES
         && segment->from_newest >= US_NEWEST_PLACES;
}

/**
 * us_segment_seen_follow:
 * @segment: its other members are filled
 * @before: (nullable): the one before it in the same rendition, followed itself
 */
void
us_segment_seen_follow (UsSegmentSeen *segment, const UsSegmentSeen *before,
                        const UsRenditionInfo *info) {
  double bps;
  segment->n_failed_before = segment->n_over_bandwidth_before = 0;
  segment->without_keyframe_us = 0;
  if (before == NULL)
    return;
  if (before->fetched.outcome != US_OUTCOME_OK)
    segment->n_failed_before = before->n_failed_before + 1;
  if (us_segment_seen_is_over_bandwidth (before, info, &bps))
    segment->n_over_bandwidth_before = before->n_over_bandwidth_before + 1;
  if (us_segment_seen_lacks_keyframe (before))
    segment->without_keyframe_us = before->without_keyframe_us + before->duration_us;
}
