/* browser.c - shows a page in the user's browser
 *
 * Asked for and forgotten: what comes of it is the desktop's business, and a failure is one line in
 * the log with the address, which can be opened by hand. In a sandbox the portal is asked directly:
 * GLib's own call of it (seen in 2.84) ends the process with an assertion when the portal answers
 * with an error, or is not there at all.
 */
#define US_LOG_TOPIC "desktop.browser"
#include "desktop/browser.h"

#include "base/log.h"

#define PORTAL "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"

static void
tell_failure (const char *url, const GError *error) {
  us_warning ("no browser could be started (%s); the web interface is %s", error->message, url);
}

static void
on_launched (GObject *source, GAsyncResult *result, gpointer data) {
  g_autofree char *url = data;
  g_autoptr (GError) error = NULL;
  if (!g_app_info_launch_default_for_uri_finish (result, &error))
    tell_failure (url, error);
}

static void
on_asked (GObject *bus, GAsyncResult *result, gpointer data) {
  g_autofree char *url = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (bus), result, &error);
  if (reply == NULL)
    tell_failure (url, error);
}

/* As GLib decides it. */
static gboolean
has_portals (void) {
  return g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS)
         || g_strcmp0 (g_getenv ("GTK_USE_PORTAL"), "1") == 0;
}

/**
 * us_browser_open:
 * @bus: the session's
 * @url: http or https
 */
void
us_browser_open (GDBusConnection *bus, const char *url) {
  us_info ("opening %s", url);
  if (!has_portals ()) {
    g_app_info_launch_default_for_uri_async (url, NULL, NULL, on_launched, g_strdup (url));
    return;
  }
  g_dbus_connection_call (bus, PORTAL, PORTAL_PATH, "org.freedesktop.portal.OpenURI", "OpenURI",
                          g_variant_new ("(ssa{sv})", "", url, NULL), G_VARIANT_TYPE ("(o)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_asked, g_strdup (url));
}
