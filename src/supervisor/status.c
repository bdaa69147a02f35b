/* status.c - facts from /healthz and /metrics, and the three forms they are shown in
 *
 * Pure: bytes in, text out; the fetching is in commands/run.c. The forms: a block that a terminal
 * redraws, one line for a log, and the JSON of the status file.
 */
#include "supervisor/status.h"

#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define MAX_STREAMS_SHOWN 12

static void
stream_free (gpointer data) {
  UsStatusStream *stream = data;
  g_free (stream->name);
  g_free (stream->publisher);
  g_ptr_array_unref (stream->warnings);
  g_free (stream);
}

/**
 * us_status_new:
 *
 * Returns: (transfer full): a status in which nothing is known
 */
UsStatus *
us_status_new (void) {
  UsStatus *status = g_new0 (UsStatus, 1);
  status->streams = g_ptr_array_new_with_free_func (stream_free);
  status->primary.age_s = -1;
  status->backup.age_s = -1;
  return status;
}

static void
origin_clear (UsStatusOrigin *origin) {
  g_clear_pointer (&origin->state, g_free);
  g_clear_pointer (&origin->reason, g_free);
  origin->age_s = -1;
}

/**
 * us_status_free:
 * @status: (transfer full) (nullable): the status
 */
void
us_status_free (UsStatus *status) {
  if (status == NULL)
    return;
  g_ptr_array_unref (status->streams);
  g_free (status->active_origin);
  origin_clear (&status->primary);
  origin_clear (&status->backup);
  g_free (status);
}

/* JSON that may hold anything -------------------------------------------------------------------
 */

static JsonNode *
parse (GBytes *bytes) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  if (size == 0 || !json_parser_load_from_data (parser, data, (gssize)size, NULL))
    return NULL;
  return json_parser_steal_root (parser);
}

