/* finding.h - what is wrong with a stream: opened, repeated, closed, never listed twice */
#pragma once

#include "finding/check.h"

G_BEGIN_DECLS

#define US_FINDING_WHOLE (-1)     /* the rendition of a finding about the stream as a whole */
#define US_FINDINGS_MAX_OPEN 1024 /* per stream: renditions times checks, bounded all the same */

/* UsHit: one observation of a detector. @text: one plain sentence with the measured value and what
 * was expected, without a full stop. @value, @limit: the same as numbers in base units (seconds,
 * bytes, ratio); NAN: none */
typedef struct {
  UsCheck check;
  UsSeverity severity;
  char *text; /* owned */
  double value, limit;
} UsHit;

/* UsHits: what one run of detectors found; element-type UsHit. */
typedef GArray UsHits;
UsHits *us_hits_new (void);
void us_hits_add (UsHits *hits, UsCheck check, UsSeverity severity, double value, double limit,
                  const char *text_format, ...) G_GNUC_PRINTF (6, 7);
void us_hits_free (UsHits *hits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHits, us_hits_free)

/* UsFinding: from the first hit to the last, one thing. */
typedef struct {
  guint64 id; /* rising, over restarts too as long as the wall clock does */
  UsCheck check;
  int rendition;       /* index in the stream's ladder, or US_FINDING_WHOLE */
  UsSeverity severity; /* now, escalation included */
  UsSeverity worst;
  gint64 first_us, last_us;                           /* monotonic */
  gint64 first_wall_us, last_wall_us, closed_wall_us; /* since the epoch; 0: still open */
  guint count;                                        /* hits in all */
  char *text;                                         /* of the newest hit; owned */
  double value, limit;
} UsFinding;

typedef struct UsFindings UsFindings;

UsFindings *us_findings_new (void);
void us_findings_free (UsFindings *findings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsFindings, us_findings_free)

typedef enum { US_FINDING_OPENED, US_FINDING_ESCALATED, US_FINDING_CLOSED } UsFindingChange;
/* @finding: valid during the call */
typedef void (*UsFindingChanged) (const UsFinding *finding, UsFindingChange change,
                                  gpointer user_data);

/* Takes what a detector found of @rendition. A first hit opens a finding, every other one renews
 * it; nothing is opened twice. */
void us_findings_hit (UsFindings *findings, int rendition, const UsHit *hit, gint64 now_us,
                      gint64 wall_us, UsFindingChanged changed, gpointer user_data);
/* Standing checks (lasts_ms 0): @hits is all that holds now of @rendition among @checks (a list
 * that ends with US_N_CHECKS); what is open of @checks and not in @hits is closed. */
void us_findings_judge (UsFindings *findings, int rendition, const UsCheck *checks,
                        const UsHits *hits, gint64 now_us, gint64 wall_us, UsFindingChanged changed,
                        gpointer user_data);
/* Closes events whose time has passed, and takes escalations back. */
void us_findings_tick (UsFindings *findings, gint64 now_us, gint64 wall_us,
                       UsFindingChanged changed, gpointer user_data);
/* Closes everything of @rendition (it left the ladder), or of all when it is @all. */
void us_findings_close_all (UsFindings *findings, int rendition, gboolean all, gint64 now_us,
                            gint64 wall_us, UsFindingChanged changed, gpointer user_data);

/* Open ones, the worst first, then the oldest. Returns: (transfer container) (element-type
 * UsFinding) */
GPtrArray *us_findings_list (const UsFindings *findings);
const UsFinding *us_findings_find (const UsFindings *findings, UsCheck check, int rendition);
gboolean us_findings_has (const UsFindings *findings, UsCheck check);

G_END_DECLS
