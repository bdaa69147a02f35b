/* drill-plan.c - where a rehearsal's own processes keep what, and what they are told
 *
 * A rehearsal touches nothing of the user's: every address is a free port of loopback, state and
 * status live in a temporary folder that goes with the plan, no bus is joined, nothing is pushed
 * anywhere. All other settings are the user's, so that what is rehearsed is what will run.
 */
#include "commands/drill-plan.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "commands/options.h"
#include "commands/role.h"
#include "supervisor/listen.h"

#define ANY_PORT "127.0.0.1:0"

/* Settings that say where things are. What is not in the tables of this build is left out. */
static const struct {
  const char *group, *key, *value;
} own_places[] = {
  { US_GROUP_RUN, "publish", "false" },
  { US_GROUP_RUN, "log-file", "" },
  { US_GROUP_INGEST, "rtmp", ANY_PORT },
  { US_GROUP_INGEST, "status", ANY_PORT },
  { US_GROUP_INGEST, "push", "" },
  { US_GROUP_PRIMARY, "rtmp", ANY_PORT },
  { US_GROUP_PRIMARY, "http", ANY_PORT },
  { US_GROUP_BACKUP, "rtmp", ANY_PORT },
  { US_GROUP_BACKUP, "http", ANY_PORT },
  { US_GROUP_SWITCHER, "http", ANY_PORT },
  { US_GROUP_RUN, "monitor", "false" },
  { US_GROUP_SWITCHER, "bus", "none" },
  { US_GROUP_SWITCHER, "control-token-file", "" },
};

static gboolean
has_option (const char *group, const char *key) {
  for (guint i = 0; us_option_groups[i] != NULL; i++) {
    if (strcmp (us_option_groups[i]->name, group) != 0)
      continue;
    for (const UsOption *option = us_option_groups[i]->options; option->key != NULL; option++) {
      if (strcmp (option->key, key) == 0)
        return TRUE;
    }
  }
  return FALSE;
}

/* Variables that would win over the file, or lead out of the temporary folder. */
static char **
make_environment (const char *folder) {
  char **environment = g_environ_unsetenv (g_get_environ (), US_ENV_CONFIG);
  for (guint i = 0; us_option_groups[i] != NULL; i++) {
    for (const UsOption *option = us_option_groups[i]->options; option->key != NULL; option++) {
      if (option->environment != NULL && strcmp (option->environment, US_ENV_PIPELINES) != 0)
        environment = g_environ_unsetenv (environment, option->environment);
    }
  }
  environment = g_environ_unsetenv (environment, "STATE_DIRECTORY");
  environment = g_environ_unsetenv (environment, "NOTIFY_SOCKET");
  return g_environ_setenv (environment, "XDG_STATE_HOME", folder, TRUE);
}

static gboolean
make_relays (UsDrillPlan *plan, UsConfig *config, GError **error) {
  static const char *const keys[] = { "primary-base-url", "backup-base-url" };
  for (guint i = 0; i < US_N_SIDES; i++) {
    plan->relays[i] = us_drill_relay_new (error);
    if (plan->relays[i] == NULL)
      return FALSE;
    g_autoptr (GUri) uri
        = plan->origins[i] != NULL ? g_uri_parse (plan->origins[i], G_URI_FLAGS_NONE, NULL) : NULL;
    g_autofree char *url
        = g_strdup_printf ("http://127.0.0.1:%u%s", us_drill_relay_get_port (plan->relays[i]),
                           uri != NULL ? g_uri_get_path (uri) : "/hls");
    us_config_set (config, US_GROUP_SWITCHER, keys[i], url);
    if (plan->origins[i] != NULL
        && !us_drill_relay_set_origin (plan->relays[i], plan->origins[i], error))
      return FALSE;
  }
  return TRUE;
}

/* A switcher that runs alone does not say which port it got, so it is given one that was free a
 * moment ago. */
static gboolean
choose_viewer_port (UsDrillPlan *plan, UsConfig *config, GError **error) {
  guint16 port = 0;
  int fd = us_listen_hold ("127.0.0.1", &port, error);
  if (fd < 0)
    return FALSE;
  close (fd);
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%u", port);
  us_config_set (config, US_GROUP_SWITCHER, "http", address);
  plan->switcher = g_strdup_printf ("http://%s", address);
  plan->viewer
      = g_strdup_printf ("%s/hls/%s", plan->switcher,
                         us_config_get_string (config, US_GROUP_SWITCHER, "playlist-path"));
  return TRUE;
}

