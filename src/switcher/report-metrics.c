/* report-metrics.c - what the switcher says of itself: /metrics
 *
 * Reads the feeds on the main loop, keeps nothing. The five families without the understudy_
 * prefix keep the names and meanings that dashboards of the seed rely on; they speak of the
 * default stream, whose name is a metric of its own. Everything else is labelled by stream, of
 * which there are at most max-streams.
 */
#include <math.h>

#include "http/exposition.h"
#include "switcher/report-private.h"

static void
add_seed_families (UsExposition *out, const UsFeed *feed, const UsClock *clock) {
  const UsPolicy *policy = us_feed_peek_policy (feed);
  us_exposition_family (out, "switcher_active_origin", "gauge",
                        "1 while the primary origin is active, 0 while the backup is.");
  us_exposition_sample (out, policy->active == US_ORIGIN_PRIMARY ? 1 : 0, NULL);
  us_exposition_family (out, "segment_age_seconds", "gauge",
                        "Seconds since the last EXT-X-PROGRAM-DATE-TIME of the origin's playlist.");
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_exposition_sample (
        out, us_report_segment_age_s (us_feed_get_follower (feed, (UsOriginId)i), clock), "origin",
        us_origin_word ((UsOriginId)i), NULL);
  us_exposition_family (out, "origin_http_5xx_total", "counter", "5xx answers of the origin.");
  for (guint i = 0; i < US_N_ORIGINS; i++)
    us_exposition_sample (out, (double)us_feed_count_5xx (feed, (UsOriginId)i), "origin",
                          us_origin_word ((UsOriginId)i), NULL);
  us_exposition_family (out, "failovers_total", "counter", "Changes to the backup origin.");
  us_exposition_sample (out, (double)policy->n_failovers, NULL);
  us_exposition_family (out, "switchbacks_total", "counter", "Returns to the primary origin.");
  us_exposition_sample (out, (double)policy->n_switchbacks, NULL);
  us_exposition_family (out, "understudy_switcher_default_stream", "gauge",
                        "1, with the name of the stream that the families without a stream "
                        "speak of.");
  us_exposition_sample (out, 1, "stream", us_feed_get_name (feed), NULL);
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
    UsRenditionStats stats;
    us_feed_get_stats (feed, &stats);
    for (guint i = 0; i < US_N_ORIGINS; i++)
      us_exposition_sample (out, (double)stats.n_wins[i], "stream", us_feed_get_name (feed),
                            "origin", us_origin_word ((UsOriginId)i), NULL);
  }
  us_exposition_family (out, "understudy_switcher_errors_total", "counter",
                        "Requests for playlists and segments that failed, by reason.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    for (guint i = 0; i < US_N_ORIGINS; i++) {
      for (guint r = US_REASON_OK + 1; r < US_N_REASONS; r++) {
        guint64 n = us_feed_count_errors (feed, (UsOriginId)i, (UsReason)r);
        if (n > 0)
          us_exposition_sample (out, (double)n, "stream", us_feed_get_name (feed), "origin",
                                us_origin_word ((UsOriginId)i), "reason",
                                us_reason_word ((UsReason)r), NULL);
      }
    }
  }
}

/* What the values of one stream are read from. */
typedef struct {
  const UsFeed *feed;
  UsRenditionStats stats;
  gint64 now_us;
  guint64 n_gaps, n_steps, n_over_target, n_rows; /* of all ledgers */
  guint target_s;                                 /* the longest; 0: not fixed yet */
  guint64 n_ledger_bytes, n_standby_bytes;
} FeedView;

static void
look_at (FeedView *view, const UsFeed *feed, gint64 now_us) {
  *view = (FeedView){ .feed = feed, .now_us = now_us };
  us_feed_get_stats (feed, &view->stats);
  for (guint i = 0; i < us_feed_get_n_renditions (feed); i++) {
    const UsRendition *rendition = us_feed_get_rendition (feed, i);
    const UsLedger *ledger = us_rendition_get_ledger (rendition);
    view->n_gaps += us_ledger_get_n_gaps (ledger);
    view->n_steps += us_ledger_get_n_steps (ledger);
    view->target_s = MAX (view->target_s, us_ledger_get_target (ledger));
    view->n_over_target += us_ledger_get_n_over_target (ledger);
    view->n_rows += us_ledger_get_n_rows (ledger);
    view->n_ledger_bytes += us_ledger_get_bytes (ledger);
    view->n_standby_bytes += us_rendition_get_standby_bytes (rendition);
  }
}

/* One counter or gauge per stream. */
typedef double (*FeedValue) (const FeedView *view);

static double
value_failovers (const FeedView *view) {
  return (double)us_feed_peek_policy (view->feed)->n_failovers;
}

static double
value_switchbacks (const FeedView *view) {
  return (double)us_feed_peek_policy (view->feed)->n_switchbacks;
}

static double
value_hedges (const FeedView *view) {
  return (double)view->stats.n_hedges;
}

static double
value_resumes (const FeedView *view) {
  return (double)view->stats.n_resumes;
}

static double
value_budget_spent (const FeedView *view) {
  return (double)us_feed_get_budget (view->feed)->n_granted;
}

