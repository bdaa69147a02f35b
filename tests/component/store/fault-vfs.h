/* fault-vfs.h - a disk that can be full, broken or slow, for the databases of a test */
#pragma once

#include <glib.h>

/* Returns: the name for us_store_open_with(); may be called again */
const char *fault_vfs_register (void);

void fault_vfs_set_full (gboolean is_full);          /* writes: no space */
void fault_vfs_set_sync_broken (gboolean is_broken); /* syncs: I/O error */
void fault_vfs_set_sync_held (gboolean is_held);     /* syncs wait until let go */
void fault_vfs_set_write_us (guint write_us);        /* each write takes so long */
guint fault_vfs_get_syncs (void);                    /* how many were asked for */

/* Keeps what was synced of each file from now on, and puts it where the power would have left it:
 * in files of the same names in @folder. */
void fault_vfs_set_remembering (gboolean is_remembering);
void fault_vfs_recall (const char *folder);
