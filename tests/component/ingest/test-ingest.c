/* test-ingest.c - the ingest role between real encoders' connections and recording packagers */
#include "http/client.h"
#include "stand.h"
#include "unit/ingest/media.h"

#define UNIX_S 1800000000ll

static void
test_marks (Fixture *fixture, gconstpointer data) {
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 5000, 200);
  encoder_finish (encoder);
  for (guint i = 0; i < 2; i++)
    wait_until (is_ended, fixture->twins[i], NULL, "end mark");
  FakeServer *server = fixture->twins[0];
  g_assert_cmpstr (server->key, ==, "live/cam1");
  g_assert_cmpuint (g_hash_table_size (server->segments), ==, 3);
  g_assert_cmpuint (server->n_configs, ==, 2);
  g_assert_cmpuint (server->n_media, ==, 125 + 250); /* not one frame is missing */
  guint64 first = first_number (server);
  for (guint64 n = first; n < first + 3; n++) {
    FakeSegment *segment = fake_server_get (server, n);
    gint64 open_ms = (gint64)(n - first) * 2000;
    g_assert_cmpint (segment->opening.media_ms, ==, open_ms);
    g_assert_cmpuint (segment->closing.closes, ==, n);
    /* audio at 4960 + 28 ms outlasts video */
    g_assert_cmpint (segment->closing.closes_end_ms, ==, n == first + 2 ? 5011 : open_ms + 2000);
    g_assert_cmpint (segment->closing.tracks, ==, US_TRACK_VIDEO | US_TRACK_AUDIO);
    g_assert_cmpuint (segment->closing.target_duration_s, ==, 2);
    g_assert_false (segment->closing.is_discontinuous);
    check_equal (fixture->twins[0], fixture->twins[1], n);
  }
  encoder_free (encoder);
}

/* A packager that dies and returns gets what it missed, byte for byte. */
static void
test_resume (Fixture *fixture, gconstpointer data) {
  FakeServer *steady = fixture->twins[0], *shaky = fixture->twins[1];
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 5000, 200);
  wait_until (has_segments, &(Count){ shaky, 3 }, NULL, "three segments");
  shaky->has_resume = TRUE;
  shaky->resume = fake_server_last_closed (shaky);
  guint64 resumed = shaky->resume;
  us_rtmp_connection_close (shaky->connection, "test");
  encoder_send_media (encoder, 6000, 200);
  wait_until (has_publishes, &(Count){ shaky, 2 }, NULL, "second connection");
  encoder_send_media (encoder, 4000, 200);
  encoder_finish (encoder);
  for (guint i = 0; i < 2; i++)
    wait_until (is_ended, fixture->twins[i], NULL, "end mark");
  guint64 first = first_number (steady), last = fake_server_last_closed (steady);
  g_assert_cmpuint (last, ==, first + 7);
  g_assert_cmpuint (resumed, ==, first + 1);
  for (guint64 n = first; n <= last; n++)
    check_equal (steady, shaky, n);
  g_assert_cmpuint (shaky->n_configs, ==, 4); /* again on the new connection */
  encoder_free (encoder);
}

