/* peer-limits.c - the default limits, and the pure verdict of the deadlines among them */
#include "rtmp/peer-limits.h"

/**
 * us_rtmp_limits_default:
 * @limits: (out): filled with what a publisher of up to some 100 Mb/s needs
 *
 * A key frame of 8K video stays below 8 MiB. Two of that may be half-read at once, since audio and
 * video interleave; real publishers use up to six chunk streams.
 */
void
us_rtmp_limits_default (UsRtmpLimits *limits) {
  *limits = (UsRtmpLimits){
    .handshake_timeout_ms = 5 * 1000,
    .publish_timeout_ms = 10 * 1000,
    .idle_timeout_ms = 10 * 1000,
    .max_message_bytes = 8 * 1024 * 1024,
    .max_partial_bytes = 16 * 1024 * 1024,
    .max_chunk_streams = 64,
    .max_queue_bytes = 256 * 1024,
  };
}

/**
 * us_rtmp_liveness_check:
 * @liveness: what has happened
 * @limits: the deadlines
 * @now_us: monotonic time
 * @next_us: (out): when to ask again at the latest; meaningless when the verdict is to close
 *
 * Returns: what to do now
 */
UsRtmpVerdict
us_rtmp_liveness_check (const UsRtmpLiveness *liveness, const UsRtmpLimits *limits, gint64 now_us,
                        gint64 *next_us) {
  if (liveness->handshaken_us == 0) {
    *next_us = liveness->opened_us + limits->handshake_timeout_ms * G_GINT64_CONSTANT (1000);
    return now_us >= *next_us ? US_RTMP_NO_HANDSHAKE : US_RTMP_ALIVE;
  }
  if (liveness->published_us == 0) {
    *next_us = liveness->handshaken_us + limits->publish_timeout_ms * G_GINT64_CONSTANT (1000);
    return now_us >= *next_us ? US_RTMP_NO_PUBLISH : US_RTMP_ALIVE;
  }
  gint64 last_us = MAX (liveness->published_us, liveness->received_us);
  gint64 dead_us = last_us + limits->idle_timeout_ms * G_GINT64_CONSTANT (1000);
  gint64 ping_us = last_us + limits->idle_timeout_ms * G_GINT64_CONSTANT (500);
  if (now_us >= dead_us)
    return US_RTMP_SILENT;
  gint64 starved_us = G_MAXINT64;
  if (limits->media_timeout_ms > 0)
    starved_us = MAX (liveness->published_us, liveness->media_us)
                 + limits->media_timeout_ms * G_GINT64_CONSTANT (1000);
  if (now_us >= starved_us)
    return US_RTMP_NO_MEDIA;
  gboolean is_pinged = liveness->pinged_us >= ping_us;
  *next_us = MIN (is_pinged || now_us >= ping_us ? dead_us : ping_us, starved_us);
  return now_us >= ping_us && !is_pinged ? US_RTMP_PING : US_RTMP_ALIVE;
}
