/* notify.c - the sd_notify protocol: datagrams of NAME=value lines to the socket NOTIFY_SOCKET
 *
 * Owned by a role's main(). The heartbeat is a timer of the role's main loop and of nothing else:
 * that is its whole meaning. Sending never blocks; a manager that does not read loses messages, and
 * READY=1 must not be among them: the heartbeat says it again.
 * (sd_notify(3), systemd.service(5) WatchdogSec.)
 */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEARTBEAT_MAX_MS 1000
#define HEARTBEAT_MIN_MS 20

struct UsNotify {
  int fd; /* connected datagram socket, -1 when nobody listens */
  GSource *heartbeat;
  gboolean is_ready, is_stopping;
};

/**
 * us_notify_heartbeat_ms:
 * @watchdog_usec: (nullable): WATCHDOG_USEC
 * @watchdog_pid: (nullable): WATCHDOG_PID
 * @pid: this process
 *
 * Returns: how often to send WATCHDOG=1: twice per allowed silence, at least each second; 0 when
 *   nobody asked, or asked another process
 */
guint
us_notify_heartbeat_ms (const char *watchdog_usec, const char *watchdog_pid, gint64 pid) {
  guint64 usec = 0;
  gint64 wanted = pid;
  if (watchdog_usec == NULL
      || !g_ascii_string_to_unsigned (watchdog_usec, 10, 1, G_MAXINT64, &usec, NULL))
    return 0;
  if (watchdog_pid != NULL
      && !g_ascii_string_to_signed (watchdog_pid, 10, 1, G_MAXINT, &wanted, NULL))
    return 0;
  return wanted == pid ? (guint)CLAMP (usec / 2000, HEARTBEAT_MIN_MS, HEARTBEAT_MAX_MS) : 0;
}

static int
connect_to (const char *path) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gsize length = strlen (path);
  if ((path[0] != '/' && path[0] != '@') || length >= sizeof address.sun_path)
    return -1;
  memcpy (address.sun_path, path, length);
  if (path[0] == '@')
    address.sun_path[0] = '\0'; /* Linux's abstract namespace */
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  socklen_t size = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + length);
  if (fd >= 0 && connect (fd, (const struct sockaddr *)&address, size) != 0) {
    close (fd);
    return -1;
  }
  return fd;
}

static void
say (UsNotify *notify, const char *text) {
  while (notify->fd >= 0 && send (notify->fd, text, strlen (text), MSG_NOSIGNAL) < 0
         && errno == EINTR)
    continue;
}

static gboolean
on_heartbeat (gpointer data) {
  UsNotify *notify = data;
  say (notify, notify->is_ready && !notify->is_stopping ? "READY=1\nWATCHDOG=1" : "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

/**
 * us_notify_new:
 *
 * Returns: (transfer full): the way to the service manager
 */
UsNotify *
us_notify_new (void) {
  UsNotify *notify = g_new0 (UsNotify, 1);
  const char *path = g_getenv ("NOTIFY_SOCKET");
  guint heartbeat_ms
      = us_notify_heartbeat_ms (g_getenv ("WATCHDOG_USEC"), g_getenv ("WATCHDOG_PID"), getpid ());

  notify->fd = path != NULL ? connect_to (path) : -1;
  if (notify->fd >= 0 && heartbeat_ms > 0) {
    notify->heartbeat = g_timeout_source_new (heartbeat_ms);
    g_source_set_name (notify->heartbeat, "notify-heartbeat");
    g_source_set_callback (notify->heartbeat, on_heartbeat, notify, NULL);
    g_source_attach (notify->heartbeat, g_main_context_get_thread_default ());
    on_heartbeat (notify);
  }
  g_unsetenv ("NOTIFY_SOCKET");
  g_unsetenv ("WATCHDOG_USEC");
  g_unsetenv ("WATCHDOG_PID");
  return notify;
}

/**
 * us_notify_ready:
 * @notify: the way to the service manager
 *
 * The role listens and works.
 */
void
us_notify_ready (UsNotify *notify) {
  notify->is_ready = TRUE;
  say (notify, "READY=1");
}

/**
 * us_notify_stopping:
 * @notify: the way to the service manager
 *
 * The role drains.
 */
void
us_notify_stopping (UsNotify *notify) {
  notify->is_stopping = TRUE;
  say (notify, "STOPPING=1");
}

/**
 * us_notify_status:
 * @notify: the way to the service manager
 * @format: printf-style, one line for people (systemctl status)
 */
void
us_notify_status (UsNotify *notify, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_strdelimit (text, "\n\r", ' ');
  g_autofree char *line = g_strconcat ("STATUS=", text, NULL);
  say (notify, line);
}

/**
 * us_notify_free:
 * @notify: (transfer full) (nullable): ends the heartbeat
 */
void
us_notify_free (UsNotify *notify) {
  if (notify == NULL)
    return;
  if (notify->heartbeat != NULL) {
    g_source_destroy (notify->heartbeat);
    g_source_unref (notify->heartbeat);
  }
  if (notify->fd >= 0)
    close (notify->fd);
  g_free (notify);
}
