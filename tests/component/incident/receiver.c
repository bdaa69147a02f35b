/* receiver.c - somebody who is told: records requests, answers as it is bid
 *
 * A GSocketService in the test's own main context: a request is read as it comes, so that a
 * receiver that never answers holds nobody up.
 */
#include "receiver.h"

#include <string.h>

#define WATCHDOG_S 30

struct Receiver {
  GSocketService *service;
  guint16 port;
  GPtrArray *received; /* element-type Received */
  GQueue answers;      /* element-type utf8; "" for none */
  GPtrArray *clients;
};

typedef struct {
  Receiver *receiver; /* NULL: gone */
  GSocketConnection *connection;
  GString *text;
  char chunk[4096];
  gboolean is_reading;
} Client;

static void read_more (Client *client);

static void
received_free (gpointer data) {
  Received *received = data;
  g_free (received->head);
  g_free (received->body);
  g_free (received);
}

static void
client_free (Client *client) {
  g_object_unref (client->connection);
  g_string_free (client->text, TRUE);
  g_free (client);
}

static void
client_end (Client *client) {
  if (client->receiver != NULL)
    g_ptr_array_remove_fast (client->receiver->clients, client);
  client->receiver = NULL;
  g_io_stream_close (G_IO_STREAM (client->connection), NULL, NULL);
  if (!client->is_reading)
    client_free (client);
}

char *
receiver_header (const Received *received, const char *name) {
  g_auto (GStrv) lines = g_strsplit (received->head, "\r\n", -1);
  gsize n = strlen (name);
  for (guint i = 1; lines[i] != NULL; i++)
    if (g_ascii_strncasecmp (lines[i], name, n) == 0 && lines[i][n] == ':')
      return g_strdup (g_strstrip (lines[i] + n + 1));
  return NULL;
}

static void
answer (Client *client) {
  Receiver *self = client->receiver;
  g_autofree char *status = g_queue_pop_head (&self->answers);
  if (status != NULL && *status == '\0')
    return; /* it hangs */
  g_autofree char *text
      = g_strdup_printf ("HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                         status != NULL ? status : "204 No Content");
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (client->connection));
  if (!g_output_stream_write_all (out, text, strlen (text), NULL, NULL, NULL))
    g_test_message ("nobody waits for the answer");
  client_end (client);
}

/* Returns: whether a whole request has come */
static gboolean
take_request (Client *client) {
  const char *end = strstr (client->text->str, "\r\n\r\n");
  if (end == NULL)
    return FALSE;
  Received *one = g_new0 (Received, 1);
  one->head = g_strndup (client->text->str, (gsize)(end - client->text->str));
  g_autofree char *length = receiver_header (one, "Content-Length");
  gsize n = length != NULL ? (gsize)g_ascii_strtoull (length, NULL, 10) : 0;
  if (strlen (end + 4) < n) {
    received_free (one);
    return FALSE;
  }
  one->body = g_strndup (end + 4, n);
  g_ptr_array_add (client->receiver->received, one);
  return TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data) {
  Client *client = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);
  client->is_reading = FALSE;
  if (client->receiver == NULL) {
    client_free (client);
  } else if (n <= 0) {
    client_end (client);
  } else {
    g_string_append_len (client->text, client->chunk, n);
    if (take_request (client))
      answer (client);
    else
      read_more (client);
  }
}

static void
read_more (Client *client) {
  client->is_reading = TRUE;
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (client->connection)),
                             client->chunk, sizeof client->chunk, G_PRIORITY_DEFAULT, NULL, on_read,
                             client);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *source,
             gpointer user_data) {
  Receiver *self = user_data;
  Client *client = g_new0 (Client, 1);
  client->receiver = self;
  client->connection = g_object_ref (connection);
  client->text = g_string_new (NULL);
  g_ptr_array_add (self->clients, client);
  read_more (client);
  return TRUE;
}

Receiver *
receiver_new (void) {
  Receiver *self = g_new0 (Receiver, 1);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  self->service = g_socket_service_new ();
  g_assert_true (g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                                &bound, NULL));
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->received = g_ptr_array_new_with_free_func (received_free);
  self->clients = g_ptr_array_new ();
  g_queue_init (&self->answers);
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  g_socket_service_start (self->service);
  return self;
}

void
receiver_free (Receiver *self) {
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_signal_handlers_disconnect_by_data (self->service, self);
  g_object_unref (self->service);
  while (self->clients->len > 0)
    client_end (self->clients->pdata[0]);
  g_ptr_array_unref (self->clients);
  g_ptr_array_unref (self->received);
  g_queue_clear_full (&self->answers, g_free);
  g_free (self);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

char *
receiver_url (Receiver *self, const char *path) {
  return g_strdup_printf ("http://127.0.0.1:%u%s", self->port, path);
}

void
receiver_answer (Receiver *self, const char *status) {
  g_queue_push_tail (&self->answers, g_strdup (status));
}

void
receiver_answer_nothing (Receiver *self) {
  g_queue_push_tail (&self->answers, g_strdup (""));
}

guint
receiver_count (Receiver *self) {
  return self->received->len;
}

static gboolean
on_watchdog (gpointer user_data) {
  g_error ("waited %d s in vain", WATCHDOG_S);
  return G_SOURCE_REMOVE;
}

const Received *
receiver_wait (Receiver *self, guint n) {
  guint watchdog = g_timeout_add_seconds (WATCHDOG_S, on_watchdog, NULL);
  while (self->received->len < n)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (watchdog);
  return self->received->pdata[n - 1];
}
