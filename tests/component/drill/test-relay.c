/* test-relay.c - every fault of the relay, as a client sees it, and the way back to none */
#include "drill/relay.h"

#include <string.h>

#include "http/client.h"
#include "puppet.h"

#define SEGMENT_BYTES 60000
#define PLAYLIST                                                                                   \
  "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"                                    \
  "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.500Z\n#EXTINF:2.000,\n7.ts\n"                      \
  "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.500Z\n#EXTINF:2.000,\n8.ts\n"

typedef struct {
  Puppet *origin;
  UsDrillRelay *relay;
  UsHttpClient *client;
} Stage;

typedef struct {
  gboolean is_over;
  UsHttpReply *reply;
  GError *error;
} Fetched;

static void
put_playlist (Stage *stage, const char *text, const char *etag) {
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  puppet_put (stage->origin, "/hls/index.m3u8", body, etag);
}

static void
stage_init (Stage *stage) {
  g_autoptr (GError) error = NULL;
  guint8 *bytes = g_malloc (SEGMENT_BYTES);
  for (guint i = 0; i < SEGMENT_BYTES; i++)
    bytes[i] = (guint8)i;
  g_autoptr (GBytes) segment = g_bytes_new_take (bytes, SEGMENT_BYTES);
  stage->origin = puppet_new ();
  stage->relay = us_drill_relay_new (&error);
  g_assert_no_error (error);
  g_autofree char *url = puppet_url (stage->origin, "/hls");
  g_assert_true (us_drill_relay_set_origin (stage->relay, url, &error));
  stage->client = us_http_client_new ("test");
  puppet_put (stage->origin, "/hls/7.ts", segment, "\"seven\"");
  puppet_put (stage->origin, "/hls/8.ts", segment, "\"eight\"");
  put_playlist (stage, PLAYLIST, "\"first\"");
}

static void
stage_clear (Stage *stage) {
  g_object_unref (stage->client);
  us_drill_relay_free (stage->relay);
  puppet_free (stage->origin);
}

static void
set_fault (Stage *stage, UsFaultKind kind, UsFaultOn on, gint64 value, gboolean is_one_path) {
  UsFault fault = { kind, on, value, is_one_path };
  g_autoptr (GError) error = NULL;
  g_assert_true (us_drill_relay_set_fault (stage->relay, &fault, &error));
  g_assert_no_error (error);
}

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer data) {
  Fetched *fetched = data;
  fetched->reply = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &fetched->error);
  fetched->is_over = TRUE;
}

static void
begin (Stage *stage, Fetched *fetched, const char *path, const char *etag, guint limit_ms) {
  UsHttpFetch limits = { .if_none_match = etag,
                         .connect_timeout_ms = limit_ms,
                         .first_byte_timeout_ms = limit_ms,
                         .deadline_ms = 10 * limit_ms };
  g_autofree char *url
      = g_strdup_printf ("http://127.0.0.1:%u%s", us_drill_relay_get_port (stage->relay), path);
  *fetched = (Fetched){ 0 };
  us_http_client_fetch_async (stage->client, url, &limits, NULL, on_fetched, fetched);
}

static void
fetched_clear (Fetched *fetched) {
  g_clear_pointer (&fetched->reply, us_http_reply_free);
  g_clear_error (&fetched->error);
}

static UsHttpReply *
get (Stage *stage, const char *path) {
  Fetched fetched;
  begin (stage, &fetched, path, NULL, 20000);
  PUPPET_WAIT (fetched.is_over);
  g_assert_no_error (fetched.error);
  return fetched.reply;
}

static void
assert_fails (Stage *stage, const char *path, guint limit_ms, const char *word) {
  Fetched fetched;
  begin (stage, &fetched, path, NULL, limit_ms);
  PUPPET_WAIT (fetched.is_over);
  g_assert_nonnull (fetched.error);
  g_assert_cmpstr (us_http_error_word (fetched.error), ==, word);
  fetched_clear (&fetched);
}

static void
assert_text (Stage *stage, const char *path, const char *expected) {
  g_autoptr (UsHttpReply) reply = get (stage, path);
  g_autofree char *text
      = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  g_assert_cmpuint (reply->status, ==, 200);
  g_assert_cmpstr (text, ==, expected);
}

