/* drills.c - runs drills as a child process, one at a time, and remembers how they ended
 *
 * Owned by the UsSwitcher, on the main loop. A drill is `understudy drill run NAME` by the same
 * program, because what it breaks and whom it starts must not be this process's children. Which
 * there are is asked of that program too, once at the start and again while there is no answer. The
 * configuration is this process's own, handed down as standard input: a file that the child found
 * by itself might be another one. Ends with us_drills_free(), which asks a running drill to end.
 */
#include "switcher/drills.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define US_LOG_TOPIC "switcher.drills"
#include "base/log.h"
#include "base/names.h"
#include "base/text.h"
#include "base/timer.h"
#include "switcher/control.h"
#include "switcher/outcome.h"

#define MAX_KINDS 256
#define MAX_NAME 64
#define MERCY_MS 30000 /* to put its chain away after it was asked to end */

/* A child whose end is waited for; knows whether the drills still are. */
typedef struct {
  UsDrills *drills; /* NULL once freed */
  GSubprocess *process;
} Child;

struct UsDrills {
  char *program, *folder;
  char *pipelines; /* (nullable) */
  char *config;    /* (nullable): content of a configuration file */
  const UsClock *clock;
  UsDrillsChanged changed;
  gpointer user_data;
  GPtrArray *kinds; /* UsDrillKind (nullable): not known yet */
  Child *lister;    /* (nullable): being asked */
  Child *runner;    /* (nullable): the active drill's */
  UsDrill *active;  /* (nullable): also the last of @all */
  GPtrArray *all;   /* UsDrill, oldest first */
  GSource *limit;
  GCancellable *cancellable; /* of what is read of the evidence */
};

static void
drill_free (gpointer data) {
  UsDrill *drill = data;
  g_free (drill->id);
  g_free (drill->name);
  g_free (drill->evidence);
  g_clear_pointer (&drill->outcomes, g_ptr_array_unref);
  g_free (drill);
}

static void
kind_free (gpointer data) {
  UsDrillKind *kind = data;
  g_free (kind->name);
  g_free (kind->summary);
  g_free (kind);
}

static void
child_free (Child *child) {
  g_clear_object (&child->process);
  g_free (child);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)

/* In the child, before exec: async-signal-safe calls only. However this process ends, a drill ends
 * in order. */
static void
bind_life (gpointer parent) {
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (getppid () != GPOINTER_TO_INT (parent))
    _exit (1);
}

/* A file without a name, at its beginning. Returns: -1 when there is no memory for it */
static int
make_config_fd (const char *config) {
  gsize size = strlen (config);
  int fd = memfd_create ("understudy.conf", MFD_CLOEXEC);
  if (fd >= 0 && write (fd, config, size) == (gssize)size && lseek (fd, 0, SEEK_SET) == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* What a service manager told this process is not the child's. */
static GSubprocess *
spawn (UsDrills *self, GSubprocessFlags flags, const char *const *arguments, GError **error) {
  static const char *const own[]
      = { "LISTEN_PID",   "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC",
          "WATCHDOG_PID", NULL };
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_subprocess_launcher_set_child_setup (launcher, bind_life, GINT_TO_POINTER (getpid ()), NULL);
  for (guint i = 0; own[i] != NULL; i++)
    g_subprocess_launcher_unsetenv (launcher, own[i]);
  if (self->pipelines != NULL)
    g_subprocess_launcher_setenv (launcher, US_ENV_PIPELINES, self->pipelines, TRUE);
  g_ptr_array_add (argv, self->program);
  g_ptr_array_add (argv, (gpointer) "drill");
  for (guint i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer)arguments[i]);
  if (self->config != NULL) {
    int fd = make_config_fd (self->config);
    if (fd < 0) {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "cannot hand the configuration down: %s", g_strerror (errno));
      return NULL;
    }
    g_subprocess_launcher_take_stdin_fd (launcher, fd);
    g_ptr_array_add (argv, (gpointer) "--config");
    g_ptr_array_add (argv, (gpointer) "/dev/stdin");
  }
  g_ptr_array_add (argv, NULL);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, error);
}

/* ---- which there are ---- */

