/* decoder.c - decodes segments in child processes: pictures, luma, movement, loudness
 *
 * A pool of children (decode-worker.c), started when there is work and ended when there is none for
 * a while. Each has one job at a time: the request is written, the answer read, both asynchronously
 * in the loop of who made the pool; nothing blocks. A child that is not done at its deadline is
 * killed, one that crashes is gone by itself; either way its job fails and the next one starts
 * another child. A child is renewed after MAX_JOBS, so that what decoders leak is bounded.
 *
 * Jobs wait in two queues, bounded in number and bytes. The pool may be freed at any moment: what
 * is under way is killed, and no callback comes any more. A worker outlives the pool only as long
 * as its cancelled reads and writes need to come back.
 */
#define US_LOG_TOPIC "decoder"
#include "monitor/decoder.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "monitor/decode-protocol.h"
#include "monitor/decode-worker.h"

#define MAX_WORKERS 2
#define DEADLINE_MS 5000
#define IDLE_MS 60000
/* Reading the plugins of a machine for the first time takes seconds. */
#define START_MS 30000
#define MAX_JOBS 500
#define MAX_MISSING 8 /* codecs that are told to have no decoder */
/* Children that do not even start: so often in a row, then so long nothing. */
#define MAX_START_FAILURES 3
#define START_PAUSE_US (60 * G_USEC_PER_SEC)

G_DEFINE_QUARK (us_decode_error, us_decode_error)

typedef struct {
  guint id;
  UsDecodeKind kind;
  GBytes *segment, *init; /* second: nullable */
  UsDecodeDone done;      /* nullable: cancelled */
  gpointer user_data;
} Job;

/* Worker: counted: by the pool, and by each read and write under way. */
typedef struct {
  gatomicrefcount n_refs;
  UsDecoder *decoder; /* nullable: gone, or it has nothing to do with this one any more */
  GSubprocess *process;
  GCancellable *cancellable;
  gboolean is_ready;
  guint n_jobs;
  Job *job;                         /* nullable: idle */
  gboolean is_writing, is_answered; /* its job is done when it is answered and written */
  UsDecodeAnswer answer;
  guint8 *payload; /* nullable */
  GSource *timer;  /* its deadline, or the end of its idleness */
} Worker;

/* Write: of one request, kept until the stream is done with it. */
typedef struct {
  Worker *worker;
  GBytes *segment, *init; /* second: nullable */
  UsDecodeRequest request;
  GOutputVector vectors[3];
} Write;

struct UsDecoder {
  char **argv;
  guint max_workers, deadline_ms, idle_ms;
  GPtrArray *workers;                  /* element-type Worker */
  GQueue queues[US_DECODE_WANTED + 1]; /* element-type Job */
  gsize queued_bytes;
  guint last_id;
  guint n_start_failures;
  gint64 paused_until_us;
  GSource *clearing;          /* nothing starts: the jobs that wait fail, one at a time */
  char *missing[MAX_MISSING]; /* what was said of decoders that are not there */
  guint n_missing;
  UsDecoderStats stats;
};

static void refill (UsDecoder *self);

/* ---- jobs ---- */

static gsize
job_size (const Job *job) {
  return g_bytes_get_size (job->segment) + (job->init != NULL ? g_bytes_get_size (job->init) : 0);
}

static void
job_free (Job *job) {
  g_bytes_unref (job->segment);
  g_clear_pointer (&job->init, g_bytes_unref);
  g_free (job);
}

static void
job_end (Job *job, const UsDecoded *decoded, const UsDecodedPicture *picture, const GError *error) {
  if (job->done != NULL)
    job->done (decoded, picture, error, job->user_data);
  job_free (job);
}

static Job *
pop_job (UsDecoder *self) {
  for (int i = US_DECODE_WANTED; i >= US_DECODE_ROUTINE; i--) {
    Job *job = g_queue_pop_head (&self->queues[i]);
    if (job == NULL)
      continue;
    self->queued_bytes -= job_size (job);
    return job;
  }
  return NULL;
}

static guint
count_queued (const UsDecoder *self) {
  return self->queues[US_DECODE_ROUTINE].length + self->queues[US_DECODE_WANTED].length;
}

/* ---- workers ---- */

static Worker *
worker_ref (Worker *worker) {
  g_atomic_ref_count_inc (&worker->n_refs);
  return worker;
}

static void
worker_unref (Worker *worker) {
  if (!g_atomic_ref_count_dec (&worker->n_refs))
    return;
  g_clear_object (&worker->process);
  g_clear_object (&worker->cancellable);
  g_clear_pointer (&worker->job, job_free);
  g_free (worker->payload);
  g_free (worker);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Worker, worker_unref)

