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

static GBytes *
config_of (GstCaps *caps) {
  const GValue *value = gst_structure_get_value (gst_caps_get_structure (caps, 0), "codec_data");
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

UsMaterial *
us_material_new (guint seconds, guint gop_frames, guint width, const char *audio) {
  g_autoptr (GString) text = g_string_new (NULL);
  if (width > 0)
    g_string_append_printf (
        text,
        "videotestsrc num-buffers=%u pattern=ball ! video/x-raw,width=%u,height=90,framerate=30/1 "
        "! x264enc bframes=2 b-adapt=false speed-preset=ultrafast threads=1 key-int-max=%u "
        "option-string=scenecut=0:min-keyint=%u bitrate=300 "
        "! video/x-h264,stream-format=avc,alignment=au ! appsink name=v sync=false ",
        seconds * 30, width, gop_frames, gop_frames);
  if (audio != NULL)
    g_string_append_printf (
        text,
        "audiotestsrc num-buffers=%u samplesperbuffer=480 ! audio/x-raw,rate=48000,channels=2 "
        "! audioconvert ! %s ! appsink name=a sync=false",
        seconds * 100,
        g_str_equal (audio, "mp3")
            ? "lamemp3enc target=bitrate bitrate=64 cbr=true ! mpegaudioparse"
            : "avenc_aac ! audio/mpeg,stream-format=raw");
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (text->str, &error);
  g_assert_no_error (error);

  UsMaterial *material = g_new0 (UsMaterial, 1);
  material->units = g_array_new (FALSE, FALSE, sizeof (UsMaterialUnit));
  g_array_set_clear_func (material->units, unit_clear);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  collect (pipeline, "v", TRUE, material->units, &material->avc_config);
  collect (pipeline, "a", FALSE, material->units, &material->aac_config);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_array_sort (material->units, by_dts);
  g_assert_cmpuint (material->units->len, >, 0);
  return material;
}

void
us_material_free (UsMaterial *material) {
  g_array_unref (material->units);
  g_clear_pointer (&material->avc_config, g_bytes_unref);
  g_clear_pointer (&material->aac_config, g_bytes_unref);
  g_free (material);
}
