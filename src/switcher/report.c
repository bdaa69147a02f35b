/* report.c - what the switcher says of itself: /healthz and /metrics
 *
 * Reads the feeds on the main loop, keeps nothing. The five families without the understudy_
 * prefix keep the names and meanings that dashboards of the seed rely on; they speak of the
 * default stream. Everything else is labelled by stream, of which there are at most
 * US_CATALOG_MAX_STREAMS and one.
 */
#include "switcher/report.h"

#include <json-glib/json-glib.h>
#include <math.h>

#include "http/exposition.h"

/* Seconds since the PROGRAM-DATE-TIME of the newest segment: a metric across two clocks, no judge.
 * NaN without one. */
static double
segment_age_s (const UsFollower *follower, const UsClock *clock) {
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
  double age_s = segment_age_s (follower, clock);

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
add_stream (JsonBuilder *json, const UsFeed *feed) {
  const UsLedgerRow *last = us_ledger_get_last (us_feed_get_ledger (feed));
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "name");
  json_builder_add_string_value (json, us_feed_get_name (feed));
  json_builder_set_member_name (json, "is_default");
  json_builder_add_boolean_value (json, us_feed_is_default (feed));
  json_builder_set_member_name (json, "is_served");
  json_builder_add_boolean_value (json, us_feed_is_ready (feed));
  json_builder_set_member_name (json, "active_origin");
  json_builder_add_string_value (json, us_origin_word (us_feed_peek_policy (feed)->active));
  json_builder_set_member_name (json, "is_interchangeable");
  json_builder_add_boolean_value (json, us_feed_is_interchangeable (feed));
  json_builder_set_member_name (json, "last_number");
  if (last != NULL)
    json_builder_add_int_value (json, (gint64)last->segment->number);
  else
    json_builder_add_null_value (json);
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
  *can_serve = FALSE;
  for (guint i = 0; i < feeds->len; i++)
    *can_serve = *can_serve || us_feed_is_ready (g_ptr_array_index (feeds, i));
  const UsFeed *leading = leading_feed (feeds);

  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "status");
  json_builder_add_string_value (json, *can_serve ? "ok" : "unavailable");
  json_builder_set_member_name (json, "active_origin");
  json_builder_add_string_value (json, us_origin_word (us_feed_peek_policy (leading)->active));
  json_builder_set_member_name (json, "streams");
  json_builder_begin_array (json);
  for (guint i = 0; i < feeds->len; i++)
    add_stream (json, g_ptr_array_index (feeds, i));
  json_builder_end_array (json);
  json_builder_set_member_name (json, "origins_as_seen_by");
  json_builder_add_string_value (json, us_feed_get_name (leading));
  json_builder_set_member_name (json, "origins");
  json_builder_begin_object (json);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    add_origin (json, leading, (UsOriginId)i, clock);
  json_builder_end_object (json);
  json_builder_end_object (json);

  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = json_to_string (root, FALSE);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  return g_bytes_new (line, strlen (line));
}

/* ---- metrics ---- */

static void
add_seed_families (UsExposition *out, const UsFeed *feed, const UsClock *clock) {
  const UsPolicy *policy = us_feed_peek_policy (feed);
  us_exposition_family (out, "switcher_active_origin", "gauge",
                        "1 while the primary origin is active, 0 while the backup is.");
  us_exposition_sample (out, policy->active == US_ORIGIN_PRIMARY ? 1 : 0, NULL);
  us_exposition_family (out, "segment_age_seconds", "gauge",
                        "Seconds since the last EXT-X-PROGRAM-DATE-TIME of the origin's playlist.");
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_exposition_sample (out, segment_age_s (us_feed_get_follower (feed, (UsOriginId)i), clock),
                          "origin", us_origin_word ((UsOriginId)i), NULL);
  us_exposition_family (out, "origin_http_5xx_total", "counter", "5xx answers of the origin.");
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_exposition_sample (
        out, (double)us_follower_get_n_5xx (us_feed_get_follower (feed, (UsOriginId)i)), "origin",
        us_origin_word ((UsOriginId)i), NULL);
  us_exposition_family (out, "failovers_total", "counter", "Changes to the backup origin.");
  us_exposition_sample (out, (double)policy->n_failovers, NULL);
  us_exposition_family (out, "switchbacks_total", "counter", "Returns to the primary origin.");
  us_exposition_sample (out, (double)policy->n_switchbacks, NULL);
}

