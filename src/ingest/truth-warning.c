/* truth-warning.c - what is wrong with what a publisher sends, in words; pure
 *
 * A row for each warning: its id, how long the facts must say so before it begins, and how long
 * they must deny it before it ends. That is what keeps a doubtful case from flickering; facts that
 * look back a minute already need no more of it. A severe one is what viewers notice, or will soon.
 * While a warning is active its text follows the numbers.
 */
#include "ingest/truth-warning.h"

#include <math.h>

static const struct {
  const char *id;
  gboolean is_severe;
  gint64 begin_ms, end_ms;
} warnings_table[US_N_WARNINGS] = {
  [US_WARNING_KEYFRAME_INTERVAL] = { "keyframe-interval-long", FALSE, 0, 5000 },
  [US_WARNING_FRAME_RATE] = { "frame-rate-variable", FALSE, 5000, 10000 },
  [US_WARNING_FRAMES_MISSING] = { "frames-missing", TRUE, 2000, 10000 },
  [US_WARNING_AUDIO_MISSING] = { "audio-missing", FALSE, 0, 0 },
  [US_WARNING_AUDIO_STOPPED] = { "audio-stopped", TRUE, 0, 2000 },
  [US_WARNING_VIDEO_MISSING] = { "video-missing", FALSE, 0, 0 },
  [US_WARNING_VIDEO_STOPPED] = { "video-stopped", TRUE, 0, 2000 },
  [US_WARNING_TIMESTAMPS_JUMP] = { "timestamps-jump", TRUE, 0, 0 },
  [US_WARNING_ENCODER_SLOW] = { "encoder-slow", TRUE, 5000, 10000 },
  [US_WARNING_FASTER] = { "faster-than-real-time", FALSE, 30000, 10000 },
  [US_WARNING_LINK] = { "link-slow", TRUE, 5000, 20000 },
  [US_WARNING_CLOCK_DRIFT] = { "clock-drift", FALSE, 30000, 60000 },
  [US_WARNING_TRACKS_APART] = { "audio-video-apart", FALSE, 5000, 10000 },
  [US_WARNING_OPEN_GOP] = { "open-gop", FALSE, 0, 0 },
  [US_WARNING_MULTITRACK] = { "multitrack-ignored", FALSE, 0, 0 },
  [US_WARNING_CODEC] = { "codec-unsupported", TRUE, 0, 0 },
  [US_WARNING_CONFIG] = { "config-missing", TRUE, 2000, 0 },
};

/* ------------------------------------------------------------------------------------- judging */

static gboolean
is_line_bad (const UsWarningFacts *facts) {
  return facts->rtt_ms >= US_WARNING_RTT_MS
         || (facts->disordered >= US_WARNING_DISORDER_MIN
             && facts->disorder_ratio >= US_WARNING_DISORDER_RATIO);
}

static gboolean
is_pace_known (const UsWarningFacts *facts) {
  return facts->numbers.has_rate && facts->age_ms >= US_WARNING_SETTLED_MS;
}

static gboolean
is_slow (const UsWarningFacts *facts) {
  return is_pace_known (facts) && facts->numbers.media_rate < US_WARNING_SLOW_RATE;
}

/* One that comes to a halt is a silent publisher, which is told elsewhere. */
static gboolean
has_stopped (gint64 silent_ms, gint64 other_silent_ms) {
  return silent_ms >= US_WARNING_STOPPED_MS && other_silent_ms >= 0
         && other_silent_ms < US_WARNING_STOPPED_MS;
}

