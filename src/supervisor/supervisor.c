/* supervisor.c - starts, watches, restarts and ends the roles of `understudy run`
 *
 * Each role is a process that sends heartbeats from its main loop to our notify socket (the
 * sd_notify protocol, so that the same role runs under systemd). What to do when one ends or falls
 * silent is decided in restart.c; here is the doing. Everything happens on one main loop; nothing
 * blocks but the few milliseconds of an exec.
 */
#define US_LOG_TOPIC "supervisor"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "supervisor/child.h"
#include "supervisor/restart.h"

#define MAX_MESSAGE 1024 /* of a notification; longer ones are cut */
#define MIN_CHECK_MS 20
#define MAX_CHECK_MS 500

typedef struct {
  UsSupervisor *supervisor; /* owner */
  char *name;
  char **argv, **environment, **fd_names;
  int fds[US_CHILD_MAX_FDS];
  guint n_fds, stop_order;

  UsRoleState state;
  GPid pid;
  GSource *watch;   /* while there is a process */
  GSource *restart; /* while waiting */
  gint64 started_us, last_beat_us;
  gboolean is_killed_as_hung;
  guint failures, restarts;
  char *last_exit, *status;
} Role;

struct UsSupervisor {
  UsSupervisorSettings settings;
  const UsSupervisorHandler *handler;
  gpointer user_data;
  GPtrArray *roles;
  int notify_fd;
  char *notify_path;
  GSource *notify, *check, *grace, *stopped;
  gint64 last_check_us;
  gboolean is_draining;
  guint stage; /* stop_order that is being ended */
};

static void start_role (Role *role);

/**
 * us_role_state_word:
 * @state: a state
 *
 * Returns: (transfer none): the word used in the status file and on the terminal
 */
const char *
us_role_state_word (UsRoleState state) {
  static const char *const words[]
      = { "starting", "running", "waiting", "stopping", "stopped", "failed" };
  return words[state];
}

/**
 * us_supervisor_settings_default:
 * @settings: (out): filled with the defaults
 */
void
us_supervisor_settings_default (UsSupervisorSettings *settings) {
  *settings = (UsSupervisorSettings){ .hang_ms = 10000,
                                      .start_ms = 60000,
                                      .grace_ms = 5000,
                                      .healthy_ms = 60000,
                                      .stdin_fd = -1,
                                      .stderr_fd = -1 };
}

static void
close_sockets (Role *role) {
  for (guint i = 0; i < role->n_fds; i++)
    close (role->fds[i]);
  role->n_fds = 0;
}

static void
role_free (gpointer data) {
  Role *role = data;
  us_timer_stop (&role->watch);
  us_timer_stop (&role->restart);
  if (role->pid > 0) {
    kill (-role->pid, SIGKILL);
    while (waitpid (role->pid, NULL, 0) < 0 && errno == EINTR)
      continue;
  }
  close_sockets (role);
  g_free (role->name);
  g_strfreev (role->argv);
  g_strfreev (role->environment);
  g_strfreev (role->fd_names);
  g_free (role->last_exit);
  g_free (role->status);
  g_free (role);
}

static gboolean
on_all_stopped (gpointer data) {
  UsSupervisor *supervisor = data;
  us_timer_stop (&supervisor->stopped);
  supervisor->handler->stopped (supervisor, supervisor->user_data);
  return G_SOURCE_REMOVE;
}

static void
set_state (Role *role, UsRoleState state) {
  UsSupervisor *supervisor = role->supervisor;
  gboolean is_over = TRUE;
  role->state = state;
  supervisor->handler->changed (supervisor, supervisor->user_data);
  for (guint i = 0; i < supervisor->roles->len; i++) {
    const Role *other = g_ptr_array_index (supervisor->roles, i);
    is_over = is_over && other->state >= US_ROLE_STATE_STOPPED;
  }
  /* From the loop, so that the owner may free the supervisor in its callback. */
  if (is_over)
    us_timer_start (&supervisor->stopped, 0, "supervisor-stopped", on_all_stopped, supervisor);
}

/* Draining --------------------------------------------------------------------------------------
 */

