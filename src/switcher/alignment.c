/* alignment.c - how far apart the timelines of two origins are, told by their equal pictures
 *
 * Pure. Two packagers of one encoder write the same IDR slices, each with time stamps of its own.
 * Every picture that both have been seen to carry says how far the timelines are apart. Pictures
 * repeat, though: a slate is one picture over and over, a looped file comes round again. So a hash
 * that one side has twice says nothing, only the last seconds are remembered, two different
 * pictures must agree, and more must say so than say anything else. A side whose time stamps jump
 * is forgotten, and the offset found anew.
 */
#include "switcher/alignment.h"

#include <string.h>

#define BACK_US (1 * G_TIME_SPAN_SECOND) /* further back than this: another timeline */

void
us_alignment_init (UsAlignment *alignment) {
  *alignment = (UsAlignment){ 0 };
  for (guint i = 0; i < US_N_ORIGINS; i++)
    alignment->sides[i].end_us = G_MININT64;
}

static gint64
difference (const UsAlignment *alignment, gint64 backup_us, gint64 primary_us) {
  if (alignment->sides[0].container == alignment->sides[1].container)
    return us_probe_time_diff_us (alignment->sides[0].container, backup_us, primary_us);
  return backup_us - primary_us;
}

/* Returns: index of the only picture with @hash; -1: there is none, or several */
static int
find_only (const UsAlignmentSide *side, guint64 hash) {
  int found = -1;
  for (guint i = 0; i < side->n_pictures; i++) {
    if (side->pictures[i].hash != hash)
      continue;
    if (found >= 0)
      return -1;
    found = (int)i;
  }
  return found;
}

static guint
collect (const UsAlignment *alignment, gint64 offsets[US_ALIGNMENT_PICTURES]) {
  const UsAlignmentSide *primary = &alignment->sides[US_ORIGIN_PRIMARY];
  const UsAlignmentSide *backup = &alignment->sides[US_ORIGIN_BACKUP];
  guint n = 0;
  for (guint i = 0; i < primary->n_pictures; i++) {
    if (find_only (primary, primary->pictures[i].hash) < 0)
      continue;
    int twin = find_only (backup, primary->pictures[i].hash);
    if (twin >= 0)
      offsets[n++]
          = difference (alignment, backup->pictures[twin].pts_us, primary->pictures[i].pts_us);
  }
  return n;
}

static guint
count_agreeing (const gint64 *offsets, guint n, gint64 offset_us) {
  guint agreeing = 0;
  for (guint i = 0; i < n; i++)
    agreeing += ABS (offsets[i] - offset_us) <= US_ALIGNMENT_AGREE_US ? 1 : 0;
  return agreeing;
}

static void
judge (UsAlignment *alignment) {
  gint64 offsets[US_ALIGNMENT_PICTURES];
  guint n = collect (alignment, offsets);
  guint best = 0, rival = 0;
  gint64 best_us = 0;
  for (guint i = 0; i < n; i++) { /* the newest of equals */
    guint agreeing = count_agreeing (offsets, n, offsets[i]);
    if (agreeing >= best) {
      best = agreeing;
      best_us = offsets[i];
    }
  }
  for (guint i = 0; i < n; i++)
    if (ABS (offsets[i] - best_us) > US_ALIGNMENT_AGREE_US)
      rival = MAX (rival, count_agreeing (offsets, n, offsets[i]));
  /* Once found it stands while the pictures of both are remembered but do not meet: a slate. */
  if (n == 0)
    return;
  alignment->is_known = best >= 2 && best > rival;
  alignment->offset_us = best_us;
  alignment->n_matches = best;
}

static void
drop_old (UsAlignmentSide *side) {
  guint n_old = 0;
  gint64 newest_us = side->n_pictures > 0 ? side->pictures[side->n_pictures - 1].pts_us : 0;
  while (side->n_pictures - n_old > US_ALIGNMENT_LEAST
         && us_probe_time_diff_us (side->container, newest_us, side->pictures[n_old].pts_us)
                > US_ALIGNMENT_SPAN_US)
    n_old++;
  side->n_pictures -= n_old;
  memmove (side->pictures, side->pictures + n_old, side->n_pictures * sizeof side->pictures[0]);
}

static gboolean
is_there (const UsAlignmentSide *side, const UsPicture *picture) {
  for (guint i = 0; i < side->n_pictures; i++)
    if (side->pictures[i].hash == picture->hash && side->pictures[i].pts_us == picture->pts_us)
      return TRUE;
  return FALSE;
}

static void
remember (UsAlignmentSide *side, const UsPicture *picture) {
  if (is_there (side, picture))
    return;
  if (side->n_pictures == US_ALIGNMENT_PICTURES) {
    side->n_pictures--;
    memmove (side->pictures, side->pictures + 1, side->n_pictures * sizeof side->pictures[0]);
  }
  side->pictures[side->n_pictures].hash = picture->hash;
  side->pictures[side->n_pictures].pts_us = picture->pts_us;
  side->n_pictures++;
}

/**
 * us_alignment_forget:
 * @side: whose timeline begins anew
 */
void
us_alignment_forget (UsAlignment *alignment, UsOriginId side) {
  alignment->sides[side].n_pictures = 0;
  alignment->sides[side].end_us = G_MININT64;
  alignment->is_known = FALSE;
  alignment->n_matches = 0;
}

/* A segment twice, or a few missing, is no jump. */
static gboolean
is_jump (const UsAlignmentSide *side, const UsProbe *probe) {
  if (side->end_us == G_MININT64)
    return FALSE;
  if (side->container != probe->container)
    return TRUE;
  gint64 step_us = us_probe_time_diff_us (probe->container, probe->first_video_us, side->end_us);
  gint64 back_us = MAX (BACK_US, 2 * (probe->end_video_us - probe->first_video_us));
  return step_us < -back_us || step_us > US_ALIGNMENT_SPAN_US;
}

/**
 * us_alignment_add:
 * @probe: of a segment that @side has delivered; to be given in order
 */
void
us_alignment_add (UsAlignment *alignment, UsOriginId side, const UsProbe *probe) {
  UsAlignmentSide *mine = &alignment->sides[side];
  if (!probe->has_video || probe->pictures == NULL)
    return;
  if (is_jump (mine, probe))
    us_alignment_forget (alignment, side);
  mine->container = probe->container;
  mine->end_us = probe->end_video_us;
  for (guint i = 0; i < probe->pictures->len; i++)
    remember (mine, &g_array_index (probe->pictures, UsPicture, i));
  drop_old (mine);
  judge (alignment);
}

/**
 * us_alignment_map:
 * @from: whose container counts @time_us
 * @twin_us: (out): the same moment as the other's container counts
 *
 * Returns: %FALSE while the offset is not known
 */
gboolean
us_alignment_map (const UsAlignment *alignment, UsOriginId from, gint64 time_us, gint64 *twin_us) {
  if (!alignment->is_known || time_us == G_MININT64)
    return FALSE;
  *twin_us
      = from == US_ORIGIN_PRIMARY ? time_us + alignment->offset_us : time_us - alignment->offset_us;
  return TRUE;
}
