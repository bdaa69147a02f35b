/* check-text.c - the report of a check as people read it in a terminal or a build log
 *
 * Pure. First the verdict, then what was found, the worst first, then two tables. Columns are as
 * wide as what stands in them, and everything can be read without colour. What comes from playlists
 * and servers loses its control characters: a playlist is no remote control for a terminal.
 */
#include "commands/check-report.h"

#include <math.h>
#include <string.h>

#include "base/names.h"

#define MAX_COLUMNS 10
#define NOTHING "-"

/* Table: cells of all rows, one row after another. @is_right: columns of numbers */
typedef struct {
  guint n_columns;
  guint is_right;   /* a bit each */
  GPtrArray *cells; /* element-type utf8 */
} Table;

typedef struct {
  GString *out;
  gboolean has_colour;
} Page;

static char *
clean (const char *text) {
  GString *out = g_string_new (NULL);
  for (const char *p = text != NULL ? text : NOTHING; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT)
      g_string_append_c (out, '?');
    else
      g_string_append_unichar (out, c);
  }
  return g_string_free (out, FALSE);
}

static void
table_init (Table *table, guint n_columns, guint is_right) {
  *table = (Table){ .n_columns = n_columns,
                    .is_right = is_right,
                    .cells = g_ptr_array_new_with_free_func (g_free) };
}

/* @text: (transfer full) (nullable) */
static void
table_take (Table *table, char *text) {
  g_ptr_array_add (table->cells, clean (text));
  g_free (text);
}

static void
table_add (Table *table, const char *text) {
  g_ptr_array_add (table->cells, clean (text));
}

static void
pad (GString *out, glong width) {
  for (glong i = 0; i < width; i++)
    g_string_append_c (out, ' ');
}

/* Prints it, indented by two, and empties it. */
static void
table_end (Table *table, GString *out) {
  glong widths[MAX_COLUMNS] = { 0 };
  guint n = table->n_columns;
  for (guint i = 0; i < table->cells->len; i++)
    widths[i % n] = MAX (widths[i % n], g_utf8_strlen (table->cells->pdata[i], -1));
  for (guint i = 0; i < table->cells->len; i++) {
    const char *cell = table->cells->pdata[i];
    glong missing = widths[i % n] - g_utf8_strlen (cell, -1);
    gboolean is_right = (table->is_right >> (i % n)) & 1, is_last = i % n == n - 1;
    pad (out, 2);
    pad (out, is_right ? missing : 0);
    g_string_append (out, cell);
    pad (out, is_right || is_last ? 0 : missing);
    if (is_last)
      g_string_append_c (out, '\n');
  }
  g_ptr_array_unref (table->cells);
}

/* ---- words ---- */

static char *
rate_text (double bps) {
  if (!isfinite (bps) || bps <= 0)
    return g_strdup (NOTHING);
  return bps >= 1e6 ? g_strdup_printf ("%.2f Mb/s", bps / 1e6)
                    : g_strdup_printf ("%.0f kb/s", bps / 1e3);
}

static char *
picture_text (const UsReportMedia *media) {
  return media->width > 0 ? g_strdup_printf ("%ux%u", media->width, media->height)
                          : g_strdup (NOTHING);
}

static char *
frames_text (const UsReportMedia *media) {
  return media->frame_rate_mhz > 0 ? g_strdup_printf ("%.2f", media->frame_rate_mhz / 1000.0)
                                   : g_strdup (NOTHING);
}

static char *
seconds_text (double seconds) {
  if (!isfinite (seconds))
    return g_strdup (NOTHING);
  return seconds < 1 ? g_strdup_printf ("%.1f ms", seconds * 1000)
                     : g_strdup_printf ("%.2f s", seconds);
}

static char *
count_text (guint n, guint n_failed) {
  return n_failed > 0 ? g_strdup_printf ("%u (%u failed)", n, n_failed) : g_strdup_printf ("%u", n);
}

static const char *
colour_of (UsHealth health) {
  switch (health) {
  case US_HEALTH_HEALTHY:
    return "32";
  case US_HEALTH_DEGRADED:
    return "33";
  case US_HEALTH_UNHEALTHY:
    return "31";
  case US_HEALTH_NO_DATA:
  default:
    return "36";
  }
}

