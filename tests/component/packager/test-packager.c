/* test-packager.c - a real packager, fed over RTMP as ingest feeds it, read over HTTP as viewers do
 *
 * Times that the tests wait for are those of the self-verdict (1.5 target durations of 1 s); all
 * else waits for what it wants to see. */
#include "packager/packager.h"

#include <string.h>

#include "component/switcher/viewer.h"
#include "feeder.h"
#include "hls/mpegts.h"
#include "hls/segment.h"
#include "media/pipeline.h"

#define WATCHDOG_US (30 * G_USEC_PER_SEC)

static UsMaterial *material; /* 8 s, key frames every second, AAC */

static void
default_settings (UsPackagerSettings *settings) {
  us_packager_settings_default (settings);
  settings->rtmp.port = 0;
  settings->origin.http.address = "127.0.0.1";
  settings->origin.http.port = 0;
  settings->origin.unknown_stream_ms = 0;
  settings->muxer.deadline_ms = 20000;
  settings->has_self_verdict = FALSE;
}

static UsPackager *
packager_with (const UsPackagerSettings *settings) {
  g_autoptr (GError) error = NULL;
  UsPackager *packager = us_packager_new (settings, &error);
  g_assert_no_error (error);
  return packager;
}

static UsPackager *
packager_new (void) {
  UsPackagerSettings settings;
  default_settings (&settings);
  return packager_with (&settings);
}

static UsFeeder *
feed_with (UsPackager *packager, const char *stream, const UsMaterial *of) {
  return us_feeder_new (us_packager_get_rtmp_port (packager), stream, of);
}

static UsFeeder *
feed (UsPackager *packager, const char *stream) {
  return feed_with (packager, stream, material);
}

static UsViewer *
view (UsPackager *packager, const char *stream) {
  g_autofree char *folder = g_strconcat (stream, "/", NULL);
  return us_viewer_new (us_packager_get_http_port (packager), folder);
}

static char *
body_text (const UsHttpReply *reply) {
  gsize size;
  const char *data = g_bytes_get_data (reply->body, &size);
  return g_strndup (data, size);
}

static void
assert_contains (const UsHttpReply *reply, const char *needle) {
  g_autofree char *text = body_text (reply);
  if (strstr (text, needle) == NULL)
    g_test_message ("'%s' is not in: %s", needle, text);
  g_assert_nonnull (strstr (text, needle));
}

/* Asks until the answer has this status. */
static UsHttpReply *
await_status (UsViewer *viewer, const char *uri, guint status) {
  gint64 begun_us = g_get_monotonic_time ();
  for (;;) {
    g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, uri);
    if (reply->status == status)
      return g_steal_pointer (&reply);
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
  }
}

static UsHttpReply *
await_text (UsViewer *viewer, const char *uri, const char *needle) {
  gint64 begun_us = g_get_monotonic_time ();
  for (;;) {
    g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, uri);
    g_autofree char *text = body_text (reply);
    if (strstr (text, needle) != NULL)
      return g_steal_pointer (&reply);
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
  }
}

/* The whole stream, with every rule of a viewer, until segment k is listed. */
static void
await_segment (UsViewer *viewer, const UsFeeder *feeder, guint k) {
  g_autofree char *name = us_segment_name (feeder->epoch, feeder->first + k);
  g_autoptr (UsHttpReply) first = await_text (viewer, "index.m3u8", name);
  us_viewer_await (viewer, name);
}

/* The same for a playlist that may answer 503 again at any time. */
static void
await_listed (UsViewer *viewer, const UsFeeder *feeder, guint k) {
  g_autofree char *name = us_segment_name (feeder->epoch, feeder->first + k);
  g_autoptr (UsHttpReply) reply = await_text (viewer, "index.m3u8", name);
}

static GBytes *
get_segment (UsViewer *viewer, const UsFeeder *feeder, guint k) {
  g_autofree char *name = us_segment_name (feeder->epoch, feeder->first + k);
  g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, name);
  g_assert_cmpuint (reply->status, ==, 200);
  return g_bytes_ref (reply->body);
}

