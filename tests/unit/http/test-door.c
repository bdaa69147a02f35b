/* test-door.c - who gets in, who does not, and as whom */
#include "http/door.h"

#include <glib/gstdio.h>
#include <string.h>

#define TOKEN "0123456789abcdef"
#define OTHER "ABCDEFGHIJKLMNOP-._~+/="
#define TOKENS "# who\n\n" TOKEN "\nalice\t " OTHER " \n"

typedef struct {
  const char *what;
  gboolean has_tokens;
  UsHttpRequest request;
  guint status;    /* 0: enters */
  const char *who; /* or the problem's type */
} Row;

#define LOCAL .peer = "127.0.0.1", .is_loopback = TRUE
#define AWAY .peer = "192.0.2.7", .is_loopback = FALSE
#define GET .method = "GET", .path = "/control/status"
#define POST .method = "POST", .path = "/control/x", .content_type = "application/json"
#define HERE .host = "localhost:8080"

static const Row rows[] = {
  { "local get", FALSE, { GET, LOCAL, HERE }, 0, "127.0.0.1" },
  { "local post", FALSE, { POST, LOCAL, HERE }, 0, "127.0.0.1" },
  { "any case", FALSE, { GET, LOCAL, .host = "LocalHost" }, 0, "127.0.0.1" },
  { "an address", FALSE, { GET, LOCAL, .host = "127.0.0.1:8080" }, 0, "127.0.0.1" },
  { "another loopback address", FALSE, { GET, LOCAL, .host = "127.8.8.8" }, 0, "127.0.0.1" },
  { "IPv6", FALSE, { GET, LOCAL, .host = "[::1]:8080" }, 0, "127.0.0.1" },
  { "charset",
    FALSE,
    { .method = "POST", LOCAL, HERE, .content_type = "Application/JSON; charset=utf-8" },
    0,
    "127.0.0.1" },
  { "claims a name",
    FALSE,
    { GET, LOCAL, HERE, .claimed_user = "bob" },
    0,
    "127.0.0.1 (says bob)" },
  { "claims a nasty name", FALSE, { GET, LOCAL, HERE, .claimed_user = "\033[1m\xff" }, 0, NULL },
  { "own page", FALSE, { POST, LOCAL, HERE, .origin = "http://localhost:8080" }, 0, "127.0.0.1" },

  { "from elsewhere", FALSE, { GET, AWAY, HERE }, 403, "not-local" },
  { "from elsewhere with a token that nobody asked for",
    FALSE,
    { GET, AWAY, HERE, .authorization = "Bearer " TOKEN },
    403,
    "not-local" },
  { "through a proxy", FALSE, { GET, LOCAL, HERE, .is_forwarded = TRUE }, 403, "not-local" },
  { "no host", FALSE, { GET, LOCAL }, 403, "wrong-host" },
  { "two hosts", FALSE, { GET, LOCAL, .host = "" }, 403, "wrong-host" },
  { "rebound name", FALSE, { GET, LOCAL, .host = "evil.example:8080" }, 403, "wrong-host" },
  { "rebound name, its own page",
    FALSE,
    { POST, LOCAL, .host = "evil.example", .origin = "http://evil.example" },
    403,
    "wrong-host" },
  { "a name that begins so",
    FALSE,
    { GET, LOCAL, .host = "localhost.evil.example" },
    403,
    "wrong-host" },
  { "an address that begins so",
    FALSE,
    { GET, LOCAL, .host = "127.0.0.1.evil.example" },
    403,
    "wrong-host" },
  { "an open bracket", FALSE, { GET, LOCAL, .host = "[::1" }, 403, "wrong-host" },
  { "a page of another site",
    FALSE,
    { POST, LOCAL, HERE, .origin = "http://evil.example" },
    403,
    "cross-origin" },
  { "a page of another port",
    FALSE,
    { POST, LOCAL, HERE, .origin = "http://localhost:3000" },
    403,
    "cross-origin" },
  { "a page without a name", FALSE, { POST, LOCAL, HERE, .origin = "null" }, 403, "cross-origin" },
  { "two origins", FALSE, { POST, LOCAL, HERE, .origin = "" }, 403, "cross-origin" },
  { "a form",
    FALSE,
    { .method = "POST", LOCAL, HERE, .content_type = "application/x-www-form-urlencoded" },
    415,
    "not-json" },
  { "plain text",
    FALSE,
    { .method = "POST", LOCAL, HERE, .content_type = "text/plain" },
    415,
    "not-json" },
  { "no type", FALSE, { .method = "POST", LOCAL, HERE }, 415, "not-json" },
  { "nearly JSON",
    FALSE,
    { .method = "POST", LOCAL, HERE, .content_type = "application/jsonp" },
    415,
    "not-json" },

  { "token",
    TRUE,
    { GET, AWAY, .host = "tv.example", .authorization = "Bearer " TOKEN },
    0,
    "token" },
  { "named token", TRUE, { POST, AWAY, .authorization = "bearer  " OTHER }, 0, "alice" },
  { "named token and claim",
    TRUE,
    { POST, AWAY, .authorization = "Bearer " OTHER, .claimed_user = "bob" },
    0,
    "alice (says bob)" },
  { "token through a proxy",
    TRUE,
    { GET, LOCAL, .is_forwarded = TRUE, .authorization = "Bearer " TOKEN },
    0,
    "token" },
  { "no token", TRUE, { GET, AWAY, HERE }, 401, "no-token" },
  { "no token, though local", TRUE, { GET, LOCAL, HERE }, 401, "no-token" },
  { "wrong token",
    TRUE,
    { GET, LOCAL, HERE, .authorization = "Bearer 0123456789abcdeF" },
    401,
    "no-token" },
  { "token cut short",
    TRUE,
    { GET, LOCAL, HERE, .authorization = "Bearer 0123456789abcde" },
    401,
    "no-token" },
  { "token and more",
    TRUE,
    { GET, LOCAL, HERE, .authorization = "Bearer " TOKEN "0" },
    401,
    "no-token" },
  { "token twice",
    TRUE,
    { GET, LOCAL, HERE, .authorization = "Bearer " TOKEN TOKEN },
    401,
    "no-token" },
  { "empty token", TRUE, { GET, LOCAL, HERE, .authorization = "Bearer " }, 401, "no-token" },
  { "another scheme",
    TRUE,
    { GET, LOCAL, HERE, .authorization = "Basic " TOKEN },
    401,
    "no-token" },
  { "token from a page",
    TRUE,
    { POST, LOCAL, HERE, .authorization = "Bearer " TOKEN, .origin = "http://evil.example" },
    403,
    "cross-origin" },
  { "token without JSON",
    TRUE,
    { .method = "POST", AWAY, .authorization = "Bearer " TOKEN, .content_type = "text/plain" },
    415,
    "not-json" },
};

