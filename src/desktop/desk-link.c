/* desk-link.c - the desktop's way to the desk: its events, its active incidents, acknowledging
 *
 * Owned by the application, on its main loop. Speaks the same interface as the web pages do
 * (data/openapi.yaml), over loopback. The desk may be restarted at any time: the events go on by
 * themselves, and after each connection the active incidents are read again, since what came in
 * between may have been forgotten.
 */
#define US_LOG_TOPIC "desktop.link"
#include "desktop/desk-link.h"

#include "base/log.h"
#include "base/names.h"
#include "desktop/notifications.h"
#include "http/client.h"
#include "http/event-source.h"

#define ANSWER_MS 10000
#define ACTIVE "/api/incidents?active_only=true&limit=" G_STRINGIFY (US_NOTIFICATIONS_MAX_LISTED)
#define MAX_ANSWER (8 * 1024 * 1024)

struct UsDeskLink {
  char *base, *authorization; /* the second: nullable */
  const UsDeskLinkHandler *handler;
  gpointer user_data;
  UsHttpEventSource *events;
  UsHttpClient *client;
  GCancellable *cancellable; /* of all requests; cancelled: the link is gone */
  gboolean is_lost;
};

/* Question: outlives the link only as long as its cancelled request needs to come back. */
typedef struct {
  UsDeskLink *link;
  GCancellable *cancellable;
  char *incident; /* nullable: not acknowledging */
} Question;

static void
question_free (Question *question) {
  g_object_unref (question->cancellable);
  g_free (question->incident);
  g_free (question);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

static void
ask (UsDeskLink *self, const char *path, const char *incident, GAsyncReadyCallback callback) {
  Question *question = g_new0 (Question, 1);
  g_autofree char *url = g_strconcat (self->base, path, NULL);
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  UsHttpFetch fetch = { .authorization = self->authorization,
                        .user = g_get_user_name (),
                        .method = incident != NULL ? "POST" : NULL,
                        .json = incident != NULL ? body : NULL,
                        .first_byte_timeout_ms = ANSWER_MS,
                        .deadline_ms = ANSWER_MS,
                        .max_bytes = MAX_ANSWER };
  question->link = self;
  question->cancellable = g_object_ref (self->cancellable);
  question->incident = g_strdup (incident);
  us_http_client_fetch_async (self->client, url, &fetch, self->cancellable, callback, question);
}

/* Returns: (transfer full) (nullable) */
static JsonNode *
parse (GBytes *body) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  if (size == 0 || !json_parser_load_from_data (parser, text, (gssize)size, NULL))
    return NULL;
  return json_parser_steal_root (parser);
}

static void
on_active (GObject *client, GAsyncResult *result, gpointer data) {
  g_autoptr (Question) question = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (client), result, &error);
  UsDeskLink *self = question->link;
  if (g_cancellable_is_cancelled (question->cancellable))
    return;
  g_autoptr (JsonNode) incidents
      = reply != NULL && reply->status == 200 ? parse (reply->body) : NULL;
  if (incidents != NULL)
    self->handler->active (incidents, self->user_data); /* last: it may free us */
  else
    us_warning ("cannot read the active incidents of the desk: %s",
                error != NULL ? error->message : "its answer was none");
}

/* The "detail" of a problem, or the status. */
static char *
describe_refusal (const UsHttpReply *reply) {
  g_autoptr (JsonNode) root = parse (reply->body);
  JsonObject *problem
      = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  const char *detail = problem != NULL
                           ? json_object_get_string_member_with_default (problem, "detail", NULL)
                           : NULL;
  return detail != NULL ? g_strdup (detail)
                        : g_strdup_printf ("the desk answered %u", reply->status);
}

static void
on_acknowledged (GObject *client, GAsyncResult *result, gpointer data) {
  g_autoptr (Question) question = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (client), result, &error);
  UsDeskLink *self = question->link;
  if (g_cancellable_is_cancelled (question->cancellable))
    return;
  if (reply != NULL && reply->status >= 200 && reply->status < 300) {
    us_info ("incident %s is acknowledged", question->incident);
    return; /* the event that follows takes the notification away */
  }
  g_autofree char *why = reply != NULL ? describe_refusal (reply) : g_strdup (error->message);
  us_warning ("incident %s could not be acknowledged: %s", question->incident, why);
  self->handler->refused (question->incident, why, self->user_data); /* last: it may free us */
}

/**
 * us_desk_link_acknowledge:
 * @incident: its id
 *
 * In the name of the user. The desk's event tells that it was done, handler->refused() that it was
 * not.
 */
void
us_desk_link_acknowledge (UsDeskLink *self, const char *incident) {
  g_autofree char *escaped = g_uri_escape_string (incident, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/api/incidents/%s/acknowledge", escaped);
  ask (self, path, incident, on_acknowledged);
}

/* ---- events ---- */

static void
on_opened (gpointer data) {
  UsDeskLink *self = data;
  if (self->is_lost)
    us_info ("the desk is there again");
  self->is_lost = FALSE;
  ask (self, ACTIVE, NULL, on_active);
}

static void
on_event (const char *kind, const char *text, gpointer data) {
  UsDeskLink *self = data;
  if (g_strcmp0 (kind, "reset") == 0) { /* some are missing for good */
    ask (self, ACTIVE, NULL, on_active);
    return;
  }
  g_autoptr (JsonNode) node = json_from_string (text, NULL);
  if (node != NULL)
    self->handler->event (kind, node, self->user_data); /* last: it may free us */
}

static void
on_lost (const char *why, gpointer data) {
  UsDeskLink *self = data;
  us_info ("the desk cannot be heard (%s): trying again", why);
  self->is_lost = TRUE;
}

static const UsHttpEventSourceHandler source_handler = { on_opened, on_event, on_lost };

/**
 * us_desk_link_new:
 * @base_url: of the desk, without a slash at its end
 * @authorization: (nullable): "Bearer TOKEN"
 * @handler: static
 *
 * Returns: (transfer full) (nullable): a link that connects by itself; %NULL: the URL is none
 */
UsDeskLink *
us_desk_link_new (const char *base_url, const char *authorization, const UsDeskLinkHandler *handler,
                  gpointer user_data) {
  UsDeskLink *self = g_new0 (UsDeskLink, 1);
  g_autofree char *url = g_strconcat (base_url, "/api/events?kinds=incident,event,reset", NULL);
  const UsHttpEventSourceSettings settings = { .url = url, .authorization = authorization };
  self->base = g_strdup (base_url);
  self->authorization = g_strdup (authorization);
  self->handler = handler;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->client = us_http_client_new (US_PROGRAM "-desktop/" US_VERSION);
  self->events = us_http_event_source_new (&settings, &source_handler, self);
  if (self->events != NULL)
    return self;
  us_desk_link_free (self);
  return NULL;
}

/**
 * us_desk_link_free:
 * @link: (transfer full) (nullable): may be freed in its own callbacks
 */
void
us_desk_link_free (UsDeskLink *self) {
  if (self == NULL)
    return;
  us_http_event_source_free (self->events);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_object_unref (self->client);
  g_free (self->base);
  g_free (self->authorization);
  g_free (self);
}
