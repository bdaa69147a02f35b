/* test-changes.c - faults R6 and R10: publishers that come back as somebody else, and damaged media
 *
 * With a healthy publisher beside them. The numbers of the stream go on, each change is one
 * discontinuity, what cannot be cut is cut off, and damage stays with whoever sent it.
 */
#include <string.h>

#include "steady.h"
#include "unit/ingest/media.h"

#define KEY "live/second"

static void
begin (Steady *steady, Fixture *fixture) {
  fixture->settings.segment_duration_ms = STEADY_SEGMENT_MS;
  start (fixture, us_clock_system ());
  *steady = (Steady){ 0 };
  steady_begin (steady, fixture);
}

/* -------------------------------------------------------------------------------------- R6 */

typedef struct {
  const char *name;
  guint8 video; /* variant of the configuration, 0: no pictures */
  guint audio;  /* channels, 0: no sound */
  gboolean is_mp3, all_keys, has_b_frames;
} Shape;

static const Shape shapes[] = {
  { "plain", 1, 2, FALSE, FALSE, FALSE },       { "another size", 2, 2, FALSE, FALSE, FALSE },
  { "mono", 2, 1, FALSE, FALSE, FALSE },        { "mp3", 2, 1, TRUE, FALSE, FALSE },
  { "no sound", 2, 0, FALSE, FALSE, FALSE },    { "sound alone", 0, 2, FALSE, FALSE, FALSE },
  { "B-frames", 3, 2, FALSE, FALSE, TRUE },     { "key frames alone", 3, 2, FALSE, TRUE, FALSE },
  { "plain again", 1, 2, FALSE, FALSE, FALSE },
};

/* Byte 2 to 4 of a picture's message: the time between decoding and showing it. */
static GBytes *
with_composition (GBytes *payload, guint8 ms) {
  gsize size;
  guint8 *data = g_bytes_unref_to_data (payload, &size);
  data[4] = ms;
  return g_bytes_new_take (data, size);
}

static void
send_shape (Encoder *encoder, const Shape *shape, gint64 length_ms) {
  if (shape->video != 0)
    encoder_send (encoder, US_RTMP_VIDEO, 0, media_video_config (shape->video));
  if (shape->audio != 0 && !shape->is_mp3)
    encoder_send (encoder, US_RTMP_AUDIO, 0, media_audio_config (shape->audio == 1));
  for (gint64 t = 0; t < length_ms; t += 40) {
    guint n = (guint)(t / 40);
    gboolean is_key = shape->all_keys || t % 400 == 0;
    GBytes *picture = media_video (is_key, (guint32)t, 200);
    if (shape->has_b_frames)
      picture = with_composition (picture, is_key ? 80 : n % 3 == 0 ? 120 : 0);
    if (shape->video != 0)
      encoder_send (encoder, US_RTMP_VIDEO, t, picture);
    else
      g_bytes_unref (picture);
    if (shape->audio != 0)
      encoder_send (encoder, US_RTMP_AUDIO, t + 5,
                    shape->is_mp3 ? media_mp3 ((guint32)t) : media_audio ((guint32)t));
  }
  encoder_flush (encoder);
}

typedef struct {
  Fixture *fixture;
  guint n_end_marks;
} Ends;

static gboolean
have_ended (gpointer data) {
  Ends *ends = data;
  return ends->fixture->twins[0]->n_end_marks >= ends->n_end_marks
         && ends->fixture->twins[1]->n_end_marks >= ends->n_end_marks;
}

static void
test_r6_reconnects (Fixture *fixture, gconstpointer data) {
  Steady steady;
  begin (&steady, fixture);
  guint n_before = 0;
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    g_test_message ("%s", shapes[i].name);
    Encoder *encoder = encoder_new (fixture->port, KEY);
    send_shape (encoder, &shapes[i], 2400);
    wait_until (is_ready, encoder, NULL, "the publisher that is another one now");
    g_assert_true (encoder->is_ready);
    encoder_finish (encoder);
    wait_until (is_closed, encoder, NULL, "its end");
    encoder_free (encoder);
    wait_until (have_ended, &(Ends){ fixture, i + 1 }, NULL, "its end mark");
    Run run;
    run_read (fixture, KEY, &run);
    g_assert_cmpuint (run.n_breaks, ==, i); /* one for each, none for the first */
    g_assert_cmpuint (run.n_segments, >=, n_before + 5);
    g_assert_cmpint (run.longest_ms, <=, run.target_duration_s * 1500ll);
    n_before = run.n_segments;
  }
  steady_end (&steady);
}

