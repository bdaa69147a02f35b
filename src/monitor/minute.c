/* minute.c - what one minute of one stream comes to
 *
 * Pure, part of a watch. Minutes are those of the wall clock, so that those of all streams and of
 * other programs lie beside each other; the seconds in them are counted by the monotonic one. When
 * the wall clock steps, a minute ends early, and one that was had already comes again: the store
 * keeps the later.
 */
#include "monitor/minute.h"

#include <math.h>
#include <stdlib.h>

#define MINUTE_US (60 * (gint64)G_USEC_PER_SEC)
#define LONGEST_STEP_US (10 * (gint64)G_USEC_PER_SEC) /* more: this process stood still */

static void
begin (UsMinuteBook *book, gint64 wall_us) {
  gint64 minute_us = wall_us - wall_us % MINUTE_US;
  GArray *ttfb = book->ttfb;
  gint64 judged_us = book->judged_us;
  *book = (UsMinuteBook){ .minute_us = minute_us, .judged_us = judged_us, .ttfb = ttfb };
  if (ttfb != NULL)
    g_array_set_size (ttfb, 0);
  book->minute.minute_us = minute_us;
  book->minute.ttfb_max = book->minute.ratio_min = NAN;
}

void
us_minute_book_clear (UsMinuteBook *book) {
  g_clear_pointer (&book->ttfb, g_array_unref);
}

/**
 * us_minute_book_segment:
 * @seen: one that was asked for
 */
void
us_minute_book_segment (UsMinuteBook *book, const UsSegmentSeen *seen) {
  UsMinute *minute = &book->minute;
  float ttfb = (float)seen->fetched.first_byte_s;
  minute->n_segments++;
  minute->bytes += seen->fetched.n_bytes;
  if (seen->fetched.outcome != US_OUTCOME_OK) {
    minute->n_segment_errors++;
    return;
  }
  if (!isnan (ttfb)) {
    if (book->ttfb == NULL)
      book->ttfb = g_array_new (FALSE, FALSE, sizeof (float));
    if (book->ttfb->len < US_MINUTE_MAX_SAMPLES)
      g_array_append_val (book->ttfb, ttfb);
    book->ttfb_sum += seen->fetched.first_byte_s;
    book->n_ttfb++;
    minute->ttfb_max = fmax (minute->ttfb_max, seen->fetched.first_byte_s);
  }
  if (seen->fetched.total_s > 0 && seen->duration_us > 0) {
    double ratio = (double)seen->duration_us / G_USEC_PER_SEC / seen->fetched.total_s;
    book->ratio_sum += ratio;
    book->n_ratio++;
    minute->ratio_min = fmin (minute->ratio_min, ratio);
  }
}

void
us_minute_book_playlist (UsMinuteBook *book, const UsFetched *fetched) {
  book->minute.n_playlists++;
  book->minute.bytes += fetched->n_bytes;
  if (fetched->outcome != US_OUTCOME_OK)
    book->minute.n_playlist_errors++;
}

/**
 * us_minute_book_latency:
 * @latency_s: behind the date of the newest segment; %NAN is passed over
 */
void
us_minute_book_latency (UsMinuteBook *book, double latency_s) {
  if (isnan (latency_s))
    return;
  book->latency_sum += latency_s;
  book->n_latency++;
}

static int
compare (const void *a, const void *b) {
  float one = *(const float *)a, other = *(const float *)b;
  return one < other ? -1 : one > other;
}

static void
finish (UsMinuteBook *book, UsMinute *minute) {
  *minute = book->minute;
  minute->ttfb_avg = book->n_ttfb > 0 ? book->ttfb_sum / book->n_ttfb : NAN;
  minute->ratio_avg = book->n_ratio > 0 ? book->ratio_sum / book->n_ratio : NAN;
  minute->latency_avg = book->n_latency > 0 ? book->latency_sum / book->n_latency : NAN;
  minute->ttfb_p95 = NAN;
  if (book->ttfb != NULL && book->ttfb->len > 0) {
    qsort (book->ttfb->data, book->ttfb->len, sizeof (float), compare);
    guint rank = (guint)ceil (0.95 * book->ttfb->len);
    minute->ttfb_p95 = (double)g_array_index (book->ttfb, float, MAX (rank, 1) - 1);
  }
}

/**
 * us_minute_book_tick:
 * @now_us: monotonic
 * @wall_us: since the epoch
 * @health: as it has been since the last call
 * @minute: (out): the one that is over
 *
 * Returns: %FALSE: it still runs
 */
gboolean
us_minute_book_tick (UsMinuteBook *book, gint64 now_us, gint64 wall_us, UsHealth health,
                     UsMinute *minute) {
  gint64 step_us = book->judged_us > 0 ? now_us - book->judged_us : 0;
  book->judged_us = now_us;
  if (book->minute_us == 0)
    begin (book, wall_us);
  book->minute.seconds[health] += (double)CLAMP (step_us, 0, LONGEST_STEP_US) / G_USEC_PER_SEC;
  book->minute.worst = MAX (book->minute.worst, health);
  if (wall_us - wall_us % MINUTE_US == book->minute_us)
    return FALSE;
  finish (book, minute);
  begin (book, wall_us);
  return TRUE;
}