/* --- a stream begins ------------------------------------------------------------------------- */

static void
test_first_segment (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  UsViewer *viewer = view (packager, "show");
  g_autoptr (UsHttpReply) unknown = us_viewer_get (viewer, "index.m3u8");
  g_assert_cmpuint (unknown->status, ==, 404);
  g_assert_cmpstr (unknown->content_type, ==, "application/problem+json");

  g_autoptr (UsFeeder) feeder = feed (packager, "show");
  g_assert_cmpuint (feeder->resume, ==, 0);
  us_feeder_send (feeder, 0);
  g_autoptr (UsHttpReply) starting = await_status (viewer, "index.m3u8", 503);
  assert_contains (starting, "no segment yet");

  us_feeder_send (feeder, 1); /* its mark closes the first */
  await_segment (viewer, feeder, 0);
  const UsPlaylistSegment *row = g_ptr_array_index (viewer->playlist->segments, 0);
  g_assert_cmpuint (viewer->playlist->segments->len, ==, 1);
  g_assert_cmpuint (viewer->playlist->target_duration_s, ==, 1);
  g_assert_true (viewer->playlist->can_block_reload);
  g_assert_true (viewer->playlist->is_independent);
  g_assert_cmpuint (row->number, ==, 1000);
  g_assert_cmpint (row->duration_us, ==, 1000000);
  g_assert_cmpint (row->wall_ms, ==, FEEDER_WALL_MS);

  g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, row->uri);
  g_assert_cmpstr (reply->content_type, ==, "video/mp2t");
  g_assert_nonnull (reply->etag);
  g_assert_cmpint (reply->etag[0], ==, '"');
  us_viewer_free (viewer);
}

/* Ingest reconnects: it is told what is here, and what it repeats changes nothing. */
static void
test_resume (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  UsViewer *viewer = view (packager, "show");
  UsFeeder *first = feed (packager, "show");
  for (guint k = 0; k < 4; k++)
    us_feeder_send (first, k);
  await_segment (viewer, first, 2);
  us_feeder_free (first); /* in the middle of segment 3 */

  g_autoptr (UsFeeder) second = feed (packager, "show");
  g_assert_cmpuint (second->resume, ==, 1002);
  for (guint k = 1; k < 6; k++) /* 1 and 2 are repeated */
    us_feeder_send (second, k);
  await_segment (viewer, second, 4);
  g_assert_cmpuint (viewer->playlist->segments->len, ==, 5);
  us_viewer_free (viewer);
}

/* --- twins ----------------------------------------------------------------------------------- */

static void
check_twins (const UsMaterial *of) {
  UsPackagerSettings settings;
  default_settings (&settings);
  settings.playlist_length = 2;
  g_autoptr (UsPackager) primary = packager_with (&settings);
  UsPackager *backup = packager_with (&settings);
  UsFeeder *feeders[] = { feed_with (primary, "show", of), feed_with (backup, "show", of) };
  for (guint k = 0; k < 3; k++) {
    us_feeder_send (feeders[0], k);
    us_feeder_send (feeders[1], k);
  }
  UsViewer *viewers[] = { view (primary, "show"), view (backup, "show") };
  await_segment (viewers[1], feeders[1], 1);
  GBytes *before = get_segment (viewers[1], feeders[1], 1);
  us_feeder_free (feeders[1]);
  us_viewer_free (viewers[1]);
  us_packager_free (backup);

  /* Anew, with nothing in memory, from another number, and by another number of messages. */
  g_autoptr (UsPackager) again = packager_with (&settings);
  feeders[1] = feed_with (again, "show", of);
  g_assert_cmpuint (feeders[1]->resume, ==, 0);
  viewers[1] = view (again, "show");
  for (guint k = 3; k < 7; k++)
    us_feeder_send (feeders[0], k);
  for (guint k = 1; k < 7; k++)
    us_feeder_send (feeders[1], k);
  await_segment (viewers[0], feeders[0], 5);
  await_segment (viewers[1], feeders[1], 5);

  for (guint k = 2; k < 6; k++) {
    g_autoptr (GBytes) one = get_segment (viewers[0], feeders[0], k);
    g_autoptr (GBytes) other = get_segment (viewers[1], feeders[1], k);
    g_assert_true (g_bytes_equal (one, other));
  }
  g_autoptr (GBytes) after = get_segment (viewers[1], feeders[1], 1);
  g_assert_true (g_bytes_equal (before, after));
  g_autoptr (UsHttpReply) one = us_viewer_get (viewers[0], "index.m3u8");
  g_autoptr (UsHttpReply) other = us_viewer_get (viewers[1], "index.m3u8");
  g_assert_true (g_bytes_equal (one->body, other->body));
  g_assert_cmpstr (one->etag, ==, other->etag);

  g_bytes_unref (before);
  for (guint i = 0; i < 2; i++) {
    us_feeder_free (feeders[i]);
    us_viewer_free (viewers[i]);
  }
}

