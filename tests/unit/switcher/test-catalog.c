/* test-catalog.c - what an origin may say its streams are */
#include "switcher/catalog.h"

#include <string.h>

static void
test_good (void) {
  const char text[]
      = "{\"streams\":[\"a\",\"live_2.x\",7,null,\"../etc\",\"\",\".h\",\"a/b\",\"\\u0000\"]}";
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) streams = us_catalog_parse (text, sizeof text - 1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (streams), ==, 2);
  g_assert_cmpstr (streams[0], ==, "a");
  g_assert_cmpstr (streams[1], ==, "live_2.x");
}

static void
test_bad (void) {
  static const char *const texts[] = { "",       "[]",   "{}", "{\"streams\":{}}",   "null",
                                       "<html>", "\xff", "7",  "{\"streams\":[\"a\"" };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (us_catalog_parse (texts[i], strlen (texts[i]), &error));
    g_assert_nonnull (error);
  }
}

static void
test_limits (void) {
  g_autoptr (GString) text = g_string_new ("{\"streams\":[\"s\"");
  for (guint i = 0; i < US_CATALOG_MAX_STREAMS; i++)
    g_string_append_printf (text, ",\"s%u\"", i);
  g_string_append (text, "]}");
  g_auto (GStrv) streams = us_catalog_parse (text->str, text->len, NULL);
  g_assert_cmpuint (g_strv_length (streams), ==, US_CATALOG_MAX_STREAMS);

  g_autoptr (GError) error = NULL;
  g_autofree char *huge = g_strnfill (US_CATALOG_MAX_BYTES + 1, ' ');
  g_assert_null (us_catalog_parse (huge, US_CATALOG_MAX_BYTES + 1, &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/catalog/good", test_good);
  g_test_add_func ("/switcher/catalog/bad", test_bad);
  g_test_add_func ("/switcher/catalog/limits", test_limits);
  return g_test_run ();
}
