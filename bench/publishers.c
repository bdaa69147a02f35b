/* publishers.c - many small RTMP publishers with real time stamps that come and go
 *
 * usage: bench-publishers --publishers N --seconds S --life S --seed N A.flv B.flv NAME=PORT ...
 *
 * Every target (a server on 127.0.0.1) gets N publishers "p0", "p1" ... of application "live", each
 * on a connection of its own, which sends an FLV file in a loop and in real time, one write for
 * each message, as encoders do. After a random time it ends, in one of four ways in turn at random:
 * clean (FCUnpublish, deleteStream), by RST, half-open (silent, its socket is kept for three
 * seconds more), or clean and then back with the other file. It comes back within half a second;
 * one that is refused tries again each second. The plan comes from the seed and is the same for
 * every target.
 *
 * One thread. Once a tick (10 ms) everything that is due is sent. What was done goes to standard
 * output as JSON at the end, or at SIGTERM; "ready" when all publish for the first time.
 */
#include <errno.h>
#include <glib-unix.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtmp/bytes.h"

#define TICK_US 10000
#define HALF_OPEN_US (3 * G_USEC_PER_SEC)
#define RETRY_US G_USEC_PER_SEC
#define CHUNK_BYTES 65536
#define HANDSHAKE_BYTES 1536
#define MAX_QUEUE_BYTES (4 << 20) /* of a server that takes nothing: the measurement is void */

typedef struct {
  guint8 type;
  guint32 time_ms;
  gboolean is_header;
  const guint8 *body;
  guint32 size;
} Tag;

typedef struct {
  GArray *tags;
  guint32 length_ms;
  char *data;
} Film;

typedef enum { IDLE, GREETING, ASKING, PUBLISHING } State;
enum { END_CLEAN, END_RESET, END_HALF_OPEN, END_CHANGE, N_ENDS };
static const char *const end_names[N_ENDS] = { "clean", "reset", "half_open", "change" };

typedef struct {
  const char *name;
  guint16 port;
  guint64 publishes, refusals, broken, messages, bytes, ends[N_ENDS];
  gint64 latest_us; /* how late a message was at worst */
} Target;

typedef struct {
  Target *target;
  guint number;
  GRand *plan; /* one of its own: what the server does must not change the others' */
  State state;
  int fd;
  guint film, next; /* which file, which tag of it */
  guint64 round_ms; /* media time at which the file's present round began */
  gint64 began_us, wake_us, end_us;
  gsize answer_left; /* of the handshake */
  GString *said;
  GByteArray *out; /* what the socket did not take yet */
} Publisher;

typedef struct {
  int fd;
  gint64 close_us;
} Corpse;

static Film films[2];
static double life_s = 60;
static int epoll_fd;
static GArray *corpses;
static gboolean is_stopped;

static Film
film_load (const char *path) {
  Film film = { g_array_new (FALSE, TRUE, sizeof (Tag)), 0, NULL };
  gsize size = 0;
  if (!g_file_get_contents (path, &film.data, &size, NULL))
    g_error ("%s cannot be read", path);
  const guint8 *data = (const guint8 *)film.data;
  guint32 last = 0;
  for (gsize at = 13; at + 11 <= size;) {
    Tag tag = { .type = data[at], .size = us_read_u24 (data + at + 1), .body = data + at + 11 };
    tag.time_ms = us_read_u24 (data + at + 4) | (guint32)data[at + 7] << 24;
    at += 11 + tag.size + 4;
    /* Legacy H.264 and AAC: byte 1 is the packet type, 2 an end of sequence. */
    if ((tag.type != 8 && tag.type != 9) || tag.size < 2 || tag.body[1] == 2)
      continue;
    tag.is_header = tag.body[1] == 0;
    if (tag.type == 9 && !tag.is_header) {
      film.length_ms = tag.time_ms + (tag.time_ms - last);
      last = tag.time_ms;
    }
    g_array_append_val (film.tags, tag);
  }
  if (film.length_ms == 0)
    g_error ("%s has no pictures", path);
  return film;
}

static void
put_u24 (GByteArray *out, guint32 value) {
  const guint8 bytes[] = { (guint8)(value >> 16), (guint8)(value >> 8), (guint8)value };
  g_byte_array_append (out, bytes, sizeof bytes);
}

