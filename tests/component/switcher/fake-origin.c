/* fake-origin.c - an HLS origin that a test plays like a puppet */
#include "fake-origin.h"

#include <string.h>

#define LISTED 10

typedef struct {
  FakeOrigin *fake;
  GSocketConnection *connection;
  GDataInputStream *in;
  GCancellable *cancellable;
  char *path; /* of the request being read */
  gboolean is_head;
  char *if_match; /* its If-None-Match */
  char *if_range;
  guint64 range_from; /* of its Range, open at the end */
  guint64 wanted;     /* held until this number is listed; 0: not held */
  gboolean is_dead;
  guint n_pending; /* async operations */
} Conn;

typedef struct {
  char *name;
  guint64 number, discontinuity;
  gint64 wall_ms, duration_us;
  UsSegment *segment;
  char *map_uri, *key; /* (nullable) */
} Entry;

struct FakeOrigin {
  GSocketService *service;
  guint16 port;
  FakeMode mode;
  GPtrArray *conns;
  GPtrArray *entries;
  GPtrArray *requests, *heads; /* paths */
  char *streams;
  char *map_uri, *key; /* (nullable) */
  GHashTable *files;   /* name -> GBytes */
  gboolean can_block, is_ended, is_signed;
  guint n_listed; /* at most */
  guint n_lists;
  guint n_ranges, n_forbidden;
};

static void read_request (Conn *conn);

static void
entry_free (gpointer data) {
  Entry *entry = data;
  us_segment_unref (entry->segment);
  g_free (entry->name);
  g_free (entry->map_uri);
  g_free (entry->key);
  g_free (entry);
}

static void
conn_release (Conn *conn) {
  if (!conn->is_dead || conn->n_pending > 0)
    return;
  g_object_unref (conn->in);
  g_object_unref (conn->connection);
  g_object_unref (conn->cancellable);
  g_free (conn->path);
  g_free (conn->if_match);
  g_free (conn->if_range);
  g_free (conn);
}

static void
conn_kill (Conn *conn) {
  conn->is_dead = TRUE;
  g_ptr_array_remove_fast (conn->fake->conns, conn);
  g_cancellable_cancel (conn->cancellable);
  g_io_stream_close (G_IO_STREAM (conn->connection), NULL, NULL);
  conn_release (conn);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data) {
  Conn *conn = user_data;
  gboolean is_ok = g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);
  gboolean must_cut = g_object_get_data (G_OBJECT (conn->connection), "cut") != NULL;
  conn->n_pending--;
  if (conn->is_dead)
    conn_release (conn);
  else if (!is_ok || must_cut)
    conn_kill (conn);
  else
    read_request (conn);
}

static void
send_body (Conn *conn, const char *status, const char *etag, const char *type, GBytes *body,
           gsize cut) {
  gsize size = g_bytes_get_size (body);
  GByteArray *out = g_byte_array_new ();
  g_autofree char *head = g_strdup_printf (
      "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n%s%s%s\r\n",
      status, type, size, etag != NULL ? "ETag: " : "", etag != NULL ? etag : "",
      etag != NULL ? "\r\n" : "");
  g_byte_array_append (out, (const guint8 *)head, strlen (head));
  if (!conn->is_head)
    g_byte_array_append (out, g_bytes_get_data (body, NULL), size - cut);
  if (cut > 0 && !conn->is_head)
    g_object_set_data (G_OBJECT (conn->connection), "cut", conn);
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (out);
  GOutputStream *stream = g_io_stream_get_output_stream (G_IO_STREAM (conn->connection));
  g_object_set_data_full (G_OBJECT (conn->connection), "out", g_bytes_ref (bytes),
                          (GDestroyNotify)g_bytes_unref);
  conn->n_pending++;
  g_output_stream_write_all_async (stream, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                                   G_PRIORITY_DEFAULT, conn->cancellable, on_written, conn);
}

static void
send_text (Conn *conn, const char *status, const char *type, const char *text) {
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  send_body (conn, status, NULL, type, body, 0);
}

static char *
render (FakeOrigin *fake) {
  g_autoptr (UsPlaylist) playlist = us_playlist_new ();
  playlist->target_duration_s = 1;
  playlist->can_block_reload = fake->can_block;
  fake->n_lists++;
  guint first = fake->entries->len > fake->n_listed ? fake->entries->len - fake->n_listed : 0;
  for (guint i = first; i < fake->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (fake->entries, i);
    g_autofree char *uri = fake->is_signed ? g_strdup_printf ("%s?signature=%u-%u", entry->name,
                                                              fake->port, fake->n_lists)
                                           : g_strdup (entry->name);
    UsPlaylistSegment *segment = us_playlist_add (playlist, uri, entry->number, entry->duration_us);
    const Entry *before = i > 0 ? g_ptr_array_index (fake->entries, i - 1) : NULL;
    segment->discontinuity = entry->discontinuity;
    segment->is_discontinuous = before != NULL && before->discontinuity != entry->discontinuity;
    segment->wall_ms = entry->wall_ms;
    segment->map_uri = g_strdup (entry->map_uri);
    segment->key = g_strdup (entry->key);
  }
  g_autofree char *text = us_playlist_render (playlist);
  return g_strconcat (text, fake->is_ended ? "#EXT-X-ENDLIST\n" : "", NULL);
}

