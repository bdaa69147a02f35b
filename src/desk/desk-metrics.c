/* desk-metrics.c - what the desk says of itself and of its streams: /metrics
 *
 * Rendered on request in the desk's loop; nothing is kept for it. Labels are bounded: streams by
 * their limit, renditions by MAX_RENDITIONS of each stream and the width of their names, checks by
 * the closed list. Never a URL, a segment or an incident.
 */
#include "desk/desk-private.h"

#include <math.h>

#define MAX_RENDITIONS 16 /* per stream; further ones are judged, but not counted here */
#define USEC(us) ((double)(us) / G_USEC_PER_SEC)

/* One stream for the time of one rendering. */
typedef struct {
  const char *id;
  UsWatchView view;
} Row;

static GArray *
gather (UsDesk *self) {
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (Row));
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  for (guint i = 0; i < streams->len; i++) {
    const UsStreamConfig *config = g_ptr_array_index (streams, i);
    Row row = { .id = config->id };
    if (us_monitor_view (self->monitor, config->id, &row.view))
      g_array_append_val (rows, row);
  }
  return rows;
}

static void
add_health (UsExposition *out, const GArray *rows) {
  static const char *states[US_N_HEALTHS + 1];
  for (guint i = 0; i < US_N_HEALTHS; i++)
    states[i] = us_health_word ((UsHealth)i);
  us_exposition_family (out, "understudy_stream_health", "stateset", "Health of the stream");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    us_exposition_states (out, states, (guint)row->view.verdict->health, "stream", row->id, NULL);
  }
}

typedef double (*Value) (const UsDesk *self, const Row *row);

static double
get_is_flapping (const UsDesk *self, const Row *row) {
  return row->view.verdict->is_flapping ? 1 : 0;
}

static double
get_is_paused (const UsDesk *self, const Row *row) {
  return row->view.config->is_paused ? 1 : 0;
}

static double
get_maintenance (const UsDesk *self, const Row *row) {
  return us_desk_is_in_maintenance (self, row->view.config) ? 1 : 0;
}

static double
get_ttfb (const UsDesk *self, const Row *row) {
  return row->view.ttfb_avg_s;
}

static double
get_ratio (const UsDesk *self, const Row *row) {
  return row->view.ratio_avg;
}

static double
get_segment_age (const UsDesk *self, const Row *row) {
  gint64 last_us = row->view.last_segment_wall_us;
  return last_us > 0 ? MAX (0, USEC (us_desk_now (self) - last_us)) : NAN;
}

static double
get_incident (const UsDesk *self, const Row *row) {
  return us_incidents_get_active (self->incidents, row->id) != NULL ? 1 : 0;
}

/* A value that is not known has no sample. */
static const struct {
  const char *name, *unit, *help;
  Value get;
} stream_gauges[] = {
  { "understudy_stream_flapping", NULL, "1: the health of the stream keeps changing",
    get_is_flapping },
  { "understudy_stream_paused", NULL, "1: the stream is not asked for", get_is_paused },
  { "understudy_stream_maintenance", NULL, "1: in maintenance, no incident is opened",
    get_maintenance },
  { "understudy_stream_incident_open", NULL, "1: the stream has an active incident", get_incident },
  { "understudy_stream_segment_first_byte_mean_seconds", "seconds",
    "Mean time to the first byte of a segment, last two minutes", get_ttfb },
  { "understudy_stream_throughput_ratio", "ratio",
    "Media time of segments by the time their download took, last two minutes", get_ratio },
  { "understudy_stream_last_segment_age_seconds", "seconds",
    "Since the newest segment was fetched, or listed where none are fetched", get_segment_age },
};

