/* read-history.c - rollups, pictures, messages and the log of deliveries; see read.c */
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

/* In the order of the fields of UsRollupSum. A minute keeps no lower time than its mean, and no
 * higher ratio. The means are divided by their weights afterwards. */
#define GOOD "max(n_segments - n_segment_errors, 1)"
#define WEIGHED(column) "sum(" column " * " GOOD ")"
#define WEIGHT(column) "coalesce(sum(" GOOD ") FILTER (WHERE " column " NOT NULL), 0)"
#define ROLLUPS_BY                                                                                 \
  "SELECT minute_us / ?4 * ?4, max(minute_us), sum(n_segments), sum(n_segment_errors),"            \
  " sum(n_playlists), sum(n_playlist_errors), sum(bytes),"                                         \
  " " WEIGHED (                                                                                    \
      "ttfb_avg") ", min(ttfb_avg), max(ttfb_max),"                                                \
                  " " WEIGHED ("ratio_avg") ", min(ratio_min), max(ratio_avg), " WEIGHED (         \
                      "latency_avg") ","                                                           \
                                     " " WEIGHT ("ttfb_avg") ", " WEIGHT (                         \
                                         "ratio_avg") ", " WEIGHT ("latency_avg") ","              \
                                                                                  " total("        \
                                                                                  "healthy_s), "   \
                                                                                  "total("         \
                                                                                  "degraded_s), "  \
                                                                                  "total("         \
                                                                                  "unhealthy_s), " \
                                                                                  "total(no_data_" \
                                                                                  "s)"             \
                                                                                  " FROM rollups " \
                                                                                  "WHERE stream "  \
                                                                                  "= ?1 AND "      \
                                                                                  "minute_us >= "  \
                                                                                  "?2 AND "        \
                                                                                  "minute_us < ?3" \
                                                                                  " GROUP BY "     \
                                                                                  "minute_us / "   \
                                                                                  "?4 ORDER BY 1 " \
                                                                                  "LIMIT ?5"

/**
 * us_store_list_rollups_by:
 * @since_us: beginning of the first minute, 0: no bound
 * @until_us: the minutes before it, 0: no bound
 * @step_us: of a stretch, 1 or more
 *
 * Returns: (transfer full) (nullable) (element-type UsRollupSum): the oldest first, at most
 *   US_STORE_MAX_ROWS; only where there is something
 */
GArray *
us_store_list_rollups_by (UsStore *store, const char *stream, gint64 since_us, gint64 until_us,
                          gint64 step_us, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  sqlite3_stmt *statement = us_database_query (
      reader, error, ROLLUPS_BY, "siiii", stream, since_us != 0 ? since_us : G_MININT64,
      until_us != 0 ? until_us : G_MAXINT64, MAX (step_us, 1), (gint64)US_STORE_MAX_ROWS);
  GArray *sums = us_store_read_rows (store, &us_rollup_sum_type, sizeof (UsRollupSum), NULL,
                                     statement, error);
  for (guint i = 0; sums != NULL && i < sums->len; i++) {
    UsRollupSum *sum = &g_array_index (sums, UsRollupSum, i);
    sum->ttfb_avg /= MAX (sum->n_ttfb, 1); /* NAN stays NAN */
    sum->ratio_avg /= MAX (sum->n_ratio, 1);
    sum->latency_avg /= MAX (sum->n_latency, 1);
  }
  return sums;
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

/* What was to be told first comes first. */
GArray *
us_store_list_outgoing (UsStore *store, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  g_autofree char *columns = us_row_columns (&us_outgoing_row_type, "", "");
  g_autofree char *sql = g_strdup_printf (
      "SELECT %s FROM outgoing WHERE wall_us >= ?1 ORDER BY wall_us, message LIMIT ?2", columns);
  sqlite3_stmt *statement
      = us_database_query (reader, error, sql, "ii", G_MININT64, (gint64)US_STORE_MAX_ROWS);
  return us_store_read_rows (store, &us_outgoing_row_type, sizeof (UsOutgoingRow),
                             (GDestroyNotify)us_outgoing_row_clear, statement, error);
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