static void
answer_segment (Conn *conn, const Entry *entry) {
  FakeMode mode = conn->fake->mode;
  if (mode == FAKE_BAD_SEGMENT) {
    send_text (conn, "200 OK", "video/mp2t", "this is not a transport stream");
    return;
  }
  if (mode == FAKE_WRONG_SEGMENT) {
    gsize size;
    const guint8 *data = g_bytes_get_data (entry->segment->bytes, &size);
    g_autofree guint8 *copy = g_memdup2 (data, size);
    copy[size - 1] ^= 0x55;
    g_autoptr (GBytes) bytes = g_bytes_new (copy, size);
    send_body (conn, "200 OK", entry->segment->etag, "video/mp2t", bytes, 0);
    return;
  }
  gsize whole = g_bytes_get_size (entry->segment->bytes);
  if (conn->range_from > 0 && conn->range_from < whole
      && g_strcmp0 (conn->if_range, entry->segment->etag) == 0) {
    g_autoptr (GBytes) rest = g_bytes_new_from_bytes (entry->segment->bytes, conn->range_from,
                                                      whole - conn->range_from);
    g_autofree char *status
        = g_strdup_printf ("206 Partial Content\r\nContent-Range: bytes %" G_GUINT64_FORMAT
                           "-%" G_GSIZE_FORMAT "/%" G_GSIZE_FORMAT,
                           conn->range_from + (mode == FAKE_WRONG_RANGE ? 1 : 0), whole - 1, whole);
    conn->fake->n_ranges++;
    send_body (conn, status, entry->segment->etag, "video/mp2t", rest, 0);
    return;
  }
  if (conn->if_match != NULL && strcmp (conn->if_match, entry->segment->etag) == 0) {
    send_text (conn, "304 Not Modified", "video/mp2t", "");
    return;
  }
  send_body (conn, "200 OK", entry->segment->etag, "video/mp2t", entry->segment->bytes,
             mode == FAKE_CUT_SEGMENT ? 200 : 0);
}

static guint64
last_number (FakeOrigin *fake) {
  if (fake->entries->len == 0)
    return 0;
  const Entry *entry = g_ptr_array_index (fake->entries, fake->entries->len - 1);
  return entry->number;
}

static void
answer_playlist (Conn *conn) {
  FakeOrigin *fake = conn->fake;
  const char *msn = strstr (conn->path, "_HLS_msn=");
  guint64 wanted = msn != NULL ? g_ascii_strtoull (msn + strlen ("_HLS_msn="), NULL, 10) : 0;
  if (fake->can_block && wanted > last_number (fake)) {
    conn->wanted = wanted;
    return;
  }
  if (fake->mode == FAKE_NOT_MODIFIED) {
    send_text (conn, "304 Not Modified", "application/vnd.apple.mpegurl", "");
    return;
  }
  g_autofree char *text = render (fake);
  send_text (conn, "200 OK", "application/vnd.apple.mpegurl",
             fake->mode == FAKE_HTML ? "<html>please log in</html>" : text);
}

static gboolean
has_foreign_signature (const Conn *conn) {
  const char *signature = strstr (conn->path, "signature=");
  return signature != NULL
         && strtoul (signature + strlen ("signature="), NULL, 10) != conn->fake->port;
}

