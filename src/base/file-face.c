/* file-face.c - what a file is known again by, to see that it is another one
 *
 * A file can be written in place with its old size within one tick of the file system's clock, or
 * be replaced by one with an old date: so all of it counts, and the time of the last change of the
 * inode above all, which nobody can set. Any thread.
 */
#include "base/file-face.h"

#include <sys/stat.h>

static gint64
ns_of (struct timespec time) {
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

UsFileFace
us_file_face (const char *path) {
  struct stat info;
  if (stat (path, &info) != 0)
    return (UsFileFace){ 0 };
  return (UsFileFace){ .device = info.st_dev,
                       .inode = info.st_ino,
                       .size = (guint64)info.st_size,
                       .modified_ns = ns_of (info.st_mtim),
                       .changed_ns = ns_of (info.st_ctim),
                       .is_there = TRUE };
}

gboolean
us_file_face_equal (const UsFileFace *a, const UsFileFace *b) {
  return a->is_there == b->is_there && a->device == b->device && a->inode == b->inode
         && a->size == b->size && a->modified_ns == b->modified_ns
         && a->changed_ns == b->changed_ns;
}
