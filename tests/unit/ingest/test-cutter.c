/* test-cutter.c - the cut rule over key-frame intervals, jitter and lost tracks */
#include "ingest/cutter.h"

/* Feeds key frames at the given times (with deltas between); returns where segments opened. */
static GArray *
cut_keys (gint64 duration_ms, const gint64 *keys, guint n) {
  GArray *opens = g_array_new (FALSE, FALSE, sizeof (gint64));
  UsCutter cutter;
  UsCutterFrame frame = { TRUE, TRUE, keys[0] };
  us_cutter_start (&cutter, duration_ms, &frame);
  for (guint i = 1; i < n; i++) {
    for (gint64 t = keys[i - 1] + 40; t < keys[i] - 10; t += 40) {
      frame = (UsCutterFrame){ TRUE, FALSE, t };
      g_assert_cmpint (us_cutter_step (&cutter, &frame), ==, US_CUT_CONTINUE);
    }
    frame = (UsCutterFrame){ TRUE, TRUE, keys[i] };
    if (us_cutter_step (&cutter, &frame) == US_CUT_OPEN)
      g_array_append_val (opens, keys[i]);
  }
  return opens;
}

typedef struct {
  gint64 duration_ms;
  gint64 keys[9];
  gint64 opens[8]; /* 0 ends */
} KeysRow;

static void
test_keys (void) {
  static const KeysRow rows[] = {
    /* interval = D, with jitter: no double segments */
    { 2000,
      { 0, 1999, 4001, 5999, 8000, 9999, 12001, 14000, 16000 },
      { 1999, 4001, 5999, 8000, 9999, 12001, 14000, 16000 } },
    /* 1 s */
    { 2000, { 0, 1000, 2000, 3001, 4000, 5000, 5999, 7000, 8000 }, { 2000, 4000, 5999, 8000 } },
    /* 5 s: longer than D */
    { 2000,
      { 0, 5000, 10000, 15000, 20000, 25000, 30000, 35000, 40000 },
      { 5000, 10000, 15000, 20000, 25000, 30000, 35000, 40000 } },
    /* a quarter of a second: the tolerance is half an interval, not D/4 */
    { 2000, { 0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000 }, { 2000 } },
    /* scene cuts just before the grid: an interval of 100 ms tolerates 50 */
    { 2000, { 0, 1900, 2000, 3900, 4000, 5900, 6000, 7900, 8000 }, { 1900, 3900, 5900, 7900 } },
    { 2000,
      { 0, 1500, 3000, 4500, 6000, 7500, 9000, 10500, 12000 },
      { 1500, 3000, 4500, 6000, 7500, 9000, 10500, 12000 } },
    { 2000, { 0, 1200, 2400, 3600, 4800, 6000, 7200, 8400, 9600 }, { 2400, 4800, 7200, 9600 } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GArray) opens = cut_keys (rows[i].duration_ms, rows[i].keys, 9);
    guint n = 0;
    while (n < 8 && rows[i].opens[n] != 0)
      n++;
    g_test_message ("row %u", i);
    g_assert_cmpuint (opens->len, ==, n);
    for (guint k = 0; k < n; k++)
      g_assert_cmpint (g_array_index (opens, gint64, k), ==, rows[i].opens[k]);
  }
}

static UsCut
step (UsCutter *cutter, gboolean is_video, gboolean is_keyframe, gint64 t) {
  UsCutterFrame frame = { is_video, is_keyframe, t, t * 1000 }; /* arrives when it is due */
  return us_cutter_step (cutter, &frame);
}

static void
test_audio_only (void) {
  UsCutter cutter;
  UsCutterFrame first = { FALSE, FALSE, 0 };
  us_cutter_start (&cutter, 2000, &first);
  gint64 open = 0;
  for (gint64 t = 23; t < 20000; t += 23) {
    UsCut cut = step (&cutter, FALSE, FALSE, t);
    g_assert_cmpint (cut, ==, t - open >= 2000 ? US_CUT_OPEN : US_CUT_CONTINUE);
    if (cut == US_CUT_OPEN)
      open = t;
  }
  g_assert_cmpint (step (&cutter, TRUE, FALSE, 20010), ==, US_CUT_DROP);
}

static void
test_audio_does_not_cut_video (void) {
  UsCutter cutter;
  UsCutterFrame first = { TRUE, TRUE, 0 };
  us_cutter_start (&cutter, 2000, &first);
  cutter.target_ms = 2000;
  for (gint64 t = 20; t < 10000; t += 20) {
    g_assert_cmpint (step (&cutter, TRUE, FALSE, t), ==, US_CUT_CONTINUE);
    g_assert_cmpint (step (&cutter, FALSE, FALSE, t + 5), ==, US_CUT_CONTINUE);
  }
}

