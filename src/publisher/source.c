/* source.c - a GStreamer pipeline whose appsinks are emptied into the main loop
 *
 * GStreamer's streaming threads only put samples into a queue and wake the main loop; times,
 * configurations and the loop of a file are dealt with there. When every sink has seen the end of a
 * file, its pipeline is built afresh and its length added to all later times, so nothing is lost at
 * the seam. (Not by a seek: behind one, h264timestamper 1.22 gives the first pictures other times,
 * or, without B-frames, waits for ever.) Owned by the publisher; ends with us_source_free().
 */
#define US_LOG_TOPIC "publish.source"
#include "publisher/source.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <string.h>

#include "base/log.h"
#include "media/pipeline.h"
#include "rtmp/flv-write.h"

#define MAX_QUEUED 2000    /* samples; a main loop that is that late loses the newest */
#define LEAD_NS GST_SECOND /* added to all times: decoding may begin before time 0 */
#define QUEUE_NS (5 * GST_SECOND)

/* How long one track waits for the other, so that messages go out in the order of their times even
 * when one encoder lags. A track silent for longer has no say. */
#define INTERLEAVE_MS 3000

enum { AUDIO, VIDEO, N_TRACKS };

typedef struct {
  UsSource *source; /* owner */
  GstElement *sink; /* appsink, strong */
  GstCaps *caps;    /* of the last sample */
  gboolean is_video, is_mp3;
  GQueue waiting; /* Message, in decoding order */
} Track;

typedef struct {
  gboolean is_config, is_keyframe;
  guint64 time_ms;
  GBytes *payload;
} Message;

typedef struct {
  Track *track;
  GstSample *sample;
} Queued;

struct UsSource {
  const UsSourceHandler *handler;
  gpointer user_data;
  GMainContext *context;
  GstElement *pipeline;
  GSource *bus_watch, *drain;
  GAsyncQueue *queue;      /* Queued; filled by streaming threads */
  Track *tracks[N_TRACKS]; /* each set once, by a streaming thread, atomically */
  gint has_sink[N_TRACKS]; /* atomic: the track has its appsink in this pipeline */
  gint is_refused;         /* atomic: the other track cannot be published; set before data flows */
  char *file;              /* nullable */
  gboolean is_url;         /* its end is not ours to repeat */
  gboolean is_paced;       /* here, by the clock: whoever sends over a network does it himself */
  gint64 offset_ns;        /* of this round of the file */
  gint64 end_ns;           /* latest end of any sample in this round */
  gint frame;              /* burnt into the picture; streaming thread only */
};

GQuark
us_source_error_quark (void) {
  return g_quark_from_static_string ("us-source-error");
}

static void
queued_free (gpointer data) {
  Queued *queued = data;
  gst_sample_unref (queued->sample);
  g_free (queued);
}

static void
message_free (gpointer data) {
  Message *message = data;
  g_bytes_unref (message->payload);
  g_free (message);
}

static void
track_free (gpointer data) {
  Track *track = data;
  g_queue_clear_full (&track->waiting, message_free);
  gst_clear_object (&track->sink);
  gst_clear_caps (&track->caps);
  g_free (track);
}

/* On the main loop ------------------------------------------------------------------------------
 */

static void
wait_turn (Track *track, gboolean is_config, gboolean is_keyframe, gint64 time_ns,
           GBytes *payload) {
  Message *message = g_new0 (Message, 1);
  message->is_config = is_config;
  message->is_keyframe = is_keyframe;
  message->time_ms = (guint64)(time_ns / (gint64)GST_MSECOND);
  message->payload = g_bytes_ref (payload);
  g_queue_push_tail (&track->waiting, message);
}

