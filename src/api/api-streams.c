/* api-streams.c - /api/streams: what is watched
 *
 * Adding takes a JSON body, or name and manifest_url as parameters of the query, as programs of the
 * first generation send them. A change is in the streams file when it is answered.
 */
#include "api/api-private.h"

#include "http/json-body.h"
#include "http/json-text.h"
#include "http/json.h"
#include "http/problem.h"

#include <string.h>

#define MAX_AUTHORIZATION 4096
#define MAX_REASON 500
#define BYTES_EACH 1024 /* about as many has one in a list */
#define MAX_MAINTENANCE_MIN (30 * 24 * 60)

/* What the desk calls a member, and what the API does. Returns: (nullable) (transfer none) */
static const char *
pointer_of (const char *of_config) {
  static const char *const pairs[][2] = {
    { "/name", "#/name" },
    { "/url", "#/manifest_url" },
    { "/segment_share", "#/segment_share" },
    { "/authorization", "#/authorization" },
    { "/maintenance_until", "#/until" },
    { "/maintenance_reason", "#/reason" },
  };
  for (guint i = 0; of_config != NULL && i < G_N_ELEMENTS (pairs); i++)
    if (strcmp (of_config, pairs[i][0]) == 0)
      return pairs[i][1];
  return of_config != NULL ? "#" : NULL;
}

/* The whole of it, with its version. */
void
us_api_answer_stream (UsApi *api, const UsStreamConfig *config, gboolean shows_all, guint status,
                      UsHttpResponse *response) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  us_api_add_stream (api, json, config, TRUE, shows_all);
  us_api_answer (response, status, json);
  response->etag
      = us_api_version_tag (us_desk_get_started_us (api->desk),
                            us_desk_get_revision (api->desk, config->id), response->body);
}

static void
answer_stream (UsApi *api, const UsStreamConfig *config, const UsHttpRequest *request, guint status,
               UsHttpResponse *response) {
  us_api_answer_stream (api, config, us_api_may_write (api, request), status, response);
}

/* ---- reading ---- */

static gboolean
is_wanted (UsApi *api, const UsStreamConfig *config, int state) {
  UsWatchView view = { 0 };
  if (state < 0)
    return TRUE;
  UsHealth health = us_desk_view (api->desk, config->id, &view) && view.verdict != NULL
                        ? view.verdict->health
                        : US_HEALTH_NO_DATA;
  return (int)health == state;
}

US_API_HANDLER (list_streams) {
  UsApi *api = self;
  const char *words[US_N_HEALTHS + 1] = { NULL };
  for (UsHealth i = 0; i < US_N_HEALTHS; i++)
    words[i] = us_health_word (i);
  g_autoptr (UsQuery) query = us_query_new (request->query);
  int state = us_query_word (query, "state", words, -1);
  if (!us_query_end (query, response))
    return;

  gboolean shows_all = us_api_may_write (api, request);
  g_autoptr (GPtrArray) streams = us_desk_list_streams (api->desk);
  GString *out = g_string_sized_new (BYTES_EACH * (streams->len + 1));
  us_json_text_begin (out, NULL, '[');
  for (guint i = 0; i < streams->len; i++)
    if (is_wanted (api, streams->pdata[i], state))
      us_api_write_stream (api, out, streams->pdata[i], shows_all);
  us_json_text_end (out, ']');
  us_api_answer_text (response, 200, out);
}

US_API_HANDLER (get_stream) {
  const UsStreamConfig *config = us_api_find_stream (self, match, response);
  if (config != NULL && us_api_takes_nothing (request, response))
    answer_stream (self, config, request, 200, response);
}

/* ---- changing ---- */

static void
read_checks (UsJsonPart *part, UsStreamConfig *config) {
  UsJsonPart *checks = us_json_object (part, "checks", US_JSON_OPTIONAL);
  if (checks == NULL)
    return;
  config->has_black = us_json_flag (checks, "black", config->has_black);
  config->has_frozen = us_json_flag (checks, "frozen", config->has_frozen);
  config->has_silent = us_json_flag (checks, "silent", config->has_silent);
}

static void
take_text (char **place, const char *text) {
  if (text == NULL)
    return;
  g_free (*place);
  *place = g_strdup (text);
}

