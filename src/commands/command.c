/* command.c - from a command's arguments to its configuration, with --help and --print-config
 *
 * Runs once per process, before anything else exists. Whatever is wrong with the input ends in one
 * line on standard error and exit code 2, which says that starting again cannot help.
 */
#include "commands/command.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/inherit.h"
#include "base/names.h"
#include "store/store.h"

/**
 * us_command_refuse:
 * @format: printf-style sentence: what is wrong, what was expected, where it stood
 *
 * Returns: the exit code for bad input
 */
int
us_command_refuse (const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_strdelimit (text, "\n\r", ' ');
  fprintf (stderr, US_PROGRAM ": %s\n", text);
  return US_EXIT_CONFIGURATION;
}

static gboolean
may_pass (const GError *error) {
  if (error->domain == US_STORE_ERROR) /* a full disk, a file in other hands, a late mount */
    return error->code != US_STORE_ERROR_NEWER;
  if (error->domain != G_IO_ERROR)
    return FALSE;
  switch (error->code) {
  case G_IO_ERROR_NOT_FOUND: /* an address, a folder: with the network, a mount, another program */
  case G_IO_ERROR_FAILED:    /* whatever the kernel has run out of */
  case G_IO_ERROR_TOO_MANY_OPEN_FILES:
  case G_IO_ERROR_NO_SPACE:
  case G_IO_ERROR_BUSY:
  case G_IO_ERROR_TIMED_OUT:
    return TRUE;
  default:
    return FALSE;
  }
}

/**
 * us_command_end_code:
 * @error: why a role could not be made, already said by us_command_refuse()
 *
 * A port in use is the configuration's fault here, although its holder may end: whoever starts a
 * second chain by hand wants to be told.
 *
 * Returns: the exit code: %US_EXIT_FAILURE for what may be otherwise in a second, so that
 *   supervisor and systemd try again; else %US_EXIT_CONFIGURATION, which is for good
 */
int
us_command_end_code (const GError *error) {
  return may_pass (error) ? US_EXIT_FAILURE : US_EXIT_CONFIGURATION;
}

static void
print_help (const UsCommand *command, const UsConfig *config) {
  printf ("Usage: " US_PROGRAM " %s %s\n\n%s\n\nOptions:\n", command->name, command->usage,
          command->description);
  for (guint i = 0; command->groups[i] != NULL; i++) {
    const char *group = command->groups[i];
    gboolean is_own
        = strcmp (group, command->own_group) == 0 || strcmp (group, US_GROUP_GENERAL) == 0;
    g_autofree char *text = us_config_describe_group (config, group, is_own);
    printf ("%s", text);
  }
  printf ("  --config\n      Configuration file, instead of the user's or the machine's\n"
          "  --print-config\n      Print the effective configuration as a file and end\n"
          "  --help\n      Print this and end\n\nExamples:\n%s",
          command->examples);
}

/* --config FILE or --config=FILE, wherever it stands: options win over the file in any order. */
static const char *
find_config_file (int argc, char **argv, gboolean *is_given) {
  *is_given = FALSE;
  for (int i = 0; i < argc; i++) {
    if (g_str_has_prefix (argv[i], "--config=")) {
      *is_given = TRUE;
      return argv[i] + strlen ("--config=");
    }
    if (strcmp (argv[i], "--config") == 0) {
      *is_given = TRUE;
      return i + 1 < argc ? argv[i + 1] : NULL;
    }
  }
  return NULL;
}

static gboolean
load (UsConfig *config, const UsCommand *command, int argc, char **argv, gboolean *has_print,
      GError **error) {
  g_auto (GStrv) environment = g_get_environ ();
  gboolean is_given = FALSE;
  const char *file = find_config_file (argc, argv, &is_given);
  if (is_given && (file == NULL || file[0] == '\0')) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE, "--config: needs a file name");
    return FALSE;
  }
  gboolean is_loaded = is_given ? us_config_load_file (config, file, error)
                                : us_config_load_default_file (config, error);
  if (!is_loaded || !us_config_load_environment (config, (const char *const *)environment, error))
    return FALSE;
  for (int i = 0; i < argc; i++) {
    gboolean used_next = FALSE;
    if (strcmp (argv[i], "--config") == 0)
      i++;
    else if (strcmp (argv[i], "--print-config") == 0)
      *has_print = TRUE;
    else if (command->take_word != NULL && argv[i][0] != '-')
      command->take_word (argv[i]);
    else if (!g_str_has_prefix (argv[i], "--config=")) {
      if (!us_config_load_option (config, command->own_group, argv[i],
                                  i + 1 < argc ? argv[i + 1] : NULL, &used_next, error))
        return FALSE;
      i += used_next ? 1 : 0;
    }
  }
  return TRUE;
}

/**
 * us_command_main:
 * @command: a command
 * @argc: how many arguments follow its name
 * @argv: these
 *
 * Returns: the exit code
 */
int
us_command_main (const UsCommand *command, int argc, char **argv) {
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  g_autoptr (GError) error = NULL;
  gboolean has_print = FALSE;
  for (int i = 0; i < argc; i++) {
    if (strcmp (argv[i], "--help") == 0 || strcmp (argv[i], "-h") == 0) {
      print_help (command, config);
      return 0;
    }
  }
  if (!load (config, command, argc, argv, &has_print, &error)) {
    if (command->refused != NULL)
      command->refused (error->message);
    return us_command_refuse ("%s", error->message);
  }
  if (has_print) {
    g_autofree char *text = us_config_print (config);
    printf ("%s", text);
    return 0;
  }
  if (!us_inherit_check (command->name, &error))
    return us_command_refuse ("%s", error->message);
  return command->run (config, command);
}
