/* flv.c - what the first bytes of audio and video messages say
 *
 * Adobe FLV 10.1 sections E.4.2.1 and E.4.3.1 (legacy tags), and Enhanced RTMP v2
 * "ExAudioTagHeader" and "ExVideoTagHeader" for the codecs we package, since encoders may send
 * H.264 and AAC that way too. Pure, no memory is taken. A codec that we cannot package is no error
 * but a tag of kind US_FLV_UNSUPPORTED with its name, so that the log can say what the encoder
 * should change.
 */
#include "rtmp/flv.h"

#include <string.h>

#include "rtmp/bytes.h"
#include "rtmp/error.h"

/* FLV E.4.3.1 */
enum {
  FRAME_KEY = 1,
  FRAME_GENERATED_KEY = 4,
  FRAME_COMMAND = 5, /* client-side seek marks, no picture */
};
enum { VIDEO_AVC = 7 };
/* FLV E.4.2.1 */
enum {
  AUDIO_MP3 = 2,
  AUDIO_EX_HEADER = 9, /* Enhanced RTMP */
  AUDIO_AAC = 10,
  AUDIO_MP3_8K = 14,
};
/* Enhanced RTMP v2; legacy AVC and AAC packets use 0 to 2 in the same sense. */
enum {
  PACKET_CONFIG = 0,
  PACKET_FRAME = 1,
  PACKET_END = 2,
  PACKET_FRAME_X = 3,  /* video: no composition time */
  PACKET_METADATA = 4, /* video: HDR data; audio: channel layout */
  PACKET_VIDEO_MULTITRACK = 6,
  PACKET_AUDIO_MULTITRACK = 5,
  PACKET_MOD_EX = 7,
};
#define EX_HEADER 0x80
#define FOURCC(a, b, c, d) ((guint32)(a) << 24 | (guint32)(b) << 16 | (guint32)(c) << 8 | (d))

static const char *const video_names[16] = {
  "video codec 0",
  "video codec 1",
  "Sorenson H.263",
  "Screen video",
  "VP6",
  "VP6 with alpha",
  "Screen video 2",
  "H.264",
  "Real H.263",
  "MPEG-4 part 2",
  "video codec 10",
  "video codec 11",
  "HEVC (codec id 12)",
  "AV1 (codec id 13)",
  "VVC (codec id 14)",
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
  "Opus (codec id 13)",
  "MP3",
  "device-specific sound",
};

typedef struct {
  guint32 fourcc;
  UsCodec codec;
  const char *name;
} FourCc;
static const FourCc fourccs[] = {
  { FOURCC ('a', 'v', 'c', '1'), US_CODEC_H264, "H.264" },
  { FOURCC ('h', 'v', 'c', '1'), US_CODEC_NONE, "HEVC" },
  { FOURCC ('v', 'v', 'c', '1'), US_CODEC_NONE, "VVC" },
  { FOURCC ('a', 'v', '0', '1'), US_CODEC_NONE, "AV1" },
  { FOURCC ('v', 'p', '0', '8'), US_CODEC_NONE, "VP8" },
  { FOURCC ('v', 'p', '0', '9'), US_CODEC_NONE, "VP9" },
  { FOURCC ('m', 'p', '4', 'a'), US_CODEC_AAC, "AAC" },
  { FOURCC ('.', 'm', 'p', '3'), US_CODEC_MP3, "MP3" },
  { FOURCC ('O', 'p', 'u', 's'), US_CODEC_NONE, "Opus" },
  { FOURCC ('f', 'L', 'a', 'C'), US_CODEC_NONE, "FLAC" },
  { FOURCC ('a', 'c', '-', '3'), US_CODEC_NONE, "AC-3" },
  { FOURCC ('e', 'c', '-', '3'), US_CODEC_NONE, "E-AC-3" },
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
  return TRUE;
}

static gboolean
set_without_data (UsFlvTag *tag, UsFlvKind kind, gsize size) {
  tag->kind = kind;
  tag->data_offset = size;
  return TRUE;
}

/* ModEx wraps another packet: size, data, then 4 bits of what it was and 4 bits of what is next.
 * Its only kind so far, a nanosecond offset, does not matter at 90 kHz. */
static gboolean
skip_mod_ex (const guint8 *data, gsize size, const char *what, guint *packet, gsize *at,
             GError **error) {
  while (*packet == PACKET_MOD_EX) {
    if (size - *at < 1)
      return fail_truncated (error, what, size);
    gsize length = data[*at] + 1u;
    *at += 1;
    if (length == 256) {
      if (size - *at < 2)
        return fail_truncated (error, what, size);
      length = us_read_u16 (data + *at) + 1u;
      *at += 2;
    }
    if (size - *at < length + 1)
      return fail_truncated (error, what, size);
    *at += length;
    *packet = data[*at] & 0x0f;
    *at += 1;
  }
  return TRUE;
}

