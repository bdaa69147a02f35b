/* playlist-step.h - how one playlist follows on another of the same rendition */
#pragma once

#include "hls/playlist.h"

G_BEGIN_DECLS

typedef enum {
  US_STEP_FIRST,     /* there is none before it, or one of them lists nothing */
  US_STEP_SAME,      /* nothing new */
  US_STEP_ADVANCED,  /* new segments, right behind those known */
  US_STEP_JUMPED,    /* all are new, and some between were never seen */
  US_STEP_OLD_COPY,  /* the newest are gone, what is left is what was listed before */
  US_STEP_BACK,      /* lower numbers, of which nothing else is known */
  US_STEP_RESTARTED, /* lower numbers of newer media */
} UsPlaylistStep;

/* @before: (nullable) */
UsPlaylistStep us_playlist_step (const UsPlaylist *before, const UsPlaylist *now);
/* Index of the first segment of @now that @before did not have; its length: none is new. */
guint us_playlist_first_new (const UsPlaylist *before, const UsPlaylist *now);
/* The segment of that number; NULL: it is not listed. */
const UsPlaylistSegment *us_playlist_find (const UsPlaylist *playlist, guint64 number);
const UsPlaylistSegment *us_playlist_last (const UsPlaylist *playlist);
/* The same file and range, whatever token stands in the query or in a folder's name. */
gboolean us_playlist_same_resource (const UsPlaylistSegment *a, const UsPlaylistSegment *b);

G_END_DECLS
