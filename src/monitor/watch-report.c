/* watch-report.c - what a watch tells: lines of the timeline, findings, verdicts, minutes, pictures
 *
 * Every call of the handler goes through here and is counted, so that the monitor frees nothing
 * while one is under way; a retired watch is silent. Sentences are for people, the data beside them
 * is for programs.
 */
#include "monitor/watch-private.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "http/json.h"

#define REPEAT_US                                                                                  \
  (30 * (gint64)G_USEC_PER_SEC) /* a playlist that goes on failing in the same way */
#define SOURCE "probe"

/* ---- calls ---- */

static void
send_event (UsWatch *watch, UsEvent *event, JsonBuilder *json) {
  UsWatchContext *context = watch->context;
  if (json != NULL) {
    json_builder_end_object (json);
    g_autoptr (JsonNode) root = json_builder_get_root (json);
    event->data = us_json_to_text (root, FALSE);
  }
  if (context->handler.on_event != NULL && !watch->is_retired) {
    context->depth++;
    context->handler.on_event (event, context->user_data);
    context->depth--;
  }
}

static JsonBuilder *
begin_data (void) {
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  return json;
}

static void
add_number (JsonBuilder *json, const char *name, double value) {
  if (!isfinite (value))
    return;
  json_builder_set_member_name (json, name);
  json_builder_add_double_value (json, round (value * 1e6) / 1e6);
}

static const char *
label_of (const UsWatch *watch, int rendition) {
  for (guint i = 0; i < watch->renditions->len; i++) {
    const UsWatchRendition *its = watch->renditions->pdata[i];
    if (its->info->index == rendition)
      return its->info->label;
  }
  return NULL;
}

/* Of a stream with one rendition there is nothing to tell apart. */
static char *
prefix_of (const UsWatch *watch, int rendition) {
  const char *label = watch->is_multivariant ? label_of (watch, rendition) : NULL;
  return label != NULL ? g_strdup_printf ("%s: ", label) : g_strdup ("");
}

/* ---- findings ---- */

/**
 * us_watch_report_finding:
 *
 * A #UsFindingChanged.
 */
void
us_watch_report_finding (const UsFinding *finding, UsFindingChange change, gpointer user_data) {
  UsWatch *watch = user_data;
  UsWatchContext *context = watch->context;
  if (watch->is_retired)
    return;
  watch->notes.check_us[finding->check] = us_watch_now (watch);
  if (change == US_FINDING_OPENED && finding->severity > US_SEVERITY_INFO
      && watch->thumbnailer != NULL)
    us_watch_want_thumbnail (watch, "finding");
  if (context->handler.on_finding != NULL) {
    context->depth++;
    context->handler.on_finding (watch->config->id, finding, change, context->user_data);
    context->depth--;
  }
  if (change == US_FINDING_ESCALATED)
    return;
  gboolean is_open = change == US_FINDING_OPENED;
  const UsCheckInfo *info = us_check_info (finding->check);
  g_autofree char *prefix = prefix_of (watch, finding->rendition);
  double lasted_s = (double)(us_watch_wall (watch) - finding->first_wall_us) / G_USEC_PER_SEC;
  g_autoptr (UsEvent) event
      = is_open ? us_event_new (watch->config->id, us_watch_wall (watch), US_EVENT_FINDING_OPENED,
                                finding->severity, SOURCE, "%s%s: %s", prefix, info->title,
                                finding->text)
                : us_event_new (watch->config->id, us_watch_wall (watch), US_EVENT_FINDING_CLOSED,
                                US_SEVERITY_INFO, SOURCE, "%s%s: over after %.0f s", prefix,
                                info->title, fmax (lasted_s, 0));
  g_autoptr (JsonBuilder) json = begin_data ();
  us_json_add_text (json, "check", info->word);
  us_json_add_text (json, "severity", us_severity_word (finding->severity));
  us_json_add_integer (json, "finding", (gint64)finding->id);
  us_json_add_integer (json, "count", finding->count);
  add_number (json, "value", finding->value);
  add_number (json, "limit", finding->limit);
  event->rendition = finding->rendition;
  send_event (watch, event, json);
}

/* ---- health ---- */

static UsSeverity
severity_of (UsHealth health) {
  return health == US_HEALTH_UNHEALTHY  ? US_SEVERITY_UNHEALTHY
         : health == US_HEALTH_DEGRADED ? US_SEVERITY_DEGRADED
                                        : US_SEVERITY_INFO;
}

