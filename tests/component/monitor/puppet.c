/* puppet.c - a server that says exactly what it is told to, path by path */
#include "puppet.h"

#include <string.h>

typedef struct {
  guint status, n_asked;
  char *type, *location;
  GBytes *body;
} Line;

struct Puppet {
  char *address;
  guint16 port;
  UsHttpServer *server;
  GHashTable *lines; /* of path to Line */
  guint hold_ms;
  GPtrArray *held; /* element-type UsHttpPending: each ends by its deadline */
};

static void
line_free (gpointer data) {
  Line *line = data;
  g_free (line->type);
  g_free (line->location);
  g_bytes_unref (line->body);
  g_free (line);
}

static void
handle (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  Puppet *puppet = user_data;
  Line *line = g_hash_table_lookup (puppet->lines, request->path);
  response->status = 404;
  response->content_type = "text/plain";
  if (puppet->hold_ms > 0) {
    g_ptr_array_add (puppet->held, us_http_response_defer (response, puppet->hold_ms));
    return;
  }
  if (line == NULL)
    return;
  line->n_asked++;
  response->status = line->status;
  response->content_type = line->type;
  response->location = g_strdup (line->location);
  response->body = g_bytes_ref (line->body);
}

static void
start (Puppet *puppet) {
  g_autoptr (GError) error = NULL;
  UsHttpServerSettings settings;
  us_http_server_settings_default (&settings);
  settings.address = puppet->address;
  settings.port = puppet->port;
  settings.n_shards = 1;
  puppet->server = us_http_server_new (&settings, &error);
  g_assert_no_error (error);
  us_http_server_add_handler (puppet->server, "/", "GET, HEAD", handle, puppet);
  g_assert_true (us_http_server_start (puppet->server, &error));
  puppet->port = us_http_server_get_port (puppet->server);
}

Puppet *
puppet_new_at (const char *address) {
  Puppet *puppet = g_new0 (Puppet, 1);
  puppet->address = g_strdup (address);
  puppet->held = g_ptr_array_new ();
  puppet->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, line_free);
  start (puppet);
  return puppet;
}

Puppet *
puppet_new (void) {
  return puppet_new_at ("127.0.0.1");
}

void
puppet_vanish (Puppet *puppet) {
  us_http_server_stop (puppet->server, 0);
  g_clear_pointer (&puppet->server, us_http_server_free);
}

void
puppet_return (Puppet *puppet) {
  start (puppet);
}

void
puppet_free (Puppet *puppet) {
  if (puppet->server != NULL)
    puppet_vanish (puppet);
  for (guint i = 0; i < puppet->held->len; i++) {
    UsHttpResponse none = { 0 };
    us_http_pending_answer (puppet->held->pdata[i], &none); /* much too late */
  }
  g_ptr_array_unref (puppet->held);
  g_hash_table_unref (puppet->lines);
  g_free (puppet->address);
  g_free (puppet);
}

char *
puppet_url (Puppet *puppet, const char *path) {
  return g_strdup_printf ("http://%s:%u%s", puppet->address, puppet->port, path);
}

static void
set (Puppet *puppet, const char *path, guint status, const char *type, GBytes *body,
     const char *location) {
  Line *old = g_hash_table_lookup (puppet->lines, path);
  Line *line = g_new (Line, 1);
  *line = (Line){ status, old != NULL ? old->n_asked : 0, g_strdup (type), g_strdup (location),
                  g_bytes_ref (body) };
  g_hash_table_insert (puppet->lines, g_strdup (path), line);
}

void
puppet_say (Puppet *puppet, const char *path, guint status, const char *type, GBytes *body) {
  set (puppet, path, status, type, body, NULL);
}

void
puppet_say_text (Puppet *puppet, const char *path, const char *text) {
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  set (puppet, path, 200, "application/vnd.apple.mpegurl", body, NULL);
}

void
puppet_redirect (Puppet *puppet, const char *path, const char *location) {
  g_autoptr (GBytes) body = g_bytes_new (NULL, 0);
  set (puppet, path, 302, "text/plain", body, location);
}

void
puppet_hold (Puppet *puppet, guint hold_ms) {
  puppet->hold_ms = hold_ms;
}

guint
puppet_count (Puppet *puppet, const char *path) {
  const Line *line = g_hash_table_lookup (puppet->lines, path);
  return line != NULL ? line->n_asked : 0;
}

/* ---- a port that takes connections and never answers: the kernel takes them ---- */

struct Hole {
  GSocket *socket;
  guint16 port;
};

Hole *
hole_new (void) {
  g_autoptr (GError) error = NULL;
  Hole *hole = g_new0 (Hole, 1);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  hole->socket
      = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
  g_socket_set_listen_backlog (hole->socket, 128);
  g_assert_true (g_socket_bind (hole->socket, address, FALSE, &error));
  g_assert_true (g_socket_listen (hole->socket, &error));
  g_autoptr (GSocketAddress) its = g_socket_get_local_address (hole->socket, &error);
  hole->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (its));
  return hole;
}

void
hole_free (Hole *hole) {
  g_object_unref (hole->socket);
  g_free (hole);
}

char *
hole_url (Hole *hole, const char *path) {
  return g_strdup_printf ("http://127.0.0.1:%u%s", hole->port, path);
}
