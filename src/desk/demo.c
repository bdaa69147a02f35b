/* demo.c - a small chain of its own in a process beside the desk: something to watch at once
 *
 * `understudy run` on free ports of loopback, with all its files in one folder. It is started,
 * asked for its addresses (the status file that it writes) and then for its switcher's health,
 * until a stream can be played. Asked to end it gets SIGTERM, and SIGKILL when that was not enough;
 * a start in the meantime waits for the end. Whatever becomes of the desk, the kernel kills the
 * chain with it, and the chain's own children with the chain.
 *
 * Owned by the desk, on the main thread only: the parent-death signal is bound to the life of the
 * thread that forked. us_demo_free() kills and waits; nobody is called after it.
 */
#define US_LOG_TOPIC "desk.demo"
#include "desk/demo.h"

#include "base/folder.h"
#include "base/log.h"
#include "base/names.h"
#include "base/text.h"
#include "base/timer.h"
#include "http/client.h"

#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LOOK_MS 250
#define START_US ((gint64)60 * G_USEC_PER_SEC)
#define STOP_MS 10000
#define MAX_LINE 200 /* of the log, in an error */

typedef enum {
  STEP_IDLE,     /* no process */
  STEP_STARTING, /* a process, nothing to watch yet */
  STEP_READY,
  STEP_ENDING, /* a process that was told to end */
} Step;

typedef struct {
  UsDemo *demo; /* NULL: nobody waits for the answer any more */
} Question;

struct UsDemo {
  char *program, *config, *folder;
  char **environment;
  UsDemoHandler handler;
  gpointer user_data;

  Step step;
  gboolean is_wanted; /* again, when the old one has ended */
  GSubprocess *process;
  GCancellable *waiting; /* for the end of @process */
  char *viewer;          /* nullable: not told yet */
  UsHttpClient *client;
  Question *question; /* nullable: none under way */
  gint64 deadline_us; /* monotonic */
  GSource *timer;
};

G_DEFINE_QUARK (us_demo_error, us_demo_error)

/**
 * us_demo_new:
 * @handler: copied; its functions may not free the #UsDemo
 *
 * Returns: (transfer full): one that is not started
 */
UsDemo *
us_demo_new (const UsDemoSettings *settings, const UsDemoHandler *handler, gpointer user_data) {
  UsDemo *self = g_new0 (UsDemo, 1);
  self->program = g_strdup (settings->program);
  self->config = g_strdup (settings->config != NULL ? settings->config : "");
  self->folder = g_strdup (settings->folder);
  self->environment = g_strdupv ((char **)settings->environment);
  self->handler = *handler;
  self->user_data = user_data;
  self->client = us_http_client_new ("understudy-desk/" US_VERSION);
  return self;
}

gboolean
us_demo_is_ready (const UsDemo *self) {
  return self->step == STEP_READY;
}

/* ---- the process ---- */

