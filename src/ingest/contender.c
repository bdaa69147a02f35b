/* contender.c - the policy for primary and backup encoders of one stream; pure
 *
 * Every connected publisher is received; one of them, the active one, feeds the stream. Each change
 * costs viewers a DISCONTINUITY, so there are only two reasons for one: the active one has failed
 * (it left, says nothing, or is too late) while another is in time; or a better one is back and has
 * been steady through the hold-down, and then only at one of its key frames. When a better one
 * fails again soon after its return, the hold-down doubles, so that one with a loose plug costs
 * ever less. When nobody is in time the fault lies on this side of them all, and nothing changes.
 */
#include "ingest/contender.h"

static const char *const reason_names[US_CONTEST_N]
    = { "stay", "first", "gone", "silent", "late", "preferred" };

/**
 * us_contest_reason_to_string:
 * @reason: a reason
 *
 * Returns: (transfer none): its name in metrics and events
 */
const char *
us_contest_reason_to_string (UsContestReason reason) {
  g_return_val_if_fail (reason < US_CONTEST_N, "unknown");
  return reason_names[reason];
}

static gboolean
is_alive (const UsContenderFacts *facts) {
  return facts->behind_ms <= facts->limit_ms;
}

/* In time beyond doubt: to be left for, one must be better than barely alive. */
static gboolean
is_sound (const UsContenderFacts *facts) {
  return facts->is_ready && facts->behind_ms <= facts->limit_ms / 2;
}

/* How good one is to step in where nobody feeds the stream. */
static guint
rank (const UsContenderFacts *facts) {
  return is_alive (facts) ? (facts->is_ready ? 0 : 1) : 2;
}

static guint
choose_any (const UsContenderFacts *facts, guint n) {
  guint best = US_CONTEST_NOBODY;
  for (guint i = 0; i < n; i++) {
    if (best == US_CONTEST_NOBODY || rank (&facts[i]) < rank (&facts[best])
        || (rank (&facts[i]) == rank (&facts[best]) && facts[i].priority < facts[best].priority))
      best = i;
  }
  return best;
}

static guint
choose_sound (const UsContenderFacts *facts, guint n, guint active) {
  guint best = US_CONTEST_NOBODY;
  for (guint i = 0; i < n; i++) {
    if (i != active && is_sound (&facts[i])
        && (best == US_CONTEST_NOBODY || facts[i].priority < facts[best].priority))
      best = i;
  }
  return best;
}

static guint
choose_better (const UsContenderFacts *facts, guint n, guint active, gint64 hold_ms) {
  guint best = US_CONTEST_NOBODY;
  for (guint i = 0; i < n; i++) {
    if (i == active || facts[i].priority >= facts[active].priority || !is_sound (&facts[i])
        || !facts[i].is_at_key || facts[i].steady_ms < hold_ms)
      continue;
    if (best == US_CONTEST_NOBODY || facts[i].priority < facts[best].priority)
      best = i;
  }
  return best;
}

/* The active one failed: was that soon after its return? */
static void
note_failure (UsContest *contest, const UsContestSettings *settings, gint64 now_us) {
  if (contest->returned_us == 0)
    return;
  gboolean is_flapping
      = now_us - contest->returned_us < US_CONTEST_CALM_MS * G_GINT64_CONSTANT (1000);
  gint64 doubled_ms = MAX (2 * us_contest_get_hold_ms (contest, settings), 1000);
  contest->hold_ms = is_flapping ? MIN (doubled_ms, US_CONTEST_MAX_HOLD_MS) : 0;
  contest->returned_us = 0;
}

/**
 * us_contest_get_hold_ms:
 * @contest: the past
 * @settings: the settings
 *
 * Returns: how long a better publisher must be steady before it takes the stream back
 */
gint64
us_contest_get_hold_ms (const UsContest *contest, const UsContestSettings *settings) {
  return MAX (contest->hold_ms, settings->hold_ms);
}

/**
 * us_contest_step:
 * @contest: (inout): the past
 * @settings: the settings
 * @facts: (array length=n): the publishers
 * @n: how many
 * @active: who feeds the stream, or %US_CONTEST_NOBODY
 * @has_left: with %US_CONTEST_NOBODY: somebody fed it until now
 * @now_us: monotonic time
 *
 * The caller carries the verdict out.
 *
 * Returns: who feeds the stream from now on, and why
 */
UsContestVerdict
us_contest_step (UsContest *contest, const UsContestSettings *settings,
                 const UsContenderFacts *facts, guint n, guint active, gboolean has_left,
                 gint64 now_us) {
  UsContestVerdict verdict = { US_CONTEST_STAY, active };
  if (active >= n) {
    if (has_left)
      note_failure (contest, settings, now_us);
    verdict.index = choose_any (facts, n);
    if (verdict.index != US_CONTEST_NOBODY)
      verdict.reason = has_left ? US_CONTEST_GONE : US_CONTEST_FIRST;
    return verdict;
  }
  if (!is_alive (&facts[active])) {
    guint other = choose_sound (facts, n, active);
    if (other == US_CONTEST_NOBODY)
      return verdict;
    note_failure (contest, settings, now_us);
    gboolean is_silent = facts[active].silent_ms > facts[active].limit_ms / 2;
    return (UsContestVerdict){ is_silent ? US_CONTEST_SILENT : US_CONTEST_LATE, other };
  }
  if (settings->failback == US_FAILBACK_STICKY)
    return verdict;
  guint better = choose_better (facts, n, active, us_contest_get_hold_ms (contest, settings));
  if (better == US_CONTEST_NOBODY)
    return verdict;
  contest->returned_us = now_us;
  return (UsContestVerdict){ US_CONTEST_PREFERRED, better };
}

/**
 * us_contest_explain:
 * @contest: the past
 * @settings: the settings
 * @facts: (array length=n): the publishers
 * @n: how many
 * @active: who feeds the stream
 * @index: whom to explain
 *
 * Returns: (transfer full): why this one feeds the stream, or why not, for people
 */
char *
us_contest_explain (const UsContest *contest, const UsContestSettings *settings,
                    const UsContenderFacts *facts, guint n, guint active, guint index) {
  const UsContenderFacts *own = &facts[index];
  gint64 hold_ms = us_contest_get_hold_ms (contest, settings);
  if (index == active && is_alive (own))
    return g_strdup (n == 1 ? "the only one" : "in time, and no better one is");
  if (index == active)
    return g_strdup_printf ("%" G_GINT64_FORMAT " ms behind, but no other one is in time",
                            own->behind_ms);
  if (!is_alive (own))
    return g_strdup_printf ("%" G_GINT64_FORMAT " ms behind", own->behind_ms);
  if (!own->is_ready)
    return g_strdup ("has sent no key frame yet");
  if (active < n && own->priority >= facts[active].priority)
    return g_strdup (own->priority > facts[active].priority ? "a better one is in time"
                                                            : "one as good came first");
  if (settings->failback == US_FAILBACK_STICKY)
    return g_strdup ("better, but publisher-failback is sticky");
  if (own->steady_ms < hold_ms)
    return g_strdup_printf ("better, and steady for %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " s",
                            own->steady_ms / 1000, hold_ms / 1000);
  return g_strdup ("better, and takes over at its next key frame");
}
