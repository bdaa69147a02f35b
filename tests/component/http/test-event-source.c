/* test-event-source.c - a reader of server-sent events that comes back, against a real server */
#include <gio/gio.h>
#include <string.h>

#include "http/event-source.h"

#include "await.h"

/* Peer: a server that says what it is told to, one connection after the other. */
typedef struct {
  GSocketService *service;
  char *url;
  GPtrArray *connections;     /* element-type GSocketConnection, kept open */
  GPtrArray *requests;        /* element-type utf8 */
  const char *const *answers; /* one for each connection, the last one for all others */
  gboolean closes;
  GString *heard; /* what the source tells */
  guint n_lost, n_talks;
  UsHttpEventSource *source;
} Peer;

/* Talk: one connection, until its request is there. */
typedef struct {
  Peer *peer;
  GSocketConnection *connection;
  const char *answer;
  char request[4096];
} Talk;

static void
on_request (GObject *stream, GAsyncResult *result, gpointer data) {
  g_autofree Talk *talk = data;
  Peer *peer = talk->peer;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (stream), result, NULL);
  if (n > 0) {
    g_ptr_array_add (peer->requests, g_strdup (talk->request));
    g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (talk->connection)),
                               talk->answer, strlen (talk->answer), NULL, NULL, NULL);
  }
  if (peer->closes)
    g_io_stream_close (G_IO_STREAM (talk->connection), NULL, NULL);
  peer->n_talks--;
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *connection, GObject *origin,
             gpointer data) {
  Peer *peer = data;
  Talk *talk = g_new0 (Talk, 1);
  talk->peer = peer;
  talk->connection = connection; /* the peer's, from here on */
  talk->answer = peer->answers[0];
  for (guint i = 1; i <= peer->connections->len && peer->answers[i] != NULL; i++)
    talk->answer = peer->answers[i];
  g_ptr_array_add (peer->connections, g_object_ref (connection));
  peer->n_talks++;
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)), talk->request,
                             sizeof talk->request - 1, G_PRIORITY_DEFAULT, NULL, on_request, talk);
  return TRUE;
}

static void
peer_open (Peer *peer, const char *const *answers, gboolean closes) {
  g_autoptr (GError) error = NULL;
  *peer = (Peer){ .answers = answers, .closes = closes };
  peer->service = g_socket_service_new ();
  guint16 port
      = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (peer->service), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (peer->service, "incoming", G_CALLBACK (on_incoming), peer);
  peer->url = g_strdup_printf ("http://127.0.0.1:%u/api/events", port);
  peer->connections = g_ptr_array_new_with_free_func (g_object_unref);
  peer->requests = g_ptr_array_new_with_free_func (g_free);
  peer->heard = g_string_new (NULL);
}

static void
peer_close (Peer *peer) {
  us_http_event_source_free (peer->source);
  g_socket_service_stop (peer->service);
  g_socket_listener_close (G_SOCKET_LISTENER (peer->service));
  while (g_main_context_iteration (NULL, FALSE) || peer->n_talks > 0)
    continue;
  g_object_unref (peer->service);
  g_ptr_array_unref (peer->connections);
  g_ptr_array_unref (peer->requests);
  g_string_free (peer->heard, TRUE);
  g_free (peer->url);
}

static void
on_opened (gpointer data) {
  g_string_append (((Peer *)data)->heard, "(");
}

static void
on_event (const char *kind, const char *text, gpointer data) {
  g_string_append_printf (((Peer *)data)->heard, "%s=%s;", kind, text);
}

static void
on_lost (const char *why, gpointer data) {
  Peer *peer = data;
  g_string_append (peer->heard, ")");
  peer->n_lost++;
}

static const UsHttpEventSourceHandler handler = { on_opened, on_event, on_lost };

