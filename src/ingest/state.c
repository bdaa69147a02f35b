/* state.c - persisted numbering
 *
 * Owned by the ingest role, main loop only, but for the syncs of `ingest.state`: a disk that is
 * busy would stop the loop, and with it the marks of all streams to both packagers. So the text is
 * made in the loop and written by a thread, one at a time; what changes meanwhile stays dirty for
 * the next flush. Numbers reserved ahead last for US_STATE_BLOCK / 2 segments of that.
 *
 * Two files in the state directory, since two things can
 * die: `ingest.state` (a key file, replaced atomically and synced) survives the machine, and
 * because a sync per segment would be too dear it holds numbers reserved ahead; `ingest.last` (one
 * line of fixed length per stream, overwritten in place, never synced) survives the process and
 * holds the last number that was closed. After a crash of the process numbers therefore go on
 * without a hole, which viewers would notice; after a crash of the machine they jump ahead, but
 * never back.
 *
 * Why the number of a segment that the crash cut in half may be used again: a packager publishes a
 * segment only when it has the mark that closes it, and us_state_note_closed() has written the
 * number before that mark can leave the process. A number above the one in `ingest.last` was thus
 * never published by anybody. For the same reason us_state_return_number() may take back the number
 * of a segment that will never close, and has nothing to write: a crash before or after it finds
 * the same record. If it cannot be written, the file is emptied and counts for nothing.
 *
 * `ingest.last` counts only when it was written under the same kernel boot. A stream nobody
 * remembers starts at the Unix time in seconds: segments last a second or more, so a forgotten
 * numbering can never have been ahead of that. An unwritable directory costs only this memory, so
 * it is reported once and ignored.
 */
#define US_LOG_TOPIC "ingest.state"
#include "ingest/state.h"

#include "base/log.h"
#include "base/names.h"
#include "ingest/name.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define STATE_FILE "ingest.state"
#define LAST_FILE "ingest.last"
#define RECORD_SIZE 192
#define MAX_LAST_BYTES ((US_STATE_MAX_STREAMS + 1) * RECORD_SIZE)

/* One write of `ingest.state`, which outlives the state if the disk makes it wait. */
typedef struct {
  gint n_refs;    /* atomic */
  UsState *state; /* (nullable): in the loop only; gone when the state was freed */
  char *path, *text;
  gsize size;
  GMutex lock; /* of what follows */
  GCond done;
  gboolean is_done;
} Write;

struct UsState {
  const UsClock *clock;
  char *dir; /* nullable: nothing is kept */
  char *boot_id;
  GPtrArray *streams; /* element-type UsStateStream; index = slot of ingest.last */
  int last_fd;
  gboolean is_dirty;
  gboolean is_warned;
  Write *write; /* (nullable): what a thread is at */
};

static void
stream_free (gpointer data) {
  UsStateStream *stream = data;
  g_free (stream->name);
  g_free (stream);
}

static gint64
now_ms (UsState *state) {
  return us_clock_wall_us (state->clock) / 1000;
}

static void
warn_once (UsState *state, const char *action, const char *fault) {
  if (!state->is_warned)
    us_event (US_LOG_WARNING, US_EVENT_STATE_UNSAFE,
              "cannot %s in state directory %s: %s; going on, but segment numbers may jump ahead "
              "after a restart",
              action, state->dir, fault);
  state->is_warned = TRUE;
}

static UsStateStream *
find (UsState *state, const char *name) {
  for (guint i = 0; i < state->streams->len; i++) {
    UsStateStream *stream = state->streams->pdata[i];
    if (strcmp (stream->name, name) == 0)
      return stream;
  }
  return NULL;
}

static UsStateStream *
find_idle_longest (UsState *state) {
  UsStateStream *oldest = NULL;
  for (guint i = 0; i < state->streams->len; i++) {
    UsStateStream *stream = state->streams->pdata[i];
    if (stream->n_users == 0 && (oldest == NULL || stream->active_ms < oldest->active_ms))
      oldest = stream;
  }
  return oldest;
}

