/* flv.h - headers of RTMP audio and video payloads (FLV tag bodies) and codec configurations */
#pragma once

#include "rtmp/codec.h"

G_BEGIN_DECLS

typedef enum {
  US_FLV_UNSUPPORTED, /* a codec we cannot package; named in UsFlvTag.codec_name for the log */
  US_FLV_CONFIG,      /* the decoder configuration record of the codec */
  US_FLV_FRAME,       /* coded data */
  US_FLV_END,         /* end of sequence: no data */
  US_FLV_EMPTY,       /* zero-sized frame, audio "silence" mark, seek mark: to be ignored */
  US_FLV_METADATA,    /* Enhanced RTMP: HDR data, channel layout; has no place in a segment */
  US_FLV_OTHER_TRACK, /* Enhanced RTMP: a message that holds no track 0 */
} UsFlvKind;

/* UsFlvTag: what the first bytes of an audio or video message say, of track 0 where there are
 * several. */
typedef struct {
  UsFlvKind kind;
  UsCodec codec;
  const char *codec_name;     /* static, for logs, also of unsupported codecs */
  gboolean is_keyframe;       /* audio frames: always TRUE */
  gint32 composition_time_ms; /* PTS - DTS, signed 24 bit on the wire */
  gsize data_offset;          /* where codec data starts in the payload */
  gsize data_size;            /* how much of it there is; others may stand behind it */
  gboolean is_legacy;         /* no Enhanced RTMP header */
  gboolean is_wrapped;        /* within ModEx or multitrack: see us_flv_write_plain() */
  guint n_other_tracks;       /* tracks of the message that are not used */
  guint offset_ns;            /* TimestampOffsetNano of ModEx; too fine for MPEG-TS, not used */
} UsFlvTag;

gboolean us_flv_parse_video (const guint8 *data, gsize size, UsFlvTag *tag,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_flv_parse_audio (const guint8 *data, gsize size, UsFlvTag *tag,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
