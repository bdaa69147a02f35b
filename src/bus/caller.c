/* caller.c - who called a method, by the word of the bus
 *
 * The bus knows the user id of each connection; the name of that user may come from a directory
 * somewhere in the network, so it is looked up in a thread and never on the main loop. A GTask
 * owns each question and ends it exactly once.
 */
#include "bus/caller.h"

#include <pwd.h>
#include <unistd.h>

#define TIMEOUT_MS 5000
#define MAX_ENTRY (64 * 1024)

static void
find_name (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable) {
  uid_t uid = (uid_t)GPOINTER_TO_UINT (task_data);
  g_autofree char *room = g_malloc (MAX_ENTRY);
  struct passwd entry, *found = NULL;
  if (getpwuid_r (uid, &entry, room, MAX_ENTRY, &found) == 0 && found != NULL
      && found->pw_name != NULL && found->pw_name[0] != '\0')
    g_task_return_pointer (task, g_utf8_make_valid (found->pw_name, -1), g_free);
  else
    g_task_return_pointer (task, g_strdup_printf ("uid %u", (guint)uid), g_free);
}

static void
on_uid (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint32 uid = 0;
  if (reply == NULL) {
    g_task_return_error (task, error);
    return;
  }
  g_variant_get (reply, "(u)", &uid);
  g_task_set_task_data (task, GUINT_TO_POINTER (uid), NULL);
  g_task_run_in_thread (task, find_name);
}

/**
 * us_bus_caller_find_async:
 * @sender: unique name of the caller
 * @cancellable: (nullable): ends it with %G_IO_ERROR_CANCELLED
 */
void
us_bus_caller_find_async (GDBusConnection *connection, const char *sender,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data) {
  GTask *task = g_task_new (connection, cancellable, callback, user_data);
  g_task_set_name (task, "us-bus-caller");
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetConnectionUnixUser",
                          g_variant_new ("(s)", sender), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, cancellable, on_uid, task);
}

/**
 * us_bus_caller_find_finish:
 *
 * Returns: (transfer full) (nullable): the user's name, "uid 1234" when he has none
 */
char *
us_bus_caller_find_finish (GAsyncResult *result, GError **error) {
  return g_task_propagate_pointer (G_TASK (result), error);
}