static const char *
get_text (JsonObject *object, const char *member) {
  JsonNode *node = json_object_get_member (object, member);
  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
                 && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static JsonArray *
find_array (JsonNode *root) {
  if (root != NULL && JSON_NODE_HOLDS_ARRAY (root))
    return json_node_get_array (root);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return NULL;
  JsonNode *node = json_object_get_member (json_node_get_object (root), "drills");
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

/**
 * us_drills_parse_kinds:
 * @json: output of `understudy drill list --json`: objects with "name" and "sentence", in an array
 *   that may be the member "drills" of an object
 *
 * Returns: (transfer full) (element-type UsDrillKind) (nullable): what it lists
 */
GPtrArray *
us_drills_parse_kinds (const char *json, GError **error) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, json, -1, error))
    return NULL;
  JsonArray *array = find_array (json_parser_get_root (parser));
  if (array == NULL) {
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_VALUE, "the list of drills is no array");
    return NULL;
  }
  g_autoptr (GPtrArray) kinds = g_ptr_array_new_with_free_func (kind_free);
  for (guint i = 0; i < MIN (json_array_get_length (array), MAX_KINDS); i++) {
    JsonNode *node = json_array_get_element (array, i);
    JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    const char *name = object != NULL ? get_text (object, "name") : NULL;
    const char *summary = object != NULL ? get_text (object, "sentence") : NULL;
    if (name == NULL || name[0] == '\0' || strlen (name) > MAX_NAME)
      continue;
    UsDrillKind *kind = g_new0 (UsDrillKind, 1);
    kind->name = g_strdup (name);
    kind->summary = us_text_clean (summary, 200);
    g_ptr_array_add (kinds, kind);
  }
  return g_steal_pointer (&kinds);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autoptr (Child) child = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;
  gboolean is_read
      = g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, &json, NULL, &error);
  UsDrills *self = child->drills;
  if (self == NULL)
    return;
  self->lister = NULL;
  if (is_read && g_subprocess_get_successful (child->process))
    self->kinds = us_drills_parse_kinds (json, &error);
  if (self->kinds == NULL)
    us_info ("the list of drills cannot be read: %s",
             error != NULL ? error->message : "the command failed");
}

static void
ask_for_kinds (UsDrills *self) {
  static const char *const arguments[] = { "list", "--json", NULL };
  g_autoptr (GError) error = NULL;
  if (self->kinds != NULL || self->lister != NULL)
    return;
  g_autoptr (GSubprocess) process = spawn (
      self, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, arguments, &error);
  if (process == NULL) {
    us_info ("the list of drills cannot be read: %s", error->message);
    return;
  }
  self->lister = g_new0 (Child, 1);
  self->lister->drills = self;
  self->lister->process = g_steal_pointer (&process);
  g_subprocess_communicate_utf8_async (self->lister->process, NULL, NULL, on_listed, self->lister);
}

/* Returns: NULL while they are not known; asks again then */
const GPtrArray *
us_drills_get_kinds (UsDrills *self) {
  ask_for_kinds (self);
  return self->kinds;
}

/* "all" plays them one after another. */
static gboolean
has_kind (const UsDrills *self, const char *name) {
  if (strcmp (name, "all") == 0)
    return TRUE;
  for (guint i = 0; i < self->kinds->len; i++) {
    const UsDrillKind *kind = g_ptr_array_index (self->kinds, i);
    if (strcmp (kind->name, name) == 0)
      return TRUE;
  }
  return FALSE;
}

/* ---- one that runs ---- */

/* Whose outcomes are read. */
typedef struct {
  UsDrills *drills; /* may be gone when it was cancelled */
  char *id;
} Reading;

static UsDrill *
find_drill (UsDrills *self, const char *id) {
  for (guint i = 0; i < self->all->len; i++) {
    UsDrill *drill = g_ptr_array_index (self->all, i);
    if (strcmp (drill->id, id) == 0)
      return drill;
  }
  return NULL;
}

static void
on_outcomes (GObject *source, GAsyncResult *result, gpointer user_data) {
  Reading *reading = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = us_outcomes_read_finish (result, &error);
  gboolean is_gone = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  UsDrill *drill = is_gone ? NULL : find_drill (reading->drills, reading->id);
  if (drill != NULL)
    drill->outcomes = g_steal_pointer (&outcomes);
  if (drill != NULL && error != NULL)
    us_info ("what drill %s brought cannot be read: %s", drill->name, error->message);
  g_free (reading->id);
  g_free (reading);
}

static void
read_outcomes (UsDrills *self, const UsDrill *drill) {
  Reading *reading = g_new0 (Reading, 1);
  reading->drills = self;
  reading->id = g_strdup (drill->id);
  us_outcomes_read_async (drill->evidence, self->cancellable, on_outcomes, reading);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autoptr (Child) child = user_data;
  UsDrills *self = child->drills;
  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  if (self == NULL)
    return;
  UsDrill *drill = self->active;
  drill->has_passed = g_subprocess_get_successful (child->process);
  drill->ended_ms = us_clock_wall_us (self->clock) / 1000;
  self->runner = NULL;
  self->active = NULL;
  us_timer_stop (&self->limit);
  us_event (drill->has_passed ? US_LOG_NOTICE : US_LOG_WARNING, US_EVENT_DRILL,
            "drill %s %s; evidence in %s", drill->name, drill->has_passed ? "passed" : "failed",
            drill->evidence);
  read_outcomes (self, drill);
  self->changed (drill, self->user_data);
}

