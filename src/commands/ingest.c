/* ingest.c - the command `understudy ingest`: options and wiring of the RTMP ingest */
#include "ingest/ingest.h"

#include <string.h>

#include "base/inherit.h"
#include "base/memory.h"
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

static const char *
text_or_null (const UsConfig *config, const char *group, const char *key) {
  const char *text = us_config_get_string (config, group, key);
  return text[0] != '\0' ? text : NULL;
}

static void
read_gate (const UsConfig *config, const char *group, UsGateSettings *gate) {
  const char *open = us_config_get_string (config, group, "open-publish");
  gate->keys_file = text_or_null (config, group, "keys-file");
  gate->open = strcmp (open, "any") == 0       ? US_OPEN_ANY
               : strcmp (open, "private") == 0 ? US_OPEN_PRIVATE
                                               : US_OPEN_LOOPBACK;
  gate->hook = (UsHookSettings){
    .on_publish = text_or_null (config, group, "on-publish"),
    .on_publish_done = text_or_null (config, group, "on-publish-done"),
    .timeout_ms = (guint)us_config_get_duration_ms (config, group, "on-publish-timeout"),
    .allows_on_failure
    = strcmp (us_config_get_string (config, group, "on-publish-failure"), "allow") == 0,
  };
}

/* Seven numbers that bound what one peer, or all of them, can cost. */
static void
read_limits (const UsConfig *config, const char *group, UsIngestSettings *settings) {
  UsRtmpLimits *limits = &settings->rtmp.limits;
  limits->handshake_timeout_ms
      = (guint)us_config_get_duration_ms (config, group, "handshake-timeout");
  limits->publish_timeout_ms = (guint)us_config_get_duration_ms (config, group, "publish-timeout");
  limits->media_timeout_ms = (guint)us_config_get_duration_ms (config, group, "media-timeout");
  limits->max_message_bytes
      = (gsize)us_config_get_integer (config, group, "max-message-megabytes") * 1024 * 1024;
  limits->max_partial_bytes
      = (gsize)us_config_get_integer (config, group, "max-partial-megabytes") * 1024 * 1024;
  limits->max_chunk_streams = (guint)us_config_get_integer (config, group, "max-chunk-streams");
  settings->max_memory_bytes
      = (gsize)us_config_get_integer (config, group, "memory-megabytes") * 1024 * 1024;
  if (settings->max_memory_bytes == 0)
    settings->max_memory_bytes = us_memory_of_machine () / 2;
}

/* A message that fits is of no use when half of it does not. */
static gboolean
check_limits (const UsIngestSettings *settings) {
  const UsRtmpLimits *limits = &settings->rtmp.limits;
  if (limits->max_partial_bytes >= limits->max_message_bytes)
    return TRUE;
  us_command_refuse ("[ingest] max-partial-megabytes: %zu is less than max-message-megabytes, %zu",
                     limits->max_partial_bytes >> 20, limits->max_message_bytes >> 20);
  return FALSE;
}

/* All three settings, or none. */
static gboolean
read_rtmps (const UsConfig *config, const char *group, UsIngestSettings *settings, char **address) {
  const char *where = text_or_null (config, group, "rtmps");
  settings->certificate = text_or_null (config, group, "rtmps-certificate");
  settings->certificate_key = text_or_null (config, group, "rtmps-key");
  if (where == NULL && settings->certificate == NULL && settings->certificate_key == NULL)
    return TRUE;
  if (where == NULL || settings->certificate == NULL || settings->certificate_key == NULL) {
    us_command_refuse ("[ingest] %s: is not set; RTMPS needs rtmps, rtmps-certificate and "
                       "rtmps-key",
                       where == NULL                   ? "rtmps"
                       : settings->certificate == NULL ? "rtmps-certificate"
                                                       : "rtmps-key");
    return FALSE;
  }
  *address = us_config_get_address (config, group, "rtmps", &settings->rtmp.tls_port);
  settings->rtmp.tls_address = *address;
  settings->rtmp.tls_inherited_fd = us_inherit_take ("rtmps");
  return TRUE;
}

/* The publisher's time to publish runs while its callback is asked. */
static gboolean
check_gate (const UsIngestSettings *settings) {
  const UsHookSettings *hook = &settings->gate.hook;
  if (hook->on_publish == NULL || hook->timeout_ms < settings->rtmp.limits.publish_timeout_ms)
    return TRUE;
  us_command_refuse ("[ingest] on-publish-timeout: %u ms is no less than publish-timeout, %u ms, "
                     "after which a publisher is sent away unanswered",
                     hook->timeout_ms, settings->rtmp.limits.publish_timeout_ms);
  return FALSE;
}

static void
reload (gpointer ingest) {
  us_ingest_reload (ingest);
}

static void
read_contest (const UsConfig *config, const char *group, UsIngestSettings *settings) {
  const char *failback = us_config_get_string (config, group, "publisher-failback");
  settings->max_publishers = (guint)us_config_get_integer (config, group, "max-publishers");
  settings->patience_ms = (guint)us_config_get_duration_ms (config, group, "publisher-patience");
  settings->contest.hold_ms
      = (guint)us_config_get_duration_ms (config, group, "publisher-hold-down");
  settings->contest.failback
      = g_str_equal (failback, "sticky") ? US_FAILBACK_STICKY : US_FAILBACK_AUTO;
}

static int
run (UsConfig *config, const UsCommand *command) {
  const char *group = command->own_group;
  g_autoptr (UsRole) role = us_role_new (group, config);
  g_autoptr (GError) error = NULL;
  g_autofree char *rtmp_address = NULL;
  g_autofree char *rtmps_address = NULL;
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
  read_contest (config, group, &settings);
  settings.max_streams = (guint)us_config_get_integer (config, group, "max-streams");
  settings.default_stream = us_config_get_string (config, US_GROUP_GENERAL, "default-stream");
  settings.ring_max_bytes
      = (gsize)us_config_get_integer (config, group, "ring-megabytes") * 1024 * 1024;

  read_gate (config, group, &settings.gate);
  read_limits (config, group, &settings);
  if (!read_rtmps (config, group, &settings, &rtmps_address) || !check_gate (&settings)
      || !check_limits (&settings))
    return US_EXIT_CONFIGURATION;
  const char *ca_file = us_config_get_string (config, group, "push-ca-file");
  g_autoptr (GTlsDatabase) authorities
      = ca_file[0] != '\0' ? g_tls_file_database_new (ca_file, &error) : NULL;
  if (error != NULL)
    return us_command_refuse ("[%s] push-ca-file: '%s': %s", group, ca_file, error->message);
  settings.push_authorities = authorities;

  g_autoptr (UsIngest) ingest = us_ingest_new (&settings, us_clock_system (), &error);
  if (ingest == NULL)
    return us_role_refuse (config, group, error);
  us_role_set_reload (role, reload);
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
