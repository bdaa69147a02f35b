/* test-run.c - the program itself: `understudy run` with all its roles on free ports, and its words
 * for bad input */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/listen.h"

static const char *program;

typedef struct {
  GSubprocess *process;
  char *folder, *status_file;
  gint64 deadline_us;
} Chain;

#define N_ROLES 5

/* @more: (nullable): one option more
 * @out: its standard output and error, taken; -1 for the usual ones */
static void
chain_start_with (Chain *chain, const char *more, int out) {
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (out < 0 ? G_SUBPROCESS_FLAGS_STDOUT_SILENCE : 0);
  g_autoptr (GError) error = NULL;
  chain->deadline_us = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  chain->folder = g_dir_make_tmp ("us-run-XXXXXX", NULL);
  chain->status_file = g_build_filename (chain->folder, "run.json", NULL);
  g_autofree char *state = g_strdup_printf ("--state-dir=%s", chain->folder);
  g_autofree char *status = g_strdup_printf ("--status-file=%s", chain->status_file);
  const char *const argv[] = { program,
                               "run",
                               "--no-publish",
                               "--log-level=warning",
                               state,
                               status,
                               "--ingest.rtmp=127.0.0.1:0",
                               "--ingest.status=127.0.0.1:0",
                               "--packager-primary.rtmp=127.0.0.1:0",
                               "--packager-primary.http=127.0.0.1:0",
                               "--packager-backup.rtmp=127.0.0.1:0",
                               "--packager-backup.http=127.0.0.1:0",
                               "--switcher.http=127.0.0.1:0",
                               "--monitor.http=127.0.0.1:0",
                               more,
                               NULL };
  if (out >= 0) {
    g_subprocess_launcher_take_stdout_fd (launcher, dup (out));
    g_subprocess_launcher_take_stderr_fd (launcher, out);
  }
  chain->process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
}

static void
chain_start (Chain *chain) {
  chain_start_with (chain, NULL, -1);
}

static void
remove_folder (const char *folder) {
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir)) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (g_unlink (path) != 0)
      remove_folder (path);
  }
  g_rmdir (folder);
}

static void
chain_clear (Chain *chain) {
  g_subprocess_force_exit (chain->process);
  g_subprocess_wait (chain->process, NULL, NULL);
  g_object_unref (chain->process);
  remove_folder (chain->folder);
  g_free (chain->folder);
  g_free (chain->status_file);
}

/* One look at the status file; nothing in the middle of start and end. */
static JsonObject *
look (Chain *chain) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_assert_cmpint (g_get_monotonic_time (), <, chain->deadline_us);
  g_usleep (5000); /* a file of another process: looking again is all one can do */
  if (!json_parser_load_from_file (parser, chain->status_file, NULL))
    return NULL;
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

static JsonObject *
get_role (JsonObject *status, const char *name) {
  JsonArray *roles = json_object_get_array_member (status, "roles");
  for (guint i = 0; i < json_array_get_length (roles); i++) {
    JsonObject *role = json_array_get_object_element (roles, i);
    if (g_strcmp0 (json_object_get_string_member (role, "name"), name) == 0)
      return role;
  }
  return NULL;
}

static JsonObject *
wait_running (Chain *chain, const char *restarted) {
  for (;;) {
    g_autoptr (JsonObject) status = look (chain);
    if (status == NULL)
      continue;
    JsonArray *roles = json_object_get_array_member (status, "roles");
    guint n = 0;
    for (guint i = 0; i < json_array_get_length (roles); i++) {
      const char *state
          = json_object_get_string_member (json_array_get_object_element (roles, i), "state");
      n += g_strcmp0 (state, "running") == 0;
    }
    gboolean is_restarted
        = restarted == NULL
          || json_object_get_int_member (get_role (status, restarted), "restarts") > 0;
    if (n == N_ROLES && is_restarted)
      return g_steal_pointer (&status);
  }
}

static GPid
get_pid (JsonObject *status, const char *name) {
  return (GPid)json_object_get_int_member (get_role (status, name), "pid");
}

static gboolean
is_gone (GPid pid) {
  return kill (pid, 0) != 0;
}

