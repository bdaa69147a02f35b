/* timeline.h - from 32-bit RTMP time stamps to one rising media clock per stream */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_TIMELINE_VIDEO,
  US_TIMELINE_AUDIO,
  US_TIMELINE_N_TRACKS,
} UsTimelineTrack;

typedef enum {
  US_TIMELINE_OK,        /* use the message at the time given */
  US_TIMELINE_DROP,      /* out of order, duplicate, or a leftover of the time line before */
  US_TIMELINE_NEW_EPOCH, /* the clock jumped: the message starts a new time line */
} UsTimelineVerdict;

#define US_TIMELINE_REORDER_MS 50     /* back by no more than this: nudged, the frame is needed */
#define US_TIMELINE_BACK_MS 3000      /* back by more than this: the encoder started again */
#define US_TIMELINE_FORWARD_MS 10000  /* ahead of everything by more than this: the clock jumped */
#define US_TIMELINE_SKEW_MS 10000     /* tracks further apart than this have bases of their own */
#define US_TIMELINE_MAX_NUDGES 50     /* in a row: then the track's clock stands still */
#define US_TIMELINE_MAX_STRAGGLERS 50 /* per track after a jump */

/* UsTimeline: plain value, zero-initialised at the start of a publish. */
typedef struct {
  gboolean is_started;
  gint64 newest_ms; /* latest time given out, of all tracks */
  struct {
    guint32 raw;    /* last time stamp seen ... */
    gint64 wide_ms; /* ... and what it was widened to */
    gint64 offset_ms;
  } bases[US_TIMELINE_N_TRACKS]; /* [0] is shared, [1] of a track that has its own */
  struct {
    gboolean has_time;
    guint base;
    gint64 last_ms;
    guint nudges;
    guint32 raw;
    gboolean has_old; /* @old_raw is from before a jump */
    guint32 old_raw;
    guint stragglers;
  } tracks[US_TIMELINE_N_TRACKS];
} UsTimeline;

gint64 us_timeline_distance (guint32 from, guint32 to);
UsTimelineVerdict us_timeline_push (UsTimeline *timeline, UsTimelineTrack track, guint32 raw_ms,
                                    gint64 *time_ms);

G_END_DECLS
