/* test-tls.c - RTMPS: handshakes of TLS, good, slow and none at all, and certificates that change
 *
 * The client is GIO's TLS in a thread of its own, so that two implementations meet. The
 * certificates are made by openssl when the test starts.
 */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "await.h"
#include "rtmp/error.h"
#include "rtmp/listener.h"
#include "rtmp/tls-files.h"

#define PAYLOAD_BYTES (3 * 1024 * 1024)
#define SMALL_BYTES 20000 /* the socket has room for it */

typedef struct {
  char *dir, *certificate, *key;
  UsRtmpTlsFiles *files;
  UsRtmpListener *listener;
  guint n_published, n_media, n_closed;
  gsize n_bytes;
  gboolean is_clean, is_slow; /* is_slow: the test accepts the publish */
  UsRtmpConnection *connection;
  char *reason;
} Fixture;

static void
make_certificate (Fixture *f, const char *name) {
  g_autoptr (GError) error = NULL;
  g_autofree char *subject = g_strdup_printf ("/CN=%s", name);
  const char *const arguments[] = {
    "openssl", "req",   "-x509", "-newkey", "ec",   "-pkeyopt", "ec_paramgen_curve:prime256v1",
    "-nodes",  "-days", "30",    "-keyout", f->key, "-out",     f->certificate,
    "-subj",   subject, NULL
  };
  int status = 0;
  g_assert_true (
      g_spawn_sync (NULL, (char **)arguments, NULL,
                    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                    NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data) {
  Fixture *f = user_data;
  f->n_published++;
  f->connection = connection;
  g_assert_cmpstr (publish->key, ==, "cam");
  if (!f->is_slow)
    us_rtmp_connection_accept (connection, NULL);
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data) {
  Fixture *f = user_data;
  gsize size;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  for (gsize i = 0; i < size; i += 997)
    g_assert_cmpuint (data[i], ==, (guint8)i);
  f->n_media++;
  f->n_bytes += size;
}

static void
on_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason,
           gpointer user_data) {
  Fixture *f = user_data;
  f->n_closed++;
  f->is_clean = is_clean;
  g_free (f->reason);
  f->reason = g_strdup (reason);
}

static void
on_connection (UsRtmpConnection *connection, gpointer user_data) {
  static const UsRtmpHandler handler = { on_publish, on_media, on_closed };
  us_rtmp_connection_set_handler (connection, &handler, user_data);
}

static void
serve (Fixture *f, guint handshake_ms) {
  g_autoptr (GError) error = NULL;
  UsRtmpListenerSettings settings = { .address = "127.0.0.1",
                                      .inherited_fd = -1,
                                      .max_connections = 100,
                                      .identity = us_rtmp_tls_files_get (f->files),
                                      .tls_address = "127.0.0.1",
                                      .tls_inherited_fd = -1 };
  us_rtmp_limits_default (&settings.limits);
  settings.limits.handshake_timeout_ms = handshake_ms;
  f->listener = us_rtmp_listener_new (&settings, on_connection, f, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (us_rtmp_listener_get_tls_port (f->listener), !=,
                    us_rtmp_listener_get_port (f->listener));
}

static void
set_up (Fixture *f, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  f->dir = g_dir_make_tmp ("understudy-tls-XXXXXX", NULL);
  f->certificate = g_build_filename (f->dir, "cert.pem", NULL);
  f->key = g_build_filename (f->dir, "key.pem", NULL);
  make_certificate (f, "first");
  f->files = us_rtmp_tls_files_new (f->certificate, f->key, &error);
  g_assert_no_error (error);
  g_assert_false (us_rtmp_tls_files_poll (f->files));
}

static void
tear_down (Fixture *f, gconstpointer data) {
  us_rtmp_listener_free (f->listener);
  us_rtmp_tls_files_free (f->files);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  (void)g_unlink (f->certificate);
  (void)g_unlink (f->key);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->dir);
  g_free (f->certificate);
  g_free (f->key);
  g_free (f->reason);
}

/* --------------------------------------------------------------------------------- the client */

/* Runs in a thread: the listener needs the loop meanwhile. */
typedef struct {
  guint16 port;
  gboolean is_plain;
  GSocketConnection *socket; /* nullable: connects by itself */
  GIOStream *stream;
  char *name; /* of the server's certificate */
  GThread *thread;
  gint is_done;
  gboolean ok;
} Client;

static gboolean
on_accept (GTlsConnection *tls, GTlsCertificate *certificate, GTlsCertificateFlags errors,
           gpointer user_data) {
  Client *client = user_data;
  g_object_get (certificate, "subject-name", &client->name, NULL);
  return TRUE;
}

static void
append_message (GByteArray *out, guint8 csid, guint8 type, guint8 stream_id, const guint8 *data,
                gsize size, gsize chunk_bytes) {
  const guint8 header[]
      = { csid,      0, 0, 0, (guint8)(size >> 16), (guint8)(size >> 8), (guint8)size, type,
          stream_id, 0, 0, 0 };
  g_byte_array_append (out, header, sizeof header);
  for (gsize at = 0; at < size; at += chunk_bytes) {
    const guint8 next = csid | 0xc0;
    if (at > 0)
      g_byte_array_append (out, &next, 1);
    g_byte_array_append (out, data + at, (guint)MIN (chunk_bytes, size - at));
  }
}

#define TEXT(array, text) g_byte_array_append (array, (const guint8 *)text, sizeof text - 1)

/* Handshake, connect, createStream, publish "cam": all that a publisher says first, without waiting
 * for answers. */
static void
say_hello (GByteArray *out) {
  g_autoptr (GByteArray) connect = g_byte_array_new ();
  g_autofree guint8 *zeros = g_malloc0 (2 * 1536);
  g_byte_array_append (out, (const guint8 *)"\x03", 1);
  g_byte_array_append (out, zeros, 2 * 1536);
  TEXT (connect, "\x02\x00\x07"
                 "connect\x00\x3f\xf0\x00\x00\x00\x00\x00\x00\x03\x00\x03"
                 "app\x02\x00\x04live\x00\x00\x09");
  append_message (out, 3, 20, 0, connect->data, connect->len, 128);
  static const char create[] = "\x02\x00\x0c"
                               "createStream\x00\x40\x00\x00\x00\x00\x00\x00\x00\x05";
  append_message (out, 3, 20, 0, (const guint8 *)create, sizeof create - 1, 128);
  static const char publish[] = "\x02\x00\x07publish\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05"
                                "\x02\x00\x03"
                                "cam\x02\x00\x04live";
  append_message (out, 3, 20, 1, (const guint8 *)publish, sizeof publish - 1, 128);
}

/* One picture and deleteStream. */
static void
say_the_rest (GByteArray *out, gsize picture_bytes) {
  g_autofree guint8 *picture = g_malloc (picture_bytes);
  for (gsize i = 0; i < picture_bytes; i++)
    picture[i] = (guint8)i;
  append_message (out, 2, 1, 0, (const guint8 *)"\x00\x01\x00\x00", 4, 128);
  append_message (out, 6, 9, 1, picture, picture_bytes, 65536);
  static const char end[] = "\x02\x00\x0c"
                            "deleteStream\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05"
                            "\x00\x3f\xf0\x00\x00\x00\x00\x00\x00";
  append_message (out, 3, 20, 0, (const guint8 *)end, sizeof end - 1, 65536);
}

static void
connect_socket (Client *client) {
  g_autoptr (GSocketClient) plain = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  if (client->socket == NULL)
    client->socket
        = g_socket_client_connect_to_host (plain, "127.0.0.1", client->port, NULL, &error);
  g_assert_no_error (error);
}

static gboolean
connect_plain (Client *client) {
  connect_socket (client);
  client->stream = G_IO_STREAM (g_object_ref (client->socket));
  return TRUE;
}

static gboolean
connect_tls (Client *client) {
  g_autoptr (GError) error = NULL;
  connect_socket (client);
  client->stream = g_tls_client_connection_new (G_IO_STREAM (client->socket), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (client->stream, "accept-certificate", G_CALLBACK (on_accept), client);
  return g_tls_connection_handshake (G_TLS_CONNECTION (client->stream), NULL, NULL);
}

static gpointer
run_handshake (gpointer data) {
  Client *client = data;
  client->ok = connect_tls (client);
  g_atomic_int_set (&client->is_done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

static gboolean
say (Client *client, const GByteArray *bytes) {
  return g_output_stream_write_all (g_io_stream_get_output_stream (client->stream), bytes->data,
                                    bytes->len, NULL, NULL, NULL);
}

/* Reads S0, S1, S2 and all answers until one holds @last. */
static gboolean
hear (Client *client, const char *last) {
  GInputStream *in = g_io_stream_get_input_stream (client->stream);
  guint8 answers[8192];
  gsize size = 0;
  while (memmem (answers, size, last, strlen (last)) == NULL) {
    gssize got = g_input_stream_read (in, answers + size, sizeof answers - size, NULL, NULL);
    if (got <= 0) /* or there is no room left */
      return FALSE;
    size += (gsize)got;
  }
  return size > 1 + 2 * 1536 && answers[0] == 3;
}

/* Goes when the server has said that the stream has ended, and not before: the kernel of who closes
 * with an answer unread, or gets one later, sends a reset and throws away what is still on its way.
 */
static gpointer
run_publish (gpointer data) {
  Client *client = data;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  say_hello (bytes);
  say_the_rest (bytes, PAYLOAD_BYTES);
  client->ok = (client->is_plain ? connect_plain (client) : connect_tls (client))
               && say (client, bytes) && hear (client, "NetStream.Unpublish.Success");
  (void)g_io_stream_close (client->stream, NULL, NULL);
  g_atomic_int_set (&client->is_done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* Says all that is left as soon as connect was answered, and is gone with a reset. All of it has
 * arrived then. */
static gpointer
run_hasty (gpointer data) {
  Client *client = data;
  g_autoptr (GByteArray) hello = g_byte_array_new (), rest = g_byte_array_new ();
  const struct linger reset = { .l_onoff = 1 };
  int unsent = 1;
  say_hello (hello);
  say_the_rest (rest, SMALL_BYTES);
  client->ok = (client->is_plain ? connect_plain (client) : connect_tls (client))
               && say (client, hello) && hear (client, "NetConnection.Connect.Success")
               && say (client, rest);
  int fd = g_socket_get_fd (g_socket_connection_get_socket (client->socket));
  while (client->ok && unsent > 0 && ioctl (fd, TIOCOUTQ, &unsent) == 0)
    g_thread_yield ();
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), ==, 0);
  (void)g_io_stream_close (G_IO_STREAM (client->socket), NULL, NULL);
  return NULL;
}

static Client *
client_new_on (guint16 port, gboolean is_plain, GThreadFunc func) {
  Client *client = g_new0 (Client, 1);
  client->port = port;
  client->is_plain = is_plain;
  client->thread = g_thread_new ("client", func, client);
  return client;
}

static Client *
client_new (Fixture *f, GThreadFunc func) {
  return client_new_on (us_rtmp_listener_get_tls_port (f->listener), FALSE, func);
}

static void
client_free (Client *client) {
  if (client->thread != NULL)
    g_thread_join (client->thread);
  g_clear_object (&client->stream);
  g_clear_object (&client->socket);
  g_free (client->name);
  g_free (client);
}

static int
connect_raw (guint16 port) {
  g_autoptr (GInetAddress) inet = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (inet, port);
  g_autoptr (GSocket) socket
      = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_assert_true (g_socket_connect (socket, address, NULL, NULL));
  return dup (g_socket_get_fd (socket));
}

/* ----------------------------------------------------------------------------------- the tests */

static void
test_publish (Fixture *f, gconstpointer data) {
  serve (f, 5000);
  Client *client = client_new (f, run_publish);
  await (f->n_closed == 1 && g_atomic_int_get (&client->is_done));
  g_assert_true (client->ok);
  g_assert_cmpstr (f->reason, ==, "the publisher ended its stream");
  g_assert_cmpuint (f->n_published, ==, 1);
  g_assert_cmpuint (f->n_media, ==, 1);
  g_assert_cmpuint (f->n_bytes, ==, PAYLOAD_BYTES);
  g_assert_true (f->is_clean);
  await (us_rtmp_listener_get_n_connections (f->listener) == 0);
  client_free (client);
}

/* By the time that its publish is accepted it has said everything and is gone: the answer cannot be
 * sent, but what it said counts, and it ended in order. */
static void
test_hasty (Fixture *f, gconstpointer is_plain) {
  serve (f, 5000);
  f->is_slow = TRUE;
  guint16 port = is_plain != NULL ? us_rtmp_listener_get_port (f->listener)
                                  : us_rtmp_listener_get_tls_port (f->listener);
  Client *client = client_new_on (port, is_plain != NULL, run_hasty);
  await (f->n_published == 1);
  g_thread_join (g_steal_pointer (&client->thread)); /* nothing is read meanwhile */
  g_assert_true (client->ok);
  us_rtmp_connection_accept (f->connection, NULL);
  await (f->n_closed == 1);
  g_assert_cmpstr (f->reason, ==, "the publisher ended its stream");
  g_assert_true (f->is_clean);
  g_assert_cmpuint (f->n_bytes, ==, SMALL_BYTES);
  await (us_rtmp_listener_get_n_connections (f->listener) == 0);
  client_free (client);
}

/* It says everything behind its publish, without waiting, and stays; the answer comes late. All of
 * it waits in the socket, and in what TLS has read of that. */
static void
test_answered_late (Fixture *f, gconstpointer is_plain) {
  serve (f, 5000);
  f->is_slow = TRUE;
  guint16 port = is_plain != NULL ? us_rtmp_listener_get_port (f->listener)
                                  : us_rtmp_listener_get_tls_port (f->listener);
  Client *client = client_new_on (port, is_plain != NULL, run_publish);
  await (f->n_published == 1);
  guint64 before = us_rtmp_connection_get_bytes_in (f->connection);
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (us_rtmp_connection_get_bytes_in (f->connection), ==, before);
  us_rtmp_connection_accept (f->connection, NULL);
  await (f->n_closed == 1 && g_atomic_int_get (&client->is_done));
  g_assert_true (client->ok);
  g_assert_cmpstr (f->reason, ==, "the publisher ended its stream");
  g_assert_cmpuint (f->n_bytes, ==, PAYLOAD_BYTES);
  client_free (client);
}

/* Who hangs up before the answer, in order or not, and with something unread, keeps no place. */
static void
test_gone_before_the_answer (Fixture *f, gconstpointer data) {
  serve (f, 5000);
  f->is_slow = TRUE;
  for (guint i = 0; i < 2; i++) {
    int fd = connect_raw (us_rtmp_listener_get_port (f->listener));
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    say_hello (bytes);
    g_assert_cmpint (write (fd, bytes->data, bytes->len), ==, bytes->len);
    await (f->n_published == i + 1);
    g_assert_cmpint (write (fd, "\x06", 1), ==, 1);
    if (i == 0)
      g_assert_cmpint (shutdown (fd, SHUT_WR), ==, 0);
    else
      close (fd); /* with answers unread: a reset */
    await (f->n_closed == i + 1);
    g_assert_false (f->is_clean);
    if (i == 0)
      close (fd);
  }
  await (us_rtmp_listener_get_n_connections (f->listener) == 0);
}

/* A new certificate is for newcomers; who is there already goes on with the old one. */
static void
test_reload (Fixture *f, gconstpointer data) {
  serve (f, 5000);
  Client *old = client_new (f, run_handshake);
  await (g_atomic_int_get (&old->is_done));
  g_assert_true (old->ok);
  g_assert_cmpstr (old->name, ==, "CN=first");
  make_certificate (f, "second");
  g_assert_false (us_rtmp_tls_files_poll (f->files)); /* it may still be written */
  g_assert_true (us_rtmp_tls_files_poll (f->files));
  us_rtmp_listener_set_identity (f->listener, us_rtmp_tls_files_get (f->files));
  Client *newcomer = client_new (f, run_handshake);
  await (g_atomic_int_get (&newcomer->is_done));
  g_assert_cmpstr (newcomer->name, ==, "CN=second");
  g_assert_cmpuint (us_rtmp_listener_get_n_connections (f->listener), ==, 2);
  g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (old->stream), "\x07", 1,
                                            NULL, NULL, NULL));
  await (f->n_closed == 1); /* the byte came through: it is no RTMP */
  g_assert_nonnull (strstr (f->reason, "0x07"));
  client_free (old);
  client_free (newcomer);
}

static void
test_bad_files (Fixture *f, gconstpointer data) {
  g_autofree char *key = NULL;
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  UsRtmpTlsIdentity *before = us_rtmp_tls_files_get (f->files);
  g_assert_true (g_file_get_contents (f->key, &key, &size, NULL));
  make_certificate (f, "other");
  g_assert_true (g_file_set_contents (f->key, key, (gssize)size, NULL)); /* does not fit */
  g_assert_false (us_rtmp_tls_files_reload (f->files));
  g_assert_true (us_rtmp_tls_files_get (f->files) == before);
  g_assert_null (us_rtmp_tls_files_new (f->certificate, f->key, &error));
  g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_TLS);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (f->certificate, "junk", -1, NULL));
  g_assert_false (us_rtmp_tls_files_reload (f->files));
  g_assert_cmpint (g_unlink (f->key), ==, 0);
  g_assert_false (us_rtmp_tls_files_poll (f->files));
  g_assert_false (us_rtmp_tls_files_poll (f->files));
  g_assert_true (us_rtmp_tls_files_get (f->files) == before);
  g_assert_null (us_rtmp_tls_files_new ("/dev/zero", f->key, &error));
  g_assert_nonnull (error);
}

