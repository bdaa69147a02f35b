/* catalog.c - which streams one origin has, asked of the origin itself
 *
 * Our origins answer GET /streams with {"streams":["a","b"]}. It is asked every second, and once a
 * minute of an origin that does not know the path. What cannot be read changes nothing: a list that
 * was good stays. Owned by the UsSwitcher, on the main loop; ends with us_catalog_free().
 */
#include "switcher/catalog.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/timer.h"

#define POLL_MS 1000
#define ABSENT_MS 60000

typedef struct {
  UsCatalog *catalog; /* NULL once freed */
} Request;

struct UsCatalog {
  const UsOriginAccess *access;
  char *url; /* (nullable): the base URL is none that has a root */
  UsCatalogChanged changed;
  gpointer user_data;
  Request *request;
  GCancellable *cancellable;
  GSource *timer;
  char **streams;
};

static gboolean
is_name (const char *name) {
  gsize length = strlen (name);
  if (length == 0 || length > US_CATALOG_MAX_NAME || name[0] == '.')
    return FALSE;
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("-_.", *p) == NULL)
      return FALSE;
  return TRUE;
}

/**
 * us_catalog_parse:
 * @text: body of the answer
 * @size: in bytes
 *
 * Names that cannot stand in a path, and those beyond US_CATALOG_MAX_STREAMS, are left out.
 *
 * Returns: (transfer full) (array zero-terminated=1): names; %NULL with an error when @text is not
 *   of the expected form
 */
char **
us_catalog_parse (const char *text, gsize size, GError **error) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (size > US_CATALOG_MAX_BYTES
      || !json_parser_load_from_data (parser, text, (gssize)size, error)) {
    if (error != NULL && *error == NULL)
      g_set_error (error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_UNKNOWN,
                   "the list of streams has more than %d bytes", US_CATALOG_MAX_BYTES);
    return NULL;
  }
  JsonNode *root = json_parser_get_root (parser);
  JsonNode *list = root != NULL && JSON_NODE_HOLDS_OBJECT (root)
                       ? json_object_get_member (json_node_get_object (root), "streams")
                       : NULL;
  if (list == NULL || !JSON_NODE_HOLDS_ARRAY (list)) {
    g_set_error (error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_INVALID_DATA,
                 "expected an object with the array \"streams\"");
    return NULL;
  }
  JsonArray *names = json_node_get_array (list);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint n = MIN (json_array_get_length (names), US_CATALOG_MAX_STREAMS);
  for (guint i = 0; i < n; i++) {
    JsonNode *name = json_array_get_element (names, i);
    if (json_node_get_value_type (name) == G_TYPE_STRING && is_name (json_node_get_string (name)))
      g_strv_builder_add (builder, json_node_get_string (name));
  }
  return g_strv_builder_end (builder);
}

static void send_request (UsCatalog *self);

static gboolean
on_timer (gpointer user_data) {
  UsCatalog *self = user_data;
  us_timer_stop (&self->timer);
  send_request (self);
  return G_SOURCE_REMOVE;
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autofree Request *request = user_data;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, NULL);
  UsCatalog *self = request->catalog;
  if (self == NULL)
    return;
  self->request = NULL;
  g_clear_object (&self->cancellable);

  gboolean is_good = FALSE;
  guint delay_ms = POLL_MS;
  if (reply != NULL && reply->status >= 400 && reply->status < 500)
    delay_ms = ABSENT_MS;
  if (reply != NULL && reply->status == 200) {
    gsize size;
    const char *text = g_bytes_get_data (reply->body, &size);
    char **streams = us_catalog_parse (text != NULL ? text : "", size, NULL);
    if (streams == NULL) {
      delay_ms = ABSENT_MS; /* somebody else's /streams */
    } else {
      g_strfreev (self->streams);
      self->streams = streams;
      is_good = TRUE;
    }
  }
  us_timer_start (&self->timer, delay_ms, "switcher-catalog", on_timer, self);
  if (is_good)
    self->changed (self, self->user_data);
}

static void
send_request (UsCatalog *self) {
  UsHttpFetch fetch = { .max_bytes = US_CATALOG_MAX_BYTES };
  self->request = g_new0 (Request, 1);
  self->request->catalog = self;
  self->cancellable = g_cancellable_new ();
  us_http_client_fetch_async (self->access->client, self->url, &fetch, self->cancellable, on_reply,
                              self->request);
}

/**
 * us_catalog_new:
 * @access: outlives the catalog
 * @changed: called after every good answer
 *
 * Returns: (transfer full): a catalog at rest
 */
UsCatalog *
us_catalog_new (const UsOriginAccess *access, UsOriginId origin, UsCatalogChanged changed,
                gpointer user_data) {
  UsCatalog *self = g_new0 (UsCatalog, 1);
  self->access = access;
  self->url
      = g_uri_resolve_relative (access->base_url[origin], "/streams", G_URI_FLAGS_ENCODED, NULL);
  self->changed = changed;
  self->user_data = user_data;
  self->streams = g_new0 (char *, 1);
  return self;
}

void
us_catalog_start (UsCatalog *self) {
  if (self->url != NULL)
    send_request (self);
}

void
us_catalog_free (UsCatalog *self) {
  if (self->request != NULL)
    self->request->catalog = NULL;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  us_timer_stop (&self->timer);
  g_strfreev (self->streams);
  g_free (self->url);
  g_free (self);
}

/* Returns: (transfer none): the last good list, %NULL-terminated; empty at first */
const char *const *
us_catalog_get_streams (const UsCatalog *self) {
  return (const char *const *)self->streams;
}
