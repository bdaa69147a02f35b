/* truth-watch.c - gathers the facts of a publisher once a second, and tells what is wrong with them
 *
 * Owned by a stream, in its main loop, on its timer. Another publisher starts anew: its line and
 * its tracks are others. What truth.c measures and truth-warning.c judges is put together here, and
 * the log hears of every warning that begins or ends.
 */
#define US_LOG_TOPIC "ingest.truth"
#include "ingest/truth-watch.h"

#include "base/log.h"
#include "base/names.h"

#define LINE_S US_TRUTH_SHORT_S
#define FRESH                                                                                      \
  3 /* changes in LINE_S looks: the receiving half measures, and does not only remember */

struct UsTruthWatch {
  char *stream;
  const UsClock *clock;
  gint64 since_us; /* of the publisher that is looked at, 0: nobody */
  gboolean has_numbers;
  UsTruthNumbers numbers;
  gboolean has_line;
  UsRtmpLine line;
  UsRtmpLine lines[LINE_S]; /* of the looks before, a ring */
  guint n_lines, next_line;
  guint64 other_tracks; /* at the publisher's beginning */
  UsWarnings warnings;
};

/**
 * us_truth_watch_new:
 * @stream: its name, for the log
 * @clock: outlives the watch
 *
 * Returns: (transfer full): a watch that has seen nobody
 */
UsTruthWatch *
us_truth_watch_new (const char *stream, const UsClock *clock) {
  UsTruthWatch *watch = g_new0 (UsTruthWatch, 1);
  watch->stream = g_strdup (stream);
  watch->clock = clock;
  return watch;
}

static guint64
count_other_tracks (UsSegmenter *segmenter) {
  return us_segmenter_get_video (segmenter)->dropped[US_DROP_OTHER_TRACK]
         + us_segmenter_get_audio (segmenter)->dropped[US_DROP_OTHER_TRACK];
}

/* Since the oldest look that is kept. */
static void
weigh_line (const UsTruthWatch *watch, UsWarningFacts *facts) {
  if (!watch->has_line)
    return;
  facts->rtt_ms = watch->line.rtt_us / 1000;
  if (watch->n_lines == 0)
    return;
  const UsRtmpLine *oldest = &watch->lines[watch->n_lines < LINE_S ? 0 : watch->next_line];
  guint64 packets = watch->line.packets - oldest->packets;
  facts->disordered = watch->line.packets_disordered - oldest->packets_disordered;
  facts->disorder_ratio = packets > 0 ? (double)facts->disordered / (double)packets : 0;
}

/* A line that gets longer is known to the receiving half alone. */
static void
choose_round_trip (UsTruthWatch *watch) {
  guint n_changes = 0;
  for (guint i = 0; i < watch->n_lines; i++) {
    const UsRtmpLine *one
        = &watch->lines[(watch->next_line + LINE_S - watch->n_lines + i) % LINE_S];
    const UsRtmpLine *next
        = i + 1 < watch->n_lines ? &watch->lines[(one - watch->lines + 1) % LINE_S] : &watch->line;
    n_changes += one->receiver_rtt_us != next->receiver_rtt_us;
  }
  if (n_changes >= FRESH && watch->line.receiver_rtt_us > 0)
    watch->line.rtt_us = watch->line.receiver_rtt_us;
}

static void
keep_line (UsTruthWatch *watch) {
  watch->lines[watch->next_line] = watch->line;
  watch->next_line = (watch->next_line + 1) % LINE_S;
  watch->n_lines = MIN (watch->n_lines + 1, LINE_S);
}

static const char *
unsupported_of (const UsInput *input) {
  return us_input_is_known (input) ? NULL : input->unsupported;
}

/* Silence marks and the like are no frames. */
static gboolean
has_frames (const UsInput *input, gint64 silent_ms) {
  return silent_ms >= 0 || unsupported_of (input) != NULL || us_input_is_unusable (input);
}

