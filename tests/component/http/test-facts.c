/* test-facts.c - what a fetch tells of itself: times, headers, certificates, codings */
#include "fetching.h"
#include "tls-peer.h"

#include <glib/gstdio.h>

#define STEP(facts, step) ((facts)->step_us[US_HTTP_STEP_##step])

static char *
url_of (const char *scheme, const char *host, guint16 port) {
  return g_strdup_printf ("%s://%s:%u/x", scheme, host, port);
}

static void
test_times (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  g_autofree char *url = NULL;
  Outcome outcome = { 0 };

  raw_settings (&settings);
  server = raw_server (&settings);
  url = g_strdup_printf ("http://127.0.0.1:%u/hls/a-5.ts", us_http_server_get_port (server));
  for (guint round = 0; round < 2; round++) {
    fetch (client, url, NULL, &outcome);
    g_assert_no_error (outcome.error);
    const UsHttpFacts *facts = outcome.reply->facts;
    g_assert_cmpint (facts->is_reused, ==, round > 0);
    g_assert_cmpint (STEP (facts, RESOLVE) >= 0, ==, round == 0);
    g_assert_cmpint (STEP (facts, CONNECT) >= 0, ==, round == 0);
    g_assert_cmpint (STEP (facts, TLS), ==, -1);
    g_assert_cmpint (STEP (facts, WAIT), >, 0);
    g_assert_cmpint (STEP (facts, BODY), >, 0);
    g_assert_cmpint (facts->total_us, >=, STEP (facts, WAIT) + STEP (facts, BODY));
    g_assert_cmpint (facts->total_us, ==, outcome.reply->total_us);
    g_assert_cmpint (facts->step, ==, US_HTTP_STEP_BODY);
    g_assert_cmpstr (facts->address, ==, "127.0.0.1");
    g_assert_cmpint (facts->declared_bytes, ==, SEGMENT_BYTES);
    g_assert_cmpuint (facts->n_wire_bytes, ==, SEGMENT_BYTES);
    g_assert_cmpstr (facts->allow_origin, ==, "*");
    g_assert_cmpint (facts->certificate_until_s, ==, 0);
    g_assert_cmpuint (facts->n_redirects, ==, 0);
    outcome_clear (&outcome);
  }
}

static void
test_headers (void) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  Peer *peer = peer_new ("HTTP/1.1 200 OK\r\nAge: 17\r\nX-Cache: HIT\r\nCF-Cache-Status: MISS\r\n"
                         "X-Served-By: cache-fra-1\r\nVia: 1.1 a\r\nVia: 1.1 b\r\n"
                         "Cache-Status: edge; hit\r\nCache-Control: max-age=2\r\n"
                         "Content-Encoding: br\r\nRetry-After: 3\r\nServer: x\r\n"
                         "Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT\r\n"
                         "Date: Sat, 01 Jan 2022 00:00:01 GMT\r\nContent-Length: 2\r\n\r\nhi",
                         TRUE);
  g_autofree char *url = url_of ("http", "127.0.0.1", peer->port);
  const UsHttpFetch limits = { .accept_encoding = "gzip",
                               .origin = "https://player.example",
                               .if_modified_since = "Fri, 31 Dec 2021 00:00:00 GMT",
                               .headers = (const char *const[]){ "X-One", "1", NULL } };
  Outcome outcome = { 0 };

  fetch (client, url, &limits, &outcome);
  g_assert_no_error (outcome.error);
  const UsHttpFacts *facts = outcome.reply->facts;
  g_assert_cmpstr (facts->age, ==, "17");
  g_assert_cmpstr (facts->x_cache, ==, "HIT, MISS");
  g_assert_cmpstr (facts->served_by, ==, "cache-fra-1");
  g_assert_cmpstr (facts->via, ==, "1.1 a, 1.1 b");
  g_assert_cmpstr (facts->cache_status, ==, "edge; hit");
  g_assert_cmpstr (facts->cache_control, ==, "max-age=2");
  g_assert_cmpstr (facts->content_encoding, ==, "br");
  g_assert_cmpstr (facts->retry_after, ==, "3");
  g_assert_cmpstr (facts->date, ==, "Sat, 01 Jan 2022 00:00:01 GMT");
  g_assert_cmpstr (outcome.reply->last_modified, ==, "Sat, 01 Jan 2022 00:00:00 GMT");
  g_assert_null (facts->allow_origin);
  g_assert_false (facts->is_decoded);
  g_assert_nonnull (strstr (peer->request, "\r\nAccept-Encoding: gzip\r\n"));
  g_assert_nonnull (strstr (peer->request, "\r\nOrigin: https://player.example\r\n"));
  g_assert_nonnull (strstr (peer->request, "\r\nIf-Modified-Since: Fri, 31 Dec 2021"));
  g_assert_nonnull (strstr (peer->request, "\r\nX-One: 1\r\n"));
  outcome_clear (&outcome);
  g_clear_object (&client);
  peer_free (peer);
}

