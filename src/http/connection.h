/* connection.h - one viewer's socket, from accept to close, whether or not libsoup holds it */
#pragma once

#include "http/core.h"
#include "http/exchange.h"

G_BEGIN_DECLS

typedef struct UsHttpShard UsHttpShard;
typedef struct UsHttpSoup UsHttpSoup;
typedef struct _UsHttpStream UsHttpStream;

struct UsHttpConnection {
  GList link; /* in the shard's list */
  UsHttpShard *shard;
  int fd; /* -1: closed, libsoup is being told */
  UsGuardFacts facts;
  gboolean is_readable, is_writable; /* edge-triggered: until the kernel says EAGAIN */
  gboolean is_hung_up;               /* the peer sends no more */
  gboolean is_queued;                /* in the shard's list of parked connections with news */
  gboolean is_leaving;               /* libsoup must let go: closed, or being parked */
  gboolean has_poison;               /* see stream.c */
  gboolean is_corked;                /* hold the header back for the body that follows at once */
  GByteArray *inbox;                 /* nullable: received, not yet given to libsoup */
  gsize n_given;                     /* bytes of it that were */
  gsize n_header;                    /* bytes of it that libsoup may have: a judged header */
  gboolean is_inbox_fresh;           /* not looked at since the last request ended */
  GByteArray *held;                  /* nullable: the header held back, from @held_sent on */
  gsize held_sent;

  UsHttpStream *stream; /* nullable: parked */
  UsHttpSoup *soup;     /* nullable: parked */
  UsHttpExchange exchange;

  char *peer;
  gboolean is_loopback;
  GSocketAddress *local, *remote;
};

/* Takes @fd over. */
UsHttpConnection *us_http_connection_new (UsHttpShard *shard, int fd, const char *peer,
                                          GSocketAddress *local, GSocketAddress *remote);
UsHttpConnection *us_http_connection_of_address (GSocketAddress *remote);
void us_http_connection_set_phase (UsHttpConnection *connection, UsGuardPhase phase);

/* Receives and judges for a connection that libsoup does not hold. Returns: %TRUE when a whole
 * header is there; the connection may be gone when it returns %FALSE. */
gboolean us_http_connection_fetch (UsHttpConnection *connection);

/* For the stream: non-blocking, with GPollable's errors. */
gssize us_http_connection_read (UsHttpConnection *connection, void *buffer, gsize size,
                                GError **error);
gssize us_http_connection_write (UsHttpConnection *connection, const void *data, gsize size,
                                 GError **error);
void us_http_connection_flush (UsHttpConnection *connection);
/* libsoup closed its stream. The connection may be gone afterwards. */
void us_http_connection_released (UsHttpConnection *connection);

/* Ends the connection; its descriptor is free at once. It may be gone afterwards. */
void us_http_connection_close (UsHttpConnection *connection);
/* Answers with a bare status past libsoup and ends the connection once that was read. It may be
 * gone afterwards unless libsoup is in the middle of a call with it. */
void us_http_connection_refuse (UsHttpConnection *connection, guint status);
/* Takes an idle connection out of libsoup. */
void us_http_connection_park (UsHttpConnection *connection);
/* Reads and throws away after a refusal. The connection may be gone afterwards. */
void us_http_connection_drain (UsHttpConnection *connection);

/* The bytes of a refusal: a whole response. */
const char *us_http_refusal (guint status);

G_END_DECLS
