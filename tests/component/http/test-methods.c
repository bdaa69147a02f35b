/* test-methods.c - methods, headers and foreign pages, as handlers of an API meet them */
#include "raw.h"

static void
assert_header (const char *response, const char *name, const char *expected) {
  g_autofree char *value = raw_header (response, name);

  g_assert_cmpstr (value, ==, expected);
}

/* Says what it was asked. */
static void
on_api (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  g_autofree char *text
      = g_strdup_printf ("%s|%s|%s|%s|%s|%s", request->method, request->if_match, request->accept,
                         request->last_event_id, request->idempotency_key, request->content_type);

  us_http_response_add_header (response, "Link", "</api/x?cursor=2>; rel=\"next\"");
  us_http_response_add_header (response, "X-Text", "a\r\nInjected: yes");
  response->content_type = "text/plain";
  response->body = g_bytes_new (text, strlen (text));
  if (strcmp (request->method, "DELETE") == 0) {
    g_clear_pointer (&response->body, g_bytes_unref);
    response->status = 204;
  }
}

static UsHttpServer *
api_server (void) {
  UsHttpServerSettings settings;
  g_autoptr (GError) error = NULL;
  UsHttpServer *server;

  raw_settings (&settings);
  server = us_http_server_new (&settings, &error);
  g_assert_no_error (error);
  us_http_server_add_handler (server, "/api/", "GET, POST, PUT, PATCH, DELETE", on_api, NULL);
  us_http_server_add_handler (server, "/health", "GET", on_api, NULL);
  us_http_server_allow_origins (server, "/api/",
                                (const char *const[]){ "https://desk.example", NULL });
  g_assert_true (us_http_server_start (server, &error));
  g_assert_no_error (error);
  return server;
}

/* Sends a request on a connection of its own; handlers run in the loop meanwhile. */
static char *
ask (UsHttpServer *server, const char *method, const char *path, const char *headers) {
  g_autofree char *request = g_strdup_printf (
      "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s\r\n", method, path, headers);
  g_autoptr (GString) text = g_string_new (NULL);
  int fd = raw_connect (server);
  gssize n;

  raw_send (fd, request);
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
test_methods (void) {
  g_autoptr (UsHttpServer) server = api_server ();
  static const struct {
    const char *method;
    guint status;
  } cases[] = { { "GET", 200 },     { "HEAD", 200 },  { "POST", 200 },
                { "PUT", 200 },     { "PATCH", 200 }, { "DELETE", 204 },
                { "OPTIONS", 204 }, { "TRACE", 405 }, { "PROPFIND", 405 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *answer = ask (server, cases[i].method, "/api/x", "");

    g_test_message ("%s", cases[i].method);
    g_assert_cmpuint (raw_status (answer), ==, cases[i].status);
    if (cases[i].status == 405)
      assert_header (answer, "Allow", "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
  }
}

static void
test_headers (void) {
  g_autoptr (UsHttpServer) server = api_server ();
  g_autofree char *answer = ask (server, "PATCH", "/api/x",
                                 "If-Match: \"v1\"\r\nAccept: text/csv\r\nLast-Event-ID: 7\r\n"
                                 "Idempotency-Key: k1\r\nContent-Type: application/json\r\n"
                                 "Content-Length: 2\r\n\r\n{}");
  g_autofree char *twice
      = ask (server, "PUT", "/api/x", "If-Match: \"v1\"\r\nIf-Match: \"v2\"\r\n");

  g_assert_true (g_str_has_suffix (answer, "\r\n\r\nPATCH|\"v1\"|text/csv|7|k1|application/json"));
  assert_header (answer, "Link", "</api/x?cursor=2>; rel=\"next\"");
  assert_header (answer, "X-Text", "a  Injected: yes");
  assert_header (answer, "Injected", NULL);
  g_assert_true (g_str_has_suffix (twice, "PUT||(null)|(null)|(null)|(null)"));
}

static void
test_origins (void) {
  g_autoptr (UsHttpServer) server = api_server ();
  g_autofree char *own = ask (server, "GET", "/api/x", "Origin: https://desk.example\r\n");
  g_autofree char *strange = ask (server, "GET", "/api/x", "Origin: https://evil.example\r\n");
  g_autofree char *none = ask (server, "GET", "/api/x", "");
  g_autofree char *elsewhere = ask (server, "GET", "/health", "Origin: https://desk.example\r\n");
  g_autofree char *preflight
      = ask (server, "OPTIONS", "/api/x",
             "Origin: https://desk.example\r\nAccess-Control-Request-Method: PATCH\r\n"
             "Access-Control-Request-Headers: if-match, content-type\r\n");
  g_autofree char *evil = ask (server, "OPTIONS", "/api/x", "Origin: https://evil.example\r\n");
  g_autofree char *wrong = ask (server, "TRACE", "/api/x", "Origin: https://desk.example\r\n");

  assert_header (own, "Access-Control-Allow-Origin", "https://desk.example");
  assert_header (own, "Access-Control-Expose-Headers",
                 "Content-Range, Date, ETag, Link, Location, Retry-After");
  assert_header (own, "Access-Control-Allow-Credentials", NULL);
  assert_header (own, "Vary", "Origin");
  assert_header (strange, "Access-Control-Allow-Origin", NULL);
  assert_header (strange, "Vary", "Origin");
  assert_header (none, "Access-Control-Allow-Origin", NULL);
  assert_header (none, "Vary", "Origin");
  assert_header (elsewhere, "Access-Control-Allow-Origin", NULL);
  assert_header (elsewhere, "Vary", NULL);
  assert_header (preflight, "Access-Control-Allow-Origin", "https://desk.example");
  assert_header (preflight, "Access-Control-Allow-Methods",
                 "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
  g_autofree char *headers = raw_header (preflight, "Access-Control-Allow-Headers");
  g_assert_nonnull (strstr (headers, "If-Match"));
  g_assert_nonnull (strstr (headers, "Authorization"));
  assert_header (evil, "Access-Control-Allow-Methods", NULL);
  assert_header (wrong, "Access-Control-Allow-Origin", "https://desk.example");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/methods/methods", test_methods);
  g_test_add_func ("/http/methods/headers", test_headers);
  g_test_add_func ("/http/methods/origins", test_origins);
  return g_test_run ();
}
