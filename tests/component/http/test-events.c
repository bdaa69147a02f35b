/* test-events.c - streams of events from a real server to sockets */
#include "http/events.h"
#include "raw.h"

typedef struct {
  UsHttpEvents *events;
  UsHttpServer *server;
  guint64 id;
} Desk;

static void
desk_init (Desk *desk, const UsHttpServerSettings *settings) {
  g_autoptr (GError) error = NULL;

  if (desk->events == NULL)
    desk->events = us_http_events_new (0);
  desk->server = us_http_server_new (settings, &error);
  g_assert_no_error (error);
  us_http_server_add_events (desk->server, "/api/events", desk->events);
  us_http_server_allow_origins (desk->server, "/api/",
                                (const char *const[]){ "https://desk.example", NULL });
  g_assert_true (us_http_server_start (desk->server, &error));
  g_assert_no_error (error);
}

static void
desk_clear (Desk *desk) {
  g_clear_pointer (&desk->server, us_http_server_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&desk->events, us_http_events_free);
}

static UsHttpEventsStats
stats_of (const Desk *desk) {
  UsHttpEventsStats stats;

  us_http_events_get_stats (desk->events, &stats);
  return stats;
}

static void
publish (Desk *desk, const char *name, const char *topic) {
  g_autofree char *json = NULL;

  desk->id++;
  json = g_strdup_printf ("{\"n\":%" G_GUINT64_FORMAT "}", desk->id);
  us_http_events_publish (desk->events, name, desk->id, json, topic);
}

/* ---- a reader ---- */

typedef struct {
  int fd;
  GString *text; /* all that came */
} Reader;

/* Sends the request; the server answers while the loop runs. */
static void
reader_init (Reader *reader, const Desk *desk, const char *method, const char *query,
             const char *headers) {
  g_autofree char *request
      = g_strdup_printf ("%s /api/events%s HTTP/1.1\r\nHost: t\r\n%s\r\n", method, query, headers);

  reader->fd = raw_connect (desk->server);
  reader->text = g_string_new (NULL);
  raw_send (reader->fd, request);
}

static void
reader_clear (Reader *reader) {
  if (reader->fd >= 0)
    close (reader->fd);
  g_string_free (reader->text, TRUE);
}