/* What a body may say of a stream. */
static void
read_members (UsJsonPart *part, UsJsonNeed need, UsStreamConfig *config) {
  take_text (&config->name, us_json_text (part, "name", need, US_STREAM_MAX_NAME));
  take_text (&config->url, us_json_text (part, "manifest_url", need, US_STREAM_MAX_URL));
  config->segment_share = us_json_number (part, "segment_share", config->segment_share, 0.0, 1.0);
  read_checks (part, config);
  if (us_json_is_null (part, "authorization"))
    g_clear_pointer (&config->authorization, g_free);
  take_text (&config->authorization,
             us_json_text (part, "authorization", US_JSON_OPTIONAL, MAX_AUTHORIZATION));
}

/* Returns: (transfer full) (nullable): NULL: refused */
static UsStreamConfig *
read_new (const UsHttpRequest *request, UsHttpResponse *response) {
  g_autoptr (UsQuery) query = us_query_new (request->query);
  const char *name = us_query_text (query, "name", US_STREAM_MAX_NAME);
  const char *url = us_query_text (query, "manifest_url", US_STREAM_MAX_URL);
  gboolean has_query = us_query_has (query, "name") || us_query_has (query, "manifest_url");
  if (!us_query_end (query, response))
    return NULL;
  if (has_query && request->body != NULL && g_bytes_get_size (request->body) > 0) {
    us_http_problem (response, 400, "two-places", "The stream is described twice",
                     "Send a JSON body, or name and manifest_url in the query, not both.");
    return NULL;
  }
  if (has_query && (name == NULL || url == NULL)) {
    us_http_problem_of_parameter (response, "missing-parameter", "A parameter is missing",
                                  name == NULL ? "name" : "manifest_url",
                                  "Both name and manifest_url are needed.");
    return NULL;
  }
  g_autoptr (UsStreamConfig) config
      = us_stream_config_new ("new", name != NULL ? name : "", url != NULL ? url : "");
  if (has_query)
    return g_steal_pointer (&config);
  g_autoptr (UsJsonBody) body = us_json_body_new (request->body, US_API_MAX_BODY);
  read_members (us_json_body_root (body), US_JSON_REQUIRED, config);
  return us_json_body_end (body, response) ? g_steal_pointer (&config) : NULL;
}

US_API_HANDLER (add_stream_of) {
  UsApi *api = self;
  g_autoptr (UsStreamConfig) wanted = read_new (request, response);
  g_autoptr (GError) error = NULL;
  const char *pointer = NULL;
  if (wanted == NULL)
    return;
  const UsStreamConfig *config = us_desk_add_stream (api->desk, wanted, &pointer, &error);
  if (config == NULL) {
    us_api_answer_error (response, error, pointer_of (pointer));
    return;
  }
  us_api_log_write (api, "stream %s added", config->id);
  answer_stream (api, config, request, 201, response);
  response->location = g_strconcat ("/api/streams/", config->id, NULL);
}

static gboolean
check_version (UsApi *api, const UsHttpRequest *request, const char *id, UsHttpResponse *response) {
  if (us_api_is_version (request->if_match, us_desk_get_started_us (api->desk),
                         us_desk_get_revision (api->desk, id)))
    return TRUE;
  us_http_problem (response, 412, "changed", "The stream was changed meanwhile",
                   "If-Match names another version of \"%s\"; read it again.", id);
  return FALSE;
}

static void
change (UsApi *api, const UsHttpRequest *request, const UsStreamConfig *wanted, const char *what,
        UsHttpResponse *response) {
  g_autoptr (GError) error = NULL;
  const char *pointer = NULL;
  if (!us_desk_change_stream (api->desk, wanted, api->who, &pointer, &error)) {
    us_api_answer_error (response, error, pointer_of (pointer));
    return;
  }
  us_api_log_write (api, "stream %s %s", wanted->id, what);
  const UsStreamConfig *config = us_desk_get_stream (api->desk, wanted->id);
  if (config != NULL)
    answer_stream (api, config, request, 200, response);
  else
    us_api_answer_no_stream (response, wanted->id);
}

/* Returns: (transfer full) (nullable): a copy to change; NULL: refused */
static UsStreamConfig *
begin_change (UsApi *api, const UsHttpRequest *request, const UsTemplateMatch *match,
              UsHttpResponse *response) {
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  if (config == NULL || !us_api_takes_nothing (request, response)
      || !check_version (api, request, config->id, response))
    return NULL;
  return us_stream_config_copy (config);
}

