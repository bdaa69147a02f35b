/* writer.c - one thread that writes, and the queue before it
 *
 * The owner of the store pushes writes and never waits for the disk; the thread takes them in
 * order, batch by batch (us_pace_decide() says when), and tells the outcomes in the owner's main
 * context. What a full or broken disk refuses goes back to the head of the queue and is tried again
 * with growing delays. Between the writes it carries retention on.
 *
 * The struct belongs to both: the owner's reference ends in us_writer_stop(), the thread's with the
 * thread. A thread that hangs in the kernel, on a disk that does not answer, is left behind at the
 * end; nobody is called by it any more.
 */
#define US_LOG_TOPIC "store.writer"
#include "store/writer.h"

#include "store/pace.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/names.h"

#define BATCH_BYTES ((gsize)8 * 1024 * 1024)
#define TIDY_US ((gint64)60 * G_USEC_PER_SEC) /* between two passes of retention */
#define TIDY_PAUSE_US ((gint64)5 * 1000)      /* between two steps of one */
#define TOO_MANY "too many writes wait for the disk"
#define HANG_MS 3000 /* beyond the grace; a transaction that takes longer hangs */

static const UsBackoff retry_backoff = { .first_ms = 200, .step_ms = 500, .cap_ms = 15000 };

struct UsWriter {
  UsOutcomes *outcomes;
  UsOutcomeFunc trouble;
  gpointer user_data;
  const UsClock *clock;

  UsCommitter *committer; /* these three: the thread's */
  UsRetention *retention;
  UsRetentionClock retention_clock;
  GThread *thread; /* the owner's */

  GMutex lock;  /* protects all below; taken before the lock of the outcomes */
  GCond wake;   /* there is something to do */
  GCond settle; /* writes were settled, or the thread ended */
  UsWriteQueue queue;
  guint64 urgent_order;  /* somebody waits for this one and all before it */
  guint64 stalled_order; /* of the oldest write, when somebody waited for it in vain */
  gint64 retry_us, tidy_us, stop_us;
  guint n_failures;
  guint generation;
  gboolean is_suspect, is_stopping, is_ended;
  UsStoreStats stats;
};

static void
writer_clear (gpointer data) {
  UsWriter *writer = data;
  UsWrite *write;

  while ((write = us_write_queue_pop (&writer->queue)) != NULL) /* of a thread left behind */
    us_write_free (write);
  g_clear_pointer (&writer->outcomes, us_outcomes_unref);
  g_clear_pointer (&writer->retention, us_retention_free);
  g_mutex_clear (&writer->lock);
  g_cond_clear (&writer->wake);
  g_cond_clear (&writer->settle);
}

/* ---- outcomes; with the lock held ---- */

static void
tell (UsWriter *writer, UsWrite *write, const GError *error) {
  guint n = write->kind != US_WRITE_MARK; /* which writes nothing */
  if (error != NULL)
    writer->stats.n_dropped += n;
  else
    writer->stats.n_written += n;
  if (write->done != NULL)
    us_outcomes_add (writer->outcomes, write->done, write->user_data, error);
  us_write_free (write);
}

static void
tell_given_up (UsWriter *writer, GQueue *writes, int code, const char *reason) {
  g_autoptr (GError) error = g_error_new_literal (US_STORE_ERROR, code, reason);
  while (writes->head != NULL) {
    UsWrite *write = writes->head->data;
    g_queue_unlink (writes, &write->link);
    tell (writer, write, error);
  }
}

static void
fail (UsWriter *writer, const GError *error) {
  writer->n_failures++;
  writer->retry_us = g_get_monotonic_time ()
                     + (gint64)us_backoff_delay_ms (&retry_backoff, writer->n_failures, 0) * 1000;
  if (writer->stats.is_failing)
    return;
  writer->stats.is_failing = TRUE;
  us_event (US_LOG_ERROR, US_EVENT_STORE_TROUBLE, "%s; kept in memory and tried again",
            error->message);
  us_outcomes_add (writer->outcomes, writer->trouble, writer->user_data, error);
}

