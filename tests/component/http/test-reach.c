/* test-reach.c - a fetch with an address policy, against peers that lead elsewhere */
#include "fetching.h"

static char *
redirect_to (const char *where) {
  return g_strdup_printf ("HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n", where);
}

static Peer *
good_peer (void) {
  return peer_new ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret", TRUE);
}

static void
assert_forbidden (UsHttpClient *client, const char *url, const UsHttpReach *reach,
                  const char *words) {
  const UsHttpFetch limits = { .reach = reach, .max_redirects = 5 };
  Outcome outcome = { 0 };

  g_test_message ("%s", url);
  fetch (client, url, &limits, &outcome);
  g_assert_error (outcome.error, US_HTTP_ERROR, US_HTTP_ERROR_FORBIDDEN);
  g_assert_cmpstr (us_http_error_word (outcome.error), ==, "forbidden");
  if (strstr (outcome.error->message, words) == NULL)
    g_error ("\"%s\" does not say \"%s\"", outcome.error->message, words);
  outcome_clear (&outcome);
}

/* However it is written: the socket knows. Nothing arrives at the peer. */
static void
test_loopback (void) {
  static const char *const hosts[]
      = { "127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.0.0.9", "[::ffff:127.0.0.1]" };
  /* some resolvers take them for addresses */
  static const char *const odd[] = { "127.1", "2130706433", "0x7f.1", "0177.0.0.1" };
  const UsHttpReach none = { 0 }, private = { .allow_private = TRUE };
  const UsHttpReach loopback = { .allow_loopback = TRUE };
  Peer *peer = good_peer ();
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  g_autofree char *good = g_strdup_printf ("http://127.0.0.1:%u/x", peer->port);
  const UsHttpFetch limits = { .reach = &loopback };
  Outcome outcome = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++) {
    g_autofree char *url = g_strdup_printf ("http://%s:%u/x", hosts[i], peer->port);

    assert_forbidden (client, url, &none, "loopback");
    assert_forbidden (client, url, &private, "loopback");
  }
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autofree char *url = g_strdup_printf ("http://%s:%u/x", odd[i], peer->port);
    const UsHttpFetch nowhere = { .reach = &none };

    fetch (client, url, &nowhere, &outcome);
    g_assert_nonnull (outcome.error);
    outcome_clear (&outcome);
  }
  g_assert_cmpint (g_atomic_int_get (&peer->n_accepted), ==, 0);
  fetch (client, good, &limits, &outcome);
  g_assert_no_error (outcome.error);
  g_assert_cmpint (g_atomic_int_get (&peer->n_accepted), ==, 1);
  outcome_clear (&outcome);
  g_clear_object (&client);
  peer_free (peer);
}

static void
test_never (void) {
  static const struct {
    const char *host, *words;
  } cases[] = {
    { "169.254.169.254", "metadata" }, { "[fd00:ec2::254]", "metadata" },
    { "100.100.100.200", "metadata" }, { "[::ffff:169.254.169.254]", "metadata" },
    { "0.0.0.0", "unspecified" },      { "[::]", "unspecified" },
    { "224.0.0.1", "multicast" },      { "255.255.255.255", "broadcast" },
    { "192.0.2.7", "documentation" },  { "[64:ff9b::a9fe:a9fe]", "metadata" },
  };
  const UsHttpReach reach = { .allow_private = TRUE, .allow_loopback = TRUE };
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *url = g_strdup_printf ("http://%s/x", cases[i].host);
    g_autofree char *tls = g_strdup_printf ("https://%s/x", cases[i].host);

    assert_forbidden (client, url, &reach, cases[i].words);
    assert_forbidden (client, tls, &reach, cases[i].words);
  }
  assert_forbidden (client, "http://10.1.2.3/", &(const UsHttpReach){ 0 }, "private");
}

