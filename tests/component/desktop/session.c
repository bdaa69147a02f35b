/* session.c - a desktop for tests: a bus of its own, a notification server, a browser
 *
 * The server is that of the Desktop Notifications Specification 1.2, as far as applications see it;
 * the browser is a script that writes its session and what it is asked to open into a pipe.
 * Everything is turned by the test's main loop.
 */
#include "session.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define PATH "/org/freedesktop/Notifications"
#define INTERFACE "org.freedesktop.Notifications"

static const char introspection[]
    = "<node><interface name='" INTERFACE "'>"
      "<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/>"
      "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>"
      "<arg type='as' direction='in'/><arg type='a{sv}' direction='in'/><arg type='i' "
      "direction='in'/><arg type='u' direction='out'/></method>"
      "<method name='CloseNotification'><arg type='u' direction='in'/></method>"
      "<method name='GetCapabilities'><arg type='as' direction='out'/></method>"
      "<method name='GetServerInformation'><arg type='s' direction='out'/><arg type='s' "
      "direction='out'/><arg type='s' direction='out'/><arg type='s' direction='out'/></method>"
      "<signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>"
      "<signal name='NotificationClosed'><arg type='u'/><arg type='u'/></signal>"
      "</interface><interface name='org.freedesktop.portal.OpenURI'>"
      "<method name='OpenURI'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
      "<arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
      "</interface><interface name='org.freedesktop.portal.Inhibit'>"
      "<method name='Inhibit'><arg type='s' direction='in'/><arg type='u' direction='in'/>"
      "<arg type='a{sv}' direction='in'/><arg type='o' direction='out'/></method>"
      "</interface></node>";

static void
notification_free (gpointer data) {
  SessionNotification *notification = data;
  g_free (notification->title);
  g_free (notification->body);
  g_strfreev (notification->actions);
  g_free (notification);
}

static guint
take (Session *session, GVariant *arguments) {
  guint id;
  const char *title, *body;
  g_autoptr (GVariantDict) hints = NULL;
  g_autoptr (GVariant) hint = NULL;
  GStrv actions;
  g_variant_get (arguments, "(&su&s&s&s^as@a{sv}i)", NULL, &id, NULL, &title, &body, &actions,
                 &hint, NULL);
  hints = g_variant_dict_new (hint);
  SessionNotification *notification
      = g_hash_table_lookup (session->notifications, GUINT_TO_POINTER (id));
  if (notification == NULL) {
    notification = g_new0 (SessionNotification, 1);
    notification->id = ++session->last_id;
    g_hash_table_insert (session->notifications, GUINT_TO_POINTER (notification->id), notification);
  }
  g_free (notification->title);
  g_free (notification->body);
  g_strfreev (notification->actions);
  notification->title = g_strdup (title);
  notification->body = g_strdup (body);
  notification->actions = actions;
  notification->urgency = 255;
  g_variant_dict_lookup (hints, "urgency", "y", &notification->urgency);
  notification->n_shown++;
  notification->is_closed = FALSE;
  g_test_message ("shown %u: %s | %s", notification->id, title, body);
  return notification->id;
}

static void
take_inhibit (Session *session, GVariant *arguments) {
  guint32 flags;
  const char *window, *reason;
  g_autoptr (GVariant) options = NULL;
  g_variant_get (arguments, "(&su@a{sv})", &window, &flags, &options);
  g_assert_cmpstr (window, ==, "");
  g_assert_cmpuint (flags, ==, 4); /* suspend, and nothing else */
  g_assert_true (g_variant_lookup (options, "reason", "&s", &reason));
  g_assert_cmpstr (reason, !=, "");
  session->is_kept_awake = TRUE;
}

static void
on_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *arguments, GDBusMethodInvocation *invocation,
         gpointer data) {
  Session *session = data;
  if (strcmp (method, "Notify") == 0) {
    guint id = take (session, arguments);
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", id));
  } else if (strcmp (method, "CloseNotification") == 0) {
    guint id;
    g_variant_get (arguments, "(u)", &id);
    SessionNotification *notification
        = g_hash_table_lookup (session->notifications, GUINT_TO_POINTER (id));
    if (notification != NULL)
      notification->is_closed = TRUE;
    g_dbus_method_invocation_return_value (invocation, NULL);
  } else if (strcmp (method, "OpenURI") == 0) {
    const char *url;
    g_variant_get (arguments, "(&s&sa{sv})", NULL, &url, NULL);
    g_ptr_array_add (session->urls, g_strconcat ("portal ", url, NULL));
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", "/request"));
  } else if (strcmp (method, "Inhibit") == 0) {
    take_inhibit (session, arguments);
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", "/request"));
  } else if (strcmp (method, "GetCapabilities") == 0) {
    const char *const capabilities[] = { "actions", "body", NULL };
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(^as)", capabilities));
  } else {
    g_dbus_method_invocation_return_value (invocation,
                                           g_variant_new ("(ssss)", "test", "test", "1", "1.2"));
  }
}

