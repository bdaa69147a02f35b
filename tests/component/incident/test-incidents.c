/* test-incidents.c - incidents with a real store under them: what is kept, confirmed, taken up
 * again */
#include "incident/incidents.h"

#include "component/store/fault-vfs.h"
#include "component/store/stage.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define START (T0 + DAY)

typedef struct {
  Stage stage;
  UsIncidents *incidents;
  UsFakeClock clock;
  GString *steps;    /* letters, as in the unit test of the state machine; K: keep */
  GPtrArray *events; /* "kind: text" */
} World;

static void
on_incident (const UsIncidentRow *row, UsIncidentStep step, gpointer user_data) {
  World *world = user_data;
  g_string_append_c (world->steps, "KORLCVA"[step]);
  g_assert_nonnull (row->id);
}

static void
on_event (const UsEvent *event, gpointer user_data) {
  World *world = user_data;
  g_assert_cmpuint (event->id, >, 0);
  g_ptr_array_add (world->events,
                   g_strdup_printf ("%s: %s", us_event_word (event->kind), event->text));
}

static const UsIncidentsHandler handler = { .on_incident = on_incident, .on_event = on_event };

static void
world_open (World *world) {
  g_autoptr (GError) error = NULL;
  stage_open (&world->stage);
  us_store_next_id (world->stage.store); /* so that all that follows is after the number 1 */
  world->incidents
      = us_incidents_new (world->stage.store, &world->clock.clock, &handler, world, &error);
  g_assert_no_error (error);
}

static void
world_close (World *world) {
  g_clear_pointer (&world->incidents, us_incidents_free);
  stage_close (&world->stage);
}

static void
world_init (World *world) {
  *world = (World){ .steps = g_string_new (NULL) };
  world->events = g_ptr_array_new_with_free_func (g_free);
  us_fake_clock_init (&world->clock, 5000 * SECOND, START);
  stage_init (&world->stage);
}

static void
world_clear (World *world) {
  world_close (world);
  stage_clear (&world->stage);
  g_ptr_array_unref (world->events);
  g_string_free (world->steps, TRUE);
}

static void
pass (World *world, gint64 s) {
  us_fake_clock_advance_us (&world->clock, s * SECOND);
}

static void
add (World *world, UsEventKind kind, const char *text) {
  g_autoptr (UsEvent) event = us_event_new (
      "studio", world->clock.now_wall_us, kind,
      kind == US_EVENT_SEGMENT_OK ? US_SEVERITY_INFO : US_SEVERITY_UNHEALTHY, "probe", "%s", text);
  us_incidents_add_event (world->incidents, event);
}

static void
judge_with (World *world, UsHealth health, UsCheck leading, const UsSymptoms *symptoms) {
  const UsIncidentInput input = { .stream = "studio",
                                  .stream_name = "The studio",
                                  .health = health,
                                  .reasons = { "No new segment for 12.0 s", "expected every 2 s" },
                                  .leading = leading,
                                  .symptoms = symptoms };
  us_incidents_judge (world->incidents, &input);
}

static void
judge (World *world, UsHealth health) {
  judge_with (world, health, health == US_HEALTH_HEALTHY ? US_N_CHECKS : US_CHECK_STALE, NULL);
}

static void
judge_for (World *world, UsHealth health, guint s) {
  for (guint i = 0; i < s; i++) {
    judge (world, health);
    pass (world, 1);
  }
}

static char *
active_id (World *world) {
  const UsIncidentRow *row = us_incidents_get_active (world->incidents, "studio");
  g_assert_nonnull (row);
  return g_strdup (row->id);
}

static GArray *
stored_events (World *world, const char *incident) {
  const UsEventQuery query = { .incident = incident, .after_id = 1, .limit = 5000 };
  g_autoptr (GError) error = NULL;
  stage_barrier (&world->stage);
  GArray *rows = us_store_list_events (stage_settled (world->stage.store), &query, &error);
  g_assert_no_error (error);
  return rows;
}

static guint
count_kind (GArray *rows, const char *kind) {
  guint n = 0;
  for (guint i = 0; i < rows->len; i++)
    n += g_str_equal (g_array_index (rows, UsEventRow, i).kind, kind);
  return n;
}