static void
recover (UsWriter *writer) {
  writer->n_failures = 0;
  if (!writer->stats.is_failing)
    return;
  writer->stats.is_failing = FALSE;
  us_event (US_LOG_NOTICE, US_EVENT_STORE_RECOVERED,
            "the database is written again; %" G_GUINT64_FORMAT
            " writes were dropped since the start",
            writer->stats.n_dropped);
  us_outcomes_add (writer->outcomes, writer->trouble, writer->user_data, NULL);
}

/* ---- the thread; with the lock held, but for the disk's time ---- */

static void
settle (UsWriter *writer) {
  UsWrite *write;

  writer->stats.n_transactions++;
  recover (writer);
  while ((write = us_write_queue_settle (&writer->queue)) != NULL) {
    if (write->error == NULL)
      us_retention_note (writer->retention, write);
    else
      us_warning ("a write was given up: %s", write->error->message);
    if (write->kind == US_WRITE_REMOVAL)
      writer->tidy_us = g_get_monotonic_time ();
    tell (writer, write, write->error);
  }
}

/* A failure of something other than a write: one to try again, so that success is noticed. */
static void
fail_and_probe (UsWriter *writer, const GError *error) {
  GQueue evicted = G_QUEUE_INIT;
  UsWrite *write = us_write_new_barrier ();

  fail (writer, error);
  write->queued_us = g_get_monotonic_time ();
  us_write_queue_push (&writer->queue, write, &evicted);
  tell_given_up (writer, &evicted, US_STORE_ERROR_FULL, TOO_MANY);
}

static void
do_write (UsWriter *writer) {
  g_autoptr (GError) error = NULL;
  us_write_queue_take (&writer->queue, US_PACE_BATCH, BATCH_BYTES);

  /* The owner's thread leaves `taken` alone. */
  g_mutex_unlock (&writer->lock);
  gboolean is_written = us_committer_commit (writer->committer, &writer->queue.taken, &error);
  guint generation = us_committer_get_generation (writer->committer);
  g_mutex_lock (&writer->lock);

  writer->generation = generation;
  if (is_written) {
    settle (writer);
  } else {
    us_write_queue_put_back (&writer->queue);
    fail (writer, error);
  }
  g_cond_broadcast (&writer->settle);
  if (!is_written)
    return;

  g_mutex_unlock (&writer->lock);
  gboolean is_checkpointed = us_committer_checkpoint (writer->committer, &error);
  generation = us_committer_get_generation (writer->committer);
  g_mutex_lock (&writer->lock);
  writer->generation = generation;
  if (!is_checkpointed)
    fail_and_probe (writer, error);
}

static void
do_tidy (UsWriter *writer) {
  g_autoptr (GError) error = NULL;

  g_mutex_unlock (&writer->lock);
  if (!us_retention_is_under_way (writer->retention)) {
    gint64 wall_us = us_clock_wall_us (writer->clock);
    gboolean may_expire = us_retention_clock_look (&writer->retention_clock, wall_us,
                                                   us_clock_monotonic_us (writer->clock));
    us_retention_begin (writer->retention, wall_us, may_expire);
  }
  gboolean is_done = us_committer_tidy (writer->committer, writer->retention, &error)
                     && us_committer_checkpoint (writer->committer, &error);
  gboolean is_more = is_done && us_retention_is_under_way (writer->retention);
  guint generation = us_committer_get_generation (writer->committer);
  g_mutex_lock (&writer->lock);

  writer->generation = generation;
  writer->tidy_us = g_get_monotonic_time () + (is_more ? TIDY_PAUSE_US : TIDY_US);
  if (!is_done)
    fail_and_probe (writer, error);
  g_cond_broadcast (&writer->settle);
}

static void
do_check (UsWriter *writer) {
  g_autoptr (GError) error = NULL;

  writer->is_suspect = FALSE;
  g_mutex_unlock (&writer->lock);
  gboolean is_whole = us_committer_check (writer->committer, &error);
  guint generation = us_committer_get_generation (writer->committer);
  g_mutex_lock (&writer->lock);

  writer->generation = generation;
  if (!is_whole)
    fail_and_probe (writer, error);
  g_cond_broadcast (&writer->settle);
}

