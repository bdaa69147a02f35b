/* test-detect-advance.c - a playlist that stops, ends, falls behind, or goes too slowly */
#include "detect-case.h"

#define NOW (100000 * S)

static void
run (const UsRenditionFacts *facts, const char *expected) {
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_advance (facts, hits);
  assert_hits (hits, expected);
}

/* One that is polled now, advanced a moment ago, and keeps its distance and pace. */
static UsRenditionFacts
healthy (const UsPlaylist *playlist, double poll_s) {
  return (UsRenditionFacts){ .now_us = NOW,
                             .begun_us = NOW - 3600 * S,
                             .first_good_us = NOW - 3600 * S,
                             .good_us = NOW,
                             .advanced_us = NOW,
                             .poll_us = (gint64)(poll_s * S),
                             .playlist = playlist,
                             .target_duration_s = playlist->target_duration_s,
                             .latency_s = NAN,
                             .base_latency_s = NAN };
}

static void
test_stale_edges (void) {
  static const struct {
    guint target_s;
    double poll_s, age_s;
    const char *expected;
  } rows[] = {
    /* 1.5 target durations and a poll; 3.5, but not before 10 s */
    { 2, 1, 0, "" },
    { 2, 1, 4.0, "" },
    { 2, 1, 4.1, "stale:degraded" },
    { 2, 1, 10, "stale:degraded" },
    { 2, 1, 10.1, "stale:unhealthy" },
    { 2, 2, 5.0, "" },
    { 2, 2, 5.1, "stale:degraded" },
    { 6, 6, 15, "" },
    { 6, 6, 15.1, "stale:degraded" },
    { 6, 6, 21, "stale:degraded" },
    { 6, 6, 21.1, "stale:unhealthy" },
    { 10, 5, 20, "" },
    { 10, 5, 35.1, "stale:unhealthy" },
    /* looked at so seldom that nothing else could be seen */
    { 2, 20, 22, "" },
    { 2, 20, 23.1, "stale:unhealthy" },
    { 1, 1, 86400, "stale:unhealthy" },
    { 86400, 6, 86400, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autoptr (UsPlaylist) playlist
        = make_playlist (0, 5, rows[i].target_s * 1000, rows[i].target_s, -1);
    UsRenditionFacts facts = healthy (playlist, rows[i].poll_s);
    facts.advanced_us = NOW - (gint64)(rows[i].age_s * S);
    run (&facts, rows[i].expected);
    /* it never advanced: then since the first look */
    facts.first_good_us = facts.advanced_us;
    facts.advanced_us = 0;
    run (&facts, rows[i].expected);
  }
}

/* What was not looked at is not judged. */
static void
test_only_what_was_seen (void) {
  g_autoptr (UsPlaylist) playlist = make_playlist (0, 5, 2000, 2, -1);
  UsRenditionFacts facts = healthy (playlist, 1);
  facts.good_us = facts.advanced_us = NOW - 60 * S; /* all polls since have failed */
  facts.n_failed = 30;
  run (&facts, "");
  facts.n_failed = 0; /* one hangs */
  run (&facts, "");
  facts.advanced_us = NOW - 80 * S; /* it had stopped before */
  run (&facts, "stale:unhealthy");
  facts.n_failed = 30;
  run (&facts, "stale:unhealthy");

  facts = healthy (playlist, 1);
  facts.playlist = NULL;
  run (&facts, "");
  facts = healthy (playlist, 1);
  facts.advanced_us = NOW - 60 * S;
  facts.target_duration_s = 0;
  run (&facts, "");
}

/* Longer segments than announced have their own finding and are not waited for in vain; what is
 * absurd is not believed. */
static void
test_long_segments (void) {
  g_autoptr (UsPlaylist) playlist = make_playlist (0, 5, 5000, 2, -1);
  UsRenditionFacts facts = healthy (playlist, 1);
  facts.advanced_us = NOW - 8 * S;
  run (&facts, "");
  g_autoptr (UsPlaylist) absurd = make_playlist (0, 5, 86400000, 2, -1);
  facts.playlist = absurd;
  facts.advanced_us = NOW - 22 * S;
  run (&facts, "stale:unhealthy");
}

static void
test_empty (void) {
  g_autoptr (UsPlaylist) playlist = make_playlist (0, 0, 0, 2, -1);
  UsRenditionFacts facts = healthy (playlist, 1);
  run (&facts, "");
  facts.advanced_us = 0;
  run (&facts, "stale:unhealthy"); /* for an hour */
}

static void
test_ended (void) {
  g_autoptr (UsPlaylist) playlist = make_playlist (0, 5, 2000, 2, -1);
  playlist->is_ended = TRUE;
  UsRenditionFacts facts = healthy (playlist, 1);
  run (&facts, "endlist:degraded");
  facts.advanced_us = NOW - 10 * S;
  run (&facts, "endlist:degraded");
  facts.advanced_us -= 1 * S;
  run (&facts, "endlist:unhealthy");
  facts.advanced_us = 0; /* complete when it was first seen */
  run (&facts, "endlist:info");
}

static void
test_latency (void) {
  static const struct {
    double latency_s, base_s;
    const char *expected;
  } rows[] = {
    { 10, 10, "" },
    { 14, 10, "" },
    { 14.1, 10, "latency:degraded" },
    { 20, 10, "latency:degraded" },
    { 20.1, 10, "latency:unhealthy" },
    { NAN, 10, "" },
    { 100, NAN, "" },
    { -5, -6, "" }, /* their clock is ahead of ours */
    { 2, 10, "" },
    { 1e15, 10, "latency:unhealthy" },
  };
  g_autoptr (UsPlaylist) playlist = make_playlist (0, 5, 2000, 2, -1);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsRenditionFacts facts = healthy (playlist, 1);
    facts.latency_s = rows[i].latency_s;
    facts.base_latency_s = rows[i].base_s;
    run (&facts, rows[i].expected);
    /* when it stands still or cannot be had, that is what to say */
    facts.n_failed = 1;
    run (&facts, "");
    facts.n_failed = 0;
    facts.advanced_us = NOW - 6 * S;
    run (&facts, "stale:degraded");
  }
}

