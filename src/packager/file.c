/* file.c - openat() with O_NOFOLLOW for single names, bounded reading
 *
 * Used by the scan of directory.c, on the main loop. A name that a playlist lists is foreign input:
 * only a plain name is opened, relative to a folder that is held open, and what is behind it must
 * be a regular file of a bounded size. Links are refused, wherever they lead: that cannot be
 * tricked by a link that changes between a check and its use. A fifo or a device does not block the
 * loop.
 */
#include "packager/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/**
 * us_file_stamp_equal:
 *
 * Returns: %TRUE when both stand for the same content, as far as can be told without reading
 */
gboolean
us_file_stamp_equal (const UsFileStamp *a, const UsFileStamp *b) {
  return a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

/**
 * us_file_is_plain_name:
 * @name: a URI as a playlist writes it
 *
 * Returns: %TRUE for a file name in the playlist's own folder: no scheme, folder, query, percent
 *   code, control character, and nothing that begins with a dot
 */
gboolean
us_file_is_plain_name (const char *name) {
  if (*name == '\0' || *name == '.' || strlen (name) > NAME_MAX)
    return FALSE;
  for (const char *p = name; *p != '\0'; p++) {
    if ((guchar)*p < 0x20 || *p == 0x7f || strchr ("/\\:?#%", *p) != NULL)
      return FALSE;
  }
  return TRUE;
}

static void
set_error_from_errno (GError **error, const char *name) {
  int code = errno;
  if (code == ELOOP)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                 "'%s' is a link, and links are not followed", name);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "'%s': %s", name,
                 g_strerror (code));
}

/**
 * us_file_open_folder:
 * @parent: an open folder, or AT_FDCWD for a path that the operator gave; only then links are fine
 * @name: a name in @parent, or the path
 * @error: set when it is no folder
 *
 * Returns: a file descriptor for the caller to close, or -1
 */
int
us_file_open_folder (int parent, const char *name, GError **error) {
  int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (parent == AT_FDCWD ? 0 : O_NOFOLLOW);
  int fd = openat (parent, name, flags);
  if (fd < 0)
    set_error_from_errno (error, name);
  return fd;
}

static gboolean
take_stamp (const struct stat *info, const char *name, UsFileStamp *stamp, GError **error) {
  if (!S_ISREG (info->st_mode)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "'%s' is %s", name,
                 S_ISLNK (info->st_mode) ? "a link, and links are not followed" : "no plain file");
    return FALSE;
  }
  *stamp = (UsFileStamp){
    .inode = info->st_ino,
    .size = (guint64)info->st_size,
    .mtime_ns = (gint64)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec,
  };
  return TRUE;
}

/**
 * us_file_stat:
 * @folder: an open folder
 * @name: a plain name in it
 * @stamp: (out): filled on success
 * @error: %G_IO_ERROR_NOT_FOUND, or %G_IO_ERROR_NOT_REGULAR_FILE
 *
 * Returns: %TRUE when there is such a plain file
 */
gboolean
us_file_stat (int folder, const char *name, UsFileStamp *stamp, GError **error) {
  struct stat info;
  if (fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    set_error_from_errno (error, name);
    return FALSE;
  }
  return take_stamp (&info, name, stamp, error);
}

static gboolean
read_all (int fd, const char *name, guint8 *data, gsize size, GError **error) {
  gsize done = 0;
  while (done < size) {
    ssize_t n = read (fd, data + done, size - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      set_error_from_errno (error, name);
      return FALSE;
    }
    if (n == 0) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "'%s' became shorter while it was read",
                   name);
      return FALSE;
    }
    done += (gsize)n;
  }
  return TRUE;
}

static GBytes *
read_open (int fd, const char *name, gsize max_bytes, UsFileStamp *stamp, GError **error) {
  struct stat info;
  if (fstat (fd, &info) != 0) {
    set_error_from_errno (error, name);
    return NULL;
  }
  if (!take_stamp (&info, name, stamp, error))
    return NULL;
  if (stamp->size == 0 || stamp->size > max_bytes) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "'%s' has %" G_GUINT64_FORMAT " bytes; 1 to %" G_GSIZE_FORMAT " are read", name,
                 stamp->size, max_bytes);
    return NULL;
  }
  g_autofree guint8 *data = g_try_malloc (stamp->size);
  if (data == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no memory for '%s'", name);
    return NULL;
  }
  if (!read_all (fd, name, data, stamp->size, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&data), stamp->size);
}

/**
 * us_file_read:
 * @folder: an open folder
 * @name: a plain name in it
 * @max_bytes: a larger file is refused before anything is read of it
 * @stamp: (out): of what was read, from before it was read
 * @error: also for an empty file, %G_IO_ERROR_INVALID_DATA
 *
 * Returns: (transfer full): what the file holds
 */
GBytes *
us_file_read (int folder, const char *name, gsize max_bytes, UsFileStamp *stamp, GError **error) {
  int fd = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) {
    set_error_from_errno (error, name);
    return NULL;
  }
  GBytes *bytes = read_open (fd, name, max_bytes, stamp, error);
  close (fd);
  return bytes;
}
