/* facts.h - what can be told of one request apart from its body, also when it was not answered */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_HTTP_STEP_RESOLVE,
  US_HTTP_STEP_CONNECT,
  US_HTTP_STEP_TLS,
  US_HTTP_STEP_WAIT, /* from the request to the first byte of its answer */
  US_HTTP_STEP_BODY, /* from there to its end */
  US_HTTP_N_STEPS,
} UsHttpStep;
const char *us_http_step_word (UsHttpStep step); /* "resolve", "connect", "tls", "first-byte" ... */

/* UsHttpFacts: times are durations in us, -1: that step did not happen (the connection was open
 * already, no TLS, failed before). A step that failed counts up to there. All but @redirect_us and
 * @total_us are of the last hop. */
typedef struct {
  UsHttpStep step;    /* the last one begun: of a failure, the one that failed */
  gint64 redirect_us; /* the hops before the last; 0: none */
  gint64 step_us[US_HTTP_N_STEPS];
  gint64 total_us;
  guint n_redirects;
  gboolean is_reused;    /* the connection */
  char *address;         /* nullable: that answered, or was tried last; without port */
  gint64 declared_bytes; /* Content-Length; -1: not said */
  gsize n_wire_bytes;    /* of the body, as it came */
  gboolean is_decoded;   /* the body was gzip, and is no more */

  gint64 certificate_until_s; /* since the epoch; 0: no TLS, or not known */
  char *certificate_problem;  /* nullable: what is wrong with it, in words */

  /* Headers of the answer, all nullable. */
  char *age, *via, *cache_status, *cache_control, *content_encoding, *allow_origin, *retry_after,
      *last_modified, *date, *server;
  char *x_cache;   /* X-Cache, X-Cache-Status, CF-Cache-Status: those there are, by ", " */
  char *served_by; /* X-Served-By */
} UsHttpFacts;

void us_http_facts_free (UsHttpFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHttpFacts, us_http_facts_free)

G_END_DECLS
