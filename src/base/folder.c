/* folder.c - folders of temporary files
 *
 * Any thread. For folders that this program has made itself.
 */
#include "base/folder.h"

#include <glib/gstdio.h>

/**
 * us_folder_remove:
 * @path: a file, or a folder that goes with all that is in it; need not be there
 *
 * Links are removed, not followed. What cannot be removed stays.
 */
void
us_folder_remove (const char *path) {
  g_autoptr (GDir) folder
      = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    us_folder_remove (child);
  }
  g_remove (path);
}
