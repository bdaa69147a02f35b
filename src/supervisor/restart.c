/* restart.c - the supervisor's two decisions, as pure functions of facts and times */
#include "supervisor/restart.h"

#include <string.h>
#include <sys/wait.h>

#include "base/backoff.h"

/* The first restart is immediate: after one crash in a long life there is nothing to wait for, and
 * every millisecond is a millisecond without a twin. */
static const UsBackoff restart_backoff = { .first_ms = 0, .step_ms = 100, .cap_ms = 10000 };

/**
 * us_restart_decide:
 * @facts: how a role's process ended
 *
 * Any end that nobody asked for is a failure, an exit with 0 as well: a role has no reason to end.
 *
 * Returns: what to do now
 */
UsRoleVerdict
us_restart_decide (const UsRoleExit *facts) {
  UsRoleVerdict verdict = { US_ROLE_DONE, 0, 0 };
  if (facts->is_stopping)
    return verdict;
  if (WIFEXITED (facts->wait_status) && WEXITSTATUS (facts->wait_status) == US_EXIT_CONFIGURATION) {
    verdict.action = US_ROLE_GIVE_UP;
    return verdict;
  }
  gboolean was_healthy = facts->uptime_ms >= facts->healthy_ms;
  verdict.action = US_ROLE_RESTART;
  verdict.failures = was_healthy ? 1 : MIN (facts->failures, 1000) + 1;
  verdict.delay_ms = us_backoff_delay_ms (&restart_backoff, verdict.failures, 0);
  return verdict;
}

/**
 * us_restart_patience_ms:
 * @facts: when the role was heard of
 *
 * A role that starts has more time: loading GStreamer's plugins for the first time, on a slow disk
 * or beside many others, takes many seconds, and its loop does not turn meanwhile. Whoever killed
 * it for that would do so for ever. (As systemd's TimeoutStartSec= and WatchdogSec=.)
 *
 * Returns: how long it may be silent
 */
gint64
us_restart_patience_ms (const UsRoleSilence *facts) {
  gboolean is_starting = facts->is_starting || facts->last_beat_us == 0;
  return is_starting ? MAX (facts->start_ms, facts->hang_ms) : facts->hang_ms;
}

/**
 * us_restart_is_hung:
 * @facts: when the role was heard of
 *
 * Returns: %TRUE when it has been silent for too long
 */
gboolean
us_restart_is_hung (const UsRoleSilence *facts) {
  gint64 since_us = facts->last_beat_us != 0 ? facts->last_beat_us : facts->started_us;
  return facts->now_us - since_us > us_restart_patience_ms (facts) * 1000;
}

/**
 * us_restart_describe_exit:
 * @wait_status: of waitpid(2)
 *
 * Returns: (transfer full): "exit code 1" or "SIGKILL"
 */
char *
us_restart_describe_exit (int wait_status) {
  if (WIFEXITED (wait_status))
    return g_strdup_printf ("exit code %d", WEXITSTATUS (wait_status));
  if (!WIFSIGNALED (wait_status))
    return g_strdup_printf ("wait status %d", wait_status);
  const char *name = sigabbrev_np (WTERMSIG (wait_status));
  if (name == NULL)
    return g_strdup_printf ("signal %d", WTERMSIG (wait_status));
  return g_strdup_printf ("SIG%s%s", name, WCOREDUMP (wait_status) ? " (core dumped)" : "");
}
