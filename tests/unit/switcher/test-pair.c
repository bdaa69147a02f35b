/* test-pair.c - whether the same numbers of two lists last equally long */
#include "switcher/pair.h"

#include "hls/segment.h"

#define EPOCH 0x19abcdef012
#define MS G_TIME_SPAN_MILLISECOND

/* @n segments from @first on, of 2 s each, but for number @odd. */
static UsPlaylist *
list (guint64 epoch, guint64 first, guint n, guint64 odd, gint64 odd_us) {
  UsPlaylist *playlist = us_playlist_new ();
  for (guint64 number = first; number < first + n; number++) {
    g_autofree char *name = us_segment_name (epoch, number);
    us_playlist_add (playlist, name, number - first, number == odd ? odd_us : 2000 * MS);
  }
  return playlist;
}

static void
test_misaligned (void) {
  static const struct {
    const char *what;
    guint64 epoch, first;
    guint n;
    guint64 odd;
    gint64 odd_us;
    gboolean is_misaligned;
  } table[] = {
    { "the same", EPOCH, 100, 10, 0, 0, FALSE },
    { "a jitter", EPOCH, 100, 10, 105, 2050 * MS, FALSE },
    { "one is longer", EPOCH, 100, 10, 105, 2051 * MS, TRUE },
    { "one is shorter", EPOCH, 100, 10, 105, 1949 * MS, TRUE },
    { "the first", EPOCH, 100, 10, 100, 1 * MS, TRUE },
    { "the last", EPOCH, 100, 10, 109, 1 * MS, TRUE },
    { "behind", EPOCH, 95, 10, 104, 1 * MS, TRUE },
    { "behind, not in common", EPOCH, 95, 10, 99, 1 * MS, FALSE },
    { "ahead", EPOCH, 105, 10, 105, 1 * MS, TRUE },
    { "ahead, not in common", EPOCH, 105, 10, 110, 1 * MS, FALSE },
    { "nothing in common", EPOCH, 500, 10, 505, 1 * MS, FALSE },
    { "another epoch", EPOCH + 1, 100, 10, 105, 1 * MS, FALSE },
    { "empty", EPOCH, 100, 0, 0, 0, FALSE },
  };
  g_autoptr (UsPlaylist) one = list (EPOCH, 100, 10, 0, 0);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (UsPlaylist) other
        = list (table[i].epoch, table[i].first, table[i].n, table[i].odd, table[i].odd_us);
    g_test_message ("%s", table[i].what);
    g_assert_cmpint (us_pair_is_misaligned (one, other), ==, table[i].is_misaligned);
    g_assert_cmpint (us_pair_is_misaligned (other, one), ==, table[i].is_misaligned);
  }
  g_assert_false (us_pair_is_misaligned (one, NULL));
  g_assert_false (us_pair_is_misaligned (NULL, one));
}

/* Gaps have no length, and names of others no number. */
static void
test_left_out (void) {
  g_autoptr (UsPlaylist) one = list (EPOCH, 100, 4, 0, 0);
  g_autoptr (UsPlaylist) other = list (EPOCH, 100, 4, 102, 9000 * MS);
  UsPlaylistSegment *segment = g_ptr_array_index (other->segments, 2);
  segment->is_gap = TRUE;
  us_playlist_add (other, "index17.ts", 4, 9000 * MS);
  g_assert_false (us_pair_is_misaligned (one, other));
  segment->is_gap = FALSE;
  g_assert_true (us_pair_is_misaligned (one, other));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/pair/misaligned", test_misaligned);
  g_test_add_func ("/switcher/pair/left-out", test_left_out);
  return g_test_run ();
}
