/* network.c - see network.h; pure */
#include "base/network.h"

#include <arpa/inet.h>
#include <string.h>

/**
 * us_network_of:
 * @host: a numeric address
 *
 * One host has a /64 of IPv6, which is 2^64 addresses: whoever counts each of them counts nothing.
 *
 * Returns: (transfer full): an IPv4 address as it is, the network of an IPv6 one as
 * "2001:db8::/64"; any other text as it is
 */
char *
us_network_of (const char *host) {
  struct in6_addr address;
  char text[INET6_ADDRSTRLEN];
  if (strchr (host, ':') == NULL || inet_pton (AF_INET6, host, &address) != 1)
    return g_strdup (host);
  memset (&address.s6_addr[8], 0, 8);
  return g_strconcat (inet_ntop (AF_INET6, &address, text, sizeof text), "/64", NULL);
}
