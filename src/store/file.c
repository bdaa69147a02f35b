/* file.c - the files of a database
 *
 * `<path>` and beside it SQLite's `-wal` and `-shm`, and our `.lock`: held by the process that
 * writes, so that a second one gets a sentence instead of a fight over ids. The kernel lets go of
 * it when the process ends, however it ends. The lock file itself is never removed: two processes
 * could then hold locks on two files of the same name.
 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_NAMES_ASIDE 100 /* within one second */

static gboolean
make_folder (const char *path, GError **error) {
  g_autofree char *folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN,
               "cannot make the folder of database %s: %s", path, g_strerror (errno));
  return FALSE;
}

static void
write_owner (int fd) {
  g_autofree char *text = g_strdup_printf ("%d\n", (int)getpid ());
  /* Only for the sentence that a second process tells. */
  if (ftruncate (fd, 0) < 0 || pwrite (fd, text, strlen (text), 0) < 0)
    errno = 0;
}

static int
read_owner (int fd) {
  char text[16] = "";
  if (pread (fd, text, sizeof text - 1, 0) <= 0)
    return 0;
  return (int)g_ascii_strtoll (text, NULL, 10);
}

/**
 * us_store_file_lock:
 * @path: of the database; its folder is made
 *
 * Returns: a descriptor that holds the lock until it is closed, or -1 with %US_STORE_ERROR_OPEN
 */
int
us_store_file_lock (const char *path, GError **error) {
  g_autofree char *name = g_strconcat (path, ".lock", NULL);

  if (!make_folder (path, error))
    return -1;
  int fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0) {
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN, "cannot open %s: %s", name,
                 g_strerror (errno));
    return -1;
  }
  if (flock (fd, LOCK_EX | LOCK_NB) == 0) {
    write_owner (fd);
    return fd;
  }
  int code = errno;
  int owner = read_owner (fd);
  close (fd);
  if (code == EWOULDBLOCK)
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN,
                 "database %s is in use by process %d; end it, or name another path", path, owner);
  else
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN, "cannot lock %s: %s", name,
                 g_strerror (code));
  return -1;
}

static char *
name_aside (const char *path, gint64 wall_us) {
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (wall_us / G_USEC_PER_SEC);
  g_autofree char *stamp
      = time != NULL ? g_date_time_format (time, "%Y%m%dT%H%M%SZ") : g_strdup ("unknown");

  for (guint i = 1; i <= MAX_NAMES_ASIDE; i++) {
    g_autofree char *name = i == 1 ? g_strdup_printf ("%s.corrupt-%s", path, stamp)
                                   : g_strdup_printf ("%s.corrupt-%s-%u", path, stamp, i);
    if (!g_file_test (name, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&name);
  }
  return NULL;
}

static gboolean
move (const char *from, const char *to, const char *suffix) {
  g_autofree char *source = g_strconcat (from, suffix, NULL);
  g_autofree char *target = g_strconcat (to, suffix, NULL);
  return g_rename (source, target) == 0 || errno == ENOENT;
}

static void
sync_folder (const char *path) {
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

/**
 * us_store_file_move_aside:
 * @path: of a damaged database that no connection of ours will write to any more
 * @wall_us: now, for its new name
 *
 * The log goes first: a new database must never find the log of the old one.
 *
 * Returns: (transfer full) (nullable): the new name
 */
char *
us_store_file_move_aside (const char *path, gint64 wall_us, GError **error) {
  g_autofree char *aside = name_aside (path, wall_us);

  if (aside == NULL || !move (path, aside, "-wal") || !move (path, aside, "-shm")
      || !move (path, aside, "")) {
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_CORRUPT,
                 "the database %s is damaged and cannot be moved aside: %s", path,
                 aside != NULL ? g_strerror (errno) : "too many copies");
    return NULL;
  }
  sync_folder (path);
  return g_steal_pointer (&aside);
}

/* What the database and its log take on disk. */
gint64
us_store_file_bytes (const char *path) {
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  GStatBuf status;
  gint64 bytes = g_stat (path, &status) == 0 ? status.st_size : 0;
  return bytes + (g_stat (log, &status) == 0 ? status.st_size : 0);
}
