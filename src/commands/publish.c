/* publish.c - the command `understudy publish`: options and wiring of the synthetic publisher */
#define US_LOG_TOPIC "publish"
#include "publisher/publisher.h"

#include "base/log.h"
#include "base/route.h"
#include "commands/command.h"
#include "commands/role.h"
#include "media/pipeline.h"

/* Wrong file, wrong codec, missing plugin: starting again cannot help. */
static void
on_failed (UsPublisher *publisher, const GError *error, gpointer role) {
  us_role_quit (role, us_command_refuse ("%s", error->message));
}

static void
on_stopped (UsPublisher *publisher, gpointer role) {
  us_role_quit (role, 0);
}

static const UsPublisherHandler handler = { on_failed, on_stopped };

static void
drain (UsRole *role, gpointer publisher) {
  us_publisher_stop (publisher);
}

static int
run (UsConfig *config, const UsCommand *command) {
  const char *group = command->own_group;
  g_autoptr (UsRole) role = us_role_new (group, config);
  g_autoptr (GError) error = NULL;
  const char *file = us_config_get_string (config, group, "file");
  UsPublisherSettings settings = { .url = us_config_get_string (config, group, "url"),
                                   .file = file[0] != '\0' ? file : NULL,
                                   .pipelines_dir = us_role_pipelines_dir (config),
                                   .pipeline = us_config_get_string (config, group, "pipeline") };

  if (!us_media_init (&error))
    return us_command_refuse ("%s", error->message);
  g_autoptr (UsPublisher) publisher = us_publisher_new (&settings, &handler, role, &error);
  if (publisher == NULL)
    return us_command_refuse ("%s", error->message);
  g_autofree char *shown = us_route_for_people (settings.url);
  us_info ("%s to %s", file[0] != '\0' ? file : "test picture", shown);
  return us_role_run (role, drain, publisher);
}

static const char *const groups[] = { US_GROUP_PUBLISH, US_GROUP_GENERAL, NULL };

const UsCommand us_command_publish = {
  .name = "publish",
  .own_group = US_GROUP_PUBLISH,
  .groups = groups,
  .usage = "[OPTIONS]",
  .summary = "publishes a test picture, or a file in a loop, over RTMP",
  .description
  = "A moving picture with wall clock and frame number and a tone, or a file whose H.264 "
    "and AAC\nare sent as they are, over and over.",
  .examples = "  understudy publish\n"
              "  understudy publish --file talk.mp4 --url rtmp://127.0.0.1:1936/live/talk\n",
  .run = run,
};
