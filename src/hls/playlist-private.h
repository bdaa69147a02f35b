/* playlist-private.h - the parts of a playlist that its parser and its renderer share */
#pragma once

#include "hls/playlist.h"

G_BEGIN_DECLS

char *us_playlist_attributes_with (const char *attributes, const char *name, const char *value);
gboolean us_playlist_attributes_are_closed (const char *attributes);
char *us_playlist_key_add (const char *key, const char *attributes);
UsPlaylistVariant *us_playlist_variant_new (const char *attributes, const char *uri);
void us_playlist_variant_free (UsPlaylistVariant *variant);
UsPlaylistRendition *us_playlist_rendition_new (const char *attributes);
void us_playlist_rendition_free (UsPlaylistRendition *rendition);

G_END_DECLS