static gboolean
on_grace_over (gpointer data) {
  UsSupervisor *supervisor = data;
  us_timer_stop (&supervisor->grace);
  for (guint i = 0; i < supervisor->roles->len; i++) {
    const Role *role = g_ptr_array_index (supervisor->roles, i);
    if (role->stop_order != supervisor->stage || role->pid == 0)
      continue;
    us_event (US_LOG_WARNING, US_EVENT_ROLE_HUNG, "%s has not ended %u ms after SIGTERM: killed",
              role->name, supervisor->settings.grace_ms);
    kill (-role->pid, SIGKILL);
  }
  return G_SOURCE_REMOVE;
}

static void
stop_role (Role *role) {
  us_timer_stop (&role->restart);
  close_sockets (role);
  if (role->pid == 0) {
    if (role->state < US_ROLE_STATE_STOPPED)
      set_state (role, US_ROLE_STATE_STOPPED);
    return;
  }
  set_state (role, US_ROLE_STATE_STOPPING);
  kill (role->pid, SIGTERM);
  kill (role->pid, SIGCONT); /* a stopped process cannot act on SIGTERM */
}

/* Ends the lowest stage in which anything is left, and the next when that has gone. */
static void
drain_next (UsSupervisor *supervisor) {
  guint next = G_MAXUINT;
  gboolean is_busy = FALSE;
  for (guint i = 0; i < supervisor->roles->len; i++) {
    const Role *role = g_ptr_array_index (supervisor->roles, i);
    is_busy = is_busy || role->state == US_ROLE_STATE_STOPPING;
    if (role->state < US_ROLE_STATE_STOPPING)
      next = MIN (next, role->stop_order);
  }
  if (is_busy || next == G_MAXUINT)
    return;
  us_timer_stop (&supervisor->grace);
  supervisor->stage = next;
  us_timer_start (&supervisor->grace, supervisor->settings.grace_ms, "supervisor-grace",
                  on_grace_over, supervisor);
  for (guint i = 0; i < supervisor->roles->len; i++) {
    Role *role = g_ptr_array_index (supervisor->roles, i);
    if (role->stop_order == next)
      stop_role (role);
  }
  drain_next (supervisor); /* perhaps none of them had a process */
}

/**
 * us_supervisor_drain:
 * @supervisor: the supervisor
 *
 * Ends the roles by their stop order: SIGTERM, and SIGKILL after the grace time. Nothing is
 * restarted any more. The handler's stopped() follows.
 */
void
us_supervisor_drain (UsSupervisor *supervisor) {
  if (supervisor->is_draining)
    return;
  supervisor->is_draining = TRUE;
  for (guint i = 0; i < supervisor->roles->len; i++)
    us_timer_stop (&((Role *)g_ptr_array_index (supervisor->roles, i))->restart);
  drain_next (supervisor);
}

/**
 * us_supervisor_kill:
 * @supervisor: the supervisor
 *
 * Ends all roles at once with SIGKILL. The handler's stopped() follows.
 */
void
us_supervisor_kill (UsSupervisor *supervisor) {
  supervisor->is_draining = TRUE;
  for (guint i = 0; i < supervisor->roles->len; i++) {
    Role *role = g_ptr_array_index (supervisor->roles, i);
    stop_role (role);
    if (role->pid > 0)
      kill (-role->pid, SIGKILL);
  }
}

/* Life and death of a role ----------------------------------------------------------------------
 */

static gboolean
on_restart_due (gpointer data) {
  Role *role = data;
  us_timer_stop (&role->restart);
  role->restarts++;
  start_role (role);
  return G_SOURCE_REMOVE;
}

static void
restart_later (Role *role, guint delay_ms) {
  set_state (role, US_ROLE_STATE_WAITING);
  us_timer_start (&role->restart, delay_ms, "role-restart", on_restart_due, role);
}

