/* cutter.h - where segments begin */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_CUTTER_VIDEO_LOST_MS 2000     /* no video for so long, by media and by arrival */
#define US_CUTTER_VIDEO_GONE_MS 10000    /* the same by media alone: a push faster than time */
#define US_CUTTER_UNKNOWN_TARGET_MS 3000 /* patience while no target duration is fixed */
#define US_CUTTER_MAX_SEGMENT_MS 60000   /* a segment that finds no end by then is a fault */

typedef enum {
  US_CUT_CONTINUE, /* the frame belongs to the open segment */
  US_CUT_OPEN,     /* the frame opens a new segment */
  US_CUT_DROP,     /* a frame nobody can decode: its key frame never came */
  US_CUT_OVERLONG, /* no place to cut for US_CUTTER_MAX_SEGMENT_MS */
} UsCut;

typedef struct {
  gboolean is_video;
  gboolean is_keyframe; /* of video */
  gint64 time_ms;
  gint64 arrival_us; /* monotonic */
} UsCutterFrame;

/* UsCutter: plain value; us_cutter_start() with the frame that opens an epoch. */
typedef struct {
  gint64 duration_ms; /* wanted */
  gint64 target_ms;   /* EXT-X-TARGETDURATION once fixed, else 0 */
  gint64 open_ms;     /* where the open segment began */
  gboolean has_video; /* the epoch has video */
  gboolean is_video_lost;
  gint64 last_video_ms;
  gint64 last_video_us; /* when it arrived */
  gint64 last_key_ms;
  gint64 gop_ms;         /* last key-frame interval, 0: none seen */
  gint64 longest_gop_ms; /* of this epoch */
} UsCutter;

gboolean us_cutter_is_video_lost (gint64 gap_ms, gint64 silent_us);
void us_cutter_start (UsCutter *cutter, gint64 duration_ms, const UsCutterFrame *first);
UsCut us_cutter_step (UsCutter *cutter, const UsCutterFrame *frame);

G_END_DECLS
