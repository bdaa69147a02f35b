/* test-limits.c - what all publishers together may take: streams and memory */
#include <string.h>
#include <unistd.h>

#include "steady.h"

#define MB (1024 * 1024)

static Encoder *
publish (Fixture *fixture, const char *path) {
  Encoder *encoder = encoder_new (fixture->port, path);
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 3000, 200);
  wait_until (is_ready, encoder, NULL, "an answer");
  return encoder;
}

static void
check_refused (Fixture *fixture, const char *path, const char *why) {
  Encoder *encoder = publish (fixture, path);
  wait_until (is_closed, encoder, NULL, "refusal");
  g_assert_false (encoder->is_ready);
  g_assert_nonnull (strstr (encoder->fault, why));
  encoder_free (encoder);
}

static void
test_streams (Fixture *fixture, gconstpointer data) {
  fixture->settings.max_streams = 2;
  start (fixture, us_clock_system ());
  Encoder *one = publish (fixture, "live/one"), *two = publish (fixture, "live/two");
  check_refused (fixture, "live/three", "max-streams");
  /* one that has ended makes room */
  encoder_finish (two);
  wait_until (is_closed, two, NULL, "end");
  Encoder *three = publish (fixture, "live/three");
  g_assert_true (three->is_ready && !one->is_closed);
  encoder_free (one);
  encoder_free (two);
  encoder_free (three);
}

static double
memory_bytes (Fixture *fixture) {
  static const char name[] = "\nunderstudy_ingest_memory_bytes ";
  g_autofree char *page = fetch_page (fixture, "/metrics");
  const char *line = strstr (page, name);
  g_assert_nonnull (line);
  return g_ascii_strtod (line + strlen (name), NULL);
}

static gboolean
is_trimmed (gpointer fixture) {
  return memory_bytes (fixture) > 0 && memory_bytes (fixture) <= 7.2 * MB;
}

static gboolean
is_sent (gpointer data) {
  return g_queue_is_empty (&((Encoder *)data)->queue);
}

/* The ring of one stream could hold all of it; the sum may not. Nobody is cut off for it, newcomers
 * are refused, and the newest segments stay. */
static void
test_memory (Fixture *fixture, gconstpointer data) {
  FakeServer *server = fixture->twins[0];
  fixture->settings.max_memory_bytes = 8 * MB;
  fixture->settings.ring_max_bytes = 256 * MB;
  fixture->settings.playlist_length = 100;
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/large");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 30000, 20000); /* 15 MB */
  wait_until (is_sent, encoder, NULL, "all of it");
  wait_until (has_segments, &(Count){ server, 14 }, NULL, "its segments");
  check_refused (fixture, "live/newcomer", "memory-megabytes");
  /* a tick later it is trimmed to nine tenths, and goes on */
  wait_until (is_trimmed, fixture, NULL, "the oldest segments to go");
  encoder_send_media (encoder, 10000, 20000);
  wait_until (has_segments, &(Count){ server, 19 }, NULL, "more of its segments");
  g_assert_false (encoder->is_closed);
  encoder_finish (encoder);
  wait_until (is_ended, server, NULL, "its end");
  /* what only lingers goes first, and makes room */
  Encoder *after = publish (fixture, "live/after");
  g_assert_true (after->is_ready);
  encoder_free (encoder);
  encoder_free (after);
}

/* Strangers that announce much and send next to nothing: 64 connections, each with a message of
 * 64 KB begun on as many chunk streams as it may have, or on so few that it may stay. Nobody else
 * notices. */
static void
test_strangers (Fixture *fixture, gconstpointer data) {
  enum { N = 64 };
  int fds[N];
  fixture->settings.max_memory_bytes = 128 * MB;
  start (fixture, us_clock_system ());
  Encoder *before = publish (fixture, "live/before");
  encoder_send_media (before, 20000, 200);
  wait_until (has_segments, &(Count){ fixture->twins[0], 10 }, NULL, "its segments");
  for (guint i = 0; i < N; i++) {
    fds[i] = raw_handshake (fixture);
    GByteArray *wire = g_byte_array_new ();
    for (guint8 k = 0; k < (i % 2 == 0 ? 63 : 4); k++) {
      const guint8 chunk[2 + 11 + 128] = { 0, k, 0, 0, 0, 1, 0, 0, US_RTMP_VIDEO, 1 };
      g_byte_array_append (wire, chunk, sizeof chunk);
    }
    raw_send_bytes (fds[i], wire);
  }
  Encoder *after = publish (fixture, "live/after");
  g_assert_true (after->is_ready);
  g_assert_cmpfloat (memory_bytes (fixture), <, 20.0 * MB);
  /* a packager that comes back still gets its window */
  guint16 port = us_rtmp_listener_get_port (fixture->twins[1]->listener);
  fake_server_free (fixture->twins[1]);
  fixture->twins[1] = fake_server_new (port, FALSE);
  wait_until (has_segments, &(Count){ fixture->twins[1], 10 }, NULL, "the window again");
  for (guint i = 0; i < N; i++)
    close (fds[i]);
  encoder_free (before);
  encoder_free (after);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/ingest/limits/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("streams", test_streams);
  ADD ("memory", test_memory);
  ADD ("strangers", test_strangers);
  return g_test_run ();
}
