/* demo-plan.c - the settings and environment of the desk's demo
 *
 * A chain with a test picture and every setting at its default, so that a demo is the same
 * everywhere; it touches nothing of the user's (own-chain.c), and keeps all in its own folder.
 */
#include "commands/demo-plan.h"

#include "commands/options.h"
#include "commands/own-chain.h"

/**
 * us_demo_plan_make:
 * @plan: (out)
 * @config: the desk's own
 * @folder: of the demo; belongs to it alone
 */
void
us_demo_plan_make (UsDemoPlan *plan, const UsConfig *config, const char *folder) {
  g_autoptr (UsConfig) own = us_config_new (us_option_groups);
  g_autofree char *state = g_build_filename (folder, "state", NULL);
  us_own_chain_apply (own);
  us_config_set (own, US_GROUP_RUN, "publish", "true");
  us_config_set (own, US_GROUP_GENERAL, "state-dir", state);
  us_config_set (own, US_GROUP_GENERAL, "log-level", "notice");
  us_config_set (own, US_GROUP_GENERAL, "pipelines-dir",
                 us_config_get_string (config, US_GROUP_GENERAL, "pipelines-dir"));
  *plan = (UsDemoPlan){ .program = g_file_read_link ("/proc/self/exe", NULL),
                        .config = us_config_print_set (own),
                        .folder = g_strdup (folder),
                        .environment = us_own_chain_environment (folder) };
}

/* @settings: (out): points into @plan */
void
us_demo_plan_get (const UsDemoPlan *plan, UsDemoSettings *settings) {
  *settings = (UsDemoSettings){ .program = plan->program,
                                .config = plan->config,
                                .folder = plan->folder,
                                .environment = (const char *const *)plan->environment };
}

void
us_demo_plan_clear (UsDemoPlan *plan) {
  g_clear_pointer (&plan->program, g_free);
  g_clear_pointer (&plan->config, g_free);
  g_clear_pointer (&plan->folder, g_free);
  g_clear_pointer (&plan->environment, g_strfreev);
}
