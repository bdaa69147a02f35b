/* check-report.c - what a check of a stream came to: filled, sorted, judged
 *
 * Plain values, owned by the command. The session (check-session.c) fills them in; check-text.c and
 * check-json.c print them. The verdict is that of the monitor, over everything that was found in
 * the session rather than over what is open at its end: a check is asked whether the stream was
 * well while it looked.
 */
#include "commands/check-report.h"

#include <math.h>
#include <string.h>

#include "base/url.h"
#include "monitor/verdict.h"

static void
free_finding (gpointer data) {
  UsReportFinding *finding = data;
  g_free (finding->label);
  g_free (finding->text);
  g_free (finding);
}

static void
free_rendition (gpointer data) {
  UsReportRendition *rendition = data;
  g_free (rendition->label);
  g_free (rendition->url);
  g_free (rendition->name);
  g_free (rendition->language);
  g_free (rendition->declared.codecs);
  g_free (rendition->measured.codecs);
  g_free (rendition);
}

UsReport *
us_report_new (void) {
  UsReport *report = g_new0 (UsReport, 1);
  report->findings = g_ptr_array_new_with_free_func (free_finding);
  report->renditions = g_ptr_array_new_with_free_func (free_rendition);
  return report;
}

void
us_report_free (UsReport *report) {
  if (report == NULL)
    return;
  g_ptr_array_unref (report->findings);
  g_ptr_array_unref (report->renditions);
  g_free (report->url);
  g_free (report->why);
  g_free (report);
}

/* ---- filling ---- */

