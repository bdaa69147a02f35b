/* test-child.c - what a spawned process finds: environment, descriptors, group, and its end */
#include "supervisor/child.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOW_FDS                                                                                   \
  "for n in 0 1 2 3 4 5 6 7 8 9 10 11 12; do if [ -e /proc/$$/fd/$n ]; then printf '%s ' $n; fi; " \
  "done; "

/* Runs a shell script as a child with two descriptors and returns what it printed. */
static char *
run_script (const char *script, const char *const *environment, guint n_fds) {
  int out[2], in[2];
  g_assert_cmpint (pipe2 (out, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (in, O_CLOEXEC), ==, 0);
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  const char *const names[] = { "rtmp", "http" };
  /* In the wrong order and where the child's 3 and 4 will be, if those are free here. */
  const int fds[] = { in[1], in[0] };
  g_autoptr (GError) error = NULL;
  UsChildSpec spec = { .argv = argv,
                       .environment = environment,
                       .fds = fds,
                       .fd_names = names,
                       .n_fds = n_fds,
                       .stdin_fd = -1,
                       .stderr_fd = out[1] };
  GPid pid = us_child_spawn (&spec, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pid, >, 0);
  close (out[1]);
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[512];
  for (ssize_t n = read (out[0], buffer, sizeof buffer); n > 0;
       n = read (out[0], buffer, sizeof buffer))
    g_string_append_len (text, buffer, n);
  int status = -1;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  close (out[0]);
  close (in[0]);
  close (in[1]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_descriptors (void) {
  static const char *const environment[] = { "PATH=/usr/bin:/bin", "LISTEN_FDS=9", NULL };
  g_autofree char *text
      = run_script ("echo $LISTEN_FDS $LISTEN_FDNAMES; [ $LISTEN_PID = $$ ] && echo mine; "
                    "echo hello >&3; read word <&4; echo $word; " SHOW_FDS,
                    environment, 2);
  g_assert_cmpstr (text, ==, "2 rtmp:http\nmine\nhello\n0 1 2 3 4 ");
}

static void
test_no_descriptors (void) {
  static const char *const environment[]
      = { "PATH=/usr/bin:/bin", "LISTEN_FDS=9", "LISTEN_PID=1", "LISTEN_FDNAMES=x", "A=b", NULL };
  g_autofree char *text = run_script (
      "echo \"[$LISTEN_FDS$LISTEN_PID$LISTEN_FDNAMES] $A\"; " SHOW_FDS "cat", environment, 0);
  g_assert_cmpstr (text, ==, "[] b\n0 1 2 ");
}

static void
test_group_and_signals (void) {
  static const char *const environment[] = { "PATH=/usr/bin:/bin", NULL };
  signal (SIGPIPE, SIG_IGN);
  g_autofree char *text = run_script (
      "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo leads; grep SigIgn /proc/$$/status",
      environment, 0);
  g_assert_cmpstr (text, ==, "leads\nSigIgn:\t0000000000000000\n");
}

static void
test_missing_program (void) {
  static const char *const argv[] = { "/nonexistent/program", NULL };
  static const char *const environment[] = { NULL };
  g_autoptr (GError) error = NULL;
  UsChildSpec spec = { .argv = argv, .environment = environment, .stdin_fd = -1, .stderr_fd = -1 };
  g_assert_cmpint (us_child_spawn (&spec, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1); /* nothing left to reap */
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/child/descriptors", test_descriptors);
  g_test_add_func ("/supervisor/child/no-descriptors", test_no_descriptors);
  g_test_add_func ("/supervisor/child/group-and-signals", test_group_and_signals);
  g_test_add_func ("/supervisor/child/missing-program", test_missing_program);
  return g_test_run ();
}