static gboolean
take_fourcc (const guint8 *data, gsize size, const char *what, gsize *at, UsFlvTag *tag,
             GError **error) {
  if (size - *at < 4)
    return fail_truncated (error, what, size);
  guint32 fourcc = us_read_u32 (data + *at);
  *at += 4;
  tag->codec = US_CODEC_NONE;
  tag->codec_name = "an unknown FourCC";
  for (guint i = 0; i < G_N_ELEMENTS (fourccs); i++) {
    if (fourccs[i].fourcc == fourcc) {
      tag->codec = fourccs[i].codec;
      tag->codec_name = fourccs[i].name;
    }
  }
  return TRUE;
}

/* Enhanced RTMP v2, "ExVideoTagHeader" and "ExVideoTagBody". */
static gboolean
parse_ex_video (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  guint packet = data[0] & 0x0f;
  gsize at = 1;
  if (!skip_mod_ex (data, size, "a video", &packet, &at, error))
    return FALSE;
  if ((data[0] >> 4 & 7) == FRAME_COMMAND && packet != PACKET_METADATA)
    return set_without_data (tag, US_FLV_EMPTY, size);
  if (packet == PACKET_VIDEO_MULTITRACK) {
    tag->codec_name = "a further video track";
    return set_without_data (tag, US_FLV_UNSUPPORTED, size);
  }
  if (!take_fourcc (data, size, "a video", &at, tag, error))
    return FALSE;
  if (tag->codec != US_CODEC_H264)
    return set_data (tag, US_FLV_UNSUPPORTED, at, size);
  switch (packet) {
  case PACKET_CONFIG:
    return set_data (tag, US_FLV_CONFIG, at, size);
  case PACKET_FRAME:
    if (size - at < 3)
      return size == at ? set_without_data (tag, US_FLV_EMPTY, size)
                        : fail_truncated (error, "a video", size);
    tag->composition_time_ms = us_read_s24 (data + at);
    return set_data (tag, US_FLV_FRAME, at + 3, size);
  case PACKET_FRAME_X:
    return set_data (tag, US_FLV_FRAME, at, size);
  case PACKET_END:
    return set_without_data (tag, US_FLV_END, size);
  case PACKET_METADATA:
    return set_without_data (tag, US_FLV_EMPTY, size);
  default:
    return fail_packet_type (error, "a video", packet);
  }
}

/**
 * us_flv_parse_video:
 * @data: (array length=size): payload of a video message
 * @size: its length; 0 is a tag of kind %US_FLV_EMPTY
 * @tag: (out): what it says
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Returns: %FALSE when the header is cut off or of an unknown form
 */
gboolean
us_flv_parse_video (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  *tag = (UsFlvTag){ .kind = US_FLV_EMPTY, .codec_name = "video" };
  if (size == 0)
    return TRUE;
  guint frame_type = data[0] >> 4 & 7;
  guint codec = data[0] & 0x0f;
  tag->is_keyframe = frame_type == FRAME_KEY || frame_type == FRAME_GENERATED_KEY;
  if (data[0] & EX_HEADER)
    return parse_ex_video (data, size, tag, error);
  tag->codec_name = video_names[codec];
  if (frame_type == FRAME_COMMAND)
    return set_without_data (tag, US_FLV_EMPTY, size);
  if (codec != VIDEO_AVC)
    return set_data (tag, US_FLV_UNSUPPORTED, 1, size);
  tag->codec = US_CODEC_H264;
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

/* Enhanced RTMP v2, "ExAudioTagHeader" and "ExAudioTagBody". */
static gboolean
parse_ex_audio (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  guint packet = data[0] & 0x0f;
  gsize at = 1;
  if (!skip_mod_ex (data, size, "an audio", &packet, &at, error))
    return FALSE;
  if (packet == PACKET_AUDIO_MULTITRACK) {
    tag->codec_name = "a further audio track";
    return set_without_data (tag, US_FLV_UNSUPPORTED, size);
  }
  if (!take_fourcc (data, size, "an audio", &at, tag, error))
    return FALSE;
  if (tag->codec != US_CODEC_AAC && tag->codec != US_CODEC_MP3)
    return set_data (tag, US_FLV_UNSUPPORTED, at, size);
  switch (packet) {
  case PACKET_CONFIG:
    return set_data (tag, US_FLV_CONFIG, at, size);
  case PACKET_FRAME:
    return set_data (tag, US_FLV_FRAME, at, size);
  case PACKET_END:
    return set_without_data (tag, US_FLV_END, size);
  case PACKET_METADATA:
    return set_without_data (tag, US_FLV_EMPTY, size);
  default:
    return fail_packet_type (error, "an audio", packet);
  }
}

/**
 * us_flv_parse_audio:
 * @data: (array length=size): payload of an audio message
 * @size: its length; 0 is a tag of kind %US_FLV_EMPTY ("silence" of Enhanced RTMP)
 * @tag: (out): what it says
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Returns: %FALSE when the header is cut off or of an unknown form
 */
gboolean
us_flv_parse_audio (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  *tag = (UsFlvTag){ .kind = US_FLV_EMPTY, .codec_name = "audio", .is_keyframe = TRUE };
  if (size == 0)
    return TRUE;
  guint codec = data[0] >> 4;
  tag->codec_name = audio_names[codec];
  switch (codec) {
  case AUDIO_EX_HEADER:
    return parse_ex_audio (data, size, tag, error);
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
