/* test-detect-reach.c - playlists that cannot be had: how often, for how long, and why */
#include "detect-case.h"
#include "http/client-error.h"

#define NOW (1000 * S)

static void
run (const UsRenditionFacts *facts, const char *expected) {
  g_autoptr (GArray) hits = us_hits_new ();
  us_detect_reach (facts, hits);
  us_detect_playlist (facts, hits);
  assert_hits (hits, expected);
}

/* By number of polls and by time; the target duration is 2 s, or not known. */
static void
test_how_often (void) {
  static const struct {
    guint target_s, n_failed;
    double without_s;
    const char *expected;
  } rows[] = {
    { 2, 0, 100, "" },
    { 2, 1, 2, "" },
    { 2, 1, 6, "" },
    { 2, 1, 6.1, "connect:degraded" },
    { 2, 2, 3, "connect:degraded" },
    { 2, 2, 6, "connect:degraded" },
    { 2, 2, 6.1, "connect:unhealthy" },
    { 2, 3, 3, "connect:unhealthy" },
    { 10, 2, 29, "connect:degraded" },
    { 10, 2, 31, "connect:unhealthy" },
    { 0, 1, 9, "" },
    { 0, 1, 11, "connect:degraded" },
    { 0, 2, 11, "connect:unhealthy" },
    { 86400, 2, 86400, "connect:degraded" },
    { 2, G_MAXUINT, 1e6, "connect:unhealthy" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    UsFetched fetched
        = { .outcome = US_OUTCOME_CONNECT, .problem = (char *)"refused by 192.0.2.1" };
    UsRenditionFacts facts = { .now_us = NOW,
                               .begun_us = 1,
                               .good_us = NOW - (gint64)(rows[i].without_s * S),
                               .n_failed = rows[i].n_failed,
                               .target_duration_s = rows[i].target_s,
                               .last = &fetched };
    if (rows[i].n_failed == 0)
      fetched.outcome = US_OUTCOME_OK;
    run (&facts, rows[i].expected);
    facts.begun_us = facts.good_us; /* never had one */
    facts.good_us = 0;
    run (&facts, rows[i].expected);
  }
}

/* What people read: one poll is not many, and nothing fails twice in one sentence. */
static void
test_words (void) {
  static const struct {
    guint n_failed;
    const char *text;
  } rows[] = {
    { 1, "no playlist for 7.0 s, the last poll failed: no connection: refused" },
    { 2, "no playlist for 7.0 s, 2 polls in a row failed: no connection: refused" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *problem
        = g_strdup_printf ("%s: refused", us_http_error_sentence (US_HTTP_ERROR_REFUSED));
    UsFetched fetched = { .outcome = US_OUTCOME_CONNECT, .problem = problem };
    UsRenditionFacts facts = { .now_us = NOW,
                               .good_us = NOW - 7 * S,
                               .n_failed = rows[i].n_failed,
                               .target_duration_s = 2,
                               .last = &fetched };
    g_autoptr (GArray) hits = us_hits_new ();
    us_detect_reach (&facts, hits);
    g_assert_cmpuint (hits->len, ==, 1);
    g_assert_cmpstr (g_array_index (hits, UsHit, 0).text, ==, rows[i].text);
  }
  for (UsHttpError code = 0; code <= US_HTTP_ERROR_FORBIDDEN; code++)
    g_assert_null (strstr (us_http_error_sentence (code), "failed"));
}

static void
test_why (void) {
  static const struct {
    UsOutcome outcome;
    guint status;
    gsize n_bytes;
    gboolean is_html;
    const char *parse_error, *expected;
  } rows[] = {
    { US_OUTCOME_DNS, 0, 0, FALSE, NULL, "dns:unhealthy" },
    { US_OUTCOME_CONNECT, 0, 0, FALSE, NULL, "connect:unhealthy" },
    { US_OUTCOME_RESET, 0, 0, FALSE, NULL, "connect:unhealthy" },
    { US_OUTCOME_TLS, 0, 0, FALSE, NULL, "tls:unhealthy" },
    { US_OUTCOME_TIMEOUT, 0, 0, FALSE, NULL, "timeout:unhealthy" },
    { US_OUTCOME_TRUNCATED, 200, 9, FALSE, NULL, "truncated:unhealthy" },
    { US_OUTCOME_TOO_LARGE, 200, 9, FALSE, NULL, "not_a_playlist:unhealthy" },
    { US_OUTCOME_REDIRECT, 302, 0, FALSE, NULL, "redirect:unhealthy" },
    { US_OUTCOME_FORBIDDEN, 0, 0, FALSE, NULL, "forbidden_address:degraded" },
    { US_OUTCOME_AUTH, 403, 0, FALSE, NULL, "auth:unhealthy" },
    { US_OUTCOME_MISSING, 404, 0, FALSE, NULL, "http_4xx:unhealthy" },
    { US_OUTCOME_4XX, 418, 0, FALSE, NULL, "http_4xx:unhealthy" },
    { US_OUTCOME_BUSY, 429, 0, FALSE, NULL, "http_4xx:unhealthy" },
    { US_OUTCOME_BUSY, 503, 0, FALSE, NULL, "http_5xx:unhealthy" },
    { US_OUTCOME_5XX, 500, 0, FALSE, NULL, "http_5xx:unhealthy" },
    { US_OUTCOME_CONTENT, 200, 0, FALSE, NULL, "empty_body:unhealthy" },
    { US_OUTCOME_CONTENT, 200, 9, TRUE, NULL, "not_a_playlist:unhealthy" },
    { US_OUTCOME_CONTENT, 200, 9, TRUE, "line 1: HTML", "not_a_playlist:unhealthy" },
    { US_OUTCOME_CONTENT, 200, 9, FALSE, "line 3: no number", "parse_error:unhealthy" },
    { US_OUTCOME_CONTENT, 200, 9, FALSE, NULL, "not_a_playlist:unhealthy" },
    { US_OUTCOME_OK, 200, 9, FALSE, "line 3: no number", "parse_error:unhealthy" },
    { US_OUTCOME_OK, 200, 0, FALSE, "line 1: empty", "empty_body:unhealthy" },
    { US_OUTCOME_OK, 200, 9, FALSE, NULL, "" },
    { US_N_OUTCOMES, 0, 0, FALSE, NULL, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    UsPlaylistSeen seen
        = { .is_html = rows[i].is_html, .parse_error = (char *)rows[i].parse_error };
    seen.fetched.outcome = rows[i].outcome;
    seen.fetched.status = rows[i].status;
    seen.fetched.n_bytes = rows[i].n_bytes;
    UsRenditionFacts facts = { .now_us = NOW,
                               .good_us = NOW - 3 * S,
                               .n_failed = 3,
                               .target_duration_s = 2,
                               .last = &seen.fetched,
                               .last_seen = &seen };
    run (&facts, rows[i].expected);
  }
  UsRenditionFacts nothing = { .now_us = NOW, .begun_us = NOW };
  run (&nothing, "");
}

static void
test_certificate (void) {
  static const gint64 day_s = 24 * 60 * 60;
  static const struct {
    gint64 left_s;
    const char *expected;
  } rows[] = {
    { 14 * day_s, "" },
    { 14 * day_s - 1, "cert_expiring:degraded" },
    { 2 * day_s, "cert_expiring:degraded" },
    { 2 * day_s - 1, "cert_expiring:unhealthy" },
    { -5 * day_s, "cert_expiring:unhealthy" },
    { 36500 * day_s, "" },
    { G_MAXINT64 - 1700000000, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsFetched fetched = { .certificate_until_s = 1700000000 + rows[i].left_s };
    UsRenditionFacts facts = { .now_us = NOW,
                               .wall_us = 1700000000 * S,
                               .good_us = NOW,
                               .target_duration_s = 2,
                               .last = &fetched };
    run (&facts, rows[i].expected);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-reach/how-often", test_how_often);
  g_test_add_func ("/monitor/detect-reach/words", test_words);
  g_test_add_func ("/monitor/detect-reach/why", test_why);
  g_test_add_func ("/monitor/detect-reach/certificate", test_certificate);
  return g_test_run ();
}
