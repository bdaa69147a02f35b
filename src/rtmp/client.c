/* client.c - an RTMP or RTMPS publisher on one socket
 *
 * GSocketClient resolves, connects and, for rtmps://, makes the TLS handshake, with GIO's TLS: a
 * client has few connections, all of its own choice; from then on one watch (socket and deadline)
 * in the thread-default main context of us_rtmp_client_new() does everything. What the dialogue
 * says is client-session.c's business; this file moves bytes: requests and media share one queue,
 * media by reference, and one sendmsg() carries many messages. After a failure nothing is read or
 * written any more, and @closed is called once from the loop, never from inside a caller's call.
 * Freeing is allowed at any moment, also in a callback.
 */
#include "rtmp/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "rtmp/client-session.h"
#include "rtmp/send-queue.h"
#include "rtmp/watch.h"

#define HIGH_WATER_BYTES (1024 * 1024)
#define GATHER_BYTES (64 * 1024) /* written without waiting for a flush */
#define READ_BYTES (16 * 1024)   /* servers say little */
#define MAX_READS 16             /* in one round */
#define TLS_RECORD_BYTES (16 * 1024)
#define TLS_MAX_VECTORS 16
#define TLS_MAX_RECORDS 64 /* in one round */
#define FINISH_TIMEOUT_US (2 * G_USEC_PER_SEC)

enum {
  CSID_AUDIO = 4,
  CSID_DATA = 5,
  CSID_VIDEO = 6,
};

/* What the connect operation holds instead of the client, which may be freed before it ends. */
typedef struct {
  UsRtmpClient *client; /* NULL once it is gone */
} Connecting;

struct UsRtmpClient {
  gint references; /* the owner's, and one while a callback runs */
  gboolean is_freed;
  UsRtmpClientHandler handler;
  gpointer user_data;

  UsRtmpClientSession *session;
  UsRtmpSendQueue *queue;
  GCancellable *cancellable;
  Connecting *connecting; /* until connected */
  GSocketConnection *connection;
  gboolean is_tls;           /* @connection's streams, not @fd, are read and written */
  GTlsDatabase *authorities; /* nullable: the system's */
  int fd;
  GSource *watch;        /* of the socket; before that, of the deadline alone */
  GSource *timeout;      /* while connecting */
  gboolean is_writing;   /* the watch waits until the socket takes more */
  gboolean is_finishing; /* sends what is queued, then closes */
  gboolean is_full;      /* a send was refused: @writable is owed */
  gboolean is_closed;    /* @closed was called */
  gsize gathered;        /* bytes queued since the last write */

  gint64 timeout_us;
  gint64 deadline_us; /* until published: of all; later: of the queue's standstill; 0: none */
  GError *error;      /* what @closed will say */
};

static void
client_unref (UsRtmpClient *client) {
  if (--client->references > 0)
    return;
  g_clear_error (&client->error);
  us_rtmp_client_session_free (client->session);
  us_rtmp_send_queue_free (client->queue);
  g_clear_object (&client->authorities);
  g_free (client);
}

/* Ends every source and the socket. Callbacks are impossible from here on. */
static void
drop_io (UsRtmpClient *client) {
  g_cancellable_cancel (client->cancellable);
  if (client->connecting != NULL)
    client->connecting->client = NULL;
  client->connecting = NULL;
  g_clear_pointer (&client->watch, us_rtmp_watch_free);
  if (client->timeout != NULL)
    g_source_destroy (client->timeout);
  g_clear_pointer (&client->timeout, g_source_unref);
  if (client->connection != NULL && client->is_tls) /* a goodbye of TLS could block */
    g_socket_close (g_socket_connection_get_socket (client->connection), NULL);
  if (client->connection != NULL)
    g_io_stream_close (G_IO_STREAM (client->connection), NULL, NULL);
  g_clear_object (&client->connection);
  client->fd = -1;
}

/**
 * us_rtmp_client_free:
 * @client: (nullable) (transfer full): a client; allowed inside its callbacks
 *
 * Closes at once, without a word to the server and without @closed.
 */
void
us_rtmp_client_free (UsRtmpClient *client) {
  if (client == NULL)
    return;
  client->is_freed = TRUE;
  drop_io (client);
  g_clear_object (&client->cancellable);
  client_unref (client);
}

