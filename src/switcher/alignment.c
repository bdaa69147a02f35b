/* alignment.c - how far apart the timelines of two origins are, told by their equal pictures
 *
 * Pure. Two packagers of one encoder write the same IDR slices, each with time stamps of its own.
 * Every picture that both have been seen to carry says how far the timelines are apart. Pictures
 * repeat, though: a slate is one picture over and over, a looped file comes round again. So a hash
 * that one side has twice says nothing, only the last seconds are remembered, two different
 * pictures must agree, and more must say so than say anything else. A side whose time stamps jump
 * is forgotten, and the offset found anew.
 *
 * A loop is not known for one before it has come round: until then the pictures that both sides
 * have may be a whole loop apart. What dates and arrival say is coarse but knows no loops. Where
 * both agree with each other and contradict a match, it is not believed, unless so much was seen
 * without a repetition that no loop can explain it; and of several matches the one that they bear
 * out is taken. One of them alone refutes nothing: a clock may be wrong, a network slow.
 */
#include "switcher/alignment.h"

#include <string.h>

#define BACK_US (1 * G_TIME_SPAN_SECOND)        /* further back than this: another timeline */
#define HOLE_US (200 * G_TIME_SPAN_MILLISECOND) /* so much missing may hide a repetition */

void
us_alignment_init (UsAlignment *alignment) {
  *alignment = (UsAlignment){ 0 };
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_alignment_forget (alignment, (UsOriginId)i);
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

/* ---- what dates and arrival say ---- */

/* How much was seen of @side without a picture coming twice: no shorter loop has come round. */
static gint64
unlooped_us (const UsAlignmentSide *side) {
  if (side->n_pictures == 0)
    return 0;
  for (guint i = 0; i < side->n_pictures; i++)
    if (find_only (side, side->pictures[i].hash) < 0)
      return 0;
  gint64 span_us = us_probe_time_diff_us (
      side->container, side->pictures[side->n_pictures - 1].pts_us, side->pictures[0].pts_us);
  return MIN (span_us, side->run_us);
}

/* How far @offset_us is from the offset at which both clues would mean the same moment. */
static gint64
off_clue (const UsAlignment *alignment, gint64 offset_us, gint64 primary_us, gint64 backup_us) {
  if (primary_us == G_MININT64 || backup_us == G_MININT64)
    return G_MININT64;
  gint64 clue_offset_us = difference (alignment, alignment->sides[US_ORIGIN_BACKUP].clue_pts_us,
                                      alignment->sides[US_ORIGIN_PRIMARY].clue_pts_us)
                          - (backup_us - primary_us);
  return difference (alignment, offset_us, clue_offset_us);
}

/**
 * us_alignment_weigh:
 * @off_date_us: how far an offset is from what the dates say; G_MININT64: they say nothing
 * @off_came_us: the same of the times of arrival
 * @unlooped_us: how much of one side was seen without a picture coming twice
 *
 * Returns: whether pictures that say so are to be believed
 */
UsAlignmentWeight
us_alignment_weigh (gint64 off_date_us, gint64 off_came_us, gint64 unlooped_us) {
  const gint64 doubt_us = US_ALIGNMENT_DOUBT_US;
  gboolean has_date = off_date_us != G_MININT64, has_came = off_came_us != G_MININT64;
  if ((has_date && ABS (off_date_us) <= doubt_us) || (has_came && ABS (off_came_us) <= doubt_us))
    return US_ALIGNMENT_BORNE_OUT;
  if (!has_date || !has_came || ABS (off_date_us - off_came_us) > doubt_us)
    return US_ALIGNMENT_OPEN;
  /* A loop as long as the contradiction would have shown itself in what was seen. */
  return unlooped_us >= MAX (ABS (off_date_us), ABS (off_came_us)) + doubt_us
             ? US_ALIGNMENT_OPEN
             : US_ALIGNMENT_REFUTED;
}

typedef struct {
  gint64 unlooped_us; /* of the side of which more is known */
  gboolean is_firm;   /* dates and arrival are known and agree */
} Evidence;

static UsAlignmentWeight
weigh (const UsAlignment *alignment, const Evidence *evidence, gint64 offset_us) {
  const UsAlignmentClue *primary = &alignment->sides[US_ORIGIN_PRIMARY].clue;
  const UsAlignmentClue *backup = &alignment->sides[US_ORIGIN_BACKUP].clue;
  return us_alignment_weigh (off_clue (alignment, offset_us, primary->date_us, backup->date_us),
                             off_clue (alignment, offset_us, primary->came_us, backup->came_us),
                             evidence->unlooped_us);
}

static Evidence
find_evidence (const UsAlignment *alignment) {
  const UsAlignmentClue *primary = &alignment->sides[US_ORIGIN_PRIMARY].clue;
  const UsAlignmentClue *backup = &alignment->sides[US_ORIGIN_BACKUP].clue;
  gint64 off_date_us = off_clue (alignment, 0, primary->date_us, backup->date_us);
  gint64 off_came_us = off_clue (alignment, 0, primary->came_us, backup->came_us);
  return (Evidence){
    .unlooped_us = MAX (unlooped_us (&alignment->sides[US_ORIGIN_PRIMARY]),
                        unlooped_us (&alignment->sides[US_ORIGIN_BACKUP])),
    .is_firm = off_date_us != G_MININT64 && off_came_us != G_MININT64
               && ABS (off_date_us - off_came_us) <= US_ALIGNMENT_DOUBT_US,
  };
}

/* ---- votes ---- */

/* More matches than this are of one picture over and over, and tell nothing. */
#define MAX_VOTES (4 * US_ALIGNMENT_PICTURES)

/* One picture that both sides have. */
typedef struct {
  gint64 offset_us;
  guint64 hash;
  UsAlignmentWeight weight;
} Vote;

/* Of the pictures that each side has once: their only match, if nothing refutes it. */
static guint
collect_unique (const UsAlignment *alignment, const Evidence *evidence, Vote *votes) {
  const UsAlignmentSide *primary = &alignment->sides[US_ORIGIN_PRIMARY];
  const UsAlignmentSide *backup = &alignment->sides[US_ORIGIN_BACKUP];
  guint n = 0;
  for (guint i = 0; i < primary->n_pictures; i++) {
    guint64 hash = primary->pictures[i].hash;
    if (find_only (primary, hash) < 0)
      continue;
    int twin = find_only (backup, hash);
    if (twin < 0)
      continue;
    gint64 offset_us
        = difference (alignment, backup->pictures[twin].pts_us, primary->pictures[i].pts_us);
    UsAlignmentWeight weight = weigh (alignment, evidence, offset_us);
    if (weight != US_ALIGNMENT_REFUTED)
      votes[n++] = (Vote){ offset_us, hash, weight };
  }
  return n;
}

/* Of all pictures, of which a loop has shown some twice: each match that is borne out. */
static guint
collect_borne_out (const UsAlignment *alignment, const Evidence *evidence, Vote *votes) {
  const UsAlignmentSide *primary = &alignment->sides[US_ORIGIN_PRIMARY];
  const UsAlignmentSide *backup = &alignment->sides[US_ORIGIN_BACKUP];
  guint n = 0;
  for (guint i = 0; i < primary->n_pictures; i++) {
    for (guint j = 0; j < backup->n_pictures; j++) {
      if (primary->pictures[i].hash != backup->pictures[j].hash)
        continue;
      gint64 offset_us
          = difference (alignment, backup->pictures[j].pts_us, primary->pictures[i].pts_us);
      if (weigh (alignment, evidence, offset_us) != US_ALIGNMENT_BORNE_OUT)
        continue;
      if (n == MAX_VOTES)
        return 0;
      votes[n++] = (Vote){ offset_us, primary->pictures[i].hash, US_ALIGNMENT_BORNE_OUT };
    }
  }
  return n;
}

static guint
count_agreeing (const Vote *votes, guint n, const Vote *with) {
  guint agreeing = 0;
  for (guint i = 0; i < n; i++)
    agreeing += ABS (votes[i].offset_us - with->offset_us) <= US_ALIGNMENT_AGREE_US ? 1 : 0;
  return agreeing;
}

typedef struct {
  gint64 offset_us;
  guint n_votes;
  gboolean is_borne_out; /* and said by two: before all that is not */
  gboolean has_two;      /* different pictures say so */
  guint n_rival;         /* votes of the next best that is as good */
} Outcome;

static gboolean
is_borne_out (const Vote *vote, guint agreeing) {
  return vote->weight == US_ALIGNMENT_BORNE_OUT && agreeing >= 2;
}

static Outcome
count (const Vote *votes, guint n) {
  Outcome outcome = { 0 };
  const Vote *best = NULL;
  for (guint i = 0; i < n; i++) { /* the newest of equals */
    guint agreeing = count_agreeing (votes, n, &votes[i]);
    gboolean is_better = is_borne_out (&votes[i], agreeing);
    if (is_better < outcome.is_borne_out
        || (is_better == outcome.is_borne_out && agreeing < outcome.n_votes))
      continue;
    best = &votes[i];
    outcome.n_votes = agreeing;
    outcome.is_borne_out = is_better;
    outcome.offset_us = best->offset_us;
  }
  for (guint i = 0; i < n; i++) {
    guint agreeing = count_agreeing (votes, n, &votes[i]);
    if (ABS (votes[i].offset_us - best->offset_us) <= US_ALIGNMENT_AGREE_US)
      outcome.has_two = outcome.has_two || votes[i].hash != best->hash;
    else if (is_borne_out (&votes[i], agreeing) == outcome.is_borne_out)
      outcome.n_rival = MAX (outcome.n_rival, agreeing);
  }
  return outcome;
}

static void
conclude (UsAlignment *alignment, const Outcome *outcome, gboolean is_known) {
  alignment->is_known = is_known;
  alignment->offset_us = outcome->offset_us;
  alignment->n_matches = outcome->n_votes;
}

static void
judge (UsAlignment *alignment) {
  const Evidence evidence = find_evidence (alignment);
  Vote votes[MAX_VOTES] = { 0 };
  guint n = collect_unique (alignment, &evidence, votes);
  Outcome outcome = count (votes, n);
  if (outcome.n_votes >= 2 && outcome.n_votes > outcome.n_rival) {
    conclude (alignment, &outcome, TRUE);
    return;
  }
  if (evidence.is_firm) {
    /* A still scene has matches beside the right one, a loop too short to tell as many. */
    guint n_all = collect_borne_out (alignment, &evidence, votes);
    Outcome all = count (votes, n_all);
    if (all.has_two && all.n_votes > 2 * all.n_rival) {
      conclude (alignment, &all, TRUE);
      return;
    }
  }
  /* Once found it stands while the pictures of both are remembered but do not meet: a slate. */
  if (n > 0 || weigh (alignment, &evidence, alignment->offset_us) == US_ALIGNMENT_REFUTED)
    conclude (alignment, &outcome, FALSE);
}

/* ---- what is remembered ---- */

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
  alignment->sides[side].run_us = 0;
  alignment->sides[side].clue = (UsAlignmentClue){ G_MININT64, G_MININT64 };
  alignment->is_known = FALSE;
  alignment->n_matches = 0;
}