/* Returns: FALSE at the end of the connection */
static gboolean
reader_take (Reader *reader) {
  char buffer[65536];
  gssize n = recv (reader->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n > 0)
    g_string_append_len (reader->text, buffer, n);
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void
reader_expect (Reader *reader, const char *text) {
  raw_wait_until (!reader_take (reader) || strstr (reader->text->str, text) != NULL);
  if (strstr (reader->text->str, text) == NULL)
    g_test_message ("%s", reader->text->str);
  g_assert_nonnull (strstr (reader->text->str, text));
}

static void
reader_expect_end (Reader *reader) {
  raw_wait_until (!reader_take (reader));
}

static guint
count (const char *text, const char *what) {
  guint n = 0;

  for (const char *p = text; (p = strstr (p, what)) != NULL; p++)
    n++;
  return n;
}

static void
assert_header (const Reader *reader, const char *name, const char *expected) {
  g_autofree char *value = raw_header (reader->text->str, name);

  g_assert_cmpstr (value, ==, expected);
}

/* ---- tests ---- */

static void
test_live (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader reader;

  raw_settings (&settings);
  desk_init (&desk, &settings);
  publish (&desk, "before", NULL);
  reader_init (&reader, &desk, "GET", "", "Origin: https://desk.example\r\n");
  reader_expect (&reader, "retry: 2000\n\n");
  g_assert_cmpuint (raw_status (reader.text->str), ==, 200);
  assert_header (&reader, "Content-Type", "text/event-stream");
  assert_header (&reader, "Cache-Control", "no-store, no-transform");
  assert_header (&reader, "X-Accel-Buffering", "no");
  assert_header (&reader, "Access-Control-Allow-Origin", "https://desk.example");
  assert_header (&reader, "Vary", "Origin");
  assert_header (&reader, "Content-Length", NULL);
  assert_header (&reader, "Transfer-Encoding", NULL);
  publish (&desk, "health", "a");
  reader_expect (&reader, "id: 2\nevent: health\ndata: {\"n\":2}\n\n");
  us_http_events_publish (desk.events, "lines", 10, "one\ntwo\r\nthree\rfour", NULL);
  reader_expect (&reader, "data: one\ndata: two\ndata: three\ndata: four\n\n");
  g_assert_null (strstr (reader.text->str, "before"));
  g_assert_cmpuint (stats_of (&desk).clients, ==, 1);
  reader_clear (&reader);
  raw_wait_until (stats_of (&desk).clients == 0);
  raw_wait_until (raw_stats (desk.server).connections == 0);
  desk_clear (&desk);
}

static void
test_replay (void) {
  static const struct {
    const char *query, *headers;
    guint n_replayed;
    gboolean is_reset;
  } cases[] = {
    { "", "", 0, FALSE },
    { "", "Last-Event-ID: 105\r\n", 0, FALSE },
    { "", "Last-Event-ID: 103\r\n", 2, FALSE },
    { "?last_event_id=103", "", 2, FALSE },
    { "?last_event_id=101", "Last-Event-ID: 104\r\n", 1, FALSE },
    { "", "Last-Event-ID: 100\r\n", 5, FALSE }, /* before the first, and known */
    { "", "Last-Event-ID: 99\r\n", 0, TRUE },   /* of the run before */
    { "", "Last-Event-ID: 0\r\n", 0, TRUE },
    { "", "Last-Event-ID: 106\r\n", 0, TRUE }, /* of the future: of another server */
    { "", "Last-Event-ID: 18446744073709551615\r\n", 0, TRUE },
    { "", "Last-Event-ID: 99999999999999999999\r\n", 0, FALSE }, /* none of ours */
    { "", "Last-Event-ID: x\r\n", 0, FALSE },
    { "?kinds=odd&last_event_id=100", "", 3, FALSE },
    { "?stream=s2&last_event_id=100", "", 2, FALSE },
    { "?stream=nothing&last_event_id=100", "", 0, FALSE },
    { "?stream=s2&kinds=odd,x&last_event_id=100", "", 0, FALSE },
  };
  UsHttpServerSettings settings;
  Desk desk = { .events = us_http_events_new (100), .id = 100 };

  raw_settings (&settings);
  desk_init (&desk, &settings);
  for (guint i = 1; i <= 5; i++)
    publish (&desk, i % 2 == 1 ? "odd" : "even", i % 2 == 1 ? "s1" : "s2");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Reader reader;

    g_test_message ("%s %s", cases[i].query, cases[i].headers);
    reader_init (&reader, &desk, "GET", cases[i].query, cases[i].headers);
    reader_expect (&reader, "retry: 2000\n\n");
    raw_wait_until (!reader_take (&reader)
                    || count (reader.text->str, "\nevent: ")
                           == cases[i].n_replayed + (cases[i].is_reset ? 1 : 0));
    g_assert_cmpuint (count (reader.text->str, "\nevent: reset\n"), ==, cases[i].is_reset);
    if (cases[i].is_reset)
      g_assert_nonnull (
          strstr (reader.text->str, "id: 105\nevent: reset\ndata: {\"last_id\":105}\n\n"));
    reader_clear (&reader);
  }
  raw_wait_until (stats_of (&desk).clients == 0);
  desk_clear (&desk);
}

