/* test-transcode.c - packagers that encode: a pair is aligned, each alone is a pure function
 *
 * What an aligned pair promises a viewer: any segment may come from either side. Same numbers,
 * names, times and pictures, an IDR picture first, the same parameter sets. And what a restart
 * needs: the same bytes again. The copying packager is the witness of what went in. */
#include "packager/packager.h"

#include <glib/gstdio.h>
#include <string.h>

#include "component/switcher/viewer.h"
#include "feeder.h"
#include "hls/segment.h"
#include "media/pipeline.h"
#include "reading.h"

#define WATCHDOG_US (60 * G_USEC_PER_SEC)
#define SEGMENTS 6 /* one more is fed, whose mark closes the last */

static UsMaterial *material; /* 8 s, B-frames, key frames every second, AAC */

static void
default_settings (UsPackagerSettings *settings, const char *pipeline, guint kbps) {
  us_packager_settings_default (settings);
  settings->rtmp.port = 0;
  settings->origin.http.address = "127.0.0.1";
  settings->origin.http.port = 0;
  settings->origin.unknown_stream_ms = 0;
  settings->muxer.name = pipeline;
  settings->muxer.video_kbps = kbps;
  settings->muxer.deadline_ms = 20000;
  settings->has_self_verdict = FALSE;
}

/* A packager, who feeds it, and who reads it. */
typedef struct {
  UsPackager *packager;
  UsFeeder *feeder;
  UsViewer *viewer;
} Side;

static Side
side_with (const UsPackagerSettings *settings) {
  g_autoptr (GError) error = NULL;
  Side side = { us_packager_new (settings, &error), NULL, NULL };
  g_assert_no_error (error);
  side.feeder = us_feeder_new (us_packager_get_rtmp_port (side.packager), "show", material);
  side.viewer = us_viewer_new (us_packager_get_http_port (side.packager), "show/");
  return side;
}

static Side
side_new (const char *pipeline, guint kbps) {
  UsPackagerSettings settings;
  default_settings (&settings, pipeline, kbps);
  return side_with (&settings);
}

static void
side_clear (Side *side) {
  us_feeder_free (side->feeder);
  us_viewer_free (side->viewer);
  us_packager_free (side->packager);
}

typedef struct {
  UsHttpReply *reply;
  GError *error;
  gboolean is_done;
} Fetch;

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer user_data) {
  Fetch *fetch = user_data;
  fetch->reply = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &fetch->error);
  fetch->is_done = TRUE;
}

/* Patient in everything: three packagers, two of them encoding, and their reader share one process
 * and one main loop here. */
static UsHttpReply *
get (Side *side, const char *uri) {
  Fetch fetch = { 0 };
  g_autofree char *url
      = g_uri_resolve_relative (side->viewer->base, uri, G_URI_FLAGS_ENCODED, NULL);
  UsHttpFetch limits
      = { .connect_timeout_ms = 20000, .first_byte_timeout_ms = 20000, .deadline_ms = 25000 };
  us_http_client_fetch_async (side->viewer->client, url, &limits, NULL, on_fetched, &fetch);
  us_viewer_wait (&fetch.is_done);
  g_assert_no_error (fetch.error);
  return fetch.reply;
}

static GBytes *
await_segment (Side *side, guint k) {
  g_autofree char *name = us_segment_name (side->feeder->epoch, side->feeder->first + k);
  gint64 begun_us = g_get_monotonic_time ();
  for (;;) {
    g_autoptr (UsHttpReply) reply = get (side, name);
    if (reply->status == 200)
      return g_bytes_ref (reply->body);
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
  }
}

static double
read_metric (Side *side, const char *name) {
  g_autoptr (UsHttpReply) reply = get (side, "/metrics");
  gsize size;
  const char *data = g_bytes_get_data (reply->body, &size);
  g_autofree char *text = g_strndup (data, size);
  g_autofree char *start = g_strconcat ("\n", name, "{", NULL);
  const char *line = strstr (text, start);
  g_assert_nonnull (line);
  return g_ascii_strtod (strstr (line, "} ") + 2, NULL);
}

/* --- an aligned pair ------------------------------------------------------------------------- */

static int
by_pts (gconstpointer a, gconstpointer b) {
  const ReadPicture *one = a, *other = b;
  return one->pts < other->pts ? -1 : one->pts > other->pts;
}

/* @copied: what went in. All of it must be in @encoded, in the order of presentation, and decoded
 * in that order; one IDR picture, with its parameter sets, first. */
