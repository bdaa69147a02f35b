/* player.c - plays a URL with playbin3 and prints every decoded picture and audio buffer
 *
 * usage: player URL SECONDS [numbers]
 *
 * Lines: "v PTS_NS MD5" for each picture in I420, "a PTS_NS SAMPLES" for each audio buffer, "b
 * MONOTONIC_US PERCENT" while buffers fill (the player pauses as every player must), "e TEXT" for
 * warnings and errors of the pipeline.
 * With `numbers`, pictures are "n MONOTONIC_US PTS_NS BITS" instead: when it was shown, and the
 * strip of numbered.py as 16 characters 0 or 1. Times are running times. Stops after SECONDS of
 * media, counted from the first picture; 0 is never. Exit code 1 after an error. Sinks follow the
 * clock, as a viewer's would.
 */
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 16
#define BLOCK_WIDTH 20
#define BLOCK_HEIGHT 16

typedef struct {
  GMainLoop *loop;
  GstClockTime first, length;
  gboolean wants_numbers;
  GstElement *playbin; /* borrowed */
  gint has_failed;
} Player;

static GstElement *
make_sink (const char *caps_text, const char *convert) {
  g_autofree char *text = g_strdup_printf ("%s ! %s ! appsink name=sink sync=true max-buffers=60",
                                           convert, caps_text);
  g_autoptr (GError) error = NULL;
  GstElement *bin = gst_parse_bin_from_description (text, TRUE, &error);
  if (bin == NULL)
    g_printerr ("player: %s\n", error->message);
  return bin;
}

/* Brightness of the blocks' centres; I420 begins with the luma plane, its rows padded to 4 bytes.
 */
static gboolean
read_strip (const GstStructure *caps, const GstMapInfo *map, char bits[BLOCKS + 1]) {
  int width = 0;
  if (!gst_structure_get_int (caps, "width", &width) || width < BLOCKS * BLOCK_WIDTH)
    return FALSE;
  gsize stride = ((gsize)width + 3) & ~(gsize)3;
  if (map->size < stride * BLOCK_HEIGHT)
    return FALSE;
  const guint8 *row = map->data + stride * (BLOCK_HEIGHT / 2);
  for (int i = 0; i < BLOCKS; i++)
    bits[i] = row[i * BLOCK_WIDTH + BLOCK_WIDTH / 2] > 128 ? '1' : '0';
  bits[BLOCKS] = '\0';
  return TRUE;
}

static void
print_picture (Player *player, const GstStructure *caps, const GstMapInfo *map, GstClockTime time) {
  if (player->wants_numbers) {
    char bits[BLOCKS + 1] = "none";
    read_strip (caps, map, bits);
    printf ("n %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n", g_get_monotonic_time (), time,
            bits);
  } else {
    g_autofree char *md5 = g_compute_checksum_for_data (G_CHECKSUM_MD5, map->data, map->size);
    printf ("v %" G_GUINT64_FORMAT " %s\n", time, md5);
  }
}

/* Both sinks print from their streaming thread; a line is one printf and so stays whole. */
static GstFlowReturn
on_sample (GstAppSink *sink, gpointer user_data) {
  Player *player = user_data;
  GstSample *sample = gst_app_sink_pull_sample (sink);
  if (sample == NULL)
    return GST_FLOW_EOS;
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  const GstStructure *caps = gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  GstSegment *segment = gst_sample_get_segment (sample);
  GstClockTime pts = GST_BUFFER_PTS (buffer);
  GstClockTime running = gst_segment_to_running_time (segment, GST_FORMAT_TIME, pts);
  GstMapInfo map;

  if (gst_structure_has_name (caps, "video/x-raw") && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    print_picture (player, caps, &map, running);
    gst_buffer_unmap (buffer, &map);
    if (player->first == GST_CLOCK_TIME_NONE)
      player->first = running;
    else if (player->length > 0 && running - player->first >= player->length)
      g_main_loop_quit (player->loop);
  } else {
    printf ("a %" G_GUINT64_FORMAT " %" G_GSIZE_FORMAT "\n", running,
            gst_buffer_get_size (buffer) / 4);
  }
  gst_sample_unref (sample);
  return GST_FLOW_OK;
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data) {
  Player *player = user_data;
  g_autoptr (GError) error = NULL;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    player->has_failed = TRUE;
    g_main_loop_quit (player->loop);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
    gst_message_parse_warning (message, &error, NULL);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    error = g_error_new_literal (GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "end of stream");
    player->has_failed = TRUE;
    g_main_loop_quit (player->loop);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_BUFFERING) {
    int percent = 0;
    gst_message_parse_buffering (message, &percent);
    printf ("b %" G_GINT64_FORMAT " %d\n", g_get_monotonic_time (), percent);
    gst_element_set_state (player->playbin, percent < 100 ? GST_STATE_PAUSED : GST_STATE_PLAYING);
  }
  if (error != NULL)
    printf ("e %s: %s\n", GST_MESSAGE_SRC_NAME (message), error->message);
  return G_SOURCE_CONTINUE;
}

static void
use_sink (GstElement *playbin, const char *property, GstElement *bin, Player *player) {
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (bin), "sink");
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, player, NULL);
  g_object_set (playbin, property, bin, NULL);
}

int
main (int argc, char **argv) {
  gst_init (&argc, &argv);
  if (argc != 3 && (argc != 4 || strcmp (argv[3], "numbers") != 0)) {
    g_printerr ("usage: player URL SECONDS [numbers]\n");
    return 2;
  }
  setvbuf (stdout, NULL, _IOLBF, 0);
  Player player = {
    .loop = g_main_loop_new (NULL, FALSE),
    .first = GST_CLOCK_TIME_NONE,
    .length = (GstClockTime)(atof (argv[2]) * GST_SECOND),
    .wants_numbers = argc == 4,
  };
  g_autoptr (GstElement) playbin = gst_element_factory_make ("playbin3", NULL);
  GstElement *video = make_sink ("video/x-raw,format=I420", "videoconvert");
  GstElement *audio = make_sink ("audio/x-raw,format=S16LE,channels=2", "audioconvert");
  if (playbin == NULL || video == NULL || audio == NULL)
    return 2;
  g_object_set (playbin, "uri", argv[1], "flags", 0x13 /* video, audio, soft volume */, NULL);
  player.playbin = playbin;
  use_sink (playbin, "video-sink", video, &player);
  use_sink (playbin, "audio-sink", audio, &player);
  g_autoptr (GstBus) bus = gst_element_get_bus (playbin);
  gst_bus_add_watch (bus, on_message, &player);
  gst_element_set_state (playbin, GST_STATE_PLAYING);
  g_main_loop_run (player.loop);
  gst_element_set_state (playbin, GST_STATE_NULL);
  g_main_loop_unref (player.loop);
  return player.has_failed ? 1 : 0;
}
