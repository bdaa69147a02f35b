/* segmenter.h - from a publisher's messages to numbered segments in a ring */
#pragma once

#include "base/clock.h"
#include "ingest/input.h"
#include "ingest/ring.h"
#include "ingest/state.h"
#include "ingest/truth.h"

G_BEGIN_DECLS

#define US_SEGMENTER_USELESS_MS 10000 /* data came, but nothing that can be packaged */
#define US_SEGMENTER_NO_KEYFRAME_MS 60000
#define US_SEGMENTER_ANALYSE_MS 1000  /* media to wait for a second track at the start */
#define US_SEGMENTER_NO_VIDEO_MS 5000 /* after that, a publisher without video has none */
#define US_SEGMENTER_MAX_PENDING 4096 /* messages held while waiting for a start */
#define US_SEGMENTER_MAX_PENDING_BYTES (16 * 1024 * 1024)
#define US_SEGMENTER_MAX_SEGMENT_BYTES (64 * 1024 * 1024)
#define US_SEGMENTER_RING_EXTRA_MS 10000
#define US_SEGMENTER_MAX_EPOCHS 20 /* in US_SEGMENTER_EPOCHS_US: a broken or hostile publisher */
#define US_SEGMENTER_EPOCHS_US (10 * G_USEC_PER_SEC)

typedef struct {
  guint segment_duration_ms;
  guint target_duration_s; /* 0: measured from the first segment */
  guint playlist_length;
  gsize ring_max_bytes;
} UsSegmenterSettings;

typedef enum {
  US_SEGMENTER_NOTHING,
  US_SEGMENTER_STORED,   /* a frame was added to the open segment */
  US_SEGMENTER_BOUNDARY, /* a segment opened or closed: relays should hear of it at once */
  US_SEGMENTER_FAULT,    /* the publisher cannot be served any more; error set */
} UsSegmenterResult;

typedef struct {
  guint64 epoch, number; /* of the newest segment */
  gint64 media_ms;       /* newest media time in the epoch */
  gint64 keyframe_interval_ms;
  double fps;          /* of the last closed segment */
  guint64 bitrate_bps; /* of the last closed segment */
  guint64 epochs_total, segments_total;
  guint target_duration_s;
} UsSegmenterStats;

typedef struct UsSegmenter UsSegmenter;

UsSegmenter *us_segmenter_new (const char *name, const UsSegmenterSettings *settings,
                               UsState *state, const UsClock *clock);
void us_segmenter_begin (UsSegmenter *segmenter);
UsSegmenterResult us_segmenter_push (UsSegmenter *segmenter, UsRtmpMessageType type,
                                     guint32 timestamp_ms, GBytes *payload,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_segmenter_set_age (UsSegmenter *segmenter, gint64 age_ms);
gboolean us_segmenter_check (UsSegmenter *segmenter, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_segmenter_end (UsSegmenter *segmenter);
void us_segmenter_note_packager (UsSegmenter *segmenter, guint64 number);
UsRing *us_segmenter_get_ring (UsSegmenter *segmenter);
const UsInput *us_segmenter_get_video (UsSegmenter *segmenter);
const UsInput *us_segmenter_get_audio (UsSegmenter *segmenter);
const UsTruth *us_segmenter_get_truth (UsSegmenter *segmenter);
guint us_segmenter_get_duration_ms (UsSegmenter *segmenter);
void us_segmenter_get_stats (UsSegmenter *segmenter, UsSegmenterStats *stats);
void us_segmenter_free (UsSegmenter *segmenter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsSegmenter, us_segmenter_free)

G_END_DECLS
