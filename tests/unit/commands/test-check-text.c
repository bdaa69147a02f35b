/* test-check-text.c - the report as people read it: aligned, complete without colour, harmless */
#include "report-case.h"

#include <string.h>

static UsReport *
new_full (void) {
  UsReport *report = report_case_new (US_REPORT_LIVE);
  UsReportRendition *its = report_case_rendition (report, 0, US_RENDITION_VIDEO, "0-1280x720");
  its->declared.peak_bps = 2500000;
  its->declared.codecs = g_strdup ("avc1.64001f");
  its->measured = (UsReportMedia){ .peak_bps = 2600000,
                                   .average_bps = 950000,
                                   .width = 1280,
                                   .height = 720,
                                   .frame_rate_mhz = 29970,
                                   .codecs = g_strdup ("avc1.64001f,mp4a.40.2") };
  its->n_segments_failed = 1;
  its->download = (UsReportTimes){ 4, 0.25, 1.5, 1.5 };
  its->speed = 8;
  report_case_rendition (report, 1, US_RENDITION_AUDIO, "a1");
  report_case_finding (report, US_CHECK_SEGMENT_MISSING, US_SEVERITY_DEGRADED, 0, "0-1280x720",
                       "segment 7 is missing")
      ->count
      = 3;
  report_case_finding (report, US_CHECK_RENDITIONS_APART, US_SEVERITY_DEGRADED, US_FINDING_WHOLE,
                       NULL, "a1 is 9.0 s behind");
  us_report_judge (report, TRUE);
  return report;
}

static void
assert_has (const char *text, const char *part) {
  if (strstr (text, part) == NULL)
    g_error ("'%s' is not in:\n%s", part, text);
}

static void
test_content (void) {
  g_autoptr (UsReport) report = new_full ();
  g_autofree char *text = us_report_to_text (report, US_SEVERITY_DEGRADED, FALSE);
  assert_has (text, "http://example.com/live.m3u8\nDEGRADED  live, 2 renditions, 9 segments with "
                    "20.0 s, watched for 10.0 s\n");
  assert_has (text, "  the stream as a whole\n    degraded   Renditions out of step "
                    "(renditions_apart)\n               a1 is 9.0 s behind");
  assert_has (text, "  rendition 0-1280x720\n");
  assert_has (text, "segment 7 is missing; 3 times\n");
  assert_has (text, "2.50 Mb/s");
  assert_has (text, "950 kb/s");
  assert_has (text, "29.97");
  assert_has (text, "5 (1 failed)");
  assert_has (text, "250.0 ms");
  assert_has (text, "8.0x");
  assert_has (text, "0 unhealthy, 2 degraded, 0 info; exit code 1");
  g_assert_null (strchr (text, '\033'));
  g_assert_null (strstr (text, "secret"));
}

/* Where "declared" and "measured" begin: the same column in every row. */
static void
test_aligned (void) {
  g_autoptr (UsReport) report = new_full ();
  g_autofree char *text = us_report_to_text (report, US_SEVERITY_DEGRADED, FALSE);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gssize column = -1, codecs = -1;
  guint n = 0;
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *word = strstr (lines[i], "declared  ");
    word = word != NULL ? word : strstr (lines[i], "measured  ");
    if (strstr (lines[i], "codecs") != NULL && codecs < 0)
      codecs = strstr (lines[i], "codecs") - lines[i];
    if (word == NULL)
      continue;
    n++;
    column = column < 0 ? word - lines[i] : column;
    g_assert_cmpint (word - lines[i], ==, column);
    g_assert_cmpint (lines[i][codecs - 1], ==, ' ');
    g_assert_cmpint (lines[i][codecs], !=, ' ');
  }
  g_assert_cmpuint (n, ==, 4);
}

static void
test_colour (void) {
  g_autoptr (UsReport) report = new_full ();
  g_autofree char *plain = us_report_to_text (report, US_SEVERITY_DEGRADED, FALSE);
  g_autofree char *coloured = us_report_to_text (report, US_SEVERITY_DEGRADED, TRUE);
  g_autoptr (GRegex) codes = g_regex_new ("\033\\[[0-9;]*m", 0, 0, NULL);
  g_autofree char *stripped = g_regex_replace (codes, coloured, -1, 0, "", 0, NULL);
  assert_has (coloured, "\033[1;33mDEGRADED\033[0m");
  g_assert_cmpstr (stripped, ==, plain);
}

/* A playlist is no remote control for a terminal. */
static void
test_hostile (void) {
  g_autoptr (UsReport) report = report_case_new (US_REPORT_LIVE);
  UsReportRendition *its = report_case_rendition (report, 0, US_RENDITION_VIDEO, "0\033[2J");
  its->declared.codecs = g_strdup ("avc1\r\n\xc2\x9b"
                                   "31m\xe2\x80\xae");
  report_case_finding (report, US_CHECK_PARSE_ERROR, US_SEVERITY_UNHEALTHY, 0, "0",
                       "line 3: '\033]0;x\a'");
  us_report_judge (report, TRUE);
  g_autofree char *text = us_report_to_text (report, US_SEVERITY_DEGRADED, FALSE);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_true (*p == '\n' || !g_unichar_iscntrl (g_utf8_get_char (p)));
  assert_has (text, "line 3: '?]0;x?'");
  assert_has (text, "avc1???31m?");
}

static void
test_nothing (void) {
  g_autoptr (UsReport) report = report_case_new (US_REPORT_UNKNOWN);
  us_report_judge (report, FALSE);
  g_autofree char *text = us_report_to_text (report, US_SEVERITY_DEGRADED, FALSE);
  assert_has (text, "NO DATA  no media playlist could be read, watched for 10.0 s\n"
                    "too little was seen to judge it\n");
  assert_has (text, "Findings: none\n");
  assert_has (text, "exit code 2");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/check-text/content", test_content);
  g_test_add_func ("/commands/check-text/aligned", test_aligned);
  g_test_add_func ("/commands/check-text/colour", test_colour);
  g_test_add_func ("/commands/check-text/hostile", test_hostile);
  g_test_add_func ("/commands/check-text/nothing", test_nothing);
  return g_test_run ();
}
