/* drill.c - the command `understudy drill`: which drills, on which chain, and what is printed
 *
 * Options and wiring only: drill-plan.c prepares the processes, drill/ does the rest.
 */
#define US_LOG_TOPIC "drill"
#include "drill/rehearsal.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "base/log.h"
#include "base/timer.h"
#include "commands/command.h"
#include "commands/drill-plan.h"
#include "commands/role.h"
#include "media/pipeline.h"

#define EXIT_NO_CHAIN 3
#define MAX_WORDS 64

static const char *words[MAX_WORDS + 1]; /* of the command line, borrowed */
static guint n_words;

static void
take_word (const char *word) {
  if (n_words < MAX_WORDS)
    words[n_words++] = word;
}

/* ---- understudy drill list ---- */

static void
print_list_json (void) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  static const char *const needs[] = { "", "packager", "encoder", "ingest" };
  json_builder_begin_array (json);
  for (guint i = 0; i < us_n_drills; i++) {
    json_builder_begin_object (json);
    json_builder_set_member_name (json, "name");
    json_builder_add_string_value (json, us_drills[i].name);
    json_builder_set_member_name (json, "sentence");
    json_builder_add_string_value (json, us_drills[i].sentence);
    json_builder_set_member_name (json, "needs");
    json_builder_add_string_value (json, needs[us_drills[i].need]);
    json_builder_set_member_name (json, "in_all");
    json_builder_add_boolean_value (json, !us_drills[i].is_on_request);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = json_to_string (root, TRUE);
  printf ("%s\n", text);
}

static int
run_list (const UsConfig *config) {
  if (us_config_get_bool (config, US_GROUP_DRILL, "json")) {
    print_list_json ();
    return 0;
  }
  for (guint i = 0; i < us_n_drills; i++)
    printf ("%-16s %s\n", us_drills[i].name, us_drills[i].sentence);
  return 0;
}

/* ---- understudy drill run ---- */

typedef struct {
  gboolean is_over;
  gboolean is_json;
} Session;

static gboolean
on_signal (gpointer data) {
  ((Session *)data)->is_over = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
on_input (int fd, GIOCondition condition, gpointer data) {
  char bytes[256];
  if (read (fd, bytes, sizeof bytes) > 0)
    return G_SOURCE_CONTINUE;
  ((Session *)data)->is_over = TRUE;
  return G_SOURCE_REMOVE;
}

/* Progress is for people: with --json it goes where the log goes. */
static void
say (const char *line, gpointer data) {
  FILE *out = ((const Session *)data)->is_json ? stderr : stdout;
  fprintf (out, "%s\n", line);
  fflush (out);
}

static GSource *
watch (GSource *source, const char *name, GSourceFunc callback, Session *session) {
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, session, NULL);
  g_source_attach (source, NULL);
  return source;
}

/* The end of standard input ends what --keep keeps, if it is one that a person or a program holds
 * open: /dev/null ends at once and means nothing. */
static GSource *
watch_input (Session *session) {
  struct stat info;
  if (fstat (STDIN_FILENO, &info) != 0
      || !(S_ISFIFO (info.st_mode) || S_ISSOCK (info.st_mode) || isatty (STDIN_FILENO)))
    return NULL;
  return watch (g_unix_fd_source_new (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR), "drill-stdin",
                G_SOURCE_FUNC (on_input), session);
}

static char *
choose_evidence (const UsConfig *config) {
  const char *set = us_config_get_string (config, US_GROUP_DRILL, "evidence");
  if (set[0] != '\0')
    return g_strdup (set);
  g_autofree char *state = us_role_state_dir (config);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%dT%H%M%SZ");
  return g_build_filename (state, "drills", time, NULL);
}

static UsHit
get_hit (const UsConfig *config) {
  const char *word = us_config_get_string (config, US_GROUP_DRILL, "hit");
  if (strcmp (word, "primary") == 0)
    return US_HIT_PRIMARY;
  return strcmp (word, "backup") == 0 ? US_HIT_BACKUP : US_HIT_ACTIVE;
}

static const char *
get_pair (const UsConfig *config, const UsDrillPlan *plan) {
  if (plan->kind == US_CHAIN_LIVE)
    return "live";
  return plan->kind == US_CHAIN_SWITCHER ? "given"
                                         : us_config_get_string (config, US_GROUP_DRILL, "pair");
}

