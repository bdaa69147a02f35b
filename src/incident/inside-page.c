/* inside-page.c - what a status page of one of our roles says, as a value
 *
 * Reads /healthz of ingest, packagers and switcher, and the switcher's /control/status, which are
 * much alike (docs/reference/healthz.md, control-api.md): one reader for all, which takes what is
 * there. Pure. A page may come from another version, or from something else that listens there:
 * every type is looked at, and what does not fit is as good as not said.
 */
#include "incident/inside-page.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* ---- members ---- */

static JsonNode *
member (JsonObject *object, const char *name, JsonNodeType type) {
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  return node != NULL && json_node_get_node_type (node) == type ? node : NULL;
}

static char *
text_of (JsonObject *object, const char *name) {
  JsonNode *node = member (object, name, JSON_NODE_VALUE);
  const char *text = node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
                         ? json_node_get_string (node)
                         : NULL;
  if (text == NULL || *text == '\0')
    return NULL;
  return g_utf8_strlen (text, -1) <= US_PAGE_MAX_TEXT
             ? g_strdup (text)
             : g_utf8_substring (text, 0, US_PAGE_MAX_TEXT);
}

static gint64
number_of (JsonObject *object, const char *name) {
  JsonNode *node = member (object, name, JSON_NODE_VALUE);
  return node != NULL && json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node)
                                                                         : 0;
}

static gboolean
flag_of (JsonObject *object, const char *name) {
  JsonNode *node = member (object, name, JSON_NODE_VALUE);
  return node != NULL && json_node_get_value_type (node) == G_TYPE_BOOLEAN
         && json_node_get_boolean (node);
}

static JsonObject *
object_of (JsonObject *object, const char *name) {
  JsonNode *node = member (object, name, JSON_NODE_OBJECT);
  return node != NULL ? json_node_get_object (node) : NULL;
}

static JsonArray *
array_of (JsonObject *object, const char *name) {
  JsonNode *node = member (object, name, JSON_NODE_ARRAY);
  return node != NULL ? json_node_get_array (node) : NULL;
}

