/* exposition.c - Prometheus text exposition format 0.0.4
 *
 * A text builder, used by one handler call and gone. Numbers are written the way every locale must
 * read them.
 */
#include "http/exposition.h"

#include <math.h>

struct UsExposition {
  GString *text;
  char *family; /* nullable: none started yet */
};

UsExposition *
us_exposition_new (void) {
  UsExposition *exposition = g_new0 (UsExposition, 1);

  exposition->text = g_string_sized_new (4096);
  return exposition;
}

static void
append_escaped (GString *text, const char *value, gboolean is_label) {
  for (const char *p = value; *p != '\0'; p++) {
    if (*p == '\\')
      g_string_append (text, "\\\\");
    else if (*p == '\n')
      g_string_append (text, "\\n");
    else if (*p == '"' && is_label)
      g_string_append (text, "\\\"");
    else
      g_string_append_c (text, *p);
  }
}

void
us_exposition_family (UsExposition *exposition, const char *name, const char *type,
                      const char *help) {
  g_return_if_fail (exposition != NULL && name != NULL && type != NULL && help != NULL);

  g_free (exposition->family);
  exposition->family = g_strdup (name);
  g_string_append_printf (exposition->text, "# HELP %s ", name);
  append_escaped (exposition->text, help, FALSE);
  g_string_append_printf (exposition->text, "\n# TYPE %s %s\n", name, type);
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

/**
 * us_exposition_sample:
 * @value: may be infinite or no number
 * @...: label name, label value, ..., %NULL. A name that begins with "_" ("_sum", "_count",
 *   "_bucket") and stands first and alone (its value is "") is a suffix of the family's name: what
 *   a histogram needs
 */
void
us_exposition_sample (UsExposition *exposition, double value, ...) {
  GString *text = exposition->text;
  const char *name;
  gboolean has_label = FALSE;
  va_list args;

  g_return_if_fail (exposition->family != NULL);

  g_string_append (text, exposition->family);
  va_start (args, value);
  while ((name = va_arg (args, const char *)) != NULL) {
    const char *label = va_arg (args, const char *);

    if (*name == '_' && !has_label && *label == '\0') {
      g_string_append (text, name);
      continue;
    }
    g_string_append (text, has_label ? "," : "{");
    g_string_append (text, name);
    g_string_append (text, "=\"");
    append_escaped (text, label, TRUE);
    g_string_append_c (text, '"');
    has_label = TRUE;
  }
  va_end (args);
  g_string_append (text, has_label ? "} " : " ");
  append_value (text, value);
  g_string_append_c (text, '\n');
}

GBytes *
us_exposition_end (UsExposition *exposition) {
  GBytes *bytes;

  g_return_val_if_fail (exposition != NULL, NULL);

  bytes = g_string_free_to_bytes (exposition->text);
  g_free (exposition->family);
  g_free (exposition);
  return bytes;
}
