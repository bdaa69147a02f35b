/* test-client.c - src/http/client.c against our server and against peers that misbehave */
#include "fetching.h"

static void
assert_peer_fails (const char *text, gboolean stays, UsHttpError code) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  gboolean is_late = code == US_HTTP_ERROR_FIRST_BYTE_TIMEOUT || code == US_HTTP_ERROR_DEADLINE;
  UsHttpFetch limits = { .connect_timeout_ms = 20000,
                         .first_byte_timeout_ms = is_late ? 300 : 20000,
                         .deadline_ms = is_late ? 600 : 20000,
                         .max_bytes = 100 };
  Peer *peer = peer_new (text, stays);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", peer->port);

  g_test_message ("%s", text);
  assert_fails (client, url, &limits, code);
  g_clear_object (&client);
  peer_free (peer);
}

/* Neither a playlist nor a redirect of somebody elsewhere brings us to ask this machine. */
static void
test_led (void) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  Peer *inside = peer_new ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret", TRUE);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", inside->port);
  g_autofree char *to_inside
      = g_strdup_printf ("HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", url);
  Peer *redirect = peer_new (to_inside, TRUE);
  g_autofree char *outside = g_strdup_printf ("http://127.0.0.1:%u/x", redirect->port);
  const UsHttpFetch from_elsewhere = { .led_by = "http://origin.example/hls" };
  const UsHttpFetch from_here = { .led_by = "http://localhost:8081/hls" };
  Outcome outcome = { 0 };
  assert_fails (client, url, &from_elsewhere, US_HTTP_ERROR_PROTOCOL);
  assert_fails (client, outside, &from_elsewhere, US_HTTP_ERROR_PROTOCOL);
  fetch (client, outside, &from_here, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.reply->status, ==, 200);
  outcome_clear (&outcome);
  peer_free (redirect);
  peer_free (inside);
}

/* What a 206 says of itself and what it brings. */
static void
test_ranges_that_lie (void) {
  static const struct {
    const char *head, *body;
    int code; /* -1: it is good */
  } cases[] = {
    { "Content-Range: bytes 4-8/20\r\nContent-Length: 5\r\n", "45678", -1 },
    { "Content-Range: bytes 4-8/20\r\nTransfer-Encoding: chunked\r\n", "5\r\n45678\r\n0\r\n\r\n",
      -1 },
    { "Content-Range: bytes 4-8/20\r\nTransfer-Encoding: chunked\r\n", "3\r\n456\r\n0\r\n\r\n",
      US_HTTP_ERROR_TRUNCATED },
    { "Content-Range: bytes 4-8/20\r\nTransfer-Encoding: chunked\r\n", "7\r\n456789a\r\n0\r\n\r\n",
      US_HTTP_ERROR_PROTOCOL },
    { "Content-Range: bytes 0-4/20\r\nContent-Length: 5\r\n", "01234", US_HTTP_ERROR_PROTOCOL },
    { "Content-Range: bytes 4-7/20\r\nContent-Length: 4\r\n", "4567", US_HTTP_ERROR_PROTOCOL },
    { "Content-Range: bytes 4-99999999999999999999/20\r\nContent-Length: 5\r\n", "45678",
      US_HTTP_ERROR_PROTOCOL },
    { "Content-Length: 5\r\n", "45678", US_HTTP_ERROR_PROTOCOL },
  };
  const UsHttpFetch limits = { .range_from = 4, .range_length = 5, .deadline_ms = 5000 };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
    g_autofree char *text = g_strdup_printf ("HTTP/1.1 206 Partial Content\r\n%s\r\n%s",
                                             cases[i].head, cases[i].body);
    Peer *peer = peer_new (text, TRUE);
    g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", peer->port);
    Outcome outcome = { 0 };
    fetch (client, url, &limits, &outcome);
    if (cases[i].code < 0)
      g_assert_cmpmem (g_bytes_get_data (outcome.reply->body, NULL),
                       g_bytes_get_size (outcome.reply->body), "45678", 5);
    else
      g_assert_error (outcome.error, US_HTTP_ERROR, cases[i].code);
    outcome_clear (&outcome);
    peer_free (peer);
  }
}

/* libsoup wants room for the end of the last chunk, whatever is left of our buffer by then. */
static void
test_chunks_that_fill (void) {
  static const guint sizes[] = { 99, 100, 101, 65534, 65535, 65536, 131071 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
    g_autofree char *body = g_strnfill (sizes[i], 'x');
    g_autofree char *text = g_strdup_printf (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", sizes[i],
        body);
    const UsHttpFetch limits = { .deadline_ms = 5000, .max_bytes = i < 3 ? 100 : 0 };
    Peer *peer = peer_new (text, TRUE);
    g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", peer->port);
    Outcome outcome = { 0 };
    fetch (client, url, &limits, &outcome);
    if (sizes[i] == 101) {
      g_assert_error (outcome.error, US_HTTP_ERROR, US_HTTP_ERROR_TOO_LARGE);
    } else {
      g_assert_no_error (outcome.error);
      g_assert_cmpuint (g_bytes_get_size (outcome.reply->body), ==, sizes[i]);
    }
    outcome_clear (&outcome);
    peer_free (peer);
  }
}

