/* test-timeline.c - time stamps of real and broken encoders, as tables */
#include "ingest/timeline.h"

#define V US_TIMELINE_VIDEO
#define A US_TIMELINE_AUDIO
#define OK US_TIMELINE_OK
#define DROP US_TIMELINE_DROP
#define EPOCH US_TIMELINE_NEW_EPOCH

typedef struct {
  UsTimelineTrack track;
  guint32 raw_ms;
  UsTimelineVerdict verdict;
  gint64 time_ms; /* relative to the first one of the time line; ignored with DROP */
} Row;

static void
check (const char *name, const Row *rows, guint n) {
  UsTimeline timeline = { 0 };
  gint64 base_ms = 0;
  for (guint i = 0; i < n; i++) {
    gint64 time_ms = -1;
    UsTimelineVerdict verdict
        = us_timeline_push (&timeline, rows[i].track, rows[i].raw_ms, &time_ms);
    if (i == 0 || verdict == EPOCH)
      base_ms = time_ms;
    if (verdict != rows[i].verdict || (verdict != DROP && time_ms - base_ms != rows[i].time_ms))
      g_error ("%s, row %u: verdict %d time %" G_GINT64_FORMAT ", expected %d %" G_GINT64_FORMAT,
               name, i, verdict, time_ms - base_ms, rows[i].verdict, rows[i].time_ms);
  }
}
#define CHECK(...)                                                                                 \
  do {                                                                                             \
    static const Row rows[] = { __VA_ARGS__ };                                                     \
    check (G_STRFUNC, rows, G_N_ELEMENTS (rows));                                                  \
  } while (0)

static void
test_plain (void) {
  CHECK ({ V, 0, OK, 0 }, { A, 3, OK, 3 }, { V, 40, OK, 40 }, { A, 26, OK, 26 }, { A, 49, OK, 49 },
         { V, 80, OK, 80 });
}

static void
test_24_bit_boundary (void) {
  CHECK ({ V, 0xfffffe, OK, 0 }, { A, 0xffffff, OK, 1 }, { V, 0x1000000, OK, 2 },
         { V, 0x1000028, OK, 42 });
}

static void
test_wrap_31_bit (void) {
  CHECK ({ V, 0x7fffffe0, OK, 0 }, { A, 0x7ffffff0, OK, 16 }, { V, 8, OK, 40 },
         /* audio from before the wrap, after video from behind it */
         { A, 0x7ffffffe, OK, 30 }, { A, 21, OK, 53 }, { V, 48, OK, 80 });
}

static void
test_wrap_32_bit (void) {
  CHECK ({ V, 0xffffffe0, OK, 0 }, { A, 0xfffffff0, OK, 16 }, { V, 8, OK, 40 },
         { A, 0xfffffffe, OK, 30 }, { V, 48, OK, 80 });
}

/* Crossing 2^31 upwards must not be taken for a wrap. */
static void
test_above_31_bit (void) {
  CHECK ({ V, 0x7ffffff0, OK, 0 }, { V, 0x80000018, OK, 40 }, { V, 0x80000040, OK, 80 });
}

static void
test_small_steps_back (void) {
  CHECK ({ V, 1000, OK, 0 }, { V, 999, OK, 1 }, { V, 1000, OK, 2 }, { V, 1040, OK, 40 },
         { V, 990, OK, 41 }, /* 50 ms: still nudged */
         { V, 988, DROP, 0 }, { V, 1080, OK, 80 });
}

static void
test_late_message (void) {
  CHECK ({ V, 5000, OK, 0 }, { V, 2000, DROP, 0 }, { V, 5040, OK, 40 }, { V, 2039, EPOCH, 0 },
         { V, 2080, OK, 41 });
}

static void
test_reset_to_zero (void) {
  CHECK ({ V, 100000, OK, 0 }, { A, 100010, OK, 10 }, { V, 0, EPOCH, 0 },
         /* audio still on its way from before */
         { A, 100033, DROP, 0 }, { A, 100056, DROP, 0 }, { A, 10, OK, 10 }, { V, 40, OK, 40 },
         { A, 33, OK, 33 });
}

static void
test_hour_ahead (void) {
  CHECK ({ V, 0, OK, 0 }, { V, 40, OK, 40 }, { V, 3600000, EPOCH, 0 }, { V, 3600040, OK, 40 });
}

static void
test_forward_limit (void) {
  CHECK ({ V, 0, OK, 0 }, { V, US_TIMELINE_FORWARD_MS, OK, US_TIMELINE_FORWARD_MS },
         { V, 2 * US_TIMELINE_FORWARD_MS + 1, EPOCH, 0 });
}

