/* alignment.h - how far apart the timelines of two origins are, told by their equal pictures */
#pragma once

#include "hls/probe.h"
#include "switcher/policy.h"

G_BEGIN_DECLS

#define US_ALIGNMENT_PICTURES 64 /* remembered of each side */
#define US_ALIGNMENT_SPAN_US (12 * G_TIME_SPAN_SECOND)
#define US_ALIGNMENT_LEAST 4 /* pictures remembered beyond the span */
#define US_ALIGNMENT_AGREE_US (10 * G_TIME_SPAN_MILLISECOND)
/* Dates and arrival are off by what a packager buffers and a poll misses. By more than this, and by
 * as much both, they speak of other pictures: half of the shortest loop that is worth telling. */
#define US_ALIGNMENT_DOUBT_US (4 * G_TIME_SPAN_SECOND)

/* UsAlignmentClue: what else is known of when the first picture of a segment was. */
typedef struct {
  gint64 date_us; /* by the origin's dates, where they were never corrected; G_MININT64: unknown */
  gint64 came_us; /* by when it came, on a clock that does not step; G_MININT64: unknown */
} UsAlignmentClue;

/* UsAlignmentWeight: what dates and arrival say to an offset that pictures suggest. */
typedef enum {
  US_ALIGNMENT_REFUTED, /* both say the same other thing, and a loop may be why */
  US_ALIGNMENT_OPEN,
  US_ALIGNMENT_BORNE_OUT, /* by one at least */
} UsAlignmentWeight;

typedef struct {
  UsContainer container;
  guint n_pictures;
  gint64 end_us;        /* of the last segment added; G_MININT64: none */
  gint64 run_us;        /* what was seen without a hole, up to there */
  UsAlignmentClue clue; /* of the last segment added */
  gint64 clue_pts_us;   /* its first picture */
  struct {
    guint64 hash;
    gint64 pts_us;
  } pictures[US_ALIGNMENT_PICTURES]; /* oldest first */
} UsAlignmentSide;

/* UsAlignment: plain data, made by us_alignment_init(). */
typedef struct {
  UsAlignmentSide sides[US_N_ORIGINS];
  gboolean is_known;
  gint64 offset_us; /* backup's time of a picture less the primary's */
  guint n_matches;  /* pictures that say so */
} UsAlignment;

void us_alignment_init (UsAlignment *alignment);
void us_alignment_add (UsAlignment *alignment, UsOriginId side, const UsProbe *probe,
                       const UsAlignmentClue *clue);
void us_alignment_forget (UsAlignment *alignment, UsOriginId side);
gboolean us_alignment_map (const UsAlignment *alignment, UsOriginId from, gint64 time_us,
                           gint64 *twin_us);
UsAlignmentWeight us_alignment_weigh (gint64 off_date_us, gint64 off_came_us, gint64 unlooped_us);

G_END_DECLS
