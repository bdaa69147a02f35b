/* status-file.h - a file that says how a chain is, kept up to date without waiting for the disk */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct UsStatusFile UsStatusFile;

UsStatusFile *us_status_file_new (const char *path);
void us_status_file_write (UsStatusFile *file, char *text);
void us_status_file_free (UsStatusFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsStatusFile, us_status_file_free)

G_END_DECLS
