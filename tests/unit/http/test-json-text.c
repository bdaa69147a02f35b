/* test-json-text.c - what is written is JSON, and says the same as it was given */
#include "http/json-text.h"

#include <json-glib/json-glib.h>
#include <math.h>

static void
test_members (void) {
  g_autoptr (GString) out = g_string_new (NULL);
  us_json_text_begin (out, NULL, '{');
  us_json_text_add_text (out, "text", "a");
  us_json_text_add_text (out, "none", NULL);
  us_json_text_begin (out, "empty", '{');
  us_json_text_end (out, '}');
  us_json_text_begin (out, "list", '[');
  us_json_text_add_text (out, NULL, "[");
  us_json_text_add_text (out, NULL, "{");
  us_json_text_add_integer (out, NULL, -5);
  us_json_text_begin (out, NULL, '[');
  us_json_text_end (out, ']');
  us_json_text_add_null (out, NULL);
  us_json_text_end (out, ']');
  us_json_text_add_flag (out, "yes", TRUE);
  us_json_text_add_flag (out, "no", FALSE);
  us_json_text_add_integer (out, "most", G_MAXINT64);
  us_json_text_end (out, '}');
  g_assert_cmpstr (out->str, ==,
                   "{\"text\":\"a\",\"none\":null,\"empty\":{},\"list\":[\"[\",\"{\",-5,[],null],"
                   "\"yes\":true,\"no\":false,\"most\":9223372036854775807}");
}

static void
test_texts (void) {
  static const char *const texts[] = {
    "",
    "plain",
    "\"quoted\" \\ back",
    "line\nbreak\ttab\r\b\f\x01\x1f\x7f",
    "</script>",
    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xac",
    "\xe2\x80\xa8\xe2\x80\xa9",
    "ends with \\",
    "no UTF-8: \xff\xfe \xc3",
    "{",
    "[",
    ",",
  };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GString) out = g_string_new (NULL);
    g_autofree char *valid = g_utf8_make_valid (texts[i], -1);
    us_json_text_begin (out, NULL, '[');
    us_json_text_add_text (out, NULL, texts[i]);
    us_json_text_add_text (out, NULL, "next");
    us_json_text_end (out, ']');
    g_test_message ("%s", out->str);
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonNode) root = json_from_string (out->str, &error);
    g_assert_no_error (error);
    JsonArray *array = json_node_get_array (root);
    g_assert_cmpuint (json_array_get_length (array), ==, 2);
    g_assert_cmpstr (json_array_get_string_element (array, 0), ==, valid);
  }
}

static void
test_numbers (void) {
  static const struct {
    double value;
    guint n_decimals;
    const char *expected;
  } rows[] = {
    { 0, 3, "0.0" },          { 1, 3, "1.0" },
    { 0.00021, 3, "0.0" },    { 0.0005, 3, "0.001" },
    { 1.23456, 3, "1.235" },  { 1.25, 1, "1.3" },
    { -1.5, 0, "-2.0" },      { 123456789.125, 3, "123456789.125" },
    { 1e21, 3, "1e+21" },     { 0.1 + 0.2, 6, "0.3" },
    { NAN, 3, "null" },       { INFINITY, 3, "null" },
    { -INFINITY, 3, "null" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GString) out = g_string_new (NULL);
    us_json_text_add_number (out, NULL, rows[i].value, rows[i].n_decimals);
    g_assert_cmpstr (out->str, ==, rows[i].expected);
  }
}

static void
test_times (void) {
  static const struct {
    gint64 wall_us;
    const char *expected;
  } rows[] = {
    { 0, "null" },
    { -1, "null" },
    { 1, "\"1970-01-01T00:00:00.000Z\"" },
    { G_GINT64_CONSTANT (1769860800123999), "\"2026-01-31T12:00:00.123Z\"" },
    { G_GINT64_CONSTANT (951782399999999), "\"2000-02-28T23:59:59.999Z\"" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GString) out = g_string_new (NULL);
    us_json_text_add_time (out, NULL, rows[i].wall_us);
    g_assert_cmpstr (out->str, ==, rows[i].expected);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/json-text/members", test_members);
  g_test_add_func ("/http/json-text/texts", test_texts);
  g_test_add_func ("/http/json-text/numbers", test_numbers);
  g_test_add_func ("/http/json-text/times", test_times);
  return g_test_run ();
}