static JsonObject *
as_object (JsonNode *node) {
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonObject *
get_object (JsonObject *object, const char *name) {
  return object != NULL ? as_object (json_object_get_member (object, name)) : NULL;
}

static JsonArray *
get_array (JsonObject *object, const char *name) {
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static const char *
get_string (JsonObject *object, const char *name) {
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

static double
get_number (JsonObject *object, const char *name, double fallback) {
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return fallback;
  GType type = json_node_get_value_type (node);
  return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double (node) : fallback;
}

/* Taking answers --------------------------------------------------------------------------------
 */

static char *
describe_publisher (JsonObject *publisher) {
  g_autoptr (GString) text = g_string_new (NULL);
  JsonObject *video = get_object (publisher, "video");
  JsonObject *audio = get_object (publisher, "audio");
  const char *peer = get_string (publisher, "peer");
  double bitrate = get_number (publisher, "bitrate_bps", 0);
  double width = get_number (video, "width", 0);

  if (width > 0)
    g_string_append_printf (text, "%.0fx%.0f ", width, get_number (video, "height", 0));
  if (get_string (video, "codec") != NULL)
    g_string_append_printf (text, "%s ", get_string (video, "codec"));
  if (get_string (audio, "codec") != NULL)
    g_string_append_printf (text, "%s%s ", text->len > 0 ? "+ " : "", get_string (audio, "codec"));
  if (bitrate > 0)
    g_string_append_printf (text, "%.1f Mbit/s ", bitrate / 1e6);
  g_string_append_printf (text, "from %s", peer != NULL ? peer : "?");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Those that viewers notice come first. */
static void
take_warnings (UsStatusStream *stream, JsonArray *warnings) {
  guint n = warnings != NULL ? json_array_get_length (warnings) : 0;
  stream->warnings = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < 2 * n; i++) {
    JsonObject *warning = as_object (json_array_get_element (warnings, i % n));
    const char *text = get_string (warning, "text"), *remedy = get_string (warning, "remedy");
    gboolean is_severe = g_strcmp0 (get_string (warning, "severity"), "degraded") == 0;
    if (text == NULL || is_severe != (i < n))
      continue;
    stream->n_warnings++;
    if (stream->warnings->len < US_STATUS_MAX_WARNINGS)
      g_ptr_array_add (stream->warnings,
                       remedy != NULL ? g_strdup_printf ("%s; %s", text, remedy) : g_strdup (text));
  }
}

/**
 * us_status_take_ingest:
 * @status: the status
 * @healthz: (nullable): the body of the ingest's /healthz
 */
void
us_status_take_ingest (UsStatus *status, GBytes *healthz) {
  g_autoptr (JsonNode) root = parse (healthz);
  JsonArray *streams = get_array (as_object (root), "streams");
  guint n = streams != NULL ? json_array_get_length (streams) : 0;
  g_ptr_array_set_size (status->streams, 0);
  for (guint i = 0; i < n; i++) {
    JsonObject *object = as_object (json_array_get_element (streams, i));
    const char *name = get_string (object, "name");
    JsonObject *publisher = get_object (object, "publisher");
    if (name == NULL)
      continue;
    UsStatusStream *stream = g_new0 (UsStatusStream, 1);
    stream->name = g_strdup (name);
    stream->publisher = publisher != NULL ? describe_publisher (publisher) : NULL;
    take_warnings (stream, get_array (object, "warnings"));
    g_ptr_array_add (status->streams, stream);
  }
}

static void
take_origin (UsStatusOrigin *origin, JsonObject *object) {
  origin_clear (origin);
  origin->state = g_strdup (get_string (object, "state"));
  origin->reason = g_strdup (get_string (object, "reason"));
  origin->age_s = get_number (object, "segment_age_seconds", -1);
}

/**
 * us_status_take_switcher:
 * @status: the status
 * @healthz: (nullable): the body of the switcher's /healthz
 * @is_serving: it answered 200
 */
void
us_status_take_switcher (UsStatus *status, GBytes *healthz, gboolean is_serving) {
  g_autoptr (JsonNode) root = parse (healthz);
  JsonObject *object = as_object (root);
  JsonObject *origins = get_object (object, "origins");
  g_free (status->active_origin);
  status->active_origin = g_strdup (get_string (object, "active_origin"));
  status->is_serving = is_serving && object != NULL;
  take_origin (&status->primary, get_object (origins, "primary"));
  take_origin (&status->backup, get_object (origins, "backup"));
}

static guint64
read_counter (const char *text, const char *name) {
  gsize length = strlen (name);
  for (const char *line = text; line != NULL && *line != '\0';) {
    if (strncmp (line, name, length) == 0 && line[length] == ' ')
      return (guint64)g_ascii_strtod (line + length, NULL);
    line = strchr (line, '\n');
    line = line != NULL ? line + 1 : NULL;
  }
  return 0;
}

/**
 * us_status_take_metrics:
 * @status: the status
 * @metrics: (nullable): the body of the switcher's /metrics
 */
void
us_status_take_metrics (UsStatus *status, GBytes *metrics) {
  if (metrics == NULL)
    return;
  gsize size = 0;
  const char *data = g_bytes_get_data (metrics, &size);
  g_autofree char *text = g_strndup (data, size);
  status->failovers = read_counter (text, "failovers_total");
  status->switchbacks = read_counter (text, "switchbacks_total");
}

/* Showing ---------------------------------------------------------------------------------------
 */

static guint
count_published (const UsStatus *status) {
  guint n = 0;
  for (guint i = 0; i < status->streams->len; i++)
    n += ((const UsStatusStream *)g_ptr_array_index (status->streams, i))->publisher != NULL;
  return n;
}

/* Returns: (transfer full): ", 2 warnings", or nothing */
static char *
count_warnings (const UsStatus *status) {
  guint n = 0;
  for (guint i = 0; i < status->streams->len; i++)
    n += ((const UsStatusStream *)g_ptr_array_index (status->streams, i))->n_warnings;
  return n > 0 ? g_strdup_printf (", %u warning%s", n, n > 1 ? "s" : "") : g_strdup ("");
}

/**
 * us_status_line:
 * @status: the status
 *
 * Returns: (transfer full): what an operator wants to know in one line. Nothing in it changes while
 *   nothing happens, so that it can be logged on change
 */
char *
us_status_line (const UsStatus *status) {
  g_autofree char *warnings = count_warnings (status);
  return g_strdup_printf (
      "%u live%s, %s, active origin %s, primary %s, backup %s, failovers %" G_GUINT64_FORMAT
      ", switchbacks %" G_GUINT64_FORMAT,
      count_published (status), warnings, status->is_serving ? "serving" : "not serving",
      status->active_origin != NULL ? status->active_origin : "unknown",
      status->primary.state != NULL ? status->primary.state : "unknown",
      status->backup.state != NULL ? status->backup.state : "unknown", status->failovers,
      status->switchbacks);
}

/* Names and reasons may hold what a peer sent: no control character reaches the terminal. */
static void
append_row (GString *out, const char *label, const char *text) {
  g_autofree char *clean = us_text_clean (text, G_MAXUINT);
  g_string_append_printf (out, "  %-9s %s\n", label, clean);
}

static void
append_origin (GString *out, const char *label, const UsStatusOrigin *origin, gboolean is_active) {
  g_autoptr (GString) text = g_string_new (origin->state != NULL ? origin->state : "unknown");
  if (origin->reason != NULL && origin->reason[0] != '\0' && g_strcmp0 (origin->reason, "ok") != 0)
    g_string_append_printf (text, " (%s)", origin->reason);
  if (origin->age_s >= 0)
    g_string_append_printf (text, ", last segment %.1f s old", origin->age_s);
  if (is_active)
    g_string_append (text, ", active");
  append_row (out, label, text->str);
}

static void
append_stream (GString *out, const UsStatusStream *stream) {
  g_autofree char *text = g_strdup_printf (
      "%s: %s", stream->name, stream->publisher != NULL ? stream->publisher : "no publisher");
  append_row (out, "stream", text);
  for (guint i = 0; i < stream->warnings->len; i++)
    append_row (out, "warning", stream->warnings->pdata[i]);
  if (stream->n_warnings > stream->warnings->len) {
    g_autofree char *more
        = g_strdup_printf ("and %u more", stream->n_warnings - stream->warnings->len);
    append_row (out, "", more);
  }
}

/* The row has the width of a terminal: only what is not as it should be is named. */
static void
append_roles (GString *out, const UsRoleStatus *roles, guint n_roles) {
  g_autoptr (GString) text = g_string_new (NULL);
  guint n_running = 0;
  for (guint i = 0; i < n_roles; i++)
    n_running += roles[i].state == US_ROLE_STATE_RUNNING;
  g_string_append_printf (text, "%u of %u running", n_running, n_roles);
  for (guint i = 0; i < n_roles; i++) {
    if (roles[i].state != US_ROLE_STATE_RUNNING)
      g_string_append_printf (text, ", %s %s", roles[i].name, us_role_state_word (roles[i].state));
    if (roles[i].restarts > 0)
      g_string_append_printf (text, ", %s restarted %ux", roles[i].name, roles[i].restarts);
  }
  append_row (out, "roles", text->str);
}

/**
 * us_status_block:
 * @status: the status
 * @urls: the addresses
 * @roles: the processes
 * @n_roles: how many
 *
 * Returns: (transfer full): lines for a terminal, each ended by a newline, without escape codes
 */
char *
us_status_block (const UsStatus *status, const UsStatusUrls *urls, const UsRoleStatus *roles,
                 guint n_roles) {
  g_autoptr (GString) out = g_string_new (NULL);
  append_row (out, "watch", urls->viewer);
  append_row (out, "publish", urls->publish);
  if (urls->desk != NULL)
    append_row (out, "desk", urls->desk);
  for (guint i = 0; i < MIN (status->streams->len, MAX_STREAMS_SHOWN); i++)
    append_stream (out, g_ptr_array_index (status->streams, i));
  if (status->streams->len == 0)
    append_row (out, "stream", "none yet");
  append_origin (out, "primary", &status->primary,
                 g_strcmp0 (status->active_origin, "primary") == 0);
  append_origin (out, "backup", &status->backup, g_strcmp0 (status->active_origin, "backup") == 0);
  g_autofree char *switcher
      = g_strdup_printf ("%s, failovers %" G_GUINT64_FORMAT ", switchbacks %" G_GUINT64_FORMAT,
                         status->is_serving ? "serving" : "nothing to serve yet", status->failovers,
                         status->switchbacks);
  append_row (out, "switcher", switcher);
  append_roles (out, roles, n_roles);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static void
add_url (JsonBuilder *builder, const char *name, const char *url) {
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, url);
}

static void
add_port (JsonBuilder *builder, const char *name, const char *url) {
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, uri != NULL ? g_uri_get_port (uri) : 0);
}

/**
 * us_status_json:
 * @urls: the addresses
 * @roles: the processes
 * @n_roles: how many
 *
 * Returns: (transfer full): the content of the status file
 */
char *
us_status_json (const UsStatusUrls *urls, const UsRoleStatus *roles, guint n_roles) {
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "pid");
  json_builder_add_int_value (builder, getpid ());
  json_builder_set_member_name (builder, "roles");
  json_builder_begin_array (builder);
  for (guint i = 0; i < n_roles; i++) {
    json_builder_begin_object (builder);
    add_url (builder, "name", roles[i].name);
    json_builder_set_member_name (builder, "pid");
    json_builder_add_int_value (builder, roles[i].pid);
    add_url (builder, "state", us_role_state_word (roles[i].state));
    json_builder_set_member_name (builder, "restarts");
    json_builder_add_int_value (builder, roles[i].restarts);
    json_builder_set_member_name (builder, "last_exit");
    if (roles[i].last_exit != NULL)
      json_builder_add_string_value (builder, roles[i].last_exit);
    else
      json_builder_add_null_value (builder);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);

  const char *const names[] = { "viewer", "publish", "primary", "backup", "ingest_status", "desk" };
  const char *const values[] = { urls->viewer, urls->publish,       urls->primary,
                                 urls->backup, urls->ingest_status, urls->desk };
  guint n_urls = G_N_ELEMENTS (names) - (urls->desk == NULL ? 1 : 0);
  json_builder_set_member_name (builder, "urls");
  json_builder_begin_object (builder);
  for (guint i = 0; i < n_urls; i++)
    add_url (builder, names[i], values[i]);
  json_builder_end_object (builder);
  json_builder_set_member_name (builder, "ports");
  json_builder_begin_object (builder);
  for (guint i = 0; i < n_urls; i++)
    add_port (builder, names[i], values[i]);
  json_builder_end_object (builder);
  json_builder_end_object (builder);

  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);
  return g_strconcat (text, "\n", NULL);
}
