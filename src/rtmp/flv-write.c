/* flv-write.c - the few header bytes in front of coded data; pure
 *
 * The counterpart of flv.c. Video File Format Specification 10.1, E.4.2.1 and E.4.3.1, for the
 * codecs that it has; Enhanced RTMP for the others. So every receiver of RTMP understands what it
 * can.
 */
#include "rtmp/flv-write.h"

#include <string.h>

#include "rtmp/bytes.h"

#define VIDEO_KEY_AVC 0x17
#define VIDEO_INTER_AVC 0x27
#define AUDIO_AAC 0xAF /* 44 kHz, 16 bit, stereo: fixed for AAC whatever it really is */
#define AUDIO_MP3 0x2F
#define CONFIG 0
#define FRAME 1
/* Enhanced RTMP v2 */
#define EX_VIDEO_KEY 0x90
#define EX_VIDEO_INTER 0xA0
#define EX_AUDIO 0x90

static GBytes *
join (const guint8 *header, gsize header_size, const guint8 *data, gsize size) {
  guint8 *bytes = g_malloc (header_size + size);
  memcpy (bytes, header, header_size);
  if (size > 0)
    memcpy (bytes + header_size, data, size);
  return g_bytes_new_take (bytes, header_size + size);
}

/**
 * us_flv_write_avc_config:
 * @record: AVCDecoderConfigurationRecord
 * @size: its length
 *
 * Returns: (transfer full): the payload of a video message
 */
GBytes *
us_flv_write_avc_config (const guint8 *record, gsize size) {
  static const guint8 header[] = { VIDEO_KEY_AVC, CONFIG, 0, 0, 0 };
  return join (header, sizeof header, record, size);
}

/**
 * us_flv_write_avc_frame:
 * @data: one access unit, NAL units with lengths in front
 * @size: its length
 * @is_keyframe: an IDR picture
 * @composition_time_ms: PTS - DTS, clamped to 24 bits
 *
 * Returns: (transfer full): the payload of a video message
 */
GBytes *
us_flv_write_avc_frame (const guint8 *data, gsize size, gboolean is_keyframe,
                        gint32 composition_time_ms) {
  gint32 cts = CLAMP (composition_time_ms, -0x800000, 0x7fffff);
  const guint8 header[]
      = { is_keyframe ? VIDEO_KEY_AVC : VIDEO_INTER_AVC, FRAME, (guint8)((guint32)cts >> 16),
          (guint8)((guint32)cts >> 8), (guint8)cts };
  return join (header, sizeof header, data, size);
}

/**
 * us_flv_write_aac_config:
 * @config: AudioSpecificConfig
 * @size: its length
 *
 * Returns: (transfer full): the payload of an audio message
 */
GBytes *
us_flv_write_aac_config (const guint8 *config, gsize size) {
  static const guint8 header[] = { AUDIO_AAC, CONFIG };
  return join (header, sizeof header, config, size);
}

/**
 * us_flv_write_aac_frame:
 * @data: one raw AAC frame
 * @size: its length
 *
 * Returns: (transfer full): the payload of an audio message
 */
GBytes *
us_flv_write_aac_frame (const guint8 *data, gsize size) {
  static const guint8 header[] = { AUDIO_AAC, FRAME };
  return join (header, sizeof header, data, size);
}

/**
 * us_flv_write_mp3_frame:
 * @data: one MPEG-1 layer III frame with its header
 * @size: its length
 *
 * Returns: (transfer full): the payload of an audio message
 */
GBytes *
us_flv_write_mp3_frame (const guint8 *data, gsize size) {
  static const guint8 header[] = { AUDIO_MP3 };
  return join (header, sizeof header, data, size);
}

/**
 * us_flv_write_config:
 * @codec: one with a configuration
 * @record: its decoder configuration record
 * @size: its length
 *
 * Returns: (transfer full): the payload of a video or audio message
 */
GBytes *
us_flv_write_config (UsCodec codec, const guint8 *record, gsize size) {
  if (codec == US_CODEC_H264)
    return us_flv_write_avc_config (record, size);
  if (codec == US_CODEC_AAC)
    return us_flv_write_aac_config (record, size);
  guint8 header[5] = { (us_codec_is_video (codec) ? EX_VIDEO_KEY : EX_AUDIO) | CONFIG };
  us_write_u32 (header + 1, us_codec_get_fourcc (codec));
  return join (header, sizeof header, record, size);
}

/**
 * us_flv_write_frame:
 * @codec: of the frame
 * @data: one access unit or one frame of sound
 * @size: its length
 * @is_keyframe: video: decoding can start here
 * @composition_time_ms: video: PTS - DTS, clamped to 24 bits
 *
 * Returns: (transfer full): the payload of a video or audio message
 */
GBytes *
us_flv_write_frame (UsCodec codec, const guint8 *data, gsize size, gboolean is_keyframe,
                    gint32 composition_time_ms) {
  if (codec == US_CODEC_H264)
    return us_flv_write_avc_frame (data, size, is_keyframe, composition_time_ms);
  if (codec == US_CODEC_AAC)
    return us_flv_write_aac_frame (data, size);
  if (codec == US_CODEC_MP3)
    return us_flv_write_mp3_frame (data, size);
  guint8 header[8] = { EX_AUDIO | FRAME };
  us_write_u32 (header + 1, us_codec_get_fourcc (codec));
  if (!us_codec_is_video (codec))
    return join (header, 5, data, size);
  header[0] = (is_keyframe ? EX_VIDEO_KEY : EX_VIDEO_INTER) | FRAME;
  us_write_u24 (header + 5, (guint32)CLAMP (composition_time_ms, -0x800000, 0x7fffff) & 0xffffff);
  return join (header, sizeof header, data, size);
}

/**
 * us_flv_write_plain:
 * @payload: a video or audio message
 * @tag: what it says; %US_FLV_CONFIG or %US_FLV_FRAME
 *
 * Returns: (transfer full): the same for track 0 alone, without ModEx, in the form that most
 *   receivers know; @payload itself when there is nothing around it
 */
GBytes *
us_flv_write_plain (GBytes *payload, const UsFlvTag *tag) {
  if (!tag->is_wrapped)
    return g_bytes_ref (payload);
  const guint8 *data = (const guint8 *)g_bytes_get_data (payload, NULL) + tag->data_offset;
  if (tag->kind == US_FLV_CONFIG)
    return us_flv_write_config (tag->codec, data, tag->data_size);
  return us_flv_write_frame (tag->codec, data, tag->data_size, tag->is_keyframe,
                             tag->composition_time_ms);
}
