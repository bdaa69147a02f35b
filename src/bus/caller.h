/* caller.h - who called a method, by the word of the bus */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void us_bus_caller_find_async (GDBusConnection *connection, const char *sender,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
char *us_bus_caller_find_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
