/* test-schema.c - databases of each version become the present one, with all their rows */
#include "store/schema.h"

#include <glib/gstdio.h>
#include <string.h>

#define VERSIONS 3

static char *folder;

/* Builds the database of tests/fixtures/store/v<version>.sql. */
static char *
build (guint version) {
  g_autofree char *name = g_strdup_printf ("v%u.sql", version);
  g_autofree char *sql_path = g_test_build_filename (G_TEST_DIST, name, NULL);
  g_autofree char *sql = NULL;
  g_autofree char *path = g_build_filename (folder, "desk.db", NULL);
  sqlite3 *handle = NULL;
  char *message = NULL;

  g_remove (path);
  g_assert_true (g_file_get_contents (sql_path, &sql, NULL, NULL));
  g_assert_cmpint (sqlite3_open (path, &handle), ==, SQLITE_OK);
  if (sqlite3_exec (handle, sql, NULL, NULL, &message) != SQLITE_OK)
    g_error ("%s: %s", sql_path, message);
  sqlite3_close (handle);
  return g_steal_pointer (&path);
}

static UsDatabase *
open_database (const char *path) {
  g_autoptr (GError) error = NULL;
  UsDatabase *database = us_database_open (path, US_DATABASE_WRITER, NULL, &error);
  g_assert_no_error (error);
  return database;
}

static gint64
number (UsDatabase *database, const char *sql) {
  g_autoptr (GError) error = NULL;
  gint64 value = -1;
  gboolean is_read = us_database_get_int (database, &value, &error, sql, "");
  g_assert_no_error (error);
  g_assert_true (is_read);
  return value;
}

static void
migrate (UsDatabase *database) {
  g_autoptr (GError) error = NULL;
  gboolean is_done = us_schema_migrate (database, us_schema_latest (), &error);
  g_assert_no_error (error);
  g_assert_true (is_done);
}

static char *
describe (UsDatabase *database) {
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  sqlite3_stmt *statement = us_database_query (
      database, &error, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name", "");
  while (us_database_step (database, statement, &error) == SQLITE_ROW) {
    g_autofree char *sql = g_strdup ((const char *)sqlite3_column_text (statement, 2));
    /* A dump quotes names and a migration does not. */
    g_auto (GStrv) words = g_strsplit_set (sql != NULL ? sql : "", " \n\"", -1);
    g_string_append_printf (text, "%s %s:", sqlite3_column_text (statement, 0),
                            sqlite3_column_text (statement, 1));
    for (guint i = 0; words[i] != NULL; i++)
      g_string_append (text, words[i]);
    g_string_append_c (text, '\n');
  }
  g_assert_no_error (error);
  return g_string_free (text, FALSE);
}

static void
assert_rows (UsDatabase *database) {
  static const struct {
    const char *sql;
    gint64 value;
  } cases[] = {
    { "SELECT count(*) FROM incidents", 2 },
    { "SELECT count(*) FROM incidents WHERE state = 'open'", 1 },
    { "SELECT count(*) FROM notes WHERE incident = 'INC-00000001'", 1 },
    { "SELECT count(*) FROM events", 5 },
    { "SELECT count(*) FROM events WHERE stream = 'studio' AND incident IS NULL", 2 },
    { "SELECT count(*) FROM findings", 2 },
    { "SELECT count(*) FROM findings WHERE limit_value IS NULL", 1 },
    { "SELECT bytes FROM rollups WHERE stream = 'studio'", 123456789 },
    { "SELECT count(*) FROM thumbnails", 3 },
    { "SELECT length(jpeg) FROM pictures WHERE thumbnail = 2", 5 },
    { "SELECT status FROM deliveries", 204 },
    { "SELECT value FROM numbers WHERE name = 'id-limit'", 1048577 },
    /* version 2 */
    { "SELECT count(*) FROM events WHERE keeper = 'INC-00000001'", 2 },
    { "SELECT count(*) FROM events WHERE keeper = 'INC-00000002'", 1 },
    { "SELECT count(*) FROM events WHERE keeper IS NULL", 2 },
    { "SELECT count(*) FROM thumbnails WHERE keeper = 'INC-00000001'", 2 },
    { "SELECT count(*) FROM thumbnails WHERE keeper IS NULL", 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].sql);
    g_assert_cmpint (number (database, cases[i].sql), ==, cases[i].value);
  }
}

/* There must be a fixture for each version: who adds a migration adds one. */
static void
test_fixtures (void) {
  g_assert_cmpuint (us_schema_latest (), ==, VERSIONS);
  g_autofree char *fresh_path = g_build_filename (folder, "fresh.db", NULL);
  g_autoptr (UsDatabase) fresh = open_database (fresh_path);
  migrate (fresh);
  g_autofree char *expected = describe (fresh);

  for (guint version = 1; version <= VERSIONS; version++) {
    g_autofree char *path = build (version);
    g_autoptr (UsDatabase) database = open_database (path);
    g_test_message ("version %u", version);
    g_assert_cmpint (number (database, "PRAGMA user_version"), ==, version);
    migrate (database);
    g_assert_cmpint (number (database, "PRAGMA user_version"), ==, VERSIONS);
    assert_rows (database);
    g_assert_cmpint (number (database, "SELECT count(*) FROM outgoing WHERE attempt = 3"), ==,
                     version >= 3 ? 1 : 0);
    g_autofree char *present = describe (database);
    g_assert_cmpstr (present, ==, expected);
    g_assert_cmpint (number (database, "SELECT count(*) FROM pragma_foreign_key_check"), ==, 0);
    migrate (database); /* nothing to do */
    assert_rows (database);
  }
}

static void
test_newer (void) {
  g_autofree char *path = build (VERSIONS);
  g_autoptr (UsDatabase) database = open_database (path);
  g_autoptr (GError) error = NULL;

  g_assert_true (us_database_script (database, "PRAGMA user_version = 41", &error));
  g_assert_false (us_schema_migrate (database, us_schema_latest (), &error));
  g_assert_error (error, US_STORE_ERROR, US_STORE_ERROR_NEWER);
  g_assert_nonnull (strstr (error->message, "41"));
  g_assert_nonnull (strstr (error->message, "up to 3"));
  g_assert_nonnull (strstr (error->message, "start the program that wrote it"));
  assert_rows (database);
}

/* A migration that fails half-way leaves the version before it. */
static void
test_interrupted (void) {
  g_autofree char *path = build (1);
  g_autoptr (UsDatabase) database = open_database (path);
  g_autoptr (GError) error = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_assert_true (us_database_script (
      database, "CREATE TABLE thumbnails_by_keeper (in_the_way INTEGER)", &error));
  before = describe (database);
  g_assert_false (us_schema_migrate (database, us_schema_latest (), &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "002-keeper.sql"));
  after = describe (database);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpint (number (database, "PRAGMA user_version"), ==, 1);
  g_assert_true (sqlite3_get_autocommit (us_database_get_handle (database)));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("understudy-schema-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_test_add_func ("/store/schema/fixtures", test_fixtures);
  g_test_add_func ("/store/schema/newer", test_newer);
  g_test_add_func ("/store/schema/interrupted", test_interrupted);
  int status = g_test_run ();

  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_remove (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
