/* policy.c - facts about two origins in, their states and the active one out
 *
 * Pure: no I/O, no clock; a UsFeed calls us_policy_step() whenever it learnt something and at
 * least ten times a second. Evidence comes in two classes. Hard evidence (refused, reset, 5xx,
 * truncated, unparsable, a sequence that went back) needs one hit. Soft evidence (timeout, 4xx)
 * needs two of three. Silence is judged against the twin: only one that is quiet while the other
 * goes on is at fault; when both are quiet it is the source, and nobody is blamed.
 *
 * The seed's settings cap the patience: no soft fault outlives check interval x required windows,
 * no silence outlives the age threshold. Ages are monotonic; PROGRAM-DATE-TIME mixes two clocks
 * and is never looked at here.
 *
 * Between identical origins "active" only says whose copies are asked for first. Between foreign
 * ones it is the origin that is published. It never moves to one that is worse, and comes back
 * home when that origin has been in step for the required windows and a hold-down has passed that
 * doubles each time home is lost. Home is the primary, unless an operator's order (policy-order.c)
 * or the setting of the failback says otherwise; orders are carried out by the next step.
 */
#include "switcher/policy.h"

static const char *const state_words[] = { "unknown", "failed", "recovering", "suspect", "up" };

/* An unanswered first request says nothing for this long; then a twin that answers is taken. */
#define FIRST_ANSWER_US (1 * G_TIME_SPAN_SECOND)

const char *
us_origin_word (UsOriginId origin) {
  return origin == US_ORIGIN_PRIMARY ? "primary" : "backup";
}

const char *
us_origin_state_word (UsOriginState state) {
  g_return_val_if_fail (state < G_N_ELEMENTS (state_words), "unknown");
  return state_words[state];
}

/**
 * us_policy_init:
 * @settings: caps of the patience; copied
 * @now_us: monotonic time
 */
void
us_policy_init (UsPolicy *policy, const UsPolicySettings *settings, gint64 now_us) {
  *policy = (UsPolicy){ .settings = *settings, .started_us = now_us };
  policy->settings.required_windows = MAX (settings->required_windows, 1);
  policy->failback = settings->failback;
  policy->return_word = US_REASON_RETURNED;
  for (guint i = 0; i < US_N_ORIGINS; i++)
    policy->verdict[i].reason = US_REASON_STARTING;
}

/**
 * us_policy_stale_us:
 *
 * Returns: after how long without a new segment a playlist is stale. A server has 1.5 target
 *   durations (RFC 8216 6.2.1) and 0.3 s for the network; the setting may shorten that, though not
 *   below one target duration, at which every playlist would be stale between two segments
 */
gint64
us_policy_stale_us (const UsPolicySettings *settings, gint64 target_us) {
  gint64 slack_us = 300 * G_TIME_SPAN_MILLISECOND;
  return MAX (MIN (settings->age_threshold_us, target_us * 3 / 2 + slack_us), target_us + slack_us);
}

/**
 * us_policy_hold_us:
 *
 * Returns: how long home stays left after the last change of sides: 5 s, doubled each time it is
 *   lost
 */
gint64
us_policy_hold_us (const UsPolicy *policy) {
  guint doublings = policy->n_flaps > 0 ? MIN (policy->n_flaps - 1, 10) : 0;
  return MIN (US_POLICY_HOLD_FIRST_US << doublings, US_POLICY_HOLD_CAP_US);
}

static gboolean
is_stale (const UsPolicy *policy, const UsOriginFacts *facts, gint64 now_us) {
  return facts->has_window
         && now_us - facts->last_advance_us
                > us_policy_stale_us (&policy->settings, facts->target_us);
}

/* What the requests themselves say. */
static UsOriginState
judge_errors (const UsPolicy *policy, const UsOriginFacts *facts, gint64 now_us, UsReason *reason) {
  gint64 patience_us = policy->settings.check_interval_us * policy->settings.required_windows;
  if (facts->error != US_REASON_OK) {
    *reason = facts->error;
    if (us_reason_is_hard (facts->error) || facts->n_recent_bad >= 2
        || now_us - facts->error_since_us >= patience_us)
      return US_ORIGIN_FAILED;
    return US_ORIGIN_SUSPECT;
  }
  if (facts->segment_error != US_REASON_OK) {
    *reason = facts->segment_error;
    if (us_reason_is_hard (facts->segment_error) || facts->n_segment_errors >= 2)
      return US_ORIGIN_FAILED;
    return US_ORIGIN_SUSPECT;
  }
  if (facts->n_recent_bad >= 2) {
    *reason = US_REASON_RECOVERING;
    return US_ORIGIN_SUSPECT;
  }
  *reason = US_REASON_OK;
  return US_ORIGIN_UP;
}

/* When a source stops, two origins with other boundaries fall silent up to a segment apart, and
 * the later one must not pass for alive: it has to have advanced when the silent one's next
 * segment was overdue. Only the age threshold, the longest patience, needs no such proof. */
