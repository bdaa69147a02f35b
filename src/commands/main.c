/* main.c - finds the command named on the command line and hands over */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "commands/command.h"
#include "monitor/decode-worker.h"

/* The packager is one command with two instances; --name chooses the group of settings. */
static const UsCommand *const commands[] = { &us_command_run,     &us_command_desktop,
                                             &us_command_ingest,  &us_command_packager_primary,
                                             &us_command_origin,  &us_command_switcher,
                                             &us_command_monitor, &us_command_publish,
                                             &us_command_pull,    &us_command_ctl,
                                             &us_command_check,   &us_command_healthcheck,
                                             &us_command_drill,   NULL };

static void
print_usage (void) {
  printf ("Usage: " US_PROGRAM " COMMAND [OPTIONS]\n\n"
          "Takes live streams in over RTMP, packages them twice into HLS, and serves viewers from "
          "one URL\nthat keeps playing whatever breaks behind it.\n\nCommands:\n");
  for (guint i = 0; commands[i] != NULL; i++)
    printf ("  %-11s %s\n", commands[i]->name, commands[i]->summary);
  printf ("\n  " US_PROGRAM " COMMAND --help   tells more about one of them\n"
          "  " US_PROGRAM " --version        prints the version\n\nExamples:\n"
          "  " US_PROGRAM " run\n      Everything on this machine, with a test picture\n"
          "  " US_PROGRAM " run --no-publish\n      The same, waiting for your encoder\n");
}

/* Takes --name out of the packager's arguments. Returns its instance, or NULL after a message. */
static const UsCommand *
find_packager (int *argc, char **argv) {
  const char *name = "primary";
  int kept = 0;
  for (int i = 0; i < *argc; i++) {
    if (g_str_has_prefix (argv[i], "--name="))
      name = argv[i] + strlen ("--name=");
    else if (strcmp (argv[i], "--name") == 0 && i + 1 < *argc)
      name = argv[++i];
    else
      argv[kept++] = argv[i];
  }
  *argc = kept;
  if (strcmp (name, "primary") == 0)
    return &us_command_packager_primary;
  if (strcmp (name, "backup") == 0)
    return &us_command_packager_backup;
  us_command_refuse ("--name: '%.60s' is not one of primary, backup", name);
  return NULL;
}

static int
refuse_command (const char *word) {
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; commands[i] != NULL; i++)
    g_ptr_array_add (names, (gpointer)commands[i]->name);
  g_ptr_array_add (names, NULL);
  const char *meant = us_option_nearest (word, (const char *const *)names->pdata);
  g_autofree char *all = g_strjoinv (", ", (char **)names->pdata);
  if (meant != NULL)
    return us_command_refuse ("'%.60s': unknown command; did you mean %s?", word, meant);
  return us_command_refuse ("'%.60s': unknown command; there are %s", word, all);
}

int
main (int argc, char **argv) {
  setlocale (LC_ALL, "");
  if (argc < 2)
    return us_command_refuse ("no command given; try " US_PROGRAM " --help");
  const char *word = argv[1];
  if (strcmp (word, "--help") == 0 || strcmp (word, "-h") == 0 || strcmp (word, "help") == 0) {
    print_usage ();
    return 0;
  }
  if (strcmp (word, "--version") == 0) {
    printf (US_PROGRAM " " US_VERSION "\n");
    return 0;
  }
  /* Not for people: the monitor starts it, see there. */
  if (strcmp (word, US_DECODE_WORKER_COMMAND) == 0)
    return us_decode_worker_run (STDIN_FILENO, STDOUT_FILENO, argc > 2 ? argv[2] : NULL);
  argc -= 2;
  argv += 2;
  for (guint i = 0; commands[i] != NULL; i++) {
    const UsCommand *command = commands[i];
    if (strcmp (word, command->name) != 0)
      continue;
    if (command == &us_command_packager_primary)
      command = find_packager (&argc, argv);
    if (command == &us_command_desktop)
      us_command_desktop_take_service (&argc, argv);
    return command != NULL ? us_command_main (command, argc, argv) : US_EXIT_CONFIGURATION;
  }
  return refuse_command (word);
}
