/* policy-world.h - two origins as the tests of the policy move them, with time that they make pass
 */
#pragma once

#include <string.h>

#include "switcher/policy.h"

#define MS G_TIME_SPAN_MILLISECOND
#define SECOND G_TIME_SPAN_SECOND
#define STEP (100 * MS)

/* Two origins as a test moves them: the facts are what a follower would collect. */
typedef struct {
  UsPolicy policy;
  UsOriginFacts facts[US_N_ORIGINS];
  gboolean is_frozen[US_N_ORIGINS];
  guint64 newest[US_N_ORIGINS]; /* number of the newest segment */
  gboolean is_interchangeable;
  gint64 now_us;
  guint n_switches, n_expired;
  UsReason last_reason; /* of the last change of sides */
  gint64 worst_stay_us; /* longest time on a failed origin while the other was usable */
  gint64 stay_since_us;
} World;

static inline void
world_init (World *world, gboolean is_interchangeable) {
  const UsPolicySettings settings
      = { .check_interval_us = 5 * SECOND, .age_threshold_us = 20 * SECOND, .required_windows = 3 };
  *world = (World){ .now_us = 1000 * SECOND, .is_interchangeable = is_interchangeable };
  us_policy_init (&world->policy, &settings, world->now_us);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    world->facts[i] = (UsOriginFacts){ .has_window = TRUE,
                                       .last_advance_us = world->now_us,
                                       .target_us = 2 * SECOND };
}

static inline void
advance (World *world, UsOriginId origin, guint n) {
  UsOriginFacts *facts = &world->facts[origin];
  facts->last_advance_us = world->now_us;
  world->newest[origin] += n;
  if (!world->is_interchangeable || world->newest[origin] >= world->newest[1 - origin])
    facts->n_in_step++;
}

static inline void
step (World *world) {
  world->now_us += STEP;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    UsOriginFacts *facts = &world->facts[i];
    gboolean is_quiet = world->is_frozen[i] || facts->error != US_REASON_OK;
    if (!is_quiet && world->now_us - facts->last_advance_us >= 2 * SECOND)
      advance (world, (UsOriginId)i, 1);
  }
  for (guint i = 0; i < US_N_ORIGINS && world->is_interchangeable; i++) {
    UsOriginFacts *facts = &world->facts[i];
    gboolean is_behind = world->newest[i] < world->newest[1 - i];
    facts->behind_since_us = !is_behind                   ? 0
                             : facts->behind_since_us > 0 ? facts->behind_since_us
                                                          : world->now_us;
  }
  UsPolicyNews news
      = us_policy_step (&world->policy, world->facts, world->is_interchangeable, world->now_us);
  world->n_switches += news.has_switched ? 1 : 0;
  world->n_expired += news.has_expired ? 1 : 0;
  if (news.has_switched)
    world->last_reason = news.switch_reason;
  gboolean is_stuck = world->policy.verdict[world->policy.active].state == US_ORIGIN_FAILED
                      && world->policy.verdict[1 - world->policy.active].state > US_ORIGIN_FAILED;
  if (!is_stuck)
    world->stay_since_us = world->now_us;
  world->worst_stay_us = MAX (world->worst_stay_us, world->now_us - world->stay_since_us);
}

static inline void
run (World *world, gint64 us) {
  for (gint64 end_us = world->now_us + us; world->now_us < end_us;)
    step (world);
}

static inline void
set_error (World *world, UsOriginId origin, UsReason reason) {
  world->facts[origin].error = reason;
  world->facts[origin].n_recent_bad = reason == US_REASON_OK ? 0 : 3;
  world->facts[origin].error_since_us = world->now_us;
}

static inline void
freeze (World *world, UsOriginId origin) {
  world->is_frozen[origin] = TRUE;
}

static inline void
break_origin (World *world, UsOriginId origin, UsReason error) {
  if (error == US_REASON_STALE)
    freeze (world, origin);
  else
    set_error (world, origin, error);
}
