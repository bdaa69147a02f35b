/* inherit.c - finds inherited listening sockets by name
 *
 * Called by a role's main() before any thread exists. A socket that outlives the process that
 * serves it is what lets a role restart without refusing one connection. What is handed down and
 * taken by nobody is worse than nothing: the kernel goes on to accept connections there, which
 * nobody answers.
 */
#include "base/inherit.h"

#include "base/config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS 1024

/* Returns: (transfer full) (nullable): the names of what was handed to @pid, from the first
 *   descriptor on; %NULL when nothing was */
static GStrv
read_names (const char *listen_pid, const char *listen_fds, const char *listen_fdnames,
            gint64 pid) {
  gint64 wanted_pid = 0;
  gint64 count = 0;
  if (listen_pid == NULL || listen_fds == NULL || listen_fdnames == NULL
      || !g_ascii_string_to_signed (listen_pid, 10, 1, G_MAXINT, &wanted_pid, NULL)
      || !g_ascii_string_to_signed (listen_fds, 10, 1, MAX_FDS, &count, NULL) || wanted_pid != pid)
    return NULL;
  GStrv names = g_strsplit (listen_fdnames, ":", MAX_FDS + 1);
  for (guint i = g_strv_length (names); i > (guint)count; i--)
    g_clear_pointer (&names[i - 1], g_free);
  return names;
}

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
  g_auto (GStrv) names = read_names (listen_pid, listen_fds, listen_fdnames, pid);
  for (int i = 0; names != NULL && names[i] != NULL; i++) {
    if (strcmp (names[i], name) == 0)
      return US_INHERIT_FIRST_FD + i;
  }
  return -1;
}

/**
 * us_inherit_find_double:
 *
 * Pure part of us_inherit_check(), with the arguments of us_inherit_find().
 *
 * Returns: (transfer full) (nullable): a name that two descriptors have
 */
char *
us_inherit_find_double (const char *listen_pid, const char *listen_fds, const char *listen_fdnames,
                        gint64 pid) {
  g_auto (GStrv) names = read_names (listen_pid, listen_fds, listen_fdnames, pid);
  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    if (g_strv_contains ((const char *const *)names + i + 1, names[i]))
      return g_strdup (names[i]);
  }
  return NULL;
}

/**
 * us_inherit_check:
 * @role: this process's, for the name of its socket unit
 * @error: US_CONFIG_ERROR_VALUE: several sockets of one name, of which us_inherit_take() would take
 *   the first
 *
 * Called once, before any socket is taken.
 */
gboolean
us_inherit_check (const char *role, GError **error) {
  g_autofree char *name = us_inherit_find_double (g_getenv ("LISTEN_PID"), g_getenv ("LISTEN_FDS"),
                                                  g_getenv ("LISTEN_FDNAMES"), getpid ());
  if (name == NULL)
    return TRUE;
  g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE,
               "understudy-%s.socket: hands down more than one socket named '%.32s', and one is "
               "served; leave one ListenStream= after the empty one (`systemctl edit`), as "
               "[::]:PORT when it is for both IPv4 and IPv6",
               role, name);
  return FALSE;
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