/* The hops before the last are a time of their own; what proves who we are stays with the first. */
static void
test_redirected (void) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  Peer *second = peer_new ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", TRUE);
  g_autofree char *text = g_strdup_printf ("HTTP/1.1 307 X\r\nContent-Length: 0\r\nAge: 9\r\n"
                                           "Location: http://127.0.0.1:%u/y\r\n\r\n",
                                           second->port);
  Peer *first = peer_new (text, TRUE);
  g_autofree char *url = url_of ("http", "127.0.0.1", first->port);
  const UsHttpFetch limits = { .authorization = "Bearer s",
                               .origin = "https://o",
                               .headers = (const char *const[]){ "X-Key", "k", NULL } };
  Outcome outcome = { 0 };

  fetch (client, url, &limits, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.reply->facts->n_redirects, ==, 1);
  g_assert_cmpint (outcome.reply->facts->redirect_us, >, 0);
  g_assert_cmpint (outcome.reply->facts->total_us, >, outcome.reply->facts->redirect_us);
  g_assert_null (outcome.reply->facts->age);
  g_assert_nonnull (strstr (first->request, "Bearer s"));
  g_assert_nonnull (strstr (first->request, "X-Key"));
  g_assert_null (strstr (second->request, "Bearer s"));
  g_assert_null (strstr (second->request, "X-Key"));
  g_assert_nonnull (strstr (second->request, "Origin: https://o"));
  outcome_clear (&outcome);
  g_clear_object (&client);
  peer_free (first);
  peer_free (second);
}

/* What was sent as POST stays where it was sent to. */
static void
test_post (void) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  Peer *peer = peer_new ("HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: /y\r\n\r\n", FALSE);
  g_autofree char *url = url_of ("http", "127.0.0.1", peer->port);
  g_autoptr (GBytes) body = g_bytes_new_static ("a=b", 3);
  const UsHttpFetch good = { .body = body,
                             .body_type = "application/x-www-form-urlencoded",
                             .headers = (const char *const[]){ "webhook-id", "m_1", NULL } };
  const UsHttpFetch remove = { .method = "DELETE" };
  static const char *const bad[][3] = { { "Host", "x", NULL },
                                        { "Content-Length", "9", NULL },
                                        { "A B", "x", NULL },
                                        { "A", "x\r\nB: y", NULL },
                                        { "", "x", NULL },
                                        { "A:", "x", NULL },
                                        { "transfer-encoding", "chunked", NULL } };
  Outcome outcome = { 0 };

  fetch (client, url, &good, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.reply->status, ==, 302);
  g_assert_true (g_str_has_prefix (peer->request, "POST /x HTTP/1.1\r\n"));
  g_assert_nonnull (strstr (peer->request, "Content-Type: application/x-www-form-urlencoded\r\n"));
  g_assert_nonnull (strstr (peer->request, "webhook-id: m_1\r\n"));
  outcome_clear (&outcome);
  fetch (client, url, &remove, &outcome);
  g_assert_true (g_str_has_prefix (peer->request, "DELETE /x HTTP/1.1\r\n"));
  g_assert_cmpuint (outcome.reply->status, ==, 302);
  outcome_clear (&outcome);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    const UsHttpFetch limits = { .headers = bad[i] };

    assert_fails (client, url, &limits, US_HTTP_ERROR_PROTOCOL);
  }
  g_clear_object (&client);
  peer_free (peer);
}

