/* test-intake.c - what is kept of a publisher that stands by, and what comes out again */
#include "ingest/intake.h"

#include "media.h"

#define LIMIT_MS 1000

static gint64
us (gint64 ms) {
  return (5000 + ms) * G_GINT64_CONSTANT (1000);
}

static gboolean
push (UsIntake *intake, UsRtmpMessageType type, gint64 at_ms, GBytes *payload) {
  UsRtmpMessage message = { .type = type, .timestamp_ms = (guint32)at_ms, .payload = payload };
  gboolean is_key = us_intake_push (intake, &message, us (at_ms), LIMIT_MS);
  g_bytes_unref (payload);
  return is_key;
}

static void
push_configs (UsIntake *intake, gint64 at_ms, guint8 variant) {
  g_assert_false (push (intake, US_RTMP_VIDEO, at_ms, media_video_config (variant)));
  g_assert_false (push (intake, US_RTMP_AUDIO, at_ms, media_audio_config (FALSE)));
}

/* Video of 25 fps with a key frame each second, audio behind each picture, [@from, @until). */
static void
push_media (UsIntake *intake, gint64 from_ms, gint64 until_ms, gsize bytes) {
  for (gint64 at_ms = from_ms; at_ms < until_ms; at_ms += 40) {
    gboolean is_key = at_ms % 1000 == 0;
    g_assert_cmpint (
        push (intake, US_RTMP_VIDEO, at_ms, media_video (is_key, (guint32)at_ms, bytes)), ==,
        is_key);
    g_assert_false (push (intake, US_RTMP_AUDIO, at_ms, media_audio ((guint32)at_ms)));
  }
}

/* Replayed: what came out, as text: "V0" "A0" configurations, "v<ms>" "a<ms>" frames, "M" data. */
static void
on_message (UsRtmpMessageType type, guint32 timestamp_ms, GBytes *payload, gint64 arrived_us,
            gpointer user_data) {
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (payload, &size);
  GString *out = user_data;
  if (type == US_RTMP_DATA_AMF0)
    g_string_append (out, "M ");
  else if (data[1] == 0)
    g_string_append_printf (out, "%c%u ", type == US_RTMP_VIDEO ? 'V' : 'A', data[size - 1]);
  else {
    g_assert_cmpint (arrived_us, ==, us (timestamp_ms));
    g_string_append_printf (out, "%c%u ", type == US_RTMP_VIDEO ? 'v' : 'a', timestamp_ms);
  }
}

static char *
replay (UsIntake *intake, gint64 key_us) {
  GString *out = g_string_new (NULL);
  us_intake_replay (intake, key_us, on_message, out);
  return g_string_free (out, FALSE);
}

static void
test_nearest (void) {
  static const struct {
    gint64 at_ms, key_ms;
  } rows[] = { { 6400, 6000 }, { 6600, 7000 }, { 100, 4000 }, { 90000, 7000 }, { 5000, 5000 } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsIntake) intake = us_intake_new ();
    us_intake_keep (intake, TRUE);
    g_assert_false (us_intake_is_ready (intake));
    g_assert_cmpint (us_intake_nearest_key_us (intake, us (0)), ==, 0);
    push_configs (intake, 0, 7);
    push_media (intake, 0, 7080, 100);
    g_assert_true (us_intake_is_ready (intake));
    g_assert_cmpint (us_intake_next_key_us (intake), ==, us (8000));
    gint64 key_us = us_intake_nearest_key_us (intake, us (rows[i].at_ms));
    g_assert_cmpint (key_us, ==, us (rows[i].key_ms));
    g_autofree char *out = replay (intake, key_us);
    g_autofree char *start = g_strdup_printf ("A16 V7 v%" G_GINT64_FORMAT " a%" G_GINT64_FORMAT
                                              " v%" G_GINT64_FORMAT " ",
                                              rows[i].key_ms, rows[i].key_ms, rows[i].key_ms + 40);
    g_test_message ("%s", out);
    g_assert_true (g_str_has_prefix (out, start));
    g_assert_true (g_str_has_suffix (out, "v7000 a7000 v7040 a7040 "));
  }
}

