/* line.c - TCP_INFO of Linux
 *
 * A publisher's losses are seen from this side as packets out of order, since it is the other side
 * that sends again. Of its round-trip time the sending half of our socket knows only what we send,
 * which is next to nothing. (Of a line that got 400 ms longer it said 98 ms half a minute later;
 * the receiving half said 408 ms after two seconds.) The receiving half measures by time stamps, on
 * packets of full size. Without those (Windows), or where packets are as large as frames
 * (loopback), what it says is how long the sender paused, or a window took to fill: then it is not
 * believed. It is linux/tcp.h and not the C library's netinet/tcp.h, whose structure ends before
 * those members; the two exclude each other.
 */
#include "rtmp/line.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#define MAX_WIRE_MSS 2000 /* bytes: larger ones are no packets of a line */

/* A kernel that is older, or only an imitation of one, fills less. */
#define HAS(size, member) ((size) >= offsetof (struct tcp_info, member) + sizeof info.member)

static gboolean
is_receiver_believed (const struct tcp_info *info) {
  return (info->tcpi_options & TCPI_OPT_TIMESTAMPS) != 0 && info->tcpi_rcv_mss <= MAX_WIRE_MSS
         && info->tcpi_rcv_rtt > 0;
}

/**
 * us_rtmp_line_read:
 * @fd: a socket
 * @line: (out): what is known of its line; members that the kernel does not tell are 0
 *
 * Returns: %FALSE: nothing is, as when it is no TCP socket
 */
gboolean
us_rtmp_line_read (int fd, UsRtmpLine *line) {
  struct tcp_info info = { 0 };
  socklen_t size = sizeof info;
  *line = (UsRtmpLine){ 0 };
  if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || !HAS (size, tcpi_rtt))
    return FALSE;
  gboolean is_believed = HAS (size, tcpi_rcv_rtt) && is_receiver_believed (&info);
  line->receiver_rtt_us = is_believed ? info.tcpi_rcv_rtt : 0;
  line->rtt_us = is_believed ? MIN (info.tcpi_rcv_rtt, info.tcpi_rtt) : info.tcpi_rtt;
  line->retransmits = HAS (size, tcpi_total_retrans) ? info.tcpi_total_retrans : 0;
  line->min_rtt_us
      = HAS (size, tcpi_min_rtt) && info.tcpi_min_rtt != G_MAXUINT32 ? info.tcpi_min_rtt : 0;
  line->packets = HAS (size, tcpi_data_segs_in) ? info.tcpi_data_segs_in : 0;
  line->packets_disordered = HAS (size, tcpi_rcv_ooopack) ? info.tcpi_rcv_ooopack : 0;
  return TRUE;
}
