/* timeline.c - widens, checks and orders RTMP time stamps; pure
 *
 * Owned by one stream. RTMP time is 32 bits of milliseconds without a defined start. Encoders wrap
 * it at 2^32 or, like OBS which masks the top bit, at 2^31; they reset it when they restart inside
 * a session, and some count audio and video from different origins. Everything downstream wants one
 * clock that strictly rises on each track, and both packagers must see the same one: hence this is
 * decided here and nowhere else.
 *
 * Equal or slightly falling times are nudged to 1 ms after the last one instead of dropped, since
 * a dropped reference frame spoils the picture up to the next key frame.
 */
#include "ingest/timeline.h"

static gint64
magnitude (gint64 value) {
  return value < 0 ? -value : value;
}

/**
 * us_timeline_distance:
 * @from: a time stamp, as on the wire
 * @to: the next one
 *
 * Returns: their signed distance in milliseconds. The shorter way round 2^32, except where both
 * have the top bit clear and the way round 2^31 is short: that is an encoder with 31-bit time
 * wrapping
 */
gint64
us_timeline_distance (guint32 from, guint32 to) {
  gint64 wide = (gint32)(to - from);
  if (magnitude (wide) <= US_TIMELINE_FORWARD_MS || ((from | to) & 0x80000000u) != 0)
    return wide;
  guint32 masked = (to - from) & 0x7fffffffu;
  gint64 narrow = (masked & 0x40000000u) != 0 ? (gint64)masked - 0x80000000ll : (gint64)masked;
  return magnitude (narrow) <= US_TIMELINE_FORWARD_MS ? narrow : wide;
}

static UsTimelineVerdict
start (UsTimeline *timeline, UsTimelineTrack track, guint32 raw, gint64 *time_ms) {
  UsTimeline fresh = { .is_started = TRUE, .newest_ms = raw };
  /* A track whose messages are still on their way from before the jump must not look like one
   * with a base of its own. */
  for (guint i = 0; timeline->is_started && i < US_TIMELINE_N_TRACKS; i++) {
    fresh.tracks[i].has_old = i != track && timeline->tracks[i].has_time;
    fresh.tracks[i].old_raw = timeline->tracks[i].raw;
  }
  fresh.bases[0].raw = raw;
  fresh.bases[0].wide_ms = raw;
  fresh.tracks[track].has_time = TRUE;
  fresh.tracks[track].raw = raw;
  fresh.tracks[track].last_ms = raw;
  *timeline = fresh;
  *time_ms = raw;
  return US_TIMELINE_OK;
}

static gboolean
is_straggler (UsTimeline *timeline, UsTimelineTrack track, guint32 raw) {
  if (!timeline->tracks[track].has_old
      || timeline->tracks[track].stragglers >= US_TIMELINE_MAX_STRAGGLERS
      || magnitude (us_timeline_distance (timeline->tracks[track].old_raw, raw))
             > US_TIMELINE_BACK_MS)
    return FALSE;
  timeline->tracks[track].stragglers++;
  timeline->tracks[track].old_raw = raw;
  return TRUE;
}

/**
 * us_timeline_push:
 * @timeline: the stream's timeline
 * @track: the track of the message
 * @raw_ms: its time stamp as on the wire: decoding time, 32 bits
 * @time_ms: (out): its time on the stream's clock; not set with %US_TIMELINE_DROP. The clock's
 *   zero has no meaning; after %US_TIMELINE_NEW_EPOCH it is another one
 *
 * Returns: what to do with the message
 */
UsTimelineVerdict
us_timeline_push (UsTimeline *timeline, UsTimelineTrack track, guint32 raw_ms, gint64 *time_ms) {
  if (!timeline->is_started)
    return start (timeline, track, raw_ms, time_ms);

  gboolean is_known = timeline->tracks[track].has_time;
  guint base = is_known ? timeline->tracks[track].base : 0;
  gint64 wide
      = timeline->bases[base].wide_ms + us_timeline_distance (timeline->bases[base].raw, raw_ms);
  gint64 time = wide + timeline->bases[base].offset_ms;

  if (!is_known && magnitude (time - timeline->newest_ms) > US_TIMELINE_SKEW_MS) {
    if (is_straggler (timeline, track, raw_ms))
      return US_TIMELINE_DROP;
    base = 1;
    wide = raw_ms;
    time = timeline->newest_ms;
    timeline->bases[base].offset_ms = time - wide;
  }
  if (is_known) {
    gint64 step = time - timeline->tracks[track].last_ms;
    if (step < -US_TIMELINE_BACK_MS || time - timeline->newest_ms > US_TIMELINE_FORWARD_MS) {
      (void)start (timeline, track, raw_ms, time_ms);
      return US_TIMELINE_NEW_EPOCH;
    }
    if (step < -US_TIMELINE_REORDER_MS)
      return US_TIMELINE_DROP;
    if (step <= 0) {
      if (++timeline->tracks[track].nudges > US_TIMELINE_MAX_NUDGES)
        return US_TIMELINE_DROP;
      time = timeline->tracks[track].last_ms + 1;
    } else {
      timeline->tracks[track].nudges = 0;
    }
  }
  timeline->bases[base].raw = raw_ms;
  timeline->bases[base].wide_ms = wide;
  timeline->tracks[track].has_time = TRUE;
  timeline->tracks[track].base = base;
  timeline->tracks[track].raw = raw_ms;
  timeline->tracks[track].last_ms = time;
  timeline->newest_ms = MAX (timeline->newest_ms, time);
  *time_ms = time;
  return US_TIMELINE_OK;
}