static void
add_stream_gauges (UsExposition *out, const UsDesk *self, const GArray *rows) {
  for (guint i = 0; i < G_N_ELEMENTS (stream_gauges); i++) {
    const char *name = stream_gauges[i].name, *unit = stream_gauges[i].unit;
    if (unit != NULL)
      us_exposition_family_unit (out, name, "gauge", unit, stream_gauges[i].help);
    else
      us_exposition_family (out, name, "gauge", stream_gauges[i].help);
    for (guint k = 0; k < rows->len; k++) {
      const Row *row = &g_array_index (rows, Row, k);
      double value = stream_gauges[i].get (self, row);
      if (!isnan (value))
        us_exposition_sample (out, value, "stream", row->id, NULL);
    }
  }
}

/* ---- renditions ---- */

static double
get_age (const UsRenditionFacts *facts) {
  return facts->advanced_us > 0 ? USEC (facts->now_us - facts->advanced_us) : NAN;
}

static double
get_latency (const UsRenditionFacts *facts) {
  return facts->latency_s;
}

static double
get_luma (const UsRenditionFacts *facts) {
  return facts->content.luma;
}

static double
get_loudness (const UsRenditionFacts *facts) {
  return facts->content.audio_rms_db;
}

static const struct {
  const char *name, *unit, *help;
  double (*get) (const UsRenditionFacts *facts);
} rendition_gauges[] = {
  { "understudy_rendition_playlist_age_seconds", "seconds",
    "Since the rendition's playlist got its newest segment", get_age },
  { "understudy_rendition_live_latency_seconds", "seconds", "Behind the date of the newest segment",
    get_latency },
  { "understudy_rendition_luma_ratio", "ratio", "Mean brightness of the last picture looked at",
    get_luma },
  { "understudy_rendition_audio_rms_dbfs", NULL, "Loudness of the last sound listened to",
    get_loudness },
};

static void
add_rendition_gauges (UsExposition *out, const GArray *rows) {
  for (guint i = 0; i < G_N_ELEMENTS (rendition_gauges); i++) {
    const char *name = rendition_gauges[i].name, *unit = rendition_gauges[i].unit;
    if (unit != NULL)
      us_exposition_family_unit (out, name, "gauge", unit, rendition_gauges[i].help);
    else
      us_exposition_family (out, name, "gauge", rendition_gauges[i].help);
    for (guint k = 0; k < rows->len; k++) {
      const Row *row = &g_array_index (rows, Row, k);
      for (guint n = 0; n < MIN (row->view.n_renditions, MAX_RENDITIONS); n++) {
        const UsRenditionFacts *facts = &row->view.renditions[n];
        double value = rendition_gauges[i].get (facts);
        if (isfinite (value))
          us_exposition_sample (out, value, "stream", row->id, "rendition", facts->info->label,
                                NULL);
      }
    }
  }
}

/* ---- what was counted ---- */

static void
add_segments (UsExposition *out, UsDesk *self, const GArray *rows) {
  us_exposition_family (out, "understudy_stream_segments_total", "counter",
                        "Segments asked for, by outcome");
  for (guint i = 0; i < rows->len; i++) {
    const char *id = g_array_index (rows, Row, i).id;
    const UsTally *tally = us_tallies_get (self->tallies, id);
    for (guint k = 0; k < US_N_OUTCOMES; k++) {
      if (tally->segments[k] > 0 || k == US_OUTCOME_OK)
        us_exposition_sample (out, (double)tally->segments[k], "stream", id, "outcome",
                              us_outcome_word ((UsOutcome)k), NULL);
    }
  }
  us_exposition_family_unit (out, "understudy_stream_segment_bytes_total", "counter", "bytes",
                             "Bytes of segments that were fetched");
  for (guint i = 0; i < rows->len; i++) {
    const char *id = g_array_index (rows, Row, i).id;
    us_exposition_sample (out, (double)us_tallies_get (self->tallies, id)->n_bytes, "stream", id,
                          NULL);
  }
  us_exposition_family_unit (out, "understudy_stream_segment_first_byte_seconds", "histogram",
                             "seconds", "Time to the first byte of a segment");
  for (guint i = 0; i < rows->len; i++) {
    const char *id = g_array_index (rows, Row, i).id;
    const UsTally *tally = us_tallies_get (self->tallies, id);
    us_exposition_histogram (out, us_tally_bounds, tally->first_bytes, US_TALLY_N_BOUNDS,
                             tally->first_bytes_s, "stream", id, NULL);
  }
}

