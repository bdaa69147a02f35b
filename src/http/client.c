/* client.c - bounded, timed HTTP requests
 *
 * One SoupSession per client, in one thread. A fetch is a small state machine: connecting, waiting
 * for the first byte, reading the body; one timer source carries the deadline of the step it is in,
 * and the time in libsoup's own queue counts as connecting. Redirects are followed here, so that
 * each hop is checked. The body is read straight into the buffer that becomes the reply, and never
 * past the size cap.
 *
 * A fetch is owned by its GTask, which ends exactly once: with a reply, or with the reason. Whoever
 * wants to stop (deadline, caller) says why and cancels libsoup, whose callback then ends it.
 */
#include "http/client.h"

#include <libsoup/soup.h>
#include <string.h>

#include "http/reach.h"

#define MAX_REDIRECTS 3
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
G_DEFINE_QUARK (us_http_error, us_http_error)

typedef enum { STEP_CONNECT, STEP_FIRST_BYTE, STEP_BODY } Step;

typedef struct {
  UsHttpClient *client; /* owned */
  UsHttpFetch limits;
  char *if_none_match, *if_range, *authorization, *user, *led_by; /* nullable */
  GBytes *json;                                                   /* nullable */
  SoupMessage *message;                                           /* of the current hop */
  GInputStream *stream;                                           /* nullable: the body */
  GCancellable *cancellable;
  GSource *timer, *cancel_source; /* cancel_source nullable */
  Step step;
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

  if (fetch->message != NULL)
    g_signal_handlers_disconnect_by_data (fetch->message, fetch);
  g_clear_object (&fetch->message);
  g_clear_object (&fetch->stream);
  g_clear_object (&fetch->cancellable);
  g_clear_object (&fetch->client);
  g_free (fetch->if_none_match);
  g_free (fetch->if_range);
  g_free (fetch->authorization);
  g_free (fetch->user);
  g_free (fetch->led_by);
  g_clear_pointer (&fetch->json, g_bytes_unref);
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
 * Bodies come as they are: no content coding is asked for or undone. Connections are direct: a
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
  g_free (reply);
}

/**
 * us_http_error_word:
 * @error: (nullable): of us_http_client_fetch_finish()
 *
 * Returns: a stable word for metrics and /healthz
 */
const char *
us_http_error_word (const GError *error) {
  static const char *const words[] = {
    [US_HTTP_ERROR_RESOLVE] = "resolve",
    [US_HTTP_ERROR_REFUSED] = "refused",
    [US_HTTP_ERROR_RESET] = "reset",
    [US_HTTP_ERROR_CONNECT_TIMEOUT] = "connect-timeout",
    [US_HTTP_ERROR_FIRST_BYTE_TIMEOUT] = "timeout",
    [US_HTTP_ERROR_DEADLINE] = "deadline",
    [US_HTTP_ERROR_TRUNCATED] = "truncated",
    [US_HTTP_ERROR_TOO_LARGE] = "too-large",
    [US_HTTP_ERROR_TLS] = "tls",
    [US_HTTP_ERROR_PROTOCOL] = "protocol",
    [US_HTTP_ERROR_CANCELLED] = "cancelled",
  };

  if (error == NULL || error->domain != US_HTTP_ERROR || error->code < 0
      || error->code >= (int)G_N_ELEMENTS (words))
    return "unknown";
  return words[error->code];
}

/* ---- why a fetch failed ---- */

static UsHttpError
code_of_io_error (int code, Step step) {
  switch (code) {
  case G_IO_ERROR_CANCELLED:
    return US_HTTP_ERROR_CANCELLED;
  case G_IO_ERROR_TIMED_OUT:
    return step == STEP_CONNECT ? US_HTTP_ERROR_CONNECT_TIMEOUT : US_HTTP_ERROR_RESET;
  case G_IO_ERROR_PARTIAL_INPUT:
    return step == STEP_BODY ? US_HTTP_ERROR_TRUNCATED : US_HTTP_ERROR_RESET;
  case G_IO_ERROR_CONNECTION_REFUSED:
  case G_IO_ERROR_HOST_UNREACHABLE:
  case G_IO_ERROR_NETWORK_UNREACHABLE:
    return US_HTTP_ERROR_REFUSED;
  case G_IO_ERROR_CONNECTION_CLOSED: /* also G_IO_ERROR_BROKEN_PIPE: the same number */
  case G_IO_ERROR_NOT_CONNECTED:
  case G_IO_ERROR_CLOSED:
    return US_HTTP_ERROR_RESET;
  case G_IO_ERROR_HOST_NOT_FOUND:
    return US_HTTP_ERROR_RESOLVE;
  default:
    return step == STEP_CONNECT ? US_HTTP_ERROR_REFUSED : US_HTTP_ERROR_PROTOCOL;
  }
}

static UsHttpError
code_of (const GError *error, Step step) {
  if (error->domain == G_IO_ERROR)
    return code_of_io_error (error->code, step);
  if (error->domain == G_RESOLVER_ERROR)
    return US_HTTP_ERROR_RESOLVE;
  if (error->domain == G_TLS_ERROR)
    return US_HTTP_ERROR_TLS;
  return US_HTTP_ERROR_PROTOCOL;
}

