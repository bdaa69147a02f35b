/* api-incidents.c - /api/incidents: what went wrong, who looks after it, what was found out
 *
 * The list is a plain array, newest first; without any filter it has the active ones only, as it
 * had in the first generation. Acknowledging, resolving and notes are answered when they are on
 * disk (order.c).
 */
#include "api/api-private.h"

#include "http/json-body.h"
#include "http/json.h"
#include "http/problem.h"

#include <string.h>

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 500
#define MAX_FINDINGS 500

/* ---- lists ---- */

typedef struct {
  UsIncidentQuery query;
  char *before_id;
} Wish;

static gboolean
read_cursor (UsQuery *query, Wish *wish, UsHttpResponse *response) {
  const char *cursor = us_query_text (query, "cursor", 100);
  if (cursor == NULL)
    return TRUE;
  if (!us_api_read_incident_cursor (cursor, &wish->query.before_us, &wish->before_id)) {
    us_http_problem_of_parameter (response, "bad-parameter", "A parameter is not acceptable",
                                  "cursor", "cursor: it is none of ours; follow the Link header.");
    return FALSE;
  }
  wish->query.before_id = wish->before_id;
  return TRUE;
}

/* Where nothing is said, the active ones: unless it is a look back. */
static gboolean
read_wish (const UsHttpRequest *request, UsQuery *query, Wish *wish, UsHttpResponse *response) {
  static const char *const states[]
      = { "open", "acknowledged", "recovering", "resolved", "active", NULL };
  gboolean looks_back = us_query_has (query, "since") || us_query_has (query, "until");
  int state = us_query_word (query, "state", states, -1);
  gboolean only_active = us_query_flag (query, "active_only", state < 0 && !looks_back);
  wish->query.stream = us_query_text (query, "stream_id", 64);
  wish->query.since_us = us_query_time (query, "since", 0);
  wish->query.until_us = us_query_time (query, "until", 0);
  wish->query.limit = (guint)us_query_integer (query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
  wish->query.state = state >= 0 ? states[state] : only_active ? "active" : NULL;
  if (!read_cursor (query, wish, response) || !us_query_end (query, response))
    return FALSE;
  if (only_active && state >= 0 && strcmp (states[state], "resolved") == 0) {
    us_http_problem_of_parameter (response, "bad-parameter", "A parameter is not acceptable",
                                  "active_only", "active_only: no active incident is resolved");
    return FALSE;
  }
  return TRUE;
}

US_API_HANDLER (list_incidents) {
  UsApi *api = self;
  g_autoptr (UsQuery) query = us_query_new (request->query);
  g_autoptr (GError) error = NULL;
  Wish wish = { 0 };
  gboolean is_good = read_wish (request, query, &wish, response);
  g_autofree char *before_id = wish.before_id;
  if (!is_good)
    return;
  guint limit = wish.query.limit++; /* one more tells whether there are more */
  g_autoptr (GArray) rows
      = us_store_list_incidents (us_desk_get_store (api->desk), &wish.query, &error);
  if (rows == NULL) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_array (json);
  for (guint i = 0; i < MIN (rows->len, limit); i++)
    us_api_add_incident (json, &g_array_index (rows, UsIncidentRow, i));
  json_builder_end_array (json);
  us_api_answer (response, 200, json);
  if (rows->len > limit) {
    const UsIncidentRow *last = &g_array_index (rows, UsIncidentRow, limit - 1);
    g_autofree char *cursor = us_api_incident_cursor (last->opened_us, last->id);
    us_api_add_link (response, request, "next", "cursor", cursor);
  }
}

/* ---- one ---- */

static gboolean
find_incident (UsApi *api, const char *id, UsIncidentRow *row, UsHttpResponse *response) {
  g_autoptr (GError) error = NULL;
  if (us_store_get_incident (us_desk_get_store (api->desk), id, row, &error))
    return TRUE;
  if (error != NULL)
    us_api_answer_error (response, error, NULL);
  else
    us_api_answer_no_incident (response, id);
  return FALSE;
}

void
us_api_add_notes (JsonBuilder *json, const GArray *notes) {
  json_builder_begin_array (json);
  for (guint i = 0; notes != NULL && i < notes->len; i++)
    us_api_add_note (json, &g_array_index (notes, UsNoteRow, i));
  json_builder_end_array (json);
}

/* The disk hears of a finding when it opens, gets worse and closes; the memory knows how often it
 * was seen since. Returns: (nullable): the one in memory */
static const UsFinding *
find_open (UsApi *api, const UsFindingRow *row) {
  UsWatchView view = { 0 };
  UsCheck check;
  if (row->closed_us != 0 || !us_check_from_word (row->check, &check)
      || !us_desk_view (api->desk, row->stream, &view) || view.findings == NULL)
    return NULL;
  const UsFinding *open = us_findings_find (view.findings, check, row->rendition);
  return open != NULL && open->id == (guint64)row->id ? open : NULL;
}

void
us_api_add_findings_of (UsApi *api, JsonBuilder *json, const UsIncidentRow *row,
                        const GArray *findings) {
  json_builder_begin_array (json);
  for (guint i = 0; findings != NULL && i < findings->len; i++) {
    const UsFindingRow *finding = &g_array_index (findings, UsFindingRow, i);
    const UsFinding *open = find_open (api, finding);
    if (open != NULL)
      us_api_add_open_finding (json, row->stream, open);
    else
      us_api_add_finding (json, finding);
  }
  json_builder_end_array (json);
}

/**
 * us_api_list_findings_of:
 * @store: or a view of it
 *
 * If the clock was put back while it lasted, its end comes before its begin: all in between counts.
 *
 * Returns: (transfer full) (nullable) (element-type UsFindingRow): those that stood while it lasted
 */
GArray *
us_api_list_findings_of (UsStore *store, const UsIncidentRow *row, GError **error) {
  gboolean is_over = row->resolved_us != 0;
  gint64 from_us = is_over ? MIN (row->opened_us, row->resolved_us) : row->opened_us;
  gint64 until_us = is_over ? MAX (row->opened_us, row->resolved_us) : 0;
  return us_store_list_findings_of (store, row->stream, from_us, until_us, MAX_FINDINGS, error);
}

/* @notes, @findings: of it */
void
us_api_add_incident_whole (UsApi *api, JsonBuilder *json, const UsIncidentRow *row,
                           const GArray *notes, const GArray *findings) {
  json_builder_begin_object (json);
  us_api_add_incident_members (json, row);
  json_builder_set_member_name (json, "notes");
  us_api_add_notes (json, notes);
  json_builder_set_member_name (json, "findings");
  us_api_add_findings_of (api, json, row, findings);
  json_builder_end_object (json);
}

static void
answer_incident (UsApi *api, const char *id, UsHttpResponse *response) {
  g_auto (UsIncidentRow) row = { 0 };
  g_autoptr (GError) error = NULL;
  UsStore *store = us_desk_get_store (api->desk);
  if (!find_incident (api, id, &row, response))
    return;
  g_autoptr (GArray) notes = us_store_list_notes (store, id, &error);
  g_autoptr (GArray) findings
      = error == NULL ? us_api_list_findings_of (store, &row, &error) : NULL;
  if (error != NULL) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  us_api_add_incident_whole (api, json, &row, notes, findings);
  us_api_answer (response, 200, json);
}

US_API_HANDLER (get_incident) {
  if (us_api_takes_nothing (request, response))
    answer_incident (self, us_template_match_get (match, "id"), response);
}

US_API_HANDLER (list_notes) {
  UsApi *api = self;
  const char *id = us_template_match_get (match, "id");
  g_auto (UsIncidentRow) row = { 0 };
  g_autoptr (GError) error = NULL;
  if (!us_api_takes_nothing (request, response) || !find_incident (api, id, &row, response))
    return;
  g_autoptr (GArray) notes = us_store_list_notes (us_desk_get_store (api->desk), id, &error);
  if (notes == NULL) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  us_api_add_notes (json, notes);
  us_api_answer (response, 200, json);
}

/* ---- orders ---- */

typedef void (*Order) (UsIncidents *incidents, const char *id, const char *who, const char *note,
                       UsStoreDone done, gpointer user_data);

/* Who it is stands in the token or the address; "who" is what they say of themselves. */
static char *
name_of (const UsApi *api, const char *said) {
  if (said == NULL)
    return g_strdup (api->who);
  return g_strdup_printf ("%s (%s)", said, api->who);
}

static void
execute (UsApi *api, const UsHttpRequest *request, const UsTemplateMatch *match, UsJsonNeed need,
         const char *done, Order order, UsApiOrderAnswer answer, UsHttpResponse *response) {
  const char *id = us_template_match_get (match, "id");
  g_autoptr (UsJsonBody) body = us_json_body_new (request->body, US_API_MAX_BODY);
  UsJsonPart *root = us_json_body_root (body);
  const char *said = us_json_text (root, "who", US_JSON_OPTIONAL, 60);
  const char *note = us_json_text (root, "note", need, US_INCIDENTS_MAX_NOTE);
  if (note != NULL && strlen (note) > US_INCIDENTS_MAX_NOTE)
    us_json_refuse (root, "note", "expected at most %d bytes", US_INCIDENTS_MAX_NOTE);
  if (said != NULL && strpbrk (said, "\n\t") != NULL)
    us_json_refuse (root, "who", "expected one line");
  if (!us_api_takes_nothing (request, response) || !us_json_body_end (body, response))
    return;
  g_autofree char *who = name_of (api, said);
  g_autofree char *for_log = g_strdup_printf ("incident %.80s %s", id, done);
  UsApiOrder *pending
      = us_api_order_new (api, request, id, for_log, answer, US_API_ORDER_MS, response);
  order (us_desk_get_incidents (api->desk), id, who, note, us_api_order_done, pending);
}

US_API_HANDLER (acknowledge_incident) {
  execute (self, request, match, US_JSON_OPTIONAL, "acknowledged", us_incidents_acknowledge,
           answer_incident, response);
}

US_API_HANDLER (resolve_incident) {
  execute (self, request, match, US_JSON_OPTIONAL, "resolved", us_incidents_resolve,
           answer_incident, response);
}

static void
answer_note (UsApi *api, const char *id, UsHttpResponse *response) {
  answer_incident (api, id, response);
  if (response->status == 200)
    response->status = 201;
}

US_API_HANDLER (add_note_to) {
  execute (self, request, match, US_JSON_REQUIRED, "has a new note", us_incidents_add_note,
           answer_note, response);
}
