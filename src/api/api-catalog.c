/* api-catalog.c - the closed lists of checks and causes, and what was sent to people */
#include "api/api-private.h"

#include "http/json-body.h"
#include "http/json.h"
#include "http/problem.h"

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 500

US_API_HANDLER (list_checks) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  if (!us_api_takes_nothing (request, response))
    return;
  json_builder_begin_array (json);
  for (UsCheck i = 0; i < US_N_CHECKS; i++) {
    const UsCheckInfo *info = us_check_info (i);
    json_builder_begin_object (json);
    us_json_add_text (json, "check", info->word);
    us_json_add_text (json, "title", info->title);
    us_json_add_text (json, "group", us_check_group_word (info->group));
    us_json_add_flag (json, "is_standing", info->lasts_ms == 0);
    us_json_add_integer_or_null (json, "escalates_at", info->escalates_at > 0, info->escalates_at);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  us_api_answer (response, 200, json);
}

US_API_HANDLER (list_causes) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  if (!us_api_takes_nothing (request, response))
    return;
  json_builder_begin_array (json);
  for (UsCause i = 0; i < US_N_CAUSES; i++) {
    const UsCauseInfo *info = us_cause_info (i);
    json_builder_begin_object (json);
    us_json_add_text (json, "cause", info->word);
    us_json_add_text (json, "title", info->title);
    us_json_add_text (json, "label", info->label);
    us_json_add_text (json, "next_step", info->next_step);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  us_api_answer (response, 200, json);
}

void
us_api_add_delivery (JsonBuilder *json, const UsDeliveryRow *row) {
  json_builder_begin_object (json);
  us_json_add_integer (json, "id", row->id);
  us_json_add_text (json, "message", row->message);
  us_json_add_text (json, "channel", row->channel);
  us_json_add_text (json, "target", row->target);
  us_json_add_text (json, "event", row->event);
  us_json_add_text (json, "incident_id", row->incident);
  us_json_add_integer (json, "attempt", row->attempt);
  us_json_add_integer_or_null (json, "status", row->status > 0, row->status);
  us_json_add_text (json, "outcome", row->outcome);
  us_api_add_time (json, "at", row->wall_us);
  json_builder_end_object (json);
}

US_API_HANDLER (list_deliveries) {
  UsApi *api = self;
  g_autoptr (UsQuery) query = us_query_new (request->query);
  g_autoptr (GError) error = NULL;
  gint64 before_id = us_query_integer (query, "before", 0, 1, G_MAXINT64);
  guint limit = (guint)us_query_integer (query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
  if (!us_query_end (query, response))
    return;
  g_autoptr (GArray) rows
      = us_store_list_deliveries (us_desk_get_store (api->desk), before_id, limit + 1, &error);
  if (rows == NULL) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_array (json);
  for (guint i = 0; i < MIN (rows->len, limit); i++)
    us_api_add_delivery (json, &g_array_index (rows, UsDeliveryRow, i));
  json_builder_end_array (json);
  us_api_answer (response, 200, json);
  if (rows->len > limit) {
    g_autofree char *before
        = g_strdup_printf ("%" G_GINT64_FORMAT, g_array_index (rows, UsDeliveryRow, limit - 1).id);
    us_api_add_link (response, request, "next", "before", before);
  }
}

/* What became of it stands in the deliveries. */
US_API_HANDLER (test_notifications) {
  UsApi *api = self;
  UsNotifier *notifier = us_desk_get_notifier (api->desk);
  UsNotifierStats stats;
  g_autoptr (UsJsonBody) body = us_json_body_new (request->body, US_API_MAX_BODY);
  if (!us_api_takes_nothing (request, response) || !us_json_body_end (body, response))
    return;
  us_notifier_get_stats (notifier, &stats);
  if (stats.n_targets == 0) {
    us_http_problem (response, 409, "no-targets", "Nobody to tell",
                     "No webhook and no Alertmanager is set.");
    return;
  }
  us_notifier_test (notifier);
  us_api_log_write (api, "a test was sent to all notification targets");
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "status", "queued");
  json_builder_end_object (json);
  us_api_answer (response, 202, json);
}
