/* truth.c - what a publisher really sends; pure
 *
 * One in each segmenter, fed with every frame before its time stamp is put right: what is measured
 * is the encoder, not what was made of it. Time is the caller's. Memory is fixed (some 12 KiB) and
 * so is the work: a frame costs a few additions, and what needs a loop is done when a second of
 * arrival ends.
 *
 * Punctuality. offset = arrival - media time. It is smallest for the frame that met no delay; the
 * smallest one of US_TRUTH_BASE_S is the base, and how far a frame is above it is its lateness. How
 * the smallest offset of each second moves says how fast media time passes (media_rate), and over
 * minutes how the encoder's clock drifts. Both tracks have a base of their own; their distance says
 * how far apart audio and video are sent.
 *
 * Jump or gap? A step of time stamps that leaves the offset where it was is a gap: the encoder sent
 * nothing, or left pictures out. One that puts media ahead of the base is a jump, and so is any
 * step backwards. After a jump, time is measured anew.
 */
#include "ingest/truth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/timeline.h"

#define N_TRACKS US_TIMELINE_N_TRACKS
#define NO_OFFSET G_MAXINT64
#define SAME_JUMP_US (5 * G_USEC_PER_SEC) /* the other track jumps so much later at most ... */
#define SAME_JUMP_MS 1000                 /* ... by about the same */

/* One second of arrival. */
typedef struct {
  gint64 second; /* which */
  guint64 bytes;
  gint64 span_ms; /* of the @n_intervals distances of pictures that ended in it */
  guint n_intervals, n_missing;
  gint64 longest_gop_ms;
  gint64 best_ms[N_TRACKS]; /* smallest offset, or NO_OFFSET */
} Slot;

typedef struct {
  gboolean is_known;
  guint32 raw;
  gint64 media_ms; /* @raw unwrapped */
  gint64 last_us;
  gint64 base_ms; /* smallest offset of late, or NO_OFFSET */
} Track;

struct UsTruth {
  gint64 begin_us; /* the first frame, 0: none */
  gint64 second;   /* of the newest frame */
  Slot slots[US_TRUTH_SECONDS];
  Track tracks[N_TRACKS];
  guint16 lateness[US_TRUTH_SHORT_S][US_TRUTH_BUCKETS]; /* of slots' seconds, how many frames */

  guint16 intervals_ms[US_TRUTH_INTERVALS];
  guint n_intervals, next_interval;
  double usual_ms; /* the distance that most of them have, 0: not known */
  double uneven_ratio;

  gboolean has_key;
  gint64 key_ms, key_shown_ms; /* decoding and presentation time */
  gint64 gop_ms;
  guint gop_pictures, n_since_key;
  gint32 least_composition_ms, most_composition_ms; /* in the GOP that is open */
  gint64 reorder_ms;
  gint64 leading_us; /* when there was one last, 0: never */

  gint64 jump_ms, jump_us;
  UsTimelineTrack jump_track;

  /* Smallest offset in each US_TRUTH_SHORT_S, of video unless there is none; a ring. */
  struct {
    gint64 at_s;
    gint64 best_ms;
  } drift[US_TRUTH_DRIFT_POINTS];
  guint n_drift, next_drift;

  guint64 jumps_total, late_total, missing_total;
};

/* ------------------------------------------------------------------------------------ seconds */

static Slot *
slot_of (UsTruth *truth, gint64 second) {
  return &truth->slots[second % US_TRUTH_SECONDS];
}

/* Returns: (nullable): %NULL: nothing came in it, or it is too long ago */
static const Slot *
find_slot (const UsTruth *truth, gint64 second) {
  if (second <= 0) /* the machine has just started */
    return NULL;
  const Slot *slot = &truth->slots[second % US_TRUTH_SECONDS];
  return slot->second == second ? slot : NULL;
}

static gint64
base_of (const UsTruth *truth, UsTimelineTrack track) {
  gint64 base_ms = NO_OFFSET;
  for (gint64 second = truth->second - US_TRUTH_BASE_S; second <= truth->second; second++) {
    const Slot *slot = find_slot (truth, second);
    if (slot != NULL)
      base_ms = MIN (base_ms, slot->best_ms[track]);
  }
  return base_ms;
}

static int
compare_intervals (const void *a, const void *b) {
  return *(const guint16 *)a - *(const guint16 *)b;
}

