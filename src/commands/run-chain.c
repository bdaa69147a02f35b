/* run-chain.c - the roles of a whole chain on this machine, under a supervisor
 *
 * What `understudy run` and `understudy desktop` have in common: run-plan.c settles addresses,
 * supervisor/ keeps the roles alive, the status file says where everything is. The roles are this
 * same program in processes of their own; their configuration is the effective one of this process,
 * handed down as their standard input. Ends by a drain, after which handler->ended() comes; freed
 * before, it kills what is left.
 */
#define US_LOG_TOPIC "run"
#include "commands/run-chain.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/route.h"
#include "base/names.h"
#include "base/timer.h"
#include "commands/command.h"
#include "commands/role.h"
#include "ingest/name.h"
#include "supervisor/status-file.h"

struct UsRunChain {
  UsConfig *config; /* the caller's */
  const UsRunChainHandler *handler;
  gpointer user_data;
  UsSupervisor *supervisor; /* nullable: not yet started */
  UsRunPlan plan;
  UsStatusFile *status_file;
  GSource *changed;
  int config_fd;
  gboolean is_draining;
};

/* Status ----------------------------------------------------------------------------------------
 */

static char *
find_status_file (const UsConfig *config) {
  const char *set = us_config_get_string (config, US_GROUP_RUN, "status-file");
  if (set[0] != '\0')
    return g_strdup (set);
  g_autofree char *folder = us_role_state_dir (config);
  g_mkdir_with_parents (folder, 0700);
  return g_build_filename (folder, "run.json", NULL);
}

static void
write_status_file (UsRunChain *self) {
  UsRoleStatus roles[US_RUN_CHAIN_MAX_ROLES];
  UsStatusUrls urls;
  guint n = us_run_chain_get_roles (self, roles);
  us_run_plan_get_urls (&self->plan, &urls);
  us_status_file_write (self->status_file, us_status_json (&urls, roles, n));
}

static gboolean
on_changed_later (gpointer data) {
  UsRunChain *self = data;
  us_timer_stop (&self->changed);
  write_status_file (self);
  self->handler->changed (self, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Several roles may change in one turn of the loop; one file is enough. */
static void
on_changed (UsSupervisor *supervisor, gpointer data) {
  UsRunChain *self = data;
  us_timer_start (&self->changed, 0, "run-changed", on_changed_later, self);
}

static void
on_stopped (UsSupervisor *supervisor, gpointer data) {
  UsRunChain *self = data;
  UsRoleStatus roles[US_RUN_CHAIN_MAX_ROLES];
  guint n = us_run_chain_get_roles (self, roles);
  int exit_code = 0;
  /* An end that was asked for is in order, whatever did not run before it. */
  for (guint i = 0; i < n && !self->is_draining; i++) {
    if (roles[i].state == US_ROLE_STATE_FAILED)
      exit_code = US_EXIT_CONFIGURATION;
  }
  self->handler->ended (self, exit_code, self->user_data);
}

static const UsSupervisorHandler supervisor_handler = { on_changed, on_stopped };

/* Roles -----------------------------------------------------------------------------------------
 */

/* Variables that would win over the configuration that is handed down. */
static char **
make_environment (void) {
  char **environment = g_environ_unsetenv (g_get_environ (), US_ENV_CONFIG);
  for (guint i = 0; us_option_groups[i] != NULL; i++) {
    for (const UsOption *option = us_option_groups[i]->options; option->key != NULL; option++) {
      if (option->environment != NULL)
        environment = g_environ_unsetenv (environment, option->environment);
    }
  }
  return environment;
}

/* The configuration as a file without a name. Opening /dev/stdin gives each child its own position
 * in it. */
static int
make_config_fd (const UsConfig *config) {
  g_autofree char *text = us_config_print (config);
  gsize size = strlen (text);
  int fd = memfd_create ("understudy.conf", MFD_CLOEXEC);
  if (fd >= 0 && write (fd, text, size) != (gssize)size) {
    close (fd);
    return -1;
  }
  return fd;
}

/* Each has a name of its own, and there are not too many. */
static gboolean
check_pulls (const UsConfig *config, GError **error) {
  g_auto (GStrv) sources = us_config_get_list (config, US_GROUP_PULL, "sources");
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; sources[i] != NULL; i++) {
    const char *url = NULL, *why = NULL;
    g_autofree char *stream = us_route_split (sources[i], &url);
    g_autofree char *shown = us_route_for_people (url);
    if (stream == NULL)
      why = "lacks its stream: NAME=URL";
    else if (us_stream_name_is_valid (stream, &why) && !g_hash_table_add (seen, g_strdup (stream)))
      why = "is there twice; one stream has one source";
    if (why == NULL && i >= US_MAX_PULLS)
      why = "is one too many; there may be 16";
    if (why != NULL) {
      g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE, "[pull] sources: '%s%s%s' %s",
                   stream != NULL ? stream : "", stream != NULL ? "=" : "", shown, why);
      return FALSE;
    }
  }
  return TRUE;
}

