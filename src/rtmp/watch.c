/* watch.c - a socket and a deadline, called back from the main loop
 *
 * A connection needs its socket watched, sometimes for writing too, and a timer. As three sources
 * they would be created and destroyed all the time and could outlive each other; as one, changing
 * what is waited for costs little, and freeing it ends every callback at once.
 *
 * GLib polls every descriptor of a context in every turn, and a turn is a message of one publisher:
 * of 200 publishers that was a third of all the ingest's time. So the sockets of a context wait in
 * one epoll set, the hub, which is the only descriptor that GLib sees of them. The watch itself is
 * a source without descriptor, for its deadline. Where there is no epoll descriptor to be had, the
 * socket is polled by GLib.
 *
 * All of one context is used from the thread that runs it. Only the table of hubs is shared; its
 * lock is never held while anything else is called.
 */
#include "rtmp/watch.h"

#include <glib-unix.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_PER_TURN 64 /* the others are ready again in the next one */

G_STATIC_ASSERT ((int)G_IO_IN == (int)EPOLLIN && (int)G_IO_OUT == (int)EPOLLOUT
                 && (int)G_IO_ERR == (int)EPOLLERR && (int)G_IO_HUP == (int)EPOLLHUP
                 && (int)US_RTMP_WATCH_PEER_SHUT == (int)EPOLLRDHUP && EPOLLRDHUP == 0x2000);

typedef struct {
  GSource source;
  GMainContext *context; /* not referenced: a key */
  int epoll_fd;
  guint n_watches;
} Hub;

typedef struct {
  GSource source;
  Hub *hub;     /* (nullable) */
  gpointer tag; /* without a hub: of the socket in the source */
  int fd;
  GIOCondition conditions;
  UsRtmpWatchFunc func;
  gpointer user_data;
  gboolean is_running;
} Watch;

static GMutex hubs_lock; /* protects hubs */
static GHashTable *hubs; /* GMainContext -> Hub */

/* ---------------------------------------------------------------------------------------- hub */