enum { N_STALLED = 40 };

/* They begin a handshake and say no more. */
static void
stall (Fixture *f, int fds[N_STALLED]) {
  for (guint i = 0; i < N_STALLED; i++) {
    fds[i] = connect_raw (us_rtmp_listener_get_tls_port (f->listener));
    g_assert_cmpint (write (fds[i], "\x16\x03\x01\x02", 4), ==, 4);
  }
}

static void
close_all (const int fds[N_STALLED]) {
  for (guint i = 0; i < N_STALLED; i++)
    close (fds[i]);
}

/* Beginning a handshake and saying no more holds a place, and no thread: others are served. */
static void
test_stalled (Fixture *f, gconstpointer data) {
  int fds[N_STALLED];
  serve (f, 60000); /* nobody waits for it */
  stall (f, fds);
  await (us_rtmp_listener_get_n_connections (f->listener) == N_STALLED);
  Client *client = client_new (f, run_handshake);
  await (g_atomic_int_get (&client->is_done));
  g_assert_true (client->ok);
  g_assert_cmpuint (us_rtmp_listener_get_n_connections (f->listener), ==, N_STALLED + 1);
  g_assert_cmpuint (f->n_closed, ==, 0);
  close_all (fds);
  client_free (client);
}

/* And the place not for long; nor does who speaks TLS, but no RTMP, keep one. */
static void
test_stalled_too_long (Fixture *f, gconstpointer data) {
  int fds[N_STALLED];
  serve (f, 100);
  stall (f, fds);
  Client *client = client_new (f, run_handshake); /* whether it gets so far or not */
  await (f->n_closed == N_STALLED + 1);
  g_assert_cmpstr (f->reason, ==, "the handshake took too long");
  close_all (fds);
  client_free (client);
}

