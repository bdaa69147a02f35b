/* client.c - bounded, timed HTTP requests
 *
 * One SoupSession per client, in one thread. A fetch is a small state machine: connecting, waiting
 * for the first byte, reading the body; one timer source carries the deadline of the step it is in,
 * and the time in libsoup's own queue counts as connecting. Redirects are followed here, so that
 * each hop is checked. The body is read straight into the buffer that becomes the reply, and never
 * past the size cap.
 *
 * What is asked is in client-request.c; trace.c takes the time of each step and keeps a fetch from
 * addresses that its policy forbids.
 *
 * A fetch is owned by its GTask, which ends exactly once: with a reply, or with the reason. Whoever
 * wants to stop (deadline, caller) says why and cancels libsoup, whose callback then ends it.
 */
#include "http/client.h"

#include <libsoup/soup.h>
#include <string.h>

#include "http/client-error.h"
#include "http/client-request.h"
#include "http/content-coding.h"
#include "http/reach.h"
#include "http/trace.h"

#define DEFAULT_REDIRECTS 3
#define MOST_REDIRECTS 10
/* A follower holds one blocked request per stream and origin: a low cap would queue one stream's
 * fetch behind another's wait. Idle connections close after a minute. */
#define MAX_CONNECTIONS 4096
#define MAX_CONNECTIONS_PER_HOST 2048
#define READ_STEP 65536
/* libsoup reads the trailers of a body in chunks into our buffer, and fails without an error when
 * there is room for one byte only. */
#define READ_LEAST 256
#define DEFAULT_CONNECT_MS 1000
#define DEFAULT_FIRST_BYTE_MS 2000
#define DEFAULT_DEADLINE_MS 10000
#define DEFAULT_MAX_BYTES (64 * 1024 * 1024)

struct _UsHttpClient {
  GObject parent_instance;
  SoupSession *session;
};

G_DEFINE_FINAL_TYPE (UsHttpClient, us_http_client, G_TYPE_OBJECT)

typedef struct {
  UsHttpClient *client; /* owned */
  UsHttpFetch limits;   /* its numbers; what it points to is in @request and @led_by */
  UsClientRequest request;
  UsHttpTrace trace;
  char *led_by;         /* nullable */
  gboolean wants_gzip;  /* and undoes it */
  SoupMessage *message; /* of the current hop */
  GInputStream *stream; /* nullable: the body */
  GCancellable *cancellable;
  GSource *timer, *cancel_source; /* cancel_source nullable */
  UsFetchStep step;
  guint n_redirects;
  gint64 begun_us, step_us, first_byte_us;
  gboolean is_stopped; /* @stop_code says why */
  UsHttpError stop_code;
  guint8 *buffer;
  gsize n_bytes, capacity;
  goffset expected;    /* bytes, by Content-Length or Content-Range; -1: not said */
  gboolean is_partial; /* a 206 that is what was asked for */
} Fetch;

static void send_message (GTask *task);
static void read_more (GTask *task);

static void
fetch_free (gpointer data) {
  Fetch *fetch = data;

  us_http_trace_clear (&fetch->trace);
  if (fetch->message != NULL)
    g_signal_handlers_disconnect_by_data (fetch->message, fetch);
  g_clear_object (&fetch->message);
  g_clear_object (&fetch->stream);
  g_clear_object (&fetch->cancellable);
  g_clear_object (&fetch->client);
  us_client_request_clear (&fetch->request);
  g_free (fetch->led_by);
  g_free (fetch->buffer);
  g_free (fetch);
}

static void
us_http_client_finalize (GObject *object) {
  UsHttpClient *self = US_HTTP_CLIENT (object);

  soup_session_abort (self->session);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (us_http_client_parent_class)->finalize (object);
}

static void
us_http_client_class_init (UsHttpClientClass *klass) {
  G_OBJECT_CLASS (klass)->finalize = us_http_client_finalize;
}

static void
us_http_client_init (UsHttpClient *self) {
}

