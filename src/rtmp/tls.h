/* tls.h - the server's side of TLS on a non-blocking socket: bytes of RTMPS in and out */
#pragma once

#include <glib.h>

#include "rtmp/send-queue.h"

G_BEGIN_DECLS

#define US_RTMP_TLS_MAX_FILE (256 * 1024) /* bytes of a certificate chain or a key */

/* UsRtmpTlsIdentity: a certificate with its key, counted; sessions keep the one they began with. */
typedef struct UsRtmpTlsIdentity UsRtmpTlsIdentity;

UsRtmpTlsIdentity *us_rtmp_tls_identity_new (const char *certificate, gsize certificate_size,
                                             const char *key, gsize key_size,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
UsRtmpTlsIdentity *us_rtmp_tls_identity_ref (UsRtmpTlsIdentity *identity);
void us_rtmp_tls_identity_unref (UsRtmpTlsIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpTlsIdentity, us_rtmp_tls_identity_unref)
gint64 us_rtmp_tls_identity_get_expiry_s (const UsRtmpTlsIdentity *identity);

typedef struct UsRtmpTls UsRtmpTls;

UsRtmpTls *us_rtmp_tls_new (UsRtmpTlsIdentity *identity, int fd);
void us_rtmp_tls_free (UsRtmpTls *tls);
gssize us_rtmp_tls_read (UsRtmpTls *tls, guint8 *buffer, gsize size);
gssize us_rtmp_tls_write_queue (UsRtmpTls *tls, UsRtmpSendQueue *queue);
void us_rtmp_tls_say_goodbye (UsRtmpTls *tls);
gboolean us_rtmp_tls_is_established (const UsRtmpTls *tls);
gboolean us_rtmp_tls_wants_write (const UsRtmpTls *tls);
const char *us_rtmp_tls_get_fault (const UsRtmpTls *tls);

G_END_DECLS
