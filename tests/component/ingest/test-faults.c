/* test-faults.c - what bad and unlucky publishers do, while a healthy one is on the air beside them
 *
 * Each test is a fault of the list R1 to R10 that an ingest has to survive (time stamps: R5, in
 * test-timestamps.c; changes of the media: R6, in test-changes.c): real sockets, time limits
 * shortened. Each ends with steady_end(): the healthy publisher has lost and delayed nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rtmp/chunk-writer.h"
#include "rtmp/command.h"
#include "steady.h"
#include "unit/ingest/media.h"
#include "unit/ingest/stuck-disk.h"

static void
begin (Steady *steady, Fixture *fixture) {
  fixture->settings.segment_duration_ms = STEADY_SEGMENT_MS;
  start (fixture, us_clock_system ());
  *steady = (Steady){ 0 };
  steady_begin (steady, fixture);
}

/* Of the second stream of a packager: how many segments are closed, and how many of those stand
 * behind a discontinuity. */
static guint
count_second (FakeServer *server, guint *n_breaks) {
  guint n = 0;
  *n_breaks = 0;
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, server->segments);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    FakeSegment *segment = value;
    if (*(guint64 *)key >> 40 != 1 || segment->closing.closes == 0)
      continue;
    n++;
    *n_breaks += segment->closing.is_discontinuous;
  }
  return n;
}

typedef struct {
  FakeServer *server;
  guint n;
} Second;

static gboolean
has_second (gpointer data) {
  guint n_breaks;
  return count_second (((Second *)data)->server, &n_breaks) >= ((Second *)data)->n;
}

/* -------------------------------------------------------------------------------------- R1 */

#define N_SLOW 1000

typedef struct {
  int fds[N_SLOW];
  guint n_open;
  guint turn;
} Slow;

static gboolean
are_all_closed (gpointer data) {
  Slow *slow = data;
  for (guint i = 0; i < N_SLOW; i++)
    if (slow->fds[i] >= 0 && raw_is_closed (&slow->fds[i])) {
      close (slow->fds[i]);
      slow->fds[i] = -1;
      slow->n_open--;
    }
  return slow->n_open == 0;
}

/* Every second connection sends a byte of its handshake now and then. */
static gboolean
on_trickle (gpointer user_data) {
  Slow *slow = user_data;
  for (guint i = 0; i < N_SLOW; i += 2)
    if (slow->fds[i] >= 0)
      raw_send (slow->fds[i], slow->turn == 0 ? "\3" : "\0", 1);
  slow->turn++;
  return G_SOURCE_CONTINUE;
}

