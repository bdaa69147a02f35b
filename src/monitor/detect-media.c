/* detect-media.c - is what arrived playable, and does it go on where the segment before it ended?
 *
 * Pure, over the inspection of one segment and of the one before it. What is damaged is judged for
 * its damage only: a lost packet also shortens the segment, hides its key frame and leaves a gap,
 * and one fault should be one finding. Continuity is judged only between neighbours without a
 * DISCONTINUITY between them.
 */
#include "monitor/detect.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

/* Real duration against EXTINF: our own tolerance, above the rounding of every packager met. A
 * whole number of seconds may have been rounded to it (RFC 8216 4.3.2.1, before version 3). */
#define DURATION_SLACK_S 0.1
#define DURATION_SLACK_SHARE 0.05
#define DURATION_WHOLE_SLACK_S 0.5
/* Between the end of a track and its start in the next segment. Pictures may come at any distance
 * from one another, so that their end is a guess; sound is counted out in samples. */
#define AUDIO_GAP_S 0.1
#define VIDEO_GAP_S 0.25
#define VIDEO_GAP_FRAMES 3
#define OVERLAP_S 0.1
/* Beyond these it is no gap but another clock. */
#define RESET_BACK_S 1.0
#define RESET_AHEAD_S 10.0
/* Start of sound against start of pictures. Muxers interleave by up to 0.7 s (ffmpeg's muxdelay)
 * and cut at a picture; more keeps players waiting (hls.js 283). */
#define SKEW_S 1.0
#define SKEW_FRAMES 2
/* From which number of segments in a row, and for how long; monitoring.md 6.1. */
#define OVER_BANDWIDTH_SEGMENTS 3
#define WITHOUT_KEYFRAME_US (60 * G_USEC_PER_SEC)

#define SEGMENT "segment %" G_GUINT64_FORMAT

static double
seconds (gint64 us) {
  return (double)us / G_USEC_PER_SEC;
}

static gboolean
is_damaged (const UsInspection *media) {
  return media->n_continuity + media->n_sync_lost + media->n_scrambled > 0
         || (media->probe->container == US_CONTAINER_TS && !media->has_tables);
}

/* ---- one segment ---- */

static void
judge_damage (const UsSegmentSeen *segment, UsHits *hits) {
  const UsInspection *media = segment->media;
  guint64 number = segment->number;
  gboolean is_ts = media->probe->container == US_CONTAINER_TS;
  if (media->n_sync_lost > 0)
    us_hits_add (hits, US_CHECK_TS_SYNC, US_SEVERITY_DEGRADED, media->n_sync_lost, 0,
                 SEGMENT ": %u of %u transport packets do not start with the sync byte", number,
                 media->n_sync_lost, media->n_packets);
  else if (media->n_continuity > 0) /* what lost its sync breaks the counters as well */
    us_hits_add (hits, US_CHECK_TS_CONTINUITY, US_SEVERITY_DEGRADED, media->n_continuity, 0,
                 SEGMENT ": transport packets are lost or out of order at %u place%s", number,
                 media->n_continuity, us_text_s (media->n_continuity));
  if (media->n_scrambled > 0)
    us_hits_add (hits, US_CHECK_MEDIA_BROKEN, US_SEVERITY_DEGRADED, media->n_scrambled, 0,
                 SEGMENT ": %u of %u transport packets are scrambled", number, media->n_scrambled,
                 media->n_packets);
  if (is_ts && !media->has_tables)
    us_hits_add (hits, US_CHECK_TS_TABLES, US_SEVERITY_DEGRADED, NAN, NAN,
                 SEGMENT ": no PAT and PMT in it, players cannot tell its tracks", number);
  else if (is_ts && !media->has_tables_first)
    us_hits_add (hits, US_CHECK_TS_TABLES, US_SEVERITY_INFO, NAN, NAN,
                 SEGMENT ": PAT and PMT stand behind the first media", number);
}

static void
judge_keyframe (const UsSegmentSeen *segment, UsHits *hits) {
  if (!us_segment_seen_lacks_keyframe (segment))
    return;
  gint64 for_us = segment->without_keyframe_us + segment->duration_us;
  gboolean is_long = for_us >= WITHOUT_KEYFRAME_US;
  g_autofree char *all = is_long
                             ? g_strdup_printf (", as all segments for %.0f s", seconds (for_us))
                             : g_strdup ("");
  us_hits_add (hits, US_CHECK_NO_KEYFRAME, is_long ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED,
               NAN, NAN, SEGMENT ": does not start with a key frame%s", segment->number, all);
}

static void
judge_skew (const UsSegmentSeen *segment, UsHits *hits) {
  gint64 skew_us = segment->media->skew_us;
  double limit_s = SKEW_S + SKEW_FRAMES * seconds (segment->media->probe->frame_us);
  if (skew_us == G_MININT64 || segment->is_discontinuous || fabs (seconds (skew_us)) <= limit_s)
    return;
  us_hits_add (hits, US_CHECK_AV_SKEW, US_SEVERITY_DEGRADED, fabs (seconds (skew_us)), limit_s,
               SEGMENT ": its sound starts %.2f s %s its picture, expected within %.1f s",
               segment->number, fabs (seconds (skew_us)), skew_us > 0 ? "after" : "before",
               limit_s);
}

