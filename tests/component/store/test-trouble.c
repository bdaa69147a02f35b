/* test-trouble.c - disks that are full, broken, slow or hung; files that are damaged; two owners */
#include "stage.h"

#include "fault-vfs.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static gboolean
has_trouble (gpointer user_data) {
  return ((Stage *)user_data)->n_troubles > 0;
}

static gboolean
has_recovered (gpointer user_data) {
  return ((Stage *)user_data)->n_recoveries > 0;
}

static UsStoreStats
stats_of (Stage *stage) {
  UsStoreStats stats;
  us_store_get_stats (stage->store, &stats);
  return stats;
}

static void
stage_init_faulty (Stage *stage) {
  stage_init (stage);
  stage->vfs = fault_vfs_register ();
  stage_open (stage);
}

/* ---- the disk ---- */

static void
test_full (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };

  stage_init_faulty (&stage);
  stage_put_incident (&stage, "BEFORE", "studio", "open", T0, 0, &done);
  stage_wait_done (&done, 1);
  fault_vfs_set_full (TRUE);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, &done);
  for (guint i = 0; i < 500; i++)
    stage_add_event (&stage, "studio", "segment-ok", T0 + i, NULL, NULL);
  stage_wait (has_trouble, &stage);
  g_assert_error (stage.trouble, US_STORE_ERROR, US_STORE_ERROR_FULL);
  g_assert_nonnull (strstr (stage.trouble->message, stage.path));
  g_assert_true (stats_of (&stage).is_failing);
  g_assert_cmpuint (stats_of (&stage).n_pending, >=, 1);
  g_assert_cmpuint (done.n_done, ==, 1); /* not confirmed */

  /* Reads go on. */
  g_autoptr (GError) error = NULL;
  g_auto (UsIncidentRow) row = { 0 };
  g_assert_true (us_store_get_incident (stage.store, "BEFORE", &row, &error));

  fault_vfs_set_full (FALSE);
  stage_wait (has_recovered, &stage);
  stage_wait_done (&done, 2);
  g_assert_no_error (done.error);
  stage_barrier (&stage);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM events"), ==, 500);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM incidents"), ==, 2);
  g_assert_cmpuint (stage.n_troubles, ==, 1);
  g_assert_cmpuint (stage.n_recoveries, ==, 1);
  g_assert_cmpuint (stats_of (&stage).n_dropped, ==, 0);
  stage_clear (&stage);
}

/* Full for so long that something has to go: not the incidents. */
static void
test_full_for_long (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  const guint n_events = US_STORE_MAX_PENDING + 5000;

  stage_init_faulty (&stage);
  fault_vfs_set_full (TRUE);
  for (guint i = 0; i < 100; i++) {
    g_autofree char *id = g_strdup_printf ("INC-%u", i);
    stage_put_incident (&stage, id, "studio", "open", T0 + DAY, 0, &done);
  }
  stage_wait (has_trouble, &stage);
  for (guint i = 0; i < n_events; i++)
    stage_add_event (&stage, "studio", "segment-ok", T0 + i, NULL, NULL);
  g_assert_cmpuint (stats_of (&stage).n_pending, ==, US_STORE_MAX_PENDING);
  g_assert_cmpuint (stats_of (&stage).n_dropped, ==, 5100);
  fault_vfs_set_full (FALSE);
  stage_wait_done (&done, 100);
  g_assert_cmpuint (done.n_failed, ==, 0);
  stage_barrier (&stage);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM incidents"), ==, 100);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM events"), ==,
                   US_STORE_MAX_PENDING - 100);
  g_assert_cmpint (stage_count (&stage, "SELECT max(wall_us) FROM events"), ==, T0 + n_events - 1);
  stage_clear (&stage);
}

/* Full at the end, too: those who wait hear of it, in time. */
static void
test_full_at_the_end (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  stage_init_faulty (&stage);
  fault_vfs_set_full (TRUE);
  for (guint i = 0; i < 10; i++)
    us_store_barrier (stage.store, on_done, &done);
  us_store_close (g_steal_pointer (&stage.store), 100);
  g_assert_cmpuint (done.n_done, ==, 10);
  g_assert_cmpuint (done.n_failed, ==, 10);
  g_assert_error (done.error, US_STORE_ERROR, US_STORE_ERROR_WRITE);
  fault_vfs_set_full (FALSE);
  stage_clear (&stage);
}