static void
test_twins (void) {
  check_twins (material);
}

/* The same with what Enhanced RTMP brings, under its headers. */
static void
test_twins_of_other_codecs (void) {
  static const UsCodec rows[][2] = {
    { US_CODEC_HEVC, US_CODEC_AAC },
    { US_CODEC_H264, US_CODEC_OPUS },
    { US_CODEC_HEVC, US_CODEC_AC3 },
    { US_CODEC_H264, US_CODEC_EAC3 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s %s", us_codec_to_string (rows[i][0]), us_codec_to_string (rows[i][1]));
    g_autoptr (UsMaterial) of = us_material_new_of (8, 30, 160, rows[i][0], rows[i][1]);
    check_twins (of);
  }
}

/* --- what ingest may say --------------------------------------------------------------------- */

/* The publisher goes, comes back on a new time line, and goes again. */
static void
test_discontinuity_and_end (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) feeder = feed (packager, "show");
  UsViewer *viewer = view (packager, "show");
  us_feeder_send (feeder, 0);
  us_feeder_send (feeder, 1);
  us_feeder_end (feeder);
  await_segment (viewer, feeder, 1); /* the end mark closed it */
  g_autoptr (UsHttpReply) still = us_viewer_get (viewer, "index.m3u8");
  g_autofree char *text = body_text (still);
  g_assert_null (strstr (text, "ENDLIST"));
  g_assert_null (strstr (text, "#EXT-X-DISCONTINUITY\n"));

  feeder->epoch += 60000;
  feeder->is_discontinuous = TRUE;
  feeder->has_config = FALSE;
  feeder->first += 2;
  us_feeder_send (feeder, 0); /* the same media times again, other numbers */
  us_feeder_end (feeder);
  await_segment (viewer, feeder, 0);
  g_assert_cmpuint (viewer->playlist->segments->len, ==, 3);
  const UsPlaylistSegment *row = g_ptr_array_index (viewer->playlist->segments, 2);
  g_assert_true (row->is_discontinuous);
  g_assert_cmpuint (row->discontinuity, ==, 1);
  g_assert_cmpuint (row->number, ==, 1002);
  us_viewer_free (viewer);
}

static void
check_layout (guint width, const char *audio) {
  g_autoptr (UsMaterial) other = us_material_new (3, 30, width, audio);
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) feeder = us_feeder_new (us_packager_get_rtmp_port (packager), "show", other);
  UsViewer *viewer = view (packager, "show");
  for (guint k = 0; k < 3; k++)
    us_feeder_send (feeder, k);
  us_feeder_end (feeder);
  await_segment (viewer, feeder, 2);
  for (guint k = 0; k < 3; k++) {
    g_autoptr (GBytes) bytes = get_segment (viewer, feeder, k);
    g_autoptr (GError) error = NULL;
    UsMpegtsInfo info;
    gsize size;
    const guint8 *data = g_bytes_get_data (bytes, &size);
    gboolean is_good = us_mpegts_inspect (data, size, &info, &error);
    g_assert_no_error (error);
    g_assert_true (is_good);
    g_assert_cmpint (info.video_pid != 0, ==, width > 0);
    g_assert_cmpint (info.audio_pid != 0, ==, audio != NULL);
  }
  us_viewer_free (viewer);
}