static void
give_first (UsSource *source, Track *track) {
  Message *message = g_queue_pop_head (&track->waiting);
  UsSourceItem item = { .type = track->is_video ? US_RTMP_VIDEO : US_RTMP_AUDIO,
                        .is_config = message->is_config,
                        .is_keyframe = message->is_keyframe,
                        .time_ms = message->time_ms,
                        .payload = message->payload };
  source->handler->item (source, &item, source->user_data);
  message_free (message);
}

/* Gives on what is certain to be next: the earliest message once every track has one waiting, or
 * once it has waited for INTERLEAVE_MS of the other's time; @is_end: everything. */
static void
give_in_order (UsSource *source, gboolean is_end) {
  for (;;) {
    Track *first = NULL;
    guint64 first_ms = 0, last_ms = 0;
    gboolean is_certain = TRUE;
    for (guint i = 0; i < N_TRACKS; i++) {
      Track *track = g_atomic_pointer_get (&source->tracks[i]);
      if (track == NULL)
        continue;
      const Message *head = g_queue_peek_head (&track->waiting);
      const Message *tail = g_queue_peek_tail (&track->waiting);
      is_certain = is_certain && head != NULL;
      if (head == NULL)
        continue;
      last_ms = MAX (last_ms, tail->time_ms);
      if (first == NULL || head->time_ms < first_ms) {
        first = track;
        first_ms = head->time_ms;
      }
    }
    if (first == NULL || (!is_certain && !is_end && last_ms - first_ms < INTERLEAVE_MS))
      return;
    give_first (source, first);
  }
}

static void
take_caps (Track *track, GstCaps *caps, gint64 time_ns) {
  GstMapInfo map;
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  const GValue *value = gst_structure_get_value (structure, "codec_data");
  int version = 0;

  gst_caps_replace (&track->caps, caps);
  gst_structure_get_int (structure, "mpegversion", &version);
  track->is_mp3 = !track->is_video && version == 1;
  GstBuffer *data = value != NULL ? gst_value_get_buffer (value) : NULL;
  if (data == NULL || !gst_buffer_map (data, &map, GST_MAP_READ))
    return;
  g_autoptr (GBytes) payload = track->is_video ? us_flv_write_avc_config (map.data, map.size)
                                               : us_flv_write_aac_config (map.data, map.size);
  gst_buffer_unmap (data, &map);
  wait_turn (track, TRUE, FALSE, time_ns, payload);
}

/* Signed running time of a buffer's time, also before the segment's start. */
static gint64
running_ns (GstSample *sample, GstClockTime time) {
  guint64 value = 0;
  if (!GST_CLOCK_TIME_IS_VALID (time))
    return 0;
  int sign = gst_segment_to_running_time_full (gst_sample_get_segment (sample), GST_FORMAT_TIME,
                                               time, &value);
  return sign >= 0 ? (gint64)value : -(gint64)value;
}

