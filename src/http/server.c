/* server.c - HTTP/1.1 for many viewers
 *
 * Puts the parts together: one listener (listener.c) that deals connections out to a few shards
 * (shard.c), each a thread that lends them to libsoup while they have a request (connection.c,
 * stream.c, exchange.c). Made, used and freed in one thread, whose main context also runs the
 * handlers; responders run in the shards on an immutable snapshot.
 */
#include "http/server.h"

#include "http/core.h"
#include "http/listener.h"
#include "http/shard.h"

#include <string.h>
#include <sys/resource.h>

#define US_LOG_TOPIC "http.server"
#include "base/cores.h"
#include "base/log.h"

struct UsHttpServer {
  UsHttpCore *core;
  UsHttpListener *listener; /* nullable: stopped */
  GPtrArray *shards;        /* UsHttpShard; freed by stop */
  UsHttpSnapshot *snapshot; /* nullable: published before the shards were there */
};

/**
 * us_http_server_settings_default:
 * @settings: (out): every interface, any port, sensible limits
 */
void
us_http_server_settings_default (UsHttpServerSettings *settings) {
  memset (settings, 0, sizeof *settings);
  settings->address = "0.0.0.0";
  settings->inherited_fd = -1;
  settings->max_connections = 16000;
  settings->header_timeout_ms = 10 * 1000;
  settings->idle_timeout_ms = 60 * 1000;
  settings->send_timeout_ms = 15 * 1000;
  settings->max_requests = 10 * 1000;
  settings->max_waiting = 8000;
}

/* Viewers may not use up the descriptors that the role itself needs. */
static guint
cap_connections (guint wanted) {
  struct rlimit limit;
  rlim_t spare;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return wanted;
  spare = MAX (64, limit.rlim_cur / 8);
  if (limit.rlim_cur < spare + 16)
    return MIN (wanted, 16);
  return (guint)MIN ((rlim_t)wanted, limit.rlim_cur - spare);
}

/**
 * us_http_server_new:
 * @settings: zero in a limit means its default, except max_per_address (no cap)
 *
 * Binds the address; serves from us_http_server_start() on. Handlers will run in the thread-default
 * main context of the caller.
 *
 * Returns: (nullable): a server, or %NULL with a #GIOErrorEnum (%G_IO_ERROR_ADDRESS_IN_USE ...)
 */
UsHttpServer *
us_http_server_new (const UsHttpServerSettings *settings, GError **error) {
  UsHttpServerSettings full = *settings, defaults;
  UsHttpServer *server;
  UsHttpListener *listener;
  UsHttpCore *core;

  us_http_server_settings_default (&defaults);
#define DEFAULT(field)                                                                             \
  if (full.field == 0)                                                                             \
  full.field = defaults.field
  DEFAULT (address);
  DEFAULT (max_connections);
  DEFAULT (header_timeout_ms);
  DEFAULT (idle_timeout_ms);
  DEFAULT (send_timeout_ms);
  DEFAULT (max_requests);
  DEFAULT (max_waiting);
#undef DEFAULT
  if (full.n_shards == 0)
    full.n_shards = CLAMP (us_cores_of_machine () / 2, 1, 8);
  full.max_connections = cap_connections (full.max_connections);

  core = us_http_core_new (&full);
  listener = us_http_listener_new (core, error);
  if (listener == NULL) {
    us_http_core_unref (core);
    return NULL;
  }
  server = g_new0 (UsHttpServer, 1);
  server->core = core;
  server->listener = listener;
  server->shards = g_ptr_array_new_with_free_func ((GDestroyNotify)us_http_shard_free);
  return server;
}

/**
 * us_http_server_add_responder:
 *
 * Answers GET and HEAD. What a responder serves is public media: any web page may read it (CORS).
 */
void
us_http_server_add_responder (UsHttpServer *server, const char *prefix, UsHttpRespond respond) {
  g_return_if_fail (server->shards->len == 0 && prefix[0] == '/' && respond != NULL);

  us_http_routes_add (server->core->routes, prefix, "GET", respond, NULL, NULL);
}

/**
 * us_http_server_add_handler:
 * @methods: "GET" or "GET, POST" ...; HEAD comes with GET, OPTIONS is answered by the server
 */
void
us_http_server_add_handler (UsHttpServer *server, const char *prefix, const char *methods,
                            UsHttpHandle handle, gpointer user_data) {
  g_return_if_fail (server->shards->len == 0 && prefix[0] == '/' && handle != NULL);

  us_http_routes_add (server->core->routes, prefix, methods, NULL, handle, user_data);
}