static void
raise_descriptors (rlim_t wanted) {
  struct rlimit limit;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_cmpuint (limit.rlim_max, >=, wanted);
  limit.rlim_cur = MAX (limit.rlim_cur, wanted);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

static void
test_r1_slow_handshakes (Fixture *fixture, gconstpointer data) {
  Steady steady;
  g_autofree Slow *slow = g_new0 (Slow, 1);
  g_assert_cmpuint (fixture->settings.rtmp.limits.handshake_timeout_ms, <=, 10000); /* by default */
  raise_descriptors (3 * N_SLOW);
  fixture->settings.rtmp.limits.handshake_timeout_ms = 1500;
  fixture->settings.rtmp.max_connections = N_SLOW + 50;
  begin (&steady, fixture);
  gint64 begun_us = g_get_monotonic_time ();
  for (guint i = 0; i < N_SLOW; i++) {
    slow->fds[i] = raw_connect (fixture);
    slow->n_open++;
    if (i % 50 == 0) /* the backlog of a socket is finite */
      g_main_context_iteration (NULL, FALSE);
  }
  guint trickle = g_timeout_add (100, on_trickle, slow);
  steady_run (&steady, 1);
  wait_until (are_all_closed, slow, NULL, "the end of the slow ones");
  g_source_remove (trickle);
  /* They did get their time: nobody is thrown out at once. */
  g_assert_cmpint (g_get_monotonic_time () - begun_us, >=, 1400000);
  g_assert_cmpuint (slow->turn, >=, 2);
  steady_end (&steady);
}

/* -------------------------------------------------------------------------------------- R2 */

/* A connection that lives on while nobody is there: a stopped encoder, a cable that was pulled. */
static void
test_r2_half_open (Fixture *fixture, gconstpointer data) {
  Steady steady;
  g_assert_cmpuint (fixture->settings.takeover_silence_ms, <=, 5000);
  fixture->settings.rtmp.limits.idle_timeout_ms = 1200;
  fixture->settings.rtmp.limits.media_timeout_ms = 1200;
  begin (&steady, fixture);
  Encoder *dead = encoder_new (fixture->port, "live/second");
  encoder_send_configs (dead, 1);
  encoder_send_media (dead, 2000, 200);
  wait_until (is_ready, dead, NULL, "the second publisher");
  /* The encoder comes back by another connection before the old one is known to be dead. */
  Encoder *back = encoder_new (fixture->port, "live/second");
  encoder_send_configs (back, 1);
  encoder_send_media (back, 2000, 200);
  wait_until (is_ready, back, NULL, "takeover");
  g_assert_true (back->is_ready && !back->is_closed);
  wait_until (is_closed, dead, NULL, "the end of the dead one");
  /* And now that one goes silent, with nobody to replace it. */
  wait_until (is_closed, back, NULL, "silence to be noticed");
  Encoder *third = encoder_new (fixture->port, "live/second");
  encoder_send_configs (third, 1);
  encoder_send_media (third, 2000, 200);
  wait_until (is_ready, third, NULL, "the key to be free");
  g_assert_true (third->is_ready);
  encoder_free (dead);
  encoder_free (back);
  encoder_free (third);
  steady_end (&steady);
}

/* What the ingest logs goes to a file in memory until log_release(). */
typedef struct {
  int fd, stderr_fd;
} Log;

static void
log_catch (Log *log) {
  log->fd = memfd_create ("log", MFD_CLOEXEC);
  log->stderr_fd = dup (STDERR_FILENO);
  g_assert_cmpint (log->fd, >=, 0);
  g_assert_cmpint (dup2 (log->fd, STDERR_FILENO), ==, STDERR_FILENO);
}

static void
log_release (Log *log) {
  g_assert_cmpint (dup2 (log->stderr_fd, STDERR_FILENO), ==, STDERR_FILENO);
  close (log->stderr_fd);
  close (log->fd);
}

static gboolean
is_silence_logged (gpointer data) {
  char text[64 * 1024];
  gssize size = pread (((Log *)data)->fd, text, sizeof text - 1, 0);
  text[MAX (size, 0)] = '\0';
  return strstr (text, "[publisher-silent]") != NULL;
}

/* With the times that everybody has: told, and the key free, within five seconds; but a connection
 * that was only silent for so long, over a bad line, is not closed for it. */
static void
test_r2_by_default (Fixture *fixture, gconstpointer data) {
  Steady steady;
  Log log;
  UsIngestSettings usual;
  us_ingest_settings_default (&usual);
  fixture->settings.takeover_silence_ms = usual.takeover_silence_ms;
  begin (&steady, fixture);
  Encoder *dead = encoder_new (fixture->port, "live/second");
  encoder_send_configs (dead, 1);
  encoder_send_media (dead, 2000, 200);
  wait_until (has_second, &(Second){ fixture->twins[0], 1 }, NULL, "segments");
  gint64 silent_us = g_get_monotonic_time ();
  log_catch (&log);
  wait_until (is_silence_logged, &log, NULL, "silence to be told");
  log_release (&log);
  gint64 told_ms = (g_get_monotonic_time () - silent_us) / 1000;
  g_assert_false (dead->is_closed);
  Encoder *back = encoder_new (fixture->port, "live/second");
  encoder_send_configs (back, 1);
  wait_until (is_ready, back, NULL, "takeover");
  gint64 free_ms = (g_get_monotonic_time () - silent_us) / 1000;
  g_assert_false (back->is_closed);
  g_test_message ("by default: told after %" G_GINT64_FORMAT " ms, taken over after "
                  "%" G_GINT64_FORMAT " ms",
                  told_ms, free_ms);
  g_assert_cmpint (free_ms, <=, 5000);
  encoder_free (dead);
  encoder_free (back);
  steady_end (&steady);
}

/* -------------------------------------------------------------------------------------- R3 */

static void
append_message (GByteArray *wire, guint32 csid, guint type, guint32 length, const void *body,
                gsize n_body) {
  guint8 header[14] = { 1, (guint8)(csid - 64), (guint8)((csid - 64) >> 8) };
  gsize n = 3;
  if (csid < 64) {
    header[0] = (guint8)csid;
    n = 1;
  }
  const guint8 rest[11]
      = { 0, 0, 0, (guint8)(length >> 16), (guint8)(length >> 8), (guint8)length, (guint8)type };
  memcpy (header + n, rest, sizeof rest);
  g_byte_array_append (wire, header, (guint)(n + sizeof rest));
  g_byte_array_append (wire, body, (guint)n_body);
}

static GByteArray *
chunk_size (guint32 bytes) {
  const guint8 body[4]
      = { (guint8)(bytes >> 24), (guint8)(bytes >> 16), (guint8)(bytes >> 8), (guint8)bytes };
  GByteArray *wire = g_byte_array_new ();
  append_message (wire, 2, US_RTMP_SET_CHUNK_SIZE, 4, body, 4);
  return wire;
}

static double
memory_bytes (Fixture *fixture) {
  static const char name[] = "\nunderstudy_ingest_memory_bytes ";
  g_autofree char *page = fetch_page (fixture, "/metrics");
  const char *line = strstr (page, name);
  g_assert_nonnull (line);
  return g_ascii_strtod (line + strlen (name), NULL);
}

typedef struct {
  Fixture *fixture;
  double before;
} Memory;

/* But for what the healthy publisher has in its ring by now. */
static gboolean
is_given_back (gpointer data) {
  Memory *memory = data;
  return memory_bytes (memory->fixture) - memory->before < 512 * 1024;
}

static void
test_r3_chunk_sizes (Fixture *fixture, gconstpointer data) {
  static const guint32 bad[] = { 0, 1, 63, 0x80000000u };
  static const guint32 good[] = { 64, 0x7fffffff, 0xffffffffu };
  Steady steady;
  begin (&steady, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    int fd = raw_handshake (fixture);
    raw_send_bytes (fd, chunk_size (bad[i]));
    wait_until (raw_is_closed, &fd, NULL, "a chunk size to be refused");
    close (fd);
  }
  double before = memory_bytes (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    int fd = raw_handshake (fixture);
    raw_send_bytes (fd, chunk_size (good[i]));
    steady_run (&steady, 1);
    g_assert_false (raw_is_closed (&fd));
    close (fd);
  }
  /* A chunk size is a promise of the peer, and nothing is set aside for it. */
  g_assert_cmpfloat (memory_bytes (fixture) - before, <, 1024 * 1024);
  steady_end (&steady);
}

/* Messages of 16 MB that are announced and never come, on every chunk stream there is. */
static void
test_r3_half_messages (Fixture *fixture, gconstpointer data) {
  enum { LENGTHS = 4, CONNECTIONS = 8 };
  static const guint32 lengths[LENGTHS] = { 0xffffff, 1000000, 60000, 1 };
  Steady steady;
  begin (&steady, fixture);
  for (guint i = 0; i < LENGTHS; i++) {
    double before = memory_bytes (fixture);
    int fds[CONNECTIONS];
    for (guint k = 0; k < CONNECTIONS; k++) {
      g_autofree char *name = g_strdup_printf ("half%u-%u", i, k);
      fds[k] = raw_publish (fixture, name);
      GByteArray *wire = g_byte_array_new ();
      for (guint csid = 64; csid <= 65599; csid += lengths[i] == 1 ? 1 : 501)
        append_message (wire, csid, US_RTMP_VIDEO, lengths[i], "half", MIN (4, lengths[i] - 1));
      raw_send_bytes (fds[k], wire);
    }
    for (guint k = 0; k < CONNECTIONS; k++) {
      wait_until (raw_is_closed, &fds[k], NULL, "the connection to be closed");
      close (fds[k]);
    }
    wait_until (is_given_back, &(Memory){ fixture, before }, NULL, "memory to come back");
  }
  steady_end (&steady);
}

/* Half messages that stay within the limits: their memory is counted, and bounded. */
static void
test_r3_interleaved (Fixture *fixture, gconstpointer data) {
  enum { CONNECTIONS = 8 };
  Steady steady;
  begin (&steady, fixture);
  double before = memory_bytes (fixture);
  int fds[CONNECTIONS];
  for (guint k = 0; k < CONNECTIONS; k++) {
    g_autofree char *key = g_strdup_printf ("inter%u", k);
    fds[k] = raw_publish (fixture, key);
    GByteArray *wire = g_byte_array_new ();
    for (guint csid = 64; csid < 64 + 40; csid++) { /* 12 MB are announced */
      guint8 body[128] = { 0x17 };
      append_message (wire, csid, US_RTMP_VIDEO, 300000, body, sizeof body);
    }
    raw_send_bytes (fds[k], wire);
  }
  steady_run (&steady, 2);
  for (guint k = 0; k < CONNECTIONS; k++)
    g_assert_false (raw_is_closed (&fds[k]));
  double held = memory_bytes (fixture) - before;
  g_assert_cmpfloat (held, >=, CONNECTIONS * 40 * 300000.0);
  g_assert_cmpfloat (held, <,
                     CONNECTIONS * (double)fixture->settings.rtmp.limits.max_partial_bytes);
  for (guint k = 0; k < CONNECTIONS; k++)
    close (fds[k]);
  steady_run (&steady, 1);
  wait_until (is_given_back, &(Memory){ fixture, before }, NULL, "memory to come back");
  steady_end (&steady);
}

/* -------------------------------------------------------------------------------------- R4 */

typedef void (*BodyFunc) (GByteArray *body);

static void
append_text (GByteArray *body, const char *text) {
  const guint8 head[3] = { 2, (guint8)(strlen (text) >> 8), (guint8)strlen (text) };
  g_byte_array_append (body, head, sizeof head);
  g_byte_array_append (body, (const guint8 *)text, (guint)strlen (text));
}

static void
nested_objects (GByteArray *body) {
  append_text (body, "onMetaData");
  for (guint i = 0; i < 100000; i++)
    g_byte_array_append (body, (const guint8 *)"\x03\0\1a", 4);
}

static void
nested_arrays (GByteArray *body) {
  append_text (body, "onMetaData");
  for (guint i = 0; i < 100000; i++)
    g_byte_array_append (body, (const guint8 *)"\x0a\0\0\0\1", 5);
}

static void
many_keys (GByteArray *body) {
  append_text (body, "onMetaData");
  g_byte_array_append (body, (const guint8 *)"\x03", 1);
  for (guint i = 0; i < 65000; i++) {
    g_autofree char *key = g_strdup_printf ("%c%c%05u%c", 0x20, 0x20, i, 5);
    key[0] = 0;
    key[1] = 5;
    g_byte_array_append (body, (const guint8 *)key, 8);
  }
  g_byte_array_append (body, (const guint8 *)"\0\0\x09", 3);
}

static void
array_of_everything (GByteArray *body) {
  append_text (body, "onMetaData");
  g_byte_array_append (body, (const guint8 *)"\x0a\xff\xff\xff\xff\5\5\5", 8);
}

static void
long_string (GByteArray *body) {
  g_byte_array_append (body, (const guint8 *)"\x0c\xff\xff\xff\xf0onMetaData", 15);
}

static void
unknown_command (GByteArray *body) {
  append_text (body, "makeCoffee");
  g_byte_array_append (body, (const guint8 *)"\0\x40\0\0\0\0\0\0\0\5\5\5", 12);
}

static void
number_for_a_name (GByteArray *body) {
  g_byte_array_append (body, (const guint8 *)"\0\x40\0\0\0\0\0\0\0", 9);
}

static const struct {
  const char *name;
  guint type;
  BodyFunc body;
} r4_rows[] = {
  { "objects, 100,000 deep", US_RTMP_DATA_AMF0, nested_objects },
  { "arrays, 100,000 deep", US_RTMP_DATA_AMF0, nested_arrays },
  { "65,000 members", US_RTMP_DATA_AMF0, many_keys },
  { "an array of 2^32 - 1", US_RTMP_DATA_AMF0, array_of_everything },
  { "a string longer than its message", US_RTMP_DATA_AMF0, long_string },
  { "a command, 100,000 deep", US_RTMP_COMMAND_AMF0, nested_objects },
  { "a command of 65,000 members", US_RTMP_COMMAND_AMF0, many_keys },
  { "a command longer than its message", US_RTMP_COMMAND_AMF0, long_string },
  { "AMF3", US_RTMP_COMMAND_AMF3, nested_arrays },
  { "AMF3 data", US_RTMP_DATA_AMF3, nested_objects },
  { "an unknown command", US_RTMP_COMMAND_AMF0, unknown_command },
  { "a number for a command's name", US_RTMP_COMMAND_AMF0, number_for_a_name },
  { "an aggregate that is none", US_RTMP_AGGREGATE, nested_objects },
};

/* Whether such a publisher stays or goes is its own business; two packagers are told the same, and
 * memory comes back. */
static void
test_r4_amf (Fixture *fixture, gconstpointer data) {
  Steady steady;
  begin (&steady, fixture);
  double before = memory_bytes (fixture);
  for (guint when = 0; when < 2; when++) /* before a publish and after it */
    for (guint i = 0; i < G_N_ELEMENTS (r4_rows); i++) {
      g_autofree char *key = g_strdup_printf ("amf%u", i);
      int fd = when == 0 ? raw_handshake (fixture) : raw_publish (fixture, key);
      GByteArray *body = g_byte_array_new (), *wire = g_byte_array_new ();
      UsRtmpMessage message
          = { .type = (UsRtmpMessageType)r4_rows[i].type, .chunk_stream = 3, .stream_id = 1 };
      r4_rows[i].body (body);
      us_rtmp_chunk_write (wire, 128, &message, body->data, body->len);
      g_test_message ("%s", r4_rows[i].name);
      raw_send_bytes (fd, wire);
      g_byte_array_unref (body);
      close (fd);
    }
  steady_run (&steady, 1);
  wait_until (is_given_back, &(Memory){ fixture, before }, NULL, "memory to come back");
  steady_end (&steady);
}

/* -------------------------------------------------------------------------------------- R7 */

static void
test_r7_same_key (Fixture *fixture, gconstpointer data) {
  static const char *const names[] = { "../steady",   "%2e%2e/steady", "a%00b",  "..",
                                       "steady/../x", "a\x01",         "a\\b/c", "-\xc3\x28" };
  Steady steady;
  fixture->settings.takeover_silence_ms = 2000;
  begin (&steady, fixture);
  /* The key is busy: one step, and the one who is there stays. */
  for (guint i = 0; i < 3; i++) {
    Encoder *second = encoder_new (fixture->port, i == 0 ? "steady" : "live/steady");
    encoder_send_configs (second, 2);
    encoder_send_media (second, 1000, 200);
    wait_until (is_closed, second, NULL, "a second publisher to be refused");
    g_assert_false (second->is_ready);
    g_assert_nonnull (strstr (second->fault, "BadName"));
    encoder_free (second);
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    int fd = raw_publish (fixture, names[i]);
    wait_until (raw_is_closed, &fd, NULL, "a name to be refused");
    close (fd);
  }
  g_autofree char *long_name = g_strnfill (4096, 'a');
  int fd = raw_publish (fixture, long_name);
  wait_until (raw_is_closed, &fd, NULL, "a name of 4 KB to be refused");
  close (fd);
  steady_end (&steady);
}

/* -------------------------------------------------------------------------------------- R8 */

#define FLOOD 6000
#define FLOOD_PER_S 2000

/* A process of its own that connects FLOOD times, at FLOOD_PER_S if the machine lets it, and keeps
 * each connection until 200 others came after it. */
static G_NORETURN void
flood (guint16 port) {
  int fds[200];
  memset (fds, -1, sizeof fds);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  gint64 begun_us = g_get_monotonic_time ();
  for (guint i = 0; i < FLOOD; i++) {
    gint64 due_us = begun_us + (gint64)i * G_USEC_PER_SEC / FLOOD_PER_S;
    gint64 early_us = due_us - g_get_monotonic_time ();
    if (early_us > 0)
      usleep ((useconds_t)early_us); /* the pace of the fault, not a wait for anything */
    int *fd = &fds[i % G_N_ELEMENTS (fds)];
    if (*fd >= 0)
      close (*fd);
    *fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd >= 0)
      (void)!connect (*fd, (struct sockaddr *)&address, sizeof address);
  }
  _exit (0);
}

