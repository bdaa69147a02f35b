/* watch-private.h - the parts of a watch, for watch-*.c only */
#pragma once

#include "monitor/baseline.h"
#include "monitor/content.h"
#include "monitor/detect.h"
#include "monitor/minute.h"
#include "monitor/repeat.h"
#include "monitor/segment-probe.h"
#include "monitor/symptoms.h"
#include "monitor/thumbnail.h"
#include "monitor/watch.h"

G_BEGIN_DECLS

#define US_WATCH_ORIGIN "https://understudy.invalid" /* as a page in a browser would ask */

/* UsWatchRendition: one playlist that is followed. The root is the one that the operator named; it
 * has index US_FINDING_WHOLE, and rests while it is a lone media playlist that a rendition follows.
 */
typedef struct {
  UsWatch *watch;
  UsRenditionInfo *info;
  gboolean is_root;

  /* polls */
  UsScheduled poll;
  UsPollerJob *poll_job;
  gint64 asked_us, interval_us; /* the newest poll began, and is followed after */
  double jitter;
  char *base_url, *etag, *last_modified; /* nullable */
  GBytes *body;                          /* nullable: of the newest good playlist */
  gboolean omits_origin;                 /* it was refused for the Origin that we sent */

  /* what came */
  UsPlaylistSeen seen; /* of the newest poll */
  gboolean has_seen;
  UsPlaylist *playlist; /* nullable: the newest good one; that of @seen or @kept */
  UsPlaylist *kept;     /* nullable: owned */
  guint target_duration_s;
  gint64 begun_us, first_good_us, good_us, advanced_us;
  guint n_failed;
  UsOutcome reported; /* in the timeline */
  gint64 reported_us;
  UsFetchWindow playlists, segments;
  GArray *produced; /* element-type Produced: what appeared, oldest first */
  double latency_s; /* NAN */
  UsBaseline base_latency;
  gint64 clocks_us; /* wall clock less monotonic clock, when the latency was last taken; 0: never */
  gint64 cue_out_us; /* 0: none is open */
  double cue_planned_s;

  /* segments */
  GQueue wanted; /* element-type UsWanted */
  UsSegmentProbe *probe;
  UsSegmentSeen *before; /* nullable: asked for before */
  guint n_segment_failures, n_without_keyframe, n_without_video, n_without_audio;
  gboolean has_had_video, has_had_audio;
  gint64 rechecked_us; /* whether the oldest is there still */
  UsPollerJob *recheck_job;
  guint64 recheck_number;
  guint recheck_places;
} UsWatchRendition;

typedef struct {
  gint64 at_us;
  double media_s; /* that appeared then */
} UsProduced;

typedef struct {
  char *label;
  gint64 gone_us;
  char *url;
} UsGone;

struct UsWatch {
  UsWatchContext *context;
  UsStreamConfig *config;
  char *host; /* of its URL, without port */
  gboolean is_here, is_retired;
  UsWatchRendition *root;
  GPtrArray *renditions; /* element-type UsWatchRendition, by the order of the ladder */
  gboolean is_lone;      /* the root is a media playlist */
  gboolean is_multivariant;
  GArray *gone;     /* element-type UsGone: renditions that left the ladder */
  UsRepeat discord; /* of renditions, on discontinuities */

  UsScheduled evaluation;
  GArray *facts; /* element-type UsRenditionFacts: of the newest evaluation */
  UsFindings *findings;
  UsVerdict verdict;
  gint64 health_wall_us;
  gboolean was_at_fault; /* our own network, at the last evaluation */
  gint64 failing_us;     /* since when nothing was answered at all; 0: it is */
  gboolean is_slow;

  UsSymptomNotes notes;
  UsSymptoms inside; /* the members behind "from inside" */
  UsBaseline base_connect, base_ttfb, base_ratio;
  UsMinuteBook minutes;
  UsSideFiles *side_files;
  UsContent *content;
  UsThumbnailer *thumbnailer;
  gboolean wants_segment; /* for a picture, whatever the share says */
  gint64 added_us, last_segment_wall_us;
};

/* watch.c */
gint64 us_watch_now (const UsWatch *watch);
gint64 us_watch_wall (const UsWatch *watch);
/* The root was read: renditions come, stay and go. @playlist: of @root, new */
void us_watch_take_root (UsWatch *watch, const UsPlaylist *playlist);
/* A rendition failed: perhaps the ladder is another by now. */
void us_watch_doubt_root (UsWatch *watch);
/* The lone media playlist has become a multivariant one. */
void us_watch_reread_root (UsWatch *watch);

/* watch-rendition.c */
UsWatchRendition *us_watch_rendition_new (UsWatch *watch, UsRenditionInfo *info, gboolean is_root);
void us_watch_rendition_free (UsWatchRendition *rendition);
void us_watch_rendition_start (UsWatchRendition *rendition, gint64 delay_us);
void us_watch_rendition_stop (UsWatchRendition *rendition);
void us_watch_rendition_forgive (UsWatchRendition *rendition, gint64 pause_us);
/* A playlist that another request brought: the root of a lone one. @seen: (inout): taken */
void us_watch_rendition_take (UsWatchRendition *rendition, UsPlaylistSeen *seen, UsAnswer *answer);
void us_watch_rendition_fill (UsWatchRendition *rendition, UsRenditionFacts *facts);

/* watch-segment.c */
void us_watch_segment_choose (UsWatchRendition *rendition, const UsPlaylist *before,
                              const UsPlaylist *now);
void us_watch_segment_next (UsWatchRendition *rendition);
void us_watch_segment_stop (UsWatchRendition *rendition);
void us_watch_segment_recheck (UsWatchRendition *rendition);

/* watch-judge.c */
void us_watch_evaluate (UsWatch *watch);
void us_watch_hit_all (UsWatch *watch, int rendition, const UsHits *hits);
gint64 us_watch_evaluation_us (const UsWatch *watch);

/* watch-report.c */
void us_watch_report_finding (const UsFinding *finding, UsFindingChange change, gpointer watch);
void us_watch_report_verdict (UsWatch *watch, gboolean changed, UsHealth before);
void us_watch_report_segment (UsWatch *watch, const UsWatchRendition *rendition,
                              const UsSegmentSeen *seen);
void us_watch_report_playlist_error (UsWatch *watch, UsWatchRendition *rendition);
void us_watch_report_ladder (UsWatch *watch, const GPtrArray *added, const GPtrArray *removed);
void us_watch_report_minute (UsWatch *watch, const UsMinute *minute);
void us_watch_report_thumbnail (gint64 wall_us, GBytes *jpeg, guint width, guint height,
                                const char *reason, const char *problem, gpointer watch);

G_END_DECLS
