/* policy-order.c - what an operator may order of a policy: force, hold, release, drain, failback
 *
 * Pure, like policy.c: an order only changes what the next us_policy_step() decides. At most one
 * of force and hold stands at a time, the later wins. Maintenance of an origin ("drained") is
 * apart from both: it is left once its twin is no worse, not returned to, and still used when the
 * twin has failed, because two dead ends serve nobody. An order that could only make things worse
 * is refused instead of being kept for later.
 */
#include "switcher/policy.h"

#include <string.h>

G_DEFINE_QUARK (us_policy_error, us_policy_error)

static const char *const failback_words[] = { "auto", "sticky" };
static const char *const mode_words[] = { "auto", "forced", "held" };

const char *
us_failback_word (UsFailback failback) {
  g_return_val_if_fail (failback < G_N_ELEMENTS (failback_words), "auto");
  return failback_words[failback];
}

/**
 * us_failback_from_word:
 * @word: (nullable): what somebody wrote
 *
 * Returns: whether @failback was set
 */
gboolean
us_failback_from_word (const char *word, UsFailback *failback) {
  for (guint i = 0; word != NULL && i < G_N_ELEMENTS (failback_words); i++) {
    if (strcmp (word, failback_words[i]) == 0) {
      *failback = (UsFailback)i;
      return TRUE;
    }
  }
  return FALSE;
}

const char *
us_policy_mode_word (UsPolicyMode mode) {
  g_return_val_if_fail (mode < G_N_ELEMENTS (mode_words), "auto");
  return mode_words[mode];
}

static gboolean
check_usable (const UsPolicy *policy, UsOriginId origin, gboolean even_if_failed, GError **error) {
  const UsOriginVerdict *verdict = &policy->verdict[origin];
  if (policy->is_drained[origin]) {
    g_set_error (error, US_POLICY_ERROR, US_POLICY_ERROR_DRAINED,
                 "%s is drained for maintenance; undrain it first", us_origin_word (origin));
    return FALSE;
  }
  if (verdict->state > US_ORIGIN_FAILED || even_if_failed || policy->active == origin)
    return TRUE;
  g_set_error (error, US_POLICY_ERROR, US_POLICY_ERROR_NOT_USABLE,
               "%s cannot be used: it is %s (%s)", us_origin_word (origin),
               us_origin_state_word (verdict->state), us_reason_word (verdict->reason));
  return FALSE;
}

/**
 * us_policy_force:
 * @origin: the side to be on
 * @even_if_failed: go there, and stay, whatever its state; otherwise a force to an origin that
 *   cannot be used is refused, and one that fails later is left until it is trusted again
 * @until_us: monotonic time at which the order ends by itself; 0: until released
 * @error: US_POLICY_ERROR_NOT_USABLE, US_POLICY_ERROR_DRAINED
 *
 * Returns: whether the order stands; it replaces a former one
 */
gboolean
us_policy_force (UsPolicy *policy, UsOriginId origin, gboolean even_if_failed, gint64 until_us,
                 GError **error) {
  if (!check_usable (policy, origin, even_if_failed, error))
    return FALSE;
  policy->mode = US_POLICY_FORCED;
  policy->forced = origin;
  policy->is_strict = even_if_failed;
  policy->until_us = until_us;
  policy->ordered = policy->active != origin ? US_REASON_OPERATOR_FORCE : US_REASON_OK;
  return TRUE;
}

/**
 * us_policy_switch_back:
 * @error: US_POLICY_ERROR_NOT_USABLE, US_POLICY_ERROR_DRAINED
 *
 * To the primary now, without waiting for the hold-down, and from there as if nothing had been
 * ordered: a force or hold ends.
 *
 * Returns: whether that is possible
 */
