/* line.h - what the kernel knows of the way to a peer */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsRtmpLine: counters since the connection was made. */
typedef struct {
  gint64 rtt_us;              /* the smaller of what both halves of the socket say */
  gint64 receiver_rtt_us;     /* what the receiving half says, which may be old; 0: not known */
  gint64 min_rtt_us;          /* smallest that was seen, 0: not known */
  guint64 packets;            /* with data that came */
  guint64 packets_disordered; /* of those: out of order, as behind one that was lost on the way */
  guint64 retransmits;        /* packets of ours that had to be sent again */
} UsRtmpLine;

gboolean us_rtmp_line_read (int fd, UsRtmpLine *line);

G_END_DECLS
