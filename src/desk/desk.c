/* desk.c - the operations desk: streams, their health, incidents and history, in one place
 *
 * Owned by the role, in its main loop. The desk decides nothing itself: the monitor says what is,
 * the inside what our own chain says of itself, the incidents what it means, the gallery what it
 * looked like. Everything that happens takes one way: an event goes to the incidents, which number
 * it, keep it, and hand it back for those who listen.
 *
 * History that cannot be written is told and counted; watching goes on.
 */
#define US_LOG_TOPIC "desk"
#include "desk/desk.h"

#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "desk/gallery.h"
#include "desk/roster.h"
#include "desk/samples.h"

#define STREAMS_FILE "streams.json"
#define STORE_FILE "desk.sqlite"
#define MAINTENANCE_MS 1000 /* how often it is looked at whether one is over */
#define CLOSE_GRACE_MS 5000

struct UsDesk {
  const UsClock *clock;
  UsRoster *roster;
  UsStore *store;
  UsIncidents *incidents;
  UsNotifier *notifier;
  UsMonitor *monitor;
  UsInsideSettings inside_settings; /* strings owned */
  UsInside *inside;                 /* nullable: not started, or no chain of ours */
  UsGallery *gallery;
  GHashTable *samples; /* stream id -> UsSamples */
  const UsDeskNews *news;
  gpointer news_data;
  GSource *maintenance;
  char *store_problem; /* nullable */
  gint64 started_us;
};

static gint64
wall_us (const UsDesk *self) {
  return us_clock_wall_us (self->clock);
}

static void
add_event (UsDesk *self, const char *stream, UsEventKind kind, UsSeverity severity,
           const char *source, const char *text) {
  g_autoptr (UsEvent) event
      = us_event_new (stream, wall_us (self), kind, severity, source, "%s", text);
  us_incidents_add_event (self->incidents, event);
}

static gboolean
is_in_maintenance (const UsDesk *self, const UsStreamConfig *config) {
  return config->maintenance_until_us > wall_us (self);
}

static void
tell_stream (UsDesk *self, const char *stream, gboolean is_gone) {
  if (self->news != NULL && self->news->on_stream != NULL)
    self->news->on_stream (stream, is_gone, self->news_data);
}

/* ---- from the incidents ---- */

static void
on_incident (const UsIncidentRow *row, UsIncidentStep step, gpointer data) {
  UsDesk *self = data;
  us_notifier_tell (self->notifier, row, step);
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

static const UsIncidentsHandler incidents_handler = { on_incident, on_numbered_event };

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
  const UsFindingRow row = { .id = (gint64)finding->id,
                             .stream = (char *)stream,
                             .check = (char *)us_check_info (finding->check)->word,
                             .severity = (char *)us_severity_word (finding->worst),
                             .text = finding->text,
                             .rendition = finding->rendition,
                             .value = finding->value,
                             .limit = finding->limit,
                             .first_us = finding->first_wall_us,
                             .last_us = finding->last_wall_us,
                             .closed_us = finding->closed_wall_us,
                             .count = finding->count };
  us_store_put_finding (self->store, &row);
  if (self->news != NULL && self->news->on_finding != NULL)
    self->news->on_finding (stream, finding, change, self->news_data);
}

static void
on_verdict (const char *stream, const UsVerdict *verdict, gboolean changed, gpointer data) {
  UsDesk *self = data;
  const UsStreamConfig *config = us_roster_find (self->roster, stream);
  if (config == NULL)
    return;
  UsSymptoms symptoms;
  us_monitor_get_symptoms (self->monitor, stream, &symptoms);
  const UsIncidentInput input = { .stream = stream,
                                  .stream_name = config->name,
                                  .health = verdict->health,
                                  .reasons = { verdict->reasons[0], verdict->reasons[1] },
                                  .leading = verdict->leading,
                                  .is_flapping = verdict->is_flapping,
                                  .is_in_maintenance = is_in_maintenance (self, config),
                                  .symptoms = &symptoms };
  us_incidents_judge (self->incidents, &input);
  if (changed && self->news != NULL && self->news->on_health != NULL)
    self->news->on_health (stream, verdict, self->news_data);
}