gboolean
us_policy_switch_back (UsPolicy *policy, GError **error) {
  if (!check_usable (policy, US_ORIGIN_PRIMARY, FALSE, error))
    return FALSE;
  us_policy_release (policy);
  if (policy->active != US_ORIGIN_PRIMARY)
    policy->ordered = US_REASON_OPERATOR_SWITCHBACK;
  return TRUE;
}

/**
 * us_policy_hold:
 * @is_strict: stay even on an origin that has failed
 * @until_us: monotonic time at which the order ends by itself; 0: until released
 *
 * No change of sides by itself; without @is_strict a dead origin is still left for a usable one,
 * and an origin that is drained is still left. Replaces a former order.
 */
void
us_policy_hold (UsPolicy *policy, gboolean is_strict, gint64 until_us) {
  us_policy_release (policy);
  policy->mode = US_POLICY_HELD;
  policy->is_strict = is_strict;
  policy->until_us = until_us;
}

/* Ends a force or hold; maintenance stays. */
void
us_policy_release (UsPolicy *policy) {
  gboolean was_auto = policy->mode == US_POLICY_AUTO;
  policy->mode = US_POLICY_AUTO;
  policy->is_strict = FALSE;
  policy->until_us = 0;
  policy->ordered = policy->is_drained[policy->active] ? US_REASON_DRAINED : US_REASON_OK;
  if (!was_auto)
    policy->return_word = US_REASON_RELEASED;
}

/**
 * us_policy_drain:
 * @is_drained: begin or end the maintenance of @origin
 * @error: US_POLICY_ERROR_LAST when the twin is drained, US_POLICY_ERROR_CONFLICT when somebody
 *   forced this origin
 *
 * Returns: whether it is so
 */
gboolean
us_policy_drain (UsPolicy *policy, UsOriginId origin, gboolean is_drained, GError **error) {
  UsOriginId other = us_origin_other (origin);
  if (is_drained && policy->is_drained[other]) {
    g_set_error (error, US_POLICY_ERROR, US_POLICY_ERROR_LAST,
                 "%s is drained already, and one of the two must stay; undrain it first",
                 us_origin_word (other));
    return FALSE;
  }
  if (is_drained && policy->mode == US_POLICY_FORCED && policy->forced == origin) {
    g_set_error (error, US_POLICY_ERROR, US_POLICY_ERROR_CONFLICT,
                 "%s is forced to be the active one; release it first", us_origin_word (origin));
    return FALSE;
  }
  if (policy->is_drained[origin] == is_drained)
    return TRUE;
  policy->is_drained[origin] = is_drained;
  if (is_drained && policy->active == origin && policy->ordered == US_REASON_OK)
    policy->ordered = US_REASON_DRAINED;
  if (!is_drained && policy->ordered == US_REASON_DRAINED)
    policy->ordered = US_REASON_OK;
  if (!is_drained)
    policy->return_word = US_REASON_RELEASED;
  return TRUE;
}

/* Whether @origin is in maintenance: not to be asked first for anything. */
gboolean
us_policy_is_drained (const UsPolicy *policy, UsOriginId origin) {
  return policy->is_drained[origin];
}

void
us_policy_set_failback (UsPolicy *policy, UsFailback failback) {
  policy->failback = failback;
}

/**
 * us_policy_get_home:
 * @home: (out): the origin that is returned to when it is trusted
 *
 * Returns: %FALSE when there is none: held, or sticky
 */
gboolean
us_policy_get_home (const UsPolicy *policy, UsOriginId *home) {
  if (policy->mode == US_POLICY_HELD)
    return FALSE;
  for (guint i = 0; i < US_N_ORIGINS && policy->mode == US_POLICY_AUTO; i++) {
    if (!policy->is_drained[i])
      continue;
    *home = us_origin_other ((UsOriginId)i);
    return TRUE;
  }
  *home = policy->mode == US_POLICY_FORCED ? policy->forced : US_ORIGIN_PRIMARY;
  return policy->mode == US_POLICY_FORCED || policy->failback == US_FAILBACK_AUTO;
}
