/* desk-demo.c - the demo at the desk: an ordinary stream whose chain comes and goes with it
 *
 * The chain is started when somebody asks for a demo, and its stream is added when there is
 * something to watch; removing the stream ends the chain. A chain that ended by itself leaves its
 * stream, ill, and the next one takes it over. A demo does not outlive its desk: its address is
 * written down before it is added, and the next desk removes the stream that it finds there.
 *
 * In the desk's loop.
 */
#define US_LOG_TOPIC "desk"
#include "base/folder.h"
#include "base/log.h"
#include "desk/desk-private.h"

#include <glib/gstdio.h>

#define NAME "Demo stream"
#define MARK "demo-url"

typedef struct {
  UsStoreDone done;
  gpointer user_data;
} Waiting;

struct UsDeskDemo {
  UsDemo *chain; /* nullable: this desk cannot start one */
  char *mark;    /* file with the address of the stream */
  char *folder;  /* nullable */
  char *stream;  /* nullable: id of its stream */
  gboolean may_watch;
  GArray *waiting; /* element-type Waiting */
};

/* Those who wait may ask again at once. */
static void
tell (UsDesk *self, const GError *error) {
  g_autoptr (GArray) waiting = g_steal_pointer (&self->demo->waiting);
  self->demo->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  for (guint i = 0; i < waiting->len; i++) {
    const Waiting *one = &g_array_index (waiting, Waiting, i);
    one->done (error, one->user_data);
  }
}

/* ---- from the chain ---- */

static gboolean
move_stream (UsDesk *self, const UsStreamConfig *known, const char *url, GError **error) {
  g_autoptr (UsStreamConfig) moved = us_stream_config_copy (known);
  const char *pointer;
  g_free (moved->url);
  moved->url = g_strdup (url);
  return us_desk_change_stream (self, moved, "desk", &pointer, error);
}

static gboolean
add_stream (UsDesk *self, const char *url, GError **error) {
  g_autoptr (UsStreamConfig) config = us_stream_config_new ("new", NAME, url);
  const char *pointer;
  const UsStreamConfig *added = us_desk_add_stream (self, config, &pointer, error);
  if (added == NULL)
    return FALSE;
  g_free (self->demo->stream);
  self->demo->stream = g_strdup (added->id);
  return TRUE;
}

static void
on_ready (const char *viewer_url, gpointer data) {
  UsDesk *self = data;
  UsDeskDemo *demo = self->demo;
  const UsStreamConfig *known
      = demo->stream != NULL ? us_roster_find (self->roster, demo->stream) : NULL;
  g_autoptr (GError) error = NULL;
  if (!g_file_set_contents (demo->mark, viewer_url, -1, &error)
      || !(known != NULL ? move_stream (self, known, viewer_url, &error)
                         : add_stream (self, viewer_url, &error)))
    us_demo_stop (demo->chain);
  tell (self, error);
}

static void
on_failed (const GError *error, gpointer data) {
  tell (data, error);
}

static const UsDemoHandler handler = { on_ready, on_failed };

/* ---- life ---- */

void
us_desk_open_demo (UsDesk *self, const UsDeskSettings *settings) {
  const UsDemoSettings *its = &settings->demo;
  UsDeskDemo *demo = g_new0 (UsDeskDemo, 1);
  demo->mark = g_build_filename (settings->state_dir, MARK, NULL);
  demo->folder = g_strdup (its->folder);
  demo->may_watch = settings->monitor.allow_loopback;
  demo->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  self->demo = demo;
  if (its->program != NULL && its->folder != NULL)
    demo->chain = us_demo_new (its, &handler, self);
}

void
us_desk_close_demo (UsDesk *self) {
  UsDeskDemo *demo = self->demo;
  if (demo == NULL)
    return;
  g_autoptr (GError) error
      = g_error_new (US_DEMO_ERROR, US_DEMO_ERROR_FAILED, "This desk is stopping");
  g_clear_pointer (&demo->chain, us_demo_free);
  tell (self, error);
  self->demo = NULL;
  g_array_unref (demo->waiting);
  g_free (demo->mark);
  g_free (demo->folder);
  g_free (demo->stream);
  g_free (demo);
}

/* What a former life left: its chain ended with it. */
void
us_desk_drop_demo (UsDesk *self) {
  g_autofree char *url = NULL;
  if (self->demo->folder != NULL)
    us_folder_remove (self->demo->folder);
  if (!g_file_get_contents (self->demo->mark, &url, NULL, NULL))
    return;
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  for (guint i = 0; i < streams->len; i++) {
    const UsStreamConfig *config = g_ptr_array_index (streams, i);
    g_autoptr (GError) error = NULL;
    if (config->is_own || g_strcmp0 (config->url, url) != 0)
      continue;
    if (!us_desk_remove_stream (self, config->id, "desk", &error))
      us_warning ("the demo stream of before: %s", error->message);
  }
  g_unlink (self->demo->mark);
}

/* @stream: is watched no longer */
void
us_desk_end_demo_of (UsDesk *self, const char *stream) {
  UsDeskDemo *demo = self->demo;
  if (g_strcmp0 (demo->stream, stream) != 0)
    return;
  g_autoptr (GError) error
      = g_error_new (US_DEMO_ERROR, US_DEMO_ERROR_FAILED, "The demo stream was removed meanwhile");
  g_clear_pointer (&demo->stream, g_free);
  g_unlink (demo->mark);
  if (demo->chain != NULL)
    us_demo_stop (demo->chain);
  tell (self, error);
}

/* ---- what is asked ---- */

/**
 * us_desk_start_demo:
 * @done: called once, perhaps from within: without an error when us_desk_get_demo() has a stream;
 *   else with %US_DEMO_ERROR, or why the stream could not be added
 */
void
us_desk_start_demo (UsDesk *self, UsStoreDone done, gpointer user_data) {
  UsDeskDemo *demo = self->demo;
  const Waiting one = { done, user_data };
  if (demo->chain == NULL || !demo->may_watch) {
    g_autoptr (GError) error = g_error_new (
        US_DEMO_ERROR, US_DEMO_ERROR_IMPOSSIBLE, "%s",
        demo->chain == NULL ? "This desk does not know how to start a chain"
                            : "A demo is on this machine, and allow-loopback is false");
    done (error, user_data);
  } else if (us_desk_get_demo (self) != NULL) {
    done (NULL, user_data);
  } else {
    g_array_append_val (demo->waiting, one);
    us_demo_start (demo->chain);
  }
}

/* Returns: (nullable) (transfer none): the id of its stream, while it can be watched */
const char *
us_desk_get_demo (UsDesk *self) {
  const UsDeskDemo *demo = self->demo;
  return demo->chain != NULL && us_demo_is_ready (demo->chain) ? demo->stream : NULL;
}
