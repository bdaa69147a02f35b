/* test-segment-run.c - what is carried from segment to segment */
#include "media-case.h"

static void
test_runs (void) {
  UsRenditionInfo info = { .bandwidth_bps = 1000000 };
  UsSegmentSeen *before = NULL;
  for (guint i = 0; i < 5; i++) {
    UsSegmentSeen *now = make_segment (i);
    now->media->probe->starts_with_random_access = i == 3;
    if (i == 1 || i == 2)
      now->fetched.outcome = US_OUTCOME_TIMEOUT;
    us_segment_seen_follow (now, before, &info);
    g_assert_cmpuint (now->n_failed_before, ==, i == 2 ? 1 : i == 3 ? 2 : 0);
    g_assert_cmpuint (now->n_over_bandwidth_before, ==, i == 1 || i == 4 ? 1 : 0);
    g_assert_cmpint (now->without_keyframe_us, ==, i < 4 ? (gint64)i * 2 * S : 0);
    g_clear_pointer (&before, us_segment_seen_free);
    before = now;
  }
  us_segment_seen_free (before);
}

static void
test_bandwidth (void) {
  static const struct {
    guint64 bandwidth_bps;
    gsize n_bytes;
    gint64 duration_us;
    UsOutcome outcome;
    gboolean is_over;
  } rows[] = {
    { 0, 1000000, 2 * S, US_OUTCOME_OK, FALSE },
    { 1000000, 250000, 2 * S, US_OUTCOME_OK, FALSE },
    { 1000000, 275000, 2 * S, US_OUTCOME_OK, FALSE },
    { 1000000, 275001, 2 * S, US_OUTCOME_OK, TRUE },
    { 1000000, 275001, 2 * S, US_OUTCOME_TRUNCATED, FALSE },
    { 1000000, 275001, S - 1, US_OUTCOME_OK, FALSE },
    { 1000000, 275001, 0, US_OUTCOME_OK, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsRenditionInfo info = { .bandwidth_bps = rows[i].bandwidth_bps };
    UsSegmentSeen seen = { .duration_us = rows[i].duration_us };
    double bps;
    seen.fetched.n_bytes = rows[i].n_bytes;
    seen.fetched.outcome = rows[i].outcome;
    g_assert_cmpint (us_segment_seen_is_over_bandwidth (&seen, &info, &bps), ==, rows[i].is_over);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment-run/runs", test_runs);
  g_test_add_func ("/segment-run/bandwidth", test_bandwidth);
  return g_test_run ();
}
