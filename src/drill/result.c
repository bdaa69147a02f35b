/* result.c - what one drill brought, in the three forms in which it is read
 *
 * Pure but for us_moment_now() and the notes, which carry the time they were made.
 */
#include "drill/result.h"

#include <string.h>

#include "http/json.h"

#define SCHEMA 1

UsMoment
us_moment_now (void) {
  return (UsMoment){ g_get_monotonic_time (), g_get_real_time () };
}

static char *
format_wall (gint64 wall_us) {
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (wall_us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");
  return g_strdup_printf ("%s.%03dZ", text, (int)(wall_us / 1000 % 1000));
}

/**
 * us_drill_result_new:
 * @drill: static
 * @run: which time it is, from 1
 *
 * Returns: (transfer full): a result that has not passed
 */
UsDrillResult *
us_drill_result_new (const UsDrill *drill, guint run) {
  UsDrillResult *result = g_new0 (UsDrillResult, 1);
  result->drill = drill;
  result->run = run;
  result->started = us_moment_now ();
  result->switches = g_ptr_array_new ();
  result->events = g_ptr_array_new_with_free_func (g_free);
  return result;
}

void
us_drill_result_free (UsDrillResult *result) {
  if (result == NULL)
    return;
  us_felt_clear (&result->felt);
  g_ptr_array_unref (result->switches);
  g_ptr_array_unref (result->events);
  us_health_free (result->health);
  g_free (result->hit);
  g_free (result->verdict);
  g_free (result->pair);
  g_free (result);
}

/**
 * us_drill_result_note:
 * @format: what was done or seen
 */
void
us_drill_result_note (UsDrillResult *result, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  gint64 since_us = g_get_monotonic_time () - result->started.monotonic_us;
  g_ptr_array_add (result->events,
                   g_strdup_printf ("%+.3f s %s", (double)since_us / G_USEC_PER_SEC, text));
}

/**
 * us_drill_result_take_health:
 * @health: (transfer full) (nullable): the switcher's at the end of the drill
 *
 * Keeps the changes of sides that happened since the drill began, and what kind of pair it was.
 */
void
us_drill_result_take_health (UsDrillResult *result, UsHealth *health) {
  gint64 since_ms = result->started.wall_us / 1000;
  g_ptr_array_set_size (result->switches, 0);
  us_health_free (result->health);
  result->health = health;
  for (guint i = 0; health != NULL && i < health->switches->len; i++) {
    UsHealthSwitch *change = health->switches->pdata[i];
    if (change->wall_ms >= since_ms)
      g_ptr_array_add (result->switches, change);
  }
}

static void
sum_seams (const UsDrillResult *result, gint64 *gap_ms, gint64 *overlap_ms, const char **method) {
  *gap_ms = *overlap_ms = 0;
  *method = NULL;
  for (guint i = 0; i < result->switches->len; i++) {
    const UsHealthSwitch *change = result->switches->pdata[i];
    *gap_ms += change->gap_ms;
    *overlap_ms += change->overlap_ms;
    *method = change->method != NULL ? change->method : *method;
  }
}

/* Of a foreign pair nobody can count frames across the seam from outside: as reported. */
static void
count_reported (const UsDrillResult *result, guint *missing, guint *repeated) {
  gint64 gap_ms, overlap_ms;
  const char *method;
  *missing = result->felt.missing_frames;
  *repeated = result->felt.repeated_frames;
  if (result->is_interchangeable || result->felt.frame_us <= 0)
    return;
  sum_seams (result, &gap_ms, &overlap_ms, &method);
  *missing += (guint)((gap_ms * 1000 + result->felt.frame_us / 2) / result->felt.frame_us);
  *repeated += (guint)((overlap_ms * 1000 + result->felt.frame_us / 2) / result->felt.frame_us);
}

/* ---- JSON ---- */

static void
add_moment (JsonBuilder *json, const char *name, UsMoment moment) {
  json_builder_set_member_name (json, name);
  if (moment.wall_us == 0) {
    json_builder_add_null_value (json);
    return;
  }
  g_autofree char *text = format_wall (moment.wall_us);
  json_builder_begin_object (json);
  us_json_add_text (json, "time", text);
  us_json_add_integer (json, "monotonic_us", moment.monotonic_us);
  json_builder_end_object (json);
}

static void
add_texts (JsonBuilder *json, const char *name, const GPtrArray *texts) {
  json_builder_set_member_name (json, name);
  json_builder_begin_array (json);
  for (guint i = 0; texts != NULL && i < texts->len; i++)
    json_builder_add_string_value (json, texts->pdata[i]);
  json_builder_end_array (json);
}

static void
add_felt (JsonBuilder *json, const UsDrillResult *result) {
  guint missing, repeated;
  const UsFelt *felt = &result->felt;
  count_reported (result, &missing, &repeated);
  json_builder_set_member_name (json, "viewer");
  json_builder_begin_object (json);
  us_json_add_integer (json, "stall_ms", felt->stall_ms);
  us_json_add_integer (json, "failed_requests", felt->failed_requests);
  us_json_add_integer (json, "missing_frames", missing);
  us_json_add_integer (json, "repeated_frames", repeated);
  us_json_add_flag (json, "frames_across_discontinuity_as_reported",
                    !result->is_interchangeable && result->felt.discontinuities > 0);
  us_json_add_integer (json, "added_delay_ms", felt->added_delay_ms);
  us_json_add_integer (json, "discontinuities", felt->discontinuities);
  us_json_add_integer (json, "segments", felt->n_segments);
  add_texts (json, "violations", felt->violations);
  add_texts (json, "details", felt->details);
  json_builder_end_object (json);
}

static void
add_switches (JsonBuilder *json, const UsDrillResult *result) {
  json_builder_set_member_name (json, "switches");
  json_builder_begin_array (json);
  for (guint i = 0; i < result->switches->len; i++) {
    const UsHealthSwitch *change = result->switches->pdata[i];
    g_autofree char *time = format_wall (change->wall_ms * 1000);
    json_builder_begin_object (json);
    us_json_add_text (json, "time", time);
    us_json_add_text (json, "from", change->from);
    us_json_add_text (json, "to", change->to);
    us_json_add_text (json, "reason", change->reason);
    us_json_add_text (json, "method", change->method);
    us_json_add_integer (json, "gap_ms", change->gap_ms);
    us_json_add_integer (json, "overlap_ms", change->overlap_ms);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

static void
add_result (JsonBuilder *json, const UsDrillResult *result) {
  gint64 gap_ms, overlap_ms;
  const char *method;
  sum_seams (result, &gap_ms, &overlap_ms, &method);
  json_builder_begin_object (json);
  us_json_add_text (json, "name", result->drill->name);
  us_json_add_text (json, "hit", result->hit);
  us_json_add_integer (json, "run", result->run);
  us_json_add_flag (json, "passed", result->has_passed);
  us_json_add_flag (json, "skipped", result->is_skipped);
  us_json_add_text (json, "verdict", result->verdict);
  us_json_add_text (json, "pair", result->pair);
  add_moment (json, "started", result->started);
  add_moment (json, "injected", result->injected);
  add_moment (json, "ended", result->ended);
  add_felt (json, result);
  add_switches (json, result);
  us_json_add_integer (json, "gap_ms", gap_ms);
  us_json_add_integer (json, "overlap_ms", overlap_ms);
  us_json_add_text (json, "method", method);
  us_json_add_integer (json, "loop_late_ms", result->loop_late_ms);
  add_texts (json, "events", result->events);
  json_builder_end_object (json);
}

/**
 * us_drill_results_json:
 * @results: (element-type UsDrillResult): so far
 * @pair: what was rehearsed: "twins", "transcoded", "given" or "live"
 *
 * Returns: (transfer full): the content of result.json
 */
char *
us_drill_results_json (const GPtrArray *results, const char *pair) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_json_add_integer (json, "schema", SCHEMA);
  us_json_add_text (json, "pair", pair);
  json_builder_set_member_name (json, "drills");
  json_builder_begin_array (json);
  for (guint i = 0; i < results->len; i++)
    add_result (json, results->pdata[i]);
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = json_to_string (root, TRUE);
  return g_strconcat (text, "\n", NULL);
}

/* ---- for people ---- */

/**
 * us_drill_results_table:
 *
 * Returns: (transfer full): one line for each, under a heading
 */
char *
us_drill_results_table (const GPtrArray *results) {
  g_autoptr (GString) out = g_string_new (NULL);
  g_string_append_printf (out, "%-16s %-8s %-8s %8s %7s %8s %9s %9s  %s\n", "drill", "hit",
                          "verdict", "stall ms", "failed", "missing", "repeated", "delay ms", "");
  for (guint i = 0; i < results->len; i++) {
    const UsDrillResult *result = results->pdata[i];
    const UsFelt *felt = &result->felt;
    guint missing, repeated;
    count_reported (result, &missing, &repeated);
    const char *word = result->is_skipped ? "skipped" : result->has_passed ? "passed" : "FAILED";
    g_string_append_printf (
        out, "%-16s %-8s %-8s %8" G_GINT64_FORMAT " %7u %8u %9u %9" G_GINT64_FORMAT "  %s\n",
        result->drill->name, result->hit, word, felt->stall_ms, felt->failed_requests, missing,
        repeated, felt->added_delay_ms, result->verdict);
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static void
append_lines (GString *out, const char *what, const GPtrArray *lines) {
  for (guint i = 0; lines != NULL && i < lines->len; i++)
    g_string_append_printf (out, "%s%s\n", what, (const char *)lines->pdata[i]);
}

/**
 * us_drill_result_summary:
 *
 * Returns: (transfer full): the content of summary.txt
 */
char *
us_drill_result_summary (const UsDrillResult *result) {
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GPtrArray) alone = g_ptr_array_new ();
  g_autofree char *time = format_wall (result->started.wall_us);
  g_ptr_array_add (alone, (gpointer)result);
  g_autofree char *table = us_drill_results_table (alone);
  g_string_append_printf (out, "%s: %s\n%s, hit %s, pair %s\n\n%s\n", result->drill->name,
                          result->drill->sentence, time, result->hit,
                          result->pair != NULL ? result->pair : "unknown", table);
  append_lines (out, "", result->events);
  for (guint i = 0; i < result->switches->len; i++) {
    const UsHealthSwitch *change = result->switches->pdata[i];
    g_string_append_printf (out,
                            "switch from %s to %s: %s, gap %" G_GINT64_FORMAT
                            " ms, overlap %" G_GINT64_FORMAT " ms, by %s\n",
                            change->from, change->to, change->reason, change->gap_ms,
                            change->overlap_ms, change->method != NULL ? change->method : "?");
  }
  append_lines (out, "violation: ", result->felt.violations);
  append_lines (out, "", result->felt.details);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
