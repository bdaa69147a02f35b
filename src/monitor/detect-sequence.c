/* detect-sequence.c - numbers of segments that go back, begin anew, jump, or change their names
 *
 * Pure. Players stop at a media sequence that goes down until it has passed its old value (RFC 8216
 * 6.2.1 forbids it). A jump ahead is only told when more is missing than could have been made since
 * the last look: a slow look is no fault of the stream.
 */
#include "monitor/detect.h"
#include "monitor/playlist-step.h"

#include <math.h>

#include "base/text.h"

/* Encoders catch up after a pause: so much more than real time is no jump. */
#define CATCH_UP 2.0
#define CATCH_UP_SEGMENTS 3

static double
mean_duration_s (const UsPlaylist *playlist) {
  double sum_us = 0;
  for (guint i = 0; i < playlist->segments->len; i++)
    sum_us += ((const UsPlaylistSegment *)g_ptr_array_index (playlist->segments, i))->duration_us;
  return sum_us / G_USEC_PER_SEC / MAX (playlist->segments->len, 1);
}

/* A copy that somebody on the way has kept. */
static gboolean
is_from_cache (const UsFetched *fetched) {
  return fetched != NULL
         && (fetched->has_cache || fetched->cache_age_s > 0 || fetched->cache == US_CACHE_HIT);
}

static void
add_back (const UsPlaylist *before, const UsPlaylist *now, UsPlaylistStep step,
          const UsFetched *fetched, UsHits *hits) {
  guint64 was = us_playlist_last (before)->number, is = us_playlist_last (now)->number;
  double value = (double)is, limit = (double)was;
  if (step == US_STEP_OLD_COPY || (step == US_STEP_BACK && is_from_cache (fetched))) {
    g_autofree char *age = fetched != NULL && fetched->cache_age_s > 0
                               ? g_strdup_printf (", %" G_GINT64_FORMAT " s old by its Age header",
                                                  fetched->cache_age_s)
                               : NULL;
    us_hits_add (hits, US_CHECK_CACHE_STALE, US_SEVERITY_DEGRADED, value, limit,
                 "an older copy of the playlist came: its newest segment is %" G_GUINT64_FORMAT
                 ", after %" G_GUINT64_FORMAT "%s",
                 is, was, age != NULL ? age : "");
  } else if (step == US_STEP_RESTARTED) {
    us_hits_add (hits, US_CHECK_SEQUENCE_RESET, US_SEVERITY_UNHEALTHY, value, limit,
                 "segment numbers began anew at %" G_GUINT64_FORMAT ", after %" G_GUINT64_FORMAT,
                 is, was);
  } else {
    us_hits_add (hits, US_CHECK_SEQUENCE_BACK, US_SEVERITY_UNHEALTHY, value, limit,
                 "segment numbers went back to %" G_GUINT64_FORMAT " from %" G_GUINT64_FORMAT, is,
                 was);
  }
}

/* How many segments can have been made since the look before; NAN: nothing tells. */
static double
possible_segments (const UsPlaylist *before, const UsPlaylist *now, const UsFetched *fetched) {
  double duration_s = mean_duration_s (now);
  const UsPlaylistSegment *was = us_playlist_last (before), *is = us_playlist_last (now);
  double passed_s = NAN;
  if (fetched != NULL && fetched->since_good_us > 0)
    passed_s = (double)fetched->since_good_us / G_USEC_PER_SEC;
  else if (was->wall_ms >= 0 && is->wall_ms > was->wall_ms)
    passed_s = (is->wall_ms - was->wall_ms) / 1000.0;
  return duration_s > 0 ? passed_s / duration_s * CATCH_UP + CATCH_UP_SEGMENTS : NAN;
}

static void
add_jump (const UsPlaylist *before, const UsPlaylist *now, const UsFetched *fetched, UsHits *hits) {
  const UsPlaylistSegment *first = g_ptr_array_index (now->segments, 0);
  guint64 missed = first->number - us_playlist_last (before)->number - 1;
  double possible = possible_segments (before, now, fetched);
  double made = (double)missed + now->segments->len;
  if (made <= possible)
    return;
  us_hits_add (hits, US_CHECK_SEQUENCE_JUMP,
               isnan (possible) ? US_SEVERITY_INFO : US_SEVERITY_DEGRADED, (double)missed, possible,
               "%" G_GUINT64_FORMAT " segment number%s between %" G_GUINT64_FORMAT
               " and %" G_GUINT64_FORMAT " %s never listed",
               missed, us_text_s (missed), us_playlist_last (before)->number, first->number,
               missed == 1 ? "was" : "were");
}

static void
add_renamed (const UsPlaylist *before, const UsPlaylist *now, UsHits *hits) {
  const UsPlaylistSegment *example = NULL;
  guint n = 0;
  for (guint i = 0; i < now->segments->len; i++) {
    const UsPlaylistSegment *is = g_ptr_array_index (now->segments, i);
    const UsPlaylistSegment *was = us_playlist_find (before, is->number);
    if (was != NULL && !us_playlist_same_resource (was, is)) {
      n++;
      if (example == NULL)
        example = is;
    }
  }
  if (n > 0)
    us_hits_add (hits, US_CHECK_URI_CHANGED, US_SEVERITY_DEGRADED, n, 0,
                 "%u listed segments got another name, the first of them number %" G_GUINT64_FORMAT,
                 n, example->number);
}

/**
 * us_detect_sequence:
 * @before: (nullable)
 * @fetched: (nullable): how @now came
 */
void
us_detect_sequence (const UsPlaylist *before, const UsPlaylist *now, const UsFetched *fetched,
                    UsHits *hits) {
  UsPlaylistStep step = us_playlist_step (before, now);
  switch (step) {
  case US_STEP_OLD_COPY:
  case US_STEP_BACK:
  case US_STEP_RESTARTED:
    add_back (before, now, step, fetched, hits);
    break;
  case US_STEP_JUMPED:
    add_jump (before, now, fetched, hits);
    break;
  case US_STEP_SAME:
  case US_STEP_ADVANCED:
    add_renamed (before, now, hits);
    break;
  case US_STEP_FIRST:
  default:
    break;
  }
}
