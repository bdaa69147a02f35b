/* test-check-report.c - verdict, order and exit code of a report */
#include "report-case.h"

#define WHOLE US_FINDING_WHOLE

static void
test_exit_codes (void) {
  static const struct {
    const char *what;
    int check; /* -1: nothing was found */
    UsSeverity severity;
    gboolean has_evidence;
    UsHealth verdict;
    int at_info, at_degraded, at_unhealthy;
  } cases[] = {
    { "well", -1, 0, TRUE, US_HEALTH_HEALTHY, 0, 0, 0 },
    { "nothing seen", -1, 0, FALSE, US_HEALTH_NO_DATA, 2, 2, 2 },
    { "a hint", US_CHECK_CORS, US_SEVERITY_INFO, TRUE, US_HEALTH_HEALTHY, 1, 0, 0 },
    { "degraded", US_CHECK_STALE, US_SEVERITY_DEGRADED, TRUE, US_HEALTH_DEGRADED, 1, 1, 0 },
    { "unhealthy", US_CHECK_STALE, US_SEVERITY_UNHEALTHY, TRUE, US_HEALTH_UNHEALTHY, 1, 1, 1 },
    { "refused: nobody can watch it", US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, FALSE,
      US_HEALTH_UNHEALTHY, 1, 1, 1 },
    { "our own rule", US_CHECK_FORBIDDEN_ADDRESS, US_SEVERITY_DEGRADED, FALSE, US_HEALTH_NO_DATA, 2,
      2, 2 },
    { "our own network", US_CHECK_PROBE_NETWORK, US_SEVERITY_INFO, TRUE, US_HEALTH_NO_DATA, 2, 2,
      2 },
    { "we are slow, but saw it", US_CHECK_PROBE_LATE, US_SEVERITY_INFO, TRUE, US_HEALTH_HEALTHY, 0,
      0, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (UsReport) report = report_case_new (US_REPORT_LIVE);
    g_test_message ("%s", cases[i].what);
    report_case_rendition (report, 0, US_RENDITION_VIDEO, "0");
    if (cases[i].check >= 0)
      report_case_finding (report, (UsCheck)cases[i].check, cases[i].severity, 0, "0", "text");
    us_report_judge (report, cases[i].has_evidence);
    g_assert_cmpint (report->verdict, ==, cases[i].verdict);
    g_assert_cmpint (report->why != NULL, ==, cases[i].verdict == US_HEALTH_NO_DATA);
    g_assert_cmpint (us_report_exit_code (report, US_SEVERITY_INFO), ==, cases[i].at_info);
    g_assert_cmpint (us_report_exit_code (report, US_SEVERITY_DEGRADED), ==, cases[i].at_degraded);
    g_assert_cmpint (us_report_exit_code (report, US_SEVERITY_UNHEALTHY), ==,
                     cases[i].at_unhealthy);
  }
}

/* One rung of three is a way out for viewers; all of them, or the only sound, are not. */
static void
test_roll_up (void) {
  static const struct {
    int ill[3];
    guint n;
    UsHealth verdict;
  } cases[] = {
    { { 0 }, 1, US_HEALTH_DEGRADED },
    { { 0, 1 }, 2, US_HEALTH_UNHEALTHY },
    { { 2 }, 1, US_HEALTH_UNHEALTHY },
    { { WHOLE }, 1, US_HEALTH_UNHEALTHY },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (UsReport) report = report_case_new (US_REPORT_LIVE);
    report_case_rendition (report, 0, US_RENDITION_VIDEO, "0");
    report_case_rendition (report, 1, US_RENDITION_VIDEO, "1");
    report_case_rendition (report, 2, US_RENDITION_AUDIO, "a2");
    for (guint k = 0; k < cases[i].n; k++)
      report_case_finding (report, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, cases[i].ill[k], "x",
                           "text");
    us_report_judge (report, TRUE);
    g_assert_cmpint (report->verdict, ==, cases[i].verdict);
    g_assert_cmpint (us_report_exit_code (report, US_SEVERITY_UNHEALTHY), ==, 1);
  }
}

static void
test_order (void) {
  static const struct {
    UsCheck check;
    int rendition;
  } expected[] = { { US_CHECK_LADDER_MISMATCH, WHOLE },
                   { US_CHECK_STALE, 0 },
                   { US_CHECK_CORS, 0 },
                   { US_CHECK_CORS, 1 } };
  g_autoptr (UsReport) report = report_case_new (US_REPORT_LIVE);
  report_case_finding (report, US_CHECK_CORS, US_SEVERITY_INFO, 1, "1", "a");
  report_case_finding (report, US_CHECK_CORS, US_SEVERITY_INFO, 0, "0", "b");
  report_case_finding (report, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, 0, "0", "c");
  report_case_finding (report, US_CHECK_LADDER_MISMATCH, US_SEVERITY_INFO, WHOLE, NULL, "d");
  us_report_judge (report, TRUE);
  g_assert_cmpuint (report->findings->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    const UsReportFinding *its = report->findings->pdata[i];
    g_assert_cmpint (its->check, ==, expected[i].check);
    g_assert_cmpint (its->rendition, ==, expected[i].rendition);
  }
  g_assert_cmpuint (us_report_count (report, US_SEVERITY_INFO), ==, 3);
}

static void
test_times (void) {
  g_autoptr (GArray) seconds = g_array_new (FALSE, FALSE, sizeof (double));
  UsReportTimes times;
  us_report_times_read (&times, seconds);
  g_assert_cmpuint (times.n, ==, 0);
  g_assert_true (isnan (times.p50));
  for (int i = 100; i > 0; i--) {
    double value = i;
    g_array_append_val (seconds, value);
  }
  us_report_times_read (&times, seconds);
  g_assert_cmpfloat (times.p50, ==, 50);
  g_assert_cmpfloat (times.p95, ==, 95);
  g_assert_cmpfloat (times.max, ==, 100);
}

/* A playlist may hold anything. */
static void
test_hostile_text (void) {
  g_autoptr (UsReport) report = report_case_new (US_REPORT_LIVE);
  UsRenditionInfo info = { .label = (char *)"\xff\xfe",
                           .url = (char *)"\x80",
                           .codecs = (char *)"avc1\xc0",
                           .name = (char *)"\xed\xa0\x80" };
  UsReportRendition *its = us_report_add_rendition (report, &info);
  UsReportFinding *finding
      = report_case_finding (report, US_CHECK_GAP, US_SEVERITY_INFO, 0, "\xff", "\xfe\x1b[2J");
  const char *texts[]
      = { its->label, its->url, its->declared.codecs, its->name, finding->label, finding->text };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_true (g_utf8_validate (texts[i], -1, NULL));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/check-report/exit-codes", test_exit_codes);
  g_test_add_func ("/commands/check-report/roll-up", test_roll_up);
  g_test_add_func ("/commands/check-report/order", test_order);
  g_test_add_func ("/commands/check-report/times", test_times);
  g_test_add_func ("/commands/check-report/hostile-text", test_hostile_text);
  return g_test_run ();
}