static gboolean
on_mercy_over (gpointer user_data) {
  UsDrills *self = user_data;
  us_warning ("drill %s does not end, and is killed", self->active->name);
  g_subprocess_force_exit (self->runner->process);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_limit (gpointer user_data) {
  UsDrills *self = user_data;
  us_warning ("drill %s takes longer than %d s, and is ended", self->active->name,
              US_DRILLS_MAX_SECONDS);
  g_subprocess_send_signal (self->runner->process, SIGTERM);
  us_timer_stop (&self->limit);
  us_timer_start (&self->limit, MERCY_MS, "drill-mercy", on_mercy_over, self);
  return G_SOURCE_REMOVE;
}

static UsDrill *
new_drill (UsDrills *self, const char *name) {
  gint64 wall_us = us_clock_wall_us (self->clock);
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_utc (wall_us / G_USEC_PER_SEC);
  g_autofree char *stamp = g_date_time_format (now, "%Y%m%dT%H%M%SZ");
  UsDrill *drill = g_new0 (UsDrill, 1);
  drill->id = g_strdup_printf ("%s-%s", stamp, name);
  drill->evidence = g_build_filename (self->folder, drill->id, NULL);
  for (guint n = 2; g_file_test (drill->evidence, G_FILE_TEST_EXISTS); n++) {
    g_free (drill->id);
    g_free (drill->evidence);
    drill->id = g_strdup_printf ("%s-%s-%u", stamp, name, n);
    drill->evidence = g_build_filename (self->folder, drill->id, NULL);
  }
  drill->name = g_strdup (name);
  drill->started_ms = wall_us / 1000;
  return drill;
}

static gboolean
check_start (UsDrills *self, const char *name, GError **error) {
  g_autofree char *clean = us_text_clean (name, MAX_NAME);
  if (us_drills_get_kinds (self) == NULL)
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW,
                 "the list of drills is not known yet; try again");
  else if (name == NULL || !has_kind (self, name))
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NO_DRILL,
                 "drill \"%s\" does not exist; understudy drill list names them", clean);
  else if (self->active != NULL)
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW,
                 "drill %s still runs; one at a time", self->active->name);
  else if (g_mkdir_with_parents (self->folder, 0755) != 0)
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW,
                 "the folder %s for the evidence cannot be made", self->folder);
  else
    return TRUE;
  return FALSE;
}

/**
 * us_drills_start:
 * @name: (nullable): of a drill
 * @error: US_CONTROL_ERROR_NO_DRILL, or US_CONTROL_ERROR_NOT_NOW: one runs, or it cannot start
 *
 * Returns: (transfer none) (nullable): the drill, which runs
 */
const UsDrill *
us_drills_start (UsDrills *self, const char *name, GError **error) {
  g_autoptr (GError) local = NULL;
  if (!check_start (self, name, error))
    return NULL;
  UsDrill *drill = new_drill (self, name);
  const char *const arguments[] = { "run", name, "--evidence", drill->evidence, "--json", NULL };
  g_autoptr (GSubprocess) process
      = spawn (self, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, arguments, &local);
  if (process == NULL) {
    drill_free (drill);
    g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW, "the drill cannot start: %s",
                 local->message);
    return NULL;
  }
  if (self->all->len >= US_DRILLS_N_REMEMBERED)
    g_ptr_array_remove_index (self->all, 0);
  g_ptr_array_add (self->all, drill);
  self->active = drill;
  self->runner = g_new0 (Child, 1);
  self->runner->drills = self;
  self->runner->process = g_steal_pointer (&process);
  us_timer_start (&self->limit, US_DRILLS_MAX_SECONDS * 1000, "drill-limit", on_limit, self);
  g_subprocess_wait_async (self->runner->process, NULL, on_ended, self->runner);
  self->changed (drill, self->user_data);
  return drill;
}

const UsDrill *
us_drills_get_active (const UsDrills *self) {
  return self->active;
}

/* With the active one, oldest first. */
const GPtrArray *
us_drills_get_past (const UsDrills *self) {
  return self->all;
}

/**
 * us_drills_new:
 * @program: the path of understudy
 * @folder: for the evidence; made when needed
 * @pipelines: (nullable): folder of the pipeline texts, when it is not the usual one
 * @config: (nullable): configuration for the drills, as the content of a file; NULL: what they find
 * @clock: outlives the drills
 * @changed: one has begun or ended
 *
 * Returns: (transfer full): drills, none of which runs
 */
UsDrills *
us_drills_new (const char *program, const char *folder, const char *pipelines, const char *config,
               const UsClock *clock, UsDrillsChanged changed, gpointer user_data) {
  UsDrills *self = g_new0 (UsDrills, 1);
  self->program = g_strdup (program);
  self->folder = g_strdup (folder);
  self->pipelines = g_strdup (pipelines);
  self->config = g_strdup (config);
  self->clock = clock;
  self->changed = changed;
  self->user_data = user_data;
  self->all = g_ptr_array_new_with_free_func (drill_free);
  self->cancellable = g_cancellable_new ();
  ask_for_kinds (self);
  return self;
}

void
us_drills_free (UsDrills *self) {
  us_timer_stop (&self->limit);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  if (self->lister != NULL)
    self->lister->drills = NULL;
  if (self->runner != NULL) {
    self->runner->drills = NULL;
    g_subprocess_send_signal (self->runner->process, SIGTERM);
  }
  g_clear_pointer (&self->kinds, g_ptr_array_unref);
  g_ptr_array_unref (self->all);
  g_free (self->program);
  g_free (self->folder);
  g_free (self->pipelines);
  g_free (self->config);
  g_free (self);
}
