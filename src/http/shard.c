/* shard.c - one thread that serves a share of the viewers
 *
 * A thread with a GMainContext, an epoll set with every connection of the shard, and a SoupServer
 * for those that have a request under way. GLib polls two descriptors, whatever the number of
 * viewers: its own wake-up and the epoll set. The epoll source collects events in its check, before
 * the streams' sources are checked in the same iteration, so one poll serves a whole batch.
 *
 * A SoupServer retires after max_requests connections and is dropped with its last one: anything
 * that libsoup might lose over the weeks is bounded by one server's life. It needs a listener to
 * keep connections alive between requests; it gets one end of a socket pair that nobody can reach.
 *
 * Made and ended by the server; other threads talk to it by posting to its context, and publish
 * snapshots by an atomic exchange.
 */
#include "http/shard.h"

#include "http/event-sink.h"
#include "http/stream.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define US_LOG_TOPIC "http.shard"
#include "base/log.h"

#define EVENTS_PER_WAIT 256
#define ASK_AGAIN_US (250 * 1000)

struct UsHttpSoup {
  SoupServer *server;
  int unused_fd; /* the far end of its listener */
  guint n_accepted, n_live;
  gboolean is_retired;
};

struct UsHttpShard {
  UsHttpCore *core;
  char *name;
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  int epoll_fd;
  GSource *epoll_source, *tick_source;
  gpointer epoll_tag;
  gint64 tick_us, asked_us;
  GQueue connections; /* UsHttpConnection.link */
  GQueue waiting;     /* UsHttpExchange.wait_link */
  GPtrArray *queued;  /* connections without libsoup that have news */
  GPtrArray *soups;   /* element-type UsHttpSoup; the last one takes new connections */
  UsHttpSnapshot *snapshot;
  gboolean is_draining;

  UsHttpSnapshot *next; /* atomic: published, not yet taken */
  gint is_woken;        /* atomic: a wake-up is on its way */
  gint load;            /* atomic */

  GMutex drain_lock; /* protects @is_drained; a leaf lock */
  GCond drain_cond;
  gboolean is_drained;
};

typedef struct {
  GSource source;
  UsHttpShard *shard;
} ShardSource;

/* ---- SoupServers ---- */

static void
soup_free (gpointer data) {
  UsHttpSoup *soup = data;

  soup_server_disconnect (soup->server);
  g_clear_object (&soup->server);
  close (soup->unused_fd);
  g_free (soup);
}

static UsHttpSoup *
soup_new (UsHttpShard *shard) {
  UsHttpSoup *soup = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
    us_warning ("no descriptors for a new HTTP server object: %s", g_strerror (errno));
    return NULL;
  }
  socket = g_socket_new_from_fd (pair[0], &error);
  if (socket == NULL) {
    close (pair[0]);
    close (pair[1]);
    us_warning ("cannot make an HTTP server object: %s", error->message);
    return NULL;
  }
  soup = g_new0 (UsHttpSoup, 1);
  soup->unused_fd = pair[1];
  soup->server = soup_server_new ("server-header", "understudy", "raw-paths", TRUE, NULL);
  us_http_exchange_attach (soup->server);
  if (!soup_server_listen_socket (soup->server, socket, 0, &error)) {
    us_warning ("cannot make an HTTP server object: %s", error->message);
    soup_free (soup);
    return NULL;
  }
  return soup;
}

static gboolean
on_reap (gpointer user_data) {
  UsHttpShard *shard = user_data;

  for (guint i = shard->soups->len; i-- > 0;) {
    UsHttpSoup *soup = g_ptr_array_index (shard->soups, i);

    if (!soup->is_retired || soup->n_live > 0)
      continue;
    g_ptr_array_remove_index (shard->soups, i);
    us_http_count (shard->core->counters.retired_total, 1);
  }
  return G_SOURCE_REMOVE;
}

/* Called with libsoup on the stack: the server itself goes in an iteration of its own. */
void
us_http_shard_soup_released (UsHttpShard *shard, UsHttpSoup *soup) {
  if (soup == NULL)
    return;
  soup->n_live--;
  if (soup->is_retired && soup->n_live == 0)
    us_http_post (shard->context, "us-http-reap", on_reap, shard, NULL);
}

