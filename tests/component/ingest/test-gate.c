/* test-gate.c - publishers before keys files and callbacks, on real connections
 *
 * The callback is a small HTTP server in a thread; it answers by the name that it is told.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "rtmp/chunk-writer.h"
#include "steady.h"
#include "unit/ingest/media.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* -------------------------------------------------------------------------------- the service */

typedef struct {
  GSocketService *service;
  guint16 port;
  GAsyncQueue *bodies; /* of all requests, in order */
  GMutex lock;         /* held: answers to "slow" wait */
} Service;

static char *
answer_to (const char *body) {
  if (strstr (body, "name=denied") != NULL)
    return g_strdup ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  if (strstr (body, "name=secret") != NULL)
    return g_strdup ("HTTP/1.1 302 Found\r\nLocation: shown\r\nContent-Length: 0\r\n\r\n");
  if (strstr (body, "name=elsewhere") != NULL)
    return g_strdup ("HTTP/1.1 302 Found\r\nLocation: rtmp://example.org/live/x\r\n"
                     "Content-Length: 0\r\n\r\n");
  if (strstr (body, "name=broken") != NULL)
    return g_strdup ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  if (strstr (body, "name=mute") != NULL)
    return g_strdup ("");
  return g_strdup ("HTTP/1.1 204 No Content\r\n\r\n");
}