/* Everything passes, unchanged. */
static void
assert_clear (Stage *stage) {
  g_autoptr (UsHttpReply) segment = get (stage, "/hls/7.ts");
  GBytes *body = segment->body;
  const guint8 *bytes = g_bytes_get_data (body, NULL);
  g_assert_cmpuint (segment->status, ==, 200);
  g_assert_cmpstr (segment->etag, ==, "\"seven\"");
  g_assert_cmpuint (g_bytes_get_size (body), ==, SEGMENT_BYTES);
  for (guint i = 0; i < SEGMENT_BYTES; i++)
    g_assert_cmpuint (bytes[i], ==, (guint8)i);
  assert_text (stage, "/hls/index.m3u8", PLAYLIST);
}

static guint64
touched (Stage *stage) {
  UsDrillRelayStats stats;
  us_drill_relay_get_stats (stage->relay, &stats);
  return stats.n_touched;
}

static void
test_none (void) {
  Stage stage;
  Fetched fetched;
  stage_init (&stage);
  assert_clear (&stage);
  puppet_set_chunked (stage.origin, TRUE);
  assert_clear (&stage);
  begin (&stage, &fetched, "/hls/index.m3u8", "\"first\"", 20000);
  PUPPET_WAIT (fetched.is_over);
  g_assert_cmpuint (fetched.reply->status, ==, 304);
  fetched_clear (&fetched);
  g_autoptr (UsHttpReply) missing = get (&stage, "/hls/9.ts");
  g_assert_cmpuint (missing->status, ==, 404);
  g_assert_cmpuint (touched (&stage), ==, 0);
  stage_clear (&stage);
}

static void
test_refuse (void) {
  Stage stage;
  Fetched held;
  stage_init (&stage);
  assert_clear (&stage);
  puppet_hold (stage.origin, TRUE);
  begin (&stage, &held, "/hls/index.m3u8?_HLS_msn=9", NULL, 20000);
  PUPPET_WAIT (puppet_count (stage.origin, "_HLS_msn") == 1);
  set_fault (&stage, US_FAULT_REFUSE, US_FAULT_ON_ALL, 0, FALSE);
  PUPPET_WAIT (held.is_over); /* what stands is reset at once; a second try is refused */
  g_assert_true (g_error_matches (held.error, US_HTTP_ERROR, US_HTTP_ERROR_RESET)
                 || g_error_matches (held.error, US_HTTP_ERROR, US_HTTP_ERROR_REFUSED));
  fetched_clear (&held);
  g_assert_cmpuint (touched (&stage), >=, 1);
  for (guint i = 0; i < 3; i++)
    assert_fails (&stage, "/hls/7.ts", 20000, "refused");
  puppet_hold (stage.origin, FALSE);
  set_fault (&stage, US_FAULT_NONE, US_FAULT_ON_ALL, 0, FALSE);
  assert_clear (&stage); /* on the same port */
  stage_clear (&stage);
}

static void
test_blackhole (void) {
  Stage stage;
  Fetched held;
  stage_init (&stage);
  assert_clear (&stage);
  set_fault (&stage, US_FAULT_BLACKHOLE, US_FAULT_ON_ALL, 0, FALSE);
  guint before = puppet_count (stage.origin, "GET");
  assert_fails (&stage, "/hls/7.ts", 200, "timeout");
  g_assert_cmpuint (puppet_count (stage.origin, "GET"), ==, before);
  begin (&stage, &held, "/hls/8.ts", NULL, 20000);
  for (guint i = 0; i < 10; i++)
    puppet_turn ();
  g_assert_false (held.is_over);
  set_fault (&stage, US_FAULT_NONE, US_FAULT_ON_ALL, 0, FALSE);
  PUPPET_WAIT (held.is_over); /* it was only late */
  g_assert_no_error (held.error);
  fetched_clear (&held);
  g_assert_cmpuint (touched (&stage), >=, 1);
  assert_clear (&stage);
  stage_clear (&stage);
}

static void
test_slow (void) {
  Stage stage;
  stage_init (&stage);
  set_fault (&stage, US_FAULT_SLOW, US_FAULT_ON_ALL, 100000, FALSE);
  gint64 begun_us = g_get_monotonic_time ();
  g_autoptr (UsHttpReply) reply = get (&stage, "/hls/7.ts");
  gint64 took_ms = (g_get_monotonic_time () - begun_us) / 1000;
  g_assert_cmpuint (g_bytes_get_size (reply->body), ==, SEGMENT_BYTES);
  g_assert_cmpint (took_ms, >=, 500); /* 60 kB at 100 kB/s */
  g_assert_cmpuint (touched (&stage), ==, 1);
  set_fault (&stage, US_FAULT_NONE, US_FAULT_ON_ALL, 0, FALSE);
  assert_clear (&stage);
  stage_clear (&stage);
}

