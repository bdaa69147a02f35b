/* listener.c - the thread that accepts connections and deals them out to the shards
 *
 * A listener of libsoup or GIO removes itself for good at the first failed accept, so this is a
 * plain loop around poll() and accept4(). Running out of descriptors must not leave the backlog
 * ringing for ever either: one descriptor is kept in reserve, given up to accept and turn away
 * whoever knocks, and taken back.
 *
 * Made by the server, ended by us_http_listener_free() through an eventfd. Connections over the
 * caps get a 503 and are closed.
 */
#include "http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define US_LOG_TOPIC "http.listener"
#include "base/log.h"

#define BACKLOG 4096
#define PAUSE_MS 20 /* when the kernel has nothing to give */
#define COMPLAINT_US (10 * G_USEC_PER_SEC)

struct UsHttpListener {
  UsHttpCore *core;
  GSocket *socket;
  GSocketAddress *local;
  int wake_fd, reserve_fd;
  GPtrArray *shards;
  GThread *thread;
  gint64 complained_us;
};

static int
open_reserve (void) {
  return open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* By hand: g_socket_bind() would set and unset options of its own. */
static GSocket *
bind_socket (const UsHttpServerSettings *settings, GError **error) {
  g_autoptr (GSocketAddress) address
      = g_inet_socket_address_new_from_string (settings->address, settings->port);
  g_autoptr (GSocket) socket = NULL;
  GError *local_error = NULL;

  if (address == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is no IP address to listen on", settings->address);
    return NULL;
  }
  socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                         G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return NULL;
  if (g_socket_address_get_family (address) == G_SOCKET_FAMILY_IPV6)
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, FALSE, NULL);
  if (!g_socket_bind (socket, address, TRUE, &local_error)) {
    g_propagate_prefixed_error (error, local_error,
                                "cannot listen on %s port %u: ", settings->address, settings->port);
    return NULL;
  }
  return g_steal_pointer (&socket);
}

UsHttpListener *
us_http_listener_new (UsHttpCore *core, GError **error) {
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketAddress) local = NULL;
  UsHttpListener *listener;

  if (core->settings.inherited_fd >= 0)
    socket = g_socket_new_from_fd (core->settings.inherited_fd, error);
  else
    socket = bind_socket (&core->settings, error);
  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  local = g_socket_get_local_address (socket, error);
  if (local == NULL)
    return NULL;
  if (!G_IS_INET_SOCKET_ADDRESS (local)) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "the inherited socket is no TCP socket");
    return NULL;
  }

  listener = g_new0 (UsHttpListener, 1);
  listener->core = us_http_core_ref (core);
  listener->socket = g_steal_pointer (&socket);
  listener->local = g_steal_pointer (&local);
  listener->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  listener->reserve_fd = open_reserve ();
  if (listener->wake_fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot make an eventfd: %s",
                 g_strerror (errno));
    us_http_listener_free (listener);
    return NULL;
  }
  return listener;
}

guint16
us_http_listener_get_port (UsHttpListener *listener) {
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (listener->local));
}

/* Returns: (transfer full): the address without port; IPv4 also when it came through IPv6 */
static char *
peer_name (GSocketAddress *remote) {
  g_autofree char *text = g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));

  if (g_str_has_prefix (text, "::ffff:") && strchr (text, '.') != NULL)
    return g_strdup (text + 7);
  return g_steal_pointer (&text);
}

