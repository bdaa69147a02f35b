/* write.c - what a write holds, and the statements that carry it out
 *
 * Made in the thread of the store's owner, carried out in the writer's within its transaction.
 * Every write may come twice, since a transaction whose commit failed is done again: rows have
 * their ids beforehand, and what is there already is replaced or left. An incident or a finding
 * that is there under the same id and is another one is not replaced, whoever gave the id twice:
 * the insert then fails as that write's own fault.
 *
 * The keeper of an event or a picture is the incident that holds it: the one it names, or one that
 * opened within PREROLL_US after it.
 */
#include "store/write.h"

#define PREROLL_US ((gint64)5 * 60 * G_USEC_PER_SEC)

static const UsRowType *
row_type (UsWriteKind kind) {
  switch (kind) {
  case US_WRITE_INCIDENT:
    return &us_incident_row_type;
  case US_WRITE_EVENT:
    return &us_event_row_type;
  case US_WRITE_FINDING:
    return &us_finding_row_type;
  case US_WRITE_NOTE:
    return &us_note_row_type;
  case US_WRITE_ROLLUP:
    return &us_rollup_row_type;
  case US_WRITE_THUMBNAIL:
    return &us_thumbnail_row_type;
  case US_WRITE_DELIVERY:
    return &us_delivery_row_type;
  case US_WRITE_OUTGOING:
    return &us_outgoing_row_type;
  case US_WRITE_SENT:
  case US_WRITE_REMOVAL:
  case US_WRITE_BARRIER:
  case US_WRITE_LIMIT:
  case US_WRITE_MARK:
  default:
    return NULL;
  }
}

static UsWrite *
write_new (UsWriteKind kind) {
  UsWrite *write = g_new0 (UsWrite, 1);
  write->kind = kind;
  write->bytes = sizeof *write;
  write->link.data = write->minor_link.data = write;
  return write;
}

/* Copies @row, whose type goes with @kind. */
UsWrite *
us_write_new_row (UsWriteKind kind, gconstpointer row) {
  const UsRowType *type = row_type (kind);
  g_return_val_if_fail (type != NULL, NULL);

  UsWrite *write = write_new (kind);
  us_row_copy (type, &write->row, row);
  write->bytes += us_row_bytes (type, row);
  if (kind == US_WRITE_THUMBNAIL && write->row.thumbnail.jpeg != NULL) {
    g_bytes_ref (write->row.thumbnail.jpeg);
    write->bytes += g_bytes_get_size (write->row.thumbnail.jpeg);
  }
  return write;
}

/* Removes @stream with its events up to the id @last_event. */
UsWrite *
us_write_new_removal (const char *stream, gint64 last_event) {
  UsWrite *write = write_new (US_WRITE_REMOVAL);
  write->row.removal.stream = g_strdup (stream);
  write->row.removal.last_event = last_event;
  return write;
}

UsWrite *
us_write_new_sent (const char *message) {
  UsWrite *write = write_new (US_WRITE_SENT);
  write->row.sent = g_strdup (message);
  return write;
}

UsWrite *
us_write_new_barrier (void) {
  return write_new (US_WRITE_BARRIER);
}

UsWrite *
us_write_new_mark (void) {
  return write_new (US_WRITE_MARK);
}

UsWrite *
us_write_new_limit (gint64 limit) {
  UsWrite *write = write_new (US_WRITE_LIMIT);
  write->row.limit = limit;
  return write;
}

void
us_write_free (UsWrite *write) {
  const UsRowType *type = row_type (write->kind);
  if (write->kind == US_WRITE_THUMBNAIL)
    us_thumbnail_row_clear (&write->row.thumbnail);
  else if (type != NULL)
    us_row_clear (type, &write->row);
  else if (write->kind == US_WRITE_REMOVAL)
    g_free (write->row.removal.stream);
  else if (write->kind == US_WRITE_SENT)
    g_free (write->row.sent);
  g_clear_error (&write->error);
  g_free (write);
}

