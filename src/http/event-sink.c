/* event-sink.c - one reader of events: between the hub and a connection of a shard
 *
 * A response without end. libsoup has it as a body that is never complete: what we append is
 * written and forgotten, then the message pauses until the next event. The body is ended by the
 * connection's end, so that an event is one system call and no chunk header. What the kernel does
 * not take is counted; a reader that lags too far behind is dropped, and may come back and ask for
 * what it missed.
 *
 * The sink is shared between the hub (main context) and its connection (shard's thread), each with
 * a reference; either may forget it first. It goes with the last one.
 */
#include "http/event-sink.h"

#include "http/connection.h"
#include "http/shard.h"

UsHttpSink *
us_http_sink_ref (UsHttpSink *sink) {
  g_atomic_int_inc (&sink->n_refs);
  return sink;
}

void
us_http_sink_unref (UsHttpSink *sink) {
  if (!g_atomic_int_dec_and_test (&sink->n_refs))
    return;
  us_http_events_wish_clear (&sink->wish);
  g_free (sink);
}

static void
on_wrote (SoupServerMessage *message, guint n_bytes, gpointer user_data) {
  UsHttpConnection *connection
      = us_http_connection_of_address (soup_server_message_get_remote_address (message));
  UsHttpSink *sink;

  if (connection == NULL || connection->exchange.message != message)
    return;
  sink = connection->exchange.sink;
  if (sink == NULL)
    return;
  sink->n_queued -= MIN (sink->n_queued, n_bytes);
  connection->facts.has_pending = sink->n_queued > 0;
}

static void
append (UsHttpConnection *connection, GBytes *frame) {
  UsHttpExchange *exchange = &connection->exchange;
  UsHttpSink *sink = exchange->sink;
  gboolean was_idle = sink->n_queued == 0;

  soup_message_body_append_bytes (soup_server_message_get_response_body (exchange->message), frame);
  sink->n_queued += g_bytes_get_size (frame);
  connection->facts.has_pending = TRUE;
  if (!was_idle) /* libsoup has a write under way and finds the rest by itself */
    return;
  connection->facts.progress_us = g_get_monotonic_time ();
  soup_server_message_unpause (exchange->message);
}

/**
 * us_http_sink_open:
 * @connection: with a paused message whose headers are filled
 * @sink: (transfer full): the connection's from now on
 * @opening: (transfer none): sent first
 */
void
us_http_sink_open (UsHttpConnection *connection, UsHttpSink *sink, GBytes *opening) {
  SoupServerMessage *message = connection->exchange.message;

  sink->connection = connection;
  connection->exchange.sink = sink;
  connection->exchange.is_answered = TRUE;
  soup_message_headers_set_encoding (soup_server_message_get_response_headers (message),
                                     SOUP_ENCODING_EOF);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);
  soup_server_message_set_status (message, 200, NULL);
  g_signal_connect (message, "wrote-body-data", G_CALLBACK (on_wrote), NULL);
  us_http_connection_set_phase (connection, US_GUARD_STREAMING);
  append (connection, opening);
  if (connection->is_hung_up)
    us_http_shard_queue (connection->shard, connection);
}

/**
 * us_http_sink_feed:
 *
 * Sends an event, unless the reader has gone. The connection may be gone afterwards.
 */
void
us_http_sink_feed (UsHttpSink *sink, GBytes *frame) {
  UsHttpConnection *connection = sink->connection;

  if (connection == NULL || connection->is_leaving || connection->fd < 0)
    return;
  if (sink->n_queued + g_bytes_get_size (frame) > US_HTTP_EVENTS_MAX_QUEUE) {
    sink->was_slow = TRUE;
    us_http_connection_close (connection);
    return;
  }
  append (connection, frame);
}

/* The last event was sent: completes the response, whether or not the reader is there to see. */
void
us_http_sink_end (UsHttpConnection *connection) {
  SoupServerMessage *message = connection->exchange.message;
  gboolean was_idle = connection->exchange.sink->n_queued == 0;

  us_http_sink_lose (connection);
  soup_message_body_complete (soup_server_message_get_response_body (message));
  us_http_connection_set_phase (connection, US_GUARD_SENDING);
  if (was_idle)
    soup_server_message_unpause (message);
}

static gboolean
on_lost (gpointer user_data) {
  us_http_events_dismiss (us_http_sink_ref (user_data));
  return G_SOURCE_REMOVE;
}

/* The connection forgets its sink, and the hub hears of it. */
void
us_http_sink_lose (UsHttpConnection *connection) {
  UsHttpSink *sink = g_steal_pointer (&connection->exchange.sink);

  if (sink == NULL)
    return;
  sink->connection = NULL;
  connection->facts.has_pending = FALSE;
  us_http_post (us_http_shard_core (connection->shard)->main_context, "us-http-reader-gone",
                on_lost, sink, (GDestroyNotify)us_http_sink_unref);
}