static UsHttpSoup *
current_soup (UsHttpShard *shard) {
  UsHttpSoup *soup
      = shard->soups->len > 0 ? g_ptr_array_index (shard->soups, shard->soups->len - 1) : NULL;
  UsHttpSoup *fresh;

  if (soup != NULL && soup->n_accepted < shard->core->settings.max_requests)
    return soup;
  fresh = soup_new (shard);
  if (fresh == NULL)
    return soup; /* better an old one than none */
  if (soup != NULL) {
    soup->is_retired = TRUE;
    if (soup->n_live == 0)
      us_http_post (shard->context, "us-http-reap", on_reap, shard, NULL);
  }
  g_ptr_array_add (shard->soups, fresh);
  return fresh;
}

/* ---- connections ---- */

static void
lend_to_libsoup (UsHttpShard *shard, UsHttpConnection *connection) {
  g_autoptr (UsHttpStream) stream = NULL;
  UsHttpSoup *soup = current_soup (shard);

  if (soup == NULL) {
    us_http_connection_refuse (connection, 503);
    return;
  }
  stream = us_http_stream_new (connection);
  connection->stream = stream; /* libsoup's reference keeps it; it tells us when it closes */
  connection->soup = soup;
  soup->n_accepted++;
  soup->n_live++;
  /* Reads at once. Always TRUE; the connection may be gone when it returns. */
  soup_server_accept_iostream (soup->server, G_IO_STREAM (stream), connection->local,
                               connection->remote, NULL);
}

/* Something happened to a connection that libsoup does not hold, or holds without looking. */
static void
handle_queued (UsHttpShard *shard, UsHttpConnection *connection) {
  if (connection->fd < 0)
    return;
  if (connection->stream != NULL) {
    if (connection->is_hung_up && us_http_exchange_is_held (&connection->exchange))
      us_http_connection_close (connection);
    return;
  }
  if (connection->facts.phase == US_GUARD_LINGER) {
    us_http_connection_drain (connection);
    return;
  }
  if (us_http_connection_fetch (connection))
    lend_to_libsoup (shard, connection);
}

void
us_http_shard_queue (UsHttpShard *shard, UsHttpConnection *connection) {
  if (connection->is_queued)
    return;
  connection->is_queued = TRUE;
  g_ptr_array_add (shard->queued, connection);
}

static void
note_event (UsHttpShard *shard, UsHttpConnection *connection, guint events) {
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    connection->is_readable = TRUE;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    connection->is_writable = TRUE;
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    connection->is_hung_up = TRUE;
  if (connection->stream == NULL
          ? connection->is_readable
          : connection->is_hung_up && us_http_exchange_is_held (&connection->exchange))
    us_http_shard_queue (shard, connection);
}

static gboolean
epoll_source_check (GSource *source) {
  UsHttpShard *shard = ((ShardSource *)source)->shard;

  if (g_source_query_unix_fd (source, shard->epoll_tag) != 0) {
    struct epoll_event events[EVENTS_PER_WAIT];
    int n;

    do {
      n = epoll_wait (shard->epoll_fd, events, EVENTS_PER_WAIT, 0);
      for (int i = 0; i < n; i++)
        note_event (shard, events[i].data.ptr, events[i].events);
    } while (n == EVENTS_PER_WAIT);
  }
  return shard->queued->len > 0;
}

static gboolean
epoll_source_prepare (GSource *source, int *timeout) {
  *timeout = -1;
  return ((ShardSource *)source)->shard->queued->len > 0;
}

static gboolean
epoll_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data) {
  UsHttpShard *shard = ((ShardSource *)source)->shard;
  guint n = shard->queued->len; /* what is queued meanwhile waits for the next round */

  while (n-- > 0 && shard->queued->len > 0) {
    UsHttpConnection *connection = g_ptr_array_steal_index_fast (shard->queued, 0);

    connection->is_queued = FALSE;
    handle_queued (shard, connection);
  }
  return G_SOURCE_CONTINUE;
}

