/* truth.h - what a publisher really sends: rates, key frames, punctuality, jumps and gaps, measured
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_TRUTH_SECONDS 60          /* how far back most of it is looked */
#define US_TRUTH_SHORT_S 10          /* the window of rates and lateness */
#define US_TRUTH_BASE_S 20           /* ... and of what lateness is measured against */
#define US_TRUTH_JUMP_MS 500         /* a step of time stamps that arrival does not explain */
#define US_TRUTH_BACK_MS 50          /* ... backwards; less is disorder, see timeline.h */
#define US_TRUTH_LATE_MS 500         /* a frame so far behind the usual is late */
#define US_TRUTH_INTERVALS 256       /* distances of pictures that the frame rate is taken from */
#define US_TRUTH_MIN_INTERVALS 48    /* ... and how few of them say nothing yet */
#define US_TRUTH_UNEVEN_RATIO 0.1    /* more uneven distances than this: no constant rate */
#define US_TRUTH_MAX_GAP_MS 10000    /* a longer one is an interruption, no missing pictures */
#define US_TRUTH_DRIFT_POINTS 30     /* of US_TRUTH_SHORT_S each: five minutes */
#define US_TRUTH_MIN_DRIFT_POINTS 12 /* two minutes */
#define US_TRUTH_DRIFT_NOISE_MS 10   /* points so far off a straight line are one all the same */
#define US_TRUTH_BUCKETS 60          /* of lateness, four for each doubling of it */

/* UsTruthFrame: one access unit, as it came. */
typedef struct {
  gboolean is_video, is_keyframe; /* key frame: of video */
  guint32 time_ms;                /* decoding time, 32 bits as on the wire */
  gint32 composition_ms;          /* presentation time - decoding time */
  gsize size;                     /* bytes of payload */
  gint64 arrival_us;              /* monotonic, never falling */
} UsTruthFrame;

/* UsTruthNumbers: of the publish that runs, but for the totals. */
typedef struct {
  guint64 bitrate_1s_bps;  /* of the last whole second, of arrival ... */
  guint64 bitrate_10s_bps; /* ... and the mean of the last ten */
  double fps;              /* pictures per second of media, mean of the last ten seconds; 0: none */
  double constant_fps;     /* which their distances are multiples of; 0: not known */
  double uneven_ratio;     /* of the last 256 distances, those that are another than usual */
  gint64 gop_ms;           /* distance of the last two key frames, 0: not known */
  gint64 gop_longest_ms;   /* of the last minute, the one that is still open included */
  guint gop_pictures;      /* in the last closed one */
  gint64 reorder_ms;       /* by how much B-frames spread composition; 0: there are none */
  gboolean has_leading;    /* pictures behind a key frame that are shown before it */
  guint64 jumps_total;
  gint64 jump_ms;         /* size of the last one, negative: backwards */
  gint64 jump_us;         /* when it arrived, 0: never in this publish */
  gint64 lateness_p95_ms; /* upper bound of a bucket, at most 19 % too much */
  guint64 late_total;     /* frames more than US_TRUTH_LATE_MS behind the usual */
  guint64 missing_total;  /* pictures that a constant rate would have had */
  double missing_ratio;   /* of those, in the last ten seconds */
  gboolean has_lead;
  gint64 audio_lead_ms; /* at the same moment, audio's time stamps are so far ahead of video's */
  gboolean has_rate;
  double media_rate; /* seconds of media that come in a second */
  gboolean has_drift;
  double drift_ppm; /* the encoder's clock against ours, positive: it is fast */
  gint64 video_silent_ms, audio_silent_ms; /* since the last frame, -1: never any */
} UsTruthNumbers;

typedef struct UsTruth UsTruth;

UsTruth *us_truth_new (void);
void us_truth_begin (UsTruth *truth);
void us_truth_push (UsTruth *truth, const UsTruthFrame *frame);
void us_truth_measure (const UsTruth *truth, gint64 now_us, UsTruthNumbers *numbers);
void us_truth_free (UsTruth *truth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsTruth, us_truth_free)

G_END_DECLS
