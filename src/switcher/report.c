/* report.c - what the switcher says of itself: /healthz
 *
 * Reads the feeds on the main loop, keeps nothing. The metrics are in report-metrics.c.
 */
#include "switcher/report.h"

#include <math.h>

#include "http/json.h"
#include "switcher/report-private.h"

/* Seconds since the PROGRAM-DATE-TIME of the newest segment: a metric across two clocks, no judge.
 * NaN without one. */
double
us_report_segment_age_s (const UsFollower *follower, const UsClock *clock) {
  gint64 wall_ms = us_follower_get_newest_wall_ms (follower);
  if (wall_ms < 0)
    return NAN;
  return (double)(us_clock_wall_us (clock) / 1000 - wall_ms) / 1000.0;
}

static void
add_origin (JsonBuilder *json, const UsFeed *feed, UsOriginId origin, const UsClock *clock) {
  const UsFollower *follower = us_feed_get_follower (feed, origin);
  const UsOriginVerdict *verdict = &us_feed_peek_policy (feed)->verdict[origin];
  guint64 epoch, number;
  double age_s = us_report_segment_age_s (follower, clock);

  json_builder_set_member_name (json, us_origin_word (origin));
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "state");
  json_builder_add_string_value (json, us_origin_state_word (verdict->state));
  json_builder_set_member_name (json, "reason");
  json_builder_add_string_value (json, us_reason_word (verdict->reason));
  json_builder_set_member_name (json, "segment_age_seconds");
  if (isnan (age_s))
    json_builder_add_null_value (json);
  else
    json_builder_add_double_value (json, age_s);
  json_builder_set_member_name (json, "last_number");
  if (us_follower_get_newest (follower, &epoch, &number))
    json_builder_add_int_value (json, (gint64)number);
  else
    json_builder_add_null_value (json);
  json_builder_end_object (json);
}

static void
add_origins (JsonBuilder *json, const UsFeed *feed, const UsClock *clock) {
  json_builder_set_member_name (json, "origins");
  json_builder_begin_object (json);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    add_origin (json, feed, (UsOriginId)i, clock);
  json_builder_end_object (json);
}

static void
add_rendition (JsonBuilder *json, const UsRendition *rendition) {
  const UsRenditionStats *stats = us_rendition_get_stats (rendition);
  const UsAlignment *alignment = us_rendition_get_alignment (rendition);
  const UsLedgerRow *last = us_ledger_get_last (us_rendition_get_ledger (rendition));
  json_builder_begin_object (json);
  us_json_add_text (json, "playlist", us_rendition_get_playlist_name (rendition));
  us_json_add_flag (json, "is_served", us_rendition_is_ready (rendition));
  us_json_add_text (json, "pair", us_pair_kind_word (us_rendition_get_pair (rendition)->kind));
  json_builder_set_member_name (json, "timeline_offset_ms");
  if (alignment->is_known)
    json_builder_add_int_value (json, alignment->offset_us / 1000);
  else
    json_builder_add_null_value (json);
  json_builder_set_member_name (json, "last_number");
  if (last != NULL)
    json_builder_add_int_value (json, (gint64)last->segment->number);
  else
    json_builder_add_null_value (json);
  us_json_add_integer (json, "segments", (gint64)stats->n_commits);
  json_builder_end_object (json);
}

/* Who ordered it, and why, is for those who may steer: /control/status and D-Bus. */
static void
add_switch (JsonBuilder *json, const UsFeedSwitch *change) {
  json_builder_begin_object (json);
  us_json_add_text (json, "from", us_origin_word (change->from));
  us_json_add_text (json, "to", us_origin_word (change->to));
  us_json_add_text (json, "reason", us_reason_word (change->reason));
  us_json_add_text (json, "method", us_join_method_word (change->method));
  us_json_add_integer (json, "gap_ms", change->gap_ms);
  us_json_add_integer (json, "overlap_ms", change->overlap_ms);
  us_json_add_integer (json, "wall_ms", change->wall_ms);
  us_json_add_integer (json, "number", (gint64)change->number);
  json_builder_end_object (json);
}

