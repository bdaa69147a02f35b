/* address-policy.c - which addresses may be asked on behalf of somebody who only names a URL
 *
 * Whoever adds a stream names a URL that we then fetch from where we stand, and playlists and
 * redirects name further ones. What must not be reached that way: the machine's own services, the
 * network behind it, the metadata service of a cloud. A name says nothing of that, since its owner
 * decides what it resolves to, and may decide differently a moment later; so the address is judged,
 * and at the socket that is about to connect to it (trace.c).
 *
 * The judgement is a table. What is in none of its rows is public, except that of IPv6 only
 * 2000::/3 is. Addresses that carry an IPv4 address are judged by that. Pure, but for
 * us_address_policy_is_this_machine().
 */
#include "http/address-policy.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum { NEVER, IF_PRIVATE, IF_LOOPBACK } Permission;

typedef struct {
  const char *net, *rule;
  guint8 bits;
  Permission permission;
} Row;

/* The first row that fits decides. */
static const Row rows_v4[] = {
  { "169.254.169.254", "a metadata service", 32, NEVER },
  { "100.100.100.200", "a metadata service", 32, NEVER },
  { "168.63.129.16", "a metadata service", 32, NEVER },
  { "169.254.0.0", "link-local", 16, NEVER },
  { "127.0.0.0", "loopback", 8, IF_LOOPBACK },
  { "10.0.0.0", "private", 8, IF_PRIVATE },
  { "172.16.0.0", "private", 12, IF_PRIVATE },
  { "192.168.0.0", "private", 16, IF_PRIVATE },
  { "100.64.0.0", "private (shared by a carrier)", 10, IF_PRIVATE },
  { "0.0.0.0", "unspecified", 8, NEVER },
  { "192.0.0.0", "reserved", 24, NEVER },
  { "192.0.2.0", "for documentation", 24, NEVER },
  { "198.51.100.0", "for documentation", 24, NEVER },
  { "203.0.113.0", "for documentation", 24, NEVER },
  { "198.18.0.0", "for benchmarks", 15, NEVER },
  { "192.88.99.0", "reserved", 24, NEVER },
  { "224.0.0.0", "multicast", 4, NEVER },
  { "255.255.255.255", "broadcast", 32, NEVER },
  { "240.0.0.0", "reserved", 4, NEVER },
};

static const Row rows_v6[] = {
  { "fd00:ec2::254", "a metadata service", 128, NEVER },
  { "fd20:ce::254", "a metadata service", 128, NEVER },
  { "::", "unspecified", 128, NEVER },
  { "::1", "loopback", 128, IF_LOOPBACK },
  { "fe80::", "link-local", 10, NEVER },
  { "fc00::", "private", 7, IF_PRIVATE },
  { "ff00::", "multicast", 8, NEVER },
  { "2001:db8::", "for documentation", 32, NEVER },
  { "3fff::", "for documentation", 20, NEVER },
  { "2001::", "reserved", 23, NEVER }, /* Teredo, benchmarks, ORCHID */
};

/* Networks whose addresses carry one of IPv4, and where in them. */
static const struct {
  const char *net;
  guint8 bits, at;
} carriers[] = {
  { "::ffff:0:0", 96, 12 }, /* mapped */
  { "::", 96, 12 },         /* compatible, long deprecated */
  { "64:ff9b::", 96, 12 },  /* NAT64, RFC 6052 */
  { "2002::", 16, 2 },      /* 6to4 */
};

static gboolean
is_within (const guint8 *address, const char *net, guint bits) {
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (net);
  const guint8 *prefix = g_inet_address_to_bytes (parsed);
  guint whole = bits / 8, rest = bits % 8;

  return memcmp (address, prefix, whole) == 0
         && (rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0);
}

static const char *
judge_by (const UsHttpReach *reach, const guint8 *address, const Row *rows, guint n_rows,
          gboolean *is_known) {
  for (guint i = 0; i < n_rows; i++) {
    if (!is_within (address, rows[i].net, rows[i].bits))
      continue;
    *is_known = TRUE;
    return (rows[i].permission == IF_PRIVATE && reach->allow_private)
                   || (rows[i].permission == IF_LOOPBACK && reach->allow_loopback)
               ? NULL
               : rows[i].rule;
  }
  return NULL;
}

/**
 * us_address_policy_judge:
 *
 * IANA's registries of special-purpose addresses (RFC 6890), and the metadata services of clouds.
 *
 * Returns: (nullable): what the address is, when it may not be asked; %NULL when it may
 */
const char *
us_address_policy_judge (const UsHttpReach *reach, GInetAddress *address) {
  const guint8 *bytes = g_inet_address_to_bytes (address);
  gboolean is_known = FALSE;

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4)
    return judge_by (reach, bytes, rows_v4, G_N_ELEMENTS (rows_v4), &is_known);
  const char *rule = judge_by (reach, bytes, rows_v6, G_N_ELEMENTS (rows_v6), &is_known);
  if (is_known)
    return rule;
  for (guint i = 0; i < G_N_ELEMENTS (carriers); i++)
    if (is_within (bytes, carriers[i].net, carriers[i].bits))
      return judge_by (reach, bytes + carriers[i].at, rows_v4, G_N_ELEMENTS (rows_v4), &is_known);
  return is_within (bytes, "2000::", 3) ? NULL : "reserved";
}

gboolean
us_address_policy_is_own_port (const UsHttpReach *reach, guint16 port) {
  for (guint i = 0; i < US_HTTP_REACH_MAX_PORTS && reach->own_ports[i] != 0; i++)
    if (reach->own_ports[i] == port)
      return TRUE;
  return FALSE;
}

/**
 * us_address_policy_is_this_machine:
 *
 * Asks the routing table, by a datagram socket that sends nothing: what we would speak from, when
 * we speak to ourselves, is the address itself.
 */
gboolean
us_address_policy_is_this_machine (GInetAddress *address) {
  g_autoptr (GSocketAddress) there = g_inet_socket_address_new (address, 9);
  struct sockaddr_storage native, here;
  socklen_t length = sizeof here;
  gboolean is_same = FALSE;

  if (g_inet_address_get_is_loopback (address))
    return TRUE;
  if (!g_socket_address_to_native (there, &native, sizeof native, NULL))
    return FALSE;
  int fd = socket (native.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return FALSE;
  if (connect (fd, (struct sockaddr *)&native, (socklen_t)g_socket_address_get_native_size (there))
          == 0
      && getsockname (fd, (struct sockaddr *)&here, &length) == 0) {
    g_autoptr (GSocketAddress) from = g_socket_address_new_from_native (&here, length);

    is_same = from != NULL && G_IS_INET_SOCKET_ADDRESS (from)
              && g_inet_address_equal (
                  g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (from)), address);
  }
  close (fd);
  return is_same;
}

/**
 * us_address_policy_check:
 * @address: that a socket is about to connect to
 *
 * Returns: (transfer full) (nullable): why not, naming address and rule; %NULL when it may
 */
char *
us_address_policy_check (const UsHttpReach *reach, GSocketAddress *address) {
  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return g_strdup ("not an internet address");
  GInetAddress *host = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
  guint16 port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_autofree char *text = g_inet_address_to_string (host);
  const char *rule = us_address_policy_judge (reach, host);

  if (rule != NULL)
    return g_strdup_printf ("%s is %s", text, rule);
  if (us_address_policy_is_own_port (reach, port) && us_address_policy_is_this_machine (host))
    return g_strdup_printf ("port %u of %s is our own", port, text);
  return NULL;
}