/* The mean of those near the median: time stamps are whole milliseconds, and some encoders round
 * them to ten. */
static void
find_usual_interval (UsTruth *truth) {
  guint16 sorted[US_TRUTH_INTERVALS];
  guint n = truth->n_intervals;
  if (n < US_TRUTH_MIN_INTERVALS)
    return;
  memcpy (sorted, truth->intervals_ms, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare_intervals);
  double median = sorted[n / 2], sum = 0;
  guint n_near = 0, n_uneven = 0;
  for (guint i = 0; i < n; i++) {
    if (fabs (sorted[i] - median) <= 0.4 * median) {
      sum += sorted[i];
      n_near++;
    }
  }
  truth->usual_ms = sum / n_near;
  double tolerance = MAX (2.0, truth->usual_ms / 4);
  for (guint i = 0; i < n; i++)
    n_uneven += fabs (sorted[i] - truth->usual_ms) > tolerance;
  truth->uneven_ratio = (double)n_uneven / n;
}

static void
note_drift (UsTruth *truth) {
  UsTimelineTrack track
      = truth->tracks[US_TIMELINE_VIDEO].is_known ? US_TIMELINE_VIDEO : US_TIMELINE_AUDIO;
  gint64 best_ms = NO_OFFSET, at_s = 0;
  for (gint64 second = truth->second - US_TRUTH_SHORT_S; second < truth->second; second++) {
    const Slot *slot = find_slot (truth, second);
    if (slot == NULL || slot->best_ms[track] >= best_ms)
      continue;
    best_ms = slot->best_ms[track];
    at_s = second;
  }
  if (best_ms == NO_OFFSET)
    return;
  truth->drift[truth->next_drift].at_s = at_s;
  truth->drift[truth->next_drift].best_ms = best_ms;
  truth->next_drift = (truth->next_drift + 1) % US_TRUTH_DRIFT_POINTS;
  truth->n_drift = MIN (truth->n_drift + 1, US_TRUTH_DRIFT_POINTS);
}

/* A second of arrival has ended, or several. */
static void
turn (UsTruth *truth, gint64 second) {
  gint64 from = truth->second;
  truth->second = second;
  if (from != 0 && second / US_TRUTH_SHORT_S != from / US_TRUTH_SHORT_S)
    note_drift (truth);
  gint64 first_s = MAX (from + 1, second - US_TRUTH_SHORT_S + 1);
  for (gint64 each = first_s; each <= second; each++)
    memset (truth->lateness[each % US_TRUTH_SHORT_S], 0, sizeof truth->lateness[0]);
  Slot *slot = slot_of (truth, second);
  *slot = (Slot){ .second = second };
  for (guint i = 0; i < N_TRACKS; i++) {
    slot->best_ms[i] = NO_OFFSET;
    truth->tracks[i].base_ms = base_of (truth, i);
  }
  find_usual_interval (truth);
}

/* ------------------------------------------------------------------------------------- frames */

static guint
bucket_of (gint64 late_ms) {
  return late_ms < 1 ? 0 : MIN (1 + (guint)(4 * log2 ((double)late_ms)), US_TRUTH_BUCKETS - 1);
}

/* Upper bound. */
static gint64
bucket_ms (guint bucket) {
  return bucket == 0 ? 0 : (gint64)ceil (exp2 (bucket / 4.0)) - 1;
}

static void
note_arrival (UsTruth *truth, Slot *slot, UsTimelineTrack track, gint64 offset_ms) {
  Track *of = &truth->tracks[track];
  slot->best_ms[track] = MIN (slot->best_ms[track], offset_ms);
  of->base_ms = MIN (of->base_ms, offset_ms);
  gint64 late_ms = offset_ms - of->base_ms;
  guint16 *count = &truth->lateness[truth->second % US_TRUTH_SHORT_S][bucket_of (late_ms)];
  *count = (guint16)MIN (*count + 1u, G_MAXUINT16);
  truth->late_total += late_ms > US_TRUTH_LATE_MS;
}

static void
forget_time (UsTruth *truth, UsTimelineTrack track) {
  for (guint i = 0; i < US_TRUTH_SECONDS; i++)
    truth->slots[i].best_ms[track] = NO_OFFSET;
  truth->tracks[track].base_ms = NO_OFFSET;
  truth->n_drift = truth->next_drift = 0;
}

