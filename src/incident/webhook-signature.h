/* webhook-signature.h - secrets, signatures and the times of retries of Standard Webhooks: pure */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_WEBHOOK_MAX_SECRETS 8
#define US_WEBHOOK_N_TRIES 10
#define US_WEBHOOK_MAX_DELAY_S (24 * 3600)

#define US_WEBHOOK_ERROR us_webhook_error_quark ()
typedef enum {
  US_WEBHOOK_ERROR_SECRET, /* not "whsec_" and 24 to 64 bytes in base64 */
  US_WEBHOOK_ERROR_FILE,
  US_WEBHOOK_ERROR_URL,
} UsWebhookError;
GQuark us_webhook_error_quark (void);

/* Returns: (transfer full) (element-type GBytes): one for each line; several while one is replaced
 */
GPtrArray *us_webhook_read_secrets (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GBytes *us_webhook_parse_secret (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_webhook_sign (const GPtrArray *secrets, const char *id, gint64 timestamp_s, GBytes *body);
gint64 us_webhook_delay_s (guint n_tries, gint64 retry_after_s, double jitter);
gint64 us_webhook_retry_after_s (const char *header, gint64 now_s);

G_END_DECLS
