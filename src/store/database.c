/* database.c - a connection to SQLite
 *
 * The store has two: the writer's, in the writer's thread, and the reader's, in the thread of the
 * store's owner. WAL lets them go on beside each other. Whoever holds a connection frees it; its
 * statements are kept by their text until then, and a statement is only in use between
 * us_database_query() and the end of its rows, or the next call with the same text.
 *
 * What is asked of SQLite, and why:
 *   journal_mode WAL      readers are never held up by a write, and a commit is one append
 *   synchronous           FULL for what is confirmed to somebody, NORMAL for the rest; see writer.c
 *   wal_autocheckpoint 0  the writer does it between transactions, when nobody waits
 *   auto_vacuum           incremental, so that retention gives space back in small steps
 *   trusted_schema off, defensive, no double-quoted strings: a damaged or foreign file runs nothing
 *   cell_size_check       damage is found where it is read
 */
#define US_LOG_TOPIC "store.database"
#include "store/database.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_KIB 8192 /* of each connection */
#define WRITER_BUSY_MS 5000
#define READER_BUSY_MS 200 /* it is the main loop that waits */
#define WAL_LIMIT_BYTES (16 * 1024 * 1024)
#define MAX_VALUE_BYTES (16 * 1024 * 1024)
#define MAX_STATEMENTS 128
#define STEPS_PER_LOOK 10000 /* of SQLite's machine, between two looks at the clock */

struct UsDatabase {
  sqlite3 *handle;
  char *path;
  UsDatabaseUse use;
  GHashTable *statements; /* element-type utf8 sqlite3_stmt */
  int synchronous;
  guint wal_pages;
  gint64 check_until_us;
};

G_DEFINE_QUARK (us - store - error - quark, us_store_error)

/**
 * us_database_error_code:
 * @sqlite_code: extended result code
 * @system_error: errno of SQLite's last system call, 0: none
 * @otherwise: what to call a fault of no special kind
 *
 * Returns: the #UsStoreError that it means
 */
int
us_database_error_code (int sqlite_code, int system_error, int otherwise) {
  switch (sqlite_code & 0xff) {
  case SQLITE_FULL:
    return US_STORE_ERROR_FULL;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return US_STORE_ERROR_CORRUPT;
  case SQLITE_IOERR:
    /* A file system may say so at any call, and a limit on file sizes is a full disk to us. */
    if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG)
      return US_STORE_ERROR_FULL;
    return otherwise;
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return US_STORE_ERROR_OPEN;
  default:
    return otherwise;
  }
}

static void
set_error (UsDatabase *database, const char *action, GError **error) {
  int code = sqlite3_extended_errcode (database->handle);
  int system_error = sqlite3_system_errno (database->handle);
  int otherwise = database->use == US_DATABASE_READER ? US_STORE_ERROR_READ : US_STORE_ERROR_WRITE;
  gboolean has_system = system_error != 0 && (code & 0xff) != SQLITE_CORRUPT;

  g_set_error (error, US_STORE_ERROR, us_database_error_code (code, system_error, otherwise),
               "cannot %s database %s: %s%s%s", action, database->path,
               sqlite3_errmsg (database->handle), has_system ? ": " : "",
               has_system ? g_strerror (system_error) : "");
}

/* ---- statements ---- */

static void
statement_free (gpointer data) {
  sqlite3_finalize (data);
}

/**
 * us_database_prepare:
 * @sql: one statement; kept by its text, so never with values written into it
 *
 * Returns: (transfer none): the statement, reset and without bindings, valid until the connection
 *   is freed or MAX_STATEMENTS other texts were prepared
 */
sqlite3_stmt *
us_database_prepare (UsDatabase *database, const char *sql, GError **error) {
  sqlite3_stmt *statement = g_hash_table_lookup (database->statements, sql);

  if (statement != NULL) {
    sqlite3_reset (statement);
    sqlite3_clear_bindings (statement);
    return statement;
  }
  if (sqlite3_prepare_v3 (database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL)
      != SQLITE_OK) {
    set_error (database, "prepare a statement of", error);
    return NULL;
  }
  if (g_hash_table_size (database->statements) >= MAX_STATEMENTS)
    g_hash_table_remove_all (database->statements);
  g_hash_table_insert (database->statements, g_strdup (sql), statement);
  return statement;
}

