/* booth.c - a switcher with two fake origins, and a message bus of its own to be steered by */
#include "booth.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "hls/segment.h"
#include "unit/switcher/ts-segment.h"

#define EPOCH 0x19abcdef012

gboolean
booth_on_tick (gpointer data) {
  return G_SOURCE_CONTINUE;
}

void
booth_next (Booth *booth) {
  guint64 n = ++booth->number;
  g_autofree char *name = us_segment_name (EPOCH, n);
  g_autoptr (GBytes) bytes = ts_segment (n, 0);
  for (guint i = 0; i < 2; i++)
    fake_origin_add (booth->fakes[i], name, n, 0, 1700000000000 + (gint64)n * 1000, G_USEC_PER_SEC,
                     bytes);
}

void
booth_open (Booth *booth) {
  g_autofree char *socket = NULL, *escaped = NULL;
  *booth = (Booth){ .folder = g_dir_make_tmp ("booth-XXXXXX", NULL), .number = 1000 };
  socket = g_build_filename (booth->folder, "bus", NULL);
  escaped = g_dbus_address_escape_value (socket);
  booth->address = g_strconcat ("unix:path=", escaped, NULL);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", booth->address, TRUE);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_streams (booth->fakes[i] = fake_origin_new (), "{\"streams\":[\"mystream\"]}");
  for (guint i = 0; i < 5; i++)
    booth_next (booth);
}