void
us_http_server_add_events (UsHttpServer *server, const char *path, UsHttpEvents *events) {
  g_return_if_fail (server->shards->len == 0 && path[0] == '/' && events != NULL);

  us_http_routes_add_events (server->core->routes, path, events);
}

/**
 * us_http_server_allow_origins:
 * @prefix: handlers at paths that begin with it, added before
 * @origins: "https://desk.example", or "*" for any
 *
 * CORS: without it, a browser lets no page of elsewhere read what handlers answer. Never with
 * credentials of the browser: whoever writes brings a token of its own.
 */
void
us_http_server_allow_origins (UsHttpServer *server, const char *prefix,
                              const char *const *origins) {
  g_return_if_fail (server->shards->len == 0);

  us_http_routes_allow_origins (server->core->routes, prefix, origins);
}

/**
 * us_http_server_add_header:
 * @name: not one that an answer has anyway
 *
 * For what browsers are to know of a whole site.
 */
void
us_http_server_add_header (UsHttpServer *server, const char *name, const char *value) {
  g_return_if_fail (server->shards->len == 0);

  g_ptr_array_add (server->core->headers, g_strdup (name));
  g_ptr_array_add (server->core->headers, g_strdup (value));
}

gboolean
us_http_server_start (UsHttpServer *server, GError **error) {
  g_return_val_if_fail (server->shards->len == 0 && server->listener != NULL, FALSE);

  for (guint i = 0; i < server->core->settings.n_shards; i++) {
    UsHttpShard *shard = us_http_shard_new (server->core, i, error);

    if (shard == NULL)
      return FALSE;
    g_ptr_array_add (server->shards, shard);
    if (server->snapshot != NULL)
      us_http_shard_publish (shard, server->snapshot);
  }
  g_clear_pointer (&server->snapshot, us_http_snapshot_unref);
  return us_http_listener_start (server->listener, server->shards, error);
}

guint16
us_http_server_get_port (UsHttpServer *server) {
  return server->listener != NULL ? us_http_listener_get_port (server->listener) : 0;
}

void
us_http_server_publish (UsHttpServer *server, gpointer snapshot, GDestroyNotify destroy) {
  UsHttpSnapshot *shared = us_http_snapshot_new (snapshot, destroy);

  if (server->shards->len == 0) {
    g_clear_pointer (&server->snapshot, us_http_snapshot_unref);
    server->snapshot = shared;
    return;
  }
  for (guint i = 0; i < server->shards->len; i++)
    us_http_shard_publish (g_ptr_array_index (server->shards, i), shared);
  us_http_snapshot_unref (shared);
}

void
us_http_server_get_stats (UsHttpServer *server, UsHttpServerStats *stats) {
  UsHttpCounters *counters = &server->core->counters;

  stats->connections_total = us_http_counted (counters->connections_total);
  stats->requests_total = us_http_counted (counters->requests_total);
  stats->refused_total = us_http_counted (counters->refused_total);
  stats->timeouts_total = us_http_counted (counters->timeouts_total);
  stats->bytes_out_total = us_http_counted (counters->bytes_out_total);
  stats->retired_total = us_http_counted (counters->retired_total);
  stats->connections = us_http_counted (counters->connections);
  stats->waiting = us_http_counted (counters->waiting);
}

/**
 * us_http_server_stop:
 * @grace_ms: how long responses under way may go on
 *
 * Closes the port, turns held requests away, waits for the rest and ends the threads. Blocks the
 * caller for at most @grace_ms; handlers are not called any more.
 */
void
us_http_server_stop (UsHttpServer *server, guint grace_ms) {
  gint64 until_us = g_get_monotonic_time () + (gint64)grace_ms * 1000;

  g_atomic_int_set (&server->core->is_stopped, TRUE);
  g_clear_pointer (&server->listener, us_http_listener_free);
  if (grace_ms > 0) {
    for (guint i = 0; i < server->shards->len; i++)
      us_http_shard_drain (g_ptr_array_index (server->shards, i));
    for (guint i = 0; i < server->shards->len; i++)
      if (!us_http_shard_wait_drained (g_ptr_array_index (server->shards, i), until_us))
        us_info ("closing connections that did not end within %u ms", grace_ms);
  }
  g_ptr_array_set_size (server->shards, 0);
}

void
us_http_server_free (UsHttpServer *server) {
  us_http_server_stop (server, 0);
  g_clear_pointer (&server->snapshot, us_http_snapshot_unref);
  g_ptr_array_unref (server->shards);
  us_http_core_unref (server->core);
  g_free (server);
}