static void
test_layouts (void) {
  check_layout (0, "aac");
  check_layout (160, NULL);
  check_layout (160, "mp3");
  check_layout (0, "mp3");
}

/* The relay skipped segments: what players could take for consecutive is never listed. */
static void
test_a_hole (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) feeder = feed (packager, "show");
  UsViewer *viewer = view (packager, "show");
  us_feeder_send (feeder, 0);
  us_feeder_send (feeder, 1);
  us_feeder_send (feeder, 4);
  await_segment (viewer, feeder, 1);
  us_feeder_send (feeder, 5);
  us_feeder_end (feeder);
  await_segment (viewer, feeder, 5);
  g_assert_cmpuint (viewer->playlist->media_sequence, ==, 1004);
  g_assert_cmpuint (viewer->playlist->segments->len, ==, 2);
  g_autoptr (GBytes) listed_before = get_segment (viewer, feeder, 1);
  g_assert_cmpuint (g_bytes_get_size (listed_before), >, 0);
  us_viewer_free (viewer);
}

/* A mark that closes another segment than the one begun: the one begun is not whole. */
static void
test_a_mark_that_does_not_fit (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) feeder = feed (packager, "show");
  UsViewer *viewer = view (packager, "show");
  us_feeder_send (feeder, 0);
  us_feeder_send (feeder, 1);
  feeder->closing.closes = 1007;
  us_feeder_send (feeder, 2);
  us_feeder_send (feeder, 3);
  await_segment (viewer, feeder, 2);
  g_assert_cmpuint (viewer->playlist->media_sequence, ==, 1002);
  g_autofree char *name = us_segment_name (feeder->epoch, 1001);
  g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, name);
  g_assert_cmpuint (reply->status, ==, 404);
  us_viewer_free (viewer);
}

/* --- the verdict on itself ------------------------------------------------------------------- */

static void
test_self_verdict (void) {
  UsPackagerSettings settings;
  default_settings (&settings);
  g_autoptr (UsPackager) trusting = packager_with (&settings);
  settings.has_self_verdict = TRUE;
  g_autoptr (UsPackager) packager = packager_with (&settings);
  UsFeeder *feeder = feed (packager, "show");
  g_autoptr (UsFeeder) other = feed (trusting, "show");
  UsViewer *viewer = view (packager, "show"), *calm = view (trusting, "show");
  for (guint k = 0; k < 2; k++) {
    us_feeder_send (feeder, k);
    us_feeder_send (other, k);
  }
  await_segment (calm, other, 0);
  await_listed (viewer, feeder, 0);

  g_autoptr (UsHttpReply) stale = await_status (viewer, "index.m3u8", 503);
  g_assert_cmpstr (stale->content_type, ==, "application/problem+json");
  assert_contains (stale, "playlist is stale");
  g_autoptr (GBytes) kept = get_segment (viewer, feeder, 0); /* segments are served all the same */
  g_autoptr (UsHttpReply) health = us_viewer_get (viewer, "/healthz");
  assert_contains (health, "\"state\":\"stale\"");
  us_viewer_look (calm); /* the setting is off there */

  us_feeder_send (feeder, 2); /* recovery */
  await_listed (viewer, feeder, 1);

  us_feeder_free (feeder);
  g_autoptr (UsHttpReply) lost = await_status (viewer, "index.m3u8", 503);
  assert_contains (lost, "lost its input");

  feeder = feed (packager, "show");
  us_feeder_send (feeder, 2);
  us_feeder_end (feeder);
  await_listed (viewer, feeder, 2);
  g_autoptr (UsHttpReply) ended = await_status (viewer, "index.m3u8", 503);
  assert_contains (ended, "publisher is gone");
  us_feeder_free (feeder);
  us_viewer_free (viewer);
  us_viewer_free (calm);
}

