/* chain.c - starts, finds, signals and ends the processes that a drill is about
 *
 * A chain of its own is `understudy run` without a publisher, and `understudy publish` beside it,
 * so that the encoder can go away and stay away. Both get SIGKILL when this process dies in
 * whatever way, and the supervisor's children with it; no process is left behind. Of somebody
 * else's processes only the process ids are known, read when they are needed. After a power cut
 * run.json is left behind, and its numbers are those of other programs by then: what is signalled
 * is what its arguments say that it is.
 *
 * run.json is read at each look: a drill is no daemon, and ten reads a second cost nothing.
 *
 * On the main thread only: the parent-death signal is bound to the life of the thread that forked.
 */
#include "drill/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STOP_US (20 * G_TIME_SPAN_SECOND)
#define MAX_PID_FILE 64

struct UsChain {
  UsChainSettings settings;
  GSubprocess *main, *encoder; /* nullable */
  gboolean is_encoder_wanted;  /* its end is a fault */
  GHashTable *pids, *states;   /* role to GPid, to text */
  char *viewer, *publish, *switcher, *origins[US_N_SIDES];
  gboolean is_up;
};

/**
 * us_chain_new:
 * @settings: copied; what it points to must outlive the chain
 *
 * Returns: (transfer full): a chain that is not started
 */
UsChain *
us_chain_new (const UsChainSettings *settings) {
  UsChain *chain = g_new0 (UsChain, 1);
  chain->settings = *settings;
  chain->pids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  chain->states = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  chain->viewer = g_strdup (settings->viewer_url);
  chain->switcher = g_strdup (settings->switcher_url);
  return chain;
}

/* In the child, before exec: async-signal-safe calls only. */
static void
bind_life (gpointer parent) {
  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != GPOINTER_TO_INT (parent))
    _exit (1);
}

