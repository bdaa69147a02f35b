/* detect-duration.c - segments that are longer or shorter than their playlist announces
 *
 * Pure; each segment is judged once, when it is new, and each check hits once in a poll, with the
 * worst example: a poll is one observation.
 */
#include "monitor/detect.h"
#include "monitor/playlist-step.h"

#include <math.h>
#include <stdlib.h>

/* RFC 8216 4.3.3.1: EXTINF, rounded to whole seconds, does not exceed the target duration. */
#define ROUNDING_US (G_USEC_PER_SEC / 2)
#define FINE_US 1000       /* of three decimals */
#define MUCH_TOO_LONG 1.5  /* of the target duration: a player of three segments runs dry */
#define FOLLOWS_WINDOW_S 1 /* ffmpeg derives it from what is listed just now */
#define SHORT_US (G_USEC_PER_SEC / 2)
#define SHORT_SHARE 4 /* as many times shorter than the median of its playlist */
#define MANY_SHORT 3  /* listed at once; fewer happen where a programme is cut */
#define ENOUGH_FOR_MEDIAN 4

static const UsPlaylistSegment *
at (const UsPlaylist *playlist, guint index) {
  return g_ptr_array_index (playlist->segments, index);
}

static void
judge_exceeded (const UsPlaylist *now, guint first, UsHits *hits) {
  const UsPlaylistSegment *longest = NULL;
  for (guint i = first; i < now->segments->len; i++)
    if (longest == NULL || at (now, i)->duration_us > longest->duration_us)
      longest = at (now, i);
  gint64 target_us = (gint64)now->target_duration_s * G_USEC_PER_SEC;
  if (longest == NULL || target_us == 0 || longest->duration_us < target_us + ROUNDING_US + FINE_US)
    return;
  gboolean is_much = longest->duration_us > (gint64)(target_us * MUCH_TOO_LONG) + FINE_US;
  us_hits_add (hits, US_CHECK_TARGET_DURATION_EXCEEDED,
               is_much ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED,
               (double)longest->duration_us / G_USEC_PER_SEC, now->target_duration_s,
               "segment %" G_GUINT64_FORMAT " lasts %.1f s, the target duration is %u s",
               longest->number, (double)longest->duration_us / G_USEC_PER_SEC,
               now->target_duration_s);
}

static void
judge_changed (const UsPlaylist *before, const UsPlaylist *now, UsHits *hits) {
  if (before == NULL || before->target_duration_s == now->target_duration_s
      || before->target_duration_s == 0 || now->target_duration_s == 0)
    return;
  guint was = before->target_duration_s, is = now->target_duration_s;
  gboolean is_rounding = MAX (was, is) - MIN (was, is) <= FOLLOWS_WINDOW_S;
  us_hits_add (hits, US_CHECK_TARGET_DURATION_CHANGED,
               is_rounding ? US_SEVERITY_INFO : US_SEVERITY_DEGRADED, is, was,
               "the target duration changed from %u s to %u s", was, is);
}

static int
compare_durations (const void *a, const void *b) {
  gint64 one = *(const gint64 *)a, other = *(const gint64 *)b;
  return one < other ? -1 : one > other;
}

static gint64
median_duration_us (const UsPlaylist *playlist) {
  guint n = playlist->segments->len;
  g_autofree gint64 *durations = g_new (gint64, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    durations[i] = at (playlist, i)->duration_us;
  qsort (durations, n, sizeof *durations, compare_durations);
  return n > 0 ? durations[n / 2] : 0;
}

/* The last one before a discontinuity, and the last of all, are as long as they happen to be. */
static gboolean
may_be_short (const UsPlaylist *playlist, guint index) {
  return index + 1 < playlist->segments->len ? at (playlist, index + 1)->is_discontinuous
                                             : playlist->is_ended;
}

static void
judge_short (const UsPlaylist *now, guint first, UsHits *hits) {
  if (first >= now->segments->len || now->segments->len < ENOUGH_FOR_MEDIAN)
    return;
  gint64 limit_us = MIN (SHORT_US, median_duration_us (now) / SHORT_SHARE);
  const UsPlaylistSegment *newest = NULL;
  guint n = 0;
  for (guint i = 0; i < now->segments->len; i++) {
    if (at (now, i)->duration_us < limit_us && !may_be_short (now, i)) {
      n++;
      if (i >= first)
        newest = at (now, i);
    }
  }
  if (newest != NULL)
    us_hits_add (
        hits, US_CHECK_SHORT_SEGMENT, n >= MANY_SHORT ? US_SEVERITY_DEGRADED : US_SEVERITY_INFO,
        (double)newest->duration_us / G_USEC_PER_SEC, (double)limit_us / G_USEC_PER_SEC,
        "segment %" G_GUINT64_FORMAT " lasts %.3f s; %u of %u listed segments are as short",
        newest->number, (double)newest->duration_us / G_USEC_PER_SEC, n, now->segments->len);
}

static void
judge_gaps (const UsPlaylist *now, guint first, UsHits *hits) {
  const UsPlaylistSegment *newest = NULL;
  guint n = 0;
  for (guint i = first; i < now->segments->len; i++) {
    if (at (now, i)->is_gap) {
      n++;
      newest = at (now, i);
    }
  }
  if (newest != NULL)
    us_hits_add (
        hits, US_CHECK_GAP, US_SEVERITY_DEGRADED, n, 0,
        "%u new segments are marked as missing, the last of them number %" G_GUINT64_FORMAT, n,
        newest->number);
}

/**
 * us_detect_durations:
 * @before: (nullable)
 */
void
us_detect_durations (const UsPlaylist *before, const UsPlaylist *now, UsHits *hits) {
  guint first = us_playlist_first_new (before, now);
  judge_exceeded (now, first, hits);
  judge_changed (before, now, hits);
  judge_short (now, first, hits);
  judge_gaps (now, first, hits);
}
