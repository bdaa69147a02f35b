/* test-publisher.c - a real publisher sends the test picture and a looped file to a real listener
 */
#include "publisher/publisher.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "media/pipeline.h"
#include "rtmp/flv.h"
#include "rtmp/listener.h"

typedef struct {
  UsRtmpListener *listener;
  UsRtmpConnection *connection;
  UsPublisher *publisher;
  guint n_publishes, n_video, n_audio, n_keys, n_configs, n_closed;
  guint n_video_at_key; /* pictures before the last key frame */
  guint32 last_ms[2];   /* audio, video */
  GArray *shown_ms;     /* gint64: presentation times of the pictures */
  gboolean is_first_media_config, has_media, is_backwards, is_clean, is_stopped, is_late;
  char *failure;
  guint watchdog;
} Stage;

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer data) {
  Stage *stage = data;
  g_assert_cmpstr (publish->app, ==, "live");
  g_assert_cmpstr (publish->key, ==, "test");
  stage->n_publishes++;
  stage->has_media = FALSE;
  us_rtmp_connection_accept (connection, NULL);
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer data) {
  Stage *stage = data;
  UsFlvTag tag;
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  gboolean is_video = message->type == US_RTMP_VIDEO;
  const guint8 *bytes = g_bytes_get_data (message->payload, &size);
  gboolean is_good = is_video ? us_flv_parse_video (bytes, size, &tag, &error)
                              : us_flv_parse_audio (bytes, size, &tag, &error);
  g_assert_no_error (error);
  g_assert_true (is_good);
  if (!stage->has_media)
    stage->is_first_media_config = tag.kind == US_FLV_CONFIG;
  stage->has_media = TRUE;
  if (tag.kind == US_FLV_CONFIG) {
    stage->n_configs++;
    return;
  }
  g_assert_cmpint (tag.kind, ==, US_FLV_FRAME);
  stage->is_backwards = stage->is_backwards || message->timestamp_ms < stage->last_ms[is_video];
  stage->last_ms[is_video] = message->timestamp_ms;
  gint64 shown_ms = (gint64)message->timestamp_ms + tag.composition_time_ms;
  if (is_video)
    g_array_append_val (stage->shown_ms, shown_ms);
  if (is_video && tag.is_keyframe)
    stage->n_video_at_key = stage->n_video;
  stage->n_video += is_video;
  stage->n_audio += !is_video;
  stage->n_keys += is_video && tag.is_keyframe;
}

static void
on_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason, gpointer data) {
  Stage *stage = data;
  stage->connection = NULL;
  stage->is_clean = is_clean;
  stage->n_closed++;
}

static const UsRtmpHandler handler = { on_publish, on_media, on_closed };

static void
on_connection (UsRtmpConnection *connection, gpointer data) {
  ((Stage *)data)->connection = connection;
  us_rtmp_connection_set_handler (connection, &handler, data);
}

static void
on_failed (UsPublisher *publisher, const GError *error, gpointer data) {
  Stage *stage = data;
  if (stage->failure == NULL)
    stage->failure = g_strdup (error->message);
}

static void
on_stopped (UsPublisher *publisher, gpointer data) {
  ((Stage *)data)->is_stopped = TRUE;
}

static const UsPublisherHandler publisher_handler = { on_failed, on_stopped };

static gboolean
on_watchdog (gpointer data) {
  ((Stage *)data)->is_late = TRUE;
  ((Stage *)data)->watchdog = 0;
  return G_SOURCE_REMOVE;
}

#define WAIT_FOR(stage, condition)                                                                 \
  while (!(condition)) {                                                                           \
    g_main_context_iteration (NULL, TRUE);                                                         \
    g_assert_false ((stage)->is_late);                                                             \
  }

static void
stage_init_with (Stage *stage, const char *file, const char *pipelines_dir) {
  g_autoptr (GError) error = NULL;
  UsRtmpListenerSettings settings
      = { .address = "127.0.0.1", .inherited_fd = -1, .max_connections = 4 };
  *stage = (Stage){ .shown_ms = g_array_new (FALSE, FALSE, sizeof (gint64)) };
  us_rtmp_limits_default (&settings.limits);
  stage->listener = us_rtmp_listener_new (&settings, on_connection, stage, &error);
  g_assert_no_error (error);
  g_autofree char *url = g_strdup_printf ("rtmp://127.0.0.1:%u/live/test",
                                          us_rtmp_listener_get_port (stage->listener));
  UsPublisherSettings publisher
      = { .url = url, .file = file, .pipelines_dir = pipelines_dir, .pipeline = "publisher" };
  stage->publisher = us_publisher_new (&publisher, &publisher_handler, stage, &error);
  g_assert_no_error (error);
  stage->watchdog = g_timeout_add_seconds (60, on_watchdog, stage);
}

