/* file.h - the database as a file: who owns it, and where a damaged one goes */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

int us_store_file_lock (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_store_file_move_aside (const char *path, gint64 wall_us,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
gint64 us_store_file_bytes (const char *path);

G_END_DECLS