static void
turn_away (UsHttpListener *listener, int fd) {
  const char *text = us_http_refusal (503);

  us_http_count (listener->core->counters.refused_total, 1);
  if (send (fd, text, strlen (text), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
    shutdown (fd, SHUT_WR);
  close (fd);
}

static void
complain (UsHttpListener *listener, const char *why) {
  gint64 now_us = g_get_monotonic_time ();

  if (listener->complained_us != 0 && now_us - listener->complained_us < COMPLAINT_US)
    return;
  listener->complained_us = now_us;
  us_warning ("turning viewers away: %s", why);
}

static UsHttpShard *
least_loaded (UsHttpListener *listener) {
  UsHttpShard *best = g_ptr_array_index (listener->shards, 0);

  for (guint i = 1; i < listener->shards->len; i++) {
    UsHttpShard *shard = g_ptr_array_index (listener->shards, i);

    if (us_http_shard_load (shard) < us_http_shard_load (best))
      best = shard;
  }
  return best;
}

static void
welcome (UsHttpListener *listener, int fd, struct sockaddr_storage *storage, socklen_t length) {
  g_autoptr (GSocketAddress) remote = g_socket_address_new_from_native (storage, length);
  g_autofree char *peer = NULL;
  int one = 1;

  if (remote == NULL || !G_IS_INET_SOCKET_ADDRESS (remote)) {
    close (fd);
    return;
  }
  peer = peer_name (remote);
  if (!us_http_core_admit (listener->core, peer)) {
    complain (listener, "more connections than the settings allow");
    turn_away (listener, fd);
    return;
  }
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  us_http_shard_add (least_loaded (listener), fd, peer, listener->local, remote);
}

static int
accept_one (UsHttpListener *listener, struct sockaddr_storage *storage, socklen_t *length) {
  *length = sizeof *storage;
  return accept4 (g_socket_get_fd (listener->socket), (struct sockaddr *)storage, length,
                  SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Spends the reserve to empty one place of the backlog. Returns: FALSE when there was none */
static gboolean
turn_away_with_reserve (UsHttpListener *listener) {
  struct sockaddr_storage storage;
  socklen_t length;
  int fd;

  complain (listener, "no descriptors left");
  if (listener->reserve_fd < 0)
    return FALSE;
  close (listener->reserve_fd);
  fd = accept_one (listener, &storage, &length);
  if (fd >= 0)
    turn_away (listener, fd);
  listener->reserve_fd = open_reserve ();
  return fd >= 0;
}

/* Returns: TRUE when it should be called again without polling */
static gboolean
accept_next (UsHttpListener *listener, gboolean *needs_pause) {
  struct sockaddr_storage storage;
  socklen_t length;
  int fd = accept_one (listener, &storage, &length);

  if (fd >= 0) {
    welcome (listener, fd, &storage, length);
    return TRUE;
  }
  switch (errno) {
  case EAGAIN:
    return FALSE;
  case EMFILE:
  case ENFILE:
    *needs_pause = !turn_away_with_reserve (listener);
    return !*needs_pause;
  case EINTR:
  case ECONNABORTED: /* and the network errors that accept(2) passes on from the new socket */
  case EPROTO:
  case ENETDOWN:
  case ENOPROTOOPT:
  case EHOSTDOWN:
  case ENONET:
  case EHOSTUNREACH:
  case EOPNOTSUPP:
  case ENETUNREACH:
    return TRUE;
  default: /* ENOBUFS, ENOMEM: the kernel needs a moment */
    complain (listener, g_strerror (errno));
    *needs_pause = TRUE;
    return FALSE;
  }
}

static gpointer
listener_run (gpointer data) {
  UsHttpListener *listener = data;
  struct pollfd fds[2] = { { .fd = listener->wake_fd, .events = POLLIN },
                           { .fd = g_socket_get_fd (listener->socket), .events = POLLIN } };

  while (TRUE) {
    gboolean needs_pause = FALSE;

    if (poll (fds, 2, -1) < 0 && errno != EINTR)
      break;
    if (fds[0].revents != 0)
      break;
    if (fds[1].revents == 0)
      continue;
    /* In batches, so that a flood cannot keep the wake-up from being seen. */
    for (guint i = 0; i < 64 && accept_next (listener, &needs_pause); i++)
      ;
    if (needs_pause && poll (fds, 1, PAUSE_MS) > 0)
      break;
    if (listener->reserve_fd < 0)
      listener->reserve_fd = open_reserve ();
  }
  return NULL;
}

gboolean
us_http_listener_start (UsHttpListener *listener, GPtrArray *shards, GError **error) {
  g_return_val_if_fail (shards->len > 0, FALSE);

  if (listen (g_socket_get_fd (listener->socket), BACKLOG) < 0) {
    int code = errno;

    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "cannot listen on %s port %u: %s",
                 listener->core->settings.address, us_http_listener_get_port (listener),
                 g_strerror (code));
    return FALSE;
  }
  listener->shards = g_ptr_array_ref (shards);
  listener->thread = g_thread_try_new ("http-accept", listener_run, listener, error);
  return listener->thread != NULL;
}

void
us_http_listener_free (UsHttpListener *listener) {
  if (listener->thread != NULL) {
    guint64 one = 1;

    while (write (listener->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
      ;
    g_thread_join (listener->thread);
  }
  if (listener->wake_fd >= 0)
    close (listener->wake_fd);
  if (listener->reserve_fd >= 0)
    close (listener->reserve_fd);
  g_clear_pointer (&listener->shards, g_ptr_array_unref);
  g_clear_object (&listener->local);
  g_clear_object (&listener->socket);
  us_http_core_unref (listener->core);
  g_free (listener);
}
