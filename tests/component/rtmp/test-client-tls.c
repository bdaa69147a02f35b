/* test-client-tls.c - our client over rtmps://, to a TLS server that hands the bytes on to our own
 * listener, and to servers that cannot be trusted or misbehave
 *
 * The server's threads only copy; everything of ours runs in one main context.
 */
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "component/http/tls-peer.h"
#include "rtmp/client.h"
#include "rtmp/listener.h"

/* Front: a TLS server before a plain port; @is_mute: accepts and says nothing, ever. */
typedef struct {
  GSocketService *service;
  GTlsCertificate *certificate;
  guint16 port, target;
  gboolean is_mute;
  gint is_over; /* atomic */
} Front;

typedef struct {
  UsRtmpListener *listener;
  UsRtmpConnection *connection;
  Front front;
  GTlsDatabase *authorities;
  char *ca_file;
  UsRtmpClient *client;
  guint n_ready, n_writable, n_media;
  guint64 n_bytes;
  gboolean is_checked, is_clean;
  char *closed; /* the server's side: why */
  GError *error;
} Fixture;

/* ---------------------------------------------------------------------------------- the server */

typedef struct {
  GInputStream *in;
  GOutputStream *out;
  GSocket *socket; /* below @out */
} Pipe;

/* Half of the way, until its reader ends: a writer that ended takes nothing from who still speaks.
 * Then this half alone is ended, on the socket. GIO's TLS has no use here: to close its writing
 * half it waits until nobody reads, and the other thread reads until the client goes, which waits
 * for our end. Nor may a socket be closed for reading too: what its peer says next is answered by a
 * reset, and the kernel drops what that peer has not read yet. */
static gpointer
copy (gpointer data) {
  Pipe *pipe = data;
  guint8 buffer[16 * 1024];
  gboolean is_open = TRUE;
  gssize got;
  while ((got = g_input_stream_read (pipe->in, buffer, sizeof buffer, NULL, NULL)) > 0)
    is_open
        = is_open && g_output_stream_write_all (pipe->out, buffer, (gsize)got, NULL, NULL, NULL);
  g_socket_shutdown (pipe->socket, FALSE, TRUE, NULL);
  return NULL;
}

static gboolean
serve (Front *front, GSocketConnection *connection) {
  while (front->is_mute && !g_atomic_int_get (&front->is_over))
    g_usleep (1000); /* nothing to wait for but the end of the test */
  if (front->is_mute)
    return TRUE;
  g_autoptr (GIOStream) tls
      = g_tls_server_connection_new (G_IO_STREAM (connection), front->certificate, NULL);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) plain = NULL;
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL))
    return TRUE;
  plain = g_socket_client_connect_to_host (client, "127.0.0.1", front->target, NULL, NULL);
  g_assert_nonnull (plain);
  Pipe down = { g_io_stream_get_input_stream (G_IO_STREAM (plain)),
                g_io_stream_get_output_stream (tls), g_socket_connection_get_socket (connection) };
  Pipe up
      = { g_io_stream_get_input_stream (tls), g_io_stream_get_output_stream (G_IO_STREAM (plain)),
          g_socket_connection_get_socket (plain) };
  GThread *thread = g_thread_new ("tls-down", copy, &down);
  copy (&up);
  g_thread_join (thread);
  g_socket_close (g_socket_connection_get_socket (connection), NULL);
  return TRUE;
}

static gboolean
on_run (GThreadedSocketService *service, GSocketConnection *connection, GObject *source,
        gpointer user_data) {
  return serve (user_data, connection);
}

static void
front_start (Front *front, const char *certificate, guint16 target) {
  g_autofree char *pem = g_strconcat (certificate, TLS_PEER_KEY, NULL);
  g_autoptr (GError) error = NULL;
  front->target = target;
  front->certificate = g_tls_certificate_new_from_pem (pem, -1, &error);
  g_assert_no_error (error);
  front->service = g_threaded_socket_service_new (4);
  front->port
      = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (front->service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (front->service, "run", G_CALLBACK (on_run), front);
  g_socket_service_start (front->service);
}

static void
front_stop (Front *front) {
  g_atomic_int_set (&front->is_over, TRUE);
  tls_peer_end_service (front->service); /* its threads use the fixture */
  g_object_unref (front->certificate);
}

/* --------------------------------------------------------------------------- our own two ends */

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data) {
  g_assert_true (g_str_has_prefix (publish->tc_url, "rtmps://localhost:"));
  us_rtmp_connection_accept (connection, NULL);
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data) {
  Fixture *f = user_data;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  for (gsize i = 0; f->is_checked && i < size; i += 997)
    g_assert_cmpuint (data[i], ==, (guint8)(f->n_media + i));
  g_assert_true (!f->is_checked || message->timestamp_ms == f->n_media);
  f->n_media++;
  f->n_bytes += size;
}

