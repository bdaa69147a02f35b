/* puppet.c - see puppet.h; one GIO thread-free connection handler per client */
#include "puppet.h"

#include <string.h>

#include "../../unit/switcher/ts-segment.h"

struct Puppet {
  GSocketService *service;
  guint16 port;
  GHashTable *bodies, *etags;
  GString *heads; /* of all requests */
  GPtrArray *clients;
  gboolean is_held, is_chunked;
};

typedef struct {
  Puppet *puppet; /* NULL: it has gone */
  GSocketConnection *connection;
  GDataInputStream *input;
  GString *head;
  gboolean is_waiting;
  guint n_pending;
} Client;

static void read_line (Client *client);

static void
client_release (Client *client) {
  if (client->n_pending > 0 || client->puppet != NULL)
    return;
  g_object_unref (client->input);
  g_object_unref (client->connection);
  g_string_free (client->head, TRUE);
  g_free (client);
}

static void
client_end (Client *client) {
  if (client->puppet != NULL)
    g_ptr_array_remove_fast (client->puppet->clients, client);
  client->puppet = NULL;
  g_io_stream_close (G_IO_STREAM (client->connection), NULL, NULL);
}

static void
send_all (Client *client, const void *data, gsize size) {
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (client->connection));
  if (!g_output_stream_write_all (output, data, size, NULL, NULL, NULL))
    return;
}

