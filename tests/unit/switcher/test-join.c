/* test-join.c - where another origin's playlist is entered */
#include "switcher/join.h"

/* @n segments of 2 s, the first starting at @wall_ms (-1: no dates) */
static UsPlaylist *
playlist_of (guint n, gint64 wall_ms) {
  UsPlaylist *playlist = us_playlist_new ();
  playlist->target_duration_s = 2;
  for (guint i = 0; i < n; i++) {
    g_autofree char *uri = g_strdup_printf ("s%u.ts", i);
    UsPlaylistSegment *segment = us_playlist_add (playlist, uri, i, 2 * G_USEC_PER_SEC);
    segment->wall_ms = wall_ms < 0 ? -1 : wall_ms + i * 2000;
  }
  return playlist;
}

static void
test_after (void) {
  static const struct {
    guint n;
    gint64 wall_ms, end_ms;
    guint expected;
  } table[] = {
    { 0, 0, 1000, 0 },          /* nothing there */
    { 10, 100000, 110000, 5 },  /* same boundaries */
    { 10, 100000, 110040, 5 },  /* within a frame */
    { 10, 100000, 110041, 6 },  /* no picture twice */
    { 10, 100000, 109000, 5 },  /* other boundaries: a gap of 1 s */
    { 10, 100000, 120000, 10 }, /* exactly at its end: wait for the next */
    { 10, 100000, 125000, 10 }, /* it is behind: wait */
    { 10, 100000, 126001, 7 },  /* so far behind that the clocks disagree */
    { 10, 100000, 50000, 0 },   /* a long outage: all it has is new */
    { 10, -1, 110000, 7 },      /* no dates there */
    { 10, 100000, -1, 7 },      /* no dates here */
    { 2, -1, -1, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (UsPlaylist) playlist = playlist_of (table[i].n, table[i].wall_ms);
    g_assert_cmpuint (us_join_after (playlist, table[i].end_ms), ==, table[i].expected);
  }
}

static void
test_start (void) {
  g_autoptr (UsPlaylist) playlist = playlist_of (12, -1);
  g_assert_cmpuint (us_join_start (playlist, 10), ==, 2);
  g_assert_cmpuint (us_join_start (playlist, 12), ==, 0);
  g_assert_cmpuint (us_join_start (playlist, 50), ==, 0);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/join/after", test_after);
  g_test_add_func ("/switcher/join/start", test_start);
  return g_test_run ();
}