static const GDBusInterfaceVTable vtable = { on_call, NULL, NULL, { NULL } };

static void
open_server (Session *session) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (introspection, &error);
  g_assert_no_error (error);
  session->server = g_dbus_connection_new_for_address_sync (
      session->address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);
  g_assert_no_error (error);
  session->object = g_dbus_connection_register_object (session->server, PATH, node->interfaces[0],
                                                       &vtable, session, NULL, &error);
  g_assert_no_error (error);
  session->name = g_bus_own_name_on_connection (
      session->server, INTERFACE, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
}

/* From now on there is one. */
void
session_open_portal (Session *session) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (introspection, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (session->portal); i++) {
    session->portal[i] = g_dbus_connection_register_object (
        session->server, "/org/freedesktop/portal/desktop", node->interfaces[i + 1], &vtable,
        session, NULL, &error);
    g_assert_no_error (error);
  }
  session->portal_name
      = g_bus_own_name_on_connection (session->server, "org.freedesktop.portal.Desktop",
                                      G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
}

/* ---- the browser ---- */

static gboolean
on_opened (GIOChannel *channel, GIOCondition condition, gpointer data) {
  Session *session = data;
  char *line = NULL;
  if (g_io_channel_read_line (channel, &line, NULL, NULL, NULL) == G_IO_STATUS_NORMAL) {
    g_test_message ("opened %s", line);
    char *url = strchr (g_strchomp (line), ' ');
    g_assert_nonnull (url);
    session->browser_sid = atoi (line);
    g_ptr_array_add (session->urls, g_strdup (url + 1));
    g_free (line);
  }
  return G_SOURCE_CONTINUE;
}

static void
write_file (Session *session, const char *name, int mode, const char *format, ...) {
  g_autofree char *path = g_build_filename (session->folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_mkdir_with_parents (parent, 0700);
  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, mode, &error);
  g_assert_no_error (error);
}

static void
open_browser (Session *session) {
  g_autofree char *pipe = g_build_filename (session->folder, "opened", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  int fd = open (pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC); /* read-write: never at its end */
  session->opened = g_io_channel_unix_new (fd);
  g_io_channel_set_close_on_unref (session->opened, TRUE);
  g_io_channel_set_flags (session->opened, G_IO_FLAG_NONBLOCK, NULL);
  session->watch = g_io_add_watch (session->opened, G_IO_IN, on_opened, session);
  session->urls = g_ptr_array_new_with_free_func (g_free);
  write_file (session, "browser", 0755,
              "#!/bin/sh\nread -r _ _ _ _ _ sid _ </proc/$$/stat\necho \"$sid $1\" >>'%s'\n", pipe);
  if (session->is_sandbox)
    return;
  write_file (session, "data/applications/test-browser.desktop", 0644,
              "[Desktop Entry]\nType=Application\nName=Browser\nExec=%s/browser "
              "%%u\nMimeType=x-scheme-handler/http;\n",
              session->folder);
  write_file (session, "config/mimeapps.list", 0644,
              "[Default Applications]\nx-scheme-handler/http=test-browser.desktop\n");
}

gboolean
session_has_opened (Session *session, const char *end) {
  for (guint i = 0; i < session->urls->len; i++) {
    if (g_str_has_suffix (session->urls->pdata[i], end))
      return TRUE;
  }
  return FALSE;
}

/* ---- all of it ---- */

/* A test that fails must not leave it behind. */
static void
die_with_parent (gpointer data) {
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* Not by GTestDBus: what watches its bus keeps our standard output open after a test that failed.
 */
static void
open_bus (Session *session) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *config = g_build_filename (session->folder, "bus.conf", NULL);
  g_autofree char *socket = g_build_filename (session->folder, "bus", NULL);
  g_autofree char *escaped = g_dbus_address_escape_value (socket);
  session->address = g_strconcat ("unix:path=", escaped, NULL);
  write_file (session, "bus.conf", 0600,
              "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth><policy "
              "context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow "
              "eavesdrop=\"true\"/><allow own=\"*\"/></policy><servicedir>%s/services</servicedir>"
              "</busconfig>",
              session->address, session->folder);
  write_file (session, "services/org.understudy.Understudy.service", 0644,
              "[D-BUS Service]\nName=org.understudy.Understudy\nExec=%s/browser started-by-bus\n",
              session->folder);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  session->bus = g_subprocess_launcher_spawn (launcher, &error, "dbus-daemon", "--config-file",
                                              config, "--nofork", "--print-address", NULL);
  g_assert_no_error (error);
  char line[256]; /* it listens once it has printed its address */
  g_assert_cmpint (g_input_stream_read (g_subprocess_get_stdout_pipe (session->bus), line,
                                        sizeof line, NULL, NULL),
                   >, 0);
}

void
session_open (Session *session, gboolean has_notifications) {
  session->deadline_us = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;
  session->folder = g_dir_make_tmp ("us-desktop-XXXXXX", NULL);
  session->notifications = g_hash_table_new_full (NULL, NULL, NULL, notification_free);
  open_bus (session);
  open_browser (session);
  if (has_notifications)
    open_server (session);
}

static void
remove_folder (const char *folder) {
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *name = dir != NULL ? g_dir_read_name (dir) : NULL; name != NULL;
       name = g_dir_read_name (dir)) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (g_unlink (path) != 0)
      remove_folder (path);
  }
  g_rmdir (folder);
}

