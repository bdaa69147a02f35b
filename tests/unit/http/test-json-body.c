/* test-json-body.c - the strict reading of JSON, by tables */
#include "http/json-body.h"
#include "http/message.h"

#include <string.h>

static const char *const modes[] = { "auto", "manual", NULL };

typedef struct {
  const char *url, *note, *inner;
  gint64 seconds;
  double share;
  gboolean is_on;
  int mode;
  guint n_tags, n_rules, n_labels;
} Read;

/* Returns: (transfer full): "status pointer detail"; NULL: good */
static char *
read_all (const char *text, gssize size, Read *got) {
  g_autoptr (GBytes) bytes
      = text != NULL ? g_bytes_new (text, size >= 0 ? (gsize)size : strlen (text)) : NULL;
  g_autoptr (UsJsonBody) body = us_json_body_new (bytes, 4096);
  UsJsonPart *root = us_json_body_root (body);
  UsHttpResponse response = { 0 };

  memset (got, 0, sizeof *got);
  got->url = g_intern_string (us_json_text (root, "url", US_JSON_REQUIRED, 20));
  got->note = g_intern_string (us_json_text (root, "note", US_JSON_OPTIONAL, 5));
  got->seconds = us_json_integer (root, "seconds", 60, 1, 3600);
  got->share = us_json_number (root, "share", 0.5, 0, 1);
  got->is_on = us_json_flag (root, "on", TRUE);
  got->mode = us_json_word (root, "mode", modes, -1);
  GStrv tags = us_json_texts (root, "tags", 3, 4);
  got->n_tags = tags != NULL ? g_strv_length (tags) : 0;
  UsJsonPart *inner = us_json_object (root, "inner", US_JSON_OPTIONAL);
  if (inner != NULL)
    got->inner = g_intern_string (us_json_text (inner, "name", US_JSON_REQUIRED, 5));
  GPtrArray *rules = us_json_objects (root, "rules", US_JSON_OPTIONAL, 2);
  got->n_rules = rules != NULL ? rules->len : 0;
  for (guint i = 0; i < got->n_rules; i++)
    us_json_integer (g_ptr_array_index (rules, i), "n", 0, 0, 9);
  UsJsonPart *labels = us_json_object (root, "labels", US_JSON_OPTIONAL);
  for (const char *const *name = labels != NULL ? us_json_members (labels) : NULL;
       name != NULL && *name != NULL; name++)
    got->n_labels += us_json_text (labels, *name, US_JSON_REQUIRED, 9) != NULL;
  if (us_json_body_end (body, &response)) {
    g_assert_cmpuint (response.status, ==, 0);
    return NULL;
  }
  const UsJsonProblem *problem = us_json_body_check (body);
  g_assert_cmpuint (response.status, ==, problem->status);
  us_http_response_clear (&response);
  return g_strdup_printf ("%u %s %s", problem->status, problem->pointer, problem->detail);
}

static void
test_good (void) {
  static const char whole[]
      = "{\"url\": \"http://x\", \"note\": \"a\\nb\", \"seconds\": 3600, \"share\": 1,"
        " \"on\": false, \"mode\": \"manual\", \"tags\": [\"a\", \"\\u00e4\\u00e4\\u00e4\\u00e4\"],"
        " \"inner\": {\"name\": \"in\"}, \"rules\": [{\"n\": 9}, {}],"
        " \"labels\": {\"any\": \"x\", \"a/b\": \"y\"}}";
  Read got;
  g_autofree char *problem = read_all (whole, -1, &got);

  g_assert_cmpstr (problem, ==, NULL);
  g_assert_cmpstr (got.url, ==, "http://x");
  g_assert_cmpstr (got.note, ==, "a\nb");
  g_assert_cmpint (got.seconds, ==, 3600);
  g_assert_cmpfloat (got.share, ==, 1);
  g_assert_false (got.is_on);
  g_assert_cmpint (got.mode, ==, 1);
  g_assert_cmpuint (got.n_tags, ==, 2);
  g_assert_cmpstr (got.inner, ==, "in");
  g_assert_cmpuint (got.n_rules, ==, 2);
  g_assert_cmpuint (got.n_labels, ==, 2);

  g_autofree char *least = read_all ("{\"url\":\"u\",\"note\":null,\"tags\":null}", -1, &got);
  g_assert_cmpstr (least, ==, NULL);
  g_assert_cmpint (got.seconds, ==, 60);
  g_assert_cmpfloat (got.share, ==, 0.5);
  g_assert_true (got.is_on);
  g_assert_cmpint (got.mode, ==, -1);
}

