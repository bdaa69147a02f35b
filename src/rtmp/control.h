/* control.h - RTMP protocol control of either side: acknowledgements, windows, pings */
#pragma once

#include <glib.h>

#include "rtmp/message.h"

G_BEGIN_DECLS

/* What both sides of this code announce, and assume of a peer that announces nothing. */
#define US_RTMP_WINDOW_BYTES 2500000

/* UsRtmpControl: plain value, initialised by us_rtmp_control_init(). */
typedef struct {
  guint64 received;     /* all bytes from the peer, handshake included */
  guint64 acknowledged; /* how many of them were acknowledged */
  guint32 window_bytes; /* the peer wants an acknowledgement at least this often */
} UsRtmpControl;

/* User control events (RTMP 1.0 7.1.7). */
enum {
  US_RTMP_PING_REQUEST = 6,
  US_RTMP_PING_RESPONSE = 7,
};

void us_rtmp_control_init (UsRtmpControl *control);
void us_rtmp_control_received (UsRtmpControl *control, gsize bytes, GByteArray *out);
gboolean us_rtmp_control_handle (UsRtmpControl *control, const UsRtmpMessage *message,
                                 GByteArray *out);
void us_rtmp_control_write (GByteArray *out, UsRtmpMessageType type, guint32 value);
void us_rtmp_control_write_bandwidth (GByteArray *out, guint32 window_bytes);
void us_rtmp_control_write_event (GByteArray *out, guint event, guint32 value);

G_END_DECLS