static void
collect (const UsTruthWatch *watch, UsSegmenter *segmenter, gint64 now_us, UsWarningFacts *facts) {
  const UsInput *video = us_segmenter_get_video (segmenter);
  const UsInput *audio = us_segmenter_get_audio (segmenter);
  *facts = (UsWarningFacts){
    .numbers = watch->numbers,
    .age_ms = (now_us - watch->since_us) / 1000,
    .segment_duration_ms = us_segmenter_get_duration_ms (segmenter),
    .has_video = has_frames (video, watch->numbers.video_silent_ms),
    .has_audio = has_frames (audio, watch->numbers.audio_silent_ms),
    .is_video_unusable = us_input_is_unusable (video),
    .is_audio_unusable = us_input_is_unusable (audio),
    .unsupported_video = unsupported_of (video),
    .unsupported_audio = unsupported_of (audio),
    .is_leading_bad = video->current.codec == US_CODEC_H264,
    .other_tracks = count_other_tracks (segmenter) - watch->other_tracks,
    .rtt_ms = -1,
  };
  weigh_line (watch, facts);
}

static void
tell (const UsTruthWatch *watch, const UsWarningChanges *changes) {
  for (UsWarning each = 0; each < US_N_WARNINGS; each++) {
    const UsWarningState *state = &watch->warnings.states[each];
    if ((changes->began & 1u << each) != 0)
      us_event (US_LOG_WARNING, US_EVENT_INGEST_WARNING, "%s: %s (%s): %s", watch->stream,
                state->text, us_warning_to_string (each), state->remedy);
    if ((changes->ended & 1u << each) != 0)
      us_event (US_LOG_NOTICE, US_EVENT_INGEST_WARNING_END, "%s: %s is over", watch->stream,
                us_warning_to_string (each));
  }
}

/**
 * us_truth_watch_look:
 * @watch: the watch
 * @segmenter: what the publisher feeds
 * @since_us: when it was accepted: who it is
 * @line: (nullable): its line, as far as the kernel tells
 */
void
us_truth_watch_look (UsTruthWatch *watch, UsSegmenter *segmenter, gint64 since_us,
                     const UsRtmpLine *line) {
  gint64 now_us = us_clock_monotonic_us (watch->clock);
  UsWarningFacts facts;
  if (watch->since_us != since_us) {
    us_truth_watch_end (watch);
    watch->since_us = since_us;
    watch->other_tracks = count_other_tracks (segmenter);
  }
  us_truth_measure (us_segmenter_get_truth (segmenter), now_us, &watch->numbers);
  watch->has_numbers = TRUE;
  watch->has_line = line != NULL;
  if (line != NULL) {
    watch->line = *line;
    choose_round_trip (watch);
  }
  collect (watch, segmenter, now_us, &facts);
  if (line != NULL)
    keep_line (watch);
  UsWarningChanges changes
      = us_warnings_step (&watch->warnings, &facts, now_us, us_clock_wall_us (watch->clock) / 1000);
  tell (watch, &changes);
}

/**
 * us_truth_watch_end:
 * @watch: the watch; the publisher has gone, and its warnings with it
 */
void
us_truth_watch_end (UsTruthWatch *watch) {
  UsWarningChanges changes = us_warnings_end (&watch->warnings);
  tell (watch, &changes);
  watch->since_us = 0;
  watch->has_numbers = watch->has_line = FALSE;
  watch->n_lines = watch->next_line = 0;
}

/**
 * us_truth_watch_report:
 * @watch: the watch
 * @report: (out): what it knows
 */
void
us_truth_watch_report (const UsTruthWatch *watch, UsTruthReport *report) {
  *report = (UsTruthReport){
    .has_numbers = watch->has_numbers,
    .numbers = &watch->numbers,
    .line = watch->has_line ? &watch->line : NULL,
    .warnings = &watch->warnings,
  };
}

/**
 * us_truth_watch_free:
 * @watch: (nullable) (transfer full): the watch
 */
void
us_truth_watch_free (UsTruthWatch *watch) {
  if (watch == NULL)
    return;
  us_warnings_clear (&watch->warnings);
  g_free (watch->stream);
  g_free (watch);
}
