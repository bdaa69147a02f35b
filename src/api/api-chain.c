/* api-chain.c - /api/chain: our own chain as its switcher tells it, and commands to it
 *
 * The desk asks its switcher (chain-proxy.c) and answers when that has; who may is the desk's own
 * business (access.c), and what the switcher is told of them is who they are at the desk. Answers
 * are told on member by member (chain-json.c). Problems of a command are passed on; what is wrong
 * between desk and switcher is a problem of its own.
 */
#include "api/api-private.h"

#include "api/chain-json.h"
#include "api/chain-proxy.h"
#include "base/text.h"
#include "http/json.h"
#include "http/problem.h"

#include <string.h>

#define MAX_RENDITION 16 /* characters */
#define MAX_ROWS 250
#define MAX_WHO 20      /* characters: the switcher keeps 32 of a claim */
#define SLACK_MS 30000  /* the question has a deadline of its own, which comes first */
#define MAX_POINTER 100 /* characters */

/* Ask: a request whose answer waits for the switcher's. */
typedef struct {
  UsApi *api;
  UsHttpPending *pending;
  const UsChainMember *members; /* of the answer that is told on */
  char *who;
  char *key;  /* nullable: Idempotency-Key */
  char *said; /* nullable: of a command, for the log */
  gboolean may_write;
  /* GET /api/chain asks twice */
  guint n_open;
  JsonObject *status, *drills; /* nullable */
  char *problem;               /* nullable */
  gboolean has_ended;
} Ask;

static void
ask_free (Ask *ask) {
  g_clear_pointer (&ask->status, json_object_unref);
  g_clear_pointer (&ask->drills, json_object_unref);
  g_free (ask->problem);
  g_free (ask->who);
  g_free (ask->key);
  g_free (ask->said);
  g_free (ask);
}

static Ask *
ask_new (UsApi *api, const UsHttpRequest *request, const UsChainMember *members, guint deadline_ms,
         UsHttpResponse *response) {
  Ask *ask = g_new0 (Ask, 1);
  ask->api = api;
  ask->members = members;
  ask->who = g_strdup (api->who);
  ask->key = strcmp (request->method, "POST") == 0 ? g_strdup (request->idempotency_key) : NULL;
  ask->may_write = us_api_may_write (api, request);
  ask->pending = us_http_response_defer (response, deadline_ms + SLACK_MS);
  return ask;
}

/* ---- what is refused here ---- */

static void
answer_no_chain (UsHttpResponse *response) {
  us_http_problem (response, 409, "no-chain", "There is no chain",
                   "This desk knows no switcher; set switcher-url of [monitor].");
}

static void
answer_ended (UsHttpResponse *response) {
  us_http_problem (response, 503, "stopping", "Stopping", "This desk is stopping.");
}

/* Returns: whether the switcher can be asked; else @response says why not */
static gboolean
may_ask (UsApi *api, gboolean is_command, UsHttpResponse *response) {
  if (us_chain_proxy_get_url (api->chain) == NULL) {
    answer_no_chain (response);
    return FALSE;
  }
  if (!is_command && us_chain_proxy_is_busy (api->chain)) {
    us_http_problem (response, 503, "too-busy", "Too many ask at once",
                     "%d questions to the switcher are under way; try again in a moment.",
                     US_CHAIN_MAX_ASKED);
    response->retry_after = g_strdup ("1");
    return FALSE;
  }
  return TRUE;
}

/* ---- answers that are told on ---- */

static void
pass_on_problem (const UsChainReply *reply, UsHttpResponse *response) {
  g_autofree char *detail = us_text_clean (us_chain_text (reply->json, "detail"), 500);
  g_autofree char *title = us_text_clean (us_chain_text (reply->json, "title"), 100);
  g_autofree char *pointer = us_text_clean (us_chain_text (reply->json, "pointer"), MAX_POINTER);
  const char *type = strrchr (us_chain_text (reply->json, "type"), ':') + 1;
  if (*pointer != '\0')
    us_http_problem_at (response, reply->status, type, title, pointer, "%s", detail);
  else
    us_http_problem (response, reply->status, type, title, "%s", detail);
}

static void
answer_members (const Ask *ask, const UsChainReply *reply, UsHttpResponse *response) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_chain_add_members (json, reply->json, ask->members, ask->may_write);
  json_builder_end_object (json);
  us_api_answer (response, reply->status, json);
}

static void
answer_reply (const Ask *ask, const UsChainReply *reply, UsHttpResponse *response) {
  switch (reply->outcome) {
  case US_CHAIN_OK:
    answer_members (ask, reply, response);
    break;
  case US_CHAIN_REFUSED:
    pass_on_problem (reply, response);
    break;
  case US_CHAIN_SHUT:
    us_http_problem (response, 502, "chain-refused", "The switcher does not let this desk in", "%s",
                     reply->words);
    break;
  case US_CHAIN_ENDED:
    answer_ended (response);
    break;
  case US_CHAIN_UNREACHABLE:
  default:
    us_http_problem (response, 502, "chain-unreachable", "The switcher cannot be asked", "%s",
                     reply->words);
    break;
  }
}

