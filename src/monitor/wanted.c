/* wanted.c - which segments of a playlist are fetched
 *
 * Pure. Of the first playlist the newest two, as a player that starts; then what is new in each, or
 * a share of it that depends on the number alone, so that all renditions of a well-numbered ladder
 * show the same moments. Who downloads slower than the stream runs does not fall behind for ever:
 * the oldest that wait are given up.
 */
#include "monitor/wanted.h"

#include <math.h>
#include <string.h>

#include "base/url.h"
#include "monitor/playlist-step.h"

void
us_wanted_free (UsWanted *wanted) {
  if (wanted == NULL)
    return;
  g_free (wanted->url);
  g_free (wanted->map_url);
  g_free (wanted->map_key);
  g_free (wanted->key);
  g_free (wanted);
}

static char *
resolve_key (const char *base_url, const char *key, guint64 number) {
  if (key == NULL)
    return NULL;
  g_autofree char *with_iv = us_playlist_key_with_iv (key, number);
  return us_playlist_key_with_base (with_iv, base_url);
}

/**
 * us_wanted_new:
 * @playlist: a media playlist
 * @index: of a segment in it
 * @base_url: absolute, of the playlist
 *
 * Returns: (transfer full) (nullable): %NULL: its URI leads nowhere
 */
UsWanted *
us_wanted_new (const UsPlaylist *playlist, guint index, const char *base_url) {
  const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, index);
  g_autofree char *url = us_url_resolve (base_url, segment->uri);
  if (url == NULL)
    return NULL;
  UsWanted *wanted = g_new0 (UsWanted, 1);
  wanted->number = segment->number;
  wanted->discontinuity = segment->discontinuity;
  wanted->is_discontinuous = segment->is_discontinuous;
  wanted->duration_us = segment->duration_us;
  wanted->wall_ms = segment->wall_ms;
  wanted->from_oldest = index;
  wanted->from_newest = playlist->segments->len - 1 - index;
  wanted->url = g_steal_pointer (&url);
  wanted->range = segment->range;
  if (segment->map_uri != NULL)
    wanted->map_url = us_url_resolve (base_url, segment->map_uri);
  wanted->map_range = segment->map_range;
  wanted->map_key = resolve_key (base_url, segment->map_key, segment->number);
  wanted->key = resolve_key (base_url, segment->key, segment->number);
  return wanted;
}

/**
 * us_wanted_is_in_share:
 * @share: 0 to 1
 *
 * Returns: whether that segment is one of them; evenly spread
 */
gboolean
us_wanted_is_in_share (guint64 number, double share) {
  /* The low bits are enough, and exact in a double. */
  double n = (double)(number & 0xffffffff);
  return floor ((n + 1) * share) > floor (n * share);
}

static gboolean
is_chosen (const UsPlaylistSegment *segment, gboolean is_newest, double share,
           gboolean is_one_needed) {
  if (segment->is_gap)
    return FALSE;
  return us_wanted_is_in_share (segment->number, share) || (is_newest && is_one_needed);
}

/**
 * us_wanted_choose:
 * @queue: (inout) (element-type UsWanted): those that wait already; the newest at the tail
 * @before: (nullable): the playlist before @now
 * @is_one_needed: the newest is taken whatever the share says
 *
 * Returns: how many that waited, or would have had to wait, were given up
 */
guint
us_wanted_choose (GQueue *queue, const UsPlaylist *before, const UsPlaylist *now,
                  const char *base_url, double share, gboolean is_one_needed) {
  guint n = now->segments->len, n_given_up = 0;
  gboolean is_first = before == NULL || before->segments->len == 0;
  guint first = is_first ? n - MIN (n, US_WANTED_FIRST) : us_playlist_first_new (before, now);
  /* A playlist that jumped by thousands is not worth thousands of URLs. */
  if (share >= 1 && n - first > US_WANTED_MAX_BACKLOG) {
    n_given_up = n - first - US_WANTED_MAX_BACKLOG;
    first = n - US_WANTED_MAX_BACKLOG;
  }
  for (guint i = first; i < n; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (now->segments, i);
    if (!is_chosen (segment, i + 1 == n, share, is_one_needed))
      continue;
    UsWanted *wanted = us_wanted_new (now, i, base_url);
    if (wanted != NULL)
      g_queue_push_tail (queue, wanted);
  }
  for (; queue->length > US_WANTED_MAX_BACKLOG; n_given_up++)
    us_wanted_free (g_queue_pop_head (queue));
  return n_given_up;
}

/**
 * us_wanted_choose_recorded:
 * @queue: (inout) (element-type UsWanted)
 * @now: complete
 * @most: segments; those marked as missing count, but are not fetched
 *
 * Nobody waits for a recording to go on: all of it may be asked for, at the pace it comes.
 */
void
us_wanted_choose_recorded (GQueue *queue, const UsPlaylist *now, const char *base_url, guint most) {
  for (guint i = 0; i < MIN (now->segments->len, most); i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (now->segments, i);
    UsWanted *wanted = segment->is_gap ? NULL : us_wanted_new (now, i, base_url);
    if (wanted != NULL)
      g_queue_push_tail (queue, wanted);
  }
}
