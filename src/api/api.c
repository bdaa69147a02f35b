/* api.c - the REST interface of the operations desk
 *
 * A thin door in the desk's thread: who asks is judged in access.c; a table leads from a path to a
 * resource (api-*.c), which reads parameters, asks the desk and renders nouns (*-json.c). What
 * happens at the desk is streamed to whoever listens (api-events.c). data/openapi.yaml is the
 * contract; a test drives every operation of it and finds every route in it.
 *
 * Owned by the role; freed after the server was stopped, before the desk.
 */
#define US_LOG_TOPIC "api"
#include "api/api-private.h"

#include "base/log.h"
#include "http/problem.h"

#include <string.h>

#define RESOLVER "/etc/resolv.conf"
/* A page that shows and plays streams needs none of these. */
#define PERMISSIONS                                                                                \
  "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "                \
  "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"

const UsTemplateRoute us_api_routes[] = {
  { "GET", "/api/streams", us_api_list_streams },
  { "POST", "/api/streams", us_api_add_stream_of },
  { "GET", "/api/streams/{id}", us_api_get_stream },
  { "PATCH", "/api/streams/{id}", us_api_change_stream },
  { "DELETE", "/api/streams/{id}", us_api_remove_stream },
  { "POST", "/api/streams/{id}/pause", us_api_pause_stream },
  { "POST", "/api/streams/{id}/resume", us_api_resume_stream },
  { "PUT", "/api/streams/{id}/maintenance", us_api_begin_maintenance },
  { "DELETE", "/api/streams/{id}/maintenance", us_api_end_maintenance },
  { "GET", "/api/strips", us_api_list_strips },
  { "POST", "/api/demo", us_api_start_demo },
  { "GET", "/api/streams/{id}/timeline", us_api_stream_timeline },
  { "GET", "/api/streams/{id}/metrics/history", us_api_stream_history },
  { "GET", "/api/streams/{id}/findings", us_api_stream_findings },
  { "GET", "/api/streams/{id}/diagnosis", us_api_stream_diagnosis },
  { "GET", "/api/streams/{id}/badge.svg", us_api_stream_badge },
  { "GET", "/api/streams/{id}/thumbnail", us_api_newest_thumbnail },
  { "GET", "/api/streams/{id}/thumbnail/file", us_api_newest_thumbnail_file },
  { "GET", "/api/streams/{id}/thumbnails", us_api_list_thumbnails },
  { "GET", "/api/thumbnails/{id}", us_api_thumbnail_file },
  { "GET", "/api/incidents", us_api_list_incidents },
  { "GET", "/api/incidents/{id}", us_api_get_incident },
  { "POST", "/api/incidents/{id}/acknowledge", us_api_acknowledge_incident },
  { "POST", "/api/incidents/{id}/resolve", us_api_resolve_incident },
  { "GET", "/api/incidents/{id}/timeline", us_api_incident_timeline },
  { "GET", "/api/incidents/{id}/bundle", us_api_incident_bundle },
  { "GET", "/api/incidents/{id}/notes", us_api_list_notes },
  { "POST", "/api/incidents/{id}/notes", us_api_add_note_to },
  { "GET", "/api/deliveries", us_api_list_deliveries },
  { "POST", "/api/notifications/test", us_api_test_notifications },
  { "GET", "/api/checks", us_api_list_checks },
  { "GET", "/api/causes", us_api_list_causes },
  { "GET", "/api/chain", us_api_get_chain },
  { "GET", "/api/chain/streams/{name}/ledger", us_api_chain_ledger },
  { "POST", "/api/chain/streams/{name}/{command}", us_api_chain_command },
  { "POST", "/api/chain/drills/{name}", us_api_start_drill },
  { NULL, NULL, NULL },
};

/* ---- requests ---- */

static gboolean
is_read (const UsHttpRequest *request) {
  return strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0;
}

static void
dispatch (UsApi *api, const UsHttpRequest *request, UsHttpResponse *response) {
  gboolean is_keyed = request->idempotency_key != NULL && strcmp (request->method, "POST") == 0;
  if (is_keyed
      && us_api_keys_ask (api->keys, api->who, request, g_get_monotonic_time (), response)
             != US_API_KEY_NEW)
    return;
  us_template_dispatch (us_api_routes, api, request, response);
  if (is_keyed && response->pending == NULL)
    us_api_keys_keep (api->keys, api->who, request->idempotency_key, response);
}

static void
on_api (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsApi *api = user_data;
  gboolean is_write = !is_read (request);
  g_autofree char *who = us_api_enter (api, request, is_write, response);
  if (who == NULL || (is_write && !us_api_check_body (request, response)))
    us_api_log_refusal (api, request, response->status);
  else if (!us_api_wait_for_store (api, request, who, response)) {
    api->who = who;
    dispatch (api, request, response);
    api->who = NULL;
  }
}

