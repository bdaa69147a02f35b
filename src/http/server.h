/* server.h - HTTP/1.1 for many viewers: own accept loop, guarded connections, sharded libsoup */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct UsHttpServer UsHttpServer;
typedef struct UsHttpEvents UsHttpEvents;
typedef struct UsHttpPending UsHttpPending;

typedef struct {
  const char *address;       /* "0.0.0.0", "127.0.0.1", "::" ... */
  guint16 port;              /* 0: any free port */
  int inherited_fd;          /* a listening socket handed down by a supervisor, or -1 */
  guint n_shards;            /* threads; 0: one per two cores, 1 to 8 */
  guint max_connections;     /* in total */
  guint max_per_address;     /* from one peer address, 0: no cap */
  gboolean is_loopback_free; /* that cap is not for this machine, where a proxy may stand */
  guint header_timeout_ms;   /* from accept or from the first byte of a request to its end */
  guint idle_timeout_ms;     /* keep-alive without a request */
  guint send_timeout_ms;     /* a response of which not one byte could be sent */
  guint max_requests;        /* connections that one SoupServer serves before it retires, shard.c */
  guint max_waiting;         /* requests held back at once (blocking reload); more get 503 */
} UsHttpServerSettings;

void us_http_server_settings_default (UsHttpServerSettings *settings);

/* UsHttpRequest: what a handler may know. Valid during the call. */
typedef struct {
  const char *method;          /* "GET", "HEAD", "POST" ... */
  const char *path;            /* percent-decoded, no query, never with ".." segments */
  const char *query;           /* raw, "" when absent */
  const char *if_none_match;   /* nullable */
  const char *if_match;        /* nullable; "" when there are several, as with the next three */
  const char *accept;          /* nullable: "" also when there are several */
  const char *accept_encoding; /* nullable: as @accept */
  const char *last_event_id;   /* nullable */
  const char *idempotency_key; /* nullable */
  const char *authorization;   /* nullable */
  const char *content_type;    /* nullable */
  const char *host;            /* nullable; "" when there are several, as with @origin */
  const char *origin;          /* nullable: of the web page that sent it */
  const char *claimed_user;    /* nullable: X-Understudy-User, which anybody may write */
  gboolean is_forwarded;       /* a proxy stands between: it says so, or speaks HTTP/1.0 */
  const char *peer;            /* address of the client without port */
  gboolean is_loopback;
  GBytes *body; /* nullable; bounded by US_HTTP_MAX_REQUEST_BODY */
} UsHttpRequest;
#define US_HTTP_MAX_REQUEST_BODY (1024 * 1024)

/* UsHttpResponse: filled by a handler; the server clears it. Static strings unless noted. */
typedef struct {
  guint status;
  const char *content_type;
  const char *cache_control;
  GBytes *body; /* transfer full; sent without copying; HEAD and Range by the server */
  char *etag;   /* transfer full, nullable, with its quotes; drives If-None-Match */
  char *location, *retry_after; /* transfer full, nullable */
  const char *challenge;        /* nullable: WWW-Authenticate of a 401 */
  gboolean allow_range;         /* segments: yes; playlists: no */
  GPtrArray *headers;           /* nullable: see us_http_response_add_header() */
  UsHttpPending *pending;       /* nullable: see us_http_response_defer() */
} UsHttpResponse;
void us_http_response_add_header (UsHttpResponse *response, const char *name, const char *value);
void us_http_response_clear (UsHttpResponse *response);

typedef enum {
  US_HTTP_REPLY, /* send the response now */
  US_HTTP_WAIT,  /* ask me again when a new snapshot was published, or when the time is up */
} UsHttpVerdict;

/* UsHttpRespond: a pure function of an immutable snapshot and a request. Runs in a shard's thread.
 * @waited_ms: how long this request has waited already; the function itself decides when to give
 *   up, by returning US_HTTP_REPLY, and is asked again at least every 250 ms */
typedef UsHttpVerdict (*UsHttpRespond) (gconstpointer snapshot, const UsHttpRequest *request,
                                        guint waited_ms, UsHttpResponse *response);

/* UsHttpHandle: for the rest (metrics, health, control): runs in the main context of
 * us_http_server_new(), so that it may look at the role's own state. Answers at once, or says that
 * it will: us_http_response_defer(). */
typedef void (*UsHttpHandle) (const UsHttpRequest *request, UsHttpResponse *response,
                              gpointer user_data);

/* The answer comes later, in the main context; 503 when it does not come within @deadline_ms. */
UsHttpPending *us_http_response_defer (UsHttpResponse *response, guint deadline_ms);
void us_http_pending_answer (UsHttpPending *pending, UsHttpResponse *response);

UsHttpServer *us_http_server_new (const UsHttpServerSettings *settings,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Routes are added before us_http_server_start(); the longest prefix wins; "/x/" matches below,
 * "/x" matches exactly. Anything else: 404 as problem+json. Other methods than @methods: 405. */
void us_http_server_add_responder (UsHttpServer *server, const char *prefix, UsHttpRespond respond);
void us_http_server_add_handler (UsHttpServer *server, const char *prefix, const char *methods,
                                 UsHttpHandle handle, gpointer user_data);
/* GET @path is a stream of @events, which must outlive the server. */
void us_http_server_add_events (UsHttpServer *server, const char *path, UsHttpEvents *events);
/* Which web pages may use the handlers below @prefix: origins ("https://desk.example") or "*". */
void us_http_server_allow_origins (UsHttpServer *server, const char *prefix,
                                   const char *const *origins);
/* Sent with every answer of this server, whoever makes it. */
void us_http_server_add_header (UsHttpServer *server, const char *name, const char *value);
gboolean us_http_server_start (UsHttpServer *server, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 us_http_server_get_port (UsHttpServer *server);
/* Swaps the snapshot all shards answer from, and wakes waiting requests. @snapshot: (transfer
 * full); @destroy is called, in any thread, when no request uses it any more. */
void us_http_server_publish (UsHttpServer *server, gpointer snapshot, GDestroyNotify destroy);

typedef struct {
  guint64 connections_total, requests_total, refused_total, timeouts_total, bytes_out_total;
  guint64 retired_total; /* SoupServers that have gone */
  guint connections, waiting;
} UsHttpServerStats;
void us_http_server_get_stats (UsHttpServer *server, UsHttpServerStats *stats);

/* Stops accepting, lets running responses finish for at most @grace_ms, closes everything. */
void us_http_server_stop (UsHttpServer *server, guint grace_ms);
void us_http_server_free (UsHttpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHttpServer, us_http_server_free)

G_END_DECLS
