/* detect-playlist.c - a playlist that comes, but is malformed, too short, or stuck in a break
 *
 * Pure. A playlist that has only begun is short by nature (RFC 8216 6.2.2 speaks of removing), so
 * shortness is judged once more has been produced than is listed.
 */
#include "monitor/detect.h"
#include "monitor/detect-failed.h"

#include <math.h>

#include "base/text.h"

#define LEAST_TARGET_DURATIONS 3 /* RFC 8216 6.2.2 */
/* Fewer than three of its own segments: a player has nothing left when one is late. */
#define LEAST_SEGMENTS 2.7
/* A break may be a little longer than announced; one without an announcement is long at last. */
#define BREAK_LATE_S 10.0
#define BREAK_LONGEST_S (15 * 60.0)

const UsCheck us_detect_playlist_checks[]
    = { US_CHECK_PARSE_ERROR, US_CHECK_SHORT_WINDOW, US_CHECK_CUE_OUT_OPEN, US_N_CHECKS };

static void
judge_parse (const UsRenditionFacts *facts, UsHits *hits) {
  UsSeverity severity;
  double without_s;
  if (us_detect_failed_check (facts) == US_CHECK_PARSE_ERROR
      && us_detect_failed (facts, &severity, &without_s))
    us_hits_add (hits, US_CHECK_PARSE_ERROR, severity, facts->n_failed, NAN,
                 "no readable playlist for %.1f s: %s", without_s, facts->last_seen->parse_error);
}

static void
judge_window (const UsRenditionFacts *facts, UsHits *hits) {
  const UsPlaylist *playlist = facts->playlist;
  if (playlist == NULL || playlist->is_ended || facts->target_duration_s == 0)
    return;
  double sum_s = 0, longest_s = 0, target_s = facts->target_duration_s;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    double duration_s = (double)segment->duration_us / G_USEC_PER_SEC;
    sum_s += duration_s;
    longest_s = MAX (longest_s, duration_s);
  }
  double least_s = LEAST_TARGET_DURATIONS * target_s;
  /* Rounding: 3 segments of 1.98 s with a target duration of 2 s are as they should be. */
  if (sum_s >= least_s * 0.98 || facts->produced_s < least_s)
    return;
  guint n = playlist->segments->len;
  double needed_s = LEAST_SEGMENTS * (longest_s > 0 ? MIN (longest_s, target_s) : target_s);
  us_hits_add (hits, US_CHECK_SHORT_WINDOW,
               sum_s < needed_s ? US_SEVERITY_DEGRADED : US_SEVERITY_INFO, sum_s, least_s,
               "%u segment%s with %.1f s %s listed, expected %.1f s: three target durations", n,
               us_text_s (n), sum_s, n == 1 ? "is" : "are", least_s);
}

static void
judge_break (const UsRenditionFacts *facts, UsHits *hits) {
  if (isnan (facts->cue_out_s))
    return;
  gboolean is_planned = !isnan (facts->cue_planned_s) && facts->cue_planned_s > 0;
  double late_s = MAX (BREAK_LATE_S, 2.0 * facts->target_duration_s);
  double limit_s = is_planned ? facts->cue_planned_s + late_s : BREAK_LONGEST_S;
  if (facts->cue_out_s <= limit_s)
    return;
  if (is_planned)
    us_hits_add (hits, US_CHECK_CUE_OUT_OPEN, US_SEVERITY_DEGRADED, facts->cue_out_s, limit_s,
                 "a break has lasted for %.0f s, %.0f s were announced", facts->cue_out_s,
                 facts->cue_planned_s);
  else
    us_hits_add (hits, US_CHECK_CUE_OUT_OPEN, US_SEVERITY_DEGRADED, facts->cue_out_s, limit_s,
                 "a break has lasted for %.0f s, its end was never signalled", facts->cue_out_s);
}

/**
 * us_detect_playlist:
 */
void
us_detect_playlist (const UsRenditionFacts *facts, UsHits *hits) {
  judge_parse (facts, hits);
  judge_window (facts, hits);
  judge_break (facts, hits);
}
