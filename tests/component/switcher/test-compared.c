/* test-compared.c - what the ledger tells of each segment: who delivered it, and what the other has
 */
#include "stage.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "unit/switcher/ts-segment.h"

#define LEDGER "/control/streams/mystream/ledger"
#define WATCHDOG_US (30 * G_USEC_PER_SEC)

static void
begin (Stage *stage, guint n) {
  stage_open (stage);
  for (guint i = 0; i < n; i++)
    stage_next (stage, TRUE, TRUE);
  stage_start_switcher (stage);
  g_autofree char *name = stage_name (stage);
  us_viewer_await (stage->viewer, name);
}

static void
await_last (Stage *stage) {
  g_autofree char *name = stage_name (stage);
  us_viewer_await (stage->viewer, name);
}

static JsonNode *
read_ledger (Stage *stage) {
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage->viewer, LEDGER "?limit=250");
  g_assert_cmpuint (reply->status, ==, 200);
  g_autofree char *text
      = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);
  g_assert_no_error (error);
  return node;
}

/* How many rows have this text, or any when NULL, as their comparison. */
static guint
count (JsonNode *ledger, const char *comparison) {
  JsonArray *rows = json_object_get_array_member (json_node_get_object (ledger), "rows");
  guint n = 0;
  for (guint i = 0; i < json_array_get_length (rows); i++) {
    JsonObject *row = json_array_get_object_element (rows, i);
    if (comparison == NULL
        || strcmp (json_object_get_string_member (row, "comparison"), comparison) == 0)
      n++;
  }
  return n;
}

static void
await_count (Stage *stage, const char *comparison, guint wanted) {
  gint64 begun_us = g_get_monotonic_time ();
  guint n = 0;
  while (n != wanted) {
    g_autoptr (JsonNode) ledger = read_ledger (stage);
    n = count (ledger, comparison);
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
  }
}

static double
compared (Stage *stage, const char *result) {
  g_autofree char *sample = g_strdup_printf (
      "understudy_switcher_comparisons_total{stream=\"mystream\",result=\"%s\"}", result);
  return stage_metric (stage, sample);
}

static double
divergences (Stage *stage) {
  return stage_metric (stage, "understudy_switcher_divergences_total{stream=\"mystream\"}");
}

/* The next one, of which the backup has bytes of its own. */
static void
next_other (Stage *stage, guint8 seed) {
  stage_next (stage, TRUE, FALSE);
  g_autofree char *name = stage_name (stage);
  g_autoptr (GBytes) other = ts_segment (stage->number, seed);
  fake_origin_add (stage->fakes[1], name, stage->number, 0,
                   1700000000000 + (gint64)stage->number * 1000, G_USEC_PER_SEC, other);
}

