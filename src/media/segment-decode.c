/* segment-decode.c - one run of pipelines/inspect.launch: bytes in, luma and loudness out
 *
 * Blocks until everything is decoded and feeds decoders with bytes of strangers: the monitor calls
 * it in a child process, which is ended at its deadline. Decoders are chosen here from a short
 * list, software only and of one thread, rather than by rank: what a machine happens to have first
 * may be a graphics card that one monitored stream must not occupy.
 *
 * A track that the format promises and the demuxer does not find never gets an end of stream; QUIET
 * after the demuxer had its own the run ends with what came.
 */
#include "media/segment-decode.h"

#include <gst/app/app.h>
#include <gst/video/video.h>

#include "media/pipeline.h"

#define TEXT "inspect"
#define STEP (100 * GST_MSECOND)
#define QUIET_STEPS 5 /* of STEP */

/* Words for the placeholders of the text. @decoders: the first that is installed is taken */
static const struct {
  const char *codec, *caps, *parser;
  const char *decoders[3];
} codecs[] = {
  { "h264", "video/x-h264", "h264parse", { "avdec_h264 max-threads=1", "openh264dec" } },
  { "h265", "video/x-h265", "h265parse", { "avdec_h265 max-threads=1", "libde265dec" } },
  { "aac", "audio/mpeg,mpegversion=(int)4", "aacparse", { "avdec_aac", "fdkaacdec", "faad" } },
  { "mp3", "audio/mpeg,mpegversion=(int)1", "mpegaudioparse", { "mpg123audiodec", "avdec_mp3" } },
  { "ac3", "audio/x-ac3", "ac3parse", { "avdec_ac3", "a52dec" } },
  { "eac3", "audio/x-eac3", "ac3parse", { "avdec_eac3" } },
  { "opus", "audio/x-opus", "opusparse", { "opusdec", "avdec_opus" } },
};

typedef struct {
  const UsSegmentDecodeHandler *handler;
  gpointer user_data;
  GstElement *pipeline;
  GMutex lock;   /* protects @keys: the streaming thread fills it */
  GArray *keys;  /* element-type GstClockTime */
  gint is_ended; /* atomic: the demuxer has had the end of the stream */
  guint n_quiet;
  gboolean has_eos; /* of all sinks */
} Run;

static gboolean
is_installed (const char *decoder) {
  g_autofree char *name = g_strndup (decoder, strcspn (decoder, " "));
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);
  return factory != NULL;
}

/* Returns: (nullable): in the words of gst-launch */
static const char *
find_words (const char *codec, const char **decoder) {
  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    if (!g_str_equal (codecs[i].codec, codec))
      continue;
    for (guint n = 0; n < G_N_ELEMENTS (codecs[i].decoders); n++)
      if (codecs[i].decoders[n] != NULL && is_installed (codecs[i].decoders[n])) {
        *decoder = codecs[i].decoders[n];
        return codecs[i].parser;
      }
  }
  return NULL;
}

/**
 * us_segment_decode_has:
 *
 * Returns: whether a decoder for @codec is installed
 */
gboolean
us_segment_decode_has (const char *codec) {
  const char *decoder;
  return find_words (codec, &decoder) != NULL;
}

static void
fill_container (const UsSegmentFormat *format, UsPipelineKnob *container, UsPipelineKnob *demuxer) {
  switch (format->container) {
  case US_SEGMENT_TS:
    container->value = "video/mpegts,systemstream=(boolean)true";
    demuxer->value = "tsdemux";
    break;
  case US_SEGMENT_FMP4:
    container->value = "video/quicktime";
    demuxer->value = "qtdemux";
    break;
  case US_SEGMENT_PACKED:
    for (guint i = 0; i < G_N_ELEMENTS (codecs); i++)
      if (g_strcmp0 (codecs[i].codec, format->audio) == 0)
        container->value = codecs[i].caps;
    demuxer->value = "identity";
    break;
  }
}

