/* control-http.c - the control API: paths and JSON in, commands and JSON out
 *
 * Everything below /control/ (docs/reference/control-api.md), called by the HTTP server on the
 * main loop. A thin door: who asks is judged in door.c, what is asked in control.c, what is told
 * in overview.c. Here a path and a body become a UsControlRequest. Bodies are small and strict: an
 * unknown member is a mistake of the caller, who would otherwise believe that it had an effect.
 */
#include "switcher/control-http.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define US_LOG_TOPIC "switcher.control-http"
#include "base/log.h"
#include "base/names.h"
#include "base/text.h"
#include "http/problem.h"
#include "http/query.h"

#define REFUSED_LOG_US (10 * G_TIME_SPAN_SECOND)
#define MAX_RENDITION_NAME 16 /* characters */
#define LEDGER_ROWS 100       /* unless more or fewer are asked for */

/* ---- bodies ---- */

typedef enum { FIELD_TEXT, FIELD_NUMBER, FIELD_FLAG } FieldType;
static const char *const type_words[] = { "a string", "a whole number", "true or false" };

#define FOR(verb) (1u << US_CONTROL_##verb)
#define FOR_ALL ((1u << US_N_CONTROL_VERBS) - 1)

/* The members that a body may have, the verbs they are for, and where they go. */
static const struct {
  const char *name;
  FieldType type;
  guint verbs;
  gsize offset;
  guint required_by;
} fields[] = {
  { "why", FIELD_TEXT, FOR_ALL, G_STRUCT_OFFSET (UsControlRequest, why), 0 },
  { "origin", FIELD_TEXT, FOR (FAILOVER) | FOR (DRAIN) | FOR (UNDRAIN),
    G_STRUCT_OFFSET (UsControlRequest, origin), FOR (DRAIN) | FOR (UNDRAIN) },
  { "seconds", FIELD_NUMBER, FOR (FAILOVER) | FOR (HOLD),
    G_STRUCT_OFFSET (UsControlRequest, seconds), 0 },
  { "even_if_failed", FIELD_FLAG, FOR (FAILOVER),
    G_STRUCT_OFFSET (UsControlRequest, even_if_failed), 0 },
  { "strict", FIELD_FLAG, FOR (HOLD), G_STRUCT_OFFSET (UsControlRequest, is_strict), 0 },
  { "mode", FIELD_TEXT, FOR (FAILBACK), G_STRUCT_OFFSET (UsControlRequest, failback),
    FOR (FAILBACK) },
};

void
us_control_body_clear (UsControlBody *body) {
  g_clear_object ((JsonParser **)&body->json);
}

static GType
type_of (FieldType type) {
  return type == FIELD_TEXT ? G_TYPE_STRING : type == FIELD_NUMBER ? G_TYPE_INT64 : G_TYPE_BOOLEAN;
}

static gboolean
take_member (UsControlBody *body, UsControlVerb verb, const char *name, JsonNode *node,
             UsHttpResponse *response) {
  g_autofree char *clean = us_text_clean (name, 40);
  g_autofree char *pointer = g_strconcat ("#/", clean, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (strcmp (name, fields[i].name) != 0 || !(fields[i].verbs & (1u << verb)))
      continue;
    if (!JSON_NODE_HOLDS_VALUE (node)
        || json_node_get_value_type (node) != type_of (fields[i].type))
      break;
    gpointer place = G_STRUCT_MEMBER_P (&body->request, fields[i].offset);
    if (fields[i].type == FIELD_TEXT)
      *(const char **)place = json_node_get_string (node);
    else if (fields[i].type == FIELD_NUMBER)
      *(gint64 *)place = json_node_get_int (node);
    else
      *(gboolean *)place = json_node_get_boolean (node);
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (strcmp (name, fields[i].name) == 0 && (fields[i].verbs & (1u << verb))) {
      us_http_problem_at (response, 422, "bad-value", "A value is not acceptable", pointer,
                          "%s: expected %s", clean, type_words[fields[i].type]);
      return FALSE;
    }
  }
  us_http_problem_at (response, 422, "unknown-member", "A member is unknown", pointer,
                      "\"%s\" means nothing to %s", clean, us_control_verb_word (verb));
  return FALSE;
}

static gboolean
take_members (UsControlBody *body, UsControlVerb verb, JsonObject *object,
              UsHttpResponse *response) {
  g_autoptr (GList) members = json_object_get_members (object);
  for (GList *link = members; link != NULL; link = link->next)
    if (!take_member (body, verb, link->data, json_object_get_member (object, link->data),
                      response))
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (!(fields[i].required_by & (1u << verb)) || json_object_has_member (object, fields[i].name))
      continue;
    g_autofree char *pointer = g_strconcat ("#/", fields[i].name, NULL);
    us_http_problem_at (response, 422, "missing-member", "A member is missing", pointer,
                        "%s needs \"%s\", %s", us_control_verb_word (verb), fields[i].name,
                        type_words[fields[i].type]);
    return FALSE;
  }
  return TRUE;
}

