/* webhook-signature.c - secrets, signatures and the times of retries of Standard Webhooks
 *
 * https://github.com/standard-webhooks/standard-webhooks, version 1 of the symmetric signature.
 * Pure but for reading the file of secrets once. Secrets are never part of an error or a log line.
 */
#include "incident/webhook-signature.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "whsec_"
#define MIN_SECRET 24 /* bytes; "Signature scheme" of the specification */
#define MAX_SECRET 64
#define MAX_FILE 4096
#define JITTER 0.1

G_DEFINE_QUARK (us_webhook_error, us_webhook_error)

/* Whether g_base64_decode(), which passes over anything, would read all of it. */
static gboolean
is_base64 (const char *text) {
  gsize n = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  gsize n_padding = strspn (text + n, "=");
  return text[n + n_padding] == '\0' && n_padding <= 2 && (n + n_padding) % 4 == 0;
}

/**
 * us_webhook_parse_secret:
 * @text: "whsec_" and base64
 *
 * Returns: (transfer full): the key
 */
GBytes *
us_webhook_parse_secret (const char *text, GError **error) {
  gsize n = 0;
  const char *base64 = g_str_has_prefix (text, PREFIX) ? text + strlen (PREFIX) : "-";
  g_autofree guchar *key = is_base64 (base64) ? g_base64_decode (base64, &n) : NULL;
  if (key != NULL && n >= MIN_SECRET && n <= MAX_SECRET)
    return g_bytes_new (key, n);
  g_set_error (error, US_WEBHOOK_ERROR, US_WEBHOOK_ERROR_SECRET,
               "a secret is \"" PREFIX "\" and %d to %d bytes in base64", MIN_SECRET, MAX_SECRET);
  return NULL;
}

/**
 * us_webhook_read_secrets:
 * @path: of a file with a secret on each line; empty lines and those with # are passed over
 *
 * Returns: (transfer full) (element-type GBytes): at least one
 */
GPtrArray *
us_webhook_read_secrets (const char *path, GError **error) {
  g_autofree char *text = NULL;
  gsize n = 0;
  if (!g_file_get_contents (path, &text, &n, error))
    return NULL;
  if (n > MAX_FILE || strlen (text) != n) {
    g_set_error (error, US_WEBHOOK_ERROR, US_WEBHOOK_ERROR_FILE,
                 "%s: a file of secrets is text of at most %d bytes", path, MAX_FILE);
    return NULL;
  }
  g_autoptr (GPtrArray) secrets = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = g_strstrip (lines[i]);
    if (*line == '\0' || *line == '#')
      continue;
    GBytes *secret = us_webhook_parse_secret (line, error);
    if (secret == NULL) {
      g_prefix_error (error, "%s:%u: ", path, i + 1);
      return NULL;
    }
    g_ptr_array_add (secrets, secret);
  }
  if (secrets->len > 0 && secrets->len <= US_WEBHOOK_MAX_SECRETS)
    return g_steal_pointer (&secrets);
  g_set_error (error, US_WEBHOOK_ERROR, US_WEBHOOK_ERROR_FILE,
               "%s: %u secrets, 1 to %d are expected", path, secrets->len, US_WEBHOOK_MAX_SECRETS);
  return NULL;
}

/**
 * us_webhook_sign:
 * @secrets: (element-type GBytes)
 * @id: webhook-id
 * @timestamp_s: webhook-timestamp
 *
 * Returns: (transfer full): webhook-signature: "v1," and base64 for each secret, space between
 */
char *
us_webhook_sign (const GPtrArray *secrets, const char *id, gint64 timestamp_s, GBytes *body) {
  g_autofree char *head = g_strdup_printf ("%s.%" G_GINT64_FORMAT ".", id, timestamp_s);
  GString *signatures = g_string_new (NULL);
  gsize n_body;
  const guint8 *data = g_bytes_get_data (body, &n_body);
  for (guint i = 0; i < secrets->len; i++) {
    gsize n_key;
    const guint8 *key = g_bytes_get_data (secrets->pdata[i], &n_key);
    g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, key, n_key);
    guint8 digest[32];
    gsize n_digest = sizeof digest;
    g_hmac_update (hmac, (const guchar *)head, (gssize)strlen (head));
    g_hmac_update (hmac, data, (gssize)n_body);
    g_hmac_get_digest (hmac, digest, &n_digest);
    g_autofree char *base64 = g_base64_encode (digest, n_digest);
    g_string_append_printf (signatures, "%sv1,%s", i > 0 ? " " : "", base64);
  }
  return g_string_free (signatures, FALSE);
}

/**
 * us_webhook_delay_s:
 * @n_tries: that have failed
 * @retry_after_s: what the receiver asked for; 0: nothing
 * @jitter: 0 to 1
 *
 * Returns: until the next try; -1: there is none
 */
gint64
us_webhook_delay_s (guint n_tries, gint64 retry_after_s, double jitter) {
  /* "Deliverability and reliability" of the specification. */
  static const gint64 delays_s[US_WEBHOOK_N_TRIES]
      = { 0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600 };
  if (n_tries >= US_WEBHOOK_N_TRIES)
    return -1;
  double delay_s = (double)delays_s[n_tries] * (1 + JITTER * CLAMP (jitter, 0, 1));
  return MAX ((gint64)delay_s, CLAMP (retry_after_s, 0, US_WEBHOOK_MAX_DELAY_S));
}

/**
 * us_webhook_retry_after_s:
 * @header: (nullable): Retry-After, RFC 9110 10.2.3: seconds or a date
 * @now_s: since the epoch
 *
 * Returns: 0 when it says nothing, or nothing sensible
 */
gint64
us_webhook_retry_after_s (const char *header, gint64 now_s) {
  static const char *const months
      = "JanFebMarAprMayJunJulAugSepOctNovDec"; /* IMF-fixdate, RFC 9110 5.6.7 */
  char month[4];
  int day, year, hour, minute, second, end = 0;
  guint64 seconds;
  if (header == NULL)
    return 0;
  if (g_ascii_string_to_unsigned (header, 10, 0, US_WEBHOOK_MAX_DELAY_S, &seconds, NULL))
    return (gint64)seconds;
  if (strspn (header, "0123456789") == strlen (header) && *header != '\0')
    return US_WEBHOOK_MAX_DELAY_S;
  if (sscanf (header, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, month, &year,
              &hour, &minute, &second, &end)
          != 6
      || end == 0)
    return 0;
  const char *found = strlen (month) == 3 ? strstr (months, month) : NULL;
  if (found == NULL || (found - months) % 3 != 0)
    return 0;
  g_autoptr (GDateTime) time
      = g_date_time_new_utc (year, (int)(found - months) / 3 + 1, day, hour, minute, second);
  if (time == NULL)
    return 0;
  return CLAMP (g_date_time_to_unix (time) - now_s, 0, US_WEBHOOK_MAX_DELAY_S);
}
