/* connection.c - the server side of one RTMP connection on one socket
 *
 * Owned by its listener. One watch (socket and deadline) in the listener's main context moves
 * bytes between the socket and server-session.c, which knows the protocol. Reading takes up to
 * 64 KiB at a time into the stack, from where payloads are copied once into their message; so an
 * idle connection holds no buffer, and a callback may do what it likes. With TLS (tls.c) the same
 * watch and buffer carry records.
 *
 * It ends from the watch, never inside a call: the handler's @closed first, then LINGERING (the
 * last replies go out and what the peer still sends is thrown away, so that a reset does not take
 * the reason from it), then the listener frees it.
 */
#include "rtmp/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/names.h"
#include "rtmp/connection-private.h"
#include "rtmp/error.h"
#include "rtmp/send-queue.h"
#include "rtmp/server-session.h"
#include "rtmp/watch.h"

#define US_LOG_TOPIC "rtmp.connection"
#include "base/log.h"

#define READ_BYTES (64 * 1024)
#define READS_PER_ROUND 4      /* then other connections have their turn */
#define TLS_READS_PER_ROUND 16 /* records, of at most 16 KiB */
#define LINGER_US (2 * G_USEC_PER_SEC)
#define HTTP_LINGER_US (G_USEC_PER_SEC / 4) /* for who never was one of ours */

typedef enum {
  PHASE_OPEN,
  PHASE_LINGERING,
  PHASE_DONE,
} Phase;

struct UsRtmpConnection {
  int fd;
  char *host;
  char *peer;
  UsRtmpLimits limits;
  UsRtmpConnectionDoneFunc done;
  gpointer done_data;
  UsRtmpHandler handler;
  gpointer handler_data;
  gboolean has_handler;

  UsRtmpTls *tls; /* nullable */
  UsRtmpComplaints *complaints;
  UsRtmpServerSession *session;
  UsRtmpSendQueue *queue;
  GSource *watch;
  gboolean is_writing;
  gboolean is_held;  /* its publish waits for an answer: nothing is read */
  char *write_fault; /* nullable: why nothing can be sent any more */
  Phase phase;
  gboolean is_clean;
  char *reason;           /* why it ends; NULL while it does not */
  gint64 linger_until_us; /* 0: @closed was not called yet */
  gboolean has_last_word; /* an answer to a peer that does not speak RTMP is in the queue */
  gboolean is_shut;       /* the end of our side was said */

  UsRtmpLiveness liveness;
  gint64 now_us; /* of the current round */
};

static gboolean on_watch (GIOCondition ready, gpointer user_data);

/* What an encoder sends before it has its answer stays in the socket until then: TCP holds it. */
static gboolean
is_waiting (const UsRtmpConnection *connection) {
  return connection->reason == NULL
         && us_rtmp_server_session_get_state (connection->session) == US_RTMP_SERVER_ASKED;
}

static void
update_conditions (UsRtmpConnection *connection) {
  GIOCondition conditions = is_waiting (connection) ? US_RTMP_WATCH_PEER_SHUT : G_IO_IN;
  if (connection->is_writing)
    conditions |= G_IO_OUT;
  us_rtmp_watch_set_conditions (connection->watch, conditions);
}

static void
on_session_publish (const UsRtmpPublish *publish, gpointer user_data) {
  UsRtmpConnection *connection = user_data;
  if (connection->reason == NULL && connection->handler.publish != NULL)
    connection->handler.publish (connection, publish, connection->handler_data);
}

static void
on_session_media (UsRtmpMessage *message, gpointer user_data) {
  UsRtmpConnection *connection = user_data;
  if (connection->reason != NULL)
    return; /* closed by an earlier callback of the same read */
  if (message->type == US_RTMP_AUDIO || message->type == US_RTMP_VIDEO)
    connection->liveness.media_us = connection->now_us;
  if (connection->handler.media != NULL)
    connection->handler.media (connection, message, connection->handler_data);
}