static void
stage_init (Stage *stage, const char *file) {
  stage_init_with (stage, file, NULL);
}

static void
stage_clear (Stage *stage) {
  us_publisher_free (stage->publisher);
  us_rtmp_listener_free (stage->listener);
  if (stage->watchdog != 0)
    g_source_remove (stage->watchdog);
  g_array_unref (stage->shown_ms);
  g_free (stage->failure);
}

static void
test_picture (void) {
  Stage stage;
  stage_init (&stage, NULL);
  WAIT_FOR (&stage, stage.n_video > 10 && stage.n_audio > 10 && stage.n_keys > 0);
  g_assert_true (stage.is_first_media_config);
  g_assert_cmpuint (stage.n_configs, ==, 2);
  g_assert_false (stage.is_backwards);
  g_assert_null (stage.failure);

  /* The server goes away and comes back: configurations first, then a key frame. */
  guint keys = stage.n_keys;
  us_rtmp_connection_close (stage.connection, "test");
  WAIT_FOR (&stage, stage.n_publishes == 2 && stage.n_keys > keys);
  g_assert_true (stage.is_first_media_config);
  g_assert_cmpuint (stage.n_configs, ==, 4);
  g_assert_false (stage.is_backwards);

  us_publisher_stop (stage.publisher);
  WAIT_FOR (&stage, stage.is_stopped && stage.n_closed == 2);
  g_assert_true (stage.is_clean);
  stage_clear (&stage);
}