static void
report_health (UsWatch *watch, UsHealth before) {
  const UsVerdict *verdict = &watch->verdict;
  const char *why = verdict->reasons[0];
  g_autoptr (UsEvent) event = us_event_new (
      watch->config->id, us_watch_wall (watch), US_EVENT_HEALTH_CHANGE,
      severity_of (verdict->health), SOURCE, "%s, was %s%s%s", us_health_word (verdict->health),
      us_health_word (before), why != NULL ? ": " : "", why != NULL ? why : "");
  g_autoptr (JsonBuilder) json = begin_data ();
  us_json_add_text (json, "from", us_health_word (before));
  us_json_add_text (json, "to", us_health_word (verdict->health));
  us_json_add_text (json, "colour", us_health_colour (verdict->health));
  json_builder_set_member_name (json, "reasons");
  json_builder_begin_array (json);
  for (guint i = 0; i < G_N_ELEMENTS (verdict->reasons); i++)
    if (verdict->reasons[i] != NULL)
      json_builder_add_string_value (json, verdict->reasons[i]);
  json_builder_end_array (json);
  event->rendition = verdict->leading_rendition;
  send_event (watch, event, json);
}

/**
 * us_watch_report_verdict:
 * @changed: the state has
 * @before: what it was
 */
void
us_watch_report_verdict (UsWatch *watch, gboolean changed, UsHealth before) {
  UsWatchContext *context = watch->context;
  if (changed)
    report_health (watch, before);
  if (context->handler.on_verdict == NULL || watch->is_retired)
    return;
  context->depth++;
  context->handler.on_verdict (watch->config->id, &watch->verdict, changed, context->user_data);
  context->depth--;
}

/* ---- segments ---- */

static void
report_sample (UsWatch *watch, const UsWatchRendition *rendition, const UsSegmentSeen *seen) {
  UsWatchContext *context = watch->context;
  const UsFetched *fetched = &seen->fetched;
  UsSample sample = { .wall_us = us_watch_wall (watch),
                      .rendition = rendition->info->index,
                      .number = seen->number,
                      .ttfb_s = fetched->first_byte_s,
                      .total_s = fetched->total_s,
                      .ratio = NAN,
                      .dns_s = fetched->dns_s,
                      .connect_s = fetched->connect_s,
                      .tls_s = fetched->tls_s,
                      .duration_s = (double)seen->duration_us / G_USEC_PER_SEC,
                      .n_bytes = fetched->n_bytes,
                      .outcome = fetched->outcome };
  if (fetched->outcome == US_OUTCOME_OK && fetched->total_s > 0)
    sample.ratio = (double)seen->duration_us / G_USEC_PER_SEC / fetched->total_s;
  if (context->handler.on_sample == NULL || watch->is_retired)
    return;
  context->depth++;
  context->handler.on_sample (watch->config->id, &sample, context->user_data);
  context->depth--;
}

static UsEvent *
describe_segment (const UsWatch *watch, const UsWatchRendition *rendition,
                  const UsSegmentSeen *seen) {
  const UsFetched *fetched = &seen->fetched;
  g_autofree char *prefix = prefix_of (watch, rendition->info->index);
  gint64 wall_us = us_watch_wall (watch);
  if (fetched->outcome == US_OUTCOME_OK)
    return us_event_new (watch->config->id, wall_us, US_EVENT_SEGMENT_OK, US_SEVERITY_INFO, SOURCE,
                         "%ssegment %" G_GUINT64_FORMAT ", %.1f s, %.0f kB in %.2f s", prefix,
                         seen->number, (double)seen->duration_us / G_USEC_PER_SEC,
                         (double)fetched->n_bytes / 1000, fmax (fetched->total_s, 0));
  return us_event_new (watch->config->id, wall_us, US_EVENT_SEGMENT_ERROR, US_SEVERITY_DEGRADED,
                       SOURCE, "%ssegment %" G_GUINT64_FORMAT " failed: %s", prefix, seen->number,
                       fetched->problem != NULL ? fetched->problem
                                                : us_outcome_word (fetched->outcome));
}

/**
 * us_watch_report_segment:
 * @seen: one that was asked for
 */
