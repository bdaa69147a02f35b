/* ctl.c - the command `understudy ctl`: asks a running switcher, and steers it
 *
 * Options and wiring only: ctl-door.c finds the switcher and talks to it, ctl-print.c makes texts
 * of what it tells.
 */
#define US_LOG_TOPIC "ctl"
#include "commands/command.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "commands/ctl-desk.h"
#include "commands/ctl-door.h"
#include "commands/ctl-key.h"
#include "commands/ctl-print.h"

#define EXIT_NOBODY 3
#define MAX_WORDS 3

static const char *words[MAX_WORDS + 1]; /* of the command line, borrowed */
static guint n_words;

static void
take_word (const char *word) {
  if (n_words <= MAX_WORDS)
    words[n_words++] = word;
}

/* What may be said, and with how many words after it. */
static const struct {
  const char *verb;
  guint least, most;
  const char *word; /* the one that follows */
} verbs[] = {
  { "status", 0, 0, NULL },
  { "watch", 0, 0, NULL },
  { "list", 0, 0, NULL },
  { "failover", 0, 1, "primary or backup" },
  { "switchback", 0, 0, NULL },
  { "hold", 0, 0, NULL },
  { "release", 0, 0, NULL },
  { "drain", 1, 1, "primary or backup" },
  { "undrain", 1, 1, "primary or backup" },
  { "failback", 1, 1, "auto or sticky" },
  { "drill", 1, 1, "the name of a drill; `understudy ctl list` tells them" },
  { "key", 1, 2, "add, list or revoke" },
  { "streams", 0, 0, NULL },
  { "add", 1, 1, "the URL of a playlist" },
  { "remove", 1, 1, "the id of a stream; `understudy ctl streams` tells them" },
  { "incidents", 0, 0, NULL },
  { "ack", 1, 1, "the id of an incident; `understudy ctl incidents` tells them" },
  { "findings", 1, 1, "the id of a stream; `understudy ctl streams` tells them" },
};

typedef struct {
  const UsConfig *config;
  UsCtlDoor *door;
  gboolean is_json;
  UsCtlSeen *seen; /* while watching */
  gboolean is_over;
} Session;

static int
fail (const Session *session, const GError *error) {
  int exit_code = US_EXIT_FAILURE;
  if (g_error_matches (error, US_CTL_ERROR, US_CTL_ERROR_NOBODY))
    exit_code = EXIT_NOBODY;
  if (g_error_matches (error, US_CTL_ERROR, US_CTL_ERROR_VALUE))
    exit_code = US_EXIT_CONFIGURATION;
  us_command_refuse ("%s", error->message);
  return exit_code;
}

/* ---- asking ---- */

/* Whoever names another switcher does not mean the ingest of this machine. One that does not answer
 * is no fault of the switcher, which is what was asked for. */
static void
print_warnings (const Session *session) {
  const UsConfig *config = session->config;
  if (!us_config_is_default (config, US_GROUP_CTL, "url")
      && us_config_is_default (config, US_GROUP_CTL, "ingest"))
    return;
  g_autoptr (UsCtlHttp) http = us_ctl_http_new (
      us_config_get_string (config, US_GROUP_CTL, "ingest"), "", "status page", NULL);
  g_autofree char *told = us_ctl_http_ask (http, "GET", "/healthz", NULL, NULL);
  g_autofree char *text = told != NULL ? us_ctl_print_warnings (told) : NULL;
  if (text != NULL)
    fputs (text, stdout);
}

static int
run_status (Session *session) {
  g_autoptr (GError) error = NULL;
  g_autofree char *status = us_ctl_door_get_status (session->door, &error);
  if (status == NULL)
    return fail (session, error);
  g_autofree char *text = us_ctl_print_status (status, g_get_real_time () / 1000);
  printf ("%s%s", session->is_json ? g_strchomp (status) : text, session->is_json ? "\n" : "");
  fflush (stdout);
  if (!session->is_json)
    print_warnings (session);
  return 0;
}

