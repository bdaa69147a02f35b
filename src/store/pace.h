/* pace.h - what the writer does next: a pure function of what it knows */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_PACE_GATHER_US ((gint64)200 * 1000) /* a first write waits so long for others */
#define US_PACE_BATCH 1000                     /* so many do not wait */

/* UsPaceFacts: times on the monotonic clock */
typedef struct {
  gint64 now_us;
  guint n_waiting;    /* writes */
  gint64 first_us;    /* since when the oldest of them waits */
  gboolean is_urgent; /* somebody waits for one of them */
  gboolean is_failing;
  gint64 retry_us;      /* when to try again if failing */
  gint64 tidy_us;       /* when the next step of retention is due */
  gboolean is_stopping; /* write what there is, then end */
  gint64 stop_us;       /* end then, even if it could not be written */
} UsPaceFacts;

typedef enum { US_PACE_WAIT, US_PACE_WRITE, US_PACE_TIDY, US_PACE_STOP } UsPace;

UsPace us_pace_decide (const UsPaceFacts *facts, gint64 *until_us);

G_END_DECLS