static void
take_sample (UsSource *source, Track *track, GstSample *sample) {
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstCaps *caps = gst_sample_get_caps (sample);
  GstMapInfo map;
  if (buffer == NULL || caps == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  gint64 pts = running_ns (sample, GST_BUFFER_PTS (buffer));
  gint64 dts
      = GST_BUFFER_DTS_IS_VALID (buffer) ? running_ns (sample, GST_BUFFER_DTS (buffer)) : pts;
  gint64 duration
      = GST_BUFFER_DURATION_IS_VALID (buffer) ? (gint64)GST_BUFFER_DURATION (buffer) : 0;
  gint64 time_ns = MAX (dts + source->offset_ns + (gint64)LEAD_NS, 0);
  gboolean is_key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  g_autoptr (GBytes) payload = NULL;

  if (track->caps == NULL || !gst_caps_is_equal (track->caps, caps))
    take_caps (track, caps, time_ns);
  /* The difference of the rounded times: so that DTS + difference is the rounded PTS. */
  gint64 cts_ms = (pts + source->offset_ns + (gint64)LEAD_NS) / (gint64)GST_MSECOND
                  - time_ns / (gint64)GST_MSECOND;
  if (track->is_video)
    payload = us_flv_write_avc_frame (map.data, map.size, is_key, (gint32)cts_ms);
  else if (track->is_mp3)
    payload = us_flv_write_mp3_frame (map.data, map.size);
  else
    payload = us_flv_write_aac_frame (map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  source->end_ns = MAX (source->end_ns, pts + duration);
  wait_turn (track, FALSE, is_key, time_ns, payload);
}

static void
take_queue (UsSource *source) {
  for (Queued *queued = g_async_queue_try_pop (source->queue); queued != NULL;
       queued = g_async_queue_try_pop (source->queue)) {
    take_sample (source, queued->track, queued->sample);
    queued_free (queued);
  }
}

static gboolean
on_drain (gpointer data) {
  UsSource *source = data;
  g_source_set_ready_time (source->drain, -1);
  take_queue (source);
  give_in_order (source, FALSE);
  return G_SOURCE_CONTINUE;
}

/* What came before the end still goes out. */
static void
fail (UsSource *source, GError *error) {
  g_autoptr (GError) owned = error;
  take_queue (source);
  give_in_order (source, TRUE);
  source->handler->failed (source, owned, source->user_data);
}

static gboolean play_file (UsSource *source, GError **error);
static void stop_playing (UsSource *source);

static void
loop_file (UsSource *source) {
  take_queue (source);
  give_in_order (source, TRUE);
  if (source->end_ns == 0) {
    fail (source, g_error_new (US_SOURCE_ERROR, US_SOURCE_ERROR_CODEC,
                               "the file holds neither H.264 video nor AAC or MP3 audio"));
    return;
  }
  source->offset_ns += source->end_ns;
  source->end_ns = 0;
  stop_playing (source);
  GError *error = NULL;
  if (!play_file (source, &error))
    fail (source, error);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer data) {
  UsSource *source = data;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    fail (source, us_pipeline_error_from_message (message));
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS && source->file != NULL)
    loop_file (source);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS && source->is_url)
    fail (source, g_error_new (US_SOURCE_ERROR, US_SOURCE_ERROR_END, "the stream has ended"));
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_APPLICATION) {
    const char *codec = gst_structure_get_string (gst_message_get_structure (message), "codec");
    fail (source, g_error_new (US_SOURCE_ERROR, US_SOURCE_ERROR_CODEC,
                               "the %s holds %s; only H.264 video and AAC or MP3 audio can be "
                               "published as they are",
                               source->is_url ? "stream" : "file", codec));
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_drain_dispatch (GSource *source, GSourceFunc callback, gpointer data) {
  return callback (data);
}

/* On GStreamer's threads ------------------------------------------------------------------------
 */

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer data) {
  Track *track = data;
  UsSource *source = track->source;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  if (sample == NULL)
    return GST_FLOW_EOS;
  if (g_atomic_int_get (&source->is_refused))
    return GST_FLOW_OK;
  if (g_async_queue_length (source->queue) >= MAX_QUEUED)
    return GST_FLOW_OK; /* the loop is stuck; its heartbeat will tell */
  Queued *queued = g_new0 (Queued, 1);
  queued->track = track;
  queued->sample = g_steal_pointer (&sample);
  g_async_queue_push (source->queue, queued);
  g_source_set_ready_time (source->drain, 0);
  return GST_FLOW_OK;
}

/* A track outlives the pipelines of a looped file; its sink does not. */
static void
add_track (UsSource *source, GstElement *sink, gboolean is_video) {
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
  guint i = is_video ? VIDEO : AUDIO;
  Track *track = g_atomic_pointer_get (&source->tracks[i]);
  gboolean is_new = track == NULL;
  if (is_new)
    track = g_new0 (Track, 1);
  track->source = source;
  track->sink = gst_object_ref (sink);
  track->is_video = is_video;
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, track, NULL);
  if (is_new)
    g_atomic_pointer_set (&source->tracks[i], track);
  g_atomic_int_set (&source->has_sink[i], TRUE);
}