/**
 * us_control_body_read:
 * @body: (out): us_control_body_clear() it in any case
 * @bytes: (nullable): a JSON object; none or an empty one says nothing
 * @response: filled in when it is refused
 *
 * Returns: whether the body fits the verb
 */
gboolean
us_control_body_read (UsControlBody *body, UsControlVerb verb, GBytes *bytes,
                      UsHttpResponse *response) {
  gsize size = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  g_autoptr (GError) error = NULL;
  *body = (UsControlBody){ .request = { .verb = verb } };
  if (size > US_CONTROL_HTTP_MAX_BODY) { /* also bounds how deep a parser can be made to go */
    us_http_problem (response, 413, "too-large", "The body is too large",
                     "Expected at most %d bytes", US_CONTROL_HTTP_MAX_BODY);
    return FALSE;
  }
  body->json = json_parser_new ();
  const char *given = size > 0 ? text : "{}";
  if (!g_utf8_validate_len (given, size > 0 ? size : 2, NULL)
      || !json_parser_load_from_data (body->json, given, size > 0 ? (gssize)size : 2, &error)) {
    us_http_problem (response, 400, "bad-json", "The body is no JSON", "%s",
                     error != NULL ? error->message : "not UTF-8");
    return FALSE;
  }
  JsonNode *root = json_parser_get_root (body->json);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    us_http_problem_at (response, 422, "bad-value", "A value is not acceptable", "#",
                        "expected an object like {\"why\": \"maintenance\"}");
    return FALSE;
  }
  return take_members (body, verb, json_node_get_object (root), response);
}

/* ---- answers ---- */

static void
answer_json (UsHttpResponse *response, guint status, char *text) {
  response->status = status;
  response->content_type = "application/json";
  response->cache_control = "no-store";
  response->body = g_bytes_new_take (text, strlen (text));
}

static const char *
pointer_of (const GError *error) {
  static const char *const names[] = { "why", "seconds", "origin", "mode", NULL };
  static const char *const pointers[] = { "#/why", "#/seconds", "#/origin", "#/mode" };
  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_has_prefix (error->message, names[i]))
      return pointers[i];
  return "#";
}

static void
answer_error (UsHttpResponse *response, const GError *error) {
  switch ((UsControlError)error->code) {
  case US_CONTROL_ERROR_NO_STREAM:
    us_http_problem (response, 404, "no-stream", "No such stream", "%s", error->message);
    break;
  case US_CONTROL_ERROR_NO_DRILL:
    us_http_problem (response, 404, "no-drill", "No such drill", "%s", error->message);
    break;
  case US_CONTROL_ERROR_NO_ORIGIN:
    us_http_problem_at (response, 422, "no-origin", "No such origin", "#/origin", "%s",
                        error->message);
    break;
  case US_CONTROL_ERROR_VALUE:
    us_http_problem_at (response, 422, "bad-value", "A value is not acceptable", pointer_of (error),
                        "%s", error->message);
    break;
  case US_CONTROL_ERROR_DENIED:
    us_http_problem (response, 403, "denied", "Not allowed", "%s", error->message);
    break;
  case US_CONTROL_ERROR_NOT_NOW:
  default:
    us_http_problem (response, 409, "not-now", "Not in the present state", "%s", error->message);
    break;
  }
}

static void
answer_no_path (UsHttpResponse *response, const char *path) {
  us_http_problem (response, 404, "not-found", "Not found", "Nothing is served at \"%.200s\".",
                   path);
}

static gboolean
check_method (const UsHttpRequest *request, const char *method, UsHttpResponse *response) {
  if (strcmp (request->method, method) == 0
      || (strcmp (method, "GET") == 0 && strcmp (request->method, "HEAD") == 0))
    return TRUE;
  us_http_problem (response, 405, "method-not-allowed", "Method not allowed",
                   "%s is not possible here; possible: %s", request->method, method);
  return FALSE;
}

/* ---- paths ---- */

static void
execute (UsControlHttp *self, UsControlVerb verb, const char *stream, const char *drill,
         const char *who, const UsHttpRequest *request, UsHttpResponse *response) {
  g_auto (UsControlBody) body = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *drill_id = NULL;
  if (!us_control_body_read (&body, verb, request->body, response))
    return;
  body.request.stream = stream;
  body.request.drill = drill;
  body.request.who = who;
  body.request.via = "http";
  if (!us_control_execute (self->control, &body.request, &drill_id, &error))
    answer_error (response, error);
  else if (verb == US_CONTROL_DRILL)
    answer_json (response, 202, us_overview_drill (us_drills_get_active (self->overview.drills)));
  else
    answer_json (response, 200, us_overview_streams (&self->overview, stream));
}

