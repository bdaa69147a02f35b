/* fuzz-hls-playlist.c - any bytes as a playlist: a verdict, and a rendering that stays put */
#include "hls/playlist.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  g_autoptr (GError) error = NULL;
  g_autoptr (UsPlaylist) playlist = us_playlist_parse ((const char *)data, size, &error);
  g_assert_true ((playlist == NULL) == (error != NULL));
  if (playlist == NULL)
    return 0;
  for (guint i = 0; i < playlist->segments->len && i < 4; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    if (segment->key == NULL)
      continue;
    g_autofree char *moved = us_playlist_key_with_base (segment->key, "http://h/p/i.m3u8");
    g_autofree char *numbered = us_playlist_key_with_iv (moved, segment->number);
    g_autofree char *twice = us_playlist_key_with_iv (numbered, segment->number + 1);
    g_assert_cmpstr (numbered, ==, twice);
  }
  if (playlist->variants->len > 0) {
    g_autofree char *master = us_playlist_render_multivariant (playlist);
    g_autoptr (UsPlaylist) same = us_playlist_parse (master, strlen (master), &error);
    if (g_error_matches (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_LIMIT))
      return 0;
    g_assert_no_error (error);
    g_assert_cmpuint (playlist->variants->len, ==, same->variants->len);
    g_assert_cmpuint (playlist->renditions->len, ==, same->renditions->len);
    return 0;
  }

  g_autofree char *text = us_playlist_render (playlist);
  g_autoptr (UsPlaylist) again = us_playlist_parse (text, strlen (text), &error);
  /* Rendering may write more than was read: dates that were carried on, counted-up tags. */
  if (g_error_matches (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_LIMIT))
    return 0;
  g_assert_no_error (error);
  g_assert_cmpuint (playlist->segments->len, ==, again->segments->len);
  g_autofree char *same = us_playlist_render (again);
  g_assert_cmpstr (text, ==, same);
  return 0;
}
