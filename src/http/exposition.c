/* exposition.c - metrics as Prometheus text 0.0.4 or OpenMetrics 1.0
 *
 * A text builder, used by one handler call and gone. Numbers are written the way every locale must
 * read them. The formats differ in what a counter's family is called ("x", with samples "x_total"),
 * in types that the older one does not have, in escapes, in how bounds are written, and in the end.
 */
#include "http/exposition.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#define OPENMETRICS_TYPE "application/openmetrics-text"
#define MAX_LABELS 16

struct UsExposition {
  GString *text;
  UsExpositionFormat format;
  char *family;       /* nullable: none started yet */
  const char *suffix; /* of its samples */
};

/* Names and values; of the caller. A name that begins with "_" and stands first is a suffix. */
typedef struct {
  const char *suffix;
  const char *names[MAX_LABELS], *values[MAX_LABELS];
  guint n;
} Labels;

UsExposition *
us_exposition_new (void) {
  return us_exposition_new_for (US_EXPOSITION_CLASSIC);
}

UsExposition *
us_exposition_new_for (UsExpositionFormat format) {
  UsExposition *exposition = g_new0 (UsExposition, 1);

  exposition->text = g_string_sized_new (4096);
  exposition->format = format;
  exposition->suffix = "";
  return exposition;
}

const char *
us_exposition_content_type (UsExpositionFormat format) {
  return format == US_EXPOSITION_OPENMETRICS ? OPENMETRICS_TYPE "; version=1.0.0; charset=utf-8"
                                             : US_EXPOSITION_CONTENT_TYPE;
}

/* ---- Accept, RFC 9110 12.5.1 ---- */

/* @parts: a media range and its parameters. Returns: its q; 0: not for us */
static double
quality_of (char **parts) {
  double quality = 1;

  for (char **p = parts + 1; *p != NULL; p++) {
    char *parameter = g_strstrip (*p);

    if (g_ascii_strncasecmp (parameter, "q=", 2) == 0)
      quality = g_ascii_strtod (parameter + 2, NULL);
    else if (g_ascii_strncasecmp (parameter, "version=", 8) == 0
             && g_ascii_strcasecmp (g_strstrip (parts[0]), OPENMETRICS_TYPE) == 0
             && strstr (parameter, "1.") == NULL && strstr (parameter, "0.0.1") == NULL)
      return 0;
  }
  return quality >= 0 && quality <= 1 ? quality : 0;
}

/**
 * us_exposition_choose:
 * @accept: (nullable): the header of the request
 *
 * Returns: OpenMetrics only for those who name it, and like the other no better
 */
UsExpositionFormat
us_exposition_choose (const char *accept) {
  g_auto (GStrv) ranges = g_strsplit (accept != NULL ? accept : "", ",", 64);
  double openmetrics = 0, classic = 0;

  for (char **range = ranges; *range != NULL; range++) {
    g_auto (GStrv) parts = g_strsplit (*range, ";", 16);

    if (parts[0] == NULL)
      continue;
    double quality = quality_of (parts);
    if (g_ascii_strcasecmp (g_strstrip (parts[0]), OPENMETRICS_TYPE) == 0)
      openmetrics = MAX (openmetrics, quality);
    else if (g_ascii_strcasecmp (parts[0], "text/plain") == 0)
      classic = MAX (classic, quality);
  }
  return openmetrics > 0 && openmetrics >= classic ? US_EXPOSITION_OPENMETRICS
                                                   : US_EXPOSITION_CLASSIC;
}

/* ---- text ---- */

static void
append_escaped (GString *text, const char *value, gboolean has_quotes) {
  for (const char *p = value; *p != '\0'; p++) {
    if (*p == '\\')
      g_string_append (text, "\\\\");
    else if (*p == '\n')
      g_string_append (text, "\\n");
    else if (*p == '"' && has_quotes)
      g_string_append (text, "\\\"");
    else
      g_string_append_c (text, *p);
  }
}

static void
append_value (GString *text, double value) {
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    g_string_append (text, "NaN");
  else if (isinf (value))
    g_string_append (text, value > 0 ? "+Inf" : "-Inf");
  else if (value == floor (value) && fabs (value) < 9007199254740992.0)
    g_string_append_printf (text, "%" G_GINT64_FORMAT, (gint64)value);
  else if (g_ascii_strtod (g_ascii_formatd (buffer, sizeof buffer, "%.15g", value), NULL) == value)
    g_string_append (text, buffer); /* 18.804, where all 17 digits say 18.803999999999998 */
  else
    g_string_append (text, g_ascii_dtostr (buffer, sizeof buffer, value));
}

/* A bound is a label, so it has one spelling: "1.0", "0.1", "+Inf" (OpenMetrics 1.0). */
static void
append_bound (const UsExposition *exposition, GString *text, double bound) {
  gsize begin = text->len;

  append_value (text, bound);
  if (exposition->format == US_EXPOSITION_OPENMETRICS && !isinf (bound)
      && strpbrk (text->str + begin, ".e") == NULL)
    g_string_append (text, ".0");
}

/* ---- families ---- */

/* Classic text has no such types. */
static const char *
type_word (const UsExposition *exposition, const char *type) {
  if (exposition->format == US_EXPOSITION_OPENMETRICS)
    return type;
  if (strcmp (type, "info") == 0 || strcmp (type, "stateset") == 0)
    return "gauge";
  return strcmp (type, "unknown") == 0 ? "untyped" : type;
}

