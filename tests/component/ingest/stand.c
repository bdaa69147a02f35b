/* stand.c - see stand.h; everything but the child runs in the test's thread */
#include "stand.h"

#include "http/client.h"

#include <glib/gstdio.h>
#include <signal.h>

void
start (Fixture *fixture, const UsClock *clock) {
  GError *error = NULL;
  fixture->ingest = us_ingest_new (&fixture->settings, clock, &error);
  g_assert_no_error (error);
  fixture->port = us_ingest_get_rtmp_port (fixture->ingest);
}

void
set_up (Fixture *fixture, gconstpointer data) {
  us_ingest_settings_default (&fixture->settings);
  fixture->settings.rtmp.address = "127.0.0.1";
  fixture->settings.rtmp.port = 0;
  fixture->settings.takeover_silence_ms = 300;
  fixture->dir = g_dir_make_tmp ("understudy-ingest-XXXXXX", NULL);
  fixture->settings.state_dir = fixture->dir;
  for (guint i = 0; i < 2; i++) {
    fixture->twins[i] = fake_server_new (0, FALSE);
    fixture->urls[i] = fake_server_url (fixture->twins[i]);
  }
  fixture->settings.relay_urls = (const char *const *)fixture->urls;
}

void
tear_down (Fixture *fixture, gconstpointer data) {
  g_clear_pointer (&fixture->ingest, us_ingest_free);
  for (guint i = 0; i < 2; i++) {
    g_clear_pointer (&fixture->twins[i], fake_server_free);
    g_free (fixture->urls[i]);
  }
  static const char *const names[] = { "ingest.state", "ingest.last" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (fixture->dir, names[i], NULL);
    (void)g_remove (path);
  }
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
}

/* ------------------------------------------------------------------------- things to wait for */

gboolean
is_ended (gpointer data) {
  return ((FakeServer *)data)->n_end_marks > 0 && ((FakeServer *)data)->connection == NULL;
}

gboolean
is_closed (gpointer data) {
  return ((Encoder *)data)->is_closed;
}

gboolean
is_ready (gpointer data) {
  return ((Encoder *)data)->is_ready || ((Encoder *)data)->is_closed;
}

gboolean
has_segments (gpointer data) {
  Count *count = data;
  return g_hash_table_size (count->server->segments) >= count->count;
}

gboolean
has_publishes (gpointer data) {
  Count *count = data;
  return count->server->n_publishes >= count->count;
}

gboolean
has_closed (gpointer data) {
  Count *count = data;
  return fake_server_last_closed (count->server) >= count->count;
}

void
check_equal (FakeServer *a, FakeServer *b, guint64 number) {
  FakeSegment *one = fake_server_get (a, number), *two = fake_server_get (b, number);
  g_assert_nonnull (one);
  g_assert_nonnull (two);
  g_assert_cmpmem (one->bytes->data, one->bytes->len, two->bytes->data, two->bytes->len);
  g_assert_cmpuint (one->opening.epoch, ==, two->opening.epoch);
  g_assert_cmpint (one->opening.media_ms, ==, two->opening.media_ms);
  g_assert_cmpint (one->opening.wall_ms, ==, two->opening.wall_ms);
  g_assert_cmpuint (one->closing.closes, ==, two->closing.closes);
  g_assert_cmpint (one->closing.closes_end_ms, ==, two->closing.closes_end_ms);
  g_assert_cmpuint (one->closing.discontinuity, ==, two->closing.discontinuity);
}

guint64
first_number (FakeServer *server) {
  guint64 first = G_MAXUINT64;
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, server->segments);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    first = MIN (first, *(guint64 *)key);
  return first;
}

/* --------------------------------------------------------------------------------- its status */

typedef struct {
  char *text;
} Page;

static void
on_page (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  g_assert_no_error (error);
  gsize size;
  const char *bytes = g_bytes_get_data (reply->body, &size);
  ((Page *)user_data)->text = g_strndup (bytes, size);
}

static gboolean
has_page (gpointer data) {
  return ((Page *)data)->text != NULL;
}

char *
fetch_page (Fixture *fixture, const char *path) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test");
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u%s",
                                          us_ingest_get_status_port (fixture->ingest), path);
  static const UsHttpFetch fetch = { 0 };
  Page page = { NULL };
  us_http_client_fetch_async (client, url, &fetch, NULL, on_page, &page);
  wait_until (has_page, &page, NULL, "page");
  return page.text;
}

/* --------------------------------------------------------------------------------- the child */

/* Prints its port and runs for ever. */
static G_NORETURN void
serve (const char *dir, const char *const *relay_urls) {
  UsIngestSettings settings;
  us_ingest_settings_default (&settings);
  settings.rtmp.address = "127.0.0.1";
  settings.rtmp.port = 0;
  settings.state_dir = dir;
  settings.relay_urls = relay_urls;
  GError *error = NULL;
  UsIngest *ingest = us_ingest_new (&settings, us_clock_system (), &error);
  if (ingest == NULL)
    g_error ("%s", error->message);
  g_print ("%u\n", us_ingest_get_rtmp_port (ingest));
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

void
serve_if_asked (int argc, char **argv) {
  if (argc == 5 && g_str_equal (argv[1], "--serve"))
    serve (argv[2], (const char *const[]){ argv[3], argv[4], NULL });
}

GSubprocess *
spawn (Fixture *fixture) {
  GError *error = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", &error);
  g_assert_no_error (error);
  GSubprocess *child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self, "--serve",
                                         fixture->dir, fixture->urls[0], fixture->urls[1], NULL);
  g_assert_no_error (error);
  g_autoptr (GDataInputStream) out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (child));
  g_autofree char *line = g_data_input_stream_read_line (out, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (line);
  fixture->port = (guint16)g_ascii_strtoull (line, NULL, 10);
  return child;
}

void
kill_child (GSubprocess *child) {
  g_subprocess_send_signal (child, SIGKILL);
  g_assert_true (g_subprocess_wait (child, NULL, NULL));
  g_object_unref (child);
}

gboolean
are_disconnected (gpointer data) {
  Fixture *fixture = data;
  return fixture->twins[0]->connection == NULL && fixture->twins[1]->connection == NULL;
}
