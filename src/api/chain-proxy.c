/* chain-proxy.c - questions to the switcher of our own chain: bounded, timed, and told in words
 *
 * The desk's door to /control/ of the switcher (docs/reference/control-api.md), for people at the
 * desk's pages. Owned by the API, in the main loop. A question is answered exactly once; whoever
 * ends the proxy ends the questions under way with US_CHAIN_ENDED, and their requests come home to
 * nobody. What is answered is read strictly: the address may lead to anything.
 */
#include "api/chain-proxy.h"

#include "api/chain-json.h"
#include "base/text.h"
#include "base/url.h"
#include "http/client.h"
#include "http/json-body.h"

#include <string.h>

#define CONNECT_MS 1000
#define MAX_ANSWER (4 * 1024 * 1024)
#define MAX_WORDS 300 /* characters of somebody else's */
#define PROBLEM_PREFIX "urn:understudy:problem:"

typedef struct {
  UsChainProxy *proxy; /* NULL: gone */
  gboolean is_command;
  UsChainDone done;
  gpointer user_data;
  GList link;
} Question;

struct UsChainProxy {
  char *url;           /* nullable: there is no switcher; without a slash at its end */
  char *shown_url;     /* for people */
  char *authorization; /* nullable */
  UsHttpClient *client;
  GCancellable *cancellable;
  GQueue questions;
};

/**
 * us_chain_proxy_new:
 * @settings: copied
 *
 * Returns: (transfer full): a proxy, also when there is no switcher to be asked
 */
UsChainProxy *
us_chain_proxy_new (const UsInsideSettings *settings) {
  UsChainProxy *self = g_new0 (UsChainProxy, 1);
  if (settings->switcher_url != NULL && *settings->switcher_url != '\0') {
    gsize n = strlen (settings->switcher_url);
    while (n > 0 && settings->switcher_url[n - 1] == '/')
      n--;
    self->url = g_strndup (settings->switcher_url, n);
    self->shown_url = us_url_for_people (self->url);
  }
  self->authorization = g_strdup (settings->control_authorization);
  self->client = us_http_client_new ("understudy-desk/" US_VERSION);
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->questions);
  return self;
}

void
us_chain_proxy_free (UsChainProxy *self) {
  GList *link;
  g_cancellable_cancel (self->cancellable);
  while ((link = g_queue_pop_head_link (&self->questions)) != NULL) {
    Question *question = link->data;
    const UsChainReply reply = { .outcome = US_CHAIN_ENDED };
    question->proxy = NULL;
    question->done (&reply, question->user_data);
  }
  g_clear_object (&self->cancellable);
  g_clear_object (&self->client);
  g_free (self->url);
  g_free (self->shown_url);
  g_free (self->authorization);
  g_free (self);
}

/* Returns: (nullable) (transfer none): where the switcher is, for people; %NULL: there is none */
const char *
us_chain_proxy_get_url (const UsChainProxy *self) {
  return self->shown_url;
}

/* ---- answers ---- */

/**
 * us_chain_is_passed_on:
 * @status: HTTP
 * @type: the word of a problem of the switcher
 *
 * What is wrong with the question itself is told to the one who asked it. Anything else is between
 * the desk and the switcher: a 401 of that one, say, would have people look for a token of this.
 *
 * Returns: whether it is of the first kind
 */
gboolean
us_chain_is_passed_on (guint status, const char *type) {
  static const struct {
    guint status;
    const char *type;
  } table[] = { { 404, "no-stream" },      { 404, "no-rendition" },  { 404, "no-drill" },
                { 409, "not-now" },        { 400, "bad-json" },      { 400, "bad-parameter" },
                { 413, "too-large" },      { 422, "bad-value" },     { 422, "no-origin" },
                { 422, "unknown-member" }, { 422, "missing-member" } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].status == status && g_strcmp0 (table[i].type, type) == 0)
      return TRUE;
  return FALSE;
}

static const char *
problem_word (JsonObject *json) {
  const char *type = us_chain_text (json, "type");
  return type != NULL && g_str_has_prefix (type, PROBLEM_PREFIX) ? type + strlen (PROBLEM_PREFIX)
                                                                 : NULL;
}

