/* problem.c - RFC 9457 problem+json bodies
 *
 * Every refusal of the HTTP side looks the same: a stable type for programs, a title and a detail
 * for people. Pure; any thread.
 */
#include "http/problem.h"

#include <json-glib/json-glib.h>

static void
fill (UsHttpResponse *response, guint status, const char *type, const char *title,
      const char *extra, const char *extra_value, const char *detail) {
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autofree char *valid = g_utf8_make_valid (detail, -1);
  g_autofree char *urn = g_strconcat ("urn:understudy:problem:", type, NULL);
  g_autofree char *text = NULL;
  gsize length = 0;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "type");
  json_builder_add_string_value (builder, urn);
  json_builder_set_member_name (builder, "title");
  json_builder_add_string_value (builder, title);
  json_builder_set_member_name (builder, "status");
  json_builder_add_int_value (builder, status);
  json_builder_set_member_name (builder, "detail");
  json_builder_add_string_value (builder, valid);
  if (extra != NULL) {
    g_autofree char *clean = g_utf8_make_valid (extra_value, -1);
    json_builder_set_member_name (builder, extra);
    json_builder_add_string_value (builder, clean);
  }
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
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
  va_list args;

  va_start (args, detail_format);
  g_autofree char *detail = g_strdup_vprintf (detail_format, args);
  va_end (args);
  fill (response, status, type, title, NULL, NULL, detail);
}

/**
 * us_http_problem_at:
 * @pointer: the value it is about, as a fragment with a JSON pointer: "#/seconds" (RFC 6901 6)
 *
 * Like us_http_problem().
 */
void
us_http_problem_at (UsHttpResponse *response, guint status, const char *type, const char *title,
                    const char *pointer, const char *detail_format, ...) {
  va_list args;

  va_start (args, detail_format);
  g_autofree char *detail = g_strdup_vprintf (detail_format, args);
  va_end (args);
  fill (response, status, type, title, "pointer", pointer, detail);
}

/**
 * us_http_problem_of_parameter:
 * @parameter: the parameter of the query that it is about
 *
 * Like us_http_problem(), with status 400.
 */
void
us_http_problem_of_parameter (UsHttpResponse *response, const char *type, const char *title,
                              const char *parameter, const char *detail_format, ...) {
  va_list args;

  va_start (args, detail_format);
  g_autofree char *detail = g_strdup_vprintf (detail_format, args);
  va_end (args);
  fill (response, 400, type, title, "parameter", parameter, detail);
}