/* Takes the worker out of the pool and ends its process. Its reads and writes come back cancelled.
 * Returns: (transfer full) (nullable): the job it had */
static Job *
worker_drop (Worker *worker) {
  UsDecoder *self = worker->decoder;
  Job *job = g_steal_pointer (&worker->job);
  worker->decoder = NULL;
  us_timer_stop (&worker->timer);
  g_cancellable_cancel (worker->cancellable);
  g_subprocess_force_exit (worker->process);
  if (job != NULL)
    self->stats.n_running--;
  g_ptr_array_remove (self->workers, worker);
  return job;
}

/* The child has ended by itself or was killed. */
static void
worker_fail (Worker *worker, UsDecodeError code, const char *why) {
  UsDecoder *self = worker->decoder;
  gboolean has_started = worker->is_ready;
  Job *job = worker_drop (worker);
  g_autoptr (GError) error = g_error_new_literal (US_DECODE_ERROR, (int)code, why);
  self->stats.n_timeouts += code == US_DECODE_ERROR_TIMEOUT;
  self->stats.n_crashes += code == US_DECODE_ERROR_CRASHED;
  if (!has_started && ++self->n_start_failures >= MAX_START_FAILURES) {
    us_warning ("the child that decodes does not start (%s): nothing is decoded for %d s", why,
                (int)(START_PAUSE_US / G_USEC_PER_SEC));
    self->paused_until_us = g_get_monotonic_time () + START_PAUSE_US;
    self->n_start_failures = 0;
  }
  refill (self);
  if (job == NULL)
    return;
  self->stats.n_failed++;
  job_end (job, NULL, NULL, error); /* last: the callback may free the pool */
}

static gboolean
on_deadline (gpointer data) {
  g_autoptr (Worker) worker = worker_ref (data);
  us_timer_stop (&worker->timer);
  worker_fail (worker, US_DECODE_ERROR_TIMEOUT,
               worker->is_ready ? "it could not be decoded in time" : "it did not start in time");
  return G_SOURCE_REMOVE;
}

static gboolean
on_idle (gpointer data) {
  g_autoptr (Worker) worker = worker_ref (data);
  us_timer_stop (&worker->timer);
  worker_drop (worker);
  return G_SOURCE_REMOVE;
}

/* ---- conversation ---- */

static void on_head (GObject *stream, GAsyncResult *result, gpointer data);
static void conclude (Worker *worker);

static void
read_head (Worker *worker) {
  g_input_stream_read_all_async (g_subprocess_get_stdout_pipe (worker->process), &worker->answer,
                                 sizeof worker->answer, G_PRIORITY_DEFAULT, worker->cancellable,
                                 on_head, worker_ref (worker));
}

static void
write_free (Write *write) {
  worker_unref (write->worker);
  g_bytes_unref (write->segment);
  g_clear_pointer (&write->init, g_bytes_unref);
  g_free (write);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Write, write_free)

static void
on_written (GObject *stream, GAsyncResult *result, gpointer data) {
  g_autoptr (Write) write = data;
  Worker *worker = write->worker;
  /* A child that does not read has ended; the read of its answer says so too, once. */
  g_output_stream_writev_all_finish (G_OUTPUT_STREAM (stream), result, NULL, NULL);
  worker->is_writing = FALSE;
  if (worker->decoder != NULL && worker->is_answered)
    conclude (worker);
}

static void
write_job (Worker *worker, const Job *job) {
  Write *write = g_new0 (Write, 1);
  guint n = 0;
  gsize size;
  write->worker = worker_ref (worker);
  write->segment = g_bytes_ref (job->segment);
  write->request = (UsDecodeRequest){ .magic = US_DECODE_MAGIC, .kind = job->kind };
  write->vectors[n++] = (GOutputVector){ &write->request, sizeof write->request };
  if (job->init != NULL && g_bytes_get_size (job->init) > 0) {
    write->init = g_bytes_ref (job->init);
    write->vectors[n].buffer = g_bytes_get_data (write->init, &size);
    write->vectors[n++].size = size;
    write->request.init_size = (guint32)size;
  }
  write->vectors[n].buffer = g_bytes_get_data (write->segment, &size);
  write->vectors[n++].size = size;
  write->request.segment_size = (guint32)size;
  worker->is_writing = TRUE;
  worker->is_answered = FALSE;
  g_output_stream_writev_all_async (g_subprocess_get_stdin_pipe (worker->process), write->vectors,
                                    n, G_PRIORITY_DEFAULT, worker->cancellable, on_written, write);
}

