/* json-text.c - JSON written as text at once, for long lists
 *
 * JSON-GLib makes a tree first and text of it then: for a list of two thousand streams that is
 * most of the answer's time. Here every member goes to the text as it comes. Names are ours and
 * need no escaping; texts may be anything. Pure.
 */
#include "http/json-text.h"

#include <math.h>
#include <string.h>
#include <time.h>

static void
begin_value (GString *out, const char *name) {
  char last = out->len > 0 ? out->str[out->len - 1] : '{';
  if (last != '{' && last != '[') /* a text ends with its quote */
    g_string_append_c (out, ',');
  if (name == NULL)
    return;
  g_string_append_c (out, '"');
  g_string_append (out, name);
  g_string_append_len (out, "\":", 2);
}

/**
 * us_json_text_begin:
 * @bracket: '{' or '['
 */
void
us_json_text_begin (GString *out, const char *name, char bracket) {
  begin_value (out, name);
  g_string_append_c (out, bracket);
}

void
us_json_text_end (GString *out, char bracket) {
  g_string_append_c (out, bracket);
}

void
us_json_text_add_null (GString *out, const char *name) {
  begin_value (out, name);
  g_string_append_len (out, "null", 4);
}

/* RFC 8259 7: what must be escaped, and DEL, which terminals take for an order. */
static void
append_escaped (GString *out, const char *text) {
  const char *p = text;
  while (*p != '\0') {
    const char *start = p;
    while ((guchar)*p >= 0x20 && *p != '"' && *p != '\\' && *p != 0x7f)
      p++;
    g_string_append_len (out, start, p - start);
    if (*p == '"' || *p == '\\') {
      g_string_append_c (out, '\\');
      g_string_append_c (out, *p++);
    } else if (*p != '\0') {
      g_string_append_printf (out, "\\u%04x", (guint)(guchar)*p++);
    }
  }
}

/* @text: what is no UTF-8 in it is replaced */
void
us_json_text_add_text (GString *out, const char *name, const char *text) {
  g_autofree char *valid = NULL;
  if (text == NULL) {
    us_json_text_add_null (out, name);
    return;
  }
  if (!g_utf8_validate (text, -1, NULL))
    text = valid = g_utf8_make_valid (text, -1);
  begin_value (out, name);
  g_string_append_c (out, '"');
  append_escaped (out, text);
  g_string_append_c (out, '"');
}

void
us_json_text_add_integer (GString *out, const char *name, gint64 value) {
  begin_value (out, name);
  g_string_append_printf (out, "%" G_GINT64_FORMAT, value);
}

void
us_json_text_add_flag (GString *out, const char *name, gboolean value) {
  begin_value (out, name);
  g_string_append (out, value ? "true" : "false");
}

void
us_json_text_add_time (GString *out, const char *name, gint64 wall_us) {
  time_t seconds = (time_t)(wall_us / G_USEC_PER_SEC);
  struct tm date;
  if (wall_us <= 0 || gmtime_r (&seconds, &date) == NULL) {
    us_json_text_add_null (out, name);
    return;
  }
  begin_value (out, name);
  g_string_append_printf (out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"", date.tm_year + 1900,
                          date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
                          (int)(wall_us % G_USEC_PER_SEC / 1000));
}

/* Real numbers have a point, as JSON-GLib writes them: a reader in C tells the types apart by it.
 */
void
us_json_text_add_number (GString *out, const char *name, double value, guint n_decimals) {
  static const double units[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  double unit = units[MIN (n_decimals, G_N_ELEMENTS (units) - 1)];
  if (!isfinite (value)) {
    us_json_text_add_null (out, name);
    return;
  }
  begin_value (out, name);
  g_ascii_formatd (digits, sizeof digits, "%.15g", round (value * unit) / unit);
  g_string_append (out, digits);
  if (strpbrk (digits, ".e") == NULL)
    g_string_append_len (out, ".0", 2);
}
