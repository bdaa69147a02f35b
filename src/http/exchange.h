/* exchange.h - one request and its answer, between libsoup's message and the routes */
#pragma once

#include "http/core.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct UsHttpConnection UsHttpConnection;
typedef struct UsHttpJob UsHttpJob;
typedef struct UsHttpSink UsHttpSink;

/* UsHttpExchange: part of its connection, which has one request at a time. */
typedef struct {
  SoupServerMessage *message; /* nullable: none under way; owned */
  UsHttpRequest request;      /* points into @message, @decoded_path and @body */
  char *decoded_path;         /* nullable */
  GBytes *body;               /* nullable */
  gsize body_size;
  const char *range, *if_range;
  const UsHttpRoute *route;
  gint64 asked_us; /* when it was first asked */
  GList wait_link; /* in the shard's list while it waits */
  gboolean is_waiting;
  gboolean is_answered;
  UsHttpJob *job;   /* nullable: being handled in the main context */
  UsHttpSink *sink; /* nullable: owned: the answer is a stream of events */
} UsHttpExchange;

/* Wires a SoupServer to the routes of a shard. */
void us_http_exchange_attach (SoupServer *server);
/* Asks the responder of a waiting request again. */
void us_http_exchange_ask_again (UsHttpConnection *connection);
/* Whether an answer is awaited that nothing of libsoup watches the client for. */
gboolean us_http_exchange_is_held (const UsHttpExchange *exchange);
/* The client is gone, or the server ends: forget the request, wake libsoup if it was paused. */
void us_http_exchange_abandon (UsHttpConnection *connection);
/* The request is over. */
void us_http_exchange_clear (UsHttpConnection *connection);
/* Answers a held request with 503, because the server ends. */
void us_http_exchange_turn_away (UsHttpConnection *connection);

G_END_DECLS