/* Gives the worker its next job, or rest. */
static void
worker_go_on (Worker *worker) {
  UsDecoder *self = worker->decoder;
  Job *job = pop_job (self);
  if (job == NULL) {
    us_timer_start (&worker->timer, self->idle_ms, "decoder-idle", on_idle, worker);
    return;
  }
  worker->job = job;
  worker->n_jobs++;
  self->stats.n_running++;
  us_timer_start (&worker->timer, self->deadline_ms, "decoder-deadline", on_deadline, worker);
  write_job (worker, job);
  read_head (worker);
}

/* What the answer of a job says. Returns: FALSE with US_DECODE_ERROR when it failed */
static gboolean
read_answer (const Worker *worker, UsDecoded *decoded, GError **error) {
  const UsDecodeAnswer *answer = &worker->answer;
  if (answer->status == US_DECODE_STATUS_PICTURE)
    return TRUE;
  if (answer->status == US_DECODE_STATUS_DECODED) {
    memcpy (decoded, worker->payload, sizeof *decoded);
    if (us_decoded_is_valid (decoded))
      return TRUE;
    g_set_error_literal (error, US_DECODE_ERROR, US_DECODE_ERROR_MEDIA,
                         "what was measured makes no sense");
    return FALSE;
  }
  gboolean is_missing = answer->status == US_DECODE_STATUS_NO_DECODER;
  g_autofree char *text = g_utf8_make_valid ((const char *)worker->payload, (gssize)answer->size);
  g_set_error_literal (error, US_DECODE_ERROR,
                       is_missing ? US_DECODE_ERROR_NO_DECODER : US_DECODE_ERROR_MEDIA, text);
  return FALSE;
}

/* Everything else goes on without pictures, and would ask again every few seconds: each codec is
 * named once. */
static void
tell_missing (UsDecoder *self, const GError *error) {
  if (!g_error_matches (error, US_DECODE_ERROR, US_DECODE_ERROR_NO_DECODER)
      || self->n_missing >= MAX_MISSING)
    return;
  for (guint i = 0; i < self->n_missing; i++) {
    if (strcmp (self->missing[i], error->message) == 0)
      return;
  }
  self->missing[self->n_missing++] = g_strdup (error->message);
  us_event (US_LOG_WARNING, US_EVENT_NO_DECODER,
            "no thumbnails and no content checks of such streams: %s", error->message);
}

/* The job is answered and written. */
static void
conclude (Worker *worker) {
  UsDecoder *self = worker->decoder;
  g_autoptr (Worker) kept = worker_ref (worker);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg = NULL;
  UsDecoded decoded;
  Job *job = g_steal_pointer (&worker->job);
  UsDecodedPicture picture = { NULL, worker->answer.width, worker->answer.height };
  gboolean is_picture = worker->answer.status == US_DECODE_STATUS_PICTURE;
  gboolean is_ok = read_answer (worker, &decoded, &error);
  if (is_picture)
    picture.jpeg = jpeg = g_bytes_new (worker->payload, worker->answer.size);
  g_clear_pointer (&worker->payload, g_free);
  us_timer_stop (&worker->timer);
  self->stats.n_running--;
  self->stats.n_done += is_ok;
  self->stats.n_failed += !is_ok;
  if (!is_ok)
    tell_missing (self, error);
  if (worker->n_jobs < MAX_JOBS) {
    worker_go_on (worker);
  } else {
    worker_drop (worker);
    refill (self);
  }
  /* Last: the callback may free the pool. */
  job_end (job, is_ok && !is_picture ? &decoded : NULL, is_picture ? &picture : NULL, error);
}

static void
on_payload (GObject *stream, GAsyncResult *result, gpointer data) {
  g_autoptr (Worker) worker = data;
  gsize n = 0;
  gboolean is_ok = g_input_stream_read_all_finish (G_INPUT_STREAM (stream), result, &n, NULL);
  if (worker->decoder == NULL)
    return;
  if (!is_ok || n != worker->answer.size) {
    worker_fail (worker, US_DECODE_ERROR_CRASHED, "the decoder crashed");
    return;
  }
  worker->is_answered = TRUE;
  if (!worker->is_writing)
    conclude (worker);
}

