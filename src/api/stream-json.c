/* stream-json.c - one watched stream: how it is set, and how it is
 *
 * The whole of it has its renditions, its open findings, the cause and the active incident as well.
 * Query and password of an address are shown to those only who may change it.
 */
#include "api/api-private.h"

#include "base/url.h"
#include "http/json.h"

#include <math.h>
#include <string.h>

/* What clients of the first generation know, and "paused". */
static const char *
status_word (const UsStreamConfig *config, const UsWatchView *view) {
  const UsVerdict *verdict = view->verdict;
  if (config->is_paused)
    return "paused";
  if (verdict == NULL || verdict->health == US_HEALTH_NO_DATA)
    return "starting";
  if (verdict->health != US_HEALTH_UNHEALTHY)
    return "online";
  return verdict->leading < US_N_CHECKS
                 && us_check_info (verdict->leading)->group == US_CHECK_GROUP_REACH
             ? "offline"
             : "error";
}

static void
add_maintenance (JsonBuilder *json, const UsStreamConfig *config) {
  json_builder_set_member_name (json, "maintenance");
  if (config->maintenance_until_us <= 0) {
    json_builder_add_null_value (json);
    return;
  }
  json_builder_begin_object (json);
  us_api_add_time (json, "until", config->maintenance_until_us);
  us_json_add_text (json, "reason", config->maintenance_reason);
  json_builder_end_object (json);
}

static void
add_settings (JsonBuilder *json, const UsStreamConfig *config, gboolean shows_all) {
  g_autofree char *url = shows_all ? g_strdup (config->url) : us_url_for_people (config->url);
  us_json_add_text (json, "id", config->id);
  us_json_add_text (json, "name", config->name);
  us_json_add_text (json, "manifest_url", url);
  us_json_add_flag (json, "is_own", config->is_own);
  us_json_add_text (json, "own_stream", config->own_stream);
  us_json_add_flag (json, "paused", config->is_paused);
  add_maintenance (json, config);
  us_api_add_number (json, "segment_share", config->segment_share);
  json_builder_set_member_name (json, "checks");
  json_builder_begin_object (json);
  us_json_add_flag (json, "black", config->has_black);
  us_json_add_flag (json, "frozen", config->has_frozen);
  us_json_add_flag (json, "silent", config->has_silent);
  json_builder_end_object (json);
  us_json_add_flag (json, "has_authorization", config->authorization != NULL);
  us_api_add_time (json, "created_at", config->added_us);
}

static void
add_health (JsonBuilder *json, const UsStreamConfig *config, const UsWatchView *view) {
  const UsVerdict *verdict = view->verdict;
  UsHealth health = verdict != NULL ? verdict->health : US_HEALTH_NO_DATA;
  us_json_add_text (json, "status", status_word (config, view));
  us_json_add_text (json, "state", us_health_word (health));
  us_json_add_text (json, "health", us_health_colour (health));
  us_json_add_text (json, "reason", verdict != NULL ? verdict->reasons[0] : NULL);
  json_builder_set_member_name (json, "reasons");
  json_builder_begin_array (json);
  for (guint i = 0; verdict != NULL && i < G_N_ELEMENTS (verdict->reasons); i++)
    if (verdict->reasons[i] != NULL)
      json_builder_add_string_value (json, verdict->reasons[i]);
  json_builder_end_array (json);
  us_json_add_text (json, "leading_check",
                    verdict != NULL && verdict->health > US_HEALTH_HEALTHY
                            && verdict->leading < US_N_CHECKS
                        ? us_check_info (verdict->leading)->word
                        : NULL);
  us_json_add_flag (json, "is_flapping", verdict != NULL && verdict->is_flapping);
  us_api_add_time (json, "since", view->health_wall_us);
  us_json_add_integer (json, "error_count_2min", view->n_errors);
  us_api_add_ms (json, "avg_ttfb_ms", view->ttfb_avg_s);
  us_api_add_number (json, "avg_download_ratio", view->ratio_avg);
  us_api_add_time (json, "last_segment_at", view->last_segment_wall_us);
  us_json_add_flag (json, "is_multivariant", view->is_multivariant);
  us_json_add_integer (json, "rendition_count", view->n_renditions);
}

static void
add_incident (JsonBuilder *json, UsApi *api, const char *id, gboolean is_whole) {
  const UsIncidentRow *row = us_incidents_get_active (us_desk_get_incidents (api->desk), id);
  us_json_add_flag (json, "has_active_incident", row != NULL);
  us_json_add_text (json, "active_incident_id", row != NULL ? row->id : NULL);
  if (!is_whole)
    return;
  json_builder_set_member_name (json, "active_incident");
  if (row != NULL)
    us_api_add_incident (json, row);
  else
    json_builder_add_null_value (json);
}

static void
add_diagnosis (JsonBuilder *json, UsApi *api, const char *id) {
  g_autoptr (GPtrArray) diagnoses = us_desk_diagnose (api->desk, id);
  json_builder_set_member_name (json, "root_cause");
  if (diagnoses != NULL && diagnoses->len > 0)
    us_cause_add_json (json, diagnoses);
  else
    json_builder_add_null_value (json);
}

static void
add_whole (JsonBuilder *json, UsApi *api, const char *id, const UsWatchView *view,
           gboolean shows_all) {
  if (view->verdict != NULL && view->verdict->health > US_HEALTH_HEALTHY)
    add_diagnosis (json, api, id);
  else
    us_json_add_text (json, "root_cause", NULL);
  json_builder_set_member_name (json, "renditions");
  json_builder_begin_array (json);
  for (guint i = 0; i < view->n_renditions; i++)
    us_api_add_rendition (json, &view->renditions[i], shows_all);
  json_builder_end_array (json);
  json_builder_set_member_name (json, "findings");
  us_api_add_open_findings (json, id, view);
}

/**
 * us_api_add_stream:
 * @is_whole: with renditions, findings, cause and incident
 * @shows_all: addresses with their queries
 */
void
us_api_add_stream (UsApi *api, JsonBuilder *json, const UsStreamConfig *config, gboolean is_whole,
                   gboolean shows_all) {
  UsWatchView view = { .ttfb_avg_s = NAN, .ratio_avg = NAN };
  gint64 picture_us = 0;
  if (!us_desk_view (api->desk, config->id, &view))
    view = (UsWatchView){ .ttfb_avg_s = NAN, .ratio_avg = NAN };
  json_builder_begin_object (json);
  add_settings (json, config, shows_all);
  add_health (json, config, &view);
  g_autofree char *picture = g_strdup_printf ("/api/streams/%s/thumbnail/file", config->id);
  us_json_add_text (json, "thumbnail_url",
                    us_desk_get_thumbnail (api->desk, config->id, &picture_us) != NULL ? picture
                                                                                       : NULL);
  add_incident (json, api, config->id, is_whole);
  if (is_whole)
    add_whole (json, api, config->id, &view, shows_all);
  json_builder_end_object (json);
}
