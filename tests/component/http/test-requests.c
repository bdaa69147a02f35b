/* test-requests.c - single requests of every kind against a real server */
#include "raw.h"

static void
assert_header (const char *response, const char *name, const char *expected) {
  g_autofree char *value = raw_header (response, name);

  g_assert_cmpstr (value, ==, expected);
}

static void
test_keep_alive (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int fd;

  raw_settings (&settings);
  server = raw_server (&settings);
  fd = raw_connect (server);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8"), ==, 200);
  g_assert_cmpuint (raw_stats (server).connections_total, ==, 1);
  g_assert_cmpuint (raw_stats (server).requests_total, >=, 99);
  close (fd);
}

static void
test_representations (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int fd;

  raw_settings (&settings);
  server = raw_server (&settings);
  fd = raw_connect (server);
  {
    g_autofree char *got = raw_ask (fd, "GET", "/hls/index.m3u8", "");
    g_autofree char *etag = raw_header (got, "ETag");
    g_autofree char *match = g_strdup_printf ("If-None-Match: \"x\", %s\r\n", etag);
    g_autofree char *not_modified = raw_ask (fd, "GET", "/hls/index.m3u8", match);
    g_autofree char *head = raw_ask (fd, "HEAD", "/hls/index.m3u8", "");

    assert_header (got, "Content-Type", "application/vnd.apple.mpegurl");
    assert_header (got, "Server", "understudy");
    assert_header (got, "Access-Control-Allow-Origin", "*");
    assert_header (got, "Cache-Control", "public, max-age=0, s-maxage=1");
    g_assert_true (g_str_has_suffix (got, PLAYLIST_TEXT "#last=5\n"));
    g_assert_cmpuint (raw_status (not_modified), ==, 304);
    assert_header (not_modified, "ETag", etag);
    assert_header (not_modified, "Content-Length", NULL);
    g_assert_cmpuint (raw_status (head), ==, 200);
    assert_header (head, "Content-Length", "16");
  }
  {
    g_autofree char *segment = raw_ask (fd, "GET", "/hls/mystream/a-5.ts", "");

    assert_header (segment, "Content-Type", "video/mp2t");
    assert_header (segment, "Cache-Control", "public, max-age=86400, immutable");
    g_assert_nonnull (segment);
  }
  {
    g_autofree char *missing = raw_ask (fd, "GET", "/hls/nothing.ts", "");
    g_autofree char *unrouted = raw_ask (fd, "GET", "/%22%0a", "");
    g_autofree char *posted = raw_ask (fd, "POST", "/hls/index.m3u8", "Content-Length: 0\r\n");
    g_autofree char *options = raw_ask (fd, "OPTIONS", "/hls/index.m3u8", "Origin: http://x\r\n");

    g_assert_cmpuint (raw_status (missing), ==, 404);
    assert_header (missing, "Content-Type", "application/problem+json");
    assert_header (missing, "Cache-Control", "public, max-age=1");
    g_assert_cmpuint (raw_status (unrouted), ==, 404);
    g_assert_cmpuint (raw_status (posted), ==, 405);
    assert_header (posted, "Allow", "GET, HEAD, OPTIONS");
    g_assert_cmpuint (raw_status (options), ==, 204);
    assert_header (options, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    assert_header (options, "Content-Length", NULL);
    assert_header (options, "Connection", "close");
  }
  raw_expect_end (fd);
  close (fd);
}

static void
test_unavailable (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int fd;

  raw_settings (&settings);
  server = raw_server (&settings);
  us_http_server_publish (server, raw_site (5, "input silent"), (GDestroyNotify)us_site_free);
  fd = raw_connect (server);
  {
    g_autofree char *playlist = raw_ask (fd, "GET", "/hls/index.m3u8", "");

    g_assert_cmpuint (raw_status (playlist), ==, 503);
    assert_header (playlist, "Retry-After", "1");
    assert_header (playlist, "Cache-Control", "no-store");
    g_assert_nonnull (strstr (playlist, "input silent"));
  }
  g_assert_cmpuint (raw_ask_status (fd, "/hls/a-5.ts"), ==, 200);
  close (fd);
}

static void
test_ranges (void) {
  static const struct {
    const char *path, *range;
    guint status;
    const char *length, *content_range;
  } rows[] = {
    { "/hls/a-5.ts", "bytes=0-9", 206, "10", "bytes 0-9/3000000" },
    { "/hls/a-5.ts", "bytes=-7", 206, "7", "bytes 2999993-2999999/3000000" },
    { "/hls/a-5.ts", "bytes=2999999-", 206, "1", "bytes 2999999-2999999/3000000" },
    { "/hls/a-5.ts", "bytes=3000000-", 416, "0", "bytes */3000000" },
    { "/hls/a-5.ts", "bytes=-0", 416, "0", "bytes */3000000" },
    { "/hls/a-5.ts", "bytes=0-1,3-4", 200, "3000000", NULL },
    { "/hls/a-5.ts", "bytes=0-0\r\nRange: bytes=1-1", 200, "3000000", NULL },
    { "/hls/a-5.ts", "bytes=5-2", 200, "3000000", NULL },
    { "/hls/a-5.ts", "bytes=0-18446744073709551616", 200, "3000000", NULL },
    { "/hls/a-5.ts", "lines=0-1", 200, "3000000", NULL },
    { "/hls/a-5.ts", "bytes=0-9\r\nIf-Range: \"seg\"", 206, "10", "bytes 0-9/3000000" },
    { "/hls/a-5.ts", "bytes=0-9\r\nIf-Range: \"old\"", 200, "3000000", NULL },
    /* a playlist is served whole */
    { "/hls/index.m3u8", "bytes=0-3", 200, "16", NULL },
    { "/hls/index.m3u8", "bytes=900-", 200, "16", NULL },
  };
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int fd;

  raw_settings (&settings);
  server = raw_server (&settings);
  fd = raw_connect (server);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *range = g_strdup_printf ("Range: %s\r\n", rows[i].range);
    g_autofree char *response = raw_ask (fd, "GET", rows[i].path, range);

    g_test_message ("%s %s", rows[i].path, rows[i].range);
    g_assert_cmpuint (raw_status (response), ==, rows[i].status);
    assert_header (response, "Content-Length", rows[i].length);
    assert_header (response, "Content-Range", rows[i].content_range);
  }
  close (fd);
}