static char *
path_of (const UsDemo *self, const char *name) {
  return g_build_filename (self->folder, name, NULL);
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
spawn (UsDemo *self, GError **error) {
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *config = path_of (self, "understudy.conf");
  g_autofree char *status = path_of (self, "run.json"), *messages = path_of (self, "log");
  g_autofree char *status_option = g_strconcat ("--status-file=", status, NULL);
  const char *argv[] = { self->program, "run", "--config", config, status_option, NULL };
  us_folder_remove (self->folder);
  if (g_mkdir_with_parents (self->folder, 0700) != 0
      || !g_file_set_contents (config, self->config, -1, error)) {
    if (error != NULL && *error == NULL)
      g_set_error (error, US_DEMO_ERROR, US_DEMO_ERROR_FAILED, "its folder %s cannot be made",
                   self->folder);
    return NULL;
  }
  if (self->environment != NULL)
    g_subprocess_launcher_set_environ (launcher, self->environment);
  g_subprocess_launcher_set_child_setup (launcher, bind_life, GINT_TO_POINTER (getpid ()), NULL);
  g_subprocess_launcher_set_stderr_file_path (launcher, messages);
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

/* Returns: (transfer full) (nullable): why it refused, as it said; else what it said last */
static char *
last_words (const UsDemo *self) {
  static const char refusal[] = US_PROGRAM ": ";
  g_autofree char *path = path_of (self, "log"), *text = NULL;
  const char *line = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    gboolean was_refusal = line != NULL && g_str_has_prefix (line, refusal);
    if (*lines[i] != '\0' && (!was_refusal || g_str_has_prefix (lines[i], refusal)))
      line = lines[i];
  }
  return line != NULL ? us_text_clean (line, MAX_LINE) : NULL;
}

static void
forget_question (UsDemo *self) {
  if (self->question != NULL)
    self->question->demo = NULL;
  self->question = NULL;
}

static gboolean
on_stubborn (gpointer data) {
  UsDemo *self = data;
  us_timer_stop (&self->timer);
  g_subprocess_force_exit (self->process);
  return G_SOURCE_REMOVE;
}

static void
end_process (UsDemo *self) {
  us_timer_stop (&self->timer);
  forget_question (self);
  g_clear_pointer (&self->viewer, g_free);
  if (self->process == NULL) {
    self->step = STEP_IDLE;
    return;
  }
  self->step = STEP_ENDING;
  g_subprocess_send_signal (self->process, SIGTERM);
  us_timer_start (&self->timer, STOP_MS, "demo-stop", on_stubborn, self);
}

/* @why: a clause: "it ended" */
static void
fail (UsDemo *self, const char *why) {
  g_autofree char *said = last_words (self);
  g_autoptr (GError) error = g_error_new (
      US_DEMO_ERROR, US_DEMO_ERROR_FAILED, "The demo chain cannot be watched: %s%s%s", why,
      said != NULL ? "; its last words: " : "", said != NULL ? said : "");
  us_warning ("%s", error->message);
  end_process (self);
  self->handler.on_failed (error, self->user_data);
}

/* ---- until there is something to watch ---- */

/* "localhost" may resolve to ::1 first, where nobody listens. */
static char *
fix_host (const char *url) {
  static const char local[] = "://localhost:";
  const char *host = strstr (url, local);
  if (host == NULL)
    return g_strdup (url);
  return g_strdup_printf ("%.*s://127.0.0.1:%s", (int)(host - url), url, host + strlen (local));
}

static const char *
text_of (JsonObject *object, const char *name) {
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

/* A role that does not accept its configuration is not started again. */
static gboolean
has_failed_role (JsonObject *status) {
  JsonNode *node = json_object_get_member (status, "roles");
  JsonArray *roles
      = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint i = 0; roles != NULL && i < json_array_get_length (roles); i++) {
    JsonNode *role = json_array_get_element (roles, i);
    if (JSON_NODE_HOLDS_OBJECT (role)
        && g_strcmp0 (text_of (json_node_get_object (role), "state"), "failed") == 0)
      return TRUE;
  }
  return FALSE;
}

/* Reads what the chain has written of itself, if it has. Returns: %FALSE: it has failed */
static gboolean
read_status (UsDemo *self) {
  g_autofree char *path = path_of (self, "run.json");
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (!json_parser_load_from_file (parser, path, NULL))
    return TRUE;
  JsonNode *root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return TRUE;
  JsonNode *urls = json_object_get_member (json_node_get_object (root), "urls");
  const char *viewer = urls != NULL && JSON_NODE_HOLDS_OBJECT (urls)
                           ? text_of (json_node_get_object (urls), "viewer")
                           : NULL;
  if (self->viewer == NULL && viewer != NULL)
    self->viewer = fix_host (viewer);
  return !has_failed_role (json_node_get_object (root));
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autofree Question *question = user_data;
  UsDemo *self = question->demo;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, NULL);
  if (self == NULL)
    return;
  self->question = NULL;
  if (reply == NULL || reply->status != 200)
    return; /* not yet */
  us_timer_stop (&self->timer);
  self->step = STEP_READY;
  us_notice ("the demo chain runs and can be watched at %s", self->viewer);
  self->handler.on_ready (self->viewer, self->user_data);
}

