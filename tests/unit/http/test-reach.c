/* test-reach.c - where a peer may lead us */
#include "http/reach.h"

static void
test_local (void) {
  static const char *const local[]
      = { "localhost",    "LOCALHOST.",       "a.localhost", "127.0.0.1", "127.9.9.9",
          "::1",          "::ffff:127.0.0.1", "0.0.0.0",     "::",        "169.254.169.254",
          "fe80::1%eth0", "2130706433",       "0x7f000001",  "0x7f.1",    "127.1",
          "0177.0.0.1",   "127.0.0.1.",       "017700000001" };
  static const char *const other[]
      = { "origin.example", "cdn1.example",  "10.0.0.1",  "192.168.1.2", "2001:db8::1", "8.8.8.8",
          "4.example",      "localhost.net", "0xbad.dad", "1e100.net",   "packager" };
  for (guint i = 0; i < G_N_ELEMENTS (local); i++) {
    g_test_message ("%s", local[i]);
    g_assert_true (us_http_is_local_host (local[i]));
  }
  for (guint i = 0; i < G_N_ELEMENTS (other); i++) {
    g_test_message ("%s", other[i]);
    g_assert_false (us_http_is_local_host (other[i]));
  }
}

static void
test_lead (void) {
  g_assert_true (us_http_may_lead ("http://origin.example:8081/hls", "origin.example"));
  g_assert_true (us_http_may_lead ("http://origin.example:8081/hls", "cdn.example"));
  g_assert_true (us_http_may_lead ("http://localhost:8081/hls", "127.0.0.1"));
  g_assert_true (us_http_may_lead ("http://[::1]:8081/hls", "::1"));
  g_assert_false (us_http_may_lead ("http://origin.example:8081/hls", "127.0.0.1"));
  g_assert_false (us_http_may_lead ("http://10.0.0.7/hls", "169.254.169.254"));
  g_assert_false (us_http_may_lead ("nonsense", "localhost"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/reach/local", test_local);
  g_test_add_func ("/http/reach/lead", test_lead);
  return g_test_run ();
}
