/* status-truth.c - rendering of what truth-watch.c knows; no decisions, no state
 *
 * A part of status.c, which calls it for each stream in the role's main loop. What is not known is
 * null in JSON, and no sample in the metrics.
 */
#include "ingest/status-truth.h"

#include <math.h>
#include <string.h>

/* --------------------------------------------------------------------------------------- JSON */

static void
add_int (JsonBuilder *builder, const char *name, gint64 value) {
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value) {
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

/* To the thousandth: what is beyond is noise. */
static void
add_double (JsonBuilder *builder, const char *name, gboolean is_known, double value) {
  json_builder_set_member_name (builder, name);
  if (is_known)
    json_builder_add_double_value (builder, round (value * 1000) / 1000);
  else
    json_builder_add_null_value (builder);
}

static void
add_known (JsonBuilder *builder, const char *name, gboolean is_known, gint64 value) {
  json_builder_set_member_name (builder, name);
  if (is_known)
    json_builder_add_int_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_drops (JsonBuilder *builder, UsSegmenter *segmenter) {
  const UsInput *video = us_segmenter_get_video (segmenter);
  const UsInput *audio = us_segmenter_get_audio (segmenter);
  json_builder_set_member_name (builder, "dropped");
  json_builder_begin_object (builder);
  for (UsDrop reason = 0; reason < US_DROP_N; reason++) {
    guint64 n = video->dropped[reason] + audio->dropped[reason];
    if (n > 0)
      add_int (builder, us_drop_to_string (reason), (gint64)n);
  }
  json_builder_end_object (builder);
}

static void
add_numbers (JsonBuilder *builder, const UsTruthNumbers *numbers, gint64 now_us) {
  add_int (builder, "bitrate_1s_bps", (gint64)numbers->bitrate_1s_bps);
  add_int (builder, "bitrate_10s_bps", (gint64)numbers->bitrate_10s_bps);
  add_double (builder, "fps", numbers->fps > 0, numbers->fps);
  add_double (builder, "constant_fps", numbers->constant_fps > 0, numbers->constant_fps);
  add_double (builder, "uneven_ratio", numbers->constant_fps > 0, numbers->uneven_ratio);
  add_known (builder, "gop_ms", numbers->gop_ms > 0, numbers->gop_ms);
  add_known (builder, "gop_longest_ms", numbers->gop_longest_ms > 0, numbers->gop_longest_ms);
  add_known (builder, "gop_pictures", numbers->gop_pictures > 0, numbers->gop_pictures);
  add_int (builder, "reorder_ms", numbers->reorder_ms);
  json_builder_set_member_name (builder, "has_leading_pictures");
  json_builder_add_boolean_value (builder, numbers->has_leading);
  add_int (builder, "jumps", (gint64)numbers->jumps_total);
  add_known (builder, "last_jump_ms", numbers->jump_us != 0, numbers->jump_ms);
  add_known (builder, "last_jump_s", numbers->jump_us != 0,
             (now_us - numbers->jump_us) / G_USEC_PER_SEC);
  add_int (builder, "lateness_p95_ms", numbers->lateness_p95_ms);
  add_int (builder, "late_frames", (gint64)numbers->late_total);
  add_int (builder, "missing_frames", (gint64)numbers->missing_total);
  add_double (builder, "missing_ratio", TRUE, numbers->missing_ratio);
  add_known (builder, "audio_lead_ms", numbers->has_lead, numbers->audio_lead_ms);
  add_double (builder, "media_rate", numbers->has_rate, numbers->media_rate);
  add_double (builder, "clock_drift_ppm", numbers->has_drift, round (numbers->drift_ppm));
}

static void
add_line (JsonBuilder *builder, const UsRtmpLine *line) {
  gboolean is_known = line != NULL;
  add_double (builder, "rtt_ms", is_known, is_known ? (double)line->rtt_us / 1000 : 0);
  add_double (builder, "rtt_min_ms", is_known && line->min_rtt_us > 0,
              is_known ? (double)line->min_rtt_us / 1000 : 0);
  add_known (builder, "packets", is_known, is_known ? (gint64)line->packets : 0);
  add_known (builder, "packets_disordered", is_known,
             is_known ? (gint64)line->packets_disordered : 0);
  add_known (builder, "retransmits", is_known, is_known ? (gint64)line->retransmits : 0);
}

static void
add_warnings (JsonBuilder *builder, const UsWarnings *warnings) {
  json_builder_set_member_name (builder, "warnings");
  json_builder_begin_array (builder);
  for (UsWarning each = 0; each < US_N_WARNINGS; each++) {
    const UsWarningState *state = &warnings->states[each];
    if (!state->is_active)
      continue;
    json_builder_begin_object (builder);
    add_string (builder, "id", us_warning_to_string (each));
    add_string (builder, "severity", us_warning_is_severe (each) ? "degraded" : "info");
    add_int (builder, "since_ms", state->since_ms);
    add_string (builder, "text", state->text);
    add_string (builder, "remedy", state->remedy);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

/**
 * us_ingest_status_add_truth:
 * @builder: in an object
 * @stream: the stream
 * @now_us: on the role's monotonic clock
 *
 * Adds the members "measured", null without a publisher, and "warnings".
 */
void
us_ingest_status_add_truth (JsonBuilder *builder, UsStream *stream, gint64 now_us) {
  UsTruthReport report;
  us_stream_get_truth (stream, &report);
  json_builder_set_member_name (builder, "measured");
  if (report.has_numbers) {
    json_builder_begin_object (builder);
    add_numbers (builder, report.numbers, now_us);
    add_drops (builder, us_stream_get_segmenter (stream));
    add_line (builder, report.line);
    json_builder_end_object (builder);
  } else {
    json_builder_add_null_value (builder);
  }
  add_warnings (builder, report.warnings);
}

/* ------------------------------------------------------------------------------------ metrics */

/* Returns: NAN: not known */
typedef double (*TruthValue) (const UsTruthReport *report);

static double
value_fps (const UsTruthReport *report) {
  return report->numbers->fps;
}

static double
value_uneven (const UsTruthReport *report) {
  return report->numbers->constant_fps > 0 ? report->numbers->uneven_ratio : NAN;
}

static double
value_gop (const UsTruthReport *report) {
  gint64 ms = report->numbers->gop_longest_ms;
  return ms > 0 ? (double)ms / 1000 : NAN;
}

static double
value_lateness (const UsTruthReport *report) {
  return (double)report->numbers->lateness_p95_ms / 1000;
}

static double
value_lead (const UsTruthReport *report) {
  return report->numbers->has_lead ? (double)report->numbers->audio_lead_ms / 1000 : NAN;
}

static double
value_rate (const UsTruthReport *report) {
  return report->numbers->has_rate ? report->numbers->media_rate : NAN;
}

static double
value_drift (const UsTruthReport *report) {
  return report->numbers->has_drift ? report->numbers->drift_ppm / 1e6 : NAN;
}

static double
value_rtt (const UsTruthReport *report) {
  return report->line != NULL ? (double)report->line->rtt_us / 1e6 : NAN;
}

static double
value_packets (const UsTruthReport *report) {
  return report->line != NULL ? (double)report->line->packets : NAN;
}

static double
value_disordered (const UsTruthReport *report) {
  return report->line != NULL ? (double)report->line->packets_disordered : NAN;
}

static double
value_retransmits (const UsTruthReport *report) {
  return report->line != NULL ? (double)report->line->retransmits : NAN;
}

static double
value_jumps (const UsTruthReport *report) {
  return (double)report->numbers->jumps_total;
}

static double
value_late (const UsTruthReport *report) {
  return (double)report->numbers->late_total;
}

static double
value_missing (const UsTruthReport *report) {
  return (double)report->numbers->missing_total;
}

static const struct {
  const char *name, *type, *help;
  TruthValue value;
} truth_families[] = {
  { "understudy_ingest_frames_per_second", "gauge", "Pictures per second of media, over 10 s",
    value_fps },
  { "understudy_ingest_frame_uneven_ratio", "gauge", "Distances of pictures that are uneven",
    value_uneven },
  { "understudy_ingest_keyframe_interval_longest_seconds", "gauge", "Of the last minute",
    value_gop },
  { "understudy_ingest_lateness_p95_seconds", "gauge", "Of frames against the usual, over 10 s",
    value_lateness },
  { "understudy_ingest_audio_lead_seconds", "gauge", "Time stamps of audio ahead of video's",
    value_lead },
  { "understudy_ingest_media_rate_ratio", "gauge", "Seconds of media that come in a second",
    value_rate },
  { "understudy_ingest_clock_drift_ratio", "gauge", "The encoder's clock against ours",
    value_drift },
  { "understudy_ingest_rtt_seconds", "gauge", "Round-trip time to the publisher", value_rtt },
  { "understudy_ingest_packets_total", "counter", "Packets with data of the publisher's connection",
    value_packets },
  { "understudy_ingest_packets_disordered_total", "counter", "Of those, out of order",
    value_disordered },
  { "understudy_ingest_retransmits_total", "counter", "Packets sent to the publisher again",
    value_retransmits },
  { "understudy_ingest_timestamp_jumps_total", "counter", "Jumps of the publisher's time stamps",
    value_jumps },
  { "understudy_ingest_frames_late_total", "counter", "Frames more than 0.5 s behind the usual",
    value_late },
  { "understudy_ingest_frames_missing_total", "counter",
    "Pictures that a constant frame rate would have had", value_missing },
};

static void
render_bitrates (UsExposition *out, GPtrArray *streams) {
  us_exposition_family (out, "understudy_ingest_received_bps", "gauge",
                        "Payload received, mean of the last 1 or 10 seconds");
  for (guint i = 0; i < streams->len; i++) {
    UsTruthReport report;
    const char *name = us_stream_get_name (streams->pdata[i]);
    us_stream_get_truth (streams->pdata[i], &report);
    if (!report.has_numbers)
      continue;
    us_exposition_sample (out, (double)report.numbers->bitrate_1s_bps, "stream", name, "window",
                          "1s", NULL);
    us_exposition_sample (out, (double)report.numbers->bitrate_10s_bps, "stream", name, "window",
                          "10s", NULL);
  }
}

static void
render_warnings (UsExposition *out, GPtrArray *streams) {
  us_exposition_family (out, "understudy_ingest_warning", "gauge",
                        "1 while the publisher's stream has this fault");
  for (guint i = 0; i < streams->len; i++) {
    UsTruthReport report;
    us_stream_get_truth (streams->pdata[i], &report);
    for (UsWarning each = 0; each < US_N_WARNINGS; each++)
      us_exposition_sample (out, report.warnings->states[each].is_active, "stream",
                            us_stream_get_name (streams->pdata[i]), "warning",
                            us_warning_to_string (each), NULL);
  }
}

/**
 * us_ingest_status_render_truth:
 * @out: the metrics
 * @streams: (element-type UsStream): the role's streams
 */
void
us_ingest_status_render_truth (UsExposition *out, GPtrArray *streams) {
  render_bitrates (out, streams);
  for (guint family = 0; family < G_N_ELEMENTS (truth_families); family++) {
    us_exposition_family (out, truth_families[family].name, truth_families[family].type,
                          truth_families[family].help);
    for (guint i = 0; i < streams->len; i++) {
      UsTruthReport report;
      us_stream_get_truth (streams->pdata[i], &report);
      /* totals stay when the publisher has gone */
      gboolean is_known
          = report.has_numbers || strcmp (truth_families[family].type, "counter") == 0;
      double value = is_known ? truth_families[family].value (&report) : NAN;
      if (!isnan (value))
        us_exposition_sample (out, value, "stream", us_stream_get_name (streams->pdata[i]), NULL);
    }
  }
  render_warnings (out, streams);
}