static void
start_family (UsExposition *exposition, const char *name, const char *type) {
  const char *suffix = strcmp (type, "counter") == 0 ? "_total"
                       : strcmp (type, "info") == 0  ? "_info"
                                                     : "";

  g_free (exposition->family);
  exposition->family = g_strdup (name);
  exposition->suffix = "";
  if (exposition->format != US_EXPOSITION_OPENMETRICS)
    return;
  exposition->suffix = suffix;
  if (g_str_has_suffix (name, suffix))
    exposition->family[strlen (name) - strlen (suffix)] = '\0';
}

static void
append_help (UsExposition *exposition, const char *help) {
  g_string_append_printf (exposition->text, "# HELP %s ", exposition->family);
  append_escaped (exposition->text, help, exposition->format == US_EXPOSITION_OPENMETRICS);
  g_string_append_c (exposition->text, '\n');
}

static void
append_type (UsExposition *exposition, const char *type) {
  g_string_append_printf (exposition->text, "# TYPE %s %s\n", exposition->family,
                          type_word (exposition, type));
}

void
us_exposition_family_unit (UsExposition *exposition, const char *name, const char *type,
                           const char *unit, const char *help) {
  g_return_if_fail (exposition != NULL && name != NULL && type != NULL && help != NULL);

  start_family (exposition, name, type);
  if (exposition->format == US_EXPOSITION_CLASSIC) {
    append_help (exposition, help);
    append_type (exposition, type);
    return;
  }
  append_type (exposition, type);
  g_autofree char *ending = g_strconcat ("_", unit, NULL);
  if (unit != NULL && g_str_has_suffix (exposition->family, ending))
    g_string_append_printf (exposition->text, "# UNIT %s %s\n", exposition->family, unit);
  append_help (exposition, help);
}

void
us_exposition_family (UsExposition *exposition, const char *name, const char *type,
                      const char *help) {
  us_exposition_family_unit (exposition, name, type, NULL, help);
}

/* ---- samples ---- */

static void
read_labels (Labels *labels, va_list args) {
  const char *name;

  labels->suffix = "";
  labels->n = 0;
  while ((name = va_arg (args, const char *)) != NULL) {
    const char *value = va_arg (args, const char *);

    if (*name == '_' && *value == '\0' && labels->n == 0) {
      labels->suffix = name;
      continue;
    }
    g_return_if_fail (labels->n < MAX_LABELS);
    labels->names[labels->n] = name;
    labels->values[labels->n++] = value;
  }
}

static gboolean
is_bound (const UsExposition *exposition, const char *name) {
  return exposition->format == US_EXPOSITION_OPENMETRICS
         && (strcmp (name, "le") == 0 || strcmp (name, "quantile") == 0);
}

/* @name: (nullable): a label more, with @value */
static void
append_sample (UsExposition *exposition, const char *suffix, const Labels *labels, const char *name,
               const char *value, double number) {
  GString *text = exposition->text;
  guint n = labels->n + (name != NULL ? 1 : 0);

  g_string_append_printf (text, "%s%s", exposition->family, suffix);
  for (guint i = 0; i < n; i++) {
    const char *label = i < labels->n ? labels->names[i] : name;
    const char *its = i < labels->n ? labels->values[i] : value;

    g_string_append_printf (text, "%s%s=\"", i == 0 ? "{" : ",", label);
    if (is_bound (exposition, label))
      append_bound (exposition, text, g_ascii_strtod (its, NULL));
    else
      append_escaped (text, its, TRUE);
    g_string_append_c (text, '"');
  }
  g_string_append (text, n > 0 ? "} " : " ");
  append_value (text, number);
  g_string_append_c (text, '\n');
}

/**
 * us_exposition_sample:
 * @value: may be infinite or no number
 * @...: label name, label value, ..., %NULL. A name that begins with "_" ("_sum", "_count",
 *   "_bucket") and stands first and alone (its value is "") is a suffix of the family's name: what
 *   a histogram needs
 */
void
us_exposition_sample (UsExposition *exposition, double value, ...) {
  Labels labels;
  va_list args;

  g_return_if_fail (exposition->family != NULL);

  va_start (args, value);
  read_labels (&labels, args);
  va_end (args);
  append_sample (exposition, *labels.suffix != '\0' ? labels.suffix : exposition->suffix, &labels,
                 NULL, NULL, value);
}

void
us_exposition_states (UsExposition *exposition, const char *const *states, guint current, ...) {
  Labels labels;
  va_list args;

  g_return_if_fail (exposition->family != NULL);

  va_start (args, current);
  read_labels (&labels, args);
  va_end (args);
  for (guint i = 0; states[i] != NULL; i++)
    append_sample (exposition, "", &labels, exposition->family, states[i], i == current);
}

void
us_exposition_histogram (UsExposition *exposition, const double *bounds, const guint64 *counts,
                         guint n_bounds, double sum, ...) {
  Labels labels;
  guint64 count = 0;
  va_list args;

  g_return_if_fail (exposition->family != NULL);

  va_start (args, sum);
  read_labels (&labels, args);
  va_end (args);
  for (guint i = 0; i <= n_bounds; i++) {
    g_autoptr (GString) bound = g_string_new (NULL);

    append_bound (exposition, bound, i < n_bounds ? bounds[i] : INFINITY);
    count += counts[i];
    append_sample (exposition, "_bucket", &labels, "le", bound->str, (double)count);
  }
  append_sample (exposition, "_sum", &labels, NULL, NULL, sum);
  append_sample (exposition, "_count", &labels, NULL, NULL, (double)count);
}

GBytes *
us_exposition_end (UsExposition *exposition) {
  GBytes *bytes;

  g_return_val_if_fail (exposition != NULL, NULL);

  if (exposition->format == US_EXPOSITION_OPENMETRICS)
    g_string_append (exposition->text, "# EOF\n");
  bytes = g_string_free_to_bytes (exposition->text);
  g_free (exposition->family);
  g_free (exposition);
  return bytes;
}
