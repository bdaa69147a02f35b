/* check-report.h - what a check of a stream came to: plain values, for people and programs */
#pragma once

#include "finding/finding.h"
#include "monitor/facts.h"

G_BEGIN_DECLS

typedef enum { US_REPORT_UNKNOWN, US_REPORT_LIVE, US_REPORT_RECORDING } UsReportKind;

/* UsReportFinding: all that was found of one check in one rendition. Text is owned UTF-8. */
typedef struct {
  UsCheck check;
  UsSeverity severity;    /* the worst */
  int rendition;          /* or US_FINDING_WHOLE */
  char *label;            /* nullable: of the rendition */
  char *text;             /* newest */
  double value, limit;    /* NAN: none */
  guint count;            /* how often it was seen */
  gboolean is_open;       /* at the end */
  double first_s, last_s; /* since the begin */
} UsReportFinding;

/* UsReportTimes: seconds; n 0: none was measured. */
typedef struct {
  guint n;
  double p50, p95, max;
} UsReportTimes;

/* UsReportMedia: declared or measured; 0, NAN and NULL: not known. Text is owned UTF-8. */
typedef struct {
  double peak_bps, average_bps;
  guint width, height, frame_rate_mhz;
  char *codecs;
} UsReportMedia;

/* UsReportRendition: text is owned UTF-8. */
typedef struct {
  int index;
  UsRenditionKind kind;
  char *label, *url;
  char *name, *language; /* nullable */
  gboolean has_playlist; /* at least one good one came */
  gboolean is_ended;
  guint target_duration_s, n_listed;
  UsReportMedia declared, measured;
  guint n_playlists, n_playlists_failed;
  guint n_segments, n_segments_failed; /* asked for; of them in vain */
  double media_s;                      /* of those that came */
  guint64 n_bytes;
  UsReportTimes playlist_first_byte, first_byte, download;
  double speed; /* median of media time / download time; NAN */
} UsReportRendition;

/* UsReport: text is owned UTF-8. */
typedef struct {
  char *url; /* without what is secret in it */
  gint64 begun_wall_us;
  double watched_s;
  UsReportKind kind;
  UsHealth verdict;
  char *why;               /* nullable: why there is no verdict */
  gboolean is_interrupted; /* by the user, before its time */
  GPtrArray *findings;     /* element-type UsReportFinding, as us_report_judge() sorts them */
  GPtrArray *renditions;   /* element-type UsReportRendition */
  UsReportTimes dns, connect, tls;
} UsReport;

UsReport *us_report_new (void);
void us_report_free (UsReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsReport, us_report_free)

/* @label, @text: (nullable): made valid. Returns: (transfer none): added */
UsReportFinding *us_report_add_finding (UsReport *report, const UsFinding *finding,
                                        const char *label);
/* Returns: (transfer none): added, with nothing measured */
UsReportRendition *us_report_add_rendition (UsReport *report, const UsRenditionInfo *info);
void us_report_times_read (UsReportTimes *times, GArray *seconds);
void us_report_judge (UsReport *report, gboolean has_evidence);

guint us_report_count (const UsReport *report, UsSeverity severity);
gboolean us_report_finding_is_ours (const UsReportFinding *finding);

/* Exit codes, as `understudy check` documents them. */
#define US_REPORT_EXIT_WELL 0
#define US_REPORT_EXIT_FOUND 1
#define US_REPORT_EXIT_UNKNOWN 2
int us_report_exit_code (const UsReport *report, UsSeverity fail_on);

/* For people; lines of plain text. Returns: (transfer full) */
char *us_report_to_text (const UsReport *report, UsSeverity fail_on, gboolean has_colour);
/* For programs; docs/check.md is the schema. Returns: (transfer full): JSON, ends with a newline */
char *us_report_to_json (const UsReport *report, UsSeverity fail_on);

G_END_DECLS