static GSubprocess *
spawn (UsChain *chain, const char *const *argv, GError **error) {
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_subprocess_launcher_set_environ (launcher, (char **)chain->settings.environment);
  g_subprocess_launcher_set_child_setup (launcher, bind_life, GINT_TO_POINTER (getpid ()), NULL);
  g_subprocess_launcher_take_stdout_fd (launcher,
                                        fcntl (chain->settings.log_fd, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_take_stderr_fd (launcher,
                                        fcntl (chain->settings.log_fd, F_DUPFD_CLOEXEC, 3));
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

/**
 * us_chain_start:
 * @error: when it cannot be started
 *
 * Starts what is this chain's own; us_chain_look() tells when it is up.
 */
gboolean
us_chain_start (UsChain *chain, GError **error) {
  const char *config = chain->settings.config_path, *program = chain->settings.program;
  if (chain->settings.kind == US_CHAIN_LIVE)
    return TRUE;
  g_autofree char *status = g_strconcat ("--status-file=", chain->settings.status_path, NULL);
  const char *run[] = { program, "run", "--config", config, "--no-publish", status, NULL };
  const char *switcher[] = { program, "switcher", "--config", config, NULL };
  chain->main = spawn (chain, chain->settings.kind == US_CHAIN_OWN ? run : switcher, error);
  return chain->main != NULL;
}

/**
 * us_chain_start_encoder:
 * @error: when it cannot be started
 *
 * Starts the publisher of an own chain. Somebody else's is somebody else's to start.
 */
gboolean
us_chain_start_encoder (UsChain *chain, GError **error) {
  if (chain->settings.kind != US_CHAIN_OWN || chain->publish == NULL)
    return TRUE;
  const char *argv[]
      = { chain->settings.program, "publish", "--config", chain->settings.config_path, "--url",
          chain->publish,          NULL };
  g_clear_object (&chain->encoder);
  chain->encoder = spawn (chain, argv, error);
  chain->is_encoder_wanted = chain->encoder != NULL;
  return chain->encoder != NULL;
}

/* ---- run.json ---- */

static const char *
get_text (JsonObject *object, const char *name) {
  JsonNode *node = json_object_get_member (object, name);
  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

/* Returns: (transfer full) (nullable): "run", "ingest", "packager-primary", "pull-NAME": what a
 *   process of this program runs as; %NULL when it is none, or has ended */
static char *
read_command (const UsChain *chain, gint64 pid) {
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/cmdline", pid);
  g_autofree char *text = NULL;
  gsize size = 0;
  const char *words[4] = { NULL };
  if (pid <= 1 || !g_file_get_contents (path, &text, &size, NULL))
    return NULL;
  gsize at = 0;
  for (guint i = 0; i < G_N_ELEMENTS (words) && at < size; i++) {
    words[i] = text + at;
    at += strlen (words[i]) + 1;
  }
  if (words[1] == NULL)
    return NULL;
  g_autofree char *ours = g_path_get_basename (chain->settings.program);
  g_autofree char *theirs = g_path_get_basename (words[0]);
  if (strcmp (ours, theirs) != 0)
    return NULL;
  gboolean is_named = words[3] != NULL
                      && (strcmp (words[2], "--name") == 0 || strcmp (words[2], "--stream") == 0);
  return is_named ? g_strconcat (words[1], "-", words[3], NULL) : g_strdup (words[1]);
}

static gboolean
is_chain (const UsChain *chain, gint64 pid) {
  g_autofree char *command = read_command (chain, pid);
  return g_strcmp0 (command, "run") == 0 || g_strcmp0 (command, "desktop") == 0;
}

static void
read_roles (UsChain *chain, JsonArray *roles) {
  chain->is_up = json_array_get_length (roles) > 0;
  for (guint i = 0; i < json_array_get_length (roles); i++) {
    JsonNode *node = json_array_get_element (roles, i);
    JsonObject *role = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    const char *name = role != NULL ? get_text (role, "name") : NULL;
    const char *state = role != NULL ? get_text (role, "state") : NULL;
    if (name == NULL || state == NULL || !json_object_has_member (role, "pid"))
      continue;
    gint64 pid = json_object_get_int_member (role, "pid");
    g_autofree char *command = read_command (chain, pid);
    gboolean is_there = g_strcmp0 (command, name) == 0;
    g_hash_table_insert (chain->pids, g_strdup (name), GINT_TO_POINTER (is_there ? (GPid)pid : 0));
    g_hash_table_insert (chain->states, g_strdup (name), g_strdup (state));
    chain->is_up = chain->is_up && is_there && strcmp (state, "running") == 0;
  }
}

/* "localhost" may resolve to ::1 first, where nobody listens. */
static void
keep_url (char **place, const char *url) {
  static const char local[] = "://localhost:";
  const char *host = url != NULL ? strstr (url, local) : NULL;
  g_free (*place);
  *place = host != NULL ? g_strdup_printf ("%.*s://127.0.0.1:%s", (int)(host - url), url,
                                           host + strlen (local))
                        : g_strdup (url);
}

/* The part of a URL that ends before its path. */
static char *
get_root (const char *url) {
  const char *host = strstr (url, "://");
  gsize n = host != NULL ? (gsize)(host + 3 - url) + strcspn (host + 3, "/") : strlen (url);
  return g_strndup (url, n);
}

static void
read_urls (UsChain *chain, JsonObject *urls) {
  static const char *const names[US_N_SIDES] = { "primary", "backup" };
  keep_url (&chain->viewer, get_text (urls, "viewer"));
  keep_url (&chain->publish, get_text (urls, "publish"));
  for (guint i = 0; i < US_N_SIDES; i++)
    keep_url (&chain->origins[i], get_text (urls, names[i]));
  g_free (chain->switcher);
  chain->switcher = chain->viewer != NULL ? get_root (chain->viewer) : NULL;
}

static gboolean
read_status (UsChain *chain, GError **error) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) failure = NULL;
  if (!json_parser_load_from_file (parser, chain->settings.status_path, &failure)) {
    chain->is_up = FALSE;
    if (chain->settings.kind != US_CHAIN_LIVE)
      return TRUE; /* not written yet */
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "no chain runs here: %s (is `understudy run` up?)", failure->message);
    return FALSE;
  }
  JsonNode *root = json_parser_get_root (parser);
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  if (object == NULL || !json_object_has_member (object, "roles")
      || !json_object_has_member (object, "urls")) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is not the file of a chain",
                 chain->settings.status_path);
    return FALSE;
  }
  gint64 pid = json_object_get_int_member_with_default (object, "pid", 0);
  if (chain->settings.kind == US_CHAIN_LIVE && !is_chain (chain, pid)) {
    chain->is_up = FALSE;
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "no chain runs here: %s was left behind, its process %" G_GINT64_FORMAT
                 " is none (is `understudy run` up?)",
                 chain->settings.status_path, pid);
    return FALSE;
  }
  read_urls (chain, json_object_get_object_member (object, "urls"));
  read_roles (chain, json_object_get_array_member (object, "roles"));
  return TRUE;
}