static void
stored_row (World *world, const char *id, UsIncidentRow *row) {
  g_autoptr (GError) error = NULL;
  stage_barrier (&world->stage);
  g_assert_true (us_store_get_incident (stage_settled (world->stage.store), id, row, &error));
  g_assert_no_error (error);
}

/* ---- what is kept ---- */

static void
test_preroll (void) {
  World world;
  world_init (&world);
  world_open (&world);
  add (&world, US_EVENT_SEGMENT_OK, "six minutes before");
  pass (&world, 60);
  for (guint i = 0; i < 30; i++) {
    add (&world, US_EVENT_SEGMENT_OK, "a segment");
    pass (&world, 9);
  }
  add (&world, US_EVENT_SEGMENT_ERROR, "404");
  pass (&world, 2);
  add (&world, US_EVENT_SEGMENT_ERROR, "404 again");
  pass (&world, 2);
  add (&world, US_EVENT_HEALTH_CHANGE, "UNHEALTHY");
  stage_barrier (&world.stage);
  g_assert_cmpint (stage_count (&world.stage, "SELECT count(*) FROM events"), ==, 3);
  judge (&world, US_HEALTH_UNHEALTHY);
  pass (&world, 2);
  add (&world, US_EVENT_SEGMENT_OK, "one that came");
  add (&world, US_EVENT_SEGMENT_ERROR, "and one that did not");

  g_autofree char *id = active_id (&world);
  g_assert_true (g_regex_match_simple ("^INC-[0-9A-F]{8}$", id, 0, 0));
  g_autoptr (GArray) rows = stored_events (&world, id);
  g_assert_cmpuint (rows->len, ==, 30 + 3 + 1 + 2);
  g_assert_cmpuint (count_kind (rows, "segment_ok"), ==, 31);
  g_assert_cmpuint (count_kind (rows, "segment_error"), ==, 3);
  g_assert_cmpuint (count_kind (rows, "health_change"), ==, 1);
  for (guint i = 1; i < rows->len; i++) { /* numbers run as time does */
    const UsEventRow *a = &g_array_index (rows, UsEventRow, i - 1);
    const UsEventRow *b = &g_array_index (rows, UsEventRow, i);
    g_assert_cmpint (a->id, <, b->id);
    g_assert_cmpint (a->wall_us, <=, b->wall_us);
  }
  g_assert_cmpstr (g_array_index (rows, UsEventRow, 33).kind, ==, "incident_opened");

  g_auto (UsIncidentRow) row = { 0 };
  stored_row (&world, id, &row);
  g_assert_cmpstr (row.state, ==, "open");
  g_assert_cmpstr (row.health, ==, "UNHEALTHY");
  g_assert_cmpstr (row.stream_name, ==, "The studio");
  g_assert_cmpstr (row.fingerprint, ==, "studio:stale");
  g_assert_cmpstr (row.reason, ==, "No new segment for 12.0 s; expected every 2 s");
  g_assert_cmpint (row.opened_us, ==, START + (60 + 270 + 4) * SECOND);
  g_autoptr (JsonNode) snapshot = json_from_string (row.snapshot, NULL);
  JsonObject *object = json_node_get_object (snapshot);
  g_assert_cmpstr (json_object_get_string_member (object, "health_state"), ==, "red");
  g_assert_true (json_object_has_member (object, "error_count_2min"));
  g_assert_true (json_object_get_null_member (object, "avg_ttfb_ms"));
  g_assert_cmpstr (json_object_get_string_member (object, "captured_at"), ==,
                   "2023-11-15T22:18:54.000Z");
  world_clear (&world);
}

