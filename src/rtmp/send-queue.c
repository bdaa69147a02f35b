/* send-queue.c - a ring of messages whose payloads are referenced, never copied
 *
 * An entry is the bytes on the wire in order: header, chunk, continuation header, chunk ... With
 * the large chunk sizes that we announce that is one header and one payload, so a queued message
 * costs 64 bytes of ring and a reference, and no allocation once the ring has grown. Owned by one
 * connection or client. Only us_rtmp_send_queue_write() touches a socket.
 */
#include "rtmp/send-queue.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "rtmp/chunk-writer.h"

#define MAX_VECTORS 256 /* of one system call: 128 messages */
#define MAX_WRITE_BYTES (1024 * 1024)

typedef struct {
  GBytes *payload;
  const guint8 *data; /* of payload */
  gsize size;
  guint32 chunk_bytes; /* payload bytes between two headers */
  guint8 header_size;  /* 0: raw bytes without chunks */
  guint8 continuation_size;
  guint8 header[US_RTMP_MAX_HEADER_BYTES];
  guint8 continuation[US_RTMP_MAX_CONTINUATION_BYTES];
} Entry;

struct UsRtmpSendQueue {
  Entry *ring;
  guint capacity; /* a power of two */
  guint first;
  guint count;
  gsize bytes; /* unsent, all entries */
  gsize sent;  /* bytes of the first entry that are gone */
};

/**
 * us_rtmp_send_queue_new:
 *
 * Returns: (transfer full): an empty queue; whoever pushes decides how full it may get
 */
UsRtmpSendQueue *
us_rtmp_send_queue_new (void) {
  return g_new0 (UsRtmpSendQueue, 1);
}

static Entry *
entry_at (const UsRtmpSendQueue *queue, guint index) {
  return &queue->ring[(queue->first + index) & (queue->capacity - 1)];
}

/**
 * us_rtmp_send_queue_free:
 * @queue: (nullable) (transfer full): a queue; what is unsent is dropped
 */
void
us_rtmp_send_queue_free (UsRtmpSendQueue *queue) {
  if (queue == NULL)
    return;
  for (guint i = 0; i < queue->count; i++)
    g_bytes_unref (entry_at (queue, i)->payload);
  g_free (queue->ring);
  g_free (queue);
}

static void
grow (UsRtmpSendQueue *queue) {
  guint capacity = MAX (queue->capacity * 2, 16);
  Entry *ring = g_new (Entry, capacity);
  for (guint i = 0; i < queue->count; i++)
    ring[i] = *entry_at (queue, i);
  g_free (queue->ring);
  queue->ring = ring;
  queue->capacity = capacity;
  queue->first = 0;
}

static Entry *
add_entry (UsRtmpSendQueue *queue, GBytes *payload) {
  if (queue->count == queue->capacity)
    grow (queue);
  Entry *entry = entry_at (queue, queue->count++);
  entry->payload = g_bytes_ref (payload);
  entry->data = g_bytes_get_data (payload, &entry->size);
  entry->header_size = 0;
  entry->continuation_size = 0;
  entry->chunk_bytes = G_MAXUINT32;
  return entry;
}

/* Headers between the chunks of an entry; none behind the last. */
static gsize
count_continuations (const Entry *entry) {
  return entry->size == 0 ? 0 : (entry->size - 1) / entry->chunk_bytes;
}

static gsize
wire_bytes (const Entry *entry) {
  return entry->header_size + entry->size + count_continuations (entry) * entry->continuation_size;
}

/**
 * us_rtmp_send_queue_push_raw:
 * @queue: a queue
 * @bytes: (transfer none): bytes for the wire as they are: a handshake, or chunks already written
 */
void
us_rtmp_send_queue_push_raw (UsRtmpSendQueue *queue, GBytes *bytes) {
  if (g_bytes_get_size (bytes) > 0)
    queue->bytes += add_entry (queue, bytes)->size;
}

/**
 * us_rtmp_send_queue_push_message:
 * @queue: a queue
 * @chunk_bytes: the chunk size announced to the peer
 * @message: (transfer none): the message; its payload is referenced
 */
