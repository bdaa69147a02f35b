/* test-truth.c - made-up publishers on a made-up clock, measured
 *
 * With -m perf it also says what a frame costs.
 */
#include "ingest/truth.h"

#include <math.h>

#define FOREVER G_MAXINT

/* Publisher: what a table row sends. Times in ms; zero means the usual. */
typedef struct {
  const char *name;
  guint32 start_ms;               /* time stamp of the first frame */
  double interval_ms;             /* of pictures, 40 */
  guint gop;                      /* pictures, 50 */
  guint n_b;                      /* B-frames between two others */
  gboolean is_open;               /* the GOPs are */
  double speed;                   /* seconds of media sent in a second, 1 */
  guint drop_every;               /* each so many-th picture is left out */
  guint uneven_every;             /* each so many-th distance is 1.5 of the others */
  gint64 jump_at_ms, jump_ms;     /* of media, once, on both tracks */
  gint64 audio_shift_ms;          /* added to audio's time stamps */
  guint delay_every_ms, delay_ms; /* in each so many ms of media, what comes is held back */
  gboolean no_audio, no_video;
  gint64 longer_from_ms, longer_until_ms, longer_by_ms; /* the way takes longer, of media */
  gint64 audio_until_ms, video_until_ms;
  gint64 length_ms; /* 70000 */
} Publisher;

#define BEGIN_US (1000 * G_USEC_PER_SEC)

typedef struct {
  UsTruth *truth;
  const Publisher *is;
  gint64 arrival_us;
} Sending;

static gint64
stamp_of (const Publisher *is, gint64 media_ms) {
  return is->start_ms + media_ms
         + (is->jump_at_ms > 0 && media_ms >= is->jump_at_ms ? is->jump_ms : 0);
}

static gint64
arrival_of (const Publisher *is, double media_ms) {
  double speed = is->speed > 0 ? is->speed : 1;
  gint64 us = BEGIN_US + (gint64)(media_ms / speed * 1000);
  if (is->delay_every_ms > 0 && (gint64)media_ms % is->delay_every_ms < is->delay_ms)
    us += ((gint64)is->delay_ms - (gint64)media_ms % is->delay_every_ms) * 1000;
  if (media_ms >= is->longer_from_ms && media_ms < is->longer_until_ms)
    us += is->longer_by_ms * 1000;
  return us;
}

static void
push (Sending *to, gboolean is_video, gboolean is_keyframe, double media_ms,
      gint32 composition_ms) {
  gint64 stamp = stamp_of (to->is, (gint64)media_ms) + (is_video ? 0 : to->is->audio_shift_ms);
  UsTruthFrame frame = { .is_video = is_video,
                         .is_keyframe = is_keyframe,
                         .time_ms = (guint32)stamp,
                         .composition_ms = composition_ms,
                         .size = is_video ? 5000 : 250,
                         .arrival_us = MAX (arrival_of (to->is, media_ms), to->arrival_us) };
  to->arrival_us = frame.arrival_us;
  us_truth_push (to->truth, &frame);
}

/* Presentation of picture @i of a GOP with @n_b B-frames, against its decoding: I P b b P b b. */
static gint32
composition_of (const Publisher *is, guint in_gop, double interval_ms) {
  if (is->n_b == 0)
    return 0;
  guint at = in_gop % (is->n_b + 1);
  if (in_gop == 0)
    return (gint32)(interval_ms * (is->is_open ? is->n_b + 1 : 1));
  if (at == 1 && !(is->is_open && in_gop <= is->n_b))
    return (gint32)(interval_ms * (is->n_b + 1));
  return 0;
}

