/* drill-plan.c - where a rehearsal's own processes keep what, and what they are told
 *
 * A rehearsal touches nothing of the user's (own-chain.c); state and status live in a temporary
 * folder that goes with the plan. All other settings are the user's, so that what is rehearsed is
 * what will run.
 */
#include "commands/drill-plan.h"

#include <string.h>
#include <unistd.h>

#include "base/folder.h"
#include "commands/options.h"
#include "commands/own-chain.h"
#include "commands/role.h"
#include "supervisor/listen.h"

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
  us_own_chain_apply (config);
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
  plan->environment = us_own_chain_environment (plan->folder);
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

/**
 * us_drill_plan_clear:
 * @plan: its relays and its temporary folder go with it; after the chain
 */
void
us_drill_plan_clear (UsDrillPlan *plan) {
  if (plan->folder != NULL)
    us_folder_remove (plan->folder);
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