static void
leave_hub (Watch *watch) {
  Hub *hub = g_steal_pointer (&watch->hub);
  if (hub == NULL)
    return;
  (void)epoll_ctl (hub->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  if (--hub->n_watches > 0)
    return;
  g_mutex_lock (&hubs_lock);
  if (g_hash_table_lookup (hubs, hub->context) == hub)
    g_hash_table_remove (hubs, hub->context);
  g_mutex_unlock (&hubs_lock);
  g_source_destroy (&hub->source);
  g_source_unref (&hub->source);
}

static gboolean
is_due (Watch *watch) {
  gint64 deadline_us = g_source_get_ready_time (&watch->source);
  return deadline_us >= 0 && deadline_us <= g_get_monotonic_time ();
}

static void
run (Watch *watch, GIOCondition ready) {
  GSource *source = &watch->source;
  if (watch->is_running || g_source_is_destroyed (source))
    return; /* a callback runs the loop: its own socket has to wait */
  /* A deadline is over once it passed: whoever wants another one sets it. */
  if (is_due (watch))
    g_source_set_ready_time (source, -1);
  watch->is_running = TRUE;
  gboolean result = watch->func (ready & (watch->conditions | G_IO_ERR | G_IO_HUP | G_IO_NVAL),
                                 watch->user_data);
  watch->is_running = FALSE; /* the caller holds a reference */
  if (result == G_SOURCE_CONTINUE)
    return;
  leave_hub (watch);
  g_source_destroy (source);
}

static gboolean
hub_dispatch (GSource *source, GSourceFunc callback, gpointer user_data) {
  struct epoll_event events[EVENTS_PER_TURN];
  int n = epoll_wait (((Hub *)source)->epoll_fd, events, EVENTS_PER_TURN, 0);
  /* Any callback may free any watch, and with the last one the hub. */
  for (int i = 0; i < n; i++)
    g_source_ref (events[i].data.ptr);
  for (int i = 0; i < n; i++) {
    run (events[i].data.ptr, (GIOCondition)events[i].events);
    g_source_unref (events[i].data.ptr);
  }
  return G_SOURCE_CONTINUE;
}

static void
hub_finalize (GSource *source) {
  close (((Hub *)source)->epoll_fd);
}

static Hub *
hub_new (GMainContext *context) {
  static GSourceFuncs funcs = { .dispatch = hub_dispatch, .finalize = hub_finalize };
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (epoll_fd < 0)
    return NULL;
  Hub *hub = (Hub *)g_source_new (&funcs, sizeof (Hub));
  hub->context = context;
  hub->epoll_fd = epoll_fd;
  g_source_add_unix_fd (&hub->source, epoll_fd, G_IO_IN);
  g_source_set_name (&hub->source, "rtmp sockets");
  g_source_set_can_recurse (&hub->source, TRUE); /* see us_rtmp_watch_new() */
  g_source_attach (&hub->source, context);
  return hub;
}

/* The hub of @context, created when there is none; of one thread, so that nobody else adds one. */
static Hub *
get_hub (GMainContext *context) {
  g_mutex_lock (&hubs_lock);
  if (hubs == NULL)
    hubs = g_hash_table_new (NULL, NULL);
  Hub *hub = g_hash_table_lookup (hubs, context);
  g_mutex_unlock (&hubs_lock);
  /* A context that was freed before its watches took its hub along; another may stand there now. */
  if (hub != NULL && !g_source_is_destroyed (&hub->source))
    return hub;
  hub = hub_new (context);
  if (hub == NULL)
    return NULL;
  g_mutex_lock (&hubs_lock);
  g_hash_table_insert (hubs, context, hub);
  g_mutex_unlock (&hubs_lock);
  return hub;
}

static gboolean
join_hub (Watch *watch, GMainContext *context) {
  Hub *hub = get_hub (context);
  if (hub == NULL)
    return FALSE;
  hub->n_watches++;
  watch->hub = hub;
  struct epoll_event event = { .events = (guint32)watch->conditions, .data.ptr = watch };
  if (epoll_ctl (hub->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0)
    return TRUE;
  leave_hub (watch);
  return FALSE;
}

/* -------------------------------------------------------------------------------------- watch */

/* The deadline, and without a hub the socket. */
static gboolean
watch_dispatch (GSource *source, GSourceFunc callback, gpointer user_data) {
  Watch *watch = (Watch *)source;
  struct pollfd both = { .fd = watch->fd, .events = (short)watch->conditions };
  if (watch->hub != NULL && !is_due (watch))
    return G_SOURCE_CONTINUE; /* the socket was faster in this turn */
  /* What has arrived by the deadline counts. */
  if (watch->hub != NULL)
    (void)poll (&both, 1, 0);
  else
    both.revents = (short)g_source_query_unix_fd (source, watch->tag);
  run (watch, (GIOCondition)both.revents);
  return G_SOURCE_CONTINUE; /* or it is destroyed already */
}

/**
 * us_rtmp_watch_new:
 * @fd: a socket; must stay open until the watch is freed
 * @conditions: what to wait for
 * @name: for debuggers
 * @func: called from the thread-default main context
 * @user_data: its argument
 *
 * Returns: (transfer full): the source, attached; without deadline. Free with us_rtmp_watch_free()
 */
GSource *
us_rtmp_watch_new (int fd, GIOCondition conditions, const char *name, UsRtmpWatchFunc func,
                   gpointer user_data) {
  static GSourceFuncs funcs = { .dispatch = watch_dispatch };
  GSource *source = g_source_new (&funcs, sizeof (Watch));
  Watch *watch = (Watch *)source;
  watch->fd = fd;
  watch->conditions = conditions;
  watch->func = func;
  watch->user_data = user_data;
  g_source_set_name (source, name);
  /* GLib takes the descriptors of a source that may not recurse out of the poll set around each
   * dispatch, and wakes its own loop for it twice: three system calls and a round of poll() more
   * than the one recv() that is wanted. So recursion is allowed, and refused by is_running. */
  g_source_set_can_recurse (source, TRUE);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  if (!join_hub (watch, context))
    watch->tag = g_source_add_unix_fd (source, fd, conditions);
  g_source_attach (source, context);
  return source;
}

/**
 * us_rtmp_watch_free:
 * @watch: (nullable) (transfer full): a watch; may be called from its own callback
 *
 * To be called before its socket is closed: the next one gets the same number.
 */
void
us_rtmp_watch_free (GSource *watch) {
  if (watch == NULL)
    return;
  leave_hub ((Watch *)watch);
  g_source_destroy (watch);
  g_source_unref (watch);
}

/**
 * us_rtmp_watch_set_conditions:
 * @source: a watch
 * @conditions: what to wait for from now on; errors and hang-ups are always reported
 */
void
us_rtmp_watch_set_conditions (GSource *source, GIOCondition conditions) {
  Watch *watch = (Watch *)source;
  if (watch->conditions == conditions)
    return;
  watch->conditions = conditions;
  if (watch->hub == NULL) {
    g_source_modify_unix_fd (source, watch->tag, conditions);
    return;
  }
  struct epoll_event event = { .events = (guint32)conditions, .data.ptr = watch };
  (void)epoll_ctl (watch->hub->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

/**
 * us_rtmp_watch_set_deadline:
 * @watch: a watch
 * @monotonic_us: when to call back even if the socket is silent; 0: at once, -1: never
 */
void
us_rtmp_watch_set_deadline (GSource *watch, gint64 monotonic_us) {
  g_source_set_ready_time (watch, monotonic_us);
}
