/* openmetrics.h - whether a text is OpenMetrics 1.0, checked strictly line by line
 *
 * The grammar of the specification without exemplars and timestamps, which we do not write, and the
 * rules behind it: metadata before samples, families in one piece and once, suffixes that the type
 * has, no series twice, buckets that rise to +Inf, an end.
 */
#pragma once

#include <glib.h>
#include <math.h>
#include <string.h>

typedef struct {
  GHashTable *families; /* names of all so far */
  GHashTable *series;   /* samples of the family: name and labels */
  char *family, *type;
  gboolean has_type, has_unit, has_help, has_samples;
  char *buckets; /* nullable: labels without le of the histogram whose buckets come */
  double bound, count;
} OpenMetrics;

static inline gboolean
om_name (const char **p, gboolean may_have_colon) {
  const char *start = *p;

  while (g_ascii_isalpha (**p) || **p == '_' || (may_have_colon && **p == ':')
         || (*p > start && g_ascii_isdigit (**p)))
    (*p)++;
  return *p > start;
}

/* What stands between quotes, or after HELP. */
static inline gboolean
om_escaped (const char **p, GString *out) {
  while (**p != '"' && **p != '\n' && **p != '\0') {
    if (**p == '\\') {
      (*p)++;
      if (**p != 'n' && **p != '"' && **p != '\\')
        return FALSE;
    }
    g_string_append_c (out, **p);
    (*p)++;
  }
  return TRUE;
}

static inline gboolean
om_number (const char *text, double *value) {
  char *end = NULL;

  if (g_ascii_strcasecmp (text, "nan") == 0)
    *value = NAN;
  else if (strcmp (text, "+Inf") == 0)
    *value = INFINITY;
  else if (strcmp (text, "-Inf") == 0)
    *value = -INFINITY;
  else {
    if (*text == '\0' || strspn (text, "0123456789.eE+-") != strlen (text))
      return FALSE;
    *value = g_ascii_strtod (text, &end);
    return *end == '\0';
  }
  return TRUE;
}

static inline const char *
om_end_family (OpenMetrics *om) {
  if (om->buckets != NULL && !isinf (om->bound))
    return "buckets without +Inf";
  g_clear_pointer (&om->buckets, g_free);
  return NULL;
}

static inline const char *
om_metadata (OpenMetrics *om, const char *line) {
  const char *p = line + 7, *name = p;
  gboolean is_type = g_str_has_prefix (line, "# TYPE "),
           is_unit = g_str_has_prefix (line, "# UNIT "),
           is_help = g_str_has_prefix (line, "# HELP ");

  if (!is_type && !is_unit && !is_help)
    return "an odd comment";
  if (!om_name (&p, TRUE) || *p != ' ')
    return "a bad name of a family";
  g_autofree char *family = g_strndup (name, (gsize)(p - name));
  p++;
  if (g_strcmp0 (family, om->family) != 0) {
    const char *mistake = om_end_family (om);
    if (mistake != NULL)
      return mistake;
    if (!g_hash_table_add (om->families, g_strdup (family)))
      return "a family twice";
    g_hash_table_remove_all (om->series);
    g_free (om->family);
    om->family = g_strdup (family);
    g_free (om->type);
    om->type = g_strdup ("unknown");
    om->has_type = om->has_unit = om->has_help = om->has_samples = FALSE;
  }
  if (om->has_samples)
    return "metadata after samples";
  if (is_type) {
    static const char *const types[]
        = { "unknown",   "gauge",          "counter", "stateset", "info",
            "histogram", "gaugehistogram", "summary", NULL };
    if (om->has_type || om->has_unit || om->has_help)
      return "TYPE twice, or not first";
    if (!g_strv_contains (types, p))
      return "a type that is none";
    om->has_type = TRUE;
    g_free (om->type);
    om->type = g_strdup (p);
    if (strcmp (p, "counter") == 0 && g_str_has_suffix (om->family, "_total"))
      return "a counter's family with _total";
    if (strcmp (p, "info") == 0 && g_str_has_suffix (om->family, "_info"))
      return "an info's family with _info";
  } else if (is_unit) {
    g_autofree char *ending = g_strconcat ("_", p, NULL);
    if (om->has_unit || om->has_help || !g_str_has_suffix (om->family, ending)
        || strcmp (om->type, "info") == 0 || strcmp (om->type, "stateset") == 0)
      return "a unit that does not fit";
    om->has_unit = TRUE;
  } else {
    g_autoptr (GString) help = g_string_new (NULL);
    if (om->has_help || !om_escaped (&p, help) || *p != '\0')
      return "HELP twice, or badly escaped";
    om->has_help = TRUE;
  }
  return NULL;
}

