/* log.c - one writer for all log lines of a process
 *
 * Lines go to standard error, whole, by one write() each, so that the lines of several processes
 * sharing a terminal (see `understudy run`) never mix. Who does not read them, a terminal held with
 * Ctrl-S, a pager that waits or a journald that hangs, costs lines and not the stream: nothing here
 * blocks, and when they can be written again, their number is told. GLib's own messages (g_warning
 * and g_critical of the libraries) take the same way. Callable from any thread; us_log_init() is
 * called once from main() before any thread exists.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS                                                                                \
  20 /* for a reader that is only slow; one that reads nothing is waited for once */

static struct {
  char role[32];
  UsLogLevel level;
  UsLogFormat format;
  gint is_stuck, n_lost; /* atomic */
} log_state = { "understudy", US_LOG_INFO, US_LOG_FORMAT_TEXT, FALSE, 0 };

static const char *const level_names[] = { "error", "warning", "notice", "info", "debug" };

/**
 * us_log_level_from_string:
 * @text: (nullable): "error", "warning", "notice", "info" or "debug"
 * @level: (out): the level, untouched when @text is none of these
 *
 * Returns: %TRUE when @text named a level
 */
gboolean
us_log_level_from_string (const char *text, UsLogLevel *level) {
  for (guint i = 0; text != NULL && i < G_N_ELEMENTS (level_names); i++) {
    if (g_ascii_strcasecmp (text, level_names[i]) == 0) {
      *level = (UsLogLevel)i;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * us_log_is_enabled:
 * @level: a level
 *
 * Returns: %TRUE when a line of @level would be written
 */
gboolean
us_log_is_enabled (UsLogLevel level) {
  return level <= log_state.level;
}

/* @text: valid UTF-8, as of append_printable() */
static void
append_json_string (GString *out, const char *text) {
  g_string_append_c (out, '"');
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (c == '"' || c == '\\')
      g_string_append_printf (out, "\\%c", (char)c);
    else if (g_unichar_iscntrl (c))
      g_string_append_printf (out, "\\u%04x", c);
    else
      g_string_append_unichar (out, c);
  }
  g_string_append_c (out, '"');
}

/* Control characters in a line come from a peer (a stream key, a URL): they must neither forge a
 * second line nor move the cursor of the operator's terminal, which obeys U+009B as it does ESC [.
 */
static void
append_printable (GString *out, const char *text) {
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (us_text_is_shown (c))
      g_string_append_unichar (out, c);
    else
      g_string_append_printf (out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
  }
}

/* Returns: (transfer full) */
static GString *
make_line (UsLogLevel level, const char *topic, const char *event, const char *text) {
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *stamp = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");
  g_autofree char *safe = g_utf8_make_valid (text, -1);
  GString *line = g_string_sized_new (160);
  int ms = g_date_time_get_microsecond (now) / 1000;

  if (log_state.format == US_LOG_FORMAT_JSON) {
    g_string_append_printf (line, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"role\":", stamp, ms,
                            level_names[level]);
    append_json_string (line, log_state.role);
    g_string_append (line, ",\"topic\":");
    append_json_string (line, topic);
    if (event != NULL) {
      g_string_append (line, ",\"event\":");
      append_json_string (line, event);
    }
    g_string_append (line, ",\"message\":");
    append_json_string (line, safe);
    g_string_append (line, "}\n");
  } else {
    g_string_append_printf (line, "%s.%03dZ %-7s %-16s %s: ", stamp, ms, level_names[level],
                            log_state.role, topic);
    append_printable (line, safe);
    if (event != NULL)
      g_string_append_printf (line, " [%s]", event);
    g_string_append_c (line, '\n');
  }
  return line;
}

/**
 * us_log_put:
 * @fd: standard output or standard error, after us_log_unblock()
 * @data: what to write
 * @size: of @data in bytes
 *
 * As write(2), but never waits for a reader. What systemd gives its services is a socket, which
 * they share and cannot open anew: each call says by itself that it does not block.
 *
 * Returns: how many bytes were taken, -1 with errno, which is EAGAIN while nobody reads
 */
gssize
us_log_put (int fd, const char *data, gsize size) {
  gssize n;
  do {
    n = send (fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == ENOTSOCK)
      n = write (fd, data, size);
  } while (n < 0 && errno == EINTR);
  return n;
}

static gboolean
can_wait (void) {
  struct pollfd reader = { STDERR_FILENO, POLLOUT, 0 };
  if (g_atomic_int_get (&log_state.is_stuck))
    return FALSE;
  if (poll (&reader, 1, PATIENCE_MS) > 0)
    return TRUE;
  g_atomic_int_set (&log_state.is_stuck, TRUE);
  return FALSE;
}

/* Returns: FALSE when nobody reads */
static gboolean
put (const GString *line) {
  const char *data = line->str;
  gsize left = line->len;
  gboolean has_waited = FALSE; /* in vain: a terminal may say that it takes a byte, and not do it */
  while (left > 0) {
    gssize n = us_log_put (STDERR_FILENO, data, left);
    if (n < 0 && errno == EAGAIN && !has_waited && can_wait ()) {
      has_waited = TRUE;
      continue;
    }
    if (n <= 0)
      return n == 0 || errno != EAGAIN; /* else nowhere to complain to */
    has_waited = FALSE;
    data += n;
    left -= (gsize)n;
  }
  g_atomic_int_set (&log_state.is_stuck, FALSE);
  return TRUE;
}

static void
write_line (UsLogLevel level, const char *topic, const char *event, const char *text) {
  g_autoptr (GString) line = make_line (level, topic, event, text);
  gint n_lost = g_atomic_int_exchange (&log_state.n_lost, 0);
  gboolean is_written = TRUE;
  if (n_lost > 0) {
    g_autofree char *loss = g_strdup_printf ("%d lines are missing here: nobody read them", n_lost);
    g_autoptr (GString) before = make_line (US_LOG_WARNING, "log", NULL, loss);
    is_written = put (before);
  }
  if (is_written)
    n_lost = 0;
  if (!is_written || !put (line))
    g_atomic_int_add (&log_state.n_lost, n_lost + 1);
}

/**
 * us_log:
 * @level: the level
 * @topic: the file's topic, for example "rtmp.connection"
 * @event: (nullable): a US_EVENT_* id
 * @format: printf-style sentence, without a newline
 *
 * Writes one line. Safe from any thread. Bytes that came from a peer are escaped here.
 */
void
us_log (UsLogLevel level, const char *topic, const char *event, const char *format, ...) {
  if (!us_log_is_enabled (level))
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  write_line (level, topic, event, text);
}

static GLogWriterOutput
on_glib_log (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data) {
  const char *message = NULL;
  const char *domain = "glib";
  for (gsize i = 0; i < n_fields; i++) {
    if (strcmp (fields[i].key, "MESSAGE") == 0 && fields[i].length < 0)
      message = fields[i].value;
    else if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0 && fields[i].length < 0)
      domain = fields[i].value;
  }
  if (message == NULL)
    return G_LOG_WRITER_UNHANDLED;
  UsLogLevel level = (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) ? US_LOG_ERROR
                     : (flags & G_LOG_LEVEL_WARNING)                      ? US_LOG_WARNING
                     : (flags & G_LOG_LEVEL_MESSAGE)                      ? US_LOG_INFO
                                                                          : US_LOG_DEBUG;
  if (us_log_is_enabled (level))
    write_line (level, domain, NULL, message);
  return G_LOG_WRITER_HANDLED;
}

/**
 * us_log_unblock:
 * @fd: standard output or standard error
 *
 * Where @fd is a terminal or a pipe, it becomes an open file description of our own that does not
 * block: what is set on the one that we were given would be set for the shell too. Sockets are left
 * to us_log_put(); all else, and what must not be opened by us, stays as it is.
 */
void
us_log_unblock (int fd) {
  struct stat info;
  if (fstat (fd, &info) != 0 || !(S_ISFIFO (info.st_mode) || isatty (fd)))
    return;
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  int own = open (path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own < 0)
    return;
  dup2 (own, fd);
  close (own);
}

/**
 * us_log_init:
 * @role: the process's role as operators call it, for example "packager-primary"
 * @level: the most talkative level that is written
 * @format: text for people, JSON for collectors
 *
 * Takes over GLib's log writer and standard error too. Call once, before threads exist.
 */
void
us_log_init (const char *role, UsLogLevel level, UsLogFormat format) {
  g_strlcpy (log_state.role, role, sizeof log_state.role);
  log_state.level = level;
  log_state.format = format;
  g_log_set_writer_func (on_glib_log, NULL, NULL);
  us_log_unblock (STDERR_FILENO);
  us_clock_started_ms ();
}