static void
test_rate (void) {
  static const struct {
    guint target_s;
    double poll_s, media_s, over_s;
    const char *expected;
  } rows[] = {
    /* one poll and one segment may be missing or too many */
    { 2, 1, 118, 118, "" },
    { 2, 1, 112, 118, "" },
    { 2, 1, 111, 118, "production_rate:degraded" },
    { 2, 1, 98, 118, "production_rate:degraded" },
    { 2, 1, 97, 118, "production_rate:unhealthy" },
    { 2, 1, 126, 118, "" },
    { 2, 1, 127, 118, "production_rate:degraded" },
    { 10, 10, 100, 110, "" },
    { 10, 10, 120, 110, "" },
    { 10, 10, 80, 110, "production_rate:degraded" },
    { 10, 10, 70, 110, "production_rate:unhealthy" },
    /* too little seen, or too seldom: five segments are listed at once */
    { 2, 10, 60, 118, "production_rate:unhealthy" },
    { 2, 10.1, 60, 118, "" },
    { 2, 1, 40, 89, "" },
    { 2, 1, 0, 0, "" },
    { 2, 1, 1e300, 100, "production_rate:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autoptr (UsPlaylist) playlist
        = make_playlist (0, 5, rows[i].target_s * 1000, rows[i].target_s, -1);
    UsRenditionFacts facts = healthy (playlist, rows[i].poll_s);
    facts.produced_s = rows[i].media_s;
    facts.produced_over_s = rows[i].over_s;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_advance (&facts, hits);
    if (rows[i].media_s < 1e100)
      assert_hits (hits, rows[i].expected);
    else
      g_assert_cmpuint (hits->len, ==, 1);
  }
}

static void
test_long (void) {
  g_autoptr (UsPlaylist) playlist = make_playlist (0, US_PLAYLIST_MAX_SEGMENTS, 2000, 2, DAWN_MS);
  UsRenditionFacts facts = healthy (playlist, 1);
  g_autoptr (UsHits) hits = us_hits_new ();
  assert_quick (20, us_detect_advance (&facts, hits));
  assert_hits (hits, "");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-advance/stale-edges", test_stale_edges);
  g_test_add_func ("/monitor/detect-advance/only-what-was-seen", test_only_what_was_seen);
  g_test_add_func ("/monitor/detect-advance/long-segments", test_long_segments);
  g_test_add_func ("/monitor/detect-advance/empty", test_empty);
  g_test_add_func ("/monitor/detect-advance/ended", test_ended);
  g_test_add_func ("/monitor/detect-advance/latency", test_latency);
  g_test_add_func ("/monitor/detect-advance/rate", test_rate);
  g_test_add_func ("/monitor/detect-advance/long", test_long);
  return g_test_run ();
}
