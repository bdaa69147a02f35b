/* client.h - an RTMP publisher: connects, publishes, and sends messages with back-pressure */
#pragma once

#include <gio/gio.h>

#include "rtmp/amf0.h"
#include "rtmp/error.h"
#include "rtmp/message.h"

G_BEGIN_DECLS

/* UsRtmpClient: one attempt to publish to one URL. It does not reconnect: the owner frees it and
 * makes a new one, since what to send after a reconnect is the owner's decision.
 * All calls and callbacks in the thread-default main context of us_rtmp_client_new(). */
typedef struct UsRtmpClient UsRtmpClient;

/* @ready: publishing may begin; @info: the server's NetStream.Publish.Start info object
 * @writable: what was queued has shrunk below half of the high-water mark
 * @closed: the last call; the owner frees the client after or during it; @error is never NULL, and
 *   US_RTMP_ERROR_CLOSED also after us_rtmp_client_finish() */
typedef struct {
  void (*ready) (UsRtmpClient *client, const UsAmf0 *info, gpointer user_data);
  void (*writable) (UsRtmpClient *client, gpointer user_data);
  void (*closed) (UsRtmpClient *client, const GError *error, gpointer user_data);
} UsRtmpClientHandler;

/* @url: rtmp[s]://host[:port]/app[/key]; connect and handshake have @timeout_ms in all, and so has
 * any later moment in which queued bytes do not move at all */
UsRtmpClient *us_rtmp_client_new (const char *url, guint timeout_ms,
                                  const UsRtmpClientHandler *handler, gpointer user_data,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @authorities: (nullable): who may sign the certificate of an rtmps:// server; NULL: those that
 * the system trusts */
UsRtmpClient *us_rtmp_client_new_with_tls (const char *url, GTlsDatabase *authorities,
                                           guint timeout_ms, const UsRtmpClientHandler *handler,
                                           gpointer user_data,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Queues one audio, video or data message on the published stream. The payload is referenced, not
 * copied. Returns FALSE, and queues nothing, while more than the high-water mark is unsent. */
gboolean us_rtmp_client_send (UsRtmpClient *client, UsRtmpMessageType type, guint32 timestamp_ms,
                              GBytes *payload);
/* Messages are gathered and written together: at us_rtmp_client_flush(), or when a socket buffer's
 * worth has been gathered. One system call then carries many messages. */
void us_rtmp_client_flush (UsRtmpClient *client);
/* FCUnpublish, deleteStream, then close; @closed follows. */
void us_rtmp_client_finish (UsRtmpClient *client);
gsize us_rtmp_client_get_queued_bytes (UsRtmpClient *client);
void us_rtmp_client_free (UsRtmpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpClient, us_rtmp_client_free)

G_END_DECLS
