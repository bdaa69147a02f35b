/* problem.c - RFC 9457 problem+json bodies
 *
 * Every refusal of the HTTP side looks the same: a stable type for programs, a title and a detail
 * for people. Pure; any thread.
 */
#include "http/problem.h"

#include <json-glib/json-glib.h>

/**
 * us_http_problem:
 * @response: filled: status, type, body, and never cached unless the caller says so afterwards
 * @status: HTTP status
 * @type: short stable word
 * @title: the same for every problem of this type
 * @detail_format: names the value, what was expected, and the remedy
 */
void
us_http_problem (UsHttpResponse *response, guint status, const char *type, const char *title,
                 const char *detail_format, ...) {
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *detail = NULL, *valid = NULL, *urn = NULL, *text = NULL;
  gsize length = 0;
  va_list args;

  va_start (args, detail_format);
  detail = g_strdup_vprintf (detail_format, args);
  va_end (args);
  valid = g_utf8_make_valid (detail, -1);
  urn = g_strconcat ("urn:understudy:problem:", type, NULL);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "type");
  json_builder_add_string_value (builder, urn);
  json_builder_set_member_name (builder, "title");
  json_builder_add_string_value (builder, title);
  json_builder_set_member_name (builder, "status");
  json_builder_add_int_value (builder, status);
  json_builder_set_member_name (builder, "detail");
  json_builder_add_string_value (builder, valid);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  text = json_generator_to_data (generator, &length);

  g_clear_pointer (&response->body, g_bytes_unref);
  g_clear_pointer (&response->etag, g_free);
  response->status = status;
  response->content_type = "application/problem+json";
  response->cache_control = "no-store";
  response->allow_range = FALSE;
  response->body = g_bytes_new_take (g_steal_pointer (&text), length);
}
