/* material.h - real pictures and sound of every codec for tests, encoded on the spot */
#pragma once

#include <gst/gst.h>

#include "rtmp/codec.h"

/* UsMaterial: access units in decoding order, times in ms from 0; pictures with lengths in front of
 * their NAL units. */
typedef struct {
  gboolean is_video, is_keyframe;
  gint64 dts_ms, pts_ms;
  GBytes *data;
} UsMaterialUnit;

typedef struct {
  GArray *units; /* element-type UsMaterialUnit, video and audio interleaved by dts */
  UsCodec video_codec, audio_codec;
  GBytes *video_config, *audio_config; /* nullable: decoder configuration records */
} UsMaterial;

/* @gop_frames at 30 pictures per second, two B-frames; 48 kHz stereo AAC (@audio "aac"), MP3
 * ("mp3") or none (NULL); @width x 90 pixels, 0: no video. */
UsMaterial *us_material_new (guint seconds, guint gop_frames, guint width, const char *audio);
/* The same with any codec of sound, and H.264 or HEVC. */
UsMaterial *us_material_new_of (guint seconds, guint gop_frames, guint width, UsCodec video,
                                UsCodec audio);
void us_material_free (UsMaterial *material);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsMaterial, us_material_free)
