/* exchange.c - one request and its answer, between libsoup's message and the routes
 *
 * on_headers() notes what the answer will depend on and bounds the body. on_request() finds the
 * route: a responder is asked at once and again while it says wait; a handler runs in the main
 * context, as a job that goes there and comes back, later if it says so (pending.c). answer() turns
 * a UsHttpResponse into libsoup's message: conditional requests and ranges are decided here, the
 * body is the responder's own GBytes.
 *
 * Part of the connection, in its shard's thread. A job outlives both: it only keeps the core, and
 * its connection is forgotten by exchange_clear().
 */
#include "http/exchange.h"

#include "http/connection.h"
#include "http/event-sink.h"
#include "http/message.h"
#include "http/negotiate.h"
#include "http/pending.h"
#include "http/problem.h"
#include "http/shard.h"

#include <string.h>

#define PREFLIGHT_MAX_AGE_S "86400"

static UsHttpConnection *
connection_of (SoupServerMessage *message) {
  return us_http_connection_of_address (soup_server_message_get_remote_address (message));
}

/* ---- the answer ---- */

/* What responders serve is public media: any page may read it. What handlers say is for the origins
 * that the server was told. */
static void
add_cors (const UsHttpExchange *exchange, SoupMessageHeaders *headers, gboolean is_preflight) {
  const UsHttpRoute *route = exchange->route;
  gboolean is_public = route != NULL && route->respond != NULL;

  if (route == NULL || (!is_public && route->origins == NULL))
    return;
  if (!is_public) /* also when it is refused: a cache may not mix them */
    soup_message_headers_append (headers, "Vary", "Origin");
  if (!is_public && !us_http_route_allows_origin (route, exchange->request.origin))
    return;
  soup_message_headers_append (headers, "Access-Control-Allow-Origin",
                               is_public ? "*" : exchange->request.origin);
  if (!is_preflight) {
    soup_message_headers_append (headers, "Access-Control-Expose-Headers",
                                 is_public
                                     ? "Content-Range, Date, ETag, Retry-After"
                                     : "Content-Range, Date, ETag, Link, Location, Retry-After");
    return;
  }
  soup_message_headers_append (headers, "Access-Control-Allow-Methods", route->allow);
  soup_message_headers_append (headers, "Access-Control-Allow-Headers",
                               is_public
                                   ? "Range, If-None-Match, If-Range, Cache-Control"
                                   : "Authorization, Cache-Control, Content-Type, Idempotency-Key, "
                                     "If-Match, If-None-Match, Last-Event-ID, X-Understudy-User");
  soup_message_headers_append (headers, "Access-Control-Max-Age", PREFLIGHT_MAX_AGE_S);
}

static void
add_headers (const GPtrArray *names_and_values, SoupMessageHeaders *headers) {
  for (guint i = 0; names_and_values != NULL && i + 1 < names_and_values->len; i += 2)
    soup_message_headers_append (headers, g_ptr_array_index (names_and_values, i),
                                 g_ptr_array_index (names_and_values, i + 1));
}

/* Decides 304, 206 and 416. Returns: (transfer full) (nullable): what is sent of the body */
static GBytes *
negotiate (UsHttpExchange *exchange, UsHttpResponse *response, SoupMessageHeaders *headers) {
  const char *range = exchange->range;
  gsize size = response->body != NULL ? g_bytes_get_size (response->body) : 0;
  gsize first, last;

  if (response->status == 200
      && us_negotiate_etag_matches (exchange->request.if_none_match, response->etag)) {
    response->status = 304;
    return NULL;
  }
  if (response->body == NULL)
    return NULL;
  if (!response->allow_range || response->status != 200)
    return g_bytes_ref (response->body);

  soup_message_headers_append (headers, "Accept-Ranges", "bytes");
  /* RFC 9110 13.1.5: another version than the client's: everything. Dates are not offered. */
  if (exchange->if_range != NULL && g_strcmp0 (exchange->if_range, response->etag) != 0)
    range = NULL;
  if (strcmp (exchange->request.method, "GET") != 0)
    range = NULL;
  switch (us_negotiate_range (range, size, &first, &last)) {
  case US_RANGE_PART:
    response->status = 206;
    soup_message_headers_set_content_range (headers, (goffset)first, (goffset)last, (goffset)size);
    return g_bytes_new_from_bytes (response->body, first, last - first + 1);
  case US_RANGE_UNSATISFIABLE: {
    g_autofree char *text = g_strdup_printf ("bytes */%" G_GSIZE_FORMAT, size);

    response->status = 416;
    soup_message_headers_append (headers, "Content-Range", text);
    return NULL;
  }
  case US_RANGE_WHOLE:
  default:
    return g_bytes_ref (response->body);
  }
}

