/* thumbnail.h - the first key frame of a segment as a JPEG picture */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

GBytes *us_thumbnail_make (const char *pipelines_dir, GBytes *segment, GBytes *init, guint *width,
                           guint *height, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