/* Two roles have a switch of their name in [run]. */
static gboolean
is_wanted (const UsConfig *config, const char *role) {
  gboolean has_switch
      = strcmp (role, US_GROUP_PUBLISH) == 0 || strcmp (role, US_GROUP_MONITOR) == 0;
  return !has_switch || us_config_get_bool (config, US_GROUP_RUN, role);
}

static void
add_roles (UsRunChain *self, UsConfig *config, const char *program) {
  g_auto (GStrv) environment = make_environment ();
  const char *const *env = (const char *const *)environment;
  static const char *const ingest_names[] = { "rtmp", "status", "rtmps" };
  static const char *const http_names[] = { "http" };
#define ARGV(...)                                                                                  \
  (const char *const[]) {                                                                          \
    program, __VA_ARGS__, "--config", "/dev/stdin", NULL                                           \
  }
  const UsRoleSpec roles[] = {
    { .name = US_GROUP_PRIMARY,
      .argv = ARGV ("packager", "--name", "primary"),
      .environment = env,
      .stop_order = 3 },
    { .name = US_GROUP_BACKUP,
      .argv = ARGV ("packager", "--name", "backup"),
      .environment = env,
      .stop_order = 3 },
    /* Before them: their end would be a change of sides. */
    { .name = US_GROUP_SWITCHER,
      .argv = ARGV ("switcher"),
      .environment = env,
      .fds = &self->plan.switcher_fd,
      .fd_names = http_names,
      .n_fds = 1,
      .stop_order = 2 },
    /* Ends first: an end that was asked for is no incident. */
    { .name = US_GROUP_MONITOR,
      .argv = ARGV ("monitor"),
      .environment = env,
      .fds = &self->plan.desk_fd,
      .fd_names = http_names,
      .n_fds = 1,
      .stop_order = 0 },
    { .name = US_GROUP_INGEST,
      .argv = ARGV ("ingest"),
      .environment = env,
      .fds = self->plan.ingest_fds,
      .fd_names = ingest_names,
      .n_fds = self->plan.n_ingest_fds,
      .stop_order = 1 },
    { .name = US_GROUP_PUBLISH, .argv = ARGV ("publish"), .environment = env, .stop_order = 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++) {
    if (is_wanted (config, roles[i].name))
      us_supervisor_add (self->supervisor, &roles[i]);
  }
  g_auto (GStrv) sources = us_config_get_list (config, US_GROUP_PULL, "sources");
  for (guint i = 0; sources[i] != NULL; i++) {
    const char *url = NULL;
    g_autofree char *stream = us_route_split (sources[i], &url);
    g_autofree char *name = g_strconcat (US_GROUP_PULL "-", stream, NULL);
    UsRoleSpec role = {
      .name = name, .argv = ARGV ("pull", "--stream", stream), .environment = env, .stop_order = 0
    };
    us_supervisor_add (self->supervisor, &role);
  }
#undef ARGV
}

/* Life ------------------------------------------------------------------------------------------
 */

/* Standard error goes to the log file from here on, with the lines of all roles. */
static gboolean
redirect_log (const char *path, GError **error) {
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "[run] log-file: %s: %s", path,
                 g_strerror (errno));
    return FALSE;
  }
  dup2 (fd, STDERR_FILENO);
  close (fd);
  return TRUE;
}

