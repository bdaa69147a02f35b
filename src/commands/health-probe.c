/* health-probe.c - asks one thing whether it is there, once, with a deadline
 *
 * For a command that has nothing else to do than to wait: a probe turns the default main context
 * until there is an answer, a failure, or no time left.
 */
#include "commands/health-probe.h"

#include <gio/gio.h>

#include "base/names.h"
#include "http/client.h"
#include "rtmp/handshake.h"

#define RTMP_PORT 1935         /* of a URL without one */
#define MAX_BODY (1024 * 1024) /* a page of a thousand streams has 400 KB */
#define READ_BYTES 4096

/* ---- HTTP ---- */

typedef struct {
  UsHttpReply *reply;
  GError *error;
  gboolean is_over;
} HttpWait;

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer user_data) {
  HttpWait *wait = user_data;
  wait->reply = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &wait->error);
  wait->is_over = TRUE;
}

static gboolean
probe_http (const UsHealthTarget *target, guint deadline_ms, gboolean must_serve, char **why) {
  g_autoptr (UsHttpClient) client = us_http_client_new (US_PROGRAM "-healthcheck/" US_VERSION);
  UsHttpFetch fetch = { .connect_timeout_ms = deadline_ms,
                        .first_byte_timeout_ms = deadline_ms,
                        .deadline_ms = deadline_ms,
                        .max_bytes = MAX_BODY };
  HttpWait wait = { 0 };
  us_http_client_fetch_async (client, target->url, &fetch, NULL, on_fetched, &wait);
  while (!wait.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_autoptr (UsHttpReply) reply = wait.reply;
  g_autoptr (GError) error = wait.error;
  if (reply == NULL) {
    *why = g_strdup (error->message);
    return FALSE;
  }
  gsize size = 0;
  const char *body = g_bytes_get_data (reply->body, &size);
  return us_health_judge (target, reply->status, body, size, must_serve, why);
}

/* ---- RTMP ---- */

typedef struct {
  GCancellable *cancellable;
  GSocketConnection *connection;
  UsRtmpHandshake *handshake;
  GByteArray *out;
  guint8 in[READ_BYTES];
  GError *error;
  gboolean is_over;
} RtmpWait;

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data) {
  RtmpWait *wait = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &wait->error);
  const guint8 *data = wait->in;
  gsize size = n > 0 ? (gsize)n : 0;
  if (n == 0)
    g_set_error_literal (&wait->error, G_IO_ERROR, G_IO_ERROR_CLOSED, "closed the connection");
  g_autoptr (GByteArray) echo = g_byte_array_new ();
  if (n <= 0 || !us_rtmp_handshake_push (wait->handshake, &data, &size, echo, &wait->error)) {
    wait->is_over = TRUE;
    return;
  }
  /* S0 and S1 have come when it wants to send C2: whoever sends these speaks RTMP. */
  wait->is_over = echo->len > 0 || us_rtmp_handshake_is_done (wait->handshake);
  if (!wait->is_over)
    g_input_stream_read_async (G_INPUT_STREAM (source), wait->in, sizeof wait->in,
                               G_PRIORITY_DEFAULT, wait->cancellable, on_read, wait);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data) {
  RtmpWait *wait = user_data;
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &wait->error)) {
    wait->is_over = TRUE;
    return;
  }
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (wait->connection));
  g_input_stream_read_async (in, wait->in, sizeof wait->in, G_PRIORITY_DEFAULT, wait->cancellable,
                             on_read, wait);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data) {
  RtmpWait *wait = user_data;
  wait->connection
      = g_socket_client_connect_to_uri_finish (G_SOCKET_CLIENT (source), result, &wait->error);
  if (wait->connection == NULL) {
    wait->is_over = TRUE;
    return;
  }
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (wait->connection));
  wait->handshake = us_rtmp_handshake_new (US_RTMP_CLIENT, wait->out);
  g_output_stream_write_all_async (out, wait->out->data, wait->out->len, G_PRIORITY_DEFAULT,
                                   wait->cancellable, on_written, wait);
}

static gboolean
on_deadline (gpointer cancellable) {
  g_cancellable_cancel (cancellable);
  return G_SOURCE_CONTINUE;
}

static gboolean
probe_rtmp (const UsHealthTarget *target, guint deadline_ms, char **why) {
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) deadline = g_timeout_source_new (deadline_ms);
  RtmpWait wait = { .cancellable = cancellable, .out = g_byte_array_new () };
  g_source_set_static_name (deadline, "healthcheck-deadline");
  g_source_set_callback (deadline, on_deadline, cancellable, NULL);
  g_source_attach (deadline, NULL);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_to_uri_async (client, target->url, RTMP_PORT, cancellable, on_connected,
                                        &wait);
  while (!wait.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (deadline);
  gboolean is_late = g_cancellable_is_cancelled (cancellable);
  gboolean is_healthy = wait.error == NULL;
  if (is_late)
    *why = g_strdup ("no RTMP handshake in time");
  else
    *why = g_strdup (is_healthy ? "answers" : wait.error->message);
  g_clear_error (&wait.error);
  g_clear_object (&wait.connection);
  g_clear_pointer (&wait.handshake, us_rtmp_handshake_free);
  g_byte_array_unref (wait.out);
  return is_healthy;
}

/* ---- a connection of this machine or container ---- */

static gboolean
probe_connection (const UsHealthTarget *target, char **why) {
  static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
  g_autoptr (GUri) uri = g_uri_parse (target->url, G_URI_FLAGS_ENCODED, NULL);
  int port = uri != NULL && g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : RTMP_PORT;
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++) {
    g_autofree char *table = NULL;
    if (g_file_get_contents (tables[i], &table, NULL, NULL)
        && us_health_has_connection (table, (guint16)port)) {
      *why = g_strdup_printf ("is connected to port %d", port);
      return TRUE;
    }
  }
  *why = g_strdup_printf ("has no connection to port %d", port);
  return FALSE;
}

/**
 * us_health_probe:
 * @target: what to ask
 * @deadline_ms: for all of it
 * @must_serve: whether it must have something to serve as well
 * @why: (out) (transfer full): what it is, in a few words
 *
 * Returns: %TRUE when it is healthy
 */
gboolean
us_health_probe (const UsHealthTarget *target, guint deadline_ms, gboolean must_serve, char **why) {
  switch (target->kind) {
  case US_HEALTH_HTTP:
    return probe_http (target, deadline_ms, must_serve, why);
  case US_HEALTH_RTMP:
    return probe_rtmp (target, deadline_ms, why);
  case US_HEALTH_CONNECTION:
  default:
    return probe_connection (target, why);
  }
}
