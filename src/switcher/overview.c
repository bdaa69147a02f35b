/* overview.c - what the control API tells: streams, orders, changes of sides, commands, drills,
 * what was published
 *
 * Pure rendering to JSON (docs/reference/control-api.md), the same over HTTP and D-Bus. On the
 * main loop.
 */
#include "switcher/overview.h"

#include "base/names.h"
#include "http/json.h"
#include "switcher/outcome.h"

static void
add_origin (JsonBuilder *json, const UsOriginView *origin, gint64 now_us) {
  json_builder_begin_object (json);
  us_json_add_text (json, "state", us_origin_state_word (origin->state));
  us_json_add_text (json, "reason", us_reason_word (origin->reason));
  us_json_add_flag (json, "is_active", origin->is_active);
  us_json_add_flag (json, "is_drained", origin->is_drained);
  us_json_add_text (json, "url", origin->url);
  us_json_add_integer_or_null (json, "newest_segment", origin->has_newest, (gint64)origin->newest);
  us_json_add_integer_or_null (json, "age_ms", origin->advanced_us > 0,
                               (now_us - origin->advanced_us) / 1000);
  json_builder_end_object (json);
}

static void
add_switch (JsonBuilder *json, const UsOverview *overview, const char *stream,
            const UsFeedSwitch *change) {
  const char *who, *why;
  us_view_find_author (change, stream, overview->control, &who, &why);
  json_builder_begin_object (json);
  us_json_add_integer (json, "time_ms", change->wall_ms);
  us_json_add_text (json, "from", us_origin_word (change->from));
  us_json_add_text (json, "to", us_origin_word (change->to));
  us_json_add_text (json, "reason", us_reason_word (change->reason));
  us_json_add_text (json, "class", us_reason_class_word (us_reason_class (change->reason)));
  us_json_add_integer (json, "gap_ms", change->gap_ms);
  us_json_add_integer (json, "overlap_ms", change->overlap_ms);
  us_json_add_text (json, "who", who);
  us_json_add_text (json, "why", why);
  json_builder_end_object (json);
}

static void
add_stream (JsonBuilder *json, const UsOverview *overview, const UsFeed *feed) {
  gint64 now_us = us_clock_monotonic_us (overview->access->clock);
  gint64 now_ms = us_clock_wall_us (overview->access->clock) / 1000;
  g_auto (UsStreamView) view = { 0 };
  us_stream_view_read (&view, feed, overview->access);
  UsRenditionStats stats;
  us_feed_get_stats (feed, &stats);
  json_builder_begin_object (json);
  g_autofree char *path = us_feed_make_path (feed);
  us_json_add_text (json, "name", view.name);
  us_json_add_text (json, "path", path);
  us_json_add_flag (json, "is_default", view.is_default);
  us_json_add_flag (json, "is_served", view.is_served);
  us_json_add_text (json, "active", us_origin_word (view.active));
  us_json_add_text (json, "home", view.has_home ? us_origin_word (view.home) : NULL);
  us_json_add_text (json, "pair", us_pair_kind_word (view.pair));
  us_json_add_text (json, "pair_reason", view.pair_reason);
  us_json_add_integer (json, "divergences", (gint64)stats.n_divergences);
  us_json_add_text (json, "mode", us_policy_mode_word (view.mode));
  us_json_add_flag (json, "is_strict", view.is_strict);
  us_json_add_integer_or_null (json, "until_ms", view.until_us > 0,
                               now_ms + (view.until_us - now_us) / 1000);
  us_json_add_text (json, "failback", us_failback_word (view.failback));
  us_json_add_integer (json, "failovers", (gint64)view.n_failovers);
  us_json_add_integer (json, "switchbacks", (gint64)view.n_switchbacks);
  json_builder_set_member_name (json, "origins");
  json_builder_begin_object (json);
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    json_builder_set_member_name (json, us_origin_word ((UsOriginId)i));
    add_origin (json, &view.origins[i], now_us);
  }
  json_builder_end_object (json);
  json_builder_set_member_name (json, "switches");
  json_builder_begin_array (json);
  for (guint i = 0; i < view.n_switches; i++)
    add_switch (json, overview, view.name, &view.switches[i]);
  json_builder_end_array (json);
  json_builder_end_object (json);
}

static void
add_streams (JsonBuilder *json, const UsOverview *overview, const char *stream) {
  json_builder_set_member_name (json, "streams");
  json_builder_begin_array (json);
  for (guint i = 0; i < overview->feeds->len; i++) {
    const UsFeed *feed = g_ptr_array_index (overview->feeds, i);
    if (stream == NULL || g_str_equal (us_feed_get_name (feed), stream))
      add_stream (json, overview, feed);
  }
  json_builder_end_array (json);
}