/* Tells the owner; nothing of @client may be touched afterwards unless a reference is held. */
static void
emit_closed (UsRtmpClient *client) {
  drop_io (client);
  if (client->is_closed)
    return;
  client->is_closed = TRUE;
  client->handler.closed (client, client->error, client->user_data);
}

static void
take_error (UsRtmpClient *client, GError *error) {
  if (client->error == NULL)
    client->error = error;
  else
    g_error_free (error);
}

static void
take_errno (UsRtmpClient *client, int code, const char *what) {
  take_error (client, g_error_new (G_IO_ERROR, (gint)g_io_error_from_errno (code), "%s: %s", what,
                                   g_strerror (code)));
}

/* Arms the watch for what is due next: readiness to write, the deadline, or at once on failure. */
static void
update_watch (UsRtmpClient *client) {
  if (client->watch == NULL)
    return;
  gboolean want_write = us_rtmp_send_queue_get_bytes (client->queue) > client->gathered;
  if (want_write != client->is_writing) {
    client->is_writing = want_write;
    us_rtmp_watch_set_conditions (client->watch, want_write ? G_IO_IN | G_IO_OUT : G_IO_IN);
  }
  if (client->error != NULL)
    us_rtmp_watch_set_deadline (client->watch, 0);
  else
    us_rtmp_watch_set_deadline (client->watch, client->deadline_us > 0 ? client->deadline_us : -1);
}

/* The head of the queue as one TLS record. A record that did not get through is given again: its
 * bytes still are the queue's first, and GnuTLS holds to the length that it was given at first. */
static gssize
write_record (UsRtmpClient *client, GError **error) {
  guint8 record[TLS_RECORD_BYTES];
  struct iovec vectors[TLS_MAX_VECTORS];
  gsize size = 0;
  guint n = us_rtmp_send_queue_peek (client->queue, vectors, TLS_MAX_VECTORS);
  for (guint i = 0; i < n && size < sizeof record; i++) {
    gsize part = MIN (vectors[i].iov_len, sizeof record - size);
    memcpy (record + size, vectors[i].iov_base, part);
    size += part;
  }
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (client->connection));
  return g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (out), record, size,
                                                     NULL, error);
}

/* As us_rtmp_send_queue_write(), and takes the error itself. */
static gssize
write_records (UsRtmpClient *client) {
  gssize total = 0;
  for (guint i = 0; i < TLS_MAX_RECORDS && us_rtmp_send_queue_get_bytes (client->queue) > 0; i++) {
    g_autoptr (GError) error = NULL;
    gssize sent = write_record (client, &error);
    if (sent < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return total;
    if (sent < 0) {
      g_prefix_error (&error, "cannot send: ");
      take_error (client, g_steal_pointer (&error));
      return -1;
    }
    us_rtmp_send_queue_consume (client->queue, (gsize)sent);
    total += sent;
  }
  return total;
}

/* Writes what the socket takes. Errors wait for the loop. */
static void
write_queue (UsRtmpClient *client) {
  if (client->fd < 0 || client->error != NULL)
    return;
  client->gathered = 0;
  gssize sent = client->is_tls ? write_records (client)
                               : us_rtmp_send_queue_write (client->queue, client->fd);
  gboolean is_publishing = us_rtmp_client_session_get_info (client->session) != NULL;
  gsize left = us_rtmp_send_queue_get_bytes (client->queue);
  if (sent < 0 && !client->is_tls)
    take_errno (client, errno, "cannot send");
  else if (sent < 0)
    (void)sent; /* the error was taken */
  else if (client->is_finishing && left == 0)
    shutdown (client->fd, SHUT_WR); /* the server reads to the end, then closes */
  else if (is_publishing && !client->is_finishing) {
    if (left == 0)
      client->deadline_us = 0;
    else if (sent > 0 || client->deadline_us == 0)
      client->deadline_us = g_get_monotonic_time () + client->timeout_us;
  }
  update_watch (client);
}

static void
send_output (UsRtmpClient *client) {
  g_autoptr (GBytes) output = us_rtmp_client_session_take_output (client->session);
  if (output == NULL || client->is_finishing)
    return;
  us_rtmp_send_queue_push_raw (client->queue, output);
  write_queue (client);
}

static void
take_end (UsRtmpClient *client) {
  take_error (client,
              g_error_new_literal (US_RTMP_ERROR, US_RTMP_ERROR_CLOSED,
                                   client->is_finishing ? "finished as asked"
                                                        : "the server closed the connection"));
}

/* -1 with errno, as recv() does; what TLS has to say is taken here, with errno 0. */
static gssize
receive (UsRtmpClient *client, guint8 *buffer, gsize size) {
  if (!client->is_tls)
    return recv (client->fd, buffer, size, MSG_DONTWAIT);
  g_autoptr (GError) error = NULL;
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (client->connection));
  gssize got = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (in), buffer, size,
                                                         NULL, &error);
  if (got >= 0)
    return got;
  errno = 0;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    errno = EAGAIN;
  else if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF))
    take_end (client); /* many servers leave the goodbye out */
  else
    take_error (client, g_steal_pointer (&error));
  return -1;
}

