/* api-events.c - /api/events: what happens at the desk, as it happens
 *
 * One stream of server-sent events for everything; a reader names streams and kinds if it wants
 * less (http/events.c). Each has the noun as the other resources show it, so that a page may put it
 * where the old one was. Segments that came well are not told one by one: a hundred streams would
 * have fifty a second. Ids rise over restarts, as long as the clock does.
 */
#include "api/api-private.h"

#include "http/json.h"

static void
publish (UsApi *api, const char *kind, const char *stream, JsonBuilder *json) {
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = us_json_to_text (root, FALSE);
  api->last_id = MAX (api->last_id + 1, g_get_real_time ());
  us_http_events_publish (api->events, kind, (guint64)api->last_id, text,
                          stream != NULL && *stream != '\0' ? stream : NULL);
}

static void
on_stream (const char *stream, gboolean is_gone, gpointer user_data) {
  UsApi *api = user_data;
  const UsStreamConfig *config = is_gone ? NULL : us_desk_get_stream (api->desk, stream);
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "stream_id", stream);
  us_json_add_text (json, "change", config == NULL ? "removed" : "put");
  json_builder_set_member_name (json, "stream");
  if (config != NULL)
    us_api_add_stream (api, json, config, FALSE, FALSE);
  else
    json_builder_add_null_value (json);
  json_builder_end_object (json);
  publish (api, "stream", stream, json);
}

static void
on_health (const char *stream, const UsVerdict *verdict, gpointer user_data) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "stream_id", stream);
  us_json_add_text (json, "state", us_health_word (verdict->health));
  us_json_add_text (json, "health", us_health_colour (verdict->health));
  us_json_add_text (json, "reason", verdict->reasons[0]);
  us_api_add_time (json, "at", g_get_real_time ());
  json_builder_end_object (json);
  publish (user_data, "health", stream, json);
}

static void
on_finding (const char *stream, const UsFinding *finding, UsFindingChange change,
            gpointer user_data) {
  static const char *const words[] = { "opened", "escalated", "closed" };
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "stream_id", stream);
  us_json_add_text (json, "change", words[change]);
  json_builder_set_member_name (json, "finding");
  us_api_add_open_finding (json, stream, finding);
  json_builder_end_object (json);
  publish (user_data, "finding", stream, json);
}

static void
on_event (const UsEvent *event, gpointer user_data) {
  if (event->kind == US_EVENT_SEGMENT_OK)
    return;
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  const UsEventRow row = us_timeline_row (event);
  us_api_add_event (json, &row);
  publish (user_data, "event", event->stream, json);
}

static const char *
step_word (UsIncidentStep step) {
  static const char *const words[] = { [US_INCIDENT_KEEP] = "changed",
                                       [US_INCIDENT_OPENS] = "opened",
                                       [US_INCIDENT_REOPENS] = "reopened",
                                       [US_INCIDENT_RELAPSES] = "relapsed",
                                       [US_INCIDENT_RECOVERS] = "recovering",
                                       [US_INCIDENT_RESOLVES] = "resolved",
                                       [US_INCIDENT_ACKNOWLEDGES] = "acknowledged" };
  return words[step];
}

static void
on_incident (const UsIncidentRow *row, UsIncidentStep step, gpointer user_data) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "stream_id", row->stream);
  us_json_add_text (json, "change", step_word (step));
  json_builder_set_member_name (json, "incident");
  us_api_add_incident (json, row);
  json_builder_end_object (json);
  publish (user_data, "incident", row->stream, json);
}

const UsDeskNews us_api_news = {
  .on_stream = on_stream,
  .on_health = on_health,
  .on_finding = on_finding,
  .on_event = on_event,
  .on_incident = on_incident,
};
