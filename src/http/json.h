/* json.h - members of a JSON object, one line each */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

void us_json_add_text (JsonBuilder *json, const char *name, const char *text);
void us_json_add_integer (JsonBuilder *json, const char *name, gint64 value);
void us_json_add_integer_or_null (JsonBuilder *json, const char *name, gboolean is_known,
                                  gint64 value);
void us_json_add_flag (JsonBuilder *json, const char *name, gboolean value);
/* Returns: (transfer full) (nullable): "2026-01-31T12:00:00.000Z" */
char *us_json_time (gint64 wall_us);
/* Returns: (transfer full): as text, each number with the digits that it needs */
char *us_json_to_text (JsonNode *root, gboolean is_pretty);

G_END_DECLS