/**
 * us_http_client_new:
 * @user_agent: sent with every request
 *
 * Bodies come as they are, unless a fetch asks for gzip. Connections are direct: a
 * proxy of the environment is for people's browsers, not between a role and its origin.
 *
 * Returns: (transfer full): a client for the caller's thread
 */
UsHttpClient *
us_http_client_new (const char *user_agent) {
  UsHttpClient *self = g_object_new (US_TYPE_HTTP_CLIENT, NULL);

  self->session
      = g_object_new (SOUP_TYPE_SESSION, "max-conns", MAX_CONNECTIONS, "max-conns-per-host",
                      MAX_CONNECTIONS_PER_HOST, "timeout", 0, "idle-timeout", 60, "user-agent",
                      user_agent, "proxy-resolver", NULL, NULL);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);
  return self;
}

void
us_http_reply_free (UsHttpReply *reply) {
  if (reply == NULL)
    return;
  g_clear_pointer (&reply->body, g_bytes_unref);
  g_free (reply->etag);
  g_free (reply->content_type);
  g_free (reply->url);
  g_free (reply->last_modified);
  g_free (reply->location);
  us_http_facts_free (reply->facts);
  g_free (reply);
}

/* ---- why a fetch failed ---- */

/* Drops everything that could call back, so that the task ends once and for all. */
static void
fetch_quiet (Fetch *fetch) {
  if (fetch->timer != NULL)
    g_source_destroy (fetch->timer);
  g_clear_pointer (&fetch->timer, g_source_unref);
  if (fetch->cancel_source != NULL)
    g_source_destroy (fetch->cancel_source);
  g_clear_pointer (&fetch->cancel_source, g_source_unref);
}

static void
fail (GTask *task, UsHttpError code, const char *detail) {
  Fetch *fetch = g_task_get_task_data (task);

  fetch_quiet (fetch);
  us_http_trace_end (&fetch->trace, fetch->n_bytes);
  g_task_return_new_error (task, US_HTTP_ERROR, (int)code, "%s%s%s", us_http_error_sentence (code),
                           detail != NULL ? ": " : "", detail != NULL ? detail : "");
  g_object_unref (task);
}

static void
fail_certificate (GTask *task, const GError *error) {
  Fetch *fetch = g_task_get_task_data (task);
  g_autofree char *detail
      = g_strdup_printf ("%s: %s", error->message, fetch->trace.facts->certificate_problem);

  fail (task, US_HTTP_ERROR_TLS, detail);
}

static void
fail_with (GTask *task, const GError *error) {
  Fetch *fetch = g_task_get_task_data (task);

  if (fetch->is_stopped)
    fail (task, fetch->stop_code,
          fetch->stop_code == US_HTTP_ERROR_FORBIDDEN ? fetch->trace.forbidden : NULL);
  else if (fetch->step == US_FETCH_CONNECT && us_http_trace_is_forbidden (&fetch->trace))
    fail (task, US_HTTP_ERROR_FORBIDDEN, fetch->trace.forbidden);
  else if (error != NULL && error->domain == G_TLS_ERROR
           && fetch->trace.facts->certificate_problem != NULL)
    fail_certificate (task, error);
  else if (error == NULL)
    fail (task, US_HTTP_ERROR_PROTOCOL, NULL);
  else
    fail (task, us_http_error_code_of (error, fetch->step), error->message);
}

static void
stop (Fetch *fetch, UsHttpError code) {
  if (fetch->is_stopped)
    return;
  fetch->is_stopped = TRUE;
  fetch->stop_code = code;
  g_cancellable_cancel (fetch->cancellable);
}

/* ---- time ---- */

static void
arm_timer (Fetch *fetch) {
  gint64 deadline_us = fetch->begun_us + (gint64)fetch->limits.deadline_ms * 1000;
  gint64 step_us = deadline_us;

  if (fetch->step == US_FETCH_CONNECT)
    step_us = fetch->step_us + (gint64)fetch->limits.connect_timeout_ms * 1000;
  else if (fetch->step == US_FETCH_FIRST_BYTE)
    step_us = fetch->step_us + (gint64)fetch->limits.first_byte_timeout_ms * 1000;
  if (fetch->timer != NULL)
    g_source_set_ready_time (fetch->timer, MIN (step_us, deadline_us));
}

