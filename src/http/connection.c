/* connection.c - one viewer's socket, from accept to close
 *
 * Owned by its shard and touched only in the shard's thread. It is parked (nothing but an entry in
 * the shard's epoll set) until a byte arrives, then lent to libsoup behind a UsHttpStream, and
 * taken back when it has been idle for a moment. The descriptor is ours throughout: closing never
 * waits for libsoup, which learns of it by the next read or write failing.
 *
 * Ends in us_http_connection_close(), at once when parked, otherwise when libsoup let the stream
 * go.
 */
#include "http/connection.h"

#include "http/framing.h"
#include "http/shard.h"
#include "http/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static GQuark
connection_quark (void) {
  static GQuark quark;

  if (quark == 0)
    quark = g_quark_from_static_string ("us-http-connection");
  return quark;
}

/**
 * us_http_connection_new:
 * @fd: (transfer full): connected, non-blocking
 * @peer: address without port
 *
 * Returns: (transfer none) (nullable): the connection, in @shard's list; %NULL when the kernel has
 *   no room to watch it (closed then)
 */
UsHttpConnection *
us_http_connection_new (UsHttpShard *shard, int fd, const char *peer, GSocketAddress *local,
                        GSocketAddress *remote) {
  UsHttpConnection *connection = g_new0 (UsHttpConnection, 1);
  struct epoll_event event = { 0 };

  connection->link.data = connection;
  connection->exchange.wait_link.data = connection;
  connection->shard = shard;
  connection->fd = fd;
  connection->is_writable = TRUE;
  connection->facts.is_fresh = TRUE;
  us_http_connection_set_phase (connection, US_GUARD_IDLE);
  connection->peer = g_strdup (peer);
  connection->is_loopback = g_inet_address_get_is_loopback (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));
  connection->local = g_object_ref (local);
  connection->remote = g_object_ref (remote);
  g_object_set_qdata (G_OBJECT (remote), connection_quark (), connection);
  us_http_shard_link (shard, connection);

  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = connection;
  if (epoll_ctl (us_http_shard_epoll (shard), EPOLL_CTL_ADD, fd, &event) < 0) {
    us_http_connection_close (connection);
    return NULL;
  }
  return connection;
}

/* How a libsoup message leads back to its connection: by the address object it was accepted with.
 */
UsHttpConnection *
us_http_connection_of_address (GSocketAddress *remote) {
  return remote == NULL ? NULL : g_object_get_qdata (G_OBJECT (remote), connection_quark ());
}

static void
connection_free (UsHttpConnection *connection) {
  us_http_exchange_clear (connection);
  us_http_shard_unlink (connection->shard, connection);
  us_http_core_dismiss (us_http_shard_core (connection->shard), connection->peer);
  g_object_set_qdata (G_OBJECT (connection->remote), connection_quark (), NULL);
  g_clear_object (&connection->remote);
  g_clear_object (&connection->local);
  g_clear_pointer (&connection->held, g_byte_array_unref);
  g_clear_pointer (&connection->inbox, g_byte_array_unref);
  g_free (connection->peer);
  g_free (connection);
}

void
us_http_connection_set_phase (UsHttpConnection *connection, UsGuardPhase phase) {
  UsGuardFacts *facts = &connection->facts;

  facts->phase = phase;
  facts->since_us = facts->progress_us = g_get_monotonic_time ();
  connection->is_inbox_fresh = connection->inbox != NULL;
}

static gssize
would_block (GError **error) {
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "would block");
  return -1;
}

static gssize
read_while_leaving (UsHttpConnection *connection, char *buffer, gsize size, GError **error) {
  if (connection->exchange.message == NULL && !connection->has_poison && size >= 2) {
    connection->has_poison = TRUE;
    memcpy (buffer, "x\n", 2);
    return 2;
  }
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "connection closed");
  return -1;
}

/* ---- receiving ---- */

typedef enum { RECEIVED, RECEIVED_NOTHING, RECEIVED_END } Received;