/* A UsChainDone */
static void
on_reply (const UsChainReply *reply, gpointer user_data) {
  Ask *ask = user_data;
  UsApi *api = ask->api;
  const char *before = api->who;
  UsHttpResponse response = { 0 };
  answer_reply (ask, reply, &response);
  api->who = ask->who;
  if (ask->said != NULL && reply->outcome == US_CHAIN_OK)
    us_api_log_write (api, "%s", ask->said);
  api->who = before;
  if (ask->key != NULL)
    us_api_keys_keep (api->keys, ask->who, ask->key, &response);
  us_http_pending_answer (ask->pending, &response);
  ask_free (ask);
}

/* ---- the chain as a whole ---- */

/* Why whoever asks may not give orders. Returns: (nullable): he may */
static const char *
why_not (const Ask *ask, const char *problem) {
  if (problem != NULL)
    return problem;
  if (ask->may_write)
    return NULL;
  return ask->api->has_tokens
             ? "Commands need a token of this desk."
             : "This desk takes commands from the machine only that it runs on; with token-file "
               "set, also from elsewhere.";
}

static void
add_origin_urls (JsonBuilder *json, const Ask *ask) {
  const UsInsideSettings *inside = us_desk_get_chain (ask->api->desk);
  const char *const packagers[] = { inside->primary_url, inside->backup_url };
  const char *const origins[] = { "primary", "backup" };
  json_builder_set_member_name (json, "origin_urls");
  json_builder_begin_object (json);
  for (guint i = 0; i < G_N_ELEMENTS (origins); i++) {
    g_autofree char *url = us_chain_origin_url (ask->status, origins[i]);
    if (url == NULL && packagers[i] != NULL && *packagers[i] != '\0')
      url = us_chain_packager_url (packagers[i]);
    us_json_add_text (json, origins[i], url);
  }
  json_builder_end_object (json);
}

/* The desk follows the ingest anyway: what it told last, at most half a second old. */
static void
add_ingest (JsonBuilder *json, const Ask *ask) {
  gsize n = 0;
  GBytes *body = us_desk_get_ingest (ask->api->desk);
  const char *text = body != NULL ? g_bytes_get_data (body, &n) : NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root = n > 0 && json_parser_load_from_data (parser, text, (gssize)n, NULL)
                       ? json_parser_get_root (parser)
                       : NULL;
  json_builder_set_member_name (json, "ingest");
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    json_builder_add_null_value (json);
    return;
  }
  json_builder_begin_object (json);
  us_chain_add_members (json, json_node_get_object (root), us_chain_ingest, ask->may_write);
  json_builder_end_object (json);
}

static void
answer_chain (const Ask *ask, const char *problem, UsHttpResponse *response) {
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  const char *why = why_not (ask, problem);
  json_builder_begin_object (json);
  us_json_add_flag (json, "is_connected", problem == NULL);
  us_json_add_text (json, "problem", problem);
  us_json_add_text (json, "viewer_url", us_chain_proxy_get_url (ask->api->chain));
  add_origin_urls (json, ask);
  us_json_add_flag (json, "may_control", why == NULL);
  us_json_add_text (json, "why_not", why);
  us_chain_add_members (json, ask->status, us_chain_status, ask->may_write);
  us_chain_add_members (json, ask->drills, us_chain_drills, ask->may_write);
  add_ingest (json, ask);
  json_builder_end_object (json);
  us_api_answer (response, 200, json);
}

static void
finish_chain (Ask *ask) {
  UsHttpResponse response = { 0 };
  if (--ask->n_open > 0)
    return;
  if (ask->has_ended)
    answer_ended (&response);
  else
    answer_chain (ask, ask->problem, &response);
  us_http_pending_answer (ask->pending, &response);
  ask_free (ask);
}

/* A UsChainDone */
static void
on_status (const UsChainReply *reply, gpointer user_data) {
  Ask *ask = user_data;
  ask->has_ended |= reply->outcome == US_CHAIN_ENDED;
  if (reply->outcome == US_CHAIN_OK)
    ask->status = json_object_ref (reply->json);
  else
    ask->problem = g_strdup (reply->words != NULL ? reply->words : "The switcher cannot be asked.");
  finish_chain (ask);
}

/* A UsChainDone */
static void
on_drills (const UsChainReply *reply, gpointer user_data) {
  Ask *ask = user_data;
  ask->has_ended |= reply->outcome == US_CHAIN_ENDED;
  if (reply->outcome == US_CHAIN_OK)
    ask->drills = json_object_ref (reply->json);
  finish_chain (ask);
}

