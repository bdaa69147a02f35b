/* content-state.c - what is known of the picture and sound of one rendition, and what to look at
 *
 * Pure. Decoding every picture of every stream costs a hundred times as much as reading sizes of
 * frames, so it is done on suspicion, and a look at a key frame by routine:
 *
 *   sizes         frames that hold nothing new are tiny, as is silence: a reason to decode, never
 *                 more, since filler and captions hide it and a low bit rate looks like it
 *   key frames    from time to time: black, silent, and whether the picture is the one of last
 * time, which is a reason to decode all all frames    only these tell a still picture from little
 * movement
 *
 * Once something is wrong every segment is looked at, so that its end is seen as soon as its
 * beginning; after a while less often, unless the sizes say that it is over. A suspicion that was
 * wrong waits longer each time. Ages are media time: what was confirmed, no more.
 */
#include "monitor/content-state.h"

#include <math.h>
#include <string.h>

#include "monitor/measure.h"

#define SECOND ((gint64)G_USEC_PER_SEC)
/* Bytes of a coded frame without anything new: measured 41 to 48 at 1280 x 720, or 242 at the
 * median and 1111 at nine tenths with a bit rate to fill; the cheapest moving picture had 353 at
 * the median; a macroblock that is skipped costs a fraction of a bit. The median alone would
 * suspect a zone plate: 105, and 44000. Digital silence in AAC: 13. */
#define TINY_DELTA 160
#define TINY_DELTA_PER_MACROBLOCK 0.0625
#define TINY_AUDIO 24
#define LARGE 8 /* times tiny */
#define LEAST_DELTAS 5
#define LEAST_FRAMES 10
/* A run of a second is worth the next decode. */
#define STANDING_S 1.0
/* Every segment at first, then seldom. */
#define CLOSE_S 30.0
#define SELDOM_US (6 * SECOND)
/* A wrong suspicion: first pause, doubled each time up to the last. */
#define REFUTED_US (10 * SECOND)
#define REFUTED_MAX_US (60 * SECOND)
/* What cannot be decoded. */
#define FAILED_US (10 * SECOND)
#define FAILED_MAX_US (300 * SECOND)
#define FAILED_UNKNOWN 3 /* in a row: nothing is known any more */
#define TIMEOUT_ALL_US (120 * SECOND)
/* Signatures of the same picture, coded anew; measured 0.001 to 0.015 between whole pictures. */
#define ALIKE 0.02
/* Results further apart than that do not continue one another. */
#define MAX_UNSEEN_S 60.0
/* What may be missing at the edges of a segment that is black or silent all through. */
#define EDGE_S 0.15
#define DEAD_DB (-60.0)
#define ALIVE_DB (-50.0)
#define DEAD_RESULTS 2
#define MAX_SKIPPED 30 /* numbers that a gap may count for */

/**
 * us_content_hint:
 * @hint: (out caller-allocates)
 */
void
us_content_hint (UsContentHint *hint, const UsInspection *media) {
  guint macroblocks = ((media->width + 15) / 16) * ((media->height + 15) / 16);
  guint limit = TINY_DELTA + (guint)(macroblocks * TINY_DELTA_PER_MACROBLOCK);
  gboolean has_deltas = media->delta.n >= LEAST_DELTAS;
  gboolean has_frames = media->audio.n >= LEAST_FRAMES;
  hint->is_picture_tiny
      = has_deltas && media->delta.p50 <= limit && media->delta.p90 <= LARGE * limit;
  hint->is_picture_large = has_deltas && media->delta.p90 > LARGE * limit;
  hint->is_sound_tiny = has_frames && media->audio.p90 <= TINY_AUDIO;
  hint->is_sound_large = has_frames && media->audio.p50 > LARGE * TINY_AUDIO;
}

void
us_content_state_init (UsContentState *state) {
  memset (state, 0, sizeof *state);
  state->black.since_s = state->frozen.since_s = state->silent.since_s = NAN;
  state->luma = state->luma_variance = state->audio_rms_db = NAN;
}