/* Good segments never push out what went wrong, in memory or in the incident. */
static void
test_good_news_is_bounded (void) {
  World world;
  world_init (&world);
  world_open (&world);
  add (&world, US_EVENT_SEGMENT_ERROR, "the one error");
  for (guint i = 0; i < 3000; i++)
    add (&world, US_EVENT_SEGMENT_OK, "good");
  g_autoptr (GPtrArray) recent = us_incidents_recent (world.incidents, "studio", 0, 0);
  g_assert_cmpuint (recent->len, <, 1000);
  g_assert_cmpstr (((UsEvent *)recent->pdata[0])->text, ==, "the one error");
  g_autoptr (GPtrArray) last = us_incidents_recent (world.incidents, "studio", 0, 5);
  g_assert_cmpuint (last->len, ==, 5);
  g_autoptr (GPtrArray) none
      = us_incidents_recent (world.incidents, "studio", world.clock.now_wall_us + 1, 0);
  g_assert_cmpuint (none->len, ==, 0);
  judge (&world, US_HEALTH_UNHEALTHY);
  for (guint i = 0; i < 3000; i++)
    add (&world, US_EVENT_SEGMENT_OK, "good");
  add (&world, US_EVENT_SEGMENT_ERROR, "another");
  g_autofree char *id = active_id (&world);
  g_autoptr (GArray) rows = stored_events (&world, id);
  g_assert_cmpuint (count_kind (rows, "segment_error"), ==, 2);
  g_assert_cmpuint (count_kind (rows, "segment_ok"), <=, 1300);
  g_autoptr (GPtrArray) nobody = us_incidents_recent (world.incidents, "elsewhere", 0, 0);
  g_assert_cmpuint (nobody->len, ==, 0);
  world_clear (&world);
}

static void
test_life (void) {
  World world;
  world_init (&world);
  world_open (&world);
  judge_for (&world, US_HEALTH_UNHEALTHY, 5);
  g_autofree char *id = active_id (&world);
  judge_for (&world, US_HEALTH_HEALTHY, 10);
  judge_for (&world, US_HEALTH_DEGRADED, 3);
  judge_for (&world, US_HEALTH_HEALTHY, 61);
  g_assert_cmpstr (world.steps->str, ==, "OCLCV");
  g_assert_null (us_incidents_get_active (world.incidents, "studio"));
  g_auto (UsIncidentRow) row = { 0 };
  stored_row (&world, id, &row);
  g_assert_cmpstr (row.state, ==, "resolved");
  g_assert_cmpint (row.resolved_us, ==, START + (5 + 10 + 3 + 60) * SECOND);
  judge_for (&world, US_HEALTH_UNHEALTHY, 1); /* reopened */
  g_autofree char *same = active_id (&world);
  g_assert_cmpstr (same, ==, id);
  us_incident_row_clear (&row);
  stored_row (&world, id, &row);
  g_assert_cmpstr (row.state, ==, "open");
  g_assert_cmpuint (row.n_reopened, ==, 1);
  g_assert_cmpint (row.resolved_us, ==, 0);
  g_assert_cmpint (stage_count (&world.stage, "SELECT count(*) FROM incidents"), ==, 1);
  UsIncidentStats stats;
  us_incidents_get_stats (world.incidents, &stats);
  g_assert_cmpuint (stats.n_opened, ==, 1);
  g_assert_cmpuint (stats.n_reopened, ==, 1);
  g_assert_cmpuint (stats.n_resolved, ==, 1);
  g_assert_cmpuint (stats.n_active, ==, 1);
  world_clear (&world);
}

static void
test_remove_stream (void) {
  World world;
  world_init (&world);
  world_open (&world);
  judge (&world, US_HEALTH_UNHEALTHY);
  g_autofree char *id = active_id (&world);
  us_incidents_remove_stream (world.incidents, "studio");
  us_incidents_remove_stream (world.incidents, "studio");
  us_incidents_remove_stream (world.incidents, "never there");
  g_assert_cmpstr (world.steps->str, ==, "OV");
  g_assert_cmpuint (us_incidents_n_active (world.incidents), ==, 0);
  g_auto (UsIncidentRow) row = { 0 };
  stored_row (&world, id, &row);
  g_assert_cmpstr (row.state, ==, "resolved");
  g_autoptr (GArray) notes = us_store_list_notes (stage_settled (world.stage.store), id, NULL);
  g_assert_cmpuint (notes->len, ==, 1);
  g_assert_nonnull (strstr (g_array_index (notes, UsNoteRow, 0).text, "removed"));
  world_clear (&world);
}

