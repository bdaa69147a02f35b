/* test-read.c - every query walks an index: none reads a table from its beginning to its end */
#include "store/store-private.h"

#include "store/schema.h"

#include <stdio.h>
#include <string.h>

static char *folder, *path;
static UsDatabase *database;

static void
assert_no_scan (const char *sql) {
  g_autoptr (GError) error = NULL;
  g_autofree char *explain = g_strconcat ("EXPLAIN QUERY PLAN ", sql, NULL);
  sqlite3_stmt *statement = us_database_query (database, &error, explain, "");
  guint n_searches = 0;

  g_assert_no_error (error);
  while (us_database_step (database, statement, &error) == SQLITE_ROW) {
    const char *detail = (const char *)sqlite3_column_text (statement, 3);
    n_searches += strstr (detail, "SEARCH ") != NULL;
    if (strncmp (detail, "SCAN ", 5) == 0)
      g_error ("%s: %s", sql, detail);
  }
  g_assert_no_error (error);
  g_assert_cmpuint (n_searches, >, 0);
}

/* Whether the rows come out of the index in order. */
static gboolean
is_sorted_by_hand (const char *sql) {
  g_autofree char *explain = g_strconcat ("EXPLAIN QUERY PLAN ", sql, NULL);
  sqlite3_stmt *statement = us_database_query (database, NULL, explain, "");
  gboolean is_sorted = FALSE;
  while (us_database_step (database, statement, NULL) == SQLITE_ROW)
    is_sorted |= strstr ((const char *)sqlite3_column_text (statement, 3), "TEMP B-TREE") != NULL;
  return is_sorted;
}

static void
test_events (void) {
  static const char *const one[] = { "switch", NULL };
  static const char *const three[] = { "switch", "segment-error", "note", NULL };
  static const char *const *const kinds[] = { NULL, one, three };

  for (guint bits = 0; bits < 16; bits++) {
    for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
      UsEventQuery query = { .stream = bits & 1 ? "studio" : NULL,
                             .incident = bits & 2 ? "INC-00000001" : NULL,
                             .since_us = bits & 4 ? 1 : 0,
                             .after_id = bits & 8 ? 1 : 0,
                             .kinds = kinds[k] };
      g_autofree char *sql = us_store_event_sql (&query);
      assert_no_scan (sql);
      gboolean is_by_time = query.since_us != 0 && k == 0 && query.incident == NULL;
      g_assert_cmpint (is_sorted_by_hand (sql), ==, is_by_time);
    }
  }
}

static void
test_incidents (void) {
  static const char *const states[] = { NULL, "active", "resolved" };
  for (guint bits = 0; bits < 4; bits++) {
    for (guint s = 0; s < G_N_ELEMENTS (states); s++) {
      UsIncidentQuery query = { .stream = bits & 1 ? "studio" : NULL,
                                .since_us = bits & 2 ? 1 : 0,
                                .state = states[s] };
      g_autofree char *sql = us_store_incident_sql (&query);
      assert_no_scan (sql);
      g_assert_false (is_sorted_by_hand (sql));
    }
  }
}

/* The statements as the functions have them, by what SQLite was asked to prepare. */
static int
on_statement (unsigned type, void *data, void *statement, void *text) {
  GPtrArray *texts = data;
  const char *sql = sqlite3_sql (statement);
  if (g_ascii_strncasecmp (sql, "SELECT", 6) == 0)
    g_ptr_array_add (texts, g_strdup (sql));
  return 0;
}

static void
test_others (void) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  UsStoreSettings settings;
  gboolean was_corrupt;

  us_store_settings_default (&settings);
  settings.path = path;
  UsStore *store = us_store_open (&settings, &was_corrupt, &error);
  g_assert_no_error (error);
  sqlite3_trace_v2 (us_database_get_handle (store->reader), SQLITE_TRACE_STMT, on_statement, texts);

  g_auto (UsIncidentRow) incident = { 0 };
  g_auto (UsThumbnailRow) thumbnail = { 0 };
  g_assert_false (us_store_get_incident (store, "x", &incident, &error));
  g_assert_false (us_store_get_thumbnail (store, "x", &thumbnail, &error));
  GArray *lists[] = {
    us_store_list_findings (store, NULL, FALSE, 0, 10, &error),
    us_store_list_findings (store, NULL, TRUE, 0, 10, &error),
    us_store_list_findings (store, "studio", FALSE, 0, 10, &error),
    us_store_list_findings (store, "studio", TRUE, 0, 10, &error),
    us_store_list_notes (store, "x", &error),
    us_store_list_rollups (store, "studio", 0, 0, 10, &error),
    us_store_list_rollups_by (store, "studio", 0, 0, 60, &error),
    us_store_list_thumbnails (store, "studio", 0, 0, 10, &error),
    us_store_list_deliveries (store, 0, 10, &error),
    us_store_list_outgoing (store, &error),
  };
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    g_assert_cmpuint (lists[i]->len, ==, 0);
    g_array_unref (lists[i]);
  }
  us_store_close (store, 1000);
  g_assert_cmpuint (texts->len, ==, 2 + G_N_ELEMENTS (lists));
  for (guint i = 0; i < texts->len; i++)
    assert_no_scan (texts->pdata[i]);
}

static void
test_limit (void) {
  g_assert_cmpuint (us_store_read_limit (0), ==, US_STORE_MAX_ROWS);
  g_assert_cmpuint (us_store_read_limit (1), ==, 1);
  g_assert_cmpuint (us_store_read_limit (G_MAXUINT), ==, US_STORE_MAX_ROWS);
}

int
main (int argc, char **argv) {
  g_autoptr (GError) error = NULL;
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("understudy-read-XXXXXX", NULL);
  path = g_build_filename (folder, "desk.db", NULL);
  database = us_database_open (path, US_DATABASE_WRITER, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (us_schema_migrate (database, us_schema_latest (), &error));
  g_test_add_func ("/store/read/events", test_events);
  g_test_add_func ("/store/read/incidents", test_incidents);
  g_test_add_func ("/store/read/others", test_others);
  g_test_add_func ("/store/read/limit", test_limit);
  int status = g_test_run ();

  us_database_free (database);
  g_autofree char *lock = g_strconcat (path, ".lock", NULL);
  remove (path);
  remove (lock);
  remove (folder);
  g_free (path);
  g_free (folder);
  return status;
}
