/* reach.c - whether a URL that a peer has named may be asked by us
 *
 * Pure. An origin's playlist names the URLs that we fetch next, and its redirects others; most stay
 * with it, some lead to a CDN. None of them has business with what answers only this machine
 * (loopback, the metadata service of a cloud on its link-local address), whose answer would be
 * handed on to viewers. An origin that is on this machine itself may name what it likes. A name
 * that resolves to such an address is not seen here: that is for a firewall.
 */
#include "http/reach.h"

#include <gio/gio.h>
#include <string.h>

/* ::ffff:127.0.0.1 is 127.0.0.1 with another face. */
static GInetAddress *
parse (const char *host) {
  g_autofree char *bare = g_strndup (host, strcspn (host, "%"));
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (bare);
  static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };
  if (address != NULL && g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6
      && memcmp (g_inet_address_to_bytes (address), mapped, sizeof mapped) == 0)
    return g_inet_address_new_from_bytes (g_inet_address_to_bytes (address) + sizeof mapped,
                                          G_SOCKET_FAMILY_IPV4);
  return g_steal_pointer (&address);
}

/* "2130706433", "0x7f.1", "127.1": what a resolver takes for an address, and nobody writes who
 * means well. A name's last label has a letter that is no hex digit, or no leading digit. */
static gboolean
is_odd_number (const char *host) {
  return g_ascii_isdigit (host[0]) && strspn (host, "0123456789abcdefABCDEFxX.") == strlen (host)
         && g_ascii_isdigit (*(strrchr (host, '.') != NULL ? strrchr (host, '.') + 1 : host));
}

/**
 * us_http_is_local_host:
 * @host: of a URL: a name or an address, without brackets
 *
 * Returns: whether it means this machine or its link, or is an address in disguise
 */
gboolean
us_http_is_local_host (const char *host) {
  gsize length = strlen (host);
  while (length > 0 && host[length - 1] == '.')
    length--;
  g_autofree char *name = g_ascii_strdown (host, (gssize)length);
  if (strcmp (name, "localhost") == 0 || g_str_has_suffix (name, ".localhost"))
    return TRUE;
  g_autoptr (GInetAddress) address = parse (name);
  if (address == NULL)
    return is_odd_number (name);
  return g_inet_address_get_is_loopback (address) || g_inet_address_get_is_link_local (address)
         || g_inet_address_get_is_any (address);
}

/**
 * us_http_may_lead:
 * @peer_url: of the peer as it was configured
 * @host: of a URL that it has named
 *
 * Returns: whether that may be asked
 */
gboolean
us_http_may_lead (const char *peer_url, const char *host) {
  g_autoptr (GUri) peer = g_uri_parse (peer_url, G_URI_FLAGS_ENCODED, NULL);
  const char *own = peer != NULL ? g_uri_get_host (peer) : NULL;
  return !us_http_is_local_host (host) || (own != NULL && us_http_is_local_host (own));
}