/* Fills libsoup's message from @response and clears that. */
static void
answer (UsHttpConnection *connection, UsHttpResponse *response) {
  UsHttpExchange *exchange = &connection->exchange;
  SoupServerMessage *message = exchange->message;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  gboolean is_head = strcmp (exchange->request.method, "HEAD") == 0;
  g_autoptr (GBytes) body = NULL;
  gsize size;

  if (response->status == 0)
    response->status = 200;
  body = negotiate (exchange, response, headers);
  size = body != NULL ? g_bytes_get_size (body) : 0;

  if (response->content_type != NULL && (size > 0 || is_head))
    soup_message_headers_append (headers, "Content-Type", response->content_type);
  if (response->cache_control != NULL)
    soup_message_headers_append (headers, "Cache-Control", response->cache_control);
  if (response->etag != NULL)
    soup_message_headers_append (headers, "ETag", response->etag);
  if (response->location != NULL)
    soup_message_headers_append (headers, "Location", response->location);
  if (response->retry_after != NULL)
    soup_message_headers_append (headers, "Retry-After", response->retry_after);
  if (response->challenge != NULL)
    soup_message_headers_append (headers, "WWW-Authenticate", response->challenge);
  add_headers (response->headers, headers);
  add_headers (us_http_shard_core (connection->shard)->headers, headers);
  add_cors (exchange, headers, strcmp (exchange->request.method, "OPTIONS") == 0);
  /* libsoup 3.2 closes after 204, because it has no length: then say so. */
  if (us_http_shard_is_draining (connection->shard) || response->status == 204)
    soup_message_headers_append (headers, "Connection", "close");

  if (size > 0)
    soup_message_body_append_bytes (soup_server_message_get_response_body (message), body);
  if (response->status == 304 || response->status == 204)
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_NONE);
  if (exchange->range != NULL) { /* decided: libsoup must not decide again */
    exchange->range = NULL;
    soup_message_headers_remove (soup_server_message_get_request_headers (message), "Range");
  }
  soup_server_message_set_status (message, response->status, NULL);

  exchange->is_answered = TRUE;
  us_http_connection_set_phase (connection, US_GUARD_SENDING);
  connection->is_corked = size > 0 && !is_head;
  us_http_response_clear (response);
}

static void
answer_problem (UsHttpConnection *connection, guint status, const char *type, const char *title,
                const char *detail) {
  UsHttpResponse response = { 0 };

  us_http_problem (&response, status, type, title, "%s", detail);
  if (status == 404)
    response.cache_control = "public, max-age=1";
  if (status == 503)
    response.retry_after = g_strdup ("1");
  answer (connection, &response);
}

/* ---- responders ---- */

static guint
waited_ms (const UsHttpExchange *exchange) {
  return exchange->is_waiting ? (guint)((g_get_monotonic_time () - exchange->asked_us) / 1000) : 0;
}

/* Returns: TRUE when the message now holds its answer */
static gboolean
ask (UsHttpConnection *connection) {
  UsHttpExchange *exchange = &connection->exchange;
  UsHttpResponse response = { 0 };
  gboolean has_snapshot;
  gconstpointer snapshot = us_http_shard_snapshot (connection->shard, &has_snapshot);

  if (!has_snapshot) {
    answer_problem (connection, 503, "starting", "Starting", "Nothing to serve yet; try again.");
    return TRUE;
  }
  if (exchange->route->respond (snapshot, &exchange->request, waited_ms (exchange), &response)
      == US_HTTP_WAIT) {
    us_http_response_clear (&response);
    return FALSE;
  }
  answer (connection, &response);
  return TRUE;
}

static void
begin_wait (UsHttpConnection *connection) {
  UsHttpExchange *exchange = &connection->exchange;

  exchange->asked_us = g_get_monotonic_time ();
  if (!us_http_shard_wait (connection->shard, connection)) {
    answer_problem (connection, 503, "too-busy", "Too many waiting requests",
                    "The server holds as many blocked requests as it may; try again.");
    return;
  }
  soup_server_message_pause (exchange->message);
  /* Published between the question and now: its wake-up may have passed already. */
  if (us_http_shard_has_news (connection->shard))
    us_http_exchange_ask_again (connection);
}