static gboolean
has_exited (gpointer pid) {
  int status;
  return waitpid (*(pid_t *)pid, &status, WNOHANG) == *(pid_t *)pid;
}

static void
check_newcomer (Fixture *fixture, const char *path) {
  Encoder *encoder = encoder_new (fixture->port, path);
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 1000, 200);
  wait_until (is_ready, encoder, NULL, "a newcomer");
  g_assert_true (encoder->is_ready && !encoder->is_closed);
  encoder_free (encoder);
}

static void
test_r8_flood (Fixture *fixture, gconstpointer data) {
  Steady steady;
  fixture->settings.rtmp.max_connections = 50;
  begin (&steady, fixture);
  pid_t pid = fork ();
  if (pid == 0)
    flood (fixture->port);
  gint64 begun_us = g_get_monotonic_time ();
  wait_until (has_exited, &pid, NULL, "the flood");
  g_test_message ("%d connections in %.2f s", FLOOD,
                  (double)(g_get_monotonic_time () - begun_us) / G_USEC_PER_SEC);
  check_newcomer (fixture, "live/after");
  steady_end (&steady);
}

static void
test_r8_descriptors (Fixture *fixture, gconstpointer data) {
  Steady steady;
  begin (&steady, fixture);
  struct rlimit old, none;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  int fds[20];
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = raw_connect (fixture); /* wait in the backlog: no turn of the loop in between */
  int lowest = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  close (lowest);
  none = old;
  none.rlim_cur = (rlim_t)lowest;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    wait_until (raw_is_closed, &fds[i], NULL, "a connection to be shed");
  steady_run (&steady, 2); /* and what is there goes on without a single free descriptor */
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  check_newcomer (fixture, "live/after");
  steady_end (&steady);
}