static UsStateStream *
add (UsState *state, const char *name) {
  UsStateStream *stream = NULL;
  if (state->streams->len >= US_STATE_MAX_STREAMS)
    stream = find_idle_longest (state);
  if (stream != NULL) {
    guint slot = stream->slot;
    g_free (stream->name);
    *stream = (UsStateStream){ .slot = slot };
  } else {
    stream = g_new0 (UsStateStream, 1);
    stream->slot = state->streams->len;
    g_ptr_array_add (state->streams, stream);
  }
  stream->name = g_strdup (name);
  return stream;
}

/* ------------------------------------------------------------------------------ ingest.last */

static void
format_record (char record[RECORD_SIZE + 1], const char *text) {
  g_snprintf (record, RECORD_SIZE + 1, "%-*.*s\n", RECORD_SIZE - 1, RECORD_SIZE - 1, text);
}

static void
write_record (UsState *state, guint index, const char *text) {
  char record[RECORD_SIZE + 1];
  format_record (record, text);
  if (pwrite (state->last_fd, record, RECORD_SIZE, (off_t)index * RECORD_SIZE) == RECORD_SIZE)
    return;
  warn_once (state, "write " LAST_FILE, g_strerror (errno));
  /* An old record would have numbers used twice after a crash; none only makes them jump. */
  if (ftruncate (state->last_fd, 0) != 0)
    us_warning ("cannot empty " LAST_FILE " either: %s", g_strerror (errno));
  close (state->last_fd);
  state->last_fd = -1;
}

static void
remember (UsState *state, UsStateStream *stream) {
  stream->active_ms = now_ms (state);
  if (state->last_fd < 0)
    return;
  g_autofree char *text = g_strdup_printf (
      "%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %u %" G_GINT64_FORMAT,
      stream->name, stream->closed, stream->epoch, stream->discontinuity, stream->target_duration_s,
      stream->active_ms);
  write_record (state, stream->slot + 1, text);
}

static gboolean
parse_number (const char *text, guint64 *number) {
  return g_ascii_string_to_unsigned (text, 10, 0, US_STATE_MAX_NUMBER, number, NULL);
}

static void
load_record (UsState *state, const char *record) {
  g_autofree char *text = g_strchomp (g_strndup (record, RECORD_SIZE));
  g_auto (GStrv) words = g_strsplit (text, " ", 7);
  guint64 values[5];
  if (g_strv_length (words) != 6 || !us_stream_name_is_valid (words[0], NULL))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    if (!parse_number (words[i + 1], &values[i]))
      return;
  }
  UsStateStream *stream = find (state, words[0]);
  if (stream == NULL)
    stream = add (state, words[0]);
  if (values[0] > 0)
    stream->number = stream->closed = values[0];
  stream->epoch = MAX (stream->epoch, values[1]);
  stream->discontinuity = MAX (stream->discontinuity, values[2]);
  stream->target_duration_s = (guint)MIN (values[3], G_MAXUINT16);
  stream->active_ms = (gint64)values[4];
  stream->reserved = MAX (stream->reserved, stream->number);
  stream->is_exact = stream->closed > 0;
}

static void
load_last (UsState *state) {
  g_autofree char *path = g_build_filename (state->dir, LAST_FILE, NULL);
  state->last_fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (state->last_fd < 0) {
    warn_once (state, "open " LAST_FILE, g_strerror (errno));
    return;
  }
  g_autofree char *text = g_malloc0 (MAX_LAST_BYTES + 1);
  gssize size = pread (state->last_fd, text, MAX_LAST_BYTES, 0);
  g_autofree char *head = g_strdup_printf ("boot %s", state->boot_id);
  if (size >= RECORD_SIZE && g_str_has_prefix (text, head)) {
    for (gssize at = RECORD_SIZE; at + RECORD_SIZE <= size; at += RECORD_SIZE)
      load_record (state, text + at);
  }
  if (ftruncate (state->last_fd, 0) != 0)
    warn_once (state, "truncate " LAST_FILE, g_strerror (errno));
  write_record (state, 0, head);
  for (guint i = 0; i < state->streams->len; i++) {
    UsStateStream *stream = state->streams->pdata[i];
    gint64 active_ms = stream->active_ms;
    if (stream->is_exact)
      remember (state, stream);
    stream->active_ms = active_ms;
  }
}

/* ----------------------------------------------------------------------------- ingest.state */