/* @data: the signal; SIGHUP is what a terminal sends that is closed */
static void
test_drain (gconstpointer data) {
  Chain chain;
  chain_start (&chain);
  g_autoptr (JsonObject) status = wait_running (&chain, NULL);
  JsonArray *roles = json_object_get_array_member (status, "roles");
  g_assert_cmpuint (json_array_get_length (roles), ==, N_ROLES);
  JsonObject *ports = json_object_get_object_member (status, "ports");
  g_assert_cmpint (json_object_get_int_member (ports, "viewer"), >, 0);
  g_assert_cmpint (json_object_get_int_member (ports, "desk"), >, 0);
  g_assert_cmpint (json_object_get_int_member (ports, "primary"), !=,
                   json_object_get_int_member (ports, "backup"));

  g_subprocess_send_signal (chain.process, GPOINTER_TO_INT (data));
  g_assert_true (g_subprocess_wait (chain.process, NULL, NULL));
  g_assert_true (g_subprocess_get_if_exited (chain.process));
  g_assert_cmpint (g_subprocess_get_exit_status (chain.process), ==, 0);
  g_assert_false (g_file_test (chain.status_file, G_FILE_TEST_EXISTS));
  for (guint i = 0; i < N_ROLES; i++) {
    JsonObject *role = json_array_get_object_element (roles, i);
    g_assert_true (is_gone ((GPid)json_object_get_int_member (role, "pid")));
  }
  chain_clear (&chain);
}

/* A journald that hangs takes nothing from the first line on: the chain runs and ends all the same.
 */
static void
test_unread_log (void) {
  static const char line[] = "line\n";
  int ends[2];
  Chain chain;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  while (send (ends[1], line, sizeof line - 1, MSG_DONTWAIT) > 0)
    continue;
  chain_start_with (&chain, "--log-level=debug", ends[1]);
  g_autoptr (JsonObject) status = wait_running (&chain, NULL);
  kill (get_pid (status, "switcher"), SIGKILL);
  g_autoptr (JsonObject) after = wait_running (&chain, "switcher");
  g_subprocess_send_signal (chain.process, SIGTERM);
  g_assert_true (g_subprocess_wait (chain.process, NULL, NULL));
  g_assert_true (g_subprocess_get_if_exited (chain.process));
  g_assert_cmpint (g_subprocess_get_exit_status (chain.process), ==, 0);
  close (ends[0]);
  chain_clear (&chain);
}

static void
test_death (void) {
  static const char *const names[]
      = { "ingest", "packager-primary", "packager-backup", "switcher", "monitor" };
  Chain chain;
  chain_start (&chain);
  g_autoptr (JsonObject) status = wait_running (&chain, NULL);
  kill (get_pid (status, "packager-primary"), SIGSTOP); /* even that one */
  g_subprocess_send_signal (chain.process, SIGKILL);
  g_subprocess_wait (chain.process, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    while (!is_gone (get_pid (status, names[i]))) {
      g_autofree char *path = g_strdup_printf ("/proc/%d/stat", get_pid (status, names[i]));
      g_autofree char *stat = NULL;
      if (g_file_get_contents (path, &stat, NULL, NULL) && strstr (stat, ") Z ") != NULL)
        break; /* dead; it waits for whatever is process 1 here */
      g_assert_cmpint (g_get_monotonic_time (), <, chain.deadline_us);
      g_thread_yield ();
    }
  }
  chain_clear (&chain);
}

/* While the switcher is dead, viewers' connections wait in the supervisor's socket. */
static void
test_restart_refuses_nobody (void) {
  Chain chain;
  chain_start (&chain);
  g_autoptr (JsonObject) status = wait_running (&chain, NULL);
  guint16 port = (guint16)json_object_get_int_member (
      json_object_get_object_member (status, "ports"), "viewer");
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  GPid pid = get_pid (status, "switcher");
  kill (pid, SIGKILL);
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  static const char request[] = "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), request,
                             sizeof request - 1, NULL, NULL, &error);
  g_assert_no_error (error);
  char answer[64] = "";
  g_socket_set_timeout (g_socket_connection_get_socket (connection), 30);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)), answer, 12,
                           NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (answer, ==, "HTTP/1.1 404");
  g_autoptr (JsonObject) after = wait_running (&chain, "switcher");
  g_assert_cmpint (get_pid (after, "switcher"), !=, pid);
  g_assert_cmpstr (json_object_get_string_member (get_role (after, "switcher"), "last_exit"), ==,
                   "SIGKILL");
  chain_clear (&chain);
}

static guint
count_states (JsonObject *status, const char *state) {
  JsonArray *roles = json_object_get_array_member (status, "roles");
  guint n = 0;
  for (guint i = 0; i < json_array_get_length (roles); i++) {
    JsonObject *role = json_array_get_object_element (roles, i);
    n += g_strcmp0 (json_object_get_string_member (role, "state"), state) == 0;
  }
  return n;
}

