/* test-puller.c - a real puller brings a file in by its URL, as if it were a stream that ends all
 * the time, and publishes it to a real listener
 */
#include "publisher/puller.h"

#include <glib/gstdio.h>
#include <gst/gst.h>

#include "media/pipeline.h"
#include "rtmp/flv.h"
#include "rtmp/listener.h"

#define GOP 30 /* pictures; two of them in the file */

typedef struct {
  UsRtmpListener *listener;
  UsRtmpConnection *connection;
  UsPuller *puller;
  char *folder, *file;
  guint n_publishes, n_video, n_audio;
  guint n_frames, n_pictures; /* of this publish */
  guint n_rounds, n_broken;   /* publishes with frames; those not from a key frame to the end */
  gboolean is_first_video;    /* the publish began with a key frame */
  gboolean is_stopped;
} Stage;

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer data) {
  Stage *stage = data;
  stage->n_publishes++;
  stage->n_frames = stage->n_pictures = 0;
  us_rtmp_connection_accept (connection, NULL);
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer data) {
  Stage *stage = data;
  UsFlvTag tag;
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (message->payload, &size);
  gboolean is_video = message->type == US_RTMP_VIDEO;
  if (!(is_video ? us_flv_parse_video (bytes, size, &tag, NULL)
                 : us_flv_parse_audio (bytes, size, &tag, NULL))
      || tag.kind != US_FLV_FRAME)
    return;
  if (stage->n_frames++ == 0)
    stage->is_first_video = is_video && tag.is_keyframe;
  stage->n_pictures += is_video;
  stage->n_video += is_video;
  stage->n_audio += !is_video;
}

static void
on_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason, gpointer data) {
  Stage *stage = data;
  if (stage->n_frames == 0)
    return;
  stage->n_rounds++;
  stage->n_broken += !is_clean || !stage->is_first_video || stage->n_pictures % GOP != 0;
}

static void
on_connection (UsRtmpConnection *connection, gpointer data) {
  static const UsRtmpHandler handler = { on_publish, on_media, on_closed };
  ((Stage *)data)->connection = connection;
  us_rtmp_connection_set_handler (connection, &handler, data);
}

static void
on_stopped (UsPuller *puller, gpointer data) {
  ((Stage *)data)->is_stopped = TRUE;
}

static gboolean
on_watchdog (gpointer data) {
  g_error ("the test waited 60 s");
  return G_SOURCE_REMOVE;
}

#define WAIT_FOR(condition)                                                                        \
  do {                                                                                             \
    guint watchdog = g_timeout_add_seconds (60, on_watchdog, NULL);                                \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (watchdog);                                                                    \
  } while (0)