static void
on_child_exit (GPid pid, gint wait_status, gpointer data) {
  Role *role = data;
  UsSupervisor *supervisor = role->supervisor;
  UsRoleExit facts
      = { .wait_status = wait_status,
          .is_stopping = supervisor->is_draining || role->state == US_ROLE_STATE_STOPPING,
          .failures = role->failures,
          .uptime_ms = (g_get_monotonic_time () - role->started_us) / 1000,
          .healthy_ms = supervisor->settings.healthy_ms };
  UsRoleVerdict verdict = us_restart_decide (&facts);

  kill (-pid, SIGKILL); /* whatever it started goes with it */
  us_timer_stop (&role->watch);
  role->pid = 0;
  role->failures = verdict.failures;
  g_free (role->last_exit);
  role->last_exit = us_restart_describe_exit (wait_status);
  g_clear_pointer (&role->status, g_free);
  switch (verdict.action) {
  case US_ROLE_DONE:
    us_info ("%s ended (%s)", role->name, role->last_exit);
    close_sockets (role); /* it may have ended before its turn */
    set_state (role, US_ROLE_STATE_STOPPED);
    break;
  case US_ROLE_GIVE_UP:
    us_event (US_LOG_ERROR, US_EVENT_ROLE_EXIT,
              "%s does not accept its configuration (%s) and is not started again; see its message "
              "above",
              role->name, role->last_exit);
    set_state (role, US_ROLE_STATE_FAILED);
    break;
  case US_ROLE_RESTART:
  default:
    us_event (US_LOG_WARNING, US_EVENT_ROLE_EXIT,
              "%s died%s: %s after %" G_GINT64_FORMAT ".%03d s; starts again in %u ms", role->name,
              role->is_killed_as_hung ? " as it hung" : "", role->last_exit, facts.uptime_ms / 1000,
              (int)(facts.uptime_ms % 1000), verdict.delay_ms);
    restart_later (role, verdict.delay_ms);
    break;
  }
  if (supervisor->is_draining)
    drain_next (supervisor);
}

static void
start_role (Role *role) {
  UsSupervisor *supervisor = role->supervisor;
  g_autoptr (GError) error = NULL;
  g_autofree char *silence
      = g_strdup_printf ("%" G_GUINT64_FORMAT, (guint64)supervisor->settings.hang_ms * 1000);
  g_auto (GStrv) environment = g_strdupv (role->environment);
  environment = g_environ_setenv (environment, "NOTIFY_SOCKET", supervisor->notify_path, TRUE);
  environment = g_environ_setenv (environment, "WATCHDOG_USEC", silence, TRUE);
  environment = g_environ_unsetenv (environment, "WATCHDOG_PID");
  UsChildSpec spec = { .argv = (const char *const *)role->argv,
                       .environment = (const char *const *)environment,
                       .fds = role->fds,
                       .fd_names = (const char *const *)role->fd_names,
                       .n_fds = role->n_fds,
                       .stdin_fd = supervisor->settings.stdin_fd,
                       .stderr_fd = supervisor->settings.stderr_fd };
  GPid pid = us_child_spawn (&spec, &error);

  role->started_us = g_get_monotonic_time ();
  role->last_beat_us = 0;
  role->is_killed_as_hung = FALSE;
  if (pid < 0) {
    /* Out of processes or memory: try again as after a crash. */
    UsRoleExit facts = { .wait_status = 127 << 8,
                         .failures = role->failures,
                         .healthy_ms = supervisor->settings.healthy_ms };
    UsRoleVerdict verdict = us_restart_decide (&facts);
    role->failures = verdict.failures;
    us_event (US_LOG_ERROR, US_EVENT_ROLE_EXIT, "%s: %s", role->name, error->message);
    restart_later (role, MAX (verdict.delay_ms, 100));
    return;
  }
  role->pid = pid;
  role->watch = g_child_watch_source_new (pid);
  g_source_set_static_name (role->watch, "role-exit");
  g_source_set_callback (role->watch, G_SOURCE_FUNC (on_child_exit), role, NULL);
  g_source_attach (role->watch, g_main_context_get_thread_default ());
  us_event (US_LOG_INFO, US_EVENT_ROLE_START, "%s started as process %d", role->name, (int)pid);
  set_state (role, US_ROLE_STATE_STARTING);
}

/* Signs of life ---------------------------------------------------------------------------------
 */

static void
take_message (Role *role, char *text) {
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  role->last_beat_us = g_get_monotonic_time ();
  for (guint i = 0; lines[i] != NULL; i++) {
    if (strcmp (lines[i], "READY=1") == 0 && role->state == US_ROLE_STATE_STARTING) {
      us_info ("%s is ready", role->name);
      set_state (role, US_ROLE_STATE_RUNNING);
    } else if (g_str_has_prefix (lines[i], "STATUS=")) {
      g_free (role->status);
      role->status = g_utf8_make_valid (lines[i] + strlen ("STATUS="), -1);
    }
  }
}