static int
run_list (Session *session) {
  g_autoptr (GError) error = NULL;
  g_autofree char *drills = us_ctl_door_get_drills (session->door, &error);
  if (drills == NULL)
    return fail (session, error);
  g_autofree char *text = us_ctl_print_drills (drills);
  printf ("%s%s", session->is_json ? g_strchomp (drills) : text, session->is_json ? "\n" : "");
  return 0;
}

/* ---- watching ---- */

static void
on_news (gpointer user_data) {
  Session *session = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *status = us_ctl_door_get_status (session->door, &error);
  if (status == NULL)
    return; /* it may be restarting: it is asked again */
  g_autofree char *text = us_ctl_print_news (session->seen, status, session->is_json);
  fputs (text, stdout);
  fflush (stdout);
}

static gboolean
on_signal (gpointer user_data) {
  ((Session *)user_data)->is_over = TRUE;
  return G_SOURCE_CONTINUE;
}

static GSource *
watch_signal (int number, Session *session) {
  GSource *source = g_unix_signal_source_new (number);
  g_source_set_static_name (source, "ctl-signal");
  g_source_set_callback (source, on_signal, session, NULL);
  g_source_attach (source, NULL);
  return source;
}

static int
run_watch (Session *session) {
  g_autoptr (GError) error = NULL;
  g_autofree char *status = us_ctl_door_get_status (session->door, &error);
  if (status == NULL)
    return fail (session, error);
  g_autoptr (UsCtlSeen) seen = us_ctl_seen_new ();
  session->seen = seen;
  g_autoptr (GSource) term = watch_signal (SIGTERM, session);
  g_autoptr (GSource) interrupt = watch_signal (SIGINT, session);
  us_ctl_door_watch (session->door, on_news, session);
  on_news (session);
  fprintf (stderr, "watching; end with Ctrl+C\n");
  while (!session->is_over)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (term);
  g_source_destroy (interrupt);
  return 0;
}

/* ---- steering ---- */

static void
read_order (const Session *session, UsCtlOrder *order) {
  const UsConfig *config = session->config;
  const char *verb = words[0], *word = n_words > 1 ? words[1] : NULL;
  gint64 ms = us_config_get_duration_ms (config, US_GROUP_CTL, "for");
  *order = (UsCtlOrder){
    .verb = verb,
    .why = us_config_get_string (config, US_GROUP_CTL, "why"),
    .seconds = (guint)((ms + 999) / 1000),
    .is_strict = us_config_get_bool (config, US_GROUP_CTL, "strict"),
    .even_if_failed = us_config_get_bool (config, US_GROUP_CTL, "even-if-failed"),
  };
  if (strcmp (verb, "drill") == 0)
    order->drill = word;
  else if (strcmp (verb, "failback") == 0)
    order->mode = word;
  else
    order->origin = word;
}

/* An option that the verb does not have would be believed to have had an effect. */
static gboolean
check_order (const UsCtlOrder *order) {
  gboolean is_failover = strcmp (order->verb, "failover") == 0;
  gboolean is_hold = strcmp (order->verb, "hold") == 0;
  const char *option = NULL;
  if (order->seconds > 0 && !is_failover && !is_hold)
    option = "--for";
  else if (order->is_strict && !is_hold)
    option = "--strict";
  else if (order->even_if_failed && !is_failover)
    option = "--even-if-failed";
  if (option != NULL)
    us_command_refuse ("%s: means nothing to %s", option, order->verb);
  return option == NULL;
}

static GStrv
find_streams (const Session *session, const char *status) {
  const char *wanted = us_config_get_string (session->config, US_GROUP_CTL, "stream");
  if (strcmp (wanted, "*") == 0)
    return us_ctl_list_streams (status);
  char *name = wanted[0] != '\0' ? g_strdup (wanted) : us_ctl_default_stream (status);
  GStrv list = g_new0 (char *, 2);
  list[0] = name;
  return list;
}

