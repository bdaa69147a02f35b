/* verdict.h - the health of a stream: findings and time in, a state with reasons out */
#pragma once

#include "finding/finding.h"

G_BEGIN_DECLS

/* UsVerdictFacts: of one evaluation. */
typedef struct {
  gint64 now_us; /* monotonic */
  const UsFindings *findings;
  guint n_video, n_audio; /* renditions */
  /* A bit for each index of a rendition. Neither video nor audio set: all are video. */
  guint64 video, audio;
  guint64 looked_at;       /* renditions whose segments are fetched and looked into; 0: all */
  guint target_duration_s; /* 0: not known */
  gboolean has_evidence;   /* at least one poll has been answered, or has failed for good */
  gboolean is_paused;
  gboolean is_probe_at_fault; /* then nothing may be concluded */
  gboolean is_advancing;      /* every rendition has got a new segment within the last 1.5 target
                                 durations and a poll; those that have ended do not count */
} UsVerdictFacts;

/* UsVerdict: kept from evaluation to evaluation; start with zeros. Text is owned. */
typedef struct {
  UsHealth health;
  char *reasons[2]; /* nullable; the first is the leading one */
  UsCheck leading;  /* the check behind it; US_N_CHECKS: none */
  int leading_rendition;
  gboolean is_flapping;
  gint64 since_us;  /* when @health began */
  UsHealth settled; /* the newest state before @health that had lasted for a while */
  UsHealth resumes; /* what NO DATA hides: it goes on from there; NO DATA: from nothing */
  /* hysteresis */
  UsHealth seen;         /* what the last evaluation alone would say */
  guint n_seen;          /* in a row */
  gint64 well_since_us;  /* since when it is better than @health; 0: it is not */
  guint n_well;          /* evaluations since then */
  gboolean has_advanced; /* in that time */
  guint n_relapses;      /* each doubles how long it must be well */
  gint64 improved_us;    /* when @health last got better; 0: never, or forgotten */
  guint32 transitions;   /* the last 20 evaluations, a bit each: @seen changed */
} UsVerdict;

/* Returns: whether the state changed. Entry: at once for hard faults, else two evaluations in a
 * row. Exit: one level at a time, after max (3 good evaluations, 3 target durations, 30 s); a
 * relapse doubles that up to 15 min. NO DATA skips no level: afterwards the state is what it was
 * before, but for what our own failing network may have made of it, or a pause has ended. */
gboolean us_verdict_step (UsVerdict *verdict, const UsVerdictFacts *facts);
/* What the findings alone say, with the roll-up over renditions. */
UsHealth us_verdict_judge (const UsVerdictFacts *facts, const UsFinding **leading,
                           const UsFinding **second);
void us_verdict_clear (UsVerdict *verdict);

G_END_DECLS
