/* rendition-private.h - what the parts of a rendition share: life, fetching, publishing, comparing,
 * standby */
#pragma once

#include "switcher/comparison.h"
#include "switcher/errand.h"
#include "switcher/fetch.h"
#include "switcher/lateness.h"
#include "switcher/pick.h"
#include "switcher/rendition.h"
#include "switcher/stock.h"

G_BEGIN_DECLS

/* UsTimeline: on what the positions of two foreign origins are compared. */
typedef enum { US_TIMELINE_NONE, US_TIMELINE_DATES, US_TIMELINE_PICTURES } UsTimeline;

struct UsRendition {
  UsRenditionSetup setup; /* its strings are those below */
  char *stream, *name, *playlist_name, *prefix, *map_prefix;
  UsFollower *followers[US_N_ORIGINS]; /* the owner's */
  UsLedger *ledger;
  UsPair pair;
  UsPickCursor cursor;
  gint64 started_us;

  /* what is fetched next (rendition-fetch.c) */
  UsFetch *fetch; /* (nullable): in flight, for @pick, shared */
  UsPick pick;    /* its segment pointer is not kept */
  UsLedgerOffer offer;
  char *offer_uri, *offer_name, *offer_key, *offer_map_key;
  gint64 pick_since_us; /* when that segment was first seen listed */
  guint n_tries;
  gint64 retry_us; /* monotonic time before which it is not asked again */
  gint64 hole_since_us, new_life_since_us;
  gint64 far_warned_us; /* when the log was told last of segments left out; 0: never */
  double fetch_ms;      /* smoothed */
  UsOriginId preferred; /* it delivered when the other was silent */
  guint n_preferred;    /* segments for which that is remembered */

  /* what is published (rendition-publish.c) */
  GBytes *playlist;     /* (nullable): rendered, as advertised */
  guint64 shown_number; /* of its last segment */
  gboolean is_ready;    /* the first window is complete: advertised */
  gboolean is_cut_off;  /* it stands still, and no origin can be reached */
  gint64 reached_us;    /* since when one can be reached again; 0: it is not cut off, or still is */
  gboolean is_stepping; /* another window is being filled, the one before it is still advertised */
  guint64 ready_rank;
  gint64 first_commit_us;
  gboolean has_warned_target;
  UsProbe last_probe; /* of the row published last, without its pictures */
  gboolean has_last_probe;
  gint64 last_end_ms; /* when its end came, by our time; -1: unknown */
  UsRenditionJoin join;
  UsChronicleHow how; /* the offer was had */
  UsRenditionStats stats;

  /* what was listed before the start (rendition-recall.c) */
  UsFetch *recall; /* (nullable): in flight */
  guint n_recalled;

  /* what the other origin has of it (rendition-compare.c) */
  UsChronicle *chronicle;
  UsComparison *comparison; /* (nullable) */
  gboolean is_comparison_thorough;
  guint n_since_comparison; /* segments, since the last thorough one */

  /* foreign pairs: both sides' last segments and timelines (rendition-standby.c) */
  UsStock *stocks[US_N_ORIGINS];
  UsErrand *errands[US_N_ORIGINS]; /* (nullable): in flight */
  guint64 generation[US_N_ORIGINS];
  guint64 skipped[US_N_ORIGINS]; /* failed as standby; not asked again for that */
  gint64 standby_retry_us[US_N_ORIGINS];
  guint64 fetched[US_N_ORIGINS]; /* last, and how long that took */
  gint64 fetched_took_us[US_N_ORIGINS];
  UsAlignment alignment;
  gboolean was_aligned;
  UsLateness lateness;
  UsTimeline timeline;
  gint64 primary_pts_us, primary_edge_us; /* the primary's edge as counted, and without wraps */
};

static inline gint64
us_rendition_now_us (const UsRendition *self) {
  return us_clock_monotonic_us (self->setup.access->clock);
}

static inline const UsFollower *const *
us_rendition_followers (const UsRendition *self) {
  return (const UsFollower *const *)self->followers;
}

/* rendition.c */
char *us_rendition_show_uri (const UsRendition *self, UsOriginId origin, const char *uri);

/* rendition-fetch.c */
guint us_rendition_deadline_ms (const UsRendition *self);
void us_rendition_errand_done (UsOriginId origin, guint64 number, UsReason reason, gint64 took_us,
                               gpointer rendition);
void us_rendition_advance (UsRendition *self, gboolean is_given_up);
void us_rendition_note_first_window (UsRendition *self);
void us_rendition_stop_fetching (UsRendition *self);

/* rendition-publish.c */
void us_rendition_publish (UsRendition *self, UsOriginId winner);
void us_rendition_publish_item (UsRendition *self, const UsStockItem *item, int picture);
void us_rendition_find_ready (UsRendition *self);

/* rendition-recall.c */
void us_rendition_recall (UsRendition *self);
gboolean us_rendition_is_recalling (const UsRendition *self);

/* rendition-compare.c */
void us_rendition_note_publication (UsRendition *self, const UsLedgerRow *row);
void us_rendition_compare_copies (UsRendition *self);

/* rendition-standby.c */
void us_rendition_note_life (UsRendition *self);
void us_rendition_note_stock (UsRendition *self, UsOriginId origin);
void us_rendition_note_edges (UsRendition *self);
void us_rendition_fetch_standby (UsRendition *self, UsOriginId origin);
UsPick us_rendition_plan_join (UsRendition *self, UsOriginId origin, int *picture);

G_END_DECLS
