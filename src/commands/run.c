/* run.c - the command `understudy run`: the whole chain on one machine from one command
 *
 * Wiring only: run-chain.c starts the roles and keeps them alive; here they are asked how they are,
 * and status.c and terminal.c show it.
 */
#define US_LOG_TOPIC "run"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "commands/command.h"
#include "commands/role.h"
#include "commands/run-chain.h"
#include "http/client.h"
#include "supervisor/status.h"
#include "supervisor/terminal.h"

#define REFRESH_MS 1000

typedef struct {
  UsRole *role;
  UsRunChain *chain;
  UsTerminal *terminal; /* (nullable): standard output is none */
  UsStatus *status;
  UsHttpClient *client;
  GCancellable *cancellable;
  char *last_line; /* shown when there is no terminal */
  GSource *refresh;
  guint n_pending; /* requests under way */
  gboolean is_ending;
} Run;

/* Showing ---------------------------------------------------------------------------------------
 */

static void
show (Run *run) {
  UsRoleStatus roles[US_RUN_CHAIN_MAX_ROLES];
  UsStatusUrls urls;
  guint n = us_run_chain_get_roles (run->chain, roles);
  us_run_plan_get_urls (us_run_chain_get_plan (run->chain), &urls);
  if (run->terminal != NULL) {
    g_autofree char *block = us_status_block (run->status, &urls, roles, n);
    us_terminal_show (run->terminal, block);
    return;
  }
  g_autofree char *line = us_status_line (run->status);
  if (g_strcmp0 (line, run->last_line) == 0)
    return;
  us_role_tell (run->role, line);
  g_autofree char *text = g_strconcat (line, "\n", NULL);
  if (us_log_put (STDOUT_FILENO, text, strlen (text)) < 0 && errno == EAGAIN)
    return; /* the next one is, when it can be read again */
  g_free (run->last_line);
  run->last_line = g_steal_pointer (&line);
}

static void
on_changed (UsRunChain *chain, gpointer data) {
  Run *run = data;
  if (run->terminal != NULL)
    show (run);
}

static void
on_ended (UsRunChain *chain, int exit_code, gpointer data) {
  us_role_quit (((Run *)data)->role, exit_code);
}

static const UsRunChainHandler handler = { on_changed, on_ended };

/* Asking the roles ------------------------------------------------------------------------------
 */

typedef enum { ASK_INGEST, ASK_SWITCHER, ASK_METRICS, N_ASKS } Ask;

typedef struct {
  Run *run;
  Ask ask;
} Question;

static void
on_answer (GObject *client, GAsyncResult *result, gpointer data) {
  g_autofree Question *question = data;
  Run *run = question->run;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (client), result, NULL);
  GBytes *body = reply != NULL ? reply->body : NULL;
  run->n_pending--;
  switch (question->ask) {
  case ASK_INGEST:
    us_status_take_ingest (run->status, body);
    break;
  case ASK_SWITCHER:
    us_status_take_switcher (run->status, body, reply != NULL && reply->status == 200);
    break;
  case ASK_METRICS:
    us_status_take_metrics (run->status, body);
    break;
  case N_ASKS:
  default:
    break;
  }
  if (run->n_pending == 0 && !run->is_ending)
    show (run);
}

static gboolean
on_refresh (gpointer data) {
  Run *run = data;
  UsHttpFetch fetch = { .connect_timeout_ms = REFRESH_MS,
                        .first_byte_timeout_ms = REFRESH_MS,
                        .deadline_ms = REFRESH_MS,
                        .max_bytes = 1024 * 1024 };
  const UsRunPlan *plan = us_run_chain_get_plan (run->chain);
  if (run->n_pending > 0)
    return G_SOURCE_CONTINUE;
  for (Ask ask = 0; ask < N_ASKS; ask++) {
    Question *question = g_new0 (Question, 1);
    const char *path = ask == ASK_SWITCHER ? "/healthz" : "/metrics";
    g_autofree char *url = ask == ASK_INGEST ? g_strdup (plan->ingest_status)
                                             : g_strconcat (plan->switcher, path, NULL);
    question->run = run;
    question->ask = ask;
    run->n_pending++;
    us_http_client_fetch_async (run->client, url, &fetch, run->cancellable, on_answer, question);
  }
  return G_SOURCE_CONTINUE;
}

/* Life ------------------------------------------------------------------------------------------
 */

static void
drain (UsRole *role, gpointer data) {
  us_run_chain_drain (((Run *)data)->chain);
}

static void
run_clear (Run *run) {
  run->is_ending = TRUE;
  us_timer_stop (&run->refresh);
  g_cancellable_cancel (run->cancellable);
  while (run->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
  us_run_chain_free (run->chain);
  us_terminal_free (run->terminal);
  us_status_free (run->status);
  g_clear_object (&run->client);
  g_clear_object (&run->cancellable);
  g_free (run->last_line);
}

static void
watch_roles (Run *run) {
  run->status = us_status_new ();
  run->client = us_http_client_new (US_PROGRAM "/" US_VERSION);
  run->cancellable = g_cancellable_new ();
  us_timer_start (&run->refresh, REFRESH_MS, "run-refresh", on_refresh, run);
}

static int
run_chain (UsConfig *config, const UsCommand *command) {
  g_autoptr (UsRole) role = us_role_new (command->own_group, config);
  g_autoptr (GError) error = NULL;
  Run run = { .role = role };
  int exit_code = US_EXIT_FAILURE;

  run.chain = us_run_chain_new (config, &handler, &run, &error);
  if (run.chain == NULL) {
    us_command_refuse ("%s", error->message);
    return us_command_end_code (error);
  }
  us_log_unblock (STDOUT_FILENO); /* who does not read the status does not stop us either */
  us_run_plan_print (us_run_chain_get_plan (run.chain));
  run.terminal = us_terminal_new ();
  watch_roles (&run);
  if (us_run_chain_start (run.chain, &error))
    exit_code = us_role_run (role, drain, &run);
  else
    us_error ("%s", error->message);
  run_clear (&run);
  return exit_code;
}

const UsCommand us_command_run = {
  .name = "run",
  .own_group = US_GROUP_RUN,
  .groups = us_run_chain_groups,
  .usage = "[OPTIONS]",
  .summary = "the whole chain on this machine, watched and restarted",
  .description
  = "Starts ingest, two packagers with their origins, the switcher, the operations desk and a "
    "test\npublisher as processes of their own, restarts what dies, kills what hangs, and shows "
    "what "
    "happens.",
  .examples
  = "  understudy run\n"
    "  understudy run --no-publish --switcher.http 0.0.0.0:9080 --log-file understudy.log\n",
  .run = run_chain,
};
