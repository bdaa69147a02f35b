/* watch.c - a socket and a deadline in one GSource
 *
 * A connection needs its socket watched, sometimes for writing too, and a timer. As three sources
 * they would be created and destroyed all the time and could outlive each other; as one, changing
 * what is waited for costs nothing, and destroying it ends every callback at once.
 * Attached to the thread-default main context; the owner destroys and unrefs it.
 */
#include "rtmp/watch.h"

#include <glib-unix.h>

typedef struct {
  GSource source;
  gpointer tag;
  gboolean is_running;
} Watch;

static gboolean
watch_dispatch (GSource *source, GSourceFunc callback, gpointer user_data) {
  Watch *watch = (Watch *)source;
  if (watch->is_running) /* a callback runs the loop: its own socket has to wait */
    return G_SOURCE_CONTINUE;
  GIOCondition ready = g_source_query_unix_fd (source, watch->tag);
  gint64 deadline_us = g_source_get_ready_time (source);
  /* A deadline is over once it passed: whoever wants another one sets it. */
  if (deadline_us >= 0 && deadline_us <= g_source_get_time (source))
    g_source_set_ready_time (source, -1);
  UsRtmpWatchFunc func = (UsRtmpWatchFunc)(void (*) (void))callback;
  watch->is_running = TRUE;
  gboolean result = func (ready, user_data);
  watch->is_running = FALSE; /* the context holds a reference while it dispatches */
  return result;
}

/**
 * us_rtmp_watch_new:
 * @fd: a socket; must stay open until the watch is destroyed
 * @conditions: what to wait for
 * @name: for debuggers
 * @func: called from the thread-default main context
 * @user_data: its argument
 *
 * Returns: (transfer full): the source, attached; without deadline
 */
GSource *
us_rtmp_watch_new (int fd, GIOCondition conditions, const char *name, UsRtmpWatchFunc func,
                   gpointer user_data) {
  static GSourceFuncs funcs = { .dispatch = watch_dispatch };
  GSource *source = g_source_new (&funcs, sizeof (Watch));
  ((Watch *)source)->tag = g_source_add_unix_fd (source, fd, conditions);
  g_source_set_name (source, name);
  /* GLib takes the descriptors of a source that may not recurse out of the poll set around each
   * dispatch, and wakes its own loop for it twice: three system calls and a round of poll() more
   * than the one recv() that is wanted. So recursion is allowed, and refused by is_running. */
  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, (GSourceFunc)(void (*) (void))func, user_data, NULL);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_source_attach (source, context);
  return source;
}

/**
 * us_rtmp_watch_set_conditions:
 * @watch: a watch
 * @conditions: what to wait for from now on; errors and hang-ups are always reported
 */
void
us_rtmp_watch_set_conditions (GSource *watch, GIOCondition conditions) {
  g_source_modify_unix_fd (watch, ((Watch *)watch)->tag, conditions);
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
