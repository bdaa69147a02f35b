/* test-reading.c - reading without standing still: what is queued, what takes long, and the end */
#include "stage.h"

#include "fault-vfs.h"

typedef struct {
  Stage *stage;
  GThread *owner;
  guint n_read, n_told, n_failed;
  guint n_rows;
  gboolean was_own_thread; /* of the reading */
} Look;

static gboolean
look (UsStore *view, gpointer user_data, GError **error) {
  Look *self = user_data;
  g_autoptr (GArray) rows = us_store_list_events (view, &(UsEventQuery){ .limit = 5000 }, error);
  self->was_own_thread = g_thread_self () != self->owner;
  self->n_read++;
  self->n_rows = rows != NULL ? rows->len : 0;
  return rows != NULL;
}

static void
on_looked (const GError *error, gpointer user_data) {
  Look *self = user_data;
  g_assert_true (g_thread_self () == self->owner);
  self->n_told++;
  self->n_failed += error != NULL;
}

static gboolean
is_told (gpointer user_data) {
  return ((Look *)user_data)->n_told > 0;
}

static void
look_begin (Look *self, Stage *stage) {
  *self = (Look){ .stage = stage, .owner = g_thread_self () };
  us_store_read_async (stage->store, look, on_looked, self);
}

/* In another thread, told in this one; what was queued before is seen. */
static void
test_thread (void) {
  Stage stage;
  Look look;
  stage_init (&stage);
  stage_open (&stage);
  for (guint i = 0; i < 1000; i++)
    stage_add_event (&stage, "studio", "note", T0, NULL, NULL);
  look_begin (&look, &stage);
  g_assert_cmpuint (look.n_told, ==, 0);
  stage_wait (is_told, &look);
  g_assert_true (look.was_own_thread);
  g_assert_cmpuint (look.n_rows, ==, 1000);
  g_assert_cmpuint (look.n_failed, ==, 0);

  stage_add_event (&stage, "studio", "note", T0, NULL, NULL);
  look_begin (&look, &stage);
  stage_wait (is_told, &look);
  g_assert_cmpuint (look.n_rows, ==, 1001);
  stage_clear (&stage);
}

/* Those that wait are told of the end, each once, before it. */
static void
test_end (void) {
  Stage stage;
  Look looks[50];
  stage_init (&stage);
  stage_open (&stage);
  for (guint i = 0; i < 5000; i++)
    stage_add_event (&stage, "studio", "note", T0, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (looks); i++)
    look_begin (&looks[i], &stage);
  stage_close (&stage);
  for (guint i = 0; i < G_N_ELEMENTS (looks); i++) {
    g_assert_cmpuint (looks[i].n_told, ==, 1);
    g_assert_cmpuint (looks[i].n_read + looks[i].n_failed, ==, 1);
  }
  stage_clear (&stage);
}

static gboolean
fail (UsStore *view, gpointer user_data, GError **error) {
  return FALSE; /* and forgets to say why */
}

static void
test_failure (void) {
  Stage stage;
  Look look = { .owner = g_thread_self () };
  stage_init (&stage);
  stage_open (&stage);
  us_store_read_async (stage.store, fail, on_looked, &look);
  stage_wait (is_told, &look);
  g_assert_cmpuint (look.n_failed, ==, 1);
  stage_clear (&stage);
}

/* What is confirmed is read at once; what is queued, after us_store_settle(). */
static void
test_settle (void) {
  Stage stage;
  g_auto (Doneness) done = { 0 };
  g_autoptr (GError) error = NULL;
  stage_init (&stage);
  stage.vfs = fault_vfs_register ();
  stage_open (&stage);
  stage_barrier (&stage);
  g_assert_true (us_store_is_settled (stage.store));

  /* The disk takes its time: nobody stands still for that. */
  fault_vfs_set_sync_held (TRUE);
  stage_put_incident (&stage, "A", "studio", "open", T0, 0, NULL);
  g_assert_false (us_store_is_settled (stage.store));
  us_store_settle (stage.store, on_done, &done);
  g_autoptr (GArray) before
      = us_store_list_incidents (stage.store, &(UsIncidentQuery){ .limit = 10 }, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (before->len, ==, 0);
  g_assert_cmpuint (done.n_done, ==, 0);
  fault_vfs_set_sync_held (FALSE);
  stage_wait_done (&done, 1);
  g_autoptr (GArray) after
      = us_store_list_incidents (stage.store, &(UsIncidentQuery){ .limit = 10 }, &error);
  g_assert_cmpuint (after->len, ==, 1);
  stage_clear (&stage);
}

static gboolean
is_failing (gpointer user_data) {
  UsStoreStats stats;
  us_store_get_stats (((Stage *)user_data)->store, &stats);
  return stats.is_failing;
}

/* Nothing to wait for while nothing is written; and a mark is no write to be counted. */
static void
test_settled_when_failing (void) {
  Stage stage;
  UsStoreStats stats;
  g_auto (Doneness) done = { 0 };
  stage_init (&stage);
  stage.vfs = fault_vfs_register ();
  stage_open (&stage);
  stage_barrier (&stage);
  us_store_get_stats (stage.store, &stats);
  guint64 n_before = stats.n_written;
  us_store_settle (stage.store, on_done, &done);
  stage_wait_done (&done, 1);
  us_store_get_stats (stage.store, &stats);
  g_assert_cmpuint (stats.n_written, ==, n_before);

  fault_vfs_set_full (TRUE);
  stage_add_event (&stage, "studio", "note", T0, NULL, NULL);
  stage_wait (is_failing, &stage);
  g_assert_true (us_store_is_settled (stage.store));
  fault_vfs_set_full (FALSE);
  stage_barrier (&stage);
  stage_clear (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/reading/thread", test_thread);
  g_test_add_func ("/store/reading/end", test_end);
  g_test_add_func ("/store/reading/failure", test_failure);
  g_test_add_func ("/store/reading/settle", test_settle);
  g_test_add_func ("/store/reading/settled-when-failing", test_settled_when_failing);
  return g_test_run ();
}
