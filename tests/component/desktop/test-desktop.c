/* test-desktop.c - `understudy desktop` on a desktop of its own: real roles, a real desk */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "http/client.h"
#include "session.h"
#include "supervisor/listen.h"

#define NAME "org.understudy.Understudy"
#define OBJECT "/org/understudy/Understudy"

static const char *program;

typedef struct {
  Session session;
  GSubprocess *process;
  char *state_option;
  char *desk, *switcher; /* base URLs, when all roles run */
  gboolean has_ended;
} Stage;

static const char *const ports[]
    = { "--ingest.rtmp=127.0.0.1:0",           "--ingest.status=127.0.0.1:0",
        "--packager-primary.rtmp=127.0.0.1:0", "--packager-primary.http=127.0.0.1:0",
        "--packager-backup.rtmp=127.0.0.1:0",  "--packager-backup.http=127.0.0.1:0",
        "--switcher.http=127.0.0.1:0",         "--monitor.http=127.0.0.1:0",
        "--general.log-level=warning" };

/* Returns: (transfer full): the program with @more behind its usual options */
static GSubprocess *
start (Stage *stage, GSubprocessFlags flags, const char *const *more) {
  g_autoptr (GSubprocessLauncher) launcher = session_launcher (&stage->session, flags);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_ptr_array_add (argv, (gpointer)program);
  g_ptr_array_add (argv, (gpointer) "desktop");
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    g_ptr_array_add (argv, (gpointer)ports[i]);
  for (guint i = 0; more != NULL && more[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer)more[i]);
  g_ptr_array_add (argv, NULL);
  GSubprocess *process
      = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, &error);
  g_assert_no_error (error);
  return process;
}

static void
on_ended (GObject *process, GAsyncResult *result, gpointer data) {
  g_assert_true (g_subprocess_wait_finish (G_SUBPROCESS (process), result, NULL));
  *(gboolean *)data = TRUE;
}

/* Returns: the exit code */
static int
await_end (Stage *stage, GSubprocess *process) {
  gboolean has_ended = FALSE;
  g_subprocess_wait_async (process, NULL, on_ended, &has_ended);
  session_await (&stage->session, has_ended);
  g_assert_true (g_subprocess_get_if_exited (process));
  return g_subprocess_get_exit_status (process);
}

/* ---- where it all is ---- */

/* Returns: (transfer full) (nullable): what the status file says */
static JsonNode *
read_status (Stage *stage) {
  g_autofree char *path
      = g_build_filename (stage->session.folder, "state", "understudy", "run.json", NULL);
  g_autofree char *text = NULL;
  return g_file_get_contents (path, &text, NULL, NULL) ? json_from_string (text, NULL) : NULL;
}

static gboolean
is_running (Stage *stage) {
  g_autoptr (JsonNode) status = read_status (stage);
  if (status == NULL)
    return FALSE;
  JsonObject *root = json_node_get_object (status);
  JsonArray *roles = json_object_get_array_member (root, "roles");
  for (guint i = 0; i < json_array_get_length (roles); i++) {
    JsonObject *role = json_array_get_object_element (roles, i);
    if (strcmp (json_object_get_string_member (role, "state"), "running") != 0)
      return FALSE;
  }
  JsonObject *of_ports = json_object_get_object_member (root, "ports");
  g_free (stage->desk);
  g_free (stage->switcher);
  stage->desk
      = g_strdup_printf ("http://127.0.0.1:%d", (int)json_object_get_int_member (of_ports, "desk"));
  stage->switcher = g_strdup_printf ("http://127.0.0.1:%d",
                                     (int)json_object_get_int_member (of_ports, "viewer"));
  return TRUE;
}

typedef struct {
  UsHttpReply *reply;
  gboolean is_over;
} Wait;

static void
on_fetched (GObject *client, GAsyncResult *result, gpointer data) {
  Wait *wait = data;
  wait->reply = us_http_client_fetch_finish (US_HTTP_CLIENT (client), result, NULL);
  wait->is_over = TRUE;
}

/* Returns: (transfer full) (nullable): the answer's JSON */
static JsonNode *
ask (Stage *stage, const char *base, const char *path, const char *json) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test");
  g_autofree char *url = g_strconcat (base, path, NULL);
  g_autoptr (GBytes) body = json != NULL ? g_bytes_new (json, strlen (json)) : NULL;
  UsHttpFetch fetch = { .json = body, .first_byte_timeout_ms = 10000 };
  Wait wait = { NULL, FALSE };
  us_http_client_fetch_async (client, url, &fetch, NULL, on_fetched, &wait);
  session_await (&stage->session, wait.is_over);
  g_autoptr (UsHttpReply) reply = wait.reply;
  if (reply == NULL || reply->status >= 300)
    return NULL;
  g_autofree char *text
      = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  return json_from_string (text, NULL);
}

