/* hosts.c - names under which this desk may be read without a token
 *
 * A page of another site can have its own name lead to this machine once it has been loaded (DNS
 * rebinding); to the browser the desk is then a part of that site, and the page reads all of it.
 * What gives it away is the name: Host is that of the other site, which the page cannot change. So
 * reading without a token is for those who ask by an address, or by a name that no stranger can
 * own: one without a dot, one of a domain that nobody can register, one of this machine, or the one
 * that the operator has set (desk-url). A program that sends no Host at all is no browser.
 *
 * Pure: what the machine is called is passed in.
 */
#include "api/hosts.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_DOMAINS 16

/* RFC 6761, 6762 and 8375, and what ICANN keeps from being delegated. */
static const char *const local_domains[]
    = { ".local", ".localhost", ".lan", ".home", ".corp", ".internal", ".home.arpa", NULL };

struct UsHosts {
  GHashTable *names; /* element-type utf8, lower case, without a dot at the end */
};

static char *
normal (const char *name, gsize n) {
  char *lower = g_ascii_strdown (name, (gssize)n);
  gsize length = strlen (lower);
  if (length > 0 && lower[length - 1] == '.')
    lower[length - 1] = '\0';
  return lower;
}

/* What resolv.conf(5) says behind "search" and "domain": @machine has a name in each. */
static void
add_domains (UsHosts *self, const char *machine, const char *resolver) {
  g_auto (GStrv) lines = g_strsplit (resolver, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit_set (g_strstrip (lines[i]), " \t", MAX_DOMAINS);
    if (g_strcmp0 (words[0], "search") != 0 && g_strcmp0 (words[0], "domain") != 0)
      continue;
    for (guint w = 1; words[w] != NULL; w++) {
      g_autofree char *domain = normal (words[w], strlen (words[w]));
      if (*domain != '\0')
        g_hash_table_add (self->names, g_strconcat (machine, ".", domain, NULL));
    }
  }
}

/**
 * us_hosts_new:
 * @machine: (nullable): what this machine is called, with its domain or without
 * @resolver: (nullable): the text of resolv.conf(5)
 * @desk_url: (nullable): where people find the desk
 */
UsHosts *
us_hosts_new (const char *machine, const char *resolver, const char *desk_url) {
  UsHosts *self = g_new0 (UsHosts, 1);
  g_autoptr (GUri) uri = desk_url != NULL ? g_uri_parse (desk_url, G_URI_FLAGS_NONE, NULL) : NULL;
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (host != NULL)
    g_hash_table_add (self->names, normal (host, strlen (host)));
  if (machine != NULL && *machine != '\0') {
    g_autofree char *name = normal (machine, strlen (machine));
    if (resolver != NULL && strchr (name, '.') == NULL)
      add_domains (self, name, resolver);
    g_hash_table_add (self->names, g_steal_pointer (&name));
  }
  return self;
}

void
us_hosts_free (UsHosts *self) {
  g_hash_table_unref (self->names);
  g_free (self);
}

/* "[::1]:8080" -> "::1"; "Desk.Example.:8080" -> "desk.example". Returns: NULL for no host */
static char *
host_of (const char *authority) {
  if (authority[0] != '[') {
    gsize n = strcspn (authority, ":");
    return n > 0 ? normal (authority, n) : NULL;
  }
  const char *end = strchr (authority, ']');
  return end != NULL ? g_strndup (authority + 1, (gsize)(end - authority - 1)) : NULL;
}

/**
 * us_hosts_has:
 * @authority: (nullable): the Host header; "": there were several
 *
 * Returns: whether whoever asks under that name knows where he is
 */
gboolean
us_hosts_has (const UsHosts *self, const char *authority) {
  if (authority == NULL)
    return TRUE;
  g_autofree char *host = host_of (authority);
  if (host == NULL || *host == '\0' || *host == '.')
    return FALSE;
  if (authority[0] == '[')
    return g_hostname_is_ip_address (host);
  if (g_hostname_is_ip_address (host) || g_hash_table_contains (self->names, host))
    return TRUE;
  if (strchr (host, '.') == NULL)
    return TRUE;
  for (guint i = 0; local_domains[i] != NULL; i++)
    if (g_str_has_suffix (host, local_domains[i]))
      return TRUE;
  return FALSE;
}