/* --- connections ----------------------------------------------------------------------------- */

static void
test_a_newer_connection_replaces (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) old = feed (packager, "show");
  UsViewer *viewer = view (packager, "show");
  us_feeder_send (old, 0);
  us_feeder_send (old, 1);
  await_segment (viewer, old, 0);
  g_autoptr (UsFeeder) new = feed (packager, "show");
  g_assert_cmpuint (new->resume, ==, 1000);
  us_viewer_wait (&old->is_closed);
  g_assert_nonnull (strstr (old->close_reason, "replaced by a newer relay connection"));
  for (guint k = 1; k < 4; k++)
    us_feeder_send (new, k);
  await_segment (viewer, new, 2);
  us_viewer_free (viewer);
}

static void
send_garbage_bytes (guint16 port) {
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  const char text[] = "GET /hls/index.m3u8 HTTP/1.1\r\nHost: x\r\n\r\n";
  g_assert_true (
      g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), text,
                                 sizeof text, NULL, NULL, NULL));
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_socket_set_blocking (socket, FALSE);
  gint64 begun_us = g_get_monotonic_time ();
  char byte;
  for (;;) {
    gssize n = g_socket_receive (socket, &byte, 1, NULL, NULL);
    if (n == 0 || (n < 0 && !(g_socket_condition_check (socket, G_IO_IN | G_IO_HUP) == 0)))
      break;
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
    g_main_context_iteration (NULL, FALSE);
  }
}

static void
test_garbage (void) {
  static const struct {
    UsRtmpMessageType type;
    guint8 data[32];
    gsize size;
  } rows[] = {
    { US_RTMP_DATA_AMF0, "\x02\x00\x0eunderstudyMark\x05", 18 }, /* null for the object */
    { US_RTMP_DATA_AMF0, "\x02\x00\x0eunderstudyMark", 17 },
    { US_RTMP_DATA_AMF0, "\x02\xff\xffx", 4 },
    { US_RTMP_VIDEO, "\x17", 1 },
    { US_RTMP_VIDEO, "\x17\x01\x00", 3 },
    { US_RTMP_AUDIO, "\xaf", 1 },
  };
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) good = feed (packager, "good");
  UsViewer *viewer = view (packager, "good");
  us_feeder_send (good, 0);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strdup_printf ("bad-%u", i % 2);
    g_autoptr (UsFeeder) bad = feed (packager, name);
    us_feeder_send (bad, i);
    us_feeder_send_raw (bad, rows[i].type, rows[i].data, rows[i].size);
    us_viewer_wait (&bad->is_closed);
    g_test_message ("row %u: %s", i, bad->close_reason);
    g_assert_nonnull (strstr (bad->close_reason, "NetStream.Publish.Denied: "));
    us_feeder_send (good, i + 1);
    await_segment (viewer, good, i);
  }
  send_garbage_bytes (us_packager_get_rtmp_port (packager));
  g_assert_false (good->is_closed);
  us_feeder_send (good, 7);
  await_segment (viewer, good, 6);
  us_viewer_free (viewer);
}

/* Real access units that are no video at all: the segment is lost, the stream goes on. */
static void
test_broken_media (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) feeder = feed (packager, "show");
  UsViewer *viewer = view (packager, "show");
  guint8 rubbish[300];
  memset (rubbish, 0xa5, sizeof rubbish);
  rubbish[0] = 0x17;
  rubbish[1] = 1;
  us_feeder_send (feeder, 0);
  for (guint i = 0; i < 20; i++)
    us_feeder_send_raw (feeder, US_RTMP_VIDEO, rubbish, sizeof rubbish);
  for (guint k = 1; k < 4; k++)
    us_feeder_send (feeder, k);
  await_segment (viewer, feeder, 2);
  us_viewer_free (viewer);
}