/* HEAD has a length and no body. */
static void
test_head (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  const UsHttpFetch limits = { .method = "HEAD", .max_bytes = 10 * 1000 * 1000 };
  Outcome outcome = { 0 };

  raw_settings (&settings);
  server = raw_server (&settings);
  g_autofree char *url
      = g_strdup_printf ("http://127.0.0.1:%u/hls/a-5.ts", us_http_server_get_port (server));
  fetch (client, url, &limits, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (outcome.reply->status, ==, 200);
  g_assert_cmpuint (g_bytes_get_size (outcome.reply->body), ==, 0);
  g_assert_cmpint (outcome.reply->facts->declared_bytes, ==, SEGMENT_BYTES);
  outcome_clear (&outcome);
}

static void
test_failures (void) {
  static const struct {
    const char *text;
    UsHttpStep step;
  } cases[] = {
    { NULL, US_HTTP_STEP_WAIT },
    { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", US_HTTP_STEP_BODY },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
    Peer *peer = peer_new (cases[i].text, TRUE);
    g_autofree char *url = url_of ("http", "127.0.0.1", peer->port);
    const UsHttpFetch limits = { .first_byte_timeout_ms = 200, .deadline_ms = 400 };
    Outcome outcome = { 0 };

    fetch (client, url, &limits, &outcome);
    g_assert_nonnull (outcome.error);
    g_assert_cmpint (outcome.facts->step, ==, cases[i].step);
    g_assert_cmpint (STEP (outcome.facts, CONNECT), >=, 0);
    g_assert_cmpint (outcome.facts->step_us[cases[i].step], >=, 150 * 1000);
    g_assert_cmpint (outcome.facts->total_us, >=, outcome.facts->step_us[cases[i].step]);
    g_assert_cmpuint (outcome.facts->n_wire_bytes, ==, i == 0 ? 0 : 5);
    outcome_clear (&outcome);
    g_clear_object (&client);
    peer_free (peer);
  }
}

static void
test_refused (void) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  Peer *peer = peer_new (NULL, FALSE);
  g_autofree char *url = url_of ("http", "127.0.0.1", peer->port);
  Outcome outcome = { 0 };

  peer_free (peer);
  fetch (client, url, NULL, &outcome);
  g_assert_error (outcome.error, US_HTTP_ERROR, US_HTTP_ERROR_REFUSED);
  g_assert_cmpint (outcome.facts->step, ==, US_HTTP_STEP_CONNECT);
  g_assert_cmpstr (outcome.facts->address, ==, "127.0.0.1");
  g_assert_cmpint (STEP (outcome.facts, WAIT), ==, -1);
  outcome_clear (&outcome);
}

/* The file is read again whenever it is needed. */
static GTlsDatabase *
authorities_new (const char *pem, const char *path) {
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, pem, -1, &error));
  GTlsDatabase *database = g_tls_file_database_new (path, &error);
  g_assert_no_error (error);
  return database;
}

static void
test_certificates (void) {
  static const struct {
    const char *certificate, *trusted, *host, *problem;
  } cases[] = {
    { TLS_PEER_GOOD, TLS_PEER_GOOD, "localhost", NULL },
    { TLS_PEER_GOOD, TLS_PEER_GOOD, "127.0.0.1", "another host" },
    { TLS_PEER_GOOD, NULL, "localhost", "authority" },
    { TLS_PEER_EXPIRED, TLS_PEER_EXPIRED, "localhost", "expired" },
  };
  g_autofree char *dir = g_dir_make_tmp ("us-tls-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "ca.pem", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
    g_autoptr (GTlsDatabase) authorities
        = cases[i].trusted != NULL ? authorities_new (cases[i].trusted, path) : NULL;
    TlsPeer *peer
        = tls_peer_new (cases[i].certificate, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    g_autofree char *url = url_of ("https", cases[i].host, peer->port);
    const UsHttpFetch limits = { .connect_timeout_ms = 10000 };
    Outcome outcome = { 0 };

    if (authorities != NULL) /* else those of the system, who do not know it */
      us_http_client_set_authorities (client, authorities);
    for (guint round = 0; round < 2; round++) {
      fetch (client, url, &limits, &outcome);
      const UsHttpFacts *facts = outcome.facts;
      if (cases[i].problem == NULL) {
        g_assert_no_error (outcome.error);
        facts = outcome.reply->facts;
        g_assert_cmpint (STEP (facts, TLS) > 0, ==, round == 0);
        g_assert_null (facts->certificate_problem);
      } else {
        g_assert_error (outcome.error, US_HTTP_ERROR, US_HTTP_ERROR_TLS);
        g_assert_cmpint (facts->step, ==, US_HTTP_STEP_TLS);
        g_assert_nonnull (strstr (facts->certificate_problem, cases[i].problem));
        g_assert_nonnull (strstr (outcome.error->message, cases[i].problem));
      }
      g_assert_cmpint (facts->certificate_until_s, ==,
                       i == 3 ? G_GINT64_CONSTANT (1580515200) : TLS_PEER_GOOD_UNTIL);
      outcome_clear (&outcome);
    }
    g_clear_object (&client);
    tls_peer_free (peer);
  }
  g_unlink (path);
  g_rmdir (dir);
}

/* Speaks something else than TLS. */
static void
test_no_tls (void) {
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  Peer *peer = peer_new ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", FALSE);
  g_autofree char *url = url_of ("https", "127.0.0.1", peer->port);
  Outcome outcome = { 0 };

  fetch (client, url, NULL, &outcome);
  g_assert_error (outcome.error, US_HTTP_ERROR, US_HTTP_ERROR_TLS);
  g_assert_cmpint (outcome.facts->step, ==, US_HTTP_STEP_TLS);
  outcome_clear (&outcome);
  g_clear_object (&client);
  peer_free (peer);
}

/* Sends bytes, which may have zeros among them. */
static void
on_gzip (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  response->content_type = "text/plain";
  response->body = g_bytes_ref (user_data);
  us_http_response_add_header (response, "Content-Encoding", "gzip");
}

static GBytes *
gzip (const char *text, gsize n) {
  g_autoptr (GZlibCompressor) gzip = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, -1);
  gsize n_read, n_made;
  guint8 *out = g_malloc (n + 100);

  g_assert_cmpint (g_converter_convert (G_CONVERTER (gzip), text, n, out, n + 100,
                                        G_CONVERTER_INPUT_AT_END, &n_read, &n_made, NULL),
                   ==, G_CONVERTER_FINISHED);
  return g_bytes_new_take (out, n_made);
}