static void
assert_complete (Reading *encoded, Reading *copied) {
  g_array_sort (copied->pictures, by_pts);
  g_assert_cmpuint (encoded->pictures->len, ==, copied->pictures->len);
  g_assert_cmpuint (encoded->n_sps, ==, 1);
  g_assert_cmpuint (encoded->n_other, ==, 0);
  for (guint i = 0; i < encoded->pictures->len; i++) {
    const ReadPicture *picture = &g_array_index (encoded->pictures, ReadPicture, i);
    g_assert_cmpint (picture->pts, ==, g_array_index (copied->pictures, ReadPicture, i).pts);
    g_assert_cmpint (picture->dts, ==, picture->pts);
    g_assert_cmpint (picture->is_idr, ==, i == 0);
  }
  g_assert_cmpmem (encoded->sound->data, encoded->sound->len, copied->sound->data,
                   copied->sound->len);
  g_assert_cmpmem (encoded->sound_pts->data, encoded->sound_pts->len * sizeof (gint64),
                   copied->sound_pts->data, copied->sound_pts->len * sizeof (gint64));
}

static void
test_pair (void) {
  Side copy = side_new ("packager-copy", 1);
  Side large = side_new ("packager-x264", 1000);
  Side small = side_new ("packager-x264", 30);
  Side *sides[] = { &copy, &large, &small };
  for (guint k = 0; k <= SEGMENTS; k++) {
    for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
      us_feeder_send (sides[i]->feeder, k);
  }
  gint64 last_pts = -1;
  gsize large_size = 0, small_size = 0;
  g_autoptr (Reading) first = NULL;
  for (guint k = 0; k < SEGMENTS; k++) {
    g_autoptr (GBytes) bytes = await_segment (&copy, k);
    g_autoptr (GBytes) large_bytes = await_segment (&large, k);
    g_autoptr (GBytes) small_bytes = await_segment (&small, k);
    g_autoptr (Reading) in = reading_new (bytes);
    Reading *one = reading_new (large_bytes);
    g_autoptr (Reading) other = reading_new (small_bytes);
    assert_complete (one, in);
    assert_complete (other, in);
    g_assert_cmpmem (one->sets->data, one->sets->len, other->sets->data, other->sets->len);
    large_size += g_bytes_get_size (large_bytes);
    small_size += g_bytes_get_size (small_bytes);
    g_assert_cmpint (g_array_index (one->pictures, ReadPicture, 0).dts, >, last_pts);
    last_pts = g_array_index (one->pictures, ReadPicture, one->pictures->len - 1).pts;
    if (first == NULL) {
      first = one;
      continue;
    }
    g_assert_cmpmem (one->sets->data, one->sets->len, first->sets->data, first->sets->len);
    reading_free (one);
  }
  g_assert_cmpuint (large_size, >, small_size);

  /* Playlists have names and times only, and these are the same. */
  g_autoptr (UsHttpReply) large_list = get (&large, "index.m3u8");
  g_autoptr (UsHttpReply) small_list = get (&small, "index.m3u8");
  g_autoptr (UsHttpReply) copy_list = get (&copy, "index.m3u8");
  g_assert_true (g_bytes_equal (large_list->body, small_list->body));
  g_assert_true (g_bytes_equal (large_list->body, copy_list->body));

  g_assert_cmpfloat (read_metric (&large, "understudy_packager_encode_ratio"), >, 0);
  g_assert_cmpfloat (read_metric (&large, "understudy_packager_missing_pictures_total"), ==, 0);
  g_assert_cmpfloat (read_metric (&large, "understudy_packager_waiting_segments"), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    side_clear (sides[i]);
}

/* Two at once, and a third that starts later with an empty memory and all of it in one burst. */
static void
test_same_bytes (void) {
  Side sides[3] = { side_new ("packager-x264", 200), side_new ("packager-x264", 200), { 0 } };
  for (guint k = 0; k <= SEGMENTS; k++) {
    us_feeder_send (sides[0].feeder, k);
    us_feeder_send (sides[1].feeder, k);
  }
  g_autoptr (GBytes) last = await_segment (&sides[0], SEGMENTS - 1);
  g_autoptr (GBytes) last_of_other = await_segment (&sides[1], SEGMENTS - 1);
  g_assert_true (g_bytes_equal (last, last_of_other));
  side_clear (&sides[1]);
  sides[1] = side_new ("packager-x264", 200);
  sides[2] = side_new ("packager-x264", 201);
  for (guint k = 2; k <= SEGMENTS; k++) {
    us_feeder_send (sides[1].feeder, k);
    us_feeder_send (sides[2].feeder, k);
  }
  guint n_different = 0;
  for (guint k = 2; k < SEGMENTS; k++) {
    g_autoptr (GBytes) one = await_segment (&sides[0], k);
    g_autoptr (GBytes) again = await_segment (&sides[1], k);
    g_autoptr (GBytes) other = await_segment (&sides[2], k);
    g_assert_true (g_bytes_equal (one, again));
    n_different += g_bytes_equal (one, other) ? 0 : 1;
  }
  g_assert_cmpuint (n_different, >, 0); /* the test can tell bytes apart */
  for (guint i = 0; i < 3; i++)
    side_clear (&sides[i]);
}

/* --- faults ---------------------------------------------------------------------------------- */

/* Access units that are no video at all cost at most their own segment. */
static void
test_broken_media (void) {
  Side side = side_new ("packager-x264", 200);
  guint8 rubbish[300];
  memset (rubbish, 0xa5, sizeof rubbish);
  rubbish[0] = 0x27;
  rubbish[1] = 1;
  us_feeder_send (side.feeder, 0);
  for (guint i = 0; i < 20; i++)
    us_feeder_send_raw (side.feeder, US_RTMP_VIDEO, rubbish, sizeof rubbish);
  for (guint k = 1; k < 4; k++)
    us_feeder_send (side.feeder, k);
  for (guint k = 1; k < 3; k++) {
    g_autoptr (GBytes) bytes = await_segment (&side, k);
    g_autoptr (Reading) reading = reading_new (bytes);
    g_assert_cmpuint (reading->pictures->len, ==, 30);
  }
  side_clear (&side);
}

static void
replace (char **text, const char *from, const char *to) {
  g_auto (GStrv) parts = g_strsplit (*text, from, 2);
  g_assert_nonnull (parts[1]);
  g_free (*text);
  *text = g_strjoinv (to, parts);
}

/* packager-x264 with one change (@from NULL: @to as it is), in a folder of its own. */
static char *
make_text (const char *from, const char *to) {
  g_autofree char *shipped = us_pipeline_find (NULL, "packager-x264", NULL);
  g_autofree char *text = NULL;
  char *folder = g_dir_make_tmp ("us-transcode-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "own.launch", NULL);
  g_assert_true (g_file_get_contents (shipped, &text, NULL, NULL));
  if (from != NULL)
    replace (&text, from, to);
  g_assert_true (g_file_set_contents (path, from != NULL ? text : to, -1, NULL));
  return folder;
}

static void
remove_text (char *folder) {
  g_autofree char *path = g_build_filename (folder, "own.launch", NULL);
  g_remove (path);
  g_rmdir (folder);
  g_free (folder);
}

/* 1.2 s for each second: whole segments are left out, and it is not silent about it. */
static void
test_too_slow (void) {
  char *folder = make_text ("! videoconvert", "! identity sleep-time=40000 ! videoconvert");
  UsPackagerSettings settings;
  default_settings (&settings, "own", 200);
  settings.muxer.folder = folder;
  settings.muxer.max_waiting = 2;
  Side side = side_with (&settings);
  for (guint k = 0; k < 8; k++)
    us_feeder_send (side.feeder, k);
  g_autoptr (GBytes) last = await_segment (&side, 6);
  g_autoptr (Reading) reading = reading_new (last);
  g_assert_cmpuint (reading->pictures->len, ==, 30);
  g_assert_cmpfloat (read_metric (&side, "understudy_packager_encode_ratio"), >, 1);
  double made = read_metric (&side, "understudy_packager_segments_total");
  double failed = read_metric (&side, "understudy_packager_failed_segments_total");
  g_assert_cmpfloat (failed, >, 0);
  g_assert_cmpfloat (made + failed, ==, 7);
  g_assert_cmpfloat (read_metric (&side, "understudy_packager_last_number"), ==, 1006);
  side_clear (&side);
  remove_text (folder);
}

/* A text that cannot work is refused at the start, in words. */
static void
test_refused_texts (void) {
  static const struct {
    const char *from, *to, *message;
    int code;
  } rows[] = {
    { "! x264enc", "! nosuchencoder", "nosuchencoder", US_PIPELINE_ERROR_MISSING },
    { "{video-bitrate} speed", "{video-rate} speed", "unknown placeholder {video-rate}",
      US_PIPELINE_ERROR_SYNTAX },
    { "bitrate={video-bitrate}", "bitrate=much", "\"bitrate\" in element",
      US_PIPELINE_ERROR_SYNTAX },
    { NULL, "appsrc name=video ! fakesink name=hls", "hlssink2 named 'hls'",
      US_PIPELINE_ERROR_SYNTAX },
    { NULL, "fakesrc name=video ! hls.video hlssink2 name=hls",
      "an appsrc named 'video' for pictures", US_PIPELINE_ERROR_SYNTAX },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    char *folder = make_text (rows[i].from, rows[i].to);
    UsPackagerSettings settings;
    default_settings (&settings, "own", 200);
    settings.muxer.folder = folder;
    g_assert_null (us_packager_new (&settings, &error));
    g_test_message ("%s", error->message);
    g_assert_error (error, US_PIPELINE_ERROR, rows[i].code);
    g_assert_nonnull (strstr (error->message, rows[i].message));
    remove_text (folder);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  if (!us_media_init (&error))
    g_error ("%s", error->message);
  material = us_material_new (8, 30, 160, "aac");
  g_test_add_func ("/packager/transcode/pair", test_pair);
  g_test_add_func ("/packager/transcode/same-bytes", test_same_bytes);
  g_test_add_func ("/packager/transcode/broken-media", test_broken_media);
  g_test_add_func ("/packager/transcode/too-slow", test_too_slow);
  g_test_add_func ("/packager/transcode/refused-texts", test_refused_texts);
  int status = g_test_run ();
  us_material_free (material);
  return status;
}
