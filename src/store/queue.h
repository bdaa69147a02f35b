/* queue.h - writes in order, bounded: what goes when there is no room */
#pragma once

#include "store/write.h"

G_BEGIN_DECLS

#define US_QUEUE_MAX_BYTES ((gsize)128 * 1024 * 1024)

/* UsWriteQueue: no lock of its own. Writes that were taken count until they are settled. */
typedef struct {
  GQueue all;   /* by UsWrite.link */
  GQueue minor; /* by UsWrite.minor_link: what goes first */
  GQueue taken; /* by UsWrite.link: of the transaction under way */
  guint max_writes;
  gsize max_bytes;
  gsize n_bytes;
  guint64 last_order;
} UsWriteQueue;

void us_write_queue_init (UsWriteQueue *queue, guint max_writes, gsize max_bytes);
void us_write_queue_push (UsWriteQueue *queue, UsWrite *write, GQueue *evicted);
guint us_write_queue_take (UsWriteQueue *queue, guint max_writes, gsize max_bytes);
void us_write_queue_put_back (UsWriteQueue *queue);
UsWrite *us_write_queue_settle (UsWriteQueue *queue);
UsWrite *us_write_queue_pop (UsWriteQueue *queue);
guint us_write_queue_length (const UsWriteQueue *queue);
guint64 us_write_queue_oldest (const UsWriteQueue *queue);

G_END_DECLS
