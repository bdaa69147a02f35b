/* network.c - whether it is our own network that fails, not the streams
 *
 * Pure. When half of the watched streams, at two or more hosts that have nothing to do with each
 * other, stop answering within ten seconds, the one thing that they share is us. The setting
 * local_probe_url gives a second opinion that settles it either way. An answer with a bad status
 * came over a network that works, and what runs on this machine needs none: neither counts.
 */
#include "monitor/network.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#define FAILING_SHARE 0.5
#define TOGETHER_US (10 * (gint64)G_USEC_PER_SEC)
#define UNRELATED_HOSTS 2
#define SLOW_SHARE 0.5

static char *
bare_of (const char *host) {
  gsize length = strlen (host);
  if (length > 1 && host[0] == '[' && host[length - 1] == ']')
    return g_strndup (host + 1, length - 2);
  return g_strdup (host);
}

/**
 * us_network_is_here:
 * @host: a name or an address
 *
 * Returns: whether it is this machine
 */
gboolean
us_network_is_here (const char *host) {
  g_autofree char *bare = bare_of (host);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (bare);
  if (address != NULL)
    return g_inet_address_get_is_loopback (address);
  return g_ascii_strcasecmp (bare, "localhost") == 0 || g_str_has_suffix (bare, ".localhost");
}

/* The last two labels: good enough to see that a.cdn.example and b.cdn.example are one house. */
static const char *
domain_of (const char *host) {
  const char *last = strrchr (host, '.');
  for (const char *p = last; p != NULL && p > host; p--)
    if (p != last && *p == '.')
      return p + 1;
  return host;
}

/**
 * us_network_are_related:
 *
 * Returns: whether both are probably run by the same people at the same place
 */
gboolean
us_network_are_related (const char *host, const char *other) {
  g_autofree char *one = bare_of (host), *two = bare_of (other);
  g_autoptr (GInetAddress) a = g_inet_address_new_from_string (one);
  g_autoptr (GInetAddress) b = g_inet_address_new_from_string (two);
  if (a == NULL && b == NULL)
    return g_ascii_strcasecmp (domain_of (one), domain_of (two)) == 0;
  if (a == NULL || b == NULL || g_inet_address_get_family (a) != g_inet_address_get_family (b))
    return FALSE;
  /* A network of the size that one house has: /24, /48. */
  gsize same = g_inet_address_get_family (a) == G_SOCKET_FAMILY_IPV4 ? 3 : 6;
  return memcmp (g_inet_address_to_bytes (a), g_inet_address_to_bytes (b), same) == 0;
}

/* ---- counting ---- */

static guint
count_hosts (const UsNeighbour *neighbours, guint n, gboolean is_failing_only) {
  g_autoptr (GHashTable) hosts = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < n; i++)
    if (!neighbours[i].is_here && (!is_failing_only || neighbours[i].is_failing))
      g_hash_table_add (hosts, (gpointer)neighbours[i].host);
  return g_hash_table_size (hosts);
}

static gboolean
are_failing_unrelated (const UsNeighbour *neighbours, guint n) {
  const char *first = NULL;
  for (guint i = 0; i < n; i++) {
    if (neighbours[i].is_here || !neighbours[i].is_failing)
      continue;
    if (first == NULL)
      first = neighbours[i].host;
    else if (!us_network_are_related (first, neighbours[i].host))
      return TRUE;
  }
  return FALSE;
}

static int
compare (const void *a, const void *b) {
  gint64 one = *(const gint64 *)a, other = *(const gint64 *)b;
  return one < other ? -1 : one > other;
}

/* Whether @wanted of the failures began within ten seconds. */
static gboolean
began_together (const UsNeighbour *neighbours, guint n, guint wanted) {
  g_autofree gint64 *times = g_new (gint64, MAX (n, 1));
  guint n_times = 0;
  for (guint i = 0; i < n; i++)
    if (!neighbours[i].is_here && neighbours[i].is_failing)
      times[n_times++] = neighbours[i].failing_since_us;
  qsort (times, n_times, sizeof *times, compare);
  for (guint i = 0; wanted > 0 && i + wanted <= n_times; i++)
    if (times[i + wanted - 1] - times[i] <= TOGETHER_US)
      return TRUE;
  return FALSE;
}

/**
 * us_network_judge:
 * @local: what local_probe_url says
 * @view: (out)
 */
void
us_network_judge (const UsNeighbour *neighbours, guint n, UsLocalNetwork local,
                  UsNetworkView *view) {
  *view = (UsNetworkView){ 0 };
  for (guint i = 0; i < n; i++) {
    view->n_streams += !neighbours[i].is_here;
    view->n_failing += !neighbours[i].is_here && neighbours[i].is_failing;
  }
  if (view->n_failing == 0)
    return;
  view->n_hosts = count_hosts (neighbours, n, FALSE);
  view->n_hosts_failing = count_hosts (neighbours, n, TRUE);
  guint most = MAX (view->n_failing / 2 + 1, 2);
  view->is_failing_together = began_together (neighbours, n, most);
  guint half = (guint)(FAILING_SHARE * view->n_streams + 0.5);
  view->is_down = local == US_LOCAL_DOWN
                  || (local == US_LOCAL_UNKNOWN && view->n_hosts_failing >= UNRELATED_HOSTS
                      && view->n_failing >= half && are_failing_unrelated (neighbours, n)
                      && began_together (neighbours, n, MAX (half, 2)));
}

/**
 * us_network_fill_symptoms:
 * @self: index of the stream that they are for
 */
void
us_network_fill_symptoms (const UsNeighbour *neighbours, guint n, guint self, UsLocalNetwork local,
                          UsSymptoms *symptoms) {
  guint n_others = 0, n_slow = 0;
  g_autoptr (GHashTable) hosts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) failing = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) answering = g_hash_table_new (g_str_hash, g_str_equal);
  gint64 since_us = neighbours[self].is_failing ? neighbours[self].failing_since_us : 0;
  for (guint i = 0; i < n; i++) {
    const UsNeighbour *its = &neighbours[i];
    gboolean is_same_host = strcmp (its->host, neighbours[self].host) == 0;
    symptoms->n_host_streams += is_same_host;
    symptoms->n_host_streams_failing += is_same_host && its->is_in_trouble;
    if (its->is_here)
      continue;
    symptoms->n_streams++;
    symptoms->n_streams_failing += its->is_failing;
    g_hash_table_add (hosts, (gpointer)its->host);
    if (its->is_failing)
      g_hash_table_add (failing, (gpointer)its->host);
    if (!is_same_host && !us_network_are_related (its->host, neighbours[self].host)) {
      n_others++;
      n_slow += its->is_slow;
      /* What has not been asked since may be as ill, and not know it yet. */
      if (!its->is_failing && its->answered_us > since_us)
        g_hash_table_add (answering, (gpointer)its->host);
    }
  }
  symptoms->n_hosts = g_hash_table_size (hosts);
  symptoms->n_hosts_failing = g_hash_table_size (failing);
  symptoms->n_hosts_answering = g_hash_table_size (answering);
  symptoms->is_failing_together
      = began_together (neighbours, n, MAX (symptoms->n_streams_failing / 2 + 1, 2));
  symptoms->is_local_net_down = local == US_LOCAL_DOWN;
  symptoms->is_slow_elsewhere = n_others > 0 && n_slow >= SLOW_SHARE * n_others;
}
