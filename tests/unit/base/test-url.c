/* test-url.c - what people may read of a URL */
#include "base/url.h"

static void
test_for_people (void) {
  static const char *const rows[][2] = {
    { "http://origin:8081/hls/index.m3u8", "http://origin:8081/hls/index.m3u8" },
    { "https://me:secret@origin/hls", "https://me@origin/hls" },
    { "http://origin/a.m3u8?token=secret", "http://origin/a.m3u8" },
    { "http://[::1]:80/", "http://[::1]:80/" },
    { "no URL: secret", "(no URL)" },
    { "", "(no URL)" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *shown = us_url_for_people (rows[i][0]);
    g_assert_cmpstr (shown, ==, rows[i][1]);
  }
}

int
main (int argc, char *argv[]) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/url/for-people", test_for_people);
  return g_test_run ();
}
