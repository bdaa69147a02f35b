/* test-watch.c - sockets and deadlines over one epoll set for each main context */
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtmp/watch.h"

typedef struct Peer Peer;
struct Peer {
  int near, far;
  GSource *watch;
  guint n_calls;
  GIOCondition ready;      /* of the latest call */
  gboolean is_drained;     /* reads what came */
  gboolean is_freed_in;    /* frees itself in its callback */
  gboolean runs_loop;      /* turns the loop in its callback */
  gboolean returns_remove; /* ends by its result */
  Peer *victim;            /* whom it frees in its callback */
};

static gboolean
on_ready (GIOCondition ready, gpointer user_data) {
  Peer *peer = user_data;
  char byte;
  peer->n_calls++;
  peer->ready = ready;
  if (peer->runs_loop)
    for (guint i = 0; i < 5; i++)
      g_main_context_iteration (NULL, FALSE);
  if (peer->is_drained)
    while (recv (peer->near, &byte, 1, MSG_DONTWAIT) == 1)
      continue;
  if (peer->victim != NULL)
    g_clear_pointer (&peer->victim->watch, us_rtmp_watch_free);
  if (peer->is_freed_in)
    g_clear_pointer (&peer->watch, us_rtmp_watch_free);
  return peer->returns_remove ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
peer_init (Peer *peer) {
  int pair[2];
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  *peer = (Peer){ .near = pair[0], .far = pair[1], .is_drained = TRUE };
  peer->watch = us_rtmp_watch_new (peer->near, G_IO_IN, "test", on_ready, peer);
}

static void
peer_clear (Peer *peer) {
  g_clear_pointer (&peer->watch, us_rtmp_watch_free);
  close (peer->near);
  close (peer->far);
}

static void
say (Peer *peer) {
  g_assert_cmpint (send (peer->far, "x", 1, 0), ==, 1);
}

static void
turn (guint times) {
  for (guint i = 0; i < times; i++)
    g_main_context_iteration (NULL, FALSE);
}

static guint
count_descriptors (void) {
  guint n = 0;
  DIR *dir = opendir ("/proc/self/fd");
  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

static void
test_conditions (void) {
  Peer peer;
  peer_init (&peer);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 0);
  say (&peer);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 1);
  g_assert_cmpuint (peer.ready, ==, G_IO_IN);
  us_rtmp_watch_set_conditions (peer.watch, G_IO_IN | G_IO_OUT);
  turn (1);
  g_assert_cmpuint (peer.n_calls, ==, 2);
  g_assert_cmpuint (peer.ready, ==, G_IO_OUT);
  us_rtmp_watch_set_conditions (peer.watch, 0);
  say (&peer);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 2);
  shutdown (peer.far, SHUT_RDWR); /* is told whatever is waited for */
  turn (1);
  g_assert_cmpuint (peer.n_calls, ==, 3);
  g_assert_cmpuint (peer.ready, ==, G_IO_HUP);
  peer_clear (&peer);
}

static void
test_deadline (void) {
  Peer peer;
  peer_init (&peer);
  us_rtmp_watch_set_deadline (peer.watch, 0);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 1); /* once: a deadline that passed is over */
  g_assert_cmpuint (peer.ready, ==, 0);
  g_assert_cmpint (g_source_get_ready_time (peer.watch), ==, -1);
  us_rtmp_watch_set_deadline (peer.watch, g_get_monotonic_time () + 600 * G_USEC_PER_SEC);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 1);
  /* What had come by the deadline is told with it, whoever of the two is dispatched. */
  say (&peer);
  us_rtmp_watch_set_deadline (peer.watch, 1);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 2);
  g_assert_cmpuint (peer.ready, ==, G_IO_IN);
  peer_clear (&peer);
}

static void
test_freed_in_callbacks (void) {
  Peer one, two;
  peer_init (&one);
  peer_init (&two);
  /* Both are ready in one turn; whichever comes first frees the other and itself. */
  one.victim = &two;
  two.victim = &one;
  one.is_freed_in = two.is_freed_in = TRUE;
  say (&one);
  say (&two);
  turn (3);
  g_assert_cmpuint (one.n_calls + two.n_calls, ==, 1);
  g_assert_true (one.watch == NULL && two.watch == NULL);
  peer_clear (&one);
  peer_clear (&two);
}

