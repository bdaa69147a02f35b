/* listener.c - an accept loop that cannot die
 *
 * One listening socket, and one more for RTMPS, a watch for each in the thread-default main
 * context, and the connections it owns, of which there are so many in all. When descriptors run out
 * the loop gives up its reserve descriptor to take the waiting peer in and close it, then rests for
 * 100 ms: the port answers again as soon as descriptors are free. The same rest follows any other
 * unexpected failure. Peers above a cap are closed at once, or, when all places are taken, the
 * oldest that has published nothing; one log line says when that begins.
 */
#include "rtmp/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/network.h"
#include "rtmp/connection-private.h"
#include "rtmp/watch.h"

#define US_LOG_TOPIC "rtmp.listener"
#include "base/log.h"

#define BACKLOG 512
#define ACCEPTS_PER_ROUND 64
#define REST_US (100 * 1000)

enum { DOOR_PLAIN, DOOR_TLS, N_DOORS };

typedef struct {
  UsRtmpListener *listener;
  GSocket *socket; /* nullable: there is no such door */
  GSource *watch;
  guint16 port;
  gboolean is_tls;
  gboolean is_resting; /* accepts nothing until the deadline of the watch */
} Door;

struct UsRtmpListener {
  UsRtmpListenerSettings settings; /* without addresses */
  UsRtmpAcceptFunc on_connection;
  gpointer user_data;
  Door doors[N_DOORS];
  UsRtmpTlsIdentity *identity; /* nullable */
  UsRtmpComplaints complaints[N_DOORS];
  int reserve_fd;
  gboolean is_refusing;    /* a cap is reached and was logged */
  GHashTable *connections; /* a set of UsRtmpConnection */
  GHashTable *per_network; /* as us_network_of() has it, to its count, in the pointer */
};

static guint
count_network (UsRtmpListener *listener, const char *host) {
  g_autofree char *network = us_network_of (host);
  return GPOINTER_TO_UINT (g_hash_table_lookup (listener->per_network, network));
}

static void
add_to_network (UsRtmpListener *listener, const char *host, int change) {
  guint count = count_network (listener, host) + (guint)change;
  g_autofree char *network = us_network_of (host);
  if (count == 0)
    g_hash_table_remove (listener->per_network, network);
  else
    g_hash_table_insert (listener->per_network, g_steal_pointer (&network),
                         GUINT_TO_POINTER (count));
}

static void
on_connection_done (UsRtmpConnection *connection, gpointer user_data) {
  UsRtmpListener *listener = user_data;
  add_to_network (listener, us_rtmp_connection_get_host (connection), -1);
  g_hash_table_remove (listener->connections, connection);
  us_rtmp_connection_free (connection);
}

/* The one that has published nothing for longest; a flood of connections must not lock encoders
 * out. %NULL: all publish. */
static UsRtmpConnection *
find_idlest (UsRtmpListener *listener) {
  UsRtmpConnection *idlest = NULL;
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, listener->connections);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    if (us_rtmp_connection_is_pending (key)
        && (idlest == NULL
            || us_rtmp_connection_get_opened_us (key) < us_rtmp_connection_get_opened_us (idlest)))
      idlest = key;
  }
  return idlest;
}

static gboolean
is_full_for (UsRtmpListener *listener, const char *host) {
  const UsRtmpListenerSettings *settings = &listener->settings;
  if (settings->max_per_address == 0 || count_network (listener, host) < settings->max_per_address)
    return FALSE;
  return !settings->is_loopback_free
         || !(g_str_has_prefix (host, "127.") || g_str_equal (host, "::1"));
}

static void
log_cap (UsRtmpListener *listener, const char *host, const char *what) {
  const UsRtmpListenerSettings *settings = &listener->settings;
  g_autofree char *network = us_network_of (host);
  if (!listener->is_refusing)
    us_warning ("%s: %u are open, %u from %s (caps %u and %u)", what,
                g_hash_table_size (listener->connections), count_network (listener, host), network,
                settings->max_connections, settings->max_per_address);
  listener->is_refusing = TRUE;
}

/* Returns FALSE when a cap leaves no room for one more from @host. */
static gboolean
make_room (UsRtmpListener *listener, const char *host) {
  const UsRtmpListenerSettings *settings = &listener->settings;
  if (is_full_for (listener, host)) {
    log_cap (listener, host, "refusing connections");
    return FALSE;
  }
  if (g_hash_table_size (listener->connections) < settings->max_connections) {
    listener->is_refusing = FALSE;
    return TRUE;
  }
  UsRtmpConnection *idlest = find_idlest (listener);
  log_cap (listener, host,
           idlest != NULL ? "closing the oldest connections that publish nothing"
                          : "refusing connections");
  if (idlest != NULL)
    us_rtmp_connection_abort (idlest, "it published nothing, and others wait for its place");
  return idlest != NULL;
}