static void
enter_step (Fetch *fetch, UsFetchStep step) {
  fetch->step = step;
  fetch->step_us = g_get_monotonic_time ();
  arm_timer (fetch);
}

static gboolean
on_timer (gpointer user_data) {
  Fetch *fetch = user_data;
  gint64 now_us = g_get_monotonic_time ();

  g_source_set_ready_time (fetch->timer, -1);
  if (now_us - fetch->begun_us >= (gint64)fetch->limits.deadline_ms * 1000)
    stop (fetch, US_HTTP_ERROR_DEADLINE);
  else
    stop (fetch, fetch->step == US_FETCH_CONNECT ? US_HTTP_ERROR_CONNECT_TIMEOUT
                                                 : US_HTTP_ERROR_FIRST_BYTE_TIMEOUT);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_caller_cancelled (GCancellable *cancellable, gpointer user_data) {
  stop (user_data, US_HTTP_ERROR_CANCELLED);
  return G_SOURCE_CONTINUE;
}

static gboolean
timer_dispatch (GSource *source, GSourceFunc callback, gpointer user_data) {
  return callback (user_data);
}

static void
attach_sources (GTask *task, Fetch *fetch) {
  static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch };
  GCancellable *caller = g_task_get_cancellable (task);

  fetch->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_static_name (fetch->timer, "us-http-fetch-deadline");
  g_source_set_callback (fetch->timer, on_timer, fetch, NULL);
  g_source_attach (fetch->timer, g_task_get_context (task));
  if (caller == NULL)
    return;
  fetch->cancel_source = g_cancellable_source_new (caller);
  g_source_set_static_name (fetch->cancel_source, "us-http-fetch-cancel");
  g_source_set_callback (fetch->cancel_source, (GSourceFunc)(void (*) (void))on_caller_cancelled,
                         fetch, NULL);
  g_source_attach (fetch->cancel_source, g_task_get_context (task));
}

/* ---- the body ---- */

/* Returns: FALSE when the task has ended */
static gboolean
decode (GTask *task, GBytes **body) {
  Fetch *fetch = g_task_get_task_data (task);
  const char *coding = soup_message_headers_get_list (
      soup_message_get_response_headers (fetch->message), "Content-Encoding");
  g_autoptr (GError) error = NULL;

  if (!fetch->wants_gzip || fetch->is_partial || g_bytes_get_size (*body) == 0
      || !us_content_coding_is_gzip (coding))
    return TRUE;
  GBytes *content = us_content_coding_gunzip (*body, fetch->limits.max_bytes, &error);
  if (content == NULL) {
    fail (task,
          g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ? US_HTTP_ERROR_TOO_LARGE
                                                                   : US_HTTP_ERROR_PROTOCOL,
          error->message);
    return FALSE;
  }
  g_bytes_unref (*body);
  *body = content;
  fetch->trace.facts->is_decoded = TRUE;
  return TRUE;
}

static void
finish (GTask *task) {
  Fetch *fetch = g_task_get_task_data (task);
  SoupMessageHeaders *headers = soup_message_get_response_headers (fetch->message);
  gsize n_wire_bytes = fetch->n_bytes;
  UsHttpReply *reply;

  if (fetch->expected >= 0 && (goffset)fetch->n_bytes < fetch->expected) {
    fail (task, US_HTTP_ERROR_TRUNCATED, NULL);
    return;
  }
  if (fetch->is_partial && (goffset)fetch->n_bytes > fetch->expected) {
    fail (task, US_HTTP_ERROR_PROTOCOL, "206 with more bytes than it says");
    return;
  }
  g_autoptr (GBytes) body = g_bytes_new_take (g_steal_pointer (&fetch->buffer), fetch->n_bytes);
  if (!decode (task, &body))
    return;
  us_http_trace_end (&fetch->trace, n_wire_bytes);
  reply = g_new0 (UsHttpReply, 1);
  reply->status = soup_message_get_status (fetch->message);
  reply->body = g_steal_pointer (&body);
  reply->etag = g_strdup (soup_message_headers_get_one (headers, "ETag"));
  reply->content_type = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  reply->last_modified = g_strdup (soup_message_headers_get_one (headers, "Last-Modified"));
  reply->location = g_strdup (soup_message_headers_get_one (headers, "Location"));
  if (fetch->n_redirects > 0)
    reply->url = g_uri_to_string (soup_message_get_uri (fetch->message));
  reply->range_from = fetch->is_partial ? fetch->limits.range_from : 0;
  reply->first_byte_us = fetch->first_byte_us;
  reply->facts = g_steal_pointer (&fetch->trace.facts);
  reply->total_us = reply->facts->total_us;
  fetch_quiet (fetch);
  g_task_return_pointer (task, reply, (GDestroyNotify)us_http_reply_free);
  g_object_unref (task);
}