/* The next socket gets the number of one that was closed. */
static void
test_number_used_again (void) {
  Peer one, two;
  peer_init (&one);
  int number = one.near;
  say (&one);
  peer_clear (&one);
  peer_init (&two);
  if (two.near != number) /* the far end may have got it */
    g_assert_cmpint (two.far, ==, number);
  turn (3);
  g_assert_cmpuint (one.n_calls + two.n_calls, ==, 0);
  say (&two);
  turn (1);
  g_assert_cmpuint (two.n_calls, ==, 1);
  peer_clear (&two);
}

static void
test_loop_in_callback (void) {
  Peer one, two;
  peer_init (&one);
  peer_init (&two);
  one.runs_loop = TRUE;
  say (&one);
  say (&two);
  turn (1);
  g_assert_cmpuint (one.n_calls, ==, 1); /* not within itself */
  turn (1);
  g_assert_cmpuint (two.n_calls, >=, 1); /* the others go on */
  g_assert_cmpuint (two.n_calls, <=, 2);
  one.runs_loop = FALSE;
  say (&one);
  turn (1);
  g_assert_cmpuint (one.n_calls, ==, 2);
  peer_clear (&one);
  peer_clear (&two);
}

static void
test_removed_by_its_result (void) {
  Peer peer;
  peer_init (&peer);
  peer.returns_remove = TRUE;
  peer.is_drained = FALSE;
  say (&peer);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 1);
  g_assert_true (g_source_is_destroyed (peer.watch));
  peer_clear (&peer);
}

/* More than one turn takes; all of them get theirs, and no descriptor is left. */
static void
test_many (void) {
  enum { N = 200 };
  guint before = count_descriptors ();
  g_autofree Peer *peers = g_new0 (Peer, N);
  for (guint i = 0; i < N; i++)
    peer_init (&peers[i]);
  g_assert_cmpuint (count_descriptors (), ==, before + 2 * N + 1); /* one for all of them */
  for (guint i = 0; i < N; i++)
    say (&peers[i]);
  turn (8);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (peers[i].n_calls, ==, 1);
  for (guint i = 0; i < N; i++)
    peer_clear (&peers[i]);
  turn (1);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_two_contexts (void) {
  Peer one, two;
  peer_init (&one);
  GMainContext *context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  peer_init (&two);
  g_main_context_pop_thread_default (context);
  say (&one);
  say (&two);
  turn (3);
  g_assert_true (one.n_calls == 1 && two.n_calls == 0);
  g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (two.n_calls, ==, 1);
  peer_clear (&two);
  g_main_context_unref (context);
  peer_clear (&one);
}

/* No descriptor for an epoll set: GLib polls the socket. */
static void
test_without_descriptors (void) {
  Peer peer;
  peer_init (&peer);
  g_clear_pointer (&peer.watch, us_rtmp_watch_free);
  turn (1);
  struct rlimit old, none = { 0, 0 };
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  none.rlim_max = old.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  peer.watch = us_rtmp_watch_new (peer.near, G_IO_IN, "test", on_ready, &peer);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
  say (&peer);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 1);
  us_rtmp_watch_set_conditions (peer.watch, G_IO_OUT);
  turn (1);
  g_assert_cmpuint (peer.n_calls, ==, 2);
  g_assert_cmpuint (peer.ready, ==, G_IO_OUT);
  us_rtmp_watch_set_conditions (peer.watch, G_IO_IN);
  us_rtmp_watch_set_deadline (peer.watch, 0);
  turn (3);
  g_assert_cmpuint (peer.n_calls, ==, 3);
  peer_clear (&peer);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_main_context_iteration (NULL, FALSE); /* GLib opens what it needs */
#define ADD(name, func) g_test_add_func ("/rtmp/watch/" name, func)
  ADD ("conditions", test_conditions);
  ADD ("deadline", test_deadline);
  ADD ("freed-in-callbacks", test_freed_in_callbacks);
  ADD ("number-used-again", test_number_used_again);
  ADD ("loop-in-callback", test_loop_in_callback);
  ADD ("removed-by-its-result", test_removed_by_its_result);
  ADD ("many", test_many);
  ADD ("two-contexts", test_two_contexts);
  ADD ("without-descriptors", test_without_descriptors);
  return g_test_run ();
}
