/* test-network.c - which addresses count as one peer */
#include "base/network.h"

static void
test_of (void) {
  static const char *const rows[][2] = {
    { "192.0.2.1", "192.0.2.1" },
    { "2001:db8::1", "2001:db8::/64" },
    { "2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8::/64" },
    { "2001:db8:0:1::1", "2001:db8:0:1::/64" },
    { "::1", "::/64" },
    { "fe80::1%eth0", "fe80::1%eth0" },
    { "", "" },
    { "a:b", "a:b" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *network = us_network_of (rows[i][0]);
    g_assert_cmpstr (network, ==, rows[i][1]);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/network/of", test_of);
  return g_test_run ();
}