/* Wall clock and frame number, for whoever compares pictures. */
static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  UsSource *source = data;
  g_autoptr (GstElement) stamp = gst_pad_get_parent_element (pad);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%F %T");
  g_autofree char *text = g_strdup_printf (
      "%s.%03d UTC\nframe %07d", time, g_date_time_get_microsecond (now) / 1000, source->frame++);
  if (stamp != NULL)
    g_object_set (stamp, "text", text, NULL);
  return GST_PAD_PROBE_OK;
}

/* Which parser and which caps a track of a file takes on its way to the appsink; NULL: none. */
static const char *
describe_branch (const GstStructure *structure, gboolean *is_video) {
  int version = 0, layer = 0;
  const char *name = gst_structure_get_name (structure);
  gst_structure_get_int (structure, "mpegversion", &version);
  gst_structure_get_int (structure, "layer", &layer);
  *is_video = g_str_has_prefix (name, "video/") || g_str_has_prefix (name, "image/");
  if (strcmp (name, "video/x-h264") == 0)
    return "h264parse ! h264timestamper ! video/x-h264,stream-format=avc,alignment=au";
  if (strcmp (name, "audio/mpeg") == 0 && (version == 2 || version == 4))
    return "aacparse ! audio/mpeg,mpegversion=4,stream-format=raw";
  if (strcmp (name, "audio/mpeg") == 0 && version == 1 && (layer == 3 || layer == 0))
    return "mpegaudioparse";
  return NULL;
}

static void
refuse_codec (UsSource *source, const GstStructure *structure) {
  GstStructure *report = gst_structure_new ("understudy-codec", "codec", G_TYPE_STRING,
                                            gst_structure_get_name (structure), NULL);
  g_atomic_int_set (&source->is_refused, TRUE);
  gst_element_post_message (source->pipeline,
                            gst_message_new_application (GST_OBJECT (source->pipeline), report));
}

static gboolean
has_track (UsSource *source, gboolean is_video) {
  return g_atomic_int_get (&source->has_sink[is_video ? VIDEO : AUDIO]);
}

static void
on_pad_added (GstElement *parsebin, GstPad *pad, gpointer data) {
  UsSource *source = data;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  if (caps == NULL)
    caps = gst_pad_query_caps (pad, NULL);
  if (gst_caps_is_empty (caps) || gst_caps_is_any (caps))
    return;
  caps = gst_caps_fixate (
      caps); /* of the versions of AAC that a parser might put out, any will do */
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  const char *name = gst_structure_get_name (structure);
  gboolean is_video = FALSE;
  const char *branch = describe_branch (structure, &is_video);
  gboolean is_media = is_video || g_str_has_prefix (name, "audio/");
  gboolean is_wanted = branch != NULL && !has_track (source, is_video);

  if (is_media && branch == NULL && !has_track (source, is_video)) {
    refuse_codec (source, structure);
    return;
  }
  g_autofree char *text
      = is_wanted ? g_strdup_printf (
            "queue max-size-buffers=0 max-size-bytes=0 max-size-time=%" G_GUINT64_FORMAT
            " ! %s ! appsink name=sink sync=%s",
            QUEUE_NS, branch, source->is_paced ? "true" : "false")
                  : g_strdup ("fakesink sync=false async=false");
  g_autoptr (GError) error = NULL;
  GstElement *bin = gst_parse_bin_from_description (text, TRUE, &error);
  if (bin == NULL) {
    us_warning ("%s", error->message);
    return;
  }
  gst_bin_add (GST_BIN (source->pipeline), bin);
  if (is_wanted) {
    g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (bin), "sink");
    add_track (source, sink, is_video);
  }
  g_autoptr (GstPad) target = gst_element_get_static_pad (bin, "sink");
  gst_pad_link (pad, target);
  gst_element_sync_state_with_parent (bin);
}

