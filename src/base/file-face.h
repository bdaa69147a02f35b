/* file-face.h - what a file is known again by, to see that it is another one */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Plain data; all zeros: there is none. */
typedef struct {
  guint64 device, inode, size;
  gint64 modified_ns, changed_ns;
  gboolean is_there;
} UsFileFace;

/* One stat(); links are followed. */
UsFileFace us_file_face (const char *path);
gboolean us_file_face_equal (const UsFileFace *a, const UsFileFace *b);

G_END_DECLS
