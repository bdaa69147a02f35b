/* test-option.c - which texts fit which type of setting */
#include "base/option.h"

static const char *const schemes[] = { "http", "https", NULL };
static const char *const words[] = { "text", "json", NULL };

static const UsOption options[] = {
  { "flag", US_OPTION_BOOL, "true", 0, 0, NULL, NULL, "" },
  { "count", US_OPTION_INTEGER, "3", 1, 100, NULL, NULL, "" },
  { "wait", US_OPTION_DURATION, "2s", 100, 3600000, NULL, NULL, "" },
  { "listen", US_OPTION_ADDRESS, "0.0.0.0:8080", 0, 0, NULL, NULL, "" },
  { "url", US_OPTION_URL, "http://x", 0, 0, schemes, NULL, "" },
  { "urls", US_OPTION_LIST, "", 0, 0, schemes, NULL, "" },
  { "relays", US_OPTION_LIST, "http://a/", 0, 0, schemes, NULL, "" },
  { "routes", US_OPTION_ROUTES, "", 0, 0, schemes, NULL, "" },
  { "format", US_OPTION_CHOICE, "text", 0, 0, words, NULL, "" },
  { "name", US_OPTION_STRING, "abc", 2, 5, NULL, NULL, "" },
  { "path", US_OPTION_STRING, "", 0, 0, NULL, NULL, "" },
  { NULL },
};

static const struct {
  const char *key, *value;
  const char *message; /* NULL: it fits */
} cases[] = {
  { "flag", "yes", NULL },
  { "flag", "FALSE", NULL },
  { "flag", "maybe", "'maybe' is not true or false" },
  { "flag", "", "'' is not true or false" },
  { "count", "1", NULL },
  { "count", "100", NULL },
  { "count", "0", "'0' is not a whole number from 1 to 100" },
  { "count", "101", "'101' is not a whole number from 1 to 100" },
  { "count", "abc", "'abc' is not a whole number from 1 to 100" },
  { "count", "3.5", "'3.5' is not a whole number from 1 to 100" },
  { "count", " 3", "' 3' is not a whole number from 1 to 100" },
  { "count", "99999999999999999999", "'99999999999999999999' is not a whole number from 1 to 100" },
  { "wait", "100ms", NULL },
  { "wait", "2.5", NULL },
  { "wait", "1h", NULL },
  { "wait", "99ms", "'99ms' is not a duration from 100ms to 1h, such as 500ms, 2s or 5min" },
  { "wait", "61min", "'61min' is not a duration from 100ms to 1h, such as 500ms, 2s or 5min" },
  { "wait", "-1s", "'-1s' is not a duration from 100ms to 1h, such as 500ms, 2s or 5min" },
  { "wait", "nan", "'nan' is not a duration from 100ms to 1h, such as 500ms, 2s or 5min" },
  { "wait", "1e300", "'1e300' is not a duration from 100ms to 1h, such as 500ms, 2s or 5min" },
  { "wait", "0x10", "'0x10' is not a duration from 100ms to 1h, such as 500ms, 2s or 5min" },
  { "listen", "0.0.0.0:0", NULL },
  { "listen", "[::]:8080", NULL },
  { "listen", "localhost:80", NULL },
  { "listen", "8080", "'8080' is not an address and port, such as 0.0.0.0:8080 or [::1]:8080" },
  { "listen", ":8080", "':8080' is not an address and port, such as 0.0.0.0:8080 or [::1]:8080" },
  { "listen", "0.0.0.0:65536",
    "'0.0.0.0:65536' is not an address and port, such as 0.0.0.0:8080 or [::1]:8080" },
  { "listen", "example.org:80",
    "'example.org:80' is not an address and port, such as 0.0.0.0:8080 or [::1]:8080" },
  { "listen", "::1:80", "'::1:80' is not an address and port, such as 0.0.0.0:8080 or [::1]:8080" },
  { "listen", "[127.0.0.1]:80",
    "'[127.0.0.1]:80' is not an address and port, such as 0.0.0.0:8080 or [::1]:8080" },
  { "routes", "", NULL },
  { "routes", "http://a/b;cam=https://c/d/{stream}?x; e.1=http://f/{stream}", NULL },
  { "routes", "cam=ftp://c/d",
    "'cam=ftp://c/d' is not a list of http or https URLs, or NAME=URL, separated by ;" },
  { "routes", "a b=http://c/d",
    "'a b=http://c/d' is not a list of http or https URLs, or NAME=URL, separated by ;" },
  { "routes", "cam=rtp://me:SECRET@c/d/SECRET?k=SECRET;rtmp://e/f/SECRET",
    "'cam=rtp://c/d/***?***;rtmp://e/f/***' is not a list of http or https URLs, or NAME=URL, "
    "separated by ;" },
  { "url", "a.example/live/SECRET",
    "'a.example/live/***' is not a URL with scheme http or https and a host" },
  { "url", "https://a.example/hls?x=1", NULL },
  { "url", "ftp://a.example/",
    "'ftp://a.example/' is not a URL with scheme http or https and a host" },
  { "url", "http:///hls", "'http:///hls' is not a URL with scheme http or https and a host" },
  { "url", "http://a:99999/",
    "'http://a:99999/' is not a URL with scheme http or https and a host" },
  { "urls", "", NULL },
  { "relays", "", NULL },
  { "urls", "http://a/;https://b/;", NULL },
  { "urls", "http://a/;;https://b/",
    "'http://a/;;https://b/' is not a list of http or https URLs separated by ;" },
  { "format", "json", NULL },
  { "format", "JSON", "'JSON' is not one of text, json" },
  { "name", "abcde", NULL },
  { "name", "a", "'a' is not a text of 2 to 5 characters" },
  { "name", "abcdef", "'abcdef' is not a text of 2 to 5 characters" },
  { "name", "a\nb", "'a?b' has bytes that are not printable text" },
  { "name", "a\302\2332J", "'a?2J' has bytes that are not printable text" }, /* CSI of xterm */
  { "name", "a\xff", "'a\xef\xbf\xbd' has bytes that are not printable text" },
  { "path", "", NULL },
};

