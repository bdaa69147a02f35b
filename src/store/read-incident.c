/* read-incident.c - incidents, their notes, and findings; see read.c */
#include "store/store-private.h"

#include <string.h>

/* Returns: (transfer full): the statement of @query; places: stream, state, since, until, before,
 * before id, limit */
char *
us_store_incident_sql (const UsIncidentQuery *query) {
  g_autofree char *columns = us_row_columns (&us_incident_row_type, "", "");
  gboolean is_active = g_strcmp0 (query->state, "active") == 0;

  return g_strdup_printf ("SELECT %s FROM incidents WHERE %s AND %s AND opened_us >= ?3"
                          " AND opened_us < ?4 AND (opened_us, id) < (?5, ?6)"
                          " ORDER BY opened_us DESC, id DESC LIMIT ?7",
                          columns, query->stream != NULL ? "stream = ?1" : "?1 IS NULL",
                          is_active              ? "state <> 'resolved'"
                          : query->state != NULL ? "state = ?2"
                                                 : "?2 IS NULL");
}

/**
 * us_store_list_incidents:
 * @query: what to look for
 *
 * Returns: (transfer full) (nullable) (element-type UsIncidentRow): the newest first, by the time
 *   they opened, those of the same moment by id
 */
GArray *
us_store_list_incidents (UsStore *store, const UsIncidentQuery *query, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  g_autofree char *sql = us_store_incident_sql (query);
  gint64 since_us = query->since_us != 0 ? query->since_us : G_MININT64;
  gint64 until_us = query->until_us != 0 ? query->until_us : G_MAXINT64;
  gint64 before_us = query->before_us != 0 ? query->before_us : G_MAXINT64;
  sqlite3_stmt *statement = us_database_query (
      reader, error, sql, "ssiiisi", query->stream, query->state, since_us, until_us, before_us,
      query->before_id != NULL ? query->before_id : "", (gint64)us_store_read_limit (query->limit));
  return us_store_read_rows (store, &us_incident_row_type, sizeof (UsIncidentRow),
                             (GDestroyNotify)us_incident_row_clear, statement, error);
}

gboolean
us_store_get_incident (UsStore *store, const char *id, UsIncidentRow *row, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return FALSE;
  g_autofree char *columns = us_row_columns (&us_incident_row_type, "", "");
  g_autofree char *sql = g_strdup_printf ("SELECT %s FROM incidents WHERE id = ?1", columns);
  sqlite3_stmt *statement = us_database_query (reader, error, sql, "s", id);
  gboolean is_there = us_store_read_row (store, &us_incident_row_type, row, statement, error);
  sqlite3_reset (statement);
  return is_there;
}

/* Oldest first. */
GArray *
us_store_list_notes (UsStore *store, const char *incident, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  g_autofree char *columns = us_row_columns (&us_note_row_type, "", "");
  g_autofree char *sql
      = g_strdup_printf ("SELECT %s FROM notes WHERE incident = ?1 ORDER BY id LIMIT ?2", columns);
  sqlite3_stmt *statement
      = us_database_query (reader, error, sql, "si", incident, (gint64)US_STORE_MAX_ROWS);
  return us_store_read_rows (store, &us_note_row_type, sizeof (UsNoteRow),
                             (GDestroyNotify)us_note_row_clear, statement, error);
}

/* @where: of ?1, which is @stream, and of ?2 and ?3 */
static GArray *
list_findings (UsStore *store, const char *where, const char *stream, gint64 second, gint64 third,
               guint limit, GError **error) {
  UsDatabase *reader = us_store_read_begin (store, error);
  if (reader == NULL)
    return NULL;
  g_autofree char *columns = us_row_columns (&us_finding_row_type, "", "");
  g_autofree char *sql = g_strdup_printf (
      "SELECT %s FROM findings WHERE %s ORDER BY id DESC LIMIT ?4", columns, where);
  sqlite3_stmt *statement = us_database_query (reader, error, sql, "siii", stream, second, third,
                                               (gint64)us_store_read_limit (limit));
  return us_store_read_rows (store, &us_finding_row_type, sizeof (UsFindingRow),
                             (GDestroyNotify)us_finding_row_clear, statement, error);
}

/**
 * us_store_list_findings:
 * @stream: (nullable): %NULL: of any
 * @only_open: without those that were closed
 * @before_id: the last one of the page before; 0: begin with the newest
 *
 * Returns: (transfer full) (nullable) (element-type UsFindingRow): the newest first
 */
GArray *
us_store_list_findings (UsStore *store, const char *stream, gboolean only_open, gint64 before_id,
                        guint limit, GError **error) {
  g_autofree char *where
      = g_strdup_printf ("%s AND %s AND id < ?2", stream != NULL ? "stream = ?1" : "?1 IS NULL",
                         only_open ? "closed_us = 0" : "TRUE");
  return list_findings (store, where, stream, before_id != 0 ? before_id : G_MAXINT64, 0, limit,
                        error);
}

/**
 * us_store_list_findings_of:
 * @from_us: wall clock
 * @until_us: the same; 0: until now
 *
 * Findings of one stream that stood at some time between both. By their times, not by their ids:
 * these go on rising when the clock is put back.
 *
 * Returns: (transfer full) (nullable) (element-type UsFindingRow): the newest first
 */
GArray *
us_store_list_findings_of (UsStore *store, const char *stream, gint64 from_us, gint64 until_us,
                           guint limit, GError **error) {
  return list_findings (store,
                        "stream = ?1 AND (closed_us = 0 OR closed_us >= ?2) AND first_us <= ?3",
                        stream, from_us, until_us != 0 ? until_us : G_MAXINT64, limit, error);
}