static void
test_wrong_port (Fixture *f, gconstpointer data) {
  static const struct {
    const char *bytes, *reason;
  } rows[] = {
    { "\x03hello", "plain RTMP came on the RTMPS port" },
    { "GET / HTTP/1.1\r\n\r\n", "an HTTP or RTSP request came on the RTMPS port" },
    { "\x7f\x7f", "no TLS came on the RTMPS port" },
    { "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "TLS: " },
    { "\x16\xff\xff\xff\xff\xff\xff\xff", "TLS: " },
  };
  serve (f, 5000);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    int fd = connect_raw (us_rtmp_listener_get_tls_port (f->listener));
    gsize size = i >= 3 ? (i == 3 ? 10 : 8) : strlen (rows[i].bytes);
    g_assert_cmpint (write (fd, rows[i].bytes, size), ==, (gssize)size);
    await (f->n_closed == i + 1);
    g_test_message ("%s", f->reason);
    g_assert_true (g_str_has_prefix (f->reason, rows[i].reason));
    close (fd);
  }
  g_assert_cmpuint (us_rtmp_listener_get_n_connections (f->listener), ==, 0);
}

static void
on_exited (GObject *source, GAsyncResult *result, gpointer user_data) {
  gboolean *is_done = user_data;
  (void)g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  *is_done = TRUE;
}

