/* api-timeline.c - timelines: of a stream, of an incident
 *
 * Oldest first, as they are read. Without bounds the newest events; "before" and "after" are ids of
 * events, and the Link header has the way in both directions.
 */
#include "api/api-private.h"

#include "http/problem.h"

#include <string.h>

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 500
#define MAX_KINDS 32

static gboolean
check_kinds (const char *const *kinds, UsHttpResponse *response) {
  UsEventKind kind;
  for (guint i = 0; kinds != NULL && kinds[i] != NULL; i++) {
    if (us_event_from_word (kinds[i], &kind))
      continue;
    us_http_problem_of_parameter (response, "bad-parameter", "A parameter is not acceptable",
                                  "kinds", "kinds: there is no kind of event \"%.60s\"", kinds[i]);
    return FALSE;
  }
  return TRUE;
}

static gboolean
read_wish (UsQuery *query, UsTimelineWish *wish, UsHttpResponse *response) {
  wish->limit = (guint)us_query_integer (query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
  wish->before_id = us_query_integer (query, "before", 0, 1, G_MAXINT64);
  wish->after_id = us_query_integer (query, "after", 0, 0, G_MAXINT64);
  wish->since_us = us_query_time (query, "since", 0);
  wish->until_us = us_query_time (query, "until", 0);
  wish->kinds = us_query_list (query, "kinds", MAX_KINDS);
  return us_query_end (query, response) && check_kinds (wish->kinds, response);
}

static void
answer_events (const UsHttpRequest *request, const UsTimelineWish *wish, const GPtrArray *events,
               UsHttpResponse *response) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_array (json);
  for (guint i = 0; i < events->len; i++)
    us_api_add_event (json, events->pdata[i]);
  json_builder_end_array (json);
  us_api_answer (response, 200, json);
  if (events->len == 0)
    return;
  const UsEventRow *first = events->pdata[0], *last = events->pdata[events->len - 1];
  g_autofree char *before = g_strdup_printf ("%" G_GINT64_FORMAT, first->id);
  g_autofree char *after = g_strdup_printf ("%" G_GINT64_FORMAT, last->id);
  if (events->len == wish->limit || wish->after_id > 0)
    us_api_add_link (response, request, "prev", "before", before);
  us_api_add_link (response, request, "next", "after", after);
}

/* @stream, @recent: (nullable) */
static void
answer_timeline (UsApi *api, const UsHttpRequest *request, const char *stream,
                 const UsTimelineWish *wish, const GPtrArray *recent, UsHttpResponse *response) {
  const UsEventQuery query = { .stream = stream,
                               .incident = wish->incident,
                               .kinds = wish->kinds,
                               .since_us = wish->since_us,
                               .until_us = wish->until_us,
                               .before_id = wish->before_id,
                               .after_id = wish->after_id,
                               .limit = wish->limit };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) rows = us_store_list_events (us_desk_get_store (api->desk), &query, &error);
  if (rows == NULL) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  g_autoptr (GPtrArray) events = us_timeline_merge (wish, rows, recent);
  answer_events (request, wish, events, response);
}

US_API_HANDLER (stream_timeline) {
  UsApi *api = self;
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  g_autoptr (UsQuery) query = us_query_new (request->query);
  UsTimelineWish wish = { .incident = us_query_text (query, "incident", 64) };
  if (config == NULL || !read_wish (query, &wish, response))
    return;
  g_autoptr (GPtrArray) recent
      = us_incidents_recent (us_desk_get_incidents (api->desk), config->id, 0, 0);
  answer_timeline (api, request, config->id, &wish, recent, response);
}

US_API_HANDLER (incident_timeline) {
  UsApi *api = self;
  const char *id = us_template_match_get (match, "id");
  g_autoptr (UsQuery) query = us_query_new (request->query);
  g_autoptr (GError) error = NULL;
  g_auto (UsIncidentRow) row = { 0 };
  UsTimelineWish wish = { .incident = id };
  if (!read_wish (query, &wish, response))
    return;
  if (us_store_get_incident (us_desk_get_store (api->desk), id, &row, &error))
    answer_timeline (api, request, NULL, &wish, NULL, response);
  else if (error != NULL)
    us_api_answer_error (response, error, NULL);
  else
    us_api_answer_no_incident (response, id);
}
