/* status-publishers.c - rendering of facts about publishers; no decisions, no state
 *
 * A part of status.c, which calls it for each stream in the role's main loop. A key's id is shown,
 * a key never is: nobody here knows one.
 */
#include "ingest/status-publishers.h"

static void
add_int (JsonBuilder *builder, const char *name, gint64 value) {
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value) {
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_round_trip (JsonBuilder *builder, UsRtmpConnection *connection) {
  UsRtmpLine line;
  json_builder_set_member_name (builder, "rtt_ms");
  if (us_rtmp_connection_get_line (connection, &line))
    json_builder_add_double_value (builder, (double)line.rtt_us / 1000);
  else
    json_builder_add_null_value (builder);
}

/* Of those that stand by, too. */
static void
add_rates (JsonBuilder *builder, const UsRates *rates, gint64 now_us) {
  add_string (builder, "video_codec", rates->codecs[TRUE]);
  add_string (builder, "audio_codec", rates->codecs[FALSE]);
  gboolean is_known = us_rates_is_known (rates, now_us);
  json_builder_set_member_name (builder, "bitrate_bps");
  if (is_known)
    json_builder_add_int_value (builder, (gint64)rates->bitrate_bps);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "fps");
  if (is_known)
    json_builder_add_double_value (builder, rates->fps);
  else
    json_builder_add_null_value (builder);
}

/**
 * us_ingest_status_add_publishers:
 * @builder: in an object
 * @stream: the stream
 * @now_us: on the role's monotonic clock
 *
 * Adds the member "publishers": all of them, in order of arrival.
 */
void
us_ingest_status_add_publishers (JsonBuilder *builder, UsStream *stream, gint64 now_us) {
  json_builder_set_member_name (builder, "publishers");
  json_builder_begin_array (builder);
  for (guint i = 0; i < us_stream_get_n_publishers (stream); i++) {
    UsStreamPublisher publisher;
    us_stream_get_publisher (stream, i, &publisher);
    g_autofree char *why = us_stream_explain_publisher (stream, i);
    json_builder_begin_object (builder);
    add_string (builder, "peer", publisher.session->peer);
    add_string (builder, "encoder", publisher.session->encoder);
    add_string (builder, "key_id", publisher.session->key_id);
    add_int (builder, "priority", publisher.session->priority);
    add_string (builder, "role", publisher.is_active ? "active" : "standby");
    add_string (builder, "why", why);
    add_int (builder, "since_s", (now_us - publisher.session->since_us) / G_USEC_PER_SEC);
    add_int (builder, "silent_ms", publisher.silent_ms);
    add_int (builder, "behind_ms", publisher.behind_ms);
    add_int (builder, "kept_bytes", (gint64)publisher.kept_bytes);
    add_rates (builder, publisher.rates, now_us);
    add_round_trip (builder, publisher.session->connection);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
render_counts (UsExposition *out, GPtrArray *streams) {
  us_exposition_family (out, "understudy_ingest_publishers", "gauge",
                        "Publishers connected, by whether they feed the stream");
  for (guint i = 0; i < streams->len; i++) {
    UsStream *stream = streams->pdata[i];
    guint n = us_stream_get_n_publishers (stream),
          n_active = us_stream_get_session (stream) != NULL;
    us_exposition_sample (out, n_active, "stream", us_stream_get_name (stream), "role", "active",
                          NULL);
    us_exposition_sample (out, n - n_active, "stream", us_stream_get_name (stream), "role",
                          "standby", NULL);
  }
}

static void
render_priority (UsExposition *out, GPtrArray *streams) {
  us_exposition_family (out, "understudy_ingest_publisher_priority", "gauge",
                        "Priority of the publisher that feeds the stream, 0 is the best");
  for (guint i = 0; i < streams->len; i++) {
    const UsSession *session = us_stream_get_session (streams->pdata[i]);
    if (session != NULL)
      us_exposition_sample (out, session->priority, "stream",
                            us_stream_get_name (streams->pdata[i]), NULL);
  }
}

static void
render_switches (UsExposition *out, GPtrArray *streams) {
  us_exposition_family (out, "understudy_ingest_publisher_switches_total", "counter",
                        "Changes from one publisher of the stream to another, by reason");
  for (guint i = 0; i < streams->len; i++) {
    UsStreamCounts counts;
    us_stream_get_counts (streams->pdata[i], &counts);
    for (UsContestReason reason = US_CONTEST_GONE; reason < US_CONTEST_N; reason++)
      us_exposition_sample (out, (double)counts.switches_total[reason], "stream",
                            us_stream_get_name (streams->pdata[i]), "reason",
                            us_contest_reason_to_string (reason), NULL);
  }
}

/**
 * us_ingest_status_render_publishers:
 * @out: the metrics
 * @streams: (element-type UsStream): the role's streams
 */
void
us_ingest_status_render_publishers (UsExposition *out, GPtrArray *streams) {
  render_counts (out, streams);
  render_priority (out, streams);
  render_switches (out, streams);
}