static void
test_row (gconstpointer data) {
  const Row *row = data;
  g_autoptr (UsDoor) door = us_door_new ("control-token-file");
  g_autoptr (GError) error = NULL;
  UsHttpResponse response = { 0 };
  if (row->has_tokens)
    g_assert_true (us_door_parse (door, "tokens", TOKENS, &error));
  g_assert_no_error (error);
  g_autofree char *who = us_door_enter (door, &row->request, &response);
  if (who != NULL && g_str_equal (row->request.method, "POST")
      && !us_door_check_json (&row->request, &response))
    g_clear_pointer (&who, g_free);
  g_assert_cmpuint (response.status, ==, row->status);
  if (row->status == 0) {
    g_assert_nonnull (who);
    g_assert_true (g_utf8_validate (who, -1, NULL));
    g_assert_null (strchr (who, '\033'));
    if (row->who != NULL)
      g_assert_cmpstr (who, ==, row->who);
    return;
  }
  g_assert_null (who);
  g_autofree char *body
      = g_strndup (g_bytes_get_data (response.body, NULL), g_bytes_get_size (response.body));
  g_assert_nonnull (strstr (body, row->who));
  g_assert_null (strstr (body, TOKEN));
  if (row->status == 401 || row->status == 403)
    g_assert_cmpstr (response.challenge, ==, "Bearer realm=\"understudy\"");
  g_bytes_unref (response.body);
}

static void
test_bad_tokens (void) {
  static const char *const bad[] = { "",
                                     "# only a comment\n",
                                     "short\n",
                                     "alice short\n",
                                     "0123456789abcde\n",
                                     "0123456789abcdef g\n",
                                     "0123456789abcdef;\n",
                                     TOKEN "\nshort\n",
                                     "0123456789abcdéf0\n" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (UsDoor) door = us_door_new ("control-token-file");
    g_autoptr (GError) error = NULL;
    g_assert_false (us_door_parse (door, "tokens", bad[i], &error));
    g_assert_error (error, US_DOOR_ERROR, US_DOOR_ERROR_TOKEN);
    g_assert_nonnull (strstr (error->message, "tokens"));
    g_assert_null (strstr (error->message, "short")); /* never what stands there */
  }
}

static void
test_file (void) {
  g_autofree char *folder = g_dir_make_tmp ("door-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "tokens", NULL);
  g_autofree char *large = g_strnfill (US_DOOR_MAX_FILE + 1, 'a');
  g_autoptr (GError) missing = NULL, too_large = NULL, binary = NULL, good = NULL;
  g_autoptr (UsDoor) door = us_door_new ("control-token-file");
  g_assert_false (us_door_load (door, path, &missing));
  g_assert_error (missing, US_DOOR_ERROR, US_DOOR_ERROR_FILE);
  g_assert_nonnull (strstr (missing->message, path));
  g_assert_true (g_file_set_contents (path, large, -1, NULL));
  g_assert_false (us_door_load (door, path, &too_large));
  g_assert_error (too_large, US_DOOR_ERROR, US_DOOR_ERROR_FILE);
  g_assert_true (g_file_set_contents (path, TOKEN "\0\n", sizeof TOKEN + 1, NULL));
  g_assert_false (us_door_load (door, path, &binary));
  g_assert_error (binary, US_DOOR_ERROR, US_DOOR_ERROR_FILE);
  g_assert_true (g_file_set_contents (path, TOKENS, -1, NULL));
  g_assert_true (us_door_load (door, path, &good));
  g_assert_no_error (good);
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strdup_printf ("/http/door/%s", rows[i].what);
    g_test_add_data_func (name, &rows[i], test_row);
  }
  g_test_add_func ("/http/door/tokens/bad", test_bad_tokens);
  g_test_add_func ("/http/door/tokens/file", test_file);
  return g_test_run ();
}
