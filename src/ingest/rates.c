/* rates.c - what a publisher sends, roughly; pure
 *
 * Owned by an intake (intake.c), one for each publisher, also for those that stand by: whether the
 * spare encoder is set as the main one should be known before it is needed. A message costs an
 * addition. The publisher that feeds the stream is measured in truth.c besides, and in earnest.
 */
#include "ingest/rates.h"

static gint64
window_age_us (const UsRates *rates, gint64 now_us) {
  return now_us - rates->window_us;
}

/**
 * us_rates_push:
 * @rates: the publisher's
 * @is_video: what kind of message it is
 * @tag: its head
 * @size: of its payload, in bytes
 * @now_us: when it came
 */
void
us_rates_push (UsRates *rates, gboolean is_video, const UsFlvTag *tag, gsize size, gint64 now_us) {
  if (tag->kind == US_FLV_CONFIG || tag->kind == US_FLV_FRAME || tag->kind == US_FLV_UNSUPPORTED)
    rates->codecs[is_video] = tag->codec_name;
  if (rates->window_us == 0)
    rates->window_us = now_us;
  gint64 age_us = window_age_us (rates, now_us);
  if (age_us >= US_RATES_WINDOW_MS * G_GINT64_CONSTANT (1000)) {
    rates->bitrate_bps = rates->bytes * 8 * G_USEC_PER_SEC / (guint64)age_us;
    rates->fps = rates->n_pictures * (double)G_USEC_PER_SEC / (double)age_us;
    rates->window_us = now_us;
    rates->bytes = 0;
    rates->n_pictures = 0;
  }
  rates->bytes += size;
  rates->n_pictures += is_video && (tag->kind == US_FLV_FRAME || tag->kind == US_FLV_UNSUPPORTED);
}

/**
 * us_rates_is_known:
 * @rates: the publisher's
 * @now_us: now
 *
 * Returns: whether its bit rate and frame rate are of the last seconds; not before a window is
 *   full, nor when the publisher has gone silent
 */
gboolean
us_rates_is_known (const UsRates *rates, gint64 now_us) {
  return rates->bitrate_bps > 0
         && window_age_us (rates, now_us) < 2 * US_RATES_WINDOW_MS * G_GINT64_CONSTANT (1000);
}
