/* material.h - real H.264 and AAC for tests, encoded on the spot */
#pragma once

#include <gst/gst.h>

/* UsMaterial: access units in decoding order, times in ms from 0; AVC in avc format. */
typedef struct {
  gboolean is_video, is_keyframe;
  gint64 dts_ms, pts_ms;
  GBytes *data;
} UsMaterialUnit;

typedef struct {
  GArray *units; /* element-type UsMaterialUnit, video and audio interleaved by dts */
  GBytes *avc_config, *aac_config;
} UsMaterial;

/* @gop_frames at 30 pictures per second, two B-frames; 48 kHz stereo AAC (@audio "aac"), MP3
 * ("mp3") or none (NULL); @width x 90 pixels, 0: no video. */
UsMaterial *us_material_new (guint seconds, guint gop_frames, guint width, const char *audio);
void us_material_free (UsMaterial *material);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsMaterial, us_material_free)
