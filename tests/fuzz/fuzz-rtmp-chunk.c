/* fuzz-rtmp-chunk.c - chunks of a peer behind its handshake, through the server's whole half
 *
 * The first byte says in what portions the rest is pushed. The same bytes go through a chunk reader
 * alone, whole and in portions, and have to give the same messages both ways.
 */
#include "fuzz-rtmp.h"
#include "rtmp/chunk-reader.h"
#include "rtmp/server-session.h"

static guint64
read_all (const guint8 *data, gsize size, gsize step) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  limits.max_message_bytes = 64 * 1024;
  limits.max_partial_bytes = 128 * 1024;
  g_autoptr (UsRtmpChunkReader) reader = us_rtmp_chunk_reader_new (&limits);
  guint64 sum = 0;
  for (gsize at = 0; at < size; at += step) {
    gsize left = MIN (step, size - at);
    g_autofree guint8 *exact = fuzz_exact (data + at, left);
    const guint8 *p = exact;
    for (;;) {
      g_auto (UsRtmpMessage) message = { 0 };
      UsRtmpChunkResult result = us_rtmp_chunk_reader_push (reader, &p, &left, &message, NULL);
      if (us_rtmp_chunk_reader_get_partial_bytes (reader) > limits.max_partial_bytes)
        g_error ("more memory than allowed");
      if (result == US_RTMP_CHUNK_ERROR)
        return sum * 31 + 1;
      if (result == US_RTMP_CHUNK_MORE)
        break;
      sum = sum * 31 + message.type;
      sum = sum * 31 + message.timestamp_ms;
      sum = sum * 31 + g_bytes_hash (message.payload);
    }
    if (left != 0)
      g_error ("bytes left over");
  }
  return sum;
}

typedef struct {
  UsRtmpServerSession *session;
  gboolean refuses;
} Server;

static void
on_publish (const UsRtmpPublish *publish, gpointer user_data) {
  Server *server = user_data;
  if (!g_utf8_validate (publish->app, -1, NULL) || !g_utf8_validate (publish->key, -1, NULL)
      || strlen (publish->key) > US_RTMP_NAME_MAX)
    g_error ("a name that should have been refused");
  if (server->refuses)
    us_rtmp_server_session_refuse (server->session, "NetStream.Publish.Denied", "no");
  else
    us_rtmp_server_session_accept (server->session, NULL);
}

static void
on_media (UsRtmpMessage *message, gpointer user_data) {
  if (message->type != US_RTMP_AUDIO && message->type != US_RTMP_VIDEO
      && message->type != US_RTMP_DATA_AMF0)
    g_error ("a message that is no media");
}

static void
serve (const guint8 *data, gsize size, gsize step, gboolean refuses) {
  static const UsRtmpServerEvents events = { on_publish, on_media };
  static const guint8 handshake[1 + 2 * 1536] = { 3 };
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  Server server = { .refuses = refuses };
  g_autoptr (UsRtmpServerSession) session = us_rtmp_server_session_new (&limits, &events, &server);
  server.session = session;
  if (!us_rtmp_server_session_push (session, handshake, sizeof handshake, NULL))
    g_error ("the handshake failed");
  for (gsize at = 0; at < size; at += step) {
    gboolean ok = us_rtmp_server_session_push (session, data + at, MIN (step, size - at), NULL);
    GBytes *output = us_rtmp_server_session_take_output (session);
    g_clear_pointer (&output, g_bytes_unref);
    if (!ok)
      return;
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  if (size == 0)
    return 0;
  gsize step = (data[0] & 0x7f) + 1u;
  if (read_all (data + 1, size - 1, step) != read_all (data + 1, size - 1, size))
    g_error ("portions make a difference");
  serve (data + 1, size - 1, step, data[0] & 0x80);
  return 0;
}