/* @step_ms: of the track's time stamps. Both tracks jump with their clock, which is one jump. */
static void
note_jump (UsTruth *truth, UsTimelineTrack track, gint64 step_ms, gint64 arrival_us) {
  gboolean is_same = truth->jump_us != 0 && truth->jump_track != track
                     && arrival_us - truth->jump_us <= SAME_JUMP_US
                     && ABS (step_ms - truth->jump_ms) <= SAME_JUMP_MS;
  forget_time (truth, track);
  if (track == US_TIMELINE_VIDEO)
    truth->has_key = FALSE;
  if (is_same)
    return;
  truth->jumps_total++;
  truth->jump_ms = step_ms;
  truth->jump_us = arrival_us;
  truth->jump_track = track;
}

static gboolean
is_jump (const Track *track, gint64 step_ms, gint64 offset_ms) {
  if (step_ms < -US_TRUTH_BACK_MS)
    return TRUE;
  return step_ms > US_TRUTH_JUMP_MS && track->base_ms != NO_OFFSET
         && offset_ms < track->base_ms - US_TRUTH_JUMP_MS;
}

static void
note_interval (UsTruth *truth, Slot *slot, gint64 step_ms) {
  if (step_ms <= 0)
    return;
  slot->span_ms += step_ms;
  slot->n_intervals++;
  truth->intervals_ms[truth->next_interval] = (guint16)MIN (step_ms, G_MAXUINT16);
  truth->next_interval = (truth->next_interval + 1) % US_TRUTH_INTERVALS;
  truth->n_intervals = MIN (truth->n_intervals + 1, US_TRUTH_INTERVALS);
  if (truth->usual_ms <= 0 || truth->uneven_ratio > US_TRUTH_UNEVEN_RATIO
      || step_ms > US_TRUTH_MAX_GAP_MS)
    return;
  double times = round ((double)step_ms / truth->usual_ms);
  if (times >= 2 && fabs ((double)step_ms - times * truth->usual_ms) <= truth->usual_ms / 4) {
    slot->n_missing += (guint)times - 1;
    truth->missing_total += (guint64)times - 1;
  }
}

static void
note_picture (UsTruth *truth, Slot *slot, const UsTruthFrame *frame, gint64 media_ms) {
  gint64 shown_ms = media_ms + frame->composition_ms;
  if (frame->is_keyframe) {
    if (truth->has_key) {
      truth->gop_ms = media_ms - truth->key_ms;
      truth->gop_pictures = truth->n_since_key;
      truth->reorder_ms = truth->most_composition_ms - truth->least_composition_ms;
      slot->longest_gop_ms = MAX (slot->longest_gop_ms, truth->gop_ms);
    }
    truth->has_key = TRUE;
    truth->key_ms = media_ms;
    truth->key_shown_ms = shown_ms;
    truth->n_since_key = 0;
    truth->least_composition_ms = truth->most_composition_ms = frame->composition_ms;
  } else if (truth->has_key && shown_ms < truth->key_shown_ms) {
    truth->leading_us = frame->arrival_us;
  }
  truth->least_composition_ms = MIN (truth->least_composition_ms, frame->composition_ms);
  truth->most_composition_ms = MAX (truth->most_composition_ms, frame->composition_ms);
  truth->n_since_key++;
}

/* ------------------------------------------------------------------------------------ numbers */

typedef struct {
  guint64 bytes;
  gint64 span_ms;
  guint n_intervals, n_missing;
} Sum;

/* Of the whole seconds before @second. */
static Sum
sum_up (const UsTruth *truth, gint64 second, guint n_seconds) {
  Sum sum = { 0 };
  for (gint64 each = second - n_seconds; each < second; each++) {
    const Slot *slot = find_slot (truth, each);
    if (slot == NULL)
      continue;
    sum.bytes += slot->bytes;
    sum.span_ms += slot->span_ms;
    sum.n_intervals += slot->n_intervals;
    sum.n_missing += slot->n_missing;
  }
  return sum;
}

