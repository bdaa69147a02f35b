/* test-churn.c - many publishers that come and go leave nothing behind
 *
 * Twenty streams, a dozen rounds; in each, every stream gets a publisher that sends and then ends,
 * by a plan from a seed: by the book, without a word, by RST, half-open (its socket stays, silent,
 * until the next publisher has taken its key), or by the book to come back with other settings. At
 * the end the process has the descriptors and threads that it had before. What malloc() gave out is
 * LeakSanitizer's business, in the run with sanitizers. bench/ingest-publishers is the long form,
 * against the clock.
 */
#include <dirent.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steady.h"

#define STREAMS 20
#define ROUNDS 12
enum { CLEAN, WORDLESS, RESET, HALF_OPEN, CHANGE, N_ENDS };

typedef struct {
  char *key, *path;
  guint8 variant; /* of its settings */
  int corpse;     /* half-open socket from the round before, or -1 */
} Stream;

static guint
count_entries (const char *path) {
  guint n = 0;
  DIR *dir = opendir (path);
  g_assert_nonnull (dir);
  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

static gboolean
is_sent (gpointer data) {
  Encoder *encoder = data;
  g_assert_false (encoder->is_closed);
  return encoder->is_ready && g_queue_is_empty (&encoder->queue);
}

static void
reset (int fd) {
  struct linger linger = { 1, 0 };
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), ==, 0);
  close (fd);
}

/* One that says little: its socket is in the test's hands. */
static void
publish_raw (Fixture *fixture, Stream *stream, guint how) {
  int fd = raw_publish (fixture, stream->key);
  if (how == RESET)
    reset (fd);
  else
    stream->corpse = fd;
}

static void
publish (Fixture *fixture, Stream *stream, guint how) {
  Encoder *encoder = encoder_new (fixture->port, stream->path);
  encoder_send_configs (encoder, stream->variant);
  encoder_send_media (encoder, 1200, 200);
  wait_until (is_sent, encoder, NULL, "a publisher to send all of it");
  if (how != WORDLESS) {
    encoder_finish (encoder);
    wait_until (is_closed, encoder, NULL, "its end");
  }
  encoder_free (encoder);
  if (how == CHANGE)
    stream->variant = stream->variant == 1 ? 2 : 1;
}

static void
run_round (Fixture *fixture, Stream *streams, GRand *plan, guint *n_ends) {
  for (guint i = 0; i < STREAMS; i++) {
    guint how = (guint)g_rand_int_range (plan, 0, N_ENDS);
    int old = streams[i].corpse;
    streams[i].corpse = -1;
    n_ends[how]++;
    if (how == RESET || how == HALF_OPEN)
      publish_raw (fixture, &streams[i], how);
    else
      publish (fixture, &streams[i], how);
    if (old < 0)
      continue;
    /* It was sent away for the one that has its key now. */
    wait_until (raw_is_closed, &old, NULL, "the end of a half-open session");
    close (old);
  }
}

typedef struct {
  guint descriptors, threads;
} Held;

static Held
held_now (void) {
  return (Held){ count_entries ("/proc/self/fd"), count_entries ("/proc/self/task") };
}

static gboolean
is_as_before (gpointer data) {
  const Held *before = data;
  Held now = held_now ();
  return now.descriptors <= before->descriptors && now.threads <= before->threads;
}

static void
test_churn (Fixture *fixture, gconstpointer data) {
  fixture->settings.takeover_silence_ms = 20;
  start (fixture, us_clock_system ());
  Stream streams[STREAMS];
  for (guint i = 0; i < STREAMS; i++)
    streams[i] = (Stream){ g_strdup_printf ("p%u", i), g_strdup_printf ("live/p%u", i), 1, -1 };
  /* Threads that GLib keeps for good, the database of the numbering ... are there from now on. */
  publish (fixture, &streams[0], CLEAN);
  wait_until (are_disconnected, fixture, NULL, "the relays to end");
  g_autofree char *page = fetch_page (fixture, "/healthz");
  Held before = held_now ();

  guint n_ends[N_ENDS] = { 0 };
  g_autoptr (GRand) plan = g_rand_new_with_seed (7);
  for (guint i = 0; i < ROUNDS; i++)
    run_round (fixture, streams, plan, n_ends);
  for (guint i = 0; i < N_ENDS; i++)
    g_assert_cmpuint (n_ends[i], >, ROUNDS);
  for (guint i = 0; i < STREAMS; i++) {
    if (streams[i].corpse >= 0)
      close (streams[i].corpse);
    g_free (streams[i].key);
    g_free (streams[i].path);
  }
  wait_until (is_as_before, &before, NULL, "descriptors and threads to be what they were");
  g_test_message ("%u descriptors, %u threads", before.descriptors, before.threads);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/ingest/churn", Fixture, NULL, set_up, test_churn, tear_down);
  return g_test_run ();
}
