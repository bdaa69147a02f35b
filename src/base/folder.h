/* folder.h - folders of temporary files */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void us_folder_remove (const char *path);

G_END_DECLS
