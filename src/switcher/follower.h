/* follower.h - keeps reading one stream's playlist at one origin, and the facts about it */
#pragma once

#include "hls/playlist.h"
#include "switcher/calendar.h"
#include "switcher/settings.h"

G_BEGIN_DECLS

typedef struct UsFollower UsFollower;

/* UsFollowerKind: who numbers the segments of the playlist. */
typedef enum {
  US_FOLLOWER_NOTHING, /* nothing read yet */
  US_FOLLOWER_OURS,    /* every name is one of our packagers' */
  US_FOLLOWER_FOREIGN,
} UsFollowerKind;

/* UsFollowerDiet: which kind of playlist is wanted. */
typedef enum {
  US_FOLLOWER_ANY,
  US_FOLLOWER_MEDIA,
  US_FOLLOWER_MASTER,
} UsFollowerDiet;

/* Called when anything about the origin may have changed; may free nothing. */
typedef void (*UsFollowerChanged) (UsFollower *follower, gpointer user_data);

UsFollower *us_follower_new (const UsOriginAccess *access, UsOriginId origin, const char *stream,
                             const char *url, UsFollowerChanged changed, gpointer user_data);
void us_follower_start (UsFollower *follower);
void us_follower_move (UsFollower *follower, const char *url);
void us_follower_set_diet (UsFollower *follower, UsFollowerDiet diet);
void us_follower_set_twin (UsFollower *follower, const UsFollower *twin);
void us_follower_free (UsFollower *follower);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsFollower, us_follower_free)

const UsOriginFacts *us_follower_get_facts (const UsFollower *follower);
const UsPlaylist *us_follower_get_playlist (const UsFollower *follower);
const UsPlaylist *us_follower_get_master (const UsFollower *follower);
guint64 us_follower_get_n_masters (const UsFollower *follower);
const UsCalendar *us_follower_get_calendar (const UsFollower *follower);
const UsPlaylistSegment *us_follower_find_ours (const UsFollower *follower, guint64 epoch,
                                                guint64 number);
const char *us_follower_get_url (const UsFollower *follower);
const char *us_follower_get_base (const UsFollower *follower);
UsFollowerKind us_follower_get_kind (const UsFollower *follower);
gboolean us_follower_get_newest (const UsFollower *follower, guint64 *epoch, guint64 *number);
gboolean us_follower_has_epoch (const UsFollower *follower, guint64 epoch);
guint64 us_follower_get_generation (const UsFollower *follower);
gint64 us_follower_get_newest_wall_ms (const UsFollower *follower);
guint64 us_follower_get_n_5xx (const UsFollower *follower);
guint64 us_follower_get_n_errors (const UsFollower *follower, UsReason reason);
char *us_follower_resolve (const UsFollower *follower, const char *uri);

/* Told by the stream. */
void us_follower_set_behind (UsFollower *follower, gint64 since_us);
void us_follower_set_urgent (UsFollower *follower, gboolean is_urgent);
void us_follower_forgive (UsFollower *follower, gint64 pause_us);
void us_follower_note_segment (UsFollower *follower, UsReason reason);

UsReason us_reason_from_http (const GError *error);
UsReason us_reason_from_status (guint status);

G_END_DECLS
