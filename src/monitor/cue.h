/* cue.h - the newest break marker of a media playlist */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { US_CUE_NONE, US_CUE_OUT, US_CUE_IN } UsCue;

/* @planned_s: (out): as the break was announced to last; NAN: not said */
UsCue us_cue_read (const char *text, gsize size, double *planned_s);

G_END_DECLS
