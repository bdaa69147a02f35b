/* steady.c - see steady.h; everything runs in the test's thread */
#include "steady.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rtmp/command.h"
#include "unit/ingest/media.h"

#define ITEMS (STEADY_FRAMES * 2) /* a picture and a frame of sound each */

static int
compare_numbers (const guint64 *a, const guint64 *b) {
  return *a < *b ? -1 : *a > *b;
}

/* Segments that a packager has whole, of the first stream that it saw. */
static guint
count_closed (FakeServer *server) {
  guint n = 0;
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, server->segments);
  while (g_hash_table_iter_next (&iter, &key, &value))
    n += *(guint64 *)key < (G_GUINT64_CONSTANT (1) << 40)
         && ((FakeSegment *)value)->closing.closes != 0;
  return n;
}

static gint64
thread_time_us (void) {
  struct timespec now;
  g_assert_cmpint (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now), ==, 0);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
note_work (Steady *steady) {
  gint64 worked_us = thread_time_us ();
  steady->worst_worked_us = MAX (steady->worst_worked_us, worked_us - steady->worked_us);
  steady->worked_us = worked_us;
}

static gboolean
on_frame (gpointer user_data) {
  Steady *steady = user_data;
  note_work (steady);
  Encoder *encoder = steady->encoder;
  gboolean is_key = steady->n_frames % STEADY_FRAMES == 0;
  guint n_done = steady->n_frames / STEADY_FRAMES; /* segments that are complete with this frame */
  if (is_key && n_done >= 1)
    for (guint i = 0; i < 2; i++) {
      guint n_closed = count_closed (steady->fixture->twins[i]) + 1; /* the last closes just now */
      steady->worst_behind = MAX (steady->worst_behind, n_done > n_closed ? n_done - n_closed : 0);
    }
  g_assert_false (encoder->is_closed);
  guint32 stamp = (guint32)encoder->time_ms;
  encoder_send (encoder, US_RTMP_VIDEO, encoder->time_ms, media_video (is_key, stamp, 200));
  encoder_send (encoder, US_RTMP_AUDIO, encoder->time_ms + 5, media_audio (stamp));
  encoder_flush (encoder);
  encoder->time_ms += STEADY_FRAME_MS;
  steady->n_frames++;
  return G_SOURCE_CONTINUE;
}

typedef struct {
  Steady *steady;
  guint n_frames;
} Frames;

static gboolean
has_frames (gpointer data) {
  Frames *frames = data;
  return frames->steady->n_frames >= frames->n_frames;
}

void
steady_run_frames (Steady *steady, guint n) {
  Frames frames = { steady, steady->n_frames + n };
  wait_until (has_frames, &frames, NULL, "frames of the healthy publisher");
}

void
steady_run (Steady *steady, guint n) {
  steady_run_frames (steady, n * STEADY_FRAMES);
}

void
steady_begin (Steady *steady, Fixture *fixture) {
  steady->fixture = fixture;
  g_assert_cmpuint (fixture->settings.segment_duration_ms, ==, STEADY_SEGMENT_MS);
  steady->encoder = encoder_new (fixture->port, "live/steady");
  encoder_send_configs (steady->encoder, 1);
  wait_until (is_ready, steady->encoder, NULL, "the healthy publisher");
  g_assert_true (steady->encoder->is_ready);
  steady->worked_us = thread_time_us ();
  steady->source = g_timeout_add (STEADY_FRAME_MS, on_frame, steady);
  steady_run (steady, 2);
  for (guint i = 0; i < 2; i++)
    wait_until (has_publishes, &(Count){ fixture->twins[i], 1 }, NULL, "a relay");
  /* What went before the relays were there is none of the fault's business. */
  steady_run (steady, 1);
  steady->worst_behind = 0;
}

