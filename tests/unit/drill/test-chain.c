/* test-chain.c - whom a drill in a live chain signals: the processes of run.json that are still its
 * roles, and nobody else
 */
#include "drill/chain.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/opt/understudy"
#define ENV_ROLE "US_TEST_ROLE"

/* A process that is called as a role is: this program again, which then waits for a signal. */
static GPid
start (const char *const *arguments) {
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), ENV_ROLE, "1", TRUE);
  g_autoptr (GError) error = NULL;
  GPid pid = 0;
  g_ptr_array_add (argv, (gpointer) "/proc/self/exe");
  for (guint i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer)arguments[i]);
  g_ptr_array_add (argv, NULL);
  g_spawn_async (NULL, (char **)argv->pdata, environment,
                 G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_FILE_AND_ARGV_ZERO, NULL, NULL, &pid, &error);
  g_assert_no_error (error);
  return pid;
}

/* Returns: the signal that ended it */
static int
stop (GPid pid) {
  int status = 0;
  kill (pid, SIGKILL); /* nothing, when it has ended */
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  return WTERMSIG (status);
}

typedef struct {
  char *folder, *path;
  UsChain *chain;
} Live;

/* @run, @primary, @backup: their process ids as run.json has them */
static Live
live_new (GPid run, GPid primary, GPid backup) {
  static const char text[]
      = "{\"pid\":%d,\"urls\":{\"viewer\":\"http://localhost:8080/hls/index.m3u8\"},\"roles\":["
        "{\"name\":\"packager-primary\",\"state\":\"running\",\"pid\":%d},"
        "{\"name\":\"packager-backup\",\"state\":\"running\",\"pid\":%d}]}";
  Live live = { .folder = g_dir_make_tmp ("us-chain-XXXXXX", NULL) };
  live.path = g_build_filename (live.folder, "run.json", NULL);
  g_autofree char *json = g_strdup_printf (text, (int)run, (int)primary, (int)backup);
  g_assert_true (g_file_set_contents (live.path, json, -1, NULL));
  const UsChainSettings settings
      = { .kind = US_CHAIN_LIVE, .program = PROGRAM, .status_path = live.path, .log_fd = -1 };
  live.chain = us_chain_new (&settings);
  return live;
}

static void
live_clear (Live *live) {
  us_chain_free (live->chain);
  g_unlink (live->path);
  g_rmdir (live->folder);
  g_free (live->path);
  g_free (live->folder);
}

static const char *const run_argv[] = { PROGRAM, "run", NULL };
static const char *const primary_argv[]
    = { PROGRAM, "packager", "--name", "primary", "--config", "/dev/stdin", NULL };
static const char *const backup_argv[] = { PROGRAM, "packager", "--name", "backup", NULL };

static void
test_signal (void) {
  g_autoptr (GError) error = NULL;
  GPid run = start (run_argv), primary = start (primary_argv), backup = start (backup_argv);
  Live live = live_new (run, primary, backup);
  g_assert_true (us_chain_look (live.chain, &error));
  g_assert_no_error (error);
  g_assert_true (us_chain_is_up (live.chain));
  g_assert_true (us_chain_signal (live.chain, US_NEED_PACKAGER, US_SIDE_PRIMARY, SIGTERM, &error));
  g_assert_no_error (error);
  int status = 0;
  g_assert_cmpint (waitpid (primary, &status, 0), ==, primary);
  g_assert_cmpint (WTERMSIG (status), ==, SIGTERM);
  /* Now it is gone, and the chain is there without it. */
  g_assert_false (us_chain_signal (live.chain, US_NEED_PACKAGER, US_SIDE_PRIMARY, SIGTERM, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (us_chain_look (live.chain, &error));
  g_assert_false (us_chain_is_up (live.chain));
  g_assert_cmpint (stop (backup), ==, SIGKILL);
  stop (run);
  live_clear (&live);
}

/* Its number is another program's, or another role's. */
static void
test_others (void) {
  static const char *const others[][5] = { { "/bin/packager", "packager", "--name", "primary" },
                                           { PROGRAM, "packager", "--name", "backup" },
                                           { PROGRAM, "publish" },
                                           { PROGRAM, "packager-primary-of-mine" },
                                           { "sleep" } };
  GPid run = start (run_argv);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autoptr (GError) error = NULL;
    GPid other = start (others[i]);
    Live live = live_new (run, other, other);
    g_assert_true (us_chain_look (live.chain, &error));
    g_assert_false (us_chain_is_up (live.chain));
    g_assert_false (
        us_chain_signal (live.chain, US_NEED_PACKAGER, US_SIDE_PRIMARY, SIGTERM, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    g_assert_cmpint (stop (other), ==, SIGKILL);
    live_clear (&live);
  }
  stop (run);
}

/* After a power cut nobody has removed the file, and who is the chain's number now is none. */
static void
test_left_behind (void) {
  static const char *const others[][3] = { { PROGRAM, "ingest" }, { "npm", "run" }, { "sleep" } };
  GPid primary = start (primary_argv), backup = start (backup_argv);
  GPid ended = start (run_argv);
  stop (ended);
  for (guint i = 0; i <= G_N_ELEMENTS (others); i++) {
    g_autoptr (GError) error = NULL;
    GPid run = i > 0 ? start (others[i - 1]) : ended;
    Live live = live_new (run, primary, backup);
    g_assert_false (us_chain_look (live.chain, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    g_assert_nonnull (strstr (error->message, "no chain runs here"));
    g_assert_nonnull (strstr (error->message, live.path));
    g_clear_error (&error);
    g_assert_false (
        us_chain_signal (live.chain, US_NEED_PACKAGER, US_SIDE_PRIMARY, SIGTERM, &error));
    if (run != ended)
      stop (run);
    live_clear (&live);
  }
  g_assert_cmpint (stop (primary), ==, SIGKILL);
  stop (backup);
}

int
main (int argc, char **argv) {
  if (g_getenv (ENV_ROLE) != NULL) {
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    while (TRUE)
      pause ();
  }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/chain/signal", test_signal);
  g_test_add_func ("/drill/chain/others", test_others);
  g_test_add_func ("/drill/chain/left-behind", test_left_behind);
  return g_test_run ();
}
