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
#include "desk/desk-private.h"

#include "base/timer.h"

#define STREAMS_FILE "streams.json"
#define STORE_FILE "desk.sqlite"
#define CLOSE_GRACE_MS 5000

gint64
us_desk_now (const UsDesk *self) {
  return us_clock_wall_us (self->clock);
}

void
us_desk_add_event (UsDesk *self, const char *stream, UsEventKind kind, UsSeverity severity,
                   const char *source, const char *text) {
  g_autoptr (UsEvent) event
      = us_event_new (stream, us_desk_now (self), kind, severity, source, "%s", text);
  us_incidents_add_event (self->incidents, event);
}

gboolean
us_desk_is_in_maintenance (const UsDesk *self, const UsStreamConfig *config) {
  return config->maintenance_until_us > us_desk_now (self);
}

void
us_desk_tell_stream (UsDesk *self, const char *stream, gboolean is_gone) {
  if (self->news != NULL && self->news->on_stream != NULL)
    self->news->on_stream (stream, is_gone, self->news_data);
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
  self->inside_settings
      = (UsInsideSettings){ .ingest_url = g_strdup (settings->ingest_url),
                            .primary_url = g_strdup (settings->primary_url),
                            .backup_url = g_strdup (settings->backup_url),
                            .switcher_url = g_strdup (settings->switcher_url),
                            .control_authorization = g_strdup (settings->control_authorization),
                            .forget_ms = settings->forget_ms,
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
  us_store_set_trouble (self->store, us_desk_on_trouble, self);
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
  self->started_us = us_desk_now (self);
  self->samples
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  self->finding_rows = us_desk_finding_rows_new ();
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->chain_marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->tallies = us_tallies_new ();
  self->findings = us_findings_new ();
  self->strips = us_strips_new ();
  g_queue_init (&self->tellings);
  copy_inside (self, &settings->inside);
  monitor.clock = notifier.clock = self->clock;
  self->roster = us_roster_open (streams, error);
  if (self->roster == NULL || !open_store (self, settings, error))
    return NULL;
  self->gallery = us_gallery_new (self->store);
  self->notifier = us_notifier_new (&notifier, self->store, error);
  if (self->notifier == NULL)
    return NULL;
  self->incidents
      = us_incidents_new (self->store, self->clock, &us_desk_incidents_handler, self, error);
  if (self->incidents == NULL)
    return NULL;
  self->monitor = us_monitor_new (&monitor, &us_desk_monitor_handler, self);
  us_desk_open_demo (self, settings);
  return g_steal_pointer (&self);
}

void
us_desk_free (UsDesk *self) {
  self->news = NULL;
  us_timer_stop (&self->housekeeping);
  us_desk_leave_chain (self);
  us_desk_close_demo (self);
  us_desk_keep_findings (self);
  g_clear_pointer (&self->monitor, us_monitor_free);
  g_clear_pointer (&self->incidents, us_incidents_free);
  us_desk_forget_tellings (self);
  g_clear_pointer (&self->notifier, us_notifier_free);
  g_clear_pointer (&self->gallery, us_gallery_free);
  if (self->store != NULL)
    us_store_close (self->store, CLOSE_GRACE_MS);
  g_clear_pointer (&self->roster, us_roster_free);
  g_clear_pointer (&self->samples, g_hash_table_unref);
  g_clear_pointer (&self->finding_rows, g_hash_table_unref);
  g_clear_pointer (&self->gone, g_hash_table_unref);
  g_clear_pointer (&self->tallies, us_tallies_free);
  g_clear_pointer (&self->findings, us_findings_free);
  g_clear_pointer (&self->strips, us_strips_free);
  g_clear_pointer (&self->chain_marks, g_hash_table_unref);
  g_free ((char *)self->inside_settings.ingest_url);
  g_free ((char *)self->inside_settings.primary_url);
  g_free ((char *)self->inside_settings.backup_url);
  g_free ((char *)self->inside_settings.switcher_url);
  g_free ((char *)self->inside_settings.control_authorization);
  g_free (self->store_problem);
  g_free (self);
}

/**
 * us_desk_start:
 *
 * Begins to watch. Incidents that were active when the last desk ended go on, and what it could not
 * deliver is sent.
 */
void
us_desk_start (UsDesk *self) {
  us_desk_drop_demo (self);
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  us_desk_tidy_store (self);
  us_notifier_resume (self->notifier);
  us_desk_load_strips (self);
  us_incidents_tell_active (self->incidents);
  for (guint i = 0; i < streams->len; i++)
    us_monitor_put (self->monitor, g_ptr_array_index (streams, i));
  us_desk_follow_chain (self);
  us_desk_keep_house (self);
}

void
us_desk_set_news (UsDesk *self, const UsDeskNews *news, gpointer user_data) {
  self->news = news;
  self->news_data = user_data;
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

const UsStrips *
us_desk_get_strips (UsDesk *self) {
  return self->strips;
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

const UsInsideSettings *
us_desk_get_chain (UsDesk *self) {
  return &self->inside_settings;
}

const char *
us_desk_get_store_problem (UsDesk *self) {
  return self->store_problem;
}
