/* codec.c - one row for each codec that can be packaged; pure */
#include "rtmp/codec.h"

#define FOURCC(a, b, c, d) ((guint32)(a) << 24 | (guint32)(b) << 16 | (guint32)(c) << 8 | (d))

static const struct {
  const char *name;  /* in status, and tag of pipeline texts */
  const char *label; /* for people */
  guint32 fourcc;    /* Enhanced RTMP v2, "VideoFourCc" and "AudioFourCc" */
  gboolean is_video;
  gboolean has_config; /* frames make no sense without a sequence header */
} codecs[US_N_CODECS] = {
  [US_CODEC_NONE] = { "none", "none", 0, FALSE, FALSE },
  [US_CODEC_H264] = { "h264", "H.264", FOURCC ('a', 'v', 'c', '1'), TRUE, TRUE },
  [US_CODEC_HEVC] = { "h265", "HEVC", FOURCC ('h', 'v', 'c', '1'), TRUE, TRUE },
  [US_CODEC_AAC] = { "aac", "AAC", FOURCC ('m', 'p', '4', 'a'), FALSE, TRUE },
  [US_CODEC_MP3] = { "mp3", "MP3", FOURCC ('.', 'm', 'p', '3'), FALSE, FALSE },
  [US_CODEC_OPUS] = { "opus", "Opus", FOURCC ('O', 'p', 'u', 's'), FALSE, TRUE },
  [US_CODEC_AC3] = { "ac3", "AC-3", FOURCC ('a', 'c', '-', '3'), FALSE, FALSE },
  [US_CODEC_EAC3] = { "eac3", "E-AC-3", FOURCC ('e', 'c', '-', '3'), FALSE, FALSE },
};

/**
 * us_codec_to_string:
 * @codec: a codec
 *
 * Returns: (transfer none): its name in status and its tag in pipeline texts
 */
const char *
us_codec_to_string (UsCodec codec) {
  return codecs[codec < US_N_CODECS ? codec : US_CODEC_NONE].name;
}

/**
 * us_codec_get_label:
 * @codec: a codec
 *
 * Returns: (transfer none): its name for people
 */
const char *
us_codec_get_label (UsCodec codec) {
  return codecs[codec < US_N_CODECS ? codec : US_CODEC_NONE].label;
}

/**
 * us_codec_get_fourcc:
 * @codec: a codec
 *
 * Returns: its four letters in Enhanced RTMP, big endian; 0 of none
 */
guint32
us_codec_get_fourcc (UsCodec codec) {
  return codecs[codec < US_N_CODECS ? codec : US_CODEC_NONE].fourcc;
}

/**
 * us_codec_is_video:
 * @codec: a codec
 *
 * Returns: whether it is one of pictures
 */
gboolean
us_codec_is_video (UsCodec codec) {
  return codec < US_N_CODECS && codecs[codec].is_video;
}

/**
 * us_codec_has_config:
 * @codec: a codec
 *
 * Returns: whether a sequence header has to come before its frames. The others say everything in
 *   each frame.
 */
gboolean
us_codec_has_config (UsCodec codec) {
  return codec < US_N_CODECS && codecs[codec].has_config;
}