/* Whether it goes before the others when there is no room: not an incident, nor what people wrote
 * or asked for. */
gboolean
us_write_is_minor (const UsWrite *write) {
  switch (write->kind) {
  case US_WRITE_EVENT:
  case US_WRITE_FINDING:
  case US_WRITE_ROLLUP:
  case US_WRITE_THUMBNAIL:
  case US_WRITE_DELIVERY:
  case US_WRITE_SENT: /* lost: the receiver gets it again, under the same id */
  case US_WRITE_MARK:
    return TRUE;
  case US_WRITE_INCIDENT:
  case US_WRITE_NOTE:
  case US_WRITE_OUTGOING:
  case US_WRITE_REMOVAL:
  case US_WRITE_BARRIER:
  case US_WRITE_LIMIT:
  default:
    return FALSE;
  }
}

/* Whether its commit must survive a loss of power. */
gboolean
us_write_is_synced (const UsWrite *write) {
  if (write->kind == US_WRITE_MARK)
    return FALSE; /* readers do not care */
  return write->done != NULL || !us_write_is_minor (write);
}

/* ---- statements ---- */

/* Inserts the row; @places and @values for columns that are no fields, @conflict: what if it is
 * there. The text is made once for each type and then found by its address. */
static gboolean
insert_row (UsDatabase *database, const UsRowType *type, gconstpointer row, const char *sql,
            GError **error) {
  sqlite3_stmt *statement = us_database_prepare (database, sql, error);
  if (statement == NULL)
    return FALSE;
  us_row_bind (type, row, statement);
  int code;
  do
    code = us_database_step (database, statement, error);
  while (code == SQLITE_ROW);
  sqlite3_clear_bindings (statement); /* they point into the row */
  return code == SQLITE_DONE;
}

/* Returns: (transfer full): an insert for all fields and @extra column, with @extra_value */
static char *
make_insert (const UsRowType *type, const char *extra, const char *extra_value,
             const char *conflict) {
  g_autofree char *columns = us_row_columns (type, "", "");
  g_autofree char *places = us_row_places (type);
  return g_strdup_printf ("INSERT INTO %s (%s%s) VALUES (%s%s) %s", type->table, columns, extra,
                          places, extra_value, conflict);
}

/* Returns: (transfer full): an insert that replaces all fields but @keys of a row with these keys
 */
static char *
make_upsert (const UsRowType *type, const char *keys) {
  g_auto (GStrv) key_columns = g_strsplit (keys, ", ", -1);
  GString *conflict = g_string_new (NULL);
  const char *separator = "";

  g_string_append_printf (conflict, "ON CONFLICT (%s) DO UPDATE SET ", keys);
  for (guint i = 0; i < type->n_fields; i++) {
    const char *column = type->fields[i].column;
    if (g_strv_contains ((const char *const *)key_columns, column))
      continue;
    g_string_append_printf (conflict, "%s%s = excluded.%s", separator, column, column);
    separator = ", ";
  }
  char *sql = make_insert (type, "", "", conflict->str);
  g_string_free (conflict, TRUE);
  return sql;
}

#define STATEMENT_ONCE(name, expression)                                                           \
  static char *name;                                                                               \
  if (g_once_init_enter (&name)) {                                                                 \
    char *made_ = (expression);                                                                    \
    g_once_init_leave (&name, made_);                                                              \
  }

