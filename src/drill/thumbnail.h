/* thumbnail.h - the first key frame of a segment as a JPEG file */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean us_thumbnail_write (const char *pipelines_dir, GBytes *segment, GBytes *init,
                             const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