static void
answer (Client *client) {
  Puppet *puppet = client->puppet;
  g_auto (GStrv) words = g_strsplit (client->head->str, " ", 3);
  g_autofree char *path = g_strndup (words[1], strcspn (words[1], "?"));
  GBytes *body = g_hash_table_lookup (puppet->bodies, path);
  const char *etag = g_hash_table_lookup (puppet->etags, path);
  g_autofree char *condition = etag != NULL ? g_strdup_printf ("If-None-Match: %s", etag) : NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  gsize size = 0;
  const char *data = body != NULL ? g_bytes_get_data (body, &size) : NULL;
  client->is_waiting = FALSE;
  if (condition != NULL && strstr (client->head->str, condition) != NULL) {
    g_string_printf (out, "HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n", etag);
  } else {
    g_string_printf (out, "HTTP/1.1 %s\r\nDate: x\r\n", body != NULL ? "200 OK" : "404 Not Found");
    if (etag != NULL)
      g_string_append_printf (out, "ETag: %s\r\n", etag);
    if (puppet->is_chunked && size > 0)
      g_string_append_printf (out, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", size);
    else
      g_string_append_printf (out, "Content-Length: %zu\r\n\r\n", size);
    g_string_append_len (out, data, (gssize)size);
    if (puppet->is_chunked && size > 0)
      g_string_append (out, "\r\n0\r\n\r\n");
  }
  send_all (client, out->str, out->len);
  g_string_truncate (client->head, 0);
  read_line (client);
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer data) {
  Client *client = data;
  g_autofree char *line
      = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  client->n_pending--;
  if (client->puppet == NULL || line == NULL) {
    client_end (client);
    client_release (client);
    return;
  }
  g_string_append_printf (client->head, "%s\n", line);
  if (line[0] != '\0' && line[0] != '\r') {
    read_line (client);
    return;
  }
  g_string_append (client->puppet->heads, client->head->str);
  client->is_waiting = client->puppet->is_held && strstr (client->head->str, "_HLS_msn") != NULL;
  if (!client->is_waiting)
    answer (client);
}

static void
read_line (Client *client) {
  client->n_pending++;
  g_data_input_stream_read_line_async (client->input, G_PRIORITY_DEFAULT, NULL, on_line, client);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *object,
             gpointer data) {
  Client *client = g_new0 (Client, 1);
  client->puppet = data;
  client->connection = g_object_ref (connection);
  client->input = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  g_data_input_stream_set_newline_type (client->input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  client->head = g_string_new (NULL);
  g_ptr_array_add (client->puppet->clients, client);
  read_line (client);
  return TRUE;
}

Puppet *
puppet_new (void) {
  Puppet *puppet = g_new0 (Puppet, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) actual = NULL;
  puppet->service = g_socket_service_new ();
  g_assert_true (g_socket_listener_add_address (G_SOCKET_LISTENER (puppet->service), address,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                                &actual, &error));
  puppet->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (actual));
  puppet->bodies
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  puppet->etags = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  puppet->heads = g_string_new (NULL);
  puppet->clients = g_ptr_array_new ();
  g_signal_connect (puppet->service, "incoming", G_CALLBACK (on_incoming), puppet);
  return puppet;
}

void
puppet_free (Puppet *puppet) {
  g_socket_service_stop (puppet->service);
  g_socket_listener_close (G_SOCKET_LISTENER (puppet->service));
  while (puppet->clients->len > 0) {
    Client *client = puppet->clients->pdata[0];
    client->is_waiting = FALSE;
    client_end (client);
    client_release (client);
  }
  while (g_main_context_iteration (NULL, FALSE))
    continue; /* what was closed says so */
  g_object_unref (puppet->service);
  g_hash_table_unref (puppet->bodies);
  g_hash_table_unref (puppet->etags);
  g_ptr_array_unref (puppet->clients);
  g_string_free (puppet->heads, TRUE);
  g_free (puppet);
}

char *
puppet_url (Puppet *puppet, const char *path) {
  return g_strdup_printf ("http://127.0.0.1:%u%s", puppet->port, path);
}

void
puppet_put (Puppet *puppet, const char *path, GBytes *body, const char *etag) {
  g_hash_table_insert (puppet->bodies, g_strdup (path), g_bytes_ref (body));
  if (etag != NULL)
    g_hash_table_insert (puppet->etags, g_strdup (path), g_strdup (etag));
}

void
puppet_remove (Puppet *puppet, const char *path) {
  g_hash_table_remove (puppet->bodies, path);
}

void
puppet_hold (Puppet *puppet, gboolean is_held) {
  puppet->is_held = is_held;
  for (guint i = 0; !is_held && i < puppet->clients->len; i++) {
    Client *client = puppet->clients->pdata[i];
    if (client->is_waiting)
      answer (client);
  }
}

void
puppet_set_chunked (Puppet *puppet, gboolean is_chunked) {
  puppet->is_chunked = is_chunked;
}

guint
puppet_count (Puppet *puppet, const char *part) {
  guint n = 0;
  for (const char *at = strstr (puppet->heads->str, part); at != NULL; at = strstr (at + 1, part))
    n++;
  return n;
}

static gboolean
on_tick (gpointer data) {
  return G_SOURCE_REMOVE;
}

void
puppet_turn (void) {
  guint tick = g_timeout_add (20, on_tick, NULL);
  g_main_context_iteration (NULL, TRUE);
  if (g_main_context_find_source_by_id (NULL, tick) != NULL)
    g_source_remove (tick);
}

/* ---- segments ---- */

static void
put_pts (guint8 *pes, guint64 pts) {
  pes[9] = (guint8)(0x21 | (pts >> 29 & 0x0e));
  pes[10] = (guint8)(pts >> 22);
  pes[11] = (guint8)((pts >> 14 & 0xfe) | 1);
  pes[12] = (guint8)(pts >> 7);
  pes[13] = (guint8)((pts << 1 & 0xfe) | 1);
}

GBytes *
puppet_segment (guint first_frame, guint n_frames) {
  static const guint8 pes_head[] = { 0, 0, 1, 0xe0, 0, 0, 0x84, 0x80, 5 };
  g_autoptr (GBytes) one = ts_segment (0, 0);
  const guint8 *tables = g_bytes_get_data (one, NULL);
  GByteArray *out = g_byte_array_new ();
  g_byte_array_append (out, tables, 2 * 188);
  for (guint i = 0; i < n_frames; i++) {
    guint8 packet[188], *pes = packet + 188 - 40;
    guint64 pts = (guint64)(first_frame + i) * 3600;
    memset (packet, 0xff, sizeof packet);
    packet[0] = 0x47;
    packet[1] = 0x41;
    packet[2] = 0x01;
    packet[3] = (guint8)(0x30 | (i & 15));
    packet[4] = 188 - 5 - 40;
    packet[5] = i == 0 ? 0x40 : 0; /* random access */
    memset (pes, 0x42, 40);
    memcpy (pes, pes_head, sizeof pes_head);
    put_pts (pes, pts);
    memcpy (pes + 14, "\0\0\0\1", 4);
    pes[18] = i == 0 ? 0x65 : 0x41;
    pes[19] = 0x88;
    pes[20] = (guint8)(first_frame + i); /* no two pictures are equal */
    g_byte_array_append (out, packet, sizeof packet);
  }
  return g_byte_array_free_to_bytes (out);
}