/* us_rtmp_connection_new: (skip)
 * @fd: (transfer full): a connected, non-blocking socket
 * @host: the peer's address without port
 * @port: the peer's port
 */
UsRtmpConnection *
us_rtmp_connection_new (int fd, const char *host, guint16 port, const UsRtmpLimits *limits,
                        UsRtmpTlsIdentity *identity, UsRtmpComplaints *complaints,
                        UsRtmpConnectionDoneFunc done, gpointer user_data) {
  static const UsRtmpServerEvents events = { on_session_publish, on_session_media };
  UsRtmpConnection *connection = g_new0 (UsRtmpConnection, 1);
  connection->fd = fd;
  connection->host = g_strdup (host);
  connection->peer = strchr (host, ':') != NULL ? g_strdup_printf ("[%s]:%u", host, port)
                                                : g_strdup_printf ("%s:%u", host, port);
  connection->limits = *limits;
  connection->complaints = complaints;
  connection->tls = identity != NULL ? us_rtmp_tls_new (identity, fd) : NULL;
  connection->done = done;
  connection->done_data = user_data;
  connection->session = us_rtmp_server_session_new (limits, &events, connection);
  connection->queue = us_rtmp_send_queue_new ();
  connection->now_us = g_get_monotonic_time ();
  connection->liveness.opened_us = connection->now_us;
  connection->watch = us_rtmp_watch_new (fd, G_IO_IN, "rtmp connection", on_watch, connection);
  gint64 next_us;
  us_rtmp_liveness_check (&connection->liveness, limits, connection->now_us, &next_us);
  us_rtmp_watch_set_deadline (connection->watch, next_us);
  if (identity != NULL && connection->tls == NULL) { /* not in the clear instead */
    connection->reason = g_strdup ("there is no memory for TLS");
    us_rtmp_watch_set_deadline (connection->watch, 0);
  }
  return connection;
}

/* Frees without a word to anybody; the listener's business. */
void
us_rtmp_connection_free (UsRtmpConnection *connection) {
  us_rtmp_watch_free (connection->watch);
  us_rtmp_tls_free (connection->tls);
  close (connection->fd);
  us_rtmp_server_session_free (connection->session);
  us_rtmp_send_queue_free (connection->queue);
  g_free (connection->write_fault);
  g_free (connection->host);
  g_free (connection->peer);
  g_free (connection->reason);
  g_free (connection);
}

/* Marks the end; it is carried out by the watch, so that no callback runs inside another. */
static void
end (UsRtmpConnection *connection, gboolean is_clean, const char *reason) {
  if (connection->reason != NULL)
    return;
  connection->is_clean = is_clean;
  connection->reason = g_strdup (reason);
  us_rtmp_watch_set_deadline (connection->watch, 0);
}

/* Returns: -1 with errno when the socket is broken */
static gssize
send_some (UsRtmpConnection *connection) {
  return connection->tls != NULL ? us_rtmp_tls_write_queue (connection->tls, connection->queue)
                                 : us_rtmp_send_queue_write (connection->queue, connection->fd);
}

/* An encoder says that its stream ends and closes at once: our next acknowledgement is answered
 * with a reset, and the one after it fails, while the last of the stream, and that it ended in
 * order, still wait in the socket to be read. So the replies end here, and the connection when
 * there is nothing more to read. */
static void
give_up_writing (UsRtmpConnection *connection, const char *why) {
  connection->write_fault = g_strdup (why);
  us_rtmp_send_queue_consume (connection->queue, us_rtmp_send_queue_get_bytes (connection->queue));
  connection->is_writing = FALSE;
  update_conditions (connection);
  us_rtmp_watch_set_deadline (connection->watch, 0); /* there may be nothing at all to read */
}