static GstElement *
parse (const char *pipelines_dir, const UsSegmentFormat *format, GError **error) {
  const char *video_decoder = "fakesink", *audio_decoder = "fakesink";
  const char *video_parser
      = format->video != NULL ? find_words (format->video, &video_decoder) : NULL;
  const char *audio_parser
      = format->audio != NULL ? find_words (format->audio, &audio_decoder) : NULL;
  const char *tags[3] = { NULL };
  guint n = 0;
  if (video_parser != NULL)
    tags[n++] = "video";
  if (audio_parser != NULL)
    tags[n++] = "audio";
  if (n == 0) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_MISSING,
                 "no decoder for %s is installed",
                 format->video != NULL   ? format->video
                 : format->audio != NULL ? format->audio
                                         : "it");
    return NULL;
  }
  UsPipelineKnob knobs[] = {
    { "container", NULL },
    { "demuxer", NULL },
    { "dropped", format->keys_only ? "delta-unit" : "0" },
    { "video-parser", video_parser != NULL ? video_parser : "identity" },
    { "video-decoder", video_decoder },
    { "audio-parser", audio_parser != NULL ? audio_parser : "identity" },
    { "audio-decoder", audio_decoder },
    { NULL, NULL },
  };
  fill_container (format, &knobs[0], &knobs[1]);
  return us_pipeline_parse_with (pipelines_dir, TEXT, tags, knobs, error);
}

/* ---- what the streaming thread sees ---- */

static GstPadProbeReturn
on_coded (GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Run *self = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    return GST_PAD_PROBE_OK;
  GstClockTime pts = GST_BUFFER_PTS (buffer);
  g_mutex_lock (&self->lock);
  g_array_append_val (self->keys, pts);
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_demuxer_event (GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  Run *self = data;
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
    g_atomic_int_set (&self->is_ended, 1);
  return GST_PAD_PROBE_OK;
}

static void
watch_pad (Run *self, const char *name, const char *pad_name, GstPadProbeType type,
           GstPadProbeCallback callback) {
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (self->pipeline), name);
  g_autoptr (GstPad) pad = element != NULL ? gst_element_get_static_pad (element, pad_name) : NULL;
  if (pad != NULL)
    gst_pad_add_probe (pad, type, callback, self, NULL);
}

static gboolean
is_key (Run *self, GstClockTime pts) {
  gboolean is_found = FALSE;
  g_mutex_lock (&self->lock);
  for (guint i = 0; !is_found && i < self->keys->len; i++)
    is_found = g_array_index (self->keys, GstClockTime, i) == pts;
  g_mutex_unlock (&self->lock);
  return is_found;
}

/* ---- what the caller's thread takes ---- */

static void
take_frame (Run *self, GstSample *sample) {
  GstVideoInfo info;
  GstVideoFrame frame;
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  if (buffer == NULL || !gst_video_info_from_caps (&info, gst_sample_get_caps (sample))
      || !gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ))
    return;
  UsLumaFrame luma = {
    .at_s = GST_BUFFER_PTS_IS_VALID (buffer) ? (double)GST_BUFFER_PTS (buffer) / GST_SECOND : 0,
    .is_key = is_key (self, GST_BUFFER_PTS (buffer)),
    .luma = GST_VIDEO_FRAME_COMP_DATA (&frame, 0),
    .width = (guint)GST_VIDEO_FRAME_COMP_WIDTH (&frame, 0),
    .height = (guint)GST_VIDEO_FRAME_COMP_HEIGHT (&frame, 0),
    .stride = (gsize)GST_VIDEO_FRAME_COMP_STRIDE (&frame, 0),
  };
  self->handler->on_frame (&luma, self->user_data);
  gst_video_frame_unmap (&frame);
}