static void
add_commands (JsonBuilder *json, const UsControl *control) {
  json_builder_set_member_name (json, "commands");
  json_builder_begin_array (json);
  for (guint i = 0; i < us_control_get_n_entries (control); i++) {
    const UsControlEntry *entry = us_control_get_entry (control, i);
    json_builder_begin_object (json);
    us_json_add_integer (json, "id", (gint64)entry->id);
    us_json_add_integer (json, "time_ms", entry->wall_ms);
    us_json_add_text (json, "command", us_control_verb_word (entry->verb));
    us_json_add_text (json, "stream", entry->stream);
    us_json_add_text (json, "what", entry->what);
    us_json_add_text (json, "who", entry->who);
    us_json_add_text (json, "why", entry->why);
    us_json_add_text (json, "via", entry->via);
    us_json_add_text (json, "refused", entry->refusal);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
}

static void
add_outcome (JsonBuilder *json, const UsOutcome *outcome) {
  json_builder_begin_object (json);
  us_json_add_text (json, "name", outcome->name);
  us_json_add_text (json, "hit", outcome->hit);
  us_json_add_flag (json, "passed", outcome->has_passed);
  us_json_add_flag (json, "skipped", outcome->is_skipped);
  us_json_add_text (json, "verdict", outcome->verdict);
  us_json_add_integer (json, "stall_ms", outcome->stall_ms);
  us_json_add_integer (json, "failed_requests", outcome->failed_requests);
  us_json_add_integer (json, "missing_frames", outcome->missing_frames);
  us_json_add_integer (json, "repeated_frames", outcome->repeated_frames);
  us_json_add_integer (json, "added_delay_ms", outcome->added_delay_ms);
  json_builder_end_object (json);
}

static void
add_drill (JsonBuilder *json, const UsDrill *drill) {
  gboolean has_ended = drill->ended_ms > 0;
  json_builder_begin_object (json);
  us_json_add_text (json, "id", drill->id);
  us_json_add_text (json, "name", drill->name);
  us_json_add_text (json, "evidence", drill->evidence);
  us_json_add_integer (json, "started_ms", drill->started_ms);
  us_json_add_integer_or_null (json, "ended_ms", has_ended, drill->ended_ms);
  json_builder_set_member_name (json, "passed");
  if (has_ended)
    json_builder_add_boolean_value (json, drill->has_passed);
  else
    json_builder_add_null_value (json);
  json_builder_set_member_name (json, "results");
  json_builder_begin_array (json);
  for (guint i = 0; drill->outcomes != NULL && i < drill->outcomes->len; i++)
    add_outcome (json, g_ptr_array_index (drill->outcomes, i));
  json_builder_end_array (json);
  json_builder_end_object (json);
}

static char *
finish (JsonBuilder *json) {
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = json_to_string (root, FALSE);
  return g_strconcat (text, "\n", NULL);
}

/**
 * us_overview_all:
 *
 * Returns: (transfer full): everything, one line of JSON
 */
char *
us_overview_all (const UsOverview *overview) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  const UsDrill *active = overview->drills != NULL ? us_drills_get_active (overview->drills) : NULL;
  json_builder_begin_object (json);
  us_json_add_text (json, "version", US_VERSION);
  us_json_add_integer (json, "time_ms", us_clock_wall_us (overview->access->clock) / 1000);
  us_json_add_integer (json, "started_ms", us_clock_started_ms ());
  add_streams (json, overview, NULL);
  add_commands (json, overview->control);
  us_json_add_text (json, "active_drill", active != NULL ? active->id : NULL);
  return finish (json);
}

/**
 * us_overview_streams:
 * @stream: (nullable): only this one
 *
 * Returns: (transfer full): what a command answers
 */
char *
us_overview_streams (const UsOverview *overview, const char *stream) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  add_streams (json, overview, stream);
  return finish (json);
}

/**
 * us_overview_drills:
 *
 * Returns: (transfer full): which drills there are, and how those that ran ended
 */
char *
us_overview_drills (const UsOverview *overview) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  const GPtrArray *kinds = overview->drills != NULL ? us_drills_get_kinds (overview->drills) : NULL;
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "drills");
  json_builder_begin_array (json);
  for (guint i = 0; kinds != NULL && i < kinds->len; i++) {
    const UsDrillKind *kind = g_ptr_array_index (kinds, i);
    json_builder_begin_object (json);
    us_json_add_text (json, "name", kind->name);
    us_json_add_text (json, "summary", kind->summary);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_set_member_name (json, "runs");
  json_builder_begin_array (json);
  const GPtrArray *past = overview->drills != NULL ? us_drills_get_past (overview->drills) : NULL;
  for (guint i = 0; past != NULL && i < past->len; i++)
    add_drill (json, g_ptr_array_index (past, i));
  json_builder_end_array (json);
  return finish (json);
}

