/* schema.c - migrations
 *
 * data/sql/NNN-name.sql brings a database from version NNN - 1 to NNN; the version is SQLite's
 * user_version. The files are part of the program. Each runs in a transaction of its own together
 * with the new version number, so an interrupted start leaves some version whole. Pure but for the
 * connection; called before the writer's thread begins, or in it.
 *
 * Versions: 1 the tables; 2 the keeper of events and pictures, so that what leads to an incident is
 * kept with it; 3 messages that are not delivered yet.
 */
#define US_LOG_TOPIC "store.schema"
#include "store/schema.h"

#include "store/sql.h"

#include "base/log.h"

#include <string.h>

#define SQL_FOLDER "/org/understudy/sql"

static int
compare_names (gconstpointer a, gconstpointer b) {
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Returns: (transfer full): the names in order; the first brings to version 1 */
static GStrv
list_migrations (void) {
  GStrv names = g_resource_enumerate_children (us_sql_get_resource (), SQL_FOLDER, 0, NULL);
  if (names != NULL)
    qsort (names, g_strv_length (names), sizeof (char *), compare_names);
  return names;
}

/* The version that this program writes. */
guint
us_schema_latest (void) {
  g_auto (GStrv) names = list_migrations ();
  return names != NULL ? g_strv_length (names) : 0;
}

static gboolean
run_migration (UsDatabase *database, const char *name, guint version, GError **error) {
  g_autofree char *path = g_build_filename (SQL_FOLDER, name, NULL);
  g_autoptr (GBytes) sql = g_resource_lookup_data (us_sql_get_resource (), path, 0, error);
  if (sql == NULL)
    return FALSE;
  /* Resources end with a zero byte that does not count. */
  g_autofree char *script = g_strdup_printf ("BEGIN IMMEDIATE;%s;PRAGMA user_version = %u;COMMIT;",
                                             (const char *)g_bytes_get_data (sql, NULL), version);
  if (us_database_script (database, script, error))
    return TRUE;
  us_database_rollback (database);
  g_prefix_error (error, "migration %s: ", name);
  return FALSE;
}

/**
 * us_schema_migrate:
 * @version: to bring it to, at most us_schema_latest()
 *
 * Returns: whether the database has @version now. A later one than the latest is
 *   %US_STORE_ERROR_NEWER and left untouched.
 */
gboolean
us_schema_migrate (UsDatabase *database, guint version, GError **error) {
  g_auto (GStrv) names = list_migrations ();
  gint64 present = 0;

  if (!us_database_get_int (database, &present, error, "PRAGMA user_version", ""))
    return FALSE;
  if (present < 0 || present > us_schema_latest ()) {
    g_set_error (error, US_STORE_ERROR, US_STORE_ERROR_NEWER,
                 "the database has version %" G_GINT64_FORMAT
                 ", this program knows versions up to %u; start the program that wrote it, or name "
                 "another path",
                 present, us_schema_latest ());
    return FALSE;
  }
  for (guint next = (guint)present + 1; next <= version; next++) {
    if (!run_migration (database, names[next - 1], next, error))
      return FALSE;
    if (present > 0)
      us_notice ("the database went from version %u to %u", next - 1, next);
  }
  return TRUE;
}
