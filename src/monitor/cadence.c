/* cadence.c - how often a playlist is asked for
 *
 * Pure. As a player does (RFC 8216 6.3.4): a target duration after a change, half of one after
 * none. One that fails is asked more and more seldom, but never so seldom that its recovery would
 * be seen late. Up to a tenth is added, the same for one playlist at all times, so that many
 * playlists of one origin do not fall into step.
 */
#include "monitor/cadence.h"

#define UNKNOWN_TARGET_S 2
#define MIN_TARGET_S 1
#define MAX_TARGET_S 60 /* who announces more is asked every minute all the same */
#define JITTER 0.1
#define SLOWEST_FAILED_US (5 * G_USEC_PER_SEC)
#define MIN_EVALUATION_US (G_USEC_PER_SEC / 2)
#define MAX_EVALUATION_US (5 * G_USEC_PER_SEC)
#define MIN_DEADLINE_MS 2000
#define SEGMENT_DEADLINE 3 /* durations: by then a player's buffer is empty */
#define MIN_SEGMENT_DEADLINE_MS 1000
#define MAX_SEGMENT_DEADLINE_MS 60000

static gint64
target_us (guint target_duration_s) {
  guint target_s = target_duration_s > 0 ? target_duration_s : UNKNOWN_TARGET_S;
  return (gint64)CLAMP (target_s, MIN_TARGET_S, MAX_TARGET_S) * G_USEC_PER_SEC;
}

static gint64
with_jitter (gint64 interval_us, double jitter) {
  return interval_us + (gint64)((double)interval_us * JITTER * CLAMP (jitter, 0.0, 1.0));
}

/* Half a target duration, a whole one, two ... */
static gint64
backoff_us (gint64 target, guint n_failed) {
  gint64 most_us = MAX (target, SLOWEST_FAILED_US);
  gint64 wait_us = target / 2;
  for (guint i = 1; i < n_failed && wait_us < most_us; i++)
    wait_us *= 2;
  return MIN (wait_us, most_us);
}

/**
 * us_cadence_interval_us:
 *
 * Returns: from the begin of one poll to that of the next
 */
gint64
us_cadence_interval_us (const UsCadenceFacts *facts) {
  gint64 target = target_us (facts->target_duration_s);
  if (facts->n_failed > 0)
    return with_jitter (backoff_us (target, facts->n_failed), facts->jitter);
  if (facts->is_ended)
    return with_jitter (MAX (target, SLOWEST_FAILED_US), facts->jitter);
  return with_jitter (facts->has_changed ? target : target / 2, facts->jitter);
}

/**
 * us_cadence_root_us:
 *
 * Returns: the same for a multivariant playlist, which tells nothing about the live edge
 */
gint64
us_cadence_root_us (guint n_failed, double jitter) {
  gint64 wait_us = n_failed > 0 ? backoff_us (target_us (0), n_failed) : US_CADENCE_ROOT_US;
  return with_jitter (wait_us, jitter);
}

/**
 * us_cadence_evaluation_us:
 *
 * Returns: how often a stream is judged, whether anything came of it or not
 */
gint64
us_cadence_evaluation_us (guint target_duration_s) {
  return CLAMP (target_us (target_duration_s) / 2, MIN_EVALUATION_US, MAX_EVALUATION_US);
}

/**
 * us_cadence_deadline_ms:
 * @most_ms: by setting
 *
 * Returns: how long a playlist may take
 */
guint
us_cadence_deadline_ms (guint target_duration_s, guint most_ms) {
  gint64 wanted_ms = 3 * target_us (target_duration_s) / 1000;
  return (guint)CLAMP (wanted_ms, MIN (MIN_DEADLINE_MS, most_ms), most_ms);
}

/**
 * us_cadence_segment_deadline_ms:
 * @duration_us: EXTINF
 *
 * Returns: how long a segment may take
 */
guint
us_cadence_segment_deadline_ms (gint64 duration_us) {
  gint64 most_us = (gint64)MAX_SEGMENT_DEADLINE_MS * 1000;
  gint64 wanted_us = CLAMP (duration_us, 0, most_us) * SEGMENT_DEADLINE;
  return (guint)CLAMP (wanted_us / 1000, MIN_SEGMENT_DEADLINE_MS, MAX_SEGMENT_DEADLINE_MS);
}

/**
 * us_cadence_jitter:
 * @id: of a stream
 * @index: of one of its playlists
 *
 * Returns: a number from 0 to below 1, the same at every start (FNV-1a, mixed)
 */
double
us_cadence_jitter (const char *id, guint index) {
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);
  for (const char *p = id; *p != '\0'; p++)
    hash = (hash ^ (guint8)*p) * G_GUINT64_CONSTANT (0x100000001b3);
  hash = (hash ^ index) * G_GUINT64_CONSTANT (0x100000001b3);
  hash ^= hash >> 32;
  hash *= G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return (double)(hash >> 11) / 9007199254740992.0; /* 2^53 */
}
