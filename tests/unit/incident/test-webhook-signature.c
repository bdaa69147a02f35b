/* test-webhook-signature.c - signatures as others compute them, secrets, times of retries */
#include "incident/webhook-signature.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static void
test_known_vector (void) {
  /* The worked example that the libraries of Standard Webhooks share. */
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) secrets = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GBytes) body = g_bytes_new_static ("{\"test\": 2432232314}", 20);
  g_ptr_array_add (secrets, us_webhook_parse_secret (SECRET, &error));
  g_assert_no_error (error);
  g_autofree char *signature
      = us_webhook_sign (secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body);
  g_assert_cmpstr (signature, ==, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  g_ptr_array_add (secrets, g_bytes_ref (secrets->pdata[0]));
  g_autofree char *both
      = us_webhook_sign (secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body);
  g_assert_cmpstr (both, ==,
                   "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= "
                   "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void
test_bad_secrets (void) {
  static const char *const bad[] = {
    "",
    "whsec_",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
    "whsec_MfKQ9r8G KYqrTwjUPD8ILPZIo2LaLaS",
    "whsec_c2hvcnQ=",
    "whsec_====",
    "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8IL"
    "PZIo2LaLaSw",
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (us_webhook_parse_secret (bad[i], &error));
    g_assert_error (error, US_WEBHOOK_ERROR, US_WEBHOOK_ERROR_SECRET);
    if (strlen (bad[i]) > 10)
      g_assert_null (strstr (error->message, bad[i] + 8));
  }
}

static GPtrArray *
read_text (const char *text, gssize n, GError **error) {
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("understudy-secrets-XXXXXX", &path, NULL);
  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, text, n, NULL));
  GPtrArray *secrets = us_webhook_read_secrets (path, error);
  g_unlink (path);
  return secrets;
}

static void
test_files (void) {
  static const struct {
    const char *text;
    gssize n_bytes;
    guint n; /* 0: refused */
    const char *says;
  } rows[] = {
    { SECRET, -1, 1, NULL },
    { "# ours\n\n  " SECRET " \r\n" SECRET "\n", -1, 2, NULL },
    { "", 0, 0, "0 secrets" },
    { "# nothing\n", -1, 0, "0 secrets" },
    { SECRET "\nrubbish\n", -1, 0, ":2: " },
    { SECRET "\0x", sizeof SECRET + 1, 0, "text" },
    { SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET
             "\n" SECRET "\n",
      -1, 0, "9 secrets" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) secrets = read_text (rows[i].text, rows[i].n_bytes, &error);
    if (rows[i].n > 0) {
      g_assert_no_error (error);
      g_assert_cmpuint (secrets->len, ==, rows[i].n);
    } else {
      g_assert_null (secrets);
      g_assert_nonnull (strstr (error->message, rows[i].says));
      g_assert_null (strstr (error->message, "MfKQ"));
    }
  }
  g_autoptr (GError) error = NULL;
  g_assert_null (us_webhook_read_secrets ("/nonexistent/secrets", &error));
  g_assert_nonnull (error);
}

static void
test_delays (void) {
  static const gint64 expected_s[]
      = { 0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, -1, -1 };
  for (guint i = 0; i < G_N_ELEMENTS (expected_s); i++) {
    g_assert_cmpint (us_webhook_delay_s (i, 0, 0), ==, expected_s[i]);
    g_assert_cmpint (us_webhook_delay_s (i, 0, 1), >=, expected_s[i]);
    g_assert_cmpint (us_webhook_delay_s (i, 0, 1), <=, MAX (expected_s[i] * 11 / 10, -1));
  }
  g_assert_cmpint (us_webhook_delay_s (1, 120, 0), ==, 120);
  g_assert_cmpint (us_webhook_delay_s (2, 120, 0), ==, 300);
  g_assert_cmpint (us_webhook_delay_s (1, G_MAXINT64, 0), ==, US_WEBHOOK_MAX_DELAY_S);
  g_assert_cmpint (us_webhook_delay_s (1, -7, 0), ==, 5);
}

static void
test_retry_after (void) {
  static const struct {
    const char *header;
    gint64 s;
  } rows[] = {
    { NULL, 0 },
    { "", 0 },
    { "0", 0 },
    { "120", 120 },
    { "99999999999999999999999", US_WEBHOOK_MAX_DELAY_S },
    { "-5", 0 },
    { "soon", 0 },
    { "12 parsecs", 0 },
    { "Tue, 14 Nov 2023 22:14:20 GMT", 60 },
    { "Tue, 14 Nov 2023 22:00:00 GMT", 0 },
    { "Fri, 31 Dec 9999 23:59:59 GMT", US_WEBHOOK_MAX_DELAY_S },
    { "Tue, 14 ovD 2023 22:14:20 GMT", 0 },
    { "Tue, 99 Nov 2023 22:14:20 GMT", 0 },
    { "Tue, 14 Nov 2023 22:14:20", 0 },
    { "Tue, 14 Nov", 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].header != NULL ? rows[i].header : "(none)");
    g_assert_cmpint (us_webhook_retry_after_s (rows[i].header, 1700000000), ==, rows[i].s);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/webhook-signature/known-vector", test_known_vector);
  g_test_add_func ("/incident/webhook-signature/bad-secrets", test_bad_secrets);
  g_test_add_func ("/incident/webhook-signature/files", test_files);
  g_test_add_func ("/incident/webhook-signature/delays", test_delays);
  g_test_add_func ("/incident/webhook-signature/retry-after", test_retry_after);
  return g_test_run ();
}