static void
on_server_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason,
                  gpointer user_data) {
  Fixture *f = user_data;
  f->connection = NULL;
  f->is_clean = is_clean;
  g_free (f->closed);
  f->closed = g_strdup (reason);
}

static void
on_connection (UsRtmpConnection *connection, gpointer user_data) {
  static const UsRtmpHandler handler = { on_publish, on_media, on_server_closed };
  ((Fixture *)user_data)->connection = connection;
  us_rtmp_connection_set_handler (connection, &handler, user_data);
}

static void
on_ready (UsRtmpClient *client, const UsAmf0 *info, gpointer user_data) {
  ((Fixture *)user_data)->n_ready++;
}

static void
on_writable (UsRtmpClient *client, gpointer user_data) {
  ((Fixture *)user_data)->n_writable++;
}

static void
on_closed (UsRtmpClient *client, const GError *error, gpointer user_data) {
  ((Fixture *)user_data)->error = g_error_copy (error);
}

static void
set_up (Fixture *f, gconstpointer certificate) {
  UsRtmpListenerSettings settings
      = { .address = "127.0.0.1", .inherited_fd = -1, .max_connections = 4 };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  us_rtmp_limits_default (&settings.limits);
  f->listener = us_rtmp_listener_new (&settings, on_connection, f, &error);
  g_assert_no_error (error);
  front_start (&f->front, certificate, us_rtmp_listener_get_port (f->listener));
  int fd = g_file_open_tmp ("understudy-ca-XXXXXX", &path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (write (fd, TLS_PEER_GOOD, strlen (TLS_PEER_GOOD)), ==, strlen (TLS_PEER_GOOD));
  close (fd);
  f->authorities = g_tls_file_database_new (path, &error);
  g_assert_no_error (error);
  f->ca_file = g_steal_pointer (&path); /* read again whenever GIO likes */
}

static void
tear_down (Fixture *f, gconstpointer data) {
  us_rtmp_client_free (f->client);
  us_rtmp_listener_free (f->listener);
  front_stop (&f->front);
  g_clear_object (&f->authorities);
  unlink (f->ca_file);
  g_free (f->ca_file);
  g_clear_error (&f->error);
  g_free (f->closed);
}

static void
connect_to (Fixture *f, const char *host, guint16 port, gboolean is_trusting, guint timeout_ms) {
  static const UsRtmpClientHandler handler = { on_ready, on_writable, on_closed };
  g_autofree char *url = g_strdup_printf ("rtmps://%s:%u/live/key", host, port);
  g_autoptr (GError) error = NULL;
  f->client = us_rtmp_client_new_with_tls (url, is_trusting ? f->authorities : NULL, timeout_ms,
                                           &handler, f, &error);
  g_assert_no_error (error);
}

/* ---------------------------------------------------------------------------------------- tests */

/* 48 MB in messages of all sizes, with back-pressure; not a byte is lost or changed. The last
 * message is sent with the goodbye alone, which has two seconds: how long the megabytes before it
 * take is the machine's affair. */
static void
test_much (Fixture *f, gconstpointer data) {
  f->is_checked = TRUE;
  connect_to (f, "localhost", f->front.port, TRUE, 20000);
  await (f->n_ready > 0 || f->error != NULL);
  g_assert_no_error (f->error);
  guint64 n_bytes = 0;
  for (guint i = 0; i < 1500; i++) {
    if (i == 1499) {
      us_rtmp_client_flush (f->client);
      await (f->n_media == i || f->error != NULL);
    }
    gsize size = i % 3 == 0 ? 96000 : i % 3 == 1 ? 17 + i : 1;
    guint8 *bytes = g_malloc0 (size);
    for (gsize k = 0; k < size; k += 997)
      bytes[k] = (guint8)(i + k);
    g_autoptr (GBytes) payload = g_bytes_new_take (bytes, size);
    while (!us_rtmp_client_send (f->client, US_RTMP_VIDEO, i, payload)) {
      guint before = f->n_writable;
      await (f->n_writable > before || f->error != NULL);
      g_assert_no_error (f->error);
    }
    n_bytes += size;
  }
  g_assert_cmpuint (us_rtmp_client_get_queued_bytes (f->client), >, 0);
  us_rtmp_client_finish (f->client);
  await (f->closed != NULL && f->error != NULL);
  g_assert_cmpstr (f->closed, ==, "the publisher ended its stream");
  g_assert_true (f->is_clean);
  g_assert_cmpuint (f->n_media, ==, 1500);
  g_assert_cmpuint (f->n_bytes, ==, n_bytes);
  g_assert_cmpuint (f->n_writable, >, 1);
  g_assert_error (f->error, US_RTMP_ERROR, US_RTMP_ERROR_CLOSED);
}

/* Signed by nobody that is known, expired, for another name: no byte of RTMP goes there. */
static void
test_untrusted (Fixture *f, gconstpointer certificate) {
  gboolean is_expired = g_str_equal (certificate, TLS_PEER_EXPIRED);
  connect_to (f, "localhost", f->front.port, is_expired, 20000);
  await (f->error != NULL);
  g_assert_error (f->error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_nonnull (strstr (f->error->message, "certificate is not trusted"));
  g_assert_cmpuint (f->n_ready, ==, 0);
}

static void
test_other_name (Fixture *f, gconstpointer data) {
  connect_to (f, "127.0.0.1", f->front.port, TRUE, 20000);
  await (f->error != NULL);
  g_assert_error (f->error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

static void
test_plain_server (Fixture *f, gconstpointer data) {
  connect_to (f, "localhost", us_rtmp_listener_get_port (f->listener), TRUE, 20000);
  await (f->error != NULL);
  g_test_message ("%s", f->error->message);
  g_assert_cmpuint (f->n_ready, ==, 0);
}

/* Accepts and says nothing: the handshake has its deadline. */
static void
test_mute (Fixture *f, gconstpointer data) {
  f->front.is_mute = TRUE;
  gint64 since_us = g_get_monotonic_time ();
  connect_to (f, "localhost", f->front.port, TRUE, 300);
  await (f->error != NULL);
  g_assert_error (f->error, US_RTMP_ERROR, US_RTMP_ERROR_TIMEOUT);
  g_assert_cmpint (g_get_monotonic_time () - since_us, <, 5 * G_USEC_PER_SEC);
}

/* The server goes in the middle: an error, soon, with the queue full. */
static void
test_server_goes (Fixture *f, gconstpointer data) {
  connect_to (f, "localhost", f->front.port, TRUE, 20000);
  await (f->n_ready > 0 || f->error != NULL);
  g_autoptr (GBytes) payload = g_bytes_new_take (g_malloc0 (100000), 100000);
  while (us_rtmp_client_send (f->client, US_RTMP_AUDIO, 0, payload))
    continue;
  us_rtmp_connection_close (f->connection, "test");
  await (f->error != NULL);
  g_test_message ("%s", f->error->message);
}

static void
test_free_while_busy (Fixture *f, gconstpointer data) {
  connect_to (f, "localhost", f->front.port, TRUE, 20000);
  g_clear_pointer (&f->client, us_rtmp_client_free); /* while it connects */
  connect_to (f, "localhost", f->front.port, TRUE, 20000);
  await (f->n_ready > 0 || f->error != NULL);
  g_assert_no_error (f->error);
  g_autoptr (GBytes) payload = g_bytes_new_take (g_malloc0 (100000), 100000);
  while (us_rtmp_client_send (f->client, US_RTMP_AUDIO, 0, payload))
    continue;
  g_clear_pointer (&f->client, us_rtmp_client_free); /* with a full queue */
  await (f->closed != NULL);
  g_assert_false (f->is_clean);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, certificate, function)                                                           \
  g_test_add (name, Fixture, certificate, set_up, function, tear_down)
  ADD ("/client-tls/much", TLS_PEER_GOOD, test_much);
  ADD ("/client-tls/unknown-authority", TLS_PEER_GOOD, test_untrusted);
  ADD ("/client-tls/expired", TLS_PEER_EXPIRED, test_untrusted);
  ADD ("/client-tls/other-name", TLS_PEER_GOOD, test_other_name);
  ADD ("/client-tls/plain-server", TLS_PEER_GOOD, test_plain_server);
  ADD ("/client-tls/mute", TLS_PEER_GOOD, test_mute);
  ADD ("/client-tls/server-goes", TLS_PEER_GOOD, test_server_goes);
  ADD ("/client-tls/free-while-busy", TLS_PEER_GOOD, test_free_while_busy);
  return g_test_run ();
}
