/* schema.h - the version of the tables, and how an older one becomes the present one */
#pragma once

#include "store/database.h"

G_BEGIN_DECLS

guint us_schema_latest (void);
gboolean us_schema_migrate (UsDatabase *database, guint version,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