static UsPace
decide (UsWriter *writer, gint64 *until_us) {
  const UsWrite *first = writer->queue.all.head != NULL ? writer->queue.all.head->data : NULL;
  UsPaceFacts facts = {
    .now_us = g_get_monotonic_time (),
    .n_waiting = writer->queue.all.length,
    .first_us = first != NULL ? first->queued_us : 0,
    .is_urgent = first != NULL && first->order <= writer->urgent_order,
    .is_failing = writer->stats.is_failing,
    .retry_us = writer->retry_us,
    .tidy_us = writer->tidy_us,
    .is_stopping = writer->is_stopping,
    .stop_us = writer->stop_us,
  };
  return us_pace_decide (&facts, until_us);
}

static void
work (UsWriter *writer) {
  while (TRUE) {
    gint64 until_us;
    if (writer->is_suspect)
      do_check (writer);
    switch (decide (writer, &until_us)) {
    case US_PACE_WRITE:
      do_write (writer);
      break;
    case US_PACE_TIDY:
      do_tidy (writer);
      break;
    case US_PACE_STOP:
      return;
    case US_PACE_WAIT:
    default:
      g_cond_wait_until (&writer->wake, &writer->lock, until_us);
    }
  }
}

static gpointer
run (gpointer data) {
  UsWriter *writer = data;

  g_mutex_lock (&writer->lock);
  work (writer);
  g_mutex_unlock (&writer->lock);

  /* The last checkpoint; then others may have the file. */
  g_clear_pointer (&writer->committer, us_committer_free);

  g_mutex_lock (&writer->lock);
  writer->is_ended = TRUE;
  g_cond_broadcast (&writer->settle);
  g_mutex_unlock (&writer->lock);
  g_atomic_rc_box_release_full (writer, writer_clear);
  return NULL;
}

/* ---- the owner ---- */

/**
 * us_writer_new:
 * @committer: (transfer full): what writes
 * @trouble: called in the present main context when writing begins to fail, and without an error
 *   when it works again
 */
UsWriter *
us_writer_new (UsCommitter *committer, const UsStoreSettings *settings, const UsClock *clock,
               UsOutcomeFunc trouble, gpointer user_data) {
  UsWriter *writer = g_atomic_rc_box_new0 (UsWriter);
  writer->outcomes = us_outcomes_new (g_main_context_get_thread_default ());
  writer->trouble = trouble;
  writer->user_data = user_data;
  writer->clock = clock;
  writer->committer = committer;
  writer->retention = us_retention_new (settings);
  us_retention_clock_init (&writer->retention_clock, us_clock_wall_us (clock),
                           us_clock_monotonic_us (clock));
  g_mutex_init (&writer->lock);
  g_cond_init (&writer->wake);
  g_cond_init (&writer->settle);
  us_write_queue_init (&writer->queue, US_STORE_MAX_PENDING, US_QUEUE_MAX_BYTES);
  writer->tidy_us = g_get_monotonic_time () + TIDY_US;
  writer->thread = g_thread_new ("us-store", run, g_atomic_rc_box_acquire (writer));
  return writer;
}

/**
 * us_writer_push:
 * @write: (transfer full): what to write
 * @done: (nullable): called once, in the owner's main context or in us_writer_stop()
 */
void
us_writer_push (UsWriter *writer, UsWrite *write, UsStoreDone done, gpointer user_data) {
  GQueue evicted = G_QUEUE_INIT;

  write->done = done;
  write->user_data = user_data;
  write->queued_us = g_get_monotonic_time ();
  g_mutex_lock (&writer->lock);
  us_write_queue_push (&writer->queue, write, &evicted);
  if (done != NULL)
    writer->urgent_order = writer->queue.last_order;
  tell_given_up (writer, &evicted, US_STORE_ERROR_FULL, TOO_MANY);
  /* The thread sleeps until the first one's time; the others need not wake it. */
  if (done != NULL || writer->queue.all.length == 1 || writer->queue.all.length == US_PACE_BATCH)
    g_cond_signal (&writer->wake);
  g_mutex_unlock (&writer->lock);
}

/* Waits until what was pushed is in the database; not while that fails, and for a disk that hangs
 * only once. Not in a main loop. */
