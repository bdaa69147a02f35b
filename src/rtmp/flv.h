/* flv.h - headers of RTMP audio and video payloads (FLV tag bodies) and codec configurations */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_FLV_UNSUPPORTED, /* a codec we cannot package; named in UsFlvTag.codec for the log */
  US_FLV_CONFIG,      /* AVCDecoderConfigurationRecord or AudioSpecificConfig */
  US_FLV_FRAME,       /* coded data */
  US_FLV_END,         /* end of sequence: no data */
  US_FLV_EMPTY,       /* zero-sized frame or audio "silence" mark: to be ignored */
} UsFlvKind;

typedef enum {
  US_CODEC_NONE,
  US_CODEC_H264,
  US_CODEC_AAC,
  US_CODEC_MP3,
} UsCodec;

/* UsFlvTag: what the first bytes of an audio or video message say. */
typedef struct {
  UsFlvKind kind;
  UsCodec codec;
  const char *codec_name;     /* static, for logs, also of unsupported codecs */
  gboolean is_keyframe;       /* audio frames: always TRUE */
  gint32 composition_time_ms; /* PTS - DTS, signed 24 bit on the wire */
  gsize data_offset;          /* where codec data starts in the payload */
} UsFlvTag;

gboolean us_flv_parse_video (const guint8 *data, gsize size, UsFlvTag *tag,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_flv_parse_audio (const guint8 *data, gsize size, UsFlvTag *tag,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* AudioSpecificConfig (ISO 14496-3 1.6.2.1): needs object type, rate and channels, checks lengths.
 */
typedef struct {
  guint object_type;
  guint sample_rate_hz;
  guint channels;
  guint frame_samples; /* 1024 or 960 */
} UsAacConfig;

gboolean us_flv_parse_aac_config (const guint8 *data, gsize size, UsAacConfig *config,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* AVCDecoderConfigurationRecord (ISO 14496-15 5.3.3.1): at least one SPS and PPS, all lengths. */
typedef struct {
  guint nal_length_size; /* 1, 2 or 4 */
  guint width, height;   /* from the first SPS; 0 when it could not be read */
  guint8 profile, level;
} UsAvcConfig;

gboolean us_flv_parse_avc_config (const guint8 *data, gsize size, UsAvcConfig *config,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
