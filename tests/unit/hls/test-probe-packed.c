/* test-probe-packed.c - sound without a container, with tags as they come, and broken */
#include "fixture.h"
#include "hls/inspect.h"

#define OWNER "com.apple.streaming.transportStreamTimestamp"
/* One second of AAC at 8 kHz has no whole number of frames: 8 frames are 1.024 s. */
#define N_FRAMES 8
#define FRAME 32

/* ADTS, 8 kHz mono. */
static void
add_aac (GByteArray *bytes, guint n) {
  for (guint i = 0; i < n; i++) {
    guint8 frame[FRAME] = { 0xff, 0xf1, 0x6c, 0x40, FRAME >> 3, (FRAME & 7) << 5 | 0x1f, 0xfc };
    g_byte_array_append (bytes, frame, sizeof frame);
  }
}

static void
add_tag (GByteArray *bytes, gint64 ticks, guint padding) {
  guint content = 10 + sizeof OWNER + 8 + padding;
  guint8 head[] = { 'I', 'D', '3', 4, 0, 0, 0, 0, (guint8)(content >> 7), content & 0x7f };
  guint8 frame[] = { 'P', 'R', 'I', 'V', 0, 0, 0, sizeof OWNER + 8, 0, 0 };
  guint64 time = GUINT64_TO_BE ((guint64)ticks);
  g_byte_array_append (bytes, head, sizeof head);
  g_byte_array_append (bytes, frame, sizeof frame);
  g_byte_array_append (bytes, (const guint8 *)OWNER, sizeof OWNER);
  g_byte_array_append (bytes, (const guint8 *)&time, 8);
  g_autofree guint8 *zeros = g_malloc0 (padding + 1);
  g_byte_array_append (bytes, zeros, padding);
}

static UsInspection *
inspect (GByteArray *bytes, GError **error) {
  g_autoptr (GBytes) segment = exact (bytes->data, bytes->len);
  return us_inspect_segment (segment, NULL, error);
}

static void
test_times (void) {
  static const gint64 ticks[] = { 0, 90000, (G_GINT64_CONSTANT (1) << 33) - 1 };
  for (guint i = 0; i < G_N_ELEMENTS (ticks); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autoptr (GError) error = NULL;
    add_tag (bytes, ticks[i], i * 30);
    add_aac (bytes, N_FRAMES);
    g_autoptr (UsInspection) self = inspect (bytes, &error);
    g_assert_no_error (error);
    g_assert_cmpint (self->probe->container, ==, US_CONTAINER_PACKED);
    g_assert_true (self->probe->has_audio && !self->probe->has_video);
    g_assert_cmpint (self->probe->first_audio_us, ==, ticks[i] * 100 / 9);
    g_assert_cmpint (self->probe->end_audio_us - self->probe->first_audio_us, ==, 1024000);
    g_assert_cmpint (self->duration_us, ==, 1024000);
    g_assert_cmpstr (self->audio_codec, ==, "mp4a.40.2");
    g_assert_cmpuint (self->audio.n, ==, N_FRAMES);
    g_assert_cmpuint (self->audio.p90, ==, FRAME);
    g_assert_cmpuint (self->audio_rate_hz, ==, 8000);
    g_assert_cmpuint (self->audio_channels, ==, 1);
  }
  gint64 wrap_us = (G_GINT64_CONSTANT (1) << 33) * 100 / 9;
  g_assert_cmpint (ABS (us_probe_time_diff_us (US_CONTAINER_PACKED, 5, wrap_us - 5) - 10), <=, 1);
}

static void
test_no_time (void) {
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  add_aac (bytes, N_FRAMES);
  g_autoptr (UsInspection) self = inspect (bytes, &error);
  g_assert_no_error (error);
  g_assert_true (self->probe->has_audio);
  g_assert_cmpint (self->probe->first_audio_us, ==, G_MININT64);
  g_assert_cmpint (self->duration_us, ==, 1024000);
  g_assert_cmpint (self->skew_us, ==, G_MININT64);
  /* The switcher cannot join it. */
  g_autoptr (GBytes) segment = exact (bytes->data, bytes->len);
  probe_fails (segment, NULL, US_PROBE_ERROR_CONTAINER, "neither");
}

/* Cut at every byte: an error or less sound, never a read beyond the end. */
static void
test_cut (void) {
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  add_tag (bytes, 90000, 10);
  guint begin = bytes->len, n_whole = 0;
  add_aac (bytes, 3);
  for (guint n = 1; n < bytes->len; n++) {
    g_autoptr (GBytes) segment = exact (bytes->data, n);
    g_autoptr (GError) error = NULL;
    g_autoptr (UsInspection) self = us_inspect_segment (segment, NULL, &error);
    g_assert_true ((self == NULL) == (error != NULL));
    if (self == NULL)
      continue;
    g_assert_cmpuint ((n - begin) % FRAME, ==, 0);
    n_whole++;
  }
  g_assert_cmpuint (n_whole, ==, 2);
}

static void
test_hostile (void) {
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  add_tag (bytes, 90000, 0);
  add_aac (bytes, 3);
  memset (bytes->data + 6, 0x7f, 4); /* a tag of 256 MB */
  g_assert_null (inspect (bytes, &error));
  g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
  g_clear_error (&error);
  g_byte_array_set_size (bytes, 0);
  add_tag (bytes, 90000, 0);
  memset (bytes->data + 14, 0x7f, 4); /* a frame of as much: the time is not known */
  add_aac (bytes, 3);
  g_autoptr (UsInspection) self = inspect (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpint (self->probe->first_audio_us, ==, G_MININT64);
  g_byte_array_set_size (bytes, 0);
  for (guint i = 0; i < 1000; i++) /* nothing but tags */
    add_tag (bytes, 90000, 0);
  g_assert_null (inspect (bytes, &error));
  g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe-packed/times", test_times);
  g_test_add_func ("/probe-packed/no-time", test_no_time);
  g_test_add_func ("/probe-packed/cut", test_cut);
  g_test_add_func ("/probe-packed/hostile", test_hostile);
  return g_test_run ();
}