/* -------------------------------------------------------------------------------------- R9 */

static void
test_r9_pauses (Fixture *fixture, gconstpointer data) {
  Steady steady;
  fixture->settings.rtmp.limits.media_timeout_ms = 2000;
  begin (&steady, fixture);
  Encoder *encoder = encoder_new (fixture->port, "live/second");
  encoder_send_configs (encoder, 1);
  encoder_send_media (encoder, 3000, 200);
  wait_until (has_second, &(Second){ fixture->twins[0], 2 }, NULL, "segments");
  steady_run (&steady, 2); /* 0.8 s of silence; its clock stood still, like a paused OBS */
  encoder_send_media (encoder, 3000, 200);
  wait_until (has_second, &(Second){ fixture->twins[0], 5 }, NULL, "the same connection to go on");
  guint n_breaks;
  count_second (fixture->twins[0], &n_breaks);
  g_assert_cmpuint (n_breaks, ==, 0);
  g_assert_false (encoder->is_closed);
  /* too long: it is sent away, and its reconnect is one discontinuity */
  wait_until (is_closed, encoder, NULL, "the end of one that says nothing");
  Encoder *back = encoder_new (fixture->port, "live/second");
  encoder_send_configs (back, 1);
  encoder_send_media (back, 4000, 200);
  wait_until (has_second, &(Second){ fixture->twins[0], 8 }, NULL, "segments behind the reconnect");
  count_second (fixture->twins[0], &n_breaks);
  g_assert_cmpuint (n_breaks, ==, 1);
  encoder_free (encoder);
  encoder_free (back);
  steady_end (&steady);
}

