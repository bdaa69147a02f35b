/* json-text.h - JSON written as text at once, for long lists */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One member, or one element where @name is %NULL. Commas come by themselves; that braces and
 * brackets pair is the caller's business. */
void us_json_text_begin (GString *out, const char *name, char bracket);
void us_json_text_end (GString *out, char bracket);
void us_json_text_add_null (GString *out, const char *name);
/* @text: nullable: null */
void us_json_text_add_text (GString *out, const char *name, const char *text);
void us_json_text_add_integer (GString *out, const char *name, gint64 value);
void us_json_text_add_flag (GString *out, const char *name, gboolean value);
/* @wall_us: since the epoch; 0: null. As "2026-01-31T12:00:00.000Z" */
void us_json_text_add_time (GString *out, const char *name, gint64 wall_us);
/* @value: rounded to @n_decimals, at most 6; NAN and infinite: null */
void us_json_text_add_number (GString *out, const char *name, double value, guint n_decimals);

G_END_DECLS
