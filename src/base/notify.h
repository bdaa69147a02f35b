/* notify.h - tells the service manager, or our own supervisor, how a role is doing (sd_notify) */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsNotify: one per process, owned by its main loop. Without NOTIFY_SOCKET all calls do nothing. */
typedef struct UsNotify UsNotify;

/* Reads and unsets NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; starts the heartbeat on the
 * thread-default main context, so that a hung loop falls silent. */
UsNotify *us_notify_new (void);
void us_notify_ready (UsNotify *notify);
void us_notify_stopping (UsNotify *notify);
void us_notify_status (UsNotify *notify, const char *format, ...) G_GNUC_PRINTF (2, 3);
void us_notify_free (UsNotify *notify);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsNotify, us_notify_free)

guint us_notify_heartbeat_ms (const char *watchdog_usec, const char *watchdog_pid, gint64 pid);

G_END_DECLS