/* The switcher's health: 200 when a stream can be played. */
static void
ask (UsDemo *self) {
  const UsHttpFetch options = { .connect_timeout_ms = 1000,
                                .first_byte_timeout_ms = 2000,
                                .deadline_ms = 3000,
                                .max_bytes = 1024 * 1024 };
  const char *host = strstr (self->viewer, "://");
  gsize n = host != NULL ? (gsize)(host + 3 - self->viewer) + strcspn (host + 3, "/")
                         : strlen (self->viewer);
  g_autofree char *url = g_strdup_printf ("%.*s/healthz", (int)n, self->viewer);
  self->question = g_new0 (Question, 1);
  self->question->demo = self;
  us_http_client_fetch_async (self->client, url, &options, self->waiting, on_answered,
                              self->question);
}

static gboolean
on_look (gpointer data) {
  UsDemo *self = data;
  if (g_get_monotonic_time () > self->deadline_us) {
    fail (self, "it has not become playable within a minute");
    return G_SOURCE_REMOVE;
  }
  if (!read_status (self)) {
    fail (self, "a part of it does not start");
    return G_SOURCE_REMOVE;
  }
  if (self->viewer != NULL && self->question == NULL)
    ask (self);
  return G_SOURCE_CONTINUE;
}

/* ---- beginning and end ---- */

static void launch (UsDemo *self);

static void
on_ended (GObject *process, GAsyncResult *result, gpointer user_data) {
  g_autoptr (GError) error = NULL;
  if (!g_subprocess_wait_finish (G_SUBPROCESS (process), result, &error))
    return; /* cancelled: the demo is gone */
  UsDemo *self = user_data;
  gboolean was_asked = self->step == STEP_ENDING;
  us_timer_stop (&self->timer);
  g_clear_object (&self->process);
  g_clear_object (&self->waiting);
  if (!was_asked) {
    fail (self, "it ended by itself");
    return;
  }
  us_folder_remove (self->folder);
  self->step = STEP_IDLE;
  if (self->is_wanted)
    launch (self);
}

static void
launch (UsDemo *self) {
  g_autoptr (GError) error = NULL;
  self->is_wanted = FALSE;
  self->process = spawn (self, &error);
  if (self->process == NULL) {
    fail (self, error->message);
    return;
  }
  self->step = STEP_STARTING;
  self->deadline_us = g_get_monotonic_time () + START_US;
  self->waiting = g_cancellable_new ();
  g_subprocess_wait_async (self->process, self->waiting, on_ended, self);
  us_timer_start (&self->timer, LOOK_MS, "demo-look", on_look, self);
}

/**
 * us_demo_start:
 *
 * One of the handler's functions is called when it is known how that went, perhaps from within; not
 * when it runs already.
 */
void
us_demo_start (UsDemo *self) {
  if (self->step == STEP_IDLE)
    launch (self);
  else if (self->step == STEP_ENDING)
    self->is_wanted = TRUE;
}

/* Ends it, or its start; nobody is told. */
void
us_demo_stop (UsDemo *self) {
  self->is_wanted = FALSE;
  if (self->step == STEP_STARTING || self->step == STEP_READY)
    end_process (self);
}

/**
 * us_demo_free:
 * @self: (nullable) (transfer full)
 *
 * Kills what still runs.
 */
void
us_demo_free (UsDemo *self) {
  if (self == NULL)
    return;
  us_timer_stop (&self->timer);
  forget_question (self);
  if (self->process != NULL) {
    g_cancellable_cancel (self->waiting);
    g_subprocess_force_exit (self->process);
    g_subprocess_wait (self->process, NULL, NULL);
    us_folder_remove (self->folder);
  }
  g_clear_object (&self->process);
  g_clear_object (&self->waiting);
  g_clear_object (&self->client);
  g_free (self->viewer);
  g_free (self->program);
  g_free (self->config);
  g_free (self->folder);
  g_strfreev (self->environment);
  g_free (self);
}
