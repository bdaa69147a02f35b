/* text.h - texts of strangers, made fit for a log line or a terminal */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *us_text_clean (const char *text, guint max_chars);

G_END_DECLS