/* A target that reads nothing loses segments; its sister gets every one at once. */
static void
test_slow_target (Fixture *fixture, gconstpointer data) {
  FakeServer *stuck = fake_server_new (0, TRUE);
  g_free (fixture->urls[1]);
  fixture->urls[1] = fake_server_url (stuck);
  fixture->settings.ring_max_bytes = 8 * 1024 * 1024;
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 1000, 1000);
  wait_until (has_publishes, &(Count){ stuck, 1 }, stuck, "publish on the slow target");
  /* 40 MB: more than socket buffers and ring hold */
  encoder_send_media (encoder, 80000, 20000);
  wait_until (has_segments, &(Count){ fixture->twins[0], 41 }, NULL, "segments of the sister");
  encoder_finish (encoder);
  wait_until (is_ended, fixture->twins[0], NULL, "end mark of the sister");
  g_assert_cmpuint (fixture->twins[0]->n_media, ==, 81 * 75);
  wait_until (is_ended, stuck, stuck, "end mark of the slow target");
  g_assert_cmpuint (g_hash_table_size (stuck->segments), <, 41);
  /* what it did get whole is equal */
  GHashTableIter iter;
  gpointer key, value;
  guint n_equal = 0;
  g_hash_table_iter_init (&iter, stuck->segments);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    if (((FakeSegment *)value)->closing.closes == 0)
      continue;
    check_equal (fixture->twins[0], stuck, *(guint64 *)key);
    n_equal++;
  }
  g_assert_cmpuint (n_equal, >=, 2);
  encoder_free (encoder);
  g_clear_pointer (&fixture->ingest, us_ingest_free);
  fake_server_free (stuck);
}

static void
test_takeover (Fixture *fixture, gconstpointer data) {
  FakeServer *server = fixture->twins[0];
  start (fixture, us_clock_system ());
  Encoder *old = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (old, 1);
  encoder_send_media (old, 3000, 200);
  wait_until (has_segments, &(Count){ server, 2 }, NULL, "segments of the old one");
  /* the old one says nothing any more, but its connection lives */
  Encoder *newcomer = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (newcomer, 1);
  encoder_send_media (newcomer, 3000, 200);
  wait_until (is_ready, newcomer, NULL, "takeover");
  g_assert_true (newcomer->is_ready);
  wait_until (is_closed, old, NULL, "old publisher closed");
  encoder_finish (newcomer);
  guint64 first = first_number (server);
  wait_until (has_closed, &(Count){ server, first + 3 }, NULL, "segments of the new one");
  g_assert_true (fake_server_get (server, first + 2)->closing.is_discontinuous);
  g_assert_cmpuint (fake_server_get (server, first + 2)->closing.discontinuity, ==, 1);
  g_assert_cmpuint (fake_server_get (server, first + 2)->opening.epoch, >,
                    fake_server_get (server, first)->opening.epoch);
  encoder_free (old);
  encoder_free (newcomer);
}

static gboolean
on_speak (gpointer user_data) {
  encoder_send_media (user_data, 40, 200);
  return G_SOURCE_CONTINUE;
}

static void
test_busy_key (Fixture *fixture, gconstpointer data) {
  start (fixture, us_clock_system ());
  Encoder *old = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (old, 1);
  encoder_send_media (old, 1000, 200);
  wait_until (is_ready, old, NULL, "old publisher");
  guint speaking = g_timeout_add (20, on_speak, old);
  Encoder *newcomer = encoder_new (fixture->port, "cam1"); /* another form of the same key */
  wait_until (is_closed, newcomer, NULL, "refusal");
  g_assert_false (newcomer->is_ready);
  g_assert_nonnull (strstr (newcomer->fault, "BadName"));
  g_assert_false (old->is_closed);
  g_source_remove (speaking);
  encoder_free (old);
  encoder_free (newcomer);
}

static void
test_bad_names (Fixture *fixture, gconstpointer data) {
  static const char *const paths[] = { "live/.hidden", "live/a!b", "live/a~b", "live/a:b" };
  start (fixture, us_clock_system ());
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    Encoder *encoder = encoder_new (fixture->port, paths[i]);
    wait_until (is_closed, encoder, NULL, "refusal");
    g_assert_false (encoder->is_ready);
    g_assert_nonnull (strstr (encoder->fault, "Denied"));
    encoder_free (encoder);
  }
}

