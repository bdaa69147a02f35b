/* await.h - runs the main context until something holds, or fails the test and says what does not
 */
#pragma once

#include <glib.h>

#define AWAIT_S 60 /* far beyond what any machine needs */

static inline gboolean
await_in_vain (gpointer what) {
  g_error ("%s: not in %d s", (const char *)what, AWAIT_S);
  return G_SOURCE_REMOVE;
}

/* For what a source of the main context brings about: nothing is asked while nothing happens. */
#define await(condition)                                                                           \
  G_STMT_START {                                                                                   \
    guint await_watchdog                                                                           \
        = g_timeout_add_seconds (AWAIT_S, await_in_vain, (gpointer)G_STRLOC " " #condition);       \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (await_watchdog);                                                              \
  }                                                                                                \
  G_STMT_END
