/* window.c - what an origin lists; pure data, no clock
 *
 * Retention is counted in media time and not on a clock: a segment may go once the segments listed
 * after it left the playlist make up the required time. That is the same on both origins, and a
 * stream that stands still keeps everything it has.
 */
#include "packager/window.h"

#include <string.h>

#include "hls/playlist.h"

struct UsWindow {
  guint n_listed;
  guint target_duration_s;
  GPtrArray *segments; /* all kept, oldest first */
  guint first_listed;  /* index into segments */
  gsize n_bytes;
};

/**
 * us_window_new:
 * @n_listed: how many segments the playlist holds
 *
 * Returns: (transfer full): an empty window
 */
UsWindow *
us_window_new (guint n_listed) {
  UsWindow *window = g_new0 (UsWindow, 1);
  window->n_listed = n_listed;
  window->segments = g_ptr_array_new_with_free_func ((GDestroyNotify)us_segment_unref);
  return window;
}

/**
 * us_window_free:
 * @window: (nullable) (transfer full): the window
 */
void
us_window_free (UsWindow *window) {
  if (window == NULL)
    return;
  g_ptr_array_unref (window->segments);
  g_free (window);
}

static const UsSegment *
segment_at (const UsWindow *window, guint index) {
  return g_ptr_array_index (window->segments, index);
}

static gint64
listed_duration_us (const UsWindow *window) {
  gint64 sum = 0;
  for (guint i = window->first_listed; i < window->segments->len; i++)
    sum += segment_at (window, i)->duration_us;
  return sum;
}

static void
drop_expired (UsWindow *window) {
  gint64 playlist_us = listed_duration_us (window);
  gint64 since_us = 0; /* media time between the segment's leaving and now */
  guint n_drop = 0;
  for (guint i = window->first_listed; i-- > 0;) {
    if (since_us > playlist_us + segment_at (window, i)->duration_us) {
      n_drop = i + 1;
      break;
    }
    since_us += segment_at (window, i)->duration_us;
  }
  if (n_drop == 0)
    return;
  for (guint i = 0; i < n_drop; i++)
    window->n_bytes -= g_bytes_get_size (segment_at (window, i)->bytes);
  g_ptr_array_remove_range (window->segments, 0, n_drop);
  window->first_listed -= n_drop;
}

/**
 * us_window_append:
 * @window: the window
 * @segment: the next segment; referenced
 * @target_duration_s: of the stream; only the first segment's counts
 *
 * Returns: %FALSE when the number is not higher than the last one
 */
gboolean
us_window_append (UsWindow *window, UsSegment *segment, guint target_duration_s) {
  guint64 last = us_window_get_last_number (window);
  if (segment->number <= last)
    return FALSE;
  if (window->target_duration_s == 0)
    window->target_duration_s = target_duration_s;
  if (last != 0 && segment->number != last + 1)
    window->first_listed = window->segments->len;
  g_ptr_array_add (window->segments, us_segment_ref (segment));
  window->n_bytes += g_bytes_get_size (segment->bytes);
  if (window->segments->len - window->first_listed > window->n_listed)
    window->first_listed++;
  drop_expired (window);
  return TRUE;
}

guint64
us_window_get_last_number (const UsWindow *window) {
  return window->segments->len > 0 ? segment_at (window, window->segments->len - 1)->number : 0;
}

guint
us_window_get_target_duration_s (const UsWindow *window) {
  return window->target_duration_s;
}

guint
us_window_get_n_listed (const UsWindow *window) {
  return window->segments->len - window->first_listed;
}

gsize
us_window_get_bytes (const UsWindow *window) {
  return window->n_bytes;
}

const GPtrArray *
us_window_get_segments (const UsWindow *window) {
  return window->segments;
}

/**
 * us_window_render:
 * @window: the window
 *
 * Returns: (transfer full) (nullable): the media playlist, equal on every origin that lists the
 *   same segments, or %NULL while there is none
 */
GBytes *
us_window_render (const UsWindow *window) {
  if (us_window_get_n_listed (window) == 0)
    return NULL;
  g_autoptr (UsPlaylist) playlist = us_playlist_new ();
  playlist->target_duration_s = window->target_duration_s;
  playlist->is_independent = TRUE;
  playlist->can_block_reload = TRUE;
  for (guint i = window->first_listed; i < window->segments->len; i++) {
    const UsSegment *segment = segment_at (window, i);
    UsPlaylistSegment *row
        = us_playlist_add (playlist, segment->name, segment->number, segment->duration_us);
    row->discontinuity = segment->discontinuity;
    row->is_discontinuous = segment->is_discontinuous;
    row->wall_ms = segment->wall_ms;
  }
  char *text = us_playlist_render (playlist);
  return g_bytes_new_take (text, strlen (text));
}