static void
measure_rates (const UsTruth *truth, gint64 second, UsTruthNumbers *numbers) {
  gint64 first_s = truth->begin_us / G_USEC_PER_SEC;
  guint n_seconds = (guint)CLAMP (second - first_s, 1, US_TRUTH_SHORT_S);
  Sum last = sum_up (truth, second, 1), sum = sum_up (truth, second, n_seconds);
  numbers->bitrate_1s_bps = last.bytes * 8;
  numbers->bitrate_10s_bps = sum.bytes * 8 / n_seconds;
  if (sum.span_ms > 0)
    numbers->fps = sum.n_intervals * 1000.0 / (double)sum.span_ms;
  if (truth->usual_ms > 0)
    numbers->constant_fps = 1000.0 / truth->usual_ms;
  numbers->uneven_ratio = truth->uneven_ratio;
  if (sum.n_intervals > 0)
    numbers->missing_ratio = (double)sum.n_missing / (sum.n_missing + sum.n_intervals);
}

static void
measure_gops (const UsTruth *truth, gint64 second, gint64 now_us, UsTruthNumbers *numbers) {
  numbers->gop_ms = truth->gop_ms;
  numbers->gop_pictures = truth->gop_pictures;
  numbers->reorder_ms = truth->reorder_ms;
  numbers->has_leading
      = truth->leading_us != 0 && now_us - truth->leading_us <= US_TRUTH_SECONDS * G_USEC_PER_SEC;
  if (truth->has_key)
    numbers->gop_longest_ms = truth->tracks[US_TIMELINE_VIDEO].media_ms - truth->key_ms;
  for (gint64 each = second - US_TRUTH_SECONDS + 1; each <= second; each++) {
    const Slot *slot = find_slot (truth, each);
    if (slot != NULL)
      numbers->gop_longest_ms = MAX (numbers->gop_longest_ms, slot->longest_gop_ms);
  }
}

static void
measure_lateness (const UsTruth *truth, gint64 second, UsTruthNumbers *numbers) {
  guint counts[US_TRUTH_BUCKETS] = { 0 }, n = 0, n_so_far = 0;
  for (gint64 each = MAX (second - US_TRUTH_SHORT_S + 1, 0); each <= truth->second; each++) {
    for (guint i = 0; i < US_TRUTH_BUCKETS && find_slot (truth, each) != NULL; i++) {
      counts[i] += truth->lateness[each % US_TRUTH_SHORT_S][i];
      n += truth->lateness[each % US_TRUTH_SHORT_S][i];
    }
  }
  for (guint i = 0; i < US_TRUTH_BUCKETS && n > 0; i++) {
    n_so_far += counts[i];
    if ((guint64)n_so_far * 100 >= (guint64)n * 95) {
      numbers->lateness_p95_ms = bucket_ms (i);
      return;
    }
  }
}

/* By one track, between two whole seconds that are at least half of the window apart. */
static void
measure_pace (const UsTruth *truth, gint64 second, UsTruthNumbers *numbers) {
  for (guint track = 0; track < N_TRACKS && !numbers->has_rate; track++) {
    const Slot *first = NULL, *last = NULL;
    for (gint64 each = second - US_TRUTH_SHORT_S - 1; each < second; each++) {
      const Slot *slot = find_slot (truth, each);
      if (slot == NULL || slot->best_ms[track] == NO_OFFSET)
        continue;
      first = first == NULL ? slot : first;
      last = slot;
    }
    if (last == NULL || last->second - first->second < US_TRUTH_SHORT_S / 2)
      continue;
    double passed_ms = (double)(last->second - first->second) * 1000;
    numbers->has_rate = TRUE;
    numbers->media_rate = 1 - (double)(last->best_ms[track] - first->best_ms[track]) / passed_ms;
  }
}

/* The slope of a straight line through the points (least squares), if there is one: a line that got
 * longer or shorter, or a stall, is a step or a bump, and no drift. */
static void
measure_drift (const UsTruth *truth, UsTruthNumbers *numbers) {
  double n = truth->n_drift, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, sum_yy = 0;
  if (truth->n_drift < US_TRUTH_MIN_DRIFT_POINTS)
    return;
  for (guint i = 0; i < truth->n_drift; i++) {
    double x = (double)(truth->drift[i].at_s - truth->drift[0].at_s) * 1000;
    double y = (double)(truth->drift[i].best_ms - truth->drift[0].best_ms);
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
    sum_yy += y * y;
  }
  double spread = n * sum_xx - sum_x * sum_x, both = n * sum_xy - sum_x * sum_y;
  if (spread <= 0)
    return;
  double slope = both / spread, change_ms = fabs (slope) * n * US_TRUTH_SHORT_S * 1000;
  double off_ms = sqrt (MAX (n * sum_yy - sum_y * sum_y - slope * both, 0)) / n;
  numbers->has_drift = off_ms <= MAX (US_TRUTH_DRIFT_NOISE_MS, change_ms / 10);
  numbers->drift_ppm = -slope * 1e6;
}

