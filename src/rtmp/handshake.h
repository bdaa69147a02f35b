/* handshake.h - the RTMP handshake of either side, as a push machine: bytes in, bytes out */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct UsRtmpHandshake UsRtmpHandshake;

typedef enum {
  US_RTMP_SERVER,
  US_RTMP_CLIENT,
} UsRtmpSide;

UsRtmpHandshake *us_rtmp_handshake_new (UsRtmpSide side, GByteArray *out);
gboolean us_rtmp_handshake_push (UsRtmpHandshake *handshake, const guint8 **data, gsize *size,
                                 GByteArray *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_rtmp_handshake_is_done (const UsRtmpHandshake *handshake);
void us_rtmp_handshake_free (UsRtmpHandshake *handshake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpHandshake, us_rtmp_handshake_free)

G_END_DECLS
