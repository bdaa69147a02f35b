/* side-files.h - keys and initialisation sections that were fetched, so that they are once */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_SIDE_FILES_MAX 64
#define US_SIDE_FILES_MAX_BYTES (8 * 1024 * 1024)
#define US_SIDE_FILE_MAX_BYTES (2 * 1024 * 1024) /* of one */

typedef struct UsSideFiles UsSideFiles;

UsSideFiles *us_side_files_new (void);
void us_side_files_free (UsSideFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsSideFiles, us_side_files_free)

/* @name: URL, and range where there is one. Returns: (transfer full) (nullable) */
GBytes *us_side_files_get (const UsSideFiles *files, const char *name);
void us_side_files_put (UsSideFiles *files, const char *name, GBytes *bytes);

G_END_DECLS