/* 0 for anything that is not a number, or none that can have been written here. */
static guint64
get_number (GKeyFile *file, const char *group, const char *key) {
  g_autofree char *text = g_key_file_get_value (file, group, key, NULL);
  guint64 number = 0;
  return text != NULL && parse_number (text, &number) ? number : 0;
}

static void
load_group (UsState *state, GKeyFile *file, const char *group, gboolean is_clean) {
  const char *name = group + strlen ("stream ");
  if (!us_stream_name_is_valid (name, NULL) || find (state, name) != NULL)
    return;
  UsStateStream *stream = add (state, name);
  stream->reserved = get_number (file, group, "reserved");
  stream->epoch = get_number (file, group, "epoch");
  stream->discontinuity = get_number (file, group, "discontinuity");
  stream->target_duration_s = (guint)MIN (get_number (file, group, "target-duration"), G_MAXUINT16);
  stream->active_ms = (gint64)get_number (file, group, "active");
  stream->number = stream->reserved;
  stream->is_exact = is_clean && stream->reserved > 0;
  stream->closed = stream->is_exact ? stream->number : 0;
}

static void
load_state (UsState *state) {
  g_autofree char *path = g_build_filename (state->dir, STATE_FILE, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error)) {
    if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      return;
    if (error->domain != G_KEY_FILE_ERROR) {
      warn_once (state, "read " STATE_FILE, error->message);
      return;
    }
    g_autofree char *aside = g_strconcat (path, ".corrupt", NULL);
    (void)g_rename (path, aside);
    us_event (US_LOG_WARNING, US_EVENT_STATE_UNSAFE,
              "cannot read %s: %s; kept as %s, starting without memory", path, error->message,
              aside);
    return;
  }
  gboolean is_clean = g_key_file_get_boolean (file, "ingest", "clean", NULL);
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++) {
    if (g_str_has_prefix (groups[i], "stream "))
      load_group (state, file, groups[i], is_clean);
  }
}

static char *
format_state (UsState *state, gboolean is_clean, gsize *size) {
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_key_file_set_boolean (file, "ingest", "clean", is_clean);
  for (guint i = 0; i < state->streams->len; i++) {
    UsStateStream *stream = state->streams->pdata[i];
    g_autofree char *group = g_strconcat ("stream ", stream->name, NULL);
    g_key_file_set_uint64 (file, group, "reserved", is_clean ? stream->number : stream->reserved);
    g_key_file_set_uint64 (file, group, "epoch", stream->epoch);
    g_key_file_set_uint64 (file, group, "discontinuity", stream->discontinuity);
    g_key_file_set_uint64 (file, group, "target-duration", stream->target_duration_s);
    g_key_file_set_int64 (file, group, "active", stream->active_ms);
  }
  return g_key_file_to_data (file, size, NULL);
}

static Write *
write_new (UsState *state, gboolean is_clean) {
  Write *write = g_new0 (Write, 1);
  write->n_refs = 1;
  write->state = state;
  write->path = g_build_filename (state->dir, STATE_FILE, NULL);
  write->text = format_state (state, is_clean, &write->size);
  g_mutex_init (&write->lock);
  g_cond_init (&write->done);
  return write;
}

static void
write_unref (gpointer data) {
  Write *write = data;
  if (!g_atomic_int_dec_and_test (&write->n_refs))
    return;
  g_mutex_clear (&write->lock);
  g_cond_clear (&write->done);
  g_free (write->path);
  g_free (write->text);
  g_free (write);
}

static gboolean
carry_out (const Write *write, GError **error) {
  return g_file_set_contents_full (write->path, write->text, (gssize)write->size,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                   0600, error);
}

