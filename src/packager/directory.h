/* directory.h - serves a folder of HLS that another packager writes (`understudy origin --root`) */
#pragma once

#include "packager/origin.h"

G_BEGIN_DECLS

typedef struct UsDirectory UsDirectory;

typedef struct {
  UsOriginSettings origin;
  const char *root;          /* folder with playlists, and one level of folders below it */
  guint poll_ms;             /* how often the folder is looked at */
  guint max_playlists;       /* more are not served */
  gsize max_bytes;           /* held in memory of all of them; what does not fit is not served */
  gboolean has_self_verdict; /* answer 503 when a live playlist stands still */
} UsDirectorySettings;

void us_directory_settings_default (UsDirectorySettings *settings);
UsDirectory *us_directory_new (const UsDirectorySettings *settings,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 us_directory_get_http_port (UsDirectory *directory);
/* Looks at the folder now; otherwise done by itself every poll_ms. */
void us_directory_scan (UsDirectory *directory);
void us_directory_free (UsDirectory *directory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDirectory, us_directory_free)

G_END_DECLS
