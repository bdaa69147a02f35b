/* read-minute.c - the last minutes of all streams; see read.c
 *
 * Minutes are kept by stream and time, so the newest of all streams are not beside each other. The
 * statement steps from one stream to the next by the index and reads only the end of each: what it
 * costs depends on the streams and the minutes that are wanted, not on how long the history is.
 */
#include "store/store-private.h"

static const char minutes_sql[]
    = "WITH RECURSIVE names(name) AS (SELECT min(stream) FROM rollups UNION ALL"
      " SELECT (SELECT min(stream) FROM rollups WHERE stream > name) FROM names"
      " WHERE name IS NOT NULL)"
      " SELECT r.stream, r.minute_us, r.health FROM names CROSS JOIN rollups r"
      " WHERE r.stream = name AND r.minute_us >= ?1 LIMIT ?2";

/**
 * us_store_each_minute:
 * @since_us: beginning of the first minute
 * @max_rows: at most so many in all
 * @each: (scope call): called for each of them, in no particular order
 *
 * Returns: %FALSE: it could not be read, or only in part
 */
gboolean
us_store_each_minute (UsStore *store, gint64 since_us, guint max_rows, UsStoreMinute each,
                      gpointer user_data, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return FALSE;
  sqlite3_stmt *statement
      = us_database_query (reader, error, minutes_sql, "ii", since_us, (gint64)max_rows);
  int code = statement != NULL ? SQLITE_ROW : SQLITE_ERROR;
  while (code == SQLITE_ROW && (code = us_database_step (reader, statement, error)) == SQLITE_ROW)
    each ((const char *)sqlite3_column_text (statement, 0), sqlite3_column_int64 (statement, 1),
          (const char *)sqlite3_column_text (statement, 2), user_data);
  return code == SQLITE_DONE;
}