/* What is outside /api/ and still not for everybody. */
static gboolean
may_read (UsApi *api, const UsHttpRequest *request, UsHttpResponse *response) {
  g_autofree char *who = us_api_enter (api, request, FALSE, response);
  if (who == NULL)
    us_api_log_refusal (api, request, response->status);
  return who != NULL;
}

static void
on_metrics (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  if (may_read (user_data, request, response))
    us_api_on_metrics (request, response, user_data);
}

static void
on_events_asked (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  may_read (user_data, request, response);
}

/* ---- making and ending ---- */

/* What browsers are to know of everything that is here. */
static void
add_headers (UsHttpServer *server) {
  us_http_server_add_header (server, "X-Content-Type-Options", "nosniff");
  us_http_server_add_header (server, "Referrer-Policy", "no-referrer");
  us_http_server_add_header (server, "Cross-Origin-Opener-Policy", "same-origin");
  us_http_server_add_header (server, "Permissions-Policy", PERMISSIONS);
}

static void
add_routes (UsApi *api, UsHttpServer *server) {
  us_http_server_add_handler (server, "/api/", "GET, POST, PUT, PATCH, DELETE", on_api, api);
  us_http_server_add_events (server, "/api/events", api->events);
  us_http_server_add_handler (server, "/health", "GET", us_api_on_health, api);
  us_http_server_add_handler (server, "/healthz", "GET", us_api_on_healthz, api);
  us_http_server_add_handler (server, "/metrics", "GET", on_metrics, api);
  us_http_server_add_handler (server, "/openapi.yaml", "GET", us_api_on_openapi, api);
  us_http_server_add_handler (server, "/docs", "GET", us_api_on_docs, api);
  us_http_server_add_handler (server, "/licences", "GET", us_api_on_licences, api);
  us_http_server_add_handler (server, "/", "GET", us_api_on_file, api);
  if (api->origins != NULL)
    us_http_server_allow_origins (server, "/", (const char *const *)api->origins);
}

static GStrv
read_origins (const char *text) {
  if (text == NULL || *text == '\0')
    return NULL;
  const char *const origins[] = { text, NULL };
  return g_strdupv ((char **)origins);
}

static UsHosts *
find_hosts (const char *desk_url) {
  g_autofree char *resolver = NULL;
  g_file_get_contents (RESOLVER, &resolver, NULL, NULL);
  return us_hosts_new (g_get_host_name (), resolver, desk_url);
}

/**
 * us_api_new:
 * @server: not started yet
 * @error: US_DOOR_ERROR: the file of tokens
 */
UsApi *
us_api_new (const UsApiSettings *settings, UsDesk *desk, UsHttpServer *server, GError **error) {
  gboolean has_tokens = settings->token_file != NULL && *settings->token_file != '\0';
  g_autoptr (UsDoor) door = us_door_new ("token-file");
  if (has_tokens && !us_door_load (door, settings->token_file, error))
    return NULL;

  UsApi *api = g_new0 (UsApi, 1);
  api->desk = desk;
  api->door = g_steal_pointer (&door);
  api->has_tokens = has_tokens;
  api->is_reading_open = settings->is_reading_open;
  api->origins = read_origins (settings->cors_origin);
  if (settings->web_dir != NULL && *settings->web_dir != '\0')
    api->web_dir = g_strdup (settings->web_dir);
  api->web = us_web_new ();
  api->hosts = find_hosts (settings->desk_url);
  api->keys = us_api_keys_new ();
  api->chain = us_chain_proxy_new (us_desk_get_chain (desk));
  g_queue_init (&api->orders);
  g_queue_init (&api->waiters);
  api->last_id = g_get_real_time ();
  api->events = us_http_events_new ((guint64)api->last_id);
  us_http_events_set_check (api->events, on_events_asked, api);
  add_headers (server);
  add_routes (api, server);
  us_desk_set_news (desk, &us_api_news, api);
  return api;
}

/* After us_http_server_stop(). The server itself may still be there. */
void
us_api_free (UsApi *api) {
  us_desk_set_news (api->desk, NULL, NULL);
  us_api_orders_end (api);
  us_api_waiters_end (api);
  us_chain_proxy_free (api->chain);
  us_http_events_free (api->events);
  us_api_keys_free (api->keys);
  us_door_free (api->door);
  g_strfreev (api->origins);
  g_free (api->web_dir);
  us_web_free (api->web);
  us_hosts_free (api->hosts);
  g_free (api);
}