static void
test_status (void) {
  Stage stage;
  stage_init (&stage);
  set_fault (&stage, US_FAULT_STATUS, US_FAULT_ON_ALL, 500, FALSE);
  g_autoptr (UsHttpReply) playlist = get (&stage, "/hls/index.m3u8");
  g_assert_cmpuint (playlist->status, ==, 500);
  g_assert_cmpuint (puppet_count (stage.origin, "GET"), ==, 0);
  set_fault (&stage, US_FAULT_STATUS, US_FAULT_ON_SEGMENTS, 404, TRUE);
  assert_text (&stage, "/hls/index.m3u8", PLAYLIST);
  g_autoptr (UsHttpReply) first = get (&stage, "/hls/7.ts");
  g_autoptr (UsHttpReply) other = get (&stage, "/hls/8.ts");
  g_autoptr (UsHttpReply) again = get (&stage, "/hls/7.ts");
  g_assert_cmpuint (first->status, ==, 404);
  g_assert_cmpuint (other->status, ==, 200);
  g_assert_cmpuint (again->status, ==, 404);
  g_assert_cmpuint (touched (&stage), ==, 3);
  stage_clear (&stage);
}

static void
test_truncate (void) {
  Stage stage;
  stage_init (&stage);
  set_fault (&stage, US_FAULT_TRUNCATE, US_FAULT_ON_SEGMENTS, 0, FALSE);
  for (guint i = 0; i < 2; i++) {
    puppet_set_chunked (stage.origin, i == 1);
    assert_fails (&stage, "/hls/7.ts", 20000, "truncated");
  }
  assert_text (&stage, "/hls/index.m3u8", PLAYLIST);
  set_fault (&stage, US_FAULT_NONE, US_FAULT_ON_ALL, 0, FALSE);
  assert_clear (&stage);
  stage_clear (&stage);
}

static void
test_corrupt (void) {
  Stage stage;
  guint n_wrong = 0;
  stage_init (&stage);
  set_fault (&stage, US_FAULT_CORRUPT, US_FAULT_ON_SEGMENTS, 0, FALSE);
  g_autoptr (UsHttpReply) reply = get (&stage, "/hls/7.ts");
  const guint8 *bytes = g_bytes_get_data (reply->body, NULL);
  g_assert_cmpstr (reply->etag, ==, "\"seven\""); /* as the origin sent it */
  g_assert_cmpuint (g_bytes_get_size (reply->body), ==, SEGMENT_BYTES);
  for (guint i = 0; i < SEGMENT_BYTES; i++)
    n_wrong += bytes[i] != (guint8)i ? 1 : 0;
  g_assert_cmpuint (n_wrong, >, 500);
  g_assert_cmpuint (n_wrong, <, 1000);
  g_assert_cmpuint (bytes[0], ==, 0);
  g_assert_cmpuint (touched (&stage), ==, 1);
  stage_clear (&stage);
}

/* The first playlist after the fault began is the one that stays; conditions are not met. */
static void
test_frozen (void) {
  Stage stage;
  Fetched fetched;
  stage_init (&stage);
  set_fault (&stage, US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, 0, FALSE);
  assert_text (&stage, "/hls/index.m3u8", PLAYLIST);
  put_playlist (&stage, "#EXTM3U\n#news\n", "\"second\"");
  assert_text (&stage, "/hls/index.m3u8", PLAYLIST);
  assert_text (&stage, "/hls/index.m3u8?_HLS_msn=9", PLAYLIST);
  begin (&stage, &fetched, "/hls/index.m3u8", "\"first\"", 20000);
  PUPPET_WAIT (fetched.is_over);
  g_assert_cmpuint (fetched.reply->status, ==, 200);
  g_assert_null (fetched.reply->etag);
  fetched_clear (&fetched);
  set_fault (&stage, US_FAULT_NONE, US_FAULT_ON_ALL, 0, FALSE);
  assert_text (&stage, "/hls/index.m3u8", "#EXTM3U\n#news\n");
  stage_clear (&stage);
}

