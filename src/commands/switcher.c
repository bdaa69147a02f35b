/* switcher.c - the command `understudy switcher`: options and wiring of the viewers' address */
#include "switcher/switcher.h"

#include "commands/command.h"
#include "commands/role.h"

/* For responses that are under way. */
#define DRAIN_MS 2000

static void
drain (UsRole *role, gpointer switcher) {
  us_switcher_drain (switcher, DRAIN_MS);
  us_role_quit (role, 0);
}

static int
run (UsConfig *config, const UsCommand *command) {
  const char *group = command->own_group;
  g_autoptr (UsRole) role = us_role_new (group, config);
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  UsSwitcherSettings settings;

  us_switcher_settings_default (&settings);
  us_role_read_http (config, group, "http", &settings.http, &address);
  settings.http.max_connections = (guint)us_config_get_integer (config, group, "max-connections");
  settings.http.max_per_address
      = (guint)us_config_get_integer (config, group, "max-connections-per-address");
  settings.primary_base_url = us_config_get_string (config, group, "primary-base-url");
  settings.backup_base_url = us_config_get_string (config, group, "backup-base-url");
  settings.playlist_path = us_config_get_string (config, group, "playlist-path");
  settings.check_interval_s
      = (guint)us_config_get_integer (config, group, "check-interval-seconds");
  settings.segment_age_threshold_s
      = (guint)us_config_get_integer (config, group, "segment-age-threshold-seconds");
  settings.required_windows = (guint)us_config_get_integer (config, group, "required-windows");
  settings.default_stream = us_config_get_string (config, US_GROUP_GENERAL, "default-stream");
  settings.playlist_length
      = (guint)us_config_get_integer (config, US_GROUP_GENERAL, "playlist-length");
  settings.max_streams = (guint)us_config_get_integer (config, group, "max-streams");
  settings.segment_megabytes = (guint)us_config_get_integer (config, group, "segment-megabytes");
  settings.unknown_stream_ms
      = (guint)us_config_get_duration_ms (config, group, "unknown-stream-wait");
  settings.has_self_verdict = us_config_get_bool (config, group, "self-verdict");
  settings.is_standby_off
      = g_strcmp0 (us_config_get_string (config, group, "standby-fetch"), "off") == 0;
  us_failback_from_word (us_config_get_string (config, group, "failback"), &settings.failback);
  g_autofree char *state_dir = us_role_state_dir (config);
  g_autofree char *drill_dir = g_build_filename (state_dir, "drills", NULL);
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *drill_config = us_config_print_set (config);
  settings.console = (UsConsoleSettings){ .has_http = us_config_get_bool (config, group, "control"),
                                          .token_file = us_config_get_string (config, group,
                                                                              "control-token-file"),
                                          .bus = us_config_get_string (config, group, "bus"),
                                          .program = program,
                                          .drill_dir = drill_dir,
                                          .pipelines = us_role_pipelines_dir (config),
                                          .config = drill_config };

  g_autoptr (UsSwitcher) switcher = us_switcher_new (&settings, &error);
  if (switcher == NULL || !us_switcher_start (switcher, &error))
    return us_role_refuse (config, group, error);
  return us_role_run (role, drain, switcher);
}

static const char *const groups[] = { US_GROUP_SWITCHER, US_GROUP_GENERAL, NULL };

const UsCommand us_command_switcher = {
  .name = "switcher",
  .own_group = US_GROUP_SWITCHER,
  .groups = groups,
  .usage = "[OPTIONS]",
  .summary = "one URL for viewers in front of two origins",
  .description
  = "Follows two origins and serves viewers from one address; what fails behind it, they "
    "do not see.",
  .examples
  = "  understudy switcher\n"
    "  PRIMARY_BASE_URL=http://10.0.0.2/hls BACKUP_BASE_URL=http://10.0.0.3/hls understudy "
    "switcher\n",
  .run = run,
};