static double
value_budget_refused (const FeedView *view) {
  return (double)us_feed_get_budget (view->feed)->n_refused;
}

static double
value_holes (const FeedView *view) {
  return (double)view->stats.n_holes;
}

static double
value_gaps (const FeedView *view) {
  return (double)view->n_gaps;
}

static double
value_steps (const FeedView *view) {
  return (double)view->n_steps;
}

static double
value_over_target (const FeedView *view) {
  return (double)view->n_over_target;
}

static double
value_divergences (const FeedView *view) {
  return (double)view->stats.n_divergences;
}

static double
value_rows (const FeedView *view) {
  return (double)view->n_rows;
}

static double
value_ledger_bytes (const FeedView *view) {
  return (double)view->n_ledger_bytes;
}

static double
value_standby (const FeedView *view) {
  return (double)view->stats.n_standby;
}

static double
value_standby_bytes (const FeedView *view) {
  return (double)view->n_standby_bytes;
}

static double
value_target (const FeedView *view) {
  return view->target_s > 0 ? view->target_s : NAN;
}

static double
value_advance_age (const FeedView *view) {
  gint64 last_us = view->stats.last_commit_us;
  return last_us > 0 ? (double)(view->now_us - last_us) / G_USEC_PER_SEC : NAN;
}

static double
value_cushion (const FeedView *view) {
  gint64 least_us = view->stats.min_cushion_us;
  return least_us != G_MAXINT64 ? (double)least_us / G_USEC_PER_SEC : NAN;
}

static double
value_join_gap (const FeedView *view) {
  return (double)view->stats.last_gap_ms / 1000.0;
}

static double
value_join_overlap (const FeedView *view) {
  return (double)view->stats.last_overlap_ms / 1000.0;
}

static double
value_gap_sum (const FeedView *view) {
  return (double)view->stats.gap_sum_ms / 1000.0;
}

static double
value_overlap_sum (const FeedView *view) {
  return (double)view->stats.overlap_sum_ms / 1000.0;
}

static double
value_interchangeable (const FeedView *view) {
  return us_feed_is_interchangeable (view->feed) ? 1 : 0;
}

static double
value_renditions (const FeedView *view) {
  return us_feed_get_n_renditions (view->feed);
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
  { "understudy_switcher_resumes_total", "counter",
    "Segments that broke off at one origin and were gone on with at the other.", value_resumes },
  { "understudy_switcher_second_requests_total", "counter",
    "Retries and hedges that the retry budget granted.", value_budget_spent },
  { "understudy_switcher_second_requests_refused_total", "counter",
    "Retries and hedges that the retry budget refused.", value_budget_refused },
  { "understudy_switcher_holes_total", "counter", "Listed segments given up.", value_holes },
  { "understudy_switcher_gaps_total", "counter", "Missing segments listed as EXT-X-GAP.",
    value_gaps },
  { "understudy_switcher_playlist_steps_total", "counter",
    "Times the playlist began anew behind what was out of reach for too long.", value_steps },
  { "understudy_switcher_over_target_total", "counter",
    "Segments longer than the target duration, which must never change.", value_over_target },
  { "understudy_switcher_divergences_total", "counter",
    "Times the two origins had other bytes under one name.", value_divergences },
  { "understudy_switcher_ledger_rows", "gauge", "Segments held, listed or not.", value_rows },
  { "understudy_switcher_ledger_bytes", "gauge", "Bytes of the segments held, listed or not.",
    value_ledger_bytes },
  { "understudy_switcher_standby_fetches_total", "counter",
    "Segments of the other side of a foreign pair fetched to be ready.", value_standby },
  { "understudy_switcher_standby_bytes", "gauge",
    "Memory held to be ready for a change of sides of a foreign pair.", value_standby_bytes },
  { "understudy_switcher_playlist_age_seconds", "gauge",
    "Seconds since the last published segment.", value_advance_age },
  { "understudy_switcher_target_duration_seconds", "gauge",
    "EXT-X-TARGETDURATION, which never changes.", value_target },
  { "understudy_switcher_min_cushion_seconds", "gauge",
    "Least time that was ever left to the deadline of 1.5 target durations.", value_cushion },
  { "understudy_switcher_join_gap_seconds", "gauge",
    "Left out at the last join of a foreign origin.", value_join_gap },
  { "understudy_switcher_join_overlap_seconds", "gauge",
    "Shown twice at the last join of a foreign origin.", value_join_overlap },
  { "understudy_switcher_join_gap_seconds_total", "counter",
    "Left out at all joins of foreign origins.", value_gap_sum },
  { "understudy_switcher_join_overlap_seconds_total", "counter",
    "Shown twice at all joins of foreign origins.", value_overlap_sum },
  { "understudy_switcher_interchangeable", "gauge",
    "1 while either origin's copy of a segment will do.", value_interchangeable },
  { "understudy_switcher_renditions", "gauge", "Media playlists served of the stream.",
    value_renditions },
};