/* One key frame and never another: what is open is bounded by time and by bytes, then the publisher
 * is told what to set; its number is not lost, and the next one goes on behind it. */
static void
test_r6_no_keyframe (Fixture *fixture, gconstpointer data) {
  static const gsize frame_bytes[] = { 200, 20000 };
  Steady steady;
  fixture->settings.ring_max_bytes = 8 * 1024 * 1024;
  begin (&steady, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (frame_bytes); i++) {
    Encoder *encoder = encoder_new (fixture->port, KEY);
    encoder_send_configs (encoder, 1);
    for (gint64 t = 0; t <= 61000; t += 40) {
      encoder_send (encoder, US_RTMP_VIDEO, t, media_video (t == 0, (guint32)t, frame_bytes[i]));
      encoder_send (encoder, US_RTMP_AUDIO, t + 5, media_audio ((guint32)t));
    }
    encoder_flush (encoder);
    wait_until (is_closed, encoder, NULL, "the end of one without key frames");
    g_assert_nonnull (strstr (encoder->fault, "key-frame interval"));
    encoder_free (encoder);
    wait_until (have_ended, &(Ends){ fixture, i + 1 }, NULL, "its end mark");
  }
  Encoder *good = encoder_new (fixture->port, KEY);
  send_shape (good, &shapes[0], 2400);
  wait_until (run_has, &(RunCount){ fixture, KEY, 6 }, NULL, "segments of a better one");
  Run run;
  run_read (fixture, KEY, &run); /* no number is missing */
  g_assert_cmpint (run.longest_ms, <=, 60100);
  g_assert_cmpuint (run.n_breaks, ==, 2);
  encoder_free (good);
  steady_end (&steady);
}

/* ------------------------------------------------------------------------------------- R10 */

/* Flips some bits of a message, or cuts it, or leaves it as it is. */
static GBytes *
damage (GRand *random, GBytes *payload) {
  gsize size;
  guint8 *data = g_bytes_unref_to_data (payload, &size);
  guint n_flips = g_rand_boolean (random) ? 0 : (guint)g_rand_int_range (random, 1, 5);
  /* The first bytes say what a message is: there damage does most. */
  for (guint i = 0; i < n_flips && size > 0; i++) {
    gint32 reach = (gint32)(g_rand_boolean (random) ? MIN (size, 6) : size);
    data[g_rand_int_range (random, 0, reach)] ^= (guint8)(1 << g_rand_int_range (random, 0, 8));
  }
  if (g_rand_int_range (random, 0, 40) == 0)
    size = (gsize)g_rand_int_range (random, 0, (gint32)size + 1);
  return g_bytes_new_take (data, size);
}

/* Sends up to @length_ms of damaged media; a publisher that is sent away for it comes back. */
static void
send_damaged (Steady *steady, guint32 seed, gint64 length_ms, guint *n_lives) {
  Fixture *fixture = steady->fixture;
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  Encoder *encoder = encoder_new (fixture->port, KEY);
  for (gint64 t = 0; t < length_ms; t += 40) {
    if (t % 4000 == 0) {
      encoder_send (encoder, US_RTMP_VIDEO, t, damage (random, media_video_config (1)));
      encoder_send (encoder, US_RTMP_AUDIO, t, damage (random, media_audio_config (FALSE)));
    }
    encoder_send (encoder, US_RTMP_VIDEO, t,
                  damage (random, media_video (t % 400 == 0, (guint32)t, 100)));
    encoder_send (encoder, US_RTMP_AUDIO, t + 5, damage (random, media_audio ((guint32)t)));
    if (t % 2000 == 0) {
      encoder_flush (encoder);
      wait_until (is_ready, encoder, NULL, "an answer");
      steady_run_frames (steady, 1); /* the ring holds 14 s: a burst of more is the relays' loss */
    }
    if (encoder->is_closed) {
      encoder_free (encoder);
      encoder = encoder_new (fixture->port, KEY);
      (*n_lives)++;
    }
  }
  encoder_finish (encoder);
  wait_until (is_closed, encoder, NULL, "the end");
  encoder_free (encoder);
}