/* Building --------------------------------------------------------------------------------------
 */

static gboolean
build_file (UsSource *source, const char *file, GError **error) {
  if (!g_file_test (file, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, US_SOURCE_ERROR, US_SOURCE_ERROR_FILE, "'%s' is not a file", file);
    return FALSE;
  }
  source->pipeline
      = gst_object_ref_sink (gst_parse_launch ("filesrc name=file ! parsebin name=parse", error));
  if (source->pipeline == NULL)
    return FALSE;
  g_autoptr (GstElement) reader = gst_bin_get_by_name (GST_BIN (source->pipeline), "file");
  g_autoptr (GstElement) parse = gst_bin_get_by_name (GST_BIN (source->pipeline), "parse");
  g_object_set (reader, "location", file, NULL);
  g_signal_connect (parse, "pad-added", G_CALLBACK (on_pad_added), source);
  return TRUE;
}

/* The text's parts and where its element `source` takes its address. */
static gboolean
build_url (UsSource *source, const char *url, const char *folder, const char *name,
           GError **error) {
  source->pipeline = us_pipeline_parse (folder, name, NULL, error);
  if (source->pipeline == NULL)
    return FALSE;
  g_autoptr (GstElement) reader = gst_bin_get_by_name (GST_BIN (source->pipeline), "source");
  g_autoptr (GstElement) parse = gst_bin_get_by_name (GST_BIN (source->pipeline), "parse");
  const char *property = NULL;
  if (reader != NULL)
    property = g_object_class_find_property (G_OBJECT_GET_CLASS (reader), "uri") != NULL
                   ? "uri"
                   : "location";
  if (parse == NULL || property == NULL
      || g_object_class_find_property (G_OBJECT_GET_CLASS (reader), property) == NULL) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX,
                 "pipeline '%s' needs an element called source with a location or uri, and a "
                 "parsebin called parse",
                 name);
    return FALSE;
  }
  g_object_set (reader, property, url, NULL);
  g_signal_connect (parse, "pad-added", G_CALLBACK (on_pad_added), source);
  return TRUE;
}

static gboolean
build_picture (UsSource *source, const char *folder, const char *name, GError **error) {
  source->pipeline = us_pipeline_parse (folder, name, NULL, error);
  if (source->pipeline == NULL)
    return FALSE;
  g_autoptr (GstElement) video = gst_bin_get_by_name (GST_BIN (source->pipeline), "video");
  g_autoptr (GstElement) audio = gst_bin_get_by_name (GST_BIN (source->pipeline), "audio");
  g_autoptr (GstElement) stamp = gst_bin_get_by_name (GST_BIN (source->pipeline), "stamp");
  if ((video == NULL && audio == NULL) || (video != NULL && !GST_IS_APP_SINK (video))
      || (audio != NULL && !GST_IS_APP_SINK (audio))) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX,
                 "pipeline '%s' needs an appsink called video or audio", name);
    return FALSE;
  }
  if (video != NULL)
    add_track (source, video, TRUE);
  if (audio != NULL)
    add_track (source, audio, FALSE);
  g_autoptr (GstPad) pad = stamp != NULL ? gst_element_get_static_pad (stamp, "video_sink") : NULL;
  if (pad != NULL)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_picture, source, NULL);
  return TRUE;
}

static void
start_playing (UsSource *source) {
  g_autoptr (GstBus) bus = gst_element_get_bus (source->pipeline);
  source->bus_watch = gst_bus_create_watch (bus);
  g_source_set_static_name (source->bus_watch, "source-bus");
  g_source_set_callback (source->bus_watch, G_SOURCE_FUNC (on_message), source, NULL);
  g_source_attach (source->bus_watch, source->context);
  gst_element_set_state (source->pipeline, GST_STATE_PLAYING);
}

