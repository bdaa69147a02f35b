/* fault-vfs.c - SQLite's layer of system calls, passed on to the real one unless it is to fail
 *
 * One for the process; the switches may be set from any thread at any time.
 */
#include "fault-vfs.h"

#include <sqlite3.h>

#define NAME "fault"

typedef struct {
  sqlite3_file base;
  sqlite3_file *real; /* behind this struct */
  const char *name;   /* SQLite's, as long as the file is open; NULL: of no interest */
} File;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static sqlite3_io_methods methods;
static gint is_full, is_sync_broken, write_us, n_syncs; /* atomic */
static GMutex lock;                                     /* protects all below */
static GCond let_go;
static gboolean is_sync_held;
static gboolean is_remembering;
static GHashTable *synced; /* element-type utf8 GBytes: path to what is on the disk for certain */

static sqlite3_file *
real (sqlite3_file *file) {
  return ((File *)file)->real;
}

static int
on_close (sqlite3_file *file) {
  return real (file)->pMethods != NULL ? real (file)->pMethods->xClose (real (file)) : SQLITE_OK;
}

static int
on_read (sqlite3_file *file, void *data, int size, sqlite3_int64 at) {
  return real (file)->pMethods->xRead (real (file), data, size, at);
}

static int
on_write (sqlite3_file *file, const void *data, int size, sqlite3_int64 at) {
  if (g_atomic_int_get (&is_full))
    return SQLITE_FULL;
  if (g_atomic_int_get (&write_us) > 0)
    g_usleep ((gulong)g_atomic_int_get (&write_us));
  return real (file)->pMethods->xWrite (real (file), data, size, at);
}

static int
on_truncate (sqlite3_file *file, sqlite3_int64 size) {
  return real (file)->pMethods->xTruncate (real (file), size);
}

static void
remember (File *file) {
  char *data = NULL;
  gsize size = 0;
  g_mutex_lock (&lock);
  if (is_remembering && file->name != NULL && g_file_get_contents (file->name, &data, &size, NULL))
    g_hash_table_replace (synced, g_strdup (file->name), g_bytes_new_take (data, size));
  g_mutex_unlock (&lock);
}

static int
on_sync (sqlite3_file *file, int flags) {
  g_atomic_int_inc (&n_syncs);
  g_mutex_lock (&lock);
  while (is_sync_held)
    g_cond_wait (&let_go, &lock);
  g_mutex_unlock (&lock);
  if (g_atomic_int_get (&is_sync_broken))
    return SQLITE_IOERR_FSYNC;
  int code = real (file)->pMethods->xSync (real (file), flags);
  if (code == SQLITE_OK)
    remember ((File *)file);
  return code;
}

static int
on_size (sqlite3_file *file, sqlite3_int64 *size) {
  return real (file)->pMethods->xFileSize (real (file), size);
}

static int
on_lock (sqlite3_file *file, int level) {
  return real (file)->pMethods->xLock (real (file), level);
}

static int
on_unlock (sqlite3_file *file, int level) {
  return real (file)->pMethods->xUnlock (real (file), level);
}

static int
on_check_lock (sqlite3_file *file, int *is_locked) {
  return real (file)->pMethods->xCheckReservedLock (real (file), is_locked);
}

static int
on_control (sqlite3_file *file, int operation, void *data) {
  return real (file)->pMethods->xFileControl (real (file), operation, data);
}

static int
on_sector_size (sqlite3_file *file) {
  return real (file)->pMethods->xSectorSize (real (file));
}

static int
on_characteristics (sqlite3_file *file) {
  return real (file)->pMethods->xDeviceCharacteristics (real (file));
}

static int
on_shm_map (sqlite3_file *file, int page, int size, int extend, void volatile **data) {
  return real (file)->pMethods->xShmMap (real (file), page, size, extend, data);
}

static int
on_shm_lock (sqlite3_file *file, int offset, int count, int flags) {
  return real (file)->pMethods->xShmLock (real (file), offset, count, flags);
}

static void
on_shm_barrier (sqlite3_file *file) {
  real (file)->pMethods->xShmBarrier (real (file));
}

static int
on_shm_unmap (sqlite3_file *file, int is_delete) {
  return real (file)->pMethods->xShmUnmap (real (file), is_delete);
}

static int
on_open (sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *out_flags) {
  File *mine = (File *)file;
  mine->real = (sqlite3_file *)(mine + 1);
  mine->real->pMethods = NULL;
  mine->name = flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL) ? name : NULL;
  int code = real_vfs->xOpen (real_vfs, name, mine->real, flags, out_flags);
  mine->base.pMethods = code == SQLITE_OK ? &methods : NULL;
  return code;
}

const char *
fault_vfs_register (void) {
  if (real_vfs != NULL)
    return NAME;
  real_vfs = sqlite3_vfs_find (NULL);
  vfs = *real_vfs;
  vfs.szOsFile = (int)sizeof (File) + real_vfs->szOsFile;
  vfs.pNext = NULL;
  vfs.zName = NAME;
  vfs.xOpen = on_open;
  methods = (sqlite3_io_methods){
    .iVersion = 2, /* without mapped pages */
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
  };
  g_assert_cmpint (sqlite3_vfs_register (&vfs, 0), ==, SQLITE_OK);
  return NAME;
}

void
fault_vfs_set_remembering (gboolean is_wanted) {
  g_mutex_lock (&lock);
  is_remembering = is_wanted;
  g_clear_pointer (&synced, g_hash_table_unref);
  if (is_wanted)
    synced = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  g_mutex_unlock (&lock);
}

void
fault_vfs_recall (const char *folder) {
  GHashTableIter iter;
  gpointer name, bytes;
  g_mutex_lock (&lock);
  g_hash_table_iter_init (&iter, synced);
  while (g_hash_table_iter_next (&iter, &name, &bytes)) {
    g_autofree char *base = g_path_get_basename (name);
    g_autofree char *path = g_build_filename (folder, base, NULL);
    g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
                                        (gssize)g_bytes_get_size (bytes), NULL));
  }
  g_mutex_unlock (&lock);
}

void
fault_vfs_set_full (gboolean full) {
  g_atomic_int_set (&is_full, full);
}

void
fault_vfs_set_sync_broken (gboolean is_broken) {
  g_atomic_int_set (&is_sync_broken, is_broken);
}

void
fault_vfs_set_sync_held (gboolean is_held) {
  g_mutex_lock (&lock);
  is_sync_held = is_held;
  g_cond_broadcast (&let_go);
  g_mutex_unlock (&lock);
}

void
fault_vfs_set_write_us (guint us) {
  g_atomic_int_set (&write_us, (gint)us);
}

guint
fault_vfs_get_syncs (void) {
  return (guint)g_atomic_int_get (&n_syncs);
}
