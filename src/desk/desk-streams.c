/* desk-streams.c - the streams of the desk: added, changed, removed, in maintenance
 *
 * The roster keeps them on disk; the desk takes a change over to the monitor, puts it on the
 * timeline and tells it on. Maintenance ends by itself, by a timer.
 */
#define US_LOG_TOPIC "desk"
#include "base/log.h"
#include "base/timer.h"
#include "desk/desk-private.h"

#define HOUSEKEEPING_MS 1000
#define RETRY_US (60 * G_USEC_PER_SEC) /* of a streams file that cannot be written */

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
      = us_roster_add (self->roster, config, us_desk_now (self), pointer, error);
  if (added == NULL)
    return NULL;
  us_monitor_put (self->monitor, added);
  us_desk_add_event (self, added->id, US_EVENT_STREAM_ADDED, US_SEVERITY_INFO, "operator",
                     "The stream is watched from now on");
  us_desk_tell_stream (self, added->id, FALSE);
  return added;
}

static void
add_change_events (UsDesk *self, const UsStreamConfig *before, const UsStreamConfig *after,
                   const char *who) {
  if (before->is_paused != after->is_paused) {
    g_autofree char *text
        = g_strdup_printf ("%s by %s", after->is_paused ? "Paused" : "Resumed", who);
    us_desk_add_event (self, after->id,
                       after->is_paused ? US_EVENT_STREAM_PAUSED : US_EVENT_STREAM_RESUMED,
                       US_SEVERITY_INFO, "operator", text);
  }
  if (before->maintenance_until_us == after->maintenance_until_us)
    return;
  if (after->maintenance_until_us == 0) {
    g_autofree char *text = g_strdup_printf ("Maintenance ended by %s", who);
    us_desk_add_event (self, after->id, US_EVENT_MAINTENANCE, US_SEVERITY_INFO, "operator", text);
    return;
  }
  g_autoptr (GDateTime) until
      = g_date_time_new_from_unix_utc (after->maintenance_until_us / G_USEC_PER_SEC);
  g_autofree char *when = until != NULL ? g_date_time_format (until, "%F %T UTC") : NULL;
  g_autofree char *text
      = g_strdup_printf ("Maintenance until %s by %s%s%s", when != NULL ? when : "an unknown time",
                         who, after->maintenance_reason != NULL ? ": " : "",
                         after->maintenance_reason != NULL ? after->maintenance_reason : "");
  us_desk_add_event (self, after->id, US_EVENT_MAINTENANCE, US_SEVERITY_INFO, "operator", text);
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
  us_desk_tell_stream (self, after->id, FALSE);
  return TRUE;
}

/* All but what is on disk. */
void
us_desk_forget_stream (UsDesk *self, const char *id) {
  us_desk_forget_findings (self, id);
  us_monitor_remove (self->monitor, id);
  us_incidents_remove_stream (self->incidents, id);
  us_gallery_remove (self->gallery, id);
  us_tallies_remove (self->tallies, id);
  us_strips_remove (self->strips, id);
  g_hash_table_remove (self->chain_marks, id);
  g_hash_table_remove (self->samples, id);
}

gboolean
us_desk_remove_stream (UsDesk *self, const char *id, const char *who, GError **error) {
  g_autofree char *own_id = g_strdup (id); /* @id may be of the stream that goes */
  if (!us_roster_remove (self->roster, own_id, error))
    return FALSE;
  us_desk_forget_stream (self, own_id);
  us_store_remove_stream (self->store, own_id);
  us_desk_end_demo_of (self, own_id);
  us_info ("stream %s was removed by %s", own_id, who);
  us_desk_tell_stream (self, own_id, TRUE);
  return TRUE;
}

/* ---- maintenance ---- */

static gboolean
end_maintenance (UsDesk *self, const UsStreamConfig *config) {
  g_autoptr (UsStreamConfig) over = us_stream_config_copy (config);
  g_autoptr (GError) error = NULL;
  const char *pointer;
  over->maintenance_until_us = 0;
  g_clear_pointer (&over->maintenance_reason, g_free);
  if (!us_roster_change (self->roster, over, &pointer, &error)) {
    us_warning ("%s: maintenance is over, and that cannot be written down: %s", over->id,
                error->message);
    return FALSE;
  }
  us_monitor_put (self->monitor, over);
  us_desk_add_event (self, over->id, US_EVENT_MAINTENANCE, US_SEVERITY_INFO, "desk",
                     "Maintenance is over: its time has passed");
  us_desk_tell_stream (self, over->id, FALSE);
  return TRUE;
}

static gboolean
on_housekeeping (gpointer data) {
  UsDesk *self = data;
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  gint64 now_us = us_desk_now (self);
  gint64 now = us_clock_monotonic_us (self->clock);
  for (guint i = 0; i < streams->len && now >= self->streams_retry_us; i++) {
    const UsStreamConfig *config = g_ptr_array_index (streams, i);
    if (config->maintenance_until_us != 0 && config->maintenance_until_us <= now_us
        && !end_maintenance (self, config))
      self->streams_retry_us = now + RETRY_US;
  }
  us_desk_drop_gone (self);
  us_desk_renew_findings (self);
  us_desk_tell_late (self);
  return G_SOURCE_CONTINUE;
}

void
us_desk_keep_house (UsDesk *self) {
  us_timer_start (&self->housekeeping, HOUSEKEEPING_MS, "desk-housekeeping", on_housekeeping, self);
}