/* A test that fails must not leave it behind. */
static void
die_with_parent (gpointer data) {
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* The session's configuration allows everything to the same user, and names no services. */
void
booth_start_bus (Booth *booth) {
  g_autoptr (GError) error = NULL;
  g_autofree char *config = g_build_filename (booth->folder, "bus.conf", NULL);
  g_autofree char *text = g_strdup_printf (
      "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>"
      "<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>"
      "<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
      booth->address);
  g_assert_true (g_file_set_contents (config, text, -1, NULL));
  g_autofree char *option = g_strconcat ("--config-file=", config, NULL);
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  booth->daemon = g_subprocess_launcher_spawn (launcher, &error, "dbus-daemon", option, "--nofork",
                                               "--nopidfile", "--print-address", NULL);
  g_assert_no_error (error);
  char line[256]; /* it listens once it has printed its address */
  gssize n = g_input_stream_read (g_subprocess_get_stdout_pipe (booth->daemon), line, sizeof line,
                                  NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, >, 0);
}

void
booth_stop_bus (Booth *booth) {
  g_autofree char *socket = g_build_filename (booth->folder, "bus", NULL);
  if (booth->daemon == NULL)
    return;
  g_subprocess_send_signal (booth->daemon, SIGKILL);
  g_subprocess_wait (booth->daemon, NULL, NULL);
  g_clear_object (&booth->daemon);
  g_unlink (socket);
}

UsSwitcher *
booth_new_switcher (Booth *booth, const UsConsoleSettings *console) {
  g_autoptr (GError) error = NULL;
  g_autofree char *primary = fake_origin_url (booth->fakes[0]);
  g_autofree char *backup = fake_origin_url (booth->fakes[1]);
  UsSwitcherSettings settings;
  us_switcher_settings_default (&settings);
  settings.http.address = "127.0.0.1";
  settings.http.port = 0;
  settings.http.n_shards = 1;
  settings.primary_base_url = primary;
  settings.backup_base_url = backup;
  settings.required_windows = 1;
  settings.console = *console;
  UsSwitcher *switcher = us_switcher_new (&settings, &error);
  g_assert_no_error (error);
  gboolean is_started = us_switcher_start (switcher, &error);
  g_assert_no_error (error);
  g_assert_true (is_started);
  return switcher;
}

void
booth_start_switcher (Booth *booth, const UsConsoleSettings *console) {
  booth->switcher = booth_new_switcher (booth, console);
}

void
booth_close (Booth *booth) {
  g_autofree char *config = g_build_filename (booth->folder, "bus.conf", NULL);
  g_clear_pointer (&booth->switcher, us_switcher_free);
  if (booth->client != NULL)
    g_dbus_connection_close_sync (booth->client, NULL, NULL);
  g_clear_object (&booth->client);
  booth_stop_bus (booth);
  for (guint i = 0; i < 2; i++)
    fake_origin_free (booth->fakes[i]);
  g_unlink (config);
  g_rmdir (booth->folder);
  g_free (booth->folder);
  g_free (booth->address);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* ---- D-Bus ---- */

void
booth_connect (Booth *booth) {
  g_autoptr (GError) error = NULL;
  if (booth->client != NULL)
    g_object_unref (booth->client);
  booth->client = g_dbus_connection_new_for_address_sync (
      booth->address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);
  g_assert_no_error (error);
}

typedef struct {
  GVariant *reply;
  GError *error;
  gboolean is_over;
} Wait;

static void
on_called (GObject *source, GAsyncResult *result, gpointer data) {
  Wait *wait = data;
  wait->reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &wait->error);
  wait->is_over = TRUE;
}

static GVariant *
call_any (Booth *booth, const char *path, const char *interface, const char *method,
          GVariant *arguments, GError **error) {
  Wait wait = { 0 };
  g_dbus_connection_call (booth->client, BOOTH_NAME, path, interface, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, 20000, NULL, on_called, &wait);
  booth_await (wait.is_over);
  if (wait.error != NULL)
    g_propagate_error (error, wait.error);
  return wait.reply;
}

GVariant *
booth_call (Booth *booth, const char *path, const char *interface, const char *method,
            GVariant *arguments, GError **error) {
  g_autofree char *full = g_strconcat (BOOTH_NAME ".", interface, NULL);
  return call_any (booth, path, full, method, arguments, error);
}

/* Returns: NULL when there is no such object */
GVariant *
booth_get (Booth *booth, const char *path, const char *interface, const char *property) {
  g_autofree char *full = g_strconcat (BOOTH_NAME ".", interface, NULL);
  g_autoptr (GVariant) reply = call_any (booth, path, "org.freedesktop.DBus.Properties", "Get",
                                         g_variant_new ("(ss)", full, property), NULL);
  GVariant *value = NULL;
  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value;
}

char *
booth_get_text (Booth *booth, const char *path, const char *interface, const char *property) {
  g_autoptr (GVariant) value = booth_get (booth, path, interface, property);
  return value != NULL ? g_variant_dup_string (value, NULL) : g_strdup ("");
}

GVariant *
booth_introspect (Booth *booth, const char *path) {
  return call_any (booth, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL, NULL);
}

GVariant *
booth_managed_objects (Booth *booth) {
  return call_any (booth, BOOTH_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                   NULL, NULL);
}

static gboolean
is_in_use (Booth *booth, const char *origin) {
  g_autofree char *path = g_strconcat (BOOTH_STREAM "/origins/", origin, NULL);
  g_autofree char *state = booth_get_text (booth, path, "Origin", "State");
  return state[0] != '\0' && strcmp (state, "unknown") != 0 && strcmp (state, "failed") != 0;
}

void
booth_await_service (Booth *booth) {
  booth_await (is_in_use (booth, "primary") && is_in_use (booth, "backup"));
}

/* ---- HTTP ---- */

typedef struct {
  guint16 port;
  const char *request;
  char *answer;
  gint is_over;
} Talk;

/* In a thread: the one who answers runs in the test's main context. */
static gpointer
talk (gpointer data) {
  Talk *self = data;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_to_host (client, "127.0.0.1", self->port, NULL, NULL);
  GString *answer = g_string_new (NULL);
  if (connection != NULL) {
    GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
    GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
    char bytes[4096];
    gssize n;
    g_socket_set_timeout (g_socket_connection_get_socket (connection), 30);
    g_output_stream_write_all (out, self->request, strlen (self->request), NULL, NULL, NULL);
    while ((n = g_input_stream_read (in, bytes, sizeof bytes, NULL, NULL)) > 0)
      g_string_append_len (answer, bytes, n);
  }
  self->answer = g_string_free (answer, FALSE);
  g_atomic_int_set (&self->is_over, 1);
  return NULL;
}

char *
booth_talk (Booth *booth, const char *request) {
  Talk self = { .port = us_switcher_get_port (booth->switcher), .request = request };
  GThread *thread = g_thread_new ("talk", talk, &self);
  booth_await (g_atomic_int_get (&self.is_over) == 1);
  g_thread_join (thread);
  return self.answer;
}