/* Requests that another reader might frame otherwise: refused, and nothing after them is read. */
static void
test_smuggling (void) {
#define NEXT "GET /hls/index.m3u8 HTTP/1.1\r\nHost: test\r\n\r\n"
  static const char *const requests[] = {
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    "0\r\n\r\n" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
    "0\r\n\r\n" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n12345" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nContent-Length: +5\r\n\r\n12345" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nContent-Length: 5, 5\r\n\r\n12345" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
    "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" NEXT,
    "POST /hls/a HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT,
    "GET /hls/a HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n" NEXT,
    "GET /hls/a HTTP/1.1\r\n\r\n" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nContent-Length : 5\r\n\r\n12345" NEXT,
    "POST /hls/a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n" NEXT,
    "GET /hls/a HTTP/1.1\nHost: t\n\n" NEXT,
    "NONSENSE\r\n\r\n" NEXT,
  };
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;

  raw_settings (&settings);
  server = raw_server (&settings);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++) {
    int fd = raw_connect (server);
    g_autofree char *response = NULL, *second = NULL;

    g_test_message ("request %u", i);
    raw_send (fd, requests[i]);
    response = raw_receive (fd, TRUE);
    g_assert_cmpuint (raw_status (response) / 100, >=, 4);
    g_assert_cmpuint (raw_status (response) / 100, <=, 5);
    second = raw_receive (fd, TRUE);
    g_assert_null (second);
    close (fd);
  }
}

static void
test_pipelined (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (GString) requests = g_string_new (NULL);
  int fd;

  raw_settings (&settings);
  server = raw_server (&settings);
  fd = raw_connect (server);
  for (guint i = 0; i < 500; i++)
    g_string_append (requests, NEXT);
  /* the last one arrives in halves, the second long after the connection would be parked */
  g_string_append (requests, "GET /hls/index.m3u8 HT");
  raw_send (fd, requests->str);
  for (guint i = 0; i < 500; i++) {
    g_autofree char *response = raw_receive (fd, TRUE);

    g_assert_cmpuint (raw_status (response), ==, 200);
  }
  g_usleep (600 * 1000); /* a silence on the wire is what is tested, not something to wait for */
  raw_send (fd, "TP/1.1\r\nHost: test\r\n\r\n");
  {
    g_autofree char *response = raw_receive (fd, TRUE);

    g_assert_cmpuint (raw_status (response), ==, 200);
  }
  /* parked in between: comes back */
  g_usleep (600 * 1000);
  g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8"), ==, 200);
  close (fd);
}

