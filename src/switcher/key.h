/* key.h - EXT-X-KEY of an origin, made fit for a playlist with other numbers at another place */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean us_key_is_encrypted (const char *key);
char *us_key_for_us (const char *key, guint64 number, const char *playlist_url);

G_END_DECLS
