/* listener.h - accepts RTMP connections and enforces how many there may be */
#pragma once

#include "rtmp/connection.h"
#include "rtmp/tls.h"

G_BEGIN_DECLS

typedef struct UsRtmpListener UsRtmpListener;

typedef struct {
  const char *address;         /* "0.0.0.0", "127.0.0.1", "::" ... */
  guint16 port;                /* 0: any free port */
  int inherited_fd;            /* a listening socket handed down by a supervisor, or -1 */
  guint max_connections;       /* in total */
  guint max_per_address;       /* from one peer address (0: no cap) */
  gboolean is_loopback_free;   /* this machine has no cap of its own */
  UsRtmpTlsIdentity *identity; /* nullable: no RTMPS; referenced */
  const char *tls_address;     /* with an identity: where RTMPS is served */
  guint16 tls_port;
  int tls_inherited_fd;
  UsRtmpLimits limits;
} UsRtmpListenerSettings;

/* Every accepted connection is given to @on_connection already started; the callback sets the
 * connection's handler before it returns. */
typedef void (*UsRtmpAcceptFunc) (UsRtmpConnection *connection, gpointer user_data);

UsRtmpListener *us_rtmp_listener_new (const UsRtmpListenerSettings *settings,
                                      UsRtmpAcceptFunc on_connection, gpointer user_data,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 us_rtmp_listener_get_port (UsRtmpListener *listener);
guint16 us_rtmp_listener_get_tls_port (UsRtmpListener *listener);
void us_rtmp_listener_set_identity (UsRtmpListener *listener, UsRtmpTlsIdentity *identity);
gsize us_rtmp_listener_get_partial_bytes (UsRtmpListener *listener);
guint us_rtmp_listener_get_n_connections (UsRtmpListener *listener);
void us_rtmp_listener_free (UsRtmpListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpListener, us_rtmp_listener_free)

G_END_DECLS