static void
check_deadlines (UsHttpShard *shard, gint64 now_us) {
  GList *next;

  for (GList *l = shard->connections.head; l != NULL; l = next) {
    UsHttpConnection *connection = l->data;
    UsGuardVerdict verdict;

    next = l->next;
    if (connection->is_leaving || connection->fd < 0)
      continue;
    connection->facts.is_parkable = connection->stream != NULL && connection->inbox == NULL;
    verdict = us_guard_decide (&connection->facts, &shard->core->limits, now_us);
    if (verdict == US_GUARD_PARK && connection->is_readable)
      continue;
    if (shard->is_draining && connection->facts.phase == US_GUARD_IDLE)
      verdict = US_GUARD_CLOSE;
    if (verdict == US_GUARD_KEEP)
      continue;
    if (verdict == US_GUARD_PARK) {
      us_http_connection_park (connection);
      continue;
    }
    if (connection->exchange.sink != NULL)
      connection->exchange.sink->was_slow = TRUE;
    if (connection->facts.phase != US_GUARD_LINGER && !shard->is_draining)
      us_http_count (shard->core->counters.timeouts_total, 1);
    if (verdict == US_GUARD_CLOSE_HEADER)
      us_http_connection_refuse (connection, 408);
    else
      us_http_connection_close (connection);
  }
}

static void
ask_waiting_again (UsHttpShard *shard) {
  GList *next;

  for (GList *l = shard->waiting.head; l != NULL; l = next) {
    next = l->next;
    us_http_exchange_ask_again (l->data);
  }
}

static void
note_drained (UsHttpShard *shard) {
  if (!shard->is_draining || shard->connections.length > 0)
    return;
  g_mutex_lock (&shard->drain_lock);
  shard->is_drained = TRUE;
  g_cond_broadcast (&shard->drain_cond);
  g_mutex_unlock (&shard->drain_lock);
}

static gboolean
tick_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data) {
  UsHttpShard *shard = ((ShardSource *)source)->shard;
  gint64 now_us = g_get_monotonic_time ();

  check_deadlines (shard, now_us);
  if (now_us - shard->asked_us >= ASK_AGAIN_US - shard->tick_us / 2) {
    shard->asked_us = now_us;
    ask_waiting_again (shard);
  }
  g_source_set_ready_time (source, shard->connections.length > 0 ? now_us + shard->tick_us : -1);
  return G_SOURCE_CONTINUE;
}

void
us_http_shard_link (UsHttpShard *shard, UsHttpConnection *connection) {
  if (shard->connections.length == 0)
    g_source_set_ready_time (shard->tick_source, g_get_monotonic_time () + shard->tick_us);
  g_queue_push_tail_link (&shard->connections, &connection->link);
}

void
us_http_shard_unlink (UsHttpShard *shard, UsHttpConnection *connection) {
  if (connection->is_queued)
    g_ptr_array_remove_fast (shard->queued, connection);
  g_queue_unlink (&shard->connections, &connection->link);
  g_atomic_int_add (&shard->load, -1);
  note_drained (shard);
}

/* ---- waiting requests and snapshots ---- */

gboolean
us_http_shard_wait (UsHttpShard *shard, UsHttpConnection *connection) {
  UsHttpCore *core = shard->core;

  if (us_http_counted (core->counters.waiting) >= core->settings.max_waiting)
    return FALSE;
  us_http_count (core->counters.waiting, 1);
  connection->exchange.is_waiting = TRUE;
  g_queue_push_tail_link (&shard->waiting, &connection->exchange.wait_link);
  if (connection->is_hung_up)
    us_http_shard_queue (shard, connection);
  return TRUE;
}

void
us_http_shard_unwait (UsHttpShard *shard, UsHttpConnection *connection) {
  if (!connection->exchange.is_waiting)
    return;
  us_http_uncount (shard->core->counters.waiting, 1);
  connection->exchange.is_waiting = FALSE;
  g_queue_unlink (&shard->waiting, &connection->exchange.wait_link);
}

gboolean
us_http_shard_has_news (UsHttpShard *shard) {
  return g_atomic_pointer_get (&shard->next) != NULL;
}

/* What was published last, also when the wake-up for it is still on its way. */
gconstpointer
us_http_shard_snapshot (UsHttpShard *shard, gboolean *has_snapshot) {
  if (us_http_shard_has_news (shard)) {
    UsHttpSnapshot *next = g_atomic_pointer_exchange (&shard->next, NULL);

    if (next != NULL) {
      g_clear_pointer (&shard->snapshot, us_http_snapshot_unref);
      shard->snapshot = next;
    }
  }
  *has_snapshot = shard->snapshot != NULL;
  return shard->snapshot != NULL ? shard->snapshot->data : NULL;
}

static gboolean
on_published (gpointer user_data) {
  UsHttpShard *shard = user_data;
  gboolean has_snapshot;

  g_atomic_int_set (&shard->is_woken, FALSE);
  us_http_shard_snapshot (shard, &has_snapshot); /* also frees what the old one held */
  ask_waiting_again (shard);
  return G_SOURCE_REMOVE;
}

