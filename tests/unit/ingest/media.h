/* media.h - synthetic FLV tag bodies, valid as far as ingest looks */
#pragma once

#include <glib.h>
#include <string.h>

/* AVCDecoderConfigurationRecord of a 320x240 baseline stream, one SPS and one PPS; @variant changes
 * the PPS, hence the configuration. */
static inline GBytes *
media_video_config (guint8 variant) {
  guint8 data[] = { 0x17, 0,    0,    0,    0,    1,    0x42, 0xc0, 0x0d, 0xff, 0xe1,
                    0,    11,   0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01,
                    0x10, 0x00, 1,    0,    4,    0x68, 0xcb, 0x83, 0xcb };
  data[sizeof data - 1] = variant;
  return g_bytes_new (data, sizeof data);
}

static inline GBytes *
media_audio_config (gboolean is_mono) {
  /* AAC LC 44.1 kHz */
  const guint8 stereo[] = { 0xaf, 0, 0x12, 0x10 }, mono[] = { 0xaf, 0, 0x12, 0x08 };
  return g_bytes_new (is_mono ? mono : stereo, sizeof stereo);
}

/* @stamp makes every frame's bytes unique, @size is the whole payload's. */
static inline GBytes *
media_video (gboolean is_keyframe, guint32 stamp, gsize size) {
  guint8 *data = g_malloc0 (MAX (size, 14));
  const guint8 head[]
      = { is_keyframe ? 0x17 : 0x27, 1, 0, 0, 0, 0, 0, 0, 5, is_keyframe ? 0x65 : 0x41 };
  memcpy (data, head, sizeof head);
  memcpy (data + sizeof head, &stamp, sizeof stamp);
  return g_bytes_new_take (data, MAX (size, 14));
}

/* A key frame of AV1 in Enhanced RTMP, which no segment can carry. */
static inline GBytes *
media_video_av1 (guint32 stamp) {
  guint8 data[] = { 0x91, 'a', 'v', '0', '1', 0x12, 0x00, 0x0a, 0, 0, 0, 0 };
  memcpy (data + 8, &stamp, sizeof stamp);
  return g_bytes_new (data, sizeof data);
}

static inline GBytes *
media_audio (guint32 stamp) {
  guint8 data[] = { 0xaf, 1, 0, 0, 0, 0, 0, 0 };
  memcpy (data + 2, &stamp, sizeof stamp);
  return g_bytes_new (data, sizeof data);
}

static inline GBytes *
media_mp3 (guint32 stamp) {
  guint8 data[] = { 0x2f, 0xff, 0xfb, 0x90, 0, 0, 0, 0 };
  memcpy (data + 4, &stamp, sizeof stamp);
  return g_bytes_new (data, sizeof data);
}
