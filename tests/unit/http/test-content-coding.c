/* test-content-coding.c - gzip, good, broken and explosive */
#include "http/content-coding.h"

#include <string.h>

static GBytes *
gzip (const char *text, gsize n) {
  g_autoptr (GZlibCompressor) gzip = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
  gsize n_read, n_made, room = n / 2 + 200;
  guint8 *out = g_malloc (room);

  g_assert_cmpint (g_converter_convert (G_CONVERTER (gzip), text, n, out, room,
                                        G_CONVERTER_INPUT_AT_END, &n_read, &n_made, NULL),
                   ==, G_CONVERTER_FINISHED);
  return g_bytes_new_take (out, n_made);
}

static void
test_sizes (void) {
  static const gsize sizes[] = { 0, 1, 100, 16383, 16384, 16385, 1000000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *text = g_strnfill (sizes[i], 'x');
    g_autoptr (GBytes) coded = gzip (text, sizes[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) content = us_content_coding_gunzip (coded, sizes[i], &error);

    g_assert_no_error (error);
    g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), text, sizes[i]);
    if (sizes[i] == 0)
      continue;
    g_assert_null (us_content_coding_gunzip (coded, sizes[i] - 1, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  }
}

/* 100 MB in 100 KB are not unpacked to be counted. */
static void
test_bomb (void) {
  gsize n = 100 * 1000 * 1000;
  g_autofree char *text = g_strnfill (n, 0);
  g_autoptr (GBytes) coded = gzip (text, n);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_bytes_get_size (coded), <, 200 * 1000);
  g_assert_null (us_content_coding_gunzip (coded, 1000, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

static void
test_broken (void) {
  g_autoptr (GBytes) whole = gzip ("hello, hello, hello", 19);
  gsize n = g_bytes_get_size (whole);

  for (gsize cut = 0; cut < n; cut++) {
    g_autoptr (GBytes) part = g_bytes_new_from_bytes (whole, 0, cut);
    g_autoptr (GError) error = NULL;

    g_assert_null (us_content_coding_gunzip (part, 100, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  }
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_autoptr (GError) no_error = NULL;
  g_assert_null (us_content_coding_gunzip (nothing, 100, &no_error));
  g_assert_error (no_error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  for (gsize i = 0; i < n; i++) {
    g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (whole, NULL), n);
    g_autoptr (GError) error = NULL;

    data[i] ^= 0xff;
    g_autoptr (GBytes) changed = g_bytes_new (data, n);
    g_autoptr (GBytes) content = us_content_coding_gunzip (changed, 100, &error);
    g_assert_true (content != NULL ? i < 10 : error != NULL); /* some of its header is free */
  }
}

static void
test_names (void) {
  g_assert_true (us_content_coding_is_gzip ("gzip"));
  g_assert_true (us_content_coding_is_gzip ("X-GZIP"));
  g_assert_false (us_content_coding_is_gzip (NULL));
  g_assert_false (us_content_coding_is_gzip ("br"));
  g_assert_false (us_content_coding_is_gzip ("gzip, gzip"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/content-coding/sizes", test_sizes);
  g_test_add_func ("/http/content-coding/bomb", test_bomb);
  g_test_add_func ("/http/content-coding/broken", test_broken);
  g_test_add_func ("/http/content-coding/names", test_names);
  return g_test_run ();
}