/* Each is asked for once, and no bytes are. */
static void
test_twins (void) {
  Stage stage;
  begin (&stage, 10);
  for (guint i = 0; i < 15; i++) {
    stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
    await_count (&stage, "equal", 11 + i);
  }
  g_autoptr (JsonNode) ledger = read_ledger (&stage);
  JsonObject *root = json_node_get_object (ledger);
  JsonArray *rows = json_object_get_array_member (root, "rows");
  g_assert_cmpstr (json_object_get_string_member (root, "pair"), ==, "identical");
  g_assert_true (json_object_get_null_member (root, "rendition"));
  g_assert_cmpint (json_object_get_int_member (root, "newest"), ==, (gint64)stage.number);
  g_assert_cmpuint (json_array_get_length (rows), ==, 25);
  for (guint i = 0; i < 25; i++) {
    JsonObject *row = json_array_get_object_element (rows, i);
    guint64 number = stage.number - 24 + i;
    g_autofree char *name = us_segment_name (STAGE_EPOCH, number);
    g_autoptr (GBytes) bytes = ts_segment (number, 0);
    g_autoptr (UsSegment) segment = us_segment_new (0, number, name, bytes);
    g_assert_cmpint (json_object_get_int_member (row, "number"), ==, (gint64)number);
    g_assert_cmpstr (json_object_get_string_member (row, "name"), ==, name);
    g_assert_cmpint (json_object_get_int_member (row, "bytes"), ==,
                     (gint64)g_bytes_get_size (bytes));
    g_assert_true (g_str_has_prefix (segment->etag + 1, /* behind its quote */
                                     json_object_get_string_member (row, "hash")));
    g_assert_cmpfloat (json_object_get_double_member (row, "duration_s"), ==, 1.0);
    g_assert_true (g_str_has_suffix (json_object_get_string_member (row, "at"), "Z"));
    g_assert_cmpint (json_object_get_int_member (row, "took_ms"), >=, 0);
    g_assert_false (json_object_get_boolean_member (row, "is_gap"));
    g_assert_false (json_object_get_boolean_member (row, "was_resumed"));
  }
  g_assert_cmpuint (fake_origin_count_heads (stage.fakes[0], ".ts")
                        + fake_origin_count_heads (stage.fakes[1], ".ts"),
                    ==, 25);
  double hedges = stage_metric (&stage, "understudy_switcher_hedges_total{stream=\"mystream\"}");
  g_assert_cmpfloat (fake_origin_count (stage.fakes[0], ".ts")
                         + fake_origin_count (stage.fakes[1], ".ts"),
                     <=, 25 + 2 + hedges); /* what was before the first is asked of both */
  g_assert_cmpfloat (compared (&stage, "equal"), ==, 25);
  g_assert_cmpfloat (compared (&stage, "different"), ==, 0);
  g_assert_cmpfloat (compared (&stage, "unanswered"), ==, 0);
  stage_close (&stage);
}

/* The first of other bytes is found out, and raised as a divergence once; the rest are shown. */
static void
test_divergence (void) {
  Stage stage;
  begin (&stage, 10);
  await_count (&stage, "equal", 10);
  next_other (&stage, 3);
  await_last (&stage);
  await_count (&stage, "different", 1);
  g_assert_cmpfloat (divergences (&stage), ==, 1);
  for (guint i = 0; i < 3; i++) {
    next_other (&stage, 3);
    await_last (&stage);
    await_count (&stage, "different", 2 + i);
  }
  g_assert_cmpfloat (divergences (&stage), ==, 1);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  await_count (&stage, "equal", 11);
  stage_close (&stage);
}

/* What is said to be other and cannot be looked at whole is not held against anybody. */
static void
test_damaged (void) {
  Stage stage;
  begin (&stage, 10);
  await_count (&stage, "equal", 10);
  fake_origin_set_mode (stage.fakes[1], FAKE_WRONG_SEGMENT);
  next_other (&stage, 3);
  await_last (&stage);
  gint64 begun_us = g_get_monotonic_time ();
  while (compared (&stage, "unanswered") < 1)
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
  g_autoptr (JsonNode) ledger = read_ledger (&stage);
  g_assert_cmpuint (count (ledger, "not-compared"), ==, 1);
  g_assert_cmpfloat (divergences (&stage), ==, 0);
  stage_close (&stage);
}

/* A twin that does not answer is asked one question at a time, and the stream does not wait. */
static void
test_silent (void) {
  Stage stage;
  begin (&stage, 10);
  await_count (&stage, "equal", 10);
  guint before = fake_origin_count_heads (stage.fakes[1], ".ts");
  fake_origin_set_mode (stage.fakes[1], FAKE_FROZEN_SEGMENT);
  for (guint i = 0; i < 15; i++) {
    stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
  }
  guint asked = fake_origin_count_heads (stage.fakes[1], ".ts") - before;
  g_assert_cmpuint (asked, >=, 1);
  g_assert_cmpfloat (asked, <=, 1 + compared (&stage, "unanswered"));
  await_count (&stage, "not-compared", 15);
  fake_origin_set_mode (stage.fakes[1], FAKE_GOOD);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  g_autofree char *name = stage_name (&stage);
  gint64 begun_us = g_get_monotonic_time ();
  while (fake_origin_count_heads (stage.fakes[1], name) == 0) { /* as soon as that one is over */
    us_viewer_pass (20);
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
  }
  stage_close (&stage);
}

