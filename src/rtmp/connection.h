/* connection.h - the server side of one RTMP connection: commands in, media out to a handler */
#pragma once

#include <gio/gio.h>

#include "rtmp/amf0.h"
#include "rtmp/message.h"

G_BEGIN_DECLS

/* Named limits of one connection; us_rtmp_limits_default() fills them. */
typedef struct {
  guint handshake_timeout_ms; /* C0..C2 complete */
  guint publish_timeout_ms;   /* handshake done but nothing published */
  guint idle_timeout_ms;      /* publishing, but not a byte came; half of it sends a ping */
  gsize max_message_bytes;    /* one message */
  gsize max_partial_bytes;    /* sum of half-read messages */
  guint max_chunk_streams;    /* live csids */
  gsize max_queue_bytes;      /* unsent replies */
} UsRtmpLimits;

void us_rtmp_limits_default (UsRtmpLimits *limits);

typedef struct UsRtmpConnection UsRtmpConnection;

/* What a publish asked for. Strings are valid during the callback, are UTF-8 and at most
 * US_RTMP_NAME_MAX bytes, and contain no control bytes; the query is split off. */
#define US_RTMP_NAME_MAX 255

typedef struct {
  const char *app;     /* "" when the client sent none */
  const char *key;     /* "" when the client sent none */
  const char *query;   /* "" or the text after '?' of the key (else of the app) */
  const char *tc_url;  /* "" when absent */
  const char *encoder; /* flashVer, for the log */
} UsRtmpPublish;

/* UsRtmpHandler: the owner of a connection. All calls come from the connection's main context.
 *
 * @publish: answer with us_rtmp_connection_accept() or us_rtmp_connection_refuse(), now or later
 * @media: audio, video and data messages of the published stream (metadata arrives unwrapped from
 *   @setDataFrame); @message is the handler's to keep: steal message->payload to keep it
 * @closed: the last call; @reason is a sentence for the log, @is_clean: FCUnpublish, deleteStream
 *   or an orderly end. The connection is freed after it returns.
 */
typedef struct {
  void (*publish) (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data);
  void (*media) (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data);
  void (*closed) (UsRtmpConnection *connection,
                  gboolean is_clean,
                  const char *reason,
                  gpointer user_data);
} UsRtmpHandler;

void us_rtmp_connection_set_handler (UsRtmpConnection *connection,
                                     const UsRtmpHandler *handler,
                                     gpointer user_data);
/* @info: (nullable): extra members for the NetStream.Publish.Start info object (US_MARK_RESUME) */
void us_rtmp_connection_accept (UsRtmpConnection *connection, const UsAmf0 *info);
/* @code: "NetStream.Publish.BadName", "NetStream.Publish.Denied" ...; closes after it was sent */
void
us_rtmp_connection_refuse (UsRtmpConnection *connection, const char *code, const char *description);
void us_rtmp_connection_close (UsRtmpConnection *connection, const char *reason);
const char *us_rtmp_connection_get_peer (UsRtmpConnection *connection);
guint64 us_rtmp_connection_get_bytes_in (UsRtmpConnection *connection);
/* Monotonic time of the last audio or video message, 0 before the first. */
gint64 us_rtmp_connection_get_last_media_us (UsRtmpConnection *connection);

G_END_DECLS