US_API_HANDLER (get_chain) {
  UsApi *api = self;
  if (!us_api_takes_nothing (request, response))
    return;
  if (us_chain_proxy_get_url (api->chain) == NULL) {
    const Ask nobody = { .api = api };
    answer_chain (&nobody, "This desk knows no switcher; set switcher-url of [monitor].", response);
    return;
  }
  if (!may_ask (api, FALSE, response))
    return;
  Ask *ask = ask_new (api, request, NULL, US_CHAIN_READ_MS, response);
  ask->n_open = 2;
  us_chain_proxy_ask (api->chain, "/control/status", NULL, NULL, on_status, ask);
  us_chain_proxy_ask (api->chain, "/control/drills", NULL, NULL, on_drills, ask);
}

US_API_HANDLER (chain_ledger) {
  UsApi *api = self;
  g_autoptr (UsQuery) query = us_query_new (request->query);
  gint64 after = us_query_integer (query, "after", -1, 0, G_MAXINT64);
  gint64 limit = us_query_integer (query, "limit", 100, 1, MAX_ROWS);
  const char *rendition = us_query_text (query, "rendition", MAX_RENDITION);
  if (!us_query_end (query, response) || !may_ask (api, FALSE, response))
    return;
  g_autofree char *name = g_uri_escape_string (us_template_match_get (match, "name"), NULL, FALSE);
  g_autoptr (GString) path = g_string_new (NULL);
  g_string_printf (path, "/control/streams/%s/ledger?limit=%" G_GINT64_FORMAT, name, limit);
  if (after >= 0)
    g_string_append_printf (path, "&after=%" G_GINT64_FORMAT, after);
  if (rendition != NULL) {
    g_autofree char *escaped = g_uri_escape_string (rendition, NULL, FALSE);
    g_string_append_printf (path, "&rendition=%s", escaped);
  }
  Ask *ask = ask_new (api, request, us_chain_ledger, US_CHAIN_READ_MS, response);
  us_chain_proxy_ask (api->chain, path->str, NULL, NULL, on_reply, ask);
}

/* ---- commands ---- */

/* Who it is at the desk: a token's name, else who one says to be, else the address. */
static char *
user_of (const UsApi *api, const UsHttpRequest *request) {
  gboolean is_claimed
      = !api->has_tokens && request->claimed_user != NULL && *request->claimed_user != '\0';
  g_autofree char *name
      = is_claimed ? g_strdup (request->claimed_user)
                   : g_strndup (api->who, strcspn (api->who, " ")); /* "alice (says bob)" */
  g_autofree char *clean = us_text_clean (name, MAX_WHO);
  return g_strconcat (clean, " at the desk", NULL);
}

/* @said: (transfer full): for the log */
static void
command (UsApi *api, const UsHttpRequest *request, const char *path, const UsChainMember *members,
         char *said, UsHttpResponse *response) {
  gsize size = request->body != NULL ? g_bytes_get_size (request->body) : 0;
  g_autofree char *taken = said;
  if (!us_api_takes_nothing (request, response) || !may_ask (api, TRUE, response))
    return;
  if (size > US_CHAIN_MAX_BODY) {
    us_http_problem (response, 413, "too-large", "The body is too large",
                     "Expected at most %d bytes.", US_CHAIN_MAX_BODY);
    return;
  }
  g_autoptr (GBytes) body
      = size > 0 ? g_bytes_ref (request->body) : g_bytes_new_static ("{}", strlen ("{}"));
  g_autofree char *user = user_of (api, request);
  Ask *ask = ask_new (api, request, members, US_CHAIN_WRITE_MS, response);
  ask->said = g_steal_pointer (&taken);
  us_chain_proxy_ask (api->chain, path, body, user, on_reply, ask);
}

US_API_HANDLER (chain_command) {
  static const char *const verbs[]
      = { "failover", "switchback", "hold", "release", "drain", "undrain", "failback", NULL };
  const char *name = us_template_match_get (match, "name");
  const char *verb = us_template_match_get (match, "command");
  if (!g_strv_contains (verbs, verb)) {
    us_http_problem (
        response, 404, "not-found", "Not found",
        "There is no command \"%.40s\"; possible: failover, switchback, hold, release, "
        "drain, undrain, failback.",
        verb);
    return;
  }
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/control/streams/%s/%s", escaped, verb);
  command (self, request, path, us_chain_streams,
           g_strdup_printf ("%s ordered for stream %.80s of the chain", verb, name), response);
}

US_API_HANDLER (start_drill) {
  const char *name = us_template_match_get (match, "name");
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  g_autofree char *path = g_strconcat ("/control/drills/", escaped, NULL);
  command (self, request, path, us_chain_started,
           g_strdup_printf ("drill %.80s of the chain started", name), response);
}