static gint64
silent_ms (const Track *track, gint64 now_us) {
  return track->is_known ? MAX (now_us - track->last_us, 0) / 1000 : -1;
}

/* ------------------------------------------------------------------------------------- public */

/**
 * us_truth_new:
 *
 * Returns: (transfer full): a measure that has seen nothing
 */
UsTruth *
us_truth_new (void) {
  UsTruth *truth = g_new0 (UsTruth, 1);
  us_truth_begin (truth);
  return truth;
}

/**
 * us_truth_begin:
 * @truth: the measure
 *
 * Another publish begins: all is forgotten but the totals.
 */
void
us_truth_begin (UsTruth *truth) {
  guint64 jumps = truth->jumps_total, late = truth->late_total, missing = truth->missing_total;
  *truth = (UsTruth){ .jumps_total = jumps, .late_total = late, .missing_total = missing };
  for (guint i = 0; i < N_TRACKS; i++)
    truth->tracks[i].base_ms = NO_OFFSET;
}

/**
 * us_truth_push:
 * @truth: the measure
 * @frame: the next frame, in order of arrival
 */
void
us_truth_push (UsTruth *truth, const UsTruthFrame *frame) {
  UsTimelineTrack which = frame->is_video ? US_TIMELINE_VIDEO : US_TIMELINE_AUDIO;
  Track *track = &truth->tracks[which];
  gint64 second = MAX (frame->arrival_us / G_USEC_PER_SEC, truth->second);
  if (truth->begin_us == 0)
    truth->begin_us = frame->arrival_us;
  if (second != truth->second)
    turn (truth, second);
  Slot *slot = slot_of (truth, second);
  slot->bytes += frame->size;

  gint64 step_ms = track->is_known ? us_timeline_distance (track->raw, frame->time_ms) : 0;
  gint64 media_ms = track->is_known ? track->media_ms + step_ms : frame->time_ms;
  gint64 offset_ms = frame->arrival_us / 1000 - media_ms;
  gboolean has_jumped = track->is_known && is_jump (track, step_ms, offset_ms);
  if (has_jumped)
    note_jump (truth, which, step_ms, frame->arrival_us);
  else if (frame->is_video && track->is_known)
    note_interval (truth, slot, step_ms);
  track->is_known = TRUE;
  track->raw = frame->time_ms;
  track->media_ms = media_ms;
  track->last_us = frame->arrival_us;
  note_arrival (truth, slot, which, offset_ms);
  if (frame->is_video)
    note_picture (truth, slot, frame, media_ms);
}

/**
 * us_truth_measure:
 * @truth: the measure
 * @now_us: now
 * @numbers: (out): what is known of the publisher
 */
void
us_truth_measure (const UsTruth *truth, gint64 now_us, UsTruthNumbers *numbers) {
  const Track *video = &truth->tracks[US_TIMELINE_VIDEO],
              *audio = &truth->tracks[US_TIMELINE_AUDIO];
  gint64 second = now_us / G_USEC_PER_SEC;
  *numbers = (UsTruthNumbers){
    .jumps_total = truth->jumps_total,
    .jump_ms = truth->jump_ms,
    .jump_us = truth->jump_us,
    .late_total = truth->late_total,
    .missing_total = truth->missing_total,
    .has_lead = video->base_ms != NO_OFFSET && audio->base_ms != NO_OFFSET,
    .video_silent_ms = silent_ms (video, now_us),
    .audio_silent_ms = silent_ms (audio, now_us),
  };
  if (truth->begin_us == 0)
    return;
  if (numbers->has_lead)
    numbers->audio_lead_ms = video->base_ms - audio->base_ms;
  measure_rates (truth, second, numbers);
  measure_gops (truth, second, now_us, numbers);
  measure_lateness (truth, second, numbers);
  measure_pace (truth, second, numbers);
  measure_drift (truth, numbers);
}

/**
 * us_truth_free:
 * @truth: (nullable) (transfer full): the measure
 */
void
us_truth_free (UsTruth *truth) {
  g_free (truth);
}
