/* monitor.c - the command `understudy monitor`: options and wiring of the operations desk */
#define US_LOG_TOPIC "monitor"
#include "commands/command.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "api/api.h"
#include "base/log.h"
#include "commands/demo-plan.h"
#include "commands/role.h"
#include "commands/token.h"
#include "http/resolver.h"

/* For answers that are under way. */
#define DRAIN_MS 1000

static void
drain (UsRole *role, gpointer server) {
  us_http_server_stop (server, DRAIN_MS);
  us_role_quit (role, 0);
}

/* An empty setting is one that is not there. */
static const char *
get_text (const UsConfig *config, const char *key) {
  const char *text = us_config_get_string (config, US_GROUP_MONITOR, key);
  return text[0] != '\0' ? text : NULL;
}

static gboolean
get_bool (const UsConfig *config, const char *key) {
  return us_config_get_bool (config, US_GROUP_MONITOR, key);
}

static guint
get_number (const UsConfig *config, const char *key) {
  return (guint)us_config_get_integer (config, US_GROUP_MONITOR, key);
}

static void
read_probe (const UsConfig *config, UsMonitorSettings *monitor) {
  monitor->allow_private = get_bool (config, "allow-private");
  monitor->allow_loopback = get_bool (config, "allow-loopback");
  monitor->max_per_host = get_number (config, "max-per-host");
  monitor->max_requests = get_number (config, "max-requests");
  monitor->max_decodes = get_number (config, "max-decodes");
  monitor->thumbnail_interval_ms
      = (guint)us_config_get_duration_ms (config, US_GROUP_MONITOR, "thumbnail-interval");
  monitor->local_probe_url = get_text (config, "local-probe-url");
  monitor->pipelines = us_role_pipelines_dir (config);
}

static void
read_notifier (const UsConfig *config, UsNotifierSettings *notifier, char ***webhooks,
               char ***alertmanagers) {
  *webhooks = us_config_get_list (config, US_GROUP_MONITOR, "webhooks");
  *alertmanagers = us_config_get_list (config, US_GROUP_MONITOR, "alertmanagers");
  notifier->webhooks = (const char *const *)*webhooks;
  notifier->alertmanagers = (const char *const *)*alertmanagers;
  notifier->webhook_secret_file = get_text (config, "webhook-secret-file");
  notifier->desk_url = get_text (config, "desk-url");
  /* A receiver is the operator's own, named in his configuration. */
  notifier->allow_private = notifier->allow_loopback = TRUE;
}

static gboolean
read_chain (const UsConfig *config, UsInsideSettings *inside, char **authorization,
            GError **error) {
  const char *tokens = get_text (config, "control-token-file");
  inside->ingest_url = get_text (config, "ingest-url");
  inside->primary_url = get_text (config, "primary-url");
  inside->backup_url = get_text (config, "backup-url");
  inside->switcher_url = get_text (config, "switcher-url");
  if (tokens == NULL)
    return TRUE;
  *authorization = us_token_read (tokens, "[monitor] control-token-file", error);
  inside->control_authorization = *authorization;
  return *authorization != NULL;
}

static int
serve (UsRole *role, UsConfig *config, const UsDeskSettings *settings) {
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;
  UsHttpServerSettings http;
  us_http_server_settings_default (&http);
  us_role_read_http (config, US_GROUP_MONITOR, "http", &http, &address);
  http.max_connections = get_number (config, "max-connections");
  http.max_per_address = get_number (config, "max-connections-per-address");
  http.is_loopback_free = TRUE;
  const UsApiSettings api_settings = { .token_file = get_text (config, "token-file"),
                                       .is_reading_open = get_bool (config, "open-reading"),
                                       .cors_origin = get_text (config, "cors-origin"),
                                       .web_dir = get_text (config, "web-dir"),
                                       .desk_url = get_text (config, "desk-url") };

  /* Playlists name hosts. */
  g_autoptr (GResolver) threads = g_resolver_get_default ();
  g_autoptr (GResolver) resolver = us_resolver_new (threads);
  g_resolver_set_default (resolver);

  g_autoptr (UsDesk) desk = us_desk_new (settings, &error);
  if (desk == NULL)
    return us_role_refuse (config, US_GROUP_MONITOR, error);
  g_autoptr (UsHttpServer) server = us_http_server_new (&http, &error);
  if (server == NULL)
    return us_role_refuse (config, US_GROUP_MONITOR, error);
  g_autoptr (UsApi) api = us_api_new (&api_settings, desk, server, &error);
  int code;
  if (api == NULL || !us_http_server_start (server, &error)) {
    code = us_role_refuse (config, US_GROUP_MONITOR, error);
  } else {
    us_monitor_set_own_port (us_desk_get_monitor (desk), us_http_server_get_port (server));
    us_desk_start (desk);
    us_info ("desk at port %u, history in %s", us_http_server_get_port (server),
             settings->state_dir);
    code = us_role_run (role, drain, server);
  }
  /* No request comes to the interface any more, whatever ended the role. */
  us_http_server_stop (server, 0);
  return code;
}

static int
run (UsConfig *config, const UsCommand *command) {
  g_autoptr (UsRole) role = us_role_new (command->own_group, config);
  g_autofree char *base_dir = us_role_state_dir (config);
  g_autofree char *state_dir = g_build_filename (base_dir, "desk", NULL);
  g_autofree char *demo_dir = g_build_filename (state_dir, "demo", NULL);
  g_auto (UsDemoPlan) demo = { 0 };
  g_auto (GStrv) webhooks = NULL, alertmanagers = NULL;
  g_autofree char *authorization = NULL;
  g_autoptr (GError) error = NULL;
  UsDeskSettings settings;
  us_desk_settings_default (&settings);
  settings.state_dir = state_dir;
  settings.store.retention_days = get_number (config, "retention-days");
  settings.store.history_days = get_number (config, "history-days");
  read_probe (config, &settings.monitor);
  read_notifier (config, &settings.notifier, &webhooks, &alertmanagers);
  if (!read_chain (config, &settings.inside, &authorization, &error))
    return us_command_refuse ("%s", error->message);
  us_demo_plan_make (&demo, config, demo_dir);
  us_demo_plan_get (&demo, &settings.demo);
  if (g_mkdir_with_parents (state_dir, 0700) != 0) {
    us_command_refuse ("[general] state-dir: %s: %s", state_dir, g_strerror (errno));
    return US_EXIT_FAILURE; /* as for what cannot be opened in it, us_command_end_code() */
  }
  return serve (role, config, &settings);
}

static const char *const groups[] = { US_GROUP_MONITOR, US_GROUP_GENERAL, NULL };

const UsCommand us_command_monitor = {
  .name = "monitor",
  .own_group = US_GROUP_MONITOR,
  .groups = groups,
  .usage = "[OPTIONS]",
  .summary = "watches streams as viewers do: health, incidents, causes, history",
  .description
  = "Asks for HLS streams the way viewers do, says what is wrong with them and why, and keeps\n"
    "incidents and their history. Streams are added over its REST interface, or by\n"
    "`understudy ctl add`; those of our own chain are there by themselves.",
  .examples = "  understudy monitor\n"
              "  understudy monitor --http 127.0.0.1:9000 --webhooks https://chat.example/hook\n",
  .run = run,
};
