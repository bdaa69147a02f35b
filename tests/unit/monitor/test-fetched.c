/* test-fetched.c - from replies and errors to outcomes, and what caches say */
#include "monitor/fetched.h"

#include <math.h>

static void
test_status (void) {
  static const struct {
    guint status;
    UsOutcome outcome;
  } rows[] = {
    { 200, US_OUTCOME_OK },       { 206, US_OUTCOME_OK },      { 304, US_OUTCOME_OK },
    { 302, US_OUTCOME_REDIRECT }, { 400, US_OUTCOME_4XX },     { 401, US_OUTCOME_AUTH },
    { 403, US_OUTCOME_AUTH },     { 404, US_OUTCOME_MISSING }, { 410, US_OUTCOME_MISSING },
    { 418, US_OUTCOME_4XX },      { 429, US_OUTCOME_BUSY },    { 500, US_OUTCOME_5XX },
    { 502, US_OUTCOME_5XX },      { 503, US_OUTCOME_BUSY },    { 599, US_OUTCOME_5XX },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (us_fetched_outcome_of_status (rows[i].status), ==, rows[i].outcome);
}

static void
test_errors (void) {
  static const struct {
    int code;
    guint n_redirects;
    UsOutcome outcome;
  } rows[] = {
    { US_HTTP_ERROR_RESOLVE, 0, US_OUTCOME_DNS },
    { US_HTTP_ERROR_REFUSED, 0, US_OUTCOME_CONNECT },
    { US_HTTP_ERROR_RESET, 0, US_OUTCOME_RESET },
    { US_HTTP_ERROR_CONNECT_TIMEOUT, 0, US_OUTCOME_TIMEOUT },
    { US_HTTP_ERROR_FIRST_BYTE_TIMEOUT, 0, US_OUTCOME_TIMEOUT },
    { US_HTTP_ERROR_DEADLINE, 0, US_OUTCOME_TIMEOUT },
    { US_HTTP_ERROR_TRUNCATED, 0, US_OUTCOME_TRUNCATED },
    { US_HTTP_ERROR_TOO_LARGE, 0, US_OUTCOME_TOO_LARGE },
    { US_HTTP_ERROR_TLS, 0, US_OUTCOME_TLS },
    { US_HTTP_ERROR_FORBIDDEN, 0, US_OUTCOME_FORBIDDEN },
    { US_HTTP_ERROR_PROTOCOL, 0, US_OUTCOME_CONTENT },
    { US_HTTP_ERROR_PROTOCOL, 5, US_OUTCOME_REDIRECT },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = g_error_new_literal (US_HTTP_ERROR, rows[i].code, "why");
    UsHttpFacts facts = { .n_redirects = rows[i].n_redirects, .declared_bytes = -1 };
    UsFetched fetched;
    for (guint s = 0; s < US_HTTP_N_STEPS; s++)
      facts.step_us[s] = -1;
    facts.step_us[US_HTTP_STEP_CONNECT] = 1500000;
    us_fetched_init (&fetched);
    us_fetched_from_error (&fetched, error, &facts);
    g_assert_cmpint (fetched.outcome, ==, rows[i].outcome);
    g_assert_cmpstr (fetched.problem, ==, "why");
    g_assert_cmpuint (fetched.status, ==, 0);
    g_assert_cmpfloat (fetched.connect_s, ==, 1.5);
    g_assert_true (isnan (fetched.dns_s));
    us_fetched_clear (&fetched);
    us_fetched_init (&fetched);
    us_fetched_from_error (&fetched, error, NULL);
    us_fetched_clear (&fetched);
  }
}

static void
test_certificate (void) {
  g_autoptr (GError) error = g_error_new_literal (US_HTTP_ERROR, US_HTTP_ERROR_TLS, "handshake");
  UsHttpFacts facts = { .certificate_problem = (char *)"it has expired" };
  UsFetched fetched;
  us_fetched_init (&fetched);
  us_fetched_from_error (&fetched, error, &facts);
  g_assert_cmpstr (fetched.problem, ==, "it has expired");
  us_fetched_clear (&fetched);
}

static void
test_caches (void) {
  static const struct {
    const char *age, *x_cache, *via, *cache_status;
    gboolean has_cache;
    UsCacheVerdict verdict;
    gint64 age_s;
    guint forwarded;
  } rows[] = {
    { NULL, NULL, NULL, NULL, FALSE, US_CACHE_UNKNOWN, -1, 0 },
    { "12", NULL, NULL, NULL, TRUE, US_CACHE_UNKNOWN, 12, 0 },
    { "0", NULL, NULL, NULL, TRUE, US_CACHE_UNKNOWN, 0, 0 },
    { "-3", NULL, NULL, NULL, FALSE, US_CACHE_UNKNOWN, -1, 0 },
    { "99999999999999999999", NULL, NULL, NULL, FALSE, US_CACHE_UNKNOWN, -1, 0 },
    { NULL, "HIT", NULL, NULL, TRUE, US_CACHE_HIT, -1, 0 },
    { NULL, "Miss from cloudfront", NULL, NULL, TRUE, US_CACHE_MISS, -1, 0 },
    { NULL, "MISS, HIT", NULL, NULL, TRUE, US_CACHE_HIT, -1, 0 },
    { NULL, NULL, "1.1 varnish", NULL, TRUE, US_CACHE_UNKNOWN, -1, 0 },
    { NULL, NULL, NULL, "Edge; hit", TRUE, US_CACHE_HIT, -1, 0 },
    { NULL, NULL, NULL, "Edge; fwd=miss; fwd-status=502", TRUE, US_CACHE_MISS, -1, 502 },
    { NULL, NULL, NULL, "Mid; fwd=miss; fwd-status=404, Edge; hit", TRUE, US_CACHE_HIT, -1, 404 },
    { NULL, "HIT", NULL, "Edge; fwd=stale", TRUE, US_CACHE_MISS, -1, 0 },
    { NULL, NULL, NULL, ",;;,;=,fwd-status=99999", TRUE, US_CACHE_UNKNOWN, -1, 0 },
    { NULL, NULL, NULL, "", TRUE, US_CACHE_UNKNOWN, -1, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsHttpFacts facts = { .age = (char *)rows[i].age,
                          .x_cache = (char *)rows[i].x_cache,
                          .via = (char *)rows[i].via,
                          .cache_status = (char *)rows[i].cache_status };
    g_autoptr (GBytes) body = g_bytes_new_static ("x", 1);
    UsHttpReply reply = { .status = 200, .body = body, .facts = &facts };
    UsFetched fetched;
    g_test_message ("%u", i);
    us_fetched_init (&fetched);
    us_fetched_from_reply (&fetched, &reply, FALSE);
    g_assert_cmpint (fetched.has_cache, ==, rows[i].has_cache);
    g_assert_cmpint (fetched.cache, ==, rows[i].verdict);
    g_assert_cmpint (fetched.cache_age_s, ==, rows[i].age_s);
    g_assert_cmpuint (fetched.forwarded_status, ==, rows[i].forwarded);
    us_fetched_clear (&fetched);
  }
}

/* RFC 9110 15.4.5: "not modified" says something to who has asked whether it was. */
static void
test_unasked_304 (void) {
  for (guint has_condition = 0; has_condition < 2; has_condition++) {
    UsHttpFacts facts = { 0 };
    g_autoptr (GBytes) body = g_bytes_new_static ("", 0);
    UsHttpReply reply = { .status = 304, .body = body, .facts = &facts };
    UsFetched fetched;
    us_fetched_init (&fetched);
    us_fetched_from_reply (&fetched, &reply, has_condition);
    g_assert_cmpint (fetched.outcome, ==, has_condition ? US_OUTCOME_OK : US_OUTCOME_CONTENT);
    g_assert_cmpint (fetched.is_unmodified, ==, has_condition);
    g_assert_cmpint (fetched.problem == NULL, ==, has_condition);
    us_fetched_clear (&fetched);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/fetched/status", test_status);
  g_test_add_func ("/monitor/fetched/errors", test_errors);
  g_test_add_func ("/monitor/fetched/certificate", test_certificate);
  g_test_add_func ("/monitor/fetched/caches", test_caches);
  g_test_add_func ("/monitor/fetched/unasked-304", test_unasked_304);
  return g_test_run ();
}
