/* json.c - members of a JSON object, one line each
 *
 * What reports are made of. Inside json_builder_begin_object(); the builder stays the caller's.
 */
#include "http/json.h"

/* @text: (nullable): %NULL is null */
void
us_json_add_text (JsonBuilder *json, const char *name, const char *text) {
  json_builder_set_member_name (json, name);
  if (text != NULL)
    json_builder_add_string_value (json, text);
  else
    json_builder_add_null_value (json);
}

void
us_json_add_integer (JsonBuilder *json, const char *name, gint64 value) {
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, value);
}

void
us_json_add_integer_or_null (JsonBuilder *json, const char *name, gboolean is_known, gint64 value) {
  json_builder_set_member_name (json, name);
  if (is_known)
    json_builder_add_int_value (json, value);
  else
    json_builder_add_null_value (json);
}

void
us_json_add_flag (JsonBuilder *json, const char *name, gboolean value) {
  json_builder_set_member_name (json, name);
  json_builder_add_boolean_value (json, value);
}
