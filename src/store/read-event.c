/* read-event.c - the timeline; see read.c
 *
 * Events are ordered by their ids, which rise whatever the clock does. Each kind of query walks one
 * index from the cursor on: several kinds are several walks that SQLite merges as they go. With
 * bounds in time and no kinds it walks the bounds by time, of one stream at most, and sorts what it
 * found; which index that is would be a guess of SQLite's, so it is named.
 */
#include "store/store-private.h"

#define MAX_KINDS 32u

static const char not_removed[] = " AND NOT EXISTS (SELECT 1 FROM removals r"
                                  " WHERE r.stream = e.stream AND e.id <= r.last_event)";

static gboolean
has_time (const UsEventQuery *query) {
  return query->since_us != 0 || query->until_us != 0;
}

static guint
count_kinds (const UsEventQuery *query) {
  return query->kinds != NULL ? MIN (g_strv_length ((char **)query->kinds), MAX_KINDS) : 0;
}

static const char *
index_for (const UsEventQuery *query, gboolean has_kinds) {
  if (query->incident != NULL)
    return " INDEXED BY events_by_incident";
  if (has_kinds)
    return query->stream != NULL ? " INDEXED BY events_by_stream_kind"
                                 : " INDEXED BY events_by_kind";
  if (has_time (query))
    return query->stream != NULL ? " INDEXED BY events_by_stream_time"
                                 : " INDEXED BY events_by_time";
  return query->stream != NULL ? " INDEXED BY events_by_stream" : "";
}

static void
append_walk (GString *sql, const UsEventQuery *query, guint kind) {
  g_autofree char *columns = us_row_columns (&us_event_row_type, "e.", "");

  g_string_append_printf (sql, "SELECT %s FROM events e%s WHERE e.id > ?1 AND e.id < ?2", columns,
                          index_for (query, kind > 0));
  if (query->stream != NULL)
    g_string_append (sql, " AND e.stream = ?4");
  if (query->incident != NULL)
    g_string_append (sql, " AND e.incident = ?5");
  if (has_time (query))
    g_string_append (sql, " AND e.wall_us >= ?6 AND e.wall_us < ?7");
  if (kind > 0)
    g_string_append_printf (sql, " AND e.kind = ?%u", 7 + kind);
  g_string_append (sql, not_removed);
}

/* Returns: (transfer full): the statement of @query; places: after, before, limit, stream,
 * incident, since, until, and the kinds */
char *
us_store_event_sql (const UsEventQuery *query) {
  GString *sql = g_string_new (NULL);
  guint n_kinds = count_kinds (query);

  append_walk (sql, query, MIN (n_kinds, 1));
  for (guint kind = 2; kind <= n_kinds; kind++) {
    g_string_append (sql, " UNION ALL ");
    append_walk (sql, query, kind);
  }
  g_string_append_printf (sql, " ORDER BY %s %s LIMIT ?3", n_kinds > 1 ? "1" : "e.id",
                          query->after_id != 0 ? "ASC" : "DESC");
  return g_string_free (sql, FALSE);
}

/* A place that the statement does not have is no error here. */
static void
bind_text (sqlite3_stmt *statement, int place, const char *text) {
  if (text != NULL && place <= sqlite3_bind_parameter_count (statement))
    sqlite3_bind_text (statement, place, text, -1, SQLITE_TRANSIENT);
}

static void
bind_int (sqlite3_stmt *statement, int place, gint64 value) {
  if (place <= sqlite3_bind_parameter_count (statement))
    sqlite3_bind_int64 (statement, place, value);
}

/**
 * us_store_list_events:
 * @query: what to look for; of more than 32 kinds the first 32
 *
 * Returns: (transfer full) (nullable) (element-type UsEventRow): the newest first, or with
 *   @after_id the oldest after it first
 */
GArray *
us_store_list_events (UsStore *store, const UsEventQuery *query, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  g_autofree char *sql = us_store_event_sql (query);
  sqlite3_stmt *statement = us_database_prepare (reader, sql, error);
  if (statement == NULL)
    return NULL;
  bind_int (statement, 1, query->after_id);
  bind_int (statement, 2, query->before_id != 0 ? query->before_id : G_MAXINT64);
  bind_int (statement, 3, us_store_read_limit (query->limit));
  bind_text (statement, 4, query->stream);
  bind_text (statement, 5, query->incident);
  bind_int (statement, 6, query->since_us != 0 ? query->since_us : G_MININT64);
  bind_int (statement, 7, query->until_us != 0 ? query->until_us : G_MAXINT64);
  for (guint i = 0; i < count_kinds (query); i++)
    bind_text (statement, (int)(8 + i), query->kinds[i]);
  return us_store_read_rows (store, &us_event_row_type, sizeof (UsEventRow),
                             (GDestroyNotify)us_event_row_clear, statement, error);
}
