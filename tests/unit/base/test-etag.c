/* test-etag.c - entity tags are the SHA-256 that everybody else computes */
#include "base/etag.h"

static void
test_known (void) {
  static const struct {
    const char *text;
    gsize repeat;
  } rows[] = { { "", 0 }, { "abc", 1 }, { "abc", 21 }, { "0123456789abcdef", 4 }, { "x", 100000 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    for (gsize n = 0; n < rows[i].repeat; n++)
      g_string_append (text, rows[i].text);
    g_autoptr (GBytes) bytes = g_bytes_new (text->str, text->len);
    g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
    g_autofree char *expected = g_strdup_printf ("\"%s\"", hash);
    g_autofree char *tag = us_etag (bytes);
    g_assert_cmpstr (tag, ==, expected);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/etag/known", test_known);
  return g_test_run ();
}