static gboolean
read_message (UsSupervisor *supervisor) {
  char text[MAX_MESSAGE + 1];
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (struct ucred))];
  } control;
  struct iovec vector = { text, MAX_MESSAGE };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  ssize_t n = recvmsg (supervisor->notify_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0)
    return errno == EINTR;
  text[n] = '\0';
  const struct cmsghdr *header = CMSG_FIRSTHDR (&message);
  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
    return TRUE;
  struct ucred sender;
  memcpy (&sender, CMSG_DATA (header), sizeof sender);
  for (guint i = 0; i < supervisor->roles->len; i++) {
    Role *role = g_ptr_array_index (supervisor->roles, i);
    if (role->pid == sender.pid && sender.pid > 0)
      take_message (role, text);
  }
  return TRUE;
}

static gboolean
on_notify (gint fd, GIOCondition condition, gpointer data) {
  while (read_message (data))
    continue;
  return G_SOURCE_CONTINUE;
}

static gboolean
on_check (gpointer data) {
  UsSupervisor *supervisor = data;
  gint64 now_us = g_get_monotonic_time ();
  gint64 gap_us = now_us - supervisor->last_check_us;
  supervisor->last_check_us = now_us;
  while (read_message (supervisor))
    continue;
  /* When we ourselves stood still, the silence was ours. */
  gboolean was_away = gap_us > (gint64)supervisor->settings.hang_ms * 500;

  for (guint i = 0; i < supervisor->roles->len; i++) {
    Role *role = g_ptr_array_index (supervisor->roles, i);
    if (role->pid == 0 || role->is_killed_as_hung || role->state == US_ROLE_STATE_STOPPING)
      continue;
    if (was_away && role->last_beat_us != 0)
      role->last_beat_us = now_us;
    UsRoleSilence facts = { .now_us = now_us,
                            .started_us = role->started_us,
                            .last_beat_us = role->last_beat_us,
                            .hang_ms = supervisor->settings.hang_ms,
                            .start_ms = supervisor->settings.start_ms,
                            .is_starting = role->state == US_ROLE_STATE_STARTING };
    if (!us_restart_is_hung (&facts))
      continue;
    us_event (US_LOG_WARNING, US_EVENT_ROLE_HUNG,
              "%s has been silent for %" G_GINT64_FORMAT " ms: killed", role->name,
              us_restart_patience_ms (&facts));
    role->is_killed_as_hung = TRUE;
    kill (-role->pid, SIGKILL);
  }
  return G_SOURCE_CONTINUE;
}

/* A name that the kernel chooses in the abstract namespace: nothing to create, nothing to leave
 * behind, and it works where no folder is writable. */
static gboolean
open_notify_socket (UsSupervisor *supervisor, GError **error) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  socklen_t size = sizeof address;
  int yes = 1;
  supervisor->notify_fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (supervisor->notify_fd < 0
      || setsockopt (supervisor->notify_fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0
      || bind (supervisor->notify_fd, (struct sockaddr *)&address, sizeof (sa_family_t)) != 0
      || getsockname (supervisor->notify_fd, (struct sockaddr *)&address, &size) != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "cannot open a notify socket: %s", g_strerror (errno));
    return FALSE;
  }
  gsize length = size - sizeof (sa_family_t);
  supervisor->notify_path = g_strndup (address.sun_path, length);
  supervisor->notify_path[0] = '@';
  memcpy (supervisor->notify_path + 1, address.sun_path + 1, length - 1);
  return TRUE;
}

/* The set ---------------------------------------------------------------------------------------
 */

/**
 * us_supervisor_new:
 * @settings: copied
 * @handler: static
 * @user_data: for the handler
 * @error: when the notify socket cannot be opened
 *
 * Returns: (transfer full): a supervisor without roles
 */
