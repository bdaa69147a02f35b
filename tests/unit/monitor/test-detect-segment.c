/* test-detect-segment.c - segments that cannot be had, or not at once */
#include "detect-case.h"

static void
test_outcomes (void) {
  static const struct {
    UsOutcome outcome;
    guint n_failed_before, from_oldest, from_newest;
    const char *expected;
  } rows[] = {
    { US_OUTCOME_OK, 0, 3, 0, "" },
    { US_OUTCOME_OK, 9, 3, 0, "" },
    { US_OUTCOME_MISSING, 0, 5, 0, "segment_missing:degraded" },
    { US_OUTCOME_MISSING, 1, 5, 0, "segment_missing:unhealthy" },
    { US_OUTCOME_MISSING, 0, 0, 5, "segment_early_gone:degraded" },
    { US_OUTCOME_MISSING, 0, 1, 4, "segment_early_gone:degraded" },
    { US_OUTCOME_MISSING, 0, 2, 3, "segment_missing:degraded" },
    { US_OUTCOME_MISSING, 0, 0, 2, "segment_missing:degraded" }, /* a window of three */
    { US_OUTCOME_MISSING, 3, 0, 5, "segment_early_gone:degraded" },
    { US_OUTCOME_TIMEOUT, 0, 5, 0, "segment_timeout:degraded" },
    { US_OUTCOME_TIMEOUT, 2, 5, 0, "segment_timeout:unhealthy" },
    { US_OUTCOME_TRUNCATED, 0, 5, 0, "segment_truncated:degraded" },
    { US_OUTCOME_5XX, 0, 5, 0, "segment_error:degraded" },
    { US_OUTCOME_5XX, 0, 0, 5, "segment_error:degraded" },
    { US_OUTCOME_BUSY, 0, 5, 0, "segment_error:degraded" },
    { US_OUTCOME_AUTH, 1, 5, 0, "segment_error:unhealthy" },
    { US_OUTCOME_4XX, 0, 5, 0, "segment_error:degraded" },
    { US_OUTCOME_DNS, 0, 5, 0, "segment_error:degraded" },
    { US_OUTCOME_CONNECT, 0, 5, 0, "segment_error:degraded" },
    { US_OUTCOME_RESET, 0, 5, 0, "segment_error:degraded" },
    { US_OUTCOME_CONTENT, 0, 5, 0, "segment_error:degraded" },
    { US_OUTCOME_FORBIDDEN, 0, 5, 0, "segment_error:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    UsSegmentSeen seen = { .number = 77,
                           .n_tries = 3,
                           .n_failed_before = rows[i].n_failed_before,
                           .from_oldest = rows[i].from_oldest,
                           .from_newest = rows[i].from_newest };
    seen.fetched.outcome = rows[i].outcome;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_segment (&seen, 2, hits);
    assert_hits (hits, rows[i].expected);
  }
}

/* How many of the last two minutes failed, of any kind. */
static void
test_recent (void) {
  static const struct {
    guint n_failed, n_all, n_failed_before;
    const char *expected;
  } rows[] = {
    { 1, 60, 0, "segment_error:degraded" },   { 2, 60, 0, "segment_error:degraded" },
    { 3, 60, 0, "segment_error:unhealthy" },  { 3, 3, 0, "segment_error:unhealthy" },
    { 1, 1, 0, "segment_error:degraded" },    { 1, 9, 0, "segment_error:degraded" },
    { 2, 9, 0, "segment_error:degraded" },    { 1, 10, 0, "segment_error:degraded" },
    { 2, 10, 0, "segment_error:unhealthy" },  { 2, 12, 0, "segment_error:unhealthy" },
    { 2, 19, 0, "segment_error:unhealthy" },  { 2, 20, 0, "segment_error:degraded" },
    { 2, 600, 1, "segment_error:unhealthy" }, { 0, 0, 0, "segment_error:degraded" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    UsSegmentSeen seen = { .number = 77,
                           .n_tries = 3,
                           .from_oldest = 5,
                           .n_failed_before = rows[i].n_failed_before,
                           .n_failed_recently = rows[i].n_failed,
                           .n_recently = rows[i].n_all };
    seen.fetched.outcome = US_OUTCOME_5XX;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_segment (&seen, 2, hits);
    assert_hits (hits, rows[i].expected);
  }
}

static void
test_late (void) {
  UsSegmentSeen seen = { .number = 77, .n_tries = 2, .was_missing = TRUE };
  seen.fetched.outcome = US_OUTCOME_OK;
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_segment (&seen, 0, hits);
  assert_hits (hits, "segment_late:degraded");
}

static void
test_words (void) {
  static const struct {
    guint n_tries, n_failed_before, status, n_failed;
    const char *problem, *text;
  } rows[] = {
    { 1, 0, 500, 1, NULL, "segment 77 failed: HTTP status 500" },
    { 3, 0, 500, 1, "status 500 after a redirect",
      "segment 77 failed after 3 tries: status 500 after a redirect" },
    { 3, 4, 0, 5, NULL, "segment 77 failed after 3 tries, 5 in a row: 5xx" },
    { 1, 0, 0, 4, NULL, "segment 77 failed, 4 of 41 in two minutes: 5xx" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsSegmentSeen seen = { .number = 77,
                           .n_tries = rows[i].n_tries,
                           .n_failed_before = rows[i].n_failed_before,
                           .n_failed_recently = rows[i].n_failed,
                           .n_recently = 41,
                           .from_oldest = 5 };
    seen.fetched.outcome = US_OUTCOME_5XX;
    seen.fetched.status = rows[i].status;
    seen.fetched.problem = (char *)rows[i].problem;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_segment (&seen, 2, hits);
    g_assert_cmpuint (hits->len, ==, 1);
    g_assert_cmpstr (g_array_index (hits, UsHit, 0).text, ==, rows[i].text);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/detect-segment/outcomes", test_outcomes);
  g_test_add_func ("/detect-segment/recent", test_recent);
  g_test_add_func ("/detect-segment/late", test_late);
  g_test_add_func ("/detect-segment/words", test_words);
  return g_test_run ();
}
