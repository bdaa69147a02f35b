/* test-file.c - the lock, and where a damaged database goes */
#include "store/file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_lock (void) {
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("understudy-file-XXXXXX", NULL);
  g_autofree char *below = g_build_filename (folder, "made", NULL);
  g_autofree char *path = g_build_filename (below, "desk.db", NULL);
  g_autofree char *lock = g_strconcat (path, ".lock", NULL);
  g_autofree char *pid = g_strdup_printf ("process %d;", (int)getpid ());

  int first = us_store_file_lock (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (first, >=, 0);
  g_assert_cmpint (us_store_file_lock (path, &error), ==, -1);
  g_assert_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN);
  g_assert_nonnull (strstr (error->message, pid));
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  close (first);
  int second = us_store_file_lock (path, &error);
  g_assert_no_error (error);
  close (second);

  /* A folder that cannot be made */
  g_autofree char *impossible = g_build_filename (lock, "desk.db", NULL);
  g_assert_cmpint (us_store_file_lock (impossible, &error), ==, -1);
  g_assert_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN);
  g_assert_cmpint (g_remove (lock), ==, 0);
  g_assert_cmpint (g_rmdir (below), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_aside (void) {
  static const char *const suffixes[] = { "", "-wal" };
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("understudy-file-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "desk.db", NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint n = 0; n < 3; n++) {
    for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
      g_autofree char *file = g_strconcat (path, suffixes[i], NULL);
      g_assert_true (g_file_set_contents (file, suffixes[i], -1, NULL));
    }
    g_assert_cmpint (us_store_file_bytes (path), ==, 4);
    char *aside = us_store_file_move_aside (path, (gint64)1700000000 * G_USEC_PER_SEC, &error);
    g_assert_no_error (error);
    g_ptr_array_add (names, aside);
    g_assert_cmpint (us_store_file_bytes (path), ==, 0);
    g_assert_cmpint (us_store_file_bytes (aside), ==, 4);
  }
  g_assert_true (g_str_has_suffix (names->pdata[0], "desk.db.corrupt-20231114T221320Z"));
  g_assert_true (g_str_has_suffix (names->pdata[2], "desk.db.corrupt-20231114T221320Z-3"));
  for (guint n = 0; n < names->len; n++) {
    for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
      g_autofree char *file = g_strconcat (names->pdata[n], suffixes[i], NULL);
      g_assert_cmpint (g_remove (file), ==, 0);
    }
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/file/lock", test_lock);
  g_test_add_func ("/store/file/aside", test_aside);
  return g_test_run ();
}
