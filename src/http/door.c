/* door.c - who may give orders over HTTP, and as whom
 *
 * Either whoever shows a bearer token (RFC 6750), or, while there are no tokens, whoever sits at
 * this machine. The second is guarded against what reaches a loopback address without anybody
 * sitting there: a reverse proxy on the same machine (it says so in a header, or speaks HTTP/1.0),
 * and a web page in the operator's browser, which either says where it comes from (Origin) or has
 * bent its own name to a loopback address (Host). Pure: a request in, a name or a refusal out.
 */
#include "http/door.h"

#include <string.h>

#include "base/text.h"
#include "http/problem.h"

#define CHALLENGE "Bearer realm=\"understudy\""
#define TOKEN_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

typedef struct {
  char *name, *secret;
} Token;

struct UsDoor {
  char *setting;     /* that names the file of tokens, for what people are told */
  GPtrArray *tokens; /* empty: loopback only */
};

G_DEFINE_QUARK (us_door_error, us_door_error)

static void
token_free (gpointer data) {
  Token *token = data;
  g_free (token->name);
  g_free (token->secret);
  g_free (token);
}

/**
 * us_door_new:
 * @setting: the setting that names the file of tokens: "control-token-file"
 */
UsDoor *
us_door_new (const char *setting) {
  UsDoor *self = g_new0 (UsDoor, 1);
  self->setting = g_strdup (setting);
  self->tokens = g_ptr_array_new_with_free_func (token_free);
  return self;
}

void
us_door_free (UsDoor *self) {
  g_ptr_array_unref (self->tokens);
  g_free (self->setting);
  g_free (self);
}

/* ---- tokens ---- */

/* "TOKEN" or "NAME TOKEN" */
static Token *
read_line (const char *line) {
  g_auto (GStrv) words = g_strsplit_set (line, " \t", 2);
  const char *secret = words[1] != NULL ? g_strstrip (words[1]) : words[0];
  if (strlen (secret) < US_DOOR_MIN_TOKEN || strspn (secret, TOKEN_CHARS) != strlen (secret))
    return NULL;
  Token *token = g_new0 (Token, 1);
  token->name = us_text_clean (words[1] != NULL ? words[0] : "token", US_DOOR_MAX_WHO);
  token->secret = g_strdup (secret);
  return token;
}

/**
 * us_door_parse:
 * @name: where the text comes from, for the error
 * @text: a token on each line, with a name before it or not; "#" begins a comment line
 * @error: US_DOOR_ERROR_TOKEN; never shows what stands there
 *
 * Returns: whether @text has at least one token and nothing else
 */
gboolean
us_door_parse (UsDoor *self, const char *name, const char *text, GError **error) {
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = g_strstrip (lines[i]);
    if (line[0] == '\0' || line[0] == '#')
      continue;
    Token *token = read_line (line);
    if (token == NULL) {
      g_set_error (error, US_DOOR_ERROR, US_DOOR_ERROR_TOKEN,
                   "%s:%u: expected a token of at least %d letters, digits and -._~+/=, with a "
                   "name before it or not",
                   name, i + 1, US_DOOR_MIN_TOKEN);
      return FALSE;
    }
    g_ptr_array_add (self->tokens, token);
  }
  if (self->tokens->len > 0)
    return TRUE;
  g_set_error (error, US_DOOR_ERROR, US_DOOR_ERROR_TOKEN, "%s: has no token", name);
  return FALSE;
}

/**
 * us_door_load:
 * @path: a file as us_door_parse() reads it
 * @error: US_DOOR_ERROR
 *
 * Returns: whether it was read
 */
gboolean
us_door_load (UsDoor *self, const char *path, GError **error) {
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &text, &size, &local)) {
    g_set_error (error, US_DOOR_ERROR, US_DOOR_ERROR_FILE, "%s: %s", self->setting, local->message);
    return FALSE;
  }
  if (size > US_DOOR_MAX_FILE || strlen (text) != size) {
    g_set_error (error, US_DOOR_ERROR, US_DOOR_ERROR_FILE,
                 "%s: %s is larger than %d bytes, or no text", self->setting, path,
                 US_DOOR_MAX_FILE);
    return FALSE;
  }
  return us_door_parse (self, path, text, error);
}

/* Takes as long whatever is wrong with @given, so that its time tells nothing. */
static gboolean
is_equal (const char *secret, const char *given) {
  gsize n_secret = strlen (secret), n_given = strlen (given);
  guint8 difference = n_secret != n_given;
  for (gsize i = 0; i < n_given; i++)
    difference |= (guint8)((guint8)secret[i % n_secret] ^ (guint8)given[i]);
  return difference == 0;
}

static const Token *
find_token (const UsDoor *self, const char *authorization) {
  const Token *found = NULL;
  if (authorization == NULL || g_ascii_strncasecmp (authorization, "Bearer ", 7) != 0)
    return NULL;
  const char *given = authorization + 7 + strspn (authorization + 7, " ");
  for (guint i = 0; i < self->tokens->len; i++) {
    const Token *token = g_ptr_array_index (self->tokens, i);
    if (is_equal (token->secret, given))
      found = token;
  }
  return found;
}