/* ---- the cause ---- */

static void
stopped (UsSymptoms *symptoms) {
  us_symptoms_init (symptoms);
  symptoms->n_renditions = symptoms->n_stopped = 1;
  symptoms->has_succeeded = TRUE;
  symptoms->is_open[US_CHECK_STALE] = TRUE;
}

static void
no_publisher (UsSymptoms *symptoms) {
  stopped (symptoms);
  symptoms->is_own = symptoms->is_ingest_known = symptoms->is_ingest_up = symptoms->had_publisher
      = TRUE;
}

static void
unreachable (UsSymptoms *symptoms) {
  us_symptoms_init (symptoms);
  symptoms->n_renditions = symptoms->n_unreachable = 1;
  symptoms->n_failed_in_a_row = 6;
  symptoms->playlists[US_OUTCOME_CONNECT] = 6;
}

static const char *
cause_now (World *world) {
  const char *json = us_incidents_get_active (world->incidents, "studio")->cause;
  g_autoptr (JsonNode) root = json_from_string (json, NULL);
  return g_intern_string (json_object_get_string_member (json_node_get_object (root), "cause"));
}

static void
test_cause (void) {
  World world;
  UsSymptoms symptoms;
  world_init (&world);
  world_open (&world);
  us_symptoms_init (&symptoms);
  judge_with (&world, US_HEALTH_UNHEALTHY, US_CHECK_STALE, &symptoms);
  g_assert_cmpstr (cause_now (&world), ==, "unknown");
  stopped (&symptoms);
  pass (&world, 4); /* too soon to think again */
  judge_with (&world, US_HEALTH_UNHEALTHY, US_CHECK_STALE, &symptoms);
  g_assert_cmpstr (cause_now (&world), ==, "unknown");
  pass (&world, 1);
  judge_with (&world, US_HEALTH_UNHEALTHY, US_CHECK_STALE, &symptoms);
  g_assert_cmpstr (cause_now (&world), ==, "encoder");
  g_assert_cmpstr (world.events->pdata[1], ==,
                   "cause_changed: Cause: Encoder or ingest stopped (confidence medium)");
  no_publisher (&symptoms); /* surer */
  for (guint i = 0; i < 20; i++) {
    pass (&world, 1);
    judge_with (&world, US_HEALTH_UNHEALTHY, US_CHECK_STALE, &symptoms);
  }
  g_assert_cmpuint (world.events->len, ==, 3);
  unreachable (&symptoms); /* less sure: what was known is not forgotten */
  pass (&world, 60);
  judge_with (&world, US_HEALTH_UNHEALTHY, US_CHECK_STALE, &symptoms);
  g_assert_cmpstr (cause_now (&world), ==, "encoder");
  symptoms.is_origin_status = symptoms.has_cache = TRUE; /* as sure, and it fits */
  pass (&world, 60);
  judge_with (&world, US_HEALTH_UNHEALTHY, US_CHECK_STALE, &symptoms);
  g_assert_cmpstr (cause_now (&world), ==, "origin_down");
  g_assert_cmpuint (world.events->len, ==, 4);
  us_symptoms_init (&symptoms); /* it fades */
  pass (&world, 60);
  judge_with (&world, US_HEALTH_DEGRADED, US_CHECK_STALE, &symptoms);
  g_assert_cmpstr (cause_now (&world), ==, "origin_down");
  world_clear (&world);
}

/* ---- people ---- */

