/* test-connections.c - connections that come in numbers, linger, stall and vanish */
#include "raw.h"

static void
close_all (GArray *fds) {
  for (guint i = 0; i < fds->len; i++)
    close (g_array_index (fds, int, i));
  g_array_set_size (fds, 0);
}

static GArray *
connect_many (UsHttpServer *server, guint n) {
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));

  for (guint i = 0; i < n; i++) {
    int fd = raw_connect (server);

    g_array_append_val (fds, fd);
  }
  return fds;
}

/* Issue 2: 2,000 connections opened, used and closed by the client; the same while they wait. */
static void
test_descriptors_come_back (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  guint before;

  raw_settings (&settings);
  server = raw_server (&settings);
  { /* both shards have made what they make once */
    g_autoptr (GArray) fds = connect_many (server, 4);

    for (guint i = 0; i < fds->len; i++)
      g_assert_cmpuint (raw_ask_status (g_array_index (fds, int, i), "/hls/index.m3u8"), ==, 200);
    close_all (fds);
  }
  raw_wait_until (raw_stats (server).connections == 0);
  before = raw_count_descriptors ();
  {
    g_autoptr (GArray) fds = connect_many (server, 2000);

    for (guint round = 0; round < 2; round++)
      for (guint i = 0; i < fds->len; i++)
        g_assert_cmpuint (raw_ask_status (g_array_index (fds, int, i), "/hls/index.m3u8"), ==, 200);
    g_assert_cmpuint (raw_stats (server).connections, ==, 2000);
    close_all (fds);
  }
  raw_wait_until (raw_stats (server).connections == 0);
  g_assert_cmpuint (raw_count_descriptors (), ==, before);
  {
    g_autoptr (GArray) fds = connect_many (server, 1000);

    for (guint i = 0; i < fds->len; i++)
      raw_send (g_array_index (fds, int, i),
                "GET /hls/index.m3u8?_HLS_msn=6 HTTP/1.1\r\nHost: t\r\n\r\n");
    raw_wait_until (raw_stats (server).waiting == 1000);
    close_all (fds);
  }
  raw_wait_until (raw_stats (server).connections == 0);
  g_assert_cmpuint (raw_stats (server).waiting, ==, 0);
  g_assert_cmpuint (raw_count_descriptors (), ==, before);
}

/* Issue 2: the descriptor limit reached and freed; the listener still answers. */
static void
test_descriptors_run_out (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (GArray) fds = NULL, hoard = g_array_new (FALSE, FALSE, sizeof (int));
  guint before;
  int fd;

  raw_settings (&settings);
  settings.n_shards = 1;
  server = raw_server (&settings);
  fd = raw_connect (server);
  g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8"), ==, 200);

  /* sockets for clients first: connecting needs no descriptor of the server's */
  fds = g_array_new (FALSE, FALSE, sizeof (int));
  for (guint i = 0; i < 40; i++) {
    int client = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval watchdog = { .tv_sec = WATCHDOG_S };

    setsockopt (client, SOL_SOCKET, SO_RCVTIMEO, &watchdog, sizeof watchdog);
    g_array_append_val (fds, client);
  }
  before = raw_count_descriptors ();
  raw_allow_descriptors (before + 16);
  for (int extra = dup (0); extra >= 0; extra = dup (0))
    g_array_append_val (hoard, extra);
  g_assert_cmpint (errno, ==, EMFILE);

  for (guint i = 0; i < fds->len; i++) {
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons (us_http_server_get_port (server)),
                                   .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };

    g_assert_cmpint (
        connect (g_array_index (fds, int, i), (struct sockaddr *)&address, sizeof address), ==, 0);
  }
  /* everybody is turned away rather than left hanging, and who is in is served */
  for (guint i = 0; i < fds->len; i++)
    raw_expect_end (g_array_index (fds, int, i));
  g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8"), ==, 200);
  g_assert_cmpuint (raw_stats (server).refused_total, ==, fds->len);

  close_all (hoard);
  close_all (fds);
  raw_allow_descriptors (8192);
  for (guint i = 0; i < 20; i++) {
    int again = raw_connect (server);

    g_assert_cmpuint (raw_ask_status (again, "/hls/index.m3u8"), ==, 200);
    close (again);
  }
  close (fd);
}

/* Issue 2: 1,000 connections that send half a header: closed by the deadline, others are served. */
static void
test_half_headers (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (GArray) fds = NULL;
  int viewer;

  raw_settings (&settings);
  settings.header_timeout_ms = 500;
  server = raw_server (&settings);
  viewer = raw_connect (server);
  g_assert_cmpuint (raw_ask_status (viewer, "/hls/index.m3u8"), ==, 200);
  fds = connect_many (server, 1000);
  for (guint i = 0; i < fds->len; i++)
    if (i % 3 != 0) /* a third sends nothing at all */
      raw_send (g_array_index (fds, int, i),
                i % 3 == 1 ? "GET /hls/in" : "GET /hls/index.m3u8 HTTP/1.1\r\nHost: t\r\n");
  while (raw_stats (server).connections > 1)
    g_assert_cmpuint (raw_ask_status (viewer, "/hls/index.m3u8"), ==, 200);
  for (guint i = 0; i < fds->len; i++)
    raw_expect_end (g_array_index (fds, int, i));
  g_assert_cmpuint (raw_stats (server).timeouts_total, ==, 1000);
  g_assert_cmpuint (raw_ask_status (viewer, "/hls/index.m3u8"), ==, 200);
  close_all (fds);
  close (viewer);
}

