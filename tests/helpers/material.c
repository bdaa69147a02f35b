/* material.c - runs an encoding pipeline to its end and collects what it made */
#include "helpers/material.h"

#include <gst/app/gstappsink.h>

static void
unit_clear (gpointer data) {
  g_clear_pointer (&((UsMaterialUnit *)data)->data, g_bytes_unref);
}

static GBytes *
bytes_of (GstBuffer *buffer) {
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  GBytes *bytes = g_bytes_new (map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  return bytes;
}

/* Opus has its header in front of the stream. */
static GBytes *
config_of (GstCaps *caps) {
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  const GValue *headers = gst_structure_get_value (structure, "streamheader");
  const GValue *value = gst_structure_get_value (structure, "codec_data");
  if (headers != NULL)
    value = gst_value_array_get_value (headers, 0);
  return value != NULL ? bytes_of (gst_value_get_buffer (value)) : NULL;
}

static void
collect (GstElement *pipeline, const char *name, gboolean is_video, GArray *units,
         GBytes **config) {
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), name);
  GstSample *sample;
  gint64 first_dts_ms = G_MININT64;
  while (sink != NULL && (sample = gst_app_sink_pull_sample (GST_APP_SINK (sink))) != NULL) {
    GstBuffer *buffer = gst_sample_get_buffer (sample);
    if (*config == NULL)
      *config = config_of (gst_sample_get_caps (sample));
    gint64 pts_ms = (gint64)(GST_BUFFER_PTS (buffer) / GST_MSECOND);
    gint64 dts_ms = GST_BUFFER_DTS_IS_VALID (buffer)
                        ? (gint64)(GST_BUFFER_DTS (buffer) / GST_MSECOND)
                        : pts_ms;
    if (first_dts_ms == G_MININT64)
      first_dts_ms = dts_ms;
    UsMaterialUnit unit = {
      .is_video = is_video,
      .is_keyframe = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT),
      .dts_ms = dts_ms - first_dts_ms,
      .pts_ms = pts_ms - first_dts_ms,
      .data = bytes_of (buffer),
    };
    g_array_append_val (units, unit);
    gst_sample_unref (sample);
  }
}

static int
by_dts (gconstpointer a, gconstpointer b) {
  const UsMaterialUnit *x = a, *y = b;
  if (x->dts_ms != y->dts_ms)
    return x->dts_ms < y->dts_ms ? -1 : 1;
  return (int)y->is_video - (int)x->is_video;
}

static void
append_video (GString *text, guint seconds, guint gop_frames, guint width, UsCodec codec) {
  g_string_append_printf (
      text,
      "videotestsrc num-buffers=%u pattern=ball ! video/x-raw,width=%u,height=90,framerate=30/1 ! ",
      seconds * 30, width);
  if (codec == US_CODEC_HEVC)
    g_string_append_printf (
        text,
        "videoconvert ! video/x-raw,format=I420 ! x265enc speed-preset=ultrafast key-int-max=%u "
        "bitrate=300 "
        "option-string=\"scenecut=0:min-keyint=%u:bframes=2:b-adapt=0:pools=1:frame-threads=1:"
        "open-gop=0:log-level=none\" "
        "! h265parse ! video/x-h265,stream-format=hvc1,alignment=au ! appsink name=v sync=false ",
        gop_frames, gop_frames);
  else
    g_string_append_printf (
        text,
        "x264enc bframes=2 b-adapt=false speed-preset=ultrafast threads=1 key-int-max=%u "
        "option-string=scenecut=0:min-keyint=%u bitrate=300 "
        "! video/x-h264,stream-format=avc,alignment=au ! appsink name=v sync=false ",
        gop_frames, gop_frames);
}

UsMaterial *
us_material_new_of (guint seconds, guint gop_frames, guint width, UsCodec video, UsCodec audio) {
  static const char *const encoders[US_N_CODECS] = {
    [US_CODEC_AAC] = "avenc_aac ! audio/mpeg,stream-format=raw",
    [US_CODEC_MP3] = "lamemp3enc target=bitrate bitrate=64 cbr=true ! mpegaudioparse",
    [US_CODEC_OPUS] = "opusenc",
    [US_CODEC_AC3] = "avenc_ac3 bitrate=192000 ! ac3parse",
    [US_CODEC_EAC3] = "avenc_eac3 bitrate=192000 ! ac3parse",
  };
  g_autoptr (GString) text = g_string_new (NULL);
  if (video != US_CODEC_NONE)
    append_video (text, seconds, gop_frames, width, video);
  if (audio != US_CODEC_NONE)
    g_string_append_printf (
        text,
        "audiotestsrc num-buffers=%u samplesperbuffer=480 ! audio/x-raw,rate=48000,channels=2 "
        "! audioconvert ! %s ! appsink name=a sync=false",
        seconds * 100, encoders[audio]);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (text->str, &error);
  g_assert_no_error (error);

  UsMaterial *material = g_new0 (UsMaterial, 1);
  material->video_codec = video;
  material->audio_codec = audio;
  material->units = g_array_new (FALSE, FALSE, sizeof (UsMaterialUnit));
  g_array_set_clear_func (material->units, unit_clear);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  collect (pipeline, "v", TRUE, material->units, &material->video_config);
  collect (pipeline, "a", FALSE, material->units, &material->audio_config);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_array_sort (material->units, by_dts);
  g_assert_cmpuint (material->units->len, >, 0);
  return material;
}

UsMaterial *
us_material_new (guint seconds, guint gop_frames, guint width, const char *audio) {
  UsCodec codec = US_CODEC_NONE;
  if (audio != NULL)
    codec = g_str_equal (audio, "mp3") ? US_CODEC_MP3 : US_CODEC_AAC;
  return us_material_new_of (seconds, gop_frames, width, width > 0 ? US_CODEC_H264 : US_CODEC_NONE,
                             codec);
}

void
us_material_free (UsMaterial *material) {
  g_array_unref (material->units);
  g_clear_pointer (&material->video_config, g_bytes_unref);
  g_clear_pointer (&material->audio_config, g_bytes_unref);
  g_free (material);
}
