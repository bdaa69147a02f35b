/* detect-segment.c - could the segment be had, in time and whole?
 *
 * Pure. Every segment that failed after its tries is an event. Two in a row are UNHEALTHY, three of
 * any kind within two minutes, and, where segments are long, more than a tenth of them. A segment
 * that is missing only because it is about to leave the playlist, or because it was listed before
 * it was there, is a fault of another kind, and less for a viewer.
 */
#include "monitor/detect.h"

#include <math.h>

#define FAILED_IN_A_ROW 2
#define FAILED_RECENTLY 3 /* in two minutes: the seed's */
#define FAILED_SHARE 0.10
#define FAILED_SHARE_OF 10 /* fetches at least: of fewer one is a tenth */

static const struct {
  UsOutcome outcome;
  UsCheck check;
} checks[] = {
  { US_OUTCOME_TIMEOUT, US_CHECK_SEGMENT_TIMEOUT },
  { US_OUTCOME_TRUNCATED, US_CHECK_SEGMENT_TRUNCATED },
  { US_OUTCOME_MISSING, US_CHECK_SEGMENT_MISSING },
};

static UsCheck
check_of (UsOutcome outcome) {
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    if (checks[i].outcome == outcome)
      return checks[i].check;
  return US_CHECK_SEGMENT_ERROR;
}

static gboolean
are_many_recent (const UsSegmentSeen *segment) {
  guint n = segment->n_failed_recently, n_all = segment->n_recently;
  return n >= FAILED_RECENTLY || (n_all >= FAILED_SHARE_OF && n > FAILED_SHARE * n_all);
}

static void
add_late (const UsSegmentSeen *segment, guint target_duration_s, UsHits *hits) {
  us_hits_add (hits, US_CHECK_SEGMENT_LATE, US_SEVERITY_DEGRADED, segment->n_tries, 1,
               "segment %" G_GUINT64_FORMAT
               " was missing when it was listed and there at try %u, within %u s",
               segment->number, segment->n_tries, MAX (target_duration_s, 1));
}

static void
add_failure (const UsSegmentSeen *segment, UsHits *hits) {
  const UsFetched *fetched = &segment->fetched;
  guint n_in_a_row = segment->n_failed_before + 1;
  gboolean is_row = n_in_a_row >= FAILED_IN_A_ROW, is_many = are_many_recent (segment);
  g_autofree char *status
      = fetched->problem == NULL && fetched->status > 0
            ? g_strdup_printf ("HTTP status %u", fetched->status)
            : g_strdup (fetched->problem != NULL ? fetched->problem
                                                 : us_outcome_word (fetched->outcome));
  g_autofree char *tries = segment->n_tries > 1
                               ? g_strdup_printf (" after %u tries", segment->n_tries)
                               : g_strdup ("");
  g_autofree char *others = is_row ? g_strdup_printf (", %u in a row", n_in_a_row)
                            : is_many
                                ? g_strdup_printf (", %u of %u in two minutes",
                                                   segment->n_failed_recently, segment->n_recently)
                                : g_strdup ("");
  us_hits_add (hits, check_of (fetched->outcome),
               is_row || is_many ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED, n_in_a_row, 0,
               "segment %" G_GUINT64_FORMAT " failed%s%s: %s", segment->number, tries, others,
               status);
}

/**
 * us_detect_segment:
 * @target_duration_s: 0: not known
 *
 * Call it for segments that are there as well: those may have been late.
 */
void
us_detect_segment (const UsSegmentSeen *segment, guint target_duration_s, UsHits *hits) {
  if (segment->fetched.outcome == US_OUTCOME_OK) {
    if (segment->was_missing)
      add_late (segment, target_duration_s, hits);
    return;
  }
  if (us_segment_seen_is_gone_early (segment)) {
    us_hits_add (hits, US_CHECK_SEGMENT_EARLY_GONE, US_SEVERITY_DEGRADED, segment->from_oldest, NAN,
                 "segment %" G_GUINT64_FORMAT " is among the oldest listed and gone already",
                 segment->number);
    return;
  }
  add_failure (segment, hits);
}
