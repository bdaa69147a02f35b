/* own-chain.c - settings of a chain that runs beside the user's and touches nothing of it
 *
 * A rehearsal's or a demo's: every address is a free port of loopback, no bus is joined, nothing is
 * pushed anywhere, no desk watches, nobody publishes but whom its owner starts.
 */
#include "commands/own-chain.h"

#include <string.h>

#include "base/names.h"
#include "commands/options.h"

#define ANY_PORT "127.0.0.1:0"

/* Settings that say where things are; NULL: left to `understudy run`, which lets it follow the
 * ports. What is not in the tables of this build is left out. */
static const struct {
  const char *group, *key, *value;
} own_places[] = {
  { US_GROUP_RUN, "publish", "false" },
  { US_GROUP_RUN, "log-file", "" },
  { US_GROUP_INGEST, "rtmp", ANY_PORT },
  { US_GROUP_INGEST, "status", ANY_PORT },
  { US_GROUP_INGEST, "relay", NULL },
  { US_GROUP_INGEST, "push", "" },
  { US_GROUP_INGEST, "keys-file", "" },
  { US_GROUP_INGEST, "on-publish", "" },
  { US_GROUP_INGEST, "on-publish-done", "" },
  { US_GROUP_INGEST, "rtmps", "" },
  { US_GROUP_INGEST, "rtmps-certificate", "" },
  { US_GROUP_INGEST, "rtmps-key", "" },
  { US_GROUP_PRIMARY, "rtmp", ANY_PORT },
  { US_GROUP_PRIMARY, "http", ANY_PORT },
  { US_GROUP_BACKUP, "rtmp", ANY_PORT },
  { US_GROUP_BACKUP, "http", ANY_PORT },
  { US_GROUP_SWITCHER, "http", ANY_PORT },
  { US_GROUP_SWITCHER, "primary-base-url", NULL },
  { US_GROUP_SWITCHER, "backup-base-url", NULL },
  { US_GROUP_PUBLISH, "url", NULL },
  { US_GROUP_PULL, "url", "" },
  { US_GROUP_PULL, "sources", "" },
  { US_GROUP_PULL, "to", NULL },
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

/**
 * us_own_chain_apply:
 * @config: (inout): all that is left to set are folders and files
 */
void
us_own_chain_apply (UsConfig *config) {
  for (guint i = 0; i < G_N_ELEMENTS (own_places); i++) {
    const char *group = own_places[i].group, *key = own_places[i].key;
    if (!has_option (group, key))
      continue;
    if (own_places[i].value != NULL)
      us_config_set (config, group, key, own_places[i].value);
    else
      us_config_reset (config, group, key);
  }
}

/**
 * us_own_chain_environment:
 * @folder: of its own, for whatever would be kept in the user's
 *
 * Returns: (transfer full): without variables that would win over a configuration file, or lead out
 *   of @folder
 */
char **
us_own_chain_environment (const char *folder) {
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