static gboolean
holds (UsWarning warning, gboolean is_active, const UsWarningFacts *facts, gint64 now_us) {
  const UsTruthNumbers *numbers = &facts->numbers;
  switch (warning) {
  case US_WARNING_KEYFRAME_INTERVAL:
    return (double)numbers->gop_longest_ms > facts->segment_duration_ms * US_WARNING_GOP_RATIO;
  case US_WARNING_FRAME_RATE:
    return numbers->uneven_ratio > (is_active ? US_WARNING_UNEVEN_END : US_TRUTH_UNEVEN_RATIO);
  case US_WARNING_FRAMES_MISSING:
    return numbers->missing_ratio >= US_WARNING_MISSING_RATIO;
  case US_WARNING_AUDIO_MISSING:
    return facts->age_ms >= US_WARNING_NEVER_MS && !facts->has_audio && facts->has_video;
  case US_WARNING_AUDIO_STOPPED:
    return has_stopped (numbers->audio_silent_ms, numbers->video_silent_ms);
  case US_WARNING_VIDEO_MISSING:
    return facts->age_ms >= US_WARNING_NEVER_MS && !facts->has_video && facts->has_audio;
  case US_WARNING_VIDEO_STOPPED:
    return has_stopped (numbers->video_silent_ms, numbers->audio_silent_ms);
  case US_WARNING_TIMESTAMPS_JUMP:
    return numbers->jump_us != 0 && now_us - numbers->jump_us < US_WARNING_JUMP_MS * 1000ll;
  case US_WARNING_ENCODER_SLOW:
    return is_slow (facts) && !is_line_bad (facts);
  case US_WARNING_FASTER: /* not one that makes up for a stall */
    return is_pace_known (facts) && numbers->media_rate > US_WARNING_FAST_RATE
           && numbers->lateness_p95_ms < US_TRUTH_LATE_MS;
  case US_WARNING_LINK:
    return is_line_bad (facts)
           || (numbers->lateness_p95_ms >= US_TRUTH_LATE_MS && is_pace_known (facts)
               && !is_slow (facts));
  case US_WARNING_CLOCK_DRIFT:
    return numbers->has_drift && !is_slow (facts)
           && fabs (numbers->drift_ppm) >= US_WARNING_DRIFT_PPM
           && fabs (numbers->drift_ppm) < (1 - US_WARNING_SLOW_RATE) * 1e6;
  case US_WARNING_TRACKS_APART:
    return numbers->has_lead && ABS (numbers->audio_lead_ms) >= US_WARNING_APART_MS;
  case US_WARNING_OPEN_GOP:
    return numbers->has_leading && facts->is_leading_bad;
  case US_WARNING_MULTITRACK:
    return facts->other_tracks > 0;
  case US_WARNING_CODEC:
    return facts->unsupported_video != NULL || facts->unsupported_audio != NULL;
  case US_WARNING_CONFIG:
    return facts->is_video_unusable || facts->is_audio_unusable;
  case US_N_WARNINGS:
  default:
    return FALSE;
  }
}

/* -------------------------------------------------------------------------------------- words */

static char *
describe_link (const UsWarningFacts *facts) {
  const UsTruthNumbers *numbers = &facts->numbers;
  if (facts->rtt_ms >= US_WARNING_RTT_MS)
    return g_strdup_printf ("the way to the encoder and back takes %" G_GINT64_FORMAT " ms",
                            facts->rtt_ms);
  if (is_line_bad (facts))
    return g_strdup_printf ("%.1f %% of the packets of the last ten seconds came out of order, as "
                            "behind lost ones",
                            facts->disorder_ratio * 100);
  return g_strdup_printf ("one frame in twenty comes %" G_GINT64_FORMAT " ms or more too late",
                          numbers->lateness_p95_ms);
}

static char *
describe_lead (gint64 lead_ms) {
  return g_strdup_printf ("the time stamps of audio are %.1f s %s those of video",
                          (double)ABS (lead_ms) / 1000.0, lead_ms > 0 ? "ahead of" : "behind");
}