void
us_rtmp_send_queue_push_message (UsRtmpSendQueue *queue, guint32 chunk_bytes,
                                 const UsRtmpMessage *message) {
  Entry *entry = add_entry (queue, message->payload);
  entry->chunk_bytes = chunk_bytes;
  entry->header_size = (guint8)us_rtmp_chunk_header (entry->header, message, entry->size);
  entry->continuation_size = (guint8)us_rtmp_chunk_continuation (entry->continuation, message);
  queue->bytes += wire_bytes (entry);
}

/* Appends a piece of the wire unless all of it lies in the @skip bytes that are gone already. */
static guint
add_vector (struct iovec *vector, const guint8 *data, gsize size, gsize *skip) {
  if (size <= *skip) {
    *skip -= size;
    return 0;
  }
  vector->iov_base = (void *)(data + *skip);
  vector->iov_len = size - *skip;
  *skip = 0;
  return 1;
}

/**
 * us_rtmp_send_queue_peek:
 * @queue: a queue
 * @vectors: (out) (array length=max_vectors): the next unsent bytes; valid until the queue changes
 * @max_vectors: room in @vectors
 *
 * Returns: vectors filled; 0 when the queue is empty
 */
guint
us_rtmp_send_queue_peek (const UsRtmpSendQueue *queue, struct iovec *vectors, guint max_vectors) {
  guint n = 0;
  gsize skip = queue->sent;
  for (guint i = 0; i < queue->count && n < max_vectors; i++) {
    const Entry *entry = entry_at (queue, i);
    n += add_vector (&vectors[n], entry->header, entry->header_size, &skip);
    for (gsize at = 0; at < entry->size; at += entry->chunk_bytes) {
      if (at > 0 && n < max_vectors)
        n += add_vector (&vectors[n], entry->continuation, entry->continuation_size, &skip);
      gsize take = MIN (entry->chunk_bytes, entry->size - at);
      if (n < max_vectors)
        n += add_vector (&vectors[n], entry->data + at, take, &skip);
      if (n == max_vectors)
        return n;
    }
  }
  return n;
}

/**
 * us_rtmp_send_queue_consume:
 * @queue: a queue
 * @bytes: how many of its first bytes were sent
 */
void
us_rtmp_send_queue_consume (UsRtmpSendQueue *queue, gsize bytes) {
  g_return_if_fail (bytes <= queue->bytes);
  queue->bytes -= bytes;
  queue->sent += bytes;
  while (queue->count > 0 && queue->sent >= wire_bytes (entry_at (queue, 0))) {
    Entry *entry = entry_at (queue, 0);
    queue->sent -= wire_bytes (entry);
    g_bytes_unref (entry->payload);
    queue->first = (queue->first + 1) & (queue->capacity - 1);
    queue->count--;
  }
}

/**
 * us_rtmp_send_queue_get_bytes:
 * @queue: a queue
 *
 * Returns: bytes not yet sent, headers included
 */
gsize
us_rtmp_send_queue_get_bytes (const UsRtmpSendQueue *queue) {
  return queue->bytes;
}

/**
 * us_rtmp_send_queue_write:
 * @queue: a queue
 * @fd: a non-blocking socket
 *
 * Writes until the queue is empty, the socket takes no more, or a megabyte is gone, so that one
 * fast peer does not hold up the loop. One system call carries up to 128 messages.
 *
 * Returns: bytes written, 0 when the socket took none; or -1 with errno when it is broken
 */
gssize
us_rtmp_send_queue_write (UsRtmpSendQueue *queue, int fd) {
  gssize total = 0;
  while (queue->bytes > 0 && total < MAX_WRITE_BYTES) {
    struct iovec vectors[MAX_VECTORS];
    guint n = us_rtmp_send_queue_peek (queue, vectors, MAX_VECTORS);
    gsize offered = 0;
    for (guint i = 0; i < n; i++)
      offered += vectors[i].iov_len;
    struct msghdr message = { .msg_iov = vectors, .msg_iovlen = n };
    gssize sent = sendmsg (fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
      return total;
    if (sent < 0)
      return -1;
    us_rtmp_send_queue_consume (queue, (gsize)sent);
    total += sent;
    if ((gsize)sent < offered)
      return total;
  }
  return total;
}
