/* desk-watch.c - what the monitor and the incidents say, and where it goes from there
 *
 * Callbacks in the desk's loop. Findings, minutes and pictures go to the store, verdicts to the
 * incidents, and all of it to whoever listens to the desk's news.
 */
#include "desk/desk-private.h"

/* ---- from the incidents ---- */

static void
on_incident (const UsIncidentRow *row, UsIncidentStep step, gpointer data) {
  UsDesk *self = data;
  us_desk_tell_incident (self, row, step);
  if (self->monitor != NULL && (step == US_INCIDENT_OPENS || step == US_INCIDENT_RESOLVES))
    us_monitor_want_thumbnail (self->monitor, row->stream,
                               step == US_INCIDENT_OPENS ? "incident-opened" : "incident-resolved");
  if (self->news != NULL && self->news->on_incident != NULL)
    self->news->on_incident (row, step, self->news_data);
}

static void
on_numbered_event (const UsEvent *event, gpointer data) {
  UsDesk *self = data;
  if (self->news != NULL && self->news->on_event != NULL)
    self->news->on_event (event, self->news_data);
}

const UsIncidentsHandler us_desk_incidents_handler = { on_incident, on_numbered_event };

/* ---- from the monitor ---- */

static void
on_event (const UsEvent *event, gpointer data) {
  UsDesk *self = data;
  if (event->kind != US_EVENT_FINDING_OPENED || event->severity == US_SEVERITY_INFO) {
    us_incidents_add_event (self->incidents, event);
    return;
  }
  g_autoptr (UsEvent) shown = us_event_copy (event);
  g_free (shown->thumbnail);
  shown->thumbnail = g_strdup (us_gallery_keep (self->gallery, event->stream, "finding-before"));
  us_incidents_add_event (self->incidents, shown);
}

static void
on_finding (const char *stream, const UsFinding *finding, UsFindingChange change, gpointer data) {
  UsDesk *self = data;
  us_desk_keep_finding (self, stream, finding);
  if (change == US_FINDING_OPENED)
    us_tallies_add_finding (self->tallies, stream, finding->check);
  if (self->news != NULL && self->news->on_finding != NULL)
    self->news->on_finding (stream, finding, change, self->news_data);
}

static void
on_verdict (const char *stream, const UsVerdict *verdict, gboolean changed, gpointer data) {
  UsDesk *self = data;
  const UsStreamConfig *config = us_roster_find (self->roster, stream);
  if (config == NULL)
    return;
  us_strips_note (self->strips, stream, us_desk_now (self), verdict->health);
  UsSymptoms symptoms;
  if (verdict->health > US_HEALTH_HEALTHY)
    us_monitor_get_symptoms (self->monitor, stream, &symptoms);
  else
    us_symptoms_init (&symptoms); /* a well stream has no cause; gathering them is not for free */
  const UsIncidentInput input = { .stream = stream,
                                  .stream_name = config->name,
                                  .health = verdict->health,
                                  .reasons = { verdict->reasons[0], verdict->reasons[1] },
                                  .leading = verdict->leading,
                                  .is_flapping = verdict->is_flapping,
                                  .is_in_maintenance = us_desk_is_in_maintenance (self, config),
                                  .symptoms = &symptoms };
  us_incidents_judge (self->incidents, &input);
  if (changed && self->news != NULL && self->news->on_health != NULL)
    self->news->on_health (stream, verdict, self->news_data);
}

static void
on_minute (const char *stream, const UsMinute *minute, gpointer data) {
  UsDesk *self = data;
  const UsStreamConfig *config = us_roster_find (self->roster, stream);
  const UsRollupRow row
      = { .stream = (char *)stream,
          .minute_us = minute->minute_us,
          .n_segments = minute->n_segments,
          .n_segment_errors = minute->n_segment_errors,
          .n_playlists = minute->n_playlists,
          .n_playlist_errors = minute->n_playlist_errors,
          .ttfb_avg = minute->ttfb_avg,
          .ttfb_p95 = minute->ttfb_p95,
          .ttfb_max = minute->ttfb_max,
          .ratio_avg = minute->ratio_avg,
          .ratio_min = minute->ratio_min,
          .latency_avg = minute->latency_avg,
          .bytes = minute->bytes,
          .health = (char *)us_health_word (minute->worst),
          .healthy_s = minute->seconds[US_HEALTH_HEALTHY],
          .degraded_s = minute->seconds[US_HEALTH_DEGRADED],
          .unhealthy_s = minute->seconds[US_HEALTH_UNHEALTHY],
          .no_data_s = minute->seconds[US_HEALTH_NO_DATA],
          .is_maintenance = config != NULL && us_desk_is_in_maintenance (self, config) };
  us_store_put_rollup (self->store, &row);
  us_tallies_add_minute (self->tallies, stream, minute);
  if (config != NULL)
    us_strips_note (self->strips, stream, minute->minute_us, minute->worst);
}

static void
on_sample (const char *stream, const UsSample *sample, gpointer data) {
  UsDesk *self = data;
  UsSamples *samples = g_hash_table_lookup (self->samples, stream);
  if (samples == NULL) {
    samples = us_samples_new ();
    g_hash_table_insert (self->samples, g_strdup (stream), samples);
  }
  us_samples_add (samples, sample);
  us_tallies_add_segment (self->tallies, stream, sample);
}

static void
on_thumbnail (const char *stream, gint64 taken_us, GBytes *jpeg, guint width, guint height,
              const char *reason, gpointer data) {
  UsDesk *self = data;
  if (jpeg == NULL || us_roster_find (self->roster, stream) == NULL)
    return;
  g_autofree char *id
      = us_gallery_show (self->gallery, stream, taken_us, jpeg, width, height, reason);
  if (id == NULL)
    return;
  g_autoptr (UsEvent) event = us_event_new (stream, taken_us, US_EVENT_THUMBNAIL, US_SEVERITY_INFO,
                                            "probe", "Picture taken: %s", reason);
  event->thumbnail = g_steal_pointer (&id);
  us_incidents_add_event (self->incidents, event);
}

const UsMonitorHandler us_desk_monitor_handler = {
  on_event, on_finding, on_verdict, on_minute, on_sample, on_thumbnail,
};
