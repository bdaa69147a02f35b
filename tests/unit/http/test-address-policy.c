/* test-address-policy.c - which addresses may be asked, by a table */
#include "http/address-policy.h"

enum { PUBLIC, PRIVATE, LOOPBACK, NEVER };

static const struct {
  const char *address;
  int class;
} cases[] = {
  { "1.1.1.1", PUBLIC },
  { "9.255.255.255", PUBLIC },
  { "11.0.0.0", PUBLIC },
  { "172.15.255.255", PUBLIC },
  { "172.32.0.0", PUBLIC },
  { "192.167.255.255", PUBLIC },
  { "192.169.0.0", PUBLIC },
  { "100.63.255.255", PUBLIC },
  { "100.128.0.0", PUBLIC },
  { "169.253.255.255", PUBLIC },
  { "169.255.0.0", PUBLIC },
  { "198.17.255.255", PUBLIC },
  { "198.20.0.0", PUBLIC },
  { "223.255.255.255", PUBLIC },
  { "10.0.0.0", PRIVATE },
  { "10.255.255.255", PRIVATE },
  { "172.16.0.0", PRIVATE },
  { "172.31.255.255", PRIVATE },
  { "192.168.0.1", PRIVATE },
  { "100.64.0.0", PRIVATE },
  { "100.127.255.255", PRIVATE },
  { "127.0.0.1", LOOPBACK },
  { "127.255.255.254", LOOPBACK },
  { "0.0.0.0", NEVER },
  { "0.1.2.3", NEVER },
  { "169.254.0.1", NEVER },
  { "169.254.169.254", NEVER },
  { "100.100.100.200", NEVER },
  { "168.63.129.16", NEVER },
  { "192.0.0.192", NEVER },
  { "192.0.2.1", NEVER },
  { "198.51.100.1", NEVER },
  { "203.0.113.1", NEVER },
  { "198.18.0.0", NEVER },
  { "198.19.255.255", NEVER },
  { "224.0.0.1", NEVER },
  { "239.255.255.255", NEVER },
  { "240.0.0.1", NEVER },
  { "255.255.255.255", NEVER },
  { "2606:4700:4700::1111", PUBLIC },
  { "2a00::1", PUBLIC },
  { "3ffe:ffff::1", PUBLIC },
  { "fc00::1", PRIVATE },
  { "fdff:ffff::1", PRIVATE },
  { "::1", LOOPBACK },
  { "::", NEVER },
  { "fe80::1", NEVER },
  { "febf::1", NEVER },
  { "fec0::1", NEVER },
  { "ff02::1", NEVER },
  { "fd00:ec2::254", NEVER },
  { "fd20:ce::254", NEVER },
  { "2001:db8::1", NEVER },
  { "3fff::1", NEVER },
  { "2001::1", NEVER },
  { "2001:20::1", NEVER },
  { "100::1", NEVER },
  { "4000::1", NEVER },
  { "64:ff9b:1::1", NEVER },
  /* with an address of IPv4 in them */
  { "::ffff:1.1.1.1", PUBLIC },
  { "::ffff:10.0.0.1", PRIVATE },
  { "::ffff:127.0.0.1", LOOPBACK },
  { "::ffff:169.254.169.254", NEVER },
  { "::127.0.0.1", LOOPBACK },
  { "64:ff9b::1.1.1.1", PUBLIC },
  { "64:ff9b::a9fe:a9fe", NEVER },
  { "64:ff9b::10.0.0.1", PRIVATE },
  { "2002:a9fe:a9fe::1", NEVER },
  { "2002:0a00:0001::1", PRIVATE },
  { "2002:0101:0101::1", PUBLIC },
};

static void
test_table (void) {
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GInetAddress) address = g_inet_address_new_from_string (cases[i].address);

    for (guint allowed = 0; allowed < 4; allowed++) {
      const UsHttpReach reach
          = { .allow_private = (allowed & 1) != 0, .allow_loopback = (allowed & 2) != 0 };
      gboolean is_expected = cases[i].class == PUBLIC
                             || (cases[i].class == PRIVATE && reach.allow_private)
                             || (cases[i].class == LOOPBACK && reach.allow_loopback);
      const char *rule = us_address_policy_judge (&reach, address);

      g_test_message ("%s with %u: %s", cases[i].address, allowed, rule);
      g_assert_cmpint (rule == NULL, ==, is_expected);
    }
  }
}

static void
test_own_ports (void) {
  const UsHttpReach reach
      = { .allow_private = TRUE, .allow_loopback = TRUE, .own_ports = { 8000, 8080 } };
  g_autoptr (GSocketAddress) own = g_inet_socket_address_new_from_string ("127.0.0.1", 8000);
  g_autoptr (GSocketAddress) last = g_inet_socket_address_new_from_string ("::1", 8080);
  g_autoptr (GSocketAddress) free_port = g_inet_socket_address_new_from_string ("127.0.0.1", 8001);
  g_autoptr (GSocketAddress) else_where = g_inet_socket_address_new_from_string ("1.1.1.1", 8000);
  g_autofree char *why = us_address_policy_check (&reach, own);
  g_autofree char *why_last = us_address_policy_check (&reach, last);

  g_assert_cmpstr (why, ==, "port 8000 of 127.0.0.1 is our own");
  g_assert_nonnull (why_last);
  g_assert_null (us_address_policy_check (&reach, free_port));
  g_assert_null (us_address_policy_check (&reach, else_where));
  g_assert_false (us_address_policy_is_own_port (&reach, 0));
}

static void
test_words (void) {
  const UsHttpReach reach = { 0 };
  g_autoptr (GSocketAddress) address
      = g_inet_socket_address_new_from_string ("169.254.169.254", 80);
  g_autofree char *why = us_address_policy_check (&reach, address);

  g_assert_cmpstr (why, ==, "169.254.169.254 is a metadata service");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/address-policy/table", test_table);
  g_test_add_func ("/http/address-policy/own-ports", test_own_ports);
  g_test_add_func ("/http/address-policy/words", test_words);
  return g_test_run ();
}