static int
give_to_streams (Session *session, UsCtlOrder *order) {
  g_autoptr (GError) error = NULL;
  g_autofree char *before = us_ctl_door_get_status (session->door, &error);
  if (before == NULL)
    return fail (session, error);
  g_auto (GStrv) streams = find_streams (session, before);
  if (streams[0] == NULL) {
    us_command_refuse ("which stream? name one with --stream; `understudy ctl status` tells them");
    return US_EXIT_CONFIGURATION;
  }
  for (guint i = 0; streams[i] != NULL; i++) {
    g_autofree char *answer = NULL, *after = NULL;
    order->stream = streams[i];
    if (!us_ctl_door_give (session->door, order, &answer, &error))
      return fail (session, error);
    after = us_ctl_door_get_status (session->door, &error);
    if (after == NULL)
      return fail (session, error);
    g_autofree char *text = session->is_json ? us_ctl_pick_stream (after, streams[i])
                                             : us_ctl_print_stream (after, streams[i]);
    printf ("%s%s", text, session->is_json ? "\n" : "");
  }
  return 0;
}

static int
give_drill (Session *session, const UsCtlOrder *order) {
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;
  if (!us_ctl_door_give (session->door, order, &id, &error))
    return fail (session, error);
  printf (session->is_json ? "{\"id\":\"%s\"}\n" : "drill %s runs; `understudy ctl watch` tells\n",
          id);
  return 0;
}

/* ---- the desk ---- */

static int
ask_desk (Session *session) {
  const UsConfig *config = session->config;
  g_autoptr (GError) error = NULL;
  const UsCtlDeskOrder order = { .verb = words[0],
                                 .subject = n_words > 1 ? words[1] : NULL,
                                 .name = us_config_get_string (config, US_GROUP_CTL, "name"),
                                 .why = us_config_get_string (config, US_GROUP_CTL, "why"),
                                 .is_json = session->is_json };
  g_autoptr (UsCtlHttp) http
      = us_ctl_http_new (us_config_get_string (config, US_GROUP_CTL, "desk"),
                         us_config_get_string (config, US_GROUP_CTL, "token-file"), "desk", &error);
  if (http == NULL)
    return fail (session, error);
  g_autofree char *text = us_ctl_desk_give (http, &order, &error);
  if (text == NULL)
    return fail (session, error);
  fputs (text, stdout);
  return 0;
}

static gboolean
check_words (void) {
  if (n_words == 0) {
    us_command_refuse ("ctl: say what; try " US_PROGRAM " ctl --help");
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++) {
    if (strcmp (words[0], verbs[i].verb) != 0)
      continue;
    if (n_words - 1 < verbs[i].least)
      us_command_refuse ("ctl %s: needs a word: %s", verbs[i].verb, verbs[i].word);
    else if (n_words - 1 > verbs[i].most)
      us_command_refuse ("'%.60s': one word too many for ctl %s", words[verbs[i].most + 1],
                         verbs[i].verb);
    else
      return TRUE;
    return FALSE;
  }
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_strv_builder_add (builder, verbs[i].verb);
  g_auto (GStrv) names = g_strv_builder_end (builder);
  const char *meant = us_option_nearest (words[0], (const char *const *)names);
  us_command_refuse ("'%.60s': ctl does not know it%s%s; try " US_PROGRAM " ctl --help", words[0],
                     meant != NULL ? "; did you mean " : "", meant != NULL ? meant : "");
  return FALSE;
}

static UsCtlVia
find_via (const UsConfig *config) {
  const char *word = us_config_get_string (config, US_GROUP_CTL, "via");
  if (strcmp (word, "dbus") == 0)
    return US_CTL_DBUS;
  /* Whoever says where the switcher is does not mean another one. */
  if (strcmp (word, "http") == 0 || !us_config_is_default (config, US_GROUP_CTL, "url"))
    return US_CTL_HTTP;
  return US_CTL_AUTO;
}

