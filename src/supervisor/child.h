/* child.h - starts one process that cannot outlive its parent */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_CHILD_MAX_FDS 8

/* @argv: argv[0] is the path of the program
 * @environment: all of it; LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES are added when there are fds
 * @fds: become 3, 4, ... in the child
 * @stdin_fd: -1: /dev/null
 * @stderr_fd: standard output and error; -1: the parent's standard error */
typedef struct {
  const char *const *argv;
  const char *const *environment;
  const int *fds;
  const char *const *fd_names;
  guint n_fds;
  int stdin_fd;
  int stderr_fd;
} UsChildSpec;

GPid us_child_spawn (const UsChildSpec *spec, GError **error);

G_END_DECLS
