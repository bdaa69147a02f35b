/* test-http.c - the control API over the wire: every refusal at the door, and what it answers */
#include <glib/gstdio.h>
#include <string.h>

#include "booth.h"

#define HOLD "/control/streams/mystream/hold"
#define LOCAL "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define TOKEN "0123456789abcdef"

static const UsConsoleSettings local = { .has_http = TRUE, .token_file = "", .bus = "none" };

static void
set_up (Booth *booth, gconstpointer data) {
  const UsConsoleSettings *console = data;
  booth_open (booth);
  booth_start_switcher (booth, console != NULL ? console : &local);
}

static void
tear_down (Booth *booth, gconstpointer data) {
  booth_close (booth);
}

static char *
ask (Booth *booth, const char *line, const char *headers, const char *body) {
  g_autofree char *request
      = body != NULL
            ? g_strdup_printf ("%s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s", line,
                               headers, strlen (body), body)
            : g_strdup_printf ("%s\r\n%sConnection: close\r\n\r\n", line, headers);
  return booth_talk (booth, request);
}

static guint
status_of (const char *answer) {
  guint status = 0;
  g_assert_true (g_str_has_prefix (answer, "HTTP/1."));
  for (const char *p = answer + strlen ("HTTP/1.1 "); g_ascii_isdigit (*p); p++)
    status = status * 10 + (guint)(*p - '0');
  return status;
}