void
us_http_shard_publish (UsHttpShard *shard, UsHttpSnapshot *snapshot) {
  UsHttpSnapshot *missed
      = g_atomic_pointer_exchange (&shard->next, us_http_snapshot_ref (snapshot));

  g_clear_pointer (&missed, us_http_snapshot_unref);
  if (g_atomic_int_compare_and_exchange (&shard->is_woken, FALSE, TRUE))
    us_http_post (shard->context, "us-http-published", on_published, shard, NULL);
}

/* ---- coming and going ---- */

typedef struct {
  UsHttpShard *shard;
  UsHttpCore *core;
  int fd;
  char *peer;
  GSocketAddress *local, *remote;
} Arrival;

static void
arrival_free (gpointer data) {
  Arrival *arrival = data;

  if (arrival->fd >= 0) {
    close (arrival->fd);
    us_http_core_dismiss (arrival->core, arrival->peer);
  }
  g_object_unref (arrival->local);
  g_object_unref (arrival->remote);
  us_http_core_unref (arrival->core);
  g_free (arrival->peer);
  g_free (arrival);
}

static gboolean
on_arrival (gpointer user_data) {
  Arrival *arrival = user_data;
  int fd = arrival->fd;

  if (arrival->shard->is_draining) {
    g_atomic_int_add (&arrival->shard->load, -1);
    return G_SOURCE_REMOVE;
  }
  arrival->fd = -1;
  us_http_connection_new (arrival->shard, fd, arrival->peer, arrival->local, arrival->remote);
  return G_SOURCE_REMOVE;
}

/**
 * us_http_shard_add:
 * @fd: (transfer full): an admitted connection, non-blocking
 */
void
us_http_shard_add (UsHttpShard *shard, int fd, const char *peer, GSocketAddress *local,
                   GSocketAddress *remote) {
  Arrival *arrival = g_new0 (Arrival, 1);

  arrival->shard = shard;
  arrival->core = us_http_core_ref (shard->core);
  arrival->fd = fd;
  arrival->peer = g_strdup (peer);
  arrival->local = g_object_ref (local);
  arrival->remote = g_object_ref (remote);
  g_atomic_int_inc (&shard->load);
  us_http_post (shard->context, "us-http-arrival", on_arrival, arrival, arrival_free);
}

guint
us_http_shard_load (UsHttpShard *shard) {
  return (guint)g_atomic_int_get (&shard->load);
}

UsHttpCore *
us_http_shard_core (UsHttpShard *shard) {
  return shard->core;
}

GMainContext *
us_http_shard_context (UsHttpShard *shard) {
  return shard->context;
}

int
us_http_shard_epoll (UsHttpShard *shard) {
  return shard->epoll_fd;
}

gboolean
us_http_shard_is_draining (UsHttpShard *shard) {
  return shard->is_draining;
}

static gboolean
on_drain (gpointer user_data) {
  UsHttpShard *shard = user_data;
  GList *next;

  shard->is_draining = TRUE;
  for (GList *l = shard->connections.head; l != NULL; l = next) {
    UsHttpConnection *connection = l->data;

    next = l->next;
    if (connection->exchange.is_waiting || connection->exchange.job != NULL)
      us_http_exchange_turn_away (connection);
    else if (connection->exchange.sink != NULL)
      us_http_sink_end (connection);
  }
  check_deadlines (shard, g_get_monotonic_time ());
  note_drained (shard);
  return G_SOURCE_REMOVE;
}

void
us_http_shard_drain (UsHttpShard *shard) {
  us_http_post (shard->context, "us-http-drain", on_drain, shard, NULL);
}

gboolean
us_http_shard_wait_drained (UsHttpShard *shard, gint64 until_us) {
  gboolean is_drained;

  g_mutex_lock (&shard->drain_lock);
  while (!shard->is_drained && g_cond_wait_until (&shard->drain_cond, &shard->drain_lock, until_us))
    ;
  is_drained = shard->is_drained;
  g_mutex_unlock (&shard->drain_lock);
  return is_drained;
}

static gboolean
on_quit (gpointer user_data) {
  UsHttpShard *shard = user_data;

  g_main_loop_quit (shard->loop);
  return G_SOURCE_REMOVE;
}

