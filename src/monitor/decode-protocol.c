/* decode-protocol.c - which requests and answers of the decoding child are to be believed
 *
 * Pure. */
#include "monitor/decode-protocol.h"

#include <math.h>

#define MAX_SIDE 65535
#define MAX_SECONDS 86400.0
#define MAX_DB 200.0 /* `level` may well say a little more than 0 */
#define MIN_DB (-1000.0)

gboolean
us_decode_request_is_valid (const UsDecodeRequest *request) {
  return request->magic == US_DECODE_MAGIC && request->kind <= US_DECODE_ALL
         && request->segment_size > 0
         && (guint64)request->init_size + request->segment_size <= US_DECODE_MAX_BYTES;
}

gboolean
us_decode_answer_is_valid (const UsDecodeAnswer *answer) {
  if (answer->magic != US_DECODE_MAGIC)
    return FALSE;
  switch (answer->status) {
  case US_DECODE_STATUS_READY:
    return answer->size == 0;
  case US_DECODE_STATUS_DECODED:
    return answer->size == sizeof (UsDecoded);
  case US_DECODE_STATUS_PICTURE:
    return answer->size > 0 && answer->size <= US_DECODE_MAX_JPEG && answer->width > 0
           && answer->width <= MAX_SIDE && answer->height > 0 && answer->height <= MAX_SIDE;
  case US_DECODE_STATUS_NO_DECODER:
  case US_DECODE_STATUS_FAILED:
    return answer->size <= US_DECODE_MAX_TEXT;
  default:
    return FALSE;
  }
}

static gboolean
is_between (double value, double least, double most) {
  return value >= least && value <= most; /* FALSE for NAN */
}

/**
 * us_decoded_is_valid:
 *
 * Returns: whether every member is in its range
 */
gboolean
us_decoded_is_valid (const UsDecoded *decoded) {
  const UsDecoded *d = decoded;
  return is_between (d->video_s, 0, MAX_SECONDS) && is_between (d->audio_s, 0, MAX_SECONDS)
         && is_between (d->black_run_s, 0, d->video_s)
         && is_between (d->silent_run_s, 0, d->audio_s + 0.001)
         && (isnan (d->frozen_run_s) || is_between (d->frozen_run_s, 0, d->video_s))
         && (isnan (d->luma) || is_between (d->luma, 0, 1))
         && (isnan (d->luma_variance) || is_between (d->luma_variance, 0, 1))
         && (isnan (d->audio_rms_db) || is_between (d->audio_rms_db, MIN_DB, MAX_DB))
         && (isnan (d->quiet_rms_db) || is_between (d->quiet_rms_db, MIN_DB, MAX_DB));
}
