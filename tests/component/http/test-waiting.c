/* test-waiting.c - requests that are held back, snapshots that change under load, and the end */
#include "raw.h"

#define BLOCKED "GET /hls/index.m3u8?_HLS_msn=6 HTTP/1.1\r\nHost: t\r\n\r\n"

static void
test_wakes_at_publish (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int fds[20];
  gint64 begun_us;

  raw_settings (&settings);
  server = raw_server (&settings);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
    fds[i] = raw_connect (server);
    raw_send (fds[i], i % 2 == 0 ? BLOCKED : "GET /hls/a-6.ts HTTP/1.1\r\nHost: t\r\n\r\n");
  }
  raw_wait_until (raw_stats (server).waiting == G_N_ELEMENTS (fds));
  begun_us = g_get_monotonic_time ();
  raw_publish (server, 6);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
    g_autofree char *response = raw_receive (fds[i], TRUE);

    g_assert_cmpuint (raw_status (response), ==, 200);
    if (i % 2 == 0)
      g_assert_nonnull (strstr (response, "#last=6"));
  }
  g_test_message ("20 woken in %" G_GINT64_FORMAT " us", g_get_monotonic_time () - begun_us);
  g_assert_cmpuint (raw_stats (server).waiting, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
    g_assert_cmpuint (raw_ask_status (fds[i], "/hls/index.m3u8"), ==, 200); /* still alive */
    close (fds[i]);
  }
}

static void
test_gives_up (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  int fd;

  raw_settings (&settings);
  server = raw_server (&settings);
  fd = raw_connect (server);
  g_assert_cmpuint (raw_ask_status (fd, "/hls/nobody/index.m3u8"), ==, 404); /* after 300 ms */
  g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8"), ==, 200);
  close (fd);
}

static void
test_client_gone (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  struct linger hard = { 1, 0 };

  raw_settings (&settings);
  server = raw_server (&settings);
  for (guint round = 0; round < 4; round++) {
    int fds[50];

    for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
      fds[i] = raw_connect (server);
      raw_send (fds[i], BLOCKED);
    }
    raw_wait_until (raw_stats (server).waiting == G_N_ELEMENTS (fds));
    for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
      if (round == 1)
        setsockopt (fds[i], SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      if (round == 2)
        raw_send (fds[i], "GET /more HTTP/1.1\r\n"); /* unread bytes before the end */
      close (fds[i]);
    }
    if (round == 3)
      raw_publish (server, 6); /* wakes those that are just going */
    raw_wait_until (raw_stats (server).connections == 0);
    g_assert_cmpuint (raw_stats (server).waiting, ==, 0);
  }
}

static void
test_cap (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autofree char *response = NULL;
  int fds[3];

  raw_settings (&settings);
  settings.max_waiting = 3;
  server = raw_server (&settings);
  for (guint i = 0; i < 3; i++) {
    fds[i] = raw_connect (server);
    raw_send (fds[i], BLOCKED);
  }
  raw_wait_until (raw_stats (server).waiting == 3);
  {
    int fd = raw_connect (server);

    g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8?_HLS_msn=6"), ==, 503);
    g_assert_cmpuint (raw_ask_status (fd, "/hls/index.m3u8"), ==, 200);
    close (fd);
  }
  for (guint i = 0; i < 3; i++)
    close (fds[i]);
}

/* ---- snapshots change while many ask ---- */

typedef struct {
  UsHttpServer *server;
  const gint *is_over;
  guint n_answers;
} Hammer;

static gpointer
hammer_run (gpointer data) {
  Hammer *hammer = data;
  int fd = raw_connect (hammer->server);
  guint64 newest = 0;

  while (!g_atomic_int_get (hammer->is_over)) {
    g_autofree char *response = raw_ask (fd, "GET", "/hls/index.m3u8", "");
    const char *p = response != NULL ? strstr (response, "#last=") : NULL;
    guint64 last;

    g_assert_nonnull (p);
    last = g_ascii_strtoull (p + 6, NULL, 10);
    g_assert_cmpuint (last, >=, newest); /* never backwards on one connection */
    newest = last;
    hammer->n_answers++;
  }
  close (fd);
  return NULL;
}

static void
test_publish_under_load (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  Hammer hammers[50];
  GThread *threads[50];
  gint is_over = FALSE;

  raw_settings (&settings);
  server = raw_server (&settings);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++) {
    hammers[i] = (Hammer){ server, &is_over, 0 };
    threads[i] = g_thread_new ("hammer", hammer_run, &hammers[i]);
  }
  for (guint64 last = 6; last < 106; last++) {
    guint64 asked = raw_stats (server).requests_total;

    raw_publish (server, last);
    raw_wait_until (raw_stats (server).requests_total > asked + 20);
  }
  g_atomic_int_set (&is_over, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++) {
    g_thread_join (threads[i]);
    g_assert_cmpuint (hammers[i].n_answers, >, 0);
  }
}

static void
on_snapshot_free (gpointer data) {
  g_atomic_int_inc ((gint *)data);
}

static UsHttpVerdict
respond_ok (gconstpointer snapshot, const UsHttpRequest *request, guint waited_ms,
            UsHttpResponse *response) {
  response->body = g_bytes_new_static ("ok", 2);
  return US_HTTP_REPLY;
}