static void
test_stream_limit (void) {
  UsPackagerSettings settings;
  default_settings (&settings);
  settings.max_streams = 2;
  g_autoptr (UsPackager) packager = packager_with (&settings);
  guint16 port = us_packager_get_rtmp_port (packager);
  g_autoptr (UsFeeder) one = feed (packager, "one");
  g_autoptr (UsFeeder) two = feed (packager, "two");
  g_autoptr (UsFeeder) three = us_feeder_connect (port, "three", material);
  us_viewer_wait (&three->is_closed);
  g_assert_false (three->is_ready);
  g_assert_nonnull (strstr (three->close_reason, "as many streams as it may have"));
  g_autoptr (UsFeeder) one_again = feed (packager, "one"); /* is no new stream */
  g_assert_false (two->is_closed);
}

/* Each stream has a connection of its own, and the last one is as welcome as the first. */
static void
test_many_streams (void) {
  UsPackagerSettings settings;
  default_settings (&settings);
  settings.max_streams = 300;
  g_autoptr (UsPackager) packager = packager_with (&settings);
  g_autoptr (GPtrArray) feeders = g_ptr_array_new_with_free_func ((GDestroyNotify)us_feeder_free);
  for (guint i = 0; i < settings.max_streams; i++) {
    g_autofree char *name = g_strdup_printf ("stream%u", i);
    g_ptr_array_add (feeders, feed (packager, name));
  }
  for (guint i = 0; i < settings.max_streams; i++)
    g_assert_false (((UsFeeder *)feeders->pdata[i])->is_closed);
}

/* The first picture of @of with @more bytes behind it, in a NAL unit of filler data. */
static GBytes *
inflate (GBytes *picture, gsize more) {
  gsize size;
  const guint8 *data = g_bytes_get_data (picture, &size);
  guint8 *large = g_malloc (size + 4 + more);
  memcpy (large, data, size);
  const guint8 head[]
      = { (guint8)(more >> 24), (guint8)(more >> 16), (guint8)(more >> 8), (guint8)more, 0x0c };
  memset (large + size, 0xff, 4 + more);
  memcpy (large + size, head, sizeof head);
  large[size + 3 + more] = 0x80;
  return g_bytes_new_take (large, size + 4 + more);
}

/* What an ingest takes in at its largest setting of max-message-megabytes, both packagers do. */
static void
test_a_large_picture (void) {
  enum { LARGE = 15 * 1024 * 1024 - 100 };
  g_autoptr (UsMaterial) own = us_material_new (3, 30, 320, "aac");
  UsMaterialUnit *unit = &g_array_index (own->units, UsMaterialUnit, 0);
  while (!unit->is_video)
    unit++;
  g_assert_true (unit->is_keyframe);
  g_autoptr (GBytes) small = unit->data;
  unit->data = inflate (small, LARGE - g_bytes_get_size (small));
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) feeder = feed_with (packager, "show", own);
  UsViewer *viewer = view (packager, "show");
  us_feeder_send (feeder, 0);
  us_feeder_send (feeder, 1);
  await_listed (viewer, feeder, 0);
  g_autoptr (GBytes) segment = get_segment (viewer, feeder, 0);
  g_assert_cmpuint (g_bytes_get_size (segment), >, LARGE / 2);
  g_assert_false (feeder->is_closed);
  us_viewer_free (viewer);
}

/* --- what an operator asks ------------------------------------------------------------------- */

