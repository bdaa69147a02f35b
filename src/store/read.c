/* read.c - what the reading functions have in common
 *
 * In the thread of the store's owner, on a connection of its own, or in the reading thread, on a
 * view of the store with another connection (reading.c). A read is one statement from its start to
 * its end, so no read transaction outlives a function, and the writer's checkpoints are never held
 * up.
 */
#define US_LOG_TOPIC "store.read"
#include "store/store-private.h"

#include "base/log.h"

/* Returns: @limit, or the most there may be */
guint
us_store_read_limit (guint limit) {
  return limit > 0 ? MIN (limit, US_STORE_MAX_ROWS) : US_STORE_MAX_ROWS;
}

/**
 * us_store_read_begin:
 *
 * Opens the file again if a new one took its place.
 *
 * Returns: (transfer none) (nullable): the connection to read from
 */
UsDatabase *
us_store_read_begin (UsStore *store, GError **error) {
  if (store->writer == NULL)
    return store->reader;
  guint generation = us_writer_get_generation (store->writer);
  if (generation != store->generation)
    g_clear_pointer (&store->reader, us_database_free);
  if (store->reader == NULL) {
    store->reader = us_database_open (store->path, US_DATABASE_READER, store->vfs, error);
    store->generation = generation;
  }
  return store->reader;
}

static void
note_damage (UsStore *store, const GError *error) {
  /* Of a view, the reading thread does it. */
  if (store->writer != NULL && g_error_matches (error, US_STORE_ERROR, US_STORE_ERROR_CORRUPT))
    us_writer_suspect (store->writer);
}

/**
 * us_store_read_rows:
 * @size: of an element, @type's size or more
 * @statement: (nullable): with its values bound; %NULL: @error is set already
 *
 * Returns: (transfer full) (nullable): the rows
 */
GArray *
us_store_read_rows (UsStore *store, const UsRowType *type, gsize size, GDestroyNotify clear,
                    sqlite3_stmt *statement, GError **error) {
  g_autoptr (GArray) rows = NULL;
  g_autoptr (GError) local = NULL;
  int code;

  if (statement == NULL)
    return NULL;
  rows = g_array_new (FALSE, TRUE, (guint)size);
  g_array_set_clear_func (rows, clear);
  while ((code = us_database_step (store->reader, statement, &local)) == SQLITE_ROW) {
    g_array_set_size (rows, rows->len + 1);
    us_row_read (type, rows->data + (rows->len - 1) * size, statement);
  }
  if (code == SQLITE_DONE)
    return g_steal_pointer (&rows);
  note_damage (store, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

/* One row; the statement stays at it and is to be reset. Returns: %FALSE without an error: none. */
gboolean
us_store_read_row (UsStore *store, const UsRowType *type, gpointer row, sqlite3_stmt *statement,
                   GError **error) {
  g_autoptr (GError) local = NULL;

  if (statement == NULL)
    return FALSE;
  int code = us_database_step (store->reader, statement, &local);
  if (code == SQLITE_ROW) {
    us_row_read (type, row, statement);
    return TRUE;
  }
  if (code != SQLITE_DONE) {
    note_damage (store, local);
    g_propagate_error (error, g_steal_pointer (&local));
  }
  return FALSE;
}
