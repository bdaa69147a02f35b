/* server-session.h - what a server says to a publisher: bytes in, replies and media out, no I/O */
#pragma once

#include <glib.h>

#include "rtmp/peer-limits.h"
#include "rtmp/message.h"
#include "rtmp/stream-name.h"

G_BEGIN_DECLS

typedef struct UsRtmpServerSession UsRtmpServerSession;

typedef enum {
  US_RTMP_SERVER_HANDSHAKE,
  US_RTMP_SERVER_OPEN,      /* chunks may come, connect has not */
  US_RTMP_SERVER_CONNECTED, /* connect was answered */
  US_RTMP_SERVER_ASKED,     /* publish waits for accept or refuse */
  US_RTMP_SERVER_PUBLISHING,
  US_RTMP_SERVER_ENDED,   /* the peer unpublished: close once the replies are out */
  US_RTMP_SERVER_REFUSED, /* close once the replies are out */
} UsRtmpServerState;

/* Both are called from us_rtmp_server_session_push(), and must not free the session.
 * @media: the payload may be stolen */
typedef struct {
  void (*publish) (const UsRtmpPublish *publish, gpointer user_data);
  void (*media) (UsRtmpMessage *message, gpointer user_data);
} UsRtmpServerEvents;

#define US_RTMP_MAX_COMMAND_BYTES (64 * 1024) /* longest message before a publish */
#define US_RTMP_MAX_EARLY_BYTES (256 * 1024)  /* half-read messages in all before a publish */
#define US_RTMP_MAX_COMMANDS 64               /* before a publish; real clients send five */
#define US_RTMP_MAX_EARLY_MEDIA 64            /* messages that are dropped before a publish */

UsRtmpServerSession *us_rtmp_server_session_new (const UsRtmpLimits *limits,
                                                 const UsRtmpServerEvents *events,
                                                 gpointer user_data);
void us_rtmp_server_session_free (UsRtmpServerSession *session);
gboolean us_rtmp_server_session_push (UsRtmpServerSession *session, const guint8 *data, gsize size,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
GBytes *us_rtmp_server_session_take_output (UsRtmpServerSession *session);
void us_rtmp_server_session_accept (UsRtmpServerSession *session, const UsAmf0 *info);
void us_rtmp_server_session_refuse (UsRtmpServerSession *session, const char *code,
                                    const char *description);
void us_rtmp_server_session_ping (UsRtmpServerSession *session, guint32 now_ms);
UsRtmpServerState us_rtmp_server_session_get_state (const UsRtmpServerSession *session);
guint64 us_rtmp_server_session_get_received (const UsRtmpServerSession *session);
gsize us_rtmp_server_session_get_partial_bytes (const UsRtmpServerSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpServerSession, us_rtmp_server_session_free)

G_END_DECLS