static double
run_length (const UsContentRun *run) {
  return run->is_known && !isnan (run->since_s) ? run->until_s - run->since_s : 0;
}

static gboolean
is_standing (const UsContentRun *run) {
  return run_length (run) >= STANDING_S;
}

/**
 * us_content_state_is_suspect:
 *
 * Returns: whether something is wrong now: then other renditions may be looked at as well
 */
gboolean
us_content_state_is_suspect (const UsContentState *state) {
  return is_standing (&state->black) || is_standing (&state->frozen)
         || is_standing (&state->silent);
}

/* ---- what to look at ---- */

/* Whether a fault that stands is to be looked at again. @is_over: the sizes say that it ended */
static gboolean
is_due (const UsContentState *state, const UsContentRun *run, gboolean is_over, gint64 now_us) {
  return is_standing (run)
         && (run_length (run) < CLOSE_S || is_over || now_us - state->checked_us >= SELDOM_US);
}

static void
choose (const UsContentState *state, const UsContentHint *hint, gboolean has_video,
        gboolean is_turn, gint64 now_us, UsContentAim *aim) {
  gboolean is_black = is_standing (&state->black), is_frozen = is_standing (&state->frozen);
  gboolean may_suspect = now_us >= state->all_not_before_us;
  gboolean wants_all
      = has_video && !is_black
        && (is_frozen ? is_due (state, &state->frozen, hint->is_picture_large, now_us)
                      : may_suspect && (hint->is_picture_tiny || state->is_alike));
  gboolean wants_keys = is_due (state, &state->black, hint->is_picture_large, now_us)
                        || is_due (state, &state->silent, hint->is_sound_large, now_us)
                        || (hint->is_sound_tiny && !is_standing (&state->silent));
  aim->is_wanted = wants_all || wants_keys || is_turn;
  aim->kind = wants_all ? US_DECODE_ALL : US_DECODE_KEYS;
  aim->priority = wants_all || wants_keys ? US_DECODE_WANTED : US_DECODE_ROUTINE;
}

/**
 * us_content_state_push:
 * @segment: has an inspection
 * @aim: (out caller-allocates)
 */
void
us_content_state_push (UsContentState *state, const UsSegmentSeen *segment, gboolean is_turn,
                       UsContentAim *aim) {
  double duration_s = (double)segment->duration_us / G_USEC_PER_SEC;
  gint64 now_us = segment->fetched.ended_us;
  UsContentHint hint;
  memset (aim, 0, sizeof *aim);
  if (state->has_segment && segment->number > state->number + 1)
    state->end_s += duration_s * (double)MIN (segment->number - state->number - 1, MAX_SKIPPED);
  state->has_segment = TRUE;
  state->number = segment->number;
  aim->begin_s = state->end_s;
  aim->end_s = state->end_s += duration_s;
  us_content_hint (&hint, segment->media);
  if (now_us >= state->not_before_us)
    choose (state, &hint, segment->media->probe->has_video, is_turn, now_us, aim);
}

/**
 * us_content_state_begin:
 *
 * The decode that was aimed at is under way.
 */
void
us_content_state_begin (UsContentState *state, gint64 now_us) {
  state->checked_us = now_us;
}

/* ---- what came out ---- */

/* @run_s: how long it has been so at the end of the segment; @whole_s: if all through */
static void
take_run (UsContentRun *run, const UsContentAim *aim, double run_s, double whole_s) {
  gboolean is_all = run_s >= whole_s - EDGE_S;
  gboolean is_near = run->is_known && aim->begin_s - run->until_s <= MAX_UNSEEN_S;
  run->is_known = TRUE;
  if (run_s <= EDGE_S) /* a last frame, or padding: the segments behind it are not known by it */
    run->since_s = NAN;
  else if (!is_all)
    run->since_s = MAX (aim->end_s - run_s, aim->begin_s);
  else if (isnan (run->since_s) || !is_near)
    run->since_s = aim->begin_s;
  run->until_s = aim->end_s;
}