/* With one origin there is nothing to compare; what nobody has is told as that. */
static void
test_alone (void) {
  Stage stage;
  begin (&stage, 10);
  await_count (&stage, "equal", 10);
  fake_origin_set_mode (stage.fakes[1], FAKE_DEAD);
  stage_next (&stage, TRUE, FALSE);
  await_last (&stage);
  stage_next (&stage, FALSE, FALSE);
  stage_next (&stage, TRUE, FALSE);
  await_last (&stage);
  g_autoptr (JsonNode) ledger = read_ledger (&stage);
  JsonArray *rows = json_object_get_array_member (json_node_get_object (ledger), "rows");
  g_assert_cmpuint (json_array_get_length (rows), ==, 13);
  JsonObject *gap = json_array_get_object_element (rows, 11);
  g_assert_true (json_object_get_boolean_member (gap, "is_gap"));
  g_assert_true (json_object_get_null_member (gap, "origin"));
  g_assert_true (json_object_get_null_member (gap, "hash"));
  g_assert_true (json_object_get_null_member (gap, "took_ms"));
  g_assert_cmpint (json_object_get_int_member (gap, "bytes"), ==, 0);
  g_assert_cmpstr (json_object_get_string_member (gap, "comparison"), ==, "not-comparable");
  g_assert_cmpuint (count (ledger, "not-compared"), ==, 2);
  stage_close (&stage);
}

/* What broke off and was gone on with is told, and how long it took all in all. */
static void
test_resumed (void) {
  Stage stage;
  begin (&stage, 10);
  await_count (&stage, "equal", 10);
  fake_origin_set_mode (stage.fakes[0], FAKE_CUT_SEGMENT);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  g_autoptr (JsonNode) ledger = read_ledger (&stage);
  JsonArray *rows = json_object_get_array_member (json_node_get_object (ledger), "rows");
  JsonObject *row = json_array_get_object_element (rows, json_array_get_length (rows) - 1);
  g_assert_true (json_object_get_boolean_member (row, "was_hedged"));
  g_assert_true (json_object_get_boolean_member (row, "was_resumed"));
  g_assert_cmpstr (json_object_get_string_member (row, "origin"), ==, "backup");
  stage_close (&stage);
}

/* Two of somebody else's packagers have nothing that could be equal. */
static void
test_foreign (void) {
  Stage stage;
  stage_open (&stage);
  stage_play_foreign (&stage);
  stage_start_switcher (&stage);
  gint64 begun_us = g_get_monotonic_time ();
  guint n = 0;
  while (n < 3) {
    us_viewer_pass (50);
    g_autoptr (JsonNode) ledger = read_ledger (&stage);
    n = count (ledger, "not-comparable");
    g_assert_cmpuint (n, ==, count (ledger, NULL));
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
  }
  g_assert_cmpuint (fake_origin_count_heads (stage.fakes[0], "")
                        + fake_origin_count_heads (stage.fakes[1], ""),
                    ==, 0);
  stage_close (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/compared/twins", test_twins);
  g_test_add_func ("/switcher/compared/divergence", test_divergence);
  g_test_add_func ("/switcher/compared/damaged", test_damaged);
  g_test_add_func ("/switcher/compared/silent", test_silent);
  g_test_add_func ("/switcher/compared/alone", test_alone);
  g_test_add_func ("/switcher/compared/resumed", test_resumed);
  g_test_add_func ("/switcher/compared/foreign", test_foreign);
  return g_test_run ();
}