static Received
receive (UsHttpConnection *connection, void *buffer, gsize size, gsize *n_received) {
  gssize n;

  if (!connection->is_readable)
    return RECEIVED_NOTHING;
  do
    n = recv (connection->fd, buffer, size, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    connection->is_readable = FALSE;
    return RECEIVED_NOTHING;
  }
  if (n <= 0)
    return RECEIVED_END;
  /* A short read emptied the socket; an end of file behind it comes as a new edge. */
  if ((gsize)n < size && !connection->is_hung_up)
    connection->is_readable = FALSE;
  connection->facts.progress_us = g_get_monotonic_time ();
  *n_received = (gsize)n;
  return RECEIVED;
}

/* Drops what libsoup has, and empty lines before a request (RFC 9112 2.2). */
static void
trim_inbox (UsHttpConnection *connection) {
  GByteArray *inbox = connection->inbox;
  gsize n = connection->n_given;

  if (inbox == NULL)
    return;
  while (n < inbox->len && (inbox->data[n] == '\r' || inbox->data[n] == '\n'))
    n++;
  connection->n_given = 0;
  if (n == inbox->len)
    g_clear_pointer (&connection->inbox, g_byte_array_unref);
  else if (n > 0)
    g_byte_array_remove_range (inbox, 0, (guint)n);
}

typedef enum { HEADER_WHOLE, HEADER_PARTIAL, HEADER_REFUSED, HEADER_END } Header;

/* Fills the inbox until it begins with a whole header, and judges that. */
static Header
gather_header (UsHttpConnection *connection, guint *status) {
  trim_inbox (connection);
  connection->is_inbox_fresh = FALSE;
  while (TRUE) {
    GByteArray *inbox = connection->inbox;
    guint8 buffer[8192];
    gsize n = 0;

    if (inbox != NULL) {
      gsize end = us_framing_find_end ((const char *)inbox->data, inbox->len);

      if (end > 0) {
        connection->n_header = end;
        *status = us_framing_judge ((const char *)inbox->data, end, US_HTTP_MAX_REQUEST_BODY);
        return *status == 0 ? HEADER_WHOLE : HEADER_REFUSED;
      }
      if (inbox->len > US_FRAMING_MAX_HEADER) {
        *status = 431;
        return HEADER_REFUSED;
      }
    }
    switch (receive (connection, buffer, sizeof buffer, &n)) {
    case RECEIVED:
      if (connection->inbox == NULL)
        connection->inbox = g_byte_array_sized_new ((guint)n);
      g_byte_array_append (connection->inbox, buffer, (guint)n);
      trim_inbox (connection);
      if (connection->facts.phase == US_GUARD_IDLE)
        us_http_connection_set_phase (connection, US_GUARD_HEADER);
      connection->is_inbox_fresh = FALSE;
      break;
    case RECEIVED_NOTHING:
      /* The beginning of a pipelined request came with the one before it. */
      if (connection->inbox != NULL && connection->facts.phase == US_GUARD_IDLE) {
        us_http_connection_set_phase (connection, US_GUARD_HEADER);
        connection->is_inbox_fresh = FALSE;
      }
      return HEADER_PARTIAL;
    case RECEIVED_END:
    default:
      return HEADER_END;
    }
  }
}

static void
refuse_request (UsHttpConnection *connection, guint status) {
  us_http_count (us_http_shard_core (connection->shard)->counters.refused_total, 1);
  us_http_connection_refuse (connection, status);
}

gboolean
us_http_connection_fetch (UsHttpConnection *connection) {
  guint status = 0;

  switch (gather_header (connection, &status)) {
  case HEADER_WHOLE:
    return TRUE;
  case HEADER_REFUSED:
    refuse_request (connection, status);
    return FALSE;
  case HEADER_END:
    us_http_connection_close (connection);
    return FALSE;
  case HEADER_PARTIAL:
  default:
    return FALSE;
  }
}

/* Hands out of the inbox, up to @limit bytes of it. */
static gssize
give (UsHttpConnection *connection, void *buffer, gsize size, gsize limit) {
  gsize n = MIN (size, limit - connection->n_given);

  memcpy (buffer, connection->inbox->data + connection->n_given, n);
  connection->n_given += n;
  if (connection->n_given == connection->inbox->len) {
    g_clear_pointer (&connection->inbox, g_byte_array_unref);
    connection->n_given = connection->n_header = 0;
    connection->is_inbox_fresh = FALSE; /* or the rest of a body would be awaited in a busy loop */
  } else if (connection->n_given >= connection->n_header)
    connection->n_header = 0;
  return (gssize)n;
}

