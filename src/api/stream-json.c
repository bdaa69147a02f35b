/* stream-json.c - one watched stream: how it is set, and how it is
 *
 * Lists have thousands of them, so what a list shows of each is written as text at once. The whole
 * of one has its renditions, its open findings, the cause and the active incident as well. Query
 * and password of an address are shown to those only who may change it.
 */
#include "api/api-private.h"

#include "base/url.h"
#include "http/json-text.h"
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
write_maintenance (GString *out, const UsStreamConfig *config) {
  if (config->maintenance_until_us <= 0) {
    us_json_text_add_null (out, "maintenance");
    return;
  }
  us_json_text_begin (out, "maintenance", '{');
  us_json_text_add_time (out, "until", config->maintenance_until_us);
  us_json_text_add_text (out, "reason", config->maintenance_reason);
  us_json_text_end (out, '}');
}

static void
write_url (GString *out, const UsStreamConfig *config, gboolean shows_all) {
  gboolean is_plain = strpbrk (config->url, "?@") == NULL; /* nothing to hide */
  g_autofree char *url = shows_all || is_plain ? NULL : us_url_for_people (config->url);
  us_json_text_add_text (out, "manifest_url", url != NULL ? url : config->url);
}

static void
write_settings (GString *out, const UsStreamConfig *config, gboolean shows_all) {
  us_json_text_add_text (out, "id", config->id);
  us_json_text_add_text (out, "name", config->name);
  write_url (out, config, shows_all);
  us_json_text_add_flag (out, "is_own", config->is_own);
  us_json_text_add_text (out, "own_stream", config->own_stream);
  us_json_text_add_flag (out, "paused", config->is_paused);
  write_maintenance (out, config);
  us_json_text_add_number (out, "segment_share", config->segment_share, 3);
  us_json_text_begin (out, "checks", '{');
  us_json_text_add_flag (out, "black", config->has_black);
  us_json_text_add_flag (out, "frozen", config->has_frozen);
  us_json_text_add_flag (out, "silent", config->has_silent);
  us_json_text_end (out, '}');
  us_json_text_add_flag (out, "has_authorization", config->authorization != NULL);
  us_json_text_add_time (out, "created_at", config->added_us);
}

static void
write_reasons (GString *out, const UsVerdict *verdict) {
  us_json_text_add_text (out, "reason", verdict != NULL ? verdict->reasons[0] : NULL);
  us_json_text_begin (out, "reasons", '[');
  for (guint i = 0; verdict != NULL && i < G_N_ELEMENTS (verdict->reasons); i++)
    if (verdict->reasons[i] != NULL)
      us_json_text_add_text (out, NULL, verdict->reasons[i]);
  us_json_text_end (out, ']');
  gboolean is_led
      = verdict != NULL && verdict->health > US_HEALTH_HEALTHY && verdict->leading < US_N_CHECKS;
  us_json_text_add_text (out, "leading_check",
                         is_led ? us_check_info (verdict->leading)->word : NULL);
}

static void
write_health (GString *out, const UsStreamConfig *config, const UsWatchView *view) {
  const UsVerdict *verdict = view->verdict;
  UsHealth health = verdict != NULL ? verdict->health : US_HEALTH_NO_DATA;
  us_json_text_add_text (out, "status", status_word (config, view));
  us_json_text_add_text (out, "state", us_health_word (health));
  us_json_text_add_text (out, "health", us_health_colour (health));
  write_reasons (out, verdict);
  us_json_text_add_flag (out, "is_flapping", verdict != NULL && verdict->is_flapping);
  us_json_text_add_time (out, "since", view->health_wall_us);
  us_json_text_add_integer (out, "error_count_2min", view->n_errors);
  us_json_text_add_number (out, "avg_ttfb_ms", view->ttfb_avg_s * 1000, 1);
  us_json_text_add_number (out, "avg_download_ratio", view->ratio_avg, 3);
  us_json_text_add_time (out, "last_segment_at", view->last_segment_wall_us);
  us_json_text_add_flag (out, "is_multivariant", view->is_multivariant);
  us_json_text_add_integer (out, "rendition_count", view->n_renditions);
}

