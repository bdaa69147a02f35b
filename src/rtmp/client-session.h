/* client-session.h - what a publisher says to a server: bytes in, requests out, no I/O */
#pragma once

#include <glib.h>

#include "rtmp/amf0.h"

G_BEGIN_DECLS

/* UsRtmpUrl: parts of rtmp[s]://host[:port]/app[/key][?query]; the query stays with the last part.
 */
typedef struct {
  char *host;
  guint16 port;
  gboolean is_tls;
  char *app;
  char *key;
  char *tc_url;
} UsRtmpUrl;

#define US_RTMP_DEFAULT_PORT 1935
#define US_RTMPS_DEFAULT_PORT 443

gboolean us_rtmp_url_parse (const char *text, UsRtmpUrl *url,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_rtmp_url_clear (UsRtmpUrl *url);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsRtmpUrl, us_rtmp_url_clear)

typedef struct UsRtmpClientSession UsRtmpClientSession;

/* Chunk size we announce: a message up to this size goes out as one chunk. nginx-rtmp sets memory
 * of the announced size aside, so it is no larger than frames need. */
#define US_RTMP_CLIENT_CHUNK_BYTES (1024 * 1024)

UsRtmpClientSession *us_rtmp_client_session_new (const UsRtmpUrl *url);
void us_rtmp_client_session_free (UsRtmpClientSession *session);
gboolean us_rtmp_client_session_push (UsRtmpClientSession *session, const guint8 *data, gsize size,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
GBytes *us_rtmp_client_session_take_output (UsRtmpClientSession *session);
const UsAmf0 *us_rtmp_client_session_get_info (const UsRtmpClientSession *session);
guint32 us_rtmp_client_session_get_stream_id (const UsRtmpClientSession *session);
void us_rtmp_client_session_finish (UsRtmpClientSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpClientSession, us_rtmp_client_session_free)

G_END_DECLS
