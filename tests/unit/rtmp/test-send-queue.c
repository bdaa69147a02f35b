/* test-send-queue.c - what the queue sends is what the chunk reader reads, whatever the portions */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "rtmp/chunk-reader.h"
#include "rtmp/chunk-writer.h"
#include "rtmp/send-queue.h"

static GBytes *
pattern (gsize size) {
  guint8 *data = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8)(i * 7 + size);
  return g_bytes_new_take (data, size);
}

static const struct {
  guint32 csid;
  guint32 timestamp_ms;
  gsize size;
} messages[] = {
  { 4, 0, 0 },       { 6, 1, 1 },     { 6, 0xfffffe, 127 },    { 63, 0xffffff, 128 },
  { 64, 7, 129 },    { 319, 8, 300 }, { 320, 0x1000000, 256 }, { 65599, G_MAXUINT32, 1000 },
  { 6, 10, 100000 }, { 5, 11, 0 },
};

static void
push_all (UsRtmpSendQueue *queue, guint32 chunk_bytes) {
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++) {
    g_autoptr (GBytes) payload = pattern (messages[i].size);
    UsRtmpMessage message = { .type = US_RTMP_VIDEO,
                              .chunk_stream = messages[i].csid,
                              .stream_id = 1,
                              .timestamp_ms = messages[i].timestamp_ms,
                              .payload = payload };
    us_rtmp_send_queue_push_message (queue, chunk_bytes, &message);
  }
}

/* Takes everything out in system calls of @step bytes and @vectors vectors. */
static GByteArray *
drain (UsRtmpSendQueue *queue, gsize step, guint max_vectors) {
  GByteArray *wire = g_byte_array_new ();
  gsize total = us_rtmp_send_queue_get_bytes (queue);
  struct iovec vectors[64];
  guint n;
  while ((n = us_rtmp_send_queue_peek (queue, vectors, max_vectors)) > 0) {
    g_assert_cmpuint (n, <=, max_vectors);
    gsize left = step;
    for (guint i = 0; i < n && left > 0; i++) {
      gsize take = MIN (left, vectors[i].iov_len);
      g_byte_array_append (wire, vectors[i].iov_base, (guint)take);
      left -= take;
    }
    us_rtmp_send_queue_consume (queue, step - left);
    g_assert_cmpuint (wire->len + us_rtmp_send_queue_get_bytes (queue), ==, total);
  }
  g_assert_cmpuint (us_rtmp_send_queue_get_bytes (queue), ==, 0);
  return wire;
}

static void
assert_reads_back (const GByteArray *wire, guint32 chunk_bytes) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  g_autoptr (UsRtmpChunkReader) reader = us_rtmp_chunk_reader_new (&limits);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint8 size_message[] = { 2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
  for (guint i = 0; i < 4; i++)
    size_message[12 + i] = (guint8)(chunk_bytes >> (24 - 8 * i));
  g_byte_array_append (all, size_message, sizeof size_message);
  g_byte_array_append (all, wire->data, wire->len);
  const guint8 *p = all->data;
  gsize left = all->len;
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++) {
    g_auto (UsRtmpMessage) message = { 0 };
    g_autoptr (GError) error = NULL;
    UsRtmpChunkResult result = us_rtmp_chunk_reader_push (reader, &p, &left, &message, &error);
    g_assert_no_error (error);
    g_assert_cmpint (result, ==, US_RTMP_CHUNK_MESSAGE);
    g_autoptr (GBytes) payload = pattern (messages[i].size);
    g_assert_true (g_bytes_equal (message.payload, payload));
    g_assert_cmpuint (message.chunk_stream, ==, messages[i].csid);
    g_assert_cmpuint (message.timestamp_ms, ==, messages[i].timestamp_ms);
  }
  g_assert_cmpuint (left, ==, 0);
}