static void
answer (Conn *conn) {
  FakeOrigin *fake = conn->fake;
  g_ptr_array_add (conn->is_head ? fake->heads : fake->requests, g_strdup (conn->path));
  if (fake->mode == FAKE_FROZEN)
    return;
  if (fake->mode == FAKE_HTTP_500) {
    send_text (conn, "500 Broken", "text/plain", "broken");
    return;
  }
  if (strcmp (conn->path, "/streams") == 0 && fake->streams != NULL) {
    send_text (conn, "200 OK", "application/json", fake->streams);
    return;
  }
  if (fake->mode == FAKE_MOVED && strstr (conn->path, "/moved/") == NULL) {
    gboolean is_list = strstr (conn->path, "index.m3u8") != NULL;
    send_text (conn, is_list ? "302 Found\r\nLocation: moved/index.m3u8" : "404 Not Found",
               "text/plain", "");
    return;
  }
  const char *slash = strrchr (conn->path, '/');
  if (slash != NULL && fake->mode != FAKE_HTTP_404) {
    g_autofree char *name = g_strndup (slash + 1, strcspn (slash + 1, "?"));
    GBytes *file = g_hash_table_lookup (fake->files, name);
    if (file != NULL) {
      send_body (conn, "200 OK", NULL, "application/octet-stream", file, 0);
      return;
    }
  }
  if (fake->mode != FAKE_HTTP_404 && strstr (conn->path, "index.m3u8") != NULL) {
    answer_playlist (conn);
    return;
  }
  for (guint i = 0; fake->mode != FAKE_HTTP_404 && slash != NULL && i < fake->entries->len; i++) {
    const Entry *entry = g_ptr_array_index (fake->entries, i);
    gsize length = strcspn (slash + 1, "?");
    if (strlen (entry->name) != length || strncmp (entry->name, slash + 1, length) != 0)
      continue;
    if (has_foreign_signature (conn)) {
      fake->n_forbidden++;
      send_text (conn, "403 Forbidden", "text/plain", "not signed by me");
    } else if (fake->mode != FAKE_FROZEN_SEGMENT) {
      answer_segment (conn, entry);
    }
    return;
  }
  send_text (conn, "404 Not Found", "text/plain", "no such thing");
}

static void
on_line (GObject *source, GAsyncResult *result, gpointer user_data) {
  Conn *conn = user_data;
  g_autofree char *line
      = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);
  conn->n_pending--;
  if (conn->is_dead) {
    conn_release (conn);
    return;
  }
  if (line == NULL) {
    conn_kill (conn);
    return;
  }
  if (*line == '\0') {
    answer (conn);
    return;
  }
  if (conn->path == NULL) {
    g_auto (GStrv) words = g_strsplit (line, " ", 3);
    conn->path = g_strdup (words[0] != NULL && words[1] != NULL ? words[1] : "");
    conn->is_head = g_strcmp0 (words[0], "HEAD") == 0;
  } else if (g_ascii_strncasecmp (line, "If-None-Match: ", 15) == 0) {
    g_free (conn->if_match);
    conn->if_match = g_strdup (line + 15);
  } else if (g_ascii_strncasecmp (line, "Range: bytes=", 13) == 0) {
    conn->range_from = g_ascii_strtoull (line + 13, NULL, 10);
  } else if (g_ascii_strncasecmp (line, "If-Range: ", 10) == 0) {
    g_free (conn->if_range);
    conn->if_range = g_strdup (line + 10);
  }
  conn->n_pending++;
  g_data_input_stream_read_line_async (conn->in, G_PRIORITY_DEFAULT, conn->cancellable, on_line,
                                       conn);
}

static void
read_request (Conn *conn) {
  g_clear_pointer (&conn->path, g_free);
  g_clear_pointer (&conn->if_match, g_free);
  g_clear_pointer (&conn->if_range, g_free);
  conn->range_from = 0;
  conn->wanted = 0;
  conn->n_pending++;
  g_data_input_stream_read_line_async (conn->in, G_PRIORITY_DEFAULT, conn->cancellable, on_line,
                                       conn);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source,
             gpointer user_data) {
  FakeOrigin *fake = user_data;
  Conn *conn = g_new0 (Conn, 1);
  conn->fake = fake;
  conn->connection = g_object_ref (connection);
  conn->in = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  g_data_input_stream_set_newline_type (conn->in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  conn->cancellable = g_cancellable_new ();
  g_ptr_array_add (fake->conns, conn);
  read_request (conn);
  return TRUE;
}

static void
start_listening (FakeOrigin *fake) {
  g_autoptr (GError) error = NULL;
  fake->service = g_socket_service_new ();
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, fake->port);
  g_autoptr (GSocketAddress) effective = NULL;
  g_socket_listener_add_address (G_SOCKET_LISTENER (fake->service), address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &effective, &error);
  g_assert_no_error (error);
  fake->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  g_signal_connect (fake->service, "incoming", G_CALLBACK (on_incoming), fake);
  g_socket_service_start (fake->service);
}

static void
hang_up (FakeOrigin *fake) {
  if (fake->service == NULL)
    return;
  g_signal_handlers_disconnect_by_data (fake->service, fake);
  g_socket_service_stop (fake->service);
  g_socket_listener_close (G_SOCKET_LISTENER (fake->service));
  g_clear_object (&fake->service);
  while (fake->conns->len > 0)
    conn_kill (g_ptr_array_index (fake->conns, 0));
}

