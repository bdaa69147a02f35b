/* test-keys.c - the same request again, another one with the same key, old and many keys */
#include "api/keys.h"

#include <string.h>

static UsApiKeyResult
ask (UsApiKeys *keys, const char *who, const char *key, const char *text, gint64 now_us,
     UsHttpResponse *response) {
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  const UsHttpRequest request = {
    .method = "POST", .path = "/api/streams", .query = "", .idempotency_key = key, .body = body
  };
  return us_api_keys_ask (keys, who, &request, now_us, response);
}

static void
keep (UsApiKeys *keys, const char *who, const char *key, guint status) {
  UsHttpResponse response = { .status = status, .content_type = "application/json" };

  response.body = g_bytes_new_static ("done", 4);
  response.location = g_strdup ("/api/streams/x");
  us_api_keys_keep (keys, who, key, &response);
  us_http_response_clear (&response);
}

static void
expect_problem (UsHttpResponse *response, guint status) {
  g_assert_cmpuint (response->status, ==, status);
  us_http_response_clear (response);
}

static void
test_again (void) {
  UsApiKeys *keys = us_api_keys_new ();
  UsHttpResponse response = { 0 };

  g_assert_cmpint (ask (keys, "a", "k", "{}", 0, &response), ==, US_API_KEY_NEW);
  g_assert_cmpint (ask (keys, "a", "k", "{}", 1, &response), ==, US_API_KEY_REFUSED);
  expect_problem (&response, 409); /* under way */
  keep (keys, "a", "k", 201);
  g_assert_cmpint (ask (keys, "a", "k", "{}", 2, &response), ==, US_API_KEY_AGAIN);
  g_assert_cmpuint (response.status, ==, 201);
  g_assert_cmpstr (response.location, ==, "/api/streams/x");
  g_assert_cmpuint (g_bytes_get_size (response.body), ==, 4);
  us_http_response_clear (&response);
  g_assert_cmpint (ask (keys, "a", "k", "{ }", 3, &response), ==, US_API_KEY_REFUSED);
  expect_problem (&response, 422); /* another request */
  g_assert_cmpint (ask (keys, "b", "k", "{ }", 3, &response), ==,
                   US_API_KEY_NEW); /* another one's */
  g_assert_cmpint (ask (keys, "a", "k", "{}", US_API_KEYS_US, &response), ==, US_API_KEY_NEW);
  us_api_keys_free (keys);
}

static void
test_failure (void) {
  UsApiKeys *keys = us_api_keys_new ();
  UsHttpResponse response = { 0 };

  g_assert_cmpint (ask (keys, "a", "k", "{}", 0, &response), ==, US_API_KEY_NEW);
  keep (keys, "a", "k", 503);
  g_assert_cmpint (ask (keys, "a", "k", "{}", 1, &response), ==, US_API_KEY_NEW);
  keep (keys, "a", "never asked", 200);
  us_api_keys_free (keys);
}

static void
test_bad (void) {
  g_autofree char *endless = g_strnfill (US_API_KEY_MAX + 1, 'k');
  const char *const bad[] = { "", "a b", "a\nb", "\303\244", endless, NULL };
  UsApiKeys *keys = us_api_keys_new ();

  for (guint i = 0; bad[i] != NULL; i++) {
    UsHttpResponse response = { 0 };

    g_assert_cmpint (ask (keys, "a", bad[i], "{}", 0, &response), ==, US_API_KEY_REFUSED);
    expect_problem (&response, 400);
  }
  us_api_keys_free (keys);
}

static void
test_many (void) {
  UsApiKeys *keys = us_api_keys_new ();
  UsHttpResponse response = { 0 };

  for (guint i = 0; i <= US_API_KEYS_MAX; i++) {
    g_autofree char *key = g_strdup_printf ("k%u", i);

    g_assert_cmpint (ask (keys, "a", key, "{}", i, &response), ==, US_API_KEY_NEW);
    keep (keys, "a", key, 200);
  }
  g_assert_cmpint (ask (keys, "a", "k1000", "{}", 2000, &response), ==, US_API_KEY_AGAIN);
  us_http_response_clear (&response);
  g_assert_cmpint (ask (keys, "a", "k0", "{}", 2000, &response), ==, US_API_KEY_NEW); /* it went */
  us_api_keys_free (keys);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/keys/again", test_again);
  g_test_add_func ("/api/keys/failure", test_failure);
  g_test_add_func ("/api/keys/bad", test_bad);
  g_test_add_func ("/api/keys/many", test_many);
  return g_test_run ();
}
