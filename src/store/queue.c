/* queue.c - the bounded queue of writes
 *
 * Part of the writer, under its lock. A write is in `all` until the writer takes it for a
 * transaction, in `taken` until that is settled, and back at the head of `all`, in the old order,
 * when it failed. While a disk is full the queue is what remembers; beyond its limits the oldest
 * minor write goes, and only when there is none, the oldest of all. What is taken cannot go.
 */
#include "store/queue.h"

void
us_write_queue_init (UsWriteQueue *queue, guint max_writes, gsize max_bytes) {
  *queue = (UsWriteQueue){ .max_writes = max_writes, .max_bytes = max_bytes };
}

static void
unlink_write (UsWriteQueue *queue, UsWrite *write) {
  g_queue_unlink (&queue->all, &write->link);
  if (us_write_is_minor (write))
    g_queue_unlink (&queue->minor, &write->minor_link);
}

static gboolean
is_full (const UsWriteQueue *queue) {
  return us_write_queue_length (queue) > queue->max_writes || queue->n_bytes > queue->max_bytes;
}

/**
 * us_write_queue_push:
 * @write: (transfer full): gets its order
 * @evicted: (out): the writes that had to go are appended, by their links; now the caller's
 */
void
us_write_queue_push (UsWriteQueue *queue, UsWrite *write, GQueue *evicted) {
  write->order = ++queue->last_order;
  queue->n_bytes += write->bytes;
  g_queue_push_tail_link (&queue->all, &write->link);
  if (us_write_is_minor (write))
    g_queue_push_tail_link (&queue->minor, &write->minor_link);

  while (is_full (queue) && queue->all.length > 0) {
    UsWrite *oldest = queue->minor.head != NULL ? queue->minor.head->data : queue->all.head->data;
    unlink_write (queue, oldest);
    queue->n_bytes -= oldest->bytes;
    g_queue_push_tail_link (evicted, &oldest->link);
  }
}

/* Moves the oldest writes to `taken`: at least one, if there is any, within both limits. Returns:
 * how many are taken now */
guint
us_write_queue_take (UsWriteQueue *queue, guint max_writes, gsize max_bytes) {
  gsize bytes = 0;
  while (queue->all.head != NULL && queue->taken.length < max_writes) {
    UsWrite *write = queue->all.head->data;
    if (queue->taken.length > 0 && bytes + write->bytes > max_bytes)
      break;
    bytes += write->bytes;
    unlink_write (queue, write);
    g_queue_push_tail_link (&queue->taken, &write->link);
  }
  return queue->taken.length;
}

/* All that was taken goes back to where it was. */
void
us_write_queue_put_back (UsWriteQueue *queue) {
  while (queue->taken.tail != NULL) {
    UsWrite *write = queue->taken.tail->data;
    g_queue_unlink (&queue->taken, &write->link);
    g_queue_push_head_link (&queue->all, &write->link);
    if (us_write_is_minor (write))
      g_queue_push_head_link (&queue->minor, &write->minor_link);
  }
}

/* Returns: (transfer full) (nullable): the next of those taken, which no longer counts */
UsWrite *
us_write_queue_settle (UsWriteQueue *queue) {
  if (queue->taken.head == NULL)
    return NULL;
  UsWrite *write = queue->taken.head->data;
  g_queue_unlink (&queue->taken, &write->link);
  queue->n_bytes -= write->bytes;
  return write;
}

/* Returns: (transfer full) (nullable): the oldest that is not taken */
UsWrite *
us_write_queue_pop (UsWriteQueue *queue) {
  if (queue->all.head == NULL)
    return NULL;
  UsWrite *write = queue->all.head->data;
  unlink_write (queue, write);
  queue->n_bytes -= write->bytes;
  return write;
}

guint
us_write_queue_length (const UsWriteQueue *queue) {
  return queue->all.length + queue->taken.length;
}

/* The order of the oldest write that is not settled; G_MAXUINT64: none. */
guint64
us_write_queue_oldest (const UsWriteQueue *queue) {
  const GList *head = queue->taken.head != NULL ? queue->taken.head : queue->all.head;
  return head != NULL ? ((const UsWrite *)head->data)->order : G_MAXUINT64;
}
