/* pace.h - whether the pipeline of a stream keeps up with real time, and when to say so */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_PACE_NO_NEWS,
  US_PACE_TOO_SLOW, /* it falls behind from here on */
  US_PACE_GOOD,     /* it has caught up again */
} UsPaceNews;

/* UsPace: starts as all zeros. */
typedef struct {
  double ratio; /* work per media time, smoothed; above 1 cannot keep up. 0: nothing known yet */
  gboolean is_too_slow;
} UsPace;

UsPaceNews us_pace_take (UsPace *pace, gint64 run_us, gint64 duration_us, guint n_waiting);
UsPaceNews us_pace_lose (UsPace *pace);

G_END_DECLS