/* Every hop is judged, by itself. Our own ports stand for what only the second hop leads to. */
static void
test_redirects (void) {
  Peer *secret = good_peer ();
  g_autofree char *to_secret = g_strdup_printf ("http://localhost:%u/x", secret->port);
  const char *const targets[] = { to_secret,           "http://169.254.169.254/latest",
                                  "http://[fe80::1]/", "file:///etc/passwd",
                                  "ftp://127.0.0.1/",  "//169.254.169.254/x",
                                  "gopher://x/",       "http://user:word@93.184.216.34/hidden" };
  const char *const words[] = { "our own",        "metadata", "link-local",     "nothing to ask",
                                "nothing to ask", "metadata", "nothing to ask", "user name" };
  UsHttpReach reach = { .allow_loopback = TRUE };

  reach.own_ports[0] = secret->port;
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++) {
    g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
    g_autofree char *text = redirect_to (targets[i]);
    Peer *last = peer_new (text, TRUE);
    g_autofree char *to_last = g_strdup_printf ("http://127.0.0.1:%u/x", last->port);
    g_autofree char *first_text = redirect_to (to_last);
    Peer *first = peer_new (first_text, TRUE);
    g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", first->port);

    assert_forbidden (client, url, &reach, words[i]);
    g_clear_object (&client);
    peer_free (first);
    peer_free (last);
  }
  g_assert_cmpint (g_atomic_int_get (&secret->n_accepted), ==, 0);
  peer_free (secret);
}

static void
test_redirect_count (void) {
  static const struct {
    guint max, n_hops;
  } cases[] = { { 0, 3 }, { 5, 5 }, { 1, 1 }, { 100, 10 } };
  const UsHttpReach reach = { .allow_loopback = TRUE };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
    Peer *peer = peer_new ("HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: /x\r\n\r\n", FALSE);
    g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", peer->port);
    const UsHttpFetch limits = { .reach = &reach, .max_redirects = cases[i].max };

    assert_fails (client, url, &limits, US_HTTP_ERROR_PROTOCOL);
    g_assert_cmpint (g_atomic_int_get (&peer->n_accepted), ==, (int)cases[i].n_hops + 1);
    g_clear_object (&client);
    peer_free (peer);
  }
}

/* An open connection of a fetch that was allowed more. */
static void
test_reused (void) {
  UsHttpServerSettings settings;
  g_autoptr (UsHttpServer) server = NULL;
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  const UsHttpReach reach = { 0 };
  Outcome outcome = { 0 };

  raw_settings (&settings);
  server = raw_server (&settings);
  g_autofree char *url
      = g_strdup_printf ("http://127.0.0.1:%u/hls/index.m3u8", us_http_server_get_port (server));
  for (guint round = 0; round < 2; round++) {
    fetch (client, url, NULL, &outcome);
    g_assert_no_error (outcome.error);
    outcome_clear (&outcome);
    raw_wait_until (raw_stats (server).requests_total == round + 1);
    assert_forbidden (client, url, &reach, "loopback");
    g_assert_cmpuint (raw_stats (server).requests_total, ==, round + 1);
  }
}

static void
test_user_info (void) {
  Peer *peer = good_peer ();
  g_autoptr (UsHttpClient) client = us_http_client_new ("test/1");
  g_autofree char *url = g_strdup_printf ("http://me:secret@127.0.0.1:%u/x?token=t", peer->port);
  const UsHttpReach reach = { .allow_loopback = TRUE };
  const UsHttpFetch limits = { .reach = &reach };
  Outcome outcome = { 0 };

  fetch (client, url, &limits, &outcome);
  g_assert_error (outcome.error, US_HTTP_ERROR, US_HTTP_ERROR_FORBIDDEN);
  g_assert_null (strstr (outcome.error->message, "secret"));
  g_assert_null (strstr (outcome.error->message, "token"));
  outcome_clear (&outcome);
  g_assert_cmpint (g_atomic_int_get (&peer->n_accepted), ==, 0);
  g_clear_object (&client);
  peer_free (peer);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/reach/loopback", test_loopback);
  g_test_add_func ("/http/reach/never", test_never);
  g_test_add_func ("/http/reach/redirects", test_redirects);
  g_test_add_func ("/http/reach/redirect-count", test_redirect_count);
  g_test_add_func ("/http/reach/reused", test_reused);
  g_test_add_func ("/http/reach/user-info", test_user_info);
  return g_test_run ();
}
