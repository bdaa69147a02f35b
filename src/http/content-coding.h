/* content-coding.h - undoes the gzip coding of a body, and no more of it than is wanted */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean us_content_coding_is_gzip (const char *content_encoding);
GBytes *us_content_coding_gunzip (GBytes *coded, gsize max_bytes,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