static void
test_playlists (void) {
  static const struct {
    UsFaultKind kind;
    gint64 value;
    const char *has, *lacks;
  } table[] = {
    { US_FAULT_BEHIND, 1, "7.ts", "8.ts" },
    { US_FAULT_REGRESS, 5, "SEQUENCE:2\n", "SEQUENCE:7" },
    { US_FAULT_CLOCK, 3600000, "T23:13:20.500Z", "T22:" },
    { US_FAULT_CLOCK, -30000, "T22:12:52.500Z", "T22:13:2" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    Stage stage;
    stage_init (&stage);
    puppet_set_chunked (stage.origin, i % 2 == 1);
    set_fault (&stage, table[i].kind, US_FAULT_ON_PLAYLISTS, table[i].value, FALSE);
    g_autoptr (UsHttpReply) reply = get (&stage, "/hls/index.m3u8");
    g_autofree char *text
        = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
    g_assert_nonnull (strstr (text, table[i].has));
    g_assert_null (strstr (text, table[i].lacks));
    g_assert_cmpuint (touched (&stage), ==, 1);
    g_autoptr (UsHttpReply) segment = get (&stage, "/hls/7.ts");
    g_assert_cmpuint (g_bytes_get_size (segment->body), ==, SEGMENT_BYTES);
    stage_clear (&stage);
  }
}

/* A request that the origin holds when the fault begins is met as well. */
static void
test_held (void) {
  Stage stage;
  Fetched held;
  stage_init (&stage);
  puppet_hold (stage.origin, TRUE);
  begin (&stage, &held, "/hls/index.m3u8?_HLS_msn=8", NULL, 20000);
  PUPPET_WAIT (puppet_count (stage.origin, "_HLS_msn") == 1);
  set_fault (&stage, US_FAULT_REGRESS, US_FAULT_ON_PLAYLISTS, 5, FALSE);
  puppet_hold (stage.origin, FALSE);
  PUPPET_WAIT (held.is_over);
  g_assert_no_error (held.error);
  g_autofree char *text
      = g_strndup (g_bytes_get_data (held.reply->body, NULL), g_bytes_get_size (held.reply->body));
  g_assert_nonnull (strstr (text, "SEQUENCE:2\n"));
  fetched_clear (&held);
  stage_clear (&stage);
}

/* An origin that is not there, and clients that speak no HTTP. */
static void
test_hostile (void) {
  static const char *const table[]
      = { "\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\r\n\r\n", "POST / HTTP/1.1\r\n\r\n" };
  Stage stage;
  g_autoptr (GError) error = NULL;
  stage_init (&stage);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    char byte;
    g_autoptr (GSocketClient) client = g_socket_client_new ();
    g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (
        client, "127.0.0.1", us_drill_relay_get_port (stage.relay), NULL, &error);
    g_assert_no_error (error);
    GSocket *socket = g_socket_connection_get_socket (connection);
    g_assert_cmpint (g_socket_send (socket, table[i], strlen (table[i]), NULL, NULL), >, 0);
    g_socket_set_blocking (socket, FALSE);
    PUPPET_WAIT (g_socket_condition_check (socket, G_IO_IN | G_IO_HUP | G_IO_ERR) != 0);
    g_assert_cmpint (g_socket_receive (socket, &byte, 1, NULL, NULL), <=, 0);
  }
  g_clear_pointer (&stage.origin, puppet_free);
  assert_fails (&stage, "/hls/7.ts", 20000, "reset");
  stage.origin = puppet_new ();
  g_assert_false (us_drill_relay_set_origin (stage.relay, "https://127.0.0.1:1/", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  stage_clear (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/relay/none", test_none);
  g_test_add_func ("/drill/relay/refuse", test_refuse);
  g_test_add_func ("/drill/relay/blackhole", test_blackhole);
  g_test_add_func ("/drill/relay/slow", test_slow);
  g_test_add_func ("/drill/relay/status", test_status);
  g_test_add_func ("/drill/relay/truncate", test_truncate);
  g_test_add_func ("/drill/relay/corrupt", test_corrupt);
  g_test_add_func ("/drill/relay/frozen", test_frozen);
  g_test_add_func ("/drill/relay/playlists", test_playlists);
  g_test_add_func ("/drill/relay/held", test_held);
  g_test_add_func ("/drill/relay/hostile", test_hostile);
  return g_test_run ();
}
