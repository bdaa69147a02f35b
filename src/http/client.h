/* client.h - bounded, timed HTTP requests: every fetch has deadlines, a size cap and timings */
#pragma once

#include "http/address-policy.h"
#include "http/facts.h"

G_BEGIN_DECLS

#define US_HTTP_ERROR us_http_error_quark ()
/* The reasons an operator tells apart; each maps to one word in metrics and /healthz. */
typedef enum {
  US_HTTP_ERROR_RESOLVE, /* name not found */
  US_HTTP_ERROR_REFUSED, /* connection refused or unreachable */
  US_HTTP_ERROR_RESET,   /* closed or reset before the response was whole */
  US_HTTP_ERROR_CONNECT_TIMEOUT,
  US_HTTP_ERROR_FIRST_BYTE_TIMEOUT,
  US_HTTP_ERROR_DEADLINE,  /* the whole fetch took too long */
  US_HTTP_ERROR_TRUNCATED, /* fewer bytes than Content-Length */
  US_HTTP_ERROR_TOO_LARGE,
  US_HTTP_ERROR_TLS,
  US_HTTP_ERROR_PROTOCOL, /* not HTTP, redirect loop, bad URL */
  US_HTTP_ERROR_CANCELLED,
  US_HTTP_ERROR_FORBIDDEN, /* by the address policy of the fetch */
} UsHttpError;
GQuark us_http_error_quark (void);
const char *us_http_error_word (const GError *error); /* "refused", "timeout", ... */

typedef struct {
  const char *if_none_match;     /* nullable */
  const char *if_modified_since; /* nullable: an HTTP date */
  guint64 range_from;            /* first byte wanted */
  guint64 range_length; /* 0: all that follow; with @range_from 0 too: no Range is asked for */
  const char *if_range; /* nullable: only while this is its ETag, else the whole */
  const char *accept_encoding; /* nullable: "gzip", which is undone then */
  const char *origin;          /* nullable: as a web page of there would ask */
  const char *authorization;   /* nullable; not passed on by a redirect */
  const char *user;            /* nullable: X-Understudy-User; not passed on by a redirect */
  const char *const *headers;  /* nullable: name, value ... NULL; not passed on by a redirect */
  const char *method;          /* nullable: GET, or POST with a body */
  GBytes *json;                /* nullable: a body of application/json */
  GBytes *body;                /* nullable: another body, of @body_type */
  const char *body_type;
  const char *led_by;          /* nullable: the peer, as configured, that has named the URL: it and
                                * redirects may not lead to this machine, unless the peer is there */
  const UsHttpReach *reach;    /* nullable: anywhere. Else also: no name or password in the URL */
  guint max_redirects;         /* (0: 3; at most 10); only GET and HEAD are redirected */
  guint connect_timeout_ms;    /* until a connection stands (0: 1000) */
  guint first_byte_timeout_ms; /* from then to the response headers (0: 2000) */
  guint deadline_ms;           /* the whole fetch (0: 10000) */
  gsize max_bytes;             /* as they come, and decoded (0: 64 MiB) */
} UsHttpFetch;

typedef struct {
  guint status;
  GBytes *body;         /* never NULL; empty for 304 */
  char *etag;           /* nullable */
  char *content_type;   /* nullable */
  char *url;            /* (nullable): where redirects led; the base of what the body names */
  guint64 range_from;   /* of a 206: where @body begins, as was asked for */
  gint64 first_byte_us; /* request sent to response headers */
  gint64 total_us;
  char *last_modified; /* nullable */
  char *location;      /* (nullable): of a redirect that was not followed */
  UsHttpFacts *facts;  /* never NULL */
} UsHttpReply;
void us_http_reply_free (UsHttpReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHttpReply, us_http_reply_free)

/* UsHttpClient: a GObject around one SoupSession; use in one thread. Redirects: http and
 * https only. Connections stay open between fetches, up to 2048 per host: a blocked long-poll
 * holds one. Direct: proxies of the environment are not used. */
#define US_TYPE_HTTP_CLIENT us_http_client_get_type ()
G_DECLARE_FINAL_TYPE (UsHttpClient, us_http_client, US, HTTP_CLIENT, GObject)

UsHttpClient *us_http_client_new (const char *user_agent);
void us_http_client_fetch_async (UsHttpClient *client, const char *url, const UsHttpFetch *fetch,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data);
/* Any HTTP status is a reply; GError (US_HTTP_ERROR) only when there is none. */
UsHttpReply *us_http_client_fetch_finish (UsHttpClient *client, GAsyncResult *result,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After a failure: what had come of the body. Returns: (transfer full) (nullable); @etag: (out)
 * (transfer full) (nullable): its strong ETag */
GBytes *us_http_client_take_partial (UsHttpClient *client, GAsyncResult *result, char **etag);
/* After a failure: what was seen up to then. Returns: (transfer full), once */
UsHttpFacts *us_http_client_take_facts (UsHttpClient *client, GAsyncResult *result);
/* @authorities: whose certificates are believed, instead of the system's */
void us_http_client_set_authorities (UsHttpClient *client, GTlsDatabase *authorities);

G_END_DECLS
