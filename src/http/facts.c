/* facts.c - what can be told of one request apart from its body
 *
 * A plain value that trace.c fills in; owned by the reply, or by whoever took it after a failure.
 */
#include "http/facts.h"

/**
 * us_http_step_word:
 *
 * Returns: a stable word for reports
 */
const char *
us_http_step_word (UsHttpStep step) {
  static const char *const words[US_HTTP_N_STEPS] = {
    [US_HTTP_STEP_RESOLVE] = "resolve", [US_HTTP_STEP_CONNECT] = "connect",
    [US_HTTP_STEP_TLS] = "tls",         [US_HTTP_STEP_WAIT] = "first-byte",
    [US_HTTP_STEP_BODY] = "body",
  };
  return (guint)step < US_HTTP_N_STEPS ? words[step] : "unknown";
}

void
us_http_facts_free (UsHttpFacts *facts) {
  if (facts == NULL)
    return;
  g_free (facts->address);
  g_free (facts->certificate_problem);
  g_free (facts->age);
  g_free (facts->via);
  g_free (facts->cache_status);
  g_free (facts->cache_control);
  g_free (facts->content_encoding);
  g_free (facts->allow_origin);
  g_free (facts->retry_after);
  g_free (facts->last_modified);
  g_free (facts->date);
  g_free (facts->server);
  g_free (facts->x_cache);
  g_free (facts->served_by);
  g_free (facts);
}
