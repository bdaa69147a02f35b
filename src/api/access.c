/* access.c - who may read, who may write, and what the log is told of it
 *
 * Reading is open where the settings say so, to those who ask under a name that is this desk's
 * (hosts.c); anything else passes the door (http/door.c). A web
 * page of another site passes it only where the settings name that site, and then only with a
 * token, which no browser adds by itself; reading from this machine needs none.
 */
#define US_LOG_TOPIC "api"
#include "api/api-private.h"

#include "base/log.h"
#include "base/names.h"
#include "base/text.h"
#include "http/problem.h"

#include <string.h>

#define REFUSED_LOG_US (10 * G_USEC_PER_SEC)

static gboolean
is_trusted_page (const UsApi *api, const char *origin, gboolean is_write) {
  if (api->origins == NULL || *origin == '\0')
    return FALSE;
  gboolean is_named = g_strv_contains ((const char *const *)api->origins, origin);
  gboolean is_any = g_strv_contains ((const char *const *)api->origins, "*");
  return api->has_tokens ? is_named || is_any : is_named && !is_write;
}

static void
refuse_host (const UsHttpRequest *request, UsHttpResponse *response) {
  g_autofree char *host = us_text_clean (request->host, 100);
  us_http_problem (response, 403, "wrong-host", "Not a name of this desk",
                   "It was asked for as \"%s\", which may be a name that another site has lent it. "
                   "Ask for its address, or set desk-url to where it is found.",
                   host);
}

/**
 * us_api_enter:
 * @response: filled in when it is refused
 *
 * Returns: (transfer full) (nullable): who it is; %NULL: refused
 */
char *
us_api_enter (const UsApi *api, const UsHttpRequest *request, gboolean is_write,
              UsHttpResponse *response) {
  UsHttpRequest plain = *request;
  gboolean is_open = !is_write && api->is_reading_open;
  if (is_open && us_hosts_has (api->hosts, request->host))
    return g_strdup (request->peer);
  if (is_open && (!api->has_tokens || request->authorization == NULL)) {
    refuse_host (request, response);
    return NULL;
  }
  if (plain.origin != NULL && is_trusted_page (api, plain.origin, is_write))
    plain.origin = NULL;
  return us_door_enter (api->door, &plain, response);
}

/* Whether it is somebody who may see what only writers may. */
gboolean
us_api_may_write (const UsApi *api, const UsHttpRequest *request) {
  UsHttpResponse ignored = { 0 };
  g_autofree char *who = us_api_enter (api, request, TRUE, &ignored);
  us_http_response_clear (&ignored);
  return who != NULL;
}

/* A body is JSON and says so; a form of a web page, even an empty one, says something else. */
gboolean
us_api_check_body (const UsHttpRequest *request, UsHttpResponse *response) {
  gboolean is_empty = request->body == NULL || g_bytes_get_size (request->body) == 0;
  return (is_empty && request->content_type == NULL) || us_door_check_json (request, response);
}

/* Many refusals in a row are one line: the log is no place for a stranger to write into. */
void
us_api_log_refusal (UsApi *api, const UsHttpRequest *request, guint status) {
  gint64 now_us = g_get_monotonic_time ();
  api->n_refused++;
  if (api->refused_us > 0 && now_us - api->refused_us < REFUSED_LOG_US)
    return;
  g_autofree char *path = us_text_clean (request->path, 80);
  us_event (US_LOG_WARNING, US_EVENT_CONTROL_REFUSED, "%s %s from %s was refused at the door: %u%s",
            request->method, path, request->peer, status,
            api->n_refused > 1 ? ", and others before" : "");
  api->refused_us = now_us;
  api->n_refused = 0;
}

/* @format: what was done; who did it is added */
void
us_api_log_write (const UsApi *api, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *clean = us_text_clean (text, 300);
  us_event (US_LOG_NOTICE, US_EVENT_CONTROL, "%s, by %s", clean, api->who != NULL ? api->who : "?");
}