static void
write_queue (UsRtmpConnection *connection) {
  g_autoptr (GBytes) output = us_rtmp_server_session_take_output (connection->session);
  if (connection->write_fault != NULL)
    return;
  if (output != NULL)
    us_rtmp_send_queue_push_raw (connection->queue, output);
  if (us_rtmp_send_queue_get_bytes (connection->queue) > 0 && send_some (connection) < 0) {
    give_up_writing (connection, g_strerror (errno));
    return;
  }
  gsize left = us_rtmp_send_queue_get_bytes (connection->queue);
  if (left > connection->limits.max_queue_bytes)
    end (connection, FALSE, "the peer does not read our replies");
  gboolean wants_write = left > 0;
  if (connection->tls != NULL)
    wants_write = us_rtmp_tls_wants_write (connection->tls)
                  || (left > 0 && us_rtmp_tls_is_established (connection->tls));
  connection->is_writing = wants_write;
  update_conditions (connection);
}

static void
complain (UsRtmpConnection *connection, UsRtmpSpeaks speaks, const char *what) {
  UsRtmpComplaints *complaints = connection->complaints;
  gint64 said_us = complaints->said_us[speaks];
  if (said_us != 0 && connection->now_us - said_us < US_RTMP_COMPLAINT_US) {
    complaints->hidden[speaks]++;
    return;
  }
  guint hidden = complaints->hidden[speaks];
  g_autofree char *more = hidden > 0
                              ? g_strdup_printf (" (and %u others since the last line)", hidden)
                              : g_strdup ("");
  g_autofree char *hint = speaks == US_RTMP_SPEAKS_TLS && complaints->tls_port > 0
                              ? g_strdup_printf (", or port %u with rtmps://", complaints->tls_port)
                              : g_strdup ("");
  us_event (US_LOG_WARNING, US_EVENT_NOT_RTMP, "%s is no RTMP client: %s%s%s", connection->peer,
            what, hint, more);
  complaints->said_us[speaks] = connection->now_us;
  complaints->hidden[speaks] = 0;
}

/* A browser or a health check shows it to somebody. */
static void
answer_http (UsRtmpConnection *connection) {
  static const char text[]
      = "HTTP/1.1 400 Bad Request\r\n"
        "Content-Type: text/plain\r\n"
        "Content-Length: 84\r\n"
        "Connection: close\r\n"
        "\r\n"
        "This port takes RTMP from encoders. Viewers and web pages are served on other ones.\n";
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  us_rtmp_send_queue_push_raw (connection->queue, bytes);
  connection->has_last_word = TRUE;
}

static void
end_with_error (UsRtmpConnection *connection, const GError *error) {
  if (g_error_matches (error, US_RTMP_ERROR, US_RTMP_ERROR_TLS))
    complain (connection, US_RTMP_SPEAKS_TLS, error->message);
  else if (g_error_matches (error, US_RTMP_ERROR, US_RTMP_ERROR_HTTP))
    complain (connection, US_RTMP_SPEAKS_HTTP, error->message);
  else if (g_error_matches (error, US_RTMP_ERROR, US_RTMP_ERROR_VERSION))
    complain (connection, US_RTMP_SPEAKS_OTHER, error->message);
  if (g_error_matches (error, US_RTMP_ERROR, US_RTMP_ERROR_HTTP))
    answer_http (connection);
  end (connection, FALSE, error->message);
}

static void
push (UsRtmpConnection *connection, const guint8 *data, gsize size) {
  g_autoptr (GError) error = NULL;
  connection->liveness.received_us = connection->now_us;
  gboolean ok = us_rtmp_server_session_push (connection->session, data, size, &error);
  UsRtmpServerState state = us_rtmp_server_session_get_state (connection->session);
  if (state != US_RTMP_SERVER_HANDSHAKE && connection->liveness.handshaken_us == 0)
    connection->liveness.handshaken_us = connection->now_us;
  connection->is_held = state == US_RTMP_SERVER_ASKED;
  if (!ok)
    end_with_error (connection, error);
  else if (state == US_RTMP_SERVER_ENDED)
    end (connection, TRUE, "the publisher ended its stream");
}