UsSupervisor *
us_supervisor_new (const UsSupervisorSettings *settings, const UsSupervisorHandler *handler,
                   gpointer user_data, GError **error) {
  g_autoptr (UsSupervisor) supervisor = g_new0 (UsSupervisor, 1);
  supervisor->settings = *settings;
  supervisor->handler = handler;
  supervisor->user_data = user_data;
  supervisor->roles = g_ptr_array_new_with_free_func (role_free);
  if (!open_notify_socket (supervisor, error))
    return NULL;
  supervisor->notify = g_unix_fd_source_new (supervisor->notify_fd, G_IO_IN);
  g_source_set_static_name (supervisor->notify, "supervisor-notify");
  g_source_set_callback (supervisor->notify, G_SOURCE_FUNC (on_notify), supervisor, NULL);
  g_source_attach (supervisor->notify, g_main_context_get_thread_default ());
  return g_steal_pointer (&supervisor);
}

/**
 * us_supervisor_add:
 * @supervisor: the supervisor, not yet started
 * @spec: the role; copied, its descriptors are taken over
 */
void
us_supervisor_add (UsSupervisor *supervisor, const UsRoleSpec *spec) {
  g_return_if_fail (spec->n_fds <= US_CHILD_MAX_FDS);
  Role *role = g_new0 (Role, 1);
  role->supervisor = supervisor;
  role->name = g_strdup (spec->name);
  role->argv = g_strdupv ((char **)spec->argv);
  role->environment
      = spec->environment != NULL ? g_strdupv ((char **)spec->environment) : g_get_environ ();
  role->fd_names = g_new0 (char *, spec->n_fds + 1);
  for (guint i = 0; i < spec->n_fds; i++) {
    role->fds[i] = spec->fds[i];
    role->fd_names[i] = g_strdup (spec->fd_names[i]);
  }
  role->n_fds = spec->n_fds;
  role->stop_order = spec->stop_order;
  role->state = US_ROLE_STATE_WAITING;
  g_ptr_array_add (supervisor->roles, role);
}

/**
 * us_supervisor_start:
 * @supervisor: the supervisor
 * @error: when the first role's program cannot be executed at all
 *
 * Starts all roles in the order they were added.
 *
 * Returns: %FALSE when a program is missing
 */
gboolean
us_supervisor_start (UsSupervisor *supervisor, GError **error) {
  for (guint i = 0; i < supervisor->roles->len; i++) {
    const Role *role = g_ptr_array_index (supervisor->roles, i);
    if (access (role->argv[0], X_OK) != 0) {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot start %s: %s: %s",
                   role->name, role->argv[0], g_strerror (errno));
      return FALSE;
    }
  }
  guint check_ms = CLAMP (supervisor->settings.hang_ms / 10, MIN_CHECK_MS, MAX_CHECK_MS);
  supervisor->last_check_us = g_get_monotonic_time ();
  us_timer_start (&supervisor->check, check_ms, "supervisor-check", on_check, supervisor);
  for (guint i = 0; i < supervisor->roles->len; i++)
    start_role (g_ptr_array_index (supervisor->roles, i));
  return TRUE;
}

/**
 * us_supervisor_get_n_roles:
 * @supervisor: the supervisor
 *
 * Returns: how many roles were added
 */
guint
us_supervisor_get_n_roles (UsSupervisor *supervisor) {
  return supervisor->roles->len;
}

/**
 * us_supervisor_get_role:
 * @supervisor: the supervisor
 * @index: of the role, in the order they were added
 * @status: (out): facts, valid until the main loop runs again
 */
void
us_supervisor_get_role (UsSupervisor *supervisor, guint index, UsRoleStatus *status) {
  g_return_if_fail (index < supervisor->roles->len);
  const Role *role = g_ptr_array_index (supervisor->roles, index);
  *status = (UsRoleStatus){ .name = role->name,
                            .pid = role->pid,
                            .state = role->state,
                            .restarts = role->restarts,
                            .last_exit = role->last_exit,
                            .status = role->status };
}

/**
 * us_supervisor_free:
 * @supervisor: (transfer full) (nullable): kills and reaps what is left
 */
void
us_supervisor_free (UsSupervisor *supervisor) {
  if (supervisor == NULL)
    return;
  us_timer_stop (&supervisor->notify);
  us_timer_stop (&supervisor->check);
  us_timer_stop (&supervisor->grace);
  us_timer_stop (&supervisor->stopped);
  g_ptr_array_unref (supervisor->roles);
  if (supervisor->notify_fd >= 0)
    close (supervisor->notify_fd);
  g_free (supervisor->notify_path);
  g_free (supervisor);
}
