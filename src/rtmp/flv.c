/* flv.c - what the first bytes of audio and video messages say
 *
 * Adobe FLV 10.1 sections E.4.2.1 and E.4.3.1; messages with the header of Enhanced RTMP are read
 * by ex-header.c. HEVC under the video codec id 12 is in no specification, but many encoders send
 * it: it is laid out like AVC. Pure, no memory is taken. A codec that we cannot package is no error
 * but a tag of kind US_FLV_UNSUPPORTED with its name, so that the log can say what the encoder
 * should change.
 */
#include "rtmp/flv.h"

#include "rtmp/bytes.h"
#include "rtmp/error.h"
#include "rtmp/ex-header.h"

/* FLV E.4.3.1 */
enum {
  FRAME_KEY = 1,
  FRAME_GENERATED_KEY = 4,
  FRAME_COMMAND = 5, /* client-side seek marks, no picture */
};
enum { VIDEO_AVC = 7, VIDEO_HEVC = 12 };
/* FLV E.4.2.1 */
enum {
  AUDIO_MP3 = 2,
  AUDIO_EX_HEADER = 9, /* Enhanced RTMP */
  AUDIO_AAC = 10,
  AUDIO_MP3_8K = 14,
};
/* AVCPacketType and AACPacketType */
enum { PACKET_CONFIG = 0, PACKET_FRAME = 1, PACKET_END = 2 };
#define EX_HEADER 0x80

static const char *const video_names[16] = {
  "video codec 0",  "video codec 1",  "Sorenson H.263", "Screen video", "VP6",
  "VP6 with alpha", "Screen video 2", "H.264",          "Real H.263",   "MPEG-4 part 2",
  "video codec 10", "video codec 11", "HEVC",           "AV1",          "VVC",
  "video codec 15",
};
static const char *const audio_names[16] = {
  "PCM",
  "ADPCM",
  "MP3",
  "PCM",
  "Nellymoser 16 kHz",
  "Nellymoser 8 kHz",
  "Nellymoser",
  "G.711 A-law",
  "G.711 mu-law",
  "Enhanced RTMP",
  "AAC",
  "Speex",
  "audio codec 12",
  "Opus without Enhanced RTMP",
  "MP3",
  "device-specific sound",
};

static gboolean
fail_truncated (GError **error, const char *what, gsize size) {
  g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA,
               "%s message of %" G_GSIZE_FORMAT " bytes ends inside its header", what, size);
  return FALSE;
}

static gboolean
fail_packet_type (GError **error, const char *what, guint type) {
  g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA,
               "%s message with the unknown packet type %u", what, type);
  return FALSE;
}

/* Coded data begins at @offset; none at all is to be ignored, encoders send such frames. */
static gboolean
set_data (UsFlvTag *tag, UsFlvKind kind, gsize offset, gsize size) {
  tag->kind = size > offset ? kind : US_FLV_EMPTY;
  tag->data_offset = MIN (offset, size);
  tag->data_size = size - tag->data_offset;
  return TRUE;
}

static gboolean
set_without_data (UsFlvTag *tag, UsFlvKind kind, gsize size) {
  tag->kind = kind;
  tag->data_offset = size;
  return TRUE;
}

static gboolean
parse_video (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  *tag = (UsFlvTag){ .kind = US_FLV_EMPTY, .codec_name = "video" };
  if (size == 0)
    return TRUE;
  guint frame_type = data[0] >> 4 & 7;
  guint codec = data[0] & 0x0f;
  tag->is_keyframe = frame_type == FRAME_KEY || frame_type == FRAME_GENERATED_KEY;
  if (data[0] & EX_HEADER)
    return us_ex_header_parse_video (data, size, frame_type, tag, error);
  tag->is_legacy = TRUE;
  tag->codec_name = video_names[codec];
  if (frame_type == FRAME_COMMAND)
    return set_without_data (tag, US_FLV_EMPTY, size);
  if (codec != VIDEO_AVC && codec != VIDEO_HEVC)
    return set_data (tag, US_FLV_UNSUPPORTED, 1, size);
  tag->codec = codec == VIDEO_AVC ? US_CODEC_H264 : US_CODEC_HEVC;
  if (size < 2)
    return fail_truncated (error, "a video", size);
  if (data[1] == PACKET_END)
    return set_without_data (tag, US_FLV_END, size);
  if (data[1] != PACKET_CONFIG && data[1] != PACKET_FRAME)
    return fail_packet_type (error, "a video", data[1]);
  if (size < 5)
    return fail_truncated (error, "a video", size);
  if (data[1] == PACKET_CONFIG)
    return set_data (tag, US_FLV_CONFIG, 5, size);
  tag->composition_time_ms = us_read_s24 (data + 2);
  return set_data (tag, US_FLV_FRAME, 5, size);
}

static gboolean
parse_audio (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  *tag = (UsFlvTag){ .kind = US_FLV_EMPTY, .codec_name = "audio", .is_keyframe = TRUE };
  if (size == 0)
    return TRUE;
  guint codec = data[0] >> 4;
  tag->codec_name = audio_names[codec];
  if (codec == AUDIO_EX_HEADER)
    return us_ex_header_parse_audio (data, size, tag, error);
  tag->is_legacy = TRUE;
  switch (codec) {
  case AUDIO_MP3:
  case AUDIO_MP3_8K:
    tag->codec = US_CODEC_MP3;
    return set_data (tag, US_FLV_FRAME, 1, size);
  case AUDIO_AAC:
    break;
  default:
    return set_data (tag, US_FLV_UNSUPPORTED, 1, size);
  }
  tag->codec = US_CODEC_AAC;
  if (size < 2)
    return fail_truncated (error, "an audio", size);
  if (data[1] == PACKET_CONFIG)
    return set_data (tag, US_FLV_CONFIG, 2, size);
  if (data[1] == PACKET_FRAME)
    return set_data (tag, US_FLV_FRAME, 2, size);
  return fail_packet_type (error, "an audio", data[1]);
}

static gboolean
check_size (const UsFlvTag *tag, GError **error) {
  if (tag->kind != US_FLV_CONFIG || tag->data_size <= US_FLV_MAX_CONFIG)
    return TRUE;
  g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA,
               "a %s configuration of %" G_GSIZE_FORMAT " bytes, at most %d are taken",
               tag->codec_name, tag->data_size, US_FLV_MAX_CONFIG);
  return FALSE;
}

/**
 * us_flv_parse_video:
 * @data: (array length=size): payload of a video message
 * @size: its length; 0 is a tag of kind %US_FLV_EMPTY
 * @tag: (out): what it says
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Returns: %FALSE when the header is cut off or of an unknown form, or a configuration too large
 */
gboolean
us_flv_parse_video (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  return parse_video (data, size, tag, error) && check_size (tag, error);
}

/**
 * us_flv_parse_audio:
 * @data: (array length=size): payload of an audio message
 * @size: its length; 0 is a tag of kind %US_FLV_EMPTY ("silence" of Enhanced RTMP)
 * @tag: (out): what it says
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Returns: %FALSE when the header is cut off or of an unknown form, or a configuration too large
 */
gboolean
us_flv_parse_audio (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  return parse_audio (data, size, tag, error) && check_size (tag, error);
}