/* ---- names and places ---- */

/* "[::1]:8080" -> "::1"; "localhost:8080" -> "localhost". Returns: NULL for no host */
static char *
host_of (const char *authority) {
  if (authority == NULL || authority[0] == '\0')
    return NULL;
  if (authority[0] != '[')
    return g_strndup (authority, strcspn (authority, ":"));
  const char *end = strchr (authority, ']');
  return end != NULL ? g_strndup (authority + 1, (gsize)(end - authority - 1)) : NULL;
}

static gboolean
is_loopback_host (const char *authority) {
  g_autofree char *host = host_of (authority);
  if (host == NULL)
    return FALSE;
  if (g_ascii_strcasecmp (host, "localhost") == 0)
    return TRUE;
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  return address != NULL && g_inet_address_get_is_loopback (address);
}

/* A page that was served from here, under the very name it asks for now. */
static gboolean
is_own_page (const UsHttpRequest *request) {
  const char *authority = strstr (request->origin, "://");
  return authority != NULL && request->host != NULL && request->host[0] != '\0'
         && g_ascii_strcasecmp (authority + 3, request->host) == 0;
}

static gboolean
is_json (const char *content_type) {
  static const char json[] = "application/json";
  if (content_type == NULL || g_ascii_strncasecmp (content_type, json, strlen (json)) != 0)
    return FALSE;
  const char *rest = content_type + strlen (json);
  return rest[0] == '\0' || rest[0] == ';' || rest[0] == ' ';
}

/* ---- the door ---- */

static void refuse (UsHttpResponse *response, guint status, const char *type, const char *title,
                    const char *detail_format, ...) G_GNUC_PRINTF (5, 6);
static void
refuse (UsHttpResponse *response, guint status, const char *type, const char *title,
        const char *detail_format, ...) {
  va_list arguments;
  va_start (arguments, detail_format);
  g_autofree char *detail = g_strdup_vprintf (detail_format, arguments);
  va_end (arguments);
  us_http_problem (response, status, type, title, "%s", detail);
  if (status == 401 || status == 403)
    response->challenge = CHALLENGE;
}

static gboolean
check_local (const UsDoor *self, const UsHttpRequest *request, UsHttpResponse *response) {
  if (!request->is_loopback)
    refuse (response, 403, "not-local", "Only from this machine",
            "Without tokens only this machine is answered; set %s.", self->setting);
  else if (request->is_forwarded)
    refuse (response, 403, "not-local", "Only from this machine",
            "The request came through a proxy; set %s, or do not forward this path.",
            self->setting);
  else if (!is_loopback_host (request->host))
    refuse (response, 403, "wrong-host", "Not a loopback name",
            "Host is no loopback name or address; ask for localhost, or set %s.", self->setting);
  else
    return TRUE;
  return FALSE;
}

static char *
name_of (const Token *token, const UsHttpRequest *request) {
  g_autofree char *claimed = us_text_clean (request->claimed_user, 32);
  const char *base = token != NULL ? token->name : request->peer;
  if (claimed[0] == '\0')
    return us_text_clean (base, US_DOOR_MAX_WHO);
  g_autofree char *both = g_strdup_printf ("%.64s (says %s)", base, claimed);
  return us_text_clean (both, US_DOOR_MAX_WHO);
}

/**
 * us_door_enter:
 * @request: to whatever not everybody may do
 * @response: filled in when it is refused
 *
 * Returns: (transfer full) (nullable): who it is; %NULL when refused
 */
char *
us_door_enter (const UsDoor *self, const UsHttpRequest *request, UsHttpResponse *response) {
  const Token *token = NULL;
  if (request->origin != NULL && !is_own_page (request)) {
    refuse (response, 403, "cross-origin", "Not from a web page",
            "The request was made by a page of another site.");
    return NULL;
  }
  if (self->tokens->len > 0) {
    token = find_token (self, request->authorization);
    if (token == NULL) {
      refuse (response, 401, "no-token", "A token is needed",
              "Expected \"Authorization: Bearer\" with one of the tokens of %s.", self->setting);
      return NULL;
    }
  } else if (!check_local (self, request, response)) {
    return NULL;
  }
  return name_of (token, request);
}

/**
 * us_door_check_json:
 * @request: with a body
 * @response: filled in when it is refused
 *
 * A form of a web page cannot send this type without asking first, whatever browser it is in.
 *
 * Returns: whether the body says that it is JSON
 */
gboolean
us_door_check_json (const UsHttpRequest *request, UsHttpResponse *response) {
  if (is_json (request->content_type))
    return TRUE;
  refuse (response, 415, "not-json", "JSON is needed",
          "Expected \"Content-Type: application/json\".");
  return FALSE;
}
