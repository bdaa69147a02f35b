/* port-owner.c - from a port to its listening socket in /proc/net, and from that to a process
 *
 * Called once, when a role cannot listen and is about to end. Other users' processes cannot be
 * looked into without privileges: then the port has no known owner.
 */
#include "base/port-owner.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0A

/**
 * us_port_owner_parse:
 * @table: text of /proc/net/tcp or /proc/net/tcp6
 * @port: a port in host order
 *
 * Returns: the inode of the socket that listens on @port, 0 when there is none
 */
guint64
us_port_owner_parse (const char *table, guint16 port) {
  g_auto (GStrv) lines = g_strsplit (table, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    unsigned local = 0, state = 0;
    unsigned long long inode = 0;
    /* sl local_address rem_address st queues timer retransmit uid timeout inode (proc(5)) */
    if (sscanf (lines[i], " %*u: %*32[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*u %llu", &local,
                &state, &inode)
            == 3
        && local == port && state == STATE_LISTEN)
      return inode;
  }
  return 0;
}

static gboolean
process_holds (const char *pid, const char *socket_link) {
  g_autofree char *folder = g_build_filename ("/proc", pid, "fd", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *fd = dir != NULL ? g_dir_read_name (dir) : NULL; fd != NULL;
       fd = g_dir_read_name (dir)) {
    g_autofree char *path = g_build_filename (folder, fd, NULL);
    g_autofree char *target = g_file_read_link (path, NULL);
    if (target != NULL && strcmp (target, socket_link) == 0)
      return TRUE;
  }
  return FALSE;
}

/**
 * us_port_owner:
 * @port: a TCP port
 *
 * Returns: (transfer full) (nullable): "nginx (pid 123)", or %NULL when it cannot be known
 */
char *
us_port_owner (guint16 port) {
  static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
  guint64 inode = 0;
  for (guint i = 0; i < G_N_ELEMENTS (tables) && inode == 0; i++) {
    g_autofree char *table = NULL;
    if (g_file_get_contents (tables[i], &table, NULL, NULL))
      inode = us_port_owner_parse (table, port);
  }
  if (inode == 0)
    return NULL;

  g_autofree char *socket_link = g_strdup_printf ("socket:[%" G_GUINT64_FORMAT "]", inode);
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  for (const char *pid = proc != NULL ? g_dir_read_name (proc) : NULL; pid != NULL;
       pid = g_dir_read_name (proc)) {
    if (!g_ascii_isdigit (pid[0]) || !process_holds (pid, socket_link))
      continue;
    g_autofree char *path = g_build_filename ("/proc", pid, "comm", NULL);
    g_autofree char *name = NULL;
    if (!g_file_get_contents (path, &name, NULL, NULL))
      continue;
    return g_strdup_printf ("%s (pid %s)", g_strchomp (name), pid);
  }
  return NULL;
}
