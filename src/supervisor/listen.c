/* listen.c - opens listening sockets, and says who has the port when that fails
 *
 * Called while a program starts, on its main thread. The sockets belong to the caller.
 */
#include "supervisor/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/port-owner.h"

/* Below the range from which the kernel takes ports for outgoing connections: a port that was free
 * stays free while its role restarts. */
#define FREE_FIRST 20000
#define FREE_LAST 32000
#define FREE_TRIES 500

/**
 * us_listen_explain:
 * @address: a numeric address
 * @port: the port
 * @error: why one cannot listen there
 *
 * Returns: (transfer full): a sentence that names the port and, when it can be known, the program
 *   that holds it
 */
char *
us_listen_explain (const char *address, guint16 port, const GError *error) {
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    return g_strdup_printf ("cannot listen on %s port %u: %s", address, port, error->message);
  g_autofree char *owner = us_port_owner (port);
  return g_strdup_printf ("port %u is already in use by %s", port,
                          owner != NULL ? owner : "another program");
}

/* What GIO has no error of its own for. */
static gboolean
is_missing (GSocketAddress *wanted) {
  struct sockaddr_storage native;
  gssize size = g_socket_address_get_native_size (wanted);
  if (!g_socket_address_to_native (wanted, &native, sizeof native, NULL))
    return FALSE;
  int fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return FALSE;
  gboolean is_missing
      = bind (fd, (const struct sockaddr *)&native, (socklen_t)size) != 0 && errno == EADDRNOTAVAIL;
  close (fd);
  return is_missing;
}

/**
 * us_listen_open:
 * @address: a numeric address of this machine
 * @port: 0: any free port
 * @actual: (out): the port it listens on
 * @error: G_IO_ERROR with a sentence for the user; of these %G_IO_ERROR_NOT_FOUND for an address
 *   that this machine does not have, or not yet
 *
 * Returns: a close-on-exec descriptor that already accepts connections, -1 on error
 */
int
us_listen_open (const char *address, guint16 port, guint16 *actual, GError **error) {
  g_autoptr (GError) local = NULL;
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new_from_string (address, port);
  if (wanted == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s is not a numeric address",
                 address);
    return -1;
  }
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (wanted),
                                             G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &local);
  g_autoptr (GSocketAddress) bound = NULL;
  if (socket != NULL)
    g_socket_set_listen_backlog (socket, SOMAXCONN);
  if (socket != NULL && g_socket_bind (socket, wanted, TRUE, &local)
      && g_socket_listen (socket, &local))
    bound = g_socket_get_local_address (socket, &local);
  int fd = bound != NULL ? fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 3) : -1;
  if (fd < 0) {
    if (local == NULL)
      local = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "no descriptor left");
    else if (is_missing (wanted)) {
      g_clear_error (&local);
      local = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                           "this machine has no such address now; `ip address` lists what it has");
    }
    g_autofree char *sentence = us_listen_explain (address, port, local);
    g_set_error_literal (error, local->domain, local->code, sentence);
    return -1;
  }
  *actual = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return fd;
}

/**
 * us_listen_hold:
 * @address: a numeric address of this machine
 * @port: (inout): a port, or 0 for one that is free now and is unlikely to be taken later
 * @error: why nobody can listen there
 *
 * For a role that opens its port itself, so that "in use" is known before anything is started.
 *
 * Returns: a descriptor that keeps the port taken until it is closed, -1 on error
 */
int
us_listen_hold (const char *address, guint16 *port, GError **error) {
  int fd = -1;
  guint tries = *port == 0 ? FREE_TRIES : 0;
  for (guint i = 0; i < tries && fd < 0; i++) {
    guint16 candidate = (guint16)g_random_int_range (FREE_FIRST, FREE_LAST);
    fd = us_listen_open (address, candidate, port, NULL);
  }
  return fd >= 0 ? fd : us_listen_open (address, *port, port, error);
}

/**
 * us_listen_check:
 * @address: a numeric address of this machine
 * @port: (inout): as with us_listen_hold()
 * @error: why nobody can listen there
 *
 * Returns: %TRUE when *@port could be listened on a moment ago
 */
gboolean
us_listen_check (const char *address, guint16 *port, GError **error) {
  int fd = us_listen_hold (address, port, error);
  if (fd >= 0)
    close (fd);
  return fd >= 0;
}
