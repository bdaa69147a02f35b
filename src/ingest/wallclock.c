/* wallclock.c - slews the date of segments towards the system clock; pure
 *
 * Owned by one stream. Dates inside an epoch follow the media clock, so that they agree with
 * EXTINF, and are drawn towards the system clock slowly enough that no player notices; the drift of
 * an encoder's crystal thereby never adds up. Dates of an epoch start at the system clock, but not
 * before the end of the epoch before.
 */
#include "ingest/wallclock.h"

/**
 * us_wallclock_start_epoch:
 * @wallclock: the clock; the next stamp sets it to the system time
 */
void
us_wallclock_start_epoch (UsWallclock *wallclock) {
  wallclock->is_started = FALSE;
  wallclock->n_far = 0;
}

/**
 * us_wallclock_end_epoch:
 * @wallclock: the clock
 * @media_ms: media time at which the last segment of the epoch ended
 */
void
us_wallclock_end_epoch (UsWallclock *wallclock, gint64 media_ms) {
  if (wallclock->is_started)
    wallclock->end_ms = media_ms + wallclock->offset_ms;
  wallclock->is_started = FALSE;
}

/**
 * us_wallclock_stamp:
 * @wallclock: the clock
 * @media_ms: media time at which a segment opens
 * @system_ms: Unix time now, milliseconds
 *
 * Returns: the wall time of the segment, Unix milliseconds
 */
gint64
us_wallclock_stamp (UsWallclock *wallclock, gint64 media_ms, gint64 system_ms) {
  if (!wallclock->is_started) {
    gint64 ahead_ms = wallclock->end_ms - system_ms;
    gint64 wall_ms
        = ahead_ms > 0 && ahead_ms < US_WALLCLOCK_STEP_MS ? wallclock->end_ms : system_ms;
    wallclock->is_started = TRUE;
    wallclock->offset_ms = wall_ms - media_ms;
    wallclock->media_ms = media_ms;
    return wall_ms;
  }
  gint64 error_ms = system_ms - media_ms - wallclock->offset_ms;
  gint64 passed_ms = MAX (media_ms - wallclock->media_ms, 0);
  wallclock->media_ms = media_ms;
  wallclock->n_far = ABS (error_ms) > US_WALLCLOCK_STEP_MS ? wallclock->n_far + 1 : 0;
  if (wallclock->n_far >= US_WALLCLOCK_STEP_SEGMENTS) {
    wallclock->offset_ms += error_ms;
    wallclock->n_far = 0;
  } else if (ABS (error_ms) > US_WALLCLOCK_DEAD_ZONE_MS) {
    gint64 most_ms = MIN (passed_ms * US_WALLCLOCK_SLEW_PER_S_MS / 1000, US_WALLCLOCK_SLEW_MAX_MS);
    gint64 excess_ms = error_ms > 0 ? error_ms - US_WALLCLOCK_DEAD_ZONE_MS
                                    : error_ms + US_WALLCLOCK_DEAD_ZONE_MS;
    wallclock->offset_ms += CLAMP (excess_ms, -most_ms, most_ms);
  }
  return media_ms + wallclock->offset_ms;
}
