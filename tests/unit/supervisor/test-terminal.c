/* test-terminal.c - the block and the log on a terminal that somebody holds */
#include "supervisor/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"

#define PATIENCE_S 30 /* then something has blocked, and the signal ends the test */

/* Stage: standard output and standard error are a terminal, whose other end is @master. */
typedef struct {
  int master, slave;
  int out, err; /* what they were */
  GString *seen;
} Stage;

static void
stage_open (Stage *stage) {
  stage->master = posix_openpt (O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (stage->master, >=, 0);
  g_assert_cmpint (grantpt (stage->master) | unlockpt (stage->master), ==, 0);
  stage->slave = open (ptsname (stage->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (stage->slave, >=, 0);
  stage->seen = g_string_new (NULL);
  stage->out = dup (STDOUT_FILENO);
  stage->err = dup (STDERR_FILENO);
  dup2 (stage->slave, STDOUT_FILENO);
  dup2 (stage->slave, STDERR_FILENO);
  g_setenv ("TERM", "xterm", TRUE);
  alarm (PATIENCE_S);
}

/* Takes what is there. */
static void
stage_read (Stage *stage) {
  char text[4096];
  gssize n;
  while ((n = read (stage->master, text, sizeof text)) > 0)
    g_string_append_len (stage->seen, text, n);
}

/* From here on a failure can be told. */
static void
stage_leave (Stage *stage) {
  dup2 (stage->out, STDOUT_FILENO);
  dup2 (stage->err, STDERR_FILENO);
  alarm (0);
}

static void
stage_close (Stage *stage) {
  close (stage->out);
  close (stage->err);
  close (stage->slave);
  close (stage->master);
  g_string_free (stage->seen, TRUE);
}

static void
turn (void) {
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
show_many (UsTerminal *terminal, const char *word) {
  for (guint i = 0; i < 3000; i++) {
    g_autofree char *block = g_strdup_printf ("%s %u\nsecond\n", word, i);
    us_log (US_LOG_ERROR, "test", NULL, "line %u of %s", i, word);
    turn ();
    us_terminal_show (terminal, block);
  }
}

/* @data: whether it is held with Ctrl-S, or nobody reads at the other end, as when a line hangs */
static void
test_held (gconstpointer data) {
  gboolean is_stopped = GPOINTER_TO_INT (data);
  Stage stage;
  stage_open (&stage);
  UsTerminal *terminal = us_terminal_new ();
  us_terminal_show (terminal, "before\n");
  stage_read (&stage);
  if (is_stopped)
    tcflow (stage.slave, TCOOFF);
  show_many (terminal, "held"); /* ends at all */
  if (is_stopped)
    tcflow (stage.slave, TCOON);
  stage_read (&stage);
  g_string_truncate (stage.seen, 0);
  us_log (US_LOG_ERROR, "test", NULL, "afterwards");
  turn ();
  us_terminal_show (terminal, "after\n");
  stage_read (&stage);
  us_terminal_free (terminal);
  stage_leave (&stage);
  g_assert_nonnull (terminal);
  /* On a line of its own, whatever was cut off; then all is as ever. */
  g_assert_true (g_str_has_prefix (stage.seen->str, "\033[J\r\n"));
  g_assert_nonnull (strstr (stage.seen->str, ": afterwards\r\n"));
  g_assert_nonnull (strstr (stage.seen->str, "\033[J"
                                             "after\r\n"));
  stage_close (&stage);
}

/* The shell's own standard error is what it was: O_NONBLOCK is a flag of what is shared. */
static void
test_shared (void) {
  Stage stage;
  stage_open (&stage);
  UsTerminal *terminal = us_terminal_new ();
  us_terminal_show (terminal, "block\n");
  us_terminal_free (terminal);
  int of_shell = fcntl (stage.slave, F_GETFL);
  stage_leave (&stage);
  g_assert_cmpint (of_shell & O_NONBLOCK, ==, 0);
  stage_close (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/supervisor/terminal/stopped", GINT_TO_POINTER (TRUE), test_held);
  g_test_add_data_func ("/supervisor/terminal/unread", GINT_TO_POINTER (FALSE), test_held);
  g_test_add_func ("/supervisor/terminal/shared", test_shared);
  return g_test_run ();
}
