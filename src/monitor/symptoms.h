/* symptoms.h - what is known about a stream, put together for the cause rules */
#pragma once

#include "monitor/facts.h"

G_BEGIN_DECLS

#define US_SYMPTOMS_ADDRESSES 8

/* UsAddressTally: how the fetches at one address went, newest times. */
typedef struct {
  char address[64]; /* "": free */
  gint64 ok_us, failed_us;
  guint n_failed; /* since it last went well */
} UsAddressTally;

/* UsSymptomNotes: what a watch writes down as it happens; plain data, zeros at first. Times are
 * monotonic, of the newest; 0: never. */
typedef struct {
  gint64 check_us[US_N_CHECKS];        /* seen: hit, or open */
  guint16 hits[US_N_CHECKS][12];       /* events, in twelfths of the window */
  gint64 twelfth;                      /* number of the one that runs */
  gint64 missing_us[3];                /* segments: among the oldest, in between, the newest */
  gint64 cache_us, missing_cached_us;  /* any sign of a cache; a 404 out of one */
  gint64 origin_status_us;             /* a cache said that the bad status is its origin's */
  gint64 age_max_us, gap_before_us;    /* of @age_max; silence before a restart of numbers */
  double age_max;                      /* seconds */
  gint64 continuous_us, pts_broken_us; /* two neighbours whose media times fit, or do not */
  gint64 certificate_until_s;
  gboolean has_succeeded;
  UsAddressTally addresses[US_SYMPTOMS_ADDRESSES];
} UsSymptomNotes;

void us_symptom_notes_hit (UsSymptomNotes *notes, UsCheck check, gint64 now_us);
void us_symptom_notes_fetched (UsSymptomNotes *notes, const UsFetched *fetched, gint64 now_us);
void us_symptom_notes_missing (UsSymptomNotes *notes, guint from_oldest, guint from_newest,
                               gint64 now_us);

/* UsSymptomFacts: of one moment. */
typedef struct {
  gint64 now_us, wall_us;
  gint64 added_us; /* monotonic */
  const char *url;
  const UsRenditionFacts *renditions;
  guint n_renditions;
  guint root_failed;         /* polls of the multivariant playlist that failed in a row */
  const UsFetchWindow *root; /* nullable */
  const UsFindings *findings;
  const UsSymptomNotes *notes;
  double base_connect, base_ttfb, base_ratio;
  gboolean is_in_maintenance;
} UsSymptomFacts;

/* @symptoms: (out): all but "elsewhere" and "from inside" */
void us_symptoms_read (const UsSymptomFacts *facts, UsSymptoms *symptoms);

G_END_DECLS
