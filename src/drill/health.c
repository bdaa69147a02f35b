/* health.c - reads what a switcher says of itself, and forgives what is missing
 *
 * Pure. An older or newer switcher may say less or more; what it does not say is unknown.
 */
#include "drill/health.h"

#include <json-glib/json-glib.h>
#include <string.h>

const char *
us_side_word (UsSide side) {
  return side == US_SIDE_BACKUP ? "backup" : "primary";
}

static char *
get_text (JsonObject *object, const char *name) {
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_dup_string (node);
}

static gint64
get_integer (JsonObject *object, const char *name) {
  JsonNode *node = json_object_get_member (object, name);
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_int (node) : 0;
}

static JsonObject *
get_object (JsonObject *object, const char *name) {
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonArray *
get_array (JsonObject *object, const char *name) {
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static void
switch_free (gpointer data) {
  UsHealthSwitch *change = data;
  g_free (change->from);
  g_free (change->to);
  g_free (change->reason);
  g_free (change->method);
  g_free (change);
}

static void
read_switches (UsHealth *health, JsonArray *switches) {
  for (guint i = 0; switches != NULL && i < json_array_get_length (switches); i++) {
    JsonNode *node = json_array_get_element (switches, i);
    if (!JSON_NODE_HOLDS_OBJECT (node))
      continue;
    JsonObject *object = json_node_get_object (node);
    UsHealthSwitch *change = g_new0 (UsHealthSwitch, 1);
    change->from = get_text (object, "from");
    change->to = get_text (object, "to");
    change->reason = get_text (object, "reason");
    change->method = get_text (object, "method");
    change->wall_ms = get_integer (object, "wall_ms");
    change->gap_ms = get_integer (object, "gap_ms");
    change->overlap_ms = get_integer (object, "overlap_ms");
    g_ptr_array_add (health->switches, change);
  }
}

static gint
compare_switches (gconstpointer a, gconstpointer b) {
  const UsHealthSwitch *x = *(UsHealthSwitch *const *)a, *y = *(UsHealthSwitch *const *)b;
  return x->wall_ms < y->wall_ms ? -1 : x->wall_ms > y->wall_ms;
}

/* The default stream, else the first that is there. */
static JsonObject *
find_stream (JsonArray *streams) {
  JsonObject *first = NULL;
  for (guint i = 0; streams != NULL && i < json_array_get_length (streams); i++) {
    JsonNode *node = json_array_get_element (streams, i);
    if (!JSON_NODE_HOLDS_OBJECT (node))
      continue;
    JsonObject *object = json_node_get_object (node);
    JsonNode *is_default = json_object_get_member (object, "is_default");
    if (is_default != NULL && JSON_NODE_HOLDS_VALUE (is_default)
        && json_node_get_boolean (is_default))
      return object;
    first = first != NULL ? first : object;
  }
  return first;
}

static void
read_stream (UsHealth *health, JsonObject *stream) {
  JsonNode *node = stream != NULL ? json_object_get_member (stream, "is_interchangeable") : NULL;
  if (stream == NULL)
    return;
  g_autofree char *active = get_text (stream, "active_origin");
  if (active != NULL)
    health->active = strcmp (active, "backup") == 0 ? US_SIDE_BACKUP : US_SIDE_PRIMARY;
  health->is_interchangeable
      = node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_boolean (node);
  health->pair = get_text (stream, "pair");
  read_switches (health, get_array (stream, "switches"));
  g_ptr_array_sort (health->switches, compare_switches);
}

/**
 * us_health_read:
 * @body: (nullable): an answer of /healthz
 *
 * Returns: (transfer full) (nullable): what it says of the default stream; %NULL: it is no such
 *   answer
 */
UsHealth *
us_health_read (GBytes *body) {
  gsize size = 0;
  const char *text = body != NULL ? g_bytes_get_data (body, &size) : NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (size == 0 || !json_parser_load_from_data (parser, text, (gssize)size, NULL)
      || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    return NULL;
  JsonObject *root = json_node_get_object (json_parser_get_root (parser));
  UsHealth *health = g_new0 (UsHealth, 1);
  g_autofree char *status = get_text (root, "status"), *active = get_text (root, "active_origin");
  health->switches = g_ptr_array_new_with_free_func (switch_free);
  health->is_serving = g_strcmp0 (status, "ok") == 0;
  health->active = g_strcmp0 (active, "backup") == 0 ? US_SIDE_BACKUP : US_SIDE_PRIMARY;
  for (guint i = 0; i < US_N_SIDES; i++) {
    JsonObject *origin = get_object (get_object (root, "origins"), us_side_word ((UsSide)i));
    health->state[i] = get_text (origin, "state");
    health->reason[i] = get_text (origin, "reason");
  }
  read_stream (health, find_stream (get_array (root, "streams")));
  return health;
}

/**
 * us_health_is_whole:
 *
 * Returns: whether it serves, and both origins are trusted
 */
gboolean
us_health_is_whole (const UsHealth *health) {
  return health->is_serving && g_strcmp0 (health->state[US_SIDE_PRIMARY], "up") == 0
         && g_strcmp0 (health->state[US_SIDE_BACKUP], "up") == 0;
}

void
us_health_free (UsHealth *health) {
  if (health == NULL)
    return;
  for (guint i = 0; i < US_N_SIDES; i++) {
    g_free (health->state[i]);
    g_free (health->reason[i]);
  }
  g_free (health->pair);
  g_ptr_array_unref (health->switches);
  g_free (health);
}
