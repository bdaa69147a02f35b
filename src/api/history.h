/* history.h - minutes and samples as series for charts, not more points than a chart can show */
#pragma once

#include "monitor/monitor.h"
#include "store/rows.h"

G_BEGIN_DECLS

#define US_HISTORY_MAX_POINTS 1000
#define US_HISTORY_FINE_US                                                                         \
  ((gint64)3600 * G_USEC_PER_SEC) /* how far back there are single samples */

/* UsHistoryPoint: what a stretch of time came to; the extremes survive whatever is gathered. NAN:
 * no sample. Times in seconds. */
typedef struct {
  gint64 at_us; /* its beginning, since the epoch */
  guint n_segments, n_errors, n_playlists, n_playlist_errors;
  guint64 bytes;
  double ttfb_avg, ttfb_min, ttfb_max;
  double ratio_avg, ratio_min, ratio_max;
  double latency_avg;
  guint n_ttfb, n_ratio, n_latency; /* samples behind the means */
} UsHistoryPoint;

guint us_history_resolution_s (gint64 since_us, gint64 until_us, gint64 now_us, guint wanted_s);
/* @sums: (nullable) (element-type UsRollupSum): of stretches of @step_s, or of a minute if that is
 * longer; @step_s: of a point. Returns: (transfer full) (element-type UsHistoryPoint): oldest
 * first, only where there is something */
GArray *us_history_gather (const GArray *sums, const GArray *samples, gint64 since_us,
                           gint64 until_us, guint step_s);

G_END_DECLS