static void
test_misbehaving_peers (void) {
  assert_peer_fails (NULL, TRUE, US_HTTP_ERROR_FIRST_BYTE_TIMEOUT);
  assert_peer_fails ("", FALSE, US_HTTP_ERROR_RESET);
  /* half a header and the end: libsoup cannot tell it from no HTTP */
  assert_peer_fails ("HTTP/1.1 200 OK\r\nContent-Le", FALSE, US_HTTP_ERROR_PROTOCOL);
  assert_peer_fails ("HTTP/1.1 200 OK\r\nContent-Le", TRUE, US_HTTP_ERROR_FIRST_BYTE_TIMEOUT);
  assert_peer_fails ("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort", FALSE,
                     US_HTTP_ERROR_TRUNCATED);
  assert_peer_fails ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", FALSE,
                     US_HTTP_ERROR_TRUNCATED);
  assert_peer_fails ("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort", TRUE,
                     US_HTTP_ERROR_DEADLINE);
  assert_peer_fails ("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", TRUE,
                     US_HTTP_ERROR_TOO_LARGE);
  assert_peer_fails ("HTTP/1.1 200 OK\r\n\r\n"
                     "0123456789012345678901234567890123456789012345678901234567890123456789"
                     "0123456789012345678901234567890123456789012345678901234567890123456789",
                     FALSE, US_HTTP_ERROR_TOO_LARGE);
  assert_peer_fails ("SSH-2.0-OpenSSH_9.2\r\n\r\n", FALSE, US_HTTP_ERROR_PROTOCOL);
  assert_peer_fails ("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", TRUE,
                     US_HTTP_ERROR_PROTOCOL);
  assert_peer_fails ("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
                     "Content-Length: 0\r\n\r\n",
                     FALSE, US_HTTP_ERROR_PROTOCOL);
}

static void
test_replies (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  UsHttpFetch limits = { 0 };
  Outcome outcome = { 0 };
  g_autofree char *playlist = NULL, *segment = NULL, *missing = NULL, *etag = NULL;

  raw_settings (&settings);
  server = raw_server (&settings);
  playlist
      = g_strdup_printf ("http://127.0.0.1:%u/hls/index.m3u8", us_http_server_get_port (server));
  segment = g_strdup_printf ("http://127.0.0.1:%u/hls/a-5.ts", us_http_server_get_port (server));
  missing = g_strdup_printf ("http://127.0.0.1:%u/nothing", us_http_server_get_port (server));

  fetch (client, playlist, &limits, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.reply->status, ==, 200);
  g_assert_cmpstr (outcome.reply->content_type, ==, "application/vnd.apple.mpegurl");
  g_assert_cmpuint (g_bytes_get_size (outcome.reply->body), ==, 16);
  g_assert_cmpint (outcome.reply->first_byte_us, >, 0);
  g_assert_cmpint (outcome.reply->total_us, >=, outcome.reply->first_byte_us);
  etag = g_strdup (outcome.reply->etag);
  outcome_clear (&outcome);

  limits.if_none_match = etag;
  fetch (client, playlist, &limits, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.reply->status, ==, 304);
  g_assert_cmpuint (g_bytes_get_size (outcome.reply->body), ==, 0);
  outcome_clear (&outcome);

  limits.if_none_match = NULL;
  limits.max_bytes = SEGMENT_BYTES;
  fetch (client, segment, &limits, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (g_bytes_get_size (outcome.reply->body), ==, SEGMENT_BYTES);
  for (gsize i = 0, n; i < 1; i++)
    g_assert_cmpuint (((const guint8 *)g_bytes_get_data (outcome.reply->body, &n))[n - 1], ==, 5);
  outcome_clear (&outcome);
  limits.max_bytes--;
  assert_fails (client, segment, &limits, US_HTTP_ERROR_TOO_LARGE);

  fetch (client, missing, NULL, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.reply->status, ==, 404);
  outcome_clear (&outcome);
}

static void
test_redirect (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  g_autofree char *text = NULL, *url = NULL;
  Outcome outcome = { 0 };
  Peer *peer;

  raw_settings (&settings);
  server = raw_server (&settings);
  text = g_strdup_printf ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
                          "Location: http://127.0.0.1:%u/hls/index.m3u8\r\n\r\n",
                          us_http_server_get_port (server));
  peer = peer_new (text, FALSE);
  url = g_strdup_printf ("http://127.0.0.1:%u/x", peer->port);
  fetch (client, url, NULL, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.reply->status, ==, 200);
  g_assert_true (g_str_has_suffix (outcome.reply->url, "/hls/index.m3u8"));
  outcome_clear (&outcome);
  g_clear_object (&client);
  peer_free (peer);
}

