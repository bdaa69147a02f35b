/* database.h - one connection to the database file: opened the careful way, statements cached */
#pragma once

#include "store/store.h"

#include <sqlite3.h>

G_BEGIN_DECLS

typedef enum {
  US_DATABASE_WRITER, /* creates the file */
  US_DATABASE_READER, /* only reads; never touches the file when it is closed */
} UsDatabaseUse;

/* UsDatabase: in one thread at a time. */
typedef struct UsDatabase UsDatabase;

#define US_DATABASE_APPLICATION_ID 0x55535459 /* "USTY" */

UsDatabase *us_database_open (const char *path, UsDatabaseUse use, const char *vfs,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_database_free (UsDatabase *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDatabase, us_database_free)

sqlite3 *us_database_get_handle (UsDatabase *database);
sqlite3_stmt *us_database_prepare (UsDatabase *database, const char *sql,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
sqlite3_stmt *us_database_query (UsDatabase *database, GError **error, const char *sql,
                                 const char *kinds, ...) G_GNUC_WARN_UNUSED_RESULT;
int us_database_step (UsDatabase *database, sqlite3_stmt *statement,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_database_run (UsDatabase *database, GError **error, const char *sql, const char *kinds,
                          ...) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_database_get_int (UsDatabase *database, gint64 *value, GError **error, const char *sql,
                              const char *kinds, ...) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_database_script (UsDatabase *database, const char *sql,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

void us_database_rollback (UsDatabase *database);
guint us_database_get_changes (UsDatabase *database);
gboolean us_database_is_statements_fault (UsDatabase *database);
gboolean us_database_is_input_output_fault (UsDatabase *database);
gboolean us_database_set_synced (UsDatabase *database, gboolean is_synced,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint us_database_get_wal_pages (UsDatabase *database);
gboolean us_database_checkpoint (UsDatabase *database, gboolean is_whole,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_database_check (UsDatabase *database, guint limit_ms,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_database_forsake (UsDatabase *database);

int us_database_error_code (int sqlite_code, int system_error, int otherwise);

G_END_DECLS