/* Lines, headers, body, status, and what the answer has. */
static const struct {
  const char *line, *headers, *body;
  guint status;
  const char *part;
} rows[] = {
  { "GET /control/status HTTP/1.1", LOCAL, NULL, 200, "\"name\":\"mystream\"" },
  { "GET /control/status HTTP/1.1", LOCAL, NULL, 200, "\"path\":\"/hls/index.m3u8\"" },
  { "GET /control/status HTTP/1.1", LOCAL, NULL, 200, "\"started_ms\":1" },
  { "GET /control/drills HTTP/1.1", LOCAL, NULL, 200, "\"drills\":[]" },
  { "POST " HOLD " HTTP/1.1", LOCAL JSON, "{\"seconds\":5,\"why\":\"x\"}", 200, "\"held\"" },
  { "POST /control/streams/*/hold HTTP/1.1", LOCAL JSON, "{}", 200, "\"held\"" },
  { "POST /control/streams/mystream/release HTTP/1.1", LOCAL JSON, "{}", 200, "\"auto\"" },
  { "POST /control/streams/my%73tream/release HTTP/1.1", LOCAL JSON, "{}", 200, "\"auto\"" },

  { "GET /control/streams/mystream/ledger HTTP/1.1", LOCAL, NULL, 200, "\"rows\":[" },
  { "GET /control/streams/my%73tream/ledger?after=0&limit=250 HTTP/1.1", LOCAL, NULL, 200,
    "\"renditions\":[]" },
  { "GET /control/streams/mystream/ledger?after=9223372036854775807 HTTP/1.1", LOCAL, NULL, 200,
    "\"rows\":[]" },

  /* the door */
  { "GET /control/status HTTP/1.1", "Host: evil.example\r\n", NULL, 403, "wrong-host" },
  { "GET /control/status HTTP/1.0", LOCAL, NULL, 403, "not-local" },
  { "GET /control/status HTTP/1.1", LOCAL "X-Forwarded-For: 127.0.0.1\r\n", NULL, 403,
    "not-local" },
  { "GET /control/status HTTP/1.1", LOCAL "x-real-ip: 127.0.0.1\r\n", NULL, 403, "not-local" },
  { "GET /control/status HTTP/1.1", LOCAL "Forwarded: for=127.0.0.1\r\n", NULL, 403, "not-local" },
  { "GET /control/status HTTP/1.1", LOCAL "Via: 1.1 cache\r\n", NULL, 403, "not-local" },
  { "POST " HOLD " HTTP/1.1", LOCAL JSON "Origin: http://evil.example\r\n", "{}", 403,
    "cross-origin" },
  { "POST " HOLD " HTTP/1.1", LOCAL JSON "Origin: null\r\n", "{}", 403, "cross-origin" },
  { "POST " HOLD " HTTP/1.1", LOCAL "Content-Type: text/plain\r\n", "{}", 415, "not-json" },
  { "POST " HOLD " HTTP/1.1", LOCAL, "{}", 415, "not-json" },
  { "POST /control/nonsense HTTP/1.1", "Host: evil.example\r\n", "{}", 403, "wrong-host" },

  /* the body */
  { "POST " HOLD " HTTP/1.1", LOCAL JSON, "{\"seconds\":-1}", 422, "#/seconds" },
  { "POST " HOLD " HTTP/1.1", LOCAL JSON, "{\"seconds\":604801}", 422, "#/seconds" },
  { "POST " HOLD " HTTP/1.1", LOCAL JSON, "{\"second\":1}", 422, "#/second" },
  { "POST " HOLD " HTTP/1.1", LOCAL JSON, "{\"why\":\"a\\nb\"}", 422, "#/why" },
  { "POST " HOLD " HTTP/1.1", LOCAL JSON, "{", 400, "bad-json" },
  { "POST /control/streams/mystream/drain HTTP/1.1", LOCAL JSON, "{\"origin\":\"third\"}", 422,
    "#/origin" },
  { "POST /control/streams/mystream/failback HTTP/1.1", LOCAL JSON, "{\"mode\":\"x\"}", 422,
    "#/mode" },

  /* the path */
  { "POST /control/streams/other/hold HTTP/1.1", LOCAL JSON, "{}", 404, "no-stream" },
  { "POST /control/drills/kill HTTP/1.1", LOCAL JSON, "{}", 409, "not-now" },
  { "POST /control/streams/mystream/explode HTTP/1.1", LOCAL JSON, "{}", 404, "not-found" },
  { "POST /control/streams/mystream/drill HTTP/1.1", LOCAL JSON, "{}", 404, "not-found" },
  { "POST /control/streams/mystream HTTP/1.1", LOCAL JSON, "{}", 404, "not-found" },
  { "POST /control/streams//hold HTTP/1.1", LOCAL JSON, "{}", 404, "not-found" },
  { "GET /control/ HTTP/1.1", LOCAL, NULL, 404, "not-found" },
  { "GET /control/drills/kill HTTP/1.1", LOCAL, NULL, 405, "POST" },
  { "GET " HOLD " HTTP/1.1", LOCAL, NULL, 405, "POST" },
  { "POST /control/status HTTP/1.1", LOCAL JSON, "{}", 405, "GET" },
  { "DELETE /control/status HTTP/1.1", LOCAL, NULL, 405, "method" },
  { "POST /control/streams/mystream/ledger HTTP/1.1", LOCAL JSON, "{}", 405, "GET" },

  /* what was published */
  { "GET /control/streams/other/ledger HTTP/1.1", LOCAL, NULL, 404, "no-stream" },
  { "GET /control/streams/*/ledger HTTP/1.1", LOCAL, NULL, 404, "no-stream" },
  { "GET /control/streams//ledger HTTP/1.1", LOCAL, NULL, 404, "not-found" },
  { "GET /control/streams/mystream/ledger?rendition=v0 HTTP/1.1", LOCAL, NULL, 404,
    "no-rendition" },
  { "GET /control/streams/mystream/ledger?limit=0 HTTP/1.1", LOCAL, NULL, 400, "bad-parameter" },
  { "GET /control/streams/mystream/ledger?limit=251 HTTP/1.1", LOCAL, NULL, 400, "bad-parameter" },
  { "GET /control/streams/mystream/ledger?after=-1 HTTP/1.1", LOCAL, NULL, 400, "bad-parameter" },
  { "GET /control/streams/mystream/ledger?before=1 HTTP/1.1", LOCAL, NULL, 400,
    "unknown-parameter" },
  { "GET /control/streams/mystream/ledger HTTP/1.1", "Host: evil.example\r\n", NULL, 403,
    "wrong-host" },
};

static void
test_rows (Booth *booth, gconstpointer data) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *answer = ask (booth, rows[i].line, rows[i].headers, rows[i].body);
    g_test_message ("%s | %s", rows[i].line, rows[i].body != NULL ? rows[i].body : "");
    g_assert_cmpuint (status_of (answer), ==, rows[i].status);
    g_assert_nonnull (strstr (answer, rows[i].part));
    g_assert_nonnull (strstr (answer, "no-store"));
    g_assert_null (strstr (answer, "Access-Control")); /* no page may read it */
    if (rows[i].status >= 400)
      g_assert_nonnull (strstr (answer, "application/problem+json"));
    if (rows[i].status == 403)
      g_assert_nonnull (strstr (answer, "WWW-Authenticate: Bearer"));
  }
}