static void
follow (Peer *peer, const UsHttpEventSourceHandler *how, guint silence_ms) {
  const UsHttpEventSourceSettings settings
      = { .url = peer->url, .authorization = "Bearer t", .silence_ms = silence_ms };
  peer->source = us_http_event_source_new (&settings, how, peer);
  g_assert_nonnull (peer->source);
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

/* It breaks in the middle of an event, and the next connection asks for what came since. */
static void
test_comes_back (void) {
  static const char *const answers[]
      = { HEAD "id: 7\nevent: a\ndata: 1\n\nid: 8\nevent: b\nda",
          "HTTP/1.1 503 Not now\r\nContent-Length: 0\r\n\r\n", HEAD "id: 9\ndata: 2\n\n", NULL };
  Peer peer;
  peer_open (&peer, answers, TRUE);
  follow (&peer, &handler, 0);
  await (strstr (peer.heard->str, "message=2;") != NULL);
  /* Told as lost once, not for each try. */
  g_assert_true (g_str_has_prefix (peer.heard->str, "(a=1;)(message=2;"));
  g_assert_nonnull (strstr (peer.requests->pdata[0], "Authorization: Bearer t\r\n"));
  g_assert_null (strstr (peer.requests->pdata[0], "Last-Event-ID"));
  g_assert_nonnull (strstr (peer.requests->pdata[1], "Last-Event-ID: 7\r\n"));
  g_assert_nonnull (strstr (peer.requests->pdata[2], "Last-Event-ID: 7\r\n"));
  peer_close (&peer);
}

/* A connection that says nothing, not even that it is there, is dead. */
static void
test_silence (void) {
  static const char *const answers[] = { "", HEAD, HEAD "data: 1\n\n", NULL };
  Peer peer;
  peer_open (&peer, answers, FALSE);
  follow (&peer, &handler, 50);
  await (strstr (peer.heard->str, "message=1;") != NULL);
  g_assert_cmpuint (peer.connections->len, >=, 3);
  g_assert_true (g_str_has_prefix (peer.heard->str, ")()(message=1;"));
  peer_close (&peer);
}

static void
free_in_event (const char *kind, const char *text, gpointer data) {
  Peer *peer = data;
  g_clear_pointer (&peer->source, us_http_event_source_free);
  g_string_append (peer->heard, text);
}

static void
free_in_opened (gpointer data) {
  Peer *peer = data;
  g_clear_pointer (&peer->source, us_http_event_source_free);
  g_string_append (peer->heard, "opened");
}

static void
free_in_lost (const char *why, gpointer data) {
  Peer *peer = data;
  g_clear_pointer (&peer->source, us_http_event_source_free);
  g_string_append (peer->heard, "lost");
}

/* Freed from within each of its calls, it makes no other. */
static void
test_freed_inside (void) {
  static const char *const two[] = { HEAD "data: 1\n\ndata: 2\n\n", NULL };
  static const char *const none[] = { "no HTTP at all\r\n\r\n", NULL };
  static const UsHttpEventSourceHandler handlers[] = { { NULL, free_in_event, NULL },
                                                       { free_in_opened, on_event, on_lost },
                                                       { on_opened, on_event, free_in_lost } };
  static const char *const expected[] = { "1", "opened", "lost" };
  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++) {
    Peer peer;
    peer_open (&peer, i == 2 ? none : two, TRUE);
    follow (&peer, &handlers[i], 0);
    await (peer.source == NULL);
    while (g_main_context_iteration (NULL, FALSE))
      continue;
    g_assert_cmpstr (peer.heard->str, ==, expected[i]);
    peer_close (&peer);
  }
}

static void
test_no_url (void) {
  const UsHttpEventSourceSettings settings = { .url = "not a url" };
  g_assert_null (us_http_event_source_new (&settings, &handler, NULL));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/event-source/comes-back", test_comes_back);
  g_test_add_func ("/http/event-source/silence", test_silence);
  g_test_add_func ("/http/event-source/freed-inside", test_freed_inside);
  g_test_add_func ("/http/event-source/no-url", test_no_url);
  return g_test_run ();
}
