/* test-window.c - what is listed, what is kept, and what a hole does */
#include "packager/window.h"

#include <string.h>

#include "hls/playlist.h"

static UsSegment *
make (guint64 number, gint64 duration_ms) {
  g_autofree char *text = g_strdup_printf ("segment %" G_GUINT64_FORMAT, number);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  UsSegment *segment = us_segment_new (0xabc, number, NULL, bytes);
  segment->duration_us = duration_ms * 1000;
  segment->wall_ms = (gint64)number * 2000;
  return segment;
}

static void
add (UsWindow *window, guint64 number, gint64 duration_ms) {
  g_autoptr (UsSegment) segment = make (number, duration_ms);
  g_assert_true (us_window_append (window, segment, 2));
}

static guint64
first_kept (UsWindow *window) {
  return ((UsSegment *)g_ptr_array_index (us_window_get_segments (window), 0))->number;
}

static void
test_lists_the_last (void) {
  g_autoptr (UsWindow) window = us_window_new (3);
  g_assert_null (us_window_render (window));
  for (guint64 n = 100; n < 110; n++)
    add (window, n, 2000);
  g_assert_cmpuint (us_window_get_n_listed (window), ==, 3);
  g_assert_cmpuint (us_window_get_last_number (window), ==, 109);

  g_autoptr (GBytes) text = us_window_render (window);
  g_autoptr (GError) error = NULL;
  g_autoptr (UsPlaylist) playlist
      = us_playlist_parse (g_bytes_get_data (text, NULL), g_bytes_get_size (text), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (playlist->media_sequence, ==, 107);
  g_assert_cmpuint (playlist->segments->len, ==, 3);
  g_assert_true (playlist->can_block_reload);
  g_assert_true (playlist->is_independent);
}

/* RFC 8216 6.2.2: listed until 106 left; then its own 2 s and the 6 s of the playlist. */
static void
test_keeps_what_was_listed (void) {
  g_autoptr (UsWindow) window = us_window_new (3);
  for (guint64 n = 100; n < 120; n++) {
    add (window, n, 2000);
    guint64 listed_first = n < 102 ? 100 : n - 2;
    gint64 kept_s = 2 * (gint64)(listed_first - first_kept (window));
    if (n >= 110)
      g_assert_cmpint (kept_s, >=, 8);
    g_assert_cmpint (kept_s, <=, 12);
  }
}

static void
test_numbers_only_rise (void) {
  g_autoptr (UsWindow) window = us_window_new (3);
  add (window, 100, 2000);
  g_autoptr (UsSegment) again = make (100, 2000);
  g_autoptr (UsSegment) before = make (99, 2000);
  g_assert_false (us_window_append (window, again, 2));
  g_assert_false (us_window_append (window, before, 2));
  g_assert_cmpuint (us_window_get_n_listed (window), ==, 1);
}

static void
test_a_hole_starts_a_new_run (void) {
  g_autoptr (UsWindow) window = us_window_new (5);
  add (window, 100, 2000);
  add (window, 101, 2000);
  add (window, 103, 2000);
  g_assert_cmpuint (us_window_get_n_listed (window), ==, 1);
  g_assert_cmpuint (us_window_get_segments (window)->len, ==, 3);
  add (window, 104, 2000);
  g_assert_cmpuint (us_window_get_n_listed (window), ==, 2);
}

static void
test_target_duration_never_changes (void) {
  g_autoptr (UsWindow) window = us_window_new (5);
  g_autoptr (UsSegment) one = make (1, 2000);
  g_autoptr (UsSegment) two = make (2, 5000);
  g_assert_true (us_window_append (window, one, 2));
  g_assert_true (us_window_append (window, two, 5));
  g_assert_cmpuint (us_window_get_target_duration_s (window), ==, 2);
}

static void
test_memory_is_bounded (void) {
  g_autoptr (UsWindow) window = us_window_new (3);
  gsize most = 0;
  for (guint64 n = 1000; n < 2000; n++) {
    add (window, n, 1000 + (gint64)(n * 7919 % 4000));
    most = MAX (most, us_window_get_segments (window)->len);
  }
  g_assert_cmpuint (most, <, 30);
  gsize sum = 0;
  for (guint i = 0; i < us_window_get_segments (window)->len; i++)
    sum += g_bytes_get_size (
        ((UsSegment *)g_ptr_array_index (us_window_get_segments (window), i))->bytes);
  g_assert_cmpuint (us_window_get_bytes (window), ==, sum);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packager/window/lists-the-last", test_lists_the_last);
  g_test_add_func ("/packager/window/keeps-what-was-listed", test_keeps_what_was_listed);
  g_test_add_func ("/packager/window/numbers-only-rise", test_numbers_only_rise);
  g_test_add_func ("/packager/window/hole", test_a_hole_starts_a_new_run);
  g_test_add_func ("/packager/window/target-duration", test_target_duration_never_changes);
  g_test_add_func ("/packager/window/bounded", test_memory_is_bounded);
  return g_test_run ();
}