/* ---- a stage ---- */

static void
stage_open (Stage *stage, gboolean has_notifications, const char *const *more) {
  session_open (&stage->session, has_notifications);
  stage->process = start (stage, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, more);
  session_await (&stage->session, is_running (stage));
}

static void
stage_close (Stage *stage) {
  g_subprocess_force_exit (stage->process);
  g_subprocess_wait (stage->process, NULL, NULL);
  g_object_unref (stage->process);
  session_close (&stage->session);
  g_free (stage->desk);
  g_free (stage->switcher);
}

/* Returns: whether the page that was opened last is the desk's of now */
static gboolean
is_page_open (Stage *stage) {
  GPtrArray *urls = stage->session.urls;
  g_autofree char *page = g_strconcat (strrchr (stage->desk, ':'), "/", NULL);
  return urls->len > 0 && g_str_has_suffix (urls->pdata[urls->len - 1], page);
}

/* As a menu does it. */
static void
launch (Stage *stage) {
  g_autoptr (GSubprocessLauncher) launcher
      = session_launcher (&stage->session, G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSubprocess) tool
      = g_subprocess_launcher_spawn (launcher, NULL, "gapplication", "launch", NAME, NULL);
  g_assert_nonnull (tool);
  await_end (stage, tool);
}

static void
call_action (Stage *stage, const char *action, const char *parameter) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher
      = session_launcher (&stage->session, G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) tool = g_subprocess_launcher_spawn (
      launcher, &error, "gapplication", "action", NAME, action, parameter, NULL);
  g_assert_no_error (error);
  g_assert_cmpint (await_end (stage, tool), ==, 0);
}

/* ---- tests ---- */

static void
test_life (void) {
  static const char *const no_publish[] = { "--no-publish", NULL };
  static const char *const service[] = { "--gapplication-service", NULL };
  Stage stage = { 0 };
  stage_open (&stage, TRUE, no_publish);
  g_autofree char *port = g_strdup (strrchr (stage.desk, ':'));
  g_autofree char *page = g_strconcat (port, "/", NULL);
  session_await (&stage.session, session_has_opened (&stage.session, page));
  g_assert_cmpuint (stage.session.urls->len, ==, 1);
  /* Ctrl-C in our terminal is not for the browser. */
  g_assert_cmpint (stage.session.browser_sid, >, 0);
  g_assert_cmpint (stage.session.browser_sid, !=, getsid (0));

  /* A second one only brings the page up. */
  g_autoptr (GSubprocess) second = start (&stage, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, no_publish);
  g_assert_cmpint (await_end (&stage, second), ==, 0);
  session_await (&stage.session, stage.session.urls->len == 2);
  g_assert_cmpstr (stage.session.urls->pdata[0], ==, stage.session.urls->pdata[1]);
  g_autoptr (GSubprocess) other = start (&stage, G_SUBPROCESS_FLAGS_STDERR_SILENCE, service);
  g_assert_cmpint (await_end (&stage, other), ==, 1);

  call_action (&stage, "open-incident", "'in 1'");
  session_await (&stage.session, session_has_opened (&stage.session, "/?incident=in%201"));
  call_action (&stage, "open-stream", "'a/b'");
  session_await (&stage.session, session_has_opened (&stage.session, "/#/stream/a%2Fb"));

  /* Ended and started again at once: the next one waits until the roles of the first are gone. */
  call_action (&stage, "quit", NULL);
  g_autoptr (GSubprocess) first = stage.process;
  stage.process = start (&stage, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, no_publish);
  g_assert_cmpint (await_end (&stage, first), ==, 0);
  session_await (&stage.session, is_running (&stage));
  session_await (&stage.session, is_page_open (&stage));

  /* By the menu, which asks the bus. */
  call_action (&stage, "quit", NULL);
  launch (&stage);
  g_assert_cmpint (await_end (&stage, stage.process), ==, 0);
  session_await (&stage.session, session_has_opened (&stage.session, "started-by-bus"));
  g_autoptr (JsonNode) status = read_status (&stage);
  g_assert_null (status);
  stage_close (&stage);
}

static gboolean
is_on_bus (Stage *stage) {
  gboolean has_owner;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      stage->session.server, "org.freedesktop.DBus", "/org/freedesktop/DBus",
      "org.freedesktop.DBus", "NameHasOwner", g_variant_new ("(s)", NAME), G_VARIANT_TYPE ("(b)"),
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(b)", &has_owner);
  return has_owner;
}