static inline const char *
om_bucket (OpenMetrics *om, const char *others, const char *le, double value) {
  double bound;

  if (le == NULL || !om_number (le, &bound) || isnan (bound))
    return "a bucket without bound";
  if (!isinf (bound) && strpbrk (le, ".e") == NULL)
    return "a bound that is not canonical";
  if (om->buckets == NULL || strcmp (om->buckets, others) != 0) {
    const char *mistake = om_end_family (om);
    if (mistake != NULL)
      return mistake;
    om->buckets = g_strdup (others);
  } else if (bound <= om->bound || value < om->count)
    return "buckets that fall";
  om->bound = bound;
  om->count = value;
  return NULL;
}

static inline const char *
om_sample (OpenMetrics *om, const char *line) {
  static const struct {
    const char *type, *suffixes[6];
  } table[] = {
    { "unknown", { "", NULL } },
    { "gauge", { "", NULL } },
    { "counter", { "_total", "_created", NULL } },
    { "stateset", { "", NULL } },
    { "info", { "_info", NULL } },
    { "histogram", { "_bucket", "_sum", "_count", "_created", NULL } },
    { "gaugehistogram", { "_bucket", "_gsum", "_gcount", NULL } },
    { "summary", { "", "_sum", "_count", "_created", NULL } },
  };
  const char *p = line;
  g_autoptr (GString) others = g_string_new (NULL);
  g_autofree char *le = NULL, *state = NULL;
  double value;

  if (!om_name (&p, TRUE))
    return "a bad name";
  g_autofree char *name = g_strndup (line, (gsize)(p - line));
  if (om->family == NULL || !g_str_has_prefix (name, om->family))
    return "a sample without family";
  const char *suffix = name + strlen (om->family);
  gboolean is_fit = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (strcmp (table[i].type, om->type) == 0)
      is_fit = g_strv_contains (table[i].suffixes, suffix);
  if (!is_fit)
    return "a suffix that its type does not have";
  if (*p == '{') {
    p++;
    while (*p != '}') {
      const char *start = p;
      if (!om_name (&p, FALSE) || p[0] != '=' || p[1] != '"')
        return "a bad label";
      g_autofree char *label = g_strndup (start, (gsize)(p - start));
      g_autoptr (GString) text = g_string_new (NULL);
      p += 2;
      if (!om_escaped (&p, text) || *p != '"')
        return "a bad value of a label";
      p++;
      if (strcmp (label, "le") == 0)
        le = g_strdup (text->str);
      else if (strcmp (label, om->family) == 0)
        state = g_strdup (text->str);
      if (strcmp (label, "le") != 0)
        g_string_append_printf (others, "%s=\"%s\",", label, text->str);
      if (*p == ',' && p[1] != '}')
        p++;
      else if (*p != '}')
        return "labels badly parted";
    }
    p++;
  }
  if (*p != ' ' || !om_number (p + 1, &value))
    return "a bad number";
  g_autofree char *series = g_strdup_printf ("%s{%s%s", name, others->str, le != NULL ? le : "");
  if (!g_hash_table_add (om->series, g_steal_pointer (&series)))
    return "a series twice";
  om->has_samples = TRUE;
  if ((strcmp (suffix, "_total") == 0 || strcmp (suffix, "_count") == 0
       || strcmp (suffix, "_bucket") == 0)
      && (isnan (value) || value < 0))
    return "a count that is none";
  if (strcmp (om->type, "stateset") == 0 && (state == NULL || (value != 0 && value != 1)))
    return "a state that is none";
  if (strcmp (om->type, "info") == 0 && value != 1)
    return "an info that is not 1";
  return strcmp (suffix, "_bucket") == 0 ? om_bucket (om, others->str, le, value) : NULL;
}

/* Returns: (transfer full) (nullable): the first mistake, with its line */
static inline char *
openmetrics_check (const char *text) {
  OpenMetrics om = { .families = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
                     .series = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);
  const char *mistake = NULL;
  guint i = 0;

  if (!g_utf8_validate (text, -1, NULL))
    mistake = "no UTF-8";
  else if (n < 2 || strcmp (lines[n - 1], "") != 0 || strcmp (lines[n - 2], "# EOF") != 0)
    mistake = "no end";
  for (; mistake == NULL && i < n - 2; i++)
    mistake = lines[i][0] == '#' ? om_metadata (&om, lines[i]) : om_sample (&om, lines[i]);
  if (mistake == NULL)
    mistake = om_end_family (&om);
  char *result
      = mistake != NULL ? g_strdup_printf ("%s: \"%s\"", mistake, i > 0 ? lines[i - 1] : "") : NULL;
  g_hash_table_unref (om.families);
  g_hash_table_unref (om.series);
  g_free (om.family);
  g_free (om.type);
  g_free (om.buckets);
  return result;
}
