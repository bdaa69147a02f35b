/* fetched.c - what a request came to, as the detectors read it
 *
 * Pure. From the client's reply, or its error and what it saw up to then, to a UsFetched: the
 * outcome in the words of the desk, seconds, and what caches say of themselves (RFC 9211, Age, and
 * the X-Cache family, of which only "hit" and "miss" are common ground).
 */
#include "monitor/fetched.h"

#include <math.h>
#include <string.h>

#define MAX_AGE_S (10 * 365 * 86400) /* more is no Age */

/**
 * us_fetched_outcome_of_status:
 * @status: of HTTP
 *
 * Returns: %US_OUTCOME_OK for 2xx and 304
 */
UsOutcome
us_fetched_outcome_of_status (guint status) {
  if ((status >= 200 && status < 300) || status == 304)
    return US_OUTCOME_OK;
  if (status == 401 || status == 403)
    return US_OUTCOME_AUTH;
  if (status == 404 || status == 410)
    return US_OUTCOME_MISSING;
  if (status == 429 || status == 503)
    return US_OUTCOME_BUSY;
  if (status >= 500)
    return US_OUTCOME_5XX;
  /* A redirect that leads nowhere, or one that was not to be followed. */
  return status >= 400 ? US_OUTCOME_4XX : US_OUTCOME_REDIRECT;
}

static UsOutcome
outcome_of_error (const GError *error, const UsHttpFacts *facts) {
  if (error->domain != US_HTTP_ERROR)
    return US_OUTCOME_CONTENT;
  switch (error->code) {
  case US_HTTP_ERROR_RESOLVE:
    return US_OUTCOME_DNS;
  case US_HTTP_ERROR_REFUSED:
    return US_OUTCOME_CONNECT;
  case US_HTTP_ERROR_RESET:
    return US_OUTCOME_RESET;
  case US_HTTP_ERROR_CONNECT_TIMEOUT:
  case US_HTTP_ERROR_FIRST_BYTE_TIMEOUT:
  case US_HTTP_ERROR_DEADLINE:
  case US_HTTP_ERROR_CANCELLED:
    return US_OUTCOME_TIMEOUT;
  case US_HTTP_ERROR_TRUNCATED:
    return US_OUTCOME_TRUNCATED;
  case US_HTTP_ERROR_TOO_LARGE:
    return US_OUTCOME_TOO_LARGE;
  case US_HTTP_ERROR_TLS:
    return US_OUTCOME_TLS;
  case US_HTTP_ERROR_FORBIDDEN:
    return US_OUTCOME_FORBIDDEN;
  default:
    return facts != NULL && facts->n_redirects > 0 ? US_OUTCOME_REDIRECT : US_OUTCOME_CONTENT;
  }
}

/**
 * us_fetched_init:
 * @fetched: (out): as of a request that nothing is known of
 */
void
us_fetched_init (UsFetched *fetched) {
  *fetched = (UsFetched){ .cache_age_s = -1 };
  fetched->dns_s = fetched->connect_s = fetched->tls_s = NAN;
  fetched->first_byte_s = fetched->body_s = fetched->total_s = NAN;
}

/* ---- caches ---- */

static gboolean
has_word (const char *text, const char *word) {
  if (text == NULL)
    return FALSE;
  g_autofree char *lower = g_ascii_strdown (text, -1);
  return strstr (lower, word) != NULL;
}

/* "ExampleCache; fwd=miss; fwd-status=502, Edge; hit": the last member is the nearest cache; the
 * status of whoever forwarded first is the origin's. */
static void
read_cache_status (UsFetched *fetched, const char *text) {
  g_auto (GStrv) members = g_strsplit (text, ",", 16);
  guint n = g_strv_length (members);
  for (guint i = 0; i < n; i++) {
    g_auto (GStrv) parameters = g_strsplit (members[i], ";", 16);
    for (guint p = 1; parameters[0] != NULL && parameters[p] != NULL; p++) {
      const char *parameter = g_strstrip (parameters[p]);
      guint64 status;
      if (g_str_has_prefix (parameter, "fwd-status=") && fetched->forwarded_status == 0
          && g_ascii_string_to_unsigned (parameter + strlen ("fwd-status="), 10, 100, 599, &status,
                                         NULL))
        fetched->forwarded_status = (guint)status;
      if (i + 1 == n && strcmp (parameter, "hit") == 0)
        fetched->cache = US_CACHE_HIT;
      else if (i + 1 == n && g_str_has_prefix (parameter, "fwd="))
        fetched->cache = US_CACHE_MISS;
    }
  }
}