static void
on_minute (const char *stream, const UsMinute *minute, gpointer data) {
  UsDesk *self = data;
  const UsStreamConfig *config = us_roster_find (self->roster, stream);
  const UsRollupRow row = { .stream = (char *)stream,
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
                            .is_maintenance = config != NULL && is_in_maintenance (self, config) };
  us_store_put_rollup (self->store, &row);
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

static const UsMonitorHandler monitor_handler = {
  on_event, on_finding, on_verdict, on_minute, on_sample, on_thumbnail,
};

/* ---- from the inside of our chain ---- */

static void
on_own_stream (const char *own_stream, const char *viewer_url, gboolean is_gone, gpointer data) {
  UsDesk *self = data;
  const UsStreamConfig *known = us_roster_find_own (self->roster, own_stream);
  if (is_gone) {
    /* What was ours and is ill must stay in sight: it goes when an operator restarts the desk. */
    return;
  }
  if (known != NULL && g_strcmp0 (known->url, viewer_url) == 0)
    return;
  gboolean is_new = known == NULL;
  const UsStreamConfig *config
      = us_roster_put_own (self->roster, own_stream, viewer_url, wall_us (self));
  us_monitor_put (self->monitor, config);
  if (is_new)
    add_event (self, config->id, US_EVENT_STREAM_ADDED, US_SEVERITY_INFO, "desk",
               "A stream of our own chain is watched");
  tell_stream (self, config->id, FALSE);
}

static void
add_inside_event (UsDesk *self, const UsEvent *event, const UsStreamConfig *config) {
  g_autoptr (UsEvent) own = us_event_copy (event);
  g_free (own->stream);
  own->stream = g_strdup (config->id);
  if (event->kind == US_EVENT_SWITCHED) {
    g_free (own->thumbnail);
    own->thumbnail = g_strdup (us_gallery_keep (self->gallery, config->id, "switch-before"));
    us_monitor_want_thumbnail (self->monitor, config->id, "switch-after");
  }
  us_incidents_add_event (self->incidents, own);
}

static void
on_inside_event (const UsEvent *event, gpointer data) {
  UsDesk *self = data;
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  gboolean is_for_all = event->stream == NULL || event->stream[0] == '\0';
  for (guint i = 0; i < streams->len; i++) {
    const UsStreamConfig *config = g_ptr_array_index (streams, i);
    if (config->is_own && (is_for_all || g_strcmp0 (config->own_stream, event->stream) == 0))
      add_inside_event (self, event, config);
  }
}

static void
on_inside_facts (const char *own_stream, const UsSymptoms *symptoms, gpointer data) {
  UsDesk *self = data;
  const UsStreamConfig *config = us_roster_find_own (self->roster, own_stream);
  if (config != NULL)
    us_monitor_set_inside (self->monitor, config->id, symptoms);
}

static const UsInsideHandler inside_handler = { on_own_stream, on_inside_event, on_inside_facts };

/* ---- the store ---- */

/* The store has logged it; watching goes on. */
static void
on_trouble (UsStore *store, const GError *error, gpointer data) {
  UsDesk *self = data;
  g_free (self->store_problem);
  self->store_problem = error != NULL ? g_strdup (error->message) : NULL;
  tell_stream (self, "", FALSE);
}

/* ---- maintenance ---- */

static void
end_maintenance (UsDesk *self, const UsStreamConfig *config) {
  g_autoptr (UsStreamConfig) over = us_stream_config_copy (config);
  g_autoptr (GError) error = NULL;
  const char *pointer;
  over->maintenance_until_us = 0;
  g_clear_pointer (&over->maintenance_reason, g_free);
  if (!us_roster_change (self->roster, over, &pointer, &error)) {
    us_warning ("%s: %s", over->id, error->message);
    return;
  }
  us_monitor_put (self->monitor, over);
  add_event (self, over->id, US_EVENT_MAINTENANCE, US_SEVERITY_INFO, "desk",
             "Maintenance is over: its time has passed");
  tell_stream (self, over->id, FALSE);
}

static gboolean
on_maintenance (gpointer data) {
  UsDesk *self = data;
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  gint64 now_us = wall_us (self);
  for (guint i = 0; i < streams->len; i++) {
    const UsStreamConfig *config = g_ptr_array_index (streams, i);
    if (config->maintenance_until_us != 0 && config->maintenance_until_us <= now_us)
      end_maintenance (self, config);
  }
  return G_SOURCE_CONTINUE;
}

/* ---- life ---- */

void
us_desk_settings_default (UsDeskSettings *settings) {
  *settings = (UsDeskSettings){ 0 };
  us_monitor_settings_default (&settings->monitor);
  us_store_settings_default (&settings->store);
}

static void
copy_inside (UsDesk *self, const UsInsideSettings *settings) {
  self->inside_settings = (UsInsideSettings){ .ingest_url = g_strdup (settings->ingest_url),
                                              .primary_url = g_strdup (settings->primary_url),
                                              .backup_url = g_strdup (settings->backup_url),
                                              .switcher_url = g_strdup (settings->switcher_url),
                                              .clock = self->clock };
}

static gboolean
open_store (UsDesk *self, const UsDeskSettings *settings, GError **error) {
  g_autofree char *path = g_build_filename (settings->state_dir, STORE_FILE, NULL);
  UsStoreSettings store = settings->store;
  store.path = path;
  self->store = us_store_open (&store, NULL, error);
  if (self->store == NULL)
    return FALSE;
  us_store_set_trouble (self->store, on_trouble, self);
  return TRUE;
}

/**
 * us_desk_new:
 * @settings: see there; its state folder exists
 * @error: US_STREAM_ERROR_FILE, US_STORE_ERROR, or of the notifier's secret file
 *
 * Returns: (transfer full): a desk that has not begun to watch
 */
UsDesk *
us_desk_new (const UsDeskSettings *settings, GError **error) {
  g_autoptr (UsDesk) self = g_new0 (UsDesk, 1);
  g_autofree char *streams = g_build_filename (settings->state_dir, STREAMS_FILE, NULL);
  UsNotifierSettings notifier = settings->notifier;
  UsMonitorSettings monitor = settings->monitor;
  self->clock = settings->clock != NULL ? settings->clock : us_clock_system ();
  self->started_us = wall_us (self);
  self->samples
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  copy_inside (self, &settings->inside);
  monitor.clock = notifier.clock = self->clock;
  self->roster = us_roster_open (streams, error);
  if (self->roster == NULL || !open_store (self, settings, error))
    return NULL;
  self->gallery = us_gallery_new (self->store);
  self->notifier = us_notifier_new (&notifier, self->store, error);
  if (self->notifier == NULL)
    return NULL;
  self->incidents = us_incidents_new (self->store, self->clock, &incidents_handler, self, error);
  if (self->incidents == NULL)
    return NULL;
  self->monitor = us_monitor_new (&monitor, &monitor_handler, self);
  return g_steal_pointer (&self);
}

void
us_desk_free (UsDesk *self) {
  self->news = NULL;
  us_timer_stop (&self->maintenance);
  g_clear_pointer (&self->inside, us_inside_free);
  g_clear_pointer (&self->monitor, us_monitor_free);
  g_clear_pointer (&self->incidents, us_incidents_free);
  g_clear_pointer (&self->notifier, us_notifier_free);
  g_clear_pointer (&self->gallery, us_gallery_free);
  if (self->store != NULL)
    us_store_close (self->store, CLOSE_GRACE_MS);
  g_clear_pointer (&self->roster, us_roster_free);
  g_clear_pointer (&self->samples, g_hash_table_unref);
  g_free ((char *)self->inside_settings.ingest_url);
  g_free ((char *)self->inside_settings.primary_url);
  g_free ((char *)self->inside_settings.backup_url);
  g_free ((char *)self->inside_settings.switcher_url);
  g_free (self->store_problem);
  g_free (self);
}

/**
 * us_desk_start:
 *
 * Begins to watch. Incidents that were active when the last desk ended go on.
 */
void
us_desk_start (UsDesk *self) {
  const UsInsideSettings *inside = &self->inside_settings;
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  us_incidents_tell_active (self->incidents);
  for (guint i = 0; i < streams->len; i++)
    us_monitor_put (self->monitor, g_ptr_array_index (streams, i));
  if (inside->ingest_url != NULL || inside->primary_url != NULL || inside->backup_url != NULL
      || inside->switcher_url != NULL)
    self->inside = us_inside_new (inside, &inside_handler, self);
  us_timer_start (&self->maintenance, MAINTENANCE_MS, "desk-maintenance", on_maintenance, self);
}

void
us_desk_set_news (UsDesk *self, const UsDeskNews *news, gpointer user_data) {
  self->news = news;
  self->news_data = user_data;
}

/* ---- streams ---- */

GPtrArray *
us_desk_list_streams (UsDesk *self) {
  return us_roster_list (self->roster);
}

const UsStreamConfig *
us_desk_get_stream (UsDesk *self, const char *id) {
  return us_roster_find (self->roster, id);
}

guint64
us_desk_get_revision (UsDesk *self, const char *id) {
  return us_roster_get_revision (self->roster, id);
}

const UsStreamConfig *
us_desk_add_stream (UsDesk *self, const UsStreamConfig *config, const char **pointer,
                    GError **error) {
  const UsStreamConfig *added
      = us_roster_add (self->roster, config, wall_us (self), pointer, error);
  if (added == NULL)
    return NULL;
  us_monitor_put (self->monitor, added);
  add_event (self, added->id, US_EVENT_STREAM_ADDED, US_SEVERITY_INFO, "operator",
             "The stream is watched from now on");
  tell_stream (self, added->id, FALSE);
  return added;
}

static void
add_change_events (UsDesk *self, const UsStreamConfig *before, const UsStreamConfig *after,
                   const char *who) {
  if (before->is_paused != after->is_paused) {
    g_autofree char *text
        = g_strdup_printf ("%s by %s", after->is_paused ? "Paused" : "Resumed", who);
    add_event (self, after->id, after->is_paused ? US_EVENT_STREAM_PAUSED : US_EVENT_STREAM_RESUMED,
               US_SEVERITY_INFO, "operator", text);
  }
  if (before->maintenance_until_us == after->maintenance_until_us)
    return;
  if (after->maintenance_until_us == 0) {
    g_autofree char *text = g_strdup_printf ("Maintenance ended by %s", who);
    add_event (self, after->id, US_EVENT_MAINTENANCE, US_SEVERITY_INFO, "operator", text);
    return;
  }
  g_autoptr (GDateTime) until
      = g_date_time_new_from_unix_utc (after->maintenance_until_us / G_USEC_PER_SEC);
  g_autofree char *when = until != NULL ? g_date_time_format (until, "%F %T UTC") : NULL;
  g_autofree char *text
      = g_strdup_printf ("Maintenance until %s by %s%s%s", when != NULL ? when : "an unknown time",
                         who, after->maintenance_reason != NULL ? ": " : "",
                         after->maintenance_reason != NULL ? after->maintenance_reason : "");
  add_event (self, after->id, US_EVENT_MAINTENANCE, US_SEVERITY_INFO, "operator", text);
}

gboolean
us_desk_change_stream (UsDesk *self, const UsStreamConfig *config, const char *who,
                       const char **pointer, GError **error) {
  const UsStreamConfig *known = us_roster_find (self->roster, config->id);
  g_autoptr (UsStreamConfig) before = known != NULL ? us_stream_config_copy (known) : NULL;
  if (!us_roster_change (self->roster, config, pointer, error))
    return FALSE;
  const UsStreamConfig *after = us_roster_find (self->roster, config->id);
  us_monitor_put (self->monitor, after);
  add_change_events (self, before, after, who);
  tell_stream (self, after->id, FALSE);
  return TRUE;
}

gboolean
us_desk_remove_stream (UsDesk *self, const char *id, const char *who, GError **error) {
  g_autofree char *own_id = g_strdup (id); /* @id may be of the stream that goes */
  if (!us_roster_remove (self->roster, own_id, error))
    return FALSE;
  us_monitor_remove (self->monitor, own_id);
  us_incidents_remove_stream (self->incidents, own_id);
  us_gallery_remove (self->gallery, own_id);
  g_hash_table_remove (self->samples, own_id);
  us_store_remove_stream (self->store, own_id);
  us_info ("stream %s was removed by %s", own_id, who);
  tell_stream (self, own_id, TRUE);
  return TRUE;
}

/* ---- what is known ---- */

gboolean
us_desk_view (UsDesk *self, const char *id, UsWatchView *view) {
  return us_monitor_view (self->monitor, id, view);
}

GPtrArray *
us_desk_diagnose (UsDesk *self, const char *id) {
  UsSymptoms symptoms;
  us_monitor_get_symptoms (self->monitor, id, &symptoms);
  return us_cause_diagnose (&symptoms);
}

const GArray *
us_desk_get_samples (UsDesk *self, const char *id) {
  return g_hash_table_lookup (self->samples, id);
}

GBytes *
us_desk_get_thumbnail (UsDesk *self, const char *id, gint64 *taken_us) {
  return us_gallery_get (self->gallery, id, taken_us);
}

UsIncidents *
us_desk_get_incidents (UsDesk *self) {
  return self->incidents;
}

UsStore *
us_desk_get_store (UsDesk *self) {
  return self->store;
}

UsNotifier *
us_desk_get_notifier (UsDesk *self) {
  return self->notifier;
}

UsMonitor *
us_desk_get_monitor (UsDesk *self) {
  return self->monitor;
}

gint64
us_desk_get_started_us (UsDesk *self) {
  return self->started_us;
}

const char *
us_desk_get_store_problem (UsDesk *self) {
  return self->store_problem;
}
