/* fuzz-rtmp-client.c - what a hostile server may say to one of our relays and pushes
 *
 * The first byte says in what portions the rest is pushed, behind a complete handshake. */
#include "fuzz-rtmp.h"
#include "rtmp/client-session.h"

/* A server can make us answer, but not more than this for each byte of its own. */
#define MAX_ANSWER(received) (64 * 1024 + 64 * (received))

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  static const guint8 handshake[1 + 2 * 1536] = { 3 };
  if (size == 0)
    return 0;
  g_auto (UsRtmpUrl) url = { 0 };
  if (!us_rtmp_url_parse ("rtmp://localhost/live/key", &url, NULL))
    g_error ("the address is wrong");
  g_autoptr (UsRtmpClientSession) session = us_rtmp_client_session_new (&url);
  if (!us_rtmp_client_session_push (session, handshake, sizeof handshake, NULL))
    g_error ("the handshake failed");
  gsize step = data[0] + 1u, answered = 0;
  gboolean ok = TRUE;
  for (gsize at = 1; ok && at < size; at += step) {
    gsize part = MIN (step, size - at);
    g_autofree guint8 *exact = fuzz_exact (data + at, part);
    g_autoptr (GError) error = NULL;
    ok = us_rtmp_client_session_push (session, exact, part, &error);
    if (ok != (error == NULL))
      g_error ("result and error disagree");
    g_autoptr (GBytes) output = us_rtmp_client_session_take_output (session);
    answered += output != NULL ? g_bytes_get_size (output) : 0;
    if (answered > MAX_ANSWER (at + part))
      g_error ("%" G_GSIZE_FORMAT " bytes of answers", answered);
  }
  if (us_rtmp_client_session_get_info (session) != NULL)
    us_rtmp_client_session_finish (session);
  return 0;
}
