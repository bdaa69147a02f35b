/* desk-findings.c - what is wrong with the desk itself
 *
 * Findings of no stream: they open and close as those of streams do, are kept and told on in the
 * same way, and touch no stream's health. In the desk's loop; judged when something changes.
 */
#include "desk/desk-private.h"

#include "http/json.h"

#include <json-glib/json-glib.h>
#include <math.h>

static const UsCheck own_checks[] = { US_CHECK_STORE, US_N_CHECKS };

static void
add_event (UsDesk *self, const UsFinding *finding, gboolean is_open) {
  const UsCheckInfo *info = us_check_info (finding->check);
  double lasted_s = (double)(us_desk_now (self) - finding->first_wall_us) / G_USEC_PER_SEC;
  g_autoptr (UsEvent) event
      = is_open ? us_event_new ("", us_desk_now (self), US_EVENT_FINDING_OPENED, finding->severity,
                                "desk", "%s: %s", info->title, finding->text)
                : us_event_new ("", us_desk_now (self), US_EVENT_FINDING_CLOSED, US_SEVERITY_INFO,
                                "desk", "%s: over after %.0f s", info->title, fmax (lasted_s, 0));
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "check", info->word);
  us_json_add_text (json, "severity", us_severity_word (finding->severity));
  us_json_add_integer (json, "finding", (gint64)finding->id);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  event->data = us_json_to_text (root, FALSE);
  event->rendition = US_FINDING_WHOLE;
  us_incidents_add_event (self->incidents, event);
}

static void
on_changed (const UsFinding *finding, UsFindingChange change, gpointer data) {
  UsDesk *self = data;
  us_desk_monitor_handler.on_finding ("", finding, change, self);
  if (change != US_FINDING_ESCALATED)
    add_event (self, finding, change == US_FINDING_OPENED);
}

/**
 * us_desk_judge_itself:
 *
 * To be called when what the desk's own findings are about has changed.
 */
void
us_desk_judge_itself (UsDesk *self) {
  g_autoptr (UsHits) hits = us_hits_new ();
  if (self->store_problem != NULL)
    us_hits_add (hits, US_CHECK_STORE, US_SEVERITY_DEGRADED, NAN, NAN, "%s", self->store_problem);
  us_findings_judge (self->findings, US_FINDING_WHOLE, own_checks, hits,
                     us_clock_monotonic_us (self->clock), us_desk_now (self), on_changed, self);
}

const UsFindings *
us_desk_get_findings (UsDesk *self) {
  return self->findings;
}
