/* api-health.c - how the desk itself is: /health for people and clients of the first generation,
 * /healthz for service managers, /metrics for Prometheus
 *
 * 503 only when it cannot do its work: when its own network is at fault, it cannot tell how any
 * stream is. A disk that cannot be written makes it degraded, for monitoring goes on.
 */
#include "api/api-private.h"

#include "http/json.h"

#include <string.h>

typedef struct {
  UsMonitorStats monitor;
  UsStoreStats store;
  UsIncidentStats incidents;
  guint n_streams;
  const char *problems[4];
  guint n_problems;
  gboolean can_work;
} Facts;

static void
read_facts (UsApi *api, Facts *facts) {
  UsMonitor *monitor = us_desk_get_monitor (api->desk);
  g_autoptr (GPtrArray) streams = us_desk_list_streams (api->desk);
  memset (facts, 0, sizeof *facts);
  facts->n_streams = streams->len;
  if (monitor != NULL)
    us_monitor_get_stats (monitor, &facts->monitor);
  us_store_get_stats (us_desk_get_store (api->desk), &facts->store);
  us_incidents_get_stats (us_desk_get_incidents (api->desk), &facts->incidents);
  facts->can_work = !facts->monitor.is_network_down;
  if (facts->monitor.is_network_down)
    facts->problems[facts->n_problems++] = "The network of this machine does not work";
  if (facts->monitor.is_overloaded)
    facts->problems[facts->n_problems++] = "Probes are late: this machine has too much to do";
  if (facts->store.is_failing || us_desk_get_store_problem (api->desk) != NULL)
    facts->problems[facts->n_problems++] = "The database cannot be written; monitoring goes on";
}

static void
add_problems (JsonBuilder *json, const Facts *facts) {
  json_builder_set_member_name (json, "problems");
  json_builder_begin_array (json);
  for (guint i = 0; i < facts->n_problems; i++)
    json_builder_add_string_value (json, facts->problems[i]);
  json_builder_end_array (json);
}

/* Of the desk, not of what it watches. */
static void
add_findings (JsonBuilder *json, UsApi *api) {
  g_autoptr (GPtrArray) open = us_findings_list (us_desk_get_findings (api->desk));
  json_builder_set_member_name (json, "findings");
  json_builder_begin_array (json);
  for (guint i = 0; i < open->len; i++)
    us_api_add_open_finding (json, "", open->pdata[i]);
  json_builder_end_array (json);
}

static const char *
status_word (const Facts *facts) {
  if (!facts->can_work)
    return "unhealthy";
  return facts->n_problems > 0 ? "degraded" : "healthy";
}

void
us_api_on_health (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsApi *api = user_data;
  Facts facts;
  if (!us_api_takes_nothing (request, response))
    return;
  read_facts (api, &facts);
  gint64 now_us = g_get_real_time ();
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "status", status_word (&facts));
  us_api_add_time (json, "timestamp", now_us);
  us_json_add_text (json, "version", US_VERSION);
  us_json_add_integer (json, "streams_monitored", facts.n_streams);
  us_json_add_integer (json, "active_incidents", facts.incidents.n_active);
  us_json_add_integer (json, "unacknowledged_incidents",
                       facts.incidents.n_active
                           - MIN (facts.incidents.n_active, facts.incidents.n_acknowledged));
  us_api_add_time (json, "started_at", us_desk_get_started_us (api->desk));
  us_api_add_number (json, "uptime_s",
                     (double)(now_us - us_desk_get_started_us (api->desk)) / G_USEC_PER_SEC);
  add_problems (json, &facts);
  add_findings (json, api);
  json_builder_end_object (json);
  us_api_answer (response, facts.can_work ? 200 : 503, json);
}

void
us_api_on_healthz (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  Facts facts;
  read_facts (user_data, &facts);
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "status", facts.can_work ? "ok" : "unavailable");
  us_json_add_integer (json, "streams", facts.n_streams);
  us_json_add_integer (json, "active_incidents", facts.incidents.n_active);
  us_json_add_integer (json, "requests_under_way", facts.monitor.n_under_way);
  us_json_add_integer (json, "requests_queued", facts.monitor.n_queued);
  us_json_add_integer (json, "rows_pending", facts.store.n_pending);
  us_json_add_flag (json, "is_store_failing", facts.store.is_failing);
  add_problems (json, &facts);
  json_builder_end_object (json);
  us_api_answer (response, facts.can_work ? 200 : 503, json);
}

void
us_api_on_metrics (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsApi *api = user_data;
  UsExpositionFormat format = us_exposition_choose (request->accept);
  response->status = 200;
  response->content_type = us_exposition_content_type (format);
  response->cache_control = US_API_CACHE_NONE;
  response->body = us_desk_metrics (api->desk, format);
  us_http_response_add_header (response, "Vary", "Accept");
}
