/* ctl-http.c - one question at a time over HTTP, for `understudy ctl`
 *
 * Owned by the command, which has nothing else to do than to wait: a question turns the main
 * context until its answer is there. The user's name goes along as a claim.
 */
#include "commands/ctl-http.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/names.h"
#include "commands/token.h"
#include "http/client.h"

struct UsCtlHttp {
  UsHttpClient *client;
  char *url, *authorization, *whom;
};

G_DEFINE_QUARK (us_ctl_error, us_ctl_error)

typedef struct {
  UsHttpReply *reply;
  GError *error;
  gboolean is_over;
} Wait;

static void
on_fetched (GObject *source, GAsyncResult *result, gpointer user_data) {
  Wait *wait = user_data;
  wait->reply = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &wait->error);
  wait->is_over = TRUE;
}

/* The "detail" of a problem, or the whole body. */
static char *
detail_of (const UsHttpReply *reply) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  gsize size;
  const char *text = g_bytes_get_data (reply->body, &size);
  if (size > 0 && json_parser_load_from_data (parser, text, (gssize)size, NULL)) {
    JsonNode *root = json_parser_get_root (parser);
    JsonObject *object
        = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
    const char *detail = object != NULL
                             ? json_object_get_string_member_with_default (object, "detail", NULL)
                             : NULL;
    if (detail != NULL)
      return g_strdup (detail);
  }
  return g_strdup_printf ("the answer was %u", reply->status);
}

/**
 * us_ctl_http_ask:
 * @method: (nullable): GET, or POST where there is a body
 * @path: with its query, escaped
 * @json: (nullable): a body
 * @error: US_CTL_ERROR
 *
 * Waits for the answer.
 *
 * Returns: (transfer full): its body
 */
char *
us_ctl_http_ask (UsCtlHttp *self, const char *method, const char *path, GBytes *json,
                 GError **error) {
  g_autofree char *url = g_strconcat (self->url, path, NULL);
  Wait wait = { 0 };
  UsHttpFetch limits = {
    .authorization = self->authorization, .user = g_get_user_name (), .method = method, .json = json
  };
  us_http_client_fetch_async (self->client, url, &limits, NULL, on_fetched, &wait);
  while (!wait.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_autoptr (UsHttpReply) reply = wait.reply;
  g_autoptr (GError) local = wait.error;
  if (reply == NULL) {
    g_set_error (error, US_CTL_ERROR, US_CTL_ERROR_NOBODY, "%s: %s", self->url, local->message);
    return NULL;
  }
  if (reply->status >= 200 && reply->status < 300)
    return g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  g_autofree char *detail = detail_of (reply);
  gboolean is_door = reply->status == 404 && strstr (detail, "Nothing is served") != NULL;
  g_autofree char *prefix = is_door ? g_strdup_printf ("no %s there: ", self->whom) : g_strdup ("");
  g_set_error (error, US_CTL_ERROR, is_door ? US_CTL_ERROR_NOBODY : US_CTL_ERROR_REFUSED, "%s%s",
               prefix, detail);
  return NULL;
}

/**
 * us_ctl_http_new:
 * @url: where it serves, without a path
 * @token_file: "": none
 * @whom: what is asked for there, for messages
 * @error: US_CTL_ERROR_VALUE
 *
 * Returns: (transfer full) (nullable): a way there
 */
UsCtlHttp *
us_ctl_http_new (const char *url, const char *token_file, const char *whom, GError **error) {
  g_autofree char *authorization = NULL;
  g_autoptr (GError) local = NULL;
  if (token_file[0] != '\0') {
    authorization = us_token_read (token_file, "--token-file", &local);
    if (authorization == NULL) {
      g_set_error_literal (error, US_CTL_ERROR, US_CTL_ERROR_VALUE, local->message);
      return NULL;
    }
  }
  UsCtlHttp *self = g_new0 (UsCtlHttp, 1);
  self->url = g_strdup (url);
  self->whom = g_strdup (whom);
  for (gsize n = strlen (self->url); n > 0 && self->url[n - 1] == '/'; n--)
    self->url[n - 1] = '\0';
  self->authorization = g_steal_pointer (&authorization);
  self->client = us_http_client_new (US_PROGRAM "-ctl/" US_VERSION);
  return self;
}

void
us_ctl_http_free (UsCtlHttp *self) {
  g_clear_object (&self->client);
  g_free (self->url);
  g_free (self->authorization);
  g_free (self->whom);
  g_free (self);
}