static void
test_max_streams (Fixture *fixture, gconstpointer data) {
  fixture->settings.max_streams = 1;
  start (fixture, us_clock_system ());
  Encoder *first = encoder_new (fixture->port, "live/a");
  wait_until (is_ready, first, NULL, "first");
  Encoder *second = encoder_new (fixture->port, "live/b");
  wait_until (is_closed, second, NULL, "refusal");
  g_assert_nonnull (strstr (second->fault, "max-streams"));
  /* one that has ended makes room */
  encoder_finish (first);
  wait_until (is_closed, first, NULL, "end of the first");
  Encoder *third = encoder_new (fixture->port, "live/c");
  wait_until (is_ready, third, NULL, "third");
  g_assert_true (third->is_ready);
  encoder_free (third);
  encoder_free (first);
  encoder_free (second);
}

static void
test_config_change (Fixture *fixture, gconstpointer data) {
  FakeServer *server = fixture->twins[0];
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 3000, 200);
  encoder_send_configs (encoder, 1); /* a repetition is no change */
  encoder_send_media (encoder, 2000, 200);
  encoder_send_configs (encoder, 2);
  encoder_send_media (encoder, 2000, 200);
  encoder_finish (encoder);
  wait_until (is_ended, server, NULL, "end mark");
  guint64 first = first_number (server);
  g_assert_cmpuint (g_hash_table_size (server->segments), ==, 4);
  FakeSegment *before = fake_server_get (server, first + 2);
  FakeSegment *after = fake_server_get (server, first + 3);
  g_assert_cmpuint (after->opening.epoch, >, before->opening.epoch);
  g_assert_cmpint (before->closing.closes_end_ms, ==, 5000);
  g_assert_true (after->closing.is_discontinuous);
  g_assert_cmpuint (server->n_configs, ==, 3); /* audio did not change */
  encoder_free (encoder);
}

/* A publisher that cannot be served is closed; its stream ends in order, its neighbour goes on. */
static void
test_faulty_publisher (Fixture *fixture, gconstpointer data) {
  FakeServer *server = fixture->twins[0];
  start (fixture, us_clock_system ());
  Encoder *good = encoder_new (fixture->port, "live/good");
  encoder_send_configs (good, 1);
  encoder_send_media (good, 1000, 200);
  Encoder *faulty = encoder_new (fixture->port, "live/faulty");
  for (guint i = 0; i < 50; i++) {
    encoder_send_configs (faulty, (guint8)i);
    encoder_send_media (faulty, 1000, 200);
  }
  wait_until (is_closed, faulty, NULL, "faulty publisher closed");
  g_assert_nonnull (strstr (faulty->fault, "NetStream.Publish.Denied: codec configuration"));
  encoder_send_media (good, 4000, 200);
  encoder_finish (good);
  while (server->n_end_marks < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (server->n_media, >=, 375);
  encoder_free (good);
  encoder_free (faulty);
}

/* A packager that is away when the stream ends still gets the end. */
static void
test_late_packager (Fixture *fixture, gconstpointer data) {
  FakeServer *steady = fixture->twins[0];
  guint16 port = us_rtmp_listener_get_port (fixture->twins[1]->listener);
  g_clear_pointer (&fixture->twins[1], fake_server_free);
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 3000, 200);
  encoder_finish (encoder);
  wait_until (is_ended, steady, NULL, "end mark");
  fixture->twins[1] = fake_server_new (port, FALSE);
  wait_until (is_ended, fixture->twins[1], NULL, "late end mark");
  guint64 first = first_number (steady);
  for (guint64 n = first; n < first + 2; n++)
    check_equal (steady, fixture->twins[1], n);
  encoder_free (encoder);
}

static gboolean
is_closed_server (gpointer data) {
  return ((FakeServer *)data)->n_closed > 0;
}

static gboolean
has_media (gpointer data) {
  return ((FakeServer *)data)->n_media > 0;
}

