/* check.c - the command `understudy check`: is this stream as it should be?
 *
 * Options and wiring only: check-session.c watches with the monitor's own means, check-report.c
 * judges, check-text.c and check-json.c print. Anything that is no HLS stream by its looks is
 * refused before a request is made.
 */
#include "commands/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "commands/check-session.h"
#include "commands/role.h"

#define MAX_TOKEN_BYTES 4096

static const char *words[2]; /* of the command line, borrowed; the second is one too many */
static guint n_words;

static void
take_word (const char *word) {
  if (n_words < G_N_ELEMENTS (words))
    words[n_words++] = word;
}

/* Returns: (nullable): after a message */
static UsStreamConfig *
read_stream (void) {
  g_autoptr (GError) error = NULL;
  const char *pointer = NULL;
  if (n_words == 0) {
    us_command_refuse ("check: name the URL of a playlist; try " US_PROGRAM " check --help");
    return NULL;
  }
  if (n_words > 1) {
    us_command_refuse ("'%.60s': one word too many, check takes one URL", words[1]);
    return NULL;
  }
  g_autoptr (UsStreamConfig) stream = us_stream_config_new ("check", "check", words[0]);
  if (!us_stream_config_check (stream, &pointer, &error)) {
    us_command_refuse ("'%.200s': %s", words[0], error->message);
    return NULL;
  }
  return g_steal_pointer (&stream);
}

/* The first line of a file, so that it is not seen in a list of processes. */
static gboolean
read_authorization (const UsConfig *config, UsStreamConfig *stream) {
  const char *path = us_config_get_string (config, US_GROUP_CHECK, "authorization-file");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize size;
  const char *pointer = NULL;
  if (path[0] == '\0')
    return TRUE;
  if (!g_file_get_contents (path, &text, &size, &error)) {
    us_command_refuse ("--authorization-file: %s", error->message);
    return FALSE;
  }
  text[strcspn (text, "\r\n")] = '\0';
  g_strstrip (text);
  if (text[0] == '\0' || strlen (text) > MAX_TOKEN_BYTES) {
    us_command_refuse ("--authorization-file: the first line of %.200s is empty or longer than %d "
                       "bytes",
                       path, MAX_TOKEN_BYTES);
    return FALSE;
  }
  stream->authorization = g_steal_pointer (&text);
  if (us_stream_config_check (stream, &pointer, &error))
    return TRUE;
  us_command_refuse ("--authorization-file: %s", error->message);
  return FALSE;
}

/* https://no-color.org: set to anything. */
static gboolean
has_colour (void) {
  const char *no_colour = g_getenv ("NO_COLOR"), *term = g_getenv ("TERM");
  return isatty (STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0') && term != NULL
         && strcmp (term, "dumb") != 0;
}

static UsSeverity
read_fail_on (const UsConfig *config) {
  const char *word = us_config_get_string (config, US_GROUP_CHECK, "fail-on");
  for (int severity = US_SEVERITY_INFO; severity <= US_SEVERITY_UNHEALTHY; severity++)
    if (strcmp (word, us_severity_word ((UsSeverity)severity)) == 0)
      return (UsSeverity)severity;
  return US_SEVERITY_DEGRADED;
}

/* The report is what the user wants to read; the log only if asked for. */
static void
start_log (const UsConfig *config) {
  UsLogLevel level = US_LOG_ERROR;
  if (!us_config_is_default (config, US_GROUP_GENERAL, "log-level"))
    us_log_level_from_string (us_config_get_string (config, US_GROUP_GENERAL, "log-level"), &level);
  us_log_init (US_GROUP_CHECK, level, US_LOG_FORMAT_TEXT);
  signal (SIGPIPE, SIG_IGN);
}

static int
run (UsConfig *config, const UsCommand *command) {
  g_autoptr (UsStreamConfig) stream = read_stream ();
  if (stream == NULL || !read_authorization (config, stream))
    return US_EXIT_CONFIGURATION;
  gboolean has_content = us_config_get_bool (config, US_GROUP_CHECK, "content");
  UsSeverity fail_on = read_fail_on (config);
  UsCheckSessionSettings settings = {
    .config = stream,
    .for_us = us_config_get_duration_ms (config, US_GROUP_CHECK, "for") * 1000,
    .segments = (guint)us_config_get_integer (config, US_GROUP_CHECK, "segments"),
    .allow_private = us_config_get_bool (config, US_GROUP_CHECK, "private"),
    .pipelines = us_role_pipelines_dir (config),
    .has_progress = isatty (STDERR_FILENO),
  };
  stream->has_black = stream->has_frozen = stream->has_silent = has_content;
  start_log (config);
  g_autoptr (UsReport) report = us_check_session_run (&settings);
  g_autofree char *text = us_config_get_bool (config, US_GROUP_CHECK, "json")
                              ? us_report_to_json (report, fail_on)
                              : us_report_to_text (report, fail_on, has_colour ());
  fputs (text, stdout);
  if (fflush (stdout) != 0)
    return us_command_refuse ("check: the report cannot be written: %s", g_strerror (errno));
  return us_report_exit_code (report, fail_on);
}

static const char *const groups[] = { US_GROUP_CHECK, US_GROUP_GENERAL, NULL };

const UsCommand us_command_check = {
  .name = "check",
  .own_group = US_GROUP_CHECK,
  .groups = groups,
  .usage = "URL [OPTIONS]",
  .summary = "watches any HLS stream for a moment, and tells what is wrong with it",
  .description
  = "Plays no picture, but fetches what a player would: the playlist at URL, all renditions that "
    "it\n"
    "names, and their segments. A live stream is watched for three target durations, at least 10 "
    "s;\n"
    "of a recording every segment is fetched. Then a report is printed: what is wrong, each with\n"
    "the measured value and what was expected, what was declared and what was measured, and "
    "times.\n\n"
    "Exit code: 0 nothing found that counts (--fail-on), 1 something found, also when the stream\n"
    "cannot be reached, 2 wrong usage, or too little was seen to judge it.",
  .examples
  = "  understudy check http://localhost:8080/hls/index.m3u8\n"
    "  understudy check https://example.com/live/master.m3u8 --for 1min --fail-on unhealthy\n"
    "  understudy check https://example.com/film/master.m3u8 --segments 20 --json\n",
  .take_word = take_word,
  .run = run,
};