static void
add_coloured (Page *page, UsHealth colour, const char *text, int width) {
  if (page->has_colour)
    g_string_append_printf (page->out, "\033[1;%sm%-*s\033[0m", colour_of (colour), width, text);
  else
    g_string_append_printf (page->out, "%-*s", width, text);
}

static const char *
plural (guint n) {
  return n == 1 ? "" : "s";
}

/* ---- head ---- */

static void
print_head (Page *page, const UsReport *report) {
  static const char *const kinds[] = { "", "live", "recording" };
  guint n_segments = 0, n = report->renditions->len;
  double media_s = 0;
  for (guint i = 0; i < n; i++) {
    const UsReportRendition *its = report->renditions->pdata[i];
    n_segments += its->n_segments - its->n_segments_failed;
    media_s += its->media_s;
  }
  g_autofree char *url = clean (report->url);
  g_string_append_printf (page->out, "%s\n", url);
  add_coloured (page, report->verdict, us_health_word (report->verdict), 0);
  if (report->kind == US_REPORT_UNKNOWN)
    g_string_append (page->out, "  no media playlist could be read");
  else
    g_string_append_printf (page->out, "  %s, %u rendition%s, %u segment%s with %.1f s",
                            kinds[report->kind], n, plural (n), n_segments, plural (n_segments),
                            media_s);
  g_string_append_printf (page->out, ", watched for %.1f s%s\n", report->watched_s,
                          report->is_interrupted ? ", interrupted" : "");
  if (report->verdict == US_HEALTH_NO_DATA && report->why != NULL) {
    g_autofree char *why = clean (report->why);
    g_string_append_printf (page->out, "%s\n", why);
  }
}

/* ---- findings ---- */

static UsHealth
health_of (UsSeverity severity) {
  return severity == US_SEVERITY_UNHEALTHY  ? US_HEALTH_UNHEALTHY
         : severity == US_SEVERITY_DEGRADED ? US_HEALTH_DEGRADED
                                            : US_HEALTH_NO_DATA;
}

static void
print_finding (Page *page, const UsReportFinding *finding) {
  const UsCheckInfo *info = us_check_info (finding->check);
  g_autofree char *text = clean (finding->text);
  g_string_append (page->out, "    ");
  add_coloured (page, health_of (finding->severity), us_severity_word (finding->severity), 9);
  g_string_append_printf (page->out, "  %s (%s)\n               %s", info->title, info->word, text);
  /* A standing condition is seen at every look; how often says nothing. */
  if (info->lasts_ms > 0 && finding->count > 1)
    g_string_append_printf (page->out, "; %u times", finding->count);
  else if (info->lasts_ms == 0 && !finding->is_open)
    g_string_append_printf (page->out, "; over after %.1f s",
                            fmax (finding->last_s - finding->first_s, 0));
  g_string_append_c (page->out, '\n');
}

static void
print_findings (Page *page, const UsReport *report) {
  const UsReportFinding *before = NULL;
  if (report->findings->len == 0) {
    g_string_append_printf (page->out, "\nFindings: none\n");
    return;
  }
  g_string_append (page->out, "\nFindings\n");
  for (guint i = 0; i < report->findings->len; i++) {
    const UsReportFinding *its = report->findings->pdata[i];
    if (before == NULL || before->rendition != its->rendition) {
      gboolean is_whole = its->rendition == US_FINDING_WHOLE;
      g_autofree char *label = clean (its->label);
      /* Of one playlist there is nothing to tell apart. */
      gboolean is_alone = report->renditions->len <= 1 && !is_whole;
      g_string_append_printf (page->out, "  %s%s\n", is_whole || is_alone ? "" : "rendition ",
                              is_whole   ? "the stream as a whole"
                              : is_alone ? "the media playlist"
                                         : label);
    }
    print_finding (page, its);
    before = its;
  }
}

/* ---- tables ---- */

static void
add_media (Table *table, const char *name, const char *what, const UsReportMedia *media) {
  table_add (table, name);
  table_add (table, what);
  table_take (table, rate_text (media->average_bps));
  table_take (table, rate_text (media->peak_bps));
  table_take (table, picture_text (media));
  table_take (table, frames_text (media));
  table_add (table, media->codecs);
}

