/* text.h - texts of strangers, made fit for a log line or a terminal */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean us_text_is_shown (gunichar c);
char *us_text_clean (const char *text, guint max_chars);
/* What follows the noun, and the verb, that @n belongs to: "%u host%s answer%s" */
const char *us_text_s (guint64 n);
const char *us_text_verb_s (guint64 n);

G_END_DECLS