static gint64
pause_for (gint64 first_us, gint64 most_us, guint n) {
  return MIN (first_us << MIN (n, 10), most_us);
}

static void
take_picture (UsContentState *state, const UsContentAim *aim, const UsDecoded *decoded,
              gint64 now_us) {
  double distance
      = state->has_signature ? us_signature_distance (state->signature, decoded->first) : 1;
  gboolean is_alike = distance <= ALIKE;
  state->luma = decoded->luma;
  state->luma_variance = decoded->luma_variance;
  take_run (&state->black, aim, decoded->black_run_s, decoded->video_s);
  if (!is_alike && state->frozen.is_known)
    state->frozen.since_s = NAN; /* another picture: a freeze before it is over */
  if (!isnan (decoded->frozen_run_s)) {
    take_run (&state->frozen, aim, decoded->frozen_run_s, decoded->video_s);
    gboolean is_wrong = !is_standing (&state->frozen) && !is_standing (&state->black);
    if (is_wrong)
      state->all_not_before_us
          = now_us + pause_for (REFUTED_US, REFUTED_MAX_US, MIN (state->n_refuted++, 10));
    else
      state->n_refuted = 0;
    state->is_alike = FALSE;
  } else {
    state->is_alike = state->has_signature && is_alike;
  }
  memcpy (state->signature, decoded->last, sizeof state->signature);
  state->has_signature = TRUE;
}

static void
take_sound (UsContentState *state, const UsContentAim *aim, const UsDecoded *decoded) {
  gboolean is_dead = !isnan (decoded->quiet_rms_db) && decoded->quiet_rms_db <= DEAD_DB
                     && decoded->audio_rms_db >= ALIVE_DB;
  state->audio_rms_db = decoded->audio_rms_db;
  state->n_dead_channel = is_dead ? state->n_dead_channel + 1 : 0;
  take_run (&state->silent, aim, decoded->silent_run_s, decoded->audio_s);
}

/**
 * us_content_state_take:
 * @aim: as us_content_state_push() filled it
 */
void
us_content_state_take (UsContentState *state, const UsContentAim *aim, const UsDecoded *decoded,
                       gint64 now_us) {
  state->n_failed = 0;
  state->not_before_us = 0;
  if (decoded->n_frames > 0)
    take_picture (state, aim, decoded, now_us);
  if (decoded->audio_s > 0)
    take_sound (state, aim, decoded);
}

/**
 * us_content_state_fail:
 * @is_blind: it took too long or there is no decoder: nothing is wrong with the media
 */
void
us_content_state_fail (UsContentState *state, const UsContentAim *aim, gboolean is_blind,
                       gint64 now_us) {
  if (aim->kind == US_DECODE_ALL && is_blind) { /* key frames may still be cheap enough */
    state->all_not_before_us = now_us + TIMEOUT_ALL_US;
    return;
  }
  state->not_before_us = now_us + pause_for (FAILED_US, FAILED_MAX_US, state->n_failed);
  if (++state->n_failed < FAILED_UNKNOWN)
    return;
  state->black = state->frozen = state->silent = (UsContentRun){ .since_s = NAN };
  state->luma = state->luma_variance = state->audio_rms_db = NAN;
  state->has_signature = state->is_alike = FALSE;
  state->n_dead_channel = 0;
}

static double
run_age (const UsContentRun *run) {
  return run->is_known ? run_length (run) : NAN;
}

/**
 * us_content_state_get:
 * @facts: (out caller-allocates)
 */
void
us_content_state_get (const UsContentState *state, UsContentFacts *facts) {
  *facts = (UsContentFacts){
    .black_s = run_age (&state->black),
    .frozen_s = run_age (&state->frozen),
    .silent_s = run_age (&state->silent),
    .luma = state->luma,
    .luma_variance = state->luma_variance,
    .audio_rms_db = state->audio_rms_db,
    .is_dead_channel = state->n_dead_channel >= DEAD_RESULTS,
  };
}
