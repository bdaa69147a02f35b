/* connection-private.h - how the listener makes and ends connections */
#pragma once

#include "rtmp/connection.h"
#include "rtmp/tls.h"

G_BEGIN_DECLS

/* Called once, from the main loop, after @closed of the handler: the listener drops and frees it.
 */
typedef void (*UsRtmpConnectionDoneFunc) (UsRtmpConnection *connection, gpointer user_data);

/* UsRtmpComplaints: of one port, about peers that speak something else; at most one log line of
 * each kind in US_RTMP_COMPLAINT_US, since port scanners come by the thousand. */
typedef enum {
  US_RTMP_SPEAKS_TLS,
  US_RTMP_SPEAKS_HTTP,
  US_RTMP_SPEAKS_OTHER,
  US_RTMP_SPEAKS_N,
} UsRtmpSpeaks;
#define US_RTMP_COMPLAINT_US (10 * G_USEC_PER_SEC)
typedef struct {
  gint64 said_us[US_RTMP_SPEAKS_N]; /* 0: never */
  guint hidden[US_RTMP_SPEAKS_N];
  guint16 tls_port; /* where rtmps:// is served, 0: nowhere */
} UsRtmpComplaints;

/* @identity: (nullable): speaks TLS first
 * @complaints: outlives the connection */
UsRtmpConnection *us_rtmp_connection_new (int fd, const char *host, guint16 port,
                                          const UsRtmpLimits *limits, UsRtmpTlsIdentity *identity,
                                          UsRtmpComplaints *complaints,
                                          UsRtmpConnectionDoneFunc done, gpointer user_data);
gsize us_rtmp_connection_get_partial_bytes (UsRtmpConnection *connection);
gboolean us_rtmp_connection_has_handler (UsRtmpConnection *connection);
/* Has published nothing so far, or is as good as closed. */
gboolean us_rtmp_connection_is_pending (UsRtmpConnection *connection);
gint64 us_rtmp_connection_get_opened_us (UsRtmpConnection *connection);
void us_rtmp_connection_abort (UsRtmpConnection *connection, const char *reason);
void us_rtmp_connection_free (UsRtmpConnection *connection);

G_END_DECLS
