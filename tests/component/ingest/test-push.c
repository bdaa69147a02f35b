/* test-push.c - streams pushed on to other servers: which one goes where, and that nobody who reads
 * status or metrics learns a key
 */
#include "http/client.h"
#include "stand.h"

static gboolean
has_media (gpointer data) {
  return ((FakeServer *)data)->n_media > 0;
}

typedef struct {
  char *text;
  gboolean is_done;
} Answer;

static void
on_answer (GObject *client, GAsyncResult *result, gpointer user_data) {
  Answer *answer = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (client), result, &error);
  g_assert_no_error (error);
  answer->text = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  answer->is_done = TRUE;
}

static gboolean
is_answered (gpointer data) {
  return ((Answer *)data)->is_done;
}

static char *
fetch (Fixture *fixture, const char *path) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test");
  UsHttpFetch settings = { .connect_timeout_ms = 5000,
                           .first_byte_timeout_ms = 5000,
                           .deadline_ms = 5000,
                           .max_bytes = 1024 * 1024 };
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u%s",
                                          us_ingest_get_status_port (fixture->ingest), path);
  Answer answer = { 0 };
  us_http_client_fetch_async (client, url, &settings, NULL, on_answer, &answer);
  wait_until (is_answered, &answer, NULL, path);
  return answer.text;
}

static Encoder *
publish (Fixture *fixture, const char *path) {
  Encoder *encoder = encoder_new (fixture->port, path);
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 3000, 200);
  return encoder;
}

/* One server for each way to say where a stream goes. */
static void
test_routes (Fixture *fixture, gconstpointer data) {
  enum { ALL, ONE, FILLED, OTHER, N };
  FakeServer *servers[N];
  char *routes[N + 1] = { NULL };
  for (guint i = 0; i < N; i++)
    servers[i] = fake_server_new (0, FALSE);
  guint16 ports[N];
  for (guint i = 0; i < N; i++)
    ports[i] = us_rtmp_listener_get_port (servers[i]->listener);
  routes[ALL] = g_strdup_printf ("rtmp://127.0.0.1:%u/live", ports[ALL]);
  routes[ONE] = g_strdup_printf ("cam1=rtmp://127.0.0.1:%u/live/a-SECRET", ports[ONE]);
  routes[FILLED]
      = g_strdup_printf ("rtmp://127.0.0.1:%u/in-{stream}/{stream}-x?t=SECRET", ports[FILLED]);
  routes[OTHER] = g_strdup_printf ("cam2=rtmp://127.0.0.1:%u/live/b-SECRET", ports[OTHER]);
  fixture->settings.push_urls = (const char *const *)routes;
  start (fixture, us_clock_system ());
  Encoder *encoder = publish (fixture, "live/cam1");
  for (guint i = 0; i < OTHER; i++)
    wait_until (has_media, servers[i], NULL, "media pushed");
  g_assert_cmpstr (servers[ALL]->key, ==, "live/cam1");
  g_assert_cmpstr (servers[ONE]->key, ==, "live/a-SECRET");
  g_assert_cmpstr (servers[FILLED]->key, ==, "in-cam1/cam1-x");
  g_assert_cmpuint (servers[OTHER]->n_publishes, ==, 0);
  encoder_free (encoder);
  g_clear_pointer (&fixture->ingest, us_ingest_free);
  for (guint i = 0; i < N; i++) {
    fake_server_free (servers[i]);
    g_free (routes[i]);
  }
}

/* Two keys at one server are two targets, with names that do not give them away. */
static void
test_secrets (Fixture *fixture, gconstpointer data) {
  FakeServer *server = fake_server_new (0, FALSE);
  guint16 port = us_rtmp_listener_get_port (server->listener);
  char *routes[] = { g_strdup_printf ("cam1=rtmp://127.0.0.1:%u/live/SECRET1", port),
                     g_strdup_printf ("cam1=rtmp://127.0.0.1:%u/live/SECRET2", port),
                     g_strdup_printf ("rtmp://u:SECRET3@127.0.0.1:%u/live/SECRET4?SECRET5", port),
                     g_strdup ("rtmps://127.0.0.1:9/live/SECRET6"), NULL };
  fixture->settings.push_urls = (const char *const *)routes;
  start (fixture, us_clock_system ());
  Encoder *encoder = publish (fixture, "live/cam1");
  wait_until (has_publishes, &(Count){ server, 3 }, NULL, "three pushes");
  g_autofree char *health = fetch (fixture, "/healthz");
  g_autofree char *metrics = fetch (fixture, "/metrics");
  g_test_message ("%s", health);
  g_assert_null (strstr (health, "SECRET"));
  g_assert_null (strstr (metrics, "SECRET"));
  for (guint i = 1; i <= 3; i++) {
    g_autofree char *number = i > 1 ? g_strdup_printf (" #%u", i) : g_strdup ("");
    g_autofree char *label = g_strdup_printf ("target=\"rtmp://127.0.0.1:%u/live/***%s%s\"", port,
                                              i == 3 ? "?***" : "", i == 3 ? "" : number);
    g_test_message ("%s", label);
    g_assert_nonnull (strstr (metrics, label));
  }
  encoder_free (encoder);
  g_clear_pointer (&fixture->ingest, us_ingest_free);
  fake_server_free (server);
  for (guint i = 0; routes[i] != NULL; i++)
    g_free (routes[i]);
}

int
main (int argc, char **argv) {
  serve_if_asked (argc, argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/push/routes", test_routes);
  ADD ("/push/secrets", test_secrets);
  return g_test_run ();
}