static void
test_bad (void) {
  static const struct {
    const char *text, *problem;
  } cases[] = {
    { NULL, "422 #/url \"url\" is needed" },
    { "", "422 #/url \"url\" is needed" },
    { "{}", "422 #/url \"url\" is needed" },
    { "{\"url\":null}", "422 #/url \"url\" is needed" },
    { "{\"url\":1}", "422 #/url expected a string" },
    { "{\"url\":\"\"}", "422 #/url expected a string" },
    { "{\"url\":\"123456789012345678901\"}", "422 #/url expected a string of 1 to 20" },
    { "{\"url\":\"a\\u0007\"}", "422 #/url expected a string" },
    { "{\"url\":\"a\\u0085\"}", "422 #/url expected a string" },
    { "{\"url\":[\"a\"]}", "422 #/url expected a string" },
    { "{\"url\":\"u\",\"seconds\":0}", "422 #/seconds expected a whole number from 1 to 3600" },
    { "{\"url\":\"u\",\"seconds\":\"5\"}", "422 #/seconds expected" },
    { "{\"url\":\"u\",\"seconds\":5.0}", "422 #/seconds expected" },
    { "{\"url\":\"u\",\"seconds\":true}", "422 #/seconds expected" },
    { "{\"url\":\"u\",\"share\":1.01}", "422 #/share expected a number from 0 to 1" },
    { "{\"url\":\"u\",\"share\":\"1\"}", "422 #/share expected" },
    { "{\"url\":\"u\",\"on\":1}", "422 #/on expected true or false" },
    { "{\"url\":\"u\",\"mode\":\"Auto\"}", "422 #/mode expected one of auto, manual" },
    { "{\"url\":\"u\",\"mode\":1}", "422 #/mode expected one of auto, manual" },
    { "{\"url\":\"u\",\"tags\":\"a\"}", "422 #/tags expected a list of at most 3" },
    { "{\"url\":\"u\",\"tags\":[\"a\",\"b\",\"c\",\"d\"]}", "422 #/tags expected a list" },
    { "{\"url\":\"u\",\"tags\":[\"a\",5]}", "422 #/tags/1 expected a string" },
    { "{\"url\":\"u\",\"tags\":[\"abcde\"]}", "422 #/tags/0 expected a string" },
    { "{\"url\":\"u\",\"tags\":[null]}", "422 #/tags/0 expected a string" },
    { "{\"url\":\"u\",\"inner\":[]}", "422 #/inner expected an object" },
    { "{\"url\":\"u\",\"inner\":{}}", "422 #/inner/name \"name\" is needed" },
    { "{\"url\":\"u\",\"inner\":{\"name\":\"n\",\"x\":1}}", "422 #/inner/x it means nothing" },
    { "{\"url\":\"u\",\"rules\":[{},5]}", "422 #/rules/1 expected an object" },
    { "{\"url\":\"u\",\"rules\":[{},{\"n\":10}]}", "422 #/rules/1/n expected" },
    { "{\"url\":\"u\",\"rules\":[{\"m\":1}]}", "422 #/rules/0/m it means nothing" },
    { "{\"url\":\"u\",\"labels\":{\"a/b~c\":5}}", "422 #/labels/a~1b~0c expected a string" },
    { "{\"url\":\"u\",\"secnods\":5}", "422 #/secnods it means nothing here" },
    { "{\"url\":\"u\",\"a b\\\"\":5}", "422 #/a%20b%22 it means nothing here" },
    { "[]", "422 # expected an object" },
    { "\"x\"", "422 # expected an object" },
    { "null", "422 # expected an object" },
    { "{", "400 # " },
    { "{\"url\":\"u\"", "400 # " },
    { "{\"url\":\"u\"}}", "400 # " },
    { "{\"url\":\"u\"} {}", "400 # " },
    { "5{\"url\":\"u\"}", "400 # " }, /* to JSON-GLib an array of both, or the end of the program */
    { "\"a\" {\"url\":\"u\"}", "400 # " },
    { "null[1]", "400 # " },
    { "{'url':'u'}", "400 # a character" },
    { "{\"url\":\"u\"/*x*/}", "400 # a character" },
    { "{\"url\":\"u\\u0000v\"}", "400 # a string has a zero" },
    { "{\"url\":\"u\nv\"}", "400 # a string has control" },
    { "{\"url\":\"u", "400 # a string does not end" },
    { "{\"url\":\"u\\", "400 # a string does not end" },
    { "{\"url\":\"\xff\"}", "400 # not UTF-8" },
    { "{\"url\":NaN}", "400 # a character" },
    { "{\"url\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", "400 # it goes deeper" },
    { "{\"url\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}", "422 #/url expected" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Read got;
    g_autofree char *problem = read_all (cases[i].text, -1, &got);

    g_test_message ("%s: %s", cases[i].text, problem);
    g_assert_nonnull (problem);
    g_assert_true (g_str_has_prefix (problem, cases[i].problem));
  }
}

/* Whatever it is, it is no number or string that we would believe. */
static void
test_odd (void) {
  static const char *const odd[] = { "{\"url\":\"u\",\"seconds\":99999999999999999999}",
                                     "{\"url\":\"u\",\"seconds\":-1}",
                                     "{\"url\":\"u\",\"seconds\":1e3}",
                                     "{\"url\":\"u\",\"seconds\":0x10}",
                                     "{\"url\":\"u\",\"seconds\":--5}",
                                     "{\"url\":\"u\",\"share\":1e999}",
                                     "{\"url\":\"u\",\"share\":-1e999}",
                                     "{\"url\":\"\\ud800\"}",
                                     "{\"url\":\"u\",}",
                                     "{\"url\":\"u\",\"tags\":[\"a\",]}",
                                     "{\"url\" \"u\"}",
                                     "{\"url\":tru}",
                                     "{\"url\":\"u\",\"seconds\":010}",
                                     "{\"url\":\"u\",\"seconds\":+5}",
                                     "{\"url\":\"u\",\"share\":.5}",
                                     "{\"url\":\"u\",\"share\":1.}",
                                     "{\"url\":\"u\" \"on\":true}",
                                     "{\"url\":\"\\x\"}",
                                     "{\"url\":\"\\u12\"}",
                                     "{\"url\":\"\\u12g4\"}",
                                     "{\"url\":\"\\ud800\\u0041\"}" };
  Read got;

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autofree char *problem = read_all (odd[i], -1, &got);

    g_test_message ("%s: %s", odd[i], problem);
    g_assert_nonnull (problem);
  }
  g_autofree char *zero = read_all ("{\"url\":\"u\"}\0{", 13, &got);
  g_assert_nonnull (zero);
}

