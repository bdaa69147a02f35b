/* ingest.c - the command `understudy ingest`: options and wiring of the RTMP ingest */
#include "ingest/ingest.h"

#include "commands/command.h"
#include "commands/role.h"

static void
on_drained (gpointer role) {
  us_role_quit (role, 0);
}

static void
drain (UsRole *role, gpointer ingest) {
  us_ingest_drain (ingest, on_drained, role);
}

static int
run (UsConfig *config, const UsCommand *command) {
  const char *group = command->own_group;
  g_autoptr (UsRole) role = us_role_new (group, config);
  g_autoptr (GError) error = NULL;
  g_autofree char *rtmp_address = NULL;
  g_autofree char *status_address = NULL;
  g_autofree char *state_dir = us_role_state_dir (config);
  g_auto (GStrv) relay = us_config_get_list (config, group, "relay");
  g_auto (GStrv) push = us_config_get_list (config, group, "push");
  UsIngestSettings settings;

  us_ingest_settings_default (&settings);
  us_role_read_rtmp (config, group, "rtmp", &settings.rtmp, &rtmp_address);
  us_role_read_http (config, group, "status", &settings.status, &status_address);
  settings.rtmp.max_connections = (guint)us_config_get_integer (config, group, "max-connections");
  settings.rtmp.max_per_address
      = (guint)us_config_get_integer (config, group, "max-connections-per-address");
  settings.segment_duration_ms
      = (guint)us_config_get_duration_ms (config, US_GROUP_GENERAL, "segment-duration");
  settings.target_duration_s = (guint)us_config_get_integer (config, group, "target-duration");
  settings.playlist_length
      = (guint)us_config_get_integer (config, US_GROUP_GENERAL, "playlist-length");
  settings.state_dir = state_dir;
  settings.relay_urls = (const char *const *)relay;
  settings.push_urls = (const char *const *)push;
  settings.takeover_silence_ms
      = (guint)us_config_get_duration_ms (config, group, "takeover-silence");
  settings.max_streams = (guint)us_config_get_integer (config, group, "max-streams");
  settings.default_stream = us_config_get_string (config, US_GROUP_GENERAL, "default-stream");
  settings.ring_max_bytes
      = (gsize)us_config_get_integer (config, group, "ring-megabytes") * 1024 * 1024;

  g_autoptr (UsIngest) ingest = us_ingest_new (&settings, us_clock_system (), &error);
  if (ingest == NULL)
    return us_role_refuse (config, group, error);
  return us_role_run (role, drain, ingest);
}

static const char *const groups[] = { US_GROUP_INGEST, US_GROUP_GENERAL, NULL };

const UsCommand us_command_ingest = {
  .name = "ingest",
  .own_group = US_GROUP_INGEST,
  .groups = groups,
  .usage = "[OPTIONS]",
  .summary = "RTMP listener for encoders; numbers segments and relays to the packagers",
  .description
  = "Listens for encoders, decides where segments begin, and sends every stream to each "
    "packager.",
  .examples = "  understudy ingest\n"
              "  understudy ingest --rtmp 0.0.0.0:1935 --relay rtmp://10.0.0.2:19361/live --relay "
              "rtmp://10.0.0.3:19362/live\n",
  .run = run,
};