static gboolean
apply_incident (const UsIncidentRow *row, UsDatabase *database, GError **error) {
  STATEMENT_ONCE (fresh, make_insert (&us_incident_row_type, "", "", ""));
  STATEMENT_ONCE (sql, make_upsert (&us_incident_row_type, "id"));
  gint64 is_same = -1;

  if (!us_database_get_int (database, &is_same, error,
                            "SELECT stream = ?2 AND opened_us = ?3 FROM incidents WHERE id = ?1",
                            "ssi", row->id, row->stream, row->opened_us)
      || !insert_row (database, &us_incident_row_type, row, is_same == 1 ? sql : fresh, error))
    return FALSE;
  if (is_same == 1)
    return TRUE;
  gint64 since_us = row->opened_us - PREROLL_US;
  return us_database_run (database, error,
                          "UPDATE events SET keeper = ?1 WHERE stream = ?2"
                          " AND wall_us BETWEEN ?3 AND ?4 AND keeper IS NULL",
                          "ssii", row->id, row->stream, since_us, row->opened_us)
         && us_database_run (database, error,
                             "UPDATE events SET keeper = ?1 WHERE incident = ?1 AND keeper IS NULL",
                             "s", row->id)
         && us_database_run (database, error,
                             "UPDATE thumbnails SET keeper = ?1 WHERE stream = ?2"
                             " AND wall_us BETWEEN ?3 AND ?4 AND keeper IS NULL",
                             "ssii", row->id, row->stream, since_us, row->opened_us);
}

static gboolean
apply_event (const UsEventRow *row, UsDatabase *database, GError **error) {
  STATEMENT_ONCE (sql, make_insert (&us_event_row_type, ", keeper",
                                    ", (SELECT id FROM incidents WHERE id = ?8)",
                                    "ON CONFLICT (id) DO UPDATE SET incident = excluded.incident,"
                                    " keeper = coalesce (excluded.keeper, keeper)"
                                    " WHERE excluded.incident IS NOT NULL"));
  if (!insert_row (database, &us_event_row_type, row, sql, error))
    return FALSE;
  if (row->thumbnail == NULL || row->incident == NULL)
    return TRUE;
  return us_database_run (database, error,
                          "UPDATE thumbnails SET keeper = (SELECT id FROM incidents WHERE id = ?1)"
                          " WHERE id = ?2 AND keeper IS NULL",
                          "ss", row->incident, row->thumbnail);
}

static gboolean
apply_note (const UsNoteRow *row, UsDatabase *database, GError **error) {
  STATEMENT_ONCE (sql, make_insert (&us_note_row_type, "", "", "ON CONFLICT (id) DO NOTHING"));
  return insert_row (database, &us_note_row_type, row, sql, error);
}

static gboolean
apply_finding (const UsFindingRow *row, UsDatabase *database, GError **error) {
  STATEMENT_ONCE (fresh, make_insert (&us_finding_row_type, "", "", ""));
  STATEMENT_ONCE (sql, make_upsert (&us_finding_row_type, "id"));
  gint64 is_same = -1;

  return us_database_get_int (database, &is_same, error,
                              "SELECT stream = ?2 AND check_word = ?3 AND first_us = ?4"
                              " FROM findings WHERE id = ?1",
                              "issi", row->id, row->stream, row->check, row->first_us)
         && insert_row (database, &us_finding_row_type, row, is_same == 1 ? sql : fresh, error);
}

static gboolean
apply_rollup (const UsRollupRow *row, UsDatabase *database, GError **error) {
  STATEMENT_ONCE (sql, make_upsert (&us_rollup_row_type, "stream, minute_us"));
  return insert_row (database, &us_rollup_row_type, row, sql, error);
}

static gboolean
apply_delivery (const UsDeliveryRow *row, UsDatabase *database, GError **error) {
  STATEMENT_ONCE (sql, make_insert (&us_delivery_row_type, "", "", "ON CONFLICT (id) DO NOTHING"));
  return insert_row (database, &us_delivery_row_type, row, sql, error);
}

/* A message that comes again has been tried once more. */
static gboolean
apply_outgoing (const UsOutgoingRow *row, UsDatabase *database, GError **error) {
  STATEMENT_ONCE (sql, make_upsert (&us_outgoing_row_type, "message"));
  return insert_row (database, &us_outgoing_row_type, row, sql, error);
}

