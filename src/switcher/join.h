/* join.h - where a playlist of an origin is entered: at the start, or after a change of sides */
#pragma once

#include "hls/playlist.h"

G_BEGIN_DECLS

#define US_JOIN_TOLERANCE_MS 40 /* one frame at 25/s: nearer than this is "not before" */

/* UsJoinMethod: how the place was found at which one origin goes on for the other. */
typedef enum {
  US_JOIN_SHARED,      /* the same numbers on both sides: there is no seam */
  US_JOIN_FINGERPRINT, /* the same pictures on both sides */
  US_JOIN_DATE,        /* EXT-X-PROGRAM-DATE-TIME */
  US_JOIN_EDGE,        /* nothing to go by: the live edge */
} UsJoinMethod;
#define US_N_JOIN_METHODS (US_JOIN_EDGE + 1)
const char *us_join_method_word (UsJoinMethod method);

guint us_join_start (const UsPlaylist *playlist, guint window);
guint us_join_after (const UsPlaylist *playlist, gint64 end_wall_ms);

G_END_DECLS
