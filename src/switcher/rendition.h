/* rendition.h - one media playlist as the switcher serves it: two followers and one ledger */
#pragma once

#include "http/site.h"
#include "switcher/alignment.h"
#include "switcher/budget.h"
#include "switcher/chronicle.h"
#include "switcher/follower.h"
#include "switcher/join.h"
#include "switcher/ledger.h"
#include "switcher/pair.h"
#include "switcher/settings.h"

G_BEGIN_DECLS

#define US_RENDITION_N_BUCKETS 8
extern const guint us_rendition_bucket_ms[US_RENDITION_N_BUCKETS];

/* UsRenditionStats: counted since the playlist is followed. */
typedef struct {
  guint64 n_wins[US_N_ORIGINS]; /* segments published from each origin */
  guint64 n_hedges;             /* segments asked of both */
  guint64 n_resumes;            /* of these: broken off and gone on with at the other */
  guint64 n_commits;            /* segments published */
  guint64 n_commits_within[US_RENDITION_N_BUCKETS]; /* of these, by ms since first seen listed */
  double commit_sum_s;
  guint64 n_holes; /* segments no origin delivered */
  guint64 n_divergences;
  guint64 n_equal, n_different, n_unanswered; /* comparisons of single segments */
  guint64 n_standby;                          /* segments of the other side fetched to be ready */
  gint64 last_commit_us;                      /* monotonic; 0: none */
  gint64 min_cushion_us; /* least time left to 1.5 target durations; G_MAXINT64 */
  guint64 n_joins[US_N_JOIN_METHODS];
  gint64 last_gap_ms, last_overlap_ms; /* of the last join */
  gint64 gap_sum_ms, overlap_sum_ms;   /* of all */
} UsRenditionStats;

/* UsRenditionJoin: the seam at which one foreign side took over. */
typedef struct {
  UsOriginId origin; /* who goes on */
  UsJoinMethod method;
  gint64 gap_ms, overlap_ms;
  gboolean is_smooth; /* no DISCONTINUITY was needed */
  guint64 number;     /* of the first segment published from it */
} UsRenditionJoin;

typedef struct UsRendition UsRendition;

/* UsRenditionEvents: all called from the main loop; none may free the rendition. */
typedef struct {
  void (*changed) (UsRendition *rendition, gpointer user_data); /* something was learnt */
  void (*published) (UsRendition *rendition, gpointer user_data);
  void (*joined) (UsRendition *rendition, const UsRenditionJoin *join, gpointer user_data);
  gpointer user_data;
} UsRenditionEvents;

/* UsRenditionSetup: strings are copied, the rest outlives the rendition. */
typedef struct {
  const UsOriginAccess *access;
  const char *stream;        /* whose part of the site it fills */
  gboolean is_default;       /* stream */
  const char *name;          /* for the log: the stream, or "stream/v0" */
  const char *playlist_name; /* as served */
  const char *prefix;        /* of its segments' names */
  gboolean is_one_of_many;   /* others switch with it: every join has a DISCONTINUITY */
  guint64 id, first_number, first_discontinuity; /* of its ledger */
  const UsPolicy *policy;
  UsBudget *budget;
  UsFollower *followers[US_N_ORIGINS];
  UsRenditionEvents events;
} UsRenditionSetup;

UsRendition *us_rendition_new (const UsRenditionSetup *setup);
void us_rendition_free (UsRendition *rendition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRendition, us_rendition_free)

/* The steps of every update, in this order; the policy is stepped in between. */
void us_rendition_compare (UsRendition *rendition);
void us_rendition_forgive (UsRendition *rendition, gint64 pause_us);
void us_rendition_pump (UsRendition *rendition);
gboolean us_rendition_expire (UsRendition *rendition);
gboolean us_rendition_judge_reach (UsRendition *rendition);

void us_rendition_fill_site (const UsRendition *rendition, UsSite *site);
const char *us_rendition_get_name (const UsRendition *rendition);
const char *us_rendition_get_short_name (const UsRendition *rendition);
const char *us_rendition_get_playlist_name (const UsRendition *rendition);
gboolean us_rendition_is_ready (const UsRendition *rendition);
const UsPair *us_rendition_get_pair (const UsRendition *rendition);
const UsAlignment *us_rendition_get_alignment (const UsRendition *rendition);
const UsRenditionStats *us_rendition_get_stats (const UsRendition *rendition);
const UsLedger *us_rendition_get_ledger (const UsRendition *rendition);
const UsChronicle *us_rendition_get_chronicle (const UsRendition *rendition);
UsFollower *us_rendition_get_follower (const UsRendition *rendition, UsOriginId origin);
gsize us_rendition_get_standby_bytes (const UsRendition *rendition);

G_END_DECLS
