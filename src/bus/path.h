/* path.h - object paths of streams and their origins */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *us_bus_path_of (const char *stream, const char *origin);

G_END_DECLS
