/* stream-file.h - the streams an operator watches, in a JSON file that can be read by hand */
#pragma once

#include "monitor/stream-config.h"

G_BEGIN_DECLS

#define US_STREAM_FILE_MAX_BYTES (32 * 1024 * 1024)

typedef struct UsStreamFile UsStreamFile;

UsStreamFile *us_stream_file_new (const char *path);
void us_stream_file_free (UsStreamFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsStreamFile, us_stream_file_free)

/* Returns: (transfer container) (element-type UsStreamConfig) (nullable): in the order of the file;
 * empty when there is none */
GPtrArray *us_stream_file_load (UsStreamFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @configs: (element-type UsStreamConfig): those of our own chain are left out. On disk, synced,
 * when it returns %TRUE; what was there that we have neither read nor written is set aside first.
 */
gboolean us_stream_file_save (UsStreamFile *file, const GPtrArray *configs,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
