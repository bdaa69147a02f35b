/* rates.h - what a publisher sends, roughly: codecs, bit rate, frame rate; also of one on standby
 */
#pragma once

#include "rtmp/flv.h"

G_BEGIN_DECLS

#define US_RATES_WINDOW_MS 2000

/* UsRates: zero-initialised. */
typedef struct {
  const char *codecs[2]; /* (nullable) of audio and video: what it calls them, usable or not */
  gint64 window_us;      /* when what is counted began, 0: nothing came yet */
  guint64 bytes;
  guint n_pictures;
  guint64 bitrate_bps; /* of the last whole window */
  double fps;
} UsRates;

void us_rates_push (UsRates *rates, gboolean is_video, const UsFlvTag *tag, gsize size,
                    gint64 now_us);
gboolean us_rates_is_known (const UsRates *rates, gint64 now_us);

G_END_DECLS
