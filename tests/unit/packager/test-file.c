/* test-file.c - what is read of a foreign folder, and what is not */
#include "packager/file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_plain_names (void) {
  static const struct {
    const char *name;
    gboolean is_plain;
  } rows[] = {
    { "seg0.ts", TRUE },      { "Segment 7 (a).m4s", TRUE },
    { "größe.ts", TRUE },     { "", FALSE },
    { ".", FALSE },           { "..", FALSE },
    { ".hidden.ts", FALSE },  { "a/b.ts", FALSE },
    { "../a.ts", FALSE },     { "/etc/passwd", FALSE },
    { "a\\b.ts", FALSE },     { "http://a/b.ts", FALSE },
    { "file:a.ts", FALSE },   { "a.ts?x=1", FALSE },
    { "a.ts#x", FALSE },      { "%2e%2e%2fa.ts", FALSE },
    { "a\033[2J.ts", FALSE }, { "a\x7f.ts", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("'%s'", rows[i].name);
    g_assert_cmpint (us_file_is_plain_name (rows[i].name), ==, rows[i].is_plain);
  }
  g_autofree char *longest = g_strnfill (255, 'a'), *longer = g_strnfill (256, 'a');
  g_assert_true (us_file_is_plain_name (longest));
  g_assert_false (us_file_is_plain_name (longer));
}

typedef struct {
  char *path;
  int fd;
} Folder;

static void
folder_init (Folder *folder) {
  g_autoptr (GError) error = NULL;
  folder->path = g_dir_make_tmp ("understudy-file-XXXXXX", &error);
  g_assert_no_error (error);
  folder->fd = us_file_open_folder (AT_FDCWD, folder->path, &error);
  g_assert_no_error (error);
}

static void
folder_clear (Folder *folder) {
  GDir *dir = g_dir_open (folder->path, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *path = g_build_filename (folder->path, name, NULL);
    g_remove (path);
  }
  g_dir_close (dir);
  g_rmdir (folder->path);
  close (folder->fd);
  g_free (folder->path);
}

static void
folder_write (const Folder *folder, const char *name, const char *text) {
  g_autofree char *path = g_build_filename (folder->path, name, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_reading (void) {
  Folder folder;
  folder_init (&folder);
  folder_write (&folder, "a.ts", "0123456789");
  g_autoptr (GError) error = NULL;
  UsFileStamp read_stamp, stamp;
  g_autoptr (GBytes) bytes = us_file_read (folder.fd, "a.ts", 10, &read_stamp, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "0123456789", 10);
  g_assert_true (us_file_stat (folder.fd, "a.ts", &stamp, &error));
  g_assert_true (us_file_stamp_equal (&stamp, &read_stamp));

  folder_write (&folder, "a.ts", "9876543210"); /* same size, other file */
  g_assert_true (us_file_stat (folder.fd, "a.ts", &stamp, &error));
  g_assert_false (us_file_stamp_equal (&stamp, &read_stamp));

  g_assert_null (us_file_read (folder.fd, "a.ts", 9, &stamp, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  folder_write (&folder, "empty.ts", "");
  g_assert_null (us_file_read (folder.fd, "empty.ts", 9, &stamp, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (us_file_read (folder.fd, "none.ts", 9, &stamp, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  folder_clear (&folder);
}

/* None of these is read, none blocks. */
static void
test_no_plain_files (void) {
  static const char *const names[] = { "link", "dangling", "fifo", "folder", "loop" };
  Folder folder;
  folder_init (&folder);
  folder_write (&folder, "a.ts", "data");
  g_assert_cmpint (symlinkat ("a.ts", folder.fd, "link"), ==, 0);
  g_assert_cmpint (symlinkat ("nothing", folder.fd, "dangling"), ==, 0);
  g_assert_cmpint (symlinkat ("loop", folder.fd, "loop"), ==, 0);
  g_assert_cmpint (mkfifoat (folder.fd, "fifo", 0600), ==, 0);
  g_assert_cmpint (mkdirat (folder.fd, "folder", 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;
    UsFileStamp stamp;
    g_test_message ("%s", names[i]);
    g_assert_null (us_file_read (folder.fd, names[i], 100, &stamp, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
    g_clear_error (&error);
    g_assert_false (us_file_stat (folder.fd, names[i], &stamp, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
  }
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (symlinkat ("folder", folder.fd, "folder-link"), ==, 0);
  g_assert_cmpint (us_file_open_folder (folder.fd, "folder-link", &error), ==, -1);
  g_assert_nonnull (error);
  folder_clear (&folder);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packager/file/plain-names", test_plain_names);
  g_test_add_func ("/packager/file/reading", test_reading);
  g_test_add_func ("/packager/file/no-plain-files", test_no_plain_files);
  return g_test_run ();
}
