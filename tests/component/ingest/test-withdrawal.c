/* test-withdrawal.c - a publisher that breaks off before its sound came, and packagers in every
 * state at that moment: none may keep what was withdrawn, all go on with equal segments */
#include "stand.h"
#include "unit/ingest/media.h"

#define WHOLE_MS 4000 /* two segments; the next picture opens the third */
#define TAIL_PICTURES 12

/* An encoder that has sent two whole segments and the picture that opens the third. */
static Encoder *
publish_with_tail (Fixture *fixture, gsize frame_bytes) {
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, WHOLE_MS, frame_bytes);
  encoder_send (encoder, US_RTMP_VIDEO, WHOLE_MS, media_video (TRUE, 0, 200));
  encoder_send_media (encoder, 0, 0);
  return encoder;
}

static void
set_up_packagers (Fixture *fixture, gconstpointer data) {
  set_up (fixture, data);
  for (guint i = 0; i < 2; i++)
    fixture->twins[i]->is_packager = TRUE;
}

typedef struct {
  FakeServer *server;
  guint64 whole; /* segments before the tail */
  guint n_items; /* of the tail */
} Begun;

/* The tail is open there, with so many of its pictures. */
static gboolean
has_begun (gpointer data) {
  Begun *begun = data;
  if (g_hash_table_size (begun->server->segments) <= begun->whole)
    return FALSE;
  const FakeSegment *tail
      = fake_server_get (begun->server, first_number (begun->server) + begun->whole);
  return tail->n_items >= begun->n_items;
}

static void
wait_begun (Fixture *fixture, guint n_items) {
  for (guint i = 0; i < 2; i++) {
    Begun begun = { fixture->twins[i], 2, n_items };
    wait_until (has_begun, &begun, NULL, "the tail");
  }
}

static void
end (Fixture *fixture, Encoder *encoder) {
  encoder_finish (encoder);
  wait_until (is_ended, fixture->twins[0], NULL, "end mark");
  encoder_free (encoder);
}

/* What viewers get when the publisher is back: two more segments. */
static void
publish_again (Fixture *fixture) {
  fixture->twins[0]->n_end_marks = 0;
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, WHOLE_MS, 200);
  end (fixture, encoder);
}

/* @server has what one has who never saw the tail: one DISCONTINUITY, numbers without a hole, and
 * no number twice. */
static void
check_whole (Fixture *fixture, FakeServer *server, guint64 first) {
  g_assert_cmpuint (g_hash_table_size (server->segments), ==, 4);
  guint64 epoch = fake_server_get (server, first)->opening.epoch;
  for (guint64 number = first; number < first + 4; number++) {
    const FakeSegment *one = fake_server_get (server, number);
    gboolean is_later = number >= first + 2;
    g_assert_nonnull (one);
    g_assert_cmpuint (one->closing.closes, ==, number);
    g_assert_cmpint (one->closing.is_discontinuous, ==, number == first + 2);
    g_assert_cmpuint (one->closing.discontinuity, ==, is_later);
    g_assert_cmpint (one->opening.epoch != epoch, ==, is_later);
    g_assert_cmpint (one->closing.tracks, ==, US_TRACK_VIDEO | US_TRACK_AUDIO);
    g_assert_cmpuint (one->n_items, ==, 150);
    check_equal (fixture->twins[0], server, number);
  }
  g_assert_cmpuint (server->n_media, ==, 4 * 150 + server->n_abandoned_items);
}

/* ------------------------------------------------------------------------------------- tests */

/* Both packagers had begun it, and so had a server that knows no marks. */
static void
test_both (Fixture *fixture, gconstpointer data) {
  FakeServer *other = fake_server_new (0, FALSE);
  g_autofree char *url = fake_server_url (other);
  const char *urls[] = { url, NULL };
  fixture->settings.push_urls = urls;
  start (fixture, us_clock_system ());
  Encoder *encoder = publish_with_tail (fixture, 200);
  wait_begun (fixture, 1);
  guint64 first = first_number (fixture->twins[0]);
  encoder_finish (encoder);
  for (guint i = 0; i < 2; i++) {
    FakeServer *server = fixture->twins[i];
    wait_until (is_ended, server, NULL, "end mark");
    g_assert_cmpuint (server->n_end_marks, ==, 1);
    g_assert_cmpuint (server->n_abandoned, ==, 1);
    g_assert_cmpuint (server->n_abandoned_items, ==, 1);
    g_assert_cmpuint (fake_server_last_closed (server), ==, first + 1);
  }
  encoder_free (encoder);
  publish_again (fixture);
  wait_until (has_closed, &(Count){ fixture->twins[1], first + 3 }, NULL, "the twin");
  for (guint i = 0; i < 2; i++)
    check_whole (fixture, fixture->twins[i], first);
  g_assert_cmpuint (other->n_data, ==, 0);
  g_assert_true (other->is_rising);
  g_clear_pointer (&fixture->ingest, us_ingest_free);
  fake_server_free (other);
}

