/* api-findings.c - what is wrong with a stream now, what was, and why */
#include "api/api-private.h"

#include "http/json.h"

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 500

static void
answer_open (UsApi *api, const UsStreamConfig *config, UsHttpResponse *response) {
  UsWatchView view = { 0 };
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  if (!us_desk_view (api->desk, config->id, &view))
    view = (UsWatchView){ 0 };
  us_api_add_open_findings (json, config->id, &view);
  us_api_answer (response, 200, json);
}

static void
answer_kept (UsApi *api, const UsHttpRequest *request, const UsStreamConfig *config,
             gint64 before_id, guint limit, UsHttpResponse *response) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) rows = us_store_list_findings (us_desk_get_store (api->desk), config->id,
                                                    FALSE, before_id, limit + 1, &error);
  if (rows == NULL) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_array (json);
  for (guint i = 0; i < MIN (rows->len, limit); i++)
    us_api_add_finding (json, &g_array_index (rows, UsFindingRow, i));
  json_builder_end_array (json);
  us_api_answer (response, 200, json);
  if (rows->len > limit) {
    g_autofree char *before
        = g_strdup_printf ("%" G_GINT64_FORMAT, g_array_index (rows, UsFindingRow, limit - 1).id);
    us_api_add_link (response, request, "next", "before", before);
  }
}

US_API_HANDLER (stream_findings) {
  const UsStreamConfig *config = us_api_find_stream (self, match, response);
  g_autoptr (UsQuery) query = us_query_new (request->query);
  gboolean only_open = us_query_flag (query, "open", FALSE);
  gint64 before_id = us_query_integer (query, "before", 0, 1, G_MAXINT64);
  guint limit = (guint)us_query_integer (query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
  if (config == NULL || !us_query_end (query, response))
    return;
  if (only_open)
    answer_open (self, config, response);
  else
    answer_kept (self, request, config, before_id, limit, response);
}

US_API_HANDLER (stream_diagnosis) {
  UsApi *api = self;
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  UsWatchView view = { 0 };
  if (config == NULL || !us_api_takes_nothing (request, response))
    return;
  UsHealth health = us_desk_view (api->desk, config->id, &view) && view.verdict != NULL
                        ? view.verdict->health
                        : US_HEALTH_NO_DATA;
  g_autoptr (GPtrArray) diagnoses = us_desk_diagnose (api->desk, config->id);
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "stream_id", config->id);
  us_json_add_text (json, "state", us_health_word (health));
  us_json_add_text (json, "health", us_health_colour (health));
  us_api_add_time (json, "at", g_get_real_time ());
  json_builder_set_member_name (json, "root_cause");
  if (diagnoses != NULL && diagnoses->len > 0)
    us_cause_add_json (json, diagnoses);
  else
    json_builder_add_null_value (json);
  json_builder_end_object (json);
  us_api_answer (response, 200, json);
}