static void
test_check (void) {
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const UsOption *option = options;
    while (g_strcmp0 (option->key, cases[i].key) != 0)
      option++;
    g_autoptr (GError) error = NULL;
    gboolean fits = us_option_check (option, cases[i].value, &error);
    g_assert_cmpstr (error != NULL ? error->message : NULL, ==, cases[i].message);
    g_assert_cmpint (fits, ==, cases[i].message == NULL);
    if (!fits)
      g_assert_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE);
  }
}

static void
test_long_value (void) {
  g_autofree char *value = g_strnfill (5000, 'x');
  g_autoptr (GError) error = NULL;
  g_assert_false (us_option_check (&options[8], value, &error));
  g_assert_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE);
  g_assert_cmpuint (strlen (error->message), <, 200);
}

static void
test_duration (void) {
  static const struct {
    const char *text;
    gint64 ms;
    const char *shown;
  } rows[] = { { "500ms", 500, "500ms" },
               { "2", 2000, "2s" },
               { "2.5s", 2500, "2500ms" },
               { "5min", 300000, "5min" },
               { "24h", 86400000, "24h" },
               { "90 s", 90000, "90s" },
               { "0", 0, "0s" } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    gint64 ms = -1;
    g_assert_true (us_option_parse_duration (rows[i].text, &ms));
    g_assert_cmpint (ms, ==, rows[i].ms);
    g_autofree char *shown = us_option_format_duration (ms);
    g_assert_cmpstr (shown, ==, rows[i].shown);
  }
}

static void
test_address (void) {
  g_autofree char *host = NULL;
  guint16 port = 1;
  g_assert_true (us_option_parse_address ("[::1]:65535", &host, &port));
  g_assert_cmpstr (host, ==, "::1");
  g_assert_cmpuint (port, ==, 65535);
}

static void
test_nearest (void) {
  static const char *const keys[] = { "required-windows", "http", "playlist-path", NULL };
  g_assert_cmpstr (us_option_nearest ("requird-windows", keys), ==, "required-windows");
  g_assert_cmpstr (us_option_nearest ("required_windows", keys), ==, "required-windows");
  g_assert_cmpstr (us_option_nearest ("htpp", keys), ==, "http");
  g_assert_cmpstr (us_option_nearest ("htt", keys), ==, "http");
  g_assert_null (us_option_nearest ("banana", keys));
  g_autofree char *endless = g_strnfill (10000, 'a');
  g_assert_null (us_option_nearest (endless, keys));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/option/check", test_check);
  g_test_add_func ("/base/option/long-value", test_long_value);
  g_test_add_func ("/base/option/duration", test_duration);
  g_test_add_func ("/base/option/address", test_address);
  g_test_add_func ("/base/option/nearest", test_nearest);
  return g_test_run ();
}