static void
write_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable) {
  Write *write = task_data;
  GError *error = NULL;
  if (carry_out (write, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_mutex_lock (&write->lock);
  write->is_done = TRUE;
  g_cond_signal (&write->done);
  g_mutex_unlock (&write->lock);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data) {
  Write *write = g_task_get_task_data (G_TASK (result));
  UsState *state = write->state;
  g_autoptr (GError) error = NULL;
  if (!g_task_propagate_boolean (G_TASK (result), &error) && state != NULL)
    warn_once (state, "write " STATE_FILE, error->message);
  if (state != NULL)
    g_clear_pointer (&state->write, write_unref);
}

static void
save_in_thread (UsState *state) {
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_written, NULL);
  state->write = write_new (state, FALSE);
  g_atomic_int_inc (&state->write->n_refs);
  g_task_set_task_data (task, state->write, write_unref);
  g_task_run_in_thread (task, write_in_thread);
}

/* For good, behind a write that is still under way. */
static void
save_at_end (UsState *state) {
  if (state->write != NULL) {
    g_mutex_lock (&state->write->lock);
    while (!state->write->is_done)
      g_cond_wait (&state->write->done, &state->write->lock);
    g_mutex_unlock (&state->write->lock);
    state->write->state = NULL;
    g_clear_pointer (&state->write, write_unref);
  }
  g_autoptr (GError) error = NULL;
  Write *write = write_new (state, TRUE);
  if (!carry_out (write, &error))
    warn_once (state, "write " STATE_FILE, error->message);
  write_unref (write);
}

/* ------------------------------------------------------------------------------------ public */

/**
 * us_state_new:
 * @dir: (nullable): directory for the two files, made when missing; %NULL keeps nothing
 * @clock: clock that outlives the state
 *
 * Never fails: what cannot be read or written is logged, and numbering goes on without it.
 *
 * Returns: (transfer full): the memory of all streams
 */
UsState *
us_state_new (const char *dir, const UsClock *clock) {
  UsState *state = g_new0 (UsState, 1);
  state->clock = clock;
  state->dir = g_strdup (dir);
  state->last_fd = -1;
  state->streams = g_ptr_array_new_with_free_func (stream_free);
  if (dir == NULL)
    return state;
  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &state->boot_id, NULL, NULL))
    state->boot_id = g_strdup ("unknown");
  g_strchomp (state->boot_id);
  if (g_mkdir_with_parents (dir, 0700) != 0)
    warn_once (state, "create files", g_strerror (errno));
  load_state (state);
  load_last (state);
  return state;
}

/**
 * us_state_open:
 * @state: the memory
 * @name: a valid stream name
 *
 * Returns: (transfer none): the stream's memory, kept from being forgotten until us_state_close()
 */
UsStateStream *
us_state_open (UsState *state, const char *name) {
  UsStateStream *stream = find (state, name);
  if (stream == NULL)
    stream = add (state, name);
  stream->n_users++;
  return stream;
}

/**
 * us_state_close:
 * @state: the memory
 * @stream: from us_state_open()
 */
void
us_state_close (UsState *state, UsStateStream *stream) {
  g_return_if_fail (stream->n_users > 0);
  stream->n_users--;
}

/**
 * us_state_take_number:
 * @state: the memory
 * @stream: a stream
 *
 * Returns: the next segment number, greater than any before, over all restarts
 */
guint64
us_state_take_number (UsState *state, UsStateStream *stream) {
  guint64 unix_s = (guint64)MAX (us_clock_wall_us (state->clock) / G_USEC_PER_SEC, 1);
  guint64 next = stream->is_exact ? stream->number + 1 : MAX (stream->reserved + 1, unix_s);
  stream->number = next;
  stream->is_exact = TRUE;
  if (next + US_STATE_BLOCK / 2 > stream->reserved) {
    stream->reserved = next + US_STATE_BLOCK;
    state->is_dirty = TRUE;
  }
  remember (state, stream);
  return next;
}

/**
 * us_state_lower_number:
 * @state: the memory
 * @stream: a stream
 * @number: less than the one it took last, which nobody has heard of
 */
void
us_state_lower_number (UsState *state, UsStateStream *stream, guint64 number) {
  g_return_if_fail (number < stream->number);
  stream->number = number;
  remember (state, stream);
}

/**
 * us_state_return_number:
 * @stream: a stream
 * @number: the number it took last, of a segment that will never be closed
 *
 * The next us_state_take_number() hands it out again, so that numbers stay without a hole. A number
 * that anybody may have published, or that is not the last any more, is not taken back.
 */
void
us_state_return_number (UsStateStream *stream, guint64 number) {
  if (stream->number == number && stream->closed > 0 && stream->closed < number)
    stream->number--;
}

/**
 * us_state_note_closed:
 * @state: the memory
 * @stream: a stream; the last number it took belongs to a segment that is whole now
 *
 * To be called before anybody is told: after a crash numbers go on behind this one.
 */
