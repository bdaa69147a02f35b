/* test-port-owner.c - finding who listens: recorded tables, and this very process */
#include "base/port-owner.h"

#include <gio/gio.h>
#include <unistd.h>

static const char table[]
    = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 "
      "111 1 0000000000000000 20 4 30 10 -1\n"
      "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 "
      "222 1 0000000000000000 100 0 0 10 0\n";
static const char table6[]
    = "  sl  local_address                         remote_address                        st\n"
      "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A "
      "00000000:00000000 00:00000000 00000000  1000        0 333 1 0000000000000000 100 0 0 10 0\n";

static void
test_parse (void) {
  g_assert_cmpuint (us_port_owner_parse (table, 80), ==, 222);
  g_assert_cmpuint (us_port_owner_parse (table, 81), ==, 0);
  g_assert_cmpuint (us_port_owner_parse (table6, 8080), ==, 333);
  g_assert_cmpuint (us_port_owner_parse ("", 80), ==, 0);
  g_assert_cmpuint (us_port_owner_parse ("  1: zz:zz", 80), ==, 0);
}

static void
test_self (void) {
  g_autoptr (GSocket) socket
      = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_assert_true (g_socket_bind (socket, any, TRUE, NULL));
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);
  guint16 port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_assert_null (us_port_owner (port)); /* bound only */
  g_assert_true (g_socket_listen (socket, NULL));
  g_autofree char *owner = us_port_owner (port);
  g_autofree char *pid = g_strdup_printf ("(pid %d)", (int)getpid ());
  g_assert_nonnull (owner);
  g_assert_true (g_str_has_prefix (owner, "test-port-owner"));
  g_assert_true (g_str_has_suffix (owner, pid));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/port-owner/parse", test_parse);
  g_test_add_func ("/base/port-owner/self", test_self);
  return g_test_run ();
}