/* Nobody is left to linger for. @text: nullable: the peer closed it */
static void
end_broken (UsRtmpConnection *connection, const char *text) {
  const char *fault = connection->tls != NULL ? us_rtmp_tls_get_fault (connection->tls) : NULL;
  if (text == NULL)
    text = connection->write_fault; /* who has told of it tells no more */
  if (text == NULL)
    text = "the peer closed the connection without a word";
  if (fault != NULL && !us_rtmp_tls_is_established (connection->tls))
    complain (connection, US_RTMP_SPEAKS_OTHER, fault);
  end (connection, FALSE, fault != NULL ? fault : text);
  connection->phase = PHASE_DONE;
}

/* Returns FALSE when there is nothing more to read now. */
static gboolean
read_once (UsRtmpConnection *connection) {
  guint8 buffer[READ_BYTES];
  gssize got = connection->tls != NULL ? us_rtmp_tls_read (connection->tls, buffer, sizeof buffer)
                                       : recv (connection->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    if (connection->write_fault != NULL && errno != EINTR)
      end_broken (connection, connection->write_fault);
    return FALSE;
  }
  if (got <= 0) {
    end_broken (connection, got == 0 ? NULL : g_strerror (errno));
    return FALSE;
  }
  if (connection->reason == NULL)
    push (connection, buffer, (gsize)got);
  if (connection->is_held)
    return FALSE;
  return connection->tls != NULL || got == sizeof buffer || connection->write_fault != NULL;
}

static void
read_some (UsRtmpConnection *connection) {
  guint n_reads = connection->tls != NULL ? TLS_READS_PER_ROUND : READS_PER_ROUND;
  for (guint i = 0; i < n_reads && read_once (connection); i++)
    continue;
}

/* A publisher that hangs up before it has its answer is not waited for, whatever it has sent. */
static void
hold (UsRtmpConnection *connection, GIOCondition ready) {
  if ((ready & (US_RTMP_WATCH_PEER_SHUT | G_IO_HUP | G_IO_ERR)) || connection->write_fault != NULL)
    end_broken (connection, NULL);
}

/* The answer is there: first what was read behind the publish, then what TLS has of it, of which
 * the socket does not tell, then the socket. */
static void
resume (UsRtmpConnection *connection) {
  connection->is_held = FALSE;
  if (connection->reason == NULL)
    push (connection, NULL, 0);
  read_some (connection);
}

static void
check_deadlines (UsRtmpConnection *connection) {
  gint64 next_us;
  switch (us_rtmp_liveness_check (&connection->liveness, &connection->limits, connection->now_us,
                                  &next_us)) {
  case US_RTMP_NO_HANDSHAKE:
    end (connection, FALSE, "the handshake took too long");
    return;
  case US_RTMP_NO_PUBLISH:
    end (connection, FALSE, "connected, but published nothing in time");
    return;
  case US_RTMP_SILENT:
    end (connection, FALSE, "the publisher fell silent");
    return;
  case US_RTMP_NO_MEDIA:
    end (connection, FALSE, "the publisher sends neither picture nor sound");
    return;
  case US_RTMP_PING:
    connection->liveness.pinged_us = connection->now_us;
    us_rtmp_server_session_ping (connection->session, (guint32)(connection->now_us / 1000));
    break;
  case US_RTMP_ALIVE:
  default:
    break;
  }
  /* Bytes move the deadline all the time; the timer finds out when it fires. */
  gint64 armed_us = g_source_get_ready_time (connection->watch);
  if (armed_us < 0 || armed_us > next_us)
    us_rtmp_watch_set_deadline (connection->watch, next_us);
}