void
session_stop_bus (Session *session) {
  g_subprocess_force_exit (session->bus);
  g_subprocess_wait (session->bus, NULL, NULL);
}

void
session_close (Session *session) {
  if (session->server != NULL) {
    g_bus_unown_name (session->name);
    if (session->portal_name != 0)
      g_bus_unown_name (session->portal_name);
    for (guint i = 0; session->portal_name != 0 && i < G_N_ELEMENTS (session->portal); i++)
      g_dbus_connection_unregister_object (session->server, session->portal[i]);
    g_dbus_connection_unregister_object (session->server, session->object);
    g_dbus_connection_close_sync (session->server, NULL, NULL);
    g_clear_object (&session->server);
  }
  g_source_remove (session->watch);
  g_io_channel_unref (session->opened);
  session_stop_bus (session);
  g_object_unref (session->bus);
  g_free (session->address);
  g_hash_table_unref (session->notifications);
  g_ptr_array_unref (session->urls);
  remove_folder (session->folder);
  g_free (session->folder);
}

GSubprocessLauncher *
session_launcher (Session *session, GSubprocessFlags flags) {
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (flags);
  g_autofree char *data = g_build_filename (session->folder, "data", NULL);
  g_autofree char *config = g_build_filename (session->folder, "config", NULL);
  g_autofree char *state = g_build_filename (session->folder, "state", NULL);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", session->address, TRUE);
  g_subprocess_launcher_setenv (launcher, "HOME", session->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_DATA_HOME", data, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_CONFIG_HOME", config, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_STATE_HOME", state, TRUE);
  g_subprocess_launcher_setenv (launcher, "GNOTIFICATION_BACKEND", "freedesktop", TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_DATA_DIRS", data, TRUE); /* no browser of ours */
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  return launcher;
}

SessionNotification *
session_find (Session *session, const char *text) {
  for (guint id = session->last_id; id > 0; id--) {
    SessionNotification *notification
        = g_hash_table_lookup (session->notifications, GUINT_TO_POINTER (id));
    if (strstr (notification->title, text) != NULL)
      return notification;
  }
  return NULL;
}

void
session_press (Session *session, SessionNotification *notification, const char *label) {
  const char *key = NULL;
  for (guint i = 0; notification->actions[i] != NULL; i += 2) {
    if (strcmp (notification->actions[i + 1], label) == 0)
      key = notification->actions[i];
  }
  g_assert_nonnull (key);
  /* As servers do: what was acted on is gone. */
  notification->is_closed = TRUE;
  g_assert_true (
      g_dbus_connection_emit_signal (session->server, NULL, PATH, INTERFACE, "ActionInvoked",
                                     g_variant_new ("(us)", notification->id, key), NULL));
  g_assert_true (g_dbus_connection_emit_signal (session->server, NULL, PATH, INTERFACE,
                                                "NotificationClosed",
                                                g_variant_new ("(uu)", notification->id, 2), NULL));
}

static gboolean
on_tick (gpointer data) {
  *(gboolean *)data = TRUE;
  return G_SOURCE_CONTINUE;
}

/* Turns the loop until something has happened, or for a moment: nobody tells of some conditions. */
void
session_turn (Session *session) {
  gboolean has_ticked = FALSE;
  guint tick = g_timeout_add (50, on_tick, &has_ticked);
  g_assert_cmpint (g_get_monotonic_time (), <, session->deadline_us);
  g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
}

/* Turns the loop for that moment, before the same question is asked again. */
void
session_rest (Session *session) {
  gboolean has_ticked = FALSE;
  guint tick = g_timeout_add (50, on_tick, &has_ticked);
  g_assert_cmpint (g_get_monotonic_time (), <, session->deadline_us);
  while (!has_ticked)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (tick);
}