static gboolean
on_run (GThreadedSocketService *threaded, GSocketConnection *connection, GObject *source,
        gpointer user_data) {
  Service *service = user_data;
  g_autoptr (GDataInputStream) in
      = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_data_input_stream_set_newline_type (in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  for (;;) {
    gsize length = 0;
    char *line = NULL;
    while ((line = g_data_input_stream_read_line (in, NULL, NULL, NULL)) != NULL
           && line[0] != '\0') {
      if (g_ascii_strncasecmp (line, "Content-Length: ", 16) == 0)
        length = (gsize)g_ascii_strtoull (line + 16, NULL, 10);
      g_free (line);
    }
    if (line == NULL)
      return TRUE;
    g_free (line);
    char *body = g_malloc0 (length + 1);
    if (!g_input_stream_read_all (G_INPUT_STREAM (in), body, length, NULL, NULL, NULL)) {
      g_free (body);
      return TRUE;
    }
    g_autofree char *answer = answer_to (body);
    gboolean is_slow = strstr (body, "name=slow") != NULL;
    g_async_queue_push (service->bodies, body);
    if (is_slow) {
      g_mutex_lock (&service->lock);
      g_mutex_unlock (&service->lock);
    }
    if (!g_output_stream_write_all (out, answer, strlen (answer), NULL, NULL, NULL))
      return TRUE;
  }
}

static Service *
service_new (void) {
  GError *error = NULL;
  Service *service = g_new0 (Service, 1);
  service->bodies = g_async_queue_new_full (g_free);
  g_mutex_init (&service->lock);
  service->service = g_threaded_socket_service_new (64);
  g_autoptr (GInetAddress) inet = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (inet, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_socket_listener_add_address (G_SOCKET_LISTENER (service->service), any, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  service->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_signal_connect (service->service, "run", G_CALLBACK (on_run), service);
  g_socket_service_start (service->service);
  return service;
}

/* Its threads end when their clients close; the test ends before or after. */
static void
service_stop (Service *service) {
  g_socket_service_stop (service->service);
  g_socket_listener_close (G_SOCKET_LISTENER (service->service));
}

static gboolean
has_body (gpointer data) {
  return g_async_queue_length (((Service *)data)->bodies) > 0;
}

static char *
take_body (Service *service) {
  wait_until (has_body, service, NULL, "callback");
  return g_async_queue_pop (service->bodies);
}

static char *
word_of (const char *body, const char *name) {
  g_auto (GStrv) words = g_strsplit (body, "&", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    if (g_str_has_prefix (words[i], name) && words[i][strlen (name)] == '=')
      return g_uri_unescape_string (words[i] + strlen (name) + 1, NULL);
  }
  return NULL;
}

/* --------------------------------------------------------------------------------- the keys */

typedef struct {
  Fixture base;
  char *keys;
  Service *service;
  char *on_publish;
} Gate;

static void
write_keys (Gate *gate, const char *text) {
  g_assert_true (
      g_file_set_contents_full (gate->keys, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

static void
set_up_keys (Gate *gate, gconstpointer data) {
  set_up (&gate->base, data);
  gate->keys = g_build_filename (gate->base.dir, "keys.conf", NULL);
  write_keys (gate, "[a]\nkey = " KEY_A "\nstream = one\n[b]\nkey = " KEY_B "\nstream = two\n");
  gate->base.settings.gate.keys_file = gate->keys;
}

static void
set_up_hook (Gate *gate, gconstpointer data) {
  set_up (&gate->base, data);
  gate->service = service_new ();
  gate->on_publish = g_strdup_printf ("http://127.0.0.1:%u/hook", gate->service->port);
  gate->base.settings.gate.hook.on_publish = gate->on_publish;
  gate->base.settings.gate.hook.on_publish_done = gate->on_publish;
}

static void
tear_down_gate (Gate *gate, gconstpointer data) {
  g_clear_pointer (&gate->base.ingest, us_ingest_free);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  if (gate->keys != NULL)
    g_assert_cmpint (g_unlink (gate->keys), ==, 0);
  if (gate->service != NULL)
    service_stop (gate->service);
  g_free (gate->keys);
  g_free (gate->on_publish);
  tear_down (&gate->base, data);
}

static void
check_denied (Gate *gate, const char *path) {
  Encoder *encoder = encoder_new (gate->base.port, path);
  wait_until (is_closed, encoder, NULL, "refusal");
  g_assert_false (encoder->is_ready);
  g_assert_nonnull (strstr (encoder->fault, "NetStream.Publish.Denied"));
  g_assert_null (strstr (encoder->fault, path));
  encoder_free (encoder);
}

static Encoder *
publish (Gate *gate, const char *path) {
  Encoder *encoder = encoder_new (gate->base.port, path);
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 3000, 200);
  wait_until (is_ready, encoder, NULL, "acceptance");
  g_assert_true (encoder->is_ready);
  return encoder;
}

/* Both ways to show a key; nothing that we tell the world holds one. */
static void
test_keys (Gate *gate, gconstpointer data) {
  start (&gate->base, us_clock_system ());
  Encoder *a = publish (gate, "live/" KEY_A);
  Encoder *b = publish (gate, "live/two?key=" KEY_B);
  g_assert_cmpstr (gate->base.twins[0]->key, !=, "live/" KEY_A);
  check_denied (gate, "live/one");
  check_denied (gate, "live/wrong-key-wrong-key-wrong-key");
  check_denied (gate, "live/two?key=" KEY_A);
  g_autofree char *metrics = fetch_page (&gate->base, "/metrics");
  g_autofree char *health = fetch_page (&gate->base, "/healthz");
  g_assert_nonnull (strstr (metrics, "denied_total{reason=\"unknown-key\"} 2\n"));
  g_assert_nonnull (strstr (metrics, "denied_total{reason=\"stream\"} 1\n"));
  g_assert_nonnull (strstr (metrics, "\nunderstudy_ingest_keys 2\n"));
  g_assert_nonnull (strstr (health, "\"name\":\"one\""));
  g_assert_nonnull (strstr (health, "\"name\":\"two\""));
  static const char *const secrets[] = { KEY_A, KEY_B, "wrong-key" };
  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++) {
    g_assert_null (strstr (metrics, secrets[i]));
    g_assert_null (strstr (health, secrets[i]));
    for (guint k = 0; k < gate->base.twins[0]->keys->len; k++)
      g_assert_null (strstr (gate->base.twins[0]->keys->pdata[k], secrets[i]));
  }
  encoder_free (a);
  encoder_free (b);
}

/* A key that is taken back ends its publisher, at SIGHUP at once; the other one goes on. */
static void
test_revoke (Gate *gate, gconstpointer data) {
  start (&gate->base, us_clock_system ());
  Encoder *a = publish (gate, "live/" KEY_A), *b = publish (gate, "live/" KEY_B);
  write_keys (gate, "[b]\nkey = " KEY_B "\nstream = two\n");
  us_ingest_reload (gate->base.ingest);
  wait_until (is_closed, a, NULL, "end of the revoked one");
  g_assert_false (b->is_closed);
  check_denied (gate, "live/" KEY_A);
  /* a file with a mistake changes nothing */
  write_keys (gate, "[b]\nstream = two\n");
  us_ingest_reload (gate->base.ingest);
  Encoder *again = NULL;
  encoder_finish (b);
  wait_until (is_closed, b, NULL, "end of the other one");
  again = publish (gate, "live/" KEY_B);
  /* nobody says anything: it is seen by itself */
  write_keys (gate, "");
  wait_until (is_closed, again, NULL, "end by the file alone");
  encoder_free (a);
  encoder_free (b);
  encoder_free (again);
}

/* A key gets another name: its publisher goes on, is shown by that name, and its reconnect takes
 * its place as before. */
static void
test_renamed_key (Gate *gate, gconstpointer data) {
  start (&gate->base, us_clock_system ());
  Encoder *a = publish (gate, "live/" KEY_A);
  write_keys (gate, "[studio]\nkey = " KEY_A "\nstream = one\n");
  us_ingest_reload (gate->base.ingest);
  g_autofree char *health = fetch_page (&gate->base, "/healthz");
  g_assert_nonnull (strstr (health, "\"key_id\":\"studio\""));
  g_assert_false (a->is_closed);
  Encoder *back = publish (gate, "live/" KEY_A);
  g_autofree char *metrics = fetch_page (&gate->base, "/metrics");
  g_assert_nonnull (strstr (metrics, "publishers{stream=\"one\",role=\"standby\"} 0\n"));
  encoder_free (a);
  encoder_free (back);
}

static void
test_expiry (Gate *gate, gconstpointer data) {
  UsFakeClock clock;
  us_fake_clock_init (&clock, 1000, 1801439999ll * G_USEC_PER_SEC);
  write_keys (gate, "[a]\nkey = " KEY_A "\nstream = one\nexpires = 2027-01-31\n");
  start (&gate->base, &clock.clock);
  Encoder *a = publish (gate, "live/" KEY_A);
  clock.now_wall_us += G_USEC_PER_SEC;
  wait_until (is_closed, a, NULL, "end at its time");
  encoder_free (a);
  check_denied (gate, "live/" KEY_A);
}

static void
test_hook (Gate *gate, gconstpointer data) {
  start (&gate->base, us_clock_system ());
  Encoder *a = publish (gate, "live/cam1?token=t%26x&name=forged");
  g_autofree char *body = take_body (gate->service);
  static const char *const words[][2]
      = { { "call", "publish" }, { "app", "live" },       { "name", "cam1" },
          { "type", "live" },    { "addr", "127.0.0.1" }, { "token", "t&x" } };
  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autofree char *value = word_of (body, words[i][0]);
    g_assert_cmpstr (value, ==, words[i][1]);
  }
  g_assert_null (strstr (body, "forged"));
  encoder_finish (a);
  wait_until (is_closed, a, NULL, "end");
  g_autofree char *goodbye = take_body (gate->service);
  g_autofree char *call = word_of (goodbye, "call");
  g_autofree char *id = word_of (body, "clientid"), *same = word_of (goodbye, "clientid");
  g_assert_cmpstr (call, ==, "publish_done");
  g_assert_cmpstr (id, ==, same);
  encoder_free (a);
}

static void
append_media (GByteArray *wire, UsRtmpMessageType type, guint32 time_ms, GBytes *payload) {
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);
  UsRtmpMessage message
      = { .type = type, .chunk_stream = 6, .stream_id = 1, .timestamp_ms = time_ms };
  us_rtmp_chunk_write (wire, 128, &message, data, size);
  g_bytes_unref (payload);
}

/* An encoder that does not wait for its answer: headers and a key frame come once, right behind its
 * publish, while the service still thinks. The first segment begins with them. */
static void
test_hook_and_no_patience (Gate *gate, gconstpointer data) {
  FakeServer *server = gate->base.twins[0];
  gate->base.settings.gate.hook.timeout_ms = 9000;
  start (&gate->base, us_clock_system ());
  int fd = raw_handshake (&gate->base);
  GByteArray *wire = g_byte_array_new ();
  raw_append_publish (wire, "slow");
  append_media (wire, US_RTMP_VIDEO, 0, media_video_config (1));
  append_media (wire, US_RTMP_AUDIO, 0, media_audio_config (FALSE));
  for (guint32 time_ms = 0; time_ms <= 4000; time_ms += 40)
    append_media (wire, US_RTMP_VIDEO, time_ms,
                  media_video (time_ms == 0 || time_ms >= 3960, time_ms, 2000));
  g_mutex_lock (&gate->service->lock);
  raw_send_bytes (fd, wire); /* more than one read takes */
  g_free (take_body (gate->service));
  g_assert_cmpuint (server->n_publishes, ==, 0);
  g_mutex_unlock (&gate->service->lock);
  wait_until (has_segments, &(Count){ server, 2 }, NULL, "its segments");
  FakeSegment *first = fake_server_get (server, first_number (server));
  g_assert_cmpuint (first->n_items, ==, 99); /* all that was sent before the second key frame */
  close (fd);
}

static void
test_hook_denies (Gate *gate, gconstpointer data) {
  start (&gate->base, us_clock_system ());
  static const char *const names[] = { "denied", "elsewhere", "broken" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_strconcat ("live/", names[i], NULL);
    check_denied (gate, path);
    g_free (take_body (gate->service));
  }
  check_denied (gate, "live/un%20safe"); /* let in, but no name */
  g_free (take_body (gate->service));
  g_assert_false (has_body (gate->service)); /* no goodbye without a welcome */
}

/* A secret in the URL, a name in the answer: only the name is seen from then on. */
static void
test_hook_renames (Gate *gate, gconstpointer data) {
  start (&gate->base, us_clock_system ());
  Encoder *a = publish (gate, "live/secret");
  g_autofree char *health = fetch_page (&gate->base, "/healthz");
  g_assert_nonnull (strstr (health, "\"name\":\"shown\""));
  g_assert_null (strstr (health, "secret"));
  encoder_free (a);
}

static void
test_hook_fails (Gate *gate, gconstpointer data) {
  gate->base.settings.gate.hook.timeout_ms = 200;
  start (&gate->base, us_clock_system ());
  check_denied (gate, "live/mute");
  g_clear_pointer (&gate->base.ingest, us_ingest_free);
  gate->base.settings.gate.hook.allows_on_failure = TRUE;
  start (&gate->base, us_clock_system ());
  Encoder *a = publish (gate, "live/mute");
  encoder_free (a);
}

/* With a service that renames, the name in the URL is a secret: no failure may show it. One with a
 * key has its name from the keys file. */
static void
test_hook_fails_and_renames (Gate *gate, gconstpointer data) {
  gate->base.settings.gate.hook.timeout_ms = 200;
  gate->base.settings.gate.hook.allows_on_failure = TRUE;
  start (&gate->base, us_clock_system ());
  Encoder *a = publish (gate, "live/mute");
  encoder_free (a);
  a = publish (gate, "live/secret");
  check_denied (gate, "live/mute-and-secret");
  g_autofree char *metrics = fetch_page (&gate->base, "/metrics");
  g_assert_null (strstr (metrics, "secret"));
  g_assert_nonnull (strstr (metrics, "denied_total{reason=\"callback-failed\"} 1\n"));
  encoder_free (a);
  g_clear_pointer (&gate->base.ingest, us_ingest_free);
  gate->base.settings.gate.keys_file = gate->keys
      = g_build_filename (gate->base.dir, "keys.conf", NULL);
  write_keys (gate, "[a]\nkey = " KEY_A "\nstream = secret\n"
                    "[b]\nkey = " KEY_B "\nstream = mute\n");
  start (&gate->base, us_clock_system ());
  a = publish (gate, "live/" KEY_A);
  Encoder *b = publish (gate, "live/" KEY_B);
  encoder_free (a);
  encoder_free (b);
}

/* More publishers than requests at a time; one of them goes while it waits. */
static void
test_hook_many (Gate *gate, gconstpointer data) {
  enum { N = US_HOOK_PARALLEL + 8 };
  Encoder *encoders[N];
  gate->base.settings.gate.hook.timeout_ms = 9000;
  g_mutex_lock (&gate->service->lock);
  start (&gate->base, us_clock_system ());
  for (guint i = 0; i < N; i++) {
    g_autofree char *path = g_strdup_printf ("live/slow%u", i);
    encoders[i] = encoder_new (gate->base.port, path);
  }
  for (guint i = 0; i < US_HOOK_PARALLEL; i++)
    g_free (take_body (gate->service));
  g_assert_false (has_body (gate->service));
  encoder_free (encoders[0]);
  encoder_free (encoders[N - 1]);
  g_mutex_unlock (&gate->service->lock);
  for (guint i = 1; i < N - 1; i++) {
    wait_until (is_ready, encoders[i], NULL, "acceptance");
    g_assert_true (encoders[i]->is_ready);
    encoder_free (encoders[i]);
  }
}

/* A key that is taken back, or is for another stream, while the callback still thinks of it. */
static void
test_hook_and_revoke (Gate *gate, gconstpointer data) {
  static const char *const after[] = { "", "[a]\nkey = " KEY_A "\nstream = other\n",
                                       "[a]\nkey = " KEY_A "\nstream = slow\nenabled = false\n" };
  gate->base.settings.gate.hook.timeout_ms = 9000;
  gate->base.settings.gate.keys_file = gate->keys
      = g_build_filename (gate->base.dir, "keys.conf", NULL);
  write_keys (gate, "");
  start (&gate->base, us_clock_system ());
  for (guint i = 0; i < G_N_ELEMENTS (after); i++) {
    write_keys (gate, "[a]\nkey = " KEY_A "\nstream = slow\n");
    us_ingest_reload (gate->base.ingest);
    g_mutex_lock (&gate->service->lock);
    Encoder *a = encoder_new (gate->base.port, "live/" KEY_A);
    g_free (take_body (gate->service));
    write_keys (gate, after[i]);
    us_ingest_reload (gate->base.ingest);
    g_mutex_unlock (&gate->service->lock);
    wait_until (is_ready, a, NULL, "answer");
    g_test_message ("%s", after[i]);
    g_assert_false (a->is_ready);
    g_assert_nonnull (strstr (a->fault, "NetStream.Publish.Denied"));
    encoder_free (a);
  }
}

/* A publisher that the callback let in goes when its key is given to another stream. */
static void
test_hook_and_move (Gate *gate, gconstpointer data) {
  gate->base.settings.gate.keys_file = gate->keys
      = g_build_filename (gate->base.dir, "keys.conf", NULL);
  write_keys (gate, "[a]\nkey = " KEY_A "\nstream = secret\n"); /* renamed to "shown" */
  start (&gate->base, us_clock_system ());
  Encoder *a = publish (gate, "live/" KEY_A);
  write_keys (gate, "[b]\nkey = " KEY_A "\nstream = secret\npriority = 3\n");
  us_ingest_reload (gate->base.ingest);
  g_autofree char *health = fetch_page (&gate->base, "/healthz");
  g_assert_nonnull (strstr (health, "\"priority\":3"));
  g_assert_false (a->is_closed);
  write_keys (gate, "[b]\nkey = " KEY_A "\nstream = another\n");
  us_ingest_reload (gate->base.ingest);
  wait_until (is_closed, a, NULL, "end of the one whose key was moved");
  g_assert_nonnull (strstr (a->fault, "the stream key is not valid any more"));
  encoder_free (a);
}

/* The role goes while requests are under way. */
static void
test_hook_and_end (Gate *gate, gconstpointer data) {
  gate->base.settings.gate.hook.timeout_ms = 9000;
  start (&gate->base, us_clock_system ());
  g_mutex_lock (&gate->service->lock);
  Encoder *a = encoder_new (gate->base.port, "live/slow");
  g_free (take_body (gate->service));
  g_clear_pointer (&gate->base.ingest, us_ingest_free);
  g_mutex_unlock (&gate->service->lock);
  wait_until (is_closed, a, NULL, "end");
  g_assert_false (a->is_ready);
  encoder_free (a);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, set_up_func, func)                                                               \
  g_test_add ("/ingest/gate/" name, Gate, NULL, set_up_func, func, tear_down_gate)
  ADD ("keys", set_up_keys, test_keys);
  ADD ("revoke", set_up_keys, test_revoke);
  ADD ("renamed-key", set_up_keys, test_renamed_key);
  ADD ("expiry", set_up_keys, test_expiry);
  ADD ("hook", set_up_hook, test_hook);
  ADD ("hook-and-no-patience", set_up_hook, test_hook_and_no_patience);
  ADD ("hook-denies", set_up_hook, test_hook_denies);
  ADD ("hook-renames", set_up_hook, test_hook_renames);
  ADD ("hook-fails", set_up_hook, test_hook_fails);
  ADD ("hook-fails-and-renames", set_up_hook, test_hook_fails_and_renames);
  ADD ("hook-many", set_up_hook, test_hook_many);
  ADD ("hook-and-revoke", set_up_hook, test_hook_and_revoke);
  ADD ("hook-and-move", set_up_hook, test_hook_and_move);
  ADD ("hook-and-end", set_up_hook, test_hook_and_end);
  return g_test_run ();
}
