/* test-result.c - the contract of result.json, and the table for people */
#include "drill/result.h"

#include <json-glib/json-glib.h>

#include <string.h>

static UsDrillResult *
make_result (gboolean is_interchangeable) {
  UsDrillResult *result = us_drill_result_new (us_drill_find ("kill"), 1);
  static const char health[]
      = "{\"streams\":[{\"switches\":[{\"wall_ms\":1,\"from\":\"a\",\"to\":\"b\"},"
        "{\"wall_ms\":%" G_GINT64_FORMAT ",\"from\":\"primary\",\"to\":\"backup\",\"reason\":"
        "\"reset\",\"method\":\"date\",\"gap_ms\":120,\"overlap_ms\":0}]}]}";
  g_autofree char *text = g_strdup_printf (health, result->started.wall_us / 1000 + 5);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  result->hit = g_strdup ("primary");
  result->verdict = g_strdup ("nobody noticed");
  result->pair = g_strdup (is_interchangeable ? "identical" : "foreign");
  result->is_interchangeable = is_interchangeable;
  result->has_passed = TRUE;
  result->injected = (UsMoment){ 1000, G_GINT64_CONSTANT (1700000000123456) };
  result->felt = (UsFelt){ .stall_ms = 7,
                           .missing_frames = 1,
                           .frame_us = 40000,
                           .added_delay_ms = 90,
                           .discontinuities = 1 };
  us_drill_result_note (result, "SIGKILL for %s", "somebody");
  us_drill_result_take_health (result, us_health_read (bytes));
  return result;
}

static JsonObject *
first_drill (JsonParser *parser, const GPtrArray *results) {
  g_autoptr (GError) error = NULL;
  g_autofree char *text = us_drill_results_json (results, "twins");
  g_assert_true (json_parser_load_from_data (parser, text, -1, &error));
  g_assert_no_error (error);
  JsonObject *root = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpint (json_object_get_int_member (root, "schema"), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (root, "pair"), ==, "twins");
  return json_array_get_object_element (json_object_get_array_member (root, "drills"), 0);
}

static void
test_json (void) {
  g_autoptr (GPtrArray) results
      = g_ptr_array_new_with_free_func ((GDestroyNotify)us_drill_result_free);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_ptr_array_add (results, make_result (TRUE));
  JsonObject *drill = first_drill (parser, results);
  g_assert_cmpstr (json_object_get_string_member (drill, "name"), ==, "kill");
  g_assert_cmpstr (json_object_get_string_member (drill, "hit"), ==, "primary");
  g_assert_cmpint (json_object_get_int_member (drill, "run"), ==, 1);
  g_assert_true (json_object_get_boolean_member (drill, "passed"));
  g_assert_true (json_object_get_null_member (drill, "ended"));
  JsonObject *injected = json_object_get_object_member (drill, "injected");
  g_assert_cmpstr (json_object_get_string_member (injected, "time"), ==,
                   "2023-11-14T22:13:20.123Z");
  g_assert_cmpint (json_object_get_int_member (injected, "monotonic_us"), ==, 1000);
  JsonObject *viewer = json_object_get_object_member (drill, "viewer");
  g_assert_cmpint (json_object_get_int_member (viewer, "stall_ms"), ==, 7);
  g_assert_cmpint (json_object_get_int_member (viewer, "added_delay_ms"), ==, 90);
  g_assert_cmpint (json_object_get_int_member (viewer, "missing_frames"), ==, 1);
  JsonArray *switches = json_object_get_array_member (drill, "switches");
  g_assert_cmpuint (json_array_get_length (switches), ==, 1); /* the other one was before */
  g_assert_cmpint (json_object_get_int_member (drill, "gap_ms"), ==, 120);
  g_assert_cmpstr (json_object_get_string_member (drill, "method"), ==, "date");
  JsonArray *events = json_object_get_array_member (drill, "events");
  g_assert_nonnull (strstr (json_array_get_string_element (events, 0), "SIGKILL for somebody"));
}

/* Foreign pairs: 1 frame seen to be missing, and 120 ms of 40 ms frames as the switcher says. */
static void
test_reported (void) {
  g_autoptr (GPtrArray) results
      = g_ptr_array_new_with_free_func ((GDestroyNotify)us_drill_result_free);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_ptr_array_add (results, make_result (FALSE));
  JsonObject *viewer = json_object_get_object_member (first_drill (parser, results), "viewer");
  g_assert_cmpint (json_object_get_int_member (viewer, "missing_frames"), ==, 4);
  g_assert_true (
      json_object_get_boolean_member (viewer, "frames_across_discontinuity_as_reported"));
}

static void
test_people (void) {
  g_autoptr (GPtrArray) results
      = g_ptr_array_new_with_free_func ((GDestroyNotify)us_drill_result_free);
  UsDrillResult *skipped = us_drill_result_new (us_drill_find ("encoder-gone"), 1);
  skipped->hit = g_strdup ("source");
  skipped->verdict = g_strdup ("skipped: needs --encoder-pid");
  skipped->is_skipped = TRUE;
  g_ptr_array_add (results, make_result (TRUE));
  g_ptr_array_add (results, skipped);
  g_autofree char *table = us_drill_results_table (results);
  g_assert_nonnull (strstr (table, "kill             primary  passed"));
  g_assert_nonnull (strstr (table, "needs --encoder-pid"));
  g_autofree char *summary = us_drill_result_summary (results->pdata[0]);
  g_assert_nonnull (strstr (summary, "switch from primary to backup: reset, gap 120 ms"));
  g_assert_nonnull (strstr (summary, "SIGKILL for somebody"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/result/json", test_json);
  g_test_add_func ("/drill/result/reported", test_reported);
  g_test_add_func ("/drill/result/people", test_people);
  return g_test_run ();
}