static void
add_stream (JsonBuilder *json, const UsFeed *feed, const UsClock *clock) {
  const UsLedger *ledger = us_feed_get_ledger (feed);
  const UsLedgerRow *last = ledger != NULL ? us_ledger_get_last (ledger) : NULL;
  const char *why;
  guint n_switches;
  const UsFeedSwitch *switches = us_feed_get_switches (feed, &n_switches);
  UsRenditionStats stats;
  us_feed_get_stats (feed, &stats);
  json_builder_begin_object (json);
  g_autofree char *path = us_feed_make_path (feed);
  us_json_add_text (json, "name", us_feed_get_name (feed));
  us_json_add_text (json, "path", path);
  us_json_add_flag (json, "is_default", us_feed_is_default (feed));
  us_json_add_flag (json, "is_served", us_feed_is_ready (feed));
  us_json_add_text (json, "active_origin", us_origin_word (us_feed_peek_policy (feed)->active));
  us_json_add_flag (json, "is_interchangeable", us_feed_is_interchangeable (feed));
  us_json_add_text (json, "pair", us_pair_kind_word (us_feed_get_pair (feed, &why)));
  us_json_add_text (json, "pair_reason", why);
  us_json_add_integer (json, "divergences", (gint64)stats.n_divergences);
  json_builder_set_member_name (json, "last_number");
  if (last != NULL)
    json_builder_add_int_value (json, (gint64)last->segment->number);
  else
    json_builder_add_null_value (json);
  add_origins (json, feed, clock);
  json_builder_set_member_name (json, "renditions");
  json_builder_begin_array (json);
  for (guint i = 0; i < us_feed_get_n_renditions (feed); i++)
    add_rendition (json, us_feed_get_rendition (feed, i));
  json_builder_end_array (json);
  json_builder_set_member_name (json, "switches");
  json_builder_begin_array (json);
  for (guint i = 0; i < n_switches; i++)
    add_switch (json, &switches[i]);
  json_builder_end_array (json);
  json_builder_end_object (json);
}

/* The stream that stands for the switcher as a whole: the default one, unless only others run. */
static const UsFeed *
leading_feed (const GPtrArray *feeds) {
  const UsFeed *first = g_ptr_array_index (feeds, 0);
  for (guint i = 0; i < feeds->len && !us_feed_is_ready (first); i++) {
    if (us_feed_is_ready (g_ptr_array_index (feeds, i)))
      return g_ptr_array_index (feeds, i);
  }
  return first;
}

/**
 * us_report_health:
 * @can_serve: (out): whether any stream can be played; decides between 200 and 503
 *
 * Returns: (transfer full): JSON
 */
GBytes *
us_report_health (const GPtrArray *feeds, const UsClock *clock, gboolean *can_serve) {
  UsFakeClock moment; /* everything on one page is of one moment */
  us_fake_clock_init (&moment, us_clock_monotonic_us (clock), us_clock_wall_us (clock));
  clock = &moment.clock;
  *can_serve = FALSE;
  for (guint i = 0; i < feeds->len; i++)
    *can_serve = *can_serve || us_feed_is_ready (g_ptr_array_index (feeds, i));
  const UsFeed *leading = leading_feed (feeds);

  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "status");
  json_builder_add_string_value (json, *can_serve ? "ok" : "unavailable");
  us_json_add_integer (json, "started_ms", us_clock_started_ms ());
  json_builder_set_member_name (json, "active_origin");
  json_builder_add_string_value (json, us_origin_word (us_feed_peek_policy (leading)->active));
  json_builder_set_member_name (json, "streams");
  json_builder_begin_array (json);
  for (guint i = 0; i < feeds->len; i++)
    add_stream (json, g_ptr_array_index (feeds, i), clock);
  json_builder_end_array (json);
  json_builder_set_member_name (json, "origins_as_seen_by");
  json_builder_add_string_value (json, us_feed_get_name (leading));
  add_origins (json, leading, clock);
  json_builder_end_object (json);

  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = json_to_string (root, FALSE);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  return g_bytes_new (line, strlen (line));
}