static void
test_status (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) one = feed (packager, "one");
  g_autoptr (UsFeeder) two = feed (packager, "two");
  UsViewer *viewer = view (packager, "one");
  us_feeder_send (one, 0);
  us_feeder_send (one, 1);
  us_feeder_end (one);
  await_segment (viewer, one, 1);

  g_autoptr (UsHttpReply) streams = us_viewer_get (viewer, "/streams");
  g_assert_cmpuint (streams->status, ==, 200);
  g_assert_cmpstr (streams->content_type, ==, "application/json");
  assert_contains (streams, "\"one\"");
  assert_contains (streams, "\"two\"");
  g_autoptr (UsHttpReply) health = us_viewer_get (viewer, "/healthz");
  g_assert_cmpuint (health->status, ==, 200);
  assert_contains (health, "\"name\":\"primary\"");
  assert_contains (health, "\"started_ms\":1");
  assert_contains (health, "\"last_number\":1001");
  assert_contains (health, "\"state\":\"starting\"");
  g_autoptr (UsHttpReply) metrics = us_viewer_get (viewer, "/metrics");
  g_assert_cmpuint (metrics->status, ==, 200);
  assert_contains (metrics,
                   "understudy_packager_segments_total{packager=\"primary\",stream=\"one\"} 2");
  assert_contains (metrics,
                   "understudy_packager_last_number{packager=\"primary\",stream=\"one\"} 1001");
  assert_contains (metrics, "understudy_packager_fresh{packager=\"primary\",stream=\"two\"} 0");
  us_viewer_free (viewer);
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

static void
fetch_begin (Fetch *fetch, UsViewer *viewer, const char *uri) {
  g_autofree char *url = g_strconcat (viewer->base, uri, NULL);
  UsHttpFetch limits = { .first_byte_timeout_ms = 25000, .deadline_ms = 29000 };
  us_http_client_fetch_async (viewer->client, url, &limits, NULL, on_fetched, fetch);
}

static void
fetch_clear (Fetch *fetch) {
  g_clear_pointer (&fetch->reply, us_http_reply_free);
  g_clear_error (&fetch->error);
}

static void
test_blocking_reload (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) feeder = feed (packager, "show");
  UsViewer *viewer = view (packager, "show");
  feeder->target_duration_s = 10; /* requests are held for two of them */
  us_feeder_send (feeder, 0);
  us_feeder_send (feeder, 1);
  await_segment (viewer, feeder, 0);

  Fetch next = { 0 }, segment = { 0 };
  g_autofree char *name = us_segment_name (feeder->epoch, 1001);
  fetch_begin (&next, viewer, "index.m3u8?_HLS_msn=1001");
  fetch_begin (&segment, viewer, name);
  for (guint i = 0; i < 20; i++) /* round trips of others pass by */
    us_viewer_look (viewer);
  g_assert_false (next.is_done);
  g_assert_false (segment.is_done);

  us_feeder_send (feeder, 2);
  us_viewer_wait (&next.is_done);
  us_viewer_wait (&segment.is_done);
  g_assert_cmpuint (next.reply->status, ==, 200);
  assert_contains (next.reply, name);
  g_assert_cmpuint (segment.reply->status, ==, 200);
  g_autoptr (UsHttpReply) far = us_viewer_get (viewer, "index.m3u8?_HLS_msn=1009");
  g_assert_cmpuint (far->status, ==, 400);
  fetch_clear (&next);
  fetch_clear (&segment);
  us_viewer_free (viewer);
}

/* --- ends ------------------------------------------------------------------------------------ */

static void
test_drain (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  g_autoptr (UsFeeder) feeder = feed (packager, "show");
  UsViewer *viewer = view (packager, "show");
  for (guint k = 0; k < 3; k++)
    us_feeder_send (feeder, k);
  await_segment (viewer, feeder, 1);
  us_packager_drain (packager);
  us_viewer_wait (&feeder->is_closed);
  us_viewer_look (viewer); /* and every segment of it */
  us_viewer_free (viewer);
}

