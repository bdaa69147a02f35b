/* browser.c - shows a page in the user's browser
 *
 * Asked for and forgotten: what comes of it is the desktop's business, and a failure is one line in
 * the log with the address, which can be opened by hand. The portal is asked first, in a sandbox
 * and outside of it: a browser that it starts is none of ours, and outlives us with all its
 * windows. Where there is none, ours is started in a session of its own, which Ctrl-C in our
 * terminal does not reach. GLib's own call of the portal (seen in 2.84) ends the process with an
 * assertion when the portal answers with an error, or is not there at all.
 */
#define US_LOG_TOPIC "desktop.browser"
#include "desktop/browser.h"

#include <gio/gdesktopappinfo.h>
#include <unistd.h>

#include "base/log.h"
#include "desktop/portal.h"

/* In the browser's process, before it is one. */
static void
leave_session (gpointer data) {
  (void)!setsid ();
}

/* Returns: FALSE with @error; in a sandbox no application is known */
static gboolean
launch (const char *url, GError **error) {
  const char *scheme = g_uri_peek_scheme (url);
  g_autoptr (GAppInfo) browser = g_app_info_get_default_for_uri_scheme (scheme);
  GList uris = { (gpointer)url, NULL, NULL };
  if (browser == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no application opens %s addresses",
                 scheme);
    return FALSE;
  }
  return g_desktop_app_info_launch_uris_as_manager (G_DESKTOP_APP_INFO (browser), &uris, NULL,
                                                    G_SPAWN_SEARCH_PATH, leave_session, NULL, NULL,
                                                    NULL, error);
}

static void
on_asked (GObject *bus, GAsyncResult *result, gpointer data) {
  g_autofree char *url = data;
  g_autoptr (GError) refusal = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (bus), result, &refusal);
  if (reply == NULL && !launch (url, &error))
    us_warning ("no browser could be started (%s; the portal: %s); the web interface is %s",
                error->message, refusal->message, url);
}

/**
 * us_browser_open:
 * @bus: the session's
 * @url: http or https
 */
void
us_browser_open (GDBusConnection *bus, const char *url) {
  us_info ("opening %s", url);
  g_dbus_connection_call (bus, US_PORTAL, US_PORTAL_PATH, "org.freedesktop.portal.OpenURI",
                          "OpenURI", g_variant_new ("(ssa{sv})", "", url, NULL),
                          G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_asked,
                          g_strdup (url));
}
