/* test-segment.c - names, hashes and the life of a shared segment */
#include "hls/segment.h"

static void
test_new (void) {
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  g_autoptr (UsSegment) segment = us_segment_new (0x65f, 1795292776, NULL, bytes);
  g_assert_cmpstr (segment->name, ==, "65f-1795292776.ts");
  g_assert_cmpstr (segment->etag, ==,
                   "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"");
  g_assert_cmpint (segment->wall_ms, ==, -1);
  g_assert_true (segment->bytes == bytes);
  g_autoptr (UsSegment) foreign = us_segment_new (1, 2, "live_42.ts", bytes);
  g_assert_cmpstr (foreign->name, ==, "live_42.ts");
  g_assert_cmpstr (foreign->etag, ==, segment->etag);
}

static void
on_bytes_free (gpointer data) {
  *(gboolean *)data = TRUE;
}

static gpointer
hold_and_drop (gpointer data) {
  for (guint i = 0; i < 20000; i++)
    us_segment_unref (us_segment_ref (data));
  us_segment_unref (data);
  return NULL;
}

static void
test_references (void) {
  gboolean is_freed = FALSE;
  GBytes *bytes = g_bytes_new_with_free_func ("x", 1, on_bytes_free, &is_freed);
  UsSegment *segment = us_segment_new (1, 1, NULL, bytes);
  g_bytes_unref (bytes);
  GThread *threads[4];
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("holder", hold_and_drop, us_segment_ref (segment));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_false (is_freed);
  us_segment_unref (segment);
  g_assert_true (is_freed);
}

static void
test_parse_name (void) {
  static const struct {
    const char *uri;
    gboolean is_ours;
    guint64 epoch, number;
  } CASES[] = {
    { "1a-7.ts", TRUE, 0x1a, 7 },
    { "0-0.ts", TRUE, 0, 0 },
    { "/hls/mystream/1a-7.ts?token=a/b", TRUE, 0x1a, 7 },
    { "http://h:8081/hls/1a-7.ts#t", TRUE, 0x1a, 7 },
    { "ffffffffffffffff-18446744073709551615.ts", TRUE, G_MAXUINT64, G_MAXUINT64 },
    { "ffffffffffffffff-18446744073709551616.ts", FALSE, 0, 0 },
    { "1ffffffffffffffff-1.ts", FALSE, 0, 0 },
    { "1A-7.ts", FALSE, 0, 0 },
    { "01a-7.ts", FALSE, 0, 0 },
    { "1a-07.ts", FALSE, 0, 0 },
    { "0x1a-7.ts", FALSE, 0, 0 },
    { "1a--7.ts", FALSE, 0, 0 },
    { "-1a-7.ts", FALSE, 0, 0 },
    { "1a-+7.ts", FALSE, 0, 0 },
    { "1a- 7.ts", FALSE, 0, 0 },
    { "1a-7.ts.ts", FALSE, 0, 0 },
    { "1a-7.mp4", FALSE, 0, 0 },
    { "1a-.ts", FALSE, 0, 0 },
    { "-7.ts", FALSE, 0, 0 },
    { "segment7.ts", FALSE, 0, 0 },
    { "1a-7.ts/", FALSE, 0, 0 },
    { "", FALSE, 0, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    guint64 epoch = 99, number = 99;
    g_test_message ("%s", CASES[i].uri);
    g_assert_cmpint (us_segment_parse_name (CASES[i].uri, &epoch, &number), ==, CASES[i].is_ours);
    g_assert_cmpuint (epoch, ==, CASES[i].is_ours ? CASES[i].epoch : 99);
    g_assert_cmpuint (number, ==, CASES[i].is_ours ? CASES[i].number : 99);
  }
  g_assert_true (us_segment_parse_name ("1-1.ts", NULL, NULL));
}

static void
test_same_uri (void) {
  static const struct {
    const char *a, *b;
    gboolean is_same;
  } CASES[] = {
    { "a-1.ts", "a-1.ts", TRUE },        { "a-1.ts?sign=1", "a-1.ts?sign=2", TRUE },
    { "a-1.ts", "a-1.ts?sign=2", TRUE }, { "a-1.ts?x", "a-11.ts?x", FALSE },
    { "a-1.ts", "a-1.t", FALSE },        { "old/a-1.ts", "new/a-1.ts", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_test_message ("%s %s", CASES[i].a, CASES[i].b);
    g_assert_cmpint (us_segment_is_same_uri (CASES[i].a, CASES[i].b), ==, CASES[i].is_same);
    g_assert_cmpint (us_segment_is_same_uri (CASES[i].b, CASES[i].a), ==, CASES[i].is_same);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/segment/new", test_new);
  g_test_add_func ("/hls/segment/references", test_references);
  g_test_add_func ("/hls/segment/parse-name", test_parse_name);
  g_test_add_func ("/hls/segment/same-uri", test_same_uri);
  return g_test_run ();
}
