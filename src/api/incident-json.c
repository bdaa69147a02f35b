/* incident-json.c - one incident, with the names of both generations
 *
 * "incident_id", "started_at" and "trigger_reason" are what the first generation called "id",
 * "opened_at" and "reason". Pure.
 */
#include "api/api-private.h"

#include "http/json.h"

#include <math.h>
#include <string.h>

static double
lasted_s (const UsIncidentRow *row) {
  gint64 end_us = row->resolved_us > 0 ? row->resolved_us : g_get_real_time ();
  return (double)MAX (end_us - row->opened_us, 0) / G_USEC_PER_SEC;
}

static void
add_times (JsonBuilder *json, const UsIncidentRow *row) {
  us_api_add_time (json, "opened_at", row->opened_us);
  us_api_add_time (json, "started_at", row->opened_us);
  us_api_add_time (json, "acknowledged_at", row->acknowledged_us);
  us_json_add_text (json, "acknowledged_by", row->acknowledged_by);
  us_api_add_time (json, "recovering_at", row->recovering_us);
  us_api_add_time (json, "resolved_at", row->resolved_us);
  us_api_add_time (json, "updated_at", row->updated_us);
  us_api_add_number (json, "duration_s", lasted_s (row));
}

/* Inside an object. */
void
us_api_add_incident_members (JsonBuilder *json, const UsIncidentRow *row) {
  const char *check = row->fingerprint != NULL ? strrchr (row->fingerprint, ':') : NULL;
  UsHealth health = US_HEALTH_NO_DATA;
  us_health_from_word (row->health, &health);
  us_json_add_text (json, "id", row->id);
  us_json_add_text (json, "incident_id", row->id);
  us_json_add_text (json, "stream_id", row->stream);
  us_json_add_text (json, "stream_name", row->stream_name);
  us_json_add_text (json, "status", row->state);
  us_json_add_text (json, "state", us_health_word (health));
  us_json_add_text (json, "health", us_health_colour (health));
  us_json_add_text (json, "reason", row->reason);
  us_json_add_text (json, "trigger_reason", row->reason);
  us_json_add_text (json, "leading_check", check != NULL && check[1] != '\0' ? check + 1 : NULL);
  add_times (json, row);
  us_json_add_integer (json, "reopened_count", row->n_reopened);
  us_json_add_flag (json, "is_flapping", row->is_flapping);
  us_api_add_raw (json, "snapshot", row->snapshot);
  us_api_add_raw (json, "root_cause", row->cause);
}

void
us_api_add_incident (JsonBuilder *json, const UsIncidentRow *row) {
  json_builder_begin_object (json);
  us_api_add_incident_members (json, row);
  json_builder_end_object (json);
}

void
us_api_add_note (JsonBuilder *json, const UsNoteRow *row) {
  json_builder_begin_object (json);
  us_json_add_integer (json, "id", row->id);
  us_json_add_text (json, "incident_id", row->incident);
  us_json_add_text (json, "who", row->author);
  us_json_add_text (json, "note", row->text);
  us_api_add_time (json, "at", row->wall_us);
  json_builder_end_object (json);
}
