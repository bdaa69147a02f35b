/* pull.c - the command `understudy pull`: options and wiring of one stream that is brought in
 *
 * One process for each stream. Under `understudy run` the streams are a list, [pull] sources, and
 * each child is told its stream only: addresses hold keys, and command lines are public.
 */
#define US_LOG_TOPIC "pull"
#include "publisher/puller.h"

#include <string.h>

#include "base/log.h"
#include "base/route.h"
#include "commands/command.h"
#include "commands/role.h"
#include "ingest/name.h"
#include "media/pipeline.h"

static void
on_stopped (UsPuller *puller, gpointer role) {
  us_role_quit (role, 0);
}

static void
drain (UsRole *role, gpointer puller) {
  us_puller_stop (puller);
}

/* The address of --stream in the list of sources; NULL: it is not there. */
static char *
find_source (const UsConfig *config, const char *group, const char *stream) {
  g_auto (GStrv) sources = us_config_get_list (config, group, "sources");
  for (guint i = 0; sources[i] != NULL; i++) {
    const char *url = NULL;
    g_autofree char *name = us_route_split (sources[i], &url);
    if (g_strcmp0 (name, stream) == 0)
      return g_strdup (url);
  }
  return NULL;
}

static char *
find_url (const UsConfig *config, const char *group, const char *stream) {
  const char *url = us_config_get_string (config, group, "url");
  return url[0] != '\0' ? g_strdup (url) : find_source (config, group, stream);
}

static char *
make_target (const char *to, const char *stream) {
  if (strstr (to, US_ROUTE_STREAM) != NULL)
    return us_route_fill (to, stream);
  return g_strconcat (to, g_str_has_suffix (to, "/") ? "" : "/", stream, NULL);
}

static int
run (UsConfig *config, const UsCommand *command) {
  const char *group = command->own_group;
  const char *stream = us_config_get_string (config, group, "stream"), *why = NULL;
  const char *pipeline = us_config_get_string (config, group, "pipeline");
  g_autoptr (GError) error = NULL;
  if (!us_stream_name_is_valid (stream, &why))
    return us_command_refuse ("[%s] stream: '%.64s' %s; --stream NAME is what viewers will see",
                              group, stream, why);
  g_autofree char *url = find_url (config, group, stream);
  if (url == NULL)
    return us_command_refuse ("[%s] url is empty, and sources has no '%s=URL'; where is it to come "
                              "from? --url rtmp://host/app/stream",
                              group, stream);
  g_autoptr (UsRole) role = us_role_new (group, config);
  g_autofree char *to = make_target (us_config_get_string (config, group, "to"), stream);
  UsPullerSettings settings
      = { .url = url,
          .to = to,
          .pipelines_dir = us_role_pipelines_dir (config),
          .pipeline = pipeline[0] != '\0' ? pipeline : us_puller_pipeline_for (url),
          .idle_ms = (guint)us_config_get_duration_ms (config, group, "idle-timeout") };
  if (!us_media_init (&error))
    return us_command_refuse ("%s", error->message);
  g_autoptr (UsPuller) puller = us_puller_new (&settings, on_stopped, role, &error);
  if (puller == NULL)
    return us_command_refuse ("[%s] pipeline: %s", group, error->message);
  g_autofree char *from = us_route_for_people (url), *goal = us_route_for_people (to);
  us_info ("%s to %s", from, goal);
  return us_role_run (role, drain, puller);
}

static const char *const groups[] = { US_GROUP_PULL, US_GROUP_GENERAL, NULL };

const UsCommand us_command_pull = {
  .name = "pull",
  .own_group = US_GROUP_PULL,
  .groups = groups,
  .usage = "[OPTIONS]",
  .summary = "brings a stream in from another server, and keeps at it",
  .description
  = "Reads a stream from an RTMP server such as MediaMTX, SRS or nginx-rtmp, over SRT or HTTP, and "
    "publishes it to\nthe ingest as it is. When it ends, or nothing comes, it is tried again, for "
    "ever.",
  .examples = "  understudy pull --url rtmp://media.example/live/talk --stream talk\n"
              "  understudy pull --url 'srt://media.example:9000?streamid=read:talk' --stream talk "
              "--to rtmp://127.0.0.1:1936/live\n",
  .run = run,
};
