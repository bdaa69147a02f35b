/* test-throttle.c - who has to wait after wrong keys, and who must not */
#include "ingest/throttle.h"

#define S ((gint64)G_USEC_PER_SEC)

static void
fail_n (UsThrottle *throttle, const char *host, guint n, gint64 now_us) {
  for (guint i = 0; i < n; i++) {
    g_autofree char *secret = g_strdup_printf ("guess %u", i);
    us_throttle_fail (throttle, host, secret, now_us);
  }
}

/* Encoders with old keys try them for ever; their neighbours behind the NAT are not locked out. */
static void
test_same_key (void) {
  static const guint n_keys[] = { 1, 3, 6, 60 };
  for (guint k = 0; k < G_N_ELEMENTS (n_keys); k++) {
    g_autoptr (UsThrottle) throttle = us_throttle_new ();
    for (guint i = 0; i < 10000; i++) {
      g_autofree char *secret = g_strdup_printf ("old key %u", i % n_keys[k]);
      us_throttle_fail (throttle, "192.0.2.1", secret, i * S);
    }
    g_assert_true (us_throttle_may_try (throttle, "192.0.2.1", 9999 * S));
  }
}

/* A wrong key is known again, until there are other right ones. */
static void
test_knows (void) {
  g_autoptr (UsThrottle) throttle = us_throttle_new ();
  g_assert_false (us_throttle_knows (throttle, "192.0.2.1", "guess 0"));
  fail_n (throttle, "192.0.2.1", 6, 0);
  g_assert_true (us_throttle_knows (throttle, "192.0.2.1", "guess 0"));
  g_assert_true (us_throttle_knows (throttle, "192.0.2.1", "guess 5"));
  g_assert_false (us_throttle_knows (throttle, "192.0.2.1", "guess 6"));
  g_assert_false (us_throttle_knows (throttle, "192.0.2.2", "guess 0"));
  us_throttle_forget_keys (throttle);
  g_assert_false (us_throttle_knows (throttle, "192.0.2.1", "guess 0"));
  g_assert_false (us_throttle_may_try (throttle, "192.0.2.1", S - 1)); /* it goes on waiting */
  fail_n (throttle, "192.0.2.1", US_THROTTLE_FREE, S);                 /* and counts anew */
  g_assert_true (us_throttle_may_try (throttle, "192.0.2.1", S));
}

static void
test_guessing (void) {
  g_autoptr (UsThrottle) throttle = us_throttle_new ();
  fail_n (throttle, "192.0.2.1", US_THROTTLE_FREE, 0);
  g_assert_true (us_throttle_may_try (throttle, "192.0.2.1", 0));
  us_throttle_fail (throttle, "192.0.2.1", "sixth", 0);
  g_assert_false (us_throttle_may_try (throttle, "192.0.2.1", S - 1));
  g_assert_true (us_throttle_may_try (throttle, "192.0.2.2", 0));
  g_assert_true (us_throttle_may_try (throttle, "192.0.2.1", S));
  us_throttle_fail (throttle, "192.0.2.1", "seventh", S);
  g_assert_false (us_throttle_may_try (throttle, "192.0.2.1", 3 * S - 1));
  g_assert_true (us_throttle_may_try (throttle, "192.0.2.1", 3 * S));
  fail_n (throttle, "192.0.2.1", 1000, 3 * S);
  g_assert_false (us_throttle_may_try (throttle, "192.0.2.1", 3 * S + US_THROTTLE_MAX_WAIT_US - 1));
  g_assert_true (us_throttle_may_try (throttle, "192.0.2.1", 3 * S + US_THROTTLE_MAX_WAIT_US));
  g_assert_true (us_throttle_may_try (throttle, "192.0.2.1", 3 * S + US_THROTTLE_FORGET_US));
  g_assert_cmpuint (us_throttle_get_n (throttle), ==, 0);
}

/* One host has 2^64 addresses of IPv6. */
static void
test_networks (void) {
  g_autoptr (UsThrottle) throttle = us_throttle_new ();
  for (guint i = 0; i < 20; i++) {
    g_autofree char *host = g_strdup_printf ("2001:db8::%x", i + 1);
    g_autofree char *secret = g_strdup_printf ("guess %u", i);
    us_throttle_fail (throttle, host, secret, 0);
  }
  g_assert_cmpuint (us_throttle_get_n (throttle), ==, 1);
  g_assert_false (us_throttle_may_try (throttle, "2001:db8::ffff", 0));
  g_assert_true (us_throttle_may_try (throttle, "2001:db8:0:1::1", 0));
}

static void
test_bounded (void) {
  g_autoptr (UsThrottle) throttle = us_throttle_new ();
  for (guint i = 0; i < 3 * US_THROTTLE_MAX; i++) {
    g_autofree char *host = g_strdup_printf ("10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
    fail_n (throttle, host, 8, i);
  }
  g_assert_cmpuint (us_throttle_get_n (throttle), ==, US_THROTTLE_MAX);
  g_assert_true (us_throttle_may_try (throttle, "10.0.0.0", 3 * US_THROTTLE_MAX)); /* forgotten */
  g_assert_false (us_throttle_may_try (throttle, "10.0.11.255", 3 * US_THROTTLE_MAX));
}

static void
test_log (void) {
  g_autoptr (UsThrottle) throttle = us_throttle_new ();
  guint hidden = 9;
  g_assert_true (us_throttle_may_log (throttle, "192.0.2.1", 5, &hidden));
  g_assert_cmpuint (hidden, ==, 0);
  for (guint i = 0; i < 10; i++)
    g_assert_false (us_throttle_may_log (throttle, "192.0.2.1", 6 + i, &hidden));
  g_assert_true (us_throttle_may_log (throttle, "192.0.2.2", 6, &hidden));
  g_assert_true (us_throttle_may_log (throttle, "192.0.2.1", 5 + US_THROTTLE_LOG_US, &hidden));
  g_assert_cmpuint (hidden, ==, 10);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/throttle/same-key", test_same_key);
  g_test_add_func ("/throttle/knows", test_knows);
  g_test_add_func ("/throttle/guessing", test_guessing);
  g_test_add_func ("/throttle/networks", test_networks);
  g_test_add_func ("/throttle/bounded", test_bounded);
  g_test_add_func ("/throttle/log", test_log);
  return g_test_run ();
}
