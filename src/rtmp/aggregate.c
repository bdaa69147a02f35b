/* aggregate.c - RTMP 1.0 section 7.1.6; pure, and payloads are copies */
#include "rtmp/aggregate.h"

#include "rtmp/bytes.h"
#include "rtmp/error.h"

#define TAG_HEADER_BYTES 11  /* type, size, time stamp with its top byte behind, stream id */
#define BACK_POINTER_BYTES 4 /* size of the tag, again */

/**
 * us_rtmp_aggregate_foreach:
 * @aggregate: a message of type 22
 * @func: (scope call): called for each audio, video and data message inside; it may steal the
 *   payload. Others, also aggregates inside, are skipped.
 * @user_data: its argument
 * @error: (out): US_RTMP_ERROR_PROTOCOL
 *
 * Time stamps are moved so that the first message has the time of the aggregate. A last back
 * pointer may be missing, as some senders leave it out.
 *
 * Returns: %FALSE when a length inside points behind the end; earlier messages were delivered
 */
gboolean
us_rtmp_aggregate_foreach (const UsRtmpMessage *aggregate, UsRtmpMessageFunc func,
                           gpointer user_data, GError **error) {
  gsize size;
  const guint8 *data = g_bytes_get_data (aggregate->payload, &size);
  guint32 offset_ms = 0;
  for (gsize at = 0; at < size;) {
    gsize left = size - at;
    const guint8 *p = data + at;
    gsize body = left >= TAG_HEADER_BYTES ? us_read_u24 (p + 1) : 0;
    if (left < TAG_HEADER_BYTES || body > left - TAG_HEADER_BYTES) {
      g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_PROTOCOL,
                           "an aggregate message ends inside one of its messages");
      return FALSE;
    }
    guint32 time_ms = us_read_u24 (p + 4) | (guint32)p[7] << 24;
    if (at == 0)
      offset_ms = aggregate->timestamp_ms - time_ms;
    guint8 type = p[0];
    if (type == US_RTMP_AUDIO || type == US_RTMP_VIDEO || type == US_RTMP_DATA_AMF0) {
      g_auto (UsRtmpMessage) message = {
        .type = (UsRtmpMessageType)type,
        .chunk_stream = aggregate->chunk_stream,
        .stream_id = aggregate->stream_id,
        .timestamp_ms = time_ms + offset_ms,
        .payload = g_bytes_new (p + TAG_HEADER_BYTES, body), /* a slice would keep the whole */
      };
      func (&message, user_data);
    }
    at += MIN (left, TAG_HEADER_BYTES + body + BACK_POINTER_BYTES);
  }
  return TRUE;
}
