/* test-url.c - what people may read of a URL, and what is made of one in a playlist */
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

static void
test_resolve (void) {
  static const char *const rows[][2] = {
    { "a.ts", "http://origin/hls/a.ts" },
    { "../b/a.ts?x=1", "http://origin/b/a.ts?x=1" },
    { "/a%20b.ts", "http://origin/a%20b.ts" },
    { "https://other/a.ts", "https://other/a.ts" },
    { "100%.ts?sig=a%2", "http://origin/hls/100%25.ts?sig=a%252" },
    { "%zz%41.ts", "http://origin/hls/%25zzA.ts" },
    { "a b.ts", "http://origin/hls/a%20b.ts" },
    { "", "http://origin/hls/index.m3u8" },
    { "http://[::1", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *url = us_url_resolve ("http://origin/hls/index.m3u8", rows[i][0]);
    g_assert_cmpstr (url, ==, rows[i][1]);
    g_autoptr (GUri) again = url != NULL ? g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL) : NULL;
    g_assert_true (url == NULL || again != NULL);
  }
}

int
main (int argc, char *argv[]) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/url/for-people", test_for_people);
  g_test_add_func ("/base/url/resolve", test_resolve);
  return g_test_run ();
}