/* Publishes, sends a key frame and half of another message, then breaks off. */
static void
break_off (Fixture *fixture, const char *key, gboolean is_reset, gsize n_bytes) {
  int fd = raw_publish (fixture, key);
  g_autoptr (GBytes) config = media_video_config (1), frame = media_video (TRUE, 1, 5000);
  GBytes *const payloads[] = { config, frame, frame };
  GByteArray *wire = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (payloads); i++) {
    UsRtmpMessage message = { .type = US_RTMP_VIDEO, .chunk_stream = 6, .stream_id = 1 };
    gsize size;
    const guint8 *bytes = g_bytes_get_data (payloads[i], &size);
    message.timestamp_ms = i * 40;
    us_rtmp_chunk_write (wire, 128, &message, bytes, size);
  }
  g_assert_cmpuint (n_bytes, <, wire->len);
  g_byte_array_set_size (wire, (guint)n_bytes);
  raw_send_bytes (fd, wire);
  struct linger now = { 1, 0 };
  if (is_reset)
    g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), ==, 0);
  close (fd);
}

static void
test_r9_broken_off (Fixture *fixture, gconstpointer data) {
  static const gsize cuts[] = { 1, 11, 12, 20, 45, 5000, 5200, 10000 };
  Steady steady;
  begin (&steady, fixture);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (cuts); i++)
    break_off (fixture, "broken", i % 2 == 0, cuts[i / 2]);
  check_newcomer (fixture, "live/broken");
  steady_end (&steady);
}