void
us_http_exchange_ask_again (UsHttpConnection *connection) {
  UsHttpExchange *exchange = &connection->exchange;

  if (!exchange->is_waiting || !ask (connection))
    return;
  us_http_shard_unwait (connection->shard, connection);
  soup_server_message_unpause (exchange->message);
}

/* ---- handlers: a job goes to the main context and comes back ---- */

struct UsHttpJob {
  UsHttpCore *core;
  GMainContext *shard_context;
  UsHttpConnection *connection; /* shard's thread only; NULL: gone */
  const UsHttpRoute *route;
  UsHttpRequest request; /* strings owned */
  UsHttpResponse response;
  UsHttpSink *sink; /* nullable: the answer is a stream of events, and begins with @opening */
  GBytes *opening;
};

static void
job_free (gpointer data) {
  UsHttpJob *job = data;

  us_http_request_clear (&job->request);
  us_http_response_clear (&job->response);
  g_clear_pointer (&job->sink, us_http_sink_unref);
  g_clear_pointer (&job->opening, g_bytes_unref);
  g_main_context_unref (job->shard_context);
  us_http_core_unref (job->core);
  g_free (job);
}

static gboolean
on_reader_left (gpointer user_data) {
  us_http_events_dismiss (us_http_sink_ref (user_data));
  return G_SOURCE_REMOVE;
}

static void
open_events (UsHttpConnection *connection, UsHttpJob *job) {
  SoupMessageHeaders *headers
      = soup_server_message_get_response_headers (connection->exchange.message);

  soup_message_headers_append (headers, "Content-Type", "text/event-stream");
  soup_message_headers_append (headers, "Cache-Control", "no-store, no-transform");
  soup_message_headers_append (headers, "X-Accel-Buffering", "no"); /* nginx hands on at once */
  add_headers (job->core->headers, headers);
  soup_message_headers_append (headers, "Connection", "close");
  add_cors (&connection->exchange, headers, FALSE);
  us_http_sink_open (connection, g_steal_pointer (&job->sink), job->opening);
}

static gboolean
on_job_done (gpointer user_data) {
  UsHttpJob *job = user_data;
  UsHttpConnection *connection = job->connection;

  if (connection == NULL && job->sink != NULL)
    us_http_post (job->core->main_context, "us-http-reader-left", on_reader_left,
                  g_steal_pointer (&job->sink), (GDestroyNotify)us_http_sink_unref);
  if (connection == NULL)
    return G_SOURCE_REMOVE;
  connection->exchange.job = NULL;
  if (job->sink != NULL) {
    open_events (connection, job);
    return G_SOURCE_REMOVE;
  }
  answer (connection, &job->response);
  soup_server_message_unpause (connection->exchange.message);
  return G_SOURCE_REMOVE;
}

/* In the main context. A server that was stopped meanwhile has no shards any more. */
static void
on_pending_done (UsHttpPending *pending, gpointer user_data) {
  UsHttpJob *job = user_data;

  us_http_pending_take (pending, &job->response);
  if (g_atomic_int_get (&job->core->is_stopped))
    job_free (job);
  else
    us_http_post (job->shard_context, "us-http-job-done", on_job_done, job, job_free);
}

/* In the main context. A server that was stopped meanwhile calls no handler any more. */
static gboolean
on_job (gpointer user_data) {
  UsHttpJob *job = user_data;

  if (g_atomic_int_get (&job->core->is_stopped))
    us_http_problem (&job->response, 503, "stopping", "Stopping", "This server is stopping.");
  else if (job->route->events != NULL)
    job->sink = us_http_events_admit (job->route->events, &job->request, &job->response,
                                      job->shard_context, &job->opening);
  else
    job->route->handle (&job->request, &job->response, job->route->user_data);
  if (job->response.pending != NULL) {
    us_http_pending_watch (job->response.pending, job->core->main_context, on_pending_done, job);
    return G_SOURCE_REMOVE;
  }
  us_http_post (job->shard_context, "us-http-job-done", on_job_done, job, job_free);
  return G_SOURCE_REMOVE;
}

static void
begin_job (UsHttpConnection *connection) {
  UsHttpJob *job = g_new0 (UsHttpJob, 1);

  job->core = us_http_core_ref (us_http_shard_core (connection->shard));
  job->shard_context = g_main_context_ref (us_http_shard_context (connection->shard));
  job->connection = connection;
  job->route = connection->exchange.route;
  us_http_request_copy (&job->request, &connection->exchange.request);
  connection->exchange.job = job;
  soup_server_message_pause (connection->exchange.message);
  us_http_post (job->core->main_context, "us-http-job", on_job, job, NULL);
}

