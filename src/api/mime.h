/* mime.h - what a file of the web interface is, by its name */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

const char *us_mime_of_name (const char *name);
gboolean us_mime_is_plain_path (const char *path);

G_END_DECLS