static char *
describe (UsWarning warning, const UsWarningFacts *facts) {
  const UsTruthNumbers *numbers = &facts->numbers;
  switch (warning) {
  case US_WARNING_KEYFRAME_INTERVAL:
    return g_strdup_printf ("key frames are up to %.1f s apart, longer than a segment of %.3g s",
                            (double)numbers->gop_longest_ms / 1000.0,
                            facts->segment_duration_ms / 1000.0);
  case US_WARNING_FRAME_RATE:
    return g_strdup_printf ("the frame rate varies: %.0f %% of the distances between pictures are "
                            "uneven, %.2f pictures a second on average",
                            numbers->uneven_ratio * 100, numbers->fps);
  case US_WARNING_FRAMES_MISSING:
    return g_strdup_printf (
        "%.1f %% of the pictures of the last ten seconds are missing, of %.4g a "
        "second: the encoder leaves them out",
        numbers->missing_ratio * 100, numbers->constant_fps);
  case US_WARNING_AUDIO_MISSING:
    return g_strdup ("the encoder sends no audio");
  case US_WARNING_AUDIO_STOPPED:
    return g_strdup_printf ("audio stopped %" G_GINT64_FORMAT " s ago, video goes on",
                            numbers->audio_silent_ms / 1000);
  case US_WARNING_VIDEO_MISSING:
    return g_strdup ("the encoder sends no video");
  case US_WARNING_VIDEO_STOPPED:
    return g_strdup_printf ("video stopped %" G_GINT64_FORMAT " s ago, audio goes on",
                            numbers->video_silent_ms / 1000);
  case US_WARNING_TIMESTAMPS_JUMP:
    return g_strdup_printf ("time stamps jumped by %+.3f s", (double)numbers->jump_ms / 1000.0);
  case US_WARNING_ENCODER_SLOW:
    return g_strdup_printf ("the encoder cannot keep up: it sends %.2f s of stream in a second",
                            numbers->media_rate);
  case US_WARNING_FASTER:
    return g_strdup_printf ("the stream comes faster than real time: %.2f s of it in a second",
                            numbers->media_rate);
  case US_WARNING_LINK:
    return describe_link (facts);
  case US_WARNING_CLOCK_DRIFT:
    return g_strdup_printf ("the encoder's clock is %.2f %% %s", fabs (numbers->drift_ppm) / 1e4,
                            numbers->drift_ppm > 0 ? "fast" : "slow");
  case US_WARNING_TRACKS_APART:
    return describe_lead (numbers->audio_lead_ms);
  case US_WARNING_OPEN_GOP:
    return g_strdup ("pictures behind a key frame need the one before it (open GOP)");
  case US_WARNING_MULTITRACK:
    return g_strdup ("the encoder sends more than one track of a kind; only track 0 is used");
  case US_WARNING_CODEC:
    return g_strdup_printf ("the %s codec %s cannot be packaged and is left out",
                            facts->unsupported_video != NULL ? "video" : "audio",
                            facts->unsupported_video != NULL ? facts->unsupported_video
                                                             : facts->unsupported_audio);
  case US_WARNING_CONFIG:
    return g_strdup_printf ("%s comes without a codec configuration that can be read, and is left "
                            "out",
                            facts->is_video_unusable ? "video" : "audio");
  case US_N_WARNINGS:
  default:
    return g_strdup ("");
  }
}

static char *
advise (UsWarning warning, const UsWarningFacts *facts) {
  switch (warning) {
  case US_WARNING_KEYFRAME_INTERVAL:
    return g_strdup_printf ("set the encoder's key-frame interval to %.3g s",
                            facts->segment_duration_ms / 1000.0);
  case US_WARNING_FRAME_RATE:
    return g_strdup ("set a constant frame rate; if it is set, lower the encoder's load");
  case US_WARNING_FRAMES_MISSING:
    return g_strdup ("lower the encoder's load, or its bit rate if it reports congestion");
  case US_WARNING_AUDIO_MISSING:
    return g_strdup ("add an audio track, a silent one if need be: some players want one");
  case US_WARNING_AUDIO_STOPPED:
    return g_strdup ("look at the encoder's audio source");
  case US_WARNING_VIDEO_MISSING:
    return g_strdup ("look at the encoder's video source, unless this is to be sound alone");
  case US_WARNING_VIDEO_STOPPED:
    return g_strdup ("look at the encoder's video source and at its load");
  case US_WARNING_TIMESTAMPS_JUMP:
    return g_strdup ("look for a source that was changed or started again, or a stepped clock, at "
                     "the encoder");
  case US_WARNING_ENCODER_SLOW:
    return g_strdup ("lower resolution, frame rate or preset; if the encoder reports congestion, "
                     "lower the bit rate");
  case US_WARNING_FASTER:
    return g_strdup ("send in real time (ffmpeg: -re)");
  case US_WARNING_LINK:
    return g_strdup ("lower the bit rate, or use a wired or better line");
  case US_WARNING_CLOCK_DRIFT:
    return g_strdup ("let the encoder take time from the system clock, and set that by NTP");
  case US_WARNING_TRACKS_APART:
    return g_strdup ("set the audio offset of the encoder's source, or start it again");
  case US_WARNING_OPEN_GOP:
    return g_strdup ("set closed GOPs (x264: open-gop=0)");
  case US_WARNING_MULTITRACK:
    return g_strdup ("send one track, or each under a stream name of its own");
  case US_WARNING_CODEC:
    return g_strdup (facts->unsupported_video != NULL
                         ? "set the encoder to H.264 or HEVC"
                         : "set the encoder to AAC, MP3, Opus, AC-3 or E-AC-3");
  case US_WARNING_CONFIG:
    return g_strdup (facts->is_video_unusable
                         ? "start the encoder again, or set its video codec anew"
                         : "start the encoder again, or set its audio to stereo");
  case US_N_WARNINGS:
  default:
    return g_strdup ("");
  }
}

