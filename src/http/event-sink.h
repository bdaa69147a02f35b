/* event-sink.h - one reader of events: between the hub and a connection of a shard */
#pragma once

#include "http/exchange.h"
#include "http/events.h"

G_BEGIN_DECLS

/* UsHttpSink: reference counted. */
struct UsHttpSink {
  gint n_refs;

  /* main context */
  UsHttpEvents *events; /* nullable: forgotten there */
  GList link;           /* in its channel */
  gpointer channel;
  UsHttpEventsWish wish;

  /* shard's thread */
  UsHttpConnection *connection; /* nullable: gone */
  gsize n_queued;               /* bytes that libsoup has of us and the kernel has not */
  gboolean was_slow;
};

UsHttpSink *us_http_sink_ref (UsHttpSink *sink);
void us_http_sink_unref (UsHttpSink *sink);

/* Main context. Returns: (transfer full) (nullable): a reader, with what it gets first in @opening;
 * %NULL: @response says why not. */
UsHttpSink *us_http_events_admit (UsHttpEvents *events, const UsHttpRequest *request,
                                  UsHttpResponse *response, GMainContext *shard_context,
                                  GBytes **opening);
/* Main context, with a reference that it takes over. */
void us_http_events_dismiss (UsHttpSink *sink);

/* Shard's thread. */
void us_http_sink_open (UsHttpConnection *connection, UsHttpSink *sink, GBytes *opening);
void us_http_sink_feed (UsHttpSink *sink, GBytes *frame);
void us_http_sink_end (UsHttpConnection *connection);
void us_http_sink_lose (UsHttpConnection *connection);

G_END_DECLS