static guint
count_rows (const char *answer) {
  guint n = 0;
  for (const char *p = answer; (p = strstr (p, "\"comparison\":")) != NULL; p++)
    n++;
  return n;
}

/* Read piece by piece, it is the same as in one. */
static void
test_ledger (Booth *booth, gconstpointer data) {
  g_autofree char *whole = NULL;
  booth_await ((g_free (whole),
                whole = ask (booth, "GET /control/streams/mystream/ledger HTTP/1.1", LOCAL, NULL),
                count_rows (whole) == 5));
  g_autofree char *newest
      = ask (booth, "GET /control/streams/mystream/ledger?limit=2 HTTP/1.1", LOCAL, NULL);
  g_assert_cmpuint (count_rows (newest), ==, 2);
  g_assert_nonnull (strstr (newest, "\"number\":1005"));
  g_autofree char *first
      = ask (booth, "GET /control/streams/mystream/ledger?after=1&limit=2 HTTP/1.1", LOCAL, NULL);
  g_assert_cmpuint (count_rows (first), ==, 2);
  g_assert_nonnull (strstr (first, "\"number\":1001"));
  g_assert_nonnull (strstr (first, "\"newest\":1005"));
  g_autofree char *rest
      = ask (booth, "GET /control/streams/mystream/ledger?after=1002 HTTP/1.1", LOCAL, NULL);
  g_assert_cmpuint (count_rows (rest), ==, 3);
  g_autofree char *nothing
      = ask (booth, "GET /control/streams/mystream/ledger?after=1005 HTTP/1.1", LOCAL, NULL);
  g_assert_cmpuint (count_rows (nothing), ==, 0);
  booth_next (booth);
  g_autofree char *more = NULL;
  booth_await ((g_free (more),
                more = ask (booth,
                            "GET /control/streams/mystream/ledger?after=1005 "
                            "HTTP/1.1",
                            LOCAL, NULL),
                count_rows (more) == 1));
  g_assert_nonnull (strstr (more, "\"number\":1006"));
}

/* Nobody's: whoever stood between may have believed the other one. */
static void
test_two_hosts (Booth *booth, gconstpointer data) {
  g_autofree char *answer
      = ask (booth, "GET /control/status HTTP/1.1", LOCAL "Host: evil.example\r\n", NULL);
  g_assert_cmpuint (status_of (answer), ==, 400);
}

/* A browser asks first, and is told nothing that would let it go on. */
static void
test_preflight (Booth *booth, gconstpointer data) {
  g_autofree char *answer = ask (booth, "OPTIONS " HOLD " HTTP/1.1",
                                 LOCAL "Origin: http://evil.example\r\n"
                                       "Access-Control-Request-Method: POST\r\n",
                                 NULL);
  g_assert_null (strstr (answer, "Access-Control-Allow"));
}

static void
test_large_body (Booth *booth, gconstpointer data) {
  g_autofree char *why = g_strnfill (5000, 'x');
  g_autofree char *body = g_strdup_printf ("{\"why\":\"%s\"}", why);
  g_autofree char *answer = ask (booth, "POST " HOLD " HTTP/1.1", LOCAL JSON, body);
  g_assert_cmpuint (status_of (answer), ==, 413);
  g_autofree char *deep = g_strnfill (4000, '[');
  g_autofree char *bad = ask (booth, "POST " HOLD " HTTP/1.1", LOCAL JSON, deep);
  g_assert_cmpuint (status_of (bad), ==, 400);
}