static void
apply_settings (const UsDrillPlan *plan, UsConfig *config) {
  g_autofree char *state = g_build_filename (plan->folder, "state", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (own_places); i++) {
    if (has_option (own_places[i].group, own_places[i].key))
      us_config_set (config, own_places[i].group, own_places[i].key, own_places[i].value);
  }
  us_config_set (config, US_GROUP_GENERAL, "state-dir", state);
  us_config_set (config, US_GROUP_RUN, "status-file", plan->status_path);
  us_config_set (config, US_GROUP_PUBLISH, "file",
                 us_config_get_string (config, US_GROUP_DRILL, "file"));
  if (strcmp (us_config_get_string (config, US_GROUP_DRILL, "pair"), "transcoded") == 0) {
    us_config_set (config, US_GROUP_PRIMARY, "pipeline", "packager-x264");
    us_config_set (config, US_GROUP_BACKUP, "pipeline", "packager-x264");
  }
}

static char *
find_live_status (const UsConfig *config) {
  const char *set = us_config_get_string (config, US_GROUP_RUN, "status-file");
  g_autofree char *folder = us_role_state_dir (config);
  return set[0] != '\0' ? g_strdup (set) : g_build_filename (folder, "run.json", NULL);
}

static char *
get_origin (const UsConfig *config, const char *key) {
  const char *url = us_config_get_string (config, US_GROUP_DRILL, key);
  gsize n = strlen (url);
  while (n > 0 && url[n - 1] == '/')
    n--;
  return n > 0 ? g_strndup (url, n) : NULL;
}

/**
 * us_drill_plan_make:
 * @plan: (out): us_drill_plan_clear() it, also after an error
 * @config: (inout): the user's settings become those of the rehearsal
 * @error: when a port, a folder or an address cannot be had
 */
gboolean
us_drill_plan_make (UsDrillPlan *plan, UsConfig *config, GError **error) {
  *plan = (UsDrillPlan){ .program = g_file_read_link ("/proc/self/exe", error) };
  if (plan->program == NULL)
    return FALSE;
  if (us_config_get_bool (config, US_GROUP_DRILL, "live")) {
    plan->kind = US_CHAIN_LIVE;
    plan->status_path = find_live_status (config);
    return TRUE;
  }
  plan->origins[US_SIDE_PRIMARY] = get_origin (config, "primary-url");
  plan->origins[US_SIDE_BACKUP] = get_origin (config, "backup-url");
  plan->kind = plan->origins[US_SIDE_PRIMARY] != NULL ? US_CHAIN_SWITCHER : US_CHAIN_OWN;
  plan->folder = g_dir_make_tmp ("understudy-drill-XXXXXX", error);
  if (plan->folder == NULL)
    return FALSE;
  plan->config_path = g_build_filename (plan->folder, "understudy.conf", NULL);
  plan->status_path = g_build_filename (plan->folder, "run.json", NULL);
  plan->environment = make_environment (plan->folder);
  apply_settings (plan, config);
  if (!make_relays (plan, config, error)
      || (plan->kind == US_CHAIN_SWITCHER && !choose_viewer_port (plan, config, error)))
    return FALSE;
  g_autofree char *text = us_config_print_set (config);
  return g_file_set_contents (plan->config_path, text, -1, error);
}

static const char *
get_file (const UsConfig *config, const char *key) {
  const char *path = us_config_get_string (config, US_GROUP_DRILL, key);
  return path[0] != '\0' ? path : NULL;
}

/**
 * us_drill_plan_chain:
 * @log_fd: for the output of children
 * @settings: (out): points into @plan and @config
 */
void
us_drill_plan_chain (const UsDrillPlan *plan, const UsConfig *config, int log_fd,
                     UsChainSettings *settings) {
  *settings = (UsChainSettings){ .kind = plan->kind,
                                 .program = plan->program,
                                 .environment = (const char *const *)plan->environment,
                                 .config_path = plan->config_path,
                                 .status_path = plan->status_path,
                                 .log_fd = log_fd,
                                 .viewer_url = plan->viewer,
                                 .switcher_url = plan->switcher,
                                 .packager_pid_files = { get_file (config, "primary-pid"),
                                                         get_file (config, "backup-pid") },
                                 .encoder_pid_file = get_file (config, "encoder-pid"),
                                 .ingest_pid_file = get_file (config, "ingest-pid") };
}

/* A folder and what is in it; links are removed, not followed. */
static void
remove_tree (const char *path) {
  g_autoptr (GDir) folder
      = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    remove_tree (child);
  }
  g_remove (path);
}

/**
 * us_drill_plan_clear:
 * @plan: its relays and its temporary folder go with it; after the chain
 */
void
us_drill_plan_clear (UsDrillPlan *plan) {
  if (plan->folder != NULL)
    remove_tree (plan->folder);
  for (guint i = 0; i < US_N_SIDES; i++) {
    g_clear_pointer (&plan->relays[i], us_drill_relay_free);
    g_clear_pointer (&plan->origins[i], g_free);
  }
  g_strfreev (plan->environment);
  g_free (plan->program);
  g_free (plan->folder);
  g_free (plan->config_path);
  g_free (plan->status_path);
  g_free (plan->viewer);
  g_free (plan->switcher);
}