static char *
words_of_failure (const UsChainProxy *self, const Question *question, const GError *error) {
  if (g_error_matches (error, US_HTTP_ERROR, US_HTTP_ERROR_REFUSED)
      || g_error_matches (error, US_HTTP_ERROR, US_HTTP_ERROR_RESOLVE)
      || g_error_matches (error, US_HTTP_ERROR, US_HTTP_ERROR_CONNECT_TIMEOUT))
    return g_strdup_printf ("The switcher at %s cannot be reached (%s). Look whether it runs; its "
                            "address is the setting switcher-url.",
                            self->shown_url, us_http_error_word (error));
  if (question->is_command)
    return g_strdup_printf ("The switcher at %s gave no answer (%s). The command may have been "
                            "carried out all the same: look before you repeat it.",
                            self->shown_url, us_http_error_word (error));
  return g_strdup_printf (
      "The switcher at %s gave no answer (%s). Look whether it is overloaded or "
      "hangs.",
      self->shown_url, us_http_error_word (error));
}

static char *
words_of_shut (const UsChainProxy *self, JsonObject *json) {
  g_autofree char *detail = us_text_clean (us_chain_text (json, "detail"), MAX_WORDS);
  return g_strdup_printf ("The switcher at %s does not let this desk in%s%s Give both the same "
                          "control-token-file.",
                          self->shown_url, *detail != '\0' ? ": " : ".", detail);
}

static char *
words_of_status (const UsChainProxy *self, guint status, JsonObject *json) {
  if (status == 404)
    return g_strdup_printf ("The switcher at %s has no control API here: its setting control is "
                            "off, or it is of an earlier version.",
                            self->shown_url);
  if (json == NULL)
    return g_strdup_printf ("What answers at %s is no switcher: HTTP status %u, and no JSON. Its "
                            "address is the setting switcher-url.",
                            self->shown_url, status);
  g_autofree char *detail = us_text_clean (us_chain_text (json, "detail"), MAX_WORDS);
  return g_strdup_printf ("The switcher at %s answered with HTTP status %u%s%s", self->shown_url,
                          status, *detail != '\0' ? ": " : ".", detail);
}

static void
judge (const UsChainProxy *self, guint status, UsChainReply *reply) {
  reply->status = status;
  if (reply->json != NULL && (status == 200 || status == 202)) {
    reply->outcome = US_CHAIN_OK;
  } else if (us_chain_is_passed_on (status, problem_word (reply->json))) {
    reply->outcome = US_CHAIN_REFUSED;
  } else if (status == 401 || status == 403) {
    reply->outcome = US_CHAIN_SHUT;
    reply->words = words_of_shut (self, reply->json);
  } else {
    reply->outcome = US_CHAIN_UNREACHABLE;
    reply->words = words_of_status (self, status, reply->json);
  }
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data) {
  Question *question = user_data;
  UsChainProxy *self = question->proxy;
  UsChainReply reply = { .outcome = US_CHAIN_UNREACHABLE };
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) http
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  if (self != NULL) {
    g_autoptr (UsJsonBody) body
        = us_json_body_new (http != NULL ? http->body : NULL, (gsize)MAX_ANSWER);
    reply.json = us_json_body_get_object (body);
    g_queue_unlink (&self->questions, &question->link);
    if (http != NULL)
      judge (self, http->status, &reply);
    else
      reply.words = words_of_failure (self, question, error);
    question->done (&reply, question->user_data);
    g_free (reply.words);
  }
  g_free (question);
}

/* ---- questions ---- */

/* Whether so many questions are under way that one more has to wait its turn elsewhere. */
gboolean
us_chain_proxy_is_busy (const UsChainProxy *self) {
  return self->questions.length >= US_CHAIN_MAX_ASKED;
}

/**
 * us_chain_proxy_ask:
 * @path: below the switcher's address: "/control/status"
 * @command: (nullable): a JSON object to be posted; %NULL: a question
 * @user: (nullable): who asks, in the desk's words
 * @done: see there
 *
 * There must be a switcher.
 */
void
us_chain_proxy_ask (UsChainProxy *self, const char *path, GBytes *command, const char *user,
                    UsChainDone done, gpointer user_data) {
  g_return_if_fail (self->url != NULL);
  guint deadline_ms = command != NULL ? US_CHAIN_WRITE_MS : US_CHAIN_READ_MS;
  Question *question = g_new0 (Question, 1);
  *question = (Question){
    .proxy = self, .is_command = command != NULL, .done = done, .user_data = user_data
  };
  question->link.data = question;
  g_queue_push_tail_link (&self->questions, &question->link);
  g_autofree char *url = g_strconcat (self->url, path, NULL);
  const UsHttpFetch fetch = { .authorization = self->authorization,
                              .user = user,
                              .json = command,
                              .led_by = self->url,
                              .connect_timeout_ms = CONNECT_MS,
                              .first_byte_timeout_ms = deadline_ms,
                              .deadline_ms = deadline_ms,
                              .max_bytes = MAX_ANSWER };
  us_http_client_fetch_async (self->client, url, &fetch, self->cancellable, on_answered, question);
}
