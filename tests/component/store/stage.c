/* stage.c - what the tests of the store have in common */
#include "stage.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define WATCHDOG_S 30

void
stage_init (Stage *stage) {
  g_autoptr (GError) error = NULL;
  *stage = (Stage){ 0 };
  stage->folder = g_dir_make_tmp ("understudy-store-XXXXXX", &error);
  g_assert_no_error (error);
  stage->path = g_build_filename (stage->folder, "desk.db", NULL);
  us_store_settings_default (&stage->settings);
  stage->settings.path = stage->path;
  us_fake_clock_init (&stage->clock, 100 * SECOND, T0);
}

static void
remove_folder (const char *folder) {
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

void
stage_clear (Stage *stage) {
  stage_close (stage);
  remove_folder (stage->folder);
  g_clear_error (&stage->trouble);
  g_free (stage->folder);
  g_free (stage->path);
}

static void
on_trouble (UsStore *store, const GError *error, gpointer user_data) {
  Stage *stage = user_data;
  if (error == NULL) {
    stage->n_recoveries++;
    return;
  }
  stage->n_troubles++;
  g_clear_error (&stage->trouble);
  stage->trouble = g_error_copy (error);
}

void
stage_open (Stage *stage) {
  g_autoptr (GError) error = NULL;
  gboolean was_corrupt = TRUE;
  stage->store = us_store_open_with (&stage->settings, &stage->clock.clock, stage->vfs,
                                     &was_corrupt, &error);
  g_assert_no_error (error);
  g_assert_nonnull (stage->store);
  g_assert_false (was_corrupt);
  us_store_set_trouble (stage->store, on_trouble, stage);
}

void
stage_close (Stage *stage) {
  us_store_close (g_steal_pointer (&stage->store), 10000);
}

static gboolean
on_watchdog (gpointer user_data) {
  g_error ("waited %u s for something that did not happen", WATCHDOG_S);
  return G_SOURCE_REMOVE;
}

static gboolean
on_look (gpointer user_data) {
  return G_SOURCE_CONTINUE;
}

void
stage_wait (StageCheck is_there, gpointer user_data) {
  guint watchdog = g_timeout_add_seconds (WATCHDOG_S, on_watchdog, NULL);
  guint look = g_timeout_add (5, on_look, NULL); /* for what no callback tells */
  while (!is_there (user_data))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (look);
  g_source_remove (watchdog);
}

void
on_done (const GError *error, gpointer user_data) {
  Doneness *done = user_data;
  done->n_done++;
  if (error == NULL)
    return;
  done->n_failed++;
  g_clear_error (&done->error);
  done->error = g_error_copy (error);
}

void
doneness_clear (Doneness *done) {
  g_clear_error (&done->error);
}

typedef struct {
  Doneness *done;
  guint n;
} Target;

static gboolean
is_reached (gpointer user_data) {
  Target *target = user_data;
  return target->done->n_done >= target->n;
}

void
stage_wait_done (Doneness *done, guint n) {
  stage_wait (is_reached, &(Target){ done, n });
}

UsStore *
stage_settled (UsStore *store) {
  us_store_flush (store, WATCHDOG_S * 1000);
  return store;
}

void
stage_barrier (Stage *stage) {
  g_auto (Doneness) done = { 0 };
  us_store_barrier (stage->store, on_done, &done);
  stage_wait_done (&done, 1);
  g_assert_no_error (done.error);
}

/* The same steps as the writer's, on a connection of their own, so that a test sees the end. */
void
stage_tidy (Stage *stage) {
  g_autoptr (GError) error = NULL;
  g_autoptr (UsDatabase) database = NULL;
  g_autoptr (UsRetention) retention = us_retention_new (&stage->settings);

  stage_barrier (stage);
  database = us_database_open (stage->path, US_DATABASE_WRITER, NULL, &error);
  g_assert_no_error (error);
  us_retention_begin (retention, us_clock_wall_us (&stage->clock.clock), TRUE);
  while (us_retention_is_under_way (retention)) {
    gboolean is_done = us_retention_step (retention, database, &error);
    g_assert_no_error (error);
    g_assert_true (is_done);
  }
}

gint64
stage_count (Stage *stage, const char *sql) {
  g_autoptr (GError) error = NULL;
  gint64 value = -1;
  g_autoptr (UsDatabase) database
      = us_database_open (stage->path, US_DATABASE_READER, NULL, &error);
  g_assert_no_error (error);
  gboolean is_read = us_database_get_int (database, &value, &error, sql, "");
  g_assert_no_error (error);
  g_assert_true (is_read);
  return value;
}

/* ---- rows ---- */

gint64
stage_add_event (Stage *stage, const char *stream, const char *kind, gint64 wall_us,
                 const char *incident, const char *thumbnail) {
  UsEventRow row = { .stream = (char *)stream,
                     .kind = (char *)kind,
                     .severity = (char *)"info",
                     .source = (char *)"probe",
                     .text = (char *)"segment 4711 came after 0.2 s",
                     .incident = (char *)incident,
                     .thumbnail = (char *)thumbnail,
                     .rendition = -1,
                     .wall_us = wall_us };
  return us_store_add_event (stage->store, &row);
}

void
stage_put_incident (Stage *stage, const char *id, const char *stream, const char *state,
                    gint64 opened_us, gint64 resolved_us, Doneness *done) {
  UsIncidentRow row = { .id = (char *)id,
                        .stream = (char *)stream,
                        .stream_name = (char *)"Studio",
                        .state = (char *)state,
                        .fingerprint = (char *)"studio/stale",
                        .health = (char *)"unhealthy",
                        .reason = (char *)"the playlist stands still",
                        .cause = (char *)"{}",
                        .snapshot = (char *)"{}",
                        .opened_us = opened_us,
                        .resolved_us = resolved_us,
                        .updated_us = MAX (opened_us, resolved_us) };
  us_store_put_incident (stage->store, &row, done != NULL ? on_done : NULL, done);
}

void
stage_add_thumbnail (Stage *stage, const char *id, const char *stream, gint64 wall_us) {
  g_autoptr (GBytes) jpeg = g_bytes_new (id, strlen (id));
  UsThumbnailRow row = { .id = (char *)id,
                         .stream = (char *)stream,
                         .wall_us = wall_us,
                         .width = 320,
                         .height = 180,
                         .reason = (char *)"interval",
                         .jpeg = jpeg };
  us_store_add_thumbnail (stage->store, &row);
}

void
stage_put_rollup (Stage *stage, const char *stream, gint64 minute_us) {
  UsRollupRow row = { .stream = (char *)stream,
                      .minute_us = minute_us,
                      .n_segments = 30,
                      .ttfb_avg = 0.1,
                      .ttfb_p95 = NAN,
                      .bytes = 1 << 20,
                      .health = (char *)"healthy",
                      .healthy_s = 60 };
  us_store_put_rollup (stage->store, &row);
}