/* Every snapshot is freed: replaced, never used, or current at the end. */
static void
test_snapshots_are_freed (void) {
  UsHttpServerSettings settings;
  UsHttpServer *server;
  g_autoptr (GError) error = NULL;
  gint n_freed = 0;
  int fd;

  raw_settings (&settings);
  server = us_http_server_new (&settings, &error);
  g_assert_no_error (error);
  us_http_server_add_responder (server, "/", respond_ok);
  us_http_server_publish (server, &n_freed, on_snapshot_free);
  us_http_server_publish (server, &n_freed, on_snapshot_free);
  g_assert_true (us_http_server_start (server, &error));
  fd = raw_connect (server);
  for (guint i = 0; i < 100; i++) {
    us_http_server_publish (server, &n_freed, on_snapshot_free);
    if (i % 10 == 0)
      g_assert_cmpuint (raw_ask_status (fd, "/x"), ==, 200);
  }
  raw_wait_until (g_atomic_int_get (&n_freed) == 101);
  us_http_server_free (server);
  g_assert_cmpint (n_freed, ==, 102);
  close (fd);
}

/* ---- the end ---- */

typedef struct {
  int fd;
  char *response;
} Reader;

static gpointer
reader_run (gpointer data) {
  Reader *reader = data;

  reader->response = raw_receive (reader->fd, TRUE);
  return NULL;
}

static void
test_stop_with_grace (void) {
  UsHttpServerSettings settings;
  UsHttpServer *server;
  Reader running = { 0 };
  g_autofree char *held = NULL;
  int fd, waiting, idle, small = 64 * 1024;
  GThread *thread;

  raw_settings (&settings);
  server = raw_server (&settings);
  idle = raw_connect (server);
  g_assert_cmpuint (raw_ask_status (idle, "/hls/index.m3u8"), ==, 200);
  waiting = raw_connect (server);
  raw_send (waiting, BLOCKED);
  fd = raw_connect (server);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  raw_send (fd, "GET /hls/a-5.ts HTTP/1.1\r\nHost: t\r\n\r\n");
  raw_wait_until (raw_stats (server).waiting == 1);
  raw_wait_until (raw_stats (server).bytes_out_total > 4096);
  running.fd = fd;
  thread = g_thread_new ("reader", reader_run, &running);

  us_http_server_stop (server, 20000);
  g_thread_join (thread);
  g_assert_cmpuint (raw_status (running.response), ==, 200); /* to its last byte */
  held = raw_receive (waiting, TRUE);
  g_assert_cmpuint (raw_status (held), ==, 503);
  raw_expect_end (idle);
  g_assert_cmpuint (raw_stats (server).connections, ==, 0);
  us_http_server_free (server);
  g_free (running.response);
  close (fd);
  close (waiting);
  close (idle);
}

/* Without grace, with everything under way at once; ASan watches. */
static void
test_stop_at_once (void) {
  UsHttpServerSettings settings;
  int fds[60];

  for (guint round = 0; round < 5; round++) {
    UsHttpServer *server;

    raw_settings (&settings);
    server = raw_server (&settings);
    for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
      static const char *const requests[]
          = { BLOCKED, "GET /hls/a-5.ts HTTP/1.1\r\nHost: t\r\n\r\n", "GET /hls/a-5.ts HT" };

      fds[i] = raw_connect (server);
      raw_send (fds[i], requests[i % 3]);
    }
    if (round % 2 == 0)
      raw_wait_until (raw_stats (server).waiting == 20);
    us_http_server_free (server);
    for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
      raw_expect_end (fds[i]);
      close (fds[i]);
    }
  }
}

static void
on_never (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  g_assert_not_reached ();
}

/* A handler's job that is still on its way when the server has gone. */
static void
test_freed_with_jobs (void) {
  UsHttpServerSettings settings;
  UsHttpServer *server;
  g_autoptr (GError) error = NULL;
  int fd;

  raw_settings (&settings);
  server = us_http_server_new (&settings, &error);
  us_http_server_add_handler (server, "/", "GET", on_never, NULL);
  g_assert_true (us_http_server_start (server, &error));
  fd = raw_connect (server);
  raw_send (fd, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  while (!g_main_context_pending (NULL))
    g_thread_yield ();
  us_http_server_free (server);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  raw_expect_end (fd);
  close (fd);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/waiting/wakes-at-publish", test_wakes_at_publish);
  g_test_add_func ("/http/waiting/gives-up", test_gives_up);
  g_test_add_func ("/http/waiting/client-gone", test_client_gone);
  g_test_add_func ("/http/waiting/cap", test_cap);
  g_test_add_func ("/http/waiting/publish-under-load", test_publish_under_load);
  g_test_add_func ("/http/waiting/snapshots-are-freed", test_snapshots_are_freed);
  g_test_add_func ("/http/waiting/stop-with-grace", test_stop_with_grace);
  g_test_add_func ("/http/waiting/stop-at-once", test_stop_at_once);
  g_test_add_func ("/http/waiting/freed-with-jobs", test_freed_with_jobs);
  return g_test_run ();
}