/* A start on a full disk: the desk goes on, and its ids are still new. */
static void
test_full_at_the_start (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  stage_init_faulty (&stage);
  gint64 last = us_store_next_id (stage.store);
  stage_close (&stage);
  fault_vfs_set_full (TRUE);
  stage_open (&stage);
  gint64 id = stage_add_event (&stage, "studio", "segment-ok", T0, NULL, NULL);
  g_assert_cmpint (id, >, last);
  stage_wait (has_trouble, &stage);
  fault_vfs_set_full (FALSE);
  stage_wait (has_recovered, &stage);
  stage_barrier (&stage);
  stage_close (&stage);
  stage_open (&stage);
  g_assert_cmpint (us_store_next_id (stage.store), >, id);
  stage_clear (&stage);
}

static void
test_broken_sync (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  stage_init_faulty (&stage);
  stage_barrier (&stage);
  fault_vfs_set_sync_broken (TRUE);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, &done);
  stage_wait (has_trouble, &stage);
  g_assert_error (stage.trouble, US_STORE_ERROR, US_STORE_ERROR_WRITE);
  g_assert_cmpuint (done.n_done, ==, 0);
  fault_vfs_set_sync_broken (FALSE);
  stage_wait_done (&done, 1);
  g_assert_no_error (done.error);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM incidents"), ==, 1);
  stage_clear (&stage);
}

/* What is confirmed was synced; what is not costs no sync of its own. */
static void
test_syncs (void) {
  Stage stage;
  stage_init_faulty (&stage);
  stage_barrier (&stage);
  guint n_before = fault_vfs_get_syncs ();
  for (guint i = 0; i < 20; i++) {
    stage_add_event (&stage, "studio", "segment-ok", T0, NULL, NULL);
    us_writer_flush (stage.store->writer, 30000);
  }
  guint n_events = fault_vfs_get_syncs () - n_before;
  for (guint i = 0; i < 20; i++)
    stage_barrier (&stage);
  guint n_barriers = fault_vfs_get_syncs () - n_before - n_events;
  g_assert_cmpuint (n_events, <=, 2);
  g_assert_cmpuint (n_barriers, >=, 20);
  stage_clear (&stage);
}

/* The power goes at once after a confirmation: only what was synced is there, and that is enough.
 */
static void
test_power (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  gint64 last = 0;

  stage_init (&stage);
  stage.vfs = fault_vfs_register ();
  fault_vfs_set_remembering (TRUE);
  stage_open (&stage);
  for (guint i = 1; i <= 60; i++) {
    Stage after;
    g_autoptr (GError) error = NULL;
    g_autofree char *id = g_strdup_printf ("INC-%u", i);
    g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM incidents WHERE id = '%s'", id);

    /* Enough for checkpoints, and transactions that are not synced, in between. */
    for (guint k = 0; k < 500; k++)
      last = stage_add_event (&stage, "studio", "segment-ok", T0, NULL, NULL);
    us_writer_flush (stage.store->writer, 30000);
    if (i % 2 == 0)
      stage_put_incident (&stage, id, "studio", "open", T0, 0, &done);
    else
      us_store_barrier (stage.store, on_done, &done);
    stage_wait_done (&done, i);
    g_assert_no_error (done.error);

    stage_init (&after);
    fault_vfs_recall (after.folder);
    stage_open (&after); /* which checks the file, and would call it damaged */
    g_assert_cmpint (stage_count (&after, "SELECT count(*) FROM events"), ==, i * 500);
    g_assert_cmpint (stage_count (&after, sql), ==, i % 2 == 0);
    g_assert_cmpint (us_store_next_id (after.store), >, last);
    stage_clear (&after);
  }
  fault_vfs_set_remembering (FALSE);
  stage_clear (&stage);
}

/* Reads while the disk takes its time: they see what was written before, and wait for nothing. */
static void
test_slow (void) {
  Stage stage;
  g_autoptr (GError) error = NULL;
  stage_init_faulty (&stage);
  stage_add_event (&stage, "studio", "segment-ok", T0, NULL, NULL);
  stage_barrier (&stage);
  fault_vfs_set_sync_held (TRUE);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, NULL);
  gint64 begin_us = g_get_monotonic_time ();
  for (guint i = 0; i < 500; i++) {
    g_autoptr (GArray) rows = us_store_list_events (stage.store, &(UsEventQuery){ 0 }, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (rows->len, ==, 1);
  }
  /* Waiting 0.2 s in vain, 500 times, would be 100 s; the bound is generous. */
  g_assert_cmpint (g_get_monotonic_time () - begin_us, <, 50 * SECOND);
  fault_vfs_set_sync_held (FALSE);
  stage_barrier (&stage);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM incidents"), ==, 1);
  stage_clear (&stage);
}