/* The peer's address as text; IPv4 through an IPv6 socket counts as IPv4. */
static guint16
describe_peer (const struct sockaddr_storage *address, char host[INET6_ADDRSTRLEN]) {
  host[0] = '\0';
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    inet_ntop (AF_INET, &in->sin_addr, host, INET6_ADDRSTRLEN);
    return ntohs (in->sin_port);
  }
  if (address->ss_family != AF_INET6)
    return 0;
  const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
  if (IN6_IS_ADDR_V4MAPPED (&in6->sin6_addr))
    inet_ntop (AF_INET, &in6->sin6_addr.s6_addr[12], host, INET6_ADDRSTRLEN);
  else
    inet_ntop (AF_INET6, &in6->sin6_addr, host, INET6_ADDRSTRLEN);
  return ntohs (in6->sin6_port);
}

static void
take_connection (Door *door, int fd, const struct sockaddr_storage *address) {
  UsRtmpListener *listener = door->listener;
  char host[INET6_ADDRSTRLEN];
  guint16 port = describe_peer (address, host);
  if (!make_room (listener, host)) {
    close (fd);
    return;
  }
  int one = 1;
  (void)setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  UsRtmpConnection *connection = us_rtmp_connection_new (
      fd, host, port, &listener->settings.limits, door->is_tls ? listener->identity : NULL,
      &listener->complaints[door - listener->doors], on_connection_done, listener);
  g_hash_table_add (listener->connections, connection);
  add_to_network (listener, host, 1);
  listener->on_connection (connection, listener->user_data);
  if (!us_rtmp_connection_has_handler (connection))
    us_rtmp_connection_close (connection, "nobody wants this connection");
}

static void
rest (Door *door, int code) {
  if (!door->is_resting)
    us_warning ("cannot accept connections on port %u: %s; trying again every %d ms", door->port,
                g_strerror (code), REST_US / 1000);
  door->is_resting = TRUE;
  us_rtmp_watch_set_conditions (door->watch, 0);
  us_rtmp_watch_set_deadline (door->watch, g_get_monotonic_time () + REST_US);
}

/* Takes the first waiting peer in with the reserve descriptor and closes it, so that it learns
 * about it now instead of waiting in the backlog. */
static void
shed_one (Door *door) {
  UsRtmpListener *listener = door->listener;
  if (listener->reserve_fd >= 0)
    close (listener->reserve_fd);
  int fd = accept4 (g_socket_get_fd (door->socket), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0)
    close (fd);
  listener->reserve_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Returns FALSE when this round is over. */
static gboolean
accept_once (Door *door) {
  struct sockaddr_storage address = { 0 };
  socklen_t length = sizeof address;
  int fd = accept4 (g_socket_get_fd (door->socket), (struct sockaddr *)&address, &length,
                    SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    if (door->is_resting)
      us_notice ("accepting connections on port %u again", door->port);
    door->is_resting = FALSE;
    take_connection (door, fd, &address);
    return TRUE;
  }
  int code = errno;
  if (code == EAGAIN || code == EWOULDBLOCK)
    return FALSE;
  /* Errors of the one peer that was to be accepted (accept(2), "Error handling"). */
  if (code == EINTR || code == ECONNABORTED || code == EPROTO || code == ENETDOWN
      || code == EHOSTDOWN || code == EHOSTUNREACH || code == ENETUNREACH || code == ENOPROTOOPT
      || code == ENONET)
    return TRUE;
  if (code == EMFILE || code == ENFILE)
    shed_one (door);
  rest (door, code);
  return FALSE;
}

static gboolean
on_watch (GIOCondition ready, gpointer user_data) {
  Door *door = user_data;
  us_rtmp_watch_set_conditions (door->watch, G_IO_IN);
  for (guint i = 0; i < ACCEPTS_PER_ROUND && accept_once (door); i++)
    continue;
  return G_SOURCE_CONTINUE;
}

static GSocket *
open_socket (const char *where, guint16 port, GError **error) {
  const char *text = g_strcmp0 (where, "localhost") == 0 ? "127.0.0.1"
                     : where != NULL                     ? where
                                                         : "0.0.0.0";
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (text);
  if (inet == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is not an IP address",
                 where);
    return NULL;
  }
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (inet, port);
  g_autoptr (GSocket) socket = g_socket_new (g_inet_address_get_family (inet), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return NULL;
  if (g_inet_address_get_family (inet) == G_SOCKET_FAMILY_IPV6)
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, 0, NULL);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error)) {
    g_prefix_error (error, "%s port %u: ", text, port);
    return NULL;
  }
  return g_steal_pointer (&socket);
}

static GSocket *
adopt_socket (int fd, GError **error) {
  int is_listening = 0;
  socklen_t length = sizeof is_listening;
  if (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) != 0 || !is_listening) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "inherited descriptor %d is not a listening socket", fd);
    return NULL;
  }
  return g_socket_new_from_fd (fd, error);
}

static guint16
get_local_port (GSocket *socket) {
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);
  return G_IS_INET_SOCKET_ADDRESS (address)
             ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address))
             : 0;
}

