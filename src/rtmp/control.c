/* control.c - RTMP 1.0 sections 5.4.3 to 5.4.5 and 7.1.7; pure, replies are appended to a buffer */
#include "rtmp/control.h"

#include "rtmp/bytes.h"
#include "rtmp/chunk-writer.h"

#define CONTROL_CSID 2
#define LIMIT_DYNAMIC 2 /* of Set Peer Bandwidth */

/* Bodies are at most six bytes, so no chunk size can split them. */
static void
write_body (GByteArray *out, UsRtmpMessageType type, const guint8 *body, gsize size) {
  UsRtmpMessage message = { .type = type, .chunk_stream = CONTROL_CSID };
  us_rtmp_chunk_write (out, G_MAXUINT32, &message, body, size);
}

/**
 * us_rtmp_control_init:
 * @control: (out): the state of a new connection
 */
void
us_rtmp_control_init (UsRtmpControl *control) {
  *control = (UsRtmpControl){ .window_bytes = US_RTMP_WINDOW_BYTES };
}

/**
 * us_rtmp_control_write:
 * @out: the chunk is appended here
 * @type: Set Chunk Size, Window Acknowledgement Size or Acknowledgement
 * @value: its number
 */
void
us_rtmp_control_write (GByteArray *out, UsRtmpMessageType type, guint32 value) {
  guint8 body[4];
  us_write_u32 (body, value);
  write_body (out, type, body, sizeof body);
}

/**
 * us_rtmp_control_write_bandwidth:
 * @out: Set Peer Bandwidth, of the dynamic kind, is appended here
 * @window_bytes: the window
 */
void
us_rtmp_control_write_bandwidth (GByteArray *out, guint32 window_bytes) {
  guint8 body[5];
  us_write_u32 (body, window_bytes);
  body[4] = LIMIT_DYNAMIC;
  write_body (out, US_RTMP_SET_PEER_BANDWIDTH, body, sizeof body);
}

/**
 * us_rtmp_control_write_event:
 * @out: the user control message is appended here
 * @event: its event type
 * @value: its data: a time stamp for pings
 */
void
us_rtmp_control_write_event (GByteArray *out, guint event, guint32 value) {
  guint8 body[6];
  us_write_u16 (body, event);
  us_write_u32 (body + 2, value);
  write_body (out, US_RTMP_USER_CONTROL, body, sizeof body);
}

/**
 * us_rtmp_control_received:
 * @control: the state
 * @bytes: how many came with one read
 * @out: an Acknowledgement is appended here when one is due
 *
 * One at most for each read, however small a window the peer asked for. The counter on the wire
 * wraps at 2^32.
 */
void
us_rtmp_control_received (UsRtmpControl *control, gsize bytes, GByteArray *out) {
  control->received += bytes;
  if (control->received - control->acknowledged < control->window_bytes)
    return;
  control->acknowledged = control->received;
  us_rtmp_control_write (out, US_RTMP_ACKNOWLEDGEMENT, (guint32)control->received);
}

/**
 * us_rtmp_control_handle:
 * @control: the state
 * @message: any message
 * @out: replies are appended here
 *
 * Malformed and unknown control messages are ignored: they cost nothing, and peers send events of
 * their own (RTMP 1.0 knows seven, Flash Media Server sends more).
 *
 * Returns: %TRUE when it was a control message and is done with
 */
gboolean
us_rtmp_control_handle (UsRtmpControl *control, const UsRtmpMessage *message, GByteArray *out) {
  gsize size;
  const guint8 *p = g_bytes_get_data (message->payload, &size);
  switch ((guint)message->type) {
  case US_RTMP_ACKNOWLEDGEMENT:
    return TRUE;
  case US_RTMP_USER_CONTROL:
    if (size >= 6 && us_read_u16 (p) == US_RTMP_PING_REQUEST)
      us_rtmp_control_write_event (out, US_RTMP_PING_RESPONSE, us_read_u32 (p + 2));
    return TRUE;
  case US_RTMP_WINDOW_ACK_SIZE:
    if (size >= 4 && us_read_u32 (p) > 0)
      control->window_bytes = us_read_u32 (p);
    return TRUE;
  case US_RTMP_SET_PEER_BANDWIDTH:
    if (size >= 4)
      us_rtmp_control_write (out, US_RTMP_WINDOW_ACK_SIZE, us_read_u32 (p));
    return TRUE;
  default:
    return FALSE;
  }
}
