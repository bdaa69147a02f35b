/* text.c - texts of strangers, made fit for a log line or a terminal */
#include "base/text.h"

/* Returns: whether a terminal shows @c, and does nothing else */
gboolean
us_text_is_shown (gunichar c) {
  return g_unichar_isprint (c);
}

/**
 * us_text_clean:
 * @text: (nullable): of anybody
 * @max_chars: longer texts are cut
 *
 * Returns: (transfer full): UTF-8 in one line that shows all it has in a terminal
 */
char *
us_text_clean (const char *text, guint max_chars) {
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *clean = g_string_new (NULL);
  guint n = 0;
  for (const char *p = valid; *p != '\0' && n < max_chars; p = g_utf8_next_char (p), n++) {
    gunichar c = g_utf8_get_char (p);
    g_string_append_unichar (clean, us_text_is_shown (c) ? c : '?');
  }
  return g_string_free (clean, FALSE);
}

/* Returns: the ending of a noun: "1 poll", "2 polls" */
const char *
us_text_s (guint64 n) {
  return n == 1 ? "" : "s";
}

/* Returns: the ending of a verb: "1 host answers", "2 hosts answer" */
const char *
us_text_verb_s (guint64 n) {
  return n == 1 ? "s" : "";
}