void
us_watch_report_segment (UsWatch *watch, const UsWatchRendition *rendition,
                         const UsSegmentSeen *seen) {
  const UsFetched *fetched = &seen->fetched;
  report_sample (watch, rendition, seen);
  if (watch->context->handler.on_event == NULL || watch->is_retired)
    return;
  g_autoptr (UsEvent) event = describe_segment (watch, rendition, seen);
  g_autoptr (JsonBuilder) json = begin_data ();
  us_json_add_integer (json, "number", (gint64)seen->number);
  us_json_add_text (json, "outcome", us_outcome_word (fetched->outcome));
  if (fetched->status > 0)
    us_json_add_integer (json, "status", fetched->status);
  us_json_add_integer (json, "bytes", (gint64)fetched->n_bytes);
  us_json_add_integer (json, "tries", seen->n_tries);
  if (seen->encryption != NULL)
    us_json_add_text (json, "encryption", seen->encryption);
  add_number (json, "duration", (double)seen->duration_us / G_USEC_PER_SEC);
  add_number (json, "dns", fetched->dns_s);
  add_number (json, "connect", fetched->connect_s);
  add_number (json, "tls", fetched->tls_s);
  add_number (json, "ttfb", fetched->first_byte_s);
  add_number (json, "total", fetched->total_s);
  event->rendition = rendition->info->index;
  send_event (watch, event, json);
}

/* ---- playlists ---- */

/**
 * us_watch_report_playlist_error:
 * @rendition: whose newest poll failed
 *
 * One that goes on failing in the same way is told again every half minute only.
 */
void
us_watch_report_playlist_error (UsWatch *watch, UsWatchRendition *rendition) {
  const UsFetched *fetched = &rendition->seen.fetched;
  gint64 now_us = us_watch_now (watch);
  if (rendition->reported == fetched->outcome && now_us - rendition->reported_us < REPEAT_US)
    return;
  rendition->reported = fetched->outcome;
  rendition->reported_us = now_us;
  g_autofree char *prefix = prefix_of (watch, rendition->info->index);
  g_autofree char *url = us_url_for_people (rendition->info->url);
  g_autoptr (UsEvent) event = us_event_new (
      watch->config->id, us_watch_wall (watch), US_EVENT_PLAYLIST_ERROR, US_SEVERITY_DEGRADED,
      SOURCE, "%splaylist failed: %s", prefix,
      fetched->problem != NULL ? fetched->problem : us_outcome_word (fetched->outcome));
  g_autoptr (JsonBuilder) json = begin_data ();
  us_json_add_text (json, "outcome", us_outcome_word (fetched->outcome));
  if (fetched->status > 0)
    us_json_add_integer (json, "status", fetched->status);
  us_json_add_integer (json, "failed_in_a_row", rendition->n_failed);
  us_json_add_text (json, "url", url);
  if (fetched->address != NULL)
    us_json_add_text (json, "address", fetched->address);
  add_number (json, "total", fetched->total_s);
  event->rendition = rendition->info->index;
  send_event (watch, event, json);
}

static char *
join (const GPtrArray *labels) {
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < labels->len && text->len < US_EVENT_MAX_TEXT / 4; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", (const char *)labels->pdata[i]);
  return g_string_free (text, FALSE);
}

/**
 * us_watch_report_ladder:
 * @added: (element-type utf8): labels
 * @removed: (element-type utf8): labels
 */
void
us_watch_report_ladder (UsWatch *watch, const GPtrArray *added, const GPtrArray *removed) {
  g_autofree char *new_ones = join (added), *old_ones = join (removed);
  g_autoptr (UsEvent) event = us_event_new (
      watch->config->id, us_watch_wall (watch), US_EVENT_LADDER_CHANGED,
      removed->len > 0 ? US_SEVERITY_DEGRADED : US_SEVERITY_INFO, SOURCE,
      "the multivariant playlist has %u rendition%s now%s%s%s%s", watch->renditions->len,
      us_text_s (watch->renditions->len), added->len > 0 ? ", new: " : "", new_ones,
      removed->len > 0 ? ", gone: " : "", old_ones);
  event->rendition = US_FINDING_WHOLE;
  send_event (watch, event, NULL);
}

/* ---- minutes and pictures ---- */

void
us_watch_report_minute (UsWatch *watch, const UsMinute *minute) {
  UsWatchContext *context = watch->context;
  if (context->handler.on_minute == NULL || watch->is_retired)
    return;
  context->depth++;
  context->handler.on_minute (watch->config->id, minute, context->user_data);
  context->depth--;
}

/**
 * us_watch_report_thumbnail:
 *
 * A #UsThumbnailDone.
 */
void
us_watch_report_thumbnail (gint64 wall_us, GBytes *jpeg, guint width, guint height,
                           const char *reason, const char *problem, gpointer user_data) {
  UsWatch *watch = user_data;
  UsWatchContext *context = watch->context;
  if (context->handler.on_thumbnail == NULL || watch->is_retired)
    return;
  context->depth++;
  context->handler.on_thumbnail (watch->config->id, wall_us, jpeg, width, height, reason,
                                 context->user_data);
  context->depth--;
}