static GSource *
shard_source_new (UsHttpShard *shard, GSourceFuncs *funcs, const char *name) {
  GSource *source = g_source_new (funcs, sizeof (ShardSource));

  ((ShardSource *)source)->shard = shard;
  g_source_set_static_name (source, name);
  g_source_attach (source, shard->context);
  return source;
}

static gpointer
shard_run (gpointer data) {
  UsHttpShard *shard = data;
  GList *next;

  g_main_context_push_thread_default (shard->context);
  g_main_loop_run (shard->loop);

  shard->is_draining = TRUE;
  for (GList *l = shard->connections.head; l != NULL; l = next) {
    next = l->next;
    us_http_connection_close (l->data);
  }
  g_ptr_array_set_size (shard->soups, 0); /* closes every stream, which frees the connections */
  g_source_destroy (shard->tick_source);
  g_source_destroy (shard->epoll_source);
  while (g_main_context_iteration (shard->context, FALSE))
    ;
  g_main_context_pop_thread_default (shard->context);
  return NULL;
}

/**
 * us_http_shard_new:
 * @index: for the thread's name
 *
 * Starts the thread.
 *
 * Returns: (nullable): a shard; %NULL with a #GIOErrorEnum when the system has no room for it
 */
UsHttpShard *
us_http_shard_new (UsHttpCore *core, guint index, GError **error) {
  static GSourceFuncs epoll_funcs = {
    .prepare = epoll_source_prepare,
    .check = epoll_source_check,
    .dispatch = epoll_source_dispatch,
  };
  static GSourceFuncs tick_funcs = { .dispatch = tick_source_dispatch };
  const UsGuardLimits *limits = &core->limits;
  UsHttpShard *shard = g_new0 (UsHttpShard, 1);

  shard->core = us_http_core_ref (core);
  shard->name = g_strdup_printf ("http-%u", index);
  shard->context = g_main_context_new ();
  shard->loop = g_main_loop_new (shard->context, FALSE);
  shard->queued = g_ptr_array_new ();
  shard->soups = g_ptr_array_new_with_free_func (soup_free);
  g_queue_init (&shard->connections);
  g_queue_init (&shard->waiting);
  g_mutex_init (&shard->drain_lock);
  g_cond_init (&shard->drain_cond);
  shard->tick_us = MIN (MIN (limits->header_us, limits->idle_us), limits->send_us) / 4;
  shard->tick_us = CLAMP (shard->tick_us, 20000, 125000);

  shard->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (shard->epoll_fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot watch connections: %s",
                 g_strerror (errno));
    us_http_shard_free (shard);
    return NULL;
  }
  /* First in the context, so that its check runs before those of the streams. */
  shard->epoll_source = shard_source_new (shard, &epoll_funcs, "us-http-epoll");
  shard->epoll_tag = g_source_add_unix_fd (shard->epoll_source, shard->epoll_fd, G_IO_IN);
  shard->tick_source = shard_source_new (shard, &tick_funcs, "us-http-tick");
  shard->thread = g_thread_try_new (shard->name, shard_run, shard, error);
  if (shard->thread == NULL) {
    us_http_shard_free (shard);
    return NULL;
  }
  return shard;
}

void
us_http_shard_free (UsHttpShard *shard) {
  if (shard->thread != NULL) {
    us_http_post (shard->context, "us-http-quit", on_quit, shard, NULL);
    g_thread_join (shard->thread);
  }
  if (shard->tick_source != NULL)
    g_source_destroy (shard->tick_source);
  if (shard->epoll_source != NULL)
    g_source_destroy (shard->epoll_source);
  g_clear_pointer (&shard->tick_source, g_source_unref);
  g_clear_pointer (&shard->epoll_source, g_source_unref);
  g_clear_pointer (&shard->loop, g_main_loop_unref);
  g_clear_pointer (&shard->context, g_main_context_unref); /* arrivals not yet taken are closed */
  if (shard->epoll_fd >= 0)
    close (shard->epoll_fd);
  g_clear_pointer (&shard->snapshot, us_http_snapshot_unref);
  g_clear_pointer (&shard->next, us_http_snapshot_unref);
  g_ptr_array_unref (shard->queued);
  g_ptr_array_unref (shard->soups);
  g_mutex_clear (&shard->drain_lock);
  g_cond_clear (&shard->drain_cond);
  us_http_core_unref (shard->core);
  g_free (shard->name);
  g_free (shard);
}
