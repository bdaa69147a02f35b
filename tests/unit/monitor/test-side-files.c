/* test-side-files.c - keys and sections are kept, but not without end */
#include "monitor/side-files.h"

static void
test_bounds (void) {
  g_autoptr (UsSideFiles) files = us_side_files_new ();
  g_autoptr (GBytes) small = g_bytes_new_static ("0123456789abcdef", 16);
  g_assert_null (us_side_files_get (files, "a"));
  for (guint i = 0; i < 3 * US_SIDE_FILES_MAX; i++) {
    g_autofree char *name = g_strdup_printf ("%u", i);
    us_side_files_put (files, name, small);
  }
  g_assert_null (us_side_files_get (files, "0"));
  g_autoptr (GBytes) last = us_side_files_get (files, "191");
  g_assert_true (last == small);
  g_autoptr (GBytes) large
      = g_bytes_new_take (g_malloc0 (US_SIDE_FILE_MAX_BYTES), US_SIDE_FILE_MAX_BYTES);
  for (guint i = 0; i < 10; i++) {
    g_autofree char *name = g_strdup_printf ("large-%u", i);
    us_side_files_put (files, name, large);
    us_side_files_put (files, name, large); /* again: takes its own place */
  }
  guint n = 0;
  for (guint i = 0; i < 10; i++) {
    g_autofree char *name = g_strdup_printf ("large-%u", i);
    g_autoptr (GBytes) its = us_side_files_get (files, name);
    n += its != NULL;
  }
  g_assert_cmpuint (n, ==, US_SIDE_FILES_MAX_BYTES / US_SIDE_FILE_MAX_BYTES);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/side-files/bounds", test_bounds);
  return g_test_run ();
}
