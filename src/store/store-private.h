/* store-private.h - what store.c and the reading files share, and what tests may set */
#pragma once

#include "store/reading.h"
#include "store/writer.h"

G_BEGIN_DECLS

struct UsStore {
  UsWriter *writer;   /* NULL: a view, for reading in a thread */
  UsReading *reading; /* NULL in a view */
  UsDatabase *reader; /* NULL: the file was replaced, to be opened again */
  guint generation;   /* of the file that @reader has open */
  char *path, *vfs;
  int lock_fd;
  UsStoreTrouble trouble;
  gpointer trouble_data;
  gint64 next_id, id_limit;
};

/* us_store_open() with the clock and SQLite's layer of system calls as given. */
UsStore *us_store_open_with (const UsStoreSettings *settings, const UsClock *clock, const char *vfs,
                             gboolean *was_corrupt, GError **error) G_GNUC_WARN_UNUSED_RESULT;

UsDatabase *us_store_read_begin (UsStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GArray *us_store_read_rows (UsStore *store, const UsRowType *type, gsize size, GDestroyNotify clear,
                            sqlite3_stmt *statement, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_store_read_row (UsStore *store, const UsRowType *type, gpointer row,
                            sqlite3_stmt *statement, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint us_store_read_limit (guint limit);

/* us_store_event_sql:
 * The statement of an event query; its places in order: after, before, limit, stream, incident,
 * since, until, and the kinds. */
char *us_store_event_sql (const UsEventQuery *query);
char *us_store_incident_sql (const UsIncidentQuery *query);

G_END_DECLS
