/* child.c - fork and exec with a parent-death signal, a process group and inherited sockets
 *
 * GSubprocess cannot do it: LISTEN_PID must hold the child's own process id, which is known only
 * after the fork, and between fork and exec of a process that may have threads only
 * async-signal-safe calls are allowed. So everything is prepared before the fork and the child does
 * plain system calls.
 *
 * Called on the supervisor's main thread only: the parent-death signal is bound to the life of the
 * thread that forked.
 */
#include "supervisor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3
#define HIGH_FD 64 /* where descriptors wait while they are put in order */
#define LISTEN_PID "LISTEN_PID="

typedef struct {
  const UsChildSpec *spec;
  char **environment;
  char *listen_pid; /* the LISTEN_PID text inside @environment, with room for the number */
  pid_t parent;
  int null_fd, report_fd;
} Plan;

/* Runs in the child: async-signal-safe calls only. */
static void
write_pid (char *text, pid_t pid) {
  char digits[16];
  int n = 0;
  for (; pid > 0; pid /= 10)
    digits[n++] = (char)('0' + pid % 10);
  while (n > 0)
    *text++ = digits[--n];
  *text = '\0';
}

static void
arrange_descriptors (const Plan *plan) {
  const UsChildSpec *spec = plan->spec;
  int high[US_CHILD_MAX_FDS + 1];
  int input = spec->stdin_fd >= 0 ? spec->stdin_fd : plan->null_fd;
  int output = spec->stderr_fd >= 0 ? spec->stderr_fd : STDERR_FILENO;

  /* Up out of the way first, else one dup2 would close what another still needs. */
  int report = fcntl (plan->report_fd, F_DUPFD_CLOEXEC, HIGH_FD);
  for (guint i = 0; i < spec->n_fds; i++)
    high[i] = fcntl (spec->fds[i], F_DUPFD_CLOEXEC, HIGH_FD);
  dup2 (input, STDIN_FILENO);
  dup2 (output, STDERR_FILENO);
  dup2 (STDERR_FILENO, STDOUT_FILENO);
  for (guint i = 0; i < spec->n_fds; i++)
    dup2 (high[i], FIRST_FD + (int)i);
  dup2 (report, FIRST_FD + (int)spec->n_fds);
  fcntl (FIRST_FD + (int)spec->n_fds, F_SETFD, FD_CLOEXEC);
  if (close_range (FIRST_FD + spec->n_fds + 1, ~0U, 0) != 0) {
    for (int fd = FIRST_FD + (int)spec->n_fds + 1; fd < 4096; fd++)
      close (fd);
  }
}

static void
run_child (const Plan *plan) {
  sigset_t none;
  sigemptyset (&none);
  for (int number = 1; number < NSIG; number++)
    signal (number, SIG_DFL);
  sigprocmask (SIG_SETMASK, &none, NULL);
  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != plan->parent)
    _exit (1); /* the parent died before the line above */
  arrange_descriptors (plan);
  if (plan->listen_pid != NULL)
    write_pid (plan->listen_pid, getpid ());
  execve (plan->spec->argv[0], (char *const *)plan->spec->argv, plan->environment);
  int failure = errno;
  ssize_t written = write (FIRST_FD + (int)plan->spec->n_fds, &failure, sizeof failure);
  _exit (written == sizeof failure ? 127 : 126);
}

static char **
make_environment (const UsChildSpec *spec, char **listen_pid) {
  char **environment = g_strdupv ((char **)spec->environment);
  *listen_pid = NULL;
  environment = g_environ_unsetenv (environment, "LISTEN_FDS");
  environment = g_environ_unsetenv (environment, "LISTEN_FDNAMES");
  environment = g_environ_unsetenv (environment, "LISTEN_PID");
  if (spec->n_fds == 0)
    return environment;

  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < spec->n_fds; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ":" : "", spec->fd_names[i]);
  g_autofree char *count = g_strdup_printf ("%u", spec->n_fds);
  environment = g_environ_setenv (environment, "LISTEN_FDS", count, TRUE);
  environment = g_environ_setenv (environment, "LISTEN_FDNAMES", names->str, TRUE);
  environment = g_environ_setenv (environment, "LISTEN_PID", "0000000000000000", TRUE);
  for (char **entry = environment; *entry != NULL; entry++) {
    if (g_str_has_prefix (*entry, LISTEN_PID))
      *listen_pid = *entry + strlen (LISTEN_PID);
  }
  return environment;
}

/**
 * us_child_spawn:
 * @spec: what to start; borrowed during the call
 * @error: when it cannot be forked or executed
 *
 * The child leads its own process group, gets SIGKILL when this process dies in whatever way, and
 * has no descriptors but those of @spec. Returns after the exec has happened.
 *
 * Returns: the process id, which the caller must reap; -1 on error
 */
GPid
us_child_spawn (const UsChildSpec *spec, GError **error) {
  g_return_val_if_fail (spec->n_fds <= US_CHILD_MAX_FDS, -1);
  Plan plan = { .spec = spec, .parent = getpid () };
  int report[2] = { -1, -1 };
  plan.null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (plan.null_fd < 0 || pipe2 (report, O_CLOEXEC) != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot start %s: %s", spec->argv[0],
                 g_strerror (errno));
    if (plan.null_fd >= 0)
      close (plan.null_fd);
    return -1;
  }
  g_auto (GStrv) environment = make_environment (spec, &plan.listen_pid);
  plan.environment = environment;
  plan.report_fd = report[1];

  pid_t pid = fork ();
  if (pid == 0)
    run_child (&plan); /* does not return */
  int failure = pid < 0 ? errno : 0;
  close (report[1]);
  close (plan.null_fd);
  if (pid > 0) {
    setpgid (pid, pid); /* as the child does: whoever comes first */
    ssize_t got;
    do
      got = read (report[0], &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    failure = got == sizeof failure ? failure : 0;
  }
  close (report[0]);
  if (failure != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure), "cannot start %s: %s",
                 spec->argv[0], g_strerror (failure));
    while (pid > 0 && waitpid (pid, NULL, 0) < 0 && errno == EINTR)
      continue;
    return -1;
  }
  return pid;
}
