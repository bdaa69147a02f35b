/* child.c - a role that does what the supervisor's test asks of it: lives, hangs, dies, forks
 *
 * Usage: child BEHAVIOUR [LOG]
 * Appends "BEHAVIOUR start PID" and "BEHAVIOUR term" to LOG, so that a test sees order and number.
 */
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/notify.h"

static const char *behaviour, *log_path;

static void
note (const char *word) {
  if (log_path == NULL)
    return;
  g_autofree char *line = g_strdup_printf ("%s %s %d\n", behaviour, word, (int)getpid ());
  int fd = open (log_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (write (fd, line, strlen (line)) < 0)
    _exit (9);
  close (fd);
}

static gboolean
on_term (gpointer loop) {
  note ("term");
  if (strcmp (behaviour, "stubborn") != 0)
    g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_hang (gpointer data) {
  for (;;)
    pause (); /* a main loop that no longer turns */
  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv) {
  behaviour = argc > 1 ? argv[1] : "good";
  log_path = argc > 2 ? argv[2] : NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (UsNotify) notify = us_notify_new ();
  g_unix_signal_add (SIGTERM, on_term, loop);
  note ("start");
  if (strcmp (behaviour, "crash") == 0)
    return 1;
  if (strcmp (behaviour, "bad-config") == 0)
    return 2;
  if (strcmp (behaviour, "slow") == 0)
    g_usleep (1500 * 1000); /* its loop does not turn, as while plugins are loaded */
  us_notify_ready (notify);
  us_notify_status (notify, "being %s", behaviour);
  if (strcmp (behaviour, "hang") == 0)
    g_timeout_add (1, on_hang, NULL);
  if (strcmp (behaviour, "fork") == 0 && fork () == 0) {
    note ("grandchild");
    signal (SIGTERM, SIG_IGN);
    for (;;)
      pause ();
  }
  g_main_loop_run (loop);
  return 0;
}
