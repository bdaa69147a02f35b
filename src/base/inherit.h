/* inherit.h - listening sockets handed down by a service manager or by `understudy run` */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The LISTEN_FDS protocol of systemd (sd_listen_fds(3)): descriptors from 3 on, named by
 * LISTEN_FDNAMES. A role asks for each socket by the name it has there. */
#define US_INHERIT_FIRST_FD 3

gboolean us_inherit_check (const char *role, GError **error) G_GNUC_WARN_UNUSED_RESULT;
int us_inherit_take (const char *name);
int us_inherit_find (const char *listen_pid, const char *listen_fds, const char *listen_fdnames,
                     gint64 pid, const char *name);
char *us_inherit_find_double (const char *listen_pid, const char *listen_fds,
                              const char *listen_fdnames, gint64 pid);

G_END_DECLS
