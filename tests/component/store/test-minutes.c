/* test-minutes.c - the last minutes of all streams, however long the history of each is */
#include "stage.h"

#define MINUTE (60 * SECOND)
#define LONG_AGO 3000 /* minutes */

static void
on_minute (const char *stream, gint64 minute_us, const char *health, gpointer user_data) {
  g_ptr_array_add (user_data, g_strdup_printf ("%s %" G_GINT64_FORMAT " %s", stream,
                                               (minute_us - T0) / MINUTE, health));
}

static int
compare_texts (gconstpointer a, gconstpointer b) {
  return g_strcmp0 (*(const char *const *)a, *(const char *const *)b);
}

static char *
read_since (Stage *stage, gint64 minute, guint max_rows) {
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_assert_true (
      us_store_each_minute (stage->store, T0 + minute * MINUTE, max_rows, on_minute, rows, &error));
  g_assert_no_error (error);
  g_ptr_array_sort (rows, compare_texts);
  g_ptr_array_add (rows, NULL);
  return g_strjoinv (", ", (char **)rows->pdata);
}

static void
put (Stage *stage, const char *stream, gint64 minute, const char *health) {
  const UsRollupRow row
      = { .stream = (char *)stream, .minute_us = T0 + minute * MINUTE, .health = (char *)health };
  us_store_put_rollup (stage->store, &row);
}

static void
test_minutes (void) {
  Stage stage;
  stage_init (&stage);
  stage_open (&stage);
  g_autofree char *nothing = read_since (&stage, 0, 100);
  g_assert_cmpstr (nothing, ==, "");

  for (gint64 i = -LONG_AGO; i < 3; i++)
    put (&stage, "b", i, "HEALTHY");
  put (&stage, "a", -1, "UNHEALTHY");
  put (&stage, "a", 2, "DEGRADED");
  put (&stage, "gone", -LONG_AGO, "HEALTHY"); /* nothing of it is of now */
  put (&stage, "z", 1, "NO DATA");
  stage_barrier (&stage);
  g_autofree char *rows = read_since (&stage, 1, 100);
  g_assert_cmpstr (rows, ==, "a 2 DEGRADED, b 1 HEALTHY, b 2 HEALTHY, z 1 NO DATA");
  g_autofree char *none = read_since (&stage, 3, 100);
  g_assert_cmpstr (none, ==, "");
  g_autofree char *few = read_since (&stage, -LONG_AGO, 2);
  g_auto (GStrv) words = g_strsplit (few, ", ", -1);
  g_assert_cmpuint (g_strv_length (words), ==, 2);
  stage_clear (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/minutes", test_minutes);
  return g_test_run ();
}