static void
emit_closed (UsRtmpConnection *connection) {
  UsRtmpHandler handler = connection->handler;
  connection->handler = (UsRtmpHandler){ 0 };
  us_debug ("%s: closed: %s", connection->peer, connection->reason);
  if (handler.closed != NULL)
    handler.closed (connection, connection->is_clean, connection->reason, connection->handler_data);
}

static void
start_linger (UsRtmpConnection *connection) {
  emit_closed (connection);
  connection->phase = PHASE_LINGERING;
  connection->linger_until_us
      = connection->now_us + (connection->has_last_word ? HTTP_LINGER_US : LINGER_US);
  us_rtmp_watch_set_deadline (connection->watch, connection->linger_until_us);
}

/* A peer that got no reply has nothing to lose and is closed at once. Else the end of our side is
 * said once the last reply is out; then the peer's end is awaited, for two seconds at most. */
static void
linger (UsRtmpConnection *connection) {
  gboolean is_deaf = us_rtmp_server_session_get_state (connection->session) < US_RTMP_SERVER_OPEN
                     && !connection->has_last_word;
  if (connection->phase == PHASE_OPEN && is_deaf)
    connection->phase = PHASE_DONE;
  else if (connection->phase == PHASE_OPEN)
    start_linger (connection);
  if (connection->phase != PHASE_LINGERING)
    return;
  /* Who unpublished closes by itself; rtmp2sink reports an error when we are faster. */
  if (!connection->is_clean && !connection->is_shut
      && us_rtmp_send_queue_get_bytes (connection->queue) == 0) {
    if (connection->tls != NULL)
      us_rtmp_tls_say_goodbye (connection->tls);
    shutdown (connection->fd, SHUT_WR);
    connection->is_shut = TRUE;
  }
  if (connection->now_us >= connection->linger_until_us)
    connection->phase = PHASE_DONE;
}

static gboolean
on_watch (GIOCondition ready, gpointer user_data) {
  UsRtmpConnection *connection = user_data;
  connection->now_us = g_get_monotonic_time ();
  gboolean is_tls_writing = connection->tls != NULL && (ready & G_IO_OUT);
  gboolean is_half_dead = connection->write_fault != NULL;
  if (is_waiting (connection))
    hold (connection, ready);
  else if (connection->is_held)
    resume (connection);
  else if ((ready & (G_IO_IN | G_IO_HUP | G_IO_ERR)) || is_tls_writing || is_half_dead)
    read_some (connection);
  if (connection->reason == NULL)
    check_deadlines (connection);
  if (connection->phase != PHASE_DONE)
    write_queue (connection);
  if (connection->reason == NULL)
    return G_SOURCE_CONTINUE;
  linger (connection);
  if (connection->phase == PHASE_DONE)
    us_rtmp_connection_abort (connection, connection->reason);
  return G_SOURCE_CONTINUE;
}

/* Ends it now: @closed, then the listener's done, which frees. Not from inside a callback. */
void
us_rtmp_connection_abort (UsRtmpConnection *connection, const char *reason) {
  if (connection->reason == NULL)
    connection->reason = g_strdup (reason);
  if (connection->linger_until_us == 0)
    emit_closed (connection);
  connection->done (connection, connection->done_data);
}

/**
 * us_rtmp_connection_get_host:
 * @connection: a connection
 *
 * Returns: (transfer none): the peer's numeric address; IPv4 through an IPv6 socket is IPv4
 */
const char *
us_rtmp_connection_get_host (UsRtmpConnection *connection) {
  return connection->host;
}

gboolean
us_rtmp_connection_is_pending (UsRtmpConnection *connection) {
  return connection->reason != NULL
         || us_rtmp_server_session_get_state (connection->session) < US_RTMP_SERVER_PUBLISHING;
}

gint64
us_rtmp_connection_get_opened_us (UsRtmpConnection *connection) {
  return connection->liveness.opened_us;
}

gboolean
us_rtmp_connection_has_handler (UsRtmpConnection *connection) {
  return connection->has_handler;
}

