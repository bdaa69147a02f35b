/* test-page.c - links, cursors, versions, times */
#include "api/api-private.h"

#include <string.h>

static const char *
link_of (const UsHttpResponse *response) {
  g_assert_cmpstr (response->headers->pdata[0], ==, "Link");
  return response->headers->pdata[1];
}

static void
test_link (void) {
  static const struct {
    const char *query, *expected;
  } cases[] = {
    { "", "</api/x%20y?before=7%262>; rel=\"next\"" },
    { "limit=5&before=9", "</api/x%20y?before=7%262&limit=5>; rel=\"next\"" },
    { "after=1&kinds=a%2Cb&&beforehand=1",
      "</api/x%20y?before=7%262&kinds=a%2Cb&beforehand=1>; rel=\"next\"" },
    { "a=>&cursor=3", "</api/x%20y?before=7%262>; rel=\"next\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const UsHttpRequest request = { .path = "/api/x y", .query = cases[i].query };
    UsHttpResponse response = { 0 };

    us_api_add_link (&response, &request, "next", "before", "7&2");
    g_assert_cmpstr (link_of (&response), ==, cases[i].expected);
    us_http_response_clear (&response);
  }
}

static void
test_cursor (void) {
  static const char *const bad[]
      = { "",       ".",     "1",     "1.",    ".INC",  "x.INC",
          "-5.INC", "0.INC", "1.a b", "1.a\"", "1.a/b", "99999999999999999999.INC",
          NULL };
  g_autofree char *text = us_api_incident_cursor (1767225600000001, "INC-00FF");
  g_autofree char *id = NULL;
  gint64 opened_us = 0;

  g_assert_true (us_api_read_incident_cursor (text, &opened_us, &id));
  g_assert_cmpint (opened_us, ==, 1767225600000001);
  g_assert_cmpstr (id, ==, "INC-00FF");
  for (guint i = 0; bad[i] != NULL; i++) {
    char *none = NULL;

    g_test_message ("%s", bad[i]);
    g_assert_false (us_api_read_incident_cursor (bad[i], &opened_us, &none));
    g_assert_null (none);
  }
}

static void
test_version (void) {
  g_autoptr (GBytes) one = g_bytes_new_static ("1", 1);
  g_autoptr (GBytes) two = g_bytes_new_static ("2", 1);
  g_autofree char *tag = us_api_version_tag (1000, 3, one);
  g_autofree char *other = us_api_version_tag (1000, 3, two);
  g_autofree char *list = g_strdup_printf ("\"zzz\", %s", other);

  g_assert_cmpstr (tag, !=, other);                 /* another representation */
  g_assert_true (us_api_is_version (tag, 1000, 3)); /* of the same version */
  g_assert_true (us_api_is_version (list, 1000, 3));
  g_assert_true (us_api_is_version ("*", 1000, 3));
  g_assert_true (us_api_is_version (NULL, 1000, 3));
  g_assert_false (us_api_is_version (tag, 1000, 4));
  g_assert_false (us_api_is_version (tag, 1001, 3)); /* the desk began anew */
  g_assert_false (us_api_is_version ("", 1000, 3));
  g_assert_false (us_api_is_version ("\"3e8.3", 1000, 3));
  g_assert_false (us_api_is_version ("W/\"3e8.3-ab\"", 1000, 3));
}

static void
test_time (void) {
  g_autofree char *text = us_api_time (G_GINT64_CONSTANT (1767225600004999));

  g_assert_cmpstr (text, ==, "2026-01-01T00:00:00.004Z");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/page/link", test_link);
  g_test_add_func ("/api/page/cursor", test_cursor);
  g_test_add_func ("/api/page/version", test_version);
  g_test_add_func ("/api/page/time", test_time);
  return g_test_run ();
}