FakeOrigin *
fake_origin_new (void) {
  FakeOrigin *fake = g_new0 (FakeOrigin, 1);
  fake->conns = g_ptr_array_new ();
  fake->entries = g_ptr_array_new_with_free_func (entry_free);
  fake->requests = g_ptr_array_new_with_free_func (g_free);
  fake->heads = g_ptr_array_new_with_free_func (g_free);
  fake->files
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  fake->can_block = TRUE;
  fake->n_listed = LISTED;
  start_listening (fake);
  return fake;
}

void
fake_origin_free (FakeOrigin *fake) {
  hang_up (fake);
  while (g_main_context_iteration (NULL, FALSE)) /* cancelled reads come home */
    ;
  g_ptr_array_unref (fake->conns);
  g_ptr_array_unref (fake->entries);
  g_ptr_array_unref (fake->requests);
  g_ptr_array_unref (fake->heads);
  g_hash_table_unref (fake->files);
  g_free (fake->map_uri);
  g_free (fake->key);
  g_free (fake->streams);
  g_free (fake);
}

char *
fake_origin_url (FakeOrigin *fake) {
  return g_strdup_printf ("http://127.0.0.1:%u/hls", fake->port);
}

/* Requests that were held are answered in the new manner. */
static void
wake (FakeOrigin *fake) {
  g_autoptr (GPtrArray) held = g_ptr_array_new ();
  for (guint i = 0; i < fake->conns->len; i++) {
    Conn *conn = g_ptr_array_index (fake->conns, i);
    if (conn->wanted > 0 && (conn->wanted <= last_number (fake) || fake->mode == FAKE_HTTP_500))
      g_ptr_array_add (held, conn);
  }
  for (guint i = 0; i < held->len && fake->mode != FAKE_FROZEN; i++) {
    Conn *conn = g_ptr_array_index (held, i);
    conn->wanted = 0;
    answer (conn);
  }
}

void
fake_origin_set_mode (FakeOrigin *fake, FakeMode mode) {
  fake->mode = mode;
  if (mode == FAKE_DEAD)
    hang_up (fake);
  else if (fake->service == NULL)
    start_listening (fake);
  wake (fake);
}

void
fake_origin_set_streams (FakeOrigin *fake, const char *json) {
  g_free (fake->streams);
  fake->streams = g_strdup (json);
}

void
fake_origin_add (FakeOrigin *fake, const char *name, guint64 number, guint64 discontinuity,
                 gint64 wall_ms, gint64 duration_us, GBytes *bytes) {
  Entry *entry = g_new0 (Entry, 1);
  entry->name = g_strdup (name);
  entry->number = number;
  entry->discontinuity = discontinuity;
  entry->wall_ms = wall_ms;
  entry->map_uri = g_strdup (fake->map_uri);
  entry->key = g_strdup (fake->key);
  entry->duration_us = duration_us;
  entry->segment = us_segment_new (0, number, name, bytes);
  g_ptr_array_add (fake->entries, entry);
  wake (fake);
}

void
fake_origin_set_listed (FakeOrigin *fake, guint n) {
  fake->n_listed = n;
}

void
fake_origin_set_map (FakeOrigin *fake, const char *uri) {
  g_free (fake->map_uri);
  fake->map_uri = g_strdup (uri);
}

void
fake_origin_set_key (FakeOrigin *fake, const char *key) {
  g_free (fake->key);
  fake->key = g_strdup (key);
}

void
fake_origin_put (FakeOrigin *fake, const char *name, GBytes *bytes) {
  g_hash_table_replace (fake->files, g_strdup (name), g_bytes_ref (bytes));
}

void
fake_origin_clear (FakeOrigin *fake) {
  g_ptr_array_set_size (fake->entries, 0);
}

void
fake_origin_set_blocking (FakeOrigin *fake, gboolean can_block) {
  fake->can_block = can_block;
}

void
fake_origin_set_signed (FakeOrigin *fake) {
  fake->is_signed = TRUE;
}

guint
fake_origin_count_forbidden (FakeOrigin *fake) {
  return fake->n_forbidden;
}

void
fake_origin_set_ended (FakeOrigin *fake, gboolean is_ended) {
  fake->is_ended = is_ended;
}

guint
fake_origin_count_ranges (FakeOrigin *fake) {
  return fake->n_ranges;
}

static guint
count (const GPtrArray *paths, const char *part) {
  guint n = 0;
  for (guint i = 0; i < paths->len; i++)
    if (strstr (g_ptr_array_index (paths, i), part) != NULL)
      n++;
  return n;
}

guint
fake_origin_count (FakeOrigin *fake, const char *part) {
  return count (fake->requests, part);
}

guint
fake_origin_count_heads (FakeOrigin *fake, const char *part) {
  return count (fake->heads, part);
}