/* What is older than the ring is gone; much more than a reader may lag behind is not repeated. */
static void
test_ring (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader reader;
  g_autofree char *big = g_strnfill (1000, 'x');

  raw_settings (&settings);
  desk_init (&desk, &settings);
  for (guint i = 0; i < US_HTTP_EVENTS_RING + 3; i++)
    publish (&desk, "e", NULL);
  reader_init (&reader, &desk, "GET", "?last_event_id=3", "");
  reader_expect (&reader, "id: 2051\n");
  g_assert_cmpuint (count (reader.text->str, "\nevent: e\n"), ==, US_HTTP_EVENTS_RING);
  g_assert_null (strstr (reader.text->str, "event: reset"));
  reader_clear (&reader);
  reader_init (&reader, &desk, "GET", "?last_event_id=2", "");
  reader_expect (&reader, "event: reset\n");
  reader_clear (&reader);
  for (guint i = 0; i < 300; i++)
    us_http_events_publish (desk.events, "big", 5000 + i, big, NULL);
  reader_init (&reader, &desk, "GET", "?last_event_id=2051", "");
  reader_expect (&reader, "event: reset\n");
  g_assert_null (strstr (reader.text->str, "event: big"));
  reader_clear (&reader);
  g_assert_cmpuint (stats_of (&desk).reset_total, ==, 2);
  desk_clear (&desk);
}

static void
check (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  if (g_strcmp0 (request->authorization, "Bearer good") == 0)
    return;
  response->status = 401;
  response->challenge = "Bearer";
}

