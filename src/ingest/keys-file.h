/* keys-file.h - the keys file in force: read again when it changes, kept when it cannot be read */
#pragma once

#include "ingest/keys.h"

G_BEGIN_DECLS

typedef struct UsKeysFile UsKeysFile;

UsKeysFile *us_keys_file_new (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_keys_file_free (UsKeysFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsKeysFile, us_keys_file_free)
gboolean us_keys_file_poll (UsKeysFile *file);
gboolean us_keys_file_reload (UsKeysFile *file);
const UsKeys *us_keys_file_get (const UsKeysFile *file);
gboolean us_keys_file_is_stale (const UsKeysFile *file);

/* @mode: (out) (optional): its permissions */
char *us_keys_file_read (const char *path, gsize *size, guint *mode,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