/* No streaming thread is left afterwards. */
static void
stop_playing (UsSource *source) {
  if (source->pipeline != NULL)
    gst_element_set_state (source->pipeline, GST_STATE_NULL);
  if (source->bus_watch != NULL) {
    g_source_destroy (source->bus_watch);
    g_clear_pointer (&source->bus_watch, g_source_unref);
  }
  gst_clear_object (&source->pipeline);
  g_atomic_int_set (&source->is_refused, FALSE);
  for (guint i = 0; i < N_TRACKS; i++) {
    if (source->tracks[i] != NULL)
      gst_clear_object (&source->tracks[i]->sink);
    g_atomic_int_set (&source->has_sink[i], FALSE);
  }
}

static gboolean
play_file (UsSource *source, GError **error) {
  if (!build_file (source, source->file, error))
    return FALSE;
  start_playing (source);
  return TRUE;
}

static GSourceFuncs drain_funcs = { .dispatch = on_drain_dispatch };

static UsSource *
source_new (const UsSourceHandler *handler, gpointer user_data) {
  UsSource *source = g_new0 (UsSource, 1);
  source->handler = handler;
  source->user_data = user_data;
  source->context = g_main_context_ref_thread_default ();
  source->queue = g_async_queue_new_full (queued_free);
  source->drain = g_source_new (&drain_funcs, sizeof (GSource));
  g_source_set_static_name (source->drain, "source-drain");
  g_source_set_callback (source->drain, on_drain, source, NULL);
  g_source_attach (source->drain, source->context);
  return source;
}

/**
 * us_source_new:
 * @file: (nullable): a file to loop
 * @folder: (nullable): of pipeline texts, see us_pipeline_find()
 * @name: the pipeline text, when there is no file
 * @handler: static
 * @user_data: for the handler
 * @error: US_SOURCE_ERROR or US_PIPELINE_ERROR
 *
 * Starts at once; what only shows while playing comes through the handler's failed().
 *
 * Returns: (transfer full): the source
 */
UsSource *
us_source_new (const char *file, const char *folder, const char *name,
               const UsSourceHandler *handler, gpointer user_data, GError **error) {
  g_autoptr (UsSource) source = source_new (handler, user_data);
  source->file = g_strdup (file);
  source->is_paced = file != NULL;
  if (file != NULL && !play_file (source, error))
    return NULL;
  if (file == NULL) {
    if (!build_picture (source, folder, name, error))
      return NULL;
    start_playing (source);
  }
  return g_steal_pointer (&source);
}

/**
 * us_source_new_from_url:
 * @url: in the words of the text's element `source`
 * @folder: (nullable): of pipeline texts, see us_pipeline_find()
 * @name: the pipeline text
 * @handler: static
 * @user_data: for the handler
 * @error: US_PIPELINE_ERROR
 *
 * Starts at once; whether somebody is there only shows later.
 *
 * Returns: (transfer full): the source
 */
UsSource *
us_source_new_from_url (const char *url, const char *folder, const char *name,
                        const UsSourceHandler *handler, gpointer user_data, GError **error) {
  g_autoptr (UsSource) source = source_new (handler, user_data);
  source->is_url = TRUE;
  source->is_paced = g_str_has_prefix (url, "file:");
  if (!build_url (source, url, folder, name, error))
    return NULL;
  start_playing (source);
  return g_steal_pointer (&source);
}

/**
 * us_source_free:
 * @source: (transfer full) (nullable): stops its threads
 */
void
us_source_free (UsSource *source) {
  if (source == NULL)
    return;
  stop_playing (source);
  g_source_destroy (source->drain);
  g_source_unref (source->drain);
  g_async_queue_unref (source->queue);
  for (guint i = 0; i < N_TRACKS; i++)
    g_clear_pointer (&source->tracks[i], track_free);
  g_main_context_unref (source->context);
  g_free (source->file);
  g_free (source);
}