static void
check_segments (Steady *steady, guint n_segments) {
  FakeServer *a = steady->fixture->twins[0], *b = steady->fixture->twins[1];
  guint64 first = first_number (a);
  g_assert_cmpuint (count_closed (a), ==, n_segments);
  g_assert_cmpuint (count_closed (b), ==, n_segments);
  for (guint64 n = first; n < first + n_segments; n++) {
    check_equal (a, b, n);
    FakeSegment *segment = fake_server_get (a, n);
    g_assert_cmpuint (segment->n_items, ==, ITEMS);
    g_assert_cmpuint (segment->closing.discontinuity, ==, 0);
    g_assert_false (segment->closing.is_discontinuous);
    g_assert_cmpint (segment->opening.media_ms, ==, (gint64)(n - first) * STEADY_SEGMENT_MS);
  }
}

typedef struct {
  FakeServer *server;
  guint n;
} Closed;

static gboolean
has_closed_segments (gpointer data) {
  Closed *closed = data;
  return count_closed (closed->server) >= closed->n;
}

void
steady_end (Steady *steady) {
  steady_run (steady, 1);
  while (steady->n_frames % STEADY_FRAMES != 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (steady->source);
  guint n_segments = steady->n_frames / STEADY_FRAMES;
  encoder_finish (steady->encoder);
  for (guint i = 0; i < 2; i++)
    wait_until (has_closed_segments, &(Closed){ steady->fixture->twins[i], n_segments }, NULL,
                "the last segment of the healthy publisher");
  check_segments (steady, n_segments);
  g_test_message ("healthy publisher: %u segments, at worst %u behind, the loop busy for up to "
                  "%" G_GINT64_FORMAT " ms",
                  n_segments, steady->worst_behind, steady->worst_worked_us / 1000);
  g_assert_cmpint (steady->worst_worked_us, <, STEADY_SEGMENT_MS * 1000);
  g_assert_cmpuint (steady->worst_behind, ==, 0);
  encoder_free (steady->encoder);
}

/* ----------------------------------------------------------------------------- other streams */

/* Numbers of @key's whole segments at one packager, rising; the packager saw its streams in an
 * order of its own. */
static GArray *
numbers_of (FakeServer *server, const char *key, guint64 *offset) {
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint index;
  *offset = 0;
  if (!g_ptr_array_find_with_equal_func (server->keys, key, g_str_equal, &index))
    return numbers;
  *offset = (guint64)index << 40;
  GHashTableIter iter;
  gpointer number, segment;
  g_hash_table_iter_init (&iter, server->segments);
  while (g_hash_table_iter_next (&iter, &number, &segment)) {
    guint64 own = *(guint64 *)number - *offset;
    if (*(guint64 *)number >> 40 == index && ((FakeSegment *)segment)->closing.closes != 0)
      g_array_append_val (numbers, own);
  }
  g_array_sort (numbers, (GCompareFunc)compare_numbers);
  return numbers;
}

gboolean
run_has (gpointer run_count) {
  RunCount *wanted = run_count;
  for (guint i = 0; i < 2; i++) {
    guint64 offset;
    g_autoptr (GArray) numbers = numbers_of (wanted->fixture->twins[i], wanted->key, &offset);
    if (numbers->len < wanted->n)
      return FALSE;
  }
  return TRUE;
}

static void
add_segment (Run *run, const FakeSegment *segment) {
  gint64 length_ms = segment->closing.closes_end_ms - segment->opening.media_ms;
  run->n_breaks += segment->closing.is_discontinuous;
  run->longest_ms = MAX (run->longest_ms, length_ms);
  run->media_ms += length_ms;
  run->target_duration_s = segment->closing.target_duration_s;
}

void
run_read (Fixture *fixture, const char *key, Run *run) {
  guint64 offsets[2];
  g_autoptr (GArray) one = numbers_of (fixture->twins[0], key, &offsets[0]);
  g_autoptr (GArray) two = numbers_of (fixture->twins[1], key, &offsets[1]);
  *run = (Run){ .n_segments = one->len };
  g_assert_cmpuint (one->len, ==, two->len);
  for (guint i = 0; i < one->len; i++) {
    guint64 number = g_array_index (one, guint64, i);
    g_assert_cmpuint (number, ==, g_array_index (two, guint64, i));
    g_assert_cmpuint (number, ==, g_array_index (one, guint64, 0) + i);
    FakeSegment *a = fake_server_get (fixture->twins[0], offsets[0] + number);
    FakeSegment *b = fake_server_get (fixture->twins[1], offsets[1] + number);
    g_assert_cmpmem (a->bytes->data, a->bytes->len, b->bytes->data, b->bytes->len);
    g_assert_cmpuint (a->opening.epoch, ==, b->opening.epoch);
    g_assert_cmpint (a->opening.wall_ms, ==, b->opening.wall_ms);
    g_assert_cmpint (a->closing.closes_end_ms, ==, b->closing.closes_end_ms);
    g_assert_cmpint (a->closing.is_discontinuous, ==, b->closing.is_discontinuous);
    g_assert_cmpuint (a->closing.discontinuity, ==, b->closing.discontinuity);
    add_segment (run, a);
    run->first = g_array_index (one, guint64, 0);
    run->last = number;
  }
}

/* ------------------------------------------------------------------------------- raw sockets */

int
raw_connect (Fixture *fixture) {
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (fixture->port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  return fd;
}

gboolean
raw_send (int fd, const void *data, gsize size) {
  return send (fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (gssize)size;
}

gboolean
raw_is_closed (gpointer fd_pointer) {
  char answers[4096];
  gssize got;
  while ((got = recv (*(int *)fd_pointer, answers, sizeof answers, MSG_DONTWAIT)) > 0)
    continue;
  return got == 0 || (errno != EAGAIN && errno != EINTR);
}

void
raw_send_bytes (int fd, GByteArray *bytes) {
  gsize at = 0;
  while (at < bytes->len && !raw_is_closed (&fd)) {
    gssize sent = send (fd, bytes->data + at, bytes->len - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0)
      at += (gsize)sent;
    else
      g_main_context_iteration (NULL, TRUE); /* the healthy publisher's timer turns it */
  }
  g_byte_array_unref (bytes);
}

typedef struct {
  int fd;
  gsize want, got;
  gboolean is_closed;
} Answer;

static gboolean
has_answer (gpointer data) {
  Answer *answer = data;
  char bytes[4096];
  gssize got;
  while ((got = recv (answer->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    answer->got += (gsize)got;
  answer->is_closed = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
  return answer->is_closed || answer->got >= answer->want;
}

int
raw_handshake (Fixture *fixture) {
  static const guint8 hello[1 + 2 * 1536] = { 3 };
  int fd = raw_connect (fixture);
  g_assert_true (raw_send (fd, hello, sizeof hello));
  Answer answer = { .fd = fd, .want = sizeof hello };
  wait_until (has_answer, &answer, NULL, "a handshake");
  g_assert_false (answer.is_closed);
  return fd;
}

void
raw_append_publish (GByteArray *wire, const char *key) {
  UsAmf0 *object = us_amf0_new_object ();
  us_amf0_set (object, "app", us_amf0_new_string ("live"));
  us_rtmp_command_write (wire, 128, 0, "connect", 1, object, NULL);
  us_rtmp_command_write (wire, 128, 0, "createStream", 2, us_amf0_new_null (), NULL);
  us_rtmp_command_write (wire, 128, 1, "publish", 3, us_amf0_new_null (), us_amf0_new_string (key),
                         us_amf0_new_string ("live"), NULL);
}

int
raw_publish (Fixture *fixture, const char *key) {
  int fd = raw_handshake (fixture);
  GByteArray *wire = g_byte_array_new ();
  raw_append_publish (wire, key);
  g_assert_true (raw_send (fd, wire->data, wire->len));
  g_byte_array_unref (wire);
  /* connect is answered with some 250 bytes, publish with 130 more */
  Answer answer = { .fd = fd, .want = 350 };
  wait_until (has_answer, &answer, NULL, "the answer to publish");
  return fd;
}
