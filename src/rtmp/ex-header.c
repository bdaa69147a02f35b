/* ex-header.c - what Enhanced RTMP puts in front of coded data
 *
 * Enhanced RTMP v2, "Enhanced Audio" and "Enhanced Video". A message is, from outside to inside:
 * any number of ModEx packets, perhaps a list of tracks, a FourCC, a packet type, coded data. Every
 * length is the peer's: it is checked before use, a list of tracks must end where the message ends,
 * and nothing is repeated without using up bytes. Track 0 is read, the others are counted. Pure, no
 * memory is taken.
 */
#include "rtmp/ex-header.h"

#include "rtmp/bytes.h"
#include "rtmp/error.h"

/* VideoPacketType and AudioPacketType */
enum {
  PACKET_CONFIG = 0,
  PACKET_FRAME = 1,
  PACKET_END = 2,
  PACKET_FRAME_X = 3,  /* video: no composition time */
  PACKET_METADATA = 4, /* video: HDR data; audio: channel layout */
  PACKET_AUDIO_MULTITRACK = 5,
  PACKET_VIDEO_MULTITRACK = 6,
  PACKET_MOD_EX = 7,
};
/* AvMultitrackType */
enum { ONE_TRACK = 0, MANY_TRACKS = 1, MANY_TRACKS_MANY_CODECS = 2 };
enum { MOD_EX_OFFSET_NANO = 0 };
enum { FRAME_COMMAND = 5 };

#define MAX_OFFSET_NS 999999
#define FOURCC(a, b, c, d) ((guint32)(a) << 24 | (guint32)(b) << 16 | (guint32)(c) << 8 | (d))

static const struct {
  guint32 fourcc;
  const char *name;
} unsupported[] = {
  { FOURCC ('v', 'v', 'c', '1'), "VVC" },  { FOURCC ('a', 'v', '0', '1'), "AV1" },
  { FOURCC ('v', 'p', '0', '8'), "VP8" },  { FOURCC ('v', 'p', '0', '9'), "VP9" },
  { FOURCC ('f', 'L', 'a', 'C'), "FLAC" },
};

typedef struct {
  const guint8 *data;
  gsize size, at;
  gboolean is_video;
  guint packet; /* the packet type in force */
  UsFlvTag *tag;
} Ex;

/* Part of a message that belongs to one track. */
typedef struct {
  gsize at, end;
  UsCodec codec;
  const char *codec_name;
} Body;

static gboolean
fail (const Ex *ex, GError **error, const char *what) {
  g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA,
               "an Enhanced RTMP %s message of %" G_GSIZE_FORMAT " bytes %s",
               ex->is_video ? "video" : "audio", ex->size, what);
  return FALSE;
}

static gboolean
fail_truncated (const Ex *ex, GError **error) {
  return fail (ex, error, "ends inside its header");
}

static gboolean
has_left (const Ex *ex, gsize n) {
  return ex->size - ex->at >= n;
}

/* ModEx wraps another packet: size, data, then 4 bits of what it was and 4 bits of what is next.
 * Kinds that are not known are stepped over, which is what their length is for. */
static gboolean
skip_mod_ex (Ex *ex, GError **error) {
  while (ex->packet == PACKET_MOD_EX) {
    ex->tag->is_wrapped = TRUE;
    if (!has_left (ex, 1))
      return fail_truncated (ex, error);
    gsize length = ex->data[ex->at] + 1u;
    ex->at += 1;
    if (length == 256) {
      if (!has_left (ex, 2))
        return fail_truncated (ex, error);
      length = us_read_u16 (ex->data + ex->at) + 1u;
      ex->at += 2;
    }
    if (!has_left (ex, length + 1))
      return fail_truncated (ex, error);
    const guint8 *value = ex->data + ex->at;
    ex->at += length;
    guint kind = ex->data[ex->at] >> 4;
    ex->packet = ex->data[ex->at] & 0x0f;
    ex->at += 1;
    if (kind != MOD_EX_OFFSET_NANO)
      continue;
    if (length < 3)
      return fail (ex, error, "has a nanosecond offset of less than 3 bytes");
    ex->tag->offset_ns = us_read_u24 (value) <= MAX_OFFSET_NS ? us_read_u24 (value) : 0;
  }
  return TRUE;
}