/* Returns: (nullable): the one of that name; without a name, the first; %NULL: none yet, or
 * @response says that there is no such one */
static const UsRendition *
find_rendition (const UsFeed *feed, const char *name, UsHttpResponse *response) {
  guint n = us_feed_get_n_renditions (feed);
  for (guint i = 0; i < n; i++) {
    const UsRendition *rendition = us_feed_get_rendition (feed, i);
    if (name == NULL || g_strcmp0 (us_rendition_get_short_name (rendition), name) == 0)
      return rendition;
  }
  if (name != NULL)
    us_http_problem (response, 404, "no-rendition", "No such rendition",
                     "%s has no rendition \"%s\".", us_feed_get_name (feed), name);
  return NULL;
}

static void
handle_ledger (UsControlHttp *self, const char *stream, const UsHttpRequest *request,
               UsHttpResponse *response) {
  g_autoptr (UsQuery) query = us_query_new (request->query);
  gint64 after = us_query_integer (query, "after", -1, 0, G_MAXINT64);
  gint64 limit = us_query_integer (query, "limit", LEDGER_ROWS, 1, US_CHRONICLE_ROWS);
  const char *name = us_query_text (query, "rendition", MAX_RENDITION_NAME);
  if (!us_query_end (query, response))
    return;
  const UsFeed *feed = us_overview_find (&self->overview, stream);
  if (feed == NULL) {
    us_http_problem (response, 404, "no-stream", "No such stream",
                     "No stream \"%.80s\" is followed.", stream);
    return;
  }
  const UsRendition *rendition = find_rendition (feed, name, response);
  if (response->status == 0)
    answer_json (response, 200, us_overview_ledger (feed, rendition, after, (guint)limit));
}

/* "streams/NAME/VERB" after the prefix; a name may not have a slash, "*" means all of them. */
static void
handle_stream (UsControlHttp *self, const char *rest, const char *who, const UsHttpRequest *request,
               UsHttpResponse *response) {
  const char *slash = strrchr (rest, '/');
  UsControlVerb verb;
  if (slash != NULL && slash != rest && strcmp (slash, "/ledger") == 0) {
    g_autofree char *stream = g_strndup (rest, (gsize)(slash - rest));
    if (check_method (request, "GET", response))
      handle_ledger (self, stream, request, response);
    return;
  }
  if (slash == NULL || slash == rest || !us_control_verb_from_word (slash + 1, &verb)
      || verb == US_CONTROL_DRILL) {
    answer_no_path (response, request->path);
    return;
  }
  g_autofree char *name = g_strndup (rest, (gsize)(slash - rest));
  if (check_method (request, "POST", response))
    execute (self, verb, strcmp (name, "*") == 0 ? NULL : name, NULL, who, request, response);
}

/* Many refusals in a row are one line: the log is no place for a stranger to write into. */
static void
log_refusal (UsControlHttp *self, const UsHttpRequest *request, guint status) {
  gint64 now_us = g_get_monotonic_time ();
  self->n_refused++;
  if (self->refused_us > 0 && now_us - self->refused_us < REFUSED_LOG_US)
    return;
  g_autofree char *path = us_text_clean (request->path, 80);
  us_event (US_LOG_WARNING, US_EVENT_CONTROL_REFUSED, "%s %s from %s was refused at the door: %u%s",
            request->method, path, request->peer, status,
            self->n_refused > 1 ? ", and others before" : "");
  self->refused_us = now_us;
  self->n_refused = 0;
}

/**
 * us_control_http_handle:
 * @self: the parts it is put together from
 *
 * Answers anything below /control/.
 */
void
us_control_http_handle (UsControlHttp *self, const UsHttpRequest *request,
                        UsHttpResponse *response) {
  g_autofree char *who = us_door_enter (self->door, request, response);
  const char *rest = request->path + strlen (US_CONTROL_HTTP_PREFIX);
  if (who == NULL
      || (strcmp (request->method, "POST") == 0 && !us_door_check_json (request, response))) {
    log_refusal (self, request, response->status);
    return;
  }
  if (strcmp (rest, "status") == 0) {
    if (check_method (request, "GET", response))
      answer_json (response, 200, us_overview_all (&self->overview));
  } else if (strcmp (rest, "drills") == 0) {
    if (check_method (request, "GET", response))
      answer_json (response, 200, us_overview_drills (&self->overview));
  } else if (g_str_has_prefix (rest, "drills/") && strchr (rest + 7, '/') == NULL
             && rest[7] != '\0') {
    if (check_method (request, "POST", response))
      execute (self, US_CONTROL_DRILL, NULL, rest + 7, who, request, response);
  } else if (g_str_has_prefix (rest, "streams/")) {
    handle_stream (self, rest + strlen ("streams/"), who, request, response);
  } else {
    answer_no_path (response, request->path);
  }
}