/* One role never ran, as it does not accept its configuration; the end is in order all the same. */
static void
test_drain_after_failure (void) {
  Chain chain;
  chain_start_with (&chain, "--monitor.token-file=/proc/nowhere", -1);
  for (gboolean is_there = FALSE; !is_there;) {
    g_autoptr (JsonObject) status = look (&chain);
    is_there = status != NULL && count_states (status, "failed") == 1
               && count_states (status, "running") == N_ROLES - 1;
  }
  g_subprocess_send_signal (chain.process, SIGTERM);
  g_assert_true (g_subprocess_wait (chain.process, NULL, NULL));
  g_assert_true (g_subprocess_get_if_exited (chain.process));
  g_assert_cmpint (g_subprocess_get_exit_status (chain.process), ==, 0);
  chain_clear (&chain);
}

/* Runs the program with a command line; returns what it wrote. */
static int
ask (const char *line, char **out, char **err) {
  g_autofree char *command = g_strdup_printf ("%s %s", program, line);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  g_assert_true (g_shell_parse_argv (command, NULL, &argv, NULL));
  g_autoptr (GSubprocess) process
      = g_subprocess_newv ((const char *const *)argv,
                           G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, out, err, &error));
  return g_subprocess_get_exit_status (process);
}

static void
test_bad_input (void) {
  static const struct {
    const char *line, *message;
  } rows[] = {
    { "", "understudy: no command given; try understudy --help\n" },
    { "swicher", "understudy: 'swicher': unknown command; did you mean switcher?\n" },
    { "dance", "understudy: 'dance': unknown command; there are run, desktop, ingest, packager, "
               "origin, switcher, "
               "monitor, publish, pull, ctl, check, healthcheck, drill\n" },
    { "switcher --requird-windows=3",
      "understudy: --requird-windows: unknown option; did you mean --required-windows?\n" },
    { "run --switcher.required-windows=abc",
      "understudy: --switcher.required-windows: 'abc' is not a whole number from 1 to 100\n" },
    { "packager --name third", "understudy: --name: 'third' is not one of primary, backup\n" },
    { "run --config /proc/nowhere/x.conf",
      "understudy: /proc/nowhere/x.conf: Error opening file /proc/nowhere/x.conf: No such file or "
      "directory\n" },
    { "run --config", "understudy: --config: needs a file name\n" },
    { "origin", "understudy: --root: needs the folder to serve\n" },
    { "origin --root /dev/null", "understudy: --root: '/dev/null' is not a folder\n" },
    { "origin --root /dev/null/x", "understudy: --root: '/dev/null/x': Not a directory\n" },
    { "publish --file /proc/nowhere", "understudy: '/proc/nowhere' is not a file\n" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int code = ask (rows[i].line, &out, &err);
    g_assert_cmpstr (err, ==, rows[i].message);
    g_assert_cmpstr (out, ==, "");
    g_assert_cmpint (code, ==, 2);
  }
}

/* What may be otherwise in a second is not the configuration's fault: 2 would be for good. */
static void
test_trouble_that_passes (void) {
  g_autofree char *folder = g_dir_make_tmp ("us-monitor-XXXXXX", NULL);
  g_autofree char *database = g_build_filename (folder, "desk", "desk.sqlite", NULL);
  g_autofree char *busy = g_strdup_printf ("--state-dir=%s", folder);
  g_autofree char *nowhere = g_strdup_printf ("ingest --state-dir=%s/ingest", folder);
  const struct {
    const char *line, *option, *word;
  } rows[] = {
    { "monitor --http=127.0.0.1:0", "--state-dir=/proc/nowhere",
      "[general] state-dir: /proc/nowhere/desk: " },
    { "monitor --http=127.0.0.1:0", busy, "desk.sqlite" },
    { "switcher", "--http=192.0.2.1:8080",
      "[switcher] http: cannot listen on 192.0.2.1 port 8080: this machine has no such address" },
    { nowhere, "--status=127.0.0.1:0 --rtmp=192.0.2.1:1936",
      "[ingest] rtmp: cannot listen on 192.0.2.1 port 1936: this machine has no such address" },
    { "run --ingest.rtmp=127.0.0.1:0 --ingest.status=127.0.0.1:0", "--switcher.http=192.0.2.1:8080",
      "[switcher] http: cannot listen on 192.0.2.1 port 8080: this machine has no such address" },
    { "origin", "--root=/proc/nowhere", "--root: '/proc/nowhere': No such file or directory" },
  };
  g_assert_cmpint (g_mkdir_with_parents (database, 0700), ==, 0); /* where the file should be */
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *line = g_strdup_printf ("%s %s", rows[i].line, rows[i].option);
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_assert_cmpint (ask (line, &out, &err), ==, 1);
    g_test_message ("%s", err);
    g_assert_nonnull (strstr (err, rows[i].word));
  }
  remove_folder (folder);
}