/* A header larger than allowed, in one piece and without an end. */
static void
test_large_header (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autofree char *filler = g_strnfill (30000, 'x'), *fits = NULL;
  int fd;

  raw_settings (&settings);
  server = raw_server (&settings);
  fd = raw_connect (server);
  fits = g_strdup_printf ("X: %s\r\n", filler);
  {
    g_autofree char *response = raw_ask (fd, "GET", "/hls/index.m3u8", fits);
    g_autofree char *again = raw_ask (fd, "GET", "/hls/index.m3u8", fits);
    g_autofree char *refused = NULL;

    g_assert_cmpuint (raw_status (response), ==, 200);
    g_assert_cmpuint (raw_status (again), ==, 200);
    raw_send (fd, "GET / HTTP/1.1\r\nX: ");
    raw_send (fd, filler);
    raw_send (fd, filler);
    refused = raw_receive (fd, TRUE);
    g_assert_cmpuint (raw_status (refused), ==, 431);
  }
  raw_expect_end (fd);
  close (fd);
}

static void
test_half_closed (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autofree char *response = NULL;
  int fd;

  raw_settings (&settings);
  server = raw_server (&settings);
  fd = raw_connect (server);
  raw_send (fd, "GET /hls/a-5.ts HTTP/1.1\r\nHost: test\r\n\r\n");
  shutdown (fd, SHUT_WR);
  response = raw_receive (fd, TRUE);
  g_assert_cmpuint (raw_status (response), ==, 200);
  raw_expect_end (fd);
  close (fd);
}

/* ---- handlers ---- */

static void
on_echo (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  guint *n_calls = user_data;

  (*n_calls)++;
  g_assert_true (request->is_loopback);
  g_assert_cmpstr (request->peer, ==, "127.0.0.1");
  g_assert_cmpstr (request->query, ==, "q=%20");
  g_assert_cmpstr (request->authorization, ==, "Bearer t");
  response->content_type = "text/plain";
  response->body = request->body != NULL ? g_bytes_ref (request->body) : g_bytes_new ("none", 4);
}

typedef struct {
  UsHttpServer *server;
  const char *request;
  char *response;
  gint is_done;
} Viewer;

static gpointer
viewer_run (gpointer data) {
  Viewer *viewer = data;
  int fd = raw_connect (viewer->server);

  raw_send (fd, viewer->request);
  viewer->response = raw_receive (fd, TRUE);
  close (fd);
  g_atomic_int_set (&viewer->is_done, TRUE);
  return NULL;
}

static guint
ask_handler (UsHttpServer *server, const char *request, char **body) {
  Viewer viewer = { .server = server, .request = request };
  GThread *thread = g_thread_new ("viewer", viewer_run, &viewer);
  guint status;

  raw_wait_until (g_atomic_int_get (&viewer.is_done));
  g_thread_join (thread);
  status = raw_status (viewer.response);
  if (body != NULL && viewer.response != NULL)
    *body = g_strdup (strstr (viewer.response, "\r\n\r\n") + 4);
  g_free (viewer.response);
  return status;
}