static gboolean
is_declared (const UsReport *report) {
  for (guint i = 0; i < report->renditions->len; i++) {
    const UsReportMedia *its = &((UsReportRendition *)report->renditions->pdata[i])->declared;
    if (isfinite (its->peak_bps) || its->codecs != NULL || its->width > 0)
      return TRUE;
  }
  return FALSE;
}

static void
print_ladder (Page *page, const UsReport *report) {
  static const char *const heads[]
      = { "Rendition", "", "average", "peak", "picture", "frames/s", "codecs" };
  gboolean has_declared = is_declared (report);
  Table table;
  table_init (&table, G_N_ELEMENTS (heads), 1 << 2 | 1 << 3 | 1 << 5);
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    table_add (&table, heads[i]);
  for (guint i = 0; i < report->renditions->len; i++) {
    const UsReportRendition *its = report->renditions->pdata[i];
    if (has_declared)
      add_media (&table, its->label, "declared", &its->declared);
    add_media (&table, has_declared ? "" : its->label, "measured", &its->measured);
  }
  g_string_append_c (page->out, '\n');
  table_end (&table, page->out);
}

static void
print_times (Page *page, const UsReport *report) {
  static const char *const heads[] = { "Rendition",  "polls", "first byte", "95 %", "segments",
                                       "first byte", "95 %",  "download",   "speed" };
  Table table;
  table_init (&table, G_N_ELEMENTS (heads), 0x1fe);
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    table_add (&table, heads[i]);
  for (guint i = 0; i < report->renditions->len; i++) {
    const UsReportRendition *its = report->renditions->pdata[i];
    table_add (&table, its->label);
    table_take (&table, count_text (its->n_playlists, its->n_playlists_failed));
    table_take (&table, seconds_text (its->playlist_first_byte.p50));
    table_take (&table, seconds_text (its->playlist_first_byte.p95));
    table_take (&table, count_text (its->n_segments, its->n_segments_failed));
    table_take (&table, seconds_text (its->first_byte.p50));
    table_take (&table, seconds_text (its->first_byte.p95));
    table_take (&table, seconds_text (its->download.p50));
    table_take (&table, isfinite (its->speed) ? g_strdup_printf ("%.1fx", its->speed) : NULL);
  }
  g_string_append_c (page->out, '\n');
  table_end (&table, page->out);
}

static void
print_connections (Page *page, const UsReport *report) {
  g_autofree char *dns = seconds_text (report->dns.n > 0 ? report->dns.p50 : NAN);
  g_autofree char *connect = seconds_text (report->connect.n > 0 ? report->connect.p50 : NAN);
  g_autofree char *tls = seconds_text (report->tls.n > 0 ? report->tls.p50 : NAN);
  if (report->connect.n == 0)
    return;
  g_string_append_printf (page->out, "\n  New connections: name %s, connect %s, TLS %s\n", dns,
                          connect, tls);
}

/**
 * us_report_to_text:
 * @fail_on: the least severity that counts
 * @has_colour: the reader's terminal has, and wants, colours
 */
char *
us_report_to_text (const UsReport *report, UsSeverity fail_on, gboolean has_colour) {
  Page page = { g_string_new (NULL), has_colour };
  guint n_unhealthy = us_report_count (report, US_SEVERITY_UNHEALTHY);
  guint n_degraded = us_report_count (report, US_SEVERITY_DEGRADED);
  guint n_info = us_report_count (report, US_SEVERITY_INFO);
  print_head (&page, report);
  print_findings (&page, report);
  if (report->renditions->len > 0) {
    print_ladder (&page, report);
    print_times (&page, report);
  }
  print_connections (&page, report);
  g_string_append_printf (page.out,
                          "\n%u unhealthy, %u degraded, %u info; exit code %d, which counts "
                          "findings from %s on\n",
                          n_unhealthy, n_degraded, n_info, us_report_exit_code (report, fail_on),
                          us_severity_word (fail_on));
  return g_string_free (page.out, FALSE);
}