static void
read_cache (UsFetched *fetched, const UsHttpFacts *facts) {
  guint64 age;
  if (facts->age != NULL && g_ascii_string_to_unsigned (facts->age, 10, 0, MAX_AGE_S, &age, NULL))
    fetched->cache_age_s = (gint64)age;
  fetched->has_cache = fetched->cache_age_s >= 0 || facts->x_cache != NULL || facts->via != NULL
                       || facts->cache_status != NULL || facts->served_by != NULL;
  if (facts->cache_status != NULL)
    read_cache_status (fetched, facts->cache_status);
  if (fetched->cache != US_CACHE_UNKNOWN)
    return;
  /* "HIT, MISS" of two layers: one hit is enough for a fast answer. */
  if (has_word (facts->x_cache, "hit"))
    fetched->cache = US_CACHE_HIT;
  else if (has_word (facts->x_cache, "miss"))
    fetched->cache = US_CACHE_MISS;
}

/* ---- both ---- */

static double
seconds (gint64 us) {
  return us >= 0 ? (double)us / G_USEC_PER_SEC : NAN;
}

static void
read_facts (UsFetched *fetched, const UsHttpFacts *facts) {
  fetched->dns_s = seconds (facts->step_us[US_HTTP_STEP_RESOLVE]);
  fetched->connect_s = seconds (facts->step_us[US_HTTP_STEP_CONNECT]);
  fetched->tls_s = seconds (facts->step_us[US_HTTP_STEP_TLS]);
  fetched->first_byte_s = seconds (facts->step_us[US_HTTP_STEP_WAIT]);
  fetched->body_s = seconds (facts->step_us[US_HTTP_STEP_BODY]);
  fetched->total_s = seconds (facts->total_us);
  fetched->is_reused = facts->is_reused;
  fetched->n_bytes = facts->n_wire_bytes;
  fetched->address = g_strdup (facts->address);
  fetched->content_encoding = g_strdup (facts->content_encoding);
  fetched->cache_control = g_strdup (facts->cache_control);
  fetched->allow_origin = g_strdup (facts->allow_origin);
  fetched->certificate_until_s = facts->certificate_until_s;
  read_cache (fetched, facts);
}

/**
 * us_fetched_from_reply:
 * @fetched: (inout): initialised
 * @has_condition: an If-None-Match or If-Modified-Since went with the request; without one, a 304
 *   is no answer (RFC 9110 15.4.5)
 */
void
us_fetched_from_reply (UsFetched *fetched, const UsHttpReply *reply, gboolean has_condition) {
  read_facts (fetched, reply->facts);
  fetched->status = reply->status;
  fetched->outcome = us_fetched_outcome_of_status (reply->status);
  fetched->is_unmodified = reply->status == 304 && has_condition;
  fetched->content_type = g_strdup (reply->content_type);
  if (reply->status == 304 && !has_condition) {
    fetched->outcome = US_OUTCOME_CONTENT;
    fetched->problem = g_strdup ("status 304 to a request without a condition");
  } else if (fetched->outcome != US_OUTCOME_OK)
    fetched->problem = g_strdup_printf ("status %u", reply->status);
}

/**
 * us_fetched_from_error:
 * @fetched: (inout): initialised
 * @error: of us_http_client_fetch_finish()
 * @facts: (nullable)
 */
void
us_fetched_from_error (UsFetched *fetched, const GError *error, const UsHttpFacts *facts) {
  if (facts != NULL)
    read_facts (fetched, facts);
  fetched->outcome = outcome_of_error (error, facts);
  if (facts != NULL && facts->certificate_problem != NULL && fetched->outcome == US_OUTCOME_TLS)
    fetched->problem = g_strdup (facts->certificate_problem);
  else
    fetched->problem = g_strdup (error->message);
}
