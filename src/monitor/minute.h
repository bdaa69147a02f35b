/* minute.h - what one minute of one stream comes to */
#pragma once

#include "monitor/monitor.h"

G_BEGIN_DECLS

#define US_MINUTE_MAX_SAMPLES 1024 /* of the time to the first byte, for the percentile */

/* UsMinuteBook: of the minute that runs; zeros at first, us_minute_book_clear() at the end. */
typedef struct {
  gint64 minute_us; /* 0: none begun */
  gint64 judged_us; /* monotonic: up to when states are counted */
  UsMinute minute;
  GArray *ttfb; /* nullable: element-type float, seconds */
  double ttfb_sum, ratio_sum, latency_sum;
  guint n_ttfb, n_ratio, n_latency;
} UsMinuteBook;

void us_minute_book_segment (UsMinuteBook *book, const UsSegmentSeen *seen);
void us_minute_book_playlist (UsMinuteBook *book, const UsFetched *fetched);
void us_minute_book_latency (UsMinuteBook *book, double latency_s);
/* Counts the time since the last call as @health. Returns: whether a minute is over, in @minute */
gboolean us_minute_book_tick (UsMinuteBook *book, gint64 now_us, gint64 wall_us, UsHealth health,
                              UsMinute *minute);
void us_minute_book_clear (UsMinuteBook *book);

G_END_DECLS