/* Text from playlists and servers may be anything. */
static char *
valid (const char *text) {
  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

/**
 * us_report_add_finding:
 * @label: (nullable): of its rendition
 *
 * Count, times and state are for the caller to correct, who may have seen it more than once.
 */
UsReportFinding *
us_report_add_finding (UsReport *report, const UsFinding *finding, const char *label) {
  UsReportFinding *its = g_new0 (UsReportFinding, 1);
  its->check = finding->check;
  its->severity = finding->worst;
  its->rendition = finding->rendition;
  its->label = valid (label);
  its->text = valid (finding->text);
  its->value = finding->value;
  its->limit = finding->limit;
  its->count = finding->count;
  its->is_open = finding->closed_wall_us == 0;
  g_ptr_array_add (report->findings, its);
  return its;
}

/**
 * us_report_add_rendition:
 * @info: what is declared of it
 */
UsReportRendition *
us_report_add_rendition (UsReport *report, const UsRenditionInfo *info) {
  UsReportRendition *its = g_new0 (UsReportRendition, 1);
  g_autofree char *url = us_url_for_people (info->url);
  its->index = info->index;
  its->kind = info->kind;
  its->label = valid (info->label);
  its->url = valid (url);
  its->name = valid (info->name);
  its->language = valid (info->language);
  its->declared = (UsReportMedia){
    .peak_bps = info->bandwidth_bps > 0 ? (double)info->bandwidth_bps : NAN,
    .average_bps = info->average_bandwidth_bps > 0 ? (double)info->average_bandwidth_bps : NAN,
    .width = info->width,
    .height = info->height,
    .frame_rate_mhz = info->frame_rate_mhz,
    .codecs = valid (info->codecs),
  };
  its->measured.peak_bps = its->measured.average_bps = its->speed = NAN;
  g_ptr_array_add (report->renditions, its);
  return its;
}

static int
compare_doubles (gconstpointer a, gconstpointer b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Nearest rank: a value that was measured, also of few. */
static double
rank (const GArray *sorted, double share) {
  guint place = (guint)ceil (share * sorted->len);
  return g_array_index (sorted, double, CLAMP (place, 1, sorted->len) - 1);
}

/**
 * us_report_times_read:
 * @times: (out)
 * @seconds: (inout) (element-type double): is sorted
 */
void
us_report_times_read (UsReportTimes *times, GArray *seconds) {
  *times = (UsReportTimes){ .n = seconds->len, .p50 = NAN, .p95 = NAN, .max = NAN };
  if (seconds->len == 0)
    return;
  g_array_sort (seconds, compare_doubles);
  times->p50 = rank (seconds, 0.5);
  times->p95 = rank (seconds, 0.95);
  times->max = rank (seconds, 1);
}

/* ---- judging ---- */

/* Of ourselves, our network or our own rules: it says nothing of the stream. */
gboolean
us_report_finding_is_ours (const UsReportFinding *finding) {
  return us_check_info (finding->check)->group == US_CHECK_GROUP_PROBE
         || finding->check == US_CHECK_FORBIDDEN_ADDRESS;
}

static int
compare_findings (gconstpointer a, gconstpointer b) {
  const UsReportFinding *x = *(const UsReportFinding *const *)a;
  const UsReportFinding *y = *(const UsReportFinding *const *)b;
  if (x->rendition != y->rendition)
    return x->rendition < y->rendition ? -1 : 1; /* the whole comes first */
  if (x->severity != y->severity)
    return x->severity > y->severity ? -1 : 1;
  return x->check < y->check ? -1 : x->check > y->check;
}

static void
fill_facts (const UsReport *report, UsVerdictFacts *facts) {
  for (guint i = 0; i < report->renditions->len; i++) {
    const UsReportRendition *its = report->renditions->pdata[i];
    guint64 bit = its->index >= 0 && its->index < US_MAX_RENDITIONS
                      ? G_GUINT64_CONSTANT (1) << its->index
                      : 0;
    facts->n_video += its->kind == US_RENDITION_VIDEO;
    facts->n_audio += its->kind == US_RENDITION_AUDIO;
    facts->video |= its->kind == US_RENDITION_VIDEO ? bit : 0;
    facts->audio |= its->kind == US_RENDITION_AUDIO ? bit : 0;
    facts->looked_at |= its->n_segments > 0 ? bit : 0;
  }
}

static UsHealth
judge (const UsReport *report) {
  g_autoptr (UsFindings) all = us_findings_new ();
  UsVerdictFacts facts = { .findings = all };
  const UsFinding *leading, *second;
  for (guint i = 0; i < report->findings->len; i++) {
    const UsReportFinding *its = report->findings->pdata[i];
    UsHit hit = { its->check, its->severity, its->text, its->value, its->limit };
    if (!us_report_finding_is_ours (its))
      us_findings_hit (all, its->rendition, &hit, 1, 1, NULL, NULL);
  }
  fill_facts (report, &facts);
  return us_verdict_judge (&facts, &leading, &second);
}

static const UsReportFinding *
find_ours (const UsReport *report) {
  for (guint i = 0; i < report->findings->len; i++) {
    const UsReportFinding *its = report->findings->pdata[i];
    if (us_report_finding_is_ours (its) && its->check != US_CHECK_PROBE_LATE)
      return its;
  }
  return NULL;
}

/**
 * us_report_judge:
 * @has_evidence: something was seen of the stream itself
 *
 * Sorts the findings and says what they amount to.
 */
void
us_report_judge (UsReport *report, gboolean has_evidence) {
  const UsReportFinding *ours = find_ours (report);
  for (guint i = 0; i < report->findings->len; i++) {
    UsReportFinding *its = report->findings->pdata[i];
    if (us_report_finding_is_ours (its))
      its->severity = US_SEVERITY_INFO;
  }
  g_ptr_array_sort (report->findings, compare_findings);
  report->verdict = judge (report);
  if (report->verdict > US_HEALTH_HEALTHY || (has_evidence && ours == NULL))
    return;
  report->verdict = US_HEALTH_NO_DATA;
  g_free (report->why);
  report->why = g_strdup (ours != NULL ? ours->text : "too little was seen to judge it");
}

/**
 * us_report_count:
 *
 * Returns: how many findings have @severity
 */
guint
us_report_count (const UsReport *report, UsSeverity severity) {
  guint n = 0;
  for (guint i = 0; i < report->findings->len; i++)
    n += ((const UsReportFinding *)report->findings->pdata[i])->severity == severity;
  return n;
}

/**
 * us_report_exit_code:
 * @fail_on: the least severity that counts
 *
 * A stream that cannot be reached is a finding like any other: whoever asks whether viewers can
 * watch it has an answer.
 */
int
us_report_exit_code (const UsReport *report, UsSeverity fail_on) {
  for (guint i = 0; i < report->findings->len; i++) {
    const UsReportFinding *its = report->findings->pdata[i];
    if (its->severity >= fail_on && !us_report_finding_is_ours (its))
      return US_REPORT_EXIT_FOUND;
  }
  return report->verdict == US_HEALTH_NO_DATA ? US_REPORT_EXIT_UNKNOWN : US_REPORT_EXIT_WELL;
}
