/* timer.h - named one-shot and repeating timers of the caller's main context */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void us_timer_start (GSource **timer, guint interval_ms, const char *name, GSourceFunc callback,
                     gpointer user_data);
void us_timer_stop (GSource **timer);

G_END_DECLS
