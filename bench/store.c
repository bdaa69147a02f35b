/* store.c - what the store costs beside bare SQLite and a bare disk, in one run
 *
 * Usage: bench-store [FOLDER]
 * Writes into a new folder below FOLDER (default: the present one, so that it is the disk that
 * counts and not a tmpfs) and removes it.
 */
#include "store/store.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_EVENTS 200000
#define N_CONFIRMED 200
#define N_PAGES 400
#define PAGE 100

static char *folder;

static double
seconds_since (gint64 begin_us) {
  return (double)(g_get_monotonic_time () - begin_us) / G_USEC_PER_SEC;
}

static int
compare (gconstpointer a, gconstpointer b) {
  gint64 difference = *(const gint64 *)a - *(const gint64 *)b;
  return difference < 0 ? -1 : difference > 0;
}

static double
percentile_ms (gint64 *values, guint n, guint percent) {
  qsort (values, n, sizeof *values, compare);
  return (double)values[MIN (n * percent / 100, n - 1)] / 1000;
}

static void
on_done (const GError *error, gpointer user_data) {
  if (error != NULL)
    g_error ("%s", error->message);
  *(gboolean *)user_data = TRUE;
}

static void
wait_for (gboolean *is_done) {
  while (!*is_done)
    g_main_context_iteration (NULL, TRUE);
}

static UsEventRow
event_of (guint i) {
  static char stream[16];
  g_snprintf (stream, sizeof stream, "stream-%u", i % 20);
  return (UsEventRow){ .stream = stream,
                       .kind = (char *)"segment-ok",
                       .severity = (char *)"info",
                       .source = (char *)"probe",
                       .text = (char *)"segment 4711 came after 0.2 s",
                       .rendition = -1,
                       .wall_us = (gint64)1700000000000000 + i * 1000 };
}

/* The same rows by one prepared statement in one transaction, with no index: the least there is. */
static double
bare_events_per_s (void) {
  g_autofree char *path = g_build_filename (folder, "bare.db", NULL);
  sqlite3 *handle = NULL;
  sqlite3_stmt *statement = NULL;
  sqlite3_open (path, &handle);
  sqlite3_exec (handle,
                "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, stream TEXT,"
                " kind TEXT, severity TEXT, source TEXT, text TEXT, rendition INT, wall_us INT)",
                NULL, NULL, NULL);
  sqlite3_prepare_v2 (handle, "INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", -1,
                      &statement, NULL);
  gint64 begin_us = g_get_monotonic_time ();
  sqlite3_exec (handle, "BEGIN", NULL, NULL, NULL);
  for (guint i = 0; i < N_EVENTS; i++) {
    UsEventRow row = event_of (i);
    sqlite3_bind_int64 (statement, 1, i + 1);
    sqlite3_bind_text (statement, 2, row.stream, -1, SQLITE_STATIC);
    sqlite3_bind_text (statement, 3, row.kind, -1, SQLITE_STATIC);
    sqlite3_bind_text (statement, 4, row.severity, -1, SQLITE_STATIC);
    sqlite3_bind_text (statement, 5, row.source, -1, SQLITE_STATIC);
    sqlite3_bind_text (statement, 6, row.text, -1, SQLITE_STATIC);
    sqlite3_bind_int (statement, 7, row.rendition);
    sqlite3_bind_int64 (statement, 8, row.wall_us);
    sqlite3_step (statement);
    sqlite3_reset (statement);
  }
  sqlite3_exec (handle, "COMMIT", NULL, NULL, NULL);
  double per_s = N_EVENTS / seconds_since (begin_us);
  sqlite3_finalize (statement);
  sqlite3_close (handle);
  return per_s;
}

static double
store_events_per_s (UsStore *store) {
  gboolean is_done = FALSE;
  gint64 begin_us = g_get_monotonic_time ();
  for (guint i = 0; i < N_EVENTS; i++) {
    UsEventRow row = event_of (i);
    UsStoreStats stats;
    us_store_add_event (store, &row);
    us_store_get_stats (store, &stats);
    while (stats.n_pending > US_STORE_MAX_PENDING / 2) {
      g_usleep (1000);
      us_store_get_stats (store, &stats);
    }
  }
  us_store_barrier (store, on_done, &is_done);
  wait_for (&is_done);
  return N_EVENTS / seconds_since (begin_us);
}

