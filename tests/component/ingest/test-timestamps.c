/* test-timestamps.c - fault R5: publishers whose clocks wrap, jump, fall back, differ or stand
 * still
 *
 * With a healthy one beside them. Whatever the clock does: a segment is at most 1.5 target
 * durations long, a jump is one discontinuity, a wrap is none, both packagers are told the same,
 * and nothing turns in circles.
 */
#include <sys/resource.h>

#include "steady.h"
#include "unit/ingest/media.h"

#define LENGTH_MS 6000
#define EVENT_MS 3000

typedef struct {
  const char *name;
  guint32 video_base, audio_base; /* time stamps of the first frames */
  gint64 jump_ms;                 /* what the clock does at EVENT_MS */
  guint32 mask;                   /* of what is sent */
  guint n_breaks;
  gint64 lost_ms; /* media that may be missing: what was underway at a jump */
} Row;

#define ALL 0xffffffffu
#define HOUR_MS (3600 * 1000)

static const Row rows[] = {
  { "24-bit", 0xffffffu - EVENT_MS, 0xffffffu - EVENT_MS, 0, ALL, 0, 0 },
  { "31-bit", 0x80000000u - EVENT_MS, 0x80000000u - EVENT_MS, 0, ALL, 0, 0 },
  { "31-bit-wraps", 0x80000000u - EVENT_MS, 0x80000000u - EVENT_MS, 0, 0x7fffffffu, 0, 0 },
  { "32-bit-wraps", 0u - EVENT_MS, 0u - EVENT_MS, 0, ALL, 0, 0 },
  { "back-1-ms", 5000, 5000, -41, ALL, 0, 100 },
  { "back-1-h", 2 * HOUR_MS, 2 * HOUR_MS, -HOUR_MS, ALL, 1, 500 },
  { "reset-to-0", 100000, 100000, -100000 - EVENT_MS, ALL, 1, 500 },
  { "ahead-1-h", 0, 0, HOUR_MS, ALL, 1, 500 },
  { "ahead-1-h-over-2^32", 0u - 2000, 0u - 2000, HOUR_MS, ALL, 1, 500 },
  { "audio-1000-s-ahead", 5000, 1005000, 0, ALL, 0, 100 },
  { "audio-1000-s-behind", 1005000, 5000, 0, ALL, 0, 100 },
  { "hole-9-s", 5000, 5000, 9000, ALL, 1, 500 },
  { "audio-wraps-alone", 5000, 0u - EVENT_MS, 0, ALL, 0, 100 },
};

static void
send_with_clock (Encoder *encoder, const Row *row) {
  for (gint64 t = 0; t < LENGTH_MS; t += 40) {
    gint64 shift_ms = t + (t >= EVENT_MS ? row->jump_ms : 0);
    guint32 video = (row->video_base + (guint32)shift_ms) & row->mask;
    guint32 audio = (row->audio_base + (guint32)shift_ms) & row->mask;
    encoder_send (encoder, US_RTMP_VIDEO, video, media_video (t % 400 == 0, (guint32)t, 200));
    encoder_send (encoder, US_RTMP_AUDIO, audio, media_audio ((guint32)t));
    encoder_send (encoder, US_RTMP_AUDIO, (guint32)(audio + 20), media_audio ((guint32)t + 20));
  }
  encoder_flush (encoder);
}

static void
test_row (Fixture *fixture, gconstpointer data) {
  const Row *row = data;
  Steady steady = { 0 };
  fixture->settings.segment_duration_ms = STEADY_SEGMENT_MS;
  start (fixture, us_clock_system ());
  steady_begin (&steady, fixture);
  Encoder *encoder = encoder_new (fixture->port, "live/odd");
  encoder->time_ms = row->video_base;
  encoder_send (encoder, US_RTMP_VIDEO, row->video_base, media_video_config (1));
  encoder_send (encoder, US_RTMP_AUDIO, row->audio_base, media_audio_config (FALSE));
  send_with_clock (encoder, row);
  wait_until (is_ready, encoder, NULL, "the odd publisher");
  encoder_finish (encoder);
  wait_until (run_has, &(RunCount){ fixture, "live/odd", LENGTH_MS / STEADY_SEGMENT_MS - 1 }, NULL,
              "its segments");
  steady_run (&steady, 1);
  Run run;
  run_read (fixture, "live/odd", &run);
  g_test_message ("%u segments, %u breaks, the longest %" G_GINT64_FORMAT " ms, %" G_GINT64_FORMAT
                  " ms in all",
                  run.n_segments, run.n_breaks, run.longest_ms, run.media_ms);
  g_assert_cmpuint (run.n_breaks, ==, row->n_breaks);
  g_assert_cmpint (run.longest_ms, <=, run.target_duration_s * 1500ll);
  g_assert_cmpint (run.media_ms, >=, LENGTH_MS - row->lost_ms);
  g_assert_cmpint (run.media_ms, <=, LENGTH_MS + 100);
  encoder_free (encoder);
  steady_end (&steady);
}

/* -------------------------------------------------------------------------- a clock that stands */

typedef struct {
  Encoder *encoder;
  guint n_frames;
} Standing;

static gboolean
on_standing (gpointer user_data) {
  Standing *standing = user_data;
  if (standing->encoder->is_closed)
    return G_SOURCE_CONTINUE;
  gboolean is_key = standing->n_frames++ % 10 == 0;
  encoder_send (standing->encoder, US_RTMP_VIDEO, 0, media_video (is_key, standing->n_frames, 200));
  encoder_send (standing->encoder, US_RTMP_AUDIO, 0, media_audio (standing->n_frames));
  encoder_flush (standing->encoder);
  return G_SOURCE_CONTINUE;
}

static gint64
processor_us (void) {
  struct rusage usage;
  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec
         + usage.ru_stime.tv_usec;
}

/* Every time stamp is 0: nothing can be cut, and after ten seconds the publisher hears why. */
static void
test_constant (Fixture *fixture, gconstpointer data) {
  Steady steady = { 0 };
  fixture->settings.segment_duration_ms = STEADY_SEGMENT_MS;
  start (fixture, us_clock_system ());
  steady_begin (&steady, fixture);
  Standing standing = { .encoder = encoder_new (fixture->port, "live/odd") };
  encoder_send (standing.encoder, US_RTMP_VIDEO, 0, media_video_config (1));
  encoder_send (standing.encoder, US_RTMP_AUDIO, 0, media_audio_config (FALSE));
  guint source = g_timeout_add (40, on_standing, &standing);
  gint64 begun_us = g_get_monotonic_time (), processor_begun_us = processor_us ();
  wait_until (is_closed, standing.encoder, NULL, "the end of one whose clock stands");
  gint64 took_us = g_get_monotonic_time () - begun_us;
  g_assert_cmpint (processor_us () - processor_begun_us, <, took_us / 2);
  g_assert_nonnull (strstr (standing.encoder->fault, "do not advance"));
  g_source_remove (source);
  Run run;
  run_read (fixture, "live/odd", &run);
  g_assert_cmpuint (run.n_segments, <=, 1);
  g_assert_cmpint (run.longest_ms, <=, 1500);
  encoder_free (standing.encoder);
  steady_end (&steady);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/faults/R5/", rows[i].name, NULL);
    g_test_add (path, Fixture, &rows[i], set_up, test_row, tear_down);
  }
  g_test_add ("/faults/R5/constant-0", Fixture, NULL, set_up, test_constant, tear_down);
  return g_test_run ();
}
