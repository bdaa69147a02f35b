/* timer.c - GSource handling that would otherwise be repeated at every timer
 *
 * The owner keeps the GSource pointer and stops it in its free function, so that no callback comes
 * after that. A one-shot callback clears its pointer with us_timer_stop() first.
 */
#include "base/timer.h"

/**
 * us_timer_start:
 * @timer: (inout): owner's pointer; a timer that runs already is left alone
 * @interval_ms: time to the first call and between calls
 * @name: static name of the source
 * @callback: as for g_timeout_add()
 * @user_data: for @callback
 *
 * The timer runs in the thread-default main context.
 */
void
us_timer_start (GSource **timer, guint interval_ms, const char *name, GSourceFunc callback,
                gpointer user_data) {
  if (*timer != NULL)
    return;
  *timer = g_timeout_source_new (interval_ms);
  g_source_set_static_name (*timer, name);
  g_source_set_callback (*timer, callback, user_data, NULL);
  g_source_attach (*timer, g_main_context_get_thread_default ());
}

/**
 * us_timer_stop:
 * @timer: (inout): owner's pointer, may hold %NULL
 */
void
us_timer_stop (GSource **timer) {
  if (*timer != NULL)
    g_source_destroy (*timer);
  g_clear_pointer (timer, g_source_unref);
}
