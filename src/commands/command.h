/* command.h - what a command is: its name, help and function, and how its arguments are read */
#pragma once

#include "commands/options.h"
#include "supervisor/restart.h"

G_BEGIN_DECLS

#define US_EXIT_FAILURE 1 /* and US_EXIT_CONFIGURATION */

/* @own_group: its keys are options by their bare names; the other groups of @groups by group.key
 * @usage: what follows the command's name
 * @summary: one line for `understudy --help`
 * @description: a sentence or three
 * @examples: lines
 * @take_word: (nullable): gets each argument that is no option, in order; without it they are
 * errors
 * @refused: (nullable): gets what is wrong with the input, beside standard error
 * @run: gets a loaded configuration; returns the exit code */
typedef struct UsCommand UsCommand;
struct UsCommand {
  const char *name;
  const char *own_group;
  const char *const *groups;
  const char *usage;
  const char *summary;
  const char *description;
  const char *examples;
  void (*take_word) (const char *word);
  void (*refused) (const char *why);
  int (*run) (UsConfig *config, const UsCommand *command);
};

int us_command_main (const UsCommand *command, int argc, char **argv);
int us_command_refuse (const char *format, ...) G_GNUC_PRINTF (1, 2);
int us_command_end_code (const GError *error);

void us_command_desktop_take_service (int *argc, char **argv);

extern const UsCommand us_command_desktop, us_command_run, us_command_ingest,
    us_command_packager_primary, us_command_packager_backup, us_command_origin, us_command_switcher,
    us_command_publish, us_command_pull, us_command_ctl, us_command_check, us_command_healthcheck,
    us_command_drill, us_command_monitor;

G_END_DECLS