typedef struct {
  Encoder *encoder;
  GRand *random;
  guint source, n_frames;
  gint64 held_until_us;
} Jitter;

/* What a line with 200 ms of jitter and lost packets does to a TCP connection: nothing arrives for
 * a while, then all of it at once. */
static gboolean
on_jitter (gpointer user_data) {
  Jitter *jitter = user_data;
  Encoder *encoder = jitter->encoder;
  guint32 stamp = (guint32)encoder->time_ms;
  encoder_send (encoder, US_RTMP_VIDEO, encoder->time_ms,
                media_video (jitter->n_frames++ % 25 == 0, stamp, 400));
  encoder_send (encoder, US_RTMP_AUDIO, encoder->time_ms + 5, media_audio (stamp));
  encoder->time_ms += 40;
  gint64 now_us = g_get_monotonic_time ();
  if (now_us >= jitter->held_until_us) {
    encoder_flush (encoder);
    gboolean is_lost = g_rand_int_range (jitter->random, 0, 50) == 0;
    jitter->held_until_us
        = now_us + (is_lost ? 600000 : g_rand_int_range (jitter->random, 0, 200000));
  }
  return G_SOURCE_CONTINUE;
}

static void
test_r9_jitter (Fixture *fixture, gconstpointer data) {
  Steady steady;
  begin (&steady, fixture);
  Jitter jitter = { .random = g_rand_new_with_seed (9) };
  jitter.encoder = encoder_new (fixture->port, "live/second");
  encoder_send_configs (jitter.encoder, 1);
  jitter.source = g_timeout_add (40, on_jitter, &jitter);
  wait_until (has_second, &(Second){ fixture->twins[0], 4 }, NULL, "segments over a bad line");
  g_source_remove (jitter.source);
  guint n_breaks;
  count_second (fixture->twins[0], &n_breaks);
  g_assert_cmpuint (n_breaks, ==, 0);
  encoder_free (jitter.encoder);
  g_rand_free (jitter.random);
  steady_end (&steady);
}

