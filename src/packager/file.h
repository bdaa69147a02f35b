/* file.h - reads plain files of a folder that somebody else writes, and never through a link */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* UsFileStamp: tells one content of a name from another without reading it. */
typedef struct {
  guint64 inode, size;
  gint64 mtime_ns;
} UsFileStamp;

gboolean us_file_stamp_equal (const UsFileStamp *a, const UsFileStamp *b);
gboolean us_file_is_plain_name (const char *name);
/* Folders are file descriptors, so that no name is ever resolved twice. */
int us_file_open_folder (int parent, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_file_stat (int folder, const char *name, UsFileStamp *stamp,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
GBytes *us_file_read (int folder, const char *name, gsize max_bytes, UsFileStamp *stamp,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
