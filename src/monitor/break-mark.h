/* break-mark.h - the newest break marker of a media playlist */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { US_BREAK_MARK_NONE, US_BREAK_MARK_OUT, US_BREAK_MARK_IN } UsBreakMark;

/* @planned_s: (out): as the break was announced to last; NAN: not said */
UsBreakMark us_break_mark_read (const char *text, gsize size, double *planned_s);

G_END_DECLS