static gssize
read_body (UsHttpConnection *connection, void *buffer, gsize size, GError **error) {
  gsize n = 0;

  if (connection->inbox != NULL)
    return give (connection, buffer, size, connection->inbox->len);
  switch (receive (connection, buffer, size, &n)) {
  case RECEIVED:
    return (gssize)n;
  case RECEIVED_NOTHING:
    return would_block (error);
  case RECEIVED_END:
  default:
    us_http_connection_close (connection);
    return read_while_leaving (connection, buffer, size, error);
  }
}

/* libsoup gets whole, judged headers, and bodies; never a piece of the request that follows. */
gssize
us_http_connection_read (UsHttpConnection *connection, void *buffer, gsize size, GError **error) {
  guint status = 0;

  if (connection->is_leaving)
    return read_while_leaving (connection, buffer, size, error);
  if (connection->n_header > 0)
    return give (connection, buffer, size, connection->n_header);
  if (connection->facts.phase == US_GUARD_BODY)
    return read_body (connection, buffer, size, error);

  switch (gather_header (connection, &status)) {
  case HEADER_WHOLE:
    return give (connection, buffer, size, connection->n_header);
  case HEADER_PARTIAL:
    return would_block (error);
  case HEADER_REFUSED:
    refuse_request (connection, status);
    break;
  case HEADER_END:
  default:
    us_http_connection_close (connection);
    break;
  }
  return read_while_leaving (connection, buffer, size, error);
}

/* ---- sending ---- */

/* Sends what was held back, and @size bytes of @data behind it, in one call.
 * Returns: bytes of @data sent, or -1 with errno set */
static gssize
send_with_held (UsHttpConnection *connection, const void *data, gsize size) {
  gsize n_held = connection->held != NULL ? connection->held->len - connection->held_sent : 0;
  struct iovec parts[2] = {
    { n_held > 0 ? connection->held->data + connection->held_sent : NULL, n_held },
    { (void *)data, size },
  };
  struct msghdr message
      = { .msg_iov = n_held > 0 ? parts : parts + 1, .msg_iovlen = n_held > 0 ? 2 : 1 };
  gssize n;

  do
    n = sendmsg (connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return -1;

  us_http_count (us_http_shard_core (connection->shard)->counters.bytes_out_total, n);
  connection->facts.progress_us = g_get_monotonic_time ();
  if ((gsize)n < n_held + size)
    connection->is_writable = FALSE;
  if ((gsize)n < n_held) {
    connection->held_sent += n;
    errno = EAGAIN;
    return -1;
  }
  g_clear_pointer (&connection->held, g_byte_array_unref);
  n -= n_held;
  if (n == 0 && size > 0) {
    errno = EAGAIN;
    return -1;
  }
  return n;
}

gssize
us_http_connection_write (UsHttpConnection *connection, const void *data, gsize size,
                          GError **error) {
  gssize n = -1;

  if (connection->is_leaving) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "connection closed");
    return -1;
  }
  /* An answer that libsoup made up itself; "100 Continue" leaves the phase alone. */
  if (connection->facts.phase == US_GUARD_IDLE || connection->facts.phase == US_GUARD_HEADER)
    us_http_connection_set_phase (connection, US_GUARD_SENDING);

  if (connection->is_corked) {
    connection->is_corked = FALSE;
    connection->held = g_byte_array_sized_new (size);
    connection->held_sent = 0;
    g_byte_array_append (connection->held, data, size);
    return size;
  }

  errno = EAGAIN;
  if (connection->is_writable)
    n = send_with_held (connection, data, size);
  if (n >= 0)
    return n;
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    connection->is_writable = FALSE;
    return would_block (error);
  }
  us_http_connection_close (connection);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "connection closed");
  return -1;
}