static double
bare_sync_ms (void) {
  g_autofree char *path = g_build_filename (folder, "bare", NULL);
  g_autofree char *block = g_malloc0 (8192);
  gint64 took_us[N_CONFIRMED];
  int fd = g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  for (guint i = 0; i < N_CONFIRMED; i++) {
    gint64 begin_us = g_get_monotonic_time ();
    if (write (fd, block, 8192) != 8192 || fdatasync (fd) != 0)
      g_error ("cannot write %s", path);
    took_us[i] = g_get_monotonic_time () - begin_us;
  }
  close (fd);
  return percentile_ms (took_us, N_CONFIRMED, 50);
}

static void
store_confirmed_ms (UsStore *store, double *half_ms, double *most_ms) {
  gint64 took_us[N_CONFIRMED];
  for (guint i = 0; i < N_CONFIRMED; i++) {
    g_autofree char *id = g_strdup_printf ("INC-%08X", i);
    UsIncidentRow row = { .id = id, .stream = (char *)"stream-1", .state = (char *)"open" };
    gboolean is_done = FALSE;
    gint64 begin_us = g_get_monotonic_time ();
    us_store_put_incident (store, &row, on_done, &is_done);
    wait_for (&is_done);
    took_us[i] = g_get_monotonic_time () - begin_us;
  }
  *half_ms = percentile_ms (took_us, N_CONFIRMED, 50);
  *most_ms = percentile_ms (took_us, N_CONFIRMED, 99);
}

/* Pages of one stream from random places; @n_between events are queued before each. */
static double
page_ms (UsStore *store, guint n_between) {
  gint64 took_us[N_PAGES];
  for (guint i = 0; i < N_PAGES; i++) {
    for (guint k = 0; k < n_between; k++) {
      UsEventRow row = event_of (k);
      us_store_add_event (store, &row);
    }
    UsEventQuery query = { .stream = "stream-7",
                           .before_id = g_random_int_range (N_EVENTS / 2, N_EVENTS),
                           .limit = PAGE };
    g_autoptr (GError) error = NULL;
    gint64 begin_us = g_get_monotonic_time ();
    g_autoptr (GArray) rows = us_store_list_events (store, &query, &error);
    took_us[i] = g_get_monotonic_time () - begin_us;
    if (rows == NULL || rows->len != PAGE)
      g_error ("a page of %u rows", rows != NULL ? rows->len : 0);
  }
  return percentile_ms (took_us, N_PAGES, 50);
}

static void
measure (UsStore *store) {
  double half_ms, most_ms;
  double bare = bare_events_per_s (), ours = store_events_per_s (store);
  printf ("events         %8.0f /s   bare SQLite without indices %8.0f /s   ratio %.2f\n", ours,
          bare, ours / bare);
  double sync_ms = bare_sync_ms ();
  store_confirmed_ms (store, &half_ms, &most_ms);
  printf (
      "confirmed      %8.2f ms   bare write and sync         %8.2f ms   ratio %.2f   p99 %.2f ms\n",
      half_ms, sync_ms, half_ms / sync_ms, most_ms);
  double idle_ms = page_ms (store, 0), busy_ms = page_ms (store, 50);
  printf ("page of %u    %8.2f ms   behind 50 queued writes     %8.2f ms   ratio %.2f\n", PAGE,
          idle_ms, busy_ms, busy_ms / idle_ms);
}

int
main (int argc, char **argv) {
  g_autoptr (GError) error = NULL;
  UsStoreSettings settings;
  folder = g_build_filename (argc > 1 ? argv[1] : ".", "bench-store-XXXXXX", NULL);
  if (g_mkdtemp (folder) == NULL)
    g_error ("cannot make a folder like %s", folder);
  g_autofree char *path = g_build_filename (folder, "desk.db", NULL);

  us_store_settings_default (&settings);
  settings.path = path;
  settings.max_events_per_stream = 0;
  UsStore *store = us_store_open (&settings, NULL, &error);
  if (store == NULL)
    g_error ("%s", error->message);
  measure (store);
  us_store_close (store, 10000);

  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *file = g_build_filename (folder, name, NULL);
    g_remove (file);
  }
  g_rmdir (folder);
  g_free (folder);
  return 0;
}