static void
test_port_in_use (void) {
  static const char *const settings[]
      = { "switcher.http", "ingest.rtmp", "packager-backup.http", "monitor.http" };
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    guint16 port = 0;
    int fd = us_listen_open ("127.0.0.1", 0, &port, NULL);
    g_autofree char *rest = g_strdup (strchr (settings[i], '.') + 1);
    g_autofree char *group = g_strndup (settings[i], strlen (settings[i]) - strlen (rest) - 1);
    g_autofree char *line = g_strdup_printf (
        "run --ingest.rtmp=127.0.0.1:0 --ingest.status=127.0.0.1:0 "
        "--packager-primary.rtmp=127.0.0.1:0 --packager-primary.http=127.0.0.1:0 "
        "--packager-backup.rtmp=127.0.0.1:0 --packager-backup.http=127.0.0.1:0 "
        "--switcher.http=127.0.0.1:0 --monitor.http=127.0.0.1:0 --%s=127.0.0.1:%u",
        settings[i], port);
    g_autofree char *expected
        = g_strdup_printf ("understudy: [%s] %s: port %u is already in use by test-run (pid %d)\n",
                           group, rest, port, (int)getpid ());
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_assert_cmpint (ask (line, &out, &err), ==, 2);
    g_assert_cmpstr (err, ==, expected);
    g_assert_cmpstr (out, ==, "");
    close (fd);
  }
}

/* A second address of a socket unit would accept viewers whom nobody answers. */
static void
test_two_sockets (void) {
  static const char script[]
      = "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=http:http exec \"$0\" switcher";
  const char *const argv[] = { "sh", "-c", script, program, NULL };
  g_autofree char *err = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process
      = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &err, &error));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 2);
  g_assert_true (g_str_has_prefix (err, "understudy: understudy-switcher.socket: "));
}

static void
test_help (void) {
  static const char *const commands[]
      = { "run", "ingest", "packager", "origin", "switcher", "publish", "monitor" };
  g_autofree char *overview = NULL;
  g_assert_cmpint (ask ("--help", &overview, NULL), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autofree char *line = g_strdup_printf ("%s --help", commands[i]);
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_assert_nonnull (strstr (overview, commands[i]));
    g_assert_cmpint (ask (line, &out, &err), ==, 0);
    g_assert_true (g_str_has_prefix (out, "Usage: understudy "));
    g_assert_nonnull (strstr (out, "Examples:"));
    g_assert_cmpstr (err, ==, "");
  }
}

/* What --print-config prints is a file that gives the same configuration. */
static void
test_print_config (void) {
  g_autofree char *folder = g_dir_make_tmp ("us-print-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "x.conf", NULL);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;
  g_assert_cmpint (
      ask ("run --print-config --switcher.required-windows 7 --no-publish", &first, NULL), ==, 0);
  g_assert_nonnull (strstr (first, "\nrequired-windows=7\n"));
  g_assert_nonnull (strstr (first, "\npublish=false\n"));
  g_autofree char *line = g_strdup_printf ("run --print-config --config %s", path);
  g_assert_true (g_file_set_contents (path, first, -1, NULL));
  g_assert_cmpint (ask (line, &second, NULL), ==, 0);
  g_assert_true (g_file_set_contents (path, second, -1, NULL));
  g_assert_cmpint (ask (line, &third, NULL), ==, 0);
  g_assert_cmpstr (second, ==, third);
  g_assert_nonnull (strstr (third, "\nrequired-windows=7\n"));
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  program = g_getenv ("US_TEST_PROGRAM");
  g_assert_nonnull (program);
  g_test_add_func ("/run/program/bad-input", test_bad_input);
  g_test_add_func ("/run/program/trouble-that-passes", test_trouble_that_passes);
  g_test_add_func ("/run/program/port-in-use", test_port_in_use);
  g_test_add_func ("/run/program/two-sockets", test_two_sockets);
  g_test_add_func ("/run/program/help", test_help);
  g_test_add_func ("/run/program/print-config", test_print_config);
  g_test_add_data_func ("/run/program/drain", GINT_TO_POINTER (SIGTERM), test_drain);
  g_test_add_data_func ("/run/program/drain-at-hangup", GINT_TO_POINTER (SIGHUP), test_drain);
  g_test_add_func ("/run/program/drain-after-failure", test_drain_after_failure);
  g_test_add_func ("/run/program/unread-log", test_unread_log);
  g_test_add_func ("/run/program/death", test_death);
  g_test_add_func ("/run/program/restart-refuses-nobody", test_restart_refuses_nobody);
  return g_test_run ();
}
