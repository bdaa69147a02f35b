/* test-problem.c - problem+json bodies of src/http/problem.c */
#include "http/problem.h"

#include <json-glib/json-glib.h>

static void
test_fields (void) {
  UsHttpResponse response = { .etag = g_strdup ("\"old\""), .allow_range = TRUE };
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;
  gsize size;

  us_http_problem (&response, 404, "unknown-stream", "Unknown stream", "No \"%s\"\n\xff", "a/b");
  g_assert_cmpuint (response.status, ==, 404);
  g_assert_cmpstr (response.content_type, ==, "application/problem+json");
  g_assert_null (response.etag);
  g_assert_false (response.allow_range);
  g_assert_true (json_parser_load_from_data (parser, g_bytes_get_data (response.body, &size),
                                             (gssize)g_bytes_get_size (response.body), NULL));
  object = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpstr (json_object_get_string_member (object, "type"), ==,
                   "urn:understudy:problem:unknown-stream");
  g_assert_cmpstr (json_object_get_string_member (object, "title"), ==, "Unknown stream");
  g_assert_cmpint (json_object_get_int_member (object, "status"), ==, 404);
  g_assert_cmpstr (json_object_get_string_member (object, "detail"), ==,
                   "No \"a/b\"\n\xef\xbf\xbd");
  g_bytes_unref (response.body);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/problem/fields", test_fields);
  return g_test_run ();
}