/* The test picture as it is, before an encoder that manages ten pictures in a second. */
static char *
make_slow_pipeline (const char *folder) {
  g_autofree char *original
      = g_build_filename (g_getenv ("UNDERSTUDY_PIPELINES"), "publisher.launch", NULL);
  char *path = g_build_filename (folder, "publisher.launch", NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (original, &text, NULL, NULL));
  g_auto (GStrv) parts = g_strsplit (text, "! x264enc", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_autofree char *slow = g_strjoinv ("! identity sleep-time=100000 ! x264enc", parts);
  g_assert_true (g_file_set_contents (path, slow, -1, NULL));
  return path;
}

/* A machine that is too slow for the pictures leaves some out: they do not come later and later. */
static void
test_slow_encoder (void) {
  Stage stage;
  g_autofree char *folder = g_dir_make_tmp ("us-publish-XXXXXX", NULL);
  g_autofree char *path = make_slow_pipeline (folder);
  stage_init_with (&stage, NULL, folder);
  WAIT_FOR (&stage, stage.last_ms[0] > 10000);
  g_assert_cmpuint (stage.last_ms[1] + 4000, >, stage.last_ms[0]);
  g_assert_cmpuint (stage.n_video, >, 10);
  g_assert_null (stage.failure);
  stage_clear (&stage);
  g_unlink (path);
  g_rmdir (folder);
}

/* A file of one second with B-frames, made here; audio and video end together. */
static char *
make_file (const char *folder, const char *video) {
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (folder, "loop.mkv", NULL);
  g_autofree char *text = g_strdup_printf (
      "videotestsrc num-buffers=25 ! video/x-raw,width=160,height=96,framerate=25/1 ! %s ! "
      "matroskamux name=m ! filesink location=%s audiotestsrc num-buffers=47 ! "
      "audio/x-raw,rate=48000,channels=1 ! audioconvert ! avenc_aac ! aacparse ! m.",
      video, path);
  g_autoptr (GstElement) pipeline = gst_parse_launch (text, &error);
  g_assert_no_error (error);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message
      = gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_true (message != NULL && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return path;
}

static gint
compare_times (gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return x < y ? -1 : x > y;
}

/* Every picture has a time of its own, one frame after the one before, also over a seam. The last
 * ones may lack what is shown before them. */
static void
check_shown (GArray *shown_ms, guint n) {
  g_array_sort (shown_ms, compare_times);
  for (guint i = 1; i < n; i++) {
    gint64 step_ms = g_array_index (shown_ms, gint64, i) - g_array_index (shown_ms, gint64, i - 1);
    g_assert_cmpint (step_ms, >=, 38);
    g_assert_cmpint (step_ms, <=, 75); /* the sound is a frame and 3 ms longer than the pictures */
  }
}

static void
check_file (const char *encoder) {
  Stage stage;
  g_autofree char *folder = g_dir_make_tmp ("us-publish-XXXXXX", NULL);
  g_autofree char *path = make_file (folder, encoder);
  stage_init (&stage, path);
  /* The beginning of the fourth round; the picture after it may come in the same turn. */
  WAIT_FOR (&stage, stage.n_keys == 4);
  g_assert_cmpuint (stage.n_video_at_key, ==, 3 * 25); /* none lost or doubled at a seam */
  check_shown (stage.shown_ms, 3 * 25);
  g_assert_false (stage.is_backwards);
  g_assert_cmpuint (stage.n_publishes, ==, 1);
  g_assert_cmpuint (stage.n_configs, ==, 2);
  g_assert_null (stage.failure);
  stage_clear (&stage);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_file (void) {
  check_file ("x264enc bframes=2 key-int-max=25 ! h264parse");
}

static void
test_file_plain (void) {
  check_file ("x264enc bframes=0 tune=zerolatency key-int-max=25 ! h264parse");
}

/* The file is spoilt after a round of it, and another one comes: as `cp` does it, in place. */
static void
test_replaced_file (void) {
  Stage stage;
  gsize size = 0;
  g_autofree char *folder = g_dir_make_tmp ("us-publish-XXXXXX", NULL);
  g_autofree char *path
      = make_file (folder, "x264enc bframes=0 tune=zerolatency key-int-max=25 ! h264parse");
  g_autofree char *bytes = NULL;
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  stage_init (&stage, path);
  WAIT_FOR (&stage, stage.n_keys == 2);
  g_assert_cmpint (truncate (path, 100), ==, 0);
  WAIT_FOR (&stage, stage.n_closed == 1 || stage.failure != NULL);
  g_assert_null (stage.failure);
  g_assert_true (stage.is_clean); /* the ingest knows that there is none */
  g_assert_true (g_unlink (path) == 0);
  guint keys = stage.n_keys;
  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, NULL));
  WAIT_FOR (&stage, stage.n_publishes == 2 && stage.n_keys >= keys + 2);
  g_assert_true (stage.is_first_media_config);
  g_assert_null (stage.failure);

  /* An end while there is nothing is one too. */
  g_assert_cmpint (truncate (path, 0), ==, 0);
  WAIT_FOR (&stage, stage.n_closed == 2);
  us_publisher_stop (stage.publisher);
  WAIT_FOR (&stage, stage.is_stopped);
  stage_clear (&stage);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_wrong_codec (void) {
  Stage stage;
  g_autofree char *folder = g_dir_make_tmp ("us-publish-XXXXXX", NULL);
  g_autofree char *path = make_file (folder, "jpegenc");
  stage_init (&stage, path);
  WAIT_FOR (&stage, stage.failure != NULL);
  g_assert_cmpstr (stage.failure, ==,
                   "the file holds image/jpeg; only H.264 video and AAC or MP3 audio can be "
                   "published as they are");
  stage_clear (&stage);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_wrong_file (void) {
  g_autoptr (GError) error = NULL;
  UsPublisherSettings settings = { .url = "rtmp://127.0.0.1:1/live/x", .file = "/proc/nowhere" };
  g_assert_null (us_publisher_new (&settings, &publisher_handler, NULL, &error));
  g_assert_error (error, US_SOURCE_ERROR, US_SOURCE_ERROR_FILE);
}

int
main (int argc, char **argv) {
  g_autoptr (GError) error = NULL;
  g_test_init (&argc, &argv, NULL);
  g_assert_true (us_media_init (&error));
  g_test_add_func ("/publisher/picture", test_picture);
  g_test_add_func ("/publisher/slow-encoder", test_slow_encoder);
  g_test_add_func ("/publisher/file", test_file);
  g_test_add_func ("/publisher/file-plain", test_file_plain);
  g_test_add_func ("/publisher/replaced-file", test_replaced_file);
  g_test_add_func ("/publisher/wrong-codec", test_wrong_codec);
  g_test_add_func ("/publisher/wrong-file", test_wrong_file);
  return g_test_run ();
}
