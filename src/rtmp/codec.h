/* codec.h - the codecs that a stream may have, and their names */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What MPEG-TS segments carry; anything else is refused by name. */
/* Real configurations have less than 200 bytes; each is kept as long as a segment that needs it. */
#define US_FLV_MAX_CONFIG (64 * 1024)

typedef enum {
  US_CODEC_NONE,
  US_CODEC_H264,
  US_CODEC_HEVC,
  US_CODEC_AAC,
  US_CODEC_MP3,
  US_CODEC_OPUS,
  US_CODEC_AC3,
  US_CODEC_EAC3,
  US_N_CODECS,
} UsCodec;

const char *us_codec_to_string (UsCodec codec);
const char *us_codec_get_label (UsCodec codec);
guint32 us_codec_get_fourcc (UsCodec codec);
gboolean us_codec_is_video (UsCodec codec);
gboolean us_codec_has_config (UsCodec codec);

G_END_DECLS
