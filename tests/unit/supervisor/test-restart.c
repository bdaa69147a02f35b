/* test-restart.c - the restart and the hang decision as tables */
#include "supervisor/restart.h"

#define EXITED(code) ((code) << 8)
#define KILLED(number) (number)

static void
test_decide (void) {
  static const struct {
    UsRoleExit facts;
    UsRoleVerdict expected;
  } rows[] = {
    /* a crash after a long life: at once */
    { { KILLED (9), FALSE, 0, 3600000, 60000 }, { US_ROLE_RESTART, 0, 1 } },
    /* a crash loop: doubling up to the cap */
    { { KILLED (11), FALSE, 1, 50, 60000 }, { US_ROLE_RESTART, 100, 2 } },
    { { KILLED (11), FALSE, 2, 50, 60000 }, { US_ROLE_RESTART, 200, 3 } },
    { { EXITED (1), FALSE, 7, 50, 60000 }, { US_ROLE_RESTART, 6400, 8 } },
    { { EXITED (1), FALSE, 8, 50, 60000 }, { US_ROLE_RESTART, 10000, 9 } },
    { { EXITED (1), FALSE, G_MAXUINT, 50, 60000 }, { US_ROLE_RESTART, 10000, 1001 } },
    /* a healthy life forgives */
    { { EXITED (1), FALSE, 8, 59999, 60000 }, { US_ROLE_RESTART, 10000, 9 } },
    { { EXITED (1), FALSE, 8, 60000, 60000 }, { US_ROLE_RESTART, 0, 1 } },
    /* nobody asked it to end */
    { { EXITED (0), FALSE, 0, 10, 60000 }, { US_ROLE_RESTART, 0, 1 } },
    /* starting again cannot help */
    { { EXITED (2), FALSE, 0, 10, 60000 }, { US_ROLE_GIVE_UP, 0, 0 } },
    /* signal 2 is no exit code 2 */
    { { KILLED (2), FALSE, 0, 10, 60000 }, { US_ROLE_RESTART, 0, 1 } },
    /* asked to */
    { { EXITED (0), TRUE, 0, 10, 60000 }, { US_ROLE_DONE, 0, 0 } },
    { { KILLED (9), TRUE, 5, 10, 60000 }, { US_ROLE_DONE, 0, 0 } },
    { { EXITED (2), TRUE, 5, 10, 60000 }, { US_ROLE_DONE, 0, 0 } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsRoleVerdict verdict = us_restart_decide (&rows[i].facts);
    g_test_message ("row %u", i);
    g_assert_cmpint (verdict.action, ==, rows[i].expected.action);
    g_assert_cmpuint (verdict.delay_ms, ==, rows[i].expected.delay_ms);
    g_assert_cmpuint (verdict.failures, ==, rows[i].expected.failures);
  }
}

static void
test_hung (void) {
  static const struct {
    UsRoleSilence facts;
    gboolean expected;
  } rows[] = {
    { { 10000001, 1, 1, 10000, 60000 }, FALSE }, /* ten seconds, not longer */
    { { 10000002, 1, 1, 10000, 60000 }, TRUE },  /* longer */
    { { 60000001, 1, 0, 10000, 60000 }, FALSE }, /* still starting */
    { { 60000002, 1, 0, 10000, 60000 }, TRUE },  /* never came up */
    { { 70000002, 1, 0, 90000, 60000 }, FALSE }, /* the longer of the two */
    { { 5, 1, 9000000, 10000, 60000 }, FALSE },  /* heard of after `now` was read */
    /* heard of, and not ready: it still loads what it needs */
    { { 10000002, 1, 1, 10000, 60000, TRUE }, FALSE },
    { { 60000001, 1, 1, 10000, 60000, TRUE }, FALSE },
    { { 60000002, 1, 1, 10000, 60000, TRUE }, TRUE },
    { { 70000002, 1, 20000000, 10000, 60000, TRUE }, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_assert_cmpint (us_restart_is_hung (&rows[i].facts), ==, rows[i].expected);
  }
}

static void
test_describe (void) {
  static const struct {
    int status;
    const char *expected;
  } rows[] = { { EXITED (0), "exit code 0" },
               { EXITED (255), "exit code 255" },
               { KILLED (9), "SIGKILL" },
               { KILLED (11) | 0x80, "SIGSEGV (core dumped)" },
               { KILLED (64), "signal 64" } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = us_restart_describe_exit (rows[i].status);
    g_assert_cmpstr (text, ==, rows[i].expected);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/restart/decide", test_decide);
  g_test_add_func ("/supervisor/restart/hung", test_hung);
  g_test_add_func ("/supervisor/restart/describe", test_describe);
  return g_test_run ();
}