/* Room for more bytes than are allowed, so that too many are noticed. */
static gboolean
make_room (Fetch *fetch) {
  gsize wanted;
  guint8 *bigger;

  if (fetch->capacity - fetch->n_bytes >= READ_LEAST)
    return TRUE;
  if (fetch->capacity == 0)
    wanted = fetch->expected >= 0 ? (gsize)fetch->expected + READ_LEAST : READ_STEP;
  else
    wanted = fetch->capacity * 2;
  wanted = CLAMP (wanted, fetch->n_bytes + READ_LEAST, fetch->limits.max_bytes + READ_LEAST);
  bigger = g_try_realloc (fetch->buffer, wanted);
  if (bigger == NULL)
    return FALSE;
  fetch->buffer = bigger;
  fetch->capacity = wanted;
  return TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data) {
  GTask *task = user_data;
  Fetch *fetch = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (n < 0 || fetch->is_stopped) {
    fail_with (task, error);
    return;
  }
  fetch->n_bytes += (gsize)n;
  if (fetch->n_bytes > fetch->limits.max_bytes)
    fail (task, US_HTTP_ERROR_TOO_LARGE, NULL);
  else if (n == 0)
    finish (task);
  else
    read_more (task);
}

static void
read_more (GTask *task) {
  Fetch *fetch = g_task_get_task_data (task);

  if (!make_room (fetch)) {
    fail (task, US_HTTP_ERROR_TOO_LARGE, "no memory for it");
    return;
  }
  g_input_stream_read_async (fetch->stream, fetch->buffer + fetch->n_bytes,
                             fetch->capacity - fetch->n_bytes, G_PRIORITY_DEFAULT,
                             fetch->cancellable, on_read, task);
}

/* ---- requests and redirects ---- */

