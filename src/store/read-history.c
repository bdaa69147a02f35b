/* read-history.c - rollups, pictures and the log of deliveries; see read.c */
#include "store/store-private.h"

/**
 * us_store_list_rollups:
 * @since_us: beginning of the first minute, 0: no bound
 * @until_us: the minutes before it, 0: no bound
 *
 * Returns: (transfer full) (nullable) (element-type UsRollupRow): the oldest first
 */
GArray *
us_store_list_rollups (UsStore *store, const char *stream, gint64 since_us, gint64 until_us,
                       guint limit, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  g_autofree char *columns = us_row_columns (&us_rollup_row_type, "", "");
  g_autofree char *sql
      = g_strdup_printf ("SELECT %s FROM rollups WHERE stream = ?1 AND minute_us >= ?2"
                         " AND minute_us < ?3 ORDER BY minute_us LIMIT ?4",
                         columns);
  sqlite3_stmt *statement = us_database_query (
      reader, error, sql, "siii", stream, since_us != 0 ? since_us : G_MININT64,
      until_us != 0 ? until_us : G_MAXINT64, (gint64)us_store_read_limit (limit));
  return us_store_read_rows (store, &us_rollup_row_type, sizeof (UsRollupRow),
                             (GDestroyNotify)us_rollup_row_clear, statement, error);
}

GArray *
us_store_list_thumbnails (UsStore *store, const char *stream, gint64 since_us, gint64 until_us,
                          guint limit, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  g_autofree char *columns = us_row_columns (&us_thumbnail_row_type, "", "");
  g_autofree char *sql
      = g_strdup_printf ("SELECT %s FROM thumbnails WHERE stream = ?1 AND wall_us >= ?2"
                         " AND wall_us < ?3 ORDER BY wall_us DESC, number DESC LIMIT ?4",
                         columns);
  sqlite3_stmt *statement = us_database_query (
      reader, error, sql, "siii", stream, since_us != 0 ? since_us : G_MININT64,
      until_us != 0 ? until_us : G_MAXINT64, (gint64)us_store_read_limit (limit));
  return us_store_read_rows (store, &us_thumbnail_row_type, sizeof (UsThumbnailRow),
                             (GDestroyNotify)us_thumbnail_row_clear, statement, error);
}

/* With its picture. Returns: %FALSE without an error: none of that id */
gboolean
us_store_get_thumbnail (UsStore *store, const char *id, UsThumbnailRow *row, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return FALSE;
  g_autofree char *columns = us_row_columns (&us_thumbnail_row_type, "", "");
  g_autofree char *sql
      = g_strdup_printf ("SELECT %s, jpeg FROM thumbnails LEFT JOIN pictures ON thumbnail = number"
                         " WHERE id = ?1",
                         columns);
  sqlite3_stmt *statement = us_database_query (reader, error, sql, "s", id);
  if (!us_store_read_row (store, &us_thumbnail_row_type, row, statement, error))
    return FALSE;
  int column = (int)us_thumbnail_row_type.n_fields;
  if (sqlite3_column_type (statement, column) == SQLITE_BLOB) {
    const void *data = sqlite3_column_blob (statement, column);
    row->jpeg = g_bytes_new (data, (gsize)sqlite3_column_bytes (statement, column));
  }
  sqlite3_reset (statement);
  return TRUE;
}

/* The newest first. */
GArray *
us_store_list_deliveries (UsStore *store, gint64 before_id, guint limit, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  g_autofree char *columns = us_row_columns (&us_delivery_row_type, "", "");
  g_autofree char *sql = g_strdup_printf (
      "SELECT %s FROM deliveries WHERE id < ?1 ORDER BY id DESC LIMIT ?2", columns);
  sqlite3_stmt *statement
      = us_database_query (reader, error, sql, "ii", before_id != 0 ? before_id : G_MAXINT64,
                           (gint64)us_store_read_limit (limit));
  return us_store_read_rows (store, &us_delivery_row_type, sizeof (UsDeliveryRow),
                             (GDestroyNotify)us_delivery_row_clear, statement, error);
}
