/* table.c - a desk to put streams on: a folder of its own, and all that it has told */
#include "table.h"

#include <glib/gstdio.h>

static void
on_stream (const char *stream, gboolean is_gone, gpointer user_data) {
  Table *table = user_data;
  table->n_streams_told++;
  table->n_streams_gone += is_gone;
}

static void
on_event (const UsEvent *event, gpointer user_data) {
  Table *table = user_data;
  g_assert_cmpuint (event->id, >, 0);
  g_ptr_array_add (table->events, us_event_copy (event));
}

static void
on_incident (const UsIncidentRow *row, UsIncidentStep step, gpointer user_data) {
  Table *table = user_data;
  g_ptr_array_add (table->steps, g_strdup_printf ("%s %d", row->id, step));
}

static const UsDeskNews news
    = { .on_stream = on_stream, .on_event = on_event, .on_incident = on_incident };

void
table_init (Table *table) {
  *table = (Table){ 0 };
  table->folder = g_dir_make_tmp ("understudy-desk-XXXXXX", NULL);
  table->events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  table->steps = g_ptr_array_new_with_free_func (g_free);
  us_desk_settings_default (&table->settings);
  table->settings.state_dir = table->folder;
  table->settings.monitor.allow_loopback = TRUE;
  table->settings.monitor.max_decodes = 0;
  table->settings.monitor.thumbnail_interval_ms = 0;
}

void
table_open (Table *table) {
  g_autoptr (GError) error = NULL;
  table->desk = us_desk_new (&table->settings, &error);
  g_assert_no_error (error);
  us_desk_set_news (table->desk, &news, table);
  us_desk_start (table->desk);
}

void
table_close (Table *table) {
  g_clear_pointer (&table->desk, us_desk_free);
}

void
table_clear (Table *table) {
  table_close (table);
  g_autoptr (GDir) dir = g_dir_open (table->folder, 0, NULL);
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir)) {
    g_autofree char *path = g_build_filename (table->folder, name, NULL);
    g_unlink (path);
  }
  g_assert_cmpint (g_rmdir (table->folder), ==, 0);
  g_ptr_array_unref (table->events);
  g_ptr_array_unref (table->steps);
  g_free (table->folder);
}

const char *
table_add (Table *table, const char *name, const char *url) {
  g_autoptr (UsStreamConfig) config = us_stream_config_new ("new", name, url);
  g_autoptr (GError) error = NULL;
  const char *pointer;
  config->segment_share = 0;
  const UsStreamConfig *added = us_desk_add_stream (table->desk, config, &pointer, &error);
  g_assert_no_error (error);
  return added->id;
}

UsHealth
table_health (Table *table, const char *id) {
  UsWatchView view;
  return us_desk_view (table->desk, id, &view) ? view.verdict->health : US_HEALTH_NO_DATA;
}

const UsIncidentRow *
table_incident (Table *table, const char *id) {
  return us_incidents_get_active (us_desk_get_incidents (table->desk), id);
}

/* The newest. */
const UsEvent *
table_event (Table *table, const char *stream, UsEventKind kind) {
  for (guint i = table->events->len; i-- > 0;) {
    const UsEvent *event = table->events->pdata[i];
    if (event->kind == kind && g_strcmp0 (event->stream, stream) == 0)
      return event;
  }
  return NULL;
}

static gboolean
on_time (gpointer user_data) {
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
table_turn (void) {
  gboolean is_over = FALSE;
  g_timeout_add (20, on_time, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}