static void
test_handler (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *body = NULL, *chunked = NULL, *large = NULL, *filler = NULL;
  guint n_calls = 0;

  raw_settings (&settings);
  server = us_http_server_new (&settings, &error);
  g_assert_no_error (error);
  us_http_server_add_handler (server, "/echo", "GET, POST", on_echo, &n_calls);
  g_assert_true (us_http_server_start (server, &error));

#define COMMON "Host: t\r\nAuthorization: Bearer t\r\n"
  g_assert_cmpuint (
      ask_handler (server, "POST /echo?q=%20 HTTP/1.1\r\n" COMMON "Content-Length: 5\r\n\r\nhello",
                   &body),
      ==, 200);
  g_assert_cmpstr (body, ==, "hello");
  g_assert_cmpuint (
      ask_handler (server,
                   "POST /echo?q=%20 HTTP/1.1\r\n" COMMON
                   "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                   &chunked),
      ==, 200);
  g_assert_cmpstr (chunked, ==, "abcde");
  g_assert_cmpuint (n_calls, ==, 2);

  /* larger than allowed, announced and not */
  g_assert_cmpuint (
      ask_handler (server, "POST /echo?q=%20 HTTP/1.1\r\n" COMMON "Content-Length: 1048577\r\n\r\n",
                   NULL),
      ==, 413);
  filler = g_strnfill (0x120000, 'x');
  large = g_strdup_printf ("POST /echo?q=%%20 HTTP/1.1\r\n" COMMON
                           "Transfer-Encoding: chunked\r\n\r\n120000\r\n%s\r\n0\r\n\r\n",
                           filler);
  g_assert_cmpuint (ask_handler (server, large, NULL), ==, 413);
  g_assert_cmpuint (n_calls, ==, 2);
  /* ".." is resolved before routing, and rejected when only decoding brings it out */
  g_assert_cmpuint (
      ask_handler (server, "GET /%2e%2e/x/../echo?q=%20 HTTP/1.1\r\n" COMMON "\r\n", NULL), ==,
      200);
  n_calls--;
  g_assert_cmpuint (ask_handler (server, "GET /echo/../x HTTP/1.1\r\n" COMMON "\r\n", NULL), ==,
                    404);
  g_assert_cmpuint (ask_handler (server, "GET /x%2f..%2fecho HTTP/1.1\r\n" COMMON "\r\n", NULL), ==,
                    400);
  g_assert_cmpuint (ask_handler (server, "GET /%00 HTTP/1.1\r\n" COMMON "\r\n", NULL), ==, 400);
  g_assert_cmpuint (ask_handler (server, "GET /%ff HTTP/1.1\r\n" COMMON "\r\n", NULL), ==, 400);
}

static void
test_port_in_use (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL, second = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *port = NULL;

  raw_settings (&settings);
  server = raw_server (&settings);
  settings.port = us_http_server_get_port (server);
  second = us_http_server_new (&settings, &error);
  g_assert_null (second);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  port = g_strdup_printf ("%u", settings.port);
  g_assert_nonnull (strstr (error->message, port));
  g_clear_error (&error);
  settings.address = "not an address";
  g_assert_null (us_http_server_new (&settings, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static double
get_cpu_ms (void) {
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000.0
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000.0;
}

/* The rest of a body is waited for at rest: who sends none of it must not keep a processor busy. */
static void
test_body_pauses (void) {
  static const char *const beginnings[] = {
    "POST /hls/index.m3u8 HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\nhello",
    "POST /hls/index.m3u8 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
  };

  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++) {
    UsHttpServerSettings settings;
    g_autoptr (UsHttpServer) server = NULL;
    double before_ms;
    int paused, other;

    raw_settings (&settings);
    server = raw_server (&settings);
    paused = raw_connect (server);
    other = raw_connect (server);
    raw_send (paused, beginnings[i]);
    g_assert_cmpuint (raw_ask_status (other, "/hls/index.m3u8"), ==, 200);
    before_ms = get_cpu_ms ();
    for (guint n = 0; n < 4; n++) /* each is held for 300 ms: the segment may still come */
      g_assert_cmpuint (raw_ask_status (other, "/hls/mystream/a-6.ts"), ==, 404);
    g_assert_cmpfloat (get_cpu_ms () - before_ms, <, 150);
    close (paused);
    close (other);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/requests/keep-alive", test_keep_alive);
  g_test_add_func ("/http/requests/representations", test_representations);
  g_test_add_func ("/http/requests/unavailable", test_unavailable);
  g_test_add_func ("/http/requests/ranges", test_ranges);
  g_test_add_func ("/http/requests/smuggling", test_smuggling);
  g_test_add_func ("/http/requests/pipelined", test_pipelined);
  g_test_add_func ("/http/requests/large-header", test_large_header);
  g_test_add_func ("/http/requests/half-closed", test_half_closed);
  g_test_add_func ("/http/requests/handler", test_handler);
  g_test_add_func ("/http/requests/body-pauses", test_body_pauses);
  g_test_add_func ("/http/requests/port-in-use", test_port_in_use);
  return g_test_run ();
}