/* For an answer whose body, against expectation, never came. */
void
us_http_connection_flush (UsHttpConnection *connection) {
  connection->is_corked = FALSE;
  if (connection->held != NULL && connection->fd >= 0)
    send_with_held (connection, NULL, 0);
  g_clear_pointer (&connection->held, g_byte_array_unref);
}

/* Says that nothing more comes, and gives the peer a moment to read what came: closing a socket
 * with unread bytes would reset it and could destroy the end of the answer. */
static void
begin_linger (UsHttpConnection *connection) {
  us_http_connection_set_phase (connection, US_GUARD_LINGER);
  shutdown (connection->fd, SHUT_WR);
}

void
us_http_connection_released (UsHttpConnection *connection) {
  UsHttpShard *shard = connection->shard;
  UsHttpSoup *soup = g_steal_pointer (&connection->soup);
  gboolean was_leaving = connection->is_leaving;

  connection->stream = NULL;
  us_http_exchange_clear (connection);
  connection->is_leaving = FALSE;
  connection->has_poison = FALSE;

  if (connection->fd < 0)
    connection_free (connection);
  else if (was_leaving) { /* parked or lingering */
    if (connection->is_readable || connection->is_hung_up)
      us_http_shard_queue (shard, connection);
  } else {
    us_http_connection_flush (connection);
    begin_linger (connection);
    us_http_shard_queue (shard, connection);
  }
  us_http_shard_soup_released (shard, soup);
}

void
us_http_connection_close (UsHttpConnection *connection) {
  if (connection->fd >= 0) {
    close (connection->fd); /* leaves the epoll set with it */
    connection->fd = -1;
  }
  if (connection->stream == NULL) {
    connection_free (connection);
    return;
  }
  connection->is_leaving = TRUE;
  us_http_exchange_abandon (connection);
}

/**
 * us_http_refusal:
 * @status: 400, 408, 413, 431 or 503
 *
 * Returns: a whole HTTP/1.1 response as problem+json, ended by the connection's end
 */
const char *
us_http_refusal (guint status) {
#define REFUSAL(status, reason, extra, type, title)                                                \
  "HTTP/1.1 " status " " reason "\r\nServer: understudy\r\nConnection: close\r\n" extra            \
  "Cache-Control: no-store\r\nContent-Type: application/problem+json\r\n\r\n"                      \
  "{\"type\":\"urn:understudy:problem:" type "\",\"title\":\"" title "\",\"status\":" status "}"
  switch (status) {
  case 408:
    return REFUSAL ("408", "Request Timeout", "", "slow-request", "Request came too slowly");
  case 413:
    return REFUSAL ("413", "Content Too Large", "", "body-too-large",
                    "Request body is larger than 1 MiB");
  case 431:
    return REFUSAL ("431", "Request Header Fields Too Large", "", "header-too-large",
                    "Request header is larger than 32 KiB");
  case 503:
    return REFUSAL ("503", "Service Unavailable", "Retry-After: 2\r\n", "too-busy",
                    "No room for another connection");
  case 400:
  default:
    return REFUSAL ("400", "Bad Request", "", "ambiguous-request",
                    "Request has ambiguous framing or host");
  }
#undef REFUSAL
}

void
us_http_connection_refuse (UsHttpConnection *connection, guint status) {
  const char *text = us_http_refusal (status);

  if (connection->fd >= 0) {
    if (connection->facts.phase != US_GUARD_SENDING) {
      us_http_connection_flush (connection);
      if (send (connection->fd, text, strlen (text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        connection->is_hung_up = TRUE;
    }
    begin_linger (connection);
  }
  if (connection->stream == NULL)
    return;
  connection->is_leaving = TRUE;
  us_http_exchange_abandon (connection);
}

void
us_http_connection_park (UsHttpConnection *connection) {
  if (connection->stream != NULL && connection->fd >= 0)
    connection->is_leaving = TRUE;
}

void
us_http_connection_drain (UsHttpConnection *connection) {
  char waste[16384];

  for (guint i = 0; i < 16; i++) {
    gssize n = recv (connection->fd, waste, sizeof waste, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
      us_http_connection_close (connection);
      return;
    }
    if (n < 0) {
      connection->is_readable = FALSE;
      return;
    }
  }
  us_http_shard_queue (connection->shard, connection);
}
