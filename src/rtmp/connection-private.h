/* connection-private.h - how the listener makes and ends connections */
#pragma once

#include "rtmp/connection.h"

G_BEGIN_DECLS

/* Called once, from the main loop, after @closed of the handler: the listener drops and frees it.
 */
typedef void (*UsRtmpConnectionDoneFunc) (UsRtmpConnection *connection, gpointer user_data);

UsRtmpConnection *us_rtmp_connection_new (int fd, const char *host, guint16 port,
                                          const UsRtmpLimits *limits, UsRtmpConnectionDoneFunc done,
                                          gpointer user_data);
gboolean us_rtmp_connection_has_handler (UsRtmpConnection *connection);
/* Open, and has published nothing so far. */
gboolean us_rtmp_connection_is_pending (UsRtmpConnection *connection);
gint64 us_rtmp_connection_get_opened_us (UsRtmpConnection *connection);
void us_rtmp_connection_abort (UsRtmpConnection *connection, const char *reason);
void us_rtmp_connection_free (UsRtmpConnection *connection);

G_END_DECLS
