/* api-history.c - /api/streams/{id}/metrics/history: series for charts
 *
 * Four of them over the same time: data points, health, errors, and how long the stream was in each
 * state. "minutes" is the parameter of the first generation, now up to all that is kept: which
 * takes long to gather and to write down, so both are done in the store's reading thread, and it is
 * answered when it is there.
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
#define DEADLINE_MS 20000 /* behind those that were asked for before */
#define MAX_WAITING 100

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

/* The changes come newest first. */
static void
add_health (JsonBuilder *json, const UsApiPast *past) {
  const GArray *first = past->first, *rows = past->changes;
  json_builder_set_member_name (json, "health_timeline");
  json_builder_begin_array (json);
  if (first->len > 0 && rows->len < MAX_CHANGES) /* how it was when the chart begins */
    add_change (json, past->since_us, &g_array_index (first, UsEventRow, 0));
  for (guint i = rows->len; i > 0; i--) {
    const UsEventRow *row = &g_array_index (rows, UsEventRow, i - 1);
    if (row->wall_us > past->since_us)
      add_change (json, row->wall_us, row);
  }
  json_builder_end_array (json);
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

/* ---- a look back ---- */

/**
 * us_api_past_init:
 * @past: (out): us_api_past_clear() it
 * @step_s: of a point
 */
void
us_api_past_init (UsApiPast *past, const char *stream, gint64 since_us, gint64 until_us,
                  guint step_s) {
  *past = (UsApiPast){ .stream = g_strdup (stream),
                       .since_us = since_us,
                       .until_us = until_us,
                       .step_s = step_s,
                       .coarse_s = MAX (step_s, 60) };
}

void
us_api_past_clear (UsApiPast *past) {
  g_clear_pointer (&past->stream, g_free);
  g_clear_pointer (&past->sums, g_array_unref);
  g_clear_pointer (&past->first, g_array_unref);
  g_clear_pointer (&past->changes, g_array_unref);
  g_clear_pointer (&past->samples, g_array_unref);
}

/* For us_api_past_add() in another thread than the desk's. */
static void
take_samples (UsApiPast *past, UsApi *api) {
  const GArray *samples = us_desk_get_samples (api->desk, past->stream);
  past->samples = g_array_new (FALSE, FALSE, sizeof (UsSample));
  if (samples != NULL && samples->len > 0)
    g_array_append_vals (past->samples, samples->data, samples->len);
}

/* In the reading thread. */
gboolean
us_api_past_read (UsApiPast *past, UsStore *view, GError **error) {
  static const char *const kinds[] = { "health_change", NULL };
  UsEventQuery before
      = { .stream = past->stream, .kinds = kinds, .until_us = past->since_us, .limit = 1 };
  UsEventQuery within = { .stream = past->stream,
                          .kinds = kinds,
                          .since_us = past->since_us,
                          .until_us = past->until_us,
                          .limit = MAX_CHANGES };
  past->sums
      = us_store_list_rollups_by (view, past->stream, past->since_us / MINUTE_US * MINUTE_US,
                                  past->until_us, (gint64)past->coarse_s * G_USEC_PER_SEC, error);
  if (past->sums != NULL)
    past->first = us_store_list_events (view, &before, error);
  if (past->first != NULL)
    past->changes = us_store_list_events (view, &within, error);
  return past->changes != NULL;
}

/* As an object. @past: was read; @api: (nullable): %NULL: its samples were taken */
void
us_api_past_add (const UsApiPast *past, UsApi *api, JsonBuilder *json) {
  const GArray *samples
      = api != NULL ? us_desk_get_samples (api->desk, past->stream) : past->samples;
  g_autoptr (GArray) points
      = us_history_gather (past->sums, samples, past->since_us, past->until_us, past->step_s);
  g_autoptr (GArray) minutes
      = us_history_gather (past->sums, samples, past->since_us, past->until_us, past->coarse_s);
  json_builder_begin_object (json);
  us_json_add_text (json, "stream_id", past->stream);
  us_api_add_time (json, "since", past->since_us);
  us_api_add_time (json, "until", past->until_us);
  us_json_add_integer (json, "resolution_s", past->step_s);
  add_points (json, points);
  add_health (json, past);
  add_errors (json, minutes, past->coarse_s);
  add_times (json, past->sums);
  json_builder_end_object (json);
}

/* ---- the resource ---- */

typedef struct {
  UsApiWaiter waiter;
  UsApiPast past;
  UsHttpResponse response;
} Look;

/* In the reading thread. */
static gboolean
read_look (UsStore *view, gpointer user_data, GError **error) {
  Look *look = user_data;
  if (!us_api_past_read (&look->past, view, error))
    return FALSE;
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  us_api_past_add (&look->past, NULL, json);
  us_api_answer (&look->response, 200, json);
  return TRUE;
}

/* A UsStoreDone. */
static void
on_read (const GError *error, gpointer user_data) {
  Look *look = user_data;
  if (look->waiter.api != NULL) {
    if (error != NULL)
      us_api_answer_error (&look->response, error, NULL);
    us_api_waiter_answer (&look->waiter, &look->response);
  }
  us_http_response_clear (&look->response);
  us_api_past_clear (&look->past);
  g_free (look);
}

US_API_HANDLER (stream_history) {
  UsApi *api = self;
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  Range range;
  if (config == NULL || !read_range (request, &range, response))
    return;
  if (api->waiters.length >= MAX_WAITING) {
    us_http_problem (response, 503, "too-busy", "Too busy",
                     "Too many wait for the history; try again.");
    response->retry_after = g_strdup ("5");
    return;
  }
  Look *look = g_new0 (Look, 1);
  us_api_past_init (&look->past, config->id, range.since_us, range.until_us, range.step_s);
  take_samples (&look->past, api);
  us_api_waiter_begin (&look->waiter, api, response, DEADLINE_MS);
  us_store_read_async (us_desk_get_store (api->desk), read_look, on_read, look);
}
