/* wallclock.h - the wall time of a segment (EXT-X-PROGRAM-DATE-TIME) from media and system time */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_WALLCLOCK_SLEW_PER_S_MS 5 /* per second of media */
#define US_WALLCLOCK_SLEW_MAX_MS 15  /* per segment: players compare dates with EXTINF */
#define US_WALLCLOCK_DEAD_ZONE_MS 50 /* arrival jitter, not drift */
#define US_WALLCLOCK_STEP_MS 10000   /* further off than this ... */
#define US_WALLCLOCK_STEP_SEGMENTS 3 /* ... for so many segments in a row: step */

/* UsWallclock: plain value, zero-initialised with its stream. */
typedef struct {
  gboolean is_started;
  gint64 offset_ms; /* wall = media + offset */
  gint64 media_ms;  /* of the last stamp */
  gint64 end_ms;    /* wall time at which the last epoch ended, 0: none */
  guint n_far;
} UsWallclock;

void us_wallclock_start_epoch (UsWallclock *wallclock);
gint64 us_wallclock_stamp (UsWallclock *wallclock, gint64 media_ms, gint64 system_ms);
void us_wallclock_end_epoch (UsWallclock *wallclock, gint64 media_ms);

G_END_DECLS