static void
test_a_stream_is_forgotten (void) {
  UsPackagerSettings settings;
  default_settings (&settings);
  settings.forget_ms = 300;
  g_autoptr (UsPackager) packager = packager_with (&settings);
  g_autoptr (UsFeeder) stays = feed (packager, "stays");
  UsFeeder *goes = feed (packager, "goes");
  UsViewer *viewer = view (packager, "goes");
  us_feeder_send (goes, 0);
  us_feeder_end (goes);
  await_segment (viewer, goes, 0);
  us_feeder_free (goes);
  g_autoptr (UsHttpReply) gone = await_status (viewer, "index.m3u8", 404);
  g_autoptr (UsHttpReply) streams = us_viewer_get (viewer, "/streams");
  assert_contains (streams, "[\"stays\"]"); /* silent for as long, but connected */
  goes = feed (packager, "goes");
  g_assert_cmpuint (goes->resume, ==, 0);
  us_feeder_free (goes);
  us_viewer_free (viewer);
}

/* Freed with a relay in the middle of a segment, pipelines running and requests waiting. */
static void
test_free_in_flight (void) {
  for (guint i = 0; i < 12; i++) {
    UsPackager *packager = packager_new ();
    UsFeeder *feeder = feed (packager, "show");
    UsFeeder *pending = us_feeder_connect (us_packager_get_rtmp_port (packager), "other", material);
    UsViewer *viewer = view (packager, "show");
    Fetch playlist = { 0 }, other = { 0 };
    us_feeder_send (feeder, 0);
    us_feeder_send (feeder, 1);
    if (i >= 6) {
      await_segment (viewer, feeder, 0);
      us_feeder_send (feeder, 2);
    }
    fetch_begin (&playlist, viewer, "index.m3u8?_HLS_msn=1004");
    fetch_begin (&other, viewer, "../other/index.m3u8");
    for (guint turns = 0; turns < (i % 6) * 3; turns++)
      g_main_context_iteration (NULL, FALSE);
    us_packager_free (packager);
    us_viewer_wait (&playlist.is_done);
    us_viewer_wait (&other.is_done);
    us_feeder_free (feeder);
    us_feeder_free (pending);
    fetch_clear (&playlist);
    fetch_clear (&other);
    us_viewer_free (viewer);
  }
}

static void
test_port_in_use (void) {
  g_autoptr (UsPackager) packager = packager_new ();
  UsPackagerSettings settings;
  default_settings (&settings);
  settings.rtmp.port = us_packager_get_rtmp_port (packager);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_packager_new (&settings, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  settings.rtmp.port = 0;
  settings.origin.http.port = us_packager_get_http_port (packager);
  g_assert_null (us_packager_new (&settings, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  if (!us_media_init (&error))
    g_error ("%s", error->message);
  material = us_material_new (8, 30, 160, "aac");
  g_test_add_func ("/packager/first-segment", test_first_segment);
  g_test_add_func ("/packager/resume", test_resume);
  g_test_add_func ("/packager/twins", test_twins);
  g_test_add_func ("/packager/twins-of-other-codecs", test_twins_of_other_codecs);
  g_test_add_func ("/packager/discontinuity-and-end", test_discontinuity_and_end);
  g_test_add_func ("/packager/layouts", test_layouts);
  g_test_add_func ("/packager/hole", test_a_hole);
  g_test_add_func ("/packager/mark-that-does-not-fit", test_a_mark_that_does_not_fit);
  g_test_add_func ("/packager/self-verdict", test_self_verdict);
  g_test_add_func ("/packager/newer-connection", test_a_newer_connection_replaces);
  g_test_add_func ("/packager/garbage", test_garbage);
  g_test_add_func ("/packager/broken-media", test_broken_media);
  g_test_add_func ("/packager/stream-limit", test_stream_limit);
  g_test_add_func ("/packager/many-streams", test_many_streams);
  g_test_add_func ("/packager/large-picture", test_a_large_picture);
  g_test_add_func ("/packager/status", test_status);
  g_test_add_func ("/packager/blocking-reload", test_blocking_reload);
  g_test_add_func ("/packager/drain", test_drain);
  g_test_add_func ("/packager/forgotten", test_a_stream_is_forgotten);
  g_test_add_func ("/packager/free-in-flight", test_free_in_flight);
  g_test_add_func ("/packager/port-in-use", test_port_in_use);
  int status = g_test_run ();
  us_material_free (material);
  return status;
}