static void
test_acknowledge (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  world_init (&world);
  world.stage.vfs = fault_vfs_register ();
  world_open (&world);
  judge (&world, US_HEALTH_UNHEALTHY);
  g_autofree char *id = active_id (&world);
  stage_barrier (&world.stage);
  fault_vfs_set_sync_held (TRUE);
  us_incidents_acknowledge (world.incidents, id, "alice", "on it", on_done, &done);
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (done.n_done, ==, 0); /* not on disk: not confirmed, and nobody is told */
  g_assert_cmpstr (world.steps->str, ==, "O");
  fault_vfs_set_sync_held (FALSE);
  stage_wait_done (&done, 1);
  g_assert_no_error (done.error);
  g_assert_cmpstr (world.steps->str, ==, "OA");
  g_auto (UsIncidentRow) row = { 0 };
  stored_row (&world, id, &row);
  g_assert_cmpstr (row.state, ==, "acknowledged");
  g_assert_cmpstr (row.acknowledged_by, ==, "alice");
  g_assert_cmpint (row.acknowledged_us, ==, START);
  g_autoptr (GArray) notes = us_store_list_notes (stage_settled (world.stage.store), id, NULL);
  g_assert_cmpuint (notes->len, ==, 1);

  us_incidents_acknowledge (world.incidents, id, "bob", NULL, on_done, &done);
  g_assert_error (done.error, US_INCIDENT_ERROR, US_INCIDENT_ERROR_STATE);
  g_assert_nonnull (strstr (done.error->message, "alice"));
  g_assert_nonnull (strstr (done.error->message, "2023-11-15T22:13:20.000Z"));
  g_assert_cmpstr (us_incidents_get_active (world.incidents, "studio")->acknowledged_by, ==,
                   "alice");
  world_clear (&world);
}

