/* listen.h - listening sockets opened on behalf of roles, and free ports picked for them */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

int us_listen_open (const char *address, guint16 port, guint16 *actual, GError **error);
int us_listen_hold (const char *address, guint16 *port, GError **error);
gboolean us_listen_check (const char *address, guint16 *port,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_listen_explain (const char *address, guint16 port, const GError *error);

G_END_DECLS