/* How far @probe begins behind what was seen before. */
static gint64
step_us (const UsAlignmentSide *side, const UsProbe *probe) {
  return us_probe_time_diff_us (probe->container, probe->first_video_us, side->end_us);
}

/* A segment twice, or a few missing, is no jump. */
static gboolean
is_jump (const UsAlignmentSide *side, const UsProbe *probe) {
  if (side->end_us == G_MININT64)
    return FALSE;
  if (side->container != probe->container)
    return TRUE;
  gint64 back_us = MAX (BACK_US, 2 * (probe->end_video_us - probe->first_video_us));
  return step_us (side, probe) < -back_us || step_us (side, probe) > US_ALIGNMENT_SPAN_US;
}

static void
note_run (UsAlignmentSide *side, const UsProbe *probe) {
  if (side->end_us == probe->end_video_us)
    return; /* the same once more */
  if (side->end_us == G_MININT64 || step_us (side, probe) > HOLE_US)
    side->run_us = 0;
  side->run_us += MAX (probe->end_video_us - probe->first_video_us, 0);
}

/**
 * us_alignment_add:
 * @probe: of a segment that @side has delivered; to be given in order
 * @clue: when that segment was, as far as others than its pictures say so
 */
void
us_alignment_add (UsAlignment *alignment, UsOriginId side, const UsProbe *probe,
                  const UsAlignmentClue *clue) {
  UsAlignmentSide *mine = &alignment->sides[side];
  if (!probe->has_video || probe->pictures == NULL)
    return;
  if (is_jump (mine, probe))
    us_alignment_forget (alignment, side);
  note_run (mine, probe);
  mine->container = probe->container;
  mine->end_us = probe->end_video_us;
  mine->clue = *clue;
  mine->clue_pts_us = probe->first_video_us;
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
