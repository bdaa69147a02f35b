/* chunk-writer.c - RTMP 1.0 section 5.3.1, the sending side
 *
 * Every message begins with a full header (type 0): 12 bytes beside a frame of kilobytes are not
 * worth the state, and a receiver that joins or misreads a delta cannot exist. Pure functions.
 */
#include "rtmp/chunk-writer.h"

#include "rtmp/bytes.h"

#define EXTENDED 0xffffff

static gsize
write_basic (guint8 *out, guint fmt, guint32 csid) {
  if (csid < 64) {
    out[0] = (guint8)(fmt << 6 | csid);
    return 1;
  }
  out[1] = (guint8)(csid - 64);
  if (csid < 320) {
    out[0] = (guint8)(fmt << 6);
    return 2;
  }
  out[0] = (guint8)(fmt << 6 | 1);
  out[2] = (guint8)((csid - 64) >> 8);
  return 3;
}

/**
 * us_rtmp_chunk_header:
 * @out: (out): receives the header
 * @message: its chunk stream (2 to 65599), stream id, type and time stamp; the payload is not used
 * @payload_bytes: length of the payload, below 16 MiB
 *
 * Returns: bytes written
 */
gsize
us_rtmp_chunk_header (guint8 out[US_RTMP_MAX_HEADER_BYTES], const UsRtmpMessage *message,
                      gsize payload_bytes) {
  gsize size = write_basic (out, 0, message->chunk_stream);
  guint8 *p = out + size;
  gboolean is_extended = message->timestamp_ms >= EXTENDED;
  us_write_u24 (p, is_extended ? EXTENDED : message->timestamp_ms);
  us_write_u24 (p + 3, (guint32)payload_bytes);
  p[6] = (guint8)message->type;
  for (guint i = 0; i < 4; i++)
    p[7 + i] = (guint8)(message->stream_id >> (8 * i));
  if (is_extended)
    us_write_u32 (p + 11, message->timestamp_ms);
  return size + 11 + (is_extended ? 4 : 0);
}

/**
 * us_rtmp_chunk_continuation:
 * @out: (out): receives the header
 * @message: the message whose second or later chunk begins
 *
 * Returns: bytes written
 */
gsize
us_rtmp_chunk_continuation (guint8 out[US_RTMP_MAX_CONTINUATION_BYTES],
                            const UsRtmpMessage *message) {
  gsize size = write_basic (out, 3, message->chunk_stream);
  if (message->timestamp_ms < EXTENDED)
    return size;
  us_write_u32 (out + size, message->timestamp_ms);
  return size + 4;
}

/**
 * us_rtmp_chunk_write:
 * @out: the chunks are appended here
 * @chunk_bytes: the chunk size announced to the peer
 * @message: the message; its own payload is not used
 * @payload: (array length=payload_bytes): the body
 * @payload_bytes: its length, below 16 MiB
 *
 * For commands and replies. Media goes by reference, see send-queue.h.
 */
void
us_rtmp_chunk_write (GByteArray *out, guint32 chunk_bytes, const UsRtmpMessage *message,
                     const guint8 *payload, gsize payload_bytes) {
  guint8 header[US_RTMP_MAX_HEADER_BYTES];
  g_byte_array_append (out, header, (guint)us_rtmp_chunk_header (header, message, payload_bytes));
  for (gsize sent = 0; sent < payload_bytes;) {
    if (sent > 0)
      g_byte_array_append (out, header, (guint)us_rtmp_chunk_continuation (header, message));
    gsize take = MIN (chunk_bytes, payload_bytes - sent);
    g_byte_array_append (out, payload + sent, (guint)take);
    sent += take;
  }
}