static void
test_gzip (void) {
  static const struct {
    const char *asks;
    gsize cut, max_bytes; /* of the 100,000 bytes of content */
    int code;             /* -1: good */
  } cases[] = {
    { "gzip", 0, 0, -1 },
    { "gzip", 0, 100000, -1 },
    { "gzip", 0, 99999, US_HTTP_ERROR_TOO_LARGE },
    { "gzip", 4, 0, US_HTTP_ERROR_PROTOCOL },
    { NULL, 0, 1000, -1 },
  };
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr (GBytes) whole = gzip (text, 100000);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
    const UsHttpFetch limits
        = { .accept_encoding = cases[i].asks, .max_bytes = cases[i].max_bytes };
    gsize n_sent = g_bytes_get_size (whole) - cases[i].cut;
    g_autoptr (GBytes) sent = g_bytes_new_from_bytes (whole, 0, n_sent);
    UsHttpServerSettings settings;
    g_autoptr (GError) error = NULL;
    Outcome outcome = { 0 };

    raw_settings (&settings);
    g_autoptr (UsHttpServer) server = us_http_server_new (&settings, &error);
    g_assert_no_error (error);
    us_http_server_add_handler (server, "/x", "GET", on_gzip, sent);
    g_assert_true (us_http_server_start (server, &error));
    g_autofree char *url = url_of ("http", "127.0.0.1", us_http_server_get_port (server));
    fetch (client, url, &limits, &outcome);
    if (cases[i].code >= 0) {
      g_assert_error (outcome.error, US_HTTP_ERROR, cases[i].code);
    } else {
      g_assert_no_error (outcome.error);
      g_assert_cmpuint (g_bytes_get_size (outcome.reply->body), ==,
                        cases[i].asks != NULL ? 100000 : n_sent);
      g_assert_cmpuint (outcome.reply->facts->n_wire_bytes, ==, n_sent);
      g_assert_cmpint (outcome.reply->facts->is_decoded, ==, cases[i].asks != NULL);
      g_assert_cmpstr (outcome.reply->facts->content_encoding, ==, "gzip");
    }
    outcome_clear (&outcome);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/facts/times", test_times);
  g_test_add_func ("/http/facts/headers", test_headers);
  g_test_add_func ("/http/facts/redirected", test_redirected);
  g_test_add_func ("/http/facts/post", test_post);
  g_test_add_func ("/http/facts/head", test_head);
  g_test_add_func ("/http/facts/failures", test_failures);
  g_test_add_func ("/http/facts/refused", test_refused);
  g_test_add_func ("/http/facts/certificates", test_certificates);
  g_test_add_func ("/http/facts/no-tls", test_no_tls);
  g_test_add_func ("/http/facts/gzip", test_gzip);
  return g_test_run ();
}
