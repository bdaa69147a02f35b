/* healthcheck.c - the command `understudy healthcheck`: is a role well? One line and an exit code
 *
 * For the HEALTHCHECK of a container, whose image has neither a shell nor curl, and for scripts.
 * Options and wiring only: health-target.c knows what to ask and what the answer means,
 * health-probe.c asks. A container runs one role as its first process, so where no role is named it
 * is that one, with the options that it was started with.
 */
#include "commands/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands/health-probe.h"

#define FIRST_PROCESS "/proc/1/cmdline"
#define MAX_COMMAND_LINE (128 * 1024)

static const char *word; /* of the command line, borrowed */
static guint n_words;

static void
take_word (const char *argument) {
  word = argument;
  n_words++;
}

/* Returns: (nullable): the words of the container's first process */
static GStrv
read_first_process (void) {
  g_autofree char *text = NULL;
  gsize size = 0;
  if (!g_file_get_contents (FIRST_PROCESS, &text, &size, NULL) || size > MAX_COMMAND_LINE)
    return NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (gsize at = 0; at < size; at += strlen (text + at) + 1)
    g_strv_builder_add (builder, text + at);
  return g_strv_builder_end (builder);
}

/* As the first process has done it itself, so nothing in it is wrong; what it took otherwise (the
 * packager's --name) is none of the settings. */
static void
load_options (UsConfig *config, const char *group, const char *const *arguments) {
  for (guint i = 0; arguments[i] != NULL; i++) {
    g_autoptr (GError) ignored = NULL;
    const char *file = NULL;
    if (g_str_has_prefix (arguments[i], "--config="))
      file = arguments[i] + strlen ("--config=");
    else if (strcmp (arguments[i], "--config") == 0)
      file = arguments[i + 1];
    if (file != NULL && !us_config_load_file (config, file, &ignored))
      return;
  }
  for (guint i = 0; arguments[i] != NULL; i++) {
    g_autoptr (GError) ignored = NULL;
    gboolean used_next = FALSE;
    if (strcmp (arguments[i], "--config") == 0)
      used_next = arguments[i + 1] != NULL;
    else if (!us_config_load_option (config, group, arguments[i], arguments[i + 1], &used_next,
                                     &ignored))
      used_next = FALSE;
    i += used_next ? 1 : 0;
  }
}

/* Returns: (transfer full) (element-type UsHealthTarget) (nullable): what is to be asked */
static GPtrArray *
find_targets (UsConfig *config, GError **error) {
  if (word != NULL && strstr (word, "://") != NULL) {
    UsHealthTarget *target = us_health_target_of_url (word, error);
    if (target == NULL)
      return NULL;
    GPtrArray *targets = g_ptr_array_new_with_free_func ((GDestroyNotify)us_health_target_free);
    g_ptr_array_add (targets, target);
    return targets;
  }
  g_auto (GStrv) first = read_first_process ();
  const char *group = NULL;
  guint n_used = 0;
  const char *role
      = first != NULL ? us_health_role_of ((const char *const *)first, &n_used, &group) : NULL;
  if (word == NULL && role == NULL) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE,
                 "the first process here is no role of ours; name a role or a URL, as in "
                 "`" US_PROGRAM " healthcheck switcher`");
    return NULL;
  }
  if (role != NULL && (word == NULL || strcmp (word, role) == 0))
    load_options (config, group, (const char *const *)first + n_used);
  return us_health_targets_of_role (config, word != NULL ? word : role, error);
}

static int
run (UsConfig *config, const UsCommand *command) {
  g_autoptr (GError) error = NULL;
  if (n_words > 1)
    return us_command_refuse ("healthcheck: one role or URL at a time");
  g_autoptr (GPtrArray) targets = find_targets (config, &error);
  if (targets == NULL)
    return us_command_refuse ("healthcheck: %s", error->message);
  guint deadline_ms = (guint)us_config_get_duration_ms (config, US_GROUP_HEALTHCHECK, "timeout");
  gboolean must_serve = us_config_get_bool (config, US_GROUP_HEALTHCHECK, "serving");
  gint64 end_us = g_get_monotonic_time () + deadline_ms * G_GINT64_CONSTANT (1000);
  signal (SIGPIPE, SIG_IGN);
  for (guint i = 0; i < targets->len; i++) {
    const UsHealthTarget *target = targets->pdata[i];
    gint64 left_ms = MAX ((end_us - g_get_monotonic_time ()) / 1000, 1);
    g_autofree char *why = NULL;
    gboolean is_healthy = us_health_probe (target, (guint)left_ms, must_serve, &why);
    /* Docker keeps what is printed here beside the state: one line, whatever it was. */
    g_strdelimit (why, "\n\r", ' ');
    if (!is_healthy || i + 1 == targets->len)
      printf ("%s: %s %s\n", is_healthy ? "healthy" : "unhealthy", target->name, why);
    if (!is_healthy)
      return US_EXIT_FAILURE;
  }
  return 0;
}

static const char *const groups[] = { US_GROUP_HEALTHCHECK, US_GROUP_GENERAL, NULL };

const UsCommand us_command_healthcheck = {
  .name = "healthcheck",
  .own_group = US_GROUP_HEALTHCHECK,
  .groups = groups,
  .usage = "[ROLE|URL] [OPTIONS]",
  .summary = "asks a role whether it is well; for containers and scripts",
  .description
  = "Asks once, prints one line, and ends with 0 (healthy), 1 (not) or 2 (asked wrongly). ROLE is\n"
    "ingest, packager-primary, packager-backup, origin, switcher, monitor, publish, pull, or run "
    "for "
    "all\n"
    "that `" US_PROGRAM " run` starts; where it listens is known from the configuration file.\n"
    "Without one, it is the role that is the first process of this container, with the options "
    "that\n"
    "it was started with. A URL of http, https or rtmp is asked as it is.",
  .examples = "  understudy healthcheck\n"
              "  understudy healthcheck switcher --serving\n"
              "  understudy healthcheck rtmp://127.0.0.1:1936\n",
  .take_word = take_word,
  .run = run,
};
