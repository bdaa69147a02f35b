/* awake.c - keeps the machine from going to sleep by itself
 *
 * Desktops suspend a machine that nobody touches, by default after some minutes, whatever it
 * serves. The portal of org.freedesktop.portal.Inhibit (version 1 and later) is asked not to, and
 * asked again when it comes back after its own end. What it grants lasts as long as our connection
 * to the bus. Without a portal this is one line in the log.
 */
#define US_LOG_TOPIC "desktop.awake"
#include "desktop/awake.h"

#include "base/log.h"
#include "desktop/portal.h"

#define SUSPEND 4 /* of Inhibit's flags: neither logout, switching users nor the idle screen */

static void
on_asked (GObject *bus, GAsyncResult *result, gpointer data) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (bus), result, &error);
  if (reply != NULL)
    us_info ("the desktop has been asked not to suspend the machine");
  else
    us_notice ("the desktop may suspend the machine in the middle of a stream (%s)",
               error->message);
}

static void
on_portal (GDBusConnection *bus, const char *name, const char *owner, gpointer data) {
  g_dbus_connection_call (
      bus, US_PORTAL, US_PORTAL_PATH, "org.freedesktop.portal.Inhibit", "Inhibit",
      g_variant_new_parsed ("('', %u, {'reason': <%s>})", (guint)SUSPEND, "Live streams run"),
      G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_asked, NULL);
}

static void
on_no_portal (GDBusConnection *bus, const char *name, gpointer data) {
  us_notice ("the desktop may suspend the machine in the middle of a stream (there is no " US_PORTAL
             " to ask)");
}

/**
 * us_awake_begin:
 * @bus: the session's
 *
 * Returns: for g_bus_unwatch_name(), after which nothing is asked any more
 */
guint
us_awake_begin (GDBusConnection *bus) {
  return g_bus_watch_name_on_connection (bus, US_PORTAL, G_BUS_NAME_WATCHER_FLAGS_AUTO_START,
                                         on_portal, on_no_portal, NULL, NULL);
}
