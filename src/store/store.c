/* store.c - the database as the rest of the program sees it
 *
 * Owned by the role that keeps it, in the main thread. Holds the file's lock, the writer with its
 * thread, a connection of its own for reading, and another thread for what takes long to read. Ends
 * with us_store_close().
 *
 * Ids are given out before anything is written. The database holds a limit: ids below it may have
 * been given to somebody. It is raised by a block, and synced, before the block is used, and a
 * start begins at the limit; so an id is never given twice, whatever dies, and some are never
 * given.
 */
#define US_LOG_TOPIC "store"
#include "store/store-private.h"

#include "store/file.h"

#include "base/log.h"
#include "base/names.h"

#include <string.h>
#include <unistd.h>

#define ID_BLOCK ((gint64)1 << 20)

/**
 * us_store_settings_default:
 * @settings: (out): all but the path; 0 in any of the others means no limit
 */
void
us_store_settings_default (UsStoreSettings *settings) {
  *settings = (UsStoreSettings){
    .retention_days = 90,
    .history_days = 30,
    .thumbnails_per_stream = 500,
    .max_events_per_stream = 50000,
  };
}

/* ---- opening ---- */

static void
on_trouble (const GError *error, gpointer user_data) {
  UsStore *store = user_data;
  if (store->trouble != NULL)
    store->trouble (store, error, store->trouble_data);
}

/* Where ids may begin: beyond all that are or may have been given. */
static gboolean
read_limit (UsDatabase *database, gint64 *limit, GError **error) {
  static const char *const sources[] = {
    "SELECT value FROM numbers WHERE name = 'id-limit'",
    "SELECT max(id) + 1 FROM events",
    "SELECT max(id) + 1 FROM findings",
    "SELECT max(id) + 1 FROM notes",
    "SELECT max(id) + 1 FROM deliveries",
  };
  *limit = 1;
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++) {
    gint64 value = 0;
    if (!us_database_get_int (database, &value, error, sources[i], ""))
      return FALSE;
    *limit = MAX (*limit, value);
  }
  return TRUE;
}

/* With a disk so full that not even the limit can be raised, ids follow the clock instead: no
 * start before can have come as far, and the writer raises the limit when there is room. */
static gboolean
begin_ids (UsStore *store, UsDatabase *database, gint64 wall_us, GError **error) {
  g_autoptr (GError) local = NULL;
  g_autoptr (UsWrite) write = NULL;

  if (!read_limit (database, &store->next_id, error))
    return FALSE;
  store->id_limit = store->next_id + ID_BLOCK;
  write = us_write_new_limit (store->id_limit);
  if (us_write_apply (write, database, &local))
    return TRUE;
  if (g_error_matches (local, US_STORE_ERROR, US_STORE_ERROR_CORRUPT)) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  us_warning ("%s; going on", local->message);
  store->next_id = MAX (store->id_limit, wall_us / G_USEC_PER_SEC * ID_BLOCK);
  store->id_limit = store->next_id;
  return TRUE;
}

