/* desk-chain.c - our own chain at the desk: its streams by themselves, its events on their
 * timelines
 *
 * Callbacks of UsInside in the desk's loop.
 */
#include "desk/desk-private.h"

#include <json-glib/json-glib.h>

/* ---- from the inside of our chain ---- */

static void
on_own_stream (const char *own_stream, const char *viewer_url, gboolean is_gone, gpointer data) {
  UsDesk *self = data;
  const UsStreamConfig *known = us_roster_find_own (self->roster, own_stream);
  if (is_gone) {
    if (known != NULL)
      g_hash_table_add (self->gone, g_strdup (known->id));
    return;
  }
  if (known != NULL)
    g_hash_table_remove (self->gone, known->id);
  if (known != NULL && g_strcmp0 (known->url, viewer_url) == 0)
    return;
  gboolean is_new = known == NULL;
  const UsStreamConfig *config
      = us_roster_put_own (self->roster, own_stream, viewer_url, us_desk_now (self));
  us_monitor_put (self->monitor, config);
  if (is_new)
    us_desk_add_event (self, config->id, US_EVENT_STREAM_ADDED, US_SEVERITY_INFO, "desk",
                       "A stream of our own chain is watched");
  us_desk_tell_stream (self, config->id, FALSE);
}

/* The picture of afterwards is not there yet; its id is. */
static void
add_after (UsEvent *event, const char *id) {
  g_autoptr (JsonNode) root = event->data != NULL ? json_from_string (event->data, NULL) : NULL;
  gboolean has_data = root != NULL && JSON_NODE_HOLDS_OBJECT (root);
  g_autoptr (JsonObject) data
      = has_data ? json_object_ref (json_node_get_object (root)) : json_object_new ();
  g_autoptr (JsonNode) node = json_node_alloc ();
  json_object_set_string_member (data, "thumbnail_after", id);
  json_node_init_object (node, data);
  g_free (event->data);
  event->data = json_to_string (node, FALSE);
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
    add_after (own, us_gallery_expect (self->gallery, config->id, us_desk_now (self)));
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

/* Whoever shows the stream hears of it when the chain says something else of it than before. */
static void
tell_chain (UsDesk *self, const UsStreamConfig *config) {
  UsInsideView view;
  if (!us_desk_view_chain (self, config, &view))
    return;
  const char *const words[] = { view.active, view.pair, view.path };
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    g_string_append_printf (text, "%s ", words[i] != NULL ? words[i] : "-");
  g_string_append_printf (text, "%u %u %d%d", view.failovers, view.switchbacks,
                          view.is_publisher_known, view.has_publisher);
  const char *before = g_hash_table_lookup (self->chain_marks, config->id);
  if (g_strcmp0 (before, text->str) == 0)
    return;
  g_hash_table_replace (self->chain_marks, g_strdup (config->id), g_strdup (text->str));
  us_desk_tell_stream (self, config->id, FALSE);
}

static void
on_inside_facts (const char *own_stream, const UsSymptoms *symptoms, gpointer data) {
  UsDesk *self = data;
  const UsStreamConfig *config = us_roster_find_own (self->roster, own_stream);
  if (config == NULL)
    return;
  us_monitor_set_inside (self->monitor, config->id, symptoms);
  tell_chain (self, config);
}

static const UsInsideHandler inside_handler = { on_own_stream, on_inside_event, on_inside_facts };

/* Only when there is a chain. */
void
us_desk_follow_chain (UsDesk *self) {
  const UsInsideSettings *inside = &self->inside_settings;
  if (inside->ingest_url != NULL || inside->primary_url != NULL || inside->backup_url != NULL
      || inside->switcher_url != NULL)
    self->inside = us_inside_new (inside, &inside_handler, self);
}

void
us_desk_leave_chain (UsDesk *self) {
  g_clear_pointer (&self->inside, us_inside_free);
}

/**
 * us_desk_view_chain:
 * @view: (out)
 *
 * Returns: %FALSE: it is not ours, or nothing is known of it
 */
gboolean
us_desk_view_chain (UsDesk *self, const UsStreamConfig *config, UsInsideView *view) {
  return config->is_own && self->inside != NULL
         && us_inside_view (self->inside, config->own_stream, view);
}

GBytes *
us_desk_get_ingest (UsDesk *self) {
  return self->inside != NULL ? us_inside_get_ingest (self->inside) : NULL;
}

/* What was ours and is ill stays in sight until its incident is over, by itself or by a person. */
void
us_desk_drop_gone (UsDesk *self) {
  GHashTableIter iter;
  gpointer id;
  g_hash_table_iter_init (&iter, self->gone);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    const UsStreamConfig *config = us_roster_find (self->roster, id);
    if (us_incidents_get_active (self->incidents, id) != NULL)
      continue;
    if (config != NULL) {
      us_desk_close_findings (self, id);
      us_roster_remove_own (self->roster, config->own_stream);
      us_desk_forget_stream (self, id);
      us_desk_tell_stream (self, id, TRUE);
    }
    g_hash_table_iter_remove (&iter);
  }
}