static gboolean
is_redirect (guint status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static gboolean
is_allowed_uri (const Fetch *fetch, GUri *uri) {
  const char *scheme = g_uri_get_scheme (uri);
  const char *host = g_uri_get_host (uri);

  return (strcmp (scheme, "http") == 0 || strcmp (scheme, "https") == 0) && host != NULL
         && *host != '\0' && (fetch->led_by == NULL || us_http_may_lead (fetch->led_by, host));
}

static gboolean
has_user_info (GUri *uri) {
  return g_uri_get_userinfo (uri) != NULL;
}

static void
refuse_uri (GTask *task, GUri *uri) {
  Fetch *fetch = g_task_get_task_data (task);
  g_autofree char *named = g_uri_to_string_partial (uri, G_URI_HIDE_USERINFO | G_URI_HIDE_QUERY);
  g_autofree char *text = g_strdup_printf (
      "%.300s %s", named, has_user_info (uri) ? "has a user name in it" : "is nothing to ask");

  fail (task, fetch->trace.has_reach ? US_HTTP_ERROR_FORBIDDEN : US_HTTP_ERROR_PROTOCOL, text);
}

/* Returns: FALSE when the task has ended */
static gboolean
set_message (GTask *task, GUri *uri) {
  Fetch *fetch = g_task_get_task_data (task);

  if (!is_allowed_uri (fetch, uri) || (fetch->trace.has_reach && has_user_info (uri))) {
    refuse_uri (task, uri);
    return FALSE;
  }
  if (fetch->message != NULL)
    g_signal_handlers_disconnect_by_data (fetch->message, fetch);
  SoupMessage *before = g_steal_pointer (&fetch->message);
  g_clear_object (&fetch->stream);
  fetch->message = us_client_request_make (&fetch->request, uri, fetch->n_redirects == 0);
  us_http_trace_begin_hop (&fetch->trace, fetch->message);
  g_clear_object (&before); /* only now: the trace let go of it */
  return TRUE;
}

static void
follow (GTask *task, const char *location) {
  Fetch *fetch = g_task_get_task_data (task);
  g_autoptr (GUri) next = NULL;

  if (++fetch->n_redirects > fetch->limits.max_redirects) {
    fail (task, US_HTTP_ERROR_PROTOCOL, "too many redirects");
    return;
  }
  next = g_uri_parse_relative (soup_message_get_uri (fetch->message), location, SOUP_HTTP_URI_FLAGS,
                               NULL);
  if (next == NULL) {
    fail (task, US_HTTP_ERROR_PROTOCOL, "redirect to a broken URL");
    return;
  }
  if (set_message (task, next))
    send_message (task);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data) {
  GTask *task = user_data;
  Fetch *fetch = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  SoupMessageHeaders *headers;
  const char *location;

  fetch->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (fetch->stream == NULL || fetch->is_stopped) {
    fail_with (task, error);
    return;
  }
  headers = soup_message_get_response_headers (fetch->message);
  location = soup_message_headers_get_one (headers, "Location");
  if (is_redirect (soup_message_get_status (fetch->message)) && location != NULL
      && us_client_request_may_redirect (&fetch->request)) {
    follow (task, location);
    return;
  }
  us_http_trace_answered (&fetch->trace);
  fetch->first_byte_us = g_get_monotonic_time () - fetch->step_us;
  fetch->expected = -1;
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_get_status (fetch->message) != 304
      && strcmp (fetch->request.method, "HEAD") != 0)
    fetch->expected = soup_message_headers_get_content_length (headers);
  if (fetch->expected > 0 && (guint64)fetch->expected > fetch->limits.max_bytes) {
    fail (task, US_HTTP_ERROR_TOO_LARGE, NULL);
    return;
  }
  fetch->is_partial = soup_message_get_status (fetch->message) == 206;
  if (fetch->is_partial
      && !us_client_request_check_range (&fetch->request, headers, &fetch->expected)) {
    fail (task, US_HTTP_ERROR_PROTOCOL, "206 with other bytes than were asked for");
    return;
  }
  enter_step (fetch, US_FETCH_BODY);
  read_more (task);
}

/* A connection stands and the request is about to be written. */
static void
on_starting (SoupMessage *message, gpointer user_data) {
  Fetch *fetch = user_data;

  enter_step (fetch, US_FETCH_FIRST_BYTE);
  if (!us_http_trace_send (&fetch->trace))
    stop (fetch, US_HTTP_ERROR_FORBIDDEN);
}

static void
send_message (GTask *task) {
  Fetch *fetch = g_task_get_task_data (task);

  enter_step (fetch, US_FETCH_CONNECT);
  g_signal_connect (fetch->message, "starting", G_CALLBACK (on_starting), fetch);
  soup_session_send_async (fetch->client->session, fetch->message, G_PRIORITY_DEFAULT,
                           fetch->cancellable, on_sent, task);
}

/**
 * us_http_client_fetch_async:
 * @url: absolute, http or https
 * @fetch: (nullable): limits; zero fields mean their defaults
 * @cancellable: (nullable): ends the fetch with %US_HTTP_ERROR_CANCELLED
 * @callback: called once, from the caller's main context, never from within this function
 */