/* ---------------------------------------------------------------------------------- own faults */

static gboolean
is_disk_waited_for (gpointer data) {
  return disk_count_waiting () > 0;
}

/* The disk of the ingest's state stands still while a publisher comes, goes and comes back. */
static void
test_stuck_disk (Fixture *fixture, gconstpointer data) {
  Steady steady;
  begin (&steady, fixture);
  disk_set_stuck (TRUE);
  for (guint i = 0; i < 3; i++) {
    check_newcomer (fixture, "live/second");
    wait_until (is_disk_waited_for, NULL, NULL, "the disk");
    steady_run (&steady, 3); /* seconds of the ingest's own timer, too */
  }
  disk_set_stuck (FALSE);
  steady_end (&steady);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/faults/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("R1/slow-handshakes", test_r1_slow_handshakes);
  ADD ("R2/half-open", test_r2_half_open);
  ADD ("R2/by-default", test_r2_by_default);
  ADD ("R3/chunk-sizes", test_r3_chunk_sizes);
  ADD ("R3/half-messages", test_r3_half_messages);
  ADD ("R3/interleaved", test_r3_interleaved);
  ADD ("R4/amf", test_r4_amf);
  ADD ("R7/same-key", test_r7_same_key);
  ADD ("R8/flood", test_r8_flood);
  ADD ("R8/descriptors", test_r8_descriptors);
  ADD ("R9/pauses", test_r9_pauses);
  ADD ("R9/broken-off", test_r9_broken_off);
  ADD ("R9/jitter", test_r9_jitter);
  ADD ("stuck-disk", test_stuck_disk);
  return g_test_run ();
}