static const char *
sentence_of (UsHttpError code) {
  switch (code) {
  case US_HTTP_ERROR_CONNECT_TIMEOUT:
    return "no connection in time";
  case US_HTTP_ERROR_FIRST_BYTE_TIMEOUT:
    return "no answer in time";
  case US_HTTP_ERROR_DEADLINE:
    return "the answer was not whole in time";
  case US_HTTP_ERROR_TOO_LARGE:
    return "the answer is larger than allowed";
  case US_HTTP_ERROR_TRUNCATED:
    return "the answer ended before its length";
  case US_HTTP_ERROR_CANCELLED:
    return "cancelled";
  case US_HTTP_ERROR_RESOLVE:
  case US_HTTP_ERROR_REFUSED:
  case US_HTTP_ERROR_RESET:
  case US_HTTP_ERROR_TLS:
  case US_HTTP_ERROR_PROTOCOL:
  default:
    return "failed";
  }
}

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
  g_task_return_new_error (task, US_HTTP_ERROR, (int)code, "%s%s%s", sentence_of (code),
                           detail != NULL ? ": " : "", detail != NULL ? detail : "");
  g_object_unref (task);
}

static void
fail_with (GTask *task, const GError *error) {
  Fetch *fetch = g_task_get_task_data (task);

  if (fetch->is_stopped)
    fail (task, fetch->stop_code, NULL);
  else if (error == NULL)
    fail (task, US_HTTP_ERROR_PROTOCOL, NULL);
  else
    fail (task, code_of (error, fetch->step), error->message);
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

  if (fetch->step == STEP_CONNECT)
    step_us = fetch->step_us + (gint64)fetch->limits.connect_timeout_ms * 1000;
  else if (fetch->step == STEP_FIRST_BYTE)
    step_us = fetch->step_us + (gint64)fetch->limits.first_byte_timeout_ms * 1000;
  if (fetch->timer != NULL)
    g_source_set_ready_time (fetch->timer, MIN (step_us, deadline_us));
}

