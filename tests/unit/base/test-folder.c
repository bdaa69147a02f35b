/* test-folder.c - what goes with a folder, and what does not */
#include "base/folder.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
put (const char *folder, const char *name) {
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
}

static void
test_remove (void) {
  g_autofree char *top = g_dir_make_tmp ("understudy-folder-XXXXXX", NULL);
  g_autofree char *own = g_build_filename (top, "own", NULL);
  g_autofree char *inner = g_build_filename (own, "a", "b", NULL);
  g_autofree char *others = g_build_filename (top, "others", NULL);
  g_autofree char *file = g_build_filename (others, "kept", NULL);
  g_autofree char *link = g_build_filename (own, "link", NULL);
  g_autofree char *dead = g_build_filename (own, "dead", NULL);
  g_assert_cmpint (g_mkdir_with_parents (inner, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (others, 0700), ==, 0);
  put (own, "one");
  put (inner, "two");
  put (others, "kept");
  g_assert_cmpint (symlink (others, link), ==, 0);
  g_assert_cmpint (symlink ("nowhere", dead), ==, 0);

  us_folder_remove (own);
  g_assert_false (g_file_test (own, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
  us_folder_remove (own); /* is not there any more */
  us_folder_remove (file);
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  us_folder_remove (top);
  g_assert_false (g_file_test (top, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/folder/remove", test_remove);
  return g_test_run ();
}
