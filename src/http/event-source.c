/* event-source.c - follows a stream of server-sent events, and comes back when it breaks
 *
 * One connection at a time, read as it comes and parsed by event-parser.c. It ends by an error, by
 * its peer or by silence; the next one is tried after a pause, and asks for what came in between
 * (HTML standard 9.2.4). An Attempt outlives its source only as long as its cancelled read needs to
 * come back.
 */
#include "http/event-source.h"

#include <libsoup/soup.h>
#include <string.h>

#include "base/backoff.h"
#include "base/names.h"
#include "base/timer.h"
#include "http/event-parser.h"

#define READ_SIZE 16384
#define DEFAULT_SILENCE_MS 45000

static const UsBackoff backoff = { .first_ms = 100, .step_ms = 250, .cap_ms = 5000 };

typedef struct {
  UsHttpEventSource *source; /* nullable: it is over */
  GCancellable *cancellable;
  SoupMessage *message;
  GInputStream *stream; /* nullable */
  char buffer[READ_SIZE];
} Attempt;

/* Told: kept until the parser has returned, which must not be freed under its own feet. */
typedef struct {
  char *kind, *data;
} Told;

struct UsHttpEventSource {
  SoupSession *session;
  char *url, *authorization; /* the second: nullable */
  guint silence_ms;
  const UsHttpEventSourceHandler *handler;
  gpointer user_data;
  UsEventParser *parser;
  Attempt *attempt; /* nullable: between two */
  GSource *silence, *retry;
  GQueue told; /* element-type Told */
  guint n_failures;
};

static void attempt_begin (UsHttpEventSource *self);

static void
attempt_free (Attempt *attempt) {
  g_clear_object (&attempt->cancellable);
  g_clear_object (&attempt->message);
  g_clear_object (&attempt->stream);
  g_free (attempt);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Attempt, attempt_free)

/* Its read or send comes back later, and frees it. */
static void
attempt_drop (UsHttpEventSource *self) {
  us_timer_stop (&self->silence);
  if (self->attempt == NULL)
    return;
  self->attempt->source = NULL;
  g_cancellable_cancel (self->attempt->cancellable);
  self->attempt = NULL;
}

static gboolean
on_retry (gpointer data) {
  UsHttpEventSource *self = data;
  us_timer_stop (&self->retry);
  attempt_begin (self);
  return G_SOURCE_REMOVE;
}

static void
fail (UsHttpEventSource *self, const char *why) {
  gboolean is_first = self->n_failures++ == 0;
  guint delay_ms
      = us_backoff_delay_ms (&backoff, self->n_failures, g_random_double_range (-1.0, 1.0));
  attempt_drop (self);
  us_timer_start (&self->retry, MAX (delay_ms, 1), "event-source-retry", on_retry, self);
  if (is_first && self->handler->lost != NULL)
    self->handler->lost (why, self->user_data); /* last: it may free us */
}

static gboolean
on_silence (gpointer data) {
  UsHttpEventSource *self = data;
  us_timer_stop (&self->silence);
  fail (self, "nothing came for too long");
  return G_SOURCE_REMOVE;
}

static void
listen_for_silence (UsHttpEventSource *self) {
  us_timer_stop (&self->silence);
  us_timer_start (&self->silence, self->silence_ms, "event-source-silence", on_silence, self);
}

/* ---- what comes ---- */

static void
told_free (gpointer data) {
  Told *told = data;
  g_free (told->kind);
  g_free (told->data);
  g_free (told);
}

static void
on_parsed (const char *kind, const char *data, gboolean is_lost, gpointer user_data) {
  UsHttpEventSource *self = user_data;
  Told *told = g_new0 (Told, 1);
  told->kind = g_strdup (is_lost ? "reset" : kind);
  told->data = g_strdup (is_lost ? "{}" : data);
  g_queue_push_tail (&self->told, told);
}

static void on_read (GObject *stream, GAsyncResult *result, gpointer data);

static void
read_more (Attempt *attempt) {
  listen_for_silence (attempt->source);
  g_input_stream_read_async (attempt->stream, attempt->buffer, sizeof attempt->buffer,
                             G_PRIORITY_DEFAULT, attempt->cancellable, on_read, attempt);
}

/* Tells what has been parsed. Any of the calls may free the source, and with it what is left.
 * Returns: FALSE when it did */
