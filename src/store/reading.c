/* reading.c - a thread for what takes long to read
 *
 * Three months of minutes are a hundred thousand rows: gathering them takes longer than a main loop
 * may stand still. One thread carries such reads out, in order, on a connection of its own, through
 * a view of the store that has nothing but this connection; the outcomes are told in the owner's
 * main context. Owned by the store; ends with us_reading_free(), which waits for the read under way
 * and gives the others up.
 */
#include "store/store-private.h"

#define WAIT_FOR_WRITES_MS 200

typedef struct {
  UsStoreRead read;
  UsStoreDone done;
  gpointer user_data;
  GError *error;
} Job;

struct UsReading {
  GThreadPool *pool; /* of one thread */
  UsOutcomes *outcomes;
  UsWriter *writer; /* outlives it */
  UsStore view;     /* the thread's, while there is one */
  gint is_ending;   /* atomic */
};

static void
tell (const GError *error, gpointer user_data) {
  Job *job = user_data;
  job->done (error, job->user_data);
  g_clear_error (&job->error);
  g_free (job);
}

/* In the thread. */
static gboolean
carry_out (UsReading *reading, const Job *job, GError **error) {
  UsStore *view = &reading->view;
  if (g_atomic_int_get (&reading->is_ending)) {
    g_set_error_literal (error, US_STORE_ERROR, US_STORE_ERROR_READ,
                         "the store was closed before it was read");
    return FALSE;
  }
  us_writer_flush (reading->writer, WAIT_FOR_WRITES_MS);
  guint generation = us_writer_get_generation (reading->writer);
  if (generation != view->generation)
    g_clear_pointer (&view->reader, us_database_free);
  if (view->reader == NULL) {
    view->reader = us_database_open (view->path, US_DATABASE_READER, view->vfs, error);
    view->generation = generation;
  }
  return view->reader != NULL && job->read (view, job->user_data, error);
}

static void
run (gpointer data, gpointer user_data) {
  UsReading *reading = user_data;
  Job *job = data;
  if (!carry_out (reading, job, &job->error) && job->error == NULL)
    g_set_error_literal (&job->error, US_STORE_ERROR, US_STORE_ERROR_READ, "it cannot be read");
  if (g_error_matches (job->error, US_STORE_ERROR, US_STORE_ERROR_CORRUPT))
    us_writer_suspect (reading->writer);
  us_outcomes_add (reading->outcomes, tell, job, job->error);
}

/**
 * us_reading_new:
 * @writer: outlives it
 * @path: of the database
 * @vfs: (nullable): SQLite's layer of system calls
 *
 * Outcomes will be told in the thread-default main context of now.
 */
UsReading *
us_reading_new (UsWriter *writer, const char *path, const char *vfs) {
  UsReading *reading = g_new0 (UsReading, 1);
  reading->writer = writer;
  reading->outcomes = us_outcomes_new (g_main_context_get_thread_default ());
  reading->view = (UsStore){ .path = g_strdup (path), .vfs = g_strdup (vfs), .lock_fd = -1 };
  reading->pool = g_thread_pool_new (run, reading, 1, FALSE, NULL);
  return reading;
}

/* See us_store_read_async(). */
void
us_reading_add (UsReading *reading, UsStoreRead read, UsStoreDone done, gpointer user_data) {
  Job *job = g_new0 (Job, 1);
  job->read = read;
  job->done = done;
  job->user_data = user_data;
  g_thread_pool_push (reading->pool, job, NULL);
}

/* @reading: (transfer full). Every @done that is due is called before this returns. */
void
us_reading_free (UsReading *reading) {
  g_atomic_int_set (&reading->is_ending, TRUE);
  g_thread_pool_free (reading->pool, FALSE, TRUE);
  us_outcomes_close (reading->outcomes);
  us_outcomes_unref (reading->outcomes);
  g_clear_pointer (&reading->view.reader, us_database_free);
  g_free (reading->view.path);
  g_free (reading->view.vfs);
  g_free (reading);
}
