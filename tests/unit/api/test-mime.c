/* test-mime.c - which paths may be files, and what they are */
#include "api/mime.h"

static void
test_paths (void) {
  static const char *const good[]
      = { "/index.html", "/app/main.js", "/a-b_c.2.css", "/fonts/x/y.woff2", NULL };
  static const char *const bad[]
      = { "",        "index.html", "/",         "/a/",   "//a",   "/../etc/passwd",
          "/a/../b", "/.git/x",    "/a/.env",   "/a//b", "/a\\b", "/a b",
          "/a\nb",   "/a%2e",      "/\303\244", "/a\tb", "/a:b",  NULL };
  g_autofree char *part = g_strnfill (600, 'a');
  g_autofree char *endless = g_strconcat ("/", part, NULL);

  for (guint i = 0; good[i] != NULL; i++) {
    g_test_message ("%s", good[i]);
    g_assert_true (us_mime_is_plain_path (good[i]));
  }
  for (guint i = 0; bad[i] != NULL; i++) {
    g_test_message ("%s", bad[i]);
    g_assert_false (us_mime_is_plain_path (bad[i]));
  }
  g_assert_false (us_mime_is_plain_path (endless));
}

static void
test_types (void) {
  g_assert_cmpstr (us_mime_of_name ("a.mjs"), ==, "text/javascript; charset=utf-8");
  g_assert_cmpstr (us_mime_of_name ("/x/y.svg"), ==, "image/svg+xml");
  g_assert_cmpstr (us_mime_of_name ("a.exe"), ==, "application/octet-stream");
  g_assert_cmpstr (us_mime_of_name ("html"), ==, "application/octet-stream");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/mime/paths", test_paths);
  g_test_add_func ("/api/mime/types", test_types);
  return g_test_run ();
}
