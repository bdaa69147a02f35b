/* test-wanted.c - which segments are fetched */
#include "monitor/wanted.h"

#include <string.h>

#define BASE "https://example.com/live/index.m3u8?token=1"

static UsPlaylist *
make (guint64 first, guint n) {
  UsPlaylist *playlist = us_playlist_new ();
  playlist->target_duration_s = 2;
  playlist->media_sequence = first;
  for (guint64 number = first; number < first + n; number++) {
    g_autofree char *uri = g_strdup_printf ("s%" G_GUINT64_FORMAT ".ts", number);
    us_playlist_add (playlist, uri, number, 2 * G_USEC_PER_SEC)->wall_ms = -1;
  }
  return playlist;
}

/* The numbers that wait, as text. */
static char *
numbers (GQueue *queue) {
  GString *text = g_string_new (NULL);
  for (GList *link = queue->head; link != NULL; link = link->next)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, text->len > 0 ? " " : "",
                            ((UsWanted *)link->data)->number);
  return g_string_free (text, FALSE);
}

static void
test_choose (void) {
  static const struct {
    guint64 before, now; /* first numbers; before 0: none */
    guint n_before, n;
    double share;
    gboolean is_one_needed;
    const char *expected;
  } rows[] = {
    { 0, 100, 0, 10, 1, FALSE, "108 109" },
    { 0, 100, 0, 1, 1, FALSE, "100" },
    { 0, 100, 0, 0, 1, FALSE, "" },
    { 100, 101, 10, 10, 1, FALSE, "110" },
    { 100, 100, 10, 10, 1, FALSE, "" },
    { 100, 103, 10, 10, 1, FALSE, "110 111 112" },
    { 100, 105, 10, 10, 1, FALSE, "112 113 114" }, /* only so much may wait */
    { 100, 900, 10, 10, 1, FALSE, "907 908 909" }, /* a jump */
    { 105, 100, 10, 10, 1, FALSE, "" },            /* an older copy */
    { 100, 101, 10, 10, 0, FALSE, "" },
    { 100, 101, 10, 10, 0, TRUE, "110" },
    { 100, 104, 10, 10, 0.5, FALSE, "111 113" },
    { 100, 101, 10, 10, 0.5, TRUE, "110" },
    { 1, 20000, 10, 20000, 1, FALSE, "39997 39998 39999" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GQueue queue = G_QUEUE_INIT;
    g_autoptr (UsPlaylist) before
        = rows[i].n_before > 0 ? make (rows[i].before, rows[i].n_before) : NULL;
    g_autoptr (UsPlaylist) now = make (rows[i].now, rows[i].n);
    g_test_message ("%u", i);
    us_wanted_choose (&queue, before, now, BASE, rows[i].share, rows[i].is_one_needed);
    g_autofree char *text = numbers (&queue);
    g_assert_cmpstr (text, ==, rows[i].expected);
    g_queue_clear_full (&queue, (GDestroyNotify)us_wanted_free);
  }
}

/* Who is too slow gives up the oldest, and the count is told. */
static void
test_backlog (void) {
  GQueue queue = G_QUEUE_INIT;
  g_autoptr (UsPlaylist) before = make (100, 10);
  g_assert_cmpuint (us_wanted_choose (&queue, NULL, before, BASE, 1, FALSE), ==, 0);
  for (guint i = 1; i <= 5; i++) {
    g_autoptr (UsPlaylist) now = make (100 + i, 10);
    g_assert_cmpuint (us_wanted_choose (&queue, before, now, BASE, 1, FALSE), ==, i > 1 ? 1 : 0);
    us_playlist_free (before);
    before = g_steal_pointer (&now);
  }
  g_autofree char *text = numbers (&queue);
  g_assert_cmpstr (text, ==, "112 113 114");
  g_queue_clear_full (&queue, (GDestroyNotify)us_wanted_free);
}

static void
test_share (void) {
  static const double shares[] = { 0, 0.01, 0.1, 0.25, 0.5, 0.9, 1 };
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++) {
    guint n = 0;
    for (guint64 number = 1767225600; number < 1767225600 + 1000; number++)
      n += us_wanted_is_in_share (number, shares[i]);
    g_assert_cmpfloat_with_epsilon (n, 1000 * shares[i], 1.01);
  }
  g_assert_true (us_wanted_is_in_share (G_MAXUINT64, 1));
}

static void
test_members (void) {
  static const char text[]
      = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
        "#EXT-X-MAP:URI=\"../init.mp4\",BYTERANGE=\"100@20\"\n"
        "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n"
        "#EXTINF:2,\na.mp4?x=1\n#EXT-X-DISCONTINUITY\n#EXTINF:1.5,\n#EXT-X-BYTERANGE:50@10\n"
        "http://other.example/b.mp4\n#EXT-X-GAP\n#EXTINF:2,\nc.mp4\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (UsPlaylist) playlist = us_playlist_parse (text, sizeof text - 1, &error);
  g_assert_no_error (error);
  g_autoptr (UsWanted) a = us_wanted_new (playlist, 0, BASE);
  g_autoptr (UsWanted) b = us_wanted_new (playlist, 1, BASE);
  g_assert_cmpstr (a->url, ==, "https://example.com/live/a.mp4?x=1");
  g_assert_cmpstr (a->map_url, ==, "https://example.com/init.mp4");
  g_assert_cmpuint (a->map_range.offset, ==, 20);
  g_assert_cmpuint (a->from_newest, ==, 2);
  g_assert_nonnull (strstr (a->key, "URI=\"https://example.com/live/key\""));
  g_assert_nonnull (strstr (a->key, "IV=0x00000000000000000000000000000007"));
  g_assert_cmpstr (b->url, ==, "http://other.example/b.mp4");
  g_assert_true (b->is_discontinuous);
  g_assert_cmpuint (b->range.length, ==, 50);
  g_assert_nonnull (strstr (b->key, "08"));
  /* What is marked as missing is not asked for. */
  GQueue queue = G_QUEUE_INIT;
  us_wanted_choose (&queue, NULL, playlist, BASE, 1, TRUE);
  g_autofree char *list = numbers (&queue);
  g_assert_cmpstr (list, ==, "8");
  g_queue_clear_full (&queue, (GDestroyNotify)us_wanted_free);
}

/* Of what is complete, all or its begin; what is marked as missing is not asked for. */
static void
test_recorded (void) {
  static const struct {
    guint most;
    const char *expected;
  } rows[] = { { G_MAXUINT, "0 2 3 4 5" }, { 3, "0 2" }, { 0, "" } };
  g_autoptr (UsPlaylist) playlist = make (0, 6);
  ((UsPlaylistSegment *)playlist->segments->pdata[1])->is_gap = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GQueue queue = G_QUEUE_INIT;
    us_wanted_choose_recorded (&queue, playlist, BASE, rows[i].most);
    g_autofree char *chosen = numbers (&queue);
    g_assert_cmpstr (chosen, ==, rows[i].expected);
    g_queue_clear_full (&queue, (GDestroyNotify)us_wanted_free);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/wanted/choose", test_choose);
  g_test_add_func ("/monitor/wanted/backlog", test_backlog);
  g_test_add_func ("/monitor/wanted/recorded", test_recorded);
  g_test_add_func ("/monitor/wanted/share", test_share);
  g_test_add_func ("/monitor/wanted/members", test_members);
  return g_test_run ();
}