void
us_state_note_closed (UsState *state, UsStateStream *stream) {
  stream->closed = stream->number;
  remember (state, stream);
}

/**
 * us_state_take_epoch:
 * @state: the memory
 * @stream: a stream
 *
 * Returns: a new epoch id: Unix milliseconds, but always above the last one
 */
guint64
us_state_take_epoch (UsState *state, UsStateStream *stream) {
  stream->epoch = MAX ((guint64)MAX (now_ms (state), 1), stream->epoch + 1);
  state->is_dirty = TRUE;
  remember (state, stream);
  return stream->epoch;
}

/**
 * us_state_raise_number:
 * @state: the memory
 * @stream: a stream
 * @number: a number known to have been used, for example one a packager holds
 *
 * The next number will be greater than @number, even when the memory was lost.
 */
void
us_state_raise_number (UsState *state, UsStateStream *stream, guint64 number) {
  if (number <= stream->number)
    return;
  stream->number = stream->closed = number;
  stream->is_exact = TRUE;
  stream->reserved = MAX (stream->reserved, number + US_STATE_BLOCK);
  state->is_dirty = TRUE;
  remember (state, stream);
}

/**
 * us_state_count_discontinuity:
 * @state: the memory
 * @stream: a stream
 *
 * Kept for good by the us_state_note_closed() of the same segment, so that a crash between the two
 * counts nothing twice.
 *
 * Returns: the discontinuity number of the segment that has just become discontinuous
 */
guint64
us_state_count_discontinuity (UsState *state, UsStateStream *stream) {
  stream->discontinuity++;
  state->is_dirty = TRUE;
  return stream->discontinuity;
}

/**
 * us_state_set_target_duration:
 * @state: the memory
 * @stream: a stream
 * @seconds: its EXT-X-TARGETDURATION from now on
 */
void
us_state_set_target_duration (UsState *state, UsStateStream *stream, guint seconds) {
  stream->target_duration_s = seconds;
  state->is_dirty = TRUE;
  remember (state, stream);
}

/**
 * us_state_get_target_duration:
 * @state: the memory
 * @stream: a stream
 *
 * Returns: the stream's target duration, or 0 when none is fixed or when there was no input for
 *   %US_STATE_TARGET_KEPT_S, after which no viewer holds the old playlist any more
 */
guint
us_state_get_target_duration (UsState *state, UsStateStream *stream) {
  if (now_ms (state) - stream->active_ms > US_STATE_TARGET_KEPT_S * 1000ll)
    stream->target_duration_s = 0;
  return stream->target_duration_s;
}

/**
 * us_state_is_dirty:
 * @state: the memory
 *
 * Returns: %TRUE when us_state_flush() should be called within about a second; it stays so while
 *   an earlier one is at work
 */
gboolean
us_state_is_dirty (UsState *state) {
  return state->is_dirty;
}

/**
 * us_state_flush:
 * @state: the memory
 *
 * Lets a thread write and sync, unless it is still at it; reserves numbers ahead for every stream
 * in use, so that many streams cost no more writes than one.
 */
void
us_state_flush (UsState *state) {
  if (state->write != NULL)
    return;
  state->is_dirty = FALSE;
  if (state->dir == NULL)
    return;
  for (guint i = 0; i < state->streams->len; i++) {
    UsStateStream *stream = state->streams->pdata[i];
    if (stream->n_users > 0 && stream->number > 0)
      stream->reserved = MAX (stream->reserved, stream->number + US_STATE_BLOCK);
  }
  save_in_thread (state);
}

/**
 * us_state_is_writing:
 * @state: the memory
 *
 * Returns: whether what us_state_flush() began is still under way
 */
gboolean
us_state_is_writing (UsState *state) {
  return state->write != NULL;
}

/**
 * us_state_free:
 * @state: the memory; written out as cleanly ended, before the call returns
 */
void
us_state_free (UsState *state) {
  if (state->dir != NULL)
    save_at_end (state);
  if (state->last_fd >= 0)
    close (state->last_fd);
  g_ptr_array_unref (state->streams);
  g_free (state->boot_id);
  g_free (state->dir);
  g_free (state);
}
