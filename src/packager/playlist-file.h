/* playlist-file.h - one playlist in a folder and its segments, taken into memory as a whole */
#pragma once

#include "packager/file.h"

G_BEGIN_DECLS

#define US_PLAYLIST_FILE_MAX_SEGMENT (64 * 1024 * 1024)
#define US_PLAYLIST_FILE_MAX_READ (8 * 1024 * 1024) /* per look; a larger file is read alone */

typedef enum {
  US_PLAYLIST_FILE_SAME,    /* nothing new that could be taken over */
  US_PLAYLIST_FILE_CHANGED, /* the facts are new */
  US_PLAYLIST_FILE_GONE,    /* there is no such file any more */
} UsPlaylistFileLook;

/* UsPlaylistFacts: what was taken over last; valid until the next look. */
typedef struct {
  GBytes *text;        /* nullable: nothing yet */
  GPtrArray *segments; /* element-type UsSegment: listed, and left but still to be answered */
  guint64 last_number;
  guint n_listed;
  guint target_duration_s;
  gint64 advanced_us; /* when the last number changed */
  gboolean is_live;   /* a media playlist without an end */
} UsPlaylistFacts;

typedef struct UsPlaylistFile UsPlaylistFile;

UsPlaylistFile *us_playlist_file_new (const char *name, const char *path);
/* @memory_left: how many bytes may be taken in addition to what is held */
UsPlaylistFileLook us_playlist_file_look (UsPlaylistFile *file, int folder, gint64 now_us,
                                          gsize memory_left);
const UsPlaylistFacts *us_playlist_file_get_facts (const UsPlaylistFile *file);
gsize us_playlist_file_get_bytes (const UsPlaylistFile *file);
const char *us_playlist_file_get_path (const UsPlaylistFile *file);
void us_playlist_file_free (UsPlaylistFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsPlaylistFile, us_playlist_file_free)

G_END_DECLS