static void
test_refusals (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  g_autofree char *long_text = g_strnfill (US_INCIDENTS_MAX_NOTE + 1, 'x');
  world_init (&world);
  world_open (&world);
  judge_for (&world, US_HEALTH_UNHEALTHY, 1);
  g_autofree char *id = active_id (&world);
#define REFUSED(call, code)                                                                        \
  g_clear_error (&done.error);                                                                     \
  call;                                                                                            \
  g_assert_error (done.error, US_INCIDENT_ERROR, US_INCIDENT_ERROR_##code)
  REFUSED (us_incidents_acknowledge (world.incidents, "INC-0", "a", NULL, on_done, &done), UNKNOWN);
  REFUSED (us_incidents_acknowledge (world.incidents, id, "", NULL, on_done, &done), VALUE);
  REFUSED (us_incidents_acknowledge (world.incidents, id, NULL, NULL, on_done, &done), VALUE);
  REFUSED (us_incidents_acknowledge (world.incidents, id, "\xff", NULL, on_done, &done), VALUE);
  REFUSED (us_incidents_acknowledge (world.incidents, id, "a", long_text, on_done, &done), VALUE);
  REFUSED (us_incidents_add_note (world.incidents, id, "a", NULL, on_done, &done), VALUE);
  REFUSED (us_incidents_add_note (world.incidents, id, "a", "", on_done, &done), VALUE);
  REFUSED (us_incidents_add_note (world.incidents, "INC-0", "a", "b", on_done, &done), UNKNOWN);
  REFUSED (us_incidents_resolve (world.incidents, "INC-0", "a", NULL, on_done, &done), UNKNOWN);
  g_assert_cmpstr (us_incidents_get_active (world.incidents, "studio")->state, ==, "open");
  judge_for (&world, US_HEALTH_HEALTHY, 31);
  REFUSED (us_incidents_acknowledge (world.incidents, id, "a", NULL, on_done, &done), STATE);
  REFUSED (us_incidents_resolve (world.incidents, id, "a", NULL, on_done, &done), STATE);
  /* ... but something may be said of it */
  g_clear_error (&done.error);
  guint n = done.n_done;
  us_incidents_add_note (world.incidents, id, "carol", "it was the cable", on_done, &done);
  stage_wait_done (&done, n + 1);
  g_assert_no_error (done.error);
  g_autoptr (GArray) notes = us_store_list_notes (stage_settled (world.stage.store), id, NULL);
  g_assert_cmpuint (notes->len, ==, 1);
  g_assert_cmpstr (g_array_index (notes, UsNoteRow, 0).author, ==, "carol");
  g_assert_cmpstr (world.events->pdata[world.events->len - 1], ==, "note: carol: it was the cable");
  /* ... unless its stream is gone with all that belonged to it */
  us_incidents_remove_stream (world.incidents, "studio");
  us_store_remove_stream (world.stage.store, "studio");
  stage_barrier (&world.stage);
  REFUSED (us_incidents_add_note (world.incidents, id, "a", "b", on_done, &done), UNKNOWN);
  world_clear (&world);
}

static void
test_resolve_by_hand (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  world_init (&world);
  world_open (&world);
  judge_for (&world, US_HEALTH_UNHEALTHY, 3);
  g_autofree char *id = active_id (&world);
  us_incidents_resolve (world.incidents, id, "alice", "known, and nobody watches", on_done, &done);
  stage_wait_done (&done, 1);
  g_assert_no_error (done.error);
  judge_for (&world, US_HEALTH_UNHEALTHY, 300);
  g_assert_cmpstr (world.steps->str, ==, "OV");
  judge_for (&world, US_HEALTH_HEALTHY, 1);
  judge_for (&world, US_HEALTH_UNHEALTHY, 1);
  g_assert_cmpstr (world.steps->str, ==, "OVR");
  world_clear (&world);
}

/* As an acknowledgement: nobody hears of it before the disk does. */
static void
test_resolve_is_told_when_written (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  UsIncidentStats stats;
  world_init (&world);
  world.stage.vfs = fault_vfs_register ();
  world_open (&world);
  judge (&world, US_HEALTH_UNHEALTHY);
  g_autofree char *id = active_id (&world);
  stage_barrier (&world.stage);
  guint n_events = world.events->len;
  fault_vfs_set_sync_held (TRUE);
  us_incidents_resolve (world.incidents, id, "alice", "known", on_done, &done);
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (done.n_done, ==, 0);
  g_assert_cmpstr (world.steps->str, ==, "O");
  g_assert_cmpuint (world.events->len, ==, n_events);
  us_incidents_get_stats (world.incidents, &stats);
  g_assert_cmpuint (stats.n_resolved, ==, 0);
  /* ... and it is done once: the second one is told when that was, though no disk knows it yet */
  g_auto (Doneness) again = { 0 };
  us_incidents_resolve (world.incidents, id, "bob", NULL, on_done, &again);
  g_assert_error (again.error, US_INCIDENT_ERROR, US_INCIDENT_ERROR_STATE);
  g_assert_nonnull (strstr (again.error->message, "2023-11-15T22:13:20.000Z"));
  judge (&world, US_HEALTH_UNHEALTHY);
  g_assert_cmpstr (world.steps->str, ==, "O");
  fault_vfs_set_sync_held (FALSE);
  stage_wait_done (&done, 1);
  g_assert_no_error (done.error);
  g_assert_cmpstr (world.steps->str, ==, "OV");
  g_autofree char *told
      = g_strdup_printf ("incident_resolved: Incident %s resolved by alice: known", id);
  g_assert_cmpstr (world.events->pdata[n_events], ==, told);
  us_incidents_get_stats (world.incidents, &stats);
  g_assert_cmpuint (stats.n_resolved, ==, 1);
  world_clear (&world);
}

/* Things are told in their order: what happens next does not overtake it. */
static void
test_resolve_is_not_overtaken (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  world_init (&world);
  world.stage.vfs = fault_vfs_register ();
  world_open (&world);
  judge (&world, US_HEALTH_DEGRADED);
  judge_for (&world, US_HEALTH_DEGRADED, 125);
  g_autofree char *id = active_id (&world);
  stage_barrier (&world.stage);
  fault_vfs_set_sync_held (TRUE);
  us_incidents_resolve (world.incidents, id, "alice", NULL, on_done, &done);
  judge (&world, US_HEALTH_UNHEALTHY); /* worse than what was dismissed */
  g_assert_cmpstr (world.steps->str, ==, "OVR");
  fault_vfs_set_sync_held (FALSE);
  stage_wait_done (&done, 1);
  g_assert_cmpstr (world.steps->str, ==, "OVR");
  us_incidents_resolve (world.incidents, id, "alice", NULL, on_done, &done);
  us_incidents_remove_stream (world.incidents, "studio");
  g_assert_cmpstr (world.steps->str, ==, "OVRV");
  stage_wait_done (&done, 2);
  g_assert_cmpstr (world.steps->str, ==, "OVRV");
  world_clear (&world);
}

/* In the file there is another incident of the same id. */
static void
take_its_place (World *world) {
  sqlite3 *handle = NULL;
  g_assert_cmpint (sqlite3_open (world->stage.path, &handle), ==, SQLITE_OK);
  sqlite3_busy_timeout (handle, 30000);
  g_assert_cmpint (
      sqlite3_exec (handle, "UPDATE incidents SET opened_us = opened_us + 1", NULL, NULL, NULL), ==,
      SQLITE_OK);
  sqlite3_close (handle);
}

/* It could not be written: it is not resolved. */
static void
test_resolve_is_taken_back (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  world_init (&world);
  world_open (&world);
  judge (&world, US_HEALTH_UNHEALTHY);
  g_autofree char *id = active_id (&world);
  stage_barrier (&world.stage);
  take_its_place (&world);
  us_incidents_resolve (world.incidents, id, "alice", NULL, on_done, &done);
  stage_wait_done (&done, 1);
  g_assert_error (done.error, US_INCIDENT_ERROR, US_INCIDENT_ERROR_STORE);
  g_assert_cmpstr (world.steps->str, ==, "O");
  const UsIncidentRow *row = us_incidents_get_active (world.incidents, "studio");
  g_assert_nonnull (row);
  g_assert_cmpstr (row->state, ==, "open");
  g_assert_cmpint (row->resolved_us, ==, 0);
  world_clear (&world);
}

/* A word on what was, after its stream has gone: it is kept and told, and nothing stays in memory.
 */
static void
test_note_of_a_stream_that_is_gone (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  world_init (&world);
  world_open (&world);
  judge (&world, US_HEALTH_UNHEALTHY);
  g_autofree char *id = active_id (&world);
  us_incidents_remove_stream (world.incidents, "studio");
  stage_barrier (&world.stage);
  us_incidents_add_note (world.incidents, id, "carol", "it was the cable", on_done, &done);
  stage_wait_done (&done, 1);
  g_assert_no_error (done.error);
  g_assert_cmpstr (world.events->pdata[world.events->len - 1], ==, "note: carol: it was the cable");
  g_autoptr (GPtrArray) recent = us_incidents_recent (world.incidents, "studio", 0, 0);
  g_assert_cmpuint (recent->len, ==, 0);
  g_autoptr (GArray) rows = stored_events (&world, id);
  g_assert_cmpuint (count_kind (rows, "note"), ==, 1);
  world_clear (&world);
}

/* Whoever waits may outlive the incidents, and is told that they are gone. */
static void
test_end_with_an_order (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  world_init (&world);
  world_open (&world);
  judge (&world, US_HEALTH_UNHEALTHY);
  g_autofree char *id = active_id (&world);
  us_incidents_acknowledge (world.incidents, id, "alice", NULL, on_done, &done);
  world_close (&world);
  g_assert_cmpuint (done.n_done, ==, 1);
  g_assert_error (done.error, US_INCIDENT_ERROR, US_INCIDENT_ERROR_STORE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (done.n_done, ==, 1);
  world_clear (&world);
}

/* ---- restarts ---- */

static void
test_restart (void) {
  World world;
  g_auto (Doneness) done = { 0 };
  UsSymptoms symptoms;
  world_init (&world);
  world_open (&world);
  no_publisher (&symptoms);
  judge_with (&world, US_HEALTH_UNHEALTHY, US_CHECK_STALE, &symptoms);
  g_autofree char *id = active_id (&world);
  us_incidents_acknowledge (world.incidents, id, "alice", NULL, on_done, &done);
  stage_wait_done (&done, 1);
  world_close (&world);

  pass (&world, 100);
  g_string_truncate (world.steps, 0);
  world_open (&world);
  g_autofree char *same = active_id (&world);
  g_assert_cmpstr (same, ==, id);
  g_assert_cmpstr (world.steps->str, ==, "");
  us_incidents_tell_active (world.incidents);
  g_assert_cmpstr (world.steps->str, ==, "K");
  g_assert_cmpstr (cause_now (&world), ==, "encoder");
  judge_for (&world, US_HEALTH_UNHEALTHY, 1); /* it is known already */
  judge_for (&world, US_HEALTH_NO_DATA, 60);
  g_assert_cmpstr (world.steps->str, ==, "K");
  us_incidents_acknowledge (world.incidents, id, "bob", NULL, on_done, &done);
  g_assert_error (done.error, US_INCIDENT_ERROR, US_INCIDENT_ERROR_STATE);
  judge_for (&world, US_HEALTH_HEALTHY, 31);
  g_assert_cmpstr (world.steps->str, ==, "KCV");
  world_close (&world);

  pass (&world, 300); /* the same again: the same incident */
  world_open (&world);
  g_assert_cmpuint (us_incidents_n_active (world.incidents), ==, 0);
  judge_for (&world, US_HEALTH_UNHEALTHY, 1);
  g_autofree char *again = active_id (&world);
  g_assert_cmpstr (again, ==, id);
  stage_barrier (&world.stage);
  g_assert_cmpint (stage_count (&world.stage, "SELECT count(*) FROM incidents"), ==, 1);
  world_clear (&world);
}

/* A database with two active incidents of one stream, a word of another version, and cut JSON. */
static void
test_restart_with_odd_rows (void) {
  World world;
  world_init (&world);
  stage_open (&world.stage);
  stage_put_incident (&world.stage, "INC-OLD", "studio", "open", START - 50 * SECOND, 0, NULL);
  stage_put_incident (&world.stage, "INC-NEW", "studio", "recovering", START - 20 * SECOND, 0,
                      NULL);
  stage_put_incident (&world.stage, "INC-ODD", "hall", "smouldering", START - 20 * SECOND, 0, NULL);
  const UsIncidentRow cut = { .id = (char *)"INC-CUT",
                              .stream = (char *)"yard",
                              .state = (char *)"open",
                              .fingerprint = (char *)"yard:no_such_check",
                              .health = (char *)"PURPLE",
                              .cause = (char *)"{\"cause\":",
                              .opened_us = START + DAY };
  us_store_put_incident (world.stage.store, &cut, NULL, NULL);
  stage_close (&world.stage);
  world_open (&world);
  g_assert_cmpuint (us_incidents_n_active (world.incidents), ==, 2);
  g_autofree char *id = active_id (&world);
  g_assert_cmpstr (id, ==, "INC-NEW");
  g_auto (UsIncidentRow) row = { 0 };
  stored_row (&world, "INC-OLD", &row);
  g_assert_cmpstr (row.state, ==, "resolved");
  g_assert_cmpint (row.resolved_us, ==, START);
  judge_for (&world, US_HEALTH_HEALTHY, 31);
  g_assert_cmpstr (world.steps->str, ==, "V");
  world_clear (&world);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/incidents/preroll", test_preroll);
  g_test_add_func ("/incident/incidents/good-news-is-bounded", test_good_news_is_bounded);
  g_test_add_func ("/incident/incidents/life", test_life);
  g_test_add_func ("/incident/incidents/remove-stream", test_remove_stream);
  g_test_add_func ("/incident/incidents/cause", test_cause);
  g_test_add_func ("/incident/incidents/acknowledge", test_acknowledge);
  g_test_add_func ("/incident/incidents/refusals", test_refusals);
  g_test_add_func ("/incident/incidents/resolve-by-hand", test_resolve_by_hand);
  g_test_add_func ("/incident/incidents/resolve/told-when-written",
                   test_resolve_is_told_when_written);
  g_test_add_func ("/incident/incidents/resolve/not-overtaken", test_resolve_is_not_overtaken);
  g_test_add_func ("/incident/incidents/resolve/taken-back", test_resolve_is_taken_back);
  g_test_add_func ("/incident/incidents/note-of-a-stream-that-is-gone",
                   test_note_of_a_stream_that_is_gone);
  g_test_add_func ("/incident/incidents/end-with-an-order", test_end_with_an_order);
  g_test_add_func ("/incident/incidents/restart", test_restart);
  g_test_add_func ("/incident/incidents/restart-with-odd-rows", test_restart_with_odd_rows);
  return g_test_run ();
}
