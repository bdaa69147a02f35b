/* core.c - what the listener, the shards and the server share
 *
 * Owned by whoever still needs it: the server, each shard, each answer on its way. The routes and
 * settings are fixed before the first thread starts. The counters are relaxed atomics; the address
 * table is the only locked thing, and only touched when a connection comes or goes.
 */
#include "http/core.h"

#include "base/network.h"

UsHttpSnapshot *
us_http_snapshot_new (gpointer data, GDestroyNotify destroy) {
  UsHttpSnapshot *snapshot = g_new0 (UsHttpSnapshot, 1);

  snapshot->data = data;
  snapshot->destroy = destroy;
  snapshot->n_refs = 1;
  return snapshot;
}

UsHttpSnapshot *
us_http_snapshot_ref (UsHttpSnapshot *snapshot) {
  g_atomic_int_inc (&snapshot->n_refs);
  return snapshot;
}

void
us_http_snapshot_unref (UsHttpSnapshot *snapshot) {
  if (!g_atomic_int_dec_and_test (&snapshot->n_refs))
    return;
  if (snapshot->destroy != NULL)
    snapshot->destroy (snapshot->data);
  g_free (snapshot);
}

UsHttpCore *
us_http_core_new (const UsHttpServerSettings *settings) {
  UsHttpCore *core = g_new0 (UsHttpCore, 1);

  core->n_refs = 1;
  core->settings = *settings;
  core->settings.address = g_strdup (settings->address);
  core->limits.header_us = (gint64)settings->header_timeout_ms * 1000;
  core->limits.idle_us = (gint64)settings->idle_timeout_ms * 1000;
  core->limits.send_us = (gint64)settings->send_timeout_ms * 1000;
  core->limits.park_us = MIN (250000, core->limits.idle_us / 2);
  core->routes = us_http_routes_new ();
  core->headers = g_ptr_array_new_with_free_func (g_free);
  core->main_context = g_main_context_ref_thread_default ();
  g_mutex_init (&core->address_lock);
  core->addresses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return core;
}

UsHttpCore *
us_http_core_ref (UsHttpCore *core) {
  g_atomic_int_inc (&core->n_refs);
  return core;
}

void
us_http_core_unref (UsHttpCore *core) {
  if (!g_atomic_int_dec_and_test (&core->n_refs))
    return;
  g_free ((char *)core->settings.address);
  g_ptr_array_unref (core->routes);
  g_ptr_array_unref (core->headers);
  g_main_context_unref (core->main_context);
  g_hash_table_unref (core->addresses);
  g_mutex_clear (&core->address_lock);
  g_free (core);
}

static gboolean
has_cap (const UsHttpCore *core, const char *peer) {
  if (core->settings.max_per_address == 0)
    return FALSE;
  return !core->settings.is_loopback_free
         || !(g_str_has_prefix (peer, "127.") || g_str_equal (peer, "::1"));
}

/* Only the listener's thread calls it, so the total cannot be overrun between test and count. */
gboolean
us_http_core_admit (UsHttpCore *core, const char *peer) {
  gboolean is_admitted
      = us_http_counted (core->counters.connections) < core->settings.max_connections;

  if (is_admitted && has_cap (core, peer)) {
    g_autofree char *network = us_network_of (peer);
    guint n;

    g_mutex_lock (&core->address_lock);
    n = GPOINTER_TO_UINT (g_hash_table_lookup (core->addresses, network));
    is_admitted = n < core->settings.max_per_address;
    if (is_admitted)
      g_hash_table_insert (core->addresses, g_steal_pointer (&network), GUINT_TO_POINTER (n + 1));
    g_mutex_unlock (&core->address_lock);
  }
  if (!is_admitted)
    return FALSE;
  us_http_count (core->counters.connections, 1);
  us_http_count (core->counters.connections_total, 1);
  return TRUE;
}

void
us_http_core_dismiss (UsHttpCore *core, const char *peer) {
  g_autofree char *network = NULL;

  us_http_uncount (core->counters.connections, 1);
  if (!has_cap (core, peer))
    return;
  network = us_network_of (peer);
  g_mutex_lock (&core->address_lock);
  {
    guint n = GPOINTER_TO_UINT (g_hash_table_lookup (core->addresses, network));

    if (n > 1)
      g_hash_table_insert (core->addresses, g_steal_pointer (&network), GUINT_TO_POINTER (n - 1));
    else
      g_hash_table_remove (core->addresses, network);
  }
  g_mutex_unlock (&core->address_lock);
}

void
us_http_post (GMainContext *context, const char *name, GSourceFunc func, gpointer data,
              GDestroyNotify destroy) {
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_static_name (source, name);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, context);
}
