/* join.h - where a playlist of an origin is entered: at the start, or after a change of sides */
#pragma once

#include "hls/playlist.h"

G_BEGIN_DECLS

#define US_JOIN_TOLERANCE_MS 40 /* one frame at 25/s: nearer than this is "not before" */

guint us_join_start (const UsPlaylist *playlist, guint window);
guint us_join_after (const UsPlaylist *playlist, gint64 end_wall_ms);

G_END_DECLS