static void
on_head (GObject *stream, GAsyncResult *result, gpointer data) {
  g_autoptr (Worker) worker = data;
  gsize n = 0;
  gboolean is_ok = g_input_stream_read_all_finish (G_INPUT_STREAM (stream), result, &n, NULL);
  UsDecoder *self = worker->decoder;
  if (self == NULL)
    return;
  const UsDecodeAnswer *answer = &worker->answer;
  gboolean is_valid = is_ok && n == sizeof *answer && us_decode_answer_is_valid (answer)
                      && (answer->status == US_DECODE_STATUS_READY) == !worker->is_ready;
  if (is_valid && worker->is_ready) { /* it may answer what was asked, or that it cannot */
    gboolean is_picture = worker->job->kind == US_DECODE_PICTURE;
    is_valid = answer->status != (is_picture ? US_DECODE_STATUS_DECODED : US_DECODE_STATUS_PICTURE);
  }
  if (!is_valid) {
    worker_fail (worker, US_DECODE_ERROR_CRASHED,
                 worker->is_ready ? "the decoder crashed" : "it ended at once");
    return;
  }
  if (!worker->is_ready) {
    worker->is_ready = TRUE;
    self->n_start_failures = 0;
    us_timer_stop (&worker->timer);
    worker_go_on (worker);
    return;
  }
  worker->payload = g_try_malloc (MAX (answer->size, 1));
  if (worker->payload == NULL) {
    worker_fail (worker, US_DECODE_ERROR_CRASHED, "no memory for its answer");
    return;
  }
  g_input_stream_read_all_async (G_INPUT_STREAM (stream), worker->payload, answer->size,
                                 G_PRIORITY_DEFAULT, worker->cancellable, on_payload,
                                 worker_ref (worker));
}

/* GSubprocess leaves its pipes blocking, and a stream that can be polled is written to first and
 * polled afterwards: a child that does not read would stop the loop. */
static void
unblock_pipes (GSubprocess *process) {
  int in
      = g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (g_subprocess_get_stdin_pipe (process)));
  int out
      = g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (g_subprocess_get_stdout_pipe (process)));
  fcntl (in, F_SETFL, fcntl (in, F_GETFL) | O_NONBLOCK);
  fcntl (out, F_SETFL, fcntl (out, F_GETFL) | O_NONBLOCK);
}

/* Returns: FALSE when no process could be made */
static gboolean
start_worker (UsDecoder *self) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process
      = g_subprocess_newv ((const char *const *)self->argv,
                           G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                               | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                           &error);
  if (process == NULL) {
    us_warning ("the child that decodes cannot be started: %s", error->message);
    self->paused_until_us = g_get_monotonic_time () + START_PAUSE_US;
    return FALSE;
  }
  unblock_pipes (process);
  Worker *worker = g_new0 (Worker, 1);
  g_atomic_ref_count_init (&worker->n_refs);
  worker->decoder = self;
  worker->process = g_steal_pointer (&process);
  worker->cancellable = g_cancellable_new ();
  g_ptr_array_add (self->workers, worker);
  us_timer_start (&worker->timer, START_MS, "decoder-start", on_deadline, worker);
  read_head (worker);
  return TRUE;
}

/* ---- the pool ---- */

/* Nothing can be started: what waits fails, each from the main loop. */
static gboolean
on_clearing (gpointer data) {
  UsDecoder *self = data;
  Job *job = pop_job (self);
  if (count_queued (self) == 0)
    us_timer_stop (&self->clearing);
  if (job == NULL)
    return G_SOURCE_REMOVE;
  self->stats.n_failed++;
  g_autoptr (GError) error = g_error_new_literal (US_DECODE_ERROR, US_DECODE_ERROR_CRASHED,
                                                  "the child that decodes does not start");
  job_end (job, NULL, NULL, error); /* last: the callback may free the pool */
  return G_SOURCE_CONTINUE;
}

static gboolean
is_paused (const UsDecoder *self) {
  return g_get_monotonic_time () < self->paused_until_us;
}

/* Finds somebody for the jobs that wait. */
static void
refill (UsDecoder *self) {
  guint n_starting = 0;
  for (guint i = 0; i < self->workers->len && count_queued (self) > 0; i++) {
    Worker *worker = g_ptr_array_index (self->workers, i);
    n_starting += !worker->is_ready;
    if (!worker->is_ready || worker->job != NULL)
      continue;
    us_timer_stop (&worker->timer);
    worker_go_on (worker);
  }
  while (count_queued (self) > n_starting && self->workers->len < self->max_workers
         && !is_paused (self) && start_worker (self))
    n_starting++;
  if (count_queued (self) > 0 && self->workers->len == 0)
    us_timer_start (&self->clearing, 0, "decoder-clearing", on_clearing, self);
}

/**
 * us_decoder_settings_default:
 */
