/* connection.h - the server side of one RTMP connection: commands in, media out to a handler */
#pragma once

#include <gio/gio.h>

#include "rtmp/amf0.h"
#include "rtmp/line.h"
#include "rtmp/peer-limits.h"
#include "rtmp/message.h"
#include "rtmp/stream-name.h"

G_BEGIN_DECLS

typedef struct UsRtmpConnection UsRtmpConnection;

/* UsRtmpHandler: the owner of a connection. All calls come from the connection's main context.
 *
 * @publish: answer with us_rtmp_connection_accept() or us_rtmp_connection_refuse(), now or later
 * @media: audio, video and data messages of the published stream (metadata arrives unwrapped from
 *   @setDataFrame); @message is the handler's to keep: steal message->payload to keep it
 * @closed: the last call; @reason is a sentence for the log, @is_clean: FCUnpublish, deleteStream
 *   or an orderly end. The connection is freed after it returns. It comes from the main loop,
 *   never from inside one of the functions below, and once for every connection whose handler was
 *   set; us_rtmp_listener_free() calls it for those that are open.
 */
typedef struct {
  void (*publish) (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data);
  void (*media) (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data);
  void (*closed) (UsRtmpConnection *connection, gboolean is_clean, const char *reason,
                  gpointer user_data);
} UsRtmpHandler;

void us_rtmp_connection_set_handler (UsRtmpConnection *connection, const UsRtmpHandler *handler,
                                     gpointer user_data);
/* @info: (nullable): extra members for the NetStream.Publish.Start info object (US_MARK_RESUME) */
void us_rtmp_connection_accept (UsRtmpConnection *connection, const UsAmf0 *info);
/* @code: "NetStream.Publish.BadName", "NetStream.Publish.Denied" ...; closes after it was sent */
void us_rtmp_connection_refuse (UsRtmpConnection *connection, const char *code,
                                const char *description);
/* No media follows; @closed does, from the main loop. */
void us_rtmp_connection_close (UsRtmpConnection *connection, const char *reason);
const char *us_rtmp_connection_get_peer (UsRtmpConnection *connection);
/* Returns: (transfer none): its numeric address alone */
const char *us_rtmp_connection_get_host (UsRtmpConnection *connection);
gboolean us_rtmp_connection_get_line (UsRtmpConnection *connection, UsRtmpLine *line);
guint64 us_rtmp_connection_get_bytes_in (UsRtmpConnection *connection);
/* Monotonic time of the last audio or video message, 0 before the first. */
gint64 us_rtmp_connection_get_last_media_us (UsRtmpConnection *connection);

G_END_DECLS
