/* test-web.c - each file of the built-in interface is the same in both codings */
#include "api/web.h"

#include "http/content-coding.h"

#include <string.h>

#define SCRIPT "/vendor/htm-preact.js"

static void
test_codings (void) {
  g_autoptr (UsWeb) web = us_web_new ();
  g_autoptr (GError) error = NULL;
  UsWebFile plain, packed, again;
  g_assert_true (us_web_find (web, SCRIPT, TRUE, &packed));
  g_assert_true (us_web_find (web, SCRIPT, FALSE, &plain));
  g_assert_cmpstr (packed.coding, ==, "gzip");
  g_assert_null (plain.coding);
  g_assert_cmpstr (plain.type, ==, "text/javascript; charset=utf-8");
  g_assert_cmpstr (packed.type, ==, plain.type);
  g_assert_cmpstr (packed.etag, !=, plain.etag);
  g_assert_cmpuint (g_bytes_get_size (packed.bytes), <, g_bytes_get_size (plain.bytes));
  g_autoptr (GBytes) bytes = us_content_coding_gunzip (packed.bytes, 1024 * 1024, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (bytes, plain.bytes));
  g_assert_true (us_web_find (web, SCRIPT, FALSE, &again)); /* kept, not made anew */
  g_assert_true (again.bytes == plain.bytes && again.etag == plain.etag);
}

static void
test_licences (void) {
  static const char *const words[]
      = { "Understudy", "hls.js", "htm", "uplot", "Permission is hereby" };
  g_autoptr (UsWeb) web = us_web_new ();
  UsWebFile file;
  g_assert_true (us_web_find (web, "/licences.txt", FALSE, &file));
  gsize size;
  const char *text = g_bytes_get_data (file.bytes, &size);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    g_assert_nonnull (g_strstr_len (text, (gssize)size, words[i]));
}

static void
test_nothing (void) {
  static const char *const paths[] = {
    "/",
    "",
    "/nothing.js",
    "/vendor",
    "/vendor/",
    "/vendor/manifest.json",
    "/vendor/hls.js/hls.min.js",
    "/vendor/htm/LICENSE",
    "/../web/index.html",
    "/gzip" SCRIPT,
    "//vendor/htm-preact.js",
    "/./vendor/htm-preact.js",
    SCRIPT ".gz",
    SCRIPT "/",
    "/VENDOR/htm-preact.js",
  };
  g_autoptr (UsWeb) web = us_web_new ();
  UsWebFile file;
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_test_message ("%s", paths[i]);
    g_assert_false (us_web_find (web, paths[i], TRUE, &file));
    g_assert_false (us_web_find (web, paths[i], FALSE, &file));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/web/codings", test_codings);
  g_test_add_func ("/api/web/licences", test_licences);
  g_test_add_func ("/api/web/nothing", test_nothing);
  return g_test_run ();
}
