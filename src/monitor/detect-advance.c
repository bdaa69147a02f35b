/* detect-advance.c - does the playlist go on, at the pace and the distance it should?
 *
 * Pure. RFC 8216 6.2.1: a new segment appears at most 1.5 target durations after the one before;
 * players give up at about 3.5 (media3). Both are seen one poll late at worst. Only what was looked
 * at is judged: while the playlist cannot be had, that is the fault, and nobody knows whether it
 * would have gone on.
 */
#include "monitor/detect.h"

#include <math.h>

#define STALE_DEGRADED 1.5
#define STALE_UNHEALTHY 3.5
#define STALE_UNHEALTHY_LEAST_S 10.0
/* Segments that are longer than announced have a finding of their own; believed so far. */
#define BELIEVED_TARGETS 3.0
/* Live latency over its baseline, in target durations. */
#define LATENCY_DEGRADED 2
#define LATENCY_UNHEALTHY 5
/* Media per time. */
#define RATE_DEGRADED 0.97
#define RATE_UNHEALTHY 0.85
#define RATE_FAST 1.05
#define RATE_LEAST_S 90.0 /* of the window of 120 s */

const UsCheck us_detect_advance_checks[]
    = { US_CHECK_STALE, US_CHECK_ENDLIST, US_CHECK_LATENCY, US_CHECK_PRODUCTION_RATE, US_N_CHECKS };

static double
longest_segment_s (const UsPlaylist *playlist) {
  gint64 longest_us = 0;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    longest_us = MAX (longest_us, segment->duration_us);
  }
  return (double)longest_us / G_USEC_PER_SEC;
}

static double
window_s (const UsPlaylist *playlist) {
  double sum_us = 0;
  for (guint i = 0; i < playlist->segments->len; i++)
    sum_us += ((const UsPlaylistSegment *)g_ptr_array_index (playlist->segments, i))->duration_us;
  return sum_us / G_USEC_PER_SEC;
}

/* By which it is to be judged: the announced one, or what its segments really are. */
static double
pace_s (const UsRenditionFacts *facts) {
  double target_s = facts->target_duration_s;
  return CLAMP (longest_segment_s (facts->playlist), target_s, target_s * BELIEVED_TARGETS);
}

/* For how long the newest segment is known to have been the newest. */
static double
age_s (const UsRenditionFacts *facts) {
  gint64 first_us = facts->first_good_us > 0 ? facts->first_good_us : facts->begun_us;
  gint64 from_us = facts->advanced_us > 0 ? facts->advanced_us : first_us;
  gint64 seen_us
      = facts->n_failed > 0 ? facts->good_us : MIN (facts->now_us, facts->good_us + facts->poll_us);
  return (double)MAX (seen_us - from_us, 0) / G_USEC_PER_SEC;
}

/* Returns: whether it stands still, so that nothing more need be said of its pace. */
static gboolean
judge_stale (const UsRenditionFacts *facts, UsHits *hits) {
  double target_s = pace_s (facts), poll_s = (double)facts->poll_us / G_USEC_PER_SEC;
  double age = age_s (facts), expected_s = STALE_DEGRADED * target_s;
  double degraded_s = expected_s + poll_s;
  double unhealthy_s = MAX (MAX (STALE_UNHEALTHY * target_s, STALE_UNHEALTHY_LEAST_S), degraded_s);
  if (age <= degraded_s)
    return FALSE;
  us_hits_add (hits, US_CHECK_STALE,
               age > unhealthy_s ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED, age, expected_s,
               "no new segment for %.1f s, expected within %.1f s", age, expected_s);
  return TRUE;
}

/* A recording that was complete when it was first seen is no live stream that ended. */
static void
judge_end (const UsRenditionFacts *facts, UsHits *hits) {
  double limit_s = MAX (STALE_UNHEALTHY * pace_s (facts), STALE_UNHEALTHY_LEAST_S);
  if (facts->advanced_us == 0) {
    us_hits_add (hits, US_CHECK_ENDLIST, US_SEVERITY_INFO, NAN, NAN,
                 "the playlist is complete: a recording, not a live stream");
    return;
  }
  double since_s = (double)MAX (facts->now_us - facts->advanced_us, 0) / G_USEC_PER_SEC;
  us_hits_add (hits, US_CHECK_ENDLIST,
               since_s > limit_s ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED, since_s, limit_s,
               "the live playlist says that it has ended, its last segment came %.1f s ago",
               since_s);
}

static void
judge_latency (const UsRenditionFacts *facts, UsHits *hits) {
  double more_s = facts->latency_s - facts->base_latency_s, target_s = pace_s (facts);
  if (isnan (more_s) || more_s <= LATENCY_DEGRADED * target_s)
    return;
  us_hits_add (hits, US_CHECK_LATENCY,
               more_s > LATENCY_UNHEALTHY * target_s ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED,
               facts->latency_s, facts->base_latency_s + LATENCY_DEGRADED * target_s,
               "the live edge is %.1f s behind the clock, %.1f s are usual here", facts->latency_s,
               facts->base_latency_s);
}

/* Segments come whole and are seen at polls: one of each may be missing or too many. Who looks more
 * seldom than the window is long does not see all that is made. */
static void
judge_rate (const UsRenditionFacts *facts, UsHits *hits) {
  double over_s = facts->produced_over_s, media_s = facts->produced_s;
  double slack_s = (double)facts->poll_us / G_USEC_PER_SEC + pace_s (facts);
  if (over_s < RATE_LEAST_S || slack_s > window_s (facts->playlist) + pace_s (facts))
    return;
  UsSeverity severity;
  if (media_s + slack_s < RATE_UNHEALTHY * over_s)
    severity = US_SEVERITY_UNHEALTHY;
  else if (media_s + slack_s < RATE_DEGRADED * over_s || media_s - slack_s > RATE_FAST * over_s)
    severity = US_SEVERITY_DEGRADED;
  else
    return;
  us_hits_add (hits, US_CHECK_PRODUCTION_RATE, severity, media_s / over_s,
               media_s < over_s ? RATE_DEGRADED : RATE_FAST, "%.1f s of media appeared in %.1f s",
               media_s, over_s);
}

/**
 * us_detect_advance:
 *
 * While polls fail, only what was seen before the first of them is judged.
 */
void
us_detect_advance (const UsRenditionFacts *facts, UsHits *hits) {
  if (facts->playlist == NULL || facts->good_us == 0 || facts->target_duration_s == 0)
    return;
  if (facts->playlist->is_ended) {
    judge_end (facts, hits);
    return;
  }
  if (judge_stale (facts, hits) || facts->n_failed > 0)
    return;
  judge_latency (facts, hits);
  judge_rate (facts, hits);
}