/* Not a publisher's going but another's coming ends it. */
static void
test_takeover (Fixture *fixture, gconstpointer data) {
  start (fixture, us_clock_system ());
  Encoder *old = publish_with_tail (fixture, 200);
  wait_begun (fixture, 1);
  guint64 first = first_number (fixture->twins[0]);
  Encoder *newcomer = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (newcomer, 1);
  encoder_send_media (newcomer, WHOLE_MS, 200);
  encoder_finish (newcomer);
  for (guint i = 0; i < 2; i++) {
    wait_until (has_closed, &(Count){ fixture->twins[i], first + 3 }, NULL, "the newcomer's");
    check_whole (fixture, fixture->twins[i], first);
  }
  encoder_free (old);
  encoder_free (newcomer);
}

/* Time stamps jump while the connection lives: no end, another epoch. */
static void
test_time_jump (Fixture *fixture, gconstpointer data) {
  start (fixture, us_clock_system ());
  Encoder *encoder = publish_with_tail (fixture, 200);
  wait_begun (fixture, 1);
  guint64 first = first_number (fixture->twins[0]);
  encoder->time_ms = 900000000;
  encoder_send_media (encoder, WHOLE_MS, 200);
  encoder_finish (encoder);
  for (guint i = 0; i < 2; i++) {
    wait_until (is_ended, fixture->twins[i], NULL, "end mark");
    check_whole (fixture, fixture->twins[i], first);
  }
  encoder_free (encoder);
}

/* A packager that was away all the time, and one that has all that is whole. */
static void
test_away (Fixture *fixture, gconstpointer data) {
  for (guint has_all = 0; has_all < 2; has_all++) {
    tear_down (fixture, NULL);
    set_up_packagers (fixture, NULL);
    guint16 port = us_rtmp_listener_get_port (fixture->twins[1]->listener);
    g_clear_pointer (&fixture->twins[1], fake_server_free);
    start (fixture, us_clock_system ());
    Encoder *encoder = publish_with_tail (fixture, 200);
    Begun begun = { fixture->twins[0], 2, 1 };
    wait_until (has_begun, &begun, NULL, "the tail");
    guint64 first = first_number (fixture->twins[0]);
    end (fixture, encoder);
    FakeServer *late = fixture->twins[1] = fake_server_new (port, FALSE);
    late->has_resume = has_all;
    late->resume = first + 1;
    wait_until (is_ended, late, NULL, "late end mark"); /* it comes though nothing is missing */
    g_assert_cmpuint (late->n_end_marks, ==, 1);
    g_assert_cmpuint (late->n_abandoned, ==, 0);
    g_assert_cmpuint (late->n_media, ==, has_all ? 0 : 300);
  }
}

static gboolean
has_media (gpointer data) {
  Count *count = data;
  return count->server->n_media >= count->count;
}

/* The connection of one breaks in the tail, which it gets again, as far as it has come. */
static void
test_reconnects (Fixture *fixture, gconstpointer data) {
  FakeServer *shaky = fixture->twins[1];
  start (fixture, us_clock_system ());
  Encoder *encoder = publish_with_tail (fixture, 200);
  wait_begun (fixture, 1);
  guint64 first = first_number (shaky);
  us_rtmp_connection_close (shaky->connection, "test");
  wait_until (has_media, &(Count){ shaky, 302 }, NULL, "the tail on a second connection");
  g_assert_cmpuint (shaky->n_publishes, ==, 2);
  end (fixture, encoder);
  wait_until (is_ended, shaky, NULL, "end mark of the second connection");
  g_assert_cmpuint (shaky->n_end_marks, ==, 1);
  g_assert_cmpuint (shaky->n_abandoned, ==, 1);
  publish_again (fixture);
  wait_until (has_closed, &(Count){ shaky, first + 3 }, NULL, "the twin");
  shaky->n_media--; /* of the first connection, without a mark that would have abandoned it */
  check_whole (fixture, shaky, first);
}

