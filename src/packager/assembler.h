/* assembler.h - gathers marks and messages of one relay connection into whole raw segments */
#pragma once

#include "rtmp/flv.h"
#include "rtmp/mark.h"
#include "rtmp/message.h"

G_BEGIN_DECLS

#define US_ASSEMBLER_MAX_BYTES (128 * 1024 * 1024) /* of one segment */

/* UsAccessUnit: one coded picture or audio frame; @data has no FLV header any more. */
typedef struct {
  gboolean is_video;
  gboolean is_keyframe;
  gint64 dts_ms; /* media time of the epoch */
  gint64 pts_ms;
  GBytes *data;
} UsAccessUnit;

/* UsRawSegment: everything a segment is made of. Two packagers that hold equal raw segments make
 * equal bytes of them, which is all that makes them twins. */
typedef struct {
  UsMark open;   /* its opening half is valid */
  gint64 end_ms; /* closing half, from the mark that ended it */
  guint64 discontinuity;
  gboolean is_discontinuous;
  guint target_duration_s;
  GBytes *video_config; /* (nullable) decoder configuration record of video_codec in force */
  GBytes *audio_config; /* (nullable) the same of audio_codec */
  UsCodec video_codec;  /* of its video units */
  UsCodec audio_codec;  /* of its audio units */
  UsTracks tracks;      /* what its units really are */
  GArray *units;        /* element-type UsAccessUnit, in order of arrival */
  gsize n_bytes;
  gint64 completed_us; /* monotonic: its closing mark was here; of no effect on what is made */
} UsRawSegment;

UsRawSegment *us_raw_segment_new (void);
void us_raw_segment_free (UsRawSegment *raw);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRawSegment, us_raw_segment_free)

typedef struct UsAssembler UsAssembler;

UsAssembler *us_assembler_new (void);
/* Feeds one message. Returns: (transfer full) (nullable): a segment that this message completed.
 * @error is set for a message that makes no sense; the connection should then be closed. */
UsRawSegment *us_assembler_push (UsAssembler *assembler, const UsRtmpMessage *message,
                                 GError **error);
/* TRUE between an end mark and the next opening: the publisher is gone, not late. */
gboolean us_assembler_is_ended (const UsAssembler *assembler);
guint64 us_assembler_get_discarded (const UsAssembler *assembler);
void us_assembler_free (UsAssembler *assembler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsAssembler, us_assembler_free)

G_END_DECLS
