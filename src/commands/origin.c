/* origin.c - the command `understudy origin`: serves a folder of HLS written by another packager */
#define US_LOG_TOPIC "origin"
#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "commands/command.h"
#include "commands/role.h"
#include "packager/directory.h"

static void
drain (UsRole *role, gpointer data) {
  us_role_quit (role, 0);
}

/* A folder that is not there may come: with a mount, or with the packager that makes it. */
static gboolean
check_root (const char *root, GError **error) {
  GStatBuf info;
  if (g_stat (root, &info) != 0) {
    int code = errno;
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "'%s': %s", root,
                 g_strerror (code));
    return FALSE;
  }
  if (S_ISDIR (info.st_mode))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, "'%s' is not a folder", root);
  return FALSE;
}

static int
run (UsConfig *config, const UsCommand *command) {
  const char *group = command->own_group;
  g_autoptr (UsRole) role = us_role_new (group, config);
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  UsDirectorySettings settings;

  us_directory_settings_default (&settings);
  settings.root = us_config_get_string (config, group, "root");
  if (settings.root[0] == '\0')
    return us_command_refuse ("--root: needs the folder to serve");
  if (!check_root (settings.root, &error)) {
    us_command_refuse ("%s: %s", us_config_get_source (config, group, "root"), error->message);
    return us_command_end_code (error);
  }
  us_role_read_http (config, group, "http", &settings.origin.http, &address);
  settings.origin.http.max_connections
      = (guint)us_config_get_integer (config, group, "max-connections");
  settings.origin.default_stream
      = us_config_get_string (config, US_GROUP_GENERAL, "default-stream");
  settings.poll_ms = (guint)us_config_get_duration_ms (config, group, "poll-interval");
  settings.has_self_verdict = us_config_get_bool (config, group, "self-verdict");

  g_autoptr (UsDirectory) directory = us_directory_new (&settings, &error);
  if (directory == NULL)
    return us_role_refuse (config, group, error);
  us_notice ("http on %s port %u, serving %s", address, us_directory_get_http_port (directory),
             settings.root);
  return us_role_run (role, drain, directory);
}

static const char *const groups[] = { US_GROUP_ORIGIN, US_GROUP_GENERAL, NULL };

const UsCommand us_command_origin = {
  .name = "origin",
  .own_group = US_GROUP_ORIGIN,
  .groups = groups,
  .usage = "--root FOLDER [OPTIONS]",
  .summary = "serves a folder of HLS written by any other packager",
  .description
  = "Serves playlists and segments that ffmpeg or another packager writes to a folder, "
    "with the\nheaders, the blocking reload and the honest 503 of our own origins.",
  .examples = "  understudy origin --root /var/www/hls --http 0.0.0.0:8081\n"
              "  understudy origin --root ./hls --no-self-verdict\n",
  .run = run,
};
