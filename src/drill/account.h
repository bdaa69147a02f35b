/* account.h - what a viewer has felt: the books of a viewing, kept as a pure function of events */
#pragma once

#include "hls/playlist.h"

G_BEGIN_DECLS

#define US_ACCOUNT_MAX_NOTES 1000

/* What a fetched segment says of its pictures; times in us of a clock that wraps at @wrap_us. */
typedef struct {
  gint64 first_us, end_us; /* least time stamp; greatest and one frame */
  gint64 frame_us;         /* 0: not known */
  guint n_frames;
  gint64 wrap_us; /* 0: never */
} UsPictures;

/* UsFelt: a stretch of a viewing. All counts are of that stretch. */
typedef struct {
  gint64 stall_ms;
  guint n_segments; /* that appeared */
  guint failed_requests, missing_frames, repeated_frames, discontinuities;
  gint64 added_delay_ms; /* of the worst segment, against the cadence before; 0: none was late */
  gint64 frame_us;       /* the latest that is known; 0: none */
  GPtrArray *violations; /* element-type utf8 */
  GPtrArray *details;    /* element-type utf8: where frames were missing or repeated, */
} UsFelt;

typedef struct UsAccount UsAccount;

UsAccount *us_account_new (void);
void us_account_playlist (UsAccount *account, const UsPlaylist *playlist, gint64 now_us);
gboolean us_account_next (const UsAccount *account, guint64 *number, const char **uri,
                          const char **map_uri);
void us_account_fetched (UsAccount *account, guint64 number, const UsPictures *pictures,
                         gint64 now_us);
void us_account_rejoin (UsAccount *account, gint64 now_us);
void us_account_lost (UsAccount *account, guint64 number, gint64 now_us);
void us_account_failure (UsAccount *account, gint64 now_us);
void us_account_violate (UsAccount *account, gint64 now_us, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
guint us_account_get_n_segments (const UsAccount *account);
gint64 us_account_get_last_visible_us (const UsAccount *account);
void us_account_felt (const UsAccount *account, gint64 from_us, gint64 to_us, UsFelt *felt);
void us_felt_clear (UsFelt *felt);
void us_account_free (UsAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsAccount, us_account_free)

G_END_DECLS