static void
enter_step (Fetch *fetch, Step step) {
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
    stop (fetch, fetch->step == STEP_CONNECT ? US_HTTP_ERROR_CONNECT_TIMEOUT
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

static void
finish (GTask *task) {
  Fetch *fetch = g_task_get_task_data (task);
  SoupMessageHeaders *headers = soup_message_get_response_headers (fetch->message);
  UsHttpReply *reply;

  if (fetch->expected >= 0 && (goffset)fetch->n_bytes < fetch->expected) {
    fail (task, US_HTTP_ERROR_TRUNCATED, NULL);
    return;
  }
  if (fetch->is_partial && (goffset)fetch->n_bytes > fetch->expected) {
    fail (task, US_HTTP_ERROR_PROTOCOL, "206 with more bytes than it says");
    return;
  }
  reply = g_new0 (UsHttpReply, 1);
  reply->status = soup_message_get_status (fetch->message);
  reply->body = g_bytes_new_take (g_steal_pointer (&fetch->buffer), fetch->n_bytes);
  reply->etag = g_strdup (soup_message_headers_get_one (headers, "ETag"));
  reply->content_type = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  if (fetch->n_redirects > 0)
    reply->url = g_uri_to_string (soup_message_get_uri (fetch->message));
  reply->range_from = fetch->is_partial ? fetch->limits.range_from : 0;
  reply->first_byte_us = fetch->first_byte_us;
  reply->total_us = g_get_monotonic_time () - fetch->begun_us;
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

/* ---- ranges, RFC 9110 14 ---- */

static gboolean
is_range (const Fetch *fetch) {
  return fetch->limits.range_from > 0 || fetch->limits.range_length > 0;
}

static void
ask_for_range (const Fetch *fetch, SoupMessageHeaders *headers) {
  const UsHttpFetch *limits = &fetch->limits;
  g_autofree char *range
      = limits->range_length > 0
            ? g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, limits->range_from,
                               limits->range_from + limits->range_length - 1)
            : g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-", limits->range_from);

  soup_message_headers_replace (headers, "Range", range);
  if (fetch->if_range != NULL)
    soup_message_headers_replace (headers, "If-Range", fetch->if_range);
}

/* Whether a 206 brings exactly the bytes that were asked for. How many that are is known from then
 * on, also of a body in chunks. */
static gboolean
check_range (Fetch *fetch, SoupMessageHeaders *headers) {
  const UsHttpFetch *limits = &fetch->limits;
  goffset start, end, total;

  if (!is_range (fetch) || !soup_message_headers_get_content_range (headers, &start, &end, &total)
      || start < 0 || end < start || (guint64)start != limits->range_from
      || (limits->range_length > 0 ? (guint64)(end - start) + 1 != limits->range_length
                                   : total >= 0 && end != total - 1)
      || (fetch->expected >= 0 && fetch->expected != end - start + 1))
    return FALSE;
  fetch->expected = end - start + 1;
  return TRUE;
}

/* Returns: FALSE when the task has ended */
static gboolean
set_message (GTask *task, GUri *uri) {
  Fetch *fetch = g_task_get_task_data (task);
  SoupMessageHeaders *headers;

  if (!is_allowed_uri (fetch, uri)) {
    g_autofree char *named = g_uri_to_string_partial (uri, G_URI_HIDE_USERINFO);
    g_autofree char *text = g_strdup_printf ("%s is nothing to ask", named);

    fail (task, US_HTTP_ERROR_PROTOCOL, text);
    return FALSE;
  }
  if (fetch->message != NULL)
    g_signal_handlers_disconnect_by_data (fetch->message, fetch);
  g_clear_object (&fetch->stream);
  g_clear_object (&fetch->message);
  fetch->message = soup_message_new_from_uri (fetch->json != NULL ? "POST" : "GET", uri);
  soup_message_add_flags (fetch->message, SOUP_MESSAGE_NO_REDIRECT);
  headers = soup_message_get_request_headers (fetch->message);
  if (fetch->if_none_match != NULL)
    soup_message_headers_replace (headers, "If-None-Match", fetch->if_none_match);
  if (is_range (fetch))
    ask_for_range (fetch, headers);
  if (fetch->authorization != NULL && fetch->n_redirects == 0)
    soup_message_headers_replace (headers, "Authorization", fetch->authorization);
  if (fetch->user != NULL && fetch->n_redirects == 0)
    soup_message_headers_replace (headers, "X-Understudy-User", fetch->user);
  if (fetch->json != NULL)
    soup_message_set_request_body_from_bytes (fetch->message, "application/json", fetch->json);
  return TRUE;
}

static void
follow (GTask *task, const char *location) {
  Fetch *fetch = g_task_get_task_data (task);
  g_autoptr (GUri) next = NULL;

  if (++fetch->n_redirects > MAX_REDIRECTS) {
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
      && fetch->json == NULL) {
    follow (task, location);
    return;
  }
  fetch->first_byte_us = g_get_monotonic_time () - fetch->step_us;
  fetch->expected = -1;
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_get_status (fetch->message) != 304)
    fetch->expected = soup_message_headers_get_content_length (headers);
  if (fetch->expected > 0 && (guint64)fetch->expected > fetch->limits.max_bytes) {
    fail (task, US_HTTP_ERROR_TOO_LARGE, NULL);
    return;
  }
  fetch->is_partial = soup_message_get_status (fetch->message) == 206;
  if (fetch->is_partial && !check_range (fetch, headers)) {
    fail (task, US_HTTP_ERROR_PROTOCOL, "206 with other bytes than were asked for");
    return;
  }
  enter_step (fetch, STEP_BODY);
  read_more (task);
}

/* A connection stands and the request is about to be written. */
static void
on_starting (SoupMessage *message, gpointer user_data) {
  enter_step (user_data, STEP_FIRST_BYTE);
}

static void
send_message (GTask *task) {
  Fetch *fetch = g_task_get_task_data (task);

  enter_step (fetch, STEP_CONNECT);
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

  g_task_set_source_tag (task, us_http_client_fetch_async);
  g_task_set_name (task, "us-http-fetch");
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, fetch, fetch_free);
  if (limits != NULL)
    fetch->limits = *limits;
  fetch->if_none_match = g_strdup (fetch->limits.if_none_match);
  fetch->if_range = g_strdup (fetch->limits.if_range);
  fetch->limits.if_range = NULL;
  fetch->authorization = g_strdup (fetch->limits.authorization);
  fetch->user = g_strdup (fetch->limits.user);
  fetch->led_by = g_strdup (fetch->limits.led_by);
  fetch->limits.led_by = NULL;
  fetch->json = fetch->limits.json != NULL ? g_bytes_ref (fetch->limits.json) : NULL;
  fetch->limits.if_none_match = fetch->limits.authorization = fetch->limits.user = NULL;
  fetch->limits.json = NULL;
#define DEFAULT(field, value)                                                                      \
  if (fetch->limits.field == 0)                                                                    \
  fetch->limits.field = (value)
  DEFAULT (connect_timeout_ms, DEFAULT_CONNECT_MS);
  DEFAULT (first_byte_timeout_ms, DEFAULT_FIRST_BYTE_MS);
  DEFAULT (deadline_ms, DEFAULT_DEADLINE_MS);
  DEFAULT (max_bytes, DEFAULT_MAX_BYTES);
#undef DEFAULT
  fetch->client = g_object_ref (client);
  fetch->cancellable = g_cancellable_new ();
  fetch->begun_us = g_get_monotonic_time ();

  uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  if (uri == NULL) {
    fail (task, US_HTTP_ERROR_PROTOCOL, url);
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
  if (fetch->step != STEP_BODY || fetch->n_bytes == 0 || fetch->buffer == NULL
      || soup_message_get_status (fetch->message) != 200
      || fetch->n_bytes > fetch->limits.max_bytes)
    return NULL;
  const char *its
      = soup_message_headers_get_one (soup_message_get_response_headers (fetch->message), "ETag");
  if (its != NULL && *its == '"')
    *etag = g_strdup (its);
  return g_bytes_new_take (g_steal_pointer (&fetch->buffer), fetch->n_bytes);
}
