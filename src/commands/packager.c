/* packager.c - the command `understudy packager`: options and wiring of one packager and its origin
 */
#define US_LOG_TOPIC "packager"
#include "packager/packager.h"

#include <string.h>

#include "base/log.h"
#include "commands/command.h"
#include "commands/role.h"
#include "media/pipeline.h"

/* After the end of its input, for whoever still fetches the last segment. */
#define LINGER_MS 500

typedef struct {
  UsPackager *packager;
  GSource *linger;
} Frame;

static gboolean
on_linger_over (gpointer role) {
  us_role_quit (role, 0);
  return G_SOURCE_REMOVE;
}

static void
drain (UsRole *role, gpointer data) {
  Frame *frame = data;
  us_packager_drain (frame->packager);
  frame->linger = g_timeout_source_new (LINGER_MS);
  g_source_set_static_name (frame->linger, "packager-linger");
  g_source_set_callback (frame->linger, on_linger_over, role, NULL);
  g_source_attach (frame->linger, NULL);
}

static int
run (UsConfig *config, const UsCommand *command) {
  const char *group = command->own_group;
  g_autoptr (UsRole) role = us_role_new (group, config);
  g_autoptr (GError) error = NULL;
  g_autofree char *rtmp_address = NULL;
  g_autofree char *http_address = NULL;
  UsPackagerSettings settings;

  if (!us_media_init (&error))
    return us_command_refuse ("%s", error->message);
  us_packager_settings_default (&settings);
  settings.name = strcmp (group, US_GROUP_BACKUP) == 0 ? "backup" : "primary";
  us_role_read_rtmp (config, group, "rtmp", &settings.rtmp, &rtmp_address);
  us_role_read_http (config, group, "http", &settings.origin.http, &http_address);
  settings.origin.http.max_connections
      = (guint)us_config_get_integer (config, group, "max-connections");
  settings.origin.default_stream
      = us_config_get_string (config, US_GROUP_GENERAL, "default-stream");
  settings.origin.unknown_stream_ms
      = (guint)us_config_get_duration_ms (config, group, "unknown-stream-wait");
  settings.muxer.folder = us_role_pipelines_dir (config);
  settings.muxer.name = us_config_get_string (config, group, "pipeline");
  settings.muxer.video_kbps = (guint)us_config_get_integer (config, group, "video-bitrate");
  settings.playlist_length
      = (guint)us_config_get_integer (config, US_GROUP_GENERAL, "playlist-length");
  settings.max_streams = (guint)us_config_get_integer (config, group, "max-streams");
  settings.has_self_verdict = us_config_get_bool (config, group, "self-verdict");

  Frame frame = { 0 };
  frame.packager = us_packager_new (&settings, &error);
  if (frame.packager == NULL)
    return us_role_refuse (config, group, error);
  us_notice ("rtmp on %s port %u, http on %s port %u", rtmp_address,
             us_packager_get_rtmp_port (frame.packager), http_address,
             us_packager_get_http_port (frame.packager));
  int exit_code = us_role_run (role, drain, &frame);
  if (frame.linger != NULL) {
    g_source_destroy (frame.linger);
    g_source_unref (frame.linger);
  }
  us_packager_free (frame.packager);
  return exit_code;
}

#define DESCRIPTION                                                                                \
  "Takes marked streams from an ingest, makes HLS segments of them that are equal byte for byte\n" \
  "to those of its twin, and serves them from memory."
#define EXAMPLES                                                                                   \
  "  understudy packager --name primary\n"                                                         \
  "  understudy packager --name backup --http 0.0.0.0:9082 --rtmp 0.0.0.0:19362\n"

static const char *const primary_groups[] = { US_GROUP_PRIMARY, US_GROUP_GENERAL, NULL };
static const char *const backup_groups[] = { US_GROUP_BACKUP, US_GROUP_GENERAL, NULL };

const UsCommand us_command_packager_primary = {
  .name = "packager",
  .own_group = US_GROUP_PRIMARY,
  .groups = primary_groups,
  .usage = "--name primary|backup [OPTIONS]",
  .summary = "HLS packager and origin, one of two",
  .description = DESCRIPTION,
  .examples = EXAMPLES,
  .run = run,
};
const UsCommand us_command_packager_backup = {
  .name = "packager",
  .own_group = US_GROUP_BACKUP,
  .groups = backup_groups,
  .usage = "--name primary|backup [OPTIONS]",
  .summary = "HLS packager and origin, the other of two",
  .description = DESCRIPTION,
  .examples = EXAMPLES,
  .run = run,
};
