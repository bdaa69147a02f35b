/* punctual.c - how far a publisher's newest picture is behind the place where it should be; pure
 *
 * Owned by an intake (intake.c). Silence and an uplink that is too thin are the same to viewers:
 * the newest picture is not where it should be by now. So there is one measure for both: arrival
 * minus media time, against the smallest that it was in the last half minute. That window forgets,
 * so the drift of an encoder's crystal never looks like lateness.
 *
 * What is usual differs: some senders hand over whole seconds at once. Their distance of frames is
 * averaged weighted by itself, sum (d^2) / sum (d): what somebody who looks at a random moment
 * finds himself in. One stall in a steady stream hardly moves it.
 */
#include "ingest/punctual.h"

static gint64
distance_ms (gint64 now_us, gint64 then_us) {
  return (now_us - then_us) / 1000;
}

static void
start (UsPunctual *punctual, guint32 raw_ms, gint64 now_us) {
  *punctual = (UsPunctual){
    .is_started = TRUE,
    .raw = raw_ms,
    .media_ms = raw_ms,
    .newest_ms = raw_ms,
    .last_us = now_us,
    .steady_us = now_us,
    .best_ms = now_us / 1000 - (gint64)raw_ms,
    .last_best_ms = G_MAXINT64,
    .window_us = now_us,
  };
}

static void
note_interval (UsPunctual *punctual, gint64 interval_ms) {
  double interval = (double)CLAMP (interval_ms, 0, US_PUNCTUAL_TAU_MS);
  double kept = 1.0 - interval / US_PUNCTUAL_TAU_MS;
  punctual->weight_ms = punctual->weight_ms * kept + interval;
  punctual->weighted_ms2 = punctual->weighted_ms2 * kept + interval * interval;
}

static void
note_best (UsPunctual *punctual, gint64 now_us) {
  gint64 offset_ms = now_us / 1000 - punctual->media_ms;
  if (distance_ms (now_us, punctual->window_us) >= US_PUNCTUAL_WINDOW_MS) {
    punctual->last_best_ms = punctual->best_ms;
    punctual->best_ms = offset_ms;
    punctual->window_us = now_us;
  }
  punctual->best_ms = MIN (punctual->best_ms, offset_ms);
}

/**
 * us_punctual_push:
 * @punctual: the publisher's measure
 * @raw_ms: a frame's time stamp as on the wire, of always the same track
 * @now_us: when it came
 * @limit_ms: setting, see us_punctual_get_limit_ms()
 *
 * Notes a frame.
 */
void
us_punctual_push (UsPunctual *punctual, guint32 raw_ms, gint64 now_us, gint64 limit_ms) {
  if (!punctual->is_started) {
    start (punctual, raw_ms, now_us);
    return;
  }
  gint64 interval_ms = distance_ms (now_us, punctual->last_us);
  gint64 step_ms = (gint32)(raw_ms - punctual->raw);
  if (step_ms < -US_PUNCTUAL_JUMP_MS || step_ms - interval_ms > US_PUNCTUAL_JUMP_MS) {
    start (punctual, raw_ms, now_us);
    return;
  }
  if (us_punctual_get_behind_ms (punctual, now_us) > us_punctual_get_limit_ms (punctual, limit_ms))
    punctual->steady_us = now_us;
  punctual->raw = raw_ms;
  punctual->media_ms += step_ms;
  punctual->newest_ms = MAX (punctual->newest_ms, punctual->media_ms);
  punctual->last_us = now_us;
  note_interval (punctual, interval_ms);
  note_best (punctual, now_us);
}

/**
 * us_punctual_get_behind_ms:
 * @punctual: the measure
 * @now_us: now
 *
 * Returns: by how much the newest frame is older than the best that this publisher does; grows
 *   during silence. 0 before the first frame
 */
gint64
us_punctual_get_behind_ms (const UsPunctual *punctual, gint64 now_us) {
  if (!punctual->is_started)
    return 0;
  gint64 best_ms = MIN (punctual->best_ms, punctual->last_best_ms);
  return MAX (now_us / 1000 - punctual->newest_ms - best_ms, 0);
}

/**
 * us_punctual_get_silent_ms:
 * @punctual: the measure
 * @now_us: now
 *
 * Returns: since the last frame; 0 before the first
 */
gint64
us_punctual_get_silent_ms (const UsPunctual *punctual, gint64 now_us) {
  return punctual->is_started ? distance_ms (now_us, punctual->last_us) : 0;
}

/**
 * us_punctual_get_interval_ms:
 * @punctual: the measure
 *
 * Returns: the usual distance of its frames, or of the bursts in which it sends them
 */
gint64
us_punctual_get_interval_ms (const UsPunctual *punctual) {
  return punctual->weight_ms > 0 ? (gint64)(punctual->weighted_ms2 / punctual->weight_ms) : 0;
}

/**
 * us_punctual_get_limit_ms:
 * @punctual: the measure
 * @limit_ms: setting
 *
 * Returns: how far behind this publisher may be: the setting, or more for one that sends in bursts
 */
gint64
us_punctual_get_limit_ms (const UsPunctual *punctual, gint64 limit_ms) {
  return MAX (limit_ms, US_PUNCTUAL_INTERVALS * us_punctual_get_interval_ms (punctual));
}

/**
 * us_punctual_get_steady_ms:
 * @punctual: the measure
 * @now_us: now
 * @limit_ms: setting
 *
 * Returns: for how long it has been within its limit without a break
 */
gint64
us_punctual_get_steady_ms (const UsPunctual *punctual, gint64 now_us, gint64 limit_ms) {
  if (!punctual->is_started
      || us_punctual_get_behind_ms (punctual, now_us)
             > us_punctual_get_limit_ms (punctual, limit_ms))
    return 0;
  return distance_ms (now_us, punctual->steady_us);
}
