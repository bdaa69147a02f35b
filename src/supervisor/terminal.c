/* terminal.c - redraws the block with three escape codes and nothing else
 *
 * The log of all roles goes through a pipe that is read on the main loop, so that the block can
 * step aside for a line. Neither the pipe nor the terminal ever blocks a writer: a terminal that is
 * held with Ctrl-S costs log lines, not the stream; what does not fit is dropped, and the next that
 * does begins on a line of its own. Owned by `understudy run`.
 */
#include "supervisor/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"

#define MAX_READ 16384
#define PATIENCE_MS 20 /* for a terminal that is only slow */

struct UsTerminal {
  int out;  /* the terminal: a copy of the former standard error */
  int pipe; /* what was written to standard error since */
  GSource *source;
  char *block;           /* (nullable) */
  guint drawn;           /* lines of it on the screen */
  gboolean is_line_open; /* the last log byte was no newline */
  gboolean is_held;      /* the last that was put did not fit */
};

static gboolean
can_wait (const UsTerminal *terminal) {
  struct pollfd screen = { terminal->out, POLLOUT, 0 };
  return !terminal->is_held && poll (&screen, 1, PATIENCE_MS) > 0;
}

/* Returns: FALSE when the screen did not take all of it */
static gboolean
put_all (UsTerminal *terminal, const char *text) {
  gsize size = strlen (text);
  gboolean has_waited = FALSE; /* in vain: it may say that it takes a byte, and not do it */
  while (size > 0) {
    gssize n = write (terminal->out, text, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN && !has_waited && can_wait (terminal)) {
      has_waited = TRUE;
      continue;
    }
    if (n <= 0)
      return FALSE;
    has_waited = FALSE;
    text += n;
    size -= (gsize)n;
  }
  return TRUE;
}

/* What stood last may end anywhere, in a code as well: another code ends it, a newline the line. */
static gboolean
put (UsTerminal *terminal, const char *text) {
  terminal->is_held
      = (terminal->is_held && !put_all (terminal, "\033[J\n")) || !put_all (terminal, text);
  return !terminal->is_held;
}

/**
 * us_terminal_clip:
 * @block: lines
 * @columns: width of the terminal
 * @lines: (out): how many lines the result takes on the screen
 *
 * Returns: (transfer full): @block with every line cut to one row of the screen
 */
char *
us_terminal_clip (const char *block, guint columns, guint *lines) {
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (GStrv) rows = g_strsplit (block, "\n", -1);
  *lines = 0;
  for (guint i = 0; rows[i] != NULL; i++) {
    if (rows[i][0] == '\0' && rows[i + 1] == NULL)
      break; /* behind the last newline */
    g_autofree char *valid = g_utf8_make_valid (rows[i], -1);
    g_autofree char *row
        = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), (glong)MAX (columns, 2) - 1));
    g_string_append_printf (out, "%s\n", row);
    *lines += 1;
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/**
 * us_terminal_shorten:
 * @text: what the roles wrote
 * @size: of @text
 * @is_line_start: whether @text begins a line
 *
 * On a screen the date of each line is known: "2026-11-21T20:26:16.123Z" becomes "20:26:16.123".
 * Log files keep it all.
 *
 * Returns: (transfer full): the shortened text
 */
char *
us_terminal_shorten (const char *text, gsize size, gboolean is_line_start) {
  const gsize date = strlen ("2026-11-21T"), stamp = strlen ("2026-11-21T20:26:16.123Z");
  g_autoptr (GString) out = g_string_sized_new (size);
  for (gsize i = 0; i < size; i++) {
    if (is_line_start && size - i >= stamp && text[i + 4] == '-' && text[i + date - 1] == 'T'
        && text[i + stamp - 1] == 'Z') {
      g_string_append_len (out, text + i + date, (gssize)(stamp - date - 1));
      i += stamp;
    }
    if (i < size)
      g_string_append_c (out, text[i]);
    is_line_start = i < size && text[i] == '\n';
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static void
erase (UsTerminal *terminal) {
  if (terminal->drawn == 0)
    return;
  g_autofree char *codes = g_strdup_printf ("\r\033[%uA\033[J", terminal->drawn);
  put (terminal, codes);
  terminal->drawn = 0;
}

static void
draw (UsTerminal *terminal) {
  struct winsize size = { 0 };
  if (terminal->block == NULL || terminal->is_line_open)
    return;
  guint columns
      = ioctl (terminal->out, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  g_autofree char *text = us_terminal_clip (terminal->block, columns, &terminal->drawn);
  if (!put (terminal, text))
    terminal->drawn = 0;
}

static gboolean
pass_on (UsTerminal *terminal) {
  char text[MAX_READ];
  gssize n = read (terminal->pipe, text, sizeof text);
  if (n <= 0)
    return n < 0 && errno == EINTR;
  erase (terminal);
  g_autofree char *shown = us_terminal_shorten (text, (gsize)n, !terminal->is_line_open);
  terminal->is_line_open = put (terminal, shown) && text[n - 1] != '\n';
  return TRUE;
}

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data) {
  UsTerminal *terminal = data;
  pass_on (terminal);
  draw (terminal);
  return G_SOURCE_CONTINUE;
}

/**
 * us_terminal_new:
 *
 * Returns: (transfer full) (nullable): the terminal, %NULL when there is none to draw on
 */
UsTerminal *
us_terminal_new (void) {
  int ends[2];
  if (!isatty (STDOUT_FILENO) || !isatty (STDERR_FILENO)
      || g_strcmp0 (g_getenv ("TERM"), "dumb") == 0 || pipe2 (ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return NULL;
  UsTerminal *terminal = g_new0 (UsTerminal, 1);
  us_log_unblock (STDERR_FILENO);
  terminal->out = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  terminal->pipe = ends[0];
  dup2 (ends[1], STDERR_FILENO);
  close (ends[1]);
  terminal->source = g_unix_fd_source_new (terminal->pipe, G_IO_IN);
  g_source_set_static_name (terminal->source, "terminal-log");
  g_source_set_callback (terminal->source, G_SOURCE_FUNC (on_readable), terminal, NULL);
  g_source_attach (terminal->source, g_main_context_get_thread_default ());
  return terminal;
}

/**
 * us_terminal_show:
 * @terminal: the terminal
 * @block: lines, without escape codes
 */
void
us_terminal_show (UsTerminal *terminal, const char *block) {
  erase (terminal);
  g_free (terminal->block);
  terminal->block = g_strdup (block);
  draw (terminal);
}

/**
 * us_terminal_free:
 * @terminal: (transfer full) (nullable): the last block stays on the screen
 */
void
us_terminal_free (UsTerminal *terminal) {
  if (terminal == NULL)
    return;
  while (pass_on (terminal))
    continue;
  if (terminal->drawn == 0)
    draw (terminal);
  g_source_destroy (terminal->source);
  g_source_unref (terminal->source);
  dup2 (terminal->out, STDERR_FILENO);
  close (terminal->out);
  close (terminal->pipe);
  g_free (terminal->block);
  g_free (terminal);
}