static gboolean
check_alive (GSubprocess *process, const char *what, GError **error) {
  if (process == NULL || g_subprocess_get_identifier (process) != NULL)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s ended", what);
  return FALSE;
}

/**
 * us_chain_look:
 * @error: when something ended that must run, or there is no such chain
 *
 * Brings what is known of the processes up to date.
 */
gboolean
us_chain_look (UsChain *chain, GError **error) {
  if (!check_alive (chain->main,
                    chain->settings.kind == US_CHAIN_OWN ? "understudy run" : "understudy switcher",
                    error))
    return FALSE;
  if (chain->is_encoder_wanted && !check_alive (chain->encoder, "understudy publish", error))
    return FALSE;
  if (chain->settings.kind == US_CHAIN_SWITCHER) {
    chain->is_up = TRUE;
    return TRUE;
  }
  return read_status (chain, error);
}

/**
 * us_chain_is_up:
 *
 * Returns: whether all processes ran at the last look
 */
gboolean
us_chain_is_up (const UsChain *chain) {
  return chain->is_up;
}

const char *
us_chain_get_viewer (const UsChain *chain) {
  return chain->viewer;
}

const char *
us_chain_get_switcher (const UsChain *chain) {
  return chain->switcher;
}

const char *
us_chain_get_origin (const UsChain *chain, UsSide side) {
  return chain->origins[side];
}

/* ---- signals ---- */

static const char *
pid_file_of (const UsChain *chain, UsDrillNeed need, UsSide side) {
  switch (need) {
  case US_NEED_PACKAGER:
    return chain->settings.packager_pid_files[side];
  case US_NEED_ENCODER:
    return chain->settings.encoder_pid_file;
  case US_NEED_INGEST:
    return chain->settings.ingest_pid_file;
  case US_NEED_NOTHING:
  default:
    return NULL;
  }
}

static const char *
role_of (UsDrillNeed need, UsSide side) {
  switch (need) {
  case US_NEED_PACKAGER:
    return side == US_SIDE_BACKUP ? US_CHAIN_BACKUP : US_CHAIN_PRIMARY;
  case US_NEED_ENCODER:
    return US_CHAIN_ENCODER;
  case US_NEED_INGEST:
  case US_NEED_NOTHING:
  default:
    return US_CHAIN_INGEST;
  }
}

/**
 * us_chain_has:
 *
 * Returns: whether it is known which process that is
 */
gboolean
us_chain_has (UsChain *chain, UsDrillNeed need, UsSide side) {
  if (need == US_NEED_NOTHING)
    return TRUE;
  if (chain->settings.kind == US_CHAIN_SWITCHER)
    return pid_file_of (chain, need, side) != NULL;
  if (chain->settings.kind == US_CHAIN_OWN && need == US_NEED_ENCODER)
    return TRUE;
  return g_hash_table_contains (chain->pids, role_of (need, side));
}

