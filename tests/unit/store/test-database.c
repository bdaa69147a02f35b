/* test-database.c - what SQLite's failures mean, and what is opened at all */
#include "store/database.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder;

static char *
path_of (const char *name) {
  return g_build_filename (folder, name, NULL);
}

static void
test_error_code (void) {
  static const struct {
    int sqlite_code, system_error;
    UsStoreError expected;
  } cases[] = {
    { SQLITE_FULL, 0, US_STORE_ERROR_FULL },
    { SQLITE_IOERR_WRITE, ENOSPC, US_STORE_ERROR_FULL },
    { SQLITE_IOERR_FSYNC, EDQUOT, US_STORE_ERROR_FULL },
    { SQLITE_IOERR_WRITE, EFBIG, US_STORE_ERROR_FULL },
    { SQLITE_IOERR_WRITE, EIO, US_STORE_ERROR_WRITE },
    { SQLITE_CORRUPT, 0, US_STORE_ERROR_CORRUPT },
    { SQLITE_CORRUPT_INDEX, 0, US_STORE_ERROR_CORRUPT },
    { SQLITE_NOTADB, 0, US_STORE_ERROR_CORRUPT },
    { SQLITE_CANTOPEN_ISDIR, EISDIR, US_STORE_ERROR_OPEN },
    { SQLITE_PERM, 0, US_STORE_ERROR_OPEN },
    { SQLITE_BUSY, 0, US_STORE_ERROR_WRITE },
    { SQLITE_READONLY_DBMOVED, 0, US_STORE_ERROR_WRITE },
    { SQLITE_CONSTRAINT_NOTNULL, 0, US_STORE_ERROR_WRITE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (
        us_database_error_code (cases[i].sqlite_code, cases[i].system_error, US_STORE_ERROR_WRITE),
        ==, (int)cases[i].expected);
}

static void
test_pragmas (void) {
  static const struct {
    const char *name;
    gint64 value;
  } cases[] = {
    { "auto_vacuum", 2 },
    { "foreign_keys", 1 },
    { "synchronous", 2 },
    { "trusted_schema", 0 },
    { "busy_timeout", 5000 },
    { "wal_autocheckpoint", 0 },
    { "journal_size_limit", 16777216 },
    { "cell_size_check", 1 },
    { "cache_size", -8192 },
  };
  g_autofree char *path = path_of ("pragmas.db");
  g_autoptr (GError) error = NULL;
  g_autoptr (UsDatabase) database = us_database_open (path, US_DATABASE_WRITER, NULL, &error);
  GStatBuf status;

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *sql = g_strdup_printf ("PRAGMA %s", cases[i].name);
    gint64 value = -1;
    g_assert_true (us_database_get_int (database, &value, &error, sql, ""));
    g_test_message ("%s", cases[i].name);
    g_assert_cmpint (value, ==, cases[i].value);
  }
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
}

static void
assert_not_opened (const char *path, int code, const char *word) {
  g_autoptr (GError) error = NULL;
  g_assert_null (us_database_open (path, US_DATABASE_WRITER, NULL, &error));
  g_assert_error (error, US_STORE_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
  if (strstr (error->message, word) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, word);
}

static void
test_not_opened (void) {
  g_autofree char *directory = path_of ("directory.db");
  g_autofree char *file = path_of ("file");
  g_autofree char *below = path_of ("file/below.db");
  g_autofree char *missing = path_of ("missing/below.db");
  g_autofree char *fifo = path_of ("fifo.db");
  g_autofree char *text = path_of ("text.db");
  g_autofree char *essay = g_strnfill (8000, 'x');

  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_true (g_file_set_contents (text, essay, 8000, NULL));
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_not_opened (directory, US_STORE_ERROR_OPEN, "directory");
  assert_not_opened (below, US_STORE_ERROR_OPEN, "Not a directory");
  assert_not_opened (missing, US_STORE_ERROR_OPEN, "No such file");
  assert_not_opened (fifo, US_STORE_ERROR_OPEN, "not a regular file");
  assert_not_opened (text, US_STORE_ERROR_CORRUPT, "not a database");
}

static void
test_unreadable (void) {
  g_autofree char *path = path_of ("unreadable.db");
  gboolean is_root = geteuid () == 0;

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_assert_cmpint (g_chmod (path, 0), ==, 0);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  if (is_root)
    g_assert_cmpint (seteuid (65534), ==, 0);
  assert_not_opened (path, US_STORE_ERROR_OPEN, "Permission denied");
  if (is_root)
    g_assert_cmpint (seteuid (0), ==, 0);
}

/* A path that was mistyped: nothing is written, and the file is not called damaged. */
static void
test_of_another_program (void) {
  g_autofree char *path = path_of ("other.db");
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  gsize n_before, n_after;
  sqlite3 *handle = NULL;

  g_assert_cmpint (sqlite3_open (path, &handle), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (handle, "CREATE TABLE bookmarks (url TEXT)", NULL, NULL, NULL), ==,
                   SQLITE_OK);
  sqlite3_close (handle);
  g_assert_true (g_file_get_contents (path, &before, &n_before, NULL));
  assert_not_opened (path, US_STORE_ERROR_OPEN, "another program");
  g_assert_true (g_file_get_contents (path, &after, &n_after, NULL));
  g_assert_cmpmem (before, n_before, after, n_after);
}

static void
test_check (void) {
  g_autofree char *path = path_of ("large.db");
  g_autoptr (GError) error = NULL;
  g_autoptr (UsDatabase) database = us_database_open (path, US_DATABASE_WRITER, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (us_database_script (database,
                                     "CREATE TABLE t (x TEXT); WITH RECURSIVE n (i) AS (SELECT 1"
                                     " UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
                                     " INSERT INTO t SELECT hex (randomblob (100)) FROM n;",
                                     &error));
  g_assert_true (us_database_check (database, 30000, &error));
  /* No time at all: it passes, and the connection works as before. */
  g_assert_true (us_database_check (database, 0, &error));
  g_assert_no_error (error);
  gint64 n = 0;
  g_assert_true (us_database_get_int (database, &n, &error, "SELECT count(*) FROM t", ""));
  g_assert_cmpint (n, ==, 20000);
}

static void
test_statement_faults (void) {
  g_autofree char *path = path_of ("faults.db");
  g_autoptr (GError) error = NULL;
  g_autoptr (UsDatabase) database = us_database_open (path, US_DATABASE_WRITER, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (
      us_database_script (database, "CREATE TABLE t (x INTEGER NOT NULL) STRICT; BEGIN", &error));
  g_assert_true (us_database_run (database, &error, "INSERT INTO t VALUES (?1)", "i", (gint64)1));
  g_assert_false (us_database_run (database, &error, "INSERT INTO t VALUES (?1)", "s", NULL));
  g_assert_true (us_database_is_statements_fault (database));
  g_clear_error (&error);
  g_assert_false (us_database_run (database, &error, "INSERT INTO t VALUES (?1)", "s", "words"));
  g_assert_true (us_database_is_statements_fault (database));
  g_clear_error (&error);
  g_assert_true (us_database_script (database, "COMMIT", &error));
  /* Many texts: old statements go, new ones work. */
  for (guint i = 0; i < 1000; i++) {
    g_autofree char *sql = g_strdup_printf ("SELECT x + %u FROM t", i);
    gint64 value = 0;
    g_assert_true (us_database_get_int (database, &value, &error, sql, ""));
    g_assert_cmpint (value, ==, i + 1);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("understudy-database-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_test_add_func ("/store/database/error-code", test_error_code);
  g_test_add_func ("/store/database/pragmas", test_pragmas);
  g_test_add_func ("/store/database/not-opened", test_not_opened);
  g_test_add_func ("/store/database/unreadable", test_unreadable);
  g_test_add_func ("/store/database/of-another-program", test_of_another_program);
  g_test_add_func ("/store/database/check", test_check);
  g_test_add_func ("/store/database/statement-faults", test_statement_faults);
  int status = g_test_run ();

  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = path_of (name);
    g_remove (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
