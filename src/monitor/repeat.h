/* repeat.h - a standing condition that begins again and again */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsRepeat: plain; zeros at first. Times are monotonic; 0: never. */
typedef struct {
  gboolean stands;
  double kind;                  /* of what stood last */
  gint64 stood_us, begun_us[2]; /* when it stood last; the two newest beginnings */
} UsRepeat;

/* @kind: two that differ are two beginnings. Returns: whether it stands, and not for the first time
 * in two minutes */
gboolean us_repeat_note (UsRepeat *repeat, gboolean stands, double kind, gint64 now_us);

G_END_DECLS