static void
test_request_timeout_is_said (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autofree char *response = NULL;
  int fd;

  raw_settings (&settings);
  settings.header_timeout_ms = 200;
  server = raw_server (&settings);
  fd = raw_connect (server);
  raw_send (fd, "GET /hls/index.m3u8 HTTP/1.1\r\nHost: t\r\nX: ");
  response = raw_receive (fd, TRUE);
  g_assert_cmpuint (raw_status (response), ==, 408);
  raw_expect_end (fd);
  close (fd);
}

static void
test_slow_body_is_closed (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int fd;

  raw_settings (&settings);
  settings.header_timeout_ms = 200;
  server = raw_server (&settings);
  fd = raw_connect (server);
  raw_send (fd, "POST /hls/index.m3u8 HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  raw_expect_end (fd);
  raw_wait_until (raw_stats (server).connections == 0);
  close (fd);
}

static void
test_idle_is_closed (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (GArray) fds = NULL;

  raw_settings (&settings);
  settings.idle_timeout_ms = 700; /* parked first, then closed */
  server = raw_server (&settings);
  fds = connect_many (server, 50);
  for (guint i = 0; i < fds->len; i++)
    g_assert_cmpuint (raw_ask_status (g_array_index (fds, int, i), "/hls/index.m3u8"), ==, 200);
  for (guint i = 0; i < fds->len; i++)
    raw_expect_end (g_array_index (fds, int, i));
  raw_wait_until (raw_stats (server).connections == 0);
  g_assert_cmpuint (raw_stats (server).timeouts_total, ==, 50);
  close_all (fds);
}

static void
test_slow_reader_is_closed (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int small = 4096;
  int fd;

  raw_settings (&settings);
  settings.send_timeout_ms = 400;
  server = raw_server (&settings);
  fd = raw_connect (server);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  for (guint i = 0; i < 4; i++)
    raw_send (fd, "GET /hls/a-5.ts HTTP/1.1\r\nHost: t\r\n\r\n");
  raw_wait_until (raw_stats (server).timeouts_total == 1);
  raw_wait_until (raw_stats (server).connections == 0);
  close (fd);
}

/* Clients that leave in the middle of what they asked for. */
static void
test_abort_mid_body (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  struct linger hard = { 1, 0 };

  raw_settings (&settings);
  server = raw_server (&settings);
  for (guint i = 0; i < 200; i++) {
    int fd = raw_connect (server);
    char byte;

    raw_send (fd, "GET /hls/a-5.ts HTTP/1.1\r\nHost: t\r\n\r\nGET /hls/a-4.ts HTT");
    if (i % 2 == 0)
      g_assert_cmpint (recv (fd, &byte, 1, 0), ==, 1);
    if (i % 3 == 0)
      setsockopt (fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close (fd);
  }
  raw_wait_until (raw_stats (server).connections == 0);
}

/* A proxy on this machine is many people. */
static void
test_caps_not_for_a_proxy (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (GArray) fds = NULL;

  raw_settings (&settings);
  settings.max_per_address = 10;
  settings.is_loopback_free = TRUE;
  server = raw_server (&settings);
  fds = connect_many (server, 15);
  for (guint i = 0; i < 15; i++)
    g_assert_cmpuint (raw_ask_status (g_array_index (fds, int, i), "/hls/index.m3u8"), ==, 200);
  close_all (fds);
  raw_wait_until (raw_stats (server).connections == 0);
}

static void
test_caps (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (GArray) fds = NULL;

  raw_settings (&settings);
  settings.max_per_address = 10;
  server = raw_server (&settings);
  fds = connect_many (server, 15);
  for (guint i = 10; i < 15; i++) {
    g_autofree char *response = raw_receive (g_array_index (fds, int, i), FALSE);

    g_assert_cmpuint (raw_status (response), ==, 503);
    raw_expect_end (g_array_index (fds, int, i));
  }
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (raw_ask_status (g_array_index (fds, int, i), "/hls/index.m3u8"), ==, 200);
  close_all (fds);
  raw_wait_until (raw_stats (server).connections == 0);
  {
    int fd = raw_connect (server); /* places are given back */

    g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8"), ==, 200);
    close (fd);
  }
}

/* SoupServers go after so many connections, with viewers on them and without a broken request. */
static void
test_retirement (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int viewer;

  raw_settings (&settings);
  settings.n_shards = 1;
  settings.max_requests = 10;
  server = raw_server (&settings);
  viewer = raw_connect (server);
  for (guint i = 0; i < 200; i++) {
    int fd = raw_connect (server);

    g_assert_cmpuint (raw_ask_status (viewer, "/hls/index.m3u8"), ==, 200);
    g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8"), ==, 200);
    close (fd);
  }
  raw_wait_until (raw_stats (server).retired_total >= 15);
  g_assert_cmpuint (raw_ask_status (viewer, "/hls/index.m3u8"), ==, 200);
  close (viewer);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  raw_allow_descriptors (8192);
  g_test_add_func ("/http/connections/descriptors-come-back", test_descriptors_come_back);
  g_test_add_func ("/http/connections/descriptors-run-out", test_descriptors_run_out);
  g_test_add_func ("/http/connections/half-headers", test_half_headers);
  g_test_add_func ("/http/connections/request-timeout-is-said", test_request_timeout_is_said);
  g_test_add_func ("/http/connections/slow-body", test_slow_body_is_closed);
  g_test_add_func ("/http/connections/idle", test_idle_is_closed);
  g_test_add_func ("/http/connections/slow-reader", test_slow_reader_is_closed);
  g_test_add_func ("/http/connections/abort-mid-body", test_abort_mid_body);
  g_test_add_func ("/http/connections/caps", test_caps);
  g_test_add_func ("/http/connections/caps-not-for-a-proxy", test_caps_not_for_a_proxy);
  g_test_add_func ("/http/connections/retirement", test_retirement);
  return g_test_run ();
}