/* -------------------------------------------------------------------------------------- states */

static void
put_down (UsWarningState *state) {
  g_free (state->text);
  g_free (state->remedy);
  *state = (UsWarningState){ 0 };
}

/* Returns: whether @is_true has lasted long enough to change the state */
static gboolean
has_lasted (UsWarningState *state, gboolean is_true, gint64 hold_ms, gint64 now_us) {
  if (is_true == state->is_active) {
    state->differs_us = 0;
    return FALSE;
  }
  if (state->differs_us == 0)
    state->differs_us = MAX (now_us, 1);
  return now_us - state->differs_us >= hold_ms * 1000;
}

static void
write_down (UsWarningState *state, UsWarning warning, const UsWarningFacts *facts) {
  g_free (state->text);
  g_free (state->remedy);
  state->text = describe (warning, facts);
  state->remedy = advise (warning, facts);
}

/* -------------------------------------------------------------------------------------- public */

/**
 * us_warning_to_string:
 * @warning: a warning
 *
 * Returns: (transfer none): its id in status, metrics and log
 */
const char *
us_warning_to_string (UsWarning warning) {
  g_return_val_if_fail (warning < US_N_WARNINGS, "unknown");
  return warnings_table[warning].id;
}

/**
 * us_warning_is_severe:
 * @warning: a warning
 *
 * Returns: whether viewers notice, or will soon
 */
gboolean
us_warning_is_severe (UsWarning warning) {
  g_return_val_if_fail (warning < US_N_WARNINGS, FALSE);
  return warnings_table[warning].is_severe;
}

/**
 * us_warnings_step:
 * @warnings: (inout): what is told
 * @facts: what is known now
 * @now_us: now, monotonic
 * @wall_ms: now, Unix time
 *
 * To be called about once a second while the stream has a publisher.
 *
 * Returns: which warnings began and which ended. Those that ended have no text any more
 */
UsWarningChanges
us_warnings_step (UsWarnings *warnings, const UsWarningFacts *facts, gint64 now_us,
                  gint64 wall_ms) {
  UsWarningChanges changes = { 0 };
  for (UsWarning each = 0; each < US_N_WARNINGS; each++) {
    UsWarningState *state = &warnings->states[each];
    gboolean is_true = holds (each, state->is_active, facts, now_us);
    gint64 hold_ms = state->is_active ? warnings_table[each].end_ms : warnings_table[each].begin_ms;
    if (has_lasted (state, is_true, hold_ms, now_us)) {
      if (state->is_active) {
        put_down (state);
        changes.ended |= 1u << each;
        continue;
      }
      *state = (UsWarningState){ .is_active = TRUE, .since_ms = wall_ms };
      changes.began |= 1u << each;
    }
    if (state->is_active && is_true)
      write_down (state, each, facts);
  }
  return changes;
}

/**
 * us_warnings_end:
 * @warnings: (inout): what is told; nothing any more
 *
 * Returns: which ones ended
 */
UsWarningChanges
us_warnings_end (UsWarnings *warnings) {
  UsWarningChanges changes = { 0 };
  for (UsWarning each = 0; each < US_N_WARNINGS; each++) {
    changes.ended |= warnings->states[each].is_active ? 1u << each : 0;
    put_down (&warnings->states[each]);
  }
  return changes;
}

/**
 * us_warnings_count:
 * @warnings: what is told
 *
 * Returns: how many
 */
guint
us_warnings_count (const UsWarnings *warnings) {
  guint n = 0;
  for (UsWarning each = 0; each < US_N_WARNINGS; each++)
    n += warnings->states[each].is_active;
  return n;
}

/**
 * us_warnings_clear:
 * @warnings: frees the texts
 */
void
us_warnings_clear (UsWarnings *warnings) {
  (void)us_warnings_end (warnings);
}