/* Any other RTMP server: no marks, time stamps that rise over epochs. */
static void
test_push (Fixture *fixture, gconstpointer data) {
  FakeServer *other = fake_server_new (0, FALSE);
  g_autofree char *url = fake_server_url (other);
  const char *urls[] = { url, NULL };
  fixture->settings.push_urls = urls;
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 1000, 200);
  wait_until (has_media, other, NULL, "first frames pushed");
  encoder_send_media (encoder, 2000, 200);
  encoder->time_ms = 900000000;
  encoder_send_media (encoder, 3000, 200);
  encoder_finish (encoder);
  wait_until (is_closed_server, other, NULL, "end of the push");
  g_assert_cmpuint (other->n_data, ==, 0);
  g_assert_cmpuint (other->n_media, ==, 2 * 225);
  g_assert_true (other->is_rising);
  g_assert_cmpuint (other->last_ms[1], <, 10000);
  encoder_free (encoder);
  g_clear_pointer (&fixture->ingest, us_ingest_free);
  fake_server_free (other);
}

static void
publish_some (Fixture *fixture, gint64 length_ms) {
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  fixture->twins[0]->n_end_marks = 0;
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, length_ms, 200);
  encoder_finish (encoder);
  wait_until (is_ended, fixture->twins[0], NULL, "end mark");
  encoder_free (encoder);
}

/* Numbers go on over a restart, also when the clock has gone back meanwhile. */
static void
test_restart (Fixture *fixture, gconstpointer data) {
  FakeServer *server = fixture->twins[0];
  UsFakeClock clock;
  us_fake_clock_init (&clock, 1000000, UNIX_S * G_USEC_PER_SEC);
  start (fixture, &clock.clock);
  publish_some (fixture, 5000);
  g_assert_cmpuint (first_number (server), ==, UNIX_S);
  g_clear_pointer (&fixture->ingest, us_ingest_free);
  us_fake_clock_init (&clock, 1000000, (UNIX_S - 86400) * G_USEC_PER_SEC);
  start (fixture, &clock.clock);
  publish_some (fixture, 3000);
  g_assert_cmpuint (fake_server_last_closed (server), ==, UNIX_S + 4);
  FakeSegment *before = fake_server_get (server, UNIX_S + 2);
  FakeSegment *after = fake_server_get (server, UNIX_S + 3);
  g_assert_cmpuint (after->opening.epoch, >, before->opening.epoch);
  g_assert_true (after->closing.is_discontinuous);
  g_assert_cmpuint (after->closing.discontinuity, ==, before->closing.discontinuity + 1);
  g_assert_cmpuint (after->closing.target_duration_s, ==, before->closing.target_duration_s);
}

/* Killed in the middle of a segment, twice: nobody has that one, so its number is used again, and
 * what viewers see has no hole. */
static void
test_killed (Fixture *fixture, gconstpointer data) {
  guint64 first = 0, first_epoch = 0;
  for (guint round = 0; round < 3; round++) {
    GSubprocess *child = spawn (fixture);
    Encoder *encoder = encoder_new (fixture->port, "live/cam1");
    encoder_send_configs (encoder, 1);
    encoder_send_media (encoder, 5000, 200); /* two segments and a half */
    for (guint i = 0; i < 2; i++) {
      Count count = { fixture->twins[i], 2 * round + 3 };
      wait_until (has_segments, &count, NULL, "a third segment");
    }
    if (round == 0)
      first = first_number (fixture->twins[0]);
    for (guint i = 0; i < 2; i++) {
      Count closed = { fixture->twins[i], first + 2 * round + 1 };
      wait_until (has_closed, &closed, NULL, "two whole segments");
    }
    kill_child (child);
    wait_until (are_disconnected, fixture, NULL, "the end of the relays");
    encoder_free (encoder);
    for (guint i = 0; i < 2; i++) {
      guint64 number = first + 2 * round;
      const FakeSegment *opening = fake_server_get (fixture->twins[i], number);
      g_assert_nonnull (opening);
      g_assert_cmpuint (fake_server_last_closed (fixture->twins[i]), ==, number + 1);
      g_assert_cmpuint (opening->opening.epoch, >, first_epoch);
      g_assert_cmpint (opening->closing.is_discontinuous, ==, round > 0);
      g_assert_cmpuint (opening->closing.discontinuity, ==, round);
      check_equal (fixture->twins[0], fixture->twins[1], number);
      check_equal (fixture->twins[0], fixture->twins[1], number + 1);
    }
    first_epoch = fake_server_get (fixture->twins[0], first + 2 * round)->opening.epoch;
  }
}

