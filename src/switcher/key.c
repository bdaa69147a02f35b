/* key.c - EXT-X-KEY of an origin, made fit for a playlist with other numbers at another place
 *
 * Pure. Encrypted segments pass through as they are: nothing here has a key.
 */
#include "switcher/key.h"

#include "hls/playlist.h"

/* @key: (nullable): attributes in force; METHOD=NONE never is. Returns: whether the segment's bytes
 * cannot be read */
gboolean
us_key_is_encrypted (const char *key) {
  return key != NULL;
}

/**
 * us_key_for_us:
 * @key: (nullable): attributes in force at an origin's segment
 * @number: media sequence number there, of which the IV is made where none is written
 * @playlist_url: where the origin lists it
 *
 * Returns: (transfer full) (nullable): the same for our playlist: absolute URIs, written IV
 */
char *
us_key_for_us (const char *key, guint64 number, const char *playlist_url) {
  if (!us_key_is_encrypted (key))
    return NULL;
  g_autofree char *with_iv = us_playlist_key_with_iv (key, number);
  return us_playlist_key_with_base (with_iv, playlist_url);
}