/* An order given here is seen there, with who and why. */
static void
test_effect (Booth *booth, gconstpointer data) {
  g_autofree char *status = NULL;
  booth_await ((g_free (status), status = ask (booth, "GET /control/status HTTP/1.1", LOCAL, NULL),
                strstr (status, "\"unknown\"") == NULL && strstr (status, "\"failed\"") == NULL));
  g_autofree char *done = ask (booth, "POST /control/streams/mystream/failover HTTP/1.1",
                               LOCAL JSON "X-Understudy-User: bob\r\n", "{\"why\":\"new disk\"}");
  g_assert_cmpuint (status_of (done), ==, 200);
  g_assert_nonnull (strstr (done, "\"active\":\"backup\""));
  g_assert_nonnull (strstr (done, "\"reason\":\"operator-force\",\"class\":\"manual\""));
  g_assert_nonnull (strstr (done, "\"who\":\"127.0.0.1 (says bob)\",\"why\":\"new disk\""));
  g_autofree char *record = ask (booth, "GET /control/status HTTP/1.1", LOCAL, NULL);
  g_assert_nonnull (strstr (record, "\"command\":\"failover\",\"stream\":\"mystream\""));
  g_autofree char *metrics = ask (booth, "GET /metrics HTTP/1.1", LOCAL, NULL);
  g_assert_nonnull (strstr (metrics, "\nfailovers_total 1\n"));
  g_autofree char *head = ask (booth, "HEAD /control/status HTTP/1.1", LOCAL, NULL);
  g_assert_cmpuint (status_of (head), ==, 200);
  g_assert_null (strstr (head, "mystream"));
}

static void
test_disabled (void) {
  Booth booth;
  const UsConsoleSettings console = { .has_http = FALSE, .token_file = "", .bus = "none" };
  set_up (&booth, &console);
  g_autofree char *answer = ask (&booth, "GET /control/status HTTP/1.1", LOCAL, NULL);
  g_assert_cmpuint (status_of (answer), ==, 404);
  tear_down (&booth, NULL);
}

static void
test_tokens (void) {
  Booth booth;
  booth_open (&booth);
  g_autofree char *path = g_build_filename (booth.folder, "tokens", NULL);
  g_assert_true (g_file_set_contents (path, "alice " TOKEN "\n", -1, NULL));
  const UsConsoleSettings console = { .has_http = TRUE, .token_file = path, .bus = "none" };
  booth_start_switcher (&booth, &console);
  g_autofree char *none = ask (&booth, "GET /control/status HTTP/1.1", LOCAL, NULL);
  g_assert_cmpuint (status_of (none), ==, 401);
  g_assert_nonnull (strstr (none, "WWW-Authenticate: Bearer realm=\"understudy\""));
  g_autofree char *wrong = ask (&booth, "GET /control/status HTTP/1.1",
                                LOCAL "Authorization: Bearer 0000000000000000\r\n", NULL);
  g_assert_cmpuint (status_of (wrong), ==, 401);
  g_autofree char *right = ask (&booth, "POST " HOLD " HTTP/1.1",
                                "Host: tv.example\r\n" JSON "X-Forwarded-For: 192.0.2.1\r\n"
                                "Authorization: Bearer " TOKEN "\r\n",
                                "{}");
  g_assert_cmpuint (status_of (right), ==, 200);
  g_autofree char *status = ask (&booth, "GET /control/status HTTP/1.1",
                                 LOCAL "Authorization: Bearer " TOKEN "\r\n", NULL);
  g_assert_nonnull (strstr (status, "\"who\":\"alice\""));
  g_assert_null (strstr (status, TOKEN));
  g_unlink (path);
  booth_close (&booth);
}

/* Settings that do not fit are said at the start. */
static void
test_bad_settings (void) {
  static const struct {
    UsConsoleSettings console;
    const char *part;
  } table[] = {
    { { .token_file = "/nonexistent/tokens", .bus = "none" }, "control-token-file" },
    { { .token_file = "", .bus = "carrier" }, "carrier" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) error = NULL;
    UsSwitcherSettings settings;
    us_switcher_settings_default (&settings);
    settings.http.address = "127.0.0.1";
    settings.http.port = 0;
    settings.console = table[i].console;
    g_assert_null (us_switcher_new (&settings, &error));
    g_assert_nonnull (strstr (error->message, table[i].part));
  }
}

#define ADD(name, test) g_test_add ("/control/http/" name, Booth, NULL, set_up, test, tear_down)

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  ADD ("rows", test_rows);
  ADD ("two-hosts", test_two_hosts);
  ADD ("ledger", test_ledger);
  ADD ("preflight", test_preflight);
  ADD ("large-body", test_large_body);
  ADD ("effect", test_effect);
  g_test_add_func ("/control/http/disabled", test_disabled);
  g_test_add_func ("/control/http/tokens", test_tokens);
  g_test_add_func ("/control/http/bad-settings", test_bad_settings);
  return g_test_run ();
}
