/* test-pending.c - answers that come later: in time, at once, too late, for nobody */
#include "raw.h"

#include "http/problem.h"

typedef struct {
  UsHttpPending *pending; /* nullable: not answered yet */
  guint deadline_ms;
  guint n_calls;
  gboolean is_at_once;
} Desk;

static void
answer (Desk *desk, const char *text) {
  UsHttpResponse response = { .status = 200, .content_type = "text/plain" };

  response.body = g_bytes_new (text, strlen (text));
  us_http_pending_answer (g_steal_pointer (&desk->pending), &response);
  g_assert_null (response.body);
}

static void
on_request (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  Desk *desk = user_data;

  desk->n_calls++;
  desk->pending = us_http_response_defer (response, desk->deadline_ms);
  if (desk->is_at_once)
    answer (desk, "at once");
}

static gboolean
on_watchdog (gpointer user_data) {
  g_error ("nothing happened for %d s", WATCHDOG_S);
  return G_SOURCE_REMOVE;
}

static UsHttpServer *
pending_server (Desk *desk) {
  UsHttpServerSettings settings;
  g_autoptr (GError) error = NULL;

  raw_settings (&settings);
  UsHttpServer *server = us_http_server_new (&settings, &error);
  g_assert_no_error (error);
  us_http_server_add_handler (server, "/later", "GET", on_request, desk);
  g_assert_true (us_http_server_start (server, &error));
  return server;
}

static int
begin (UsHttpServer *server, Desk *desk) {
  guint before = desk->n_calls;
  int fd = raw_connect (server);

  raw_send (fd, "GET /later HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  while (desk->n_calls == before)
    g_main_context_iteration (NULL, TRUE);
  return fd;
}

static char *
finish (int fd) {
  g_autoptr (GString) text = g_string_new (NULL);
  gssize n;

  do {
    char buffer[4096];

    n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0)
      g_string_append_len (text, buffer, n);
    g_main_context_iteration (NULL, FALSE);
  } while (n > 0 || (n < 0 && errno == EAGAIN));
  close (fd);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_in_time (void) {
  Desk desk = { .deadline_ms = WATCHDOG_S * 1000 };
  UsHttpServer *server = pending_server (&desk);
  int fd = begin (server, &desk);

  answer (&desk, "later");
  g_autofree char *text = finish (fd);
  g_assert_cmpuint (raw_status (text), ==, 200);
  g_assert_true (g_str_has_suffix (text, "\r\n\r\nlater"));

  desk.is_at_once = TRUE;
  g_autofree char *other = finish (begin (server, &desk));
  g_assert_true (g_str_has_suffix (other, "\r\n\r\nat once"));
  us_http_server_free (server);
}

static void
test_too_late (void) {
  Desk desk = { .deadline_ms = 20 };
  UsHttpServer *server = pending_server (&desk);
  g_autofree char *text = finish (begin (server, &desk));

  g_assert_cmpuint (raw_status (text), ==, 503);
  g_assert_nonnull (strstr (text, "urn:understudy:problem:not-confirmed"));
  g_autofree char *after = raw_header (text, "Retry-After");
  g_assert_cmpstr (after, ==, "5");
  answer (&desk, "too late");
  us_http_server_free (server);
}

/* The client leaves, and then the server itself. */
static void
test_nobody (void) {
  Desk desk = { .deadline_ms = WATCHDOG_S * 1000 };
  UsHttpServer *server = pending_server (&desk);
  UsHttpServerStats stats;

  close (begin (server, &desk));
  answer (&desk, "for nobody");
  do {
    g_main_context_iteration (NULL, FALSE);
    us_http_server_get_stats (server, &stats);
  } while (stats.connections > 0);

  int fd = begin (server, &desk);
  us_http_server_stop (server, 0);
  answer (&desk, "stopped");
  close (fd);
  us_http_server_free (server);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  guint watchdog = g_timeout_add_seconds (WATCHDOG_S, on_watchdog, NULL);
  g_test_add_func ("/http/pending/in-time", test_in_time);
  g_test_add_func ("/http/pending/too-late", test_too_late);
  g_test_add_func ("/http/pending/nobody", test_nobody);
  int result = g_test_run ();
  g_source_remove (watchdog);
  return result;
}