static gint64
run (UsTruth *truth, const Publisher *is) {
  Sending to = { .truth = truth, .is = is };
  double interval_ms = is->interval_ms > 0 ? is->interval_ms : 40, video_ms = 0, audio_ms = 0;
  gint64 length_ms = is->length_ms > 0 ? is->length_ms : 70000;
  guint gop = is->gop > 0 ? is->gop : 50, n = 0;
  gint64 audio_until_ms = is->audio_until_ms > 0 ? is->audio_until_ms : length_ms;
  gint64 video_until_ms = is->video_until_ms > 0 ? is->video_until_ms : length_ms;
  while (MIN (video_ms, audio_ms) < length_ms) {
    if (video_ms <= audio_ms) {
      gboolean is_sent = !is->no_video && video_ms < video_until_ms
                         && (is->drop_every == 0 || n % is->drop_every != is->drop_every - 1);
      if (is_sent)
        push (&to, TRUE, n % gop == 0, video_ms, composition_of (is, n % gop, interval_ms));
      n++;
      video_ms
          += is->uneven_every > 0 && n % is->uneven_every == 0 ? interval_ms * 1.5 : interval_ms;
    } else {
      if (!is->no_audio && audio_ms < audio_until_ms)
        push (&to, FALSE, FALSE, audio_ms, 0);
      audio_ms += 1024000.0 / 48000;
    }
  }
  return arrival_of (is, length_ms);
}

static UsTruthNumbers
numbers_of (const Publisher *is) {
  g_autoptr (UsTruth) truth = us_truth_new ();
  UsTruthNumbers numbers;
  us_truth_measure (truth, run (truth, is), &numbers);
  return numbers;
}

static void
assert_near (double value, double wanted, double tolerance) {
  if (fabs (value - wanted) > tolerance)
    g_error ("%g is not %g within %g", value, wanted, tolerance);
}

/* ------------------------------------------------------------------------------------- tables */

static void
test_nothing (void) {
  g_autoptr (UsTruth) truth = us_truth_new ();
  UsTruthNumbers numbers;
  us_truth_measure (truth, BEGIN_US, &numbers);
  g_assert_cmpuint (numbers.bitrate_1s_bps + numbers.bitrate_10s_bps, ==, 0);
  g_assert_cmpfloat (numbers.fps, ==, 0);
  g_assert_cmpint (numbers.video_silent_ms, ==, -1);
  g_assert_cmpint (numbers.audio_silent_ms, ==, -1);
  g_assert_false (numbers.has_rate || numbers.has_drift || numbers.has_lead || numbers.has_leading);
}

static void
test_steady (void) {
  UsTruthNumbers numbers = numbers_of (&(Publisher){ .name = "25 fps", .length_ms = 150000 });
  assert_near (numbers.fps, 25, 0.01);
  assert_near (numbers.constant_fps, 25, 0.01);
  assert_near (numbers.uneven_ratio, 0, 0);
  assert_near ((double)numbers.bitrate_10s_bps, 8 * (25 * 5000 + 46.875 * 250), 2000);
  assert_near ((double)numbers.bitrate_1s_bps, 8 * (25 * 5000 + 46.875 * 250), 5000);
  g_assert_cmpint (numbers.gop_ms, ==, 2000);
  g_assert_cmpint (numbers.gop_longest_ms, ==, 2000);
  g_assert_cmpuint (numbers.gop_pictures, ==, 50);
  g_assert_cmpint (numbers.reorder_ms, ==, 0);
  g_assert_cmpuint (numbers.jumps_total + numbers.missing_total + numbers.late_total, ==, 0);
  g_assert_cmpint (numbers.lateness_p95_ms, <=, 1);
  g_assert_true (numbers.has_rate && numbers.has_drift && numbers.has_lead);
  assert_near (numbers.media_rate, 1, 0.001);
  assert_near (numbers.drift_ppm, 0, 20);
  g_assert_cmpint (ABS (numbers.audio_lead_ms), <=, 1);
  g_assert_cmpint (numbers.video_silent_ms, <=, 40);
}