static void
add_origin_families (UsExposition *out, const GPtrArray *feeds) {
  us_exposition_family (out, "understudy_switcher_origin_state", "gauge",
                        "State of the origin for the stream: 0 unknown, 1 failed, 2 recovering, "
                        "3 suspect, 4 up.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    for (guint i = 0; i < US_N_ORIGINS; i++)
      us_exposition_sample (out, us_feed_peek_policy (feed)->verdict[i].state, "stream",
                            us_feed_get_name (feed), "origin", us_origin_word ((UsOriginId)i),
                            NULL);
  }
  us_exposition_family (out, "understudy_switcher_segments_total", "counter",
                        "Segments published, by the origin whose copy was whole first.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    for (guint i = 0; i < US_N_ORIGINS; i++)
      us_exposition_sample (out, (double)us_feed_get_stats (feed)->n_wins[i], "stream",
                            us_feed_get_name (feed), "origin", us_origin_word ((UsOriginId)i),
                            NULL);
  }
  us_exposition_family (out, "understudy_switcher_errors_total", "counter",
                        "Requests for playlists and segments that failed, by reason.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    for (guint i = 0; i < US_N_ORIGINS; i++) {
      const UsFollower *follower = us_feed_get_follower (feed, (UsOriginId)i);
      for (guint r = US_REASON_OK + 1; r < US_N_REASONS; r++) {
        guint64 n = us_follower_get_n_errors (follower, (UsReason)r);
        if (n > 0)
          us_exposition_sample (out, (double)n, "stream", us_feed_get_name (feed), "origin",
                                us_origin_word ((UsOriginId)i), "reason",
                                us_reason_word ((UsReason)r), NULL);
      }
    }
  }
}

/* One counter or gauge per stream. */
typedef double (*FeedValue) (const UsFeed *feed, gint64 now_us);

static double
value_failovers (const UsFeed *feed, gint64 now_us) {
  return (double)us_feed_peek_policy (feed)->n_failovers;
}

static double
value_switchbacks (const UsFeed *feed, gint64 now_us) {
  return (double)us_feed_peek_policy (feed)->n_switchbacks;
}

static double
value_hedges (const UsFeed *feed, gint64 now_us) {
  return (double)us_feed_get_stats (feed)->n_hedges;
}

static double
value_holes (const UsFeed *feed, gint64 now_us) {
  return (double)us_feed_get_stats (feed)->n_holes;
}

static double
value_gaps (const UsFeed *feed, gint64 now_us) {
  return (double)us_ledger_get_n_gaps (us_feed_get_ledger (feed));
}

static double
value_over_target (const UsFeed *feed, gint64 now_us) {
  return (double)us_ledger_get_n_over_target (us_feed_get_ledger (feed));
}

static double
value_divergences (const UsFeed *feed, gint64 now_us) {
  return (double)us_feed_get_stats (feed)->n_divergences;
}

static double
value_rows (const UsFeed *feed, gint64 now_us) {
  return us_ledger_get_n_rows (us_feed_get_ledger (feed));
}

static double
value_advance_age (const UsFeed *feed, gint64 now_us) {
  gint64 last_us = us_feed_get_stats (feed)->last_commit_us;
  return last_us > 0 ? (double)(now_us - last_us) / G_USEC_PER_SEC : NAN;
}

static double
value_cushion (const UsFeed *feed, gint64 now_us) {
  gint64 least_us = us_feed_get_stats (feed)->min_cushion_us;
  return least_us != G_MAXINT64 ? (double)least_us / G_USEC_PER_SEC : NAN;
}

static double
value_join_gap (const UsFeed *feed, gint64 now_us) {
  return (double)us_feed_get_stats (feed)->last_join_gap_ms / 1000.0;
}

static double
value_interchangeable (const UsFeed *feed, gint64 now_us) {
  return us_feed_is_interchangeable (feed) ? 1 : 0;
}

