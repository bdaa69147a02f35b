/* test-command.c - the program itself: the words of `understudy drill` for bad input, and that none
 * of its processes outlives it */
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *program;

typedef struct {
  int exit_code;
  char *out, *err;
} Ran;

static Ran
run (const char *const *arguments) {
  Ran ran = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (gpointer)program);
  g_ptr_array_add (argv, (gpointer) "drill");
  for (guint i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer)arguments[i]);
  g_ptr_array_add (argv, NULL);
  g_autoptr (GSubprocess) process
      = g_subprocess_newv ((const char *const *)argv->pdata,
                           G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &ran.out, &ran.err, &error));
  g_assert_true (g_subprocess_get_if_exited (process));
  ran.exit_code = g_subprocess_get_exit_status (process);
  return ran;
}

static void
ran_clear (Ran *ran) {
  g_free (ran->out);
  g_free (ran->err);
}

static void
test_usage (void) {
  static const struct {
    const char *arguments[8];
    const char *word;
  } table[] = {
    { { NULL }, "say `list`" },
    { { "dance" }, "'dance'" },
    { { "list", "all" }, "'list'" },
    { { "run" }, "which one" },
    { { "run", "nonsense" }, "'nonsense': unknown drill" },
    { { "run", "kill", "--hit", "both" }, "--hit: 'both'" },
    { { "run", "kill", "--pair=cousins" }, "--pair: 'cousins'" },
    { { "run", "kill", "--runs", "0" }, "--runs" },
    { { "run", "kill", "--file", "/nowhere/at.all" }, "'/nowhere/at.all'" },
    { { "run", "kill", "--primary-url", "http://127.0.0.1:1/a" }, "go together" },
    { { "run", "kill", "--primary-url", "ftp://x", "--backup-url", "http://127.0.0.1:1" },
      "--primary-url" },
    { { "run", "kill", "--primary-url", "http://name.invalid/", "--backup-url",
        "http://127.0.0.1:1" },
      "numeric address" },
    { { "run", "refuse", "--live" }, "refuse: --live can only signal" },
    { { "run", "kill", "--live", "--primary-url=http://127.0.0.1:1",
        "--backup-url=http://127.0.0.1:1" },
      "choose one" },
    { { "run", "kill", "--evidence", "/proc/nowhere" }, "/proc/nowhere" },
    { { "run", "kill", "--frobnicate" }, "frobnicate" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    Ran ran = run (table[i].arguments);
    g_test_message ("%u: %s", i, ran.err);
    g_assert_cmpint (ran.exit_code, ==, 2);
    g_assert_nonnull (strstr (ran.err, table[i].word));
    g_assert_true (strchr (ran.err, '\n') == ran.err + strlen (ran.err) - 1);
    ran_clear (&ran);
  }
}

static void
test_list (void) {
  static const char *const plain[] = { "list", NULL }, *const json[] = { "list", "--json", NULL };
  g_autoptr (JsonParser) parser = json_parser_new ();
  Ran ran = run (plain);
  g_assert_cmpint (ran.exit_code, ==, 0);
  g_assert_true (g_str_has_prefix (ran.out, "kill "));
  ran_clear (&ran);
  ran = run (json);
  g_assert_cmpint (ran.exit_code, ==, 0);
  g_assert_true (json_parser_load_from_data (parser, ran.out, -1, NULL));
  JsonArray *drills = json_node_get_array (json_parser_get_root (parser));
  g_assert_cmpuint (json_array_get_length (drills), ==, 19);
  JsonObject *first = json_array_get_object_element (drills, 0);
  g_assert_cmpstr (json_object_get_string_member (first, "name"), ==, "kill");
  g_assert_cmpstr (json_object_get_string_member (first, "needs"), ==, "packager");
  ran_clear (&ran);
}

/* ---- no process is left ---- */

static void
add_descendants (GArray *pids, int pid) {
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    int child = atoi (words[i]);
    if (child <= 0)
      continue;
    g_array_append_val (pids, child);
    add_descendants (pids, child);
  }
}

static gboolean
is_alive (int pid) {
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  const char *state = strrchr (text, ')');
  return state != NULL && state[1] == ' ' && state[2] != 'Z';
}

static gboolean
on_tick (gpointer data) {
  return G_SOURCE_REMOVE;
}

/* Waits for something in /proc, which tells nobody when it changes. */
static void
look_again (gint64 end_us) {
  g_timeout_add (20, on_tick, NULL);
  g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time (), <, end_us);
}

static void
remove_tree (const char *path) {
  const char *argv[] = { "rm", "-rf", path, NULL };
  g_autoptr (GSubprocess) process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_NONE, NULL);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
}

#define N_PROCESSES 5 /* run, ingest, two packagers, switcher */

static void
check_end (gconstpointer number) {
  gint64 end_us = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pids = g_array_new (FALSE, FALSE, sizeof (int));
  g_autofree char *folder = g_dir_make_tmp ("us-drill-XXXXXX", NULL);
  g_autofree char *evidence = g_strconcat ("--evidence=", folder, "/evidence", NULL);
  const char *const argv[] = { program, "drill", "run", "kill", evidence, NULL };
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_subprocess_launcher_setenv (launcher, "TMPDIR", folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "HOME", folder, TRUE);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  int pid = atoi (g_subprocess_get_identifier (process));
  while (pids->len < N_PROCESSES) {
    g_array_set_size (pids, 0);
    add_descendants (pids, pid);
    look_again (end_us);
  }
  g_subprocess_send_signal (process, GPOINTER_TO_INT (number));
  g_assert_true (g_subprocess_wait (process, NULL, &error));
  if (GPOINTER_TO_INT (number) != SIGKILL) {
    g_assert_true (g_subprocess_get_if_exited (process));
    g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 1);
  }
  for (guint i = 0; i < pids->len; i++) {
    while (is_alive (g_array_index (pids, int, i)))
      look_again (end_us);
  }
  remove_tree (folder);
}