/* Audio three seconds ahead of its pictures: every segment has both. */
static void
test_audio_ahead (Fixture *fixture, gconstpointer data) {
  const gint64 lead_ms = 3000;
  FakeServer *server = fixture->twins[0];
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  for (gint64 t = 20; t < 10000; t += 20) {
    encoder_send (encoder, US_RTMP_AUDIO, t, media_audio ((guint32)t));
    if (t >= lead_ms && (t - lead_ms) % 40 == 0)
      encoder_send (encoder, US_RTMP_VIDEO, t - lead_ms,
                    media_video ((t - lead_ms) % 1000 == 0, (guint32)t, 200));
  }
  encoder_finish (encoder);
  wait_until (is_ended, server, NULL, "end mark");
  guint64 first = first_number (server);
  g_assert_cmpuint (fake_server_last_closed (server), ==, first + 3);
  for (guint64 number = first; number <= first + 3; number++) {
    const FakeSegment *one = fake_server_get (server, number);
    g_assert_cmpint (one->closing.tracks, ==, US_TRACK_VIDEO | US_TRACK_AUDIO);
    g_assert_cmpint (one->closing.closes_end_ms - one->opening.media_ms, <=, 2000);
    g_assert_false (one->closing.is_discontinuous);
  }
  encoder_free (encoder);
}

static gboolean
are_all_closed (gpointer data) {
  Encoder **encoders = data;
  for (guint i = 0; i < 50; i++) {
    if (!encoders[i]->is_closed)
      return FALSE;
  }
  return TRUE;
}

static void
test_fifty_publishers (Fixture *fixture, gconstpointer data) {
  Encoder *encoders[50];
  start (fixture, us_clock_system ());
  for (guint i = 0; i < 50; i++) {
    g_autofree char *path = g_strdup_printf ("live/s%u", i);
    encoders[i] = encoder_new (fixture->port, path);
    encoder_send_configs (encoders[i], 1);
    encoder_send_media (encoders[i], 3000, 500);
    encoder_finish (encoders[i]);
  }
  wait_until (are_all_closed, encoders, NULL, "all publishers");
  for (guint i = 0; i < 2; i++) {
    while (fixture->twins[i]->n_end_marks < 50)
      g_main_context_iteration (NULL, TRUE);
    g_assert_cmpuint (fixture->twins[i]->n_media, ==, 50 * 225);
  }
  for (guint i = 0; i < 50; i++)
    encoder_free (encoders[i]);
}

static void
on_drained (gpointer user_data) {
  *(gboolean *)user_data = TRUE;
}

static gboolean
is_true (gpointer data) {
  return *(gboolean *)data;
}

static void
test_drain (Fixture *fixture, gconstpointer data) {
  gboolean is_drained = FALSE;
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 3000, 200);
  wait_until (has_segments, &(Count){ fixture->twins[0], 2 }, NULL, "segments");
  us_ingest_drain (fixture->ingest, on_drained, &is_drained);
  Encoder *late = encoder_new (fixture->port, "live/cam2");
  wait_until (is_closed, late, NULL, "refusal while draining");
  g_assert_nonnull (strstr (late->fault, "shutting down"));
  wait_until (is_true, &is_drained, NULL, "drained");
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpuint (fixture->twins[i]->n_end_marks, ==, 1);
    g_assert_cmpuint (fixture->twins[i]->n_media, ==, 225);
  }
  encoder_free (encoder);
  encoder_free (late);
}

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer user_data) {
  GError *error = NULL;
  UsHttpReply **reply = user_data;
  *reply = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  g_assert_no_error (error);
}