static int
bind_values (sqlite3_stmt *statement, const char *kinds, va_list values) {
  int code = SQLITE_OK;
  for (int place = 1; *kinds != '\0' && code == SQLITE_OK; kinds++, place++) {
    if (*kinds == 's') {
      const char *text = va_arg (values, const char *);
      code = text != NULL ? sqlite3_bind_text (statement, place, text, -1, SQLITE_TRANSIENT)
                          : sqlite3_bind_null (statement, place);
    } else {
      code = sqlite3_bind_int64 (statement, place, va_arg (values, gint64));
    }
  }
  return code;
}

static sqlite3_stmt *
query (UsDatabase *database, GError **error, const char *sql, const char *kinds, va_list values) {
  sqlite3_stmt *statement = us_database_prepare (database, sql, error);
  if (statement == NULL)
    return NULL;
  if (bind_values (statement, kinds, values) != SQLITE_OK) {
    set_error (database, "bind a value for", error);
    return NULL;
  }
  return statement;
}

/**
 * us_database_query:
 * @kinds: of the values that follow, for ?1 and on: "s" a text or %NULL, "i" a #gint64
 *
 * Returns: (transfer none): the statement, to be stepped to its end
 */
sqlite3_stmt *
us_database_query (UsDatabase *database, GError **error, const char *sql, const char *kinds, ...) {
  va_list values;
  va_start (values, kinds);
  sqlite3_stmt *statement = query (database, error, sql, kinds, values);
  va_end (values);
  return statement;
}

/* Returns: SQLITE_ROW, SQLITE_DONE, or anything else with @error set. But for a row, the statement
 * is reset: no read transaction stays open. */
int
us_database_step (UsDatabase *database, sqlite3_stmt *statement, GError **error) {
  int code = sqlite3_step (statement);
  if (code == SQLITE_ROW)
    return code;
  if (code != SQLITE_DONE)
    set_error (database, database->use == US_DATABASE_READER ? "read" : "write", error);
  sqlite3_reset (statement);
  return code;
}

static int
step_to_end (UsDatabase *database, sqlite3_stmt *statement, GError **error) {
  int code;
  do
    code = us_database_step (database, statement, error);
  while (code == SQLITE_ROW);
  return code;
}

/* Runs one statement to its end; values as in us_database_query(). */
gboolean
us_database_run (UsDatabase *database, GError **error, const char *sql, const char *kinds, ...) {
  va_list values;
  va_start (values, kinds);
  sqlite3_stmt *statement = query (database, error, sql, kinds, values);
  va_end (values);
  return statement != NULL && step_to_end (database, statement, error) == SQLITE_DONE;
}

/* The first column of the first row; @value is left alone when there is no row or a NULL. */
gboolean
us_database_get_int (UsDatabase *database, gint64 *value, GError **error, const char *sql,
                     const char *kinds, ...) {
  va_list values;
  va_start (values, kinds);
  sqlite3_stmt *statement = query (database, error, sql, kinds, values);
  va_end (values);
  if (statement == NULL)
    return FALSE;

  int code = us_database_step (database, statement, error);
  if (code == SQLITE_ROW) {
    if (sqlite3_column_type (statement, 0) != SQLITE_NULL)
      *value = sqlite3_column_int64 (statement, 0);
    sqlite3_reset (statement);
    return TRUE;
  }
  return code == SQLITE_DONE;
}

