/* alignment.h - how far apart the timelines of two origins are, told by their equal pictures */
#pragma once

#include "hls/probe.h"
#include "switcher/policy.h"

G_BEGIN_DECLS

#define US_ALIGNMENT_PICTURES 64 /* remembered of each side */
#define US_ALIGNMENT_SPAN_US (12 * G_TIME_SPAN_SECOND)
#define US_ALIGNMENT_LEAST 4 /* pictures remembered beyond the span */
#define US_ALIGNMENT_AGREE_US (10 * G_TIME_SPAN_MILLISECOND)

typedef struct {
  UsContainer container;
  guint n_pictures;
  gint64 end_us; /* of the last segment added; G_MININT64: none */
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
void us_alignment_add (UsAlignment *alignment, UsOriginId side, const UsProbe *probe);
void us_alignment_forget (UsAlignment *alignment, UsOriginId side);
gboolean us_alignment_map (const UsAlignment *alignment, UsOriginId from, gint64 time_us,
                           gint64 *twin_us);

G_END_DECLS
