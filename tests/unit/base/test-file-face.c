/* test-file-face.c - a file that stays, changes, is replaced and goes */
#include "base/file-face.h"

#include <glib/gstdio.h>
#include <utime.h>

static void
test_changes (void) {
  g_autofree char *folder = g_dir_make_tmp ("file-face-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  g_autofree char *other = g_build_filename (folder, "other", NULL);
  struct utimbuf old = { .actime = 1000, .modtime = 1000 };
  UsFileFace none = us_file_face (path);
  g_assert_false (none.is_there);

  g_assert_true (g_file_set_contents (path, "one", -1, NULL));
  g_assert_cmpint (g_utime (path, &old), ==, 0);
  UsFileFace one = us_file_face (path), again = us_file_face (path);
  g_assert_true (one.is_there);
  g_assert_cmpuint (one.size, ==, 3);
  g_assert_cmpint (one.modified_ns, ==, G_GINT64_CONSTANT (1000000000000));
  g_assert_true (us_file_face_equal (&one, &again));
  g_assert_false (us_file_face_equal (&one, &none));

  /* Same size, same date. */
  g_assert_true (g_file_set_contents (other, "two", -1, NULL));
  g_assert_cmpint (g_utime (other, &old), ==, 0);
  g_assert_cmpint (g_rename (other, path), ==, 0);
  UsFileFace two = us_file_face (path);
  g_assert_false (us_file_face_equal (&one, &two));

  g_assert_cmpint (g_unlink (path), ==, 0);
  UsFileFace gone = us_file_face (path);
  g_assert_true (us_file_face_equal (&gone, &none));
  g_rmdir (folder);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/file-face/changes", test_changes);
  return g_test_run ();
}