static void
add_feed_families (UsExposition *out, const GPtrArray *feeds, gint64 now_us) {
  for (guint i = 0; i < G_N_ELEMENTS (feed_families); i++) {
    us_exposition_family (out, feed_families[i].name, feed_families[i].type, feed_families[i].help);
    for (guint f = 0; f < feeds->len; f++) {
      FeedView view;
      look_at (&view, g_ptr_array_index (feeds, f), now_us);
      us_exposition_sample (out, feed_families[i].value (&view), "stream",
                            us_feed_get_name (view.feed), NULL);
    }
  }
}

static void
add_joins (UsExposition *out, const GPtrArray *feeds) {
  us_exposition_family (out, "understudy_switcher_joins_total", "counter",
                        "Joins of foreign origins, by how the place was found.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    UsRenditionStats stats;
    us_feed_get_stats (feed, &stats);
    for (guint i = US_JOIN_SHARED + 1; i < US_N_JOIN_METHODS; i++)
      us_exposition_sample (out, (double)stats.n_joins[i], "stream", us_feed_get_name (feed),
                            "method", us_join_method_word ((UsJoinMethod)i), NULL);
  }
}

static void
add_comparisons (UsExposition *out, const GPtrArray *feeds) {
  us_exposition_family (out, "understudy_switcher_comparisons_total", "counter",
                        "Published segments compared with the other origin's copy, by result.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    UsRenditionStats stats;
    us_feed_get_stats (feed, &stats);
    const struct {
      const char *result;
      guint64 n;
    } results[] = { { "equal", stats.n_equal },
                    { "different", stats.n_different },
                    { "unanswered", stats.n_unanswered } };
    for (guint i = 0; i < G_N_ELEMENTS (results); i++)
      us_exposition_sample (out, (double)results[i].n, "stream", us_feed_get_name (feed), "result",
                            results[i].result, NULL);
  }
}

static void
add_pairs (UsExposition *out, const GPtrArray *feeds) {
  us_exposition_family (out, "understudy_switcher_pair", "gauge",
                        "What the two origins are to each other: 0 unknown, 1 identical, "
                        "2 aligned, 3 foreign.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    const char *why;
    us_exposition_sample (out, us_feed_get_pair (feed, &why), "stream", us_feed_get_name (feed),
                          NULL);
  }
  us_exposition_family (out, "understudy_origin_clock_offset_seconds", "gauge",
                        "Where the origin's dates put its live edge, less our time when it came.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    for (guint i = 0; i < US_N_ORIGINS; i++) {
      const UsCalendar *calendar
          = us_follower_get_calendar (us_feed_get_follower (feed, (UsOriginId)i));
      us_exposition_sample (out, calendar->has_offset ? (double)calendar->offset_ms / 1000.0 : NAN,
                            "stream", us_feed_get_name (feed), "origin",
                            us_origin_word ((UsOriginId)i), NULL);
    }
  }
}

static void
add_orders (UsExposition *out, const GPtrArray *feeds) {
  us_exposition_family (out, "understudy_switcher_order", "gauge",
                        "1 while somebody's order of this kind stands.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    const UsPolicy *policy = us_feed_peek_policy (feed);
    const struct {
      const char *order;
      gboolean is_standing;
    } orders[] = {
      { "force", policy->mode == US_POLICY_FORCED },
      { "hold", policy->mode == US_POLICY_HELD },
      { "drain", us_policy_is_drained (policy, US_ORIGIN_PRIMARY)
                     || us_policy_is_drained (policy, US_ORIGIN_BACKUP) },
    };
    for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
      us_exposition_sample (out, orders[i].is_standing ? 1 : 0, "stream", us_feed_get_name (feed),
                            "order", orders[i].order, NULL);
  }
}

static void
add_publish_delay (UsExposition *out, const GPtrArray *feeds) {
  us_exposition_family (out, "understudy_switcher_publish_delay_seconds", "histogram",
                        "From the moment a segment is seen listed until it is published.");
  for (guint f = 0; f < feeds->len; f++) {
    const UsFeed *feed = g_ptr_array_index (feeds, f);
    UsRenditionStats stats;
    us_feed_get_stats (feed, &stats);
    const char *name = us_feed_get_name (feed);
    for (guint b = 0; b < US_RENDITION_N_BUCKETS; b++) {
      char le[G_ASCII_DTOSTR_BUF_SIZE];
      g_ascii_formatd (le, sizeof le, "%g", us_rendition_bucket_ms[b] / 1000.0);
      us_exposition_sample (out, (double)stats.n_commits_within[b], "_bucket", "", "stream", name,
                            "le", le, NULL);
    }
    us_exposition_sample (out, (double)stats.n_commits, "_bucket", "", "stream", name, "le", "+Inf",
                          NULL);
    us_exposition_sample (out, stats.commit_sum_s, "_sum", "", "stream", name, NULL);
    us_exposition_sample (out, (double)stats.n_commits, "_count", "", "stream", name, NULL);
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
  add_joins (out, feeds);
  add_comparisons (out, feeds);
  add_pairs (out, feeds);
  add_orders (out, feeds);
  add_publish_delay (out, feeds);
  add_http_families (out, http);
  us_exposition_start_time (out, "switcher");
  return us_exposition_end (out);
}
