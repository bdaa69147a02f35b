/* inherit.c - finds inherited listening sockets by name
 *
 * Called by a role's main() before any thread exists. A socket that outlives the process that
 * serves it is what lets a role restart without refusing one connection.
 */
#include "base/inherit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS 1024

/**
 * us_inherit_find:
 * @listen_pid: (nullable): LISTEN_PID
 * @listen_fds: (nullable): LISTEN_FDS
 * @listen_fdnames: (nullable): LISTEN_FDNAMES, separated by colons
 * @pid: this process
 * @name: the wanted name
 *
 * Pure part of us_inherit_take().
 *
 * Returns: the descriptor's number, or -1 when none of that name was handed to this process
 */
int
us_inherit_find (const char *listen_pid, const char *listen_fds, const char *listen_fdnames,
                 gint64 pid, const char *name) {
  gint64 wanted_pid = 0;
  gint64 count = 0;
  if (listen_pid == NULL || listen_fds == NULL || listen_fdnames == NULL
      || !g_ascii_string_to_signed (listen_pid, 10, 1, G_MAXINT, &wanted_pid, NULL)
      || !g_ascii_string_to_signed (listen_fds, 10, 1, MAX_FDS, &count, NULL) || wanted_pid != pid)
    return -1;
  g_auto (GStrv) names = g_strsplit (listen_fdnames, ":", MAX_FDS + 1);
  for (int i = 0; i < count && names[i] != NULL; i++) {
    if (strcmp (names[i], name) == 0)
      return US_INHERIT_FIRST_FD + i;
  }
  return -1;
}

/**
 * us_inherit_take:
 * @name: the socket's name in LISTEN_FDNAMES, for example "rtmp" or "http"
 *
 * Returns: a listening stream socket, now close-on-exec and the caller's; -1 when none was handed
 *   down under this name, or when what was handed down does not listen
 */
int
us_inherit_take (const char *name) {
  int fd = us_inherit_find (g_getenv ("LISTEN_PID"), g_getenv ("LISTEN_FDS"),
                            g_getenv ("LISTEN_FDNAMES"), getpid (), name);
  int listens = 0;
  socklen_t size = sizeof listens;
  if (fd < 0 || getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens)
    return -1;
  fcntl (fd, F_SETFD, FD_CLOEXEC);
  return fd;
}