/* One does not read while the tail comes and goes, and the next publisher's segment, which has its
 * place in the ring and its number. With @data it had begun the tail and stands in the middle of
 * it; else it has not come so far. Either way there is more than socket buffers hold. */
static void
test_stuck (Fixture *fixture, gconstpointer data) {
  gboolean has_tail = GPOINTER_TO_INT (data);
  FakeServer *stuck = fake_server_new (0, TRUE);
  FakeServer *steady = fixture->twins[0];
  g_free (fixture->urls[1]);
  fixture->urls[1] = fake_server_url (stuck);
  start (fixture, us_clock_system ());
  Encoder *encoder = publish_with_tail (fixture, has_tail ? 200 : 250000);
  if (has_tail)
    wait_until (has_begun, &(Begun){ stuck, 2, 1 }, stuck, "the tail on the one that will stick");
  else
    wait_until (has_publishes, &(Count){ stuck, 1 }, stuck, "the one that will stick");
  for (guint i = 1; i < TAIL_PICTURES; i++)
    encoder_send (encoder, US_RTMP_VIDEO, WHOLE_MS + i * 40,
                  media_video (FALSE, i, has_tail ? 2000000 : 200));
  encoder_send_media (encoder, 0, 0);
  wait_until (has_begun, &(Begun){ steady, 2, TAIL_PICTURES }, NULL, "the whole tail");
  guint64 first = first_number (steady);
  end (fixture, encoder);
  publish_again (fixture);
  check_whole (fixture, steady, first);
  wait_until (has_closed, &(Count){ stuck, first + 3 }, stuck, "the one that was stuck");
  g_assert_cmpuint (steady->n_abandoned_items, ==, TAIL_PICTURES);
  g_assert_cmpuint (stuck->n_publishes, ==, 1);
  g_assert_cmpuint (stuck->n_abandoned, ==, has_tail);
  g_assert_cmpuint (stuck->n_abandoned_items, <, TAIL_PICTURES);
  check_whole (fixture, stuck, first);
  g_clear_pointer (&fixture->ingest, us_ingest_free);
  fake_server_free (stuck);
}

/* The ingest is killed in the tail, or when it has withdrawn it: numbers go on the same. */
static void
test_killed (Fixture *fixture, gconstpointer data) {
  gboolean is_withdrawn = GPOINTER_TO_INT (data);
  GSubprocess *child = spawn (fixture);
  Encoder *encoder = publish_with_tail (fixture, 200);
  wait_begun (fixture, 1);
  guint64 first = first_number (fixture->twins[0]);
  guint n_broken[2] = { 0 };
  if (is_withdrawn)
    encoder_finish (encoder);
  for (guint i = 0; i < 2; i++) {
    if (is_withdrawn)
      wait_until (is_ended, fixture->twins[i], NULL, "end mark");
    else
      n_broken[i] = fixture->twins[i]->n_media - 300;
    g_assert_cmpuint (fake_server_last_closed (fixture->twins[i]), ==, first + 1);
  }
  kill_child (child);
  wait_until (are_disconnected, fixture, NULL, "the end of the relays");
  encoder_free (encoder);
  child = spawn (fixture);
  publish_again (fixture);
  for (guint i = 0; i < 2; i++) {
    wait_until (has_closed, &(Count){ fixture->twins[i], first + 3 }, NULL, "both twins");
    fixture->twins[i]->n_media -= n_broken[i];
  }
  for (guint i = 0; i < 2; i++)
    check_whole (fixture, fixture->twins[i], first);
  kill_child (child);
}

int
main (int argc, char **argv) {
  serve_if_asked (argc, argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, function)                                                                  \
  g_test_add (name, Fixture, GINT_TO_POINTER (data), set_up_packagers, function, tear_down)
  ADD ("/withdrawal/both", 0, test_both);
  ADD ("/withdrawal/takeover", 0, test_takeover);
  ADD ("/withdrawal/time-jump", 0, test_time_jump);
  ADD ("/withdrawal/away", 0, test_away);
  ADD ("/withdrawal/reconnects", 0, test_reconnects);
  ADD ("/withdrawal/stuck-before", FALSE, test_stuck);
  ADD ("/withdrawal/stuck-inside", TRUE, test_stuck);
  ADD ("/withdrawal/killed-before", FALSE, test_killed);
  ADD ("/withdrawal/killed-after", TRUE, test_killed);
  return g_test_run ();
}