static gboolean
apply_thumbnail (const UsThumbnailRow *row, UsDatabase *database, GError **error) {
  STATEMENT_ONCE (sql, make_insert (&us_thumbnail_row_type, ", keeper",
                                    ", (SELECT keeper FROM events WHERE thumbnail = ?1"
                                    " AND keeper IS NOT NULL LIMIT 1)",
                                    "ON CONFLICT (id) DO NOTHING"));
  if (!insert_row (database, &us_thumbnail_row_type, row, sql, error))
    return FALSE;
  if (us_database_get_changes (database) == 0 || row->jpeg == NULL)
    return TRUE;
  sqlite3_stmt *statement = us_database_query (
      database, error, "INSERT INTO pictures (thumbnail, jpeg) VALUES (?1, ?2)", "i",
      (gint64)sqlite3_last_insert_rowid (us_database_get_handle (database)));
  if (statement == NULL)
    return FALSE;
  gsize size = 0;
  const void *data = g_bytes_get_data (row->jpeg, &size);
  sqlite3_bind_blob64 (statement, 2, size > 0 ? data : "", size, SQLITE_STATIC);
  int code = us_database_step (database, statement, error);
  sqlite3_clear_bindings (statement);
  return code == SQLITE_DONE;
}

/* The events are many: readers pass over them from now on, retention deletes them in batches. */
static gboolean
apply_removal (const char *stream, gint64 last_event, UsDatabase *database, GError **error) {
  static const char *const statements[] = {
    "DELETE FROM incidents WHERE stream = ?1",
    "DELETE FROM findings WHERE stream = ?1",
    "DELETE FROM rollups WHERE stream = ?1",
    "DELETE FROM thumbnails WHERE stream = ?1",
  };
  for (guint i = 0; i < G_N_ELEMENTS (statements); i++) {
    if (!us_database_run (database, error, statements[i], "s", stream))
      return FALSE;
  }
  return us_database_run (database, error,
                          "INSERT INTO removals (stream, last_event) VALUES (?1, ?2)"
                          " ON CONFLICT (stream) DO UPDATE SET last_event = excluded.last_event",
                          "si", stream, last_event);
}

static gboolean
apply_number (const char *name, gint64 value, UsDatabase *database, GError **error) {
  return us_database_run (database, error,
                          "INSERT INTO numbers (name, value) VALUES (?1, ?2) ON CONFLICT (name)"
                          " DO UPDATE SET value = max (value, excluded.value)",
                          "si", name, value);
}

/**
 * us_write_apply:
 * @database: with a transaction begun
 *
 * Returns: whether it went; see us_database_is_statements_fault() for what to do if not
 */
gboolean
us_write_apply (const UsWrite *write, UsDatabase *database, GError **error) {
  switch (write->kind) {
  case US_WRITE_INCIDENT:
    return apply_incident (&write->row.incident, database, error);
  case US_WRITE_EVENT:
    return apply_event (&write->row.event, database, error);
  case US_WRITE_FINDING:
    return apply_finding (&write->row.finding, database, error);
  case US_WRITE_NOTE:
    return apply_note (&write->row.note, database, error);
  case US_WRITE_ROLLUP:
    return apply_rollup (&write->row.rollup, database, error);
  case US_WRITE_THUMBNAIL:
    return apply_thumbnail (&write->row.thumbnail, database, error);
  case US_WRITE_DELIVERY:
    return apply_delivery (&write->row.delivery, database, error);
  case US_WRITE_OUTGOING:
    return apply_outgoing (&write->row.outgoing, database, error);
  case US_WRITE_SENT:
    return us_database_run (database, error, "DELETE FROM outgoing WHERE message = ?1", "s",
                            write->row.sent);
  case US_WRITE_REMOVAL:
    return apply_removal (write->row.removal.stream, write->row.removal.last_event, database,
                          error);
  case US_WRITE_BARRIER:
    return apply_number ("barrier", (gint64)write->order, database, error);
  case US_WRITE_LIMIT:
    return apply_number ("id-limit", write->row.limit, database, error);
  case US_WRITE_MARK:
  default:
    return TRUE;
  }
}
