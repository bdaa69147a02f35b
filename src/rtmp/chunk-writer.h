/* chunk-writer.h - RTMP messages to chunks: headers for payloads sent in place, or whole copies */
#pragma once

#include <glib.h>

#include "rtmp/message.h"

G_BEGIN_DECLS

/* Longest header of the first chunk of a message, and of any further one. */
#define US_RTMP_MAX_HEADER_BYTES 18
#define US_RTMP_MAX_CONTINUATION_BYTES 7

gsize us_rtmp_chunk_header (guint8 out[US_RTMP_MAX_HEADER_BYTES], const UsRtmpMessage *message,
                            gsize payload_bytes);
gsize us_rtmp_chunk_continuation (guint8 out[US_RTMP_MAX_CONTINUATION_BYTES],
                                  const UsRtmpMessage *message);
void us_rtmp_chunk_write (GByteArray *out, guint32 chunk_bytes, const UsRtmpMessage *message,
                          const guint8 *payload, gsize payload_bytes);

G_END_DECLS