static gboolean
can_be_locked (gpointer user_data) {
  Stage *stage = user_data;
  g_autoptr (GError) error = NULL;
  UsStoreSettings settings = stage->settings;
  UsStore *store = us_store_open (&settings, NULL, &error);
  if (store == NULL) {
    g_assert_error (error, US_STORE_ERROR, US_STORE_ERROR_OPEN);
    return FALSE;
  }
  us_store_close (store, 1000);
  return TRUE;
}

static gboolean
has_no_log (gpointer user_data) {
  g_autofree char *log = g_strconcat (((Stage *)user_data)->path, "-wal", NULL);
  return !g_file_test (log, G_FILE_TEST_EXISTS);
}

/* The disk hangs while the store is closed: the owner gets away, and nobody is called later. */
static void
test_hung (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  stage_init_faulty (&stage);
  stage_barrier (&stage);
  guint n_syncs = fault_vfs_get_syncs ();
  fault_vfs_set_sync_held (TRUE);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, &done);
  while (fault_vfs_get_syncs () == n_syncs) /* the thread is in the disk's hands */
    g_thread_yield ();
  stage_put_incident (&stage, "B", "studio", "open", T0, 0, &done);
  us_store_close (g_steal_pointer (&stage.store), 0);
  g_assert_cmpuint (done.n_done, ==, 2);
  g_assert_cmpuint (done.n_failed, ==, 2);
  fault_vfs_set_sync_held (FALSE);
  /* The thread that was left behind ends by itself; its lock is the process's for good. */
  stage_wait (has_no_log, &stage);
  g_assert_false (can_be_locked (&stage));
  g_assert_cmpuint (done.n_done, ==, 2);
  stage_clear (&stage);
}

/* ---- files ---- */

static void
fill (Stage *stage) {
  g_auto (Doneness) done = { 0 };
  stage_open (stage);
  for (guint i = 0; i < 3000; i++)
    stage_add_event (stage, "studio", "segment-ok", T0 + i, NULL, NULL);
  stage_put_incident (stage, "A", "studio", "open", T0, 0, &done);
  stage_close (stage);
}

static void
damage (const char *path, goffset at, gsize size) {
  g_autofree guint8 *noise = g_malloc (size);
  int fd = g_open (path, O_WRONLY | O_CLOEXEC);
  for (gsize i = 0; i < size; i++)
    noise[i] = (guint8)g_test_rand_int_range (0, 256);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, noise, size, at), ==, (gssize)size);
  close (fd);
}

static goffset
size_of (const char *path) {
  GStatBuf status;
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  return status.st_size;
}

static guint
count_aside (Stage *stage) {
  g_autoptr (GDir) dir = g_dir_open (stage->folder, 0, NULL);
  const char *name;
  guint n = 0;
  while ((name = g_dir_read_name (dir)) != NULL)
    n += strstr (name, ".corrupt-") != NULL && g_str_has_suffix (name, "Z");
  return n;
}

typedef enum { MIDDLE, HEADER, TRUNCATED, ODD_SIZE, TEXT, N_DAMAGES } Damage;

static void
do_damage (const char *path, Damage kind) {
  goffset size = size_of (path);
  if (kind == MIDDLE)
    damage (path, size / 2 / 4096 * 4096, 20 * 4096);
  else if (kind == HEADER)
    damage (path, 0, 100);
  else if (kind == TRUNCATED)
    g_assert_cmpint (truncate (path, size / 2 / 4096 * 4096), ==, 0);
  else if (kind == ODD_SIZE)
    g_assert_cmpint (truncate (path, size / 2 / 4096 * 4096 + 1000), ==, 0);
  else
    g_assert_true (
        g_file_set_contents (path, "this is a shopping list, not a database\n", -1, NULL));
}

static void
test_damaged (void) {
  for (Damage kind = MIDDLE; kind < N_DAMAGES; kind++) {
    Stage stage;
    g_autoptr (GError) error = NULL;
    gboolean was_corrupt = FALSE;

    g_test_message ("damage %d", kind);
    stage_init (&stage);
    fill (&stage);
    do_damage (stage.path, kind);
    stage.store = us_store_open (&stage.settings, &was_corrupt, &error);
    g_assert_no_error (error);
    g_assert_true (was_corrupt);
    g_assert_cmpuint (count_aside (&stage), ==, 1);
    stage_add_event (&stage, "studio", "segment-ok", T0, NULL, NULL);
    stage_barrier (&stage);
    g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM events"), ==, 1);
    stage_clear (&stage);
  }
}

