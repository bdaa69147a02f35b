/* etag.h - strong entity tags: the SHA-256 of what is served */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *us_etag (GBytes *bytes);

G_END_DECLS
