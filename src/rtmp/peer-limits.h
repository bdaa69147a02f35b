/* peer-limits.h - how much and how long one RTMP peer may take, and the verdict on its silence */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Named limits of one connection; us_rtmp_limits_default() fills them. */
typedef struct {
  guint handshake_timeout_ms; /* C0..C2 complete */
  guint publish_timeout_ms;   /* handshake done but nothing published */
  guint idle_timeout_ms;      /* publishing, but not a byte came; half of it sends a ping */
  guint media_timeout_ms;     /* publishing, but no audio or video came; 0: no such limit */
  gsize max_message_bytes;    /* one message */
  gsize max_partial_bytes;    /* sum of half-read messages */
  guint max_chunk_streams;    /* live csids */
  gsize max_queue_bytes;      /* unsent replies */
} UsRtmpLimits;

void us_rtmp_limits_default (UsRtmpLimits *limits);

/* UsRtmpLiveness: monotonic times of what has happened on a connection, 0 for not yet. */
typedef struct {
  gint64 opened_us;
  gint64 handshaken_us; /* the handshake was complete */
  gint64 published_us;  /* a publish was accepted */
  gint64 received_us;   /* last byte from the peer */
  gint64 pinged_us;     /* last ping to the peer */
  gint64 media_us;      /* last audio or video message */
} UsRtmpLiveness;

typedef enum {
  US_RTMP_ALIVE,
  US_RTMP_PING,         /* send one, and note it in pinged_us */
  US_RTMP_NO_HANDSHAKE, /* close: the handshake took too long */
  US_RTMP_NO_PUBLISH,   /* close: connected, but published nothing */
  US_RTMP_SILENT,       /* close: published, then went silent */
  US_RTMP_NO_MEDIA,     /* close: publishes, and sends something, but no audio or video */
} UsRtmpVerdict;

UsRtmpVerdict us_rtmp_liveness_check (const UsRtmpLiveness *liveness, const UsRtmpLimits *limits,
                                      gint64 now_us, gint64 *next_us);

G_END_DECLS