static void
test_window (void) {
  g_autoptr (UsIntake) intake = us_intake_new ();
  us_intake_keep (intake, TRUE);
  push_configs (intake, 0, 7);
  push_media (intake, 0, 60040, 100);
  /* three seconds and what the oldest needs */
  g_assert_cmpint (us_intake_nearest_key_us (intake, us (0)), ==, us (57000));
  g_assert_cmpuint (us_intake_get_bytes (intake), <=, 4 * 25 * (100 + 8));
  us_intake_keep (intake, FALSE);
  g_assert_cmpuint (us_intake_get_bytes (intake), ==, 0);
  push_media (intake, 61000, 63000, 100);
  g_assert_false (us_intake_is_ready (intake));
  us_intake_keep (intake, TRUE);
  push_media (intake, 63040, 63960, 100);
  g_assert_false (us_intake_is_ready (intake)); /* no key frame yet */
  push_media (intake, 64000, 64080, 100);
  g_autofree char *out = replay (intake, us_intake_nearest_key_us (intake, us (64000)));
  g_assert_cmpstr (out, ==, "A16 V7 v64000 a64000 v64040 a64040 ");
}

/* The configuration in force at the key frame is replayed, later ones at their place. */
static void
test_changed_config (void) {
  g_autoptr (UsIntake) intake = us_intake_new ();
  us_intake_keep (intake, TRUE);
  push_configs (intake, 0, 1);
  push_media (intake, 0, 40, 100);
  g_assert_false (push (intake, US_RTMP_VIDEO, 960, media_video_config (2)));
  push_media (intake, 1000, 1040, 100);
  g_autofree char *both = replay (intake, us (0));
  g_assert_cmpstr (both, ==, "A16 V1 v0 a0 V2 v1000 a1000 ");
  g_autofree char *late = replay (intake, us (1000));
  g_assert_cmpstr (late, ==, "A16 V2 v1000 a1000 ");
}

static void
test_without_key (void) {
  g_autoptr (UsIntake) intake = us_intake_new ();
  us_intake_keep (intake, TRUE);
  g_assert_false (push (intake, US_RTMP_DATA_AMF0, 0, g_bytes_new_static ("m", 1)));
  push_configs (intake, 0, 3);
  push_media (intake, 40, 400, 100);
  g_assert_false (us_intake_is_ready (intake));
  g_autofree char *out = replay (intake, 0);
  g_assert_cmpstr (out, ==, "A16 V3 "); /* data is of no use, and of any size */
}

/* A stream without pictures may start anywhere; once pictures come, sound alone is no start. */
static void
test_audio_only (void) {
  g_autoptr (UsIntake) intake = us_intake_new ();
  us_intake_keep (intake, TRUE);
  g_assert_false (push (intake, US_RTMP_AUDIO, 0, media_audio_config (FALSE)));
  for (gint64 at_ms = 0; at_ms < 20000; at_ms += 23)
    g_assert_true (push (intake, US_RTMP_AUDIO, at_ms, media_audio ((guint32)at_ms)));
  g_assert_cmpint (us_intake_nearest_key_us (intake, us (19000)), ==, us (18998));
  g_assert_cmpuint (us_intake_get_bytes (intake), <=, 8 * (US_INTAKE_KEEP_MS / 23 + 2));
  g_assert_false (push (intake, US_RTMP_VIDEO, 20000, media_video (FALSE, 1, 100)));
  g_assert_false (us_intake_is_ready (intake));
  g_assert_false (push (intake, US_RTMP_AUDIO, 20010, media_audio (1)));
  g_assert_false (us_intake_is_ready (intake));
}

/* Pictures of a codec that cannot be packaged: their sound alone is no start either. */
static void
test_unsupported_video (void) {
  g_autoptr (UsIntake) intake = us_intake_new ();
  us_intake_keep (intake, TRUE);
  g_assert_false (push (intake, US_RTMP_AUDIO, 0, media_audio_config (FALSE)));
  g_assert_true (push (intake, US_RTMP_AUDIO, 0, media_audio (0)));
  for (guint32 at_ms = 0; at_ms < 2000; at_ms += 40) {
    g_assert_false (push (intake, US_RTMP_VIDEO, at_ms, media_video_av1 (at_ms)));
    g_assert_false (push (intake, US_RTMP_AUDIO, at_ms, media_audio (at_ms)));
    g_assert_false (us_intake_is_ready (intake));
  }
  g_assert_false (us_intake_get_punctual (intake)->is_started);
}