/* Runs several statements without values, such as a migration. */
gboolean
us_database_script (UsDatabase *database, const char *sql, GError **error) {
  if (sqlite3_exec (database->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  set_error (database, "write", error);
  return FALSE;
}

/* ---- transactions ---- */

/* Ends a transaction that failed; SQLite may have ended it by itself. */
void
us_database_rollback (UsDatabase *database) {
  if (!sqlite3_get_autocommit (database->handle)
      && sqlite3_exec (database->handle, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
    us_warning ("cannot roll back in %s: %s", database->path, sqlite3_errmsg (database->handle));
}

/* Rows changed by the last statement. */
guint
us_database_get_changes (UsDatabase *database) {
  return (guint)sqlite3_changes (database->handle);
}

/* Whether the last failure is about the values, so that trying again is of no use. The transaction
 * goes on without the statement. */
gboolean
us_database_is_statements_fault (UsDatabase *database) {
  switch (sqlite3_errcode (database->handle) & 0xff) {
  case SQLITE_CONSTRAINT:
  case SQLITE_MISMATCH:
  case SQLITE_TOOBIG:
  case SQLITE_RANGE:
    return !sqlite3_get_autocommit (database->handle);
  default:
    return FALSE;
  }
}

gboolean
us_database_is_input_output_fault (UsDatabase *database) {
  return (sqlite3_errcode (database->handle) & 0xff) == SQLITE_IOERR;
}

/* Whether commits from now on are synced before they return. Not within a transaction. */
gboolean
us_database_set_synced (UsDatabase *database, gboolean is_synced, GError **error) {
  int synchronous = is_synced ? 2 : 1;
  if (database->synchronous == synchronous)
    return TRUE;
  if (!us_database_script (
          database, is_synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", error))
    return FALSE;
  database->synchronous = synchronous;
  return TRUE;
}

static int
on_commit (void *data, sqlite3 *handle, const char *name, int n_pages) {
  UsDatabase *database = data;
  database->wal_pages = (guint)n_pages;
  return SQLITE_OK;
}

/* Pages in the write-ahead log as of the last commit. */
guint
us_database_get_wal_pages (UsDatabase *database) {
  return database->wal_pages;
}

/**
 * us_database_checkpoint:
 * @is_whole: wait for readers, sync, and begin the log anew; else as much as goes without waiting
 *
 * Returns: whether it went; a reader in the way is a failure with @is_whole only
 */
gboolean
us_database_checkpoint (UsDatabase *database, gboolean is_whole, GError **error) {
  int mode = is_whole ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  int code = sqlite3_wal_checkpoint_v2 (database->handle, NULL, mode, NULL, NULL);

  if (code == SQLITE_OK || (code == SQLITE_BUSY && !is_whole)) {
    database->wal_pages = 0;
    return TRUE;
  }
  set_error (database, "checkpoint", error);
  return FALSE;
}

/* ---- opening ---- */

/* The file, readable by its owner only (texts name addresses), before SQLite would create it. */
static gboolean
create_file (const char *path, GError **error) {
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  struct stat status;

  if (fd < 0 || fstat (fd, &status) < 0) {
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN, "cannot open database %s: %s", path,
                 g_strerror (errno));
    if (fd >= 0)
      close (fd);
    return FALSE;
  }
  close (fd);
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN,
                 "cannot open database %s: it is not a regular file", path);
    return FALSE;
  }
  return TRUE;
}

/* Some file systems cannot share memory between connections; SQLite then stays with its old way. */
static gboolean
confirm_wal (UsDatabase *database, GError **error) {
  sqlite3_stmt *statement = us_database_prepare (database, "PRAGMA journal_mode", error);
  if (statement == NULL || us_database_step (database, statement, error) != SQLITE_ROW)
    return FALSE;
  gboolean is_wal = g_strcmp0 ((const char *)sqlite3_column_text (statement, 0), "wal") == 0;
  sqlite3_reset (statement);
  if (!is_wal)
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN,
                 "the file system of database %s does not support SQLite's write-ahead log; name a "
                 "path on a local disk",
                 database->path);
  return is_wal;
}

static gboolean
set_up (UsDatabase *database, GError **error) {
  gboolean is_writer = database->use == US_DATABASE_WRITER;
  const struct {
    int option, value;
  } options[] = {
    { SQLITE_DBCONFIG_DEFENSIVE, 1 },      { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
    { SQLITE_DBCONFIG_ENABLE_FKEY, 1 },    { SQLITE_DBCONFIG_DQS_DML, 0 },
    { SQLITE_DBCONFIG_DQS_DDL, 0 },        { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
    { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 }, { SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !is_writer },
  };
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    sqlite3_db_config (database->handle, options[i].option, options[i].value, NULL);
  sqlite3_extended_result_codes (database->handle, 1);
  sqlite3_busy_timeout (database->handle, is_writer ? WRITER_BUSY_MS : READER_BUSY_MS);
  sqlite3_limit (database->handle, SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);

  g_autofree char *common = g_strdup_printf ("PRAGMA cache_size = -%d; PRAGMA cell_size_check = ON;"
                                             "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;",
                                             CACHE_KIB);
  if (!us_database_script (database, common, error))
    return FALSE;
  if (!is_writer)
    return us_database_script (database, "PRAGMA query_only = ON;", error);

  /* Only a file without pages can be told; telling another one is a write, and the disk may be full
   * at a start. */
  gint64 n_pages = 0;
  if (!us_database_get_int (database, &n_pages, error, "PRAGMA page_count", "")
      || (n_pages == 0
          && !us_database_script (database, "PRAGMA auto_vacuum = INCREMENTAL", error)))
    return FALSE;
  g_autofree char *writers
      = g_strdup_printf ("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = %d;"
                         "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL;",
                         WAL_LIMIT_BYTES);
  if (!us_database_script (database, writers, error))
    return FALSE;
  database->synchronous = 2;
  sqlite3_wal_hook (database->handle, on_commit, database);
  return confirm_wal (database, error);
}

/* A path that was mistyped must not have its tables joined by ours, nor be called damaged. */
static gboolean
confirm_ours (UsDatabase *database, GError **error) {
  gint64 application = 0, n_tables = 0;

  if (!us_database_get_int (database, &application, error, "PRAGMA application_id", "")
      || !us_database_get_int (database, &n_tables, error, "SELECT count(*) FROM sqlite_schema",
                               ""))
    return FALSE;
  if (application == US_DATABASE_APPLICATION_ID || (application == 0 && n_tables == 0))
    return TRUE;
  g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN,
               "%s is the database of another program (application id %" G_GINT64_FORMAT
               "); name another path",
               database->path, application);
  return FALSE;
}

/**
 * us_database_open:
 * @path: of the file; its folder must exist
 * @use: what the connection is for
 * @vfs: (nullable): SQLite's layer of system calls, for tests
 *
 * A file that is not a database of Understudy is told apart from a damaged one before anything is
 * written to it.
 *
 * Returns: (transfer full) (nullable): the connection
 */
UsDatabase *
us_database_open (const char *path, UsDatabaseUse use, const char *vfs, GError **error) {
  if (use == US_DATABASE_WRITER && !create_file (path, error))
    return NULL;

  g_autoptr (UsDatabase) database = g_new0 (UsDatabase, 1);
  database->path = g_strdup (path);
  database->use = use;
  database->statements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, statement_free);

  int code
      = sqlite3_open_v2 (path, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs);
  if (database->handle == NULL) {
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN, "cannot open database %s: %s", path,
                 sqlite3_errstr (code));
    return NULL;
  }
  if (code != SQLITE_OK) {
    set_error (database, "open", error);
    return NULL;
  }
  if ((use == US_DATABASE_WRITER && !confirm_ours (database, error)) || !set_up (database, error))
    return NULL;
  return g_steal_pointer (&database);
}

void
us_database_free (UsDatabase *database) {
  g_clear_pointer (&database->statements, g_hash_table_unref);
  sqlite3_close (database->handle);
  g_free (database->path);
  g_free (database);
}

/* Says that the file is no longer the store's: closing leaves it and its log as they are. */
void
us_database_forsake (UsDatabase *database) {
  sqlite3_db_config (database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

sqlite3 *
us_database_get_handle (UsDatabase *database) {
  return database->handle;
}

/* ---- checking ---- */

static int
on_progress (void *data) {
  UsDatabase *database = data;
  return g_get_monotonic_time () >= database->check_until_us;
}

/**
 * us_database_check:
 * @limit_ms: how long it may take; a database that is too large for that passes
 *
 * Walks through all pages (PRAGMA quick_check).
 *
 * Returns: %FALSE with %US_STORE_ERROR_CORRUPT when they do not fit together
 */
gboolean
us_database_check (UsDatabase *database, guint limit_ms, GError **error) {
  g_autofree char *verdict = NULL;

  sqlite3_db_release_memory (database->handle); /* what is on disk is to be checked */
  database->check_until_us = g_get_monotonic_time () + (gint64)limit_ms * 1000;
  sqlite3_progress_handler (database->handle, STEPS_PER_LOOK, on_progress, database);
  sqlite3_stmt *statement = us_database_prepare (database, "PRAGMA quick_check(1)", error);
  int code = statement != NULL ? sqlite3_step (statement) : SQLITE_ERROR;
  if (code == SQLITE_ROW)
    verdict = g_strdup ((const char *)sqlite3_column_text (statement, 0));
  else if (statement != NULL && code != SQLITE_INTERRUPT)
    set_error (database, "check", error);
  sqlite3_reset (statement);
  sqlite3_progress_handler (database->handle, 0, NULL, NULL);

  if (code == SQLITE_INTERRUPT)
    us_info ("%s is too large to be checked in %u ms; going on", database->path, limit_ms);
  if (code == SQLITE_INTERRUPT || g_strcmp0 (verdict, "ok") == 0)
    return TRUE;
  if (verdict != NULL)
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_CORRUPT, "database %s is damaged: %s",
                 database->path, g_strdelimit (verdict, "\n", ' '));
  return FALSE;
}
