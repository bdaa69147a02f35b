/* clock.h - the two clocks of a role, injectable so that tests move time instead of sleeping */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsClock:
 * @monotonic_us: for ages, deadlines and lateness; never steps
 * @wall_us: microseconds since the Unix epoch; may step at any time (NTP, an operator)
 *
 * Passed by pointer; the system clock is the static us_clock_system().
 */
typedef struct UsClock UsClock;
struct UsClock {
  gint64 (*monotonic_us) (const UsClock *clock);
  gint64 (*wall_us) (const UsClock *clock);
};

const UsClock *us_clock_system (void);
gint64 us_clock_started_ms (void);

static inline gint64
us_clock_monotonic_us (const UsClock *clock) {
  return clock->monotonic_us (clock);
}

static inline gint64
us_clock_wall_us (const UsClock *clock) {
  return clock->wall_us (clock);
}

/* UsFakeClock: a clock that stands still until a test moves it. */
typedef struct {
  UsClock clock;
  gint64 now_monotonic_us;
  gint64 now_wall_us;
} UsFakeClock;

void us_fake_clock_init (UsFakeClock *fake, gint64 monotonic_us, gint64 wall_us);
void us_fake_clock_advance_us (UsFakeClock *fake, gint64 us);

G_END_DECLS