/* openssl as the client. Returns: whether its handshake succeeded */
static gboolean
ask_openssl (Fixture *f, const char *option, const char *value) {
  g_autofree char *where
      = g_strdup_printf ("127.0.0.1:%u", us_rtmp_listener_get_tls_port (f->listener));
  g_autoptr (GError) error = NULL;
  gboolean is_done = FALSE;
  g_autoptr (GSubprocess) client = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE
          | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
      &error, "openssl", "s_client", "-connect", where, option, value, "-no_ign_eof", NULL);
  g_assert_no_error (error);
  g_output_stream_close (g_subprocess_get_stdin_pipe (client), NULL, NULL); /* nothing to say */
  g_subprocess_wait_async (client, NULL, on_exited, &is_done);
  await (is_done);
  return g_subprocess_get_exit_status (client) == 0;
}

/* A finite-field exchange of 8192 bits would hold all streams up for 0.2 s, at the client's choice.
 */
static void
test_cheap_groups (Fixture *f, gconstpointer data) {
  serve (f, 5000);
  g_assert_true (ask_openssl (f, "-groups", "X25519"));
  g_assert_true (ask_openssl (f, "-groups", "P-256"));
  g_assert_true (ask_openssl (f, "-groups", "P-384"));
  g_assert_false (ask_openssl (f, "-groups", "ffdhe8192"));
  g_assert_false (ask_openssl (f, "-groups", "ffdhe2048"));
  g_assert_true (ask_openssl (f, "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/rtmp/tls/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("publish", test_publish);
  ADD ("answered-late", test_answered_late);
  g_test_add ("/rtmp/tls/answered-late-plain", Fixture, "plain", set_up, test_answered_late,
              tear_down);
  ADD ("gone-before-the-answer", test_gone_before_the_answer);
  ADD ("hasty", test_hasty);
  g_test_add ("/rtmp/tls/hasty-plain", Fixture, "plain", set_up, test_hasty, tear_down);
  ADD ("reload", test_reload);
  ADD ("bad-files", test_bad_files);
  ADD ("cheap-groups", test_cheap_groups);
  ADD ("stalled", test_stalled);
  ADD ("stalled-too-long", test_stalled_too_long);
  ADD ("wrong-port", test_wrong_port);
  return g_test_run ();
}