/* Returns: (nullable): NULL: it is no object, or there is no such element */
static JsonObject *
element_of (JsonArray *array, guint i) {
  JsonNode *node = json_array_get_element (array, i);
  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static guint
length_of (JsonArray *array) {
  return array != NULL ? MIN (json_array_get_length (array), US_PAGE_MAX_STREAMS) : 0;
}

/* ---- parts ---- */

static void
switch_free (gpointer data) {
  UsPageSwitch *change = data;
  g_free (change->from);
  g_free (change->to);
  g_free (change->reason);
  g_free (change->who);
  g_free (change->why);
  g_free (change);
}

static void
warning_free (gpointer data) {
  UsPageWarning *warning = data;
  g_free (warning->id);
  g_free (warning->text);
  g_free (warning->remedy);
  g_free (warning);
}

static void
order_free (gpointer data) {
  UsPageOrder *order = data;
  g_free (order->stream);
  g_free (order->what);
  g_free (order->who);
  g_free (order->why);
  g_free (order->refused);
  g_free (order);
}

static void
origin_clear (UsPageOrigin *origin) {
  g_free (origin->state);
  g_free (origin->reason);
}

static void
stream_free (gpointer data) {
  UsPageStream *stream = data;
  g_free (stream->name);
  g_free (stream->peer);
  g_free (stream->encoder);
  g_free (stream->state);
  g_free (stream->path);
  g_free (stream->active);
  g_free (stream->pair);
  origin_clear (&stream->primary);
  origin_clear (&stream->backup);
  g_ptr_array_unref (stream->switches);
  g_ptr_array_unref (stream->warnings);
  g_free (stream);
}

/* @json: (nullable) */
static void
read_origin (UsPageOrigin *origin, JsonObject *json) {
  origin->state = text_of (json, "state");
  origin->reason = text_of (json, "reason");
  origin->is_drained = flag_of (json, "is_drained");
}

static void
read_switches (GPtrArray *switches, JsonArray *json) {
  for (guint i = 0; i < length_of (json); i++) {
    JsonObject *object = element_of (json, i);
    UsPageSwitch *change = g_new0 (UsPageSwitch, 1);
    change->from = text_of (object, "from");
    change->to = text_of (object, "to");
    change->reason = text_of (object, "reason");
    change->who = text_of (object, "who");
    change->why = text_of (object, "why");
    change->wall_ms = number_of (object, "wall_ms");
    if (change->wall_ms == 0)
      change->wall_ms = number_of (object, "time_ms"); /* its name in /control/status */
    change->gap_ms = number_of (object, "gap_ms");
    change->overlap_ms = number_of (object, "overlap_ms");
    if (change->from != NULL && change->to != NULL && change->reason != NULL)
      g_ptr_array_add (switches, change);
    else
      switch_free (change);
  }
}

static void
read_warnings (GPtrArray *warnings, JsonArray *json) {
  for (guint i = 0; i < MIN (length_of (json), US_PAGE_MAX_WARNINGS); i++) {
    JsonObject *object = element_of (json, i);
    g_autofree char *severity = text_of (object, "severity");
    UsPageWarning *warning = g_new0 (UsPageWarning, 1);
    warning->id = text_of (object, "id");
    warning->text = text_of (object, "text");
    warning->remedy = text_of (object, "remedy");
    warning->is_severe = g_strcmp0 (severity, "degraded") == 0;
    if (warning->id != NULL && warning->text != NULL)
      g_ptr_array_add (warnings, warning);
    else
      warning_free (warning);
  }
}

static gint64
count_to (const GPtrArray *switches, const char *origin) {
  gint64 n = 0;
  for (guint i = 0; i < switches->len; i++)
    n += strcmp (((const UsPageSwitch *)switches->pdata[i])->to, origin) == 0;
  return n;
}

/* /healthz has the changes themselves only. */
static void
read_counts (UsPageStream *stream, JsonObject *json) {
  gboolean has_counts = member (json, "failovers", JSON_NODE_VALUE) != NULL;
  stream->failovers
      = has_counts ? number_of (json, "failovers") : count_to (stream->switches, "backup");
  stream->switchbacks
      = has_counts ? number_of (json, "switchbacks") : count_to (stream->switches, "primary");
}

static UsPageStream *
read_stream (JsonObject *json) {
  JsonObject *publisher = object_of (json, "publisher"), *origins = object_of (json, "origins");
  UsPageStream *stream = g_new0 (UsPageStream, 1);
  stream->name = text_of (json, "name");
  stream->has_publisher = publisher != NULL;
  stream->is_silent = number_of (publisher, "silent_ms") > US_PAGE_SILENT_MS;
  stream->peer = text_of (publisher, "peer");
  stream->encoder = text_of (publisher, "encoder");
  stream->publishes = number_of (json, "publishes");
  stream->takeovers = number_of (json, "takeovers");
  stream->number = number_of (json, "number");
  stream->state = text_of (json, "state");
  stream->is_connected = flag_of (json, "connected");
  stream->path = text_of (json, "path");
  stream->active = text_of (json, "active_origin");
  if (stream->active == NULL)
    stream->active = text_of (json, "active");
  stream->is_served = flag_of (json, "is_served");
  stream->pair = text_of (json, "pair");
  stream->divergences = number_of (json, "divergences");
  read_origin (&stream->primary, object_of (origins, "primary"));
  read_origin (&stream->backup, object_of (origins, "backup"));
  stream->switches = g_ptr_array_new_with_free_func (switch_free);
  read_switches (stream->switches, array_of (json, "switches"));
  stream->warnings = g_ptr_array_new_with_free_func (warning_free);
  read_warnings (stream->warnings, array_of (json, "warnings"));
  read_counts (stream, json);
  return stream;
}

static void
read_orders (GPtrArray *orders, JsonArray *json) {
  for (guint i = 0; i < length_of (json); i++) {
    JsonObject *object = element_of (json, i);
    UsPageOrder *order = g_new0 (UsPageOrder, 1);
    order->id = number_of (object, "id");
    order->wall_ms = number_of (object, "time_ms");
    order->stream = text_of (object, "stream");
    order->what = text_of (object, "what");
    order->who = text_of (object, "who");
    order->why = text_of (object, "why");
    order->refused = text_of (object, "refused");
    if (order->what != NULL && order->id > 0)
      g_ptr_array_add (orders, order);
    else
      order_free (order);
  }
}

/**
 * us_page_read:
 * @body: whatever came
 *
 * Returns: (transfer full) (nullable): %NULL when it is no status page of a role
 */
UsPage *
us_page_read (GBytes *body) {
  gsize n;
  const char *data = g_bytes_get_data (body, &n);
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (n == 0 || n > US_PAGE_MAX_BYTES || !g_utf8_validate_len (data, n, NULL)
      || !json_parser_load_from_data (parser, data, (gssize)n, NULL))
    return NULL;
  JsonNode *root = json_parser_get_root (parser);
  JsonObject *object
      = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  JsonArray *streams = array_of (object, "streams");
  if (streams == NULL)
    return NULL;
  UsPage *page = g_new0 (UsPage, 1);
  page->started_ms = number_of (object, "started_ms");
  page->streams = g_ptr_array_new_with_free_func (stream_free);
  page->orders = g_ptr_array_new_with_free_func (order_free);
  for (guint i = 0; i < length_of (streams); i++) {
    UsPageStream *stream = read_stream (element_of (streams, i));
    if (stream->name != NULL && us_page_find (page, stream->name) == NULL)
      g_ptr_array_add (page->streams, stream);
    else
      stream_free (stream);
  }
  page->is_full = array_of (object, "commands") != NULL;
  read_orders (page->orders, array_of (object, "commands"));
  return page;
}

/**
 * us_page_free:
 * @page: (nullable) (transfer full)
 */
void
us_page_free (UsPage *page) {
  if (page == NULL)
    return;
  g_ptr_array_unref (page->streams);
  g_ptr_array_unref (page->orders);
  g_free (page);
}

/**
 * us_page_find:
 * @page: (nullable)
 *
 * Returns: (transfer none) (nullable)
 */
const UsPageStream *
us_page_find (const UsPage *page, const char *name) {
  for (guint i = 0; page != NULL && i < page->streams->len; i++) {
    const UsPageStream *stream = page->streams->pdata[i];
    if (strcmp (stream->name, name) == 0)
      return stream;
  }
  return NULL;
}
