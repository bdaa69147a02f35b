/* check-json.c - the report of a check as programs read it
 *
 * Pure. docs/check.md is the schema and its promise: members are added, never renamed or removed,
 * as long as "schema" is 1. Times are seconds, rates are bits per second, what is not known is
 * null.
 */
#include "commands/check-report.h"

#include <math.h>

#include "http/json.h"

#define SCHEMA 1

static void
add_number (JsonBuilder *json, const char *name, double value) {
  json_builder_set_member_name (json, name);
  if (isfinite (value))
    json_builder_add_double_value (json, round (value * 1e6) / 1e6);
  else
    json_builder_add_null_value (json);
}

static void
add_known (JsonBuilder *json, const char *name, guint value) {
  us_json_add_integer_or_null (json, name, value > 0, value);
}

static void
begin (JsonBuilder *json, const char *name) {
  json_builder_set_member_name (json, name);
  json_builder_begin_object (json);
}

static void
add_times (JsonBuilder *json, const char *name, const UsReportTimes *times) {
  gboolean is_known = times->n > 0;
  begin (json, name);
  us_json_add_integer (json, "count", times->n);
  add_number (json, "p50", is_known ? times->p50 : NAN);
  add_number (json, "p95", is_known ? times->p95 : NAN);
  add_number (json, "max", is_known ? times->max : NAN);
  json_builder_end_object (json);
}

static void
add_media (JsonBuilder *json, const char *name, const UsReportMedia *media) {
  begin (json, name);
  add_number (json, "peak_bps", media->peak_bps);
  add_number (json, "average_bps", media->average_bps);
  add_known (json, "width", media->width);
  add_known (json, "height", media->height);
  add_number (json, "frame_rate", media->frame_rate_mhz > 0 ? media->frame_rate_mhz / 1000.0 : NAN);
  us_json_add_text (json, "codecs", media->codecs);
  json_builder_end_object (json);
}

static void
add_finding (JsonBuilder *json, const UsReportFinding *finding) {
  const UsCheckInfo *info = us_check_info (finding->check);
  json_builder_begin_object (json);
  us_json_add_text (json, "check", info->word);
  us_json_add_text (json, "title", info->title);
  us_json_add_text (json, "group", us_check_group_word (info->group));
  us_json_add_text (json, "severity", us_severity_word (finding->severity));
  us_json_add_text (json, "rendition",
                    finding->rendition == US_FINDING_WHOLE ? NULL : finding->label);
  us_json_add_text (json, "text", finding->text);
  add_number (json, "value", finding->value);
  add_number (json, "limit", finding->limit);
  us_json_add_integer (json, "count", finding->count);
  add_number (json, "first", finding->first_s);
  add_number (json, "last", finding->last_s);
  us_json_add_flag (json, "is_open", finding->is_open);
  json_builder_end_object (json);
}

static void
add_rendition (JsonBuilder *json, const UsReportRendition *its) {
  static const char *const kinds[] = { "video", "audio", "subtitles" };
  json_builder_begin_object (json);
  us_json_add_text (json, "label", its->label);
  us_json_add_text (json, "kind", kinds[its->kind]);
  us_json_add_text (json, "url", its->url);
  us_json_add_text (json, "name", its->name);
  us_json_add_text (json, "language", its->language);
  us_json_add_flag (json, "has_playlist", its->has_playlist);
  us_json_add_flag (json, "is_ended", its->is_ended);
  add_known (json, "target_duration", its->target_duration_s);
  us_json_add_integer (json, "listed_segments", its->n_listed);
  add_media (json, "declared", &its->declared);
  add_media (json, "measured", &its->measured);
  begin (json, "playlists");
  us_json_add_integer (json, "count", its->n_playlists);
  us_json_add_integer (json, "failed", its->n_playlists_failed);
  add_times (json, "first_byte", &its->playlist_first_byte);
  json_builder_end_object (json);
  begin (json, "segments");
  us_json_add_integer (json, "count", its->n_segments);
  us_json_add_integer (json, "failed", its->n_segments_failed);
  us_json_add_integer (json, "bytes", (gint64)its->n_bytes);
  add_number (json, "media", its->media_s);
  add_times (json, "first_byte", &its->first_byte);
  add_times (json, "download", &its->download);
  add_number (json, "speed", its->speed);
  json_builder_end_object (json);
  json_builder_end_object (json);
}

static void
add_counts (JsonBuilder *json, const UsReport *report) {
  begin (json, "counts");
  for (int severity = US_SEVERITY_UNHEALTHY; severity >= US_SEVERITY_INFO; severity--)
    us_json_add_integer (json, us_severity_word ((UsSeverity)severity),
                         us_report_count (report, (UsSeverity)severity));
  json_builder_end_object (json);
}

static void
add_head (JsonBuilder *json, const UsReport *report, UsSeverity fail_on) {
  static const char *const kinds[] = { "unknown", "live", "recording" };
  g_autoptr (GDateTime) begun = g_date_time_new_from_unix_utc (report->begun_wall_us / 1000000);
  g_autofree char *when = begun != NULL ? g_date_time_format (begun, "%Y-%m-%dT%H:%M:%SZ") : NULL;
  us_json_add_integer (json, "schema", SCHEMA);
  us_json_add_text (json, "url", report->url);
  us_json_add_text (json, "begun", when);
  add_number (json, "watched", report->watched_s);
  us_json_add_flag (json, "is_interrupted", report->is_interrupted);
  us_json_add_text (json, "kind", kinds[report->kind]);
  us_json_add_text (json, "verdict", us_health_word (report->verdict));
  us_json_add_text (json, "why", report->verdict == US_HEALTH_NO_DATA ? report->why : NULL);
  us_json_add_text (json, "fail_on", us_severity_word (fail_on));
  us_json_add_integer (json, "exit_code", us_report_exit_code (report, fail_on));
}

/**
 * us_report_to_json:
 * @fail_on: the least severity that counts
 */
char *
us_report_to_json (const UsReport *report, UsSeverity fail_on) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  add_head (json, report, fail_on);
  add_counts (json, report);
  json_builder_set_member_name (json, "findings");
  json_builder_begin_array (json);
  for (guint i = 0; i < report->findings->len; i++)
    add_finding (json, report->findings->pdata[i]);
  json_builder_end_array (json);
  json_builder_set_member_name (json, "renditions");
  json_builder_begin_array (json);
  for (guint i = 0; i < report->renditions->len; i++)
    add_rendition (json, report->renditions->pdata[i]);
  json_builder_end_array (json);
  begin (json, "connections");
  add_times (json, "dns", &report->dns);
  add_times (json, "connect", &report->connect);
  add_times (json, "tls", &report->tls);
  json_builder_end_object (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = us_json_to_text (root, TRUE);
  return g_strconcat (text, "\n", NULL);
}