static void
test_video_lost_and_back (void) {
  UsCutter cutter;
  UsCutterFrame first = { TRUE, TRUE, 0 };
  us_cutter_start (&cutter, 2000, &first);
  cutter.target_ms = 2000;
  g_assert_cmpint (step (&cutter, TRUE, FALSE, 1000), ==, US_CUT_CONTINUE);
  g_assert_cmpint (step (&cutter, FALSE, FALSE, 3000), ==, US_CUT_CONTINUE);
  g_assert_cmpint (step (&cutter, FALSE, FALSE, 3001), ==, US_CUT_OPEN);
  g_assert_cmpint (step (&cutter, FALSE, FALSE, 5000), ==, US_CUT_CONTINUE);
  g_assert_cmpint (step (&cutter, FALSE, FALSE, 5001), ==, US_CUT_OPEN);
  g_assert_cmpint (step (&cutter, TRUE, FALSE, 5100), ==, US_CUT_DROP);
  g_assert_cmpint (step (&cutter, TRUE, TRUE, 5140), ==, US_CUT_OPEN);
  g_assert_cmpint (step (&cutter, TRUE, FALSE, 5180), ==, US_CUT_CONTINUE);
  g_assert_cmpint (cutter.gop_ms, ==, 0); /* the outage is no key-frame interval */
}

static void
test_lost (void) {
  static const struct {
    gint64 gap_ms, silent_ms;
    gboolean is_lost;
  } rows[] = {
    { 0, 0, FALSE },        { 3000, 0, FALSE },    /* audio is sent ahead */
    { 3000, 2000, FALSE },  { 3000, 2001, TRUE },  /* and then nothing follows */
    { 2000, 60000, FALSE }, { 2001, 60000, TRUE }, /* everything stood still for a while */
    { 10000, 0, FALSE },    { 10001, 0, TRUE },    /* a push at many times the speed */
    { -3000, 9000, FALSE }, { -3000, 0, FALSE },   /* video is ahead */
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_assert_cmpint (us_cutter_is_video_lost (rows[i].gap_ms, rows[i].silent_ms * 1000), ==,
                     rows[i].is_lost);
  }
}

/* Audio that comes seconds before the pictures it belongs to cuts nothing, in bursts or steadily.
 */
static void
test_audio_ahead (void) {
  static const gint64 leads_ms[] = { 500, 1500, 3000, 8000 };
  for (guint i = 0; i < G_N_ELEMENTS (leads_ms); i++) {
    UsCutter cutter;
    UsCutterFrame first = { TRUE, TRUE, 0, 0 };
    us_cutter_start (&cutter, 2000, &first);
    cutter.target_ms = 2000;
    for (gint64 t = 40; t < 20000; t += 40) {
      UsCutterFrame audio = { FALSE, FALSE, t + leads_ms[i], t * 1000 };
      UsCutterFrame video = { TRUE, t % 1000 == 0, t, t * 1000 };
      g_test_message ("%" G_GINT64_FORMAT " ms ahead at %" G_GINT64_FORMAT, leads_ms[i], t);
      g_assert_cmpint (us_cutter_step (&cutter, &audio), ==, US_CUT_CONTINUE);
      g_assert_cmpint (us_cutter_step (&cutter, &video), ==,
                       t % 2000 == 0 ? US_CUT_OPEN : US_CUT_CONTINUE);
    }
  }
}

static void
test_overlong (void) {
  UsCutter cutter;
  UsCutterFrame first = { TRUE, TRUE, 0 };
  us_cutter_start (&cutter, 2000, &first);
  g_assert_cmpint (step (&cutter, TRUE, FALSE, US_CUTTER_MAX_SEGMENT_MS - 1), ==, US_CUT_CONTINUE);
  g_assert_cmpint (step (&cutter, TRUE, FALSE, US_CUTTER_MAX_SEGMENT_MS), ==, US_CUT_OVERLONG);
  g_assert_cmpint (step (&cutter, TRUE, TRUE, US_CUTTER_MAX_SEGMENT_MS + 1), ==, US_CUT_OPEN);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cutter/keys", test_keys);
  g_test_add_func ("/cutter/audio-only", test_audio_only);
  g_test_add_func ("/cutter/audio-does-not-cut-video", test_audio_does_not_cut_video);
  g_test_add_func ("/cutter/video-lost-and-back", test_video_lost_and_back);
  g_test_add_func ("/cutter/lost", test_lost);
  g_test_add_func ("/cutter/audio-ahead", test_audio_ahead);
  g_test_add_func ("/cutter/overlong", test_overlong);
  return g_test_run ();
}
