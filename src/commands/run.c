/* run.c - the command `understudy run`: the whole chain on one machine from one command
 *
 * Wiring only: run-plan.c settles addresses, supervisor/ keeps the roles alive, status.c and
 * terminal.c show them. The roles are this same program in processes of their own; their
 * configuration is the effective one of this process, handed down as their standard input.
 */
#define US_LOG_TOPIC "run"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/log.h"
#include "base/names.h"
#include "commands/command.h"
#include "commands/role.h"
#include "commands/run-plan.h"
#include "http/client.h"
#include "supervisor/status.h"
#include "supervisor/supervisor.h"
#include "supervisor/terminal.h"

#define REFRESH_MS 1000
#define MAX_ROLES 8

typedef struct {
  UsRole *role;
  UsSupervisor *supervisor;
  UsTerminal *terminal; /* (nullable): standard output is none */
  UsRunPlan plan;
  UsStatus *status;
  UsHttpClient *client;
  GCancellable *cancellable;
  char *status_file;
  char *last_line; /* shown when there is no terminal */
  GSource *refresh, *changed;
  guint n_pending; /* requests under way */
  gboolean is_ending;
} Run;

/* Showing ---------------------------------------------------------------------------------------
 */

static guint
get_roles (Run *run, UsRoleStatus roles[MAX_ROLES]) {
  guint n = us_supervisor_get_n_roles (run->supervisor);
  for (guint i = 0; i < n; i++)
    us_supervisor_get_role (run->supervisor, i, &roles[i]);
  return n;
}

static void
show (Run *run) {
  UsRoleStatus roles[MAX_ROLES];
  UsStatusUrls urls;
  guint n = get_roles (run, roles);
  us_run_plan_get_urls (&run->plan, &urls);
  if (run->terminal != NULL) {
    g_autofree char *block = us_status_block (run->status, &urls, roles, n);
    us_terminal_show (run->terminal, block);
    return;
  }
  g_autofree char *line = us_status_line (run->status);
  if (g_strcmp0 (line, run->last_line) == 0)
    return;
  printf ("%s\n", line);
  fflush (stdout);
  g_free (run->last_line);
  run->last_line = g_steal_pointer (&line);
}

static void
write_status_file (Run *run) {
  UsRoleStatus roles[MAX_ROLES];
  UsStatusUrls urls;
  g_autoptr (GError) error = NULL;
  guint n = get_roles (run, roles);
  us_run_plan_get_urls (&run->plan, &urls);
  g_autofree char *json = us_status_json (&urls, roles, n);
  if (!g_file_set_contents (run->status_file, json, -1, &error))
    us_warning ("cannot write the status file: %s", error->message);
}

static gboolean
on_changed_later (gpointer data) {
  Run *run = data;
  g_clear_pointer (&run->changed, g_source_unref);
  write_status_file (run);
  if (run->terminal != NULL)
    show (run);
  return G_SOURCE_REMOVE;
}

/* Several roles may change in one turn of the loop; one file is enough. */
static void
on_changed (UsSupervisor *supervisor, gpointer data) {
  Run *run = data;
  if (run->changed != NULL)
    return;
  run->changed = g_idle_source_new ();
  g_source_set_static_name (run->changed, "run-changed");
  g_source_set_callback (run->changed, on_changed_later, run, NULL);
  g_source_attach (run->changed, NULL);
}

/* Asking the roles ------------------------------------------------------------------------------
 */

typedef enum { ASK_INGEST, ASK_SWITCHER, ASK_METRICS, N_ASKS } Ask;

typedef struct {
  Run *run;
  Ask ask;
} Question;

static void
on_answer (GObject *client, GAsyncResult *result, gpointer data) {
  g_autofree Question *question = data;
  Run *run = question->run;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (client), result, NULL);
  GBytes *body = reply != NULL ? reply->body : NULL;
  run->n_pending--;
  switch (question->ask) {
  case ASK_INGEST:
    us_status_take_ingest (run->status, body);
    break;
  case ASK_SWITCHER:
    us_status_take_switcher (run->status, body, reply != NULL && reply->status == 200);
    break;
  case ASK_METRICS:
    us_status_take_metrics (run->status, body);
    break;
  case N_ASKS:
  default:
    break;
  }
  if (run->n_pending == 0 && !run->is_ending)
    show (run);
}