static void
add_polls (UsExposition *out, UsDesk *self, const GArray *rows) {
  us_exposition_family (out, "understudy_stream_playlists_total", "counter",
                        "Playlists asked for, by outcome, of whole minutes");
  for (guint i = 0; i < rows->len; i++) {
    const char *id = g_array_index (rows, Row, i).id;
    const UsTally *tally = us_tallies_get (self->tallies, id);
    us_exposition_sample (out, (double)(tally->n_playlists - tally->n_playlist_errors), "stream",
                          id, "outcome", "ok", NULL);
    us_exposition_sample (out, (double)tally->n_playlist_errors, "stream", id, "outcome", "failed",
                          NULL);
  }
  us_exposition_family_unit (out, "understudy_stream_health_seconds_total", "counter", "seconds",
                             "Time in each state, of whole minutes");
  for (guint i = 0; i < rows->len; i++) {
    const char *id = g_array_index (rows, Row, i).id;
    const UsTally *tally = us_tallies_get (self->tallies, id);
    for (guint k = 0; k < US_N_HEALTHS; k++)
      us_exposition_sample (out, tally->seconds[k], "stream", id, "state",
                            us_health_word ((UsHealth)k), NULL);
  }
}

/* A check that has never found anything has no series: there are 60 of them for every stream. */
static void
add_findings (UsExposition *out, UsDesk *self, const GArray *rows) {
  us_exposition_family (out, "understudy_stream_findings_total", "counter",
                        "Findings opened, by check");
  for (guint i = 0; i < rows->len; i++) {
    const char *id = g_array_index (rows, Row, i).id;
    const UsTally *tally = us_tallies_get (self->tallies, id);
    for (guint k = 0; k < US_N_CHECKS; k++) {
      if (tally->findings[k] > 0)
        us_exposition_sample (out, (double)tally->findings[k], "stream", id, "check",
                              us_check_info ((UsCheck)k)->word, NULL);
    }
  }
  us_exposition_family (out, "understudy_stream_finding_open", "gauge",
                        "1: a finding of the check is open");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    const UsTally *tally = us_tallies_get (self->tallies, row->id);
    for (guint k = 0; k < US_N_CHECKS; k++) {
      if (tally->findings[k] > 0)
        us_exposition_sample (out, us_findings_has (row->view.findings, (UsCheck)k) ? 1 : 0,
                              "stream", row->id, "check", us_check_info ((UsCheck)k)->word, NULL);
    }
  }
}

/* ---- the desk ---- */

static void
add_counter (UsExposition *out, const char *name, const char *help, double value) {
  us_exposition_family (out, name, "counter", help);
  us_exposition_sample (out, value, NULL);
}

static void
add_gauge (UsExposition *out, const char *name, const char *help, double value) {
  us_exposition_family (out, name, "gauge", help);
  us_exposition_sample (out, value, NULL);
}

static void
add_probe (UsExposition *out, UsDesk *self) {
  UsMonitorStats stats;
  us_monitor_get_stats (self->monitor, &stats);
  add_gauge (out, "understudy_monitor_streams", "Streams that are watched", stats.n_streams);
  add_gauge (out, "understudy_monitor_requests_under_way", "Requests of the probe under way",
             stats.n_under_way);
  add_gauge (out, "understudy_monitor_requests_queued",
             "Requests of the probe that wait for their turn", stats.n_queued);
  add_counter (out, "understudy_monitor_requests_total", "Requests of the probe",
               (double)stats.n_requests);
  add_counter (out, "understudy_monitor_late_polls_total",
               "Polls begun more than one interval too late", (double)stats.n_late);
  us_exposition_family_unit (out, "understudy_monitor_lateness_p99_seconds", "gauge", "seconds",
                             "How late polls begin, 99th percentile");
  if (!isnan (stats.lateness_p99_s))
    us_exposition_sample (out, stats.lateness_p99_s, NULL);
  add_counter (out, "understudy_monitor_decodes_total", "Segments decoded",
               (double)stats.n_decodes);
  add_counter (out, "understudy_monitor_decodes_refused_total",
               "Segments not decoded, because too many were already",
               (double)stats.n_decodes_refused);
  us_exposition_family (out, "understudy_monitor_decoder_deaths_total", "counter",
                        "Children that decode which fell over a segment, or were ended over one");
  us_exposition_sample (out, (double)stats.n_decoder_crashes, "reason", "crash", NULL);
  us_exposition_sample (out, (double)stats.n_decoder_timeouts, "reason", "timeout", NULL);
  add_gauge (out, "understudy_monitor_network_down", "1: the fault is our own network",
             stats.is_network_down ? 1 : 0);
  add_gauge (out, "understudy_monitor_overloaded",
             "1: this program cannot keep up with its streams", stats.is_overloaded ? 1 : 0);
}

