/* flv-write.c - the few header bytes in front of coded data; pure
 *
 * The counterpart of flv.c. Video File Format Specification 10.1, E.4.2.1 and E.4.3.1.
 */
#include "rtmp/flv-write.h"

#include <string.h>

#define VIDEO_KEY_AVC 0x17
#define VIDEO_INTER_AVC 0x27
#define AUDIO_AAC 0xAF /* 44 kHz, 16 bit, stereo: fixed for AAC whatever it really is */
#define AUDIO_MP3 0x2F
#define CONFIG 0
#define FRAME 1

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
