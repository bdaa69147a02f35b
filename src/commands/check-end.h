/* check-end.h - when a check has seen enough */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsCheckEnd: facts of one moment. */
typedef struct {
  gint64 now_us, begun_us;  /* monotonic */
  gint64 first_good_us;     /* the first good media playlist; 0: none yet */
  gint64 for_us;            /* as the user wants it; 0: as long as it takes */
  guint target_duration_s;  /* the longest; 0: not known */
  gboolean is_recording;    /* everything that could be read is complete */
  gboolean is_idle;         /* no segment waits or is under way, no playlist was never read */
  gboolean lacks_segment;   /* a rendition has listed segments, and none was asked for yet */
  gboolean is_unreachable;  /* that is proven, and nothing else was ever seen */
  guint n_evaluations;      /* by the monitor */
  guint n_idle_evaluations; /* of a recording, since it is idle */
} UsCheckEnd;

gboolean us_check_end_is_due (const UsCheckEnd *facts);
gint64 us_check_end_planned_us (const UsCheckEnd *facts);

G_END_DECLS
