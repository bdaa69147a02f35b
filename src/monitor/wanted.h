/* wanted.h - which segments of a playlist are fetched */
#pragma once

#include "hls/playlist.h"

G_BEGIN_DECLS

#define US_WANTED_FIRST 2       /* of the playlist that is read first: the newest ones */
#define US_WANTED_MAX_BACKLOG 3 /* then the oldest are given up, as a player would jump ahead */

/* UsWanted: all that is needed to fetch it, also when its playlist is gone. */
typedef struct {
  guint64 number, discontinuity;
  gboolean is_discontinuous;
  gint64 duration_us, wall_ms;
  guint from_oldest, from_newest; /* places in its playlist */
  char *url;                      /* absolute */
  UsByteRange range;
  char *map_url, *map_key; /* nullable */
  UsByteRange map_range;
  char *key; /* nullable: with absolute URIs and its IV written */
} UsWanted;
void us_wanted_free (UsWanted *wanted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsWanted, us_wanted_free)

/* @before: (nullable); @queue: (element-type UsWanted). Returns: how many were given up */
guint us_wanted_choose (GQueue *queue, const UsPlaylist *before, const UsPlaylist *now,
                        const char *base_url, double share, gboolean is_one_needed);
/* Of a recording: its first @most segments. @queue: (element-type UsWanted) */
void us_wanted_choose_recorded (GQueue *queue, const UsPlaylist *now, const char *base_url,
                                guint most);
UsWanted *us_wanted_new (const UsPlaylist *playlist, guint index, const char *base_url);
gboolean us_wanted_is_in_share (guint64 number, double share);

G_END_DECLS