static GPid
read_pid_file (const char *path, GError **error) {
  g_autofree char *text = NULL;
  gsize size;
  guint64 pid = 0;
  if (!g_file_get_contents (path, &text, &size, error))
    return 0;
  g_strstrip (text);
  if (size > MAX_PID_FILE || !g_ascii_string_to_unsigned (text, 10, 2, G_MAXINT32, &pid, NULL)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s holds no process id", path);
    return 0;
  }
  return (GPid)pid;
}

static GPid
find_pid (UsChain *chain, UsDrillNeed need, UsSide side, GError **error) {
  if (chain->settings.kind == US_CHAIN_SWITCHER)
    return read_pid_file (pid_file_of (chain, need, side), error);
  if (!read_status (chain, error))
    return 0;
  GPid pid = GPOINTER_TO_INT (g_hash_table_lookup (chain->pids, role_of (need, side)));
  if (pid <= 1)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s does not run", role_of (need, side));
  return pid > 1 ? pid : 0;
}

/**
 * us_chain_signal:
 * @need: which process
 * @side: of which origin, for a packager
 * @number: of the signal
 * @error: when it does not run, or is not ours to signal
 */
gboolean
us_chain_signal (UsChain *chain, UsDrillNeed need, UsSide side, int number, GError **error) {
  if (chain->settings.kind == US_CHAIN_OWN && need == US_NEED_ENCODER) {
    chain->is_encoder_wanted = chain->is_encoder_wanted && number != SIGKILL;
    if (chain->encoder != NULL)
      g_subprocess_send_signal (chain->encoder, number);
    return TRUE;
  }
  GPid pid = find_pid (chain, need, side, error);
  if (pid == 0)
    return FALSE;
  if (kill (pid, number) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot signal process %d: %s",
               (int)pid, g_strerror (errno));
  return FALSE;
}

/* ---- the end ---- */

static void
on_ended (GObject *process, GAsyncResult *result, gpointer has_ended) {
  g_subprocess_wait_finish (G_SUBPROCESS (process), result, NULL);
  *(gboolean *)has_ended = TRUE;
}

static gboolean
on_tick (gpointer data) {
  return G_SOURCE_CONTINUE; /* only turns the loop */
}

/* SIGTERM, and SIGKILL when that was not enough. */
static void
stop_process (GSubprocess *process) {
  gboolean has_ended = FALSE, is_killed = FALSE;
  gint64 deadline_us = g_get_monotonic_time () + STOP_US;
  g_autoptr (GSource) tick = g_timeout_source_new (100);
  g_source_set_static_name (tick, "drill-chain-stop");
  g_source_set_callback (tick, on_tick, NULL, NULL);
  g_source_attach (tick, NULL);
  g_subprocess_send_signal (process, SIGCONT);
  g_subprocess_send_signal (process, SIGTERM);
  g_subprocess_wait_async (process, NULL, on_ended, &has_ended);
  while (!has_ended) {
    g_main_context_iteration (NULL, TRUE);
    if (!is_killed && g_get_monotonic_time () > deadline_us) {
      g_subprocess_force_exit (process);
      is_killed = TRUE;
    }
  }
  g_source_destroy (tick);
}

/**
 * us_chain_stop:
 *
 * Ends what is this chain's own, in order, and waits for it.
 */
void
us_chain_stop (UsChain *chain) {
  chain->is_encoder_wanted = FALSE;
  if (chain->encoder != NULL)
    stop_process (chain->encoder);
  g_clear_object (&chain->encoder);
  if (chain->main != NULL)
    stop_process (chain->main);
  g_clear_object (&chain->main);
}

void
us_chain_free (UsChain *chain) {
  if (chain == NULL)
    return;
  us_chain_stop (chain);
  g_hash_table_unref (chain->pids);
  g_hash_table_unref (chain->states);
  g_free (chain->viewer);
  g_free (chain->publish);
  g_free (chain->switcher);
  for (guint i = 0; i < US_N_SIDES; i++)
    g_free (chain->origins[i]);
  g_free (chain);
}