/* As the bus starts it, for an old notification or the menu; @stage->process is this one then. */
static void
start_for (Stage *stage, const char *action, const char *parameter) {
  static const char *const service[] = { "--gapplication-service", "--no-publish", NULL };
  g_clear_object (&stage->process);
  stage->process = start (stage, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, service);
  session_await (&stage->session, is_on_bus (stage));
  call_action (stage, action, parameter);
}

/* What has nothing to show starts no chain. */
static void
test_service (void) {
  Stage stage = { 0 };
  session_open (&stage.session, TRUE);
  start_for (&stage, "quit", NULL);
  g_assert_cmpint (await_end (&stage, stage.process), ==, 0);
  start_for (&stage, "acknowledge", "'i'");
  session_await (&stage.session, session_find (&stage.session, "could not be acknowledged"));
  g_assert_cmpint (await_end (&stage, stage.process), ==, 0);
  g_autofree char *state = g_build_filename (stage.session.folder, "state", NULL);
  g_assert_false (g_file_test (state, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (stage.session.urls->len, ==, 0);

  start_for (&stage, "open-stream", "'s'");
  session_await (&stage.session, is_running (&stage));
  session_await (&stage.session, is_page_open (&stage));
  call_action (&stage, "quit", NULL);
  g_assert_cmpint (await_end (&stage, stage.process), ==, 0);
  stage_close (&stage);
}

/* The portal opens the browser and keeps the machine awake; when there is none, and as in a sandbox
 * no browser either, all else goes on. */
static void
test_portal (void) {
  static const char *const no_publish[] = { "--no-publish", NULL };
  Stage stage = { .session = { .is_sandbox = TRUE } };
  stage_open (&stage, TRUE, no_publish);
  call_action (&stage, "open-incident", "'nobody opens it'");
  session_open_portal (&stage.session);
  session_await (&stage.session, stage.session.is_kept_awake);
  call_action (&stage, "open-incident", "'i'");
  session_await (&stage.session, session_has_opened (&stage.session, "/?incident=i"));
  g_assert_cmpuint (stage.session.urls->len, ==, 1);
  g_assert_true (g_str_has_prefix (stage.session.urls->pdata[0], "portal http://"));
  call_action (&stage, "quit", NULL);
  g_assert_cmpint (await_end (&stage, stage.process), ==, 0);
  stage_close (&stage);
}

/* Returns: whether the incident has been acknowledged by the user */
static gboolean
is_acknowledged (Stage *stage, const char *id) {
  g_autofree char *path = g_strconcat ("/api/incidents/", id, NULL);
  g_autoptr (JsonNode) node = ask (stage, stage->desk, path, NULL);
  g_assert_nonnull (node);
  JsonObject *incident = json_node_get_object (node);
  return json_object_get_string_member_with_default (incident, "acknowledged_at", NULL) != NULL;
}

/* A stream that nobody serves. */
static void
add_stream (Stage *stage, const char *name, guint16 port) {
  g_autofree char *stream
      = g_strdup_printf ("{\"name\":\"%s\",\"manifest_url\":\"http://127.0.0.1:%u/%u.m3u8\"}", name,
                         port, g_str_hash (name));
  g_autoptr (JsonNode) added = ask (stage, stage->desk, "/api/streams", stream);
  g_assert_nonnull (added);
}

/* Returns: (transfer full): the id of the incident of the stream called @name */
static char *
find_incident (Stage *stage, const char *name) {
  g_autoptr (JsonNode) node = ask (stage, stage->desk, "/api/incidents", NULL);
  JsonArray *list = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (list); i++) {
    JsonObject *incident = json_array_get_object_element (list, i);
    if (strcmp (json_object_get_string_member (incident, "stream_name"), name) == 0)
      return g_strdup (json_object_get_string_member (incident, "id"));
  }
  g_assert_not_reached ();
}

/* Incidents, notifications, the button, and an acknowledgement that comes from elsewhere. */
static void
test_incident (void) {
  static const char *const no_publish[] = { "--no-publish", NULL };
  Stage stage = { 0 };
  Session *session = &stage.session;
  guint16 port = 0;
  g_autoptr (GError) error = NULL;
  stage_open (&stage, TRUE, no_publish);
  int fd = us_listen_hold ("127.0.0.1", &port, &error); /* held, but nobody listens */
  g_assert_no_error (error);
  add_stream (&stage, "Studio <1>", port);
  add_stream (&stage, "Studio 2", port);
  session_await (session, session_find (session, "Studio 2: UNHEALTHY") != NULL);
  session_await (session, session_find (session, "1\xe2\x80\xba: UNHEALTHY") != NULL);
  SessionNotification *one = session_find (session, "1\xe2\x80\xba: UNHEALTHY");
  SessionNotification *two = session_find (session, "Studio 2: UNHEALTHY");
  g_assert_cmpuint (one->urgency, ==, 2);

  g_autofree char *first = find_incident (&stage, "Studio <1>");
  g_autofree char *second = find_incident (&stage, "Studio 2");
  g_autofree char *path = g_strdup_printf ("/api/incidents/%s/acknowledge", second);
  g_assert_false (is_acknowledged (&stage, first));
  session_press (session, one, "Acknowledge");
  session_await (session, is_acknowledged (&stage, first));
  g_assert_false (is_acknowledged (&stage, second));
  g_assert_false (two->is_closed);
  g_autoptr (JsonNode) answer = ask (&stage, stage.desk, path, "{}");
  g_assert_nonnull (answer);
  session_await (session, two->is_closed);
  call_action (&stage, "acknowledge", "'nothing'"); /* the desk says so, and it is passed on */
  session_await (session, session_find (session, "could not be acknowledged") != NULL);
  SessionNotification *refusal = session_find (session, "could not be acknowledged");
  g_subprocess_send_signal (stage.process, SIGTERM);
  g_assert_cmpint (await_end (&stage, stage.process), ==, 0);
  session_await (session, refusal->is_closed);
  g_close (fd, NULL);
  stage_close (&stage);
}

static gboolean
is_switched (Stage *stage, const char *order) {
  g_autoptr (JsonNode) node = ask (stage, stage->switcher, order, "{\"why\":\"test\"}");
  if (node == NULL)
    session_rest (&stage->session);
  return node != NULL;
}

/* Returns: the process of the desk, 0: there is none */
static GPid
find_desk (Stage *stage, guint *restarts) {
  g_autoptr (JsonNode) status = read_status (stage);
  if (status == NULL)
    return 0;
  JsonArray *roles = json_object_get_array_member (json_node_get_object (status), "roles");
  for (guint i = 0; i < json_array_get_length (roles); i++) {
    JsonObject *role = json_array_get_object_element (roles, i);
    if (strcmp (json_object_get_string_member (role, "name"), "monitor") != 0)
      continue;
    *restarts = (guint)json_object_get_int_member (role, "restarts");
    return (GPid)json_object_get_int_member_with_default (role, "pid", 0);
  }
  return 0;
}

/* Returns: whether the desk has seen that viewers get @origin: what changes from then on it tells
 */
static gboolean
knows_active (Stage *stage, const char *origin) {
  g_autoptr (JsonNode) node = ask (stage, stage->desk, "/api/streams/own-mystream", NULL);
  if (node == NULL) {
    session_rest (&stage->session);
    return FALSE;
  }
  JsonNode *chain = json_object_get_member (json_node_get_object (node), "chain");
  return chain != NULL && JSON_NODE_HOLDS_OBJECT (chain)
         && g_strcmp0 (json_object_get_string_member_with_default (json_node_get_object (chain),
                                                                   "active_origin", NULL),
                       origin)
                == 0;
}

/* Failovers, with the desk killed in between: one notification with their number. */
static void
test_failover (void) {
  Stage stage = { 0 };
  stage_open (&stage, TRUE, NULL);
  session_await (&stage.session, is_switched (&stage, "/control/streams/mystream/failover"));
  session_await (&stage.session,
                 session_find (&stage.session, "mystream: viewers get the backup") != NULL);
  SessionNotification *notification
      = session_find (&stage.session, "mystream: viewers get the backup");

  guint restarts = 0;
  kill (find_desk (&stage, &restarts), SIGKILL);
  session_await (&stage.session, find_desk (&stage, &restarts) > 0 && restarts > 0);
  session_await (&stage.session, knows_active (&stage, "backup"));
  session_await (&stage.session, is_switched (&stage, "/control/streams/mystream/switchback"));
  session_await (&stage.session, strstr (notification->title, " changes of sides in ") != NULL);
  g_assert_cmpuint (notification->n_shown, >=, 2);
  g_assert_cmpuint (stage.session.last_id, ==, 1);
  session_press (&stage.session, notification, "Open");
  session_await (&stage.session, session_has_opened (&stage.session, "/#/stream/own-mystream"));
  g_subprocess_send_signal (stage.process, SIGINT);
  g_assert_cmpint (await_end (&stage, stage.process), ==, 0);
  stage_close (&stage);
}

/* Nobody shows notifications, then the bus itself goes: the streams go on. */
static void
test_without (void) {
  Stage stage = { 0 };
  stage_open (&stage, FALSE, NULL);
  session_await (&stage.session, is_switched (&stage, "/control/streams/mystream/failover"));
  session_stop_bus (&stage.session);
  session_await (&stage.session, is_switched (&stage, "/control/streams/mystream/switchback"));
  g_subprocess_send_signal (stage.process, SIGTERM);
  g_assert_cmpint (await_end (&stage, stage.process), ==, 0);
  stage_close (&stage);
}

static gboolean
is_told (Stage *stage, const char *why) {
  SessionNotification *notification = session_find (&stage->session, "could not be started");
  return notification != NULL && strstr (notification->body, why) != NULL;
}

/* Started from a menu, nobody reads standard error: why it does not start is shown as well. */
static void
test_refusals (void) {
  Stage stage = { 0 };
  guint16 port = 0;
  g_autoptr (GError) error = NULL;
  session_open (&stage.session, TRUE);
  int fd = us_listen_open ("127.0.0.1", 0, &port, &error);
  g_assert_no_error (error);
  g_autofree char *taken = g_strdup_printf ("--switcher.http=127.0.0.1:%u", port);
  const char *const in_use[] = { taken, NULL };
  g_autoptr (GSubprocess) process = start (&stage, G_SUBPROCESS_FLAGS_STDERR_SILENCE, in_use);
  g_assert_cmpint (await_end (&stage, process), ==, 2);
  session_await (&stage.session, session_find (&stage.session, "could not be started") != NULL);
  g_assert_nonnull (strstr (session_find (&stage.session, "started")->body, "[switcher] http"));

  static const char *const no_monitor[] = { "--no-monitor", NULL };
  g_autoptr (GSubprocess) blind = start (&stage, G_SUBPROCESS_FLAGS_STDERR_SILENCE, no_monitor);
  g_assert_cmpint (await_end (&stage, blind), ==, 2);
  session_await (&stage.session, is_told (&stage, "[run] monitor: false"));

  g_autofree char *file = g_build_filename (stage.session.folder, "broken.conf", NULL);
  g_autofree char *option = g_strconcat ("--config=", file, NULL);
  g_assert_true (g_file_set_contents (file, "[switcher]\nnonsense = 1\n", -1, NULL));
  const char *const broken[] = { option, NULL };
  g_autoptr (GSubprocess) refused = start (&stage, G_SUBPROCESS_FLAGS_STDERR_SILENCE, broken);
  g_assert_cmpint (await_end (&stage, refused), ==, 2);
  session_await (&stage.session, is_told (&stage, "nonsense"));
  g_assert_cmpuint (stage.session.urls->len, ==, 0);
  g_close (fd, NULL);
  session_close (&stage.session);
}

/* As where nothing can encode it: all else runs, and a person knows what the word "publish" hides.
 */
static void
test_no_picture (void) {
  static const char *const missing[] = { "--publish.pipeline=./missing.launch", NULL };
  Stage stage = { 0 };
  session_open (&stage.session, TRUE);
  stage.process = start (&stage, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, missing);
  session_await (&stage.session, session_find (&stage.session, "without its test picture") != NULL);
  SessionNotification *told = session_find (&stage.session, "without its test picture");
  g_assert_nonnull (strstr (told->body, "something that it needs is missing"));
  g_assert_cmpuint (told->urgency, ==, 2);
  g_subprocess_send_signal (stage.process, SIGTERM);
  await_end (&stage, stage.process);
  stage_close (&stage);
}

static void
test_no_bus (void) {
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GError) error = NULL;
  g_autofree char *err = NULL;
  g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent",
                                TRUE);
  g_autoptr (GSubprocess) process
      = g_subprocess_launcher_spawn (launcher, &error, program, "desktop", NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &err, &error));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 1);
  g_assert_nonnull (strstr (err, "there is no session bus"));
  g_assert_nonnull (strstr (err, "understudy run"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  program = g_getenv ("US_TEST_PROGRAM");
  g_test_add_func ("/desktop/no-bus", test_no_bus);
  g_test_add_func ("/desktop/refusals", test_refusals);
  g_test_add_func ("/desktop/no-picture", test_no_picture);
  g_test_add_func ("/desktop/life", test_life);
  g_test_add_func ("/desktop/service", test_service);
  g_test_add_func ("/desktop/portal", test_portal);
  g_test_add_func ("/desktop/incident", test_incident);
  g_test_add_func ("/desktop/failover", test_failover);
  g_test_add_func ("/desktop/without-notifications", test_without);
  return g_test_run ();
}