static void
test_bad_urls (void) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");

  assert_fails (client, "", NULL, US_HTTP_ERROR_PROTOCOL);
  assert_fails (client, "/relative", NULL, US_HTTP_ERROR_PROTOCOL);
  assert_fails (client, "file:///etc/passwd", NULL, US_HTTP_ERROR_PROTOCOL);
  assert_fails (client, "ftp://127.0.0.1/", NULL, US_HTTP_ERROR_PROTOCOL);
  assert_fails (client, "http://", NULL, US_HTTP_ERROR_PROTOCOL);
}

static void
test_refused (void) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  Peer *peer = peer_new (NULL, FALSE);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", peer->port);
  Outcome outcome = { 0 };

  peer_free (peer); /* a port where nobody listens any more */
  fetch (client, url, NULL, &outcome);
  g_assert_error (outcome.error, US_HTTP_ERROR, US_HTTP_ERROR_REFUSED);
  g_assert_cmpstr (us_http_error_word (outcome.error), ==, "refused");
  outcome_clear (&outcome);
}

static gboolean
on_cancel (gpointer cancellable) {
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  UsHttpFetch limits = { .first_byte_timeout_ms = 20000, .deadline_ms = 20000 };
  g_autofree char *url = NULL;

  raw_settings (&settings);
  server = raw_server (&settings);
  url = g_strdup_printf ("http://127.0.0.1:%u/hls/index.m3u8?_HLS_msn=6",
                         us_http_server_get_port (server));
  for (guint round = 0; round < 3; round++) {
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    Outcome outcome = { 0 };

    if (round == 0)
      g_cancellable_cancel (cancellable);
    us_http_client_fetch_async (client, url, &limits, cancellable, on_fetched, &outcome);
    if (round == 1)
      g_cancellable_cancel (cancellable);
    if (round == 2) {
      raw_wait_until (raw_stats (server).waiting == 1);
      g_idle_add (on_cancel, cancellable);
    }
    raw_wait_until (outcome.is_done);
    g_assert_error (outcome.error, US_HTTP_ERROR, US_HTTP_ERROR_CANCELLED);
    outcome_clear (&outcome);
  }
  raw_wait_until (raw_stats (server).waiting == 0);
}

/* Very many fetches that wait at one host; others pass them by. */
static void
test_many_blocked (void) {
  enum { N = 200 }; /* the time to get there grows with the square */
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  UsHttpFetch limits
      = { .connect_timeout_ms = 20000, .first_byte_timeout_ms = 20000, .deadline_ms = 20000 };
  Outcome *outcomes = g_new0 (Outcome, N), quick = { 0 };
  g_autofree char *blocked = NULL, *url = NULL;

  raw_settings (&settings);
  server = raw_server (&settings);
  url = g_strdup_printf ("http://127.0.0.1:%u/hls/index.m3u8", us_http_server_get_port (server));
  blocked = g_strconcat (url, "?_HLS_msn=6", NULL);
  for (guint i = 0; i < N; i++)
    us_http_client_fetch_async (client, blocked, &limits, NULL, on_fetched, &outcomes[i]);
  raw_wait_until (raw_stats (server).waiting == N);
  fetch (client, url, &limits, &quick);
  g_assert_no_error (quick.error);
  outcome_clear (&quick);
  raw_publish (server, 6);
  for (guint i = 0; i < N; i++) {
    raw_wait_until (outcomes[i].is_done);
    g_assert_no_error (outcomes[i].error);
    g_assert_cmpuint (outcomes[i].reply->status, ==, 200);
    outcome_clear (&outcomes[i]);
  }
  g_free (outcomes);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  raw_allow_descriptors (8192);
  g_test_add_func ("/http/client/replies", test_replies);
  g_test_add_func ("/http/client/redirect", test_redirect);
  g_test_add_func ("/http/client/bad-urls", test_bad_urls);
  g_test_add_func ("/http/client/refused", test_refused);
  g_test_add_func ("/http/client/misbehaving-peers", test_misbehaving_peers);
  g_test_add_func ("/http/client/led", test_led);
  g_test_add_func ("/http/client/ranges-that-lie", test_ranges_that_lie);
  g_test_add_func ("/http/client/chunks-that-fill", test_chunks_that_fill);
  g_test_add_func ("/http/client/cancel", test_cancel);
  g_test_add_func ("/http/client/many-blocked", test_many_blocked);
  return g_test_run ();
}