/* The message of the element `level`. */
static void
take_level (Run *self, const GstStructure *structure) {
  guint64 duration = 0;
  const GValue *value = gst_structure_get_value (structure, "rms");
  double rms_db[64];
  if (value == NULL || !gst_structure_get_clock_time (structure, "duration", &duration))
    return;
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  const GValueArray *list = g_value_get_boxed (value);
  guint n = list != NULL ? MIN (list->n_values, G_N_ELEMENTS (rms_db)) : 0;
  for (guint i = 0; i < n; i++)
    rms_db[i] = g_value_get_double (&list->values[i]);
  G_GNUC_END_IGNORE_DEPRECATIONS
  if (n > 0)
    self->handler->on_sound ((double)duration / GST_SECOND, rms_db, n, self->user_data);
}

static gboolean
take_messages (Run *self, GstBus *bus, GstClockTime wait, GError **error) {
  GstMessageType types = GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_ELEMENT;
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (bus, wait, types);
    wait = 0;
    if (message == NULL)
      return TRUE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      g_propagate_error (error, us_pipeline_error_from_message (message));
      return FALSE;
    }
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
      self->has_eos = TRUE;
      return TRUE;
    }
    const GstStructure *structure = gst_message_get_structure (message);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT && structure != NULL
        && gst_structure_has_name (structure, "level"))
      take_level (self, structure);
  }
}

static gboolean
loop (Run *self, GstAppSink *frames, GError **error) {
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  gboolean has_frames = frames != NULL;
  while (has_frames || !self->has_eos) {
    g_autoptr (GstSample) sample = has_frames ? gst_app_sink_try_pull_sample (frames, STEP) : NULL;
    if (sample != NULL) {
      take_frame (self, sample);
      self->n_quiet = 0;
    } else {
      has_frames = has_frames && !gst_app_sink_is_eos (frames);
      self->n_quiet += g_atomic_int_get (&self->is_ended) != 0 ? 1 : 0;
    }
    if (!take_messages (self, bus, has_frames ? 0 : STEP, error))
      return FALSE;
    if (self->n_quiet > QUIET_STEPS)
      break;
  }
  /* The last of the sound was told before the end of the stream. */
  return take_messages (self, bus, 0, error);
}

static void
push (GstElement *source, GBytes *bytes) {
  if (bytes != NULL)
    gst_app_src_push_buffer (GST_APP_SRC (source), gst_buffer_new_wrapped_bytes (bytes));
}

static gboolean
play (Run *self, GBytes *segment, GBytes *init, GError **error) {
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (self->pipeline), "segment");
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (self->pipeline), "frames");
  if (source == NULL || !GST_IS_APP_SRC (source) || (sink != NULL && !GST_IS_APP_SINK (sink))) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX,
                 TEXT ": needs an appsrc named segment, and an appsink named frames");
    return FALSE;
  }
  watch_pad (self, "coded", "src", GST_PAD_PROBE_TYPE_BUFFER, on_coded);
  watch_pad (self, "demuxer", "sink", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_demuxer_event);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
  push (source, init);
  push (source, segment);
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  return loop (self, sink != NULL ? GST_APP_SINK (sink) : NULL, error);
}

/**
 * us_segment_decode:
 * @pipelines_dir: (nullable): see us_pipeline_find()
 * @segment: a whole segment
 * @init: (nullable): its initialisation section
 *
 * A track without a decoder is left out, as long as there is one for the other.
 *
 * Returns: FALSE with US_PIPELINE_ERROR: MISSING without decoder or text, RUNTIME when an element
 *   gave up; what came before was told all the same
 */
gboolean
us_segment_decode (const char *pipelines_dir, const UsSegmentFormat *format, GBytes *segment,
                   GBytes *init, const UsSegmentDecodeHandler *handler, gpointer user_data,
                   GError **error) {
  g_autoptr (GstElement) pipeline = parse (pipelines_dir, format, error);
  if (pipeline == NULL)
    return FALSE;
  Run self = { .handler = handler, .user_data = user_data, .pipeline = pipeline };
  self.keys = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_mutex_init (&self.lock);
  gboolean is_ok = play (&self, segment, init, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_mutex_clear (&self.lock);
  g_array_unref (self.keys);
  return is_ok;
}
