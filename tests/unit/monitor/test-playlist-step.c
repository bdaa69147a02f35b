/* test-playlist-step.c - how one playlist follows on another: went on, jumped, older, begun anew */
#include "monitor/playlist-step.h"

#include "detect-case.h"

/* Playlists of 2 s segments; @dawn_s: when number 0 was made, -1: no dates. */
typedef struct {
  guint64 first;
  guint n;
  int dawn_s;
} Side;

static UsPlaylist *
side_playlist (const Side *side) {
  return make_playlist (side->first, side->n, 2000, 2,
                        side->dawn_s < 0 ? -1 : DAWN_MS + side->dawn_s * 1000);
}

static void
test_steps (void) {
  static const struct {
    Side before, now;
    UsPlaylistStep step;
    guint first_new;
  } rows[] = {
    /* nothing to compare with */
    { { 0, 0, 0 }, { 5, 3, 0 }, US_STEP_FIRST, 0 },
    { { 5, 3, 0 }, { 5, 0, 0 }, US_STEP_FIRST, 0 },
    /* as it should be */
    { { 5, 3, 0 }, { 5, 3, 0 }, US_STEP_SAME, 3 },
    { { 5, 3, 0 }, { 6, 3, 0 }, US_STEP_ADVANCED, 2 },
    { { 5, 3, 0 }, { 7, 3, 0 }, US_STEP_ADVANCED, 1 },
    { { 5, 3, -1 }, { 8, 3, -1 }, US_STEP_ADVANCED, 0 },
    { { 5, 3, 0 }, { 5, 4, 0 }, US_STEP_ADVANCED, 3 },   /* it grows */
    { { 5, 6, 0 }, { 9, 2, 0 }, US_STEP_SAME, 2 },       /* several removed at once */
    { { 5, 3, -1 }, { 2, 6, -1 }, US_STEP_SAME, 6 },     /* a longer window, nothing new */
    { { 5, 3, -1 }, { 2, 8, -1 }, US_STEP_ADVANCED, 6 }, /* and with something new */
    /* unseen between */
    { { 5, 3, 0 }, { 9, 3, 0 }, US_STEP_JUMPED, 0 },
    { { 5, 3, -1 }, { 5000, 3, -1 }, US_STEP_JUMPED, 0 },
    /* older */
    { { 105, 3, 0 }, { 104, 3, 0 }, US_STEP_OLD_COPY, 3 },
    { { 105, 3, -1 }, { 103, 3, -1 }, US_STEP_OLD_COPY, 3 },
    { { 105, 6, 0 }, { 105, 3, 0 }, US_STEP_OLD_COPY, 3 },
    { { 0, 6, -1 }, { 0, 3, -1 }, US_STEP_OLD_COPY, 3 },
    { { 105, 3, 0 }, { 50, 3, 0 }, US_STEP_BACK, 0 },
    { { 105, 3, -1 }, { 50, 3, -1 }, US_STEP_BACK, 0 },
    /* begun anew: newer media under lower numbers */
    { { 105, 3, 0 }, { 0, 3, 300 }, US_STEP_RESTARTED, 0 },
    { { 105, 3, 0 }, { 50, 3, 300 }, US_STEP_RESTARTED, 0 },
    { { 105, 3, -1 }, { 0, 1, -1 }, US_STEP_RESTARTED, 0 },
    { { 105, 3, -1 }, { 10, 5, -1 }, US_STEP_RESTARTED, 0 },
    { { 105, 3, -1 }, { 11, 5, -1 }, US_STEP_BACK, 0 },
    { { 0, 6, 0 }, { 0, 2, 60 }, US_STEP_RESTARTED, 0 }, /* the same names, other dates */
    /* the ends of the range */
    { { G_MAXUINT64 - 20000, 3, -1 }, { G_MAXUINT64 - 19999, 3, -1 }, US_STEP_ADVANCED, 2 },
    { { G_MAXUINT64 - 20000, 3, -1 }, { 0, 3, -1 }, US_STEP_RESTARTED, 0 },
    { { 0, 3, -1 }, { G_MAXUINT64 - 20000, 3, -1 }, US_STEP_JUMPED, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autoptr (UsPlaylist) before = side_playlist (&rows[i].before);
    g_autoptr (UsPlaylist) now = side_playlist (&rows[i].now);
    g_assert_cmpint (us_playlist_step (before, now), ==, rows[i].step);
    g_assert_cmpuint (us_playlist_first_new (before, now), ==, rows[i].first_new);
  }
  g_autoptr (UsPlaylist) now = make_playlist (5, 3, 2000, 2, -1);
  g_assert_cmpint (us_playlist_step (NULL, now), ==, US_STEP_FIRST);
  g_assert_cmpuint (us_playlist_first_new (NULL, now), ==, 0);
}

/* Lower numbers with other names are no old copy. */
static void
test_renumbered (void) {
  g_autoptr (UsPlaylist) before = make_playlist (100, 5, 2000, 2, -1);
  g_autoptr (UsPlaylist) now = make_playlist (100, 5, 2000, 2, -1);
  for (guint i = 0; i < 5; i++)
    segment_at (now, i)->number -= 3;
  g_assert_cmpint (us_playlist_step (before, now), ==, US_STEP_BACK);
}

static void
test_find (void) {
  g_autoptr (UsPlaylist) playlist = make_playlist (100, 5, 2000, 2, -1);
  g_autoptr (UsPlaylist) empty = make_playlist (100, 0, 2000, 2, -1);
  g_assert_null (us_playlist_find (playlist, 99));
  g_assert_cmpuint (us_playlist_find (playlist, 100)->number, ==, 100);
  g_assert_cmpuint (us_playlist_find (playlist, 104)->number, ==, 104);
  g_assert_null (us_playlist_find (playlist, 105));
  g_assert_null (us_playlist_find (playlist, G_MAXUINT64));
  g_assert_null (us_playlist_find (empty, 100));
  g_assert_null (us_playlist_last (empty));
}

static void
test_same_resource (void) {
  static const struct {
    const char *a, *b;
    gboolean is_same;
  } rows[] = {
    { "a.ts", "a.ts", TRUE },
    { "a.ts?token=1", "a.ts?token=2", TRUE },
    { "a.ts?x=/b.ts", "a.ts?x=/c.ts", TRUE },
    { "https://h/tok1/a.ts", "https://h/tok2/a.ts", TRUE },
    { "a.ts#f", "a.ts", TRUE },
    { "../x/a.ts", "a.ts", TRUE },
    { "a.ts", "b.ts", FALSE },
    { "a.ts", "a.tss", FALSE },
    { "aa.ts", "a.ts", FALSE },
    { "", "", TRUE },
    { "/", "?", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsPlaylistSegment a = { .uri = (char *)rows[i].a }, b = { .uri = (char *)rows[i].b };
    g_assert_cmpint (us_playlist_same_resource (&a, &b), ==, rows[i].is_same);
    g_assert_cmpint (us_playlist_same_resource (&b, &a), ==, rows[i].is_same);
  }
  UsPlaylistSegment a = { .uri = (char *)"a.mp4", .range = { 0, 100 } }, b = a;
  g_assert_true (us_playlist_same_resource (&a, &b));
  b.range.offset = 100;
  g_assert_false (us_playlist_same_resource (&a, &b));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/playlist-step/steps", test_steps);
  g_test_add_func ("/monitor/playlist-step/renumbered", test_renumbered);
  g_test_add_func ("/monitor/playlist-step/find", test_find);
  g_test_add_func ("/monitor/playlist-step/same-resource", test_same_resource);
  return g_test_run ();
}