static UsDatabase *
open_once (UsStore *store, gint64 wall_us, GError **error) {
  g_autoptr (UsDatabase) database = us_committer_open_database (store->path, store->vfs, error);
  g_autoptr (GError) local = NULL;

  if (database == NULL)
    return NULL;
  if (begin_ids (store, database, wall_us, &local))
    return g_steal_pointer (&database);
  if (g_error_matches (local, US_STORE_ERROR, US_STORE_ERROR_CORRUPT))
    us_database_forsake (database);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static UsDatabase *
open_or_replace (UsStore *store, gint64 wall_us, gboolean *was_corrupt, GError **error) {
  g_autoptr (GError) local = NULL;
  UsDatabase *database = open_once (store, wall_us, &local);

  *was_corrupt = g_error_matches (local, US_STORE_ERROR, US_STORE_ERROR_CORRUPT);
  if (!*was_corrupt) {
    if (local != NULL)
      g_propagate_error (error, g_steal_pointer (&local));
    return database;
  }
  g_autofree char *aside = us_store_file_move_aside (store->path, wall_us, error);
  if (aside == NULL)
    return NULL;
  us_event (US_LOG_ERROR, US_EVENT_STORE_CORRUPT, "%s; it is now %s, and a new one begins",
            local->message, aside);
  return open_once (store, wall_us, error);
}

/* A limit that is about to be reached is raised; an id above it is given only when that takes as
 * long as half a block lasts. */
static void
raise_limit (UsStore *store) {
  if (store->next_id < store->id_limit - ID_BLOCK / 2)
    return;
  store->id_limit = store->next_id + ID_BLOCK;
  us_writer_push (store->writer, us_write_new_limit (store->id_limit), NULL, NULL);
}

static void
store_free (UsStore *store) {
  g_clear_pointer (&store->reader, us_database_free);
  if (store->lock_fd >= 0)
    close (store->lock_fd);
  g_free (store->path);
  g_free (store->vfs);
  g_free (store);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsStore, store_free)

UsStore *
us_store_open_with (const UsStoreSettings *settings, const UsClock *clock, const char *vfs,
                    gboolean *was_corrupt, GError **error) {
  gint64 wall_us = us_clock_wall_us (clock);
  gboolean is_replaced = FALSE;

  g_return_val_if_fail (settings->path != NULL, NULL);
  if (was_corrupt != NULL)
    *was_corrupt = FALSE;
  int lock_fd = us_store_file_lock (settings->path, error);
  if (lock_fd < 0)
    return NULL;

  g_autoptr (UsStore) store = g_new0 (UsStore, 1);
  store->lock_fd = lock_fd;
  store->path = g_strdup (settings->path);
  store->vfs = g_strdup (vfs);
  g_autoptr (UsDatabase) database = open_or_replace (store, wall_us, &is_replaced, error);
  if (database == NULL)
    return NULL;
  store->reader = us_database_open (store->path, US_DATABASE_READER, vfs, error);
  if (store->reader == NULL)
    return NULL;

  UsCommitter *committer
      = us_committer_new (g_steal_pointer (&database), store->path, vfs, store->id_limit, clock);
  store->writer = us_writer_new (committer, settings, clock, on_trouble, store);
  store->reading = us_reading_new (store->writer, store->path, store->vfs);
  raise_limit (store);
  if (was_corrupt != NULL)
    *was_corrupt = is_replaced;
  return g_steal_pointer (&store);
}

/**
 * us_store_open:
 * @settings: copied
 * @was_corrupt: (out) (nullable): whether a damaged database was moved aside
 *
 * Makes the folder and the file when they are not there. Takes a moment: up to 3 s are spent on
 * checking a large file, and older tables are brought to the present version. Callbacks will come
 * in the thread-default main context of now.
 *
 * Returns: (transfer full) (nullable): the store
 */
UsStore *
us_store_open (const UsStoreSettings *settings, gboolean *was_corrupt, GError **error) {
  return us_store_open_with (settings, us_clock_system (), NULL, was_corrupt, error);
}

/* @trouble is also called from within us_store_close(). */
void
us_store_set_trouble (UsStore *store, UsStoreTrouble trouble, gpointer user_data) {
  store->trouble = trouble;
  store->trouble_data = user_data;
}

/**
 * us_store_close:
 * @grace_ms: how long what waits may take to be written; it is tried once at least
 *
 * Every @done that is due is called before this returns; those of writes that did not make it, with
 * %US_STORE_ERROR_WRITE. May be called from such a callback.
 */
void
us_store_close (UsStore *store, guint grace_ms) {
  if (store == NULL)
    return;
  us_reading_free (g_steal_pointer (&store->reading));
  g_clear_pointer (&store->reader, us_database_free);
  /* The lock stays with a thread that may still write. */
  if (!us_writer_stop (store->writer, grace_ms))
    store->lock_fd = -1;
  store_free (store);
}

void
us_store_get_stats (UsStore *store, UsStoreStats *stats) {
  us_writer_get_stats (store->writer, stats);
  stats->file_bytes = us_store_file_bytes (store->path);
}

/* ---- writing ---- */

static void
put (UsStore *store, UsWriteKind kind, gconstpointer row, UsStoreDone done, gpointer user_data) {
  us_writer_push (store->writer, us_write_new_row (kind, row), done, user_data);
}

void
us_store_put_incident (UsStore *store, const UsIncidentRow *row, UsStoreDone done,
                       gpointer user_data) {
  put (store, US_WRITE_INCIDENT, row, done, user_data);
}

gint64
us_store_add_event (UsStore *store, const UsEventRow *row) {
  UsEventRow numbered = *row;
  if (numbered.id <= 0)
    numbered.id = us_store_next_id (store);
  put (store, US_WRITE_EVENT, &numbered, NULL, NULL);
  return numbered.id;
}

void
us_store_put_finding (UsStore *store, const UsFindingRow *row) {
  put (store, US_WRITE_FINDING, row, NULL, NULL);
}

/* The id of @row does not matter. A note of an incident that is not there is refused. */
void
us_store_add_note (UsStore *store, const UsNoteRow *row, UsStoreDone done, gpointer user_data) {
  UsNoteRow numbered = *row;
  numbered.id = us_store_next_id (store);
  put (store, US_WRITE_NOTE, &numbered, done, user_data);
}

void
us_store_put_rollup (UsStore *store, const UsRollupRow *row) {
  put (store, US_WRITE_ROLLUP, row, NULL, NULL);
}

/* One whose id is there already is left as it is. */
void
us_store_add_thumbnail (UsStore *store, const UsThumbnailRow *row) {
  put (store, US_WRITE_THUMBNAIL, row, NULL, NULL);
}

/* The id of @row does not matter. */
void
us_store_add_delivery (UsStore *store, const UsDeliveryRow *row) {
  UsDeliveryRow numbered = *row;
  numbered.id = us_store_next_id (store);
  put (store, US_WRITE_DELIVERY, &numbered, NULL, NULL);
}

void
us_store_put_outgoing (UsStore *store, const UsOutgoingRow *row) {
  put (store, US_WRITE_OUTGOING, row, NULL, NULL);
}

void
us_store_remove_outgoing (UsStore *store, const char *message) {
  us_writer_push (store->writer, us_write_new_sent (message), NULL, NULL);
}

/**
 * us_store_remove_stream:
 *
 * Its incidents with their notes, its events, findings, history and pictures. What is written for a
 * stream of the same name afterwards stays. The log of deliveries is not its own and stays, too.
 */
void
us_store_remove_stream (UsStore *store, const char *stream) {
  UsWrite *write = us_write_new_removal (stream, us_store_next_id (store));
  us_writer_push (store->writer, write, NULL, NULL);
}

void
us_store_barrier (UsStore *store, UsStoreDone done, gpointer user_data) {
  us_writer_push (store->writer, us_write_new_barrier (), done, user_data);
}

gboolean
us_store_is_settled (UsStore *store) {
  return us_writer_is_settled (store->writer);
}

void
us_store_settle (UsStore *store, UsStoreDone done, gpointer user_data) {
  us_writer_push (store->writer, us_write_new_mark (), done, user_data);
}

void
us_store_flush (UsStore *store, guint timeout_ms) {
  us_writer_flush (store->writer, timeout_ms);
}

/* ---- reading in a thread ---- */

void
us_store_read_async (UsStore *store, UsStoreRead read, UsStoreDone done, gpointer user_data) {
  us_reading_add (store->reading, read, done, user_data);
}

/* ---- ids ---- */

gint64
us_store_next_id (UsStore *store) {
  raise_limit (store);
  return store->next_id++;
}