static gboolean
on_refresh (gpointer data) {
  Run *run = data;
  UsHttpFetch fetch = { .connect_timeout_ms = REFRESH_MS,
                        .first_byte_timeout_ms = REFRESH_MS,
                        .deadline_ms = REFRESH_MS,
                        .max_bytes = 1024 * 1024 };
  if (run->n_pending > 0)
    return G_SOURCE_CONTINUE;
  for (Ask ask = 0; ask < N_ASKS; ask++) {
    Question *question = g_new0 (Question, 1);
    const char *path = ask == ASK_SWITCHER ? "/healthz" : "/metrics";
    g_autofree char *url = ask == ASK_INGEST ? g_strdup (run->plan.ingest_status)
                                             : g_strconcat (run->plan.switcher, path, NULL);
    question->run = run;
    question->ask = ask;
    run->n_pending++;
    us_http_client_fetch_async (run->client, url, &fetch, run->cancellable, on_answer, question);
  }
  return G_SOURCE_CONTINUE;
}

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

/* Two roles have a switch of their name in [run]. */
static gboolean
is_wanted (const UsConfig *config, const char *role) {
  gboolean has_switch
      = strcmp (role, US_GROUP_PUBLISH) == 0 || strcmp (role, US_GROUP_MONITOR) == 0;
  return !has_switch || us_config_get_bool (config, US_GROUP_RUN, role);
}

static void
add_roles (Run *run, UsConfig *config, const char *program) {
  g_auto (GStrv) environment = make_environment ();
  const char *const *env = (const char *const *)environment;
  static const char *const ingest_names[] = { "rtmp", "status" };
  static const char *const http_names[] = { "http" };
#define ARGV(...)                                                                                  \
  (const char *const[]) {                                                                          \
    program, __VA_ARGS__, "--config", "/dev/stdin", NULL                                           \
  }
  const UsRoleSpec roles[] = {
    { .name = US_GROUP_PRIMARY,
      .argv = ARGV ("packager", "--name", "primary"),
      .environment = env,
      .stop_order = 2 },
    { .name = US_GROUP_BACKUP,
      .argv = ARGV ("packager", "--name", "backup"),
      .environment = env,
      .stop_order = 2 },
    { .name = US_GROUP_SWITCHER,
      .argv = ARGV ("switcher"),
      .environment = env,
      .fds = &run->plan.switcher_fd,
      .fd_names = http_names,
      .n_fds = 1,
      .stop_order = 3 },
    /* Ends first: an end that was asked for is no incident. */
    { .name = US_GROUP_MONITOR,
      .argv = ARGV ("monitor"),
      .environment = env,
      .fds = &run->plan.desk_fd,
      .fd_names = http_names,
      .n_fds = 1,
      .stop_order = 0 },
    { .name = US_GROUP_INGEST,
      .argv = ARGV ("ingest"),
      .environment = env,
      .fds = run->plan.ingest_fds,
      .fd_names = ingest_names,
      .n_fds = 2,
      .stop_order = 1 },
    { .name = US_GROUP_PUBLISH, .argv = ARGV ("publish"), .environment = env, .stop_order = 0 },
  };
#undef ARGV
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++) {
    if (is_wanted (config, roles[i].name))
      us_supervisor_add (run->supervisor, &roles[i]);
  }
}

static void
on_stopped (UsSupervisor *supervisor, gpointer data) {
  Run *run = data;
  UsRoleStatus roles[MAX_ROLES];
  guint n = get_roles (run, roles);
  int exit_code = 0;
  for (guint i = 0; i < n; i++) {
    if (roles[i].state == US_ROLE_STATE_FAILED)
      exit_code = US_EXIT_CONFIGURATION;
  }
  us_role_quit (run->role, exit_code);
}

static void
drain (UsRole *role, gpointer data) {
  us_supervisor_drain (((Run *)data)->supervisor);
}

static const UsSupervisorHandler handler = { on_changed, on_stopped };

