/* test-detect-playlist.c - malformed, too short, stuck in a break */
#include "detect-case.h"

static void
run (const UsRenditionFacts *facts, const char *expected) {
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_playlist (facts, hits);
  assert_hits (hits, expected);
}

static void
test_window (void) {
  static const struct {
    guint n;
    gint64 duration_ms;
    guint target_s;
    double produced_s;
    gboolean is_ended;
    const char *expected;
  } rows[] = {
    { 10, 2000, 2, 1000, FALSE, "" },
    { 3, 2000, 2, 1000, FALSE, "" },
    { 3, 1970, 2, 1000, FALSE, "" },                  /* rounding */
    { 3, 1600, 2, 1000, FALSE, "short_window:info" }, /* three, of segments that are shorter */
    { 2, 2000, 2, 1000, FALSE, "short_window:degraded" },
    { 1, 6000, 6, 1000, FALSE, "short_window:degraded" },
    { 0, 0, 2, 1000, FALSE, "short_window:degraded" },
    { 3, 2000, 10, 1000, FALSE, "short_window:info" }, /* 10 s announced, 2 s made */
    { 2, 2000, 10, 1000, FALSE, "short_window:degraded" },
    /* it has only begun */
    { 1, 2000, 2, 0, FALSE, "" },
    { 2, 2000, 2, 4, FALSE, "" },
    { 2, 2000, 2, 5.9, FALSE, "" },
    { 2, 2000, 2, 6, FALSE, "short_window:degraded" },
    /* a recording is as long as it is */
    { 1, 2000, 2, 1000, TRUE, "" },
    { 3, 2000, 0, 1000, FALSE, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autoptr (UsPlaylist) playlist
        = make_playlist (0, rows[i].n, rows[i].duration_ms, rows[i].target_s, -1);
    playlist->is_ended = rows[i].is_ended;
    UsRenditionFacts facts = { .playlist = playlist,
                               .target_duration_s = rows[i].target_s,
                               .produced_s = rows[i].produced_s,
                               .cue_out_s = NAN };
    run (&facts, rows[i].expected);
  }
  UsRenditionFacts nothing = { .target_duration_s = 2, .produced_s = 100, .cue_out_s = NAN };
  run (&nothing, "");
}

static void
test_break (void) {
  static const struct {
    double out_s, planned_s;
    const char *expected;
  } rows[] = {
    { NAN, NAN, "" }, { 5, 30, "" },
    { 40, 30, "" },   { 40.1, 30, "cue_out_open:degraded" },
    { 899, NAN, "" }, { 901, NAN, "cue_out_open:degraded" },
    { 899, 0, "" },   { 1e12, NAN, "cue_out_open:degraded" },
    { 0, 0, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsRenditionFacts facts = { .target_duration_s = 2,
                               .cue_out_s = rows[i].out_s,
                               .cue_planned_s = rows[i].planned_s };
    run (&facts, rows[i].expected);
  }
}

/* How often it failed is told apart in test-detect-reach.c. */
static void
test_parse_error (void) {
  UsPlaylistSeen seen = { .parse_error = (char *)"line 3: #EXTINF: \"x\": expected seconds" };
  seen.fetched.outcome = US_OUTCOME_CONTENT;
  seen.fetched.n_bytes = 500;
  UsRenditionFacts facts = { .now_us = 1000 * S,
                             .good_us = 998 * S,
                             .n_failed = 1,
                             .target_duration_s = 2,
                             .last = &seen.fetched,
                             .last_seen = &seen,
                             .cue_out_s = NAN };
  run (&facts, "");
  facts.n_failed = 2;
  run (&facts, "parse_error:degraded");
  facts.n_failed = 3;
  run (&facts, "parse_error:unhealthy");
}

static void
test_long (void) {
  g_autoptr (UsPlaylist) playlist
      = make_playlist (0, US_PLAYLIST_MAX_SEGMENTS, 86400000, 86400, -1);
  UsRenditionFacts facts
      = { .playlist = playlist, .target_duration_s = 86400, .produced_s = 1e12, .cue_out_s = NAN };
  g_autoptr (UsHits) hits = us_hits_new ();
  assert_quick (20, us_detect_playlist (&facts, hits));
  assert_hits (hits, "");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-playlist/window", test_window);
  g_test_add_func ("/monitor/detect-playlist/break", test_break);
  g_test_add_func ("/monitor/detect-playlist/parse-error", test_parse_error);
  g_test_add_func ("/monitor/detect-playlist/long", test_long);
  return g_test_run ();
}