/* A track that was away returns in step with the other one: no jump. */
static void
test_track_returns (void) {
  CHECK ({ V, 0, OK, 0 }, { A, 0, OK, 0 }, { V, 9000, OK, 9000 }, { V, 18000, OK, 18000 },
         { V, 27000, OK, 27000 }, { A, 27010, OK, 27010 });
}

static void
test_bases_apart (void) {
  CHECK ({ V, 5000, OK, 0 }, { A, 1005000, OK, 0 }, { V, 5040, OK, 40 }, { A, 1005023, OK, 23 },
         { A, 1005046, OK, 46 }, { V, 5080, OK, 80 },
         /* and each may wrap by itself */
         { A, 1005069, OK, 69 });
}

static void
test_bases_within_skew (void) {
  CHECK ({ V, 20000, OK, 0 }, { A, 12000, OK, -8000 }, { A, 12023, OK, -7977 });
}

static void
test_constant (void) {
  UsTimeline timeline = { 0 };
  gint64 time_ms = 0, last_ms = -1;
  for (guint i = 0; i <= US_TIMELINE_MAX_NUDGES; i++) {
    g_assert_cmpint (us_timeline_push (&timeline, V, 0, &time_ms), ==, OK);
    g_assert_cmpint (time_ms, >, last_ms);
    last_ms = time_ms;
  }
  for (guint i = 0; i < 1000; i++)
    g_assert_cmpint (us_timeline_push (&timeline, V, 0, &time_ms), ==, DROP);
}

/* Stragglers are only believed for a while. */
static void
test_straggler_budget (void) {
  UsTimeline timeline = { 0 };
  gint64 time_ms = 0;
  (void)us_timeline_push (&timeline, V, 100000, &time_ms);
  (void)us_timeline_push (&timeline, A, 100000, &time_ms);
  g_assert_cmpint (us_timeline_push (&timeline, V, 0, &time_ms), ==, EPOCH);
  for (guint i = 0; i < US_TIMELINE_MAX_STRAGGLERS; i++)
    g_assert_cmpint (us_timeline_push (&timeline, A, 100020 + i * 20, &time_ms), ==, DROP);
  g_assert_cmpint (us_timeline_push (&timeline, A, 101040, &time_ms), ==, OK);
  g_assert_cmpint (time_ms, ==, 0);
}

/* Whatever comes, times given out rise on each track, and equal input gives equal output. */
static void
test_random_rises (void) {
  for (guint32 seed = 0; seed < 50; seed++) {
    g_autoptr (GRand) random = g_rand_new_with_seed (seed);
    UsTimeline timeline = { 0 };
    gint64 last_ms[2] = { G_MININT64, G_MININT64 };
    guint32 raw = g_rand_int (random);
    for (guint i = 0; i < 5000; i++) {
      UsTimelineTrack track = g_rand_boolean (random) ? V : A;
      gint64 time_ms = 0;
      raw += (guint32)g_rand_int_range (random, -60, 100);
      if (g_rand_int_range (random, 0, 500) == 0)
        raw = g_rand_int (random);
      UsTimelineVerdict verdict = us_timeline_push (&timeline, track, raw, &time_ms);
      if (verdict == EPOCH)
        last_ms[0] = last_ms[1] = G_MININT64;
      if (verdict == DROP)
        continue;
      g_assert_cmpint (time_ms, >, last_ms[track]);
      last_ms[track] = time_ms;
    }
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timeline/plain", test_plain);
  g_test_add_func ("/timeline/24-bit-boundary", test_24_bit_boundary);
  g_test_add_func ("/timeline/wrap-31-bit", test_wrap_31_bit);
  g_test_add_func ("/timeline/wrap-32-bit", test_wrap_32_bit);
  g_test_add_func ("/timeline/above-31-bit", test_above_31_bit);
  g_test_add_func ("/timeline/small-steps-back", test_small_steps_back);
  g_test_add_func ("/timeline/late-message", test_late_message);
  g_test_add_func ("/timeline/reset-to-zero", test_reset_to_zero);
  g_test_add_func ("/timeline/hour-ahead", test_hour_ahead);
  g_test_add_func ("/timeline/forward-limit", test_forward_limit);
  g_test_add_func ("/timeline/track-returns", test_track_returns);
  g_test_add_func ("/timeline/bases-apart", test_bases_apart);
  g_test_add_func ("/timeline/bases-within-skew", test_bases_within_skew);
  g_test_add_func ("/timeline/constant", test_constant);
  g_test_add_func ("/timeline/straggler-budget", test_straggler_budget);
  g_test_add_func ("/timeline/random-rises", test_random_rises);
  return g_test_run ();
}