/* Standard error goes to the log file from here on, with the lines of all roles. */
static int
redirect_log (const char *path) {
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return us_command_refuse ("[run] log-file: %s: %s", path, g_strerror (errno));
  dup2 (fd, STDERR_FILENO);
  close (fd);
  return 0;
}

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
run_clear (Run *run) {
  run->is_ending = TRUE;
  if (run->refresh != NULL) {
    g_source_destroy (run->refresh);
    g_source_unref (run->refresh);
  }
  g_cancellable_cancel (run->cancellable);
  while (run->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
  if (run->changed != NULL) {
    g_source_destroy (run->changed);
    g_source_unref (run->changed);
  }
  g_unlink (run->status_file);
  us_supervisor_free (run->supervisor);
  us_terminal_free (run->terminal);
  us_status_free (run->status);
  us_run_plan_clear (&run->plan);
  g_clear_object (&run->client);
  g_clear_object (&run->cancellable);
  g_free (run->status_file);
  g_free (run->last_line);
}

static void
watch_roles (Run *run) {
  run->status = us_status_new ();
  run->client = us_http_client_new (US_PROGRAM "/" US_VERSION);
  run->cancellable = g_cancellable_new ();
  run->refresh = g_timeout_source_new (REFRESH_MS);
  g_source_set_static_name (run->refresh, "run-refresh");
  g_source_set_callback (run->refresh, on_refresh, run, NULL);
  g_source_attach (run->refresh, NULL);
}

static int
run_chain (UsConfig *config, const UsCommand *command) {
  g_autoptr (UsRole) role = us_role_new (command->own_group, config);
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  const char *log_file = us_config_get_string (config, US_GROUP_RUN, "log-file");
  Run run = { .role = role };
  UsSupervisorSettings settings;

  if (program == NULL)
    return us_command_refuse ("cannot find the own program in /proc/self/exe");
  if (!us_run_plan_make (&run.plan, config, &error))
    return us_command_refuse ("%s", error->message);
  if (log_file[0] != '\0' && redirect_log (log_file) != 0) {
    us_run_plan_clear (&run.plan);
    return US_EXIT_CONFIGURATION;
  }
  us_supervisor_settings_default (&settings);
  settings.hang_ms = (guint)us_config_get_duration_ms (config, US_GROUP_RUN, "hang-timeout");
  settings.grace_ms = (guint)us_config_get_duration_ms (config, US_GROUP_RUN, "stop-grace");
  settings.stdin_fd = make_config_fd (config);
  run.supervisor = us_supervisor_new (&settings, &handler, &run, &error);
  if (run.supervisor == NULL || settings.stdin_fd < 0) {
    us_error ("%s", error != NULL ? error->message : "cannot hand the configuration down");
    return US_EXIT_FAILURE;
  }
  run.status_file = find_status_file (config);
  printf ("watch    %s\npublish  %s\n", run.plan.viewer, run.plan.publish);
  if (run.plan.desk != NULL)
    printf ("desk     %s\n", run.plan.desk);
  fflush (stdout);
  run.terminal = us_terminal_new ();
  watch_roles (&run);
  add_roles (&run, config, program);
  int exit_code = US_EXIT_FAILURE;
  if (us_supervisor_start (run.supervisor, &error))
    exit_code = us_role_run (role, drain, &run);
  else
    us_error ("%s", error->message);
  run_clear (&run);
  close (settings.stdin_fd);
  return exit_code;
}

static const char *const groups[] = { US_GROUP_RUN,     US_GROUP_GENERAL, US_GROUP_INGEST,
                                      US_GROUP_PRIMARY, US_GROUP_BACKUP,  US_GROUP_SWITCHER,
                                      US_GROUP_MONITOR, US_GROUP_PUBLISH, NULL };

const UsCommand us_command_run = {
  .name = "run",
  .own_group = US_GROUP_RUN,
  .groups = groups,
  .usage = "[OPTIONS]",
  .summary = "the whole chain on this machine, watched and restarted",
  .description
  = "Starts ingest, two packagers with their origins, the switcher, the operations desk and a "
    "test\npublisher as processes of their own, restarts what dies, kills what hangs, and shows "
    "what "
    "happens.",
  .examples
  = "  understudy run\n"
    "  understudy run --no-publish --switcher.http 0.0.0.0:9080 --log-file understudy.log\n",
  .run = run_chain,
};
