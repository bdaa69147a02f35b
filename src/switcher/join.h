/* join.h - where a playlist of an origin is entered: at the start, or after a change of sides */
#pragma once

#include "hls/playlist.h"
#include "hls/probe.h"

G_BEGIN_DECLS

#define US_JOIN_TOLERANCE_MS 40 /* one frame at 25/s: nearer than this is "not before" */

/* UsJoinMethod: how the place was found at which one origin goes on for the other. */
typedef enum {
  US_JOIN_SHARED,      /* the same numbers on both sides: there is no seam */
  US_JOIN_FINGERPRINT, /* the same pictures on both sides */
  US_JOIN_DATE,        /* EXT-X-PROGRAM-DATE-TIME */
  US_JOIN_EDGE,        /* nothing to go by: what came after the last segment came */
} UsJoinMethod;
#define US_N_JOIN_METHODS (US_JOIN_EDGE + 1)
const char *us_join_method_word (UsJoinMethod method);

/* UsJoinSegment: one segment of the side to be entered. */
typedef struct {
  guint64 number;
  gint64 start_us;      /* from where the published ones end; negative: before */
  gint64 duration_us;   /* over 0 */
  gboolean is_here;     /* in memory */
  gboolean may_be_cut;  /* a transport stream that can be read */
  const UsProbe *probe; /* (nullable): of one that is here and can be read */
} UsJoinSegment;

typedef enum {
  US_JOIN_WAIT,  /* what is wanted is not listed yet */
  US_JOIN_FETCH, /* segment @index is wanted in memory, to be looked into or to be entered */
  US_JOIN_ENTER, /* at @picture of segment @index, which is in memory */
} UsJoinStep;

typedef struct {
  UsJoinStep step;
  guint index;
  int picture;               /* among the random access points of its probe; -1: from its start */
  gint64 gap_us, overlap_us; /* at the seam */
} UsJoinPlan;

/* UsJoinPatience: how long the better place may be waited for. */
typedef struct {
  gint64 frame_us;   /* nearer than this is exact */
  gint64 waited_us;  /* since the last segment was published */
  gint64 target_us;  /* target duration */
  gint64 next_in_us; /* until the new side is expected to list one more */
} UsJoinPatience;

UsJoinPlan us_join_plan (const UsJoinSegment *segments, guint n_segments,
                         const UsJoinPatience *patience);
gboolean us_join_is_believable (const UsJoinSegment *segments, guint n_segments, gint64 target_us);

guint us_join_start (const UsPlaylist *playlist, guint window);
guint us_join_after (const UsPlaylist *playlist, gint64 end_wall_ms);

G_END_DECLS