/**
 * us_run_chain_new:
 * @config: (inout): as for us_run_plan_make(); must outlive the chain
 * @handler: static
 * @error: what of the configuration is wrong, in a sentence
 *
 * Takes the addresses and opens the log file; nothing runs yet.
 *
 * Returns: (transfer full) (nullable): a chain to be started
 */
UsRunChain *
us_run_chain_new (UsConfig *config, const UsRunChainHandler *handler, gpointer user_data,
                  GError **error) {
  const char *log_file = us_config_get_string (config, US_GROUP_RUN, "log-file");
  g_autoptr (UsRunChain) self = g_new0 (UsRunChain, 1);
  self->config = config;
  self->handler = handler;
  self->user_data = user_data;
  self->config_fd = -1;
  if (!check_pulls (config, error) || !us_run_plan_make (&self->plan, config, error))
    return NULL;
  if (log_file[0] != '\0' && !redirect_log (log_file, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * us_run_chain_start:
 * @error: something of this machine is missing
 *
 * Starts all roles. Once, from the main loop's thread.
 *
 * Returns: %FALSE with @error
 */
gboolean
us_run_chain_start (UsRunChain *self, GError **error) {
  g_autofree char *program = g_file_read_link ("/proc/self/exe", error);
  UsSupervisorSettings settings;
  if (program == NULL)
    return FALSE;
  us_supervisor_settings_default (&settings);
  settings.hang_ms = (guint)us_config_get_duration_ms (self->config, US_GROUP_RUN, "hang-timeout");
  settings.grace_ms = (guint)us_config_get_duration_ms (self->config, US_GROUP_RUN, "stop-grace");
  settings.stdin_fd = self->config_fd = make_config_fd (self->config);
  if (self->config_fd < 0) {
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno),
                         "cannot hand the configuration down");
    return FALSE;
  }
  self->supervisor = us_supervisor_new (&settings, &supervisor_handler, self, error);
  if (self->supervisor == NULL)
    return FALSE;
  g_autofree char *status_file = find_status_file (self->config);
  self->status_file = us_status_file_new (status_file);
  add_roles (self, self->config, program);
  return us_supervisor_start (self->supervisor, error);
}

/**
 * us_run_chain_drain:
 *
 * Ends the roles in their order; handler->ended() follows.
 */
void
us_run_chain_drain (UsRunChain *self) {
  self->is_draining = TRUE;
  us_supervisor_drain (self->supervisor);
}

/**
 * us_run_chain_get_plan:
 *
 * Returns: (transfer none): where everything is
 */
const UsRunPlan *
us_run_chain_get_plan (const UsRunChain *self) {
  return &self->plan;
}

/**
 * us_run_chain_get_roles:
 * @roles: (out): facts, valid until the main loop runs again
 *
 * Returns: how many there are
 */
guint
us_run_chain_get_roles (UsRunChain *self, UsRoleStatus roles[US_RUN_CHAIN_MAX_ROLES]) {
  guint n = self->supervisor != NULL ? us_supervisor_get_n_roles (self->supervisor) : 0;
  for (guint i = 0; i < n; i++)
    us_supervisor_get_role (self->supervisor, i, &roles[i]);
  return n;
}

/**
 * us_run_chain_free:
 * @chain: (transfer full) (nullable): kills what is left
 */
void
us_run_chain_free (UsRunChain *self) {
  if (self == NULL)
    return;
  us_timer_stop (&self->changed);
  us_status_file_free (self->status_file);
  us_supervisor_free (self->supervisor);
  us_run_plan_clear (&self->plan);
  if (self->config_fd >= 0)
    close (self->config_fd);
  g_free (self);
}

const char *const us_run_chain_groups[]
    = { US_GROUP_RUN,      US_GROUP_GENERAL, US_GROUP_INGEST,  US_GROUP_PRIMARY, US_GROUP_BACKUP,
        US_GROUP_SWITCHER, US_GROUP_MONITOR, US_GROUP_PUBLISH, US_GROUP_PULL,    NULL };