static gboolean
goes_on_without (const UsPolicy *policy, const UsOriginFacts *facts, const UsOriginFacts *twin,
                 gint64 now_us) {
  if (!twin->has_window || twin->error != US_REASON_OK || is_stale (policy, twin, now_us))
    return FALSE;
  gint64 age_us = now_us - facts->last_advance_us;
  gint64 ahead_us = twin->last_advance_us - facts->last_advance_us;
  return ahead_us > facts->target_us + 200 * G_TIME_SPAN_MILLISECOND
         || age_us > MAX (policy->settings.age_threshold_us, 3 * facts->target_us);
}

/* What its silence says, beside its twin's. */
static UsOriginState
judge_silence (const UsPolicy *policy, const UsOriginFacts *facts, const UsOriginFacts *twin,
               gint64 now_us, UsReason *reason) {
  if (facts->behind_since_us > 0) { /* never told of what cannot be compared */
    gint64 late_us = now_us - facts->behind_since_us;
    *reason = US_REASON_LATE;
    if (late_us >= 2 * US_POLICY_LATE_US)
      return US_ORIGIN_FAILED;
    if (late_us >= US_POLICY_LATE_US)
      return US_ORIGIN_SUSPECT;
  }
  *reason = US_REASON_OK;
  if (!is_stale (policy, facts, now_us))
    return US_ORIGIN_UP;
  gboolean twin_goes_on = goes_on_without (policy, facts, twin, now_us);
  *reason = twin_goes_on ? US_REASON_STALE : US_REASON_SOURCE;
  return twin_goes_on ? US_ORIGIN_FAILED : US_ORIGIN_SUSPECT;
}

static UsOriginVerdict
judge (const UsPolicy *policy, UsOriginId origin, const UsOriginFacts facts[US_N_ORIGINS],
       gint64 now_us) {
  const UsOriginVerdict *old = &policy->verdict[origin];
  const UsOriginFacts *mine = &facts[origin];
  UsOriginVerdict verdict = *old;

  verdict.state = judge_errors (policy, mine, now_us, &verdict.reason);
  if (verdict.state == US_ORIGIN_UP && !mine->has_window) {
    verdict.reason = US_REASON_STARTING;
    verdict.state = old->state == US_ORIGIN_UNKNOWN ? US_ORIGIN_UNKNOWN : US_ORIGIN_FAILED;
    return verdict;
  }
  if (verdict.state == US_ORIGIN_UP)
    verdict.state
        = judge_silence (policy, mine, &facts[us_origin_other (origin)], now_us, &verdict.reason);
  if (verdict.state == US_ORIGIN_FAILED) {
    if (old->state != US_ORIGIN_FAILED)
      verdict.failed_us = now_us;
    verdict.n_in_step_when_bad = mine->n_in_step;
    return verdict;
  }

  /* Trust comes back by segments in step, not by an answer, nor by what a restarted packager
   * regenerates in one go while its twin is ahead. */
  gboolean was_bad = old->state == US_ORIGIN_FAILED || old->state == US_ORIGIN_RECOVERING;
  guint64 n_good = mine->n_in_step - verdict.n_in_step_when_bad;
  if (was_bad && n_good < policy->settings.required_windows) {
    /* A stale list that merely answers again stays what it was until it moves. */
    gboolean is_stuck = old->state == US_ORIGIN_FAILED && n_good == 0
                        && (old->reason == US_REASON_STALE || old->reason == US_REASON_LATE);
    verdict.state = is_stuck ? US_ORIGIN_FAILED : US_ORIGIN_RECOVERING;
    verdict.reason = is_stuck ? old->reason : US_REASON_RECOVERING;
  }
  if (verdict.state > US_ORIGIN_FAILED && old->state <= US_ORIGIN_FAILED)
    verdict.usable_us = now_us;
  return verdict;
}

/* Two origins that lose or regain their source do so within milliseconds of each other, and the
 * first of them to say so is no better or worse; nor is one that is suspect of the same. Where
 * waiting costs the viewer nothing (either copy will do), or where nothing could be served anyway,
 * it is given a moment to show itself. */
static gboolean
is_settled (const UsPolicy *policy, gboolean is_interchangeable, gint64 now_us) {
  const UsOriginVerdict *active = &policy->verdict[policy->active];
  const UsOriginVerdict *other = &policy->verdict[us_origin_other (policy->active)];
  if (other->usable_us >= active->failed_us && now_us - other->usable_us < US_POLICY_SETTLE_US)
    return FALSE;
  gboolean is_next = other->state == US_ORIGIN_SUSPECT && other->reason == active->reason;
  if (is_next && now_us - active->failed_us < US_POLICY_SETTLE_US)
    return FALSE;
  return !is_interchangeable || active->reason != US_REASON_HTTP_5XX
         || now_us - active->failed_us >= US_POLICY_SETTLE_US;
}