static gboolean
is_set (gpointer data) {
  return *(gpointer *)data != NULL;
}

static char *
fetch (Fixture *fixture, const char *path) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test");
  g_autoptr (UsHttpReply) reply = NULL;
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u%s",
                                          us_ingest_get_status_port (fixture->ingest), path);
  UsHttpFetch settings = { 0 };
  us_http_client_fetch_async (client, url, &settings, NULL, on_fetched, &reply);
  wait_until (is_set, &reply, NULL, "HTTP reply");
  g_assert_cmpuint (reply->status, ==, 200);
  gsize size = 0;
  const char *text = g_bytes_get_data (reply->body, &size);
  return g_strndup (text, size);
}

static void
test_status (Fixture *fixture, gconstpointer data) {
  start (fixture, us_clock_system ());
  Encoder *encoder = encoder_new (fixture->port, "live/cam1");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 5000, 200);
  wait_until (has_segments, &(Count){ fixture->twins[0], 3 }, NULL, "segments");
  g_autofree char *health = fetch (fixture, "/healthz");
  static const char *const parts[] = {
    "\"status\":\"ok\"",        "\"name\":\"cam1\"",
    "\"codec\":\"h264\"",       "\"codec\":\"aac\"",
    "\"state\":\"streaming\"",  "\"fps\":25",
    "\"target_duration_s\":2",  "\"keyframe_interval_ms\":1000",
    "\"sample_rate_hz\":44100", "\"publishes\":1",
    "\"takeovers\":0",          "\"started_ms\":1",
  };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_test_message ("%s in %s", parts[i], health);
    g_assert_nonnull (strstr (health, parts[i]));
  }
  g_autofree char *metrics = fetch (fixture, "/metrics");
  static const char *const lines[] = {
    "understudy_ingest_publishing{stream=\"cam1\"} 1\n",
    "understudy_ingest_epochs_total{stream=\"cam1\"} 1\n",
    "understudy_ingest_frames_total{stream=\"cam1\",track=\"video\"} 125\n",
    "understudy_ingest_dropped_total{stream=\"cam1\",track=\"audio\",reason=\"order\"} 0\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_test_message ("%s in %s", lines[i], metrics);
    g_assert_nonnull (strstr (metrics, lines[i]));
  }
  encoder_free (encoder);
}

static void
test_port_in_use (Fixture *fixture, gconstpointer data) {
  fixture->settings.rtmp.port = us_rtmp_listener_get_port (fixture->twins[0]->listener);
  g_autoptr (GError) error = NULL;
  UsIngest *ingest = us_ingest_new (&fixture->settings, us_clock_system (), &error);
  g_assert_null (ingest);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

int
main (int argc, char **argv) {
  serve_if_asked (argc, argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/ingest/marks", test_marks);
  ADD ("/ingest/resume", test_resume);
  ADD ("/ingest/slow-target", test_slow_target);
  ADD ("/ingest/takeover", test_takeover);
  ADD ("/ingest/busy-key", test_busy_key);
  ADD ("/ingest/bad-names", test_bad_names);
  ADD ("/ingest/max-streams", test_max_streams);
  ADD ("/ingest/config-change", test_config_change);
  ADD ("/ingest/faulty-publisher", test_faulty_publisher);
  ADD ("/ingest/late-packager", test_late_packager);
  ADD ("/ingest/push", test_push);
  ADD ("/ingest/restart", test_restart);
  ADD ("/ingest/killed", test_killed);
  ADD ("/ingest/audio-ahead", test_audio_ahead);
  ADD ("/ingest/fifty-publishers", test_fifty_publishers);
  ADD ("/ingest/drain", test_drain);
  ADD ("/ingest/status", test_status);
  ADD ("/ingest/port-in-use", test_port_in_use);
  return g_test_run ();
}
