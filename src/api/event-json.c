/* event-json.c - one line of a timeline, and one picture
 *
 * "event_id", "timestamp", "event_type", "message", "metadata" and "thumbnail_url" are the names of
 * the first generation. Pure.
 */
#include "api/api-private.h"

#include "http/json.h"

/* Returns: (transfer full) (nullable) */
char *
us_api_thumbnail_url (const char *id) {
  if (id == NULL)
    return NULL;
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  return g_strconcat ("/api/thumbnails/", escaped, NULL);
}

void
us_api_add_event (JsonBuilder *json, const UsEventRow *row) {
  g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, row->id);
  g_autofree char *picture = us_api_thumbnail_url (row->thumbnail);
  json_builder_begin_object (json);
  us_json_add_text (json, "event_id", id);
  us_json_add_text (json, "stream_id", row->stream);
  us_api_add_time (json, "timestamp", row->wall_us);
  us_json_add_text (json, "event_type", row->kind);
  us_json_add_text (json, "severity", row->severity);
  us_json_add_text (json, "source", row->source);
  us_json_add_text (json, "message", row->text);
  us_json_add_integer_or_null (json, "rendition", row->rendition >= 0, row->rendition);
  us_api_add_raw (json, "metadata", row->data != NULL ? row->data : "{}");
  us_json_add_text (json, "incident_id", row->incident);
  us_json_add_text (json, "thumbnail_url", picture);
  json_builder_end_object (json);
}

void
us_api_add_thumbnail (JsonBuilder *json, const UsThumbnailRow *row) {
  g_autofree char *url = us_api_thumbnail_url (row->id);
  json_builder_begin_object (json);
  us_json_add_text (json, "id", row->id);
  us_json_add_text (json, "stream_id", row->stream);
  us_api_add_time (json, "at", row->wall_us);
  us_json_add_integer (json, "width", row->width);
  us_json_add_integer (json, "height", row->height);
  us_json_add_text (json, "reason", row->reason);
  us_json_add_text (json, "thumbnail_url", url);
  json_builder_end_object (json);
}