/**
 * us_rtmp_connection_set_handler:
 * @connection: a connection
 * @handler: (nullable): the callbacks, copied; %NULL: nobody listens any more
 * @user_data: their last argument
 */
void
us_rtmp_connection_set_handler (UsRtmpConnection *connection, const UsRtmpHandler *handler,
                                gpointer user_data) {
  connection->handler = handler != NULL ? *handler : (UsRtmpHandler){ 0 };
  connection->handler_data = user_data;
  connection->has_handler = handler != NULL;
}

/**
 * us_rtmp_connection_accept:
 * @connection: a connection whose publish waits for an answer; else nothing happens
 * @info: (nullable): object whose members are added to the NetStream.Publish.Start object
 *
 * From now on media arrives and the idle deadline counts.
 */
void
us_rtmp_connection_accept (UsRtmpConnection *connection, const UsAmf0 *info) {
  if (connection->reason != NULL)
    return;
  us_rtmp_server_session_accept (connection->session, info);
  if (us_rtmp_server_session_get_state (connection->session) == US_RTMP_SERVER_PUBLISHING
      && connection->liveness.published_us == 0)
    connection->liveness.published_us = g_get_monotonic_time ();
  write_queue (connection);
  if (connection->is_held)
    us_rtmp_watch_set_deadline (connection->watch, 0); /* goes on from the watch */
}

/**
 * us_rtmp_connection_refuse:
 * @connection: a connection whose publish waits for an answer, or that publishes; any other is
 *   only closed
 * @code: "NetStream.Publish.BadName", "NetStream.Publish.Denied" ...
 * @description: why, for the person at the encoder
 */
void
us_rtmp_connection_refuse (UsRtmpConnection *connection, const char *code,
                           const char *description) {
  if (connection->reason != NULL)
    return;
  us_rtmp_server_session_refuse (connection->session, code, description);
  write_queue (connection);
  g_autofree char *reason = g_strdup_printf ("refused with %s: %s", code, description);
  end (connection, FALSE, reason);
}

/**
 * us_rtmp_connection_close:
 * @connection: a connection
 * @reason: a sentence for the log and for @closed
 *
 * No media comes any more; @closed follows from the main loop.
 */
void
us_rtmp_connection_close (UsRtmpConnection *connection, const char *reason) {
  end (connection, FALSE, reason);
}

/**
 * us_rtmp_connection_get_peer:
 * @connection: a connection
 *
 * Returns: (transfer none): address and port, such as "192.0.2.1:50000" or "[2001:db8::1]:50000"
 */
const char *
us_rtmp_connection_get_peer (UsRtmpConnection *connection) {
  return connection->peer;
}

/**
 * us_rtmp_connection_get_line:
 * @connection: a connection
 * @line: (out): round-trip time and losses, as far as the kernel tells
 *
 * Returns: %FALSE: nothing is known
 */
gboolean
us_rtmp_connection_get_line (UsRtmpConnection *connection, UsRtmpLine *line) {
  return us_rtmp_line_read (connection->fd, line);
}

/**
 * us_rtmp_connection_get_bytes_in:
 * @connection: a connection
 *
 * Returns: bytes received, handshake included
 */
guint64
us_rtmp_connection_get_bytes_in (UsRtmpConnection *connection) {
  return us_rtmp_server_session_get_received (connection->session);
}

/* Memory that its half-read messages hold. */
gsize
us_rtmp_connection_get_partial_bytes (UsRtmpConnection *connection) {
  return us_rtmp_server_session_get_partial_bytes (connection->session);
}

/**
 * us_rtmp_connection_get_last_media_us:
 * @connection: a connection
 *
 * Returns: monotonic time of the last audio or video message, 0 before the first
 */
gint64
us_rtmp_connection_get_last_media_us (UsRtmpConnection *connection) {
  return connection->liveness.media_us;
}