static void
test_empty_file (void) {
  Stage stage;
  stage_init (&stage);
  g_assert_true (g_file_set_contents (stage.path, "", 0, NULL));
  stage_open (&stage);
  stage_barrier (&stage);
  g_assert_cmpuint (count_aside (&stage), ==, 0);
  stage_clear (&stage);
}

static void
test_newer (void) {
  Stage stage;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsDatabase) database = NULL;

  stage_init (&stage);
  fill (&stage);
  database = us_database_open (stage.path, US_DATABASE_WRITER, NULL, &error);
  g_assert_true (us_database_script (database, "PRAGMA user_version = 9", &error));
  g_clear_pointer (&database, us_database_free);
  g_assert_null (us_store_open (&stage.settings, NULL, &error));
  g_assert_error (error, US_STORE_ERROR, US_STORE_ERROR_NEWER);
  g_assert_cmpuint (count_aside (&stage), ==, 0);
  g_assert_cmpint (stage_count (&stage, "SELECT count(*) FROM events"), ==, 3000);
  stage_clear (&stage);
}

/* Damage while it is in use, met by the writer: a new file, and nothing that waits is lost. */
static void
test_damaged_in_use (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  g_autoptr (GError) error = NULL;

  stage_init (&stage);
  fill (&stage);
  stage_open (&stage);
  gint64 id = stage_add_event (&stage, "studio", "note", T0, NULL, NULL);
  stage_barrier (&stage);
  damage (stage.path, 4096, (gsize)(size_of (stage.path) - 4096));
  us_writer_suspect (stage.store->writer);
  stage_wait (has_trouble, &stage);
  g_assert_error (stage.trouble, US_STORE_ERROR, US_STORE_ERROR_CORRUPT);
  stage_put_incident (&stage, "B", "studio", "open", T0, 0, &done);
  stage_wait_done (&done, 1);
  g_assert_no_error (done.error);
  stage_wait (has_recovered, &stage);
  g_assert_cmpuint (count_aside (&stage), >=, 1);

  g_autoptr (GArray) rows
      = us_store_list_incidents (stage_settled (stage.store), &(UsIncidentQuery){ 0 }, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 1); /* the reader has the new file */
  stage_close (&stage);
  stage_open (&stage);
  g_assert_cmpint (us_store_next_id (stage.store), >, id);
  stage_clear (&stage);
}

/* ---- two owners ---- */

static void
test_two_owners (void) {
  Stage stage;
  stage_init (&stage);
  stage_open (&stage);
  stage_barrier (&stage);
  int pair[2];
  g_assert_cmpint (pipe (pair), ==, 0);
  pid_t child = fork ();
  if (child == 0) {
    g_autoptr (GError) error = NULL;
    UsStore *second = us_store_open (&stage.settings, NULL, &error);
    const char *text = second != NULL ? "opened" : error->message;
    if (write (pair[1], text, strlen (text)) < 0)
      _exit (1);
    _exit (0);
  }
  close (pair[1]);
  char text[512] = "";
  int status;
  g_assert_cmpint (read (pair[0], text, sizeof text - 1), >, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_autofree char *expected = g_strdup_printf ("is in use by process %d;", (int)getpid ());
  g_test_message ("%s", text);
  g_assert_nonnull (strstr (text, expected));
  close (pair[0]);
  stage_barrier (&stage); /* the first one is none the worse */
  stage_clear (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/disk/full", test_full);
  g_test_add_func ("/store/disk/full-for-long", test_full_for_long);
  g_test_add_func ("/store/disk/full-at-the-end", test_full_at_the_end);
  g_test_add_func ("/store/disk/full-at-the-start", test_full_at_the_start);
  g_test_add_func ("/store/disk/broken-sync", test_broken_sync);
  g_test_add_func ("/store/disk/syncs", test_syncs);
  g_test_add_func ("/store/disk/power", test_power);
  g_test_add_func ("/store/disk/slow", test_slow);
  g_test_add_func ("/store/disk/hung", test_hung);
  g_test_add_func ("/store/file/damaged", test_damaged);
  g_test_add_func ("/store/file/empty", test_empty_file);
  g_test_add_func ("/store/file/newer", test_newer);
  g_test_add_func ("/store/file/damaged-in-use", test_damaged_in_use);
  g_test_add_func ("/store/file/two-owners", test_two_owners);
  return g_test_run ();
}