static int
count_failures (const GPtrArray *results) {
  int n = 0;
  for (guint i = 0; i < results->len; i++) {
    const UsDrillResult *result = results->pdata[i];
    n += !result->has_passed && !result->is_skipped ? 1 : 0;
  }
  return n;
}

static void
print_results (const UsRehearsal *rehearsal, const char *pair, const char *folder,
               gboolean is_json) {
  const GPtrArray *results = us_rehearsal_get_results (rehearsal);
  if (is_json) {
    g_autofree char *json = us_drill_results_json (results, pair);
    printf ("%s", json);
  } else {
    g_autofree char *table = us_drill_results_table (results);
    printf ("\n%s\n%d of %u passed; evidence in %s\n", table,
            (int)results->len - count_failures (results), results->len, folder);
  }
  fflush (stdout);
}

static int
play (UsRehearsal *rehearsal, const UsConfig *config, const char *pair, const char *folder,
      const Session *session) {
  g_autoptr (GError) error = NULL;
  if (!us_rehearsal_begin (rehearsal, &error)) {
    us_command_refuse ("%s; the log is %s/chain.log", error->message, folder);
    return session->is_over ? US_EXIT_FAILURE : EXIT_NO_CHAIN;
  }
  gboolean is_whole = us_rehearsal_play (rehearsal, &error);
  print_results (rehearsal, pair, folder, session->is_json);
  if (!is_whole) {
    us_command_refuse ("%s", error->message);
    return US_EXIT_FAILURE;
  }
  if (us_config_get_bool (config, US_GROUP_DRILL, "keep")) {
    say ("done", (gpointer)session);
    us_rehearsal_wait (rehearsal);
  }
  return count_failures (us_rehearsal_get_results (rehearsal)) > 0 ? US_EXIT_FAILURE : 0;
}

static int
rehearse (UsConfig *config, const GPtrArray *drills, UsDrillPlan *plan, Session *session) {
  g_autoptr (GError) error = NULL;
  const char *announce = us_config_get_string (config, US_GROUP_DRILL, "announce");
  g_autofree char *folder = choose_evidence (config);
  UsChainSettings chain_settings;

  if (!us_drill_plan_make (plan, config, &error))
    return us_command_refuse ("%s", error->message);
  g_autoptr (UsEvidence) evidence
      = us_evidence_new (folder, us_role_pipelines_dir (config), &error);
  if (evidence == NULL)
    return us_command_refuse ("--evidence: %s", error->message);
  us_drill_plan_chain (plan, config, us_evidence_get_log_fd (evidence), &chain_settings);
  g_autoptr (UsChain) chain = us_chain_new (&chain_settings);
  UsRehearsalSettings settings
      = { .drills = drills,
          .hit = get_hit (config),
          .runs = (guint)us_config_get_integer (config, US_GROUP_DRILL, "runs"),
          .lead_in_ms = us_config_get_duration_ms (config, US_GROUP_DRILL, "lead-in"),
          .chain = chain,
          .relays = { plan->relays[US_SIDE_PRIMARY], plan->relays[US_SIDE_BACKUP] },
          .origins = { plan->origins[US_SIDE_PRIMARY], plan->origins[US_SIDE_BACKUP] },
          .evidence = evidence,
          .pair = get_pair (config, plan),
          .announce = announce[0] != '\0' ? announce : NULL,
          .is_over = &session->is_over,
          .say = say,
          .user_data = session };
  g_autoptr (UsRehearsal) rehearsal = us_rehearsal_new (&settings);
  return play (rehearsal, config, settings.pair, folder, session);
}

/* What cannot go together, each with the reason. Returns: 0 when all is well */
static int
check (const UsConfig *config, const GPtrArray *drills, gboolean is_all) {
  gboolean is_live = us_config_get_bool (config, US_GROUP_DRILL, "live");
  gboolean has_primary = us_config_get_string (config, US_GROUP_DRILL, "primary-url")[0] != '\0';
  gboolean has_backup = us_config_get_string (config, US_GROUP_DRILL, "backup-url")[0] != '\0';
  const char *file = us_config_get_string (config, US_GROUP_DRILL, "file");
  if (has_primary != has_backup)
    return us_command_refuse ("--primary-url and --backup-url go together");
  if (is_live && has_primary)
    return us_command_refuse ("--live drills the chain that runs; --primary-url starts a switcher "
                              "in front of other origins: choose one");
  if (file[0] != '\0' && !g_file_test (file, G_FILE_TEST_IS_REGULAR))
    return us_command_refuse ("--file: '%s' is no file", file);
  for (guint i = 0; is_live && !is_all && i < drills->len; i++) {
    const UsDrill *drill = drills->pdata[i];
    if (drill->need == US_NEED_NOTHING)
      return us_command_refuse ("%s: --live can only signal processes, and this drill spoils "
                                "connections between switcher and origins; without --live it is "
                                "played on a chain of its own",
                                drill->name);
  }
  return 0;
}