static gboolean
take_fourcc (Ex *ex, Body *body, GError **error) {
  if (!has_left (ex, 4))
    return fail_truncated (ex, error);
  guint32 fourcc = us_read_u32 (ex->data + ex->at);
  ex->at += 4;
  body->codec = US_CODEC_NONE;
  body->codec_name = ex->is_video ? "video of an unknown FourCC" : "sound of an unknown FourCC";
  for (guint i = 0; i < G_N_ELEMENTS (unsupported); i++) {
    if (unsupported[i].fourcc == fourcc)
      body->codec_name = unsupported[i].name;
  }
  for (UsCodec codec = US_CODEC_NONE + 1; codec < US_N_CODECS; codec++) {
    if (us_codec_get_fourcc (codec) == fourcc && us_codec_is_video (codec) == ex->is_video) {
      body->codec = codec;
      body->codec_name = us_codec_get_label (codec);
    }
  }
  return TRUE;
}

/* What is left of @body is coded data, if anything is. */
static gboolean
set_data (Ex *ex, UsFlvKind kind, const Body *body) {
  ex->tag->kind = body->end > body->at ? kind : US_FLV_EMPTY;
  ex->tag->data_offset = body->at;
  ex->tag->data_size = body->end - body->at;
  return TRUE;
}

static gboolean
set_without_data (Ex *ex, UsFlvKind kind) {
  ex->tag->kind = kind;
  ex->tag->data_offset = ex->size;
  ex->tag->data_size = 0;
  return TRUE;
}

static gboolean
take_video_frame (Ex *ex, Body *body, GError **error) {
  if (body->end == body->at)
    return set_data (ex, US_FLV_FRAME, body);
  if (body->end - body->at < 3)
    return fail_truncated (ex, error);
  ex->tag->composition_time_ms = us_read_s24 (ex->data + body->at);
  body->at += 3;
  return set_data (ex, US_FLV_FRAME, body);
}

static gboolean
take_body (Ex *ex, Body *body, GError **error) {
  ex->tag->codec = body->codec;
  ex->tag->codec_name = body->codec_name;
  if (body->codec == US_CODEC_NONE)
    return set_data (ex, US_FLV_UNSUPPORTED, body);
  switch (ex->packet) {
  case PACKET_CONFIG:
    /* AC-3 and MP3 have none; what an encoder sends all the same says nothing new. */
    return us_codec_has_config (body->codec) ? set_data (ex, US_FLV_CONFIG, body)
                                             : set_without_data (ex, US_FLV_EMPTY);
  case PACKET_FRAME:
    return ex->is_video ? take_video_frame (ex, body, error) : set_data (ex, US_FLV_FRAME, body);
  case PACKET_END:
    return set_without_data (ex, US_FLV_END);
  case PACKET_METADATA:
    return set_without_data (ex, US_FLV_METADATA);
  case PACKET_FRAME_X:
    if (ex->is_video)
      return set_data (ex, US_FLV_FRAME, body);
    G_GNUC_FALLTHROUGH;
  default:
    return fail (ex, error, "has an unknown packet type");
  }
}

