/* test-peer-limits.c - the verdicts of the deadlines, by table */
#include "rtmp/peer-limits.h"

#define S G_USEC_PER_SEC

static const struct {
  const char *what;
  UsRtmpLiveness liveness; /* opened, handshaken, published, received, pinged */
  gint64 now_us;
  UsRtmpVerdict verdict;
  gint64 next_us;
} cases[] = {
  { "just opened", { 100 * S, 0, 0, 0, 0 }, 100 * S, US_RTMP_ALIVE, 105 * S },
  { "bytes do not help a handshake",
    { 100 * S, 0, 0, 104 * S, 0 },
    105 * S,
    US_RTMP_NO_HANDSHAKE,
    0 },
  { "handshaken", { 100 * S, 105 * S, 0, 105 * S, 0 }, 112 * S, US_RTMP_ALIVE, 115 * S },
  { "talks but does not publish",
    { 100 * S, 105 * S, 0, 114 * S, 0 },
    115 * S,
    US_RTMP_NO_PUBLISH,
    0 },
  { "media flows", { 1 * S, 1 * S, 1 * S, 200 * S, 0 }, 201 * S, US_RTMP_ALIVE, 205 * S },
  { "accepted, nothing yet", { 1 * S, 1 * S, 9 * S, 2 * S, 0 }, 10 * S, US_RTMP_ALIVE, 14 * S },
  { "half time", { 1 * S, 1 * S, 1 * S, 200 * S, 0 }, 205 * S, US_RTMP_PING, 210 * S },
  { "pinged already", { 1 * S, 1 * S, 1 * S, 200 * S, 205 * S }, 206 * S, US_RTMP_ALIVE, 210 * S },
  { "pinged in an earlier silence",
    { 1 * S, 1 * S, 1 * S, 300 * S, 205 * S },
    306 * S,
    US_RTMP_PING,
    310 * S },
  { "silent", { 1 * S, 1 * S, 1 * S, 200 * S, 205 * S }, 210 * S, US_RTMP_SILENT, 0 },
  { "stopped loop: late but silent",
    { 1 * S, 1 * S, 1 * S, 200 * S, 0 },
    900 * S,
    US_RTMP_SILENT,
    0 },
};

static void
test_verdicts (void) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].what);
    gint64 next_us = 0;
    UsRtmpVerdict verdict
        = us_rtmp_liveness_check (&cases[i].liveness, &limits, cases[i].now_us, &next_us);
    g_assert_cmpint (verdict, ==, cases[i].verdict);
    if (cases[i].next_us != 0)
      g_assert_cmpint (next_us, ==, cases[i].next_us);
    if (verdict == US_RTMP_ALIVE)
      g_assert_cmpint (next_us, >, cases[i].now_us);
  }
}

/* A peer that says something all the time, but shows nothing. */
static void
test_media (void) {
  static const struct {
    UsRtmpLiveness liveness;
    gint64 now_us;
    UsRtmpVerdict verdict;
    gint64 next_us;
  } rows[] = {
    { { 1 * S, 1 * S, 2 * S, 21 * S, 0, 20 * S }, 22 * S, US_RTMP_ALIVE, 26 * S },
    { { 1 * S, 1 * S, 2 * S, 29 * S, 0, 20 * S }, 29 * S, US_RTMP_ALIVE, 30 * S },
    { { 1 * S, 1 * S, 2 * S, 29 * S, 0, 20 * S }, 30 * S, US_RTMP_NO_MEDIA, 0 },
    { { 1 * S, 1 * S, 5 * S, 14 * S, 0, 0 }, 14 * S, US_RTMP_ALIVE, 15 * S },
    { { 1 * S, 1 * S, 5 * S, 15 * S, 0, 0 }, 15 * S, US_RTMP_NO_MEDIA, 0 },
    { { 1 * S, 1 * S, 5 * S, 5 * S, 0, 0 }, 15 * S, US_RTMP_SILENT, 0 },
  };
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  limits.media_timeout_ms = 10 * 1000;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    gint64 next_us = 0;
    g_test_message ("row %u", i);
    g_assert_cmpint (us_rtmp_liveness_check (&rows[i].liveness, &limits, rows[i].now_us, &next_us),
                     ==, rows[i].verdict);
    if (rows[i].next_us != 0)
      g_assert_cmpint (next_us, ==, rows[i].next_us);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/peer-limits/verdicts", test_verdicts);
  g_test_add_func ("/rtmp/peer-limits/media", test_media);
  return g_test_run ();
}