/* Key frames whose configuration did not come, or is broken: no start before a good one. */
static void
test_unusable_video (void) {
  g_autoptr (UsIntake) intake = us_intake_new ();
  us_intake_keep (intake, TRUE);
  for (guint32 at_ms = 0; at_ms < 2000; at_ms += 40) {
    if (at_ms == 1000)
      g_assert_false (
          push (intake, US_RTMP_VIDEO, at_ms, g_bytes_new_static ("\x17\0\0\0\0\1", 6)));
    g_assert_false (push (intake, US_RTMP_VIDEO, at_ms, media_video (TRUE, at_ms, 100)));
    g_assert_false (push (intake, US_RTMP_AUDIO, at_ms, media_audio (at_ms)));
    g_assert_false (us_intake_is_ready (intake));
  }
  g_assert_false (push (intake, US_RTMP_VIDEO, 2000, media_video_config (1)));
  g_assert_true (push (intake, US_RTMP_VIDEO, 2000, media_video (TRUE, 2000, 100)));
  g_assert_true (us_intake_is_ready (intake));
}

/* No key frame for minutes, huge frames: bounded, and good again with the next key frame. */
static void
test_bounds (void) {
  g_autoptr (UsIntake) intake = us_intake_new ();
  us_intake_keep (intake, TRUE);
  push_configs (intake, 0, 7);
  g_assert_true (push (intake, US_RTMP_VIDEO, 0, media_video (TRUE, 0, 100)));
  for (gint64 i = 1; i < 3 * US_INTAKE_MAX_ITEMS; i++) {
    (void)push (intake, US_RTMP_VIDEO, i * 40, media_video (FALSE, (guint32)i, 1000));
    g_assert_cmpuint (us_intake_get_bytes (intake), <=, US_INTAKE_MAX_BYTES);
  }
  g_assert_false (us_intake_is_ready (intake));
  gint64 at_ms = 4 * US_INTAKE_MAX_ITEMS * 40;
  for (gint64 i = 0; i < 200; i++) {
    at_ms += 40;
    (void)push (intake, US_RTMP_VIDEO, at_ms, media_video (i % 25 == 0, (guint32)i, 1024 * 1024));
    g_assert_cmpuint (us_intake_get_bytes (intake), <=, US_INTAKE_MAX_BYTES);
  }
  push_configs (intake, at_ms, 7);
  at_ms += 1000 - at_ms % 1000;
  push_media (intake, at_ms, at_ms + 80, 100);
  g_assert_true (us_intake_is_ready (intake));
}

/* Anything at all is taken without a word. */
static void
test_garbage (void) {
  g_autoptr (UsIntake) intake = us_intake_new ();
  us_intake_keep (intake, TRUE);
  for (guint round = 0; round < 4096; round++) {
    guint8 data[16];
    gsize size = round % sizeof data;
    for (gsize i = 0; i < size; i++)
      data[i] = (guint8)(i == 0 ? round >> 4 : g_test_rand_int ());
    (void)push (intake, round % 2 == 0 ? US_RTMP_VIDEO : US_RTMP_AUDIO, round,
                g_bytes_new (data, size));
  }
  g_assert_cmpuint (us_intake_get_bytes (intake), <=, 4096 * 16);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/intake/nearest", test_nearest);
  g_test_add_func ("/intake/window", test_window);
  g_test_add_func ("/intake/changed-config", test_changed_config);
  g_test_add_func ("/intake/without-key", test_without_key);
  g_test_add_func ("/intake/audio-only", test_audio_only);
  g_test_add_func ("/intake/unsupported-video", test_unsupported_video);
  g_test_add_func ("/intake/unusable-video", test_unusable_video);
  g_test_add_func ("/intake/bounds", test_bounds);
  g_test_add_func ("/intake/garbage", test_garbage);
  return g_test_run ();
}
