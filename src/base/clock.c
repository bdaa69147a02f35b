/* clock.c - system and fake clock; both are plain values without life cycle or thread */
#include "base/clock.h"

static gint64
system_monotonic_us (const UsClock *clock) {
  return g_get_monotonic_time ();
}

static gint64
system_wall_us (const UsClock *clock) {
  return g_get_real_time ();
}

/**
 * us_clock_system:
 *
 * Returns: (transfer none): the machine's clocks; lives for ever, usable from any thread
 */
const UsClock *
us_clock_system (void) {
  static const UsClock clock = { system_monotonic_us, system_wall_us };
  return &clock;
}

/**
 * us_clock_started_ms:
 *
 * Tells one process of a role from the next, on its status page; does not move with the wall clock.
 *
 * Returns: when this process began (us_log_init(), or the first call), in ms since the epoch
 */
gint64
us_clock_started_ms (void) {
  static gsize is_known;
  static gint64 started_ms;
  if (g_once_init_enter (&is_known)) {
    started_ms = g_get_real_time () / 1000;
    g_once_init_leave (&is_known, 1);
  }
  return started_ms;
}

static gint64
fake_monotonic_us (const UsClock *clock) {
  return ((const UsFakeClock *)clock)->now_monotonic_us;
}

static gint64
fake_wall_us (const UsClock *clock) {
  return ((const UsFakeClock *)clock)->now_wall_us;
}

/**
 * us_fake_clock_init:
 * @fake: the clock, owned by the test
 * @monotonic_us: where its monotonic clock stands
 * @wall_us: where its wall clock stands
 */
void
us_fake_clock_init (UsFakeClock *fake, gint64 monotonic_us, gint64 wall_us) {
  fake->clock.monotonic_us = fake_monotonic_us;
  fake->clock.wall_us = fake_wall_us;
  fake->now_monotonic_us = monotonic_us;
  fake->now_wall_us = wall_us;
}

/**
 * us_fake_clock_advance_us:
 * @fake: the clock
 * @us: how far both hands move; to step only the wall clock, write now_wall_us
 */
void
us_fake_clock_advance_us (UsFakeClock *fake, gint64 us) {
  fake->now_monotonic_us += us;
  fake->now_wall_us += us;
}
