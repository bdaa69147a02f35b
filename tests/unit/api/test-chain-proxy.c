/* test-chain-proxy.c - which refusals of the switcher are those of whoever asks */
#include "api/chain-proxy.h"

static void
test_passed_on (void) {
  static const struct {
    guint status;
    const char *type;
    gboolean is_passed_on;
  } table[] = {
    { 404, "no-stream", TRUE },
    { 404, "no-drill", TRUE },
    { 404, "no-rendition", TRUE },
    { 409, "not-now", TRUE },
    { 422, "bad-value", TRUE },
    { 422, "missing-member", TRUE },
    { 413, "too-large", TRUE },

    { 401, "no-token", FALSE }, /* of the switcher, not of the desk */
    { 403, "not-local", FALSE },
    { 403, "denied", FALSE },
    { 404, "not-found", FALSE }, /* no control API */
    { 404, NULL, FALSE },
    { 200, "no-stream", FALSE },
    { 500, "not-now", FALSE },
    { 409, "", FALSE },
    { 409, "not-now<script>", FALSE },
    { 415, "not-json", FALSE }, /* the desk said so itself */
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    g_assert_cmpint (us_chain_is_passed_on (table[i].status, table[i].type), ==,
                     table[i].is_passed_on);
}

static void
test_url (void) {
  static const struct {
    const char *url, *shown;
  } table[] = { { NULL, NULL },
                { "", NULL },
                { "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
                { "http://tv.example:8080//", "http://tv.example:8080" },
                { "https://me:secret@tv.example/", "https://me@tv.example" } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    const UsInsideSettings settings = { .switcher_url = table[i].url };
    g_autoptr (UsChainProxy) proxy = us_chain_proxy_new (&settings);
    g_assert_cmpstr (us_chain_proxy_get_url (proxy), ==, table[i].shown);
    g_assert_false (us_chain_proxy_is_busy (proxy));
  }
}

typedef struct {
  guint n_told;
  UsChainOutcome outcome;
} Told;

static void
on_told (const UsChainReply *reply, gpointer data) {
  Told *told = data;
  told->n_told++;
  told->outcome = reply->outcome;
}

/* Each question is answered once, whatever ends first, and nothing comes after that. */
static void
test_end (void) {
  const UsInsideSettings settings = { .switcher_url = "http://127.0.0.1:9" };
  UsChainProxy *proxy = us_chain_proxy_new (&settings);
  Told told[US_CHAIN_MAX_ASKED] = { 0 };
  for (guint i = 0; i < US_CHAIN_MAX_ASKED; i++) {
    g_assert_false (us_chain_proxy_is_busy (proxy));
    us_chain_proxy_ask (proxy, "/control/status", NULL, NULL, on_told, &told[i]);
  }
  g_assert_true (us_chain_proxy_is_busy (proxy));
  us_chain_proxy_free (proxy);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < US_CHAIN_MAX_ASKED; i++) {
    g_assert_cmpuint (told[i].n_told, ==, 1);
    g_assert_cmpint (told[i].outcome, ==, US_CHAIN_ENDED);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/chain-proxy/passed-on", test_passed_on);
  g_test_add_func ("/api/chain-proxy/url", test_url);
  g_test_add_func ("/api/chain-proxy/end", test_end);
  return g_test_run ();
}
