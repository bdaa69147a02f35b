/* test-keys-file.c - when a keys file is read again, and when the old one stays */
#include "ingest/keys-file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char *dir, *path;
  UsKeysFile *file;
} Fixture;

/* Into the file itself, as an editor may. */
static void
write_into (Fixture *f, const char *text) {
  int fd = open (f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize)strlen (text));
  /* a time that differs for sure: two writes may fall into one tick of the file system's clock */
  static int n = 1000;
  struct timespec times[2] = { { .tv_sec = ++n }, { .tv_sec = n } };
  g_assert_cmpint (futimens (fd, times), ==, 0);
  close (fd);
}

/* In its place, as ctl and most tools do; with another inode, since both are there at once. */
static void
put_in_place (Fixture *f, const char *text) {
  g_autofree char *own = g_steal_pointer (&f->path);
  f->path = g_strconcat (own, ".new", NULL);
  write_into (f, text);
  g_assert_cmpint (g_rename (f->path, own), ==, 0);
  g_free (f->path);
  f->path = g_steal_pointer (&own);
}

static guint
count (Fixture *f) {
  return us_keys_get_n (us_keys_file_get (f->file));
}

#define ONE "[a]\nkey = key-number-one-of-us\nstream = s\n"
#define TWO ONE "[b]\nkey = key-number-two-of-us\nstream = s\n"

static void
set_up (Fixture *f, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  f->dir = g_dir_make_tmp ("understudy-keys-XXXXXX", NULL);
  f->path = g_build_filename (f->dir, "keys.conf", NULL);
  write_into (f, ONE);
  f->file = us_keys_file_new (f->path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count (f), ==, 1);
  g_assert_false (us_keys_file_poll (f->file));
}

static void
tear_down (Fixture *f, gconstpointer data) {
  us_keys_file_free (f->file);
  (void)g_unlink (f->path);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->path);
  g_free (f->dir);
}

static void
test_replaced (Fixture *f, gconstpointer data) {
  put_in_place (f, TWO);
  g_assert_true (us_keys_file_poll (f->file));
  g_assert_cmpuint (count (f), ==, 2);
  g_assert_false (us_keys_file_poll (f->file));
}

/* A file that is being written is left alone until it stands still. */
static void
test_half_written (Fixture *f, gconstpointer data) {
  write_into (f, "");
  g_assert_false (us_keys_file_poll (f->file));
  write_into (f, ONE);
  g_assert_false (us_keys_file_poll (f->file));
  write_into (f, TWO);
  g_assert_false (us_keys_file_poll (f->file));
  g_assert_cmpuint (count (f), ==, 1);
  g_assert_true (us_keys_file_poll (f->file));
  g_assert_cmpuint (count (f), ==, 2);
}

static void
test_bad (Fixture *f, gconstpointer data) {
  put_in_place (f, "[a]\nkey = x\n");
  g_assert_false (us_keys_file_poll (f->file));
  g_assert_true (us_keys_file_is_stale (f->file));
  g_assert_cmpuint (count (f), ==, 1);
  g_assert_false (us_keys_file_poll (f->file)); /* told of once */
  g_assert_cmpint (g_unlink (f->path), ==, 0);
  g_assert_false (us_keys_file_poll (f->file));
  g_assert_false (us_keys_file_poll (f->file));
  g_assert_true (us_keys_file_is_stale (f->file));
  g_assert_cmpuint (count (f), ==, 1);
  put_in_place (f, TWO);
  g_assert_true (us_keys_file_poll (f->file));
  g_assert_false (us_keys_file_is_stale (f->file));
  g_assert_cmpuint (count (f), ==, 2);
}

static void
test_reload (Fixture *f, gconstpointer data) {
  write_into (f, TWO);
  g_assert_true (us_keys_file_reload (f->file)); /* SIGHUP does not wait */
  g_assert_cmpuint (count (f), ==, 2);
  g_assert_false (us_keys_file_poll (f->file));
}

/* What is no file neither hangs nor fills the memory. */
static void
test_no_file (Fixture *f, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  g_assert_null (us_keys_file_read ("/dev/zero", &size, NULL, &error));
  g_assert_error (error, US_KEYS_ERROR, US_KEYS_ERROR_FILE);
  g_clear_error (&error);
  g_assert_null (us_keys_file_read (f->dir, &size, NULL, &error));
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (f->path), ==, 0);
  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  g_assert_null (us_keys_file_read (f->path, &size, NULL, &error));
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (f->path), ==, 0);
  int fd = open (f->path, O_WRONLY | O_CREAT, 0600);
  g_assert_cmpint (ftruncate (fd, US_KEYS_MAX_FILE + 1), ==, 0);
  close (fd);
  g_assert_null (us_keys_file_read (f->path, &size, NULL, &error));
  g_assert_error (error, US_KEYS_ERROR, US_KEYS_ERROR_LIMIT);
}

/* In a process of its own, whose log is read: the group of a service may read its keys. */
static void
test_mode (Fixture *f, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  if (g_test_subprocess ()) {
    const char *mode = g_getenv ("TEST_MODE");
    g_assert_cmpint (chmod (f->path, (mode_t)strtoul (mode, NULL, 8)), ==, 0);
    us_keys_file_free (us_keys_file_new (f->path, &error));
    g_assert_no_error (error);
    return;
  }
  g_setenv ("TEST_MODE", "640", TRUE);
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr_unmatched ("*can read it*");
  g_setenv ("TEST_MODE", "644", TRUE);
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*can read it (mode 0644): chmod o=*");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/keys-file/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("replaced", test_replaced);
  ADD ("half-written", test_half_written);
  ADD ("bad", test_bad);
  ADD ("reload", test_reload);
  ADD ("no-file", test_no_file);
  ADD ("mode", test_mode);
  return g_test_run ();
}
