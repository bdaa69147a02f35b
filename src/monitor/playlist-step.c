/* playlist-step.c - how one playlist follows on another of the same rendition
 *
 * Pure. Numbers alone do not tell an encoder that was restarted from an edge that still holds an
 * old copy: names, durations and dates of the segments do.
 */
#include "monitor/playlist-step.h"

#include <string.h>

#define SAME_DURATION_US 2000 /* what rounding to milliseconds may change */
#define SAME_DATE_MS 5000     /* what carrying a date on over rounded durations may change */
/* Encoders that begin anew do so at 0 or 1; by the first poll they may have gone on a little. */
#define FRESH_NUMBER 10

static const UsPlaylistSegment *
at (const UsPlaylist *playlist, guint index) {
  return g_ptr_array_index (playlist->segments, index);
}

/**
 * us_playlist_last:
 *
 * Returns: (transfer none) (nullable): the newest segment; %NULL: none is listed
 */
const UsPlaylistSegment *
us_playlist_last (const UsPlaylist *playlist) {
  return playlist->segments->len > 0 ? at (playlist, playlist->segments->len - 1) : NULL;
}

/**
 * us_playlist_find:
 *
 * Returns: (transfer none) (nullable): the segment with media sequence number @number
 */
const UsPlaylistSegment *
us_playlist_find (const UsPlaylist *playlist, guint64 number) {
  if (playlist->segments->len == 0 || number < at (playlist, 0)->number)
    return NULL;
  guint64 index = number - at (playlist, 0)->number;
  return index < playlist->segments->len ? at (playlist, index) : NULL;
}

/* The last part of the path: "b.ts" of "../a/b.ts?token=1#x". */
static const char *
base_name (const char *uri, gsize *length) {
  gsize path = strcspn (uri, "?#");
  const char *slash = memrchr (uri, '/', path);
  const char *name = slash != NULL ? slash + 1 : uri;
  *length = uri + path - name;
  return name;
}

/**
 * us_playlist_same_resource:
 *
 * Tokens change from poll to poll, in the query or as a folder: what is compared is the last part
 * of the path and the byte range.
 */
gboolean
us_playlist_same_resource (const UsPlaylistSegment *a, const UsPlaylistSegment *b) {
  gsize a_length, b_length;
  const char *a_name = base_name (a->uri, &a_length), *b_name = base_name (b->uri, &b_length);
  return a_length == b_length && memcmp (a_name, b_name, a_length) == 0
         && a->range.offset == b->range.offset && a->range.length == b->range.length;
}

static gboolean
is_same_row (const UsPlaylistSegment *a, const UsPlaylistSegment *b) {
  gboolean have_dates = a->wall_ms >= 0 && b->wall_ms >= 0;
  return us_playlist_same_resource (a, b)
         && ABS (a->duration_us - b->duration_us) <= SAME_DURATION_US
         && (!have_dates || ABS (a->wall_ms - b->wall_ms) <= SAME_DATE_MS);
}

/* What has both numbers and is listed twice: is it the same? @n: how many there are */
static gboolean
is_overlap_same (const UsPlaylist *before, const UsPlaylist *now, guint *n) {
  *n = 0;
  for (guint i = 0; i < now->segments->len; i++) {
    const UsPlaylistSegment *old = us_playlist_find (before, at (now, i)->number);
    if (old != NULL) {
      ++*n;
      if (!is_same_row (old, at (now, i)))
        return FALSE;
    }
  }
  return TRUE;
}

/* Lower numbers, and not a copy of what was known. */
static UsPlaylistStep
step_down (const UsPlaylist *before, const UsPlaylist *now) {
  const UsPlaylistSegment *was = us_playlist_last (before), *is = us_playlist_last (now);
  if (was->wall_ms >= 0 && is->wall_ms >= 0)
    return is->wall_ms > was->wall_ms ? US_STEP_RESTARTED : US_STEP_BACK;
  return at (now, 0)->number <= FRESH_NUMBER ? US_STEP_RESTARTED : US_STEP_BACK;
}

/**
 * us_playlist_step:
 * @before: (nullable): the good playlist before @now
 *
 * A segment that is listed with another name, at numbers that go on, is no step back: see
 * us_detect_sequence().
 */
UsPlaylistStep
us_playlist_step (const UsPlaylist *before, const UsPlaylist *now) {
  if (before == NULL || before->segments->len == 0 || now->segments->len == 0)
    return US_STEP_FIRST;
  guint64 was_first = at (before, 0)->number, is_first = at (now, 0)->number;
  guint64 was_last = us_playlist_last (before)->number, is_last = us_playlist_last (now)->number;
  if (is_last < was_last || is_first < was_first) {
    guint n;
    gboolean is_same = is_overlap_same (before, now, &n);
    if (n == 0 || !is_same)
      return step_down (before, now);
    if (is_last < was_last)
      return US_STEP_OLD_COPY;
  }
  if (is_last == was_last)
    return US_STEP_SAME;
  return is_first > was_last && is_first - was_last > 1 ? US_STEP_JUMPED : US_STEP_ADVANCED;
}

/**
 * us_playlist_first_new:
 * @before: (nullable)
 *
 * Returns: an index into the segments of @now
 */
guint
us_playlist_first_new (const UsPlaylist *before, const UsPlaylist *now) {
  guint64 was_last, is_first;
  switch (us_playlist_step (before, now)) {
  case US_STEP_SAME:
  case US_STEP_OLD_COPY:
    return now->segments->len;
  case US_STEP_ADVANCED:
    was_last = us_playlist_last (before)->number;
    is_first = at (now, 0)->number;
    return is_first > was_last ? 0 : was_last - is_first + 1;
  case US_STEP_FIRST:
  case US_STEP_JUMPED:
  case US_STEP_BACK:
  case US_STEP_RESTARTED:
  default:
    return 0;
  }
}