static void
judge_bandwidth (const UsSegmentSeen *segment, const UsRenditionInfo *info, UsHits *hits) {
  double bps;
  if (!us_segment_seen_is_over_bandwidth (segment, info, &bps)
      || segment->n_over_bandwidth_before + 1 < OVER_BANDWIDTH_SEGMENTS)
    return;
  us_hits_add (hits, US_CHECK_BANDWIDTH_EXCEEDED, US_SEVERITY_DEGRADED, bps,
               (double)info->bandwidth_bps,
               SEGMENT ": %.2f Mbit/s, BANDWIDTH says at most %.2f Mbit/s; the last %u were alike",
               segment->number, bps / 1e6, (double)info->bandwidth_bps / 1e6,
               segment->n_over_bandwidth_before + 1);
}

/* ---- two neighbours ---- */

/* Packed audio may come without times. */
static gboolean
has_sound_time (const UsProbe *probe) {
  return probe->has_audio && probe->first_audio_us != G_MININT64;
}

static gboolean
is_continuous (const UsSegmentSeen *before, const UsSegmentSeen *segment) {
  return before != NULL && before->media != NULL && !segment->is_discontinuous
         && !segment->is_after_gap && before->number + 1 == segment->number
         && before->discontinuity == segment->discontinuity && !is_damaged (before->media)
         && before->media->probe->container == segment->media->probe->container;
}

/* Later start - earlier start of the track that both have, pictures before sound. */
static gboolean
start_distance (const UsProbe *before, const UsProbe *now, double *distance_s) {
  gboolean is_video = before->has_video && now->has_video;
  if (!is_video && !(has_sound_time (before) && has_sound_time (now)))
    return FALSE;
  *distance_s = seconds (
      us_probe_time_diff_us (now->container, is_video ? now->first_video_us : now->first_audio_us,
                             is_video ? before->first_video_us : before->first_audio_us));
  return TRUE;
}

static gboolean
is_reset (const UsSegmentSeen *before, const UsSegmentSeen *segment, UsHits *hits) {
  double distance_s;
  if (!start_distance (before->media->probe, segment->media->probe, &distance_s))
    return FALSE;
  double off_s = distance_s - seconds (before->duration_us);
  if (off_s >= -RESET_BACK_S - seconds (before->duration_us) / 2 && off_s <= RESET_AHEAD_S)
    return FALSE;
  us_hits_add (hits, US_CHECK_PTS_RESET, US_SEVERITY_DEGRADED, off_s, RESET_AHEAD_S,
               SEGMENT ": its time stamps jump by %.1f s %s without a DISCONTINUITY",
               segment->number, fabs (off_s), off_s < 0 ? "back" : "ahead");
  return TRUE;
}

/* Returns: whether there was one. @limit_s: of a gap */
static gboolean
judge_track_gap (const UsSegmentSeen *segment, const char *track, double gap_s, double limit_s,
                 UsHits *hits) {
  if (gap_s <= limit_s && gap_s >= -OVERLAP_S)
    return FALSE;
  us_hits_add (hits, US_CHECK_PTS_GAP, US_SEVERITY_DEGRADED, fabs (gap_s),
               gap_s > 0 ? limit_s : OVERLAP_S,
               gap_s > 0 ? SEGMENT ": %.2f s of %s are missing before it"
                         : SEGMENT ": its first %.2f s of %s were in the one before already",
               segment->number, fabs (gap_s), track);
  return TRUE;
}

static void
judge_gap (const UsSegmentSeen *before, const UsSegmentSeen *segment, UsHits *hits) {
  const UsProbe *a = before->media->probe, *b = segment->media->probe;
  if (has_sound_time (a) && has_sound_time (b)) {
    double gap_s
        = seconds (us_probe_time_diff_us (b->container, b->first_audio_us, a->end_audio_us));
    if (judge_track_gap (segment, "sound", gap_s, AUDIO_GAP_S, hits))
      return;
  }
  if (!a->has_video || !b->has_video)
    return;
  double gap_s = seconds (us_probe_time_diff_us (b->container, b->first_video_us, a->end_video_us));
  double limit_s = MAX (VIDEO_GAP_S, VIDEO_GAP_FRAMES * seconds (a->frame_us));
  judge_track_gap (segment, "picture", gap_s, limit_s, hits);
}

static double
duration_slack (gint64 duration_us) {
  double slack_s = MAX (DURATION_SLACK_S, DURATION_SLACK_SHARE * seconds (duration_us));
  gboolean is_whole = duration_us % G_USEC_PER_SEC == 0;
  return is_whole ? MAX (slack_s, DURATION_WHOLE_SLACK_S) : slack_s;
}

