/* supervisor.h - keeps a set of child processes running, and ends them in order */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsSupervisor: owned by main() of `understudy run`, on its main loop. Children never outlive it:
 * us_supervisor_free() kills them, and so does the death of the process. */
typedef struct UsSupervisor UsSupervisor;

typedef struct {
  guint hang_ms;    /* longest silence of a role before it is killed */
  guint start_ms;   /* the same before it is ready */
  guint grace_ms;   /* from SIGTERM to SIGKILL when draining */
  guint healthy_ms; /* a life this long makes up for earlier failures */
  int stdin_fd;     /* standard input of the roles, -1: none */
  int stderr_fd;    /* standard output and error of the roles, -1: the supervisor's */
} UsSupervisorSettings;

void us_supervisor_settings_default (UsSupervisorSettings *settings);

/* UsRoleSpec: copied. @fds: (transfer full): listening sockets the role inherits, by @fd_names; the
 * supervisor keeps them open across restarts. @stop_order: lower ends first. */
typedef struct {
  const char *name;
  const char *const *argv;
  const char *const *environment; /* nullable: the supervisor's own */
  const int *fds;
  const char *const *fd_names;
  guint n_fds;
  guint stop_order;
} UsRoleSpec;

typedef enum {
  US_ROLE_STATE_STARTING, /* its process runs but has not said that it is ready */
  US_ROLE_STATE_RUNNING,
  US_ROLE_STATE_WAITING, /* dead, a restart is due */
  US_ROLE_STATE_STOPPING,
  US_ROLE_STATE_STOPPED,
  US_ROLE_STATE_FAILED, /* its configuration is wrong; not started again */
} UsRoleState;
const char *us_role_state_word (UsRoleState state);

typedef struct {
  const char *name;
  GPid pid; /* 0 when there is no process */
  UsRoleState state;
  guint restarts;
  const char *last_exit; /* nullable: how the previous process ended */
  const char *status;    /* nullable: what the role says about itself */
} UsRoleStatus;

/* @changed: the state of some role is another one; @stopped: all roles are stopped or failed */
typedef struct {
  void (*changed) (UsSupervisor *supervisor, gpointer user_data);
  void (*stopped) (UsSupervisor *supervisor, gpointer user_data);
} UsSupervisorHandler;

UsSupervisor *us_supervisor_new (const UsSupervisorSettings *settings,
                                 const UsSupervisorHandler *handler, gpointer user_data,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_supervisor_add (UsSupervisor *supervisor, const UsRoleSpec *spec);
gboolean us_supervisor_start (UsSupervisor *supervisor, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_supervisor_drain (UsSupervisor *supervisor);
void us_supervisor_kill (UsSupervisor *supervisor);
guint us_supervisor_get_n_roles (UsSupervisor *supervisor);
void us_supervisor_get_role (UsSupervisor *supervisor, guint index, UsRoleStatus *status);
void us_supervisor_free (UsSupervisor *supervisor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsSupervisor, us_supervisor_free)

G_END_DECLS
