/* detect-segment.c - could the segment be had, in time and whole?
 *
 * Pure. Every segment that failed after its tries is an event; two in a row are UNHEALTHY at once,
 * three within two minutes by their number (check.c). A segment that is missing only because it is
 * about to leave the playlist, or because it was listed before it was there, is a fault of another
 * kind, and less for a viewer.
 */
#include "monitor/detect.h"

#include <math.h>

#define FAILED_IN_A_ROW 2
/* The first places of the window, when it is long enough to have any. */
#define OLDEST_PLACES 2
#define NEWEST_PLACES 3

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

/* It was still listed, but only just: players that lag a little will miss it. RFC 8216 6.2.2 */
static gboolean
is_gone_early (const UsSegmentSeen *segment) {
  return segment->fetched.outcome == US_OUTCOME_MISSING && segment->from_oldest < OLDEST_PLACES
         && segment->from_newest >= NEWEST_PLACES;
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
  gboolean is_many = n_in_a_row >= FAILED_IN_A_ROW;
  g_autofree char *status
      = fetched->problem == NULL && fetched->status > 0
            ? g_strdup_printf ("HTTP status %u", fetched->status)
            : g_strdup (fetched->problem != NULL ? fetched->problem
                                                 : us_outcome_word (fetched->outcome));
  g_autofree char *tries = segment->n_tries > 1
                               ? g_strdup_printf (" after %u tries", segment->n_tries)
                               : g_strdup ("");
  g_autofree char *row = is_many ? g_strdup_printf (", %u in a row", n_in_a_row) : g_strdup ("");
  us_hits_add (hits, check_of (fetched->outcome),
               is_many ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED, n_in_a_row, 0,
               "segment %" G_GUINT64_FORMAT " failed%s%s: %s", segment->number, tries, row, status);
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
  if (is_gone_early (segment)) {
    us_hits_add (hits, US_CHECK_SEGMENT_EARLY_GONE, US_SEVERITY_DEGRADED, segment->from_oldest, NAN,
                 "segment %" G_GUINT64_FORMAT " is among the oldest listed and gone already",
                 segment->number);
    return;
  }
  add_failure (segment, hits);
}
