/* test-status-file.c - whoever writes does not wait for the disk, and readers see whole files */
#include "supervisor/status-file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_S 30 /* then something has blocked, and the signal ends the test */

typedef struct {
  char *folder, *path, *temporary;
} Place;

static Place
place_new (void) {
  Place place = { .folder = g_dir_make_tmp ("us-status-XXXXXX", NULL) };
  place.path = g_build_filename (place.folder, "run.json", NULL);
  place.temporary = g_strconcat (place.path, ".new", NULL);
  alarm (PATIENCE_S);
  return place;
}

/* Nothing is left in it. */
static void
place_clear (Place *place) {
  g_assert_cmpint (g_rmdir (place->folder), ==, 0);
  alarm (0);
  g_free (place->folder);
  g_free (place->path);
  g_free (place->temporary);
}

/* Whatever is read before it is one of @earlier. */
static void
wait_for (const Place *place, const char *wanted, const char *const *earlier) {
  for (gboolean is_there = FALSE; !is_there;) {
    g_autofree char *text = NULL;
    GStatBuf info;
    g_thread_yield ();
    if (g_lstat (place->path, &info) != 0 || !S_ISREG (info.st_mode)
        || !g_file_get_contents (place->path, &text, NULL, NULL))
      continue;
    is_there = strcmp (text, wanted) == 0;
    g_assert_true (is_there || g_strv_contains (earlier, text));
  }
}

static void
test_write (void) {
  static const char *const none[] = { NULL }, *const first[] = { "first, and longer", NULL };
  Place place = place_new ();
  g_assert_true (g_file_set_contents (place.temporary, "left by one that was killed", -1, NULL));
  g_autoptr (UsStatusFile) file = us_status_file_new (place.path);
  us_status_file_write (file, g_strdup (first[0]));
  wait_for (&place, first[0], none);
  us_status_file_write (file, g_strdup ("second"));
  wait_for (&place, "second", first);
  g_clear_pointer (&file, us_status_file_free);
  place_clear (&place);
}

/* A pipe that nobody reads is as a disk that is stuck. */
static void
test_stuck (void) {
  static const char *const earlier[] = { "2", NULL };
  char text[4] = "";
  Place place = place_new ();
  g_assert_cmpint (mkfifo (place.temporary, 0600), ==, 0);
  g_autoptr (UsStatusFile) file = us_status_file_new (place.path);
  us_status_file_write (file, g_strdup ("0"));
  us_status_file_write (file, g_strdup ("1"));
  us_status_file_write (file, g_strdup ("2"));
  int fd = open (place.temporary, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (read (fd, text, sizeof text), ==, 1);
  us_status_file_write (file, g_strdup ("3"));
  wait_for (&place, "3", earlier);
  close (fd);
  g_clear_pointer (&file, us_status_file_free);
  place_clear (&place);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/status-file/write", test_write);
  g_test_add_func ("/supervisor/status-file/stuck", test_stuck);
  return g_test_run ();
}
