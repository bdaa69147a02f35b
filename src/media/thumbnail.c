/* thumbnail.c - one run of pipelines/thumbnail.launch: bytes in, a JPEG picture out
 *
 * Blocks for as long as decoding one picture takes, TIMEOUT at most, and feeds a decoder with bytes
 * of strangers: call it where neither matters (a thread of a drill, a child process of the
 * monitor). us_media_init() comes first.
 */
#include "media/thumbnail.h"

#include <gst/app/app.h>

#include "media/pipeline.h"

#define TEXT "thumbnail"
#define TIMEOUT (5 * GST_SECOND)

static void
push (GstElement *source, GBytes *bytes) {
  if (bytes == NULL)
    return;
  GstBuffer *buffer = gst_buffer_new_wrapped_bytes (bytes);
  gst_app_src_push_buffer (GST_APP_SRC (source), buffer);
}

/* What stood in the way of a picture. */
static GError *
find_reason (GstElement *pipeline) {
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (message == NULL)
    return g_error_new (US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME,
                        "there is no picture in the segment, or no decoder for it");
  return us_pipeline_error_from_message (message);
}

static GstSample *
run (GstElement *pipeline, GBytes *segment, GBytes *init, GError **error) {
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "segment");
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "picture");
  if (source == NULL || !GST_IS_APP_SRC (source) || sink == NULL || !GST_IS_APP_SINK (sink)) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX,
                 TEXT ": needs an appsrc named segment and an appsink named picture");
    return NULL;
  }
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  push (source, init);
  push (source, segment);
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  GstSample *sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink), TIMEOUT);
  if (sample == NULL)
    g_propagate_error (error, find_reason (pipeline));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return sample;
}

static void
read_size (GstSample *sample, guint *width, guint *height) {
  int value = 0;
  GstCaps *caps = gst_sample_get_caps (sample);
  const GstStructure *structure = caps != NULL ? gst_caps_get_structure (caps, 0) : NULL;
  *width
      = structure != NULL && gst_structure_get_int (structure, "width", &value) ? (guint)value : 0;
  *height
      = structure != NULL && gst_structure_get_int (structure, "height", &value) ? (guint)value : 0;
}

/**
 * us_thumbnail_make:
 * @pipelines_dir: (nullable): see us_pipeline_find()
 * @segment: a whole segment
 * @init: (nullable): its initialisation section
 * @width: (out): pixels
 * @height: (out): pixels
 * @error: %US_PIPELINE_ERROR: the text or an element is missing, or there is nothing to see
 *
 * Returns: (transfer full): JPEG
 */
GBytes *
us_thumbnail_make (const char *pipelines_dir, GBytes *segment, GBytes *init, guint *width,
                   guint *height, GError **error) {
  g_autoptr (GstElement) pipeline = us_pipeline_parse (pipelines_dir, TEXT, NULL, error);
  if (pipeline == NULL)
    return NULL;
  g_autoptr (GstSample) sample = run (pipeline, segment, init, error);
  if (sample == NULL)
    return NULL;
  GstMapInfo map;
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  if (buffer == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME, TEXT ": an empty picture");
    return NULL;
  }
  GBytes *jpeg = g_bytes_new (map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  read_size (sample, width, height);
  return jpeg;
}