/* Adds the hit when none of @n durations is what EXTINF says. */
static gboolean
judge_duration (const UsSegmentSeen *segment, const double *durations_s, guint n, UsHits *hits) {
  double said_s = seconds (segment->duration_us), slack_s = duration_slack (segment->duration_us);
  for (guint i = 0; i < n; i++)
    if (fabs (durations_s[i] - said_s) <= slack_s)
      return FALSE;
  if (n == 0)
    return FALSE;
  us_hits_add (hits, US_CHECK_DURATION_MISMATCH, US_SEVERITY_DEGRADED, durations_s[0], said_s,
               SEGMENT ": lasts %.2f s, EXTINF says %.2f s", segment->number, durations_s[0],
               said_s);
  return TRUE;
}

/* From one start to the next is what a segment lasts, whatever its last picture does; it tells of
 * the one before. What the tracks themselves last stands in where the next start is not known. */
static void
judge_durations (const UsSegmentSeen *before, const UsSegmentSeen *segment, UsHits *hits) {
  const UsProbe *probe = segment->media->probe;
  double durations_s[3];
  guint n = 0;
  if (is_continuous (before, segment)) {
    const UsProbe *last = before->media->probe;
    if (start_distance (last, probe, &durations_s[n]))
      n++;
    if (n == 1 && has_sound_time (last) && has_sound_time (probe))
      durations_s[n++] = seconds (
          us_probe_time_diff_us (probe->container, probe->first_audio_us, last->first_audio_us));
    if (last->has_video || last->has_audio)
      durations_s[n++] = seconds (before->media->duration_us);
    judge_duration (before, durations_s, n, hits);
    return;
  }
  if (before != NULL && !segment->is_after_gap && !segment->is_discontinuous)
    return; /* the one before is damaged or lacks its tracks: nothing fits */
  if (!probe->has_audio)
    return; /* how long the last picture stands is not known */
  if (probe->has_video)
    durations_s[n++] = seconds (probe->end_video_us - probe->first_video_us);
  durations_s[n++] = has_sound_time (probe) ? seconds (probe->end_audio_us - probe->first_audio_us)
                                            : seconds (segment->media->duration_us);
  judge_duration (segment, durations_s, n, hits);
}

static gboolean
differs (const char *a, const char *b) {
  return a != NULL && b != NULL && strchr (a, '.') != NULL && strchr (b, '.') != NULL
         && !g_str_equal (a, b);
}

static void
judge_codec (const UsSegmentSeen *before, const UsSegmentSeen *segment, UsHits *hits) {
  const UsInspection *a = before->media, *b = segment->media;
  g_autofree char *what = NULL;
  if (differs (a->video_codec, b->video_codec))
    what = g_strdup_printf ("video from %s to %s", a->video_codec, b->video_codec);
  else if (a->width > 0 && b->width > 0 && (a->width != b->width || a->height != b->height))
    what = g_strdup_printf ("picture size from %ux%u to %ux%u", a->width, a->height, b->width,
                            b->height);
  else if (differs (a->audio_codec, b->audio_codec))
    what = g_strdup_printf ("sound from %s to %s", a->audio_codec, b->audio_codec);
  else if (a->audio_rate_hz > 0 && b->audio_rate_hz > 0 && a->audio_rate_hz != b->audio_rate_hz)
    what = g_strdup_printf ("sound from %u Hz to %u Hz", a->audio_rate_hz, b->audio_rate_hz);
  else if (a->audio_channels > 0 && b->audio_channels > 0 && a->audio_channels != b->audio_channels)
    what = g_strdup_printf ("sound from %u channel%s to %u", a->audio_channels,
                            us_text_s (a->audio_channels), b->audio_channels);
  if (what != NULL)
    us_hits_add (hits, US_CHECK_CODEC_CHANGED, US_SEVERITY_DEGRADED, NAN, NAN,
                 SEGMENT ": changes %s without a DISCONTINUITY", segment->number, what);
}

/**
 * us_detect_media:
 * @before: (nullable): the segment before it in the same rendition
 *
 * Without an inspection only a reason why there is none is a fault.
 */
void
us_detect_media (const UsSegmentSeen *before, const UsSegmentSeen *segment,
                 const UsRenditionInfo *info, UsHits *hits) {
  if (segment->fetched.outcome != US_OUTCOME_OK || info->kind == US_RENDITION_SUBTITLES)
    return;
  judge_bandwidth (segment, info, hits);
  if (segment->media == NULL && segment->media_error != NULL)
    us_hits_add (hits, US_CHECK_MEDIA_BROKEN, US_SEVERITY_DEGRADED, NAN, NAN, SEGMENT ": %s",
                 segment->number, segment->media_error);
  if (segment->media == NULL)
    return;
  judge_damage (segment, hits);
  if (is_damaged (segment->media))
    return;
  judge_keyframe (segment, hits);
  judge_skew (segment, hits);
  if (is_continuous (before, segment)) {
    judge_codec (before, segment, hits);
    if (is_reset (before, segment, hits))
      return;
    judge_gap (before, segment, hits);
  }
  judge_durations (before, segment, hits);
}
