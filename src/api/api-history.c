/* api-history.c - /api/streams/{id}/metrics/history: series for charts
 *
 * Four of them over the same time: data points, health, errors, and how long the stream was in each
 * state. "minutes" is the parameter of the first generation, now up to all that is kept.
 */
#include "api/api-private.h"

#include "api/history.h"
#include "http/json.h"
#include "http/problem.h"

#include <math.h>
#include <string.h>

#define DEFAULT_MINUTES 30
#define MAX_MINUTES (400 * 24 * 60)
#define MAX_RESOLUTION_S (24 * 3600)
#define MAX_CHANGES 1000
#define MINUTE_US ((gint64)60 * G_USEC_PER_SEC)

typedef struct {
  gint64 since_us, until_us;
  guint step_s;
} Range;

/* ---- what is asked ---- */

static gboolean
read_range (const UsHttpRequest *request, Range *range, UsHttpResponse *response) {
  g_autoptr (UsQuery) query = us_query_new (request->query);
  gint64 now_us = g_get_real_time ();
  gint64 minutes = us_query_integer (query, "minutes", DEFAULT_MINUTES, 1, MAX_MINUTES);
  guint wanted_s = (guint)us_query_integer (query, "resolution", 0, 1, MAX_RESOLUTION_S);
  range->until_us = us_query_time (query, "until", now_us);
  range->since_us = us_query_time (query, "since", range->until_us - minutes * MINUTE_US);
  gboolean is_twice = us_query_has (query, "minutes") && us_query_has (query, "since");
  if (!us_query_end (query, response))
    return FALSE;
  range->until_us = MIN (range->until_us, now_us + MINUTE_US);
  if (is_twice || range->since_us >= range->until_us
      || range->until_us - range->since_us > MAX_MINUTES * MINUTE_US) {
    us_http_problem_of_parameter (response, "bad-parameter", "A parameter is not acceptable",
                                  is_twice ? "minutes" : "since",
                                  is_twice ? "minutes: give it or since, not both"
                                           : "since: expected a time before until, at most %d days",
                                  MAX_MINUTES / 60 / 24);
    return FALSE;
  }
  range->step_s = us_history_resolution_s (range->since_us, range->until_us, now_us, wanted_s);
  return TRUE;
}

/* ---- what is answered ---- */

