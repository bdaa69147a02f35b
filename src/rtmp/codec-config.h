/* codec-config.h - decoder configurations and frame headers, as far as packaging needs them */
#pragma once

#include "rtmp/codec.h"

G_BEGIN_DECLS

/* What is shown of a video track. */
typedef struct {
  guint nal_length_size; /* 1, 2 or 4 */
  guint width, height;   /* from the first SPS; 0 when it could not be read */
  guint8 profile, level; /* profile_idc; level_idc */
} UsVideoConfig;

/* What is shown of an audio track. */
typedef struct {
  guint sample_rate_hz;
  guint channels;
} UsSoundConfig;

/* AudioSpecificConfig (ISO 14496-3 1.6.2.1): needs object type, rate and channels, checks lengths.
 */
typedef struct {
  guint object_type;
  guint sample_rate_hz;
  guint channels;
  guint frame_samples; /* 1024 or 960 */
} UsAacConfig;

/* OpusHead (RFC 7845 5.1), whole. */
typedef struct {
  guint channels;
  guint mapping_family;       /* 0 or 1 */
  guint n_streams, n_coupled; /* family 0: 1 and channels - 1 */
  guint8 mapping[8];          /* family 1 */
} UsOpusConfig;

gboolean us_flv_parse_avc_config (const guint8 *data, gsize size, UsVideoConfig *config,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_flv_parse_hevc_config (const guint8 *data, gsize size, UsVideoConfig *config,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_flv_parse_aac_config (const guint8 *data, gsize size, UsAacConfig *config,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_flv_parse_opus_config (const guint8 *data, gsize size, UsOpusConfig *config,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_flv_read_sound_frame (UsCodec codec, const guint8 *data, gsize size,
                                  UsSoundConfig *config) G_GNUC_WARN_UNUSED_RESULT;
GBytes *us_flv_gather_hevc_config (const guint8 *data, gsize size);

G_END_DECLS
