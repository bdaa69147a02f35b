/* test-punctual.c - lateness of made-up publishers on a made-up clock */
#include "ingest/punctual.h"

#define LIMIT_MS 1000

/* Sender: where it is in media and arrival time. */
typedef struct {
  UsPunctual punctual;
  gint64 media_ms, now_ms;
} Sender;

static gint64
us (gint64 ms) {
  return (1000000 + ms) * G_GINT64_CONSTANT (1000);
}

/* @n frames, @media_ms apart, that come @arrival_ms apart. */
static void
send (Sender *sender, guint n, gint64 media_ms, gint64 arrival_ms) {
  for (guint i = 0; i < n; i++) {
    sender->media_ms += media_ms;
    sender->now_ms += arrival_ms;
    us_punctual_push (&sender->punctual, (guint32)sender->media_ms, us (sender->now_ms), LIMIT_MS);
  }
}

static gint64
behind (const Sender *sender, gint64 later_ms) {
  return us_punctual_get_behind_ms (&sender->punctual, us (sender->now_ms + later_ms));
}

static gint64
steady (const Sender *sender, gint64 later_ms) {
  return us_punctual_get_steady_ms (&sender->punctual, us (sender->now_ms + later_ms), LIMIT_MS);
}

static void
test_nothing (void) {
  UsPunctual punctual = { 0 };
  g_assert_cmpint (us_punctual_get_behind_ms (&punctual, us (5000)), ==, 0);
  g_assert_cmpint (us_punctual_get_silent_ms (&punctual, us (5000)), ==, 0);
  g_assert_cmpint (us_punctual_get_interval_ms (&punctual), ==, 0);
  g_assert_cmpint (us_punctual_get_limit_ms (&punctual, LIMIT_MS), ==, LIMIT_MS);
  g_assert_cmpint (us_punctual_get_steady_ms (&punctual, us (5000), LIMIT_MS), ==, 0);
}

static void
test_silence (void) {
  Sender sender = { 0 };
  send (&sender, 100, 40, 40);
  g_assert_cmpint (behind (&sender, 0), ==, 0);
  g_assert_cmpint (behind (&sender, 700), ==, 700);
  g_assert_cmpint (steady (&sender, 700), ==, 99 * 40 + 700);
  g_assert_cmpint (behind (&sender, 1200), ==, 1200);
  g_assert_cmpint (steady (&sender, 1200), ==, 0);
  g_assert_cmpint (us_punctual_get_silent_ms (&sender.punctual, us (sender.now_ms + 1200)), ==,
                   1200);
}

/* An uplink that is too thin: frames come, but at half their speed. */
static void
test_too_slow (void) {
  Sender sender = { 0 };
  send (&sender, 250, 40, 40);
  send (&sender, 25, 40, 80);
  g_assert_cmpint (behind (&sender, 0), ==, 1000);
  send (&sender, 10, 40, 80);
  g_assert_cmpint (behind (&sender, 0), ==, 1400);
  g_assert_cmpint (us_punctual_get_limit_ms (&sender.punctual, LIMIT_MS), ==, LIMIT_MS);
  /* it catches up: what was late comes at once, and its steadiness counts from there */
  send (&sender, 35, 40, 0);
  g_assert_cmpint (behind (&sender, 0), ==, 0);
  send (&sender, 50, 40, 40);
  g_assert_cmpint (steady (&sender, 0), <=, 51 * 40);
  g_assert_cmpint (steady (&sender, 0), >=, 49 * 40);
}

/* Late for good: after at most two windows that is what is usual. */
static void
test_forgets (void) {
  Sender sender = { 0 };
  send (&sender, 250, 40, 40);
  sender.now_ms += 5000;
  send (&sender, 25, 40, 40);
  g_assert_cmpint (behind (&sender, 0), ==, 5000);
  send (&sender, 2 * US_PUNCTUAL_WINDOW_MS / 40 + 1, 40, 40);
  g_assert_cmpint (behind (&sender, 0), ==, 0);
}

/* A crystal that is 200 ppm slow loses 720 ms an hour. */
static void
test_drift (void) {
  Sender sender = { 0 };
  gint64 most_ms = 0;
  for (guint i = 0; i < 3600; i++) {
    send (&sender, 24, 40, 40);
    send (&sender, 1, 40, i % 5 == 0 ? 41 : 40);
    most_ms = MAX (most_ms, behind (&sender, 0));
  }
  g_assert_cmpint (most_ms, <=, 8);
}

/* Whole seconds at once: being a second behind is usual for it. */
static void
test_bursts (void) {
  Sender sender = { 0 };
  for (guint i = 0; i < 20; i++) {
    send (&sender, 1, 40, 1000);
    send (&sender, 24, 40, 0);
  }
  g_assert_cmpint (us_punctual_get_interval_ms (&sender.punctual), ==, 1000);
  g_assert_cmpint (us_punctual_get_limit_ms (&sender.punctual, LIMIT_MS), ==, 3000);
  g_assert_cmpint (steady (&sender, 900), >, 15000);
}

/* One stall does not make a publisher that may stall. */
static void
test_one_stall (void) {
  Sender sender = { 0 };
  send (&sender, 750, 40, 40);
  sender.now_ms += 1500;
  send (&sender, 38, 40, 0);
  g_assert_cmpint (us_punctual_get_limit_ms (&sender.punctual, LIMIT_MS), ==, LIMIT_MS);
  g_assert_cmpint (steady (&sender, 0), ==, 0);
  send (&sender, 25, 40, 40);
  g_assert_cmpint (steady (&sender, 0), ==, 1000);
}

static void
test_jumps (void) {
  static const gint64 steps_ms[] = { 3600000, -3600000, 20000, -4000, G_MININT32 };
  for (guint i = 0; i < G_N_ELEMENTS (steps_ms); i++) {
    Sender sender = { 0 };
    sender.media_ms = 4000000;
    send (&sender, 100, 40, 40);
    sender.media_ms += steps_ms[i];
    send (&sender, 1, 40, 40);
    g_test_message ("%" G_GINT64_FORMAT, steps_ms[i]);
    g_assert_cmpint (behind (&sender, 0), ==, 0);
    g_assert_cmpint (steady (&sender, 0), ==, 0); /* measured afresh */
    g_assert_cmpint (behind (&sender, 500), ==, 500);
  }
}

static void
test_wrap (void) {
  Sender sender = { 0 };
  sender.media_ms = G_GINT64_CONSTANT (0xffffff00);
  send (&sender, 100, 40, 40);
  g_assert_cmpint (behind (&sender, 0), ==, 0);
  g_assert_cmpint (steady (&sender, 0), ==, 99 * 40);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/punctual/nothing", test_nothing);
  g_test_add_func ("/punctual/silence", test_silence);
  g_test_add_func ("/punctual/too-slow", test_too_slow);
  g_test_add_func ("/punctual/forgets", test_forgets);
  g_test_add_func ("/punctual/drift", test_drift);
  g_test_add_func ("/punctual/bursts", test_bursts);
  g_test_add_func ("/punctual/one-stall", test_one_stall);
  g_test_add_func ("/punctual/jumps", test_jumps);
  g_test_add_func ("/punctual/wrap", test_wrap);
  return g_test_run ();
}