/* Two seconds of pictures; the sound ends a little earlier. */
static void
make_file (const char *path) {
  g_autofree char *text = g_strdup_printf (
      "videotestsrc num-buffers=60 ! video/x-raw,width=160,height=90,framerate=30/1 ! x264enc "
      "key-int-max=" G_STRINGIFY (
          GOP) " tune=zerolatency ! h264parse ! flvmux name=mux ! filesink location=%s "
               "audiotestsrc num-buffers=80 ! audio/x-raw,rate=48000 ! avenc_aac ! aacparse ! mux.",
      path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_object_ref_sink (gst_parse_launch (text, &error));
  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) end
      = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (end);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
set_up (Stage *stage, gconstpointer data) {
  UsRtmpListenerSettings settings
      = { .address = "127.0.0.1", .inherited_fd = -1, .max_connections = 4 };
  g_autoptr (GError) error = NULL;
  us_rtmp_limits_default (&settings.limits);
  stage->listener = us_rtmp_listener_new (&settings, on_connection, stage, &error);
  g_assert_no_error (error);
  stage->folder = g_dir_make_tmp ("understudy-pull-XXXXXX", NULL);
  stage->file = g_build_filename (stage->folder, "stream.flv", NULL);
}

static void
tear_down (Stage *stage, gconstpointer data) {
  us_puller_free (stage->puller);
  us_rtmp_listener_free (stage->listener);
  (void)g_remove (stage->file);
  g_assert_cmpint (g_rmdir (stage->folder), ==, 0);
  g_free (stage->folder);
  g_free (stage->file);
}

static UsPuller *
pull (Stage *stage, const char *url, const char *pipeline, guint idle_ms, GError **error) {
  g_autofree char *to = g_strdup_printf ("rtmp://127.0.0.1:%u/live/cam",
                                         us_rtmp_listener_get_port (stage->listener));
  UsPullerSettings settings = { .url = url, .to = to, .pipeline = pipeline, .idle_ms = idle_ms };
  return us_puller_new (&settings, on_stopped, stage, error);
}

/* It ends; it is read again; each time is a publish of its own, in order, from a key frame to the
 * file's last picture. A try whose connect takes longer than the file brings nothing. */
static void
test_again (Stage *stage, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  make_file (stage->file);
  g_autofree char *url = g_filename_to_uri (stage->file, NULL, NULL);
  stage->puller = pull (stage, url, "ingest-pull-uri", 5000, &error);
  g_assert_no_error (error);
  WAIT_FOR (stage->n_rounds >= 3);
  g_assert_cmpuint (stage->n_publishes, >=, 3);
  g_assert_cmpuint (stage->n_broken, ==, 0);
  g_assert_cmpuint (stage->n_video, >, 0);
  g_assert_cmpuint (stage->n_audio, >, 0);
  us_puller_stop (stage->puller);
  WAIT_FOR (stage->is_stopped);
}

/* Nothing is there; then it is. Nobody is bothered before. */
static void
test_later (Stage *stage, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autofree char *url = g_filename_to_uri (stage->file, NULL, NULL);
  stage->puller = pull (stage, url, "ingest-pull-uri", 500, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (stage->n_publishes, ==, 0);
  make_file (stage->file);
  WAIT_FOR (stage->n_video > 0);
  g_assert_true (stage->is_first_video);
}

/* A server that accepts and never says a word: tried again after the idle time, freed in between.
 */
static void
test_mute_server (Stage *stage, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketListener) mute = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (mute, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *url = g_strdup_printf ("rtmp://127.0.0.1:%u/live/cam", port);
  stage->puller = pull (stage, url, "ingest-pull", 500, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++) { /* it comes a second time by itself */
    g_autoptr (GSocketConnection) connection = g_socket_listener_accept (mute, NULL, NULL, &error);
    g_assert_no_error (error);
    if (i == 1)
      break;
    gint64 until_us = g_get_monotonic_time () + 2 * G_USEC_PER_SEC;
    while (g_get_monotonic_time () < until_us)
      g_main_context_iteration (NULL, TRUE);
  }
  g_assert_cmpuint (stage->n_publishes, ==, 0);
}

static void
test_wrong_text (Stage *stage, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_assert_null (pull (stage, "rtmp://127.0.0.1/live/cam", "publisher", 5000, &error));
  g_assert_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX);
  g_clear_error (&error);
  g_assert_null (pull (stage, "rtmp://127.0.0.1/live/cam", "no-such-text", 5000, &error));
  g_assert_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_MISSING);
}

static void
test_text_for_scheme (Stage *stage, gconstpointer data) {
  g_assert_cmpstr (us_puller_pipeline_for ("rtmp://a/b"), ==, "ingest-pull");
  g_assert_cmpstr (us_puller_pipeline_for ("rtmps://a/b"), ==, "ingest-pull");
  g_assert_cmpstr (us_puller_pipeline_for ("srt://a:1"), ==, "ingest-pull-srt");
  g_assert_cmpstr (us_puller_pipeline_for ("https://a/b.flv"), ==, "ingest-pull-uri");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  g_assert_true (us_media_init (&error));
#define ADD(name, function) g_test_add (name, Stage, NULL, set_up, function, tear_down)
  ADD ("/puller/again", test_again);
  ADD ("/puller/later", test_later);
  ADD ("/puller/mute-server", test_mute_server);
  ADD ("/puller/wrong-text", test_wrong_text);
  ADD ("/puller/text-for-scheme", test_text_for_scheme);
  return g_test_run ();
}