static void
put_message (GByteArray *out, guint8 csid, guint8 type, guint32 stream, guint32 time_ms,
             const void *body, guint32 size) {
  guint8 le[] = { (guint8)stream, 0, 0, 0 };
  g_byte_array_append (out, &csid, 1);
  put_u24 (out, MIN (time_ms, 0xffffff));
  put_u24 (out, size);
  g_byte_array_append (out, &type, 1);
  g_byte_array_append (out, le, sizeof le);
  if (time_ms >= 0xffffff) {
    guint8 extended[4];
    us_write_u32 (extended, time_ms);
    g_byte_array_append (out, extended, sizeof extended);
  }
  g_byte_array_append (out, body, size);
}

static void
put_text (GByteArray *body, const char *text) {
  const guint8 head[] = { 2, 0, (guint8)strlen (text) };
  g_byte_array_append (body, head, sizeof head);
  g_byte_array_append (body, (const guint8 *)text, (guint)strlen (text));
}

/* A command with a transaction, null, and up to two texts. */
static void
put_command (Publisher *p, guint32 stream, const char *name, guint transaction, const char *first,
             const char *second) {
  g_autoptr (GByteArray) body = g_byte_array_new ();
  guint8 number[9] = { 0 };
  guint64 bits = GUINT64_TO_BE (((union {
                                  double d;
                                  guint64 u;
                                }){ .d = transaction })
                                    .u);
  memcpy (number + 1, &bits, sizeof bits);
  put_text (body, name);
  g_byte_array_append (body, number, sizeof number);
  g_byte_array_append (body, (const guint8 *)"\x05", 1);
  if (first != NULL)
    put_text (body, first);
  if (second != NULL)
    put_text (body, second);
  put_message (p->out, 3, 20, stream, 0, body->data, body->len);
}

static void
flush (Publisher *p) {
  gsize done = 0;
  while (done < p->out->len) {
    ssize_t n = send (p->fd, p->out->data + done, p->out->len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n <= 0)
      break;
    done += (gsize)n;
  }
  g_byte_array_remove_range (p->out, 0, (guint)done);
  if (p->out->len > MAX_QUEUE_BYTES)
    g_error ("%s does not take what its publishers send", p->target->name);
}

static void
sleep_until (Publisher *p, gint64 wake_us) {
  p->state = IDLE;
  p->fd = -1;
  p->wake_us = wake_us;
  g_byte_array_set_size (p->out, 0);
}

static void
close_hard (int fd) {
  struct linger linger = { 1, 0 };
  setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close (fd);
}

static void
begin (Publisher *p, gint64 now) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = g_htons (p->target->port) };
  address.sin_addr.s_addr = g_htonl (INADDR_LOOPBACK);
  p->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int one = 1;
  setsockopt (p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect (p->fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close (p->fd);
    p->target->broken++;
    sleep_until (p, now + RETRY_US);
    return;
  }
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = p };
  epoll_ctl (epoll_fd, EPOLL_CTL_ADD, p->fd, &event);
  p->state = GREETING;
  p->answer_left = 1 + 2 * HANDSHAKE_BYTES;
  g_string_truncate (p->said, 0);
  guint8 hello[1 + HANDSHAKE_BYTES] = { 3 };
  g_byte_array_append (p->out, hello, sizeof hello);
  flush (p);
}

static void
ask (Publisher *p) {
  static const guint8 connect_body[] = "\x02\x00\x07"
                                       "connect\x00\x3f\xf0\x00\x00\x00\x00\x00\x00\x03\x00\x03"
                                       "app\x02\x00\x04live\x00\x00\x09";
  guint8 chunk[4];
  guint8 echo[HANDSHAKE_BYTES] = { 0 }; /* nobody compares it */
  g_autofree char *key = g_strdup_printf ("p%u", p->number);
  us_write_u32 (chunk, CHUNK_BYTES);
  g_byte_array_append (p->out, echo, sizeof echo);
  put_message (p->out, 2, 1, 0, 0, chunk, sizeof chunk);
  put_message (p->out, 3, 20, 0, 0, connect_body, sizeof connect_body - 1);
  put_command (p, 0, "createStream", 2, NULL, NULL);
  put_command (p, 1, "publish", 3, key, "live");
  p->state = ASKING;
  flush (p);
}