static void
add_incidents (UsExposition *out, UsDesk *self) {
  UsIncidentStats stats;
  us_incidents_get_stats (self->incidents, &stats);
  add_counter (out, "understudy_incidents_opened_total", "Incidents opened",
               (double)stats.n_opened);
  add_counter (out, "understudy_incidents_reopened_total", "Incidents opened again",
               (double)stats.n_reopened);
  add_counter (out, "understudy_incidents_resolved_total", "Incidents resolved",
               (double)stats.n_resolved);
  add_gauge (out, "understudy_incidents_active", "Incidents that are not resolved", stats.n_active);
  add_gauge (out, "understudy_incidents_acknowledged",
             "Active incidents that somebody has taken on", stats.n_acknowledged);
}

static void
add_notifier (UsExposition *out, UsDesk *self) {
  UsNotifierStats stats;
  us_notifier_get_stats (self->notifier, &stats);
  us_exposition_family (out, "understudy_notifications_total", "counter",
                        "Tries to deliver a notification, by outcome");
  us_exposition_sample (out, (double)stats.n_delivered, "outcome", "delivered", NULL);
  us_exposition_sample (out, (double)stats.n_failed, "outcome", "failed", NULL);
  us_exposition_sample (out, (double)stats.n_given_up, "outcome", "given_up", NULL);
  add_gauge (out, "understudy_notifications_pending", "Notifications that wait for a try",
             stats.n_pending);
  add_gauge (out, "understudy_notification_targets_disabled",
             "Webhooks that have asked for no more notifications", stats.n_disabled);
}

static void
add_store (UsExposition *out, UsDesk *self) {
  UsStoreStats stats;
  us_store_get_stats (self->store, &stats);
  add_counter (out, "understudy_store_rows_written_total", "Rows written to the history",
               (double)stats.n_written);
  add_counter (out, "understudy_store_rows_dropped_total",
               "Rows given up, because the history could not be written for too long",
               (double)stats.n_dropped);
  add_gauge (out, "understudy_store_rows_pending", "Rows that wait to be written", stats.n_pending);
  us_exposition_family_unit (out, "understudy_store_file_bytes", "gauge", "bytes",
                             "Size of the history's file");
  us_exposition_sample (out, (double)stats.file_bytes, NULL);
  add_gauge (out, "understudy_store_failing", "1: the history cannot be written",
             stats.is_failing ? 1 : 0);
}

/**
 * us_desk_metrics:
 *
 * Returns: (transfer full): the text
 */
GBytes *
us_desk_metrics (UsDesk *self, UsExpositionFormat format) {
  UsExposition *out = us_exposition_new_for (format);
  g_autoptr (GArray) rows = gather (self);
  add_health (out, rows);
  add_stream_gauges (out, self, rows);
  add_rendition_gauges (out, rows);
  add_segments (out, self, rows);
  add_polls (out, self, rows);
  add_findings (out, self, rows);
  add_incidents (out, self);
  add_probe (out, self);
  add_notifier (out, self);
  add_store (out, self);
  us_exposition_start_time (out, "monitor");
  return us_exposition_end (out);
}