static void
test_r10_damage (Fixture *fixture, gconstpointer data) {
  Steady steady;
  guint n_lives = 0;
  begin (&steady, fixture);
  for (guint32 seed = 1; seed <= 6; seed++) { /* 3,000 messages each */
    send_damaged (&steady, seed, 60000, &n_lives);
    steady_run (&steady, 1);
  }
  /* the key is not spoilt by what was published under it */
  Run before, after;
  run_read (fixture, KEY, &before);
  Encoder *good = encoder_new (fixture->port, KEY);
  send_shape (good, &shapes[0], 2400);
  wait_until (is_ready, good, NULL, "a good publisher");
  g_assert_true (good->is_ready);
  wait_until (run_has, &(RunCount){ fixture, KEY, before.n_segments + 5 }, NULL, "good segments");
  run_read (fixture, KEY, &after);
  g_test_message ("%u segments of damaged media, %u reconnects", before.n_segments, n_lives);
  g_assert_cmpuint (after.first, ==, before.first);
  encoder_free (good);
  steady_end (&steady);
}

/* An AVC configuration without parameter sets, with lengths that lie, and changes of it in the
 * middle of a group of pictures. */
static void
test_r10_parameter_sets (Fixture *fixture, gconstpointer data) {
  static const guint8 no_sps[] = { 0x17, 0, 0, 0, 0, 1, 0x42, 0xc0, 0x0d, 0xff, 0xe0, 0 };
  static const guint8 lying[] = { 0x17, 0, 0, 0, 0, 1, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0xff, 0xff };
  static const guint8 nothing[] = { 0x17, 0, 0, 0, 0 };
  Steady steady;
  begin (&steady, fixture);
  Encoder *encoder = encoder_new (fixture->port, KEY);
  send_shape (encoder, &shapes[0], 2000);
  GBytes *const bad[]
      = { g_bytes_new_static (no_sps, sizeof no_sps), g_bytes_new_static (lying, sizeof lying),
          g_bytes_new_static (nothing, sizeof nothing) };
  gint64 t = 2000;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    encoder_send (encoder, US_RTMP_VIDEO, t, bad[i]);
    for (gint64 end = t + 1200; t < end; t += 40) {
      encoder_send (encoder, US_RTMP_VIDEO, t, media_video (t % 400 == 0, (guint32)t, 200));
      encoder_send (encoder, US_RTMP_AUDIO, t + 5, media_audio ((guint32)t));
      if (i == 2 && t == end - 600) /* a change, between two key frames */
        encoder_send (encoder, US_RTMP_VIDEO, t, media_video_config (2));
    }
  }
  encoder_flush (encoder);
  wait_until (is_ready, encoder, NULL, "the publisher");
  encoder_finish (encoder);
  wait_until (is_closed, encoder, NULL, "its end");
  wait_until (have_ended, &(Ends){ fixture, 1 }, NULL, "its end mark");
  Run run;
  run_read (fixture, KEY, &run);
  g_assert_cmpuint (run.n_segments, >=, 10);
  g_assert_cmpint (run.longest_ms, <=, run.target_duration_s * 1500ll);
  g_assert_cmpuint (run.n_breaks, ==, 1); /* the one change that can be read */
  encoder_free (encoder);
  steady_end (&steady);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/faults/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("R6/reconnects", test_r6_reconnects);
  ADD ("R6/no-key-frame", test_r6_no_keyframe);
  ADD ("R10/damage", test_r10_damage);
  ADD ("R10/parameter-sets", test_r10_parameter_sets);
  return g_test_run ();
}