static void
start_media (Publisher *p, gint64 now) {
  p->state = PUBLISHING;
  p->target->publishes++;
  p->next = 0;
  p->round_ms = 0;
  p->began_us = now;
  p->end_us = now + (gint64)(g_rand_double_range (p->plan, 0.2, 1.8) * life_s * G_USEC_PER_SEC);
}

static void
on_broken (Publisher *p, gint64 now) {
  if (p->state == PUBLISHING)
    p->target->broken++;
  else
    p->target->refusals++;
  close (p->fd);
  sleep_until (p, now + RETRY_US);
}

static void
on_answer (Publisher *p, const char *data, gsize size, gint64 now) {
  gsize skip = MIN (size, p->answer_left);
  p->answer_left -= skip;
  if (p->state == GREETING && p->answer_left == 0)
    ask (p);
  if (p->state != ASKING)
    return;
  g_string_append_len (p->said, data + skip, (gssize)(size - skip));
  if (memmem (p->said->str, p->said->len, "NetStream.Publish.Start", 23) != NULL)
    start_media (p, now);
  else if (memmem (p->said->str, p->said->len, "error", 5) != NULL)
    on_broken (p, now);
}

static void
on_readable (Publisher *p, gint64 now) {
  char data[16384];
  if (p->fd < 0)
    return;
  ssize_t n = recv (p->fd, data, sizeof data, MSG_DONTWAIT);
  if (n > 0)
    on_answer (p, data, (gsize)n, now);
  else if (n == 0 || errno != EAGAIN)
    on_broken (p, now);
}

