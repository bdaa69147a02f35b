/* test-detect-speed.c - downloads slower than playback, first bytes that are late */
#include "detect-case.h"

static void
window_free (UsFetchWindow *window) {
  us_fetch_window_clear (window);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsFetchWindow, window_free)

static void
run (const UsFetchWindow *window, const char *expected) {
  UsRenditionFacts facts = { .segments = window, .target_duration_s = 2 };
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_speed (&facts, hits);
  assert_hits (hits, expected);
}

static void
add (UsFetchWindow *window, UsOutcome outcome, double media_s, double first_byte_s,
     double total_s) {
  UsFetchSample sample = { .outcome = outcome,
                           .connect_s = NAN,
                           .first_byte_s = first_byte_s,
                           .body_s = total_s - first_byte_s,
                           .total_s = total_s,
                           .media_s = media_s };
  us_fetch_window_add (window, &sample);
}

static void
test_throughput (void) {
  static const struct {
    guint n;
    double media_s, total_s;
    const char *expected;
  } rows[] = {
    { 30, 6, 0.2, "" },
    { 30, 6, 4.0, "" },
    { 30, 6, 4.01, "throughput:degraded" },
    { 30, 6, 6.0, "throughput:degraded" },
    { 30, 6, 6.01, "throughput:unhealthy" },
    { 3, 6, 6.01, "throughput:unhealthy" },
    { 2, 6, 60, "" }, /* too few */
    { 30, NAN, 60, "" },
    { 30, 0, 60, "" },
    { 30, 6, 0, "" },
    { 30, 86400, 86400 * 2., "throughput:unhealthy" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_auto (UsFetchWindow) window = { NULL };
    us_fetch_window_init (&window);
    for (guint n = 0; n < rows[i].n; n++)
      add (&window, US_OUTCOME_OK, rows[i].media_s, 0.05, rows[i].total_s);
    run (&window, rows[i].expected);
  }
}

/* Some slow ones are an accident, failed ones are no measurement. */
static void
test_median (void) {
  g_auto (UsFetchWindow) window = { NULL };
  us_fetch_window_init (&window);
  for (guint i = 0; i < 9; i++)
    add (&window, US_OUTCOME_OK, 6, 0.05, i < 5 ? 0.5 : 30);
  for (guint i = 0; i < 100; i++)
    add (&window, US_OUTCOME_TIMEOUT, 6, 10, 30);
  run (&window, "");
}

static void
test_first_byte (void) {
  static const struct {
    guint n, n_slow;
    double media_s, first_byte_s;
    const char *expected;
  } rows[] = {
    { 20, 20, 2, 0.5, "" },
    { 20, 20, 2, 0.51, "ttfb:degraded" },
    { 20, 20, 2, 1.0, "ttfb:degraded" },
    { 20, 20, 2, 1.01, "ttfb:unhealthy" },
    { 20, 20, 6, 1.5, "" }, /* a quarter of the segment */
    { 20, 20, 6, 1.51, "ttfb:degraded" },
    { 20, 20, 6, 3.01, "ttfb:unhealthy" },
    { 20, 1, 2, 9, "" }, /* one is an accident, in many ... */
    { 5, 1, 2, 9, "" },  /* ... and in few */
    { 5, 2, 2, 0.9, "ttfb:degraded" },
    { 60, 4, 2, 0.9, "ttfb:degraded" },
    { 60, 2, 2, 0.9, "" },
    { 4, 4, 2, 9, "throughput:unhealthy" }, /* too few for a share of them */
    { 20, 20, 2, NAN, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_auto (UsFetchWindow) window = { NULL };
    us_fetch_window_init (&window);
    for (guint n = 0; n < rows[i].n; n++) {
      double first_byte_s = n < rows[i].n_slow ? rows[i].first_byte_s : 0.02;
      add (&window, US_OUTCOME_OK, rows[i].media_s, first_byte_s,
           isnan (first_byte_s) ? 0.1 : first_byte_s + 0.05);
    }
    g_autoptr (UsHits) hits = us_hits_new ();
    run (&window, rows[i].expected);
  }
}

static void
test_nothing (void) {
  g_auto (UsFetchWindow) window = { NULL };
  us_fetch_window_init (&window);
  run (&window, "");
  run (NULL, "");
}

static void
test_full (void) {
  g_auto (UsFetchWindow) window = { NULL };
  us_fetch_window_init (&window);
  for (guint i = 0; i < US_WINDOW_MAX_FETCHES; i++)
    add (&window, US_OUTCOME_OK, 2, 0.3 + (i * 2654435761u % 97) / 500.0, 1.9);
  UsRenditionFacts facts = { .segments = &window, .target_duration_s = 2 };
  g_autoptr (UsHits) hits = us_hits_new ();
  assert_quick (5, us_detect_speed (&facts, hits));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-speed/throughput", test_throughput);
  g_test_add_func ("/monitor/detect-speed/median", test_median);
  g_test_add_func ("/monitor/detect-speed/first-byte", test_first_byte);
  g_test_add_func ("/monitor/detect-speed/nothing", test_nothing);
  g_test_add_func ("/monitor/detect-speed/full", test_full);
  return g_test_run ();
}