static void
test_refusals (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader good, second, bad, unknown, posted, options, stranger;

  raw_settings (&settings);
  desk_init (&desk, &settings);
  us_http_events_set_check (desk.events, check, NULL);
  us_http_events_set_limits (desk.events, 1, 0);
  reader_init (&bad, &desk, "GET", "", "");
  reader_expect (&bad, "\r\n\r\n");
  g_assert_cmpuint (raw_status (bad.text->str), ==, 401);
  assert_header (&bad, "WWW-Authenticate", "Bearer");
  reader_init (&unknown, &desk, "GET", "?kind=a", "Authorization: Bearer good\r\n");
  reader_expect (&unknown, "unknown-parameter");
  g_assert_cmpuint (raw_status (unknown.text->str), ==, 400);
  reader_init (&good, &desk, "GET", "", "Authorization: Bearer good\r\n");
  reader_expect (&good, "retry:");
  reader_init (&second, &desk, "GET", "", "Authorization: Bearer good\r\n");
  reader_expect (&second, "too-busy");
  g_assert_cmpuint (raw_status (second.text->str), ==, 503);
  assert_header (&second, "Retry-After", "10");
  reader_init (&posted, &desk, "POST", "", "Content-Length: 0\r\n");
  reader_expect (&posted, "method-not-allowed");
  reader_init (&options, &desk, "OPTIONS", "",
               "Origin: https://desk.example\r\nAccess-Control-Request-Method: GET\r\n");
  reader_expect (&options, "\r\n\r\n");
  g_assert_cmpuint (raw_status (options.text->str), ==, 204);
  assert_header (&options, "Access-Control-Allow-Origin", "https://desk.example");
  assert_header (&options, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
  reader_init (&stranger, &desk, "OPTIONS", "", "Origin: https://evil.example\r\n");
  reader_expect (&stranger, "\r\n\r\n");
  assert_header (&stranger, "Access-Control-Allow-Origin", NULL);
  g_assert_cmpuint (stats_of (&desk).refused_total, ==, 3);
  reader_clear (&good);
  raw_wait_until (stats_of (&desk).clients == 0);
  reader_init (&good, &desk, "GET", "", "Authorization: Bearer good\r\n");
  reader_expect (&good, "retry:");
  reader_clear (&good);
  reader_clear (&second);
  reader_clear (&bad);
  reader_clear (&unknown);
  reader_clear (&posted);
  reader_clear (&options);
  reader_clear (&stranger);
  desk_clear (&desk);
}

static void
test_head (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader head;

  raw_settings (&settings);
  desk_init (&desk, &settings);
  reader_init (&head, &desk, "HEAD", "", "");
  reader_expect (&head, "\r\n\r\n");
  g_assert_cmpuint (raw_status (head.text->str), ==, 200);
  assert_header (&head, "Content-Type", "text/event-stream");
  g_assert_cmpuint (stats_of (&desk).clients, ==, 0);
  reader_clear (&head);
  desk_clear (&desk);
}

static void
test_old_http (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader reader = { 0 };

  raw_settings (&settings);
  desk_init (&desk, &settings);
  reader.fd = raw_connect (desk.server);
  reader.text = g_string_new (NULL);
  raw_send (reader.fd, "GET /api/events HTTP/1.0\r\n\r\n");
  reader_expect (&reader, "\r\n\r\nretry: 2000\n\n");
  publish (&desk, "e", NULL);
  reader_expect (&reader, "data: {\"n\":1}\n\n");
  reader_clear (&reader);
  desk_clear (&desk);
}

/* Longer than any deadline of a request; the heartbeat shows that time passes. */
static void
test_patience (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader reader;

  raw_settings (&settings);
  settings.idle_timeout_ms = 20;
  desk_init (&desk, &settings);
  us_http_events_set_limits (desk.events, 0, 50);
  reader_init (&reader, &desk, "GET", "?kinds=nothing", "");
  raw_wait_until (!reader_take (&reader) || count (reader.text->str, "\n:\n\n") >= 20);
  g_assert_cmpuint (count (reader.text->str, "\n:\n\n"), >=, 20);
  g_assert_cmpuint (raw_stats (desk.server).timeouts_total, ==, 0);
  reader_clear (&reader);
  desk_clear (&desk);
}

/* One that does not read is dropped; the others notice nothing. */
static void
test_slow (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader slow, good;
  g_autofree char *big = g_strnfill (20000, 'x');

  raw_settings (&settings);
  desk_init (&desk, &settings);
  reader_init (&slow, &desk, "GET", "", "");
  reader_init (&good, &desk, "GET", "", "");
  raw_wait_until (stats_of (&desk).clients == 2);
  reader_expect (&good, "retry:");
  while (stats_of (&desk).slow_total == 0) {
    g_autofree char *seen = g_strdup_printf ("id: %" G_GUINT64_FORMAT "\n", ++desk.id);

    us_http_events_publish (desk.events, "big", desk.id, big, NULL);
    reader_expect (&good, seen);
    g_string_truncate (good.text, 0);
    g_assert_cmpuint (desk.id, <, 5000);
  }
  g_test_message ("dropped after %" G_GUINT64_FORMAT " events of 20 KB", desk.id);
  g_assert_cmpuint (stats_of (&desk).clients, ==, 1);
  reader_expect_end (&slow);
  reader_clear (&slow);
  reader_clear (&good);
  desk_clear (&desk);
}

/* The same, when there are too few events to fill the queue: time decides. */
static void
test_stuck (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader stuck;
  int small = 4096;
  g_autofree char *big = g_strnfill (50000, 'x');
  guint64 n_bytes = 0;

  raw_settings (&settings);
  settings.send_timeout_ms = 200;
  desk_init (&desk, &settings);
  reader_init (&stuck, &desk, "GET", "", "");
  g_assert_cmpint (setsockopt (stuck.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), ==, 0);
  raw_wait_until (stats_of (&desk).clients == 1);
  do { /* until the kernel takes no more: then 50 KB wait, below the limit */
    n_bytes = raw_stats (desk.server).bytes_out_total;
    us_http_events_publish (desk.events, "big", ++desk.id, big, NULL);
    for (guint i = 0; i < 50 && raw_stats (desk.server).bytes_out_total < n_bytes + 50000; i++)
      g_usleep (1000);
  } while (raw_stats (desk.server).bytes_out_total >= n_bytes + 50000);
  raw_wait_until (stats_of (&desk).clients == 0);
  g_assert_cmpuint (stats_of (&desk).slow_total, ==, 1);
  g_assert_cmpuint (raw_stats (desk.server).timeouts_total, ==, 1);
  reader_clear (&stuck);
  desk_clear (&desk);
}

static void
test_stop (void) {
  UsHttpServerSettings settings;
  guint n_before = raw_count_descriptors ();

  raw_settings (&settings);
  for (guint round = 0; round < 2; round++) {
    Desk desk = { 0 };
    Reader readers[8];

    desk_init (&desk, &settings);
    for (guint i = 0; i < G_N_ELEMENTS (readers); i++) {
      reader_init (&readers[i], &desk, "GET", "", "");
      reader_expect (&readers[i], "retry:");
    }
    publish (&desk, "last", NULL);
    for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
      reader_expect (&readers[i], "event: last\n");
    us_http_server_stop (desk.server, round == 0 ? 20000 : 0);
    for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
      reader_expect_end (&readers[i]);
    raw_wait_until (stats_of (&desk).clients == 0);
    publish (&desk, "nobody", NULL);
    for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
      reader_clear (&readers[i]);
    desk_clear (&desk);
  }
  g_assert_cmpuint (raw_count_descriptors (), <=, n_before + 2); /* GLib's own wake-up */
}

/* Those who leave between the question and its answer, and the hub that goes first. */
static void
test_hasty (void) {
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader reader;

  raw_settings (&settings);
  desk_init (&desk, &settings);
  for (guint i = 0; i < 200; i++) {
    reader_init (&reader, &desk, "GET", "", "");
    if (i % 3 == 0)
      g_main_context_iteration (NULL, FALSE);
    if (i % 2 == 0)
      publish (&desk, "e", NULL);
    reader_clear (&reader);
  }
  raw_wait_until (raw_stats (desk.server).connections_total == 200
                  && raw_stats (desk.server).connections == 0);
  raw_wait_until (stats_of (&desk).clients == 0);
  desk_clear (&desk);
}

static void
test_many (void) {
  enum { N = 500, EVENTS = 20 };
  UsHttpServerSettings settings;
  Desk desk = { 0 };
  Reader *readers = g_new0 (Reader, N);
  struct rusage before, after;

  raw_settings (&settings);
  desk_init (&desk, &settings);
  for (guint i = 0; i < N; i++)
    reader_init (&readers[i], &desk, "GET", i % 2 == 0 ? "?stream=a" : "?stream=b", "");
  raw_wait_until (stats_of (&desk).clients == N);
  getrusage (RUSAGE_SELF, &before);
  for (guint i = 0; i < EVENTS; i++)
    publish (&desk, "e", i % 2 == 0 ? "a" : "b");
  for (guint i = 0; i < N; i++) {
    raw_wait_until (!reader_take (&readers[i])
                    || count (readers[i].text->str, "\nevent: e\n") == EVENTS / 2);
    g_assert_cmpuint (count (readers[i].text->str, "\nevent: e\n"), ==, EVENTS / 2);
  }
  getrusage (RUSAGE_SELF, &after);
  g_test_message ("%u deliveries, readers included: %ld us of processor each", N * EVENTS / 2,
                  ((after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec
                    - before.ru_stime.tv_sec)
                       * 1000000
                   + after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec
                   - before.ru_stime.tv_usec)
                      / (N * EVENTS / 2));
  for (guint i = 0; i < N; i++)
    reader_clear (&readers[i]);
  g_free (readers);
  desk_clear (&desk);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  raw_allow_descriptors (4096);
  g_test_add_func ("/http/events/live", test_live);
  g_test_add_func ("/http/events/replay", test_replay);
  g_test_add_func ("/http/events/ring", test_ring);
  g_test_add_func ("/http/events/refusals", test_refusals);
  g_test_add_func ("/http/events/head", test_head);
  g_test_add_func ("/http/events/old-http", test_old_http);
  g_test_add_func ("/http/events/patience", test_patience);
  g_test_add_func ("/http/events/slow", test_slow);
  g_test_add_func ("/http/events/stuck", test_stuck);
  g_test_add_func ("/http/events/stop", test_stop);
  g_test_add_func ("/http/events/hasty", test_hasty);
  g_test_add_func ("/http/events/many", test_many);
  return g_test_run ();
}