void
us_http_client_fetch_async (UsHttpClient *client, const char *url, const UsHttpFetch *limits,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data) {
  GTask *task = g_task_new (client, cancellable, callback, user_data);
  Fetch *fetch = g_new0 (Fetch, 1);
  g_autoptr (GUri) uri = NULL;
  g_autofree char *problem = NULL;

  g_task_set_source_tag (task, us_http_client_fetch_async);
  g_task_set_name (task, "us-http-fetch");
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, fetch, fetch_free);
  if (limits != NULL)
    fetch->limits = *limits;
  fetch->led_by = g_strdup (fetch->limits.led_by);
  fetch->wants_gzip = fetch->limits.accept_encoding != NULL
                      && strstr (fetch->limits.accept_encoding, "gzip") != NULL;
  us_http_trace_init (&fetch->trace, fetch->limits.reach);
  gboolean is_sendable = us_client_request_init (&fetch->request, &fetch->limits, &problem);
#define DEFAULT(field, value)                                                                      \
  if (fetch->limits.field == 0)                                                                    \
  fetch->limits.field = (value)
  DEFAULT (connect_timeout_ms, DEFAULT_CONNECT_MS);
  DEFAULT (first_byte_timeout_ms, DEFAULT_FIRST_BYTE_MS);
  DEFAULT (deadline_ms, DEFAULT_DEADLINE_MS);
  DEFAULT (max_bytes, DEFAULT_MAX_BYTES);
  DEFAULT (max_redirects, DEFAULT_REDIRECTS);
#undef DEFAULT
  fetch->limits.max_redirects = MIN (fetch->limits.max_redirects, MOST_REDIRECTS);
  fetch->client = g_object_ref (client);
  fetch->cancellable = g_cancellable_new ();
  fetch->begun_us = g_get_monotonic_time ();

  uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  if (uri == NULL || !is_sendable) {
    fail (task, US_HTTP_ERROR_PROTOCOL, is_sendable ? "it is no URL" : problem);
    return;
  }
  if (!set_message (task, uri))
    return;
  attach_sources (task, fetch);
  send_message (task);
}

/**
 * us_http_client_fetch_finish:
 *
 * Returns: (transfer full) (nullable): the reply, whatever its status, or %NULL with a #UsHttpError
 */
UsHttpReply *
us_http_client_fetch_finish (UsHttpClient *client, GAsyncResult *result, GError **error) {
  g_return_val_if_fail (g_task_is_valid (result, client), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * us_http_client_take_partial:
 * @result: of a fetch that failed, after us_http_client_fetch_finish(), in its callback
 * @etag: (out) (transfer full) (nullable): the strong ETag of the whole, if it had one
 *
 * So that the rest can be asked for elsewhere, with Range and If-Range.
 *
 * Returns: (transfer full) (nullable): the first bytes of the body; %NULL when there are none
 */
GBytes *
us_http_client_take_partial (UsHttpClient *client, GAsyncResult *result, char **etag) {
  Fetch *fetch = g_task_get_task_data (G_TASK (result));

  *etag = NULL;
  if (fetch->step != US_FETCH_BODY || fetch->n_bytes == 0 || fetch->buffer == NULL
      || fetch->wants_gzip || soup_message_get_status (fetch->message) != 200
      || fetch->n_bytes > fetch->limits.max_bytes)
    return NULL;
  const char *its
      = soup_message_headers_get_one (soup_message_get_response_headers (fetch->message), "ETag");
  if (its != NULL && *its == '"')
    *etag = g_strdup (its);
  return g_bytes_new_take (g_steal_pointer (&fetch->buffer), fetch->n_bytes);
}

/**
 * us_http_client_take_facts:
 * @result: of a fetch that failed, after us_http_client_fetch_finish(), in its callback
 *
 * How far it came and how long that took; what was wrong with the certificate.
 *
 * Returns: (transfer full): the facts, once
 */
UsHttpFacts *
us_http_client_take_facts (UsHttpClient *client, GAsyncResult *result) {
  Fetch *fetch = g_task_get_task_data (G_TASK (result));

  return g_steal_pointer (&fetch->trace.facts);
}

/**
 * us_http_client_set_authorities:
 * @authorities: (transfer none): of a network with an authority of its own
 *
 * Before the first fetch.
 */
void
us_http_client_set_authorities (UsHttpClient *client, GTlsDatabase *authorities) {
  soup_session_set_tls_database (client->session, authorities);
}