static void
add_points (JsonBuilder *json, const GArray *points) {
  json_builder_set_member_name (json, "data_points");
  json_builder_begin_array (json);
  for (guint i = 0; i < points->len; i++) {
    const UsHistoryPoint *point = &g_array_index (points, UsHistoryPoint, i);
    json_builder_begin_object (json);
    us_api_add_time (json, "timestamp", point->at_us);
    us_api_add_ms (json, "ttfb_ms", point->ttfb_avg);
    us_api_add_ms (json, "ttfb_min_ms", point->ttfb_min);
    us_api_add_ms (json, "ttfb_max_ms", point->ttfb_max);
    us_api_add_number (json, "download_ratio", point->ratio_avg);
    us_api_add_number (json, "download_ratio_min", point->ratio_min);
    us_api_add_number (json, "download_ratio_max", point->ratio_max);
    us_api_add_number (json, "latency_s", point->latency_avg);
    us_json_add_integer (json, "segments", point->n_segments);
    us_json_add_integer (json, "errors", point->n_errors);
    us_json_add_flag (json, "is_error", point->n_errors > 0);
    us_json_add_integer (json, "bytes", (gint64)point->bytes);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

/* Errors of segments and playlists; a minute without any is there as well, so that it is not taken
 * for a gap. */
static void
add_errors (JsonBuilder *json, const GArray *points, guint step_s) {
  json_builder_set_member_name (json, "error_rate_series");
  json_builder_begin_array (json);
  for (guint i = 0; i < points->len; i++) {
    const UsHistoryPoint *point = &g_array_index (points, UsHistoryPoint, i);
    guint n_errors = point->n_errors + point->n_playlist_errors;
    json_builder_begin_object (json);
    us_api_add_time (json, "timestamp", point->at_us);
    us_json_add_integer (json, "errors", n_errors);
    us_json_add_integer (json, "error_count", n_errors);
    us_json_add_integer (json, "segments", point->n_segments);
    us_json_add_integer (json, "playlists", point->n_playlists);
    us_api_add_number (json, "rate", n_errors * 60.0 / step_s);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

static void
add_change (JsonBuilder *json, gint64 wall_us, const UsEventRow *row) {
  g_autoptr (JsonNode) node = row->data != NULL ? json_from_string (row->data, NULL) : NULL;
  JsonObject *data
      = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  UsHealth health = US_HEALTH_NO_DATA;
  if (data != NULL)
    us_health_from_word (json_object_get_string_member_with_default (data, "to", "NO DATA"),
                         &health);
  json_builder_begin_object (json);
  us_api_add_time (json, "timestamp", wall_us);
  us_json_add_text (json, "state", us_health_word (health));
  us_json_add_text (json, "health", us_health_colour (health));
  us_json_add_text (json, "reason", row->text);
  json_builder_end_object (json);
}

static gboolean
add_health (JsonBuilder *json, UsStore *store, const char *stream, const Range *range,
            GError **error) {
  static const char *const kinds[] = { "health_change", NULL };
  UsEventQuery before
      = { .stream = stream, .kinds = kinds, .until_us = range->since_us, .limit = 1 };
  UsEventQuery within = { .stream = stream,
                          .kinds = kinds,
                          .since_us = range->since_us,
                          .until_us = range->until_us,
                          .limit = MAX_CHANGES };
  g_autoptr (GArray) first = us_store_list_events (store, &before, error);
  g_autoptr (GArray) rows = first != NULL ? us_store_list_events (store, &within, error) : NULL;
  if (rows == NULL)
    return FALSE;
  json_builder_set_member_name (json, "health_timeline");
  json_builder_begin_array (json);
  if (first->len > 0 && rows->len < MAX_CHANGES) /* how it was when the chart begins */
    add_change (json, range->since_us, &g_array_index (first, UsEventRow, 0));
  for (guint i = rows->len; i > 0; i--) { /* they come newest first */
    const UsEventRow *row = &g_array_index (rows, UsEventRow, i - 1);
    if (row->wall_us > range->since_us)
      add_change (json, row->wall_us, row);
  }
  json_builder_end_array (json);
  return TRUE;
}

static void
add_times (JsonBuilder *json, const GArray *sums) {
  double healthy_s = 0, degraded_s = 0, unhealthy_s = 0, no_data_s = 0;
  for (guint i = 0; i < sums->len; i++) {
    const UsRollupSum *sum = &g_array_index (sums, UsRollupSum, i);
    healthy_s += sum->healthy_s;
    degraded_s += sum->degraded_s;
    unhealthy_s += sum->unhealthy_s;
    no_data_s += sum->no_data_s;
  }
  json_builder_set_member_name (json, "state_seconds");
  json_builder_begin_object (json);
  us_api_add_number (json, "HEALTHY", healthy_s);
  us_api_add_number (json, "DEGRADED", degraded_s);
  us_api_add_number (json, "UNHEALTHY", unhealthy_s);
  us_api_add_number (json, "NO DATA", no_data_s);
  json_builder_end_object (json);
}

US_API_HANDLER (stream_history) {
  UsApi *api = self;
  UsStore *store = us_desk_get_store (api->desk);
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  g_autoptr (GError) error = NULL;
  Range range;
  if (config == NULL || !read_range (request, &range, response))
    return;
  guint coarse_s = MAX (range.step_s, 60);
  g_autoptr (GArray) sums
      = us_store_list_rollups_by (store, config->id, range.since_us / MINUTE_US * MINUTE_US,
                                  range.until_us, (gint64)coarse_s * G_USEC_PER_SEC, &error);
  if (sums == NULL) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  const GArray *samples = us_desk_get_samples (api->desk, config->id);
  g_autoptr (GArray) points
      = us_history_gather (sums, samples, range.since_us, range.until_us, range.step_s);
  g_autoptr (GArray) minutes
      = us_history_gather (sums, samples, range.since_us, range.until_us, coarse_s);
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "stream_id", config->id);
  us_api_add_time (json, "since", range.since_us);
  us_api_add_time (json, "until", range.until_us);
  us_json_add_integer (json, "resolution_s", range.step_s);
  add_points (json, points);
  if (!add_health (json, store, config->id, &range, &error)) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  add_errors (json, minutes, coarse_s);
  add_times (json, sums);
  json_builder_end_object (json);
  us_api_answer (response, 200, json);
}