static gboolean
must_leave (const UsPolicy *policy, gboolean is_interchangeable, gint64 now_us, UsReason *reason) {
  const UsOriginVerdict *active = &policy->verdict[policy->active];
  const UsOriginVerdict *other = &policy->verdict[us_origin_other (policy->active)];
  *reason = active->reason;
  if (active->state == US_ORIGIN_FAILED)
    return other->state > US_ORIGIN_FAILED && is_settled (policy, is_interchangeable, now_us);
  if (active->state != US_ORIGIN_UNKNOWN || other->state < US_ORIGIN_SUSPECT)
    return FALSE;
  if (*reason == US_REASON_STARTING)
    *reason = US_REASON_TIMEOUT;
  return now_us - policy->started_us >= FIRST_ANSWER_US;
}

/* An order is carried out unless its side has failed since; the one to leave for maintenance waits
 * until the other is no worse. */
static gboolean
must_obey (UsPolicy *policy, UsReason *reason) {
  UsOriginState active = policy->verdict[policy->active].state;
  UsOriginState other = policy->verdict[us_origin_other (policy->active)].state;
  gboolean is_forced = policy->mode == US_POLICY_FORCED && policy->is_strict;
  *reason = policy->ordered;
  if (policy->ordered == US_REASON_OK)
    return FALSE;
  if (policy->ordered == US_REASON_DRAINED)
    return other > US_ORIGIN_FAILED && other >= active
           && (policy->mode == US_POLICY_AUTO || !policy->is_strict);
  policy->ordered = US_REASON_OK;
  return is_forced || other > US_ORIGIN_FAILED;
}

static gboolean
may_return (const UsPolicy *policy, gint64 now_us) {
  UsOriginId home;
  return us_policy_get_home (policy, &home) && policy->active != home
         && policy->verdict[home].state == US_ORIGIN_UP
         && now_us - policy->switched_us >= us_policy_hold_us (policy);
}

/* Whether sides are changed, and if so, why. */
static gboolean
decide (UsPolicy *policy, gboolean is_interchangeable, gint64 now_us, UsReason *reason) {
  UsOriginId home;
  if (must_obey (policy, reason))
    return TRUE;
  if (policy->mode != US_POLICY_AUTO && policy->is_strict)
    return FALSE;
  if (must_leave (policy, is_interchangeable, now_us, reason)) {
    if (!us_policy_get_home (policy, &home) || home == policy->active)
      policy->n_flaps++;
    return TRUE;
  }
  *reason = policy->return_word;
  return may_return (policy, now_us);
}

static void
change_sides (UsPolicy *policy, gint64 now_us) {
  policy->active = us_origin_other (policy->active);
  policy->switched_us = now_us;
  policy->ordered = US_REASON_OK;
  policy->return_word = US_REASON_RETURNED;
  if (policy->active == US_ORIGIN_BACKUP)
    policy->n_failovers++;
  else
    policy->n_switchbacks++;
}

/* Home that holds for long makes up for what was; a return that does not come at once after an
 * order's end has another reason by then. */
static void
forget (UsPolicy *policy, gint64 now_us) {
  UsOriginId home = policy->active;
  gboolean has_home = us_policy_get_home (policy, &home);
  if (policy->active == home && now_us - policy->switched_us >= US_POLICY_HOLD_CAP_US)
    policy->n_flaps = 0;
  if (!has_home || policy->active == home || policy->verdict[home].state != US_ORIGIN_UP)
    policy->return_word = US_REASON_RETURNED;
}

/**
 * us_policy_step:
 * @facts: what is known of both
 * @is_interchangeable: their segments are the same bytes under the same numbers
 * @now_us: monotonic time
 *
 * Judges both origins and moves the active one if it must or may.
 *
 * Returns: what changed
 */
UsPolicyNews
us_policy_step (UsPolicy *policy, const UsOriginFacts facts[US_N_ORIGINS],
                gboolean is_interchangeable, gint64 now_us) {
  UsPolicyNews news = { 0 };
  UsOriginVerdict verdict[US_N_ORIGINS];
  for (guint i = 0; i < US_N_ORIGINS; i++)
    verdict[i] = judge (policy, (UsOriginId)i, facts, now_us);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    news.state_changed[i] = verdict[i].state != policy->verdict[i].state;
    policy->verdict[i] = verdict[i];
  }

  if (policy->mode != US_POLICY_AUTO && policy->until_us > 0 && now_us >= policy->until_us) {
    us_policy_release (policy);
    policy->return_word = US_REASON_EXPIRED;
    news.has_expired = TRUE;
  }
  forget (policy, now_us);
  news.has_switched = decide (policy, is_interchangeable, now_us, &news.switch_reason);
  if (news.has_switched)
    change_sides (policy, now_us);
  return news;
}