void
us_decoder_settings_default (UsDecoderSettings *settings) {
  *settings = (UsDecoderSettings){ .max_workers = MAX_WORKERS,
                                   .deadline_ms = DEADLINE_MS,
                                   .idle_ms = IDLE_MS };
}

/**
 * us_decoder_new:
 *
 * Starts no child yet. A child that dies while it is written to must not take this process along:
 * SIGPIPE is ignored from here on, as every daemon of this program has it.
 */
UsDecoder *
us_decoder_new (const UsDecoderSettings *settings) {
  g_return_val_if_fail (settings->max_workers > 0, NULL);

  UsDecoder *self = g_new0 (UsDecoder, 1);
  self->argv
      = settings->argv != NULL ? g_strdupv ((char **)settings->argv) : us_decode_worker_argv (NULL);
  self->max_workers = settings->max_workers;
  self->deadline_ms = settings->deadline_ms;
  self->idle_ms = settings->idle_ms;
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify)worker_unref);
  signal (SIGPIPE, SIG_IGN);
  return self;
}

/**
 * us_decoder_free:
 * @decoder: (transfer full)
 *
 * No callback comes any more.
 */
void
us_decoder_free (UsDecoder *decoder) {
  Job *job;
  us_timer_stop (&decoder->clearing);
  while ((job = pop_job (decoder)) != NULL)
    job_free (job);
  while (decoder->workers->len > 0) {
    job = worker_drop (g_ptr_array_index (decoder->workers, 0));
    g_clear_pointer (&job, job_free);
  }
  g_ptr_array_unref (decoder->workers);
  g_strfreev (decoder->argv);
  for (guint i = 0; i < decoder->n_missing; i++)
    g_free (decoder->missing[i]);
  g_free (decoder);
}

static gboolean
has_room (const UsDecoder *self, UsDecodePriority priority, gsize size) {
  guint n = count_queued (self);
  guint most = priority == US_DECODE_ROUTINE ? self->max_workers : US_DECODE_MAX_QUEUED;
  return n < most && size <= US_DECODE_MAX_BYTES
         && self->queued_bytes + size <= US_DECODE_MAX_QUEUED_BYTES;
}

/**
 * us_decoder_push:
 * @segment: not encrypted; not empty
 * @init: (nullable): its initialisation section
 * @done: called once, later, unless the job is cancelled or the pool freed before
 */
guint
us_decoder_push (UsDecoder *decoder, UsDecodeKind kind, UsDecodePriority priority, GBytes *segment,
                 GBytes *init, UsDecodeDone done, gpointer user_data) {
  gsize size = g_bytes_get_size (segment) + (init != NULL ? g_bytes_get_size (init) : 0);
  if (g_bytes_get_size (segment) == 0 || !has_room (decoder, priority, size)
      || (is_paused (decoder) && decoder->workers->len == 0)) {
    decoder->stats.n_refused++;
    return 0;
  }
  Job *job = g_new0 (Job, 1);
  decoder->last_id = decoder->last_id == G_MAXUINT ? 1 : decoder->last_id + 1;
  *job = (Job){ .id = decoder->last_id,
                .kind = kind,
                .segment = g_bytes_ref (segment),
                .init = init != NULL ? g_bytes_ref (init) : NULL,
                .done = done,
                .user_data = user_data };
  guint id = job->id;
  g_queue_push_tail (&decoder->queues[priority], job);
  decoder->queued_bytes += size;
  refill (decoder);
  return id;
}

/**
 * us_decoder_cancel:
 * @job: 0, or an id whose callback has come already: nothing happens
 *
 * What is being decoded is decoded to its end, and dropped.
 */
void
us_decoder_cancel (UsDecoder *decoder, guint job) {
  for (guint i = 0; i < G_N_ELEMENTS (decoder->queues); i++)
    for (GList *item = decoder->queues[i].head; item != NULL; item = item->next) {
      Job *queued = item->data;
      if (queued->id != job)
        continue;
      g_queue_delete_link (&decoder->queues[i], item);
      decoder->queued_bytes -= job_size (queued);
      job_free (queued);
      return;
    }
  for (guint i = 0; i < decoder->workers->len; i++) {
    Worker *worker = g_ptr_array_index (decoder->workers, i);
    if (worker->job != NULL && worker->job->id == job)
      worker->job->done = NULL;
  }
}

/**
 * us_decoder_get_stats:
 * @stats: (out caller-allocates): gauges, and counts since the start
 */
void
us_decoder_get_stats (const UsDecoder *decoder, UsDecoderStats *stats) {
  *stats = decoder->stats;
  stats->n_workers = decoder->workers->len;
  stats->n_queued = count_queued (decoder);
}