static gboolean
tell_all (Attempt *attempt) {
  while (attempt->source != NULL && !g_queue_is_empty (&attempt->source->told)) {
    UsHttpEventSource *self = attempt->source;
    Told *told = g_queue_pop_head (&self->told);
    self->handler->event (told->kind, told->data, self->user_data);
    told_free (told);
  }
  return attempt->source != NULL;
}

static void
on_read (GObject *stream, GAsyncResult *result, gpointer data) {
  g_autoptr (Attempt) attempt = data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (stream), result, &error);
  UsHttpEventSource *self = attempt->source;
  if (self == NULL)
    return;
  if (n <= 0) {
    fail (self, error != NULL ? error->message : "the connection was closed");
    return;
  }
  us_event_parser_feed (self->parser, attempt->buffer, (gsize)n);
  if (tell_all (attempt))
    read_more (g_steal_pointer (&attempt));
}

/* ---- connections ---- */

static void
on_sent (GObject *session, GAsyncResult *result, gpointer data) {
  g_autoptr (Attempt) attempt = data;
  g_autoptr (GError) error = NULL;
  attempt->stream = soup_session_send_finish (SOUP_SESSION (session), result, &error);
  UsHttpEventSource *self = attempt->source;
  if (self == NULL)
    return;
  guint status = soup_message_get_status (attempt->message);
  if (attempt->stream == NULL || status != SOUP_STATUS_OK) {
    g_autofree char *why = error != NULL ? g_strdup (error->message)
                                         : g_strdup_printf ("it was answered with %u", status);
    fail (self, why);
    return;
  }
  self->n_failures = 0;
  if (self->handler->opened != NULL)
    self->handler->opened (self->user_data);
  if (attempt->source != NULL)
    read_more (g_steal_pointer (&attempt));
}

static void
attempt_begin (UsHttpEventSource *self) {
  Attempt *attempt = g_new0 (Attempt, 1);
  const char *last_id = us_event_parser_get_last_id (self->parser);
  attempt->source = self;
  attempt->cancellable = g_cancellable_new ();
  attempt->message = soup_message_new (SOUP_METHOD_GET, self->url);
  SoupMessageHeaders *headers = soup_message_get_request_headers (attempt->message);
  soup_message_headers_replace (headers, "Accept", "text/event-stream");
  if (self->authorization != NULL)
    soup_message_headers_replace (headers, "Authorization", self->authorization);
  if (last_id != NULL)
    soup_message_headers_replace (headers, "Last-Event-ID", last_id);
  us_event_parser_restart (self->parser);
  self->attempt = attempt;
  listen_for_silence (self);
  soup_session_send_async (self->session, attempt->message, G_PRIORITY_DEFAULT,
                           attempt->cancellable, on_sent, attempt);
}

/**
 * us_http_event_source_new:
 * @settings: copied; its URL is absolute, http or https
 * @handler: static
 *
 * Returns: (transfer full) (nullable): a source that connects from the next turn of the loop on;
 *   %NULL: the URL is none
 */
UsHttpEventSource *
us_http_event_source_new (const UsHttpEventSourceSettings *settings,
                          const UsHttpEventSourceHandler *handler, gpointer user_data) {
  g_autoptr (SoupMessage) probe = soup_message_new (SOUP_METHOD_GET, settings->url);
  if (probe == NULL)
    return NULL;
  UsHttpEventSource *self = g_new0 (UsHttpEventSource, 1);
  self->url = g_strdup (settings->url);
  self->authorization = g_strdup (settings->authorization);
  self->silence_ms = settings->silence_ms != 0 ? settings->silence_ms : DEFAULT_SILENCE_MS;
  self->handler = handler;
  self->user_data = user_data;
  self->parser = us_event_parser_new (on_parsed, self);
  g_queue_init (&self->told);
  /* Direct, as all of our own conversations, and with no time limit but our own. */
  self->session = soup_session_new_with_options ("user-agent", US_PROGRAM "/" US_VERSION,
                                                 "proxy-resolver", NULL, "timeout", 0, NULL);
  us_timer_start (&self->retry, 0, "event-source-begin", on_retry, self);
  return self;
}

/**
 * us_http_event_source_free:
 * @source: (transfer full) (nullable): may be freed in its own callbacks
 */
void
us_http_event_source_free (UsHttpEventSource *self) {
  if (self == NULL)
    return;
  attempt_drop (self);
  us_timer_stop (&self->retry);
  g_queue_clear_full (&self->told, told_free);
  us_event_parser_free (self->parser);
  g_object_unref (self->session);
  g_free (self->url);
  g_free (self->authorization);
  g_free (self);
}
