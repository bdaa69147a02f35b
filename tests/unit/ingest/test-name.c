/* test-name.c - URL forms of real clients, and names that must be refused */
#include "ingest/name.h"

#include <gio/gio.h>
#include <string.h>

static void
test_forms (void) {
  static const struct {
    const char *app, *key, *name; /* name NULL: refused */
  } rows[] = {
    { "mystream", "", "mystream" },
    { "", "mystream", "mystream" },
    { "live", "mystream", "mystream" },
    { "a", "b", "b" },
    { "a/b", "c", "c" },
    { "mystream/", "", "mystream" },
    { "", "", "default" },
    { NULL, NULL, "default" },
    { "/", "", "default" },
    { "live", "A.b_c-9", "A.b_c-9" },
    { "live", "..", NULL },
    { "live", ".hidden", NULL },
    { "live", "a/b", NULL },
    { "live", "a b", NULL },
    { "live", "a\nb", NULL },
    { "live", "\xc3\xa4", NULL },
    { "live", "0123456789012345678901234567890123456789012345678901234567890123",
      "0123456789012345678901234567890123456789012345678901234567890123" },
    { "live", "01234567890123456789012345678901234567890123456789012345678901234", NULL },
    { "a/b", "", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *name
        = us_stream_name_from_publish (rows[i].app, rows[i].key, "default", &error);
    g_test_message ("row %u", i);
    g_assert_cmpstr (name, ==, rows[i].name);
    if (rows[i].name == NULL) {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
      g_assert_null (strchr (error->message, '\n'));
    }
  }
}

static void
test_query (void) {
  static const struct {
    const char *query, *value, *rest;
  } rows[] = {
    { "", NULL, "" },
    { "key=abc", "abc", "" },
    { "a=1&key=abc&b=2", "abc", "a=1&b=2" },
    { "key=a%2Bb%26c", "a+b&c", "" },
    { "key=one&key=two", "one", "" },
    { "key", "", "" },
    { "key=", "", "" },
    { "keys=abc&akey=d", NULL, "keys=abc&akey=d" },
    { "key=%zz", NULL, "" },
    { "key=%00", NULL, "" },
    { "key=a=b", "a=b", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *value = us_stream_query_get (rows[i].query, "key");
    g_autofree char *rest = us_stream_query_without (rows[i].query, "key");
    g_test_message ("row %u", i);
    g_assert_cmpstr (value, ==, rows[i].value);
    g_assert_cmpstr (rest, ==, rows[i].rest);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/name/forms", test_forms);
  g_test_add_func ("/name/query", test_query);
  return g_test_run ();
}