/* ---- the request ---- */

static gboolean
is_of_proxy (const char *name) {
  static const char *const of_proxies[]
      = { "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
          "X-Real-IP", NULL };

  for (guint i = 0; of_proxies[i] != NULL; i++)
    if (g_ascii_strcasecmp (name, of_proxies[i]) == 0)
      return TRUE;
  return FALSE;
}

static void
read_headers (UsHttpExchange *exchange) {
  SoupMessageHeadersIter iter;
  const char *name, *value;

  exchange->request.is_forwarded
      = soup_server_message_get_http_version (exchange->message) == SOUP_HTTP_1_0;
  soup_message_headers_iter_init (&iter,
                                  soup_server_message_get_request_headers (exchange->message));
  while (soup_message_headers_iter_next (&iter, &name, &value)) {
    if (us_http_request_note_header (&exchange->request, name, value))
      continue;
    if (g_ascii_strcasecmp (name, "Range") == 0)
      exchange->range = exchange->range == NULL ? value : "";
    else if (g_ascii_strcasecmp (name, "If-Range") == 0)
      exchange->if_range = value;
    else if (is_of_proxy (name))
      exchange->request.is_forwarded = TRUE;
  }
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, gpointer user_data) {
  UsHttpConnection *connection = connection_of (message);

  if (connection == NULL || connection->exchange.message != message)
    return;
  connection->exchange.body_size += g_bytes_get_size (chunk);
  if (connection->exchange.body_size > US_HTTP_MAX_REQUEST_BODY && !connection->is_leaving) {
    soup_message_body_truncate (soup_server_message_get_request_body (message));
    us_http_connection_refuse (connection, 413);
  }
}

/* libsoup has the header, and asks before it reads the body. */
static void
on_headers (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer user_data) {
  UsHttpConnection *connection = connection_of (message);
  UsHttpExchange *exchange;

  if (connection == NULL || connection->is_leaving)
    return;
  us_http_exchange_clear (connection);
  exchange = &connection->exchange;
  exchange->message = g_object_ref (message);
  exchange->request.method = soup_server_message_get_method (message);
  read_headers (exchange);
  if (soup_message_headers_get_encoding (soup_server_message_get_request_headers (message))
      == SOUP_ENCODING_NONE) {
    us_http_connection_set_phase (connection, US_GUARD_HANDLING);
    return;
  }
  us_http_connection_set_phase (connection, US_GUARD_BODY);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), NULL);
  /* libsoup reads chunks ahead, past their end: what follows would miss its judgement. */
  if (soup_message_headers_get_encoding (soup_server_message_get_request_headers (message))
      == SOUP_ENCODING_CHUNKED)
    soup_message_headers_append (soup_server_message_get_response_headers (message), "Connection",
                                 "close");
}

/* Decodes the path; keeps what a handler may rely on: UTF-8, and no ".." to climb with. */
static gboolean
read_path (UsHttpExchange *exchange, const char *raw) {
  const char *path = raw;

  if (strchr (raw, '%') != NULL) {
    exchange->decoded_path = g_uri_unescape_string (raw, NULL);
    path = exchange->decoded_path;
  }
  if (path == NULL || path[0] != '/' || !g_utf8_validate (path, -1, NULL))
    return FALSE;
  if (strstr (path, "/../") != NULL || g_str_has_suffix (path, "/.."))
    return FALSE;
  exchange->request.path = path;
  return TRUE;
}

static void
answer_options (UsHttpConnection *connection) {
  UsHttpResponse response = { .status = 204 };

  soup_message_headers_append (
      soup_server_message_get_response_headers (connection->exchange.message), "Allow",
      connection->exchange.route->allow);
  answer (connection, &response);
}

static void
answer_wrong_method (UsHttpConnection *connection) {
  UsHttpExchange *exchange = &connection->exchange;
  UsHttpResponse response = { 0 };

  us_http_problem (&response, 405, "method-not-allowed", "Method not allowed",
                   "%s is not possible here; possible: %s", exchange->request.method,
                   exchange->route->allow);
  soup_message_headers_append (soup_server_message_get_response_headers (exchange->message),
                               "Allow", exchange->route->allow);
  answer (connection, &response);
}