static const struct {
  const char *name, *type, *help;
  FeedValue value;
} feed_families[] = {
  { "understudy_switcher_failovers_total", "counter", "Changes to the backup origin.",
    value_failovers },
  { "understudy_switcher_switchbacks_total", "counter", "Returns to the primary origin.",
    value_switchbacks },
  { "understudy_switcher_hedges_total", "counter", "Segments asked of both origins.",
    value_hedges },
  { "understudy_switcher_holes_total", "counter", "Listed segments given up.", value_holes },
  { "understudy_switcher_gaps_total", "counter", "Missing segments listed as EXT-X-GAP.",
    value_gaps },
  { "understudy_switcher_over_target_total", "counter",
    "Segments longer than the target duration, which must never change.", value_over_target },
  { "understudy_switcher_divergences_total", "counter",
    "Times the two origins had other bytes under one name.", value_divergences },
  { "understudy_switcher_ledger_rows", "gauge", "Segments held, listed or not.", value_rows },
  { "understudy_switcher_playlist_age_seconds", "gauge",
    "Seconds since the last published segment.", value_advance_age },
  { "understudy_switcher_min_cushion_seconds", "gauge",
    "Least time that was ever left to the deadline of 1.5 target durations.", value_cushion },
  { "understudy_switcher_join_gap_seconds", "gauge",
    "Gap at the last join of a foreign origin; negative: overlap.", value_join_gap },
  { "understudy_switcher_interchangeable", "gauge",
    "1 while both origins serve the same bytes under the same numbers.", value_interchangeable },
};

static void
add_feed_families (UsExposition *out, const GPtrArray *feeds, gint64 now_us) {
  for (guint i = 0; i < G_N_ELEMENTS (feed_families); i++) {
    us_exposition_family (out, feed_families[i].name, feed_families[i].type, feed_families[i].help);
    for (guint f = 0; f < feeds->len; f++) {
      const UsFeed *feed = g_ptr_array_index (feeds, f);
      us_exposition_sample (out, feed_families[i].value (feed, now_us), "stream",
                            us_feed_get_name (feed), NULL);
    }
  }
}

static void
add_publish_delay (UsExposition *out, const GPtrArray *feeds) {
  us_exposition_family (out, "understudy_switcher_publish_delay_seconds", "histogram",
                        "From the moment a segment is seen listed until it is published.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    const UsFeedStats *stats = us_feed_get_stats (feed);
    const char *name = us_feed_get_name (feed);
    for (guint b = 0; b < US_FEED_N_BUCKETS; b++) {
      char le[G_ASCII_DTOSTR_BUF_SIZE];
      g_ascii_formatd (le, sizeof le, "%g", us_feed_bucket_ms[b] / 1000.0);
      us_exposition_sample (out, (double)stats->n_commits_within[b], "_bucket", "", "stream", name,
                            "le", le, NULL);
    }
    us_exposition_sample (out, (double)stats->n_commits, "_bucket", "", "stream", name, "le",
                          "+Inf", NULL);
    us_exposition_sample (out, stats->commit_sum_s, "_sum", "", "stream", name, NULL);
    us_exposition_sample (out, (double)stats->n_commits, "_count", "", "stream", name, NULL);
  }
}

static void
add_http_families (UsExposition *out, const UsHttpServerStats *http) {
  const struct {
    const char *name, *type, *help;
    double value;
  } families[] = {
    { "understudy_switcher_http_connections_total", "counter", "Connections accepted.",
      (double)http->connections_total },
    { "understudy_switcher_http_requests_total", "counter", "Requests answered.",
      (double)http->requests_total },
    { "understudy_switcher_http_refused_total", "counter", "Connections refused by a cap.",
      (double)http->refused_total },
    { "understudy_switcher_http_timeouts_total", "counter", "Connections closed by a deadline.",
      (double)http->timeouts_total },
    { "understudy_switcher_http_sent_bytes_total", "counter", "Bytes sent.",
      (double)http->bytes_out_total },
    { "understudy_switcher_http_connections", "gauge", "Connections open.", http->connections },
    { "understudy_switcher_http_waiting", "gauge", "Requests held until there is news.",
      http->waiting },
  };
  for (guint i = 0; i < G_N_ELEMENTS (families); i++) {
    us_exposition_family (out, families[i].name, families[i].type, families[i].help);
    us_exposition_sample (out, families[i].value, NULL);
  }
}

/**
 * us_report_metrics:
 *
 * Returns: (transfer full): text of the Prometheus exposition format
 */
GBytes *
us_report_metrics (const GPtrArray *feeds, const UsClock *clock, const UsHttpServerStats *http) {
  UsExposition *out = us_exposition_new ();
  add_seed_families (out, g_ptr_array_index (feeds, 0), clock);
  add_origin_families (out, feeds);
  add_feed_families (out, feeds, us_clock_monotonic_us (clock));
  add_publish_delay (out, feeds);
  add_http_families (out, http);
  return us_exposition_end (out);
}
