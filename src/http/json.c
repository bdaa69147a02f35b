/* json.c - members of a JSON object, one line each, and the whole as text
 *
 * What reports are made of. Inside json_builder_begin_object(); the builder stays the caller's.
 * JSON-GLib writes every number with 17 digits, so that 0.00021 becomes 0.00021000000000000001:
 * its text is gone over once more. And 1e21 becomes 1e+21.0, which is no JSON.
 */
#include "http/json.h"

#include <string.h>

#define MOST_DIGITS 17 /* tell any two doubles apart */

/* @text: (nullable): %NULL is null */
void
us_json_add_text (JsonBuilder *json, const char *name, const char *text) {
  json_builder_set_member_name (json, name);
  if (text != NULL)
    json_builder_add_string_value (json, text);
  else
    json_builder_add_null_value (json);
}

void
us_json_add_integer (JsonBuilder *json, const char *name, gint64 value) {
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, value);
}

void
us_json_add_integer_or_null (JsonBuilder *json, const char *name, gboolean is_known, gint64 value) {
  json_builder_set_member_name (json, name);
  if (is_known)
    json_builder_add_int_value (json, value);
  else
    json_builder_add_null_value (json);
}

void
us_json_add_flag (JsonBuilder *json, const char *name, gboolean value) {
  json_builder_set_member_name (json, name);
  json_builder_add_boolean_value (json, value);
}

/* @wall_us: since the epoch. ISO 8601 in UTC with milliseconds. */
char *
us_json_time (gint64 wall_us) {
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (wall_us / G_USEC_PER_SEC);
  if (time == NULL)
    return NULL;
  g_autofree char *seconds = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", seconds, (int)(wall_us % G_USEC_PER_SEC / 1000));
}

/* ---- text ---- */

/* @number: as it was written, @n bytes long. Appends the shortest one that is the same. */
static void
append_number (GString *text, const char *number, gsize n) {
  char brief[G_ASCII_DTOSTR_BUF_SIZE], format[] = "%.00g";
  const char *exponent = memchr (number, 'e', n);
  const char *point
      = exponent != NULL ? memchr (exponent, '.', n - (gsize)(exponent - number)) : NULL;
  if (point != NULL)
    n = (gsize)(point - number);
  gboolean is_real = memchr (number, '.', n) != NULL || exponent != NULL;
  gboolean is_long = is_real && n >= MOST_DIGITS && n < sizeof brief;
  double value = is_long ? g_ascii_strtod (number, NULL) : 0;
  for (guint digits = 15; is_long && digits < MOST_DIGITS; digits++) {
    format[2] = (char)('0' + digits / 10);
    format[3] = (char)('0' + digits % 10);
    g_ascii_formatd (brief, sizeof brief, format, value);
    gboolean is_same
        = !(g_ascii_strtod (brief, NULL) < value) && !(g_ascii_strtod (brief, NULL) > value);
    if (!is_same)
      continue;
    g_string_append (text, brief);
    if (strpbrk (brief, ".e") == NULL) /* still no integer */
      g_string_append (text, ".0");
    return;
  }
  g_string_append_len (text, number, (gssize)n);
}

/* Returns: behind the string that begins at @p with its quote */
static const char *
end_of_string (const char *p) {
  for (p++; *p != '\0' && *p != '"'; p++)
    if (*p == '\\' && p[1] != '\0')
      p++;
  return *p == '"' ? p + 1 : p;
}

/**
 * us_json_to_text:
 *
 * Numbers stay the ones they are: only digits that say nothing are left out.
 */
char *
us_json_to_text (JsonNode *root, gboolean is_pretty) {
  g_autofree char *whole = json_to_string (root, is_pretty);
  GString *text = g_string_sized_new (strlen (whole));
  for (const char *p = whole, *end; *p != '\0'; p = end) {
    if (*p == '"') {
      end = end_of_string (p);
      g_string_append_len (text, p, end - p);
    } else if (g_ascii_isdigit (*p) || *p == '-') {
      end = p + 1 + strspn (p + 1, "0123456789.eE+-");
      append_number (text, p, (gsize)(end - p));
    } else {
      end = p + strcspn (p, "\"-0123456789");
      g_string_append_len (text, p, end - p);
    }
  }
  return g_string_free (text, FALSE);
}