US_API_HANDLER (change_stream) {
  g_autoptr (UsStreamConfig) wanted = begin_change (self, request, match, response);
  if (wanted == NULL)
    return;
  g_autoptr (UsJsonBody) body = us_json_body_new (request->body, US_API_MAX_BODY);
  read_members (us_json_body_root (body), US_JSON_OPTIONAL, wanted);
  if (us_json_body_end (body, response))
    change (self, request, wanted, "changed", response);
}

US_API_HANDLER (remove_stream) {
  UsApi *api = self;
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  g_autoptr (GError) error = NULL;
  if (config == NULL || !us_api_takes_nothing (request, response)
      || !check_version (api, request, config->id, response))
    return;
  g_autofree char *id = g_strdup (config->id);
  if (!us_desk_remove_stream (api->desk, id, api->who, &error)) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  us_api_log_write (api, "stream %s removed", id);
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "status", "deleted");
  us_json_add_text (json, "stream_id", id);
  json_builder_end_object (json);
  us_api_answer (response, 200, json);
}

/* ---- pause and maintenance ---- */

static gboolean
has_empty_body (const UsHttpRequest *request, UsHttpResponse *response) {
  g_autoptr (UsJsonBody) body = us_json_body_new (request->body, US_API_MAX_BODY);
  return us_json_body_end (body, response);
}

static void
set_paused (UsApi *api, const UsHttpRequest *request, const UsTemplateMatch *match,
            gboolean is_paused, UsHttpResponse *response) {
  g_autoptr (UsStreamConfig) wanted = begin_change (api, request, match, response);
  if (wanted == NULL || !has_empty_body (request, response))
    return;
  wanted->is_paused = is_paused;
  change (api, request, wanted, is_paused ? "paused" : "resumed", response);
}

US_API_HANDLER (pause_stream) {
  set_paused (self, request, match, TRUE, response);
}

US_API_HANDLER (resume_stream) {
  set_paused (self, request, match, FALSE, response);
}

/* Returns: us since the epoch; 0: refused */
static gint64
read_until (UsJsonPart *part) {
  const char *text = us_json_text (part, "until", US_JSON_OPTIONAL, 64);
  gint64 minutes = us_json_integer (part, "minutes", 0, 1, MAX_MAINTENANCE_MIN);
  gint64 now_us = g_get_real_time ();
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  if ((text == NULL) == (minutes == 0)) {
    us_json_refuse (part, NULL, "expected either \"until\" or \"minutes\"");
    return 0;
  }
  if (text == NULL)
    return now_us + minutes * 60 * G_USEC_PER_SEC;
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (text, utc);
  gint64 until_us = date != NULL ? g_date_time_to_unix (date) * G_USEC_PER_SEC
                                       + g_date_time_get_microsecond (date)
                                 : 0;
  if (until_us > now_us && until_us <= now_us + (gint64)MAX_MAINTENANCE_MIN * 60 * G_USEC_PER_SEC)
    return until_us;
  us_json_refuse (part, "until",
                  "expected a time within the next 30 days, like 2026-01-31T12:00:00Z");
  return 0;
}

US_API_HANDLER (begin_maintenance) {
  g_autoptr (UsStreamConfig) wanted = begin_change (self, request, match, response);
  if (wanted == NULL)
    return;
  g_autoptr (UsJsonBody) body = us_json_body_new (request->body, US_API_MAX_BODY);
  UsJsonPart *root = us_json_body_root (body);
  wanted->maintenance_until_us = read_until (root);
  g_clear_pointer (&wanted->maintenance_reason, g_free);
  take_text (&wanted->maintenance_reason,
             us_json_text (root, "reason", US_JSON_OPTIONAL, MAX_REASON));
  if (us_json_body_end (body, response))
    change (self, request, wanted, "is in maintenance", response);
}

US_API_HANDLER (end_maintenance) {
  g_autoptr (UsStreamConfig) wanted = begin_change (self, request, match, response);
  if (wanted == NULL)
    return;
  wanted->maintenance_until_us = 0;
  g_clear_pointer (&wanted->maintenance_reason, g_free);
  change (self, request, wanted, "is no longer in maintenance", response);
}