/* Time stamps of whole milliseconds are no uneven rate. */
static void
test_frame_rates (void) {
  const struct {
    Publisher is;
    double fps, constant_fps, uneven_min, uneven_max;
  } rows[] = {
    { { .interval_ms = 1000.0 / 29.97 }, 29.97, 29.97, 0, 0 },
    { { .interval_ms = 1000.0 / 59.94, .gop = 120 }, 59.94, 59.94, 0, 0 },
    { { .interval_ms = 1000.0 / 120, .gop = 240 }, 120, 120, 0, 0 },
    { { .interval_ms = 1000.0 / 15 }, 15, 15, 0, 0 },
    { { .interval_ms = 1000.0 / 30, .uneven_every = 3 }, 25.7, 30, 0.3, 0.36 },
    { { .interval_ms = 40, .drop_every = 3 }, 16.67, 0, 0.3, 0.6 }, /* no rate is constant here */
    { { .no_video = TRUE }, 0, 0, 0, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsTruthNumbers numbers = numbers_of (&rows[i].is);
    g_test_message ("row %u: %g fps, constant %g, uneven %g", i, numbers.fps, numbers.constant_fps,
                    numbers.uneven_ratio);
    assert_near (numbers.fps, rows[i].fps, 0.1);
    if (rows[i].constant_fps > 0)
      assert_near (numbers.constant_fps, rows[i].constant_fps, 0.05);
    g_assert_cmpfloat (numbers.uneven_ratio, >=, rows[i].uneven_min);
    g_assert_cmpfloat (numbers.uneven_ratio, <=, rows[i].uneven_max);
  }
}

static void
test_missing (void) {
  UsTruthNumbers numbers
      = numbers_of (&(Publisher){ .interval_ms = 1000.0 / 30, .drop_every = 30 });
  g_assert_cmpuint (numbers.missing_total, >=, 65); /* a second is needed to know the rate */
  g_assert_cmpuint (numbers.missing_total, <=, 70);
  assert_near (numbers.missing_ratio, 1 / 30.0, 0.003);
  assert_near (numbers.fps, 29, 0.1);
  g_assert_cmpuint (numbers.jumps_total, ==, 0);
}

static void
test_gops (void) {
  const struct {
    Publisher is;
    gint64 gop_ms, longest_ms, reorder_ms;
    gboolean has_leading;
  } rows[] = {
    { { .gop = 250 }, 10000, 10000, 0, FALSE },
    { { .gop = 25, .n_b = 2 }, 1000, 1000, 120, FALSE },
    { { .gop = 24, .n_b = 2, .is_open = TRUE }, 960, 960, 120, TRUE },
    { { .gop = G_MAXINT }, 0, 69960, 0, FALSE }, /* it is still open */
    { { .gop = G_MAXINT, .no_video = TRUE }, 0, 0, 0, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsTruthNumbers numbers = numbers_of (&rows[i].is);
    g_test_message ("row %u", i);
    g_assert_cmpint (numbers.gop_ms, ==, rows[i].gop_ms);
    g_assert_cmpint (numbers.gop_longest_ms, ==, rows[i].longest_ms);
    g_assert_cmpint (numbers.reorder_ms, ==, rows[i].reorder_ms);
    g_assert_cmpint (numbers.has_leading, ==, rows[i].has_leading);
  }
}

/* A jump on both tracks is one; the ends of 24, 31 and 32 bits are none. */
static void
test_jumps (void) {
  const struct {
    Publisher is;
    guint64 jumps;
    gint64 size_ms;
  } rows[] = {
    { { .jump_at_ms = 30000, .jump_ms = 3600000 }, 1, 3600000 },
    { { .jump_at_ms = 30000, .jump_ms = -20000 }, 1, -20000 },
    { { .jump_at_ms = 30000, .jump_ms = -200 }, 1, -200 },
    { { .jump_at_ms = 30000, .jump_ms = 900 }, 1, 900 },
    { { .jump_at_ms = 30000, .jump_ms = 300 }, 0, 0 },
    { { .jump_at_ms = 30000, .jump_ms = 900, .no_video = TRUE }, 1, 900 },
    { { .start_ms = 0x7fffffff - 30000, .jump_at_ms = 30001, .jump_ms = -0x80000000ll }, 0, 0 },
    { { .start_ms = G_MAXUINT32 - 30000 }, 0, 0 },
    { { .start_ms = 16777215 - 30000 }, 0, 0 },
    { { .audio_shift_ms = 1000000 }, 0, 0 },
    { { .delay_every_ms = 20000, .delay_ms = 3000 }, 0, 0 }, /* the line stands still */
    { { .video_until_ms = 30000 }, 0, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsTruthNumbers numbers = numbers_of (&rows[i].is);
    g_test_message ("row %u: %" G_GUINT64_FORMAT " jumps, the last of %" G_GINT64_FORMAT " ms", i,
                    numbers.jumps_total, numbers.jump_ms);
    g_assert_cmpuint (numbers.jumps_total, ==, rows[i].jumps);
    assert_near ((double)numbers.jump_ms, (double)rows[i].size_ms, 45);
    g_assert_cmpint (numbers.jump_us != 0, ==, rows[i].jumps > 0);
    assert_near (numbers.media_rate, 1, 0.03);
  }
}

/* Pictures that the encoder does not send for a while are a gap, and no jump. */
static void
test_pause (void) {
  g_autoptr (UsTruth) truth = us_truth_new ();
  UsTruthNumbers numbers;
  gint64 end_us = run (truth, &(Publisher){ .length_ms = 20000 });
  for (guint i = 0; i < 100; i++) {
    gint64 media_ms = 25000 + i * 40;
    us_truth_push (truth, &(UsTruthFrame){ .is_video = TRUE,
                                           .time_ms = (guint32)media_ms,
                                           .size = 5000,
                                           .arrival_us = BEGIN_US + media_ms * 1000 });
  }
  us_truth_measure (truth, end_us + 9 * G_USEC_PER_SEC, &numbers);
  g_assert_cmpuint (numbers.jumps_total, ==, 0);
  g_assert_cmpuint (numbers.missing_total, ==, 125);
}

static void
test_punctuality (void) {
  const struct {
    Publisher is;
    gint64 p95_min, p95_max;
    double rate;
    gboolean is_late;
  } rows[] = {
    { { .name = "steady" }, 0, 1, 1, FALSE },
    { { .name = "bursts of 200 ms", .delay_every_ms = 200, .delay_ms = 200 }, 160, 240, 1, FALSE },
    { { .name = "stalls", .delay_every_ms = 5000, .delay_ms = 1000 }, 700, 1200, 1, TRUE },
    { { .name = "too slow", .speed = 0.8 }, 1, 6000, 0.8, TRUE },
    { { .name = "a file", .speed = 4 }, 0, 1, 4, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsTruthNumbers numbers = numbers_of (&rows[i].is);
    g_test_message ("%s: p95 %" G_GINT64_FORMAT " ms, %" G_GUINT64_FORMAT " late, rate %g",
                    rows[i].is.name, numbers.lateness_p95_ms, numbers.late_total,
                    numbers.media_rate);
    g_assert_cmpint (numbers.lateness_p95_ms, >=, rows[i].p95_min);
    g_assert_cmpint (numbers.lateness_p95_ms, <=, rows[i].p95_max);
    g_assert_true (numbers.has_rate);
    assert_near (numbers.media_rate, rows[i].rate, 0.02);
    g_assert_cmpint (numbers.late_total > 0, ==, rows[i].is_late);
  }
}

static void
test_drift (void) {
  const double drifts[] = { -2000, -300, 100, 1000 };
  for (guint i = 0; i < G_N_ELEMENTS (drifts); i++) {
    Publisher is = { .speed = 1 + drifts[i] / 1e6, .length_ms = 300000 };
    UsTruthNumbers numbers = numbers_of (&is);
    g_assert_true (numbers.has_drift);
    assert_near (numbers.drift_ppm, drifts[i], 25);
  }
  UsTruthNumbers soon = numbers_of (&(Publisher){ .length_ms = 100000 });
  g_assert_false (soon.has_drift);
  /* The line takes longer from now on, or did for a while: no clock is wrong. */
  const gint64 steps[][2] = { { 100000, 200000 }, { 60000, 75000 }, { 180000, 200000 } };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    UsTruthNumbers numbers = numbers_of (&(Publisher){ .length_ms = 200000,
                                                       .longer_from_ms = steps[i][0],
                                                       .longer_until_ms = steps[i][1],
                                                       .longer_by_ms = 200 });
    g_test_message ("step %u: %s, %g ppm", i, numbers.has_drift ? "known" : "not known",
                    numbers.drift_ppm);
    g_assert_false (numbers.has_drift && fabs (numbers.drift_ppm) > 400);
  }
}

static void
test_tracks (void) {
  UsTruthNumbers numbers = numbers_of (&(Publisher){ .audio_shift_ms = 1500 });
  assert_near ((double)numbers.audio_lead_ms, 1500, 2);
  numbers = numbers_of (&(Publisher){ .start_ms = 10000, .audio_shift_ms = -400 });
  assert_near ((double)numbers.audio_lead_ms, -400, 2);
  numbers = numbers_of (&(Publisher){ .no_audio = TRUE });
  g_assert_cmpint (numbers.audio_silent_ms, ==, -1);
  g_assert_false (numbers.has_lead);
  numbers = numbers_of (&(Publisher){ .audio_until_ms = 60000 });
  assert_near ((double)numbers.audio_silent_ms, 10000, 30);
}

/* A new publisher inherits nothing but the totals. */
static void
test_begin (void) {
  g_autoptr (UsTruth) truth = us_truth_new ();
  UsTruthNumbers numbers;
  gint64 end_us = run (truth, &(Publisher){ .jump_at_ms = 30000, .jump_ms = 5000, .gop = 250 });
  us_truth_begin (truth);
  us_truth_measure (truth, end_us, &numbers);
  g_assert_cmpuint (numbers.jumps_total, ==, 1);
  g_assert_cmpint (numbers.jump_us, ==, 0);
  g_assert_cmpint (numbers.gop_longest_ms, ==, 0);
  g_assert_cmpfloat (numbers.fps, ==, 0);
  g_assert_cmpint (numbers.video_silent_ms, ==, -1);
}

/* Whatever comes: numbers stay finite, and no memory is touched that is not ours (ASan). */
static void
test_noise (void) {
  g_autoptr (UsTruth) truth = us_truth_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  gint64 arrival_us = 0;
  for (guint i = 0; i < 200000; i++) {
    UsTruthNumbers numbers;
    arrival_us += g_rand_int_range (rand, 0, g_rand_boolean (rand) ? 100 : 3000000);
    us_truth_push (truth, &(UsTruthFrame){ .is_video = g_rand_boolean (rand),
                                           .is_keyframe = g_rand_boolean (rand),
                                           .time_ms = g_rand_int (rand),
                                           .composition_ms = (gint32)g_rand_int (rand) >> 8,
                                           .size = g_rand_int (rand),
                                           .arrival_us = arrival_us });
    if (i % 64 != 0)
      continue;
    us_truth_measure (truth, arrival_us + g_rand_int_range (rand, 0, 100000000), &numbers);
    g_assert_true (isfinite (numbers.fps) && isfinite (numbers.drift_ppm)
                   && isfinite (numbers.media_rate) && isfinite (numbers.missing_ratio));
  }
}

static void
test_cost (void) {
  g_autoptr (UsTruth) truth = us_truth_new ();
  const guint n = 20000000;
  if (!g_test_perf ()) {
    g_test_message ("only with -m perf");
    return;
  }
  g_test_timer_start ();
  for (guint i = 0; i < n; i++) { /* 60 pictures and 47 frames of sound in a second */
    gint64 media_ms = (gint64)i * 1000 / 107;
    us_truth_push (truth, &(UsTruthFrame){ .is_video = i % 9 < 5,
                                           .is_keyframe = i % 214 == 0,
                                           .time_ms = (guint32)media_ms,
                                           .size = 5000,
                                           .arrival_us = BEGIN_US + media_ms * 1000 + i % 7 });
  }
  g_test_minimized_result (g_test_timer_elapsed () * 1e9 / n, "nanoseconds for a frame: %g",
                           g_test_timer_elapsed () * 1e9 / n);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/truth/nothing", test_nothing);
  g_test_add_func ("/truth/steady", test_steady);
  g_test_add_func ("/truth/frame-rates", test_frame_rates);
  g_test_add_func ("/truth/missing", test_missing);
  g_test_add_func ("/truth/gops", test_gops);
  g_test_add_func ("/truth/jumps", test_jumps);
  g_test_add_func ("/truth/pause", test_pause);
  g_test_add_func ("/truth/punctuality", test_punctuality);
  g_test_add_func ("/truth/drift", test_drift);
  g_test_add_func ("/truth/tracks", test_tracks);
  g_test_add_func ("/truth/begin", test_begin);
  g_test_add_func ("/truth/noise", test_noise);
  g_test_add_func ("/truth/cost", test_cost);
  return g_test_run ();
}