static void
test_size (void) {
  g_autofree char *many = g_strnfill (4097, ' ');
  g_autofree char *deep = g_strnfill (4000, '[');
  Read got;
  g_autofree char *large = read_all (many, -1, &got);
  g_autofree char *deeper = read_all (deep, -1, &got);

  g_assert_true (g_str_has_prefix (large, "413 # "));
  g_assert_true (g_str_has_prefix (deeper, "400 # it goes deeper"));
}

static void
test_null_and_refuse (void) {
  g_autoptr (GBytes) bytes = g_bytes_new_static ("{\"a\":null,\"b\":1}", 16);
  g_autoptr (UsJsonBody) body = us_json_body_new (bytes, 100);
  UsJsonPart *root = us_json_body_root (body);

  g_assert_true (us_json_has (root, "a"));
  g_assert_true (us_json_is_null (root, "a"));
  g_assert_false (us_json_is_null (root, "b"));
  g_assert_false (us_json_has (root, "c"));
  g_assert_false (us_json_is_null (root, "c"));
  us_json_text (root, "a", US_JSON_OPTIONAL, 9);
  g_assert_cmpint (us_json_integer (root, "b", 0, 0, 9), ==, 1);
  g_assert_null (us_json_body_check (body));
  us_json_refuse (root, "b", "not with %s", "a");
  us_json_refuse (root, "a", "second");
  g_assert_cmpstr (us_json_body_check (body)->pointer, ==, "#/b");
  g_assert_cmpstr (us_json_body_check (body)->detail, ==, "not with a");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/json-body/good", test_good);
  g_test_add_func ("/http/json-body/bad", test_bad);
  g_test_add_func ("/http/json-body/odd", test_odd);
  g_test_add_func ("/http/json-body/size", test_size);
  g_test_add_func ("/http/json-body/null-and-refuse", test_null_and_refuse);
  return g_test_run ();
}
