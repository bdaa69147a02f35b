/* report-case.h - reports as a session would fill them, for tests */
#pragma once

#include "commands/check-report.h"

#include <math.h>

static inline UsReport *
report_case_new (UsReportKind kind) {
  UsReport *report = us_report_new ();
  report->url = g_strdup ("http://example.com/live.m3u8");
  report->begun_wall_us = G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC;
  report->watched_s = 10;
  report->kind = kind;
  return report;
}

static inline UsReportRendition *
report_case_rendition (UsReport *report, int index, UsRenditionKind rendition_kind,
                       const char *label) {
  UsRenditionInfo info = { .index = index,
                           .label = (char *)label,
                           .url = (char *)"http://example.com/r.m3u8?token=secret",
                           .kind = rendition_kind };
  UsReportRendition *its = us_report_add_rendition (report, &info);
  its->n_segments = 5;
  its->media_s = 10;
  return its;
}

static inline UsReportFinding *
report_case_finding (UsReport *report, UsCheck check, UsSeverity severity, int rendition,
                     const char *label, const char *text) {
  UsFinding finding = { .check = check,
                        .rendition = rendition,
                        .severity = severity,
                        .worst = severity,
                        .count = 1,
                        .text = (char *)text,
                        .value = NAN,
                        .limit = NAN };
  return us_report_add_finding (report, &finding, label);
}