/* Returns FALSE once there is nothing more to read now. */
static gboolean
read_once (UsRtmpClient *client) {
  guint8 buffer[READ_BYTES];
  gssize got = receive (client, buffer, sizeof buffer);
  if (got > 0) {
    GError *error = NULL;
    if (!us_rtmp_client_session_push (client->session, buffer, (gsize)got, &error))
      take_error (client, error);
    /* What TLS holds decrypted shows nothing on the socket: it is read until there is no more. */
    return (got == sizeof buffer || client->is_tls) && client->error == NULL;
  }
  if (got == 0)
    take_end (client);
  else if (client->error == NULL && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
    take_errno (client, errno, "cannot receive");
  return FALSE;
}

static void
emit_ready (UsRtmpClient *client) {
  client->deadline_us = 0;
  if (client->handler.ready != NULL)
    client->handler.ready (client, us_rtmp_client_session_get_info (client->session),
                           client->user_data);
}

static void
emit_writable (UsRtmpClient *client) {
  client->is_full = FALSE;
  if (client->handler.writable != NULL)
    client->handler.writable (client, client->user_data);
}

static void
take_timeout (UsRtmpClient *client) {
  if (client->deadline_us == 0 || g_get_monotonic_time () < client->deadline_us)
    return;
  gboolean is_publishing = us_rtmp_client_session_get_info (client->session) != NULL;
  take_error (client,
              g_error_new (US_RTMP_ERROR, US_RTMP_ERROR_TIMEOUT,
                           is_publishing ? "the server took nothing for %" G_GINT64_FORMAT " ms"
                                         : "no answer to publish within %" G_GINT64_FORMAT " ms",
                           client->timeout_us / 1000));
}

/* One round: read, write, deadline, then the owner's callbacks. The owner may free in any. */
static void
client_round (UsRtmpClient *client, GIOCondition ready) {
  gboolean was_publishing = us_rtmp_client_session_get_info (client->session) != NULL;
  if (client->error == NULL && ready & (G_IO_IN | G_IO_HUP | G_IO_ERR)) {
    for (guint i = 0; i < MAX_READS && read_once (client); i++)
      continue;
    send_output (client);
  }
  if (ready & G_IO_OUT)
    write_queue (client);
  take_timeout (client);
  if (client->error != NULL) {
    emit_closed (client);
    return;
  }
  if (!was_publishing && us_rtmp_client_session_get_info (client->session) != NULL)
    emit_ready (client);
  if (!client->is_freed && client->is_full
      && us_rtmp_send_queue_get_bytes (client->queue) < HIGH_WATER_BYTES / 2)
    emit_writable (client);
  if (!client->is_freed)
    update_watch (client);
}

static gboolean
on_watch (GIOCondition ready, gpointer user_data) {
  UsRtmpClient *client = user_data;
  client->references++;
  client_round (client, ready);
  client_unref (client);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_connect_timeout (gpointer user_data) {
  UsRtmpClient *client = user_data;
  client->references++;
  take_error (client, g_error_new (US_RTMP_ERROR, US_RTMP_ERROR_TIMEOUT,
                                   "no connection within %" G_GINT64_FORMAT " ms",
                                   client->timeout_us / 1000));
  emit_closed (client);
  client_unref (client);
  return G_SOURCE_CONTINUE; /* destroyed by emit_closed() */
}

static void
start_io (UsRtmpClient *client, GSocketConnection *connection) {
  client->connection = g_object_ref (connection);
  client->fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
  int one = 1;
  (void)setsockopt (client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  /* What the kernel took counts as sent here, and it would go on sending it into a cut line for a
   * quarter of an hour, ever more seldom: the stream would come back long after the line. */
  guint unanswered_ms = (guint)(client->timeout_us / 1000);
  (void)setsockopt (client->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms,
                    sizeof unanswered_ms);
  g_source_destroy (client->timeout);
  g_clear_pointer (&client->timeout, g_source_unref);
  client->watch = us_rtmp_watch_new (client->fd, G_IO_IN, "rtmp client", on_watch, client);
  send_output (client);
  update_watch (client);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autofree Connecting *connecting = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, &error);
  UsRtmpClient *client = connecting->client;
  if (client == NULL)
    return;
  client->connecting = NULL;
  if (connection != NULL) {
    start_io (client, connection);
    return;
  }
  client->references++;
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    g_prefix_error (&error, "the server's certificate is not trusted: ");
  take_error (client, g_steal_pointer (&error));
  emit_closed (client);
  client_unref (client);
}

/* Before the handshake. */
static void
on_connect_event (GSocketClient *socket_client, GSocketClientEvent event,
                  GSocketConnectable *connectable, GIOStream *connection, gpointer authorities) {
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    g_tls_connection_set_database (G_TLS_CONNECTION (connection), authorities);
}

static void
start_connect (UsRtmpClient *client, const UsRtmpUrl *url) {
  g_autoptr (GSocketClient) socket_client = g_socket_client_new ();
  g_socket_client_set_enable_proxy (socket_client, FALSE);
  g_socket_client_set_tls (socket_client, url->is_tls);
  client->is_tls = url->is_tls;
  if (client->authorities != NULL)
    g_signal_connect_object (socket_client, "event", G_CALLBACK (on_connect_event),
                             client->authorities, 0);
  client->connecting = g_new0 (Connecting, 1);
  client->connecting->client = client;
  g_autofree char *host_and_port = strchr (url->host, ':') != NULL
                                       ? g_strdup_printf ("[%s]:%u", url->host, url->port)
                                       : g_strdup_printf ("%s:%u", url->host, url->port);
  g_socket_client_connect_to_host_async (socket_client, host_and_port, url->port,
                                         client->cancellable, on_connected, client->connecting);
}

/**
 * us_rtmp_client_new:
 * @url: rtmp[s]://host[:port]/app[/key]
 * @timeout_ms: for connecting, handshake and publish together, and for any later moment in which
 *   queued bytes do not move
 * @handler: (transfer none): the callbacks, copied; @closed is needed, the others may be %NULL
 * @user_data: their last argument
 * @error: (out): US_RTMP_ERROR_URL
 *
 * Everything that can go wrong later, also a name that does not resolve, comes with @closed.
 *
 * Returns: (transfer full): a client that has begun to connect
 */
UsRtmpClient *
us_rtmp_client_new (const char *url, guint timeout_ms, const UsRtmpClientHandler *handler,
                    gpointer user_data, GError **error) {
  return us_rtmp_client_new_with_tls (url, NULL, timeout_ms, handler, user_data, error);
}

/**
 * us_rtmp_client_new_with_tls:
 * @url: as for us_rtmp_client_new()
 * @authorities: (nullable): whose signature the certificate of an rtmps:// server must have; %NULL:
 *   one that the system trusts
 * @timeout_ms: as for us_rtmp_client_new(), the handshake of TLS included
 * @handler: (transfer none): the callbacks, copied
 * @user_data: their last argument
 * @error: (out): US_RTMP_ERROR_URL
 *
 * Returns: (transfer full): a client that has begun to connect
 */
UsRtmpClient *
us_rtmp_client_new_with_tls (const char *url, GTlsDatabase *authorities, guint timeout_ms,
                             const UsRtmpClientHandler *handler, gpointer user_data,
                             GError **error) {
  g_return_val_if_fail (url != NULL && handler != NULL && handler->closed != NULL, NULL);
  g_auto (UsRtmpUrl) parts = { 0 };
  if (!us_rtmp_url_parse (url, &parts, error))
    return NULL;
  UsRtmpClient *client = g_new0 (UsRtmpClient, 1);
  client->references = 1;
  client->handler = *handler;
  client->user_data = user_data;
  client->fd = -1;
  if (authorities != NULL)
    client->authorities = g_object_ref (authorities);
  client->session = us_rtmp_client_session_new (&parts);
  client->queue = us_rtmp_send_queue_new ();
  client->cancellable = g_cancellable_new ();
  client->timeout_us = timeout_ms * G_GINT64_CONSTANT (1000);
  client->deadline_us = g_get_monotonic_time () + client->timeout_us;
  client->timeout = g_timeout_source_new (timeout_ms);
  g_source_set_name (client->timeout, "rtmp client connect timeout");
  g_source_set_callback (client->timeout, on_connect_timeout, client, NULL);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_source_attach (client->timeout, context);
  start_connect (client, &parts);
  return client;
}

/**
 * us_rtmp_client_send:
 * @client: a client
 * @type: audio, video or AMF0 data
 * @timestamp_ms: 32 bit media time
 * @payload: (transfer none): referenced until it is sent
 *
 * Returns: %FALSE, and nothing is queued, while more than 1 MiB is unsent (@writable tells when to
 *   go on), before @ready, and after a failure
 */
gboolean
us_rtmp_client_send (UsRtmpClient *client, UsRtmpMessageType type, guint32 timestamp_ms,
                     GBytes *payload) {
  if (us_rtmp_client_session_get_info (client->session) == NULL || client->is_finishing
      || client->error != NULL || client->fd < 0)
    return FALSE;
  if (us_rtmp_send_queue_get_bytes (client->queue) > HIGH_WATER_BYTES) {
    client->is_full = TRUE;
    us_rtmp_client_flush (client);
    return FALSE;
  }
  UsRtmpMessage message = {
    .type = type,
    .chunk_stream = type == US_RTMP_VIDEO   ? CSID_VIDEO
                    : type == US_RTMP_AUDIO ? CSID_AUDIO
                                            : CSID_DATA,
    .stream_id = us_rtmp_client_session_get_stream_id (client->session),
    .timestamp_ms = timestamp_ms,
    .payload = payload,
  };
  gsize before = us_rtmp_send_queue_get_bytes (client->queue);
  us_rtmp_send_queue_push_message (client->queue, US_RTMP_CLIENT_CHUNK_BYTES, &message);
  client->gathered += us_rtmp_send_queue_get_bytes (client->queue) - before;
  if (client->gathered >= GATHER_BYTES)
    us_rtmp_client_flush (client);
  return TRUE;
}

/**
 * us_rtmp_client_flush:
 * @client: a client
 *
 * Writes what was gathered, unless the socket is full already: then it follows by itself.
 */
void
us_rtmp_client_flush (UsRtmpClient *client) {
  if (client->is_writing)
    client->gathered = 0;
  else if (us_rtmp_send_queue_get_bytes (client->queue) > 0)
    write_queue (client);
}

/**
 * us_rtmp_client_finish:
 * @client: a client
 *
 * Says FCUnpublish and deleteStream behind what is queued, and closes. @closed follows when the
 * server has closed too, with US_RTMP_ERROR_CLOSED, or after two seconds with
 * US_RTMP_ERROR_TIMEOUT.
 */
void
us_rtmp_client_finish (UsRtmpClient *client) {
  if (client->is_finishing || client->is_closed)
    return;
  client->is_finishing = TRUE;
  if (client->fd < 0) {
    take_error (client, g_error_new_literal (US_RTMP_ERROR, US_RTMP_ERROR_CLOSED,
                                             "finished before it was connected"));
    g_source_set_ready_time (client->timeout, 0);
    return;
  }
  client->deadline_us = g_get_monotonic_time () + FINISH_TIMEOUT_US;
  us_rtmp_client_session_finish (client->session);
  g_autoptr (GBytes) output = us_rtmp_client_session_take_output (client->session);
  if (output != NULL)
    us_rtmp_send_queue_push_raw (client->queue, output);
  write_queue (client);
}

/**
 * us_rtmp_client_get_queued_bytes:
 * @client: a client
 *
 * Returns: bytes not yet handed to the kernel
 */
gsize
us_rtmp_client_get_queued_bytes (UsRtmpClient *client) {
  return us_rtmp_send_queue_get_bytes (client->queue);
}