/* ---- nothing that runs already is touched ---- */

static gboolean
on_caller (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer n) {
  (*(guint *)n)++;
  return TRUE;
}

/* Whoever listens where a chain might be: counts who calls. */
static GSocketService *
listen_for_callers (guint16 *port, guint *n_callers) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) effective = NULL;
  GSocketService *service = g_socket_service_new ();
  g_assert_true (g_socket_listener_add_address (G_SOCKET_LISTENER (service), address,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                                &effective, &error));
  g_assert_no_error (error);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  g_signal_connect (service, "incoming", G_CALLBACK (on_caller), n_callers);
  return service;
}

/* The settings of a chain that runs, in which every place is the test's own. */
static char *
write_settings (const char *folder, guint16 port) {
  static const char text[]
      = "[run]\nmonitor=true\npublish=true\nstatus-file=%1$s/live.json\nlog-file=%1$s/live.log\n"
        "[ingest]\nrtmp=127.0.0.1:%2$u\nstatus=127.0.0.1:%2$u\n"
        "relay=rtmp://127.0.0.1:%2$u/live;rtmp://127.0.0.1:%2$u/live\n"
        "push=rtmp://127.0.0.1:%2$u/push\non-publish=http://127.0.0.1:%2$u/asked\n"
        "on-publish-done=http://127.0.0.1:%2$u/told\n"
        "[packager-primary]\nrtmp=127.0.0.1:%2$u\nhttp=127.0.0.1:%2$u\n"
        "[packager-backup]\nrtmp=127.0.0.1:%2$u\nhttp=127.0.0.1:%2$u\n"
        "[switcher]\nhttp=127.0.0.1:%2$u\nprimary-base-url=http://127.0.0.1:%2$u/hls\n"
        "backup-base-url=http://127.0.0.1:%2$u/hls\n"
        "[monitor]\nhttp=127.0.0.1:%2$u\nwebhooks=http://127.0.0.1:%2$u/hook\n"
        "alertmanagers=http://127.0.0.1:%2$u/\nswitcher-url=http://127.0.0.1:%2$u\n"
        "[publish]\nurl=rtmp://127.0.0.1:%2$u/live/mystream\n"
        "[pull]\nsources=other=rtmp://127.0.0.1:%2$u/live/other\nto=rtmp://127.0.0.1:%2$u/live\n";
  char *path = g_build_filename (folder, "my.conf", NULL);
  g_autofree char *settings = g_strdup_printf (text, folder, (guint)port);
  g_assert_true (g_file_set_contents (path, settings, -1, NULL));
  return path;
}

static void
on_over (GObject *process, GAsyncResult *result, gpointer is_over) {
  g_assert_true (g_subprocess_wait_finish (G_SUBPROCESS (process), result, NULL));
  *(gboolean *)is_over = TRUE;
}

/* A whole drill with the settings of another chain: it is played, and that chain hears nothing. */
static void
test_touches_nothing (void) {
  guint n_callers = 0;
  guint16 port = 0;
  gboolean is_over = FALSE;
  gint64 end_us = g_get_monotonic_time () + 150 * G_USEC_PER_SEC;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketService) live = listen_for_callers (&port, &n_callers);
  g_autofree char *folder = g_dir_make_tmp ("us-drill-XXXXXX", NULL);
  g_autofree char *settings = write_settings (folder, port);
  g_autofree char *evidence = g_strconcat ("--evidence=", folder, "/evidence", NULL);
  const char *const argv[]
      = { program, "drill", "run", "refuse", "--config", settings, evidence, NULL };
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_subprocess_launcher_setenv (launcher, "TMPDIR", folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "HOME", folder, TRUE);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  g_subprocess_wait_async (process, NULL, on_over, &is_over);
  while (!is_over)
    look_again (end_us);
  g_assert_cmpuint (n_callers, ==, 0);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), <=, 1); /* 1: on a busy machine */
  g_autofree char *path = g_build_filename (folder, "evidence", "01-refuse", "summary.txt", NULL);
  g_autofree char *summary = NULL;
  g_assert_true (g_file_get_contents (path, &summary, NULL, NULL));
  g_assert_nonnull (strstr (summary, "the pair is whole"));
  static const char *const theirs[] = { "live.json", "live.log" };
  for (guint i = 0; i < G_N_ELEMENTS (theirs); i++) {
    g_autofree char *other = g_build_filename (folder, theirs[i], NULL);
    g_assert_false (g_file_test (other, G_FILE_TEST_EXISTS));
  }
  g_socket_service_stop (live);
  g_socket_listener_close (G_SOCKET_LISTENER (live));
  remove_tree (folder);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  program = g_getenv ("US_TEST_PROGRAM");
  g_assert_nonnull (program);
  g_test_add_func ("/drill/command/usage", test_usage);
  g_test_add_func ("/drill/command/list", test_list);
  g_test_add_func ("/drill/command/touches-nothing", test_touches_nothing);
  g_test_add_data_func ("/drill/command/interrupt", GINT_TO_POINTER (SIGINT), check_end);
  g_test_add_data_func ("/drill/command/terminate", GINT_TO_POINTER (SIGTERM), check_end);
  g_test_add_data_func ("/drill/command/kill", GINT_TO_POINTER (SIGKILL), check_end);
  return g_test_run ();
}