/* "http://127.0.0.1:8080/hls/index.m3u8" -> "/hls/index.m3u8" */
static const char *
path_of (const char *url) {
  const char *host = strstr (url, "://");
  const char *path = host != NULL ? strchr (host + 3, '/') : NULL;
  return path != NULL ? path : "/";
}

static void
write_chain (GString *out, UsApi *api, const UsStreamConfig *config) {
  UsInsideView view;
  if (!us_desk_view_chain (api->desk, config, &view)) {
    us_json_text_add_null (out, "chain");
    return;
  }
  us_json_text_begin (out, "chain", '{');
  us_json_text_add_text (out, "active_origin", view.active);
  us_json_text_add_integer (out, "failovers", view.failovers);
  us_json_text_add_integer (out, "switchbacks", view.switchbacks);
  if (view.is_publisher_known)
    us_json_text_add_flag (out, "has_publisher", view.has_publisher);
  else
    us_json_text_add_null (out, "has_publisher");
  us_json_text_add_text (out, "pair", view.pair);
  us_json_text_add_text (out, "viewer_path", view.path != NULL ? view.path : path_of (config->url));
  us_json_text_end (out, '}');
}

static void
write_picture (GString *out, UsApi *api, const char *id) {
  gint64 taken_us;
  g_autofree char *url = us_desk_get_thumbnail (api->desk, id, &taken_us) != NULL
                             ? g_strdup_printf ("/api/streams/%s/thumbnail/file", id)
                             : NULL;
  us_json_text_add_text (out, "thumbnail_url", url);
}

static void
write_members (GString *out, UsApi *api, const UsStreamConfig *config, const UsWatchView *view,
               gboolean shows_all) {
  const UsIncidentRow *row
      = us_incidents_get_active (us_desk_get_incidents (api->desk), config->id);
  us_json_text_begin (out, NULL, '{');
  write_settings (out, config, shows_all);
  write_health (out, config, view);
  write_picture (out, api, config->id);
  us_json_text_add_flag (out, "has_active_incident", row != NULL);
  us_json_text_add_text (out, "active_incident_id", row != NULL ? row->id : NULL);
  write_chain (out, api, config);
  us_json_text_end (out, '}');
}

/* ---- the whole ---- */

static void
add_incident (JsonBuilder *json, UsApi *api, const char *id) {
  const UsIncidentRow *row = us_incidents_get_active (us_desk_get_incidents (api->desk), id);
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

/* Inside an object; @text: an object that we wrote ourselves. */
static void
add_members (JsonBuilder *json, const char *text) {
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return;
  JsonObject *object = json_node_get_object (root);
  g_autoptr (GList) names = json_object_get_members (object);
  for (const GList *link = names; link != NULL; link = link->next) {
    json_builder_set_member_name (json, link->data);
    json_builder_add_value (json, json_node_copy (json_object_get_member (object, link->data)));
  }
}

static void
read_view (UsApi *api, const UsStreamConfig *config, UsWatchView *view) {
  if (!us_desk_view (api->desk, config->id, view))
    *view = (UsWatchView){ .ttfb_avg_s = NAN, .ratio_avg = NAN };
}

/* What a list shows of it is appended to @out. */
void
us_api_write_stream (UsApi *api, GString *out, const UsStreamConfig *config, gboolean shows_all) {
  UsWatchView view;
  read_view (api, config, &view);
  write_members (out, api, config, &view, shows_all);
}

/**
 * us_api_add_stream:
 * @is_whole: with renditions, findings, cause and incident
 * @shows_all: addresses with their queries
 */
void
us_api_add_stream (UsApi *api, JsonBuilder *json, const UsStreamConfig *config, gboolean is_whole,
                   gboolean shows_all) {
  g_autoptr (GString) text = g_string_new (NULL);
  UsWatchView view;
  read_view (api, config, &view);
  write_members (text, api, config, &view, shows_all);
  json_builder_begin_object (json);
  add_members (json, text->str);
  if (is_whole) {
    add_incident (json, api, config->id);
    add_whole (json, api, config->id, &view, shows_all);
  }
  json_builder_end_object (json);
}
