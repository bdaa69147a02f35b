/* message.h - one RTMP message: type, stream, time stamp and payload */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* RTMP 1.0 section 5.4, 7.1 */
typedef enum {
  US_RTMP_SET_CHUNK_SIZE = 1,
  US_RTMP_ABORT = 2,
  US_RTMP_ACKNOWLEDGEMENT = 3,
  US_RTMP_USER_CONTROL = 4,
  US_RTMP_WINDOW_ACK_SIZE = 5,
  US_RTMP_SET_PEER_BANDWIDTH = 6,
  US_RTMP_AUDIO = 8,
  US_RTMP_VIDEO = 9,
  US_RTMP_DATA_AMF3 = 15,
  US_RTMP_COMMAND_AMF3 = 17,
  US_RTMP_DATA_AMF0 = 18,
  US_RTMP_COMMAND_AMF0 = 20,
  US_RTMP_AGGREGATE = 22,
} UsRtmpMessageType;

/* UsRtmpMessage: plain value; @payload is owned by whoever holds the struct. */
typedef struct {
  UsRtmpMessageType type;
  guint32 chunk_stream; /* csid it came on or goes out on */
  guint32 stream_id;    /* message stream id */
  guint32 timestamp_ms; /* as on the wire: 32 bit, wraps */
  GBytes *payload;
} UsRtmpMessage;

void us_rtmp_message_clear (UsRtmpMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsRtmpMessage, us_rtmp_message_clear)

G_END_DECLS
