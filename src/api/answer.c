/* answer.c - members of answers that come in many of them, and errors as problems
 *
 * Times are ISO 8601 in UTC with milliseconds, 0 is null; durations are milliseconds where their
 * name ends in _ms and seconds where it ends in _s; what is not known is null. Pure.
 */
#include "api/api-private.h"

#include "http/json.h"
#include "http/problem.h"
#include "monitor/stream-config.h"

#include <math.h>
#include <string.h>

JsonBuilder *
us_api_json_new (void) {
  return json_builder_new_immutable ();
}

/* Returns: (transfer full): "2026-01-31T12:00:00.000Z" */
char *
us_api_time (gint64 wall_us) {
  return us_json_time (wall_us);
}

/* @wall_us: since the epoch; 0: not yet, null */
void
us_api_add_time (JsonBuilder *json, const char *name, gint64 wall_us) {
  g_autofree char *text = wall_us > 0 ? us_api_time (wall_us) : NULL;
  us_json_add_text (json, name, text);
}

static void
add_rounded (JsonBuilder *json, const char *name, double value, double unit) {
  json_builder_set_member_name (json, name);
  if (!isfinite (value))
    json_builder_add_null_value (json);
  else
    json_builder_add_double_value (json, round (value * unit) / unit);
}

/* To a thousandth; NAN: null */
void
us_api_add_number (JsonBuilder *json, const char *name, double value) {
  add_rounded (json, name, value, 1000);
}

/* @name: ends in "_ms"; NAN: null */
void
us_api_add_ms (JsonBuilder *json, const char *name, double seconds) {
  add_rounded (json, name, seconds * 1000, 10);
}

/* @text: (nullable): JSON that we wrote ourselves; what is none is null */
void
us_api_add_raw (JsonBuilder *json, const char *name, const char *text) {
  JsonNode *node = text != NULL ? json_from_string (text, NULL) : NULL;
  json_builder_set_member_name (json, name);
  if (node != NULL)
    json_builder_add_value (json, node);
  else
    json_builder_add_null_value (json);
}

/**
 * us_api_answer:
 * @json: a whole value
 */
void
us_api_answer (UsHttpResponse *response, guint status, JsonBuilder *json) {
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  char *text = us_json_to_text (root, FALSE);
  response->status = status;
  response->content_type = "application/json";
  response->cache_control = US_API_CACHE_NONE;
  response->body = g_bytes_new_take (text, strlen (text));
}

/**
 * us_api_answer_text:
 * @text: (transfer full): a whole value, written as json-text.h does
 */
void
us_api_answer_text (UsHttpResponse *response, guint status, GString *text) {
  response->status = status;
  response->content_type = "application/json";
  response->cache_control = US_API_CACHE_NONE;
  response->body = g_string_free_to_bytes (text);
}

/* ---- errors ---- */

typedef struct {
  guint status;
  const char *type, *title;
} Problem;

static Problem
problem_of_stream (int code) {
  switch ((UsStreamError)code) {
  case US_STREAM_ERROR_VALUE:
    return (Problem){ 422, "bad-value", "A value is not acceptable" };
  case US_STREAM_ERROR_DUPLICATE:
    return (Problem){ 409, "duplicate", "This stream is watched already" };
  case US_STREAM_ERROR_UNKNOWN:
    return (Problem){ 404, "no-stream", "No such stream" };
  case US_STREAM_ERROR_LIMIT:
    return (Problem){ 409, "too-many", "There are too many streams" };
  case US_STREAM_ERROR_OWN:
    return (Problem){ 409, "own-stream", "Not for a stream of our own chain" };
  case US_STREAM_ERROR_FILE:
  default:
    return (Problem){ 503, "not-written", "It could not be written to disk" };
  }
}

static Problem
problem_of_incident (int code) {
  switch ((UsIncidentError)code) {
  case US_INCIDENT_ERROR_UNKNOWN:
    return (Problem){ 404, "no-incident", "No such incident" };
  case US_INCIDENT_ERROR_STATE:
    return (Problem){ 409, "not-now", "Not in the present state" };
  case US_INCIDENT_ERROR_VALUE:
    return (Problem){ 422, "bad-value", "A value is not acceptable" };
  case US_INCIDENT_ERROR_STORE:
  default:
    return (Problem){ 503, "not-written", "It could not be written to disk" };
  }
}

/**
 * us_api_answer_error:
 * @error: of the desk, the incidents or the store
 * @pointer: (nullable): the member of the body that it is about
 */
void
us_api_answer_error (UsHttpResponse *response, const GError *error, const char *pointer) {
  Problem problem = { 503, "not-readable", "The history cannot be read or written now" };
  if (error->domain == US_STREAM_ERROR)
    problem = problem_of_stream (error->code);
  else if (error->domain == US_INCIDENT_ERROR)
    problem = problem_of_incident (error->code);
  else if (error->domain == US_DEMO_ERROR)
    problem = (Problem){ 503, "no-demo", "There is no demo" };
  if (pointer != NULL && problem.status == 422)
    us_http_problem_at (response, problem.status, problem.type, problem.title, pointer, "%s",
                        error->message);
  else
    us_http_problem (response, problem.status, problem.type, problem.title, "%s", error->message);
  if (problem.status == 503)
    response->retry_after = g_strdup ("5");
}

void
us_api_answer_no_stream (UsHttpResponse *response, const char *id) {
  us_http_problem (response, 404, "no-stream", "No such stream", "There is no stream \"%.80s\".",
                   id);
}

void
us_api_answer_no_incident (UsHttpResponse *response, const char *id) {
  us_http_problem (response, 404, "no-incident", "No such incident",
                   "There is no incident \"%.80s\".", id);
}

/* Returns: (nullable) (transfer none): NULL: @response says so */
const UsStreamConfig *
us_api_find_stream (UsApi *api, const UsTemplateMatch *match, UsHttpResponse *response) {
  const char *id = us_template_match_get (match, "id");
  const UsStreamConfig *config = us_desk_get_stream (api->desk, id);
  if (config == NULL)
    us_api_answer_no_stream (response, id);
  return config;
}

/* Returns: whether the query is empty; else @response says so */
gboolean
us_api_takes_nothing (const UsHttpRequest *request, UsHttpResponse *response) {
  g_autoptr (UsQuery) query = us_query_new (request->query);
  return us_query_end (query, response);
}