/**
 * us_overview_drill:
 *
 * Returns: (transfer full): the answer to its start
 */
char *
us_overview_drill (const UsDrill *drill) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "drill");
  add_drill (json, drill);
  return finish (json);
}

/* ---- what was published ---- */

/* Returns: (nullable): the stream of that name */
const UsFeed *
us_overview_find (const UsOverview *overview, const char *stream) {
  for (guint i = 0; i < overview->feeds->len; i++) {
    const UsFeed *feed = g_ptr_array_index (overview->feeds, i);
    if (g_str_equal (us_feed_get_name (feed), stream))
      return feed;
  }
  return NULL;
}

static void
add_publication (JsonBuilder *json, const UsChronicleRow *row) {
  g_autofree char *at = us_json_time (row->wall_us);
  json_builder_begin_object (json);
  us_json_add_integer (json, "number", (gint64)row->number);
  us_json_add_text (json, "name", row->name);
  us_json_add_text (json, "origin", row->is_gap ? NULL : us_origin_word (row->origin));
  us_json_add_text (json, "at", at);
  json_builder_set_member_name (json, "duration_s");
  json_builder_add_double_value (json, (double)row->duration_us / G_USEC_PER_SEC);
  us_json_add_integer (json, "bytes", row->is_gap ? 0 : (gint64)row->n_bytes);
  us_json_add_text (json, "hash", row->is_gap ? NULL : row->hash);
  us_json_add_text (json, "comparison", us_copy_word (row->copy));
  us_json_add_flag (json, "is_gap", row->is_gap);
  us_json_add_flag (json, "is_discontinuous", row->is_discontinuous);
  us_json_add_flag (json, "was_hedged", row->how.was_hedged);
  us_json_add_flag (json, "was_resumed", row->how.was_resumed);
  us_json_add_integer_or_null (json, "took_ms", row->how.took_us >= 0, row->how.took_us / 1000);
  json_builder_end_object (json);
}

static void
add_rendition_names (JsonBuilder *json, const UsFeed *feed) {
  json_builder_set_member_name (json, "renditions");
  json_builder_begin_array (json);
  for (guint i = 0; i < us_feed_get_n_renditions (feed); i++) {
    const char *name = us_rendition_get_short_name (us_feed_get_rendition (feed, i));
    if (name != NULL)
      json_builder_add_string_value (json, name);
  }
  json_builder_end_array (json);
}

/**
 * us_overview_ledger:
 * @rendition: (nullable): of @feed; %NULL: it has none yet
 * @after: rows with higher numbers, from the oldest on; -1: the newest rows
 * @limit: at most so many
 *
 * Returns: (transfer full): what was published, oldest first
 */
char *
us_overview_ledger (const UsFeed *feed, const UsRendition *rendition, gint64 after, guint limit) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  const UsChronicle *chronicle = rendition != NULL ? us_rendition_get_chronicle (rendition) : NULL;
  const UsChronicleRow *last = chronicle != NULL ? us_chronicle_get_last (chronicle) : NULL;
  guint n = chronicle != NULL ? us_chronicle_get_n_rows (chronicle) : 0;
  guint first = n - MIN (n, limit);
  if (n > 0 && after >= 0)
    first = us_chronicle_find_after (chronicle, (guint64)after);
  UsPairKind pair = rendition != NULL ? us_rendition_get_pair (rendition)->kind : US_PAIR_UNKNOWN;
  json_builder_begin_object (json);
  us_json_add_text (json, "stream", us_feed_get_name (feed));
  us_json_add_text (json, "pair", us_pair_kind_word (pair));
  us_json_add_text (json, "rendition",
                    rendition != NULL ? us_rendition_get_short_name (rendition) : NULL);
  add_rendition_names (json, feed);
  us_json_add_integer_or_null (json, "newest", last != NULL,
                               last != NULL ? (gint64)last->number : 0);
  json_builder_set_member_name (json, "rows");
  json_builder_begin_array (json);
  for (guint i = first; i < n && i - first < limit; i++)
    add_publication (json, us_chronicle_get_row (chronicle, i));
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = us_json_to_text (root, FALSE);
  return g_strconcat (text, "\n", NULL);
}
