/* truth-warning.h - what is wrong with what a publisher sends, in words */
#pragma once

#include "ingest/truth.h"

G_BEGIN_DECLS

/* Ids and texts are in truth-warning.c, explained in docs/reference/ingest-warnings.md. */
typedef enum {
  US_WARNING_KEYFRAME_INTERVAL,
  US_WARNING_FRAME_RATE,
  US_WARNING_FRAMES_MISSING,
  US_WARNING_AUDIO_MISSING,
  US_WARNING_AUDIO_STOPPED,
  US_WARNING_VIDEO_MISSING,
  US_WARNING_VIDEO_STOPPED,
  US_WARNING_TIMESTAMPS_JUMP,
  US_WARNING_ENCODER_SLOW,
  US_WARNING_FASTER,
  US_WARNING_LINK,
  US_WARNING_CLOCK_DRIFT,
  US_WARNING_TRACKS_APART,
  US_WARNING_OPEN_GOP,
  US_WARNING_MULTITRACK,
  US_WARNING_CODEC,
  US_WARNING_CONFIG,
  US_N_WARNINGS,
} UsWarning;

/* Where judgement begins; docs/reference/ingest-warnings.md says the same. */
#define US_WARNING_GOP_RATIO 1.1       /* of the segment duration */
#define US_WARNING_UNEVEN_END 0.05     /* it begins at US_TRUTH_UNEVEN_RATIO */
#define US_WARNING_MISSING_RATIO 0.01  /* of the pictures of ten seconds */
#define US_WARNING_NEVER_MS 10000      /* after so long a track will not come any more */
#define US_WARNING_STOPPED_MS 3000     /* ... and one that was here has stopped */
#define US_WARNING_JUMP_MS 60000       /* a jump is told for so long */
#define US_WARNING_SLOW_RATE 0.97      /* seconds of media in a second */
#define US_WARNING_FAST_RATE 1.03      /* */
#define US_WARNING_SETTLED_MS 15000    /* before that, what was in buffers tells of no rate */
#define US_WARNING_RTT_MS 300          /* */
#define US_WARNING_DISORDER_RATIO 0.02 /* of the packets of ten seconds ... */
#define US_WARNING_DISORDER_MIN 10     /* ... and how many at least */
#define US_WARNING_DRIFT_PPM 500       /* a crystal is within 100 */
#define US_WARNING_APART_MS 1000       /* audio and video */

/* UsWarningFacts: all that a judgement is made of. */
typedef struct {
  UsTruthNumbers numbers;
  gint64 age_ms; /* since the publisher was accepted */
  guint segment_duration_ms;
  gboolean has_video, has_audio;                     /* frames came, or what ought to be some */
  gboolean is_video_unusable, is_audio_unusable;     /* the codec configuration is missing */
  const char *unsupported_video, *unsupported_audio; /* nullable: name of the codec */
  gboolean is_leading_bad; /* of this codec, pictures shown before the key frame need the
                            * GOP before: not with HEVC, where they may not */
  guint64 other_tracks;    /* messages of tracks that are not used, of this publish */
  gint64 rtt_ms;           /* -1: not known */
  double disorder_ratio;   /* of the packets of the last ten seconds */
  guint64 disordered;      /* how many that were */
} UsWarningFacts;

typedef struct {
  gboolean is_active;
  gint64 since_ms;   /* wall time, of active ones */
  gint64 differs_us; /* the facts say the contrary since then, 0: they do not */
  char *text;        /* (nullable) of active ones: a sentence without its full stop */
  char *remedy;      /* (nullable) of active ones */
} UsWarningState;

/* UsWarnings: zero-initialised; us_warnings_clear(). */
typedef struct {
  UsWarningState states[US_N_WARNINGS];
} UsWarnings;

/* What a step changed: bits of (1u << UsWarning). */
typedef struct {
  guint32 began, ended;
} UsWarningChanges;

const char *us_warning_to_string (UsWarning warning);
gboolean us_warning_is_severe (UsWarning warning);
UsWarningChanges us_warnings_step (UsWarnings *warnings, const UsWarningFacts *facts, gint64 now_us,
                                   gint64 wall_ms);
UsWarningChanges us_warnings_end (UsWarnings *warnings);
guint us_warnings_count (const UsWarnings *warnings);
void us_warnings_clear (UsWarnings *warnings);

G_END_DECLS