static void
end (Publisher *p, gint64 now) {
  guint how = (guint)g_rand_int_range (p->plan, 0, N_ENDS);
  p->target->ends[how]++;
  if (how == END_CHANGE)
    p->film ^= 1;
  if (how == END_CLEAN || how == END_CHANGE) {
    g_autofree char *key = g_strdup_printf ("p%u", p->number);
    put_command (p, 0, "FCUnpublish", 4, key, NULL);
    put_command (p, 0, "deleteStream", 5, NULL, NULL);
    flush (p);
  }
  if (how == END_HALF_OPEN) {
    Corpse corpse = { p->fd, now + HALF_OPEN_US };
    epoll_ctl (epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
    g_array_append_val (corpses, corpse);
  } else if (how == END_RESET) {
    close_hard (p->fd);
  } else {
    close (p->fd);
  }
  sleep_until (p, now + g_rand_int_range (p->plan, 20, 500) * 1000);
}

/* Everything that is due by now. */
static void
send_media (Publisher *p, gint64 now) {
  const Film *film = &films[p->film];
  while (p->state == PUBLISHING) {
    const Tag *tag = &g_array_index (film->tags, Tag, p->next);
    guint64 time_ms = p->round_ms + tag->time_ms;
    gint64 due_us = p->began_us + (gint64)time_ms * 1000;
    if (due_us > now)
      return;
    if (!tag->is_header || p->round_ms == 0) {
      put_message (p->out, tag->type == 9 ? 6 : 4, tag->type, 1, (guint32)time_ms, tag->body,
                   tag->size);
      flush (p);
      p->target->messages++;
      p->target->bytes += tag->size;
      p->target->latest_us = MAX (p->target->latest_us, now - due_us);
    }
    if (++p->next == film->tags->len) {
      p->next = 0;
      p->round_ms += film->length_ms;
    }
  }
}

static void
bury (gint64 now) {
  for (guint i = corpses->len; i > 0; i--) {
    Corpse *corpse = &g_array_index (corpses, Corpse, i - 1);
    if (corpse->close_us <= now) {
      close_hard (corpse->fd);
      g_array_remove_index_fast (corpses, i - 1);
    }
  }
}

static void
tick (GPtrArray *publishers, gint64 now) {
  for (guint i = 0; i < publishers->len; i++) {
    Publisher *p = publishers->pdata[i];
    if (p->state == IDLE && p->wake_us <= now)
      begin (p, now);
    else if (p->state == PUBLISHING && p->end_us <= now)
      end (p, now);
    else if (p->state == PUBLISHING)
      send_media (p, now);
  }
  bury (now);
}

static void
run (GPtrArray *publishers, GPtrArray *targets, double seconds) {
  struct epoll_event events[64];
  gint64 start = g_get_monotonic_time (), next = start;
  gboolean is_ready = FALSE;
  while (!is_stopped && g_get_monotonic_time () < start + (gint64)(seconds * G_USEC_PER_SEC)) {
    gint64 now = g_get_monotonic_time ();
    int n = epoll_wait (epoll_fd, events, G_N_ELEMENTS (events), (int)(MAX (0, next - now) / 1000));
    now = g_get_monotonic_time ();
    for (int i = 0; i < n; i++)
      on_readable (events[i].data.ptr, now);
    if (now < next)
      continue;
    tick (publishers, now);
    next = MAX (next + TICK_US, now);
    guint64 publishes = 0;
    for (guint i = 0; i < targets->len; i++)
      publishes += ((Target *)targets->pdata[i])->publishes;
    if (!is_ready && publishes >= publishers->len) {
      is_ready = TRUE;
      puts ("ready");
      fflush (stdout);
    }
  }
}

static void
report (GPtrArray *targets) {
  printf ("{");
  for (guint i = 0; i < targets->len; i++) {
    const Target *t = targets->pdata[i];
    printf ("%s\"%s\": {\"publishes\": %" G_GUINT64_FORMAT ", \"refusals\": %" G_GUINT64_FORMAT
            ", \"broken\": %" G_GUINT64_FORMAT ", \"messages\": %" G_GUINT64_FORMAT
            ", \"bytes\": %" G_GUINT64_FORMAT ", \"latest_ms\": %" G_GINT64_FORMAT,
            i > 0 ? ", " : "", t->name, t->publishes, t->refusals, t->broken, t->messages, t->bytes,
            t->latest_us / 1000);
    for (guint how = 0; how < N_ENDS; how++)
      printf (", \"%s\": %" G_GUINT64_FORMAT, end_names[how], t->ends[how]);
    printf ("}");
  }
  printf ("}\n");
}

static void
on_signal (int number) {
  is_stopped = TRUE;
}

static void
add_target (GPtrArray *targets, GPtrArray *publishers, const char *text, int n, int seed) {
  char **parts = g_strsplit (text, "=", 2);
  if (g_strv_length (parts) != 2)
    g_error ("%s is not NAME=PORT", text);
  Target *target = g_new0 (Target, 1);
  target->name = parts[0];
  target->port = (guint16)g_ascii_strtoull (parts[1], NULL, 10);
  g_ptr_array_add (targets, target);
  for (int i = 0; i < n; i++) {
    Publisher *p = g_new0 (Publisher, 1);
    p->target = target;
    p->number = (guint)i;
    p->plan = g_rand_new_with_seed ((guint32)(seed * 100000 + i));
    p->out = g_byte_array_new ();
    p->said = g_string_new (NULL);
    /* Not all at once: key frames at the same moment would be a load that nobody has. */
    sleep_until (p, g_get_monotonic_time () + (gint64)i * 2 * G_USEC_PER_SEC / n);
    g_ptr_array_add (publishers, p);
  }
}

int
main (int argc, char **argv) {
  int n = 200, seed = 1;
  double seconds = 300;
  GOptionEntry entries[] = {
    { "publishers", 0, 0, G_OPTION_ARG_INT, &n, "at each target", "N" },
    { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "how long", "S" },
    { "life", 0, 0, G_OPTION_ARG_DOUBLE, &life_s, "mean time until one ends", "S" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &seed, "of the plan", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("A.flv B.flv NAME=PORT...");
  g_option_context_add_main_entries (context, entries, NULL);
  g_autoptr (GError) error = NULL;
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc < 4)
    g_error ("%s", error != NULL ? error->message : "two files and a target are needed");
  signal (SIGTERM, on_signal);
  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  corpses = g_array_new (FALSE, FALSE, sizeof (Corpse));
  films[0] = film_load (argv[1]);
  films[1] = film_load (argv[2]);
  GPtrArray *targets = g_ptr_array_new (), *publishers = g_ptr_array_new ();
  for (int i = 3; i < argc; i++)
    add_target (targets, publishers, argv[i], n, seed);
  run (publishers, targets, seconds);
  report (targets);
  return 0;
}
