/* test-shape.c - kinds of files, told by their bytes or their names */
#include "switcher/shape.h"

#include <string.h>

static void
test_bytes (void) {
  static const struct {
    const char *bytes;
    gsize size;
    UsShape shape; /* US_N_SHAPES: none */
  } table[] = {
    { "\x00\x00\x00\x18styp", 8, US_SHAPE_FMP4 },
    { "\x00\x00\x00\x18moof", 8, US_SHAPE_FMP4 },
    { "\xff\xf1\x50\x80", 4, US_SHAPE_AAC },
    { "\xff\xfb\x90\x00", 4, US_SHAPE_MP3 },
    { "ID3\x04\x00\x00\x00\x00\x00\x02..\xff\xf1", 14, US_SHAPE_AAC },
    { "ID3\x04\x00\x00\x7f\x7f\x7f\x7f..", 12, US_N_SHAPES }, /* a tag longer than the file */
    { "WEBVTT\n", 7, US_SHAPE_VTT },
    { "\xef\xbb\xbfWEBVTT\n", 10, US_SHAPE_VTT },
    { "<html>", 6, US_N_SHAPES },
    { "G", 1, US_N_SHAPES },
    { "", 0, US_N_SHAPES },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GBytes) bytes = g_bytes_new_static (table[i].bytes, table[i].size);
    UsShape shape = US_N_SHAPES;
    gboolean is_any = us_shape_of_bytes (bytes, &shape);
    g_assert_cmpint (shape, ==, table[i].shape);
    g_assert_cmpint (is_any, ==, table[i].shape != US_N_SHAPES);
  }
}

static void
test_uri (void) {
  g_assert_cmpint (us_shape_of_uri ("a/b.ts?x=y.aac", FALSE), ==, US_SHAPE_TS);
  g_assert_cmpint (us_shape_of_uri ("a/b.AAC#x", FALSE), ==, US_SHAPE_AAC);
  g_assert_cmpint (us_shape_of_uri ("a/b.vtt", FALSE), ==, US_SHAPE_VTT);
  g_assert_cmpint (us_shape_of_uri ("a/b", FALSE), ==, US_SHAPE_TS);
  g_assert_cmpint (us_shape_of_uri ("a/b.ts", TRUE), ==, US_SHAPE_FMP4);
  for (guint i = 0; i < US_N_SHAPES; i++)
    g_assert_nonnull (us_shape_content_type ((UsShape)i));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/shape/bytes", test_bytes);
  g_test_add_func ("/switcher/shape/uri", test_uri);
  return g_test_run ();
}