/* libsoup has the whole request. */
static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer user_data) {
  UsHttpConnection *connection = connection_of (message);
  UsHttpExchange *exchange;
  UsHttpRequest *request;
  GUri *uri = soup_server_message_get_uri (message);

  if (connection == NULL || connection->is_leaving || connection->exchange.message != message) {
    soup_server_message_set_status (message, 400, NULL);
    return;
  }
  exchange = &connection->exchange;
  request = &exchange->request;
  us_http_connection_set_phase (connection, US_GUARD_HANDLING);
  request->query = g_uri_get_query (uri) != NULL ? g_uri_get_query (uri) : "";
  request->peer = connection->peer;
  request->is_loopback = connection->is_loopback;
  if (exchange->body_size > 0) {
    exchange->body = soup_message_body_flatten (soup_server_message_get_request_body (message));
    request->body = exchange->body;
  }

  if (!read_path (exchange, path)) {
    answer_problem (connection, 400, "bad-path", "Bad path",
                    "The path is not valid UTF-8, or has \"..\" in it.");
    return;
  }
  exchange->route
      = us_http_routes_find (us_http_shard_core (connection->shard)->routes, request->path);
  if (exchange->route == NULL) {
    g_autofree char *detail = g_strdup_printf ("Nothing is served at \"%.200s\".", request->path);

    answer_problem (connection, 404, "not-found", "Not found", detail);
    return;
  }
  if (!us_http_route_allows (exchange->route, request->method))
    answer_wrong_method (connection);
  else if (strcmp (request->method, "OPTIONS") == 0)
    answer_options (connection);
  else if (exchange->route->respond == NULL)
    begin_job (connection);
  else if (!ask (connection))
    begin_wait (connection);
}

/* Finished or aborted: both end the request. */
static void
on_over (SoupServer *server, SoupServerMessage *message, gpointer user_data) {
  UsHttpConnection *connection = connection_of (message);

  if (connection == NULL)
    return;
  us_http_count (us_http_shard_core (connection->shard)->counters.requests_total, 1);
  us_http_exchange_clear (connection);
  if (connection->fd < 0 || connection->is_leaving)
    return;
  us_http_connection_flush (connection);
  connection->facts.is_fresh = FALSE;
  us_http_connection_set_phase (connection, US_GUARD_IDLE);
}

void
us_http_exchange_attach (SoupServer *server) {
  soup_server_add_early_handler (server, NULL, on_headers, NULL, NULL);
  soup_server_add_handler (server, NULL, on_request, NULL, NULL);
  g_signal_connect (server, "request-finished", G_CALLBACK (on_over), NULL);
  g_signal_connect (server, "request-aborted", G_CALLBACK (on_over), NULL);
}

void
us_http_exchange_clear (UsHttpConnection *connection) {
  UsHttpExchange *exchange = &connection->exchange;

  us_http_shard_unwait (connection->shard, connection);
  if (exchange->job != NULL)
    exchange->job->connection = NULL;
  us_http_sink_lose (connection);
  g_clear_object (&exchange->message);
  g_free (exchange->decoded_path);
  g_clear_pointer (&exchange->body, g_bytes_unref);
  memset (exchange, 0, sizeof *exchange);
  exchange->wait_link.data = connection;
}

gboolean
us_http_exchange_is_held (const UsHttpExchange *exchange) {
  return exchange->is_waiting || exchange->sink != NULL;
}

/* A message that is still paused wakes and finds its stream closed; libsoup then ends it. */
static void
wake_message (UsHttpConnection *connection) {
  UsHttpExchange *exchange = &connection->exchange;
  gboolean is_held = exchange->is_waiting || exchange->job != NULL;

  us_http_shard_unwait (connection->shard, connection);
  if (exchange->job != NULL) {
    exchange->job->connection = NULL;
    exchange->job = NULL;
  }
  if (is_held)
    soup_server_message_unpause (exchange->message);
}

void
us_http_exchange_abandon (UsHttpConnection *connection) {
  if (connection->exchange.message == NULL)
    return;
  if (connection->exchange.sink != NULL) {
    us_http_sink_end (connection);
    return;
  }
  if (!connection->exchange.is_answered)
    soup_server_message_set_status (connection->exchange.message, 503, NULL);
  wake_message (connection);
}

void
us_http_exchange_turn_away (UsHttpConnection *connection) {
  answer_problem (connection, 503, "stopping", "Stopping", "This server is stopping.");
  wake_message (connection);
}