static int
run (UsConfig *config, const UsCommand *command) {
  g_autoptr (GError) error = NULL;
  Session session
      = { .config = config, .is_json = us_config_get_bool (config, US_GROUP_CTL, "json") };
  UsCtlOrder order = { 0 };
  if (!check_words ())
    return US_EXIT_CONFIGURATION;
  if (strcmp (words[0], "key") == 0)
    return us_ctl_key_run (config, words + 1, n_words - 1);
  if (us_ctl_desk_knows (words[0]))
    return ask_desk (&session);
  read_order (&session, &order);
  if (!check_order (&order))
    return US_EXIT_CONFIGURATION;
  g_autoptr (UsCtlDoor) door
      = us_ctl_door_open (find_via (config), us_config_get_string (config, US_GROUP_CTL, "url"),
                          us_config_get_string (config, US_GROUP_CTL, "token-file"), &error);
  if (door == NULL)
    return fail (&session, error);
  session.door = door;
  if (strcmp (words[0], "status") == 0)
    return run_status (&session);
  if (strcmp (words[0], "watch") == 0)
    return run_watch (&session);
  if (strcmp (words[0], "list") == 0)
    return run_list (&session);
  return strcmp (words[0], "drill") == 0 ? give_drill (&session, &order)
                                         : give_to_streams (&session, &order);
}

static const char *const groups[] = { US_GROUP_CTL, US_GROUP_GENERAL, NULL };

const UsCommand us_command_ctl = {
  .name = "ctl",
  .own_group = US_GROUP_CTL,
  .groups = groups,
  .usage = "COMMAND [WORD] [OPTIONS]",
  .summary = "asks a running switcher or desk, and steers it",
  .description
  = "  status               streams, origins, the orders that stand, and what is wrong with\n"
    "                       what encoders send (--ingest)\n"
    "  watch                prints each change of sides as it comes\n"
    "  failover [ORIGIN]    to the backup, or the origin named, and stay there (--for,\n"
    "                       --even-if-failed)\n"
    "  switchback           to the primary now, and forget failover and hold\n"
    "  hold                 no change of sides, but away from a dead origin (--for, --strict)\n"
    "  release              end failover and hold\n"
    "  drain ORIGIN         maintenance: not used while the other one can be\n"
    "  undrain ORIGIN       its end\n"
    "  failback MODE        auto: home to the primary when it is trusted; sticky: stay\n"
    "  list                 drills that can be started\n"
    "  drill NAME           start one, in the background\n\n"
    "Of the operations desk (understudy monitor, at --desk):\n"
    "  streams              what is watched, and how it is\n"
    "  add URL              watch one more (--name)\n"
    "  remove ID            watch it no longer; its history goes\n"
    "  incidents            the newest ones, with their causes\n"
    "  ack ID               take an incident on (--why)\n"
    "  findings ID          what is and was wrong with a stream\n\n"
    "Of the keys file of an ingest (--keys-file, else that of the configuration):\n"
    "  key add ID           a new stream key, shown once (--stream, --priority, --allow,\n"
    "                       --expires, --hash)\n"
    "  key list             which there are; never what they are\n"
    "  key revoke ID        not good any more, from now on\n\n"
    "Goes over D-Bus when a switcher is there, else over HTTP. Who you are is recorded with each\n"
    "command; say why with --why. The desk is asked over HTTP.\n\n"
    "Exit code: 0 done, 1 refused, 2 wrong usage, 3 nobody there.",
  .examples = "  understudy ctl status\n"
              "  understudy ctl failover --why \"new disk in the primary\" --for 30min\n"
              "  understudy ctl add https://example.org/live/index.m3u8 --name \"Studio 1\"\n"
              "  understudy ctl key add studio-1 --stream mystream --keys-file ./keys.conf\n"
              "  understudy ctl drain backup --why \"kernel update\"\n"
              "  understudy ctl status --json --url http://10.0.0.4:8080 --token-file ./token\n",
  .take_word = take_word,
  .run = run,
};