static void
keep_possible (GPtrArray *drills) {
  for (guint i = drills->len; i > 0; i--) {
    const UsDrill *drill = drills->pdata[i - 1];
    if (drill->need == US_NEED_NOTHING)
      g_ptr_array_remove_index (drills, i - 1);
  }
}

static int
run_drills (UsConfig *config) {
  g_autoptr (GError) error = NULL;
  UsDrillPlan plan = { 0 };
  Session session = { .is_json = us_config_get_bool (config, US_GROUP_DRILL, "json") };
  gboolean is_live = us_config_get_bool (config, US_GROUP_DRILL, "live");
  gboolean is_all = g_strv_contains (words + 1, "all");
  UsLogLevel level = US_LOG_WARNING;

  if (n_words < 2)
    return us_command_refuse ("drill run: which one? `understudy drill list` tells them, and `all` "
                              "is all of them");
  g_autoptr (GPtrArray) drills = us_drill_select (words + 1, &error);
  if (drills == NULL)
    return us_command_refuse ("%s", error->message);
  int fault = check (config, drills, is_all);
  if (fault != 0)
    return fault;
  if (is_live)
    keep_possible (drills);
  if (!us_media_init (&error))
    return us_command_refuse ("%s", error->message);
  us_log_init (US_GROUP_DRILL, level, US_LOG_FORMAT_TEXT);
  signal (SIGPIPE, SIG_IGN);
  GSource *term = watch (g_unix_signal_source_new (SIGTERM), "drill-signal", on_signal, &session);
  GSource *interrupt
      = watch (g_unix_signal_source_new (SIGINT), "drill-signal", on_signal, &session);
  GSource *hangup = watch (g_unix_signal_source_new (SIGHUP), "drill-signal", on_signal, &session);
  GSource *input
      = us_config_get_bool (config, US_GROUP_DRILL, "keep") ? watch_input (&session) : NULL;
  int exit_code = rehearse (config, drills, &plan, &session);
  us_drill_plan_clear (&plan);
  us_timer_stop (&term);
  us_timer_stop (&interrupt);
  us_timer_stop (&hangup);
  us_timer_stop (&input);
  return exit_code;
}

static int
run (UsConfig *config, const UsCommand *command) {
  if (n_words == 1 && strcmp (words[0], "list") == 0)
    return run_list (config);
  if (n_words >= 1 && strcmp (words[0], "run") == 0)
    return run_drills (config);
  if (n_words == 0)
    return us_command_refuse ("drill: say `list`, or `run` and which one; try understudy drill "
                              "--help");
  return us_command_refuse ("'%.60s': drill knows `list` and `run NAME...`", words[0]);
}

static const char *const groups[]
    = { US_GROUP_DRILL,  US_GROUP_GENERAL,  US_GROUP_INGEST,  US_GROUP_PRIMARY,
        US_GROUP_BACKUP, US_GROUP_SWITCHER, US_GROUP_PUBLISH, NULL };

const UsCommand us_command_drill = {
  .name = "drill",
  .own_group = US_GROUP_DRILL,
  .groups = groups,
  .usage = "list [--json] | run NAME...|all [OPTIONS]",
  .summary = "breaks something on purpose and tells what a viewer felt",
  .description
  = "Starts a chain of its own on free ports, with relays between the switcher and both origins, "
    "plays\nthe drills one after another, each until the pair is whole again, and watches as a "
    "player would.\nNothing that runs already is touched, unless --live says so. Each drill leaves "
    "evidence: numbers,\nlog, playlists, requests, a picture before and one after.\n\nExit code: 0 "
    "all passed, 1 some failed, 2 wrong usage, 3 the chain did not come up.",
  .examples = "  understudy drill list\n"
              "  understudy drill run kill\n"
              "  understudy drill run all --pair transcoded --evidence ./evidence\n"
              "  understudy drill run freeze refuse --hit backup --runs 20 --json\n"
              "  understudy drill run kill --live\n"
              "  understudy drill run all --primary-url http://127.0.0.1:9001/hls \\\n"
              "      --backup-url http://127.0.0.1:9002/hls\n",
  .take_word = take_word,
  .run = run,
};