static void
test_round_trip (void) {
  static const guint32 chunk_sizes[] = { 64, 128, 4096, 1 << 20 };
  static const gsize steps[] = { 1, 13, 1000, 1 << 20 };
  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++) {
    for (guint k = 0; k < G_N_ELEMENTS (steps); k++) {
      g_autoptr (UsRtmpSendQueue) queue = us_rtmp_send_queue_new ();
      push_all (queue, chunk_sizes[i]);
      g_autoptr (GByteArray) wire = drain (queue, steps[k], k + 1);
      assert_reads_back (wire, chunk_sizes[i]);
    }
  }
}

static void
test_equals_the_copying_writer (void) {
  g_autoptr (UsRtmpSendQueue) queue = us_rtmp_send_queue_new ();
  push_all (queue, 128);
  g_autoptr (GByteArray) wire = drain (queue, 1 << 20, 64);
  g_autoptr (GByteArray) written = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++) {
    g_autoptr (GBytes) payload = pattern (messages[i].size);
    UsRtmpMessage message = { .type = US_RTMP_VIDEO,
                              .chunk_stream = messages[i].csid,
                              .stream_id = 1,
                              .timestamp_ms = messages[i].timestamp_ms };
    us_rtmp_chunk_write (written, 128, &message, g_bytes_get_data (payload, NULL),
                         messages[i].size);
  }
  g_assert_cmpmem (wire->data, wire->len, written->data, written->len);
}

static void
test_nothing_is_copied (void) {
  g_autoptr (UsRtmpSendQueue) queue = us_rtmp_send_queue_new ();
  g_autoptr (GBytes) payload = pattern (100000);
  UsRtmpMessage message = { .type = US_RTMP_VIDEO, .chunk_stream = 6, .payload = payload };
  us_rtmp_send_queue_push_message (queue, 1 << 20, &message);
  struct iovec vectors[4];
  g_assert_cmpuint (us_rtmp_send_queue_peek (queue, vectors, 4), ==, 2);
  g_assert_true (vectors[1].iov_base == g_bytes_get_data (payload, NULL));
}

static void
test_raw_and_wrap_around (void) {
  g_autoptr (UsRtmpSendQueue) queue = us_rtmp_send_queue_new ();
  for (guint i = 0; i < 1000; i++) {
    g_autoptr (GBytes) raw = pattern (10);
    us_rtmp_send_queue_push_raw (queue, raw);
    us_rtmp_send_queue_push_raw (queue, raw);
    us_rtmp_send_queue_consume (queue, 13);
    us_rtmp_send_queue_consume (queue, i % 2 == 0 ? 0 : 7);
  }
  g_assert_cmpuint (us_rtmp_send_queue_get_bytes (queue), ==, 1000 * 20 - 1000 * 13 - 500 * 7);
}

static void
test_full_and_broken_socket (void) {
  int fds[2];
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  g_autoptr (UsRtmpSendQueue) queue = us_rtmp_send_queue_new ();
  g_autoptr (GBytes) payload = pattern (4 * 1024 * 1024);
  us_rtmp_send_queue_push_raw (queue, payload);
  gssize first = us_rtmp_send_queue_write (queue, fds[0]);
  g_assert_cmpint (first, >, 0);
  g_assert_cmpint (us_rtmp_send_queue_write (queue, fds[0]), ==, 0);
  g_assert_cmpuint (us_rtmp_send_queue_get_bytes (queue), ==, 4 * 1024 * 1024 - (gsize)first);
  close (fds[1]);
  g_assert_cmpint (us_rtmp_send_queue_write (queue, fds[0]), ==, -1);
  g_assert_cmpint (errno, ==, EPIPE);
  close (fds[0]);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/send-queue/round-trip", test_round_trip);
  g_test_add_func ("/rtmp/send-queue/equals-the-copying-writer", test_equals_the_copying_writer);
  g_test_add_func ("/rtmp/send-queue/nothing-is-copied", test_nothing_is_copied);
  g_test_add_func ("/rtmp/send-queue/raw-and-wrap-around", test_raw_and_wrap_around);
  g_test_add_func ("/rtmp/send-queue/full-and-broken-socket", test_full_and_broken_socket);
  return g_test_run ();
}