static gboolean
open_door (UsRtmpListener *listener, guint index, const char *address, guint16 port,
           int inherited_fd, GError **error) {
  Door *door = &listener->doors[index];
  door->socket
      = inherited_fd >= 0 ? adopt_socket (inherited_fd, error) : open_socket (address, port, error);
  if (door->socket == NULL)
    return FALSE;
  g_socket_set_blocking (door->socket, FALSE);
  door->listener = listener;
  door->is_tls = index == DOOR_TLS;
  door->port = get_local_port (door->socket);
  door->watch = us_rtmp_watch_new (g_socket_get_fd (door->socket), G_IO_IN, "rtmp listener",
                                   on_watch, door);
  return TRUE;
}

static void
close_door (Door *door) {
  g_clear_pointer (&door->watch, us_rtmp_watch_free);
  g_clear_object (&door->socket);
}

/**
 * us_rtmp_listener_new:
 * @settings: (transfer none): where and how many; the descriptor, if any, becomes the listener's
 * @on_connection: called for every connection; must set its handler
 * @user_data: its last argument
 * @error: (out): G_IO_ERROR_ADDRESS_IN_USE, G_IO_ERROR_INVALID_ARGUMENT (no IP address, or the
 *   descriptor does not listen), or what else binding may say
 *
 * Returns: (transfer full): a listener in the thread-default main context
 */
UsRtmpListener *
us_rtmp_listener_new (const UsRtmpListenerSettings *settings, UsRtmpAcceptFunc on_connection,
                      gpointer user_data, GError **error) {
  g_autoptr (UsRtmpListener) listener = g_new0 (UsRtmpListener, 1);
  listener->settings = *settings;
  listener->settings.address = listener->settings.tls_address = NULL;
  listener->on_connection = on_connection;
  listener->user_data = user_data;
  listener->reserve_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  listener->connections = g_hash_table_new (NULL, NULL);
  listener->per_network = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!open_door (listener, DOOR_PLAIN, settings->address, settings->port, settings->inherited_fd,
                  error))
    return NULL;
  if (settings->identity != NULL) {
    us_rtmp_listener_set_identity (listener, settings->identity);
    if (!open_door (listener, DOOR_TLS, settings->tls_address, settings->tls_port,
                    settings->tls_inherited_fd, error))
      return NULL;
    listener->complaints[DOOR_PLAIN].tls_port = listener->doors[DOOR_TLS].port;
  }
  return g_steal_pointer (&listener);
}

/**
 * us_rtmp_listener_get_port:
 * @listener: a listener
 *
 * Returns: the port it listens on, also when 0 was asked for
 */
guint16
us_rtmp_listener_get_port (UsRtmpListener *listener) {
  return listener->doors[DOOR_PLAIN].port;
}

/**
 * us_rtmp_listener_get_tls_port:
 * @listener: a listener
 *
 * Returns: the port of RTMPS, 0 when it is not served
 */
guint16
us_rtmp_listener_get_tls_port (UsRtmpListener *listener) {
  return listener->doors[DOOR_TLS].port;
}

/**
 * us_rtmp_listener_set_identity:
 * @listener: one that was made with an identity
 * @identity: referenced; for connections that begin from now on
 */
void
us_rtmp_listener_set_identity (UsRtmpListener *listener, UsRtmpTlsIdentity *identity) {
  UsRtmpTlsIdentity *old = listener->identity;
  listener->identity = us_rtmp_tls_identity_ref (identity);
  us_rtmp_tls_identity_unref (old);
}

/**
 * us_rtmp_listener_get_partial_bytes:
 * @listener: a listener
 *
 * Returns: memory that half-read messages hold, of all connections
 */
gsize
us_rtmp_listener_get_partial_bytes (UsRtmpListener *listener) {
  gsize bytes = 0;
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, listener->connections);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    bytes += us_rtmp_connection_get_partial_bytes (key);
  return bytes;
}

/**
 * us_rtmp_listener_get_n_connections:
 * @listener: a listener
 *
 * Returns: connections that are open, handshaking and lingering ones included
 */
guint
us_rtmp_listener_get_n_connections (UsRtmpListener *listener) {
  return g_hash_table_size (listener->connections);
}

/**
 * us_rtmp_listener_free:
 * @listener: (nullable) (transfer full): a listener
 *
 * Closes the port, then every connection; each handler gets its @closed before this returns. Not
 * from inside a handler's callback.
 */
void
us_rtmp_listener_free (UsRtmpListener *listener) {
  if (listener == NULL)
    return;
  for (guint i = 0; i < N_DOORS; i++)
    close_door (&listener->doors[i]);
  guint n_connections;
  g_autofree gpointer *connections
      = g_hash_table_get_keys_as_array (listener->connections, &n_connections);
  for (guint i = 0; i < n_connections; i++)
    us_rtmp_connection_abort (connections[i], "the server is shutting down");
  g_hash_table_unref (listener->connections);
  g_hash_table_unref (listener->per_network);
  us_rtmp_tls_identity_unref (listener->identity);
  if (listener->reserve_fd >= 0)
    close (listener->reserve_fd);
  g_free (listener);
}