/* One entry of the list of tracks. @body: (inout): with the FourCC that holds for all of them */
static gboolean
take_track (Ex *ex, guint type, Body *body, guint *id, GError **error) {
  if (type == MANY_TRACKS_MANY_CODECS && !take_fourcc (ex, body, error))
    return FALSE;
  if (!has_left (ex, 1))
    return fail_truncated (ex, error);
  *id = ex->data[ex->at];
  ex->at += 1;
  gsize length = ex->size - ex->at;
  if (type != ONE_TRACK) {
    if (!has_left (ex, 3))
      return fail_truncated (ex, error);
    length = us_read_u24 (ex->data + ex->at);
    ex->at += 3;
    if (!has_left (ex, length))
      return fail (ex, error, "has a track that is longer than the message");
  }
  body->at = ex->at;
  ex->at += length;
  body->end = ex->at;
  return TRUE;
}

static gboolean
take_tracks (Ex *ex, GError **error) {
  Body body = { 0 }, first = { 0 };
  gboolean has_first = FALSE;
  ex->tag->is_wrapped = TRUE;
  if (!has_left (ex, 1))
    return fail_truncated (ex, error);
  guint type = ex->data[ex->at] >> 4;
  guint list = ex->packet;
  ex->packet = ex->data[ex->at] & 0x0f;
  ex->at += 1;
  if (type > MANY_TRACKS_MANY_CODECS)
    return fail (ex, error, "has an unknown kind of track list");
  if (ex->packet == list || ex->packet == PACKET_MOD_EX)
    return fail (ex, error, "has a track list within a track list");
  if (type != MANY_TRACKS_MANY_CODECS && !take_fourcc (ex, &body, error))
    return FALSE;
  do {
    guint id = 0;
    if (!take_track (ex, type, &body, &id, error))
      return FALSE;
    if (id == 0 && has_first)
      return fail (ex, error, "has track 0 twice");
    if (id == 0)
      first = body;
    has_first |= id == 0;
    ex->tag->n_other_tracks += id != 0;
  } while (ex->at < ex->size);
  if (has_first)
    return take_body (ex, &first, error);
  ex->tag->codec_name = ex->is_video ? "a further video track" : "a further audio track";
  return set_without_data (ex, US_FLV_OTHER_TRACK);
}

static gboolean
take_message (Ex *ex, GError **error) {
  guint list = ex->is_video ? PACKET_VIDEO_MULTITRACK : PACKET_AUDIO_MULTITRACK;
  if (ex->packet == list)
    return take_tracks (ex, error);
  Body body = { .end = ex->size };
  if (!take_fourcc (ex, &body, error))
    return FALSE;
  body.at = ex->at;
  return take_body (ex, &body, error);
}

/**
 * us_ex_header_parse_video:
 * @data: (array length=size): payload of a video message whose first bit is set
 * @size: its length, at least 1
 * @frame_type: as FLV has it
 * @tag: (inout): with @is_keyframe set
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Enhanced RTMP v2, "ExVideoTagHeader" and "ExVideoTagBody".
 *
 * Returns: %FALSE when a length does not fit or a form is not known
 */
gboolean
us_ex_header_parse_video (const guint8 *data, gsize size, guint frame_type, UsFlvTag *tag,
                          GError **error) {
  Ex ex = { data, size, 1, TRUE, data[0] & 0x0f, tag };
  if (!skip_mod_ex (&ex, error))
    return FALSE;
  if (frame_type == FRAME_COMMAND && ex.packet != PACKET_METADATA)
    return set_without_data (&ex, US_FLV_EMPTY);
  return take_message (&ex, error);
}

/**
 * us_ex_header_parse_audio:
 * @data: (array length=size): payload of an audio message of sound format 9
 * @size: its length, at least 1
 * @tag: (inout)
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Enhanced RTMP v2, "ExAudioTagHeader" and "ExAudioTagBody".
 *
 * Returns: %FALSE when a length does not fit or a form is not known
 */
gboolean
us_ex_header_parse_audio (const guint8 *data, gsize size, UsFlvTag *tag, GError **error) {
  Ex ex = { data, size, 1, FALSE, data[0] & 0x0f, tag };
  return skip_mod_ex (&ex, error) && take_message (&ex, error);
}