void
us_writer_flush (UsWriter *writer, guint timeout_ms) {
  gint64 until_us = g_get_monotonic_time () + (gint64)timeout_ms * 1000;

  g_mutex_lock (&writer->lock);
  guint64 order = writer->queue.last_order;
  gboolean is_in_time = us_write_queue_oldest (&writer->queue) != writer->stalled_order;
  if (us_write_queue_oldest (&writer->queue) <= order && is_in_time) {
    writer->urgent_order = order;
    g_cond_signal (&writer->wake);
  }
  while (us_write_queue_oldest (&writer->queue) <= order && is_in_time && !writer->stats.is_failing)
    is_in_time = g_cond_wait_until (&writer->settle, &writer->lock, until_us);
  if (!is_in_time)
    writer->stalled_order = us_write_queue_oldest (&writer->queue);
  g_mutex_unlock (&writer->lock);
}

/* Whether nothing waits, or waiting is of no use: writing fails, or the disk hangs. */
gboolean
us_writer_is_settled (UsWriter *writer) {
  g_mutex_lock (&writer->lock);
  guint64 oldest = us_write_queue_oldest (&writer->queue);
  gboolean is_settled = oldest == G_MAXUINT64 || writer->stats.is_failing
                        || (writer->stalled_order != 0 && oldest == writer->stalled_order);
  g_mutex_unlock (&writer->lock);
  return is_settled;
}

/* A reader met a damaged page. */
void
us_writer_suspect (UsWriter *writer) {
  g_mutex_lock (&writer->lock);
  writer->is_suspect = TRUE;
  g_cond_signal (&writer->wake);
  g_mutex_unlock (&writer->lock);
}

/* Rises when a new file took the place of a damaged one. */
guint
us_writer_get_generation (UsWriter *writer) {
  g_mutex_lock (&writer->lock);
  guint generation = writer->generation;
  g_mutex_unlock (&writer->lock);
  return generation;
}

void
us_writer_get_stats (UsWriter *writer, UsStoreStats *stats) {
  g_mutex_lock (&writer->lock);
  *stats = writer->stats;
  stats->n_pending = us_write_queue_length (&writer->queue);
  g_mutex_unlock (&writer->lock);
}

/* With the lock held. What a hanging thread has taken is the thread's to free; whoever waits for it
 * hears that it is not known to be written. */
static void
abandon (UsWriter *writer) {
  g_autoptr (GError) error = g_error_new_literal (US_STORE_ERROR, US_STORE_ERROR_WRITE,
                                                  "the disk did not answer in time");
  for (GList *link = writer->queue.taken.head; link != NULL; link = link->next) {
    const UsWrite *write = link->data;
    if (write->done != NULL)
      us_outcomes_add (writer->outcomes, write->done, write->user_data, error);
  }
}

static void
give_up_waiting (UsWriter *writer) {
  GQueue left = G_QUEUE_INIT;
  UsWrite *write;

  while ((write = us_write_queue_pop (&writer->queue)) != NULL)
    g_queue_push_tail_link (&left, &write->link);
  if (left.length > 0)
    us_warning ("%u writes could not be brought to disk before the end", left.length);
  tell_given_up (writer, &left, US_STORE_ERROR_WRITE, "the store was closed before it was written");
}

/**
 * us_writer_stop:
 * @writer: (transfer full): the owner's reference
 * @grace_ms: how long what waits may take to be written
 *
 * Every callback that is due is called before this returns, and none after.
 *
 * Returns: whether the thread has ended; if not, the file is still its own
 */
gboolean
us_writer_stop (UsWriter *writer, guint grace_ms) {
  gint64 now_us = g_get_monotonic_time ();
  gint64 stop_us = now_us + (gint64)grace_ms * 1000;
  gint64 hang_us = stop_us + (gint64)HANG_MS * 1000;

  g_mutex_lock (&writer->lock);
  writer->is_stopping = TRUE;
  writer->stop_us = stop_us;
  writer->retry_us = now_us; /* one more try at least */
  g_cond_signal (&writer->wake);
  while (!writer->is_ended && g_cond_wait_until (&writer->settle, &writer->lock, hang_us))
    ;
  gboolean is_ended = writer->is_ended;
  give_up_waiting (writer);
  if (!is_ended)
    abandon (writer);
  g_mutex_unlock (&writer->lock);

  us_outcomes_close (writer->outcomes);
  if (is_ended)
    g_thread_join (writer->thread);
  else
    g_thread_unref (writer->thread);
  g_atomic_rc_box_release_full (writer, writer_clear);
  return is_ended;
}
